"""Zones with their agent and their coolant."""

from enum import StrEnum
from typing import Literal

from controller.site.model.alarms import Coincidence, PositiveAlarm, Verification
from controller.site.model.members import found_directly
from controller.site.model.strict import Strict


@found_directly
class Strategy(StrEnum):
    """Abort and hold strategies, after the makers' documents of domain.md 4.1. Manual release beats them all, flooding ends them all."""

    HOLD_RELOAD = "hold-reload"
    """While the hold contact is on nothing counts; then the whole pre-warning anew. An abort contact aborts until a reset."""
    LATCHED_ABORT = "latched-abort"
    """The abort contact aborts until a reset; a hold contact does nothing."""
    ULI = "uli"
    """While the abort contact is on the countdown runs on to 10 s and stops there; from below it goes back to 10 s."""
    IRI = "iri"
    """As `uli`, but only for a press between the first alarm and the second."""
    NYC = "nyc"
    """Each press sets the countdown to the pre-warning and 90 s more, 120 s at most; it runs on."""
    LOCAL = "local"
    """As the authority having jurisdiction has it: as `hold-reload`, by the abort contact, which aborts nothing."""
    DEAD_MAN = "dead-man"
    """While the abort contact is pressed nothing counts; let go, the countdown goes on from where it stood."""
    NONE = "none"


class Release(Strict, frozen=True, kw_only=True):
    """The agent of a zone: outputs, times (seconds), strategy, coincidence and arbiter policies."""

    output: str
    reserve_output: str = ""
    selector: str = ""
    """The valve that leads a shared bank into this room. Rooms share a bank when their agent outputs have the same channels."""
    extended_output: str = ""
    """A second, slow discharge that holds the concentration once the field has proven the main one."""
    extended_s: float = 600.0
    """Its time, within flooding and hold time."""
    extract: Literal["by-hand", "gas-low"] = "by-hand"
    """Who clears the room after the hold time: a person, or the site once gas has been low for `extract_gas_low_s` (a person may as well)."""
    extract_s: float = 0.0
    """For how long; 0: there is no timed extract."""
    extract_gas_low_s: float = 300.0
    discharged: str
    """Point of the pressure or flow switch that proves release (rule 8)."""
    pre_warning_s: float = 30.0
    manual_delay_s: float = 10.0
    strategy: Strategy = Strategy.HOLD_RELOAD
    confirm_s: float = 30.0
    attempts: int = 2
    flooding_s: float = 120.0
    hold_time_s: float = 600.0
    coincidence_window_s: float = 1800.0
    same_family: bool = False
    """Two heads of one family may release (rule 3); shown wherever availability is shown."""
    same_family_hold_s: float = 20.0
    """They count only while both have stood at fire 2 for so long: steam and dust dim every head of a room, and less (assumed)."""
    faulty_member: Literal["degrade", "block"] = "degrade"
    """Rule 9: with a faulty or disabled member the rest still coincides (degrade), or there is no automatic release."""
    reset_lock_s: float = 0.0
    """No reset for so long after the release was activated."""
    loss_of_one: Literal["full", "degraded", "unavailable"] | None = None
    """The least that automatic release may be worth when any one device or link is lost, but for those below; `haechi verify` holds the site to
    it, and asks for it in direct mode."""
    unavailable_without: tuple[str, ...] = ()
    """Devices and links without which nothing releases automatically, as the owner knows: the two modules of the agent's channels at least."""
    purge_limit_s: float = 120.0
    """Rule 6: bound of "exhaust first"."""
    purge_above_h2_ppm: float = 10000.0
    """25 % of the lower flammable limit of hydrogen (4 vol%)."""
    dampers: tuple[str, ...] = ()
    damper_unproven: Literal["block", "release"] = "release"


class Cooling(Strict, frozen=True, kw_only=True):
    """Coolant of a battery zone. `{rack}` outputs are found by role and rack."""

    flow: str
    """Point of the flow measurement, litres per minute."""
    flow_min_lpm: float = 20.0
    neighbours: int = 1
    """Racks on either side that are protected as well."""
    limit_s: float = 240.0
    """First fire alarm to coolant flowing (time budget)."""
    ask_after_s: float = 20.0
    """Isolation not proven for so long: a person is asked (rule 7)."""
    guard_below_degc: float = 60.0
    guard_hold_s: float = 600.0
    guard_watch_h: float = 24.0


class Zone(Strict, frozen=True, kw_only=True):
    """A room: its racks in their order along the wall, its agent and its coolant if it has them."""

    title: str
    title_ko: str = ""
    racks: tuple[str, ...] = ()
    occupied_at_start: bool = False
    release: Release | None = None
    cooling: Cooling | None = None
    coincidence: Coincidence | None = None
    """None: any one fire head is a fire alarm."""
    verification: Verification | None = None
    """None: a smoke head's alarm counts at once."""
    positive_alarm: PositiveAlarm | None = None
    """None: an alarm's outputs do not wait for somebody who looks."""
    isolation_limit_s: float = 10.0
    """First fire alarm to isolation proven (time budget)."""
    hand_over_after_s: float = 1200.0
    """Not controlled for so long after the first fire alarm: hand over to the brigade."""
