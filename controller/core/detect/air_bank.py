"""The banks of air heads: gas, smoke, and heat with climate. Memory field by field in float32, one kernel call a bank and scan."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from controller.core.detect import air_codes as c
from controller.core.detect.air_kernels import reduce_air
from controller.core.detect.defaults import CAP, CROSS_SHARE, limits_of
from controller.core.detect.gas_kernels import advance_gas
from controller.core.detect.readings import Readings
from controller.core.detect.room_kernels import advance_room
from controller.core.detect.smoke_kernels import advance_smoke
from controller.core.events import Level
from controller.core.image import Image
from controller.core.layout import HeadLayout, Layout
from controller.site.model import Family, Limits, Principle

GAS = (Family.H2, Family.CO, Family.VOC)
SMOKE = (Family.SMOKE,)
ROOM = (Family.HEAT, Family.CLIMATE_TEMPERATURE, Family.CLIMATE_HUMIDITY)
_UNSEEN = 255
_NEVER = np.iinfo(np.int64).min

Humid = npt.NDArray[np.uint8]
"""By zone: whether its humidity has stepped up. Written by the room bank, read by gas and smoke."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What all air banks keep: see `air_codes` for the rows. `index` int32 (n,) are the points' places in the image."""

    index: npt.NDArray[np.int32]
    p: npt.NDArray[np.float32]
    q: npt.NDArray[np.int64]
    f: npt.NDArray[np.float32]
    t: npt.NDArray[np.int64]
    u: npt.NDArray[np.uint8]
    ring: npt.NDArray[np.float32]
    ring_ms: npt.NDArray[np.int64]

    def points_of(self, head_index: int) -> slice:
        """Its points in the bank; empty for a head of another bank."""
        found = np.flatnonzero(self.q[c.Q_INDEX] == head_index)
        if not found.size:
            return slice(0, 0)
        first = int(self.q[c.Q_FIRST, found[0]])
        return slice(first, first + int(self.q[c.Q_COUNT, found[0]]))


class AirBank:
    """What the three banks have in common: how they say what they see, and what they forget."""

    families: tuple[Family, ...]

    def __init__(self, memory: Memory, humid: Humid) -> None:
        self._m = memory
        self._humid = humid

    @property
    def index(self) -> npt.NDArray[np.int32]:
        """Places of its points in the image."""
        return self._m.index

    def reduce(self, readings: Readings) -> None:
        """Write the readings of the bank's heads."""
        r, m = readings, self._m
        reduce_air(
            m.index, m.p, m.q, m.f, m.u,
            r.level, r.runaway, r.fault, r.point, r.feature, r.value, r.threshold, r.weight, r.marks,
        )  # fmt: skip

    def forget(self, head_index: int) -> None:
        """Let go of what the points of a head keep after their deaths."""
        points = self._m.points_of(head_index)
        self._m.u[c.U_KEPT_LEVEL, points] = 0
        self._m.u[c.U_KEPT_MARKS, points] = 0

    def arrays(self) -> Iterator[npt.NDArray[Any]]:
        """All memory."""
        m = self._m
        yield from (m.p, m.q, m.f, m.t, m.u, m.ring, m.ring_ms, self._humid)


class RoomBank(AirBank):
    """Heat heads and climate sensors."""

    families = ROOM

    def __init__(self, memory: Memory, humid: Humid) -> None:
        super().__init__(memory, humid)
        self._gathered = np.zeros((2, humid.size))

    def advance(self, image: Image) -> bool:
        """Take in an image; returns whether anything was new."""
        m = self._m
        return bool(
            advance_room(
                m.index, image.value, image.quality, image.sample, image.received_ms,
                m.p, m.q, m.f, m.t, m.u, m.ring, m.ring_ms, self._humid, self._gathered,
            )
        )  # fmt: skip


class SmokeBank(AirBank):
    """Smoke heads, by day and by night: `night` is the place of that fact in `Image.host`, which may end before it (day)."""

    families = SMOKE

    def __init__(self, memory: Memory, humid: Humid, night: int) -> None:
        super().__init__(memory, humid)
        self._night = night

    def advance(self, image: Image) -> bool:
        """Take in an image; returns whether anything was new."""
        night = len(image.host) > self._night and bool(image.host[self._night])
        m = self._m
        return bool(
            advance_smoke(
                m.index, image.value, image.quality, image.sample, image.received_ms, night,
                m.p, m.q, m.f, m.t, m.u, m.ring, m.ring_ms, self._humid,
            )
        )  # fmt: skip

    def forget(self, head_index: int) -> None:
        """Let go of what its points keep, and of their drift: a person has looked, and a cleaned detector begins anew."""
        super().forget(head_index)
        self._m.f[c.F_BASE, self._m.points_of(head_index)] = 0.0


class GasBank(AirBank):
    """Gas heads, by rack and against the room reference."""

    families = GAS

    def __init__(self, memory: Memory, humid: Humid) -> None:
        super().__init__(memory, humid)
        places = int(memory.q[c.Q_PLACE].max()) + 1
        self._places = np.zeros((3, len(c.KINDS), places))
        self._zones = np.zeros((5, len(c.KINDS), humid.size))

    def advance(self, image: Image) -> bool:
        """Take in an image; returns whether anything was new."""
        m = self._m
        return bool(
            advance_gas(
                m.index, image.value, image.quality, image.sample, image.received_ms,
                m.p, m.q, m.f, m.t, m.u, m.ring, m.ring_ms, self._humid, self._places, self._zones,
            )
        )  # fmt: skip

    def forget(self, head_index: int) -> None:
        """Let go of what its points keep, and of their base: a person has looked, so what stands there now is its new beginning."""
        super().forget(head_index)
        points = self._m.points_of(head_index)
        self._m.f[c.F_BASE, points] = np.nan
        self._m.f[c.F_UP : c.F_ROWS, points] = 0.0

    def mask(self, zones: Sequence[bool]) -> None:
        """Say in which zones agent has been let go: what a catalyst shows there is not to be believed, from the next image on."""
        m = self._m
        for head in range(m.q.shape[1]):
            if m.q[c.Q_CATALYTIC, head]:
                points = m.points_of(int(m.q[c.Q_INDEX, head]))
                masked = zones[m.q[c.Q_ZONE, head]]
                if bool(m.u[c.U_MASKED, points.start]) != masked:
                    m.u[c.U_MASKED, points] = masked
                    m.u[c.U_SEEN, points] = _UNSEEN


def lay_out_air(layout: Layout, night: int) -> tuple[RoomBank | SmokeBank | GasBank, ...]:
    """The air banks of a site, none without heads; the room bank comes first, for it knows the humidity."""
    humid = np.zeros(len(layout.zones), np.uint8)
    banks: list[RoomBank | SmokeBank | GasBank] = []
    if heads := _heads(layout, ROOM):
        banks.append(RoomBank(_memory(heads), humid))
    if heads := _heads(layout, SMOKE):
        banks.append(SmokeBank(_memory(heads), humid, night))
    if heads := _heads(layout, GAS):
        banks.append(GasBank(_memory(heads), humid))
    return tuple(banks)


def _heads(layout: Layout, families: tuple[Family, ...]) -> list[HeadLayout]:
    heads = [head for head in layout.heads if head.head.family in families]
    return sorted(heads, key=lambda head: not head.head.reference)  # a reference is taken in before it is subtracted


def _memory(heads: list[HeadLayout]) -> Memory:
    index = np.concatenate([head.points for head in heads]).astype(np.int32)
    n, h = len(index), len(heads)
    p, q = np.zeros((c.P_COUNT, h), np.float32), np.zeros((c.Q_ROWS, h), np.int64)
    first = 0
    places: dict[tuple[int, int], int] = {}
    references: dict[tuple[Family, int], int] = {}
    for at, head in enumerate(heads):
        limits = limits_of(head.head)
        p[:, at] = _floats(head, limits)
        q[:, at] = _integers(head, limits, first, places)
        kind = Family(head.head.family), head.zone
        if head.head.reference:
            references.setdefault(kind, first)
        q[c.Q_REFERENCE, at] = -1 if head.head.reference else references.get(kind, -1)
        first += len(head.points)
    f = np.zeros((c.F_ROWS, n), np.float32)
    f[c.F_RAW : c.F_VALUE + 1] = np.nan
    f[c.F_THRESHOLD], f[c.F_SCORE] = np.nan, np.nan
    f[c.F_BASE] = [0.0 if h.head.family is Family.SMOKE else math.nan for h in heads for _ in h.points]
    t = np.full((c.T_ROWS, n), -1, np.int64)
    t[c.T_SEEN] = _NEVER
    u = np.zeros((c.U_ROWS, n), np.uint8)
    u[c.U_SEEN], u[c.U_STATUS] = _UNSEEN, c.DEAD
    return Memory(index, p, q, f, t, u, np.zeros((c.RING, n), np.float32), np.zeros((c.RING, n), np.int64))


def _floats(head: HeadLayout, limits: Limits) -> list[float]:
    """The column of `p`: NaN is never passed, infinite never broken."""
    quantile = _or(limits.base_quantile, 0.5)
    stages = (limits.advisory, limits.pre_alarm, limits.alarm, limits.fire_2)
    values = {
        c.P_LOW: _or(limits.low, -math.inf), c.P_HIGH: _or(limits.high, math.inf),
        c.P_ADVISORY: _or(limits.advisory), c.P_PRE_ALARM: _or(limits.pre_alarm), c.P_ALARM: _or(limits.alarm),
        c.P_FIRE_2: _or(limits.fire_2), c.P_HYSTERESIS: _or(limits.hysteresis, 0.0),
        c.P_RATE_PRE_ALARM: _or(limits.rate_pre_alarm), c.P_RATE_ALARM: _or(limits.rate_alarm),
        c.P_RATE_FLOOR: _or(limits.rate_floor, -math.inf), c.P_SLEW: _or(limits.slew, math.inf),
        c.P_REFERENCE_CAP: _or(limits.advisory, math.inf), c.P_NIGHT_SHARE: _or(limits.night_share, 1.0),
        c.P_DRIFT_LIMIT: _or(limits.drift_limit, 0.0), c.P_FAST_RISE: _or(limits.fast_rise, math.inf),
        c.P_NOISE: _or(limits.noise, 1.0), c.P_MIN_RISE: _or(limits.min_rise, math.inf),
        c.P_CROSS: CROSS_SHARE.get((Family(head.head.family), head.head.principle), 0.0),
        c.P_LOWEST: _least(stages), c.P_LOWEST_RATE: _least((limits.rate_pre_alarm, limits.rate_alarm)),
        c.P_BASE_TAU: _or(limits.base_tau_s, math.inf), c.P_BASE_QUANTILE: quantile,
        c.P_BASE_BELOW: max(0.0, NormalDist().inv_cdf(1.0 - quantile)),
    }  # fmt: skip
    return [values[row] for row in range(c.P_COUNT)]


def _integers(head: HeadLayout, limits: Limits, first: int, places: dict[tuple[int, int], int]) -> list[int]:
    """The column of `q` of a head whose points begin at `first` of its bank; `places` numbers the racks as they come."""
    family = Family(head.head.family)
    window_ms = round(_or(limits.rate_window_s, 0.0) * 1000)
    values = {
        c.Q_PERSISTENCE: round(_or(limits.persistence_s, 0.0) * 1000), c.Q_WINDOW: window_ms,
        c.Q_SPACING: window_ms // (c.RING - 2), c.Q_STUCK: round(_or(limits.stuck_s, 0.0) * 1000),
        c.Q_INDEX: head.index, c.Q_FIRST: first, c.Q_COUNT: len(head.points), c.Q_CAP: CAP.get(family, Level.ALARM),
        c.Q_REFERENCE: -1, c.Q_ZONE: head.zone,
        c.Q_PLACE: places.setdefault((head.zone, head.rack), len(places)), c.Q_KIND: _kind(family),
        c.Q_IS_REFERENCE: head.head.reference, c.Q_CATALYTIC: head.head.principle is Principle.CATALYTIC,
    }  # fmt: skip
    return [int(values[row]) for row in range(c.Q_ROWS)]


def _kind(family: Family) -> int:
    """Gas: which of `KINDS`. In the room bank 1 is a humidity sensor."""
    return c.KINDS.index(family) if family in c.KINDS else int(family is Family.CLIMATE_HUMIDITY)


def _least(thresholds: Sequence[float | None]) -> float:
    """The lowest of the thresholds that there are: below it nothing can begin; NaN when there is none."""
    return min((value for value in thresholds if value is not None), default=math.nan)


def _or(value: float | None, otherwise: float = math.nan) -> float:
    return otherwise if value is None else value
