"""The tail of normal life: how seldom a reading is higher than anything recorded, by peaks over a threshold.

Block maxima above a high quantile follow a generalised Pareto distribution if blocks are alike and independent (Pickands 1975). It is fitted by
probability-weighted moments (Hosking and Wallis 1987). A negative shape, which would promise that nothing is ever higher than a bound, is taken
as 0 (exponential), and a shape above one half as one half: a recording of days knows neither.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

QUANTILE = 0.9
"""Of the block maxima: what lies above is the tail (assumed)."""
LEAST_PEAKS = 15
"""Fewer peaks above it fit no tail (assumed)."""
_STEEPEST = 0.5


@dataclass(frozen=True, slots=True)
class Tail:
    """A fitted tail: above `begin` lies `share` of all blocks of a point, with `scale` and `shape`; `highest` is the highest recorded."""

    begin: float
    share: float
    scale: float
    shape: float
    highest: float

    def exceeded(self, level: float) -> float:
        """Share of blocks in which a point is above `level` (not below `begin`)."""
        if level <= self.begin:
            return self.share
        if self.scale == 0:
            return 0.0
        reach = (level - self.begin) / self.scale
        return self.share * (math.exp(-reach) if self.shape == 0 else (1 + self.shape * reach) ** (-1 / self.shape))

    def level(self, share: float) -> float:
        """The level above which a point is in this share of blocks."""
        if share >= self.share or self.scale == 0:
            return self.begin if share >= self.share else self.highest
        ratio = self.share / share
        reach = math.log(ratio) if self.shape == 0 else (ratio**self.shape - 1) / self.shape
        return self.begin + self.scale * reach


def fit(maxima: npt.NDArray[np.float64]) -> Tail | None:
    """The tail of block maxima (n,), NaN for blocks without data; None when there are too few peaks."""
    known = np.sort(maxima[np.isfinite(maxima)])
    if known.size == 0:
        return None
    begin = float(np.quantile(known, QUANTILE))
    peaks = known[known > begin] - begin
    highest = float(known[-1])
    if peaks.size == 0 and known.size * (1 - QUANTILE) >= LEAST_PEAKS:  # quantised: the highest value is the usual one
        return Tail(begin, 1 - QUANTILE, 0.0, 0.0, highest)
    if peaks.size < LEAST_PEAKS:
        return None
    weights = (
        peaks.size - np.arange(1, peaks.size + 1) + 0.35
    ) / peaks.size  # plotting positions of Hosking and Wallis
    mean, weighted = float(peaks.mean()), float((peaks * weights).mean())
    shape = 2 - mean / (mean - 2 * weighted) if mean != 2 * weighted else 0.0
    shape = min(max(shape, 0.0), _STEEPEST)
    scale = mean * (1 - shape)
    return Tail(begin, peaks.size / known.size, scale, shape, highest)
