"""Feeds: how power comes to the racks, through which breakers. The planner of rule 7 reads it (`controller.site.power`)."""

import msgspec

from controller.site.model.strict import Strict


class Feed(Strict, frozen=True, kw_only=True):
    """[feeds.NAME]: a line from one place to another. Places are racks, and any other name: a bus, a UPS, a panel, a row of servers.

    A place that no feed leads to is a source (mains, generator, the battery of a UPS).
    """

    begins: str = msgspec.field(name="from")
    ends: str = msgspec.field(name="to")
    breakers: tuple[str, ...] = ()
    """Outputs of role breaker in series: any one of them that is open cuts the feed. One breaker may stand in several feeds."""
    both_ways: bool = False
    """Current may flow back too (a bus tie; a battery string on its bus). A rack at either end is then a source to all others."""
