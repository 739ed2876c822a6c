"""A whole site file."""

import msgspec

from controller.site.model.devices import Block, Device
from controller.site.model.families import Family
from controller.site.model.feeds import Feed
from controller.site.model.heads import Head, Limits
from controller.site.model.info import SiteInfo
from controller.site.model.links import Link
from controller.site.model.outputs import Output, Row
from controller.site.model.strict import Strict
from controller.site.model.zones import Zone


class Site(Strict, frozen=True, kw_only=True):
    """A whole site file."""

    site: SiteInfo
    links: dict[str, Link]
    devices: dict[str, Device]
    blocks: dict[str, Block]
    zones: dict[str, Zone]
    heads: dict[str, Head]
    outputs: dict[str, Output]
    matrix: dict[str, Row]
    feeds: dict[str, Feed] = msgspec.field(default_factory=dict)
    """How power comes to the racks; a rack without feeds has one behind each of its own breakers."""
    settings: dict[Family, Limits] = msgspec.field(default_factory=dict)
    """Limits by head type, between the defaults of the family and the limits of a head."""
