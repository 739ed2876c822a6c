"""The menu: every kind of fault by name, what it is bound to, what it says, and what its PARAM is when not given."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from controller.site.model import Framing, Role
from sim_hardware.faults import distort
from sim_hardware.faults.distort import Distort
from sim_hardware.faults.spec import FaultError, FaultSpec


class Reach(StrEnum):
    """What a kind of fault is bound to."""

    POINTS = "points"
    """A head, `head[i]`, a block or `block[i]`."""
    BMS = "bms"
    """All heads of one BMS device."""
    DEVICE = "device"
    OUTPUT = "output"
    ZONE = "zone"
    WIRE = "wire"
    """A device on Modbus: its replies, or (where the kind says endpoint) all connections of its endpoint."""
    BROKER = "broker"
    """A device on MQTT, its messages; or an MQTT link, all messages on it."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of fault: what it reaches, what its `param` means, is when not given and may be, and what it does to values if it does.

    `framing` is the one that a wire fault needs, if it needs one. Seconds of wire and broker faults are wall time.
    """

    reach: Reach
    says: str
    default: float = 0.0
    distort: Distort | None = None
    role: Role | None = None
    framing: Framing | None = None
    low: float = -math.inf
    high: float = math.inf
    choices: frozenset[float] = frozenset()


@dataclass(frozen=True, slots=True)
class ActiveFault:
    """A fault of a wire or a broker that is there now. `param` None: the kind's default."""

    kind: str
    param: float | None = None

    @property
    def value(self) -> float:
        """`param`, or the kind's default."""
        return value_of(self)


EXCEPTIONS = frozenset({1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 11.0})
"""Exception codes of the Modbus Application Protocol 1.1b3, 7."""
REFUSALS = frozenset({1.0, 2.0, 3.0, 4.0, 5.0})
"""CONNACK return codes of MQTT 3.1.1, 3.2.2.3."""

_VALUES: dict[str, FaultKind] = {
    "stuck": FaultKind(Reach.POINTS, "shows for ever PARAM, or without it what it showed at the onset", 0.0, distort.stuck),
    "ramp": FaultKind(Reach.POINTS, "drifts by PARAM units a second", 0.5, distort.ramp),
    "spike": FaultKind(Reach.POINTS, "jumps by PARAM units on every tenth sample", 1000.0, distort.spike),
    "offset": FaultKind(Reach.POINTS, "reads PARAM units too high", 10.0, distort.offset),
    "nan": FaultKind(Reach.POINTS, "has no value: the device's invalid code", 0.0, distort.nan),
    "noise": FaultKind(Reach.POINTS, "noise of standard deviation PARAM units on top", 5.0, distort.noise, low=0.0),
    "out-of-range": FaultKind(
        Reach.POINTS, "shows PARAM, or without it 1.5 times the end of its range", 0.0, distort.out_of_range
    ),
    "unit-swap": FaultKind(
        Reach.POINTS, "shows PARAM times the value; without it degC as degF, V as mV", 0.0, distort.scaled
    ),
    "chatter": FaultKind(Reach.POINTS, "a contact turns round after every PARAM samples", 1.0, distort.chatter, low=1.0),
    "bms-lies": FaultKind(
        Reach.BMS, "the whole BMS tells of a fire: temperatures rise by PARAM K/s, voltages fall by 20 mV/s", 1.5, distort.ramp
    ),
}  # fmt: skip

_DEVICES: dict[str, FaultKind] = {
    "device-dead": FaultKind(Reach.DEVICE, "answers nothing and publishes nothing"),
    "device-late": FaultKind(Reach.DEVICE, "answers PARAM seconds (wall time) late", 1.0),
    "device-restart": FaultKind(Reach.DEVICE, "is without power while the fault lasts, then starts anew"),
    "actuator-stuck": FaultKind(Reach.OUTPUT, "stays where it is"),
    "stuck-half-way": FaultKind(Reach.OUTPUT, "comes no further than PARAM of its travel", 0.5, low=0.0, high=1.0),
    "breaker-stuck": FaultKind(Reach.OUTPUT, "the breaker stays where it is", role=Role.BREAKER),
    "no-feedback": FaultKind(Reach.OUTPUT, "moves, but its contact never makes"),
    "late-feedback": FaultKind(Reach.OUTPUT, "moves, but its contact makes PARAM seconds late", 10.0, low=0.0),
    "pressure-switch-failed": FaultKind(
        Reach.ZONE, "the agent flows, the manifold's switch says nothing", 0.0, distort.zero
    ),
    "agent-empty": FaultKind(Reach.ZONE, "the valve opens and nothing comes out"),
}

_WIRE: dict[str, FaultKind] = {
    "late-reply": FaultKind(
        Reach.WIRE, "replies come PARAM s late: beyond the master's time-out, in the slot of a later request", 0.5, low=0.0
    ),
    "jitter": FaultKind(Reach.WIRE, "replies come 0 to PARAM s late, by chance", 0.05, low=0.0),
    "displaced-reply": FaultKind(Reach.WIRE, "each reply carries the data of the unit's last one, under the present transaction"),
    "tid-zero": FaultKind(Reach.WIRE, "the transaction id of replies is 0", framing=Framing.TCP),
    "tid-fixed": FaultKind(
        Reach.WIRE, "the transaction id of replies is PARAM", 2.0, framing=Framing.TCP, low=0.0, high=65535.0
    ),
    "short-reply": FaultKind(Reach.WIRE, "PARAM registers (octets of bits) too few, the frame else right", 1.0, low=1.0, high=125.0),
    "long-reply": FaultKind(Reach.WIRE, "PARAM registers (octets of bits) too many, the frame else right", 1.0, low=1.0, high=60.0),
    "wrong-function": FaultKind(Reach.WIRE, "replies have the function code of the neighbouring table"),
    "wrong-unit": FaultKind(Reach.WIRE, "replies come from unit PARAM, or without it from the next one", 0.0, low=0.0, high=255.0),
    "wrong-protocol-id": FaultKind(
        Reach.WIRE, "the protocol id is PARAM", 1.0, framing=Framing.TCP, low=1.0, high=65535.0
    ),
    "wrong-length-field": FaultKind(
        Reach.WIRE, "the length field is wrong by PARAM", 2.0, framing=Framing.TCP, low=-260.0, high=260.0
    ),
    "bad-crc": FaultKind(Reach.WIRE, "the checksum is wrong", framing=Framing.RTU),
    "flipped-bit": FaultKind(Reach.WIRE, "one bit of the data is flipped, the checksum left", framing=Framing.RTU),
    "leading-junk": FaultKind(Reach.WIRE, "PARAM octets of chance before each reply", 3.0, low=1.0, high=300.0),
    "trailing-junk": FaultKind(Reach.WIRE, "PARAM octets of chance after each reply", 3.0, low=1.0, high=300.0),
    "split-bytes": FaultKind(Reach.WIRE, "replies are sent octet by octet"),
    "slow-drip": FaultKind(Reach.WIRE, "replies are sent octet by octet, PARAM s each", 0.01, low=0.0),
    "duplicate-reply": FaultKind(Reach.WIRE, "each reply comes twice"),
    "exception": FaultKind(Reach.WIRE, "answers exception PARAM", 4.0, choices=EXCEPTIONS),
    "no-reply": FaultKind(Reach.WIRE, "answers nothing, the connection stays"),
    "close-before-reply": FaultKind(Reach.WIRE, "closes the connection in place of a reply"),
    "close-after-reply": FaultKind(Reach.WIRE, "closes the connection after each reply"),
    "one-connection": FaultKind(Reach.WIRE, "endpoint: a second connection is refused while one is open"),
    "accept-then-mute": FaultKind(Reach.WIRE, "endpoint: takes connections and requests, and says nothing"),
}  # fmt: skip

_BROKER: dict[str, FaultKind] = {
    "broker-frozen": FaultKind(Reach.BROKER, "link: connections stay open and nothing moves"),
    "broker-refuses": FaultKind(
        Reach.BROKER, "link: connections are cut, new ones refused with return code PARAM", 3.0, choices=REFUSALS
    ),
    "message-drop": FaultKind(Reach.BROKER, "a share PARAM of messages is lost", 0.5, low=0.0, high=1.0),
    "message-gap": FaultKind(Reach.BROKER, "of each topic PARAM messages in a row are lost, then as many come", 5.0, low=1.0),
    "message-duplicate": FaultKind(Reach.BROKER, "each message comes twice"),
    "message-reorder": FaultKind(Reach.BROKER, "every two messages of a topic change places"),
    "retained-stale": FaultKind(
        Reach.BROKER, "a subscriber is handed a retained message PARAM s older than the oldest known", 3600.0, low=0.0
    ),
    "clock-skew": FaultKind(Reach.BROKER, "the source time of messages is wrong by PARAM s", 3600.0),
    "will-race": FaultKind(Reach.BROKER, "the device's will (offline) arrives after its next sign of life"),
    "garbage-payload": FaultKind(Reach.BROKER, "payloads are octets of chance"),
    "huge-payload": FaultKind(Reach.BROKER, "payloads are padded to PARAM octets", 1_000_000.0, low=1.0, high=2e8),
}  # fmt: skip

FAULTS: Mapping[str, FaultKind] = {**_VALUES, **_DEVICES, **_WIRE, **_BROKER}
"""All kinds, by name."""
ENDPOINT_KINDS = frozenset({"one-connection", "accept-then-mute"})
"""Wire faults of a whole endpoint: they do nothing to the bytes of a reply."""
LINK_KINDS = frozenset({"broker-frozen", "broker-refuses"})
"""Broker faults of a whole link."""


def kind_of(spec: FaultSpec | ActiveFault) -> FaultKind:
    """The kind that `spec` names, its PARAM checked. Raises FaultError."""
    if spec.kind not in FAULTS:
        raise FaultError(f"fault {spec.kind!r} is not known; remedy: one of {', '.join(FAULTS)}")
    kind = FAULTS[spec.kind]
    if spec.param is not None:
        _check_param(spec.kind, kind, spec.param)
    return kind


def value_of(fault: FaultSpec | ActiveFault) -> float:
    """PARAM of a fault whose kind is known: as given, or the kind's default."""
    return FAULTS[fault.kind].default if fault.param is None else fault.param


def _check_param(name: str, kind: FaultKind, param: float) -> None:
    if kind.choices and param not in kind.choices:
        choices = ", ".join(f"{choice:g}" for choice in sorted(kind.choices))
        raise FaultError(f"fault {name}: PARAM {param:g} cannot be; remedy: one of {choices}")
    if not math.isfinite(param) or not kind.low <= param <= kind.high:
        raise FaultError(f"fault {name}: PARAM {param:g} cannot be; remedy: {_range(kind)}")


def _range(kind: FaultKind) -> str:
    """What PARAM may be, in words; whether a bound is there or not, it is a finite number."""
    match math.isfinite(kind.low), math.isfinite(kind.high):
        case True, True:
            return f"from {kind.low:g} to {kind.high:g}"
        case True, False:
            return f"{kind.low:g} or more"
        case False, True:
            return f"{kind.high:g} or less"
        case _:
            return "a finite number"


WHY_NOT = {
    Framing.TCP: "Modbus TCP has no checksum of its own, no client could tell",
    Framing.RTU: "an RTU frame has no header of transaction, protocol and length",
}


def check_active(fault: ActiveFault, reach: Reach, framing: Framing | None = None) -> None:
    """Whether `fault` is one for a proxy of this reach and framing. Raises FaultError."""
    kind = kind_of(fault)
    if kind.reach is not reach:
        raise FaultError(f"fault {fault.kind} is of reach {kind.reach}, not {reach}; remedy: see haechi-sim faults")
    if framing is not None and kind.framing not in {None, framing}:
        raise FaultError(f"fault {fault.kind}: {WHY_NOT[framing]}; remedy: a link with framing {kind.framing}")
