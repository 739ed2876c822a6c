"""The detector of cell temperatures as numpy people write it: the peer that the kernels are measured against.

The same tests (range, slew, stuck, thresholds, deviation from the module's median, slope over a window, slope of runaway) with
hysteresis and persistence, on whole arrays; it takes all points to have new samples at the same time, which the kernels do not.
"""

import numpy as np
import numpy.typing as npt

RING, WINDOW_S, HOLD_S, HYSTERESIS = 16, 30.0, 3.0, 2.0


class Vectorised:
    """Arrays of (n,) points in modules of `group`."""

    def __init__(self, n: int, group: int) -> None:
        self.group = group
        self.last = np.full(n, np.nan)
        self.before = np.full(n, np.nan)
        self.long_before = np.full(n, np.nan)
        self.changed_s = np.zeros(n)
        self.anchor = np.full(n, np.nan)
        self.steep_s = np.zeros(n)
        self.ring = np.full((RING, n), np.nan)
        self.ring_s = np.full(RING, np.nan)
        self.on = np.zeros((5, n), bool)
        self.since_s = np.full((5, n), np.inf)

    def advance(self, value: npt.NDArray[np.float64], t_s: float, dt_s: float) -> npt.NDArray[np.uint8]:
        """Levels of all points at one new sample of each."""
        valid = (value >= -40.0) & (value <= 1000.0) & ~(np.abs(value - self.last) > 50.0 * dt_s)
        value = np.where(valid, value, np.nan)
        self.changed_s = np.where(value != self.last, t_s, self.changed_s)
        value = np.where(t_s - self.changed_s > 1800.0, np.nan, value)
        middle = np.nanmedian(value.reshape(-1, self.group), axis=1).repeat(self.group)
        filtered = np.median(np.stack((self.long_before, self.before, value)), axis=0)
        oldest = int(np.nanargmin(np.where(t_s - self.ring_s <= WINDOW_S, self.ring_s, np.inf)))
        slope = (filtered - self.ring[oldest]) / (t_s - self.ring_s[oldest])
        newest = int(t_s / (WINDOW_S / (RING - 2))) % RING
        self.ring[newest], self.ring_s[newest] = filtered, t_s
        self.long_before, self.before, self.last = self.before, value, value
        self.steep_s = np.where((value - self.anchor) / dt_s >= 1.0, self.steep_s + dt_s, 0.0)
        self.anchor = value
        level = np.zeros(len(value), np.uint8)
        away = value - middle
        tests = ((value, 60.0, 1), (away, 5.0, 1), (value, 70.0, 2), (away, 10.0, 2), (slope, 0.1, 2))
        for k, (y, limit, reached) in enumerate(tests):
            above = y >= limit
            self.since_s[k] = np.where(above, np.minimum(self.since_s[k], t_s), np.inf)
            slack = HYSTERESIS if limit > 1.0 else 0.05
            self.on[k] = (self.on[k] & (y >= limit - slack)) | (above & (t_s - self.since_s[k] >= HOLD_S))
            level = np.maximum(level, np.where(self.on[k], reached, 0).astype(np.uint8))
        return np.where((self.steep_s > HOLD_S) & (value >= 80.0), 3, level).astype(np.uint8)
