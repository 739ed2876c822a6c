"""The table [site]."""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from controller.site.model.members import found_directly
from controller.site.model.strict import Strict


@found_directly
class Mode(StrEnum):
    """How far the daemon may go (design: three uses)."""

    SHADOW = "shadow"
    REQUEST = "request"
    DIRECT = "direct"


TimeOfDay = Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
"""HH:MM of the machine's local time."""


class Night(Strict, frozen=True, kw_only=True):
    """From when to when nobody is expected: heads with `night_share` are more sensitive. Over midnight when it ends before it begins."""

    begins: TimeOfDay = msgspec.field(name="from")
    ends: TimeOfDay = msgspec.field(name="to")


class TroubleDelays(Strict, frozen=True, kw_only=True):
    """[site.delays]: how long the cause of a trouble stands before it is told, by class. A lost device has `trouble_delay_s`, 10 s at most."""

    fault_s: float = 1.0
    """Contacts, wires, earth faults; at most 100 s."""
    supervisory_s: float = 1.0
    """Low or blocked agent, an actuator that is not in place; at most 90 s."""
    door_s: float = 90.0
    """A door that stands open where agent would have to stay in: people pass one in less; at most 90 s."""
    power_s: float = 10.0
    """Mains and battery of the panel; at most 200 s."""
    routing_s: float = 100.0
    """An alarm that was sent and is not acknowledged; at most 240 s (100 s for type 1)."""


class SiteInfo(Strict, frozen=True, kw_only=True):
    """[site]: name, how far the daemon may go, the scan, and limits that hold for the whole site."""

    name: str
    mode: Mode = Mode.SHADOW
    scan_s: float = 0.1
    language: Literal["en", "ko"] = "en"
    max_automatic_openings: int = 2
    """Breakers that may be opened without a person in one event (responses, isolate)."""
    while_discharging: Literal["open", "ask"] = "ask"
    """What isolation does while the UPS carries the load: open all the same, or ask a person."""
    while_others_go_dark: Literal["open", "ask"] = "ask"
    """What isolation does when a rack cannot be cut without taking the last feed of something else: open all the same, or ask a person."""
    trouble_delay_s: float = 3.0
    """How long a device may be out before it is a trouble. With the age of its values it makes at most 10 s (checker)."""
    delays: TroubleDelays = TroubleDelays()
    night: Night | None = None
    """None: it is always day."""
