"""A gas head between the truth and its noise: dead time, lag, drift, cross-sensitivity, poisoning, saturation."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from sim_hardware.devices.head_types import HeadType
from sim_hardware.devices.noise import uniform
from sim_hardware.physics.arrays import Floats

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


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a head breathes: looks at the truth at its place. ``ppm`` is by species, ``o2`` and ``halocarbon`` are volume fractions."""

    time_s: Callable[[], float]
    ppm: Callable[[], Floats]
    o2: Callable[[], float]
    halocarbon: Callable[[], float]
    humidity_pct: Callable[[], float]


class Catalyst:
    """How much of a catalyst still works."""

    __slots__ = ("_covered", "_dead")

    def __init__(self) -> None:
        """A new one."""
        self._covered = 0.0
        self._dead = 0.0

    def advance(self, halocarbon: float, dt_s: float) -> float:
        """Share of it that works after ``dt_s`` at this volume fraction of halocarbon."""
        target = min(1.0, halocarbon / INHIBITING)
        tau_s = INHIBIT_TAU_S if target > self._covered else RECOVER_TAU_S
        self._covered += (target - self._covered) * -math.expm1(-dt_s / tau_s)
        self._dead += (1.0 - self._dead) * -math.expm1(-halocarbon * dt_s / KILLING_DOSE_S)
        return (1.0 - self._covered) * (1.0 - self._dead)


class GasHead:
    """Shows what a head of ``kind`` makes of its surroundings; called once a sample (a `Probe`)."""

    __slots__ = ("_air", "_catalyst", "_in_filter", "_kind", "_response", "_span", "_then_s", "_value_ppm", "_zero")

    def __init__(self, kind: HeadType, air: Surroundings, seed: int, point: int) -> None:
        """Stand in clean air since long; the seed and the point draw how this head drifts."""
        self._kind = kind
        self._air = air
        self._response = [(int(species), float(kind.response[species])) for species in kind.response.nonzero()[0]]
        self._zero = kind.zero_ppm_per_year * (2.0 * uniform(seed, point, _ZERO) - 1.0) / YEAR_S
        self._span = kind.span_per_year * (2.0 * uniform(seed, point, _SPAN) - 1.0) / YEAR_S
        self._catalyst = Catalyst() if kind.halogens_kill else None
        self._then_s = air.time_s()
        self._value_ppm = self._meets(0.0)
        self._in_filter: deque[tuple[float, float]] = deque([(self._then_s, self._value_ppm)])

    def __call__(self) -> float:
        """Value in ppm now, before noise and the end of the range."""
        now_s = self._air.time_s()
        dt_s = now_s - self._then_s
        if dt_s > 0.0:
            self._then_s = now_s
            self._in_filter.append((now_s, self._meets(dt_s)))
            self._value_ppm += (self._through_filter(now_s) - self._value_ppm) * -math.expm1(-dt_s / self._kind.tau_s)
        return self._value_ppm * (1.0 + self._span * now_s) + self._zero * now_s

    def _through_filter(self, now_s: float) -> float:
        """What came in ``dead_s`` ago."""
        line = self._in_filter
        while len(line) > 1 and line[1][0] <= now_s - self._kind.dead_s:
            line.popleft()
        return line[0][1]

    def _meets(self, dt_s: float) -> float:
        """What the sensing element would show at rest in the air that is there now."""
        kind, air = self._kind, self._air
        ppm, shown = air.ppm(), 0.0
        for species, share in self._response:
            shown += share * float(ppm[species])
        if kind.humid_loss > 0.0:
            shown *= 1.0 - kind.humid_loss * min(1.0, air.humidity_pct() / HUMID_PCT)
        if kind.needs_o2:
            shown *= min(1.0, max(0.0, (air.o2() - NO_O2) / (FULL_O2 - NO_O2)))
        if self._catalyst is not None:
            shown *= self._catalyst.advance(air.halocarbon(), dt_s)
        return min(shown, kind.overload_ppm)
