"""The site model: what stands in a site file, as frozen structs. Unknown fields are refused; units are in the names.

Collections are tables by name. A table name may hold one range, `bms-[1-8]`: the loader makes one entry a number and
puts `{n}` (the number) and `{i}` (its place, from 0) into every text of the entry. A *point reference* is `block` (all
its points), `block[3]` or `block[0:16]`.
"""

from controller.site.model.alarms import Coincidence, Dependency, PositiveAlarm, Verification
from controller.site.model.devices import Block, Device, Identity, Watchdog
from controller.site.model.families import ANTIVALENT, ON_AT_REST, PHYSICS, Family, Physics, Principle
from controller.site.model.feeds import Feed
from controller.site.model.heads import Head, Limits, limits_within
from controller.site.model.info import Mode, Night, SiteInfo, TimeOfDay, TroubleDelays
from controller.site.model.links import (
    Framing,
    Link,
    ModbusRtu,
    ModbusTcp,
    Mqtt,
    Parity,
    Recording,
    Tls,
    has_transaction_ids,
)
from controller.site.model.outputs import Feedback, Output, Role, Row
from controller.site.model.strict import Strict
from controller.site.model.whole import Site
from controller.site.model.zones import Cooling, Release, Strategy, Zone

__all__ = [
    "ANTIVALENT",
    "ON_AT_REST",
    "PHYSICS",
    "Block",
    "Coincidence",
    "Cooling",
    "Dependency",
    "Device",
    "Family",
    "Feed",
    "Feedback",
    "Framing",
    "Head",
    "Identity",
    "Limits",
    "Link",
    "ModbusRtu",
    "ModbusTcp",
    "Mode",
    "Mqtt",
    "Night",
    "Output",
    "Parity",
    "Physics",
    "PositiveAlarm",
    "Principle",
    "Recording",
    "Release",
    "Role",
    "Row",
    "Site",
    "SiteInfo",
    "Strategy",
    "Strict",
    "TimeOfDay",
    "Tls",
    "TroubleDelays",
    "Verification",
    "Watchdog",
    "Zone",
    "has_transaction_ids",
    "limits_within",
]
