"""What the detector's thresholds are held against, taken from normal life: values, rates, deviations, as maxima of blocks of time.

The highest value of a block is the highest that held for the persistence of the head's type, as the detector asks for. Work goes on in pieces
of a recording, so that memory stays bounded.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from controller.core.detect.defaults import limits_of
from controller.core.layout import HeadLayout, Layout
from controller.site.model import Family, Limits
from controller.tools.recordings.whatif import Seen
from drivers.points import Quality

BLOCK_S = 600.0
"""Length of a block: longer than the detector's windows and most disturbances, short enough to have many in a day (assumed)."""
_PIECE = 4096
VALUE, RATE, DEVIATION, RISE = "value", "rate", "deviation", "rise"
_TO_SIGMA = 1.4826
"""Median absolute deviation to standard deviation, of normal noise."""
Floats = npt.NDArray[np.float64]
Key = tuple[Family, str]


@dataclass(slots=True)
class Life:
    """Normal life by type of head: block maxima of each feature, noise (standard deviation) of each point, hours recorded."""

    maxima: dict[Key, list[Floats]] = field(default_factory=lambda: defaultdict(list))
    noise: dict[Family, list[float]] = field(default_factory=lambda: defaultdict(list))
    hours: float = 0.0
    points: dict[Family, int] = field(default_factory=dict)

    def all_maxima(self, key: Key) -> Floats:
        """Every block maximum of a feature, over all points."""
        return np.concatenate(self.maxima[key]) if self.maxima.get(key) else np.empty(0)


def gather(layout: Layout, moments: Iterable[Seen], life: Life) -> None:
    """Take a recording in: everything in it counts as normal life."""
    for family in {Family(head.head.family) for head in layout.heads}:
        n = sum(len(head.points) for head in layout.heads if head.head.family == family)
        life.points[family] = max(n, life.points.get(family, 0))
    for tick_ms, value in _pieces(moments):
        life.hours += float(tick_ms[-1] - tick_ms[0]) / 3.6e6
        for head in layout.heads:
            if head.physics != "wired":
                _take(life, head, tick_ms, value[:, head.points])


def _pieces(moments: Iterable[Seen]) -> Iterator[tuple[npt.NDArray[np.int64], Floats]]:
    """Ticks (n,) and values (n, points) of pieces of a run, NaN where a point is not good."""
    ticks: list[int] = []
    rows: list[Floats] = []
    run = 0
    for seen in moments:
        if ticks and (len(ticks) == _PIECE or seen.run != run):
            yield np.array(ticks), np.array(rows)
            ticks, rows = [], []
        run = seen.run
        ticks.append(seen.image.tick_ms)
        rows.append(np.where(seen.image.quality == int(Quality.GOOD), seen.image.value, np.nan))
    if ticks:
        yield np.array(ticks), np.array(rows)


def _take(life: Life, head: HeadLayout, tick_ms: npt.NDArray[np.int64], value: Floats) -> None:
    family, limits = Family(head.head.family), limits_of(head.head)
    if len(tick_ms) < 3:  # noqa: PLR2004 (a step and the next)
        return
    step_s = max(float(np.median(np.diff(tick_ms))) / 1000, 1e-3)
    low = limits.low if limits.low is not None else -math.inf
    high = limits.high if limits.high is not None else math.inf
    value = np.where((value >= low) & (value <= high), value, np.nan)
    held = max(1, round((limits.persistence_s or 0.0) / step_s) + 1)
    blocks = (tick_ms // round(BLOCK_S * 1000)).astype(np.int64)
    for name, feature in _features(head, limits, tick_ms, value, step_s):
        life.maxima[family, name].append(_maxima(_held(feature, held), blocks))
    steps = np.abs(np.diff(value, axis=0))
    for column in steps.T:
        known = column[np.isfinite(column)]
        if known.size:
            life.noise[family].append(_TO_SIGMA * float(np.median(known)) / math.sqrt(2))


def _features(
    head: HeadLayout, limits: Limits, tick_ms: npt.NDArray[np.int64], value: Floats, step_s: float
) -> Iterator[tuple[str, Floats]]:
    """Each feature that has a threshold, high being dangerous: (n, points)."""
    falling = head.head.family == Family.CELL_VOLTAGE
    yield VALUE, -value if falling else value
    if limits.rate_window_s and limits.rate_pre_alarm is not None:
        shift = max(1, round(limits.rate_window_s / step_s))
        if shift < len(value):
            past_s = (tick_ms[shift:] - tick_ms[:-shift]) / 1000
            rate = (value[shift:] - value[:-shift]) / np.maximum(past_s, limits.rate_window_s)[:, None]
            if limits.rate_floor is not None:
                rate = np.where(value[shift:] >= limits.rate_floor, rate, np.nan)
            yield RATE, np.concatenate([np.full((shift, value.shape[1]), np.nan), rate])
    if limits.min_rise is not None and np.isfinite(value).any():
        yield RISE, value - _base(value, limits.base_quantile or 0.5)
    if head.head.group > 0:
        cells = value.reshape(len(value), -1, head.head.group)
        with np.errstate(all="ignore"):
            middle = np.median(cells, axis=2, keepdims=True)
        away = (middle - cells) if falling else np.abs(cells - middle)
        yield DEVIATION, away.reshape(value.shape)


def _base(value: Floats, quantile: float) -> Floats:
    """What stands in for the slow base of each gas head over a piece of an hour or so: the quantile that the base rests at (1, points)."""
    base = np.full((1, value.shape[1]), np.nan)
    known = np.isfinite(value).any(axis=0)
    base[0, known] = np.nanquantile(value[:, known], quantile, axis=0)
    return base


def _held(feature: Floats, held: int) -> Floats:
    """What was held for so many samples: the least of them."""
    if held <= 1 or held > len(feature):
        return feature
    windows = np.lib.stride_tricks.sliding_window_view(feature, held, axis=0)
    least: Floats = windows.min(axis=-1)
    return least


def _maxima(feature: Floats, blocks: npt.NDArray[np.int64]) -> Floats:
    """The maximum of each block and point, NaN where it has no value (blocks * points,)."""
    blocks = blocks[-len(feature) :]
    starts = np.flatnonzero(np.diff(blocks, prepend=blocks[0] - 1))
    known = np.where(np.isfinite(feature), feature, -np.inf)
    maxima = np.maximum.reduceat(known, starts, axis=0)
    return np.where(np.isfinite(maxima), maxima, np.nan).ravel()
