"""What a user would take instead, on the same images: fixed limits, the rule of GB 38031, a spot smoke detector, z-score.

Each gives one number a room and tick; a threshold on it is an alarm. River's half-space trees and PyOD's ECOD work on the features that are
kept here for a share of the rooms (`forests`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from controller.core.detect.readings import Readings
from controller.core.image import Image
from controller.site.model import Family
from tests.validation.detection.field import Field, Floats, Ints
from tests.validation.detection.rooms import Rooms

LIMIT, RULE, SPOT, Z = range(4)
NAMES: Final = (
    "fixed limits on cells (degC)",
    "1 degC/s rule of GB 38031",
    "spot smoke detector (%/m)",
    "z-score (sigma)",
)
GRID: Final = (
    np.linspace(35.0, 95.0, 61),
    np.array([1.0]),
    np.geomspace(0.05, 60.0, 61),
    np.geomspace(3.0, 300.0, 61),
)
"""Thresholds that are tried."""
MAX_OPERATING_DEGC, LOST_SHARE, STEEP_S = 60.0, 0.25, 3.0
"""GB 38031-2025 C.5.3.7: voltage down by 25 % or at the highest operating temperature (60 assumed), and 1 degC/s for more than 3 s."""
SPOT_PCT_PER_M = 24.0
"""CFAST's default spot detector, 8 %/ft."""
Z_TAU_S, Z_SETTLE_S = 600.0, 300.0
"""Memory of the z-score's mean and variance, and for how long it only learns (assumed)."""
FEATURES: Final = (
    "hottest over median",
    "hottest",
    "steepest",
    "lowest under median",
    "h2",
    "co",
    "voc",
    "smoke",
    "heat",
)
EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class Scores:
    """`best[peer, room]`: highest score; `crossed_s[peer][room, threshold]`: first time at or above it; `features[room, tick, k]`."""

    best: Floats
    crossed_s: tuple[npt.NDArray[np.float32], ...]
    features: npt.NDArray[np.float32]


class Peers:
    """An observer of `watch.run`; `field` gives what hangs below the ceiling. Features of the first `kept` rooms are kept."""

    def __init__(self, rooms: Rooms, field: Field, length_s: float, kept: int = 0) -> None:
        self._rooms, self._field = rooms, field
        n, p = rooms.count, rooms.per_room
        each = [block.family for block, _, _ in rooms.kind.each]
        self._temps = _places(each, {Family.CELL_TEMPERATURE})
        self._volts = _places(each, {Family.CELL_VOLTAGE})
        self._others = [
            _places(each, {family}) for family in (Family.H2, Family.CO, Family.VOC, Family.SMOKE, Family.HEAT)
        ]
        self._last = np.full((n, p), np.nan)
        self._before_v = np.full((n, p), np.nan)
        self._steep_s = np.zeros((n, p))
        self._mean, self._var = np.full((n, p), np.nan), np.zeros((n, p))
        self._floor = np.array([block.resolution for block, _, _ in rooms.kind.each])
        self._now = np.zeros((len(NAMES), n))
        self.best = np.zeros((len(NAMES), n))
        self.crossed_s = tuple(np.full((n, grid.size), np.nan, np.float32) for grid in GRID)
        self._passed = [np.zeros(n, np.int64) for _ in GRID]
        self._every = max(1, round(EVERY_S / field.dt_s))
        self._old_hot = np.full((n, self._temps.size), np.nan)
        self.features: list[npt.NDArray[np.float32]] = []
        self._kept = min(kept, n)

    def __call__(self, k: int, image: Image, readings: Readings) -> None:
        """Take in one tick."""
        value = image.value.reshape(self._rooms.count, -1)
        now_s, dt_s = image.tick_ms / 1000, self._field.dt_s
        if self._temps.size:
            judge(value, self._temps, self._volts, self._last, self._before_v, self._steep_s, dt_s, self._now)
        standardise(value, self._mean, self._var, self._floor, dt_s, now_s > Z_SETTLE_S, self._now[Z])
        extinction = self._field.truth[:, self._rooms.kind.ceiling]
        self._now[SPOT] = 100.0 * -np.expm1(-extinction)
        np.maximum(self.best, self._now, out=self.best)
        for peer, grid in enumerate(GRID):
            self._cross(peer, grid, now_s)
        if self._kept and k % self._every == 0:
            self.features.append(self._describe(value[: self._kept]))

    def _cross(self, peer: int, grid: Floats, now_s: float) -> None:
        passed = np.searchsorted(grid, self._now[peer], side="right")
        before = self._passed[peer]
        for room in np.flatnonzero(passed > before).tolist():
            self.crossed_s[peer][room, before[room] : passed[room]] = now_s
            before[room] = passed[room]

    def _describe(self, value: Floats) -> npt.NDArray[np.float32]:
        """FEATURES of the kept rooms; what a room has not, or what is not there now, is 0."""
        found = np.zeros((len(value), len(FEATURES)), np.float32)
        if self._temps.size:
            temps, volts = np.nan_to_num(value[:, self._temps], nan=20.0), np.nan_to_num(value[:, self._volts], nan=3.0)
            found[:, 0] = temps.max(axis=1) - np.median(temps, axis=1)
            found[:, 1] = temps.max(axis=1)
            old = self._old_hot[: len(value)]
            found[:, 2] = np.nan_to_num(temps - old).max(axis=1)
            old[:] = temps
            found[:, 3] = np.median(volts, axis=1) - volts.min(axis=1)
        for place, points in enumerate(self._others, start=4):
            if points.size:
                found[:, place] = np.log1p(np.maximum(0.0, np.nan_to_num(value[:, points]))).max(axis=1)
        return found

    def scores(self) -> Scores:
        """What was found."""
        none = np.zeros((0, 0, len(FEATURES)), np.float32)
        return Scores(self.best, self.crossed_s, np.stack(self.features, axis=1) if self.features else none)


def _places(each: Sequence[Family], families: set[Family]) -> Ints:
    return np.array([i for i, family in enumerate(each) if family in families], np.int64)


@njit(cache=True, nogil=True)
def judge(
    value: Floats, temps: Ints, volts: Ints, last: Floats, peak_v: Floats, steep_s: Floats, dt_s: float, now: Floats
) -> None:
    """The hottest cell of each room (LIMIT), and 1 where the rule of GB 38031 holds for one (RULE)."""
    for r in range(value.shape[0]):
        hottest = 0.0
        lost = False
        for i in volts:
            v = value[r, i]
            if not np.isnan(v):
                if not v <= peak_v[r, i]:
                    peak_v[r, i] = v
                lost = lost or v < (1.0 - LOST_SHARE) * peak_v[r, i]
        holds = 0.0
        for i in temps:
            t = value[r, i]
            if np.isnan(t):
                steep_s[r, i] = 0.0
                last[r, i] = t
                continue
            hottest = max(hottest, t)
            steep_s[r, i] = steep_s[r, i] + dt_s if (t - last[r, i]) >= dt_s else 0.0
            last[r, i] = t
            if steep_s[r, i] > STEEP_S and (t >= MAX_OPERATING_DEGC or lost):
                holds = 1.0
        now[LIMIT, r], now[RULE, r] = hottest, holds


@njit(cache=True, nogil=True)
def standardise(value: Floats, mean: Floats, var: Floats, floor: Floats, dt_s: float, tells: bool, now: Floats) -> None:
    """The largest deviation of any point from its own mean, in its own standard deviations (at least a step of its resolution)."""
    part = 1.0 - np.exp(-dt_s / Z_TAU_S)
    for r in range(value.shape[0]):
        most = 0.0
        for i in range(value.shape[1]):
            x = value[r, i]
            if np.isnan(x):
                continue
            if np.isnan(mean[r, i]):
                mean[r, i] = x
                continue
            away = x - mean[r, i]
            if tells:
                most = max(most, abs(away) / max(np.sqrt(var[r, i]), floor[i]))
            mean[r, i] += part * away
            var[r, i] = (1.0 - part) * (var[r, i] + part * away * away)
        now[r] = most
