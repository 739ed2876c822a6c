"""The slow twin of controller/core/detect/runaway_time.py: one cell, its finished steps kept in a list and fitted anew each time."""

import math
from dataclasses import dataclass, field

import numpy as np

from controller.core.detect import runaway_time as rt

NONE = (math.nan, math.nan, math.nan)


@dataclass
class Cell:
    """Steps are (rise in K, seconds), the last one at the end."""

    step_k: float = rt.STEP_K
    anchor_degc: float = math.nan
    since_ms: int = 0
    steps: list[tuple[float, float]] = field(default_factory=list)
    nearest_gate: float = math.inf
    """How near (as a share) what decides whether there is an answer was to its limit, at the last sample."""

    def take(self, degc: float, ms: int) -> tuple[float, float, float]:
        """Seconds to runaway, low and high end."""
        rise = degc - self.anchor_degc
        if not rt.FOLLOWED_DEGC <= degc <= rt.MOST_DEGC:
            self._begin(math.nan, ms)
            return NONE
        if math.isnan(rise) or rise <= -self.step_k or not 0 <= ms - self.since_ms <= rt.LONGEST_STEP_MS:
            self._begin(degc, ms)
        elif rise >= self.step_k and ms > self.since_ms:
            self.steps.append((rise, (ms - self.since_ms) / 1000))
            self.anchor_degc, self.since_ms = _kept(degc), ms
        return self._foresee(degc, ms)

    def _begin(self, degc: float, ms: int) -> None:
        self.anchor_degc, self.since_ms, self.steps = _kept(degc), ms, []

    def _fit(self, scale_k: float) -> tuple[float, float, float, float]:
        """Sum of squares left over, steady and growing rate at the end of the last step, and the growth over its error."""
        points = []
        climbed = 0.0
        for rise, took in reversed(self.steps):
            z = math.exp(-(climbed + rise / 2) / scale_k)
            points.append((z, rise / took, took / rise * math.exp(-climbed / rt.MEMORY_K)))
            climbed += rise
        total = sum(w for _, _, w in points)
        mean_z = sum(w * z for z, _, w in points) / total
        mean = sum(w * rate for _, rate, w in points) / total
        zz = sum(w * (z - mean_z) ** 2 for z, _, w in points)
        growth = sum(w * (z - mean_z) * (rate - mean) for z, rate, w in points) / zz
        left = sum(w * (rate - mean - growth * (z - mean_z)) ** 2 for z, rate, w in points) / total
        count = total**2 / sum(w**2 for _, _, w in points)
        variance = max(left * count / max(count - 2, 0.5), (rt.RATE_ERROR * mean) ** 2)
        return left, mean - growth * mean_z, growth, growth / math.sqrt(variance / (zz / total * count))

    def _foresee(self, degc: float, ms: int) -> tuple[float, float, float]:
        self.nearest_gate = math.inf
        if len(self.steps) < rt.MIN_STEPS:
            return NONE
        fits = sorted((*self._fit(scale_k), scale_k) for scale_k in rt.SCALES_K)
        _, steady, growing, significance, scale_k = fits[0]
        rise = degc - self.anchor_degc
        growing *= math.exp(rise / scale_k)
        last_rise, last_s = self.steps[-1]
        took = (ms - self.since_ms) / 1000 * last_rise / last_s
        gates = [
            (significance, rt.MIN_SIGNIFICANCE),
            (growing, rt.MIN_SHARE * (steady + growing)),
            (rt.SLOWED * max(self.step_k, rise), took),
            (steady + growing, 0.0),
            (degc, rt.MIN_DEGC),
            (rt.RUNAWAY_K_PER_S, growing),
        ]
        beside = (fits[1][0] - fits[0][0]) / (fits[1][0] + 1e-9)
        self.nearest_gate = min(
            beside, *(abs(value - limit) / (abs(value) + abs(limit) + 1e-9) for value, limit in gates)
        )
        if any(value < limit for value, limit in gates) or steady + growing <= 0:
            return NONE
        seconds = _climb_s(scale_k * math.log(rt.RUNAWAY_K_PER_S / growing), steady, growing, scale_k)
        self.nearest_gate = min(self.nearest_gate, abs(seconds / rt.LONGEST_S - 1.0))
        if seconds > rt.LONGEST_S:
            return NONE
        melts = _climb_s(rt.SEPARATOR_DEGC - degc, steady, growing, scale_k) if degc < rt.SEPARATOR_DEGC else math.inf
        low = min((1 - 1 / significance) * seconds, rt.EARLIEST_MELT * melts)
        return min(seconds, melts), low, (rt.HIGH + rt.HIGH_UNSURE / significance) * seconds


def _climb_s(rise: float, steady: float, growing: float, scale_k: float) -> float:
    """The integral of dx / (steady + growing e^(x / scale)) by Simpson's rule."""
    if rise <= 0:
        return 0.0
    n = 2000
    h = rise / n
    values = [1 / (steady + growing * math.exp(k * h / scale_k)) for k in range(n + 1)]
    return h / 3 * (values[0] + values[-1] + 4 * sum(values[1:-1:2]) + 2 * sum(values[2:-1:2]))


def _kept(degc: float) -> float:
    """As the kernel keeps it: with temperatures of one decimal it often decides whether a step of 2 K is done."""
    return float(np.float32(degc))
