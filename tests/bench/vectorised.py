"""The bank of cell temperatures as numpy people write it: the peer that the kernels are measured against.

The same tests (range, slew, stuck, filter of three, slopes over three horizons, deviation from the module's median with slow bias and
spread, two cumulative sums, thresholds and rate with hysteresis and persistence, slope of runaway), on whole arrays of float32; it takes
all points to have new samples at the same time, which the kernels do not.
"""

import numpy as np
import numpy.typing as npt

HOLD_S, HYSTERESIS = 3.0, 2.0
HORIZONS_S = (10.0, 60.0, 600.0)
CLIP_K, SUSPICIOUS_K, FLOOR_K, SLACK, LIMIT, DAY_S = 5.0, 2.0, 0.3, 1.5, 7.87, 86400.0


class Vectorised:
    """Arrays of (n,) points in modules of `group`."""

    def __init__(self, n: int, group: int) -> None:
        self.group = group
        self.last, self.before, self.long_before, self.anchor = (np.full(n, np.nan, np.float32) for _ in range(4))
        self.changed_s, self.steep_s, self.bias, self.spread = (np.zeros(n, np.float32) for _ in range(4))
        self.up, self.down = np.zeros(n, np.float32), np.zeros(n, np.float32)
        self.level, self.trend = np.full((3, n), np.nan, np.float32), np.zeros((3, n), np.float32)
        self.age_s = 0.0
        self.on = np.zeros((5, n), bool)
        self.since_s = np.full((5, n), np.inf)

    def advance(self, values: npt.NDArray[np.float64], t_s: float, dt_s: float) -> npt.NDArray[np.uint8]:
        """Levels of all points at one new sample of each."""
        value = values.astype(np.float32)
        valid = (value >= -40.0) & (value <= 1000.0) & ~(np.abs(value - self.last) > 50.0 * dt_s)
        value = np.where(valid, value, np.float32(np.nan))
        self.changed_s = np.where(value != self.last, np.float32(t_s), self.changed_s)
        value = np.where(t_s - self.changed_s > 1800.0, np.float32(np.nan), value)
        middle = np.nanmedian(value.reshape(-1, self.group), axis=1).repeat(self.group)
        filtered = np.median(np.stack((self.long_before, self.before, value)), axis=0)
        slope = self._slopes(filtered, dt_s)
        self._compare(value - middle, dt_s)
        self.long_before, self.before, self.last = self.before, value, value
        self.steep_s = np.where((value - self.anchor) / dt_s >= 1.0, self.steep_s + np.float32(dt_s), np.float32(0.0))
        self.anchor = value
        away = value - middle
        level = np.where(np.maximum(self.up, self.down) > LIMIT, 1, 0).astype(np.uint8)
        tests = ((value, 60.0, 1), (away, 5.0, 1), (value, 70.0, 2), (away, 10.0, 2), (slope, 0.1, 2))
        for k, (y, limit, reached) in enumerate(tests):
            above = y >= limit
            self.since_s[k] = np.where(above, np.minimum(self.since_s[k], t_s), np.inf)
            slack = HYSTERESIS if limit > 1.0 else 0.05
            self.on[k] = (self.on[k] & (y >= limit - slack)) | (above & (t_s - self.since_s[k] >= HOLD_S))
            level = np.maximum(level, np.where(self.on[k], reached, 0).astype(np.uint8))
        return np.where((self.steep_s > HOLD_S) & (value >= 80.0), 3, level).astype(np.uint8)

    def _slopes(self, filtered: npt.NDArray[np.float32], dt_s: float) -> npt.NDArray[np.float32]:
        for k, tau_s in enumerate(HORIZONS_S):
            a = np.float32(dt_s / (tau_s + dt_s))
            most = CLIP_K + 2.0 * np.abs(self.trend[k])
            e = a * np.clip(filtered - self.level[k], -most, most)
            first = np.isnan(self.level[k])
            self.level[k] = np.where(first, filtered, self.level[k] + e)
            self.trend[k] = np.where(first, 0.0, (1.0 - a) * (self.trend[k] + e))
        slope: npt.NDArray[np.float32] = self.trend[0] / np.float32(HORIZONS_S[0])
        return slope

    def _compare(self, apart: npt.NDArray[np.float32], dt_s: float) -> None:
        a = np.float32(dt_s / (min(self.age_s, DAY_S) + dt_s + 1e-3))
        self.age_s += dt_s
        r = apart - self.bias
        scale = np.maximum(np.float32(1.2533) * self.spread, np.float32(FLOOR_K))
        learns = np.abs(r) <= SUSPICIOUS_K
        self.bias = np.where(learns, self.bias + a * r, self.bias)
        size = np.minimum(np.abs(r), 3.0 * scale)
        self.spread = np.where(learns, self.spread + a * (size - self.spread), self.spread)
        z = np.clip(r / scale, -4.0, 4.0)
        self.up = np.clip(self.up + z - SLACK, 0.0, 2.0 * LIMIT)
        self.down = np.clip(self.down - z - SLACK, 0.0, 2.0 * LIMIT)
