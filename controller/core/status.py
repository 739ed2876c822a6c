"""How the site stands, as messages for people and panels. Structs only: the protocol imports them without the core behind them."""

import msgspec

from controller.core.events import Evidence


class HeadStatus(msgspec.Struct, frozen=True):
    """A head that has latched something, or is in fault."""

    name: str
    latched: str
    level: str
    fault: int
    evidence: Evidence | None


class Countdown(msgspec.Struct, frozen=True):
    """In how many seconds a cell is expected to run away, and the ends of the 80 % interval. It is shown, and steers nothing."""

    seconds: float
    low_s: float
    high_s: float


class RackStatus(msgspec.Struct, frozen=True):
    """A rack; `hottest_degc` and `cells_degc` are None where there is no live sensor (or cells were not asked for).

    `countdown` is of the cell that comes first; None: not enough evidence.
    """

    name: str
    hottest_degc: float | None
    isolation: str
    runaway: bool
    cool: bool
    cells_degc: tuple[float | None, ...] = ()
    countdown: Countdown | None = None
    breakers: tuple[str, ...] = ()
    """Its least isolation set (rule 7)."""
    dark: tuple[str, ...] = ()
    """What else loses its last feed when that opens."""


class ZoneStatus(msgspec.Struct, frozen=True):
    """A zone: release stage and countdown, responses, what holds it back, how available its release is."""

    name: str
    title: str
    title_ko: str
    stage: str
    since_ms: int
    due_ms: int
    trigger: str
    responses: tuple[str, ...]
    inhibits: tuple[str, ...]
    availability: str
    occupied: bool
    acknowledged: bool
    silenced: bool
    first_fire_ms: int
    heads: tuple[HeadStatus, ...]
    racks: tuple[RackStatus, ...]
    level: str = "normal"
    """Highest level of the zone since its last reset: of any head alone, or of all together."""
    alarm: str = ""
    """How far the zone has come to a fire alarm: empty, `first-alarm`, `fire-held` (its outputs wait), `fire`."""
    alarm_due_ms: int = -1
    """When the outputs of a fire that waits go by themselves; -1: they wait for a second alarm, or for nothing."""
    investigated: bool = False
    """Somebody has acknowledged and looks; then `alarm_due_ms` ends the investigation, else the time to acknowledge."""
    coincidence: str = ""
    """The zone's coincidence type, and what faulty or disabled heads make of it; empty: one head is fire."""
    routing: str = ""
    """The alarm to the receiving station: `sent`, `acknowledged`; empty: none is sent, or nothing acknowledges it."""
    delays: bool = False
    """An operator has switched the delays to its outputs on."""
    extended_due_ms: int = -1
    """When the extended discharge ends; -1: it does not run."""
    extract_due_ms: int = -1
    """When the extract after a discharge ends; -1: it does not run."""


class OutputStatus(msgspec.Struct, frozen=True):
    """An output: active or not as wanted, how far it has come, what the field says (-1: nothing)."""

    name: str
    zone: str
    active: bool
    drive: str
    field: int
    forced_until_ms: int = -1
    """When the force of an engineer ends; -1: nobody forces it."""


class TroubleStatus(msgspec.Struct, frozen=True):
    """A trouble that is shown, with its guidance."""

    trip: str
    subject: str
    since_ms: int
    severity: str
    guidance: str
    guidance_ko: str


class CoreStatus(msgspec.Struct, frozen=True):
    """The whole site at one scan."""

    scan: int
    tick_ms: int
    mode: str
    zones: tuple[ZoneStatus, ...]
    outputs: tuple[OutputStatus, ...]
    troubles: tuple[TroubleStatus, ...]
    disabled: tuple[str, ...]
