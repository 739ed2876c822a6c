"""Everything that goes wrong in the devices of the plant, by name. Each fault is small and pure; the plant binds it to its target."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from controller.site.model import Family, Role
from sim_hardware.faults.spec import FaultError, FaultSpec

Floats = npt.NDArray[np.float64]
Distort = Callable[[Floats, float, int, float], Floats]
"""(values at the onset or now, seconds since the onset, sample number, param) -> values; all in engineering units."""

SPIKE_EVERY = 10
"""A spike comes on every tenth sample."""


class Reach(StrEnum):
    """What a kind of fault is bound to."""

    POINTS = "points"
    """A head, `head[i]`, a block or `block[i]`."""
    BMS = "bms"
    """All heads of one BMS device."""
    DEVICE = "device"
    OUTPUT = "output"
    ZONE = "zone"


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of fault: what it reaches, what its `param` means and is when not given, and what it does to values if it does."""

    reach: Reach
    says: str
    default: float = 0.0
    distort: Distort | None = None
    role: Role | None = None


def _stuck(values: Floats, _since_s: float, _sample: int, _param: float) -> Floats:
    return values


def _ramp(values: Floats, since_s: float, _sample: int, param: float) -> Floats:
    return values + param * since_s


def _spike(values: Floats, _since_s: float, sample: int, param: float) -> Floats:
    return values + param if sample % SPIKE_EVERY == 0 else values


def _nan(values: Floats, _since_s: float, _sample: int, _param: float) -> Floats:
    return np.full_like(values, np.nan)


def _offset(values: Floats, _since_s: float, _sample: int, param: float) -> Floats:
    return values + param


def _zero(values: Floats, _since_s: float, _sample: int, _param: float) -> Floats:
    return np.zeros_like(values)


FAULTS: dict[str, FaultKind] = {
    "stuck": FaultKind(Reach.POINTS, "shows for ever PARAM, or without it what it showed at the onset", 0.0, _stuck),
    "ramp": FaultKind(Reach.POINTS, "drifts by PARAM units a second", 0.5, _ramp),
    "spike": FaultKind(Reach.POINTS, "jumps by PARAM units on every tenth sample", 1000.0, _spike),
    "offset": FaultKind(Reach.POINTS, "reads PARAM units too high", 10.0, _offset),
    "nan": FaultKind(Reach.POINTS, "has no value: the device's invalid code", 0.0, _nan),
    "bms-lies": FaultKind(
        Reach.BMS, "the whole BMS tells of a fire: temperatures rise by PARAM K/s, voltages fall by 20 mV/s", 1.5, _ramp
    ),
    "device-dead": FaultKind(Reach.DEVICE, "answers nothing and publishes nothing"),
    "device-late": FaultKind(Reach.DEVICE, "answers PARAM seconds (wall time) late", 1.0),
    "device-restart": FaultKind(Reach.DEVICE, "is without power while the fault lasts, then starts anew"),
    "actuator-stuck": FaultKind(Reach.OUTPUT, "stays where it is"),
    "breaker-stuck": FaultKind(Reach.OUTPUT, "the breaker stays where it is", role=Role.BREAKER),
    "no-feedback": FaultKind(Reach.OUTPUT, "moves, but its contact never makes"),
    "pressure-switch-failed": FaultKind(Reach.ZONE, "the agent flows, the manifold's switch says nothing", 0.0, _zero),
    "agent-empty": FaultKind(Reach.ZONE, "the valve opens and nothing comes out"),
}

LYING_VOLTAGE_V_PER_S = -0.02


def kind_of(spec: FaultSpec) -> FaultKind:
    """The kind that `spec` names. Raises FaultError."""
    if spec.kind not in FAULTS:
        raise FaultError(f"fault {spec.kind!r} is not known; remedy: one of {', '.join(FAULTS)}")
    return FAULTS[spec.kind]


@dataclass(slots=True)
class BoundFault:
    """A fault that distorts points `places` (indices in one block). Keeps what `stuck` shows."""

    spec: FaultSpec
    kind: FaultKind
    places: npt.NDArray[np.intp]
    param: float
    held: Floats | None = None

    def apply(self, values: Floats, now_s: float, sample: int) -> None:
        """Distort `values` of the block in place, if the fault holds at `now_s`."""
        distort = self.kind.distort
        if distort is None or not self.spec.holds(now_s):
            self.held = None
            return
        if self.held is None:
            self.held = values[self.places].copy()
            if self.spec.kind == "stuck" and self.spec.param is not None:
                self.held[:] = self.spec.param
        base = self.held if self.spec.kind in {"stuck", "bms-lies"} else values[self.places]
        values[self.places] = distort(base, now_s - self.spec.at_s, sample, self.param)


def param_for(spec: FaultSpec, kind: FaultKind, family: Family | None) -> float:
    """The fault's `param` at a head of `family`: as given, or the kind's default; a lying BMS sinks its voltages."""
    if spec.kind == "bms-lies" and family is Family.CELL_VOLTAGE:
        return LYING_VOLTAGE_V_PER_S
    return kind.default if spec.param is None else spec.param
