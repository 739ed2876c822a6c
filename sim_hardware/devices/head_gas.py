"""A gas head between the truth and its noise: dead time, lag, drift, cross-sensitivity, poisoning, saturation."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drivers.compiled.door import raising_kernel
from sim_hardware.devices.head_types import HeadType
from sim_hardware.devices.noise import uniform
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.gas import SPECIES

YEAR_S = 365.0 * 86400.0
FULL_O2, NO_O2 = 0.10, 0.05
"""Oxygen (volume fraction) that a catalyst needs (makers' rule: 10 %), and below which it burns nothing (assumed)."""
INHIBITING = 0.01
"""Halocarbon (volume fraction) that covers a catalyst wholly (assumed)."""
INHIBIT_TAU_S, RECOVER_TAU_S = 10.0, 1800.0
"""How fast a catalyst is covered, and how slowly it comes back in clean air (assumed; halogens inhibit, part of it stays)."""
KILLING_DOSE_S = 3.0
"""Volume fraction times seconds of halocarbon that leave 37 % of the catalyst: a minute of 5 % (assumed)."""
HUMID_PCT = 90.0
_ZERO, _SPAN = 0, 1
"""What is drawn for a head: two numbers of its own."""
FILTER_SAMPLES = 32
"""Samples that a filter holds at first; it grows when more come within the dead time."""
HEAD = np.dtype(
    [
        ("place", "i8"),  # whose air it breathes: a row of `Surroundings.ppm`
        ("response", "f8", (SPECIES,)),
        ("dead_s", "f8"),
        ("tau_s", "f8"),
        ("overload_ppm", "f8"),
        ("humid_loss", "f8"),
        ("needs_o2", "u1"),
        ("has_catalyst", "u1"),
        ("zero", "f8"),  # ppm a second
        ("span", "f8"),  # share of the value a second
        ("covered", "f8"),  # shares of the catalyst
        ("dead", "f8"),
        ("then_s", "f8"),
        ("value_ppm", "f8"),
        ("first", "i8"),  # of what is in its filter: index of the oldest, and how many
        ("held", "i8"),
    ],
    align=True,
)
"""What a head is, and what it remembers."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What heads breathe. ``ppm`` is by species, or by place and species; ``o2`` and ``halocarbon`` are volume fractions."""

    time_s: Callable[[], float]
    ppm: Callable[[], Floats]
    o2: Callable[[], float]
    halocarbon: Callable[[], float]
    humidity_pct: Callable[[], float]


class GasHead:
    """Shows what a head of ``kind`` makes of its surroundings; called once a sample (a `Probe`)."""

    __slots__ = ("_alone", "air", "record")

    def __init__(self, kind: HeadType, air: Surroundings, seed: int, point: int, place: int = 0) -> None:
        """Stand in clean air since long; the seed and the point draw how this head drifts."""
        self.air = air
        self.record = np.zeros(1, HEAD)
        mine = self.record[0]
        mine["place"], mine["response"] = place, kind.response
        mine["dead_s"], mine["tau_s"], mine["overload_ppm"] = kind.dead_s, kind.tau_s, kind.overload_ppm
        mine["humid_loss"], mine["needs_o2"], mine["has_catalyst"] = kind.humid_loss, kind.needs_o2, kind.halogens_kill
        mine["zero"] = kind.zero_ppm_per_year * (2.0 * uniform(seed, point, _ZERO) - 1.0) / YEAR_S
        mine["span"] = kind.span_per_year * (2.0 * uniform(seed, point, _SPAN) - 1.0) / YEAR_S
        self._alone = HeadBank([self])

    def __call__(self) -> float:
        """Value in ppm now, before noise and the end of the range."""
        return float(self._alone.shown()[0])


class HeadBank:
    """Heads that sample together and breathe the same `Surroundings`, each at its own place there."""

    def __init__(self, heads: Sequence[GasHead]) -> None:
        """Take the heads as new: they have stood in this air since long."""
        self._air = heads[0].air
        self._records = np.concatenate([head.record for head in heads])
        n = len(heads)
        self._in_filter = np.zeros((n, FILTER_SAMPLES, 2))
        self._shown = np.zeros(n)
        self._is_humid = bool(self._records["humid_loss"].any())
        _begin(self._records, self._in_filter, *self._breathes())
        self._most_held = 1

    def shown(self) -> Floats:
        """Values in ppm now (heads,), before noise and the ends of the ranges; the array is reused."""
        if self._most_held == self._in_filter.shape[1]:
            self._widen()
        self._most_held = _advance(self._records, self._in_filter, self._shown, *self._breathes())
        return self._shown

    def _breathes(self) -> tuple[Floats, float, float, float, float]:
        air = self._air
        humidity_pct = air.humidity_pct() if self._is_humid else 0.0
        return np.atleast_2d(air.ppm()), air.o2(), air.halocarbon(), humidity_pct, air.time_s()

    def _widen(self) -> None:
        """Make room for twice as many samples within the dead time."""
        for record, line in zip(self._records, self._in_filter, strict=True):
            line[:] = np.roll(line, -int(record["first"]), axis=0)
        self._records["first"] = 0
        self._in_filter = np.concatenate([self._in_filter, np.zeros_like(self._in_filter)], axis=1)


@raising_kernel
def _catalyst_works(head: np.record, halocarbon: float, dt_s: float) -> float:
    """Share of a catalyst that works after ``dt_s`` at this volume fraction of halocarbon."""
    target = min(1.0, halocarbon / INHIBITING)
    tau_s = INHIBIT_TAU_S if target > head.covered else RECOVER_TAU_S
    covered = float(head.covered + (target - head.covered) * -math.expm1(-dt_s / tau_s))
    dead = float(head.dead + (1.0 - head.dead) * -math.expm1(-halocarbon * dt_s / KILLING_DOSE_S))
    head.covered, head.dead = covered, dead
    return (1.0 - covered) * (1.0 - dead)


@raising_kernel
def _meets(head: np.record, ppm: Floats, o2: float, halocarbon: float, humidity_pct: float, dt_s: float) -> float:
    """What the sensing element would show at rest in the air that is there now."""
    shown = 0.0
    for species in range(SPECIES):
        if head.response[species] != 0.0:
            shown += head.response[species] * ppm[head.place, species]
    if head.humid_loss > 0.0:
        shown *= 1.0 - head.humid_loss * min(1.0, humidity_pct / HUMID_PCT)
    if head.needs_o2:
        shown *= min(1.0, max(0.0, (o2 - NO_O2) / (FULL_O2 - NO_O2)))
    if head.has_catalyst:
        shown *= _catalyst_works(head, halocarbon, dt_s)
    return float(min(shown, head.overload_ppm))


@raising_kernel
def _through_filter(head: np.record, line: Floats, now_s: float) -> float:
    """What came in ``dead_s`` ago; ``line[sample, (time, value)]`` is a ring."""
    size = line.shape[0]
    while head.held > 1 and line[(head.first + 1) % size, 0] <= now_s - head.dead_s:
        head.first = (head.first + 1) % size
        head.held -= 1
    return float(line[head.first, 1])


@raising_kernel
def _begin(
    heads: npt.NDArray[np.void], in_filter: Floats, ppm: Floats, o2: float, halocarbon: float, humidity_pct: float,
    now_s: float,
) -> None:  # fmt: skip
    for k in range(heads.shape[0]):
        head = heads[k]
        head.value_ppm = _meets(head, ppm, o2, halocarbon, humidity_pct, 0.0)
        head.then_s = now_s
        in_filter[k, 0, 0], in_filter[k, 0, 1] = now_s, head.value_ppm
        head.held = 1


@raising_kernel
def _advance(
    heads: npt.NDArray[np.void], in_filter: Floats, shown: Floats, ppm: Floats, o2: float, halocarbon: float,
    humidity_pct: float, now_s: float,
) -> int:  # fmt: skip
    """Bring all heads to ``now_s``; ``in_filter[head, sample, (time, value)]`` has room for one sample more.

    Returns the most that any holds.
    """
    most_held = 0
    for k in range(heads.shape[0]):
        head, line = heads[k], in_filter[k]
        dt_s = now_s - head.then_s
        if dt_s > 0.0:
            head.then_s = now_s
            newest = (head.first + head.held) % line.shape[0]
            line[newest, 0], line[newest, 1] = now_s, _meets(head, ppm, o2, halocarbon, humidity_pct, dt_s)
            head.held += 1
            head.value_ppm += (_through_filter(head, line, now_s) - head.value_ppm) * -math.expm1(-dt_s / head.tau_s)
        shown[k] = head.value_ppm * (1.0 + head.span * now_s) + head.zero * now_s
        most_held = max(most_held, head.held)
    return most_held
