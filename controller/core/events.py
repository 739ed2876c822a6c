"""What the core tells: events with their evidence. Canonical: no wall time, so that the same images give the same bytes."""

from enum import IntEnum, StrEnum

import msgspec

from controller.site.model.members import found_directly


@found_directly
class Level(IntEnum):
    """How far a head's values speak of fire."""

    NORMAL = 0
    ADVISORY = 1
    PRE_ALARM = 2
    ALARM = 3


@found_directly
class Feature(StrEnum):
    """What about a value led to a level or a fault."""

    NONE = "none"
    HIGH = "high"
    LOW = "low"
    RATE = "rate-of-rise"
    DEVIATION = "deviation-from-module"
    ABOVE_REFERENCE = "above-room-reference"
    SAG = "voltage-sag"
    COLLAPSE = "voltage-collapse"
    RUNAWAY = "runaway"
    DIED_AFTER_RISE = "died-after-rise"
    DYING_TOGETHER = "sensors-dying-together"
    OUT_OF_RANGE = "out-of-range"
    NO_VALUE = "no-value"
    STUCK = "stuck"
    SLEW = "absurd-step"
    CONTACT = "contact"
    FIRE_2 = "fire-2"
    GAS_RISE = "rise-over-base"
    LI_ION_VENT = "li-ion-vent"
    SOLVENT = "solvent-vapour"
    ENGINE = "engine-exhaust"
    CHARGING = "charging-gas"
    HUMIDITY = "humidity-step"
    OUTSIDE_AIR = "outside-air"
    NOT_BELIEVED = "not-believed-after-agent"
    VENT = "vent-signature"
    FLAT = "flat"
    DRIFT = "drift-from-module"
    COMMON_RISE = "rise-beyond-heat-balance"
    DIP = "temperature-dip"


class Evidence(msgspec.Struct, frozen=True):
    """Why: one head, what about it, the value seen and the threshold passed (rule 12)."""

    head: str
    feature: Feature
    point: str
    value: float
    threshold: float
    weight: float = 1.0


@found_directly
class Kind(StrEnum):
    """Kinds of events."""

    LEVEL = "level"
    INPUT = "input"
    STAGE = "stage"
    RESPONSE = "response"
    REQUEST = "request"
    INHIBIT = "inhibit"
    INTENT = "intent"
    OUTPUT = "output"
    TROUBLE = "trouble"
    COMMAND = "command"
    REFUSED = "refused"
    AVAILABILITY = "availability"
    DIGEST = "digest"
    START = "start"
    WORK = "work"
    ZONE_LEVEL = "zone-level"
    ALARM = "alarm"


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """One journal entry. `subject` is a head, output, rack, device or zone; `what` the new state; `text` a message for people.

    `scan` and `tick_ms` place it; `evidence` says why.
    """

    scan: int
    tick_ms: int
    kind: Kind
    zone: str
    subject: str
    what: str
    text: str = ""
    evidence: tuple[Evidence, ...] = ()
    operator: str = ""


class Write(msgspec.Struct, frozen=True):
    """One level to write: image index of the channel, and the value. `intent`: an agent channel, journal first (rule 11)."""

    output: str
    point: int
    value: int
    intent: bool = False
