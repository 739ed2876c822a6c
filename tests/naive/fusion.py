"""The slow twin of the fusion kernels: plain Python, one head and one family at a time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from controller.core.events import Feature
from controller.core.layout import Layout
from controller.site.model import Family, Physics

PHYSICS = {Physics.BMS: 0, Physics.GAS: 1, Physics.SMOKE: 2, Physics.HEAT: 3}
EVERYDAY = {Feature.SOLVENT, Feature.ENGINE, Feature.CHARGING, Feature.HUMIDITY, Feature.OUTSIDE_AIR}
FLOOR = {0: 0.0, 1: 1.0, 2: 2.5, 3: 3.0}


class Said(NamedTuple):
    """What one head reads."""

    level: int
    weight: float
    feature: Feature
    value: float
    threshold: float
    fault: int = 0


def _is_silent(word: Said) -> bool:
    """Whether what is said is only what was said before."""
    return word.fault == 2 and word.feature not in {Feature.DIED_AFTER_RISE, Feature.DYING_TOGETHER}


@dataclass
class Kept:
    """What is kept of a family of a zone."""

    weight: float = 0.0
    firm: float = 0.0
    head: int = -1
    value: float = 0.0
    threshold: float = 0.0
    feature: Feature = Feature.NONE


@dataclass
class Peak:
    """The highest temperature of a rack of late."""

    degc: float = math.nan
    at_ms: int = 0
    live: float = 0.0
    hot: int | None = None
    company: float = math.nan


@dataclass
class NaiveFusion:
    """Weighs a site. `out` are names of heads out of service."""

    layout: Layout
    out: tuple[str, ...] = ()
    kept: list[list[Kept]] = field(default_factory=list)
    peaks: list[Peak] = field(default_factory=list)
    tick_ms: int = 0

    def __post_init__(self) -> None:
        self.kept = [[Kept() for _ in range(5)] for _ in self.layout.zones]
        self.peaks = [Peak() for _ in self.layout.racks]

    def forget(self, zone: int) -> None:
        """A reset of the zone."""
        self.kept[zone] = [Kept() for _ in range(5)]

    def advance(
        self, tick_ms: int, said: Sequence[Said], hottest: Sequence[float], live: Sequence[float],
        shown: Sequence[float | None],
    ) -> list[tuple[int, int]]:  # fmt: skip
        """The levels of the zones, and the head that is enough alone for it (-1: none).

        `shown` are the values of the image, None without a good one.
        """
        keep = 1.0 / (1.0 + max(tick_ms - self.tick_ms, 0) * 1e-3 / 300.0)
        self.tick_ms = tick_ms
        for zone in self.kept:
            for place, kept in enumerate(zone):
                kept.weight, kept.firm = kept.weight * keep, kept.firm * keep
                if kept.weight < 0.01:
                    zone[place].weight, zone[place].firm, zone[place].head = 0.0, 0.0, -1
        for leading in (True, False):
            for head in self.layout.heads:
                if head.physics in PHYSICS and self._level(head.index, said) and not _is_silent(said[head.index]):
                    kept = self.kept[head.zone][PHYSICS[head.physics]]
                    if (kept.head == head.index) == leading:
                        self._take(kept, head.index, said)
        for rack, (degc, share) in enumerate(zip(hottest, live, strict=True)):
            self._vent(rack, degc, share, said, shown)
        return [self._judge(zone, said) for zone in range(len(self.layout.zones))]

    def _level(self, head: int, said: Sequence[Said]) -> int:
        layout = self.layout.heads[head]
        if layout.name in self.out:
            return 0
        return min(said[head].level, 1 if layout.on_mqtt else 3)

    def _take(self, kept: Kept, head: int, said: Sequence[Said]) -> None:
        level, word = self._level(head, said), said[head]
        rack = self.layout.heads[head].rack
        cells = [h for h in self.layout.heads if h.physics is Physics.BMS and h.rack == rack >= 0]
        is_everyday = word.feature in EVERYDAY and not any(self._level(h.index, said) for h in cells)
        is_safe = word.feature is Feature.DRIFT and word.weight == 0.0
        floor = 0.0 if level == 1 and (is_everyday or is_safe) else FLOOR[level]
        nats = min(max(floor, word.weight), 1.0 if self.layout.heads[head].on_mqtt else 3.0)
        if nats > kept.weight:
            kept.weight, kept.head = nats, head
            kept.value, kept.threshold, kept.feature = word.value, word.threshold, word.feature
        if level >= 2 and nats > kept.firm:
            kept.firm = nats

    def _vent(self, rack: int, degc: float, live: float, said: Sequence[Said], shown: Sequence[float | None]) -> None:
        peak = self.peaks[rack]
        died = live < peak.live
        peak.live = live
        if died or not degc < peak.degc or self.tick_ms - peak.at_ms > 60_000:
            peak.degc, peak.at_ms = degc, self.tick_ms
            believed = {i: x for i in self._cells(rack) if (x := shown[i]) is not None and x <= degc + 0.5}
            peak.hot = max(believed, key=lambda i: believed[i]) if believed else None
            peak.company = self._company(rack, peak.hot, shown)
            return
        dip = peak.degc - degc
        cells = [h for h in self.layout.heads if h.rack == rack and h.head.family is Family.CELL_TEMPERATURE]
        gas = [h for h in self.layout.heads if h.rack == rack and h.physics is Physics.GAS]
        smells = any(self._level(h.index, said) for h in gas)
        if not cells or not 1.0 < dip <= 10.0 or not smells:
            return
        cooled = peak.company - self._company(rack, peak.hot, shown)
        dip -= max(0.0, cooled)
        if not dip > 1.0:
            return
        kept = self.kept[self.layout.rack_zone[rack]][4]
        if kept.weight < 1.5:
            kept.weight, kept.head, kept.value, kept.threshold = 1.5, cells[-1].index, dip, 1.0
            kept.feature = Feature.VENT

    def _cells(self, rack: int) -> list[int]:
        mine = [h for h in self.layout.heads if h.head.family is Family.CELL_TEMPERATURE and not h.on_mqtt]
        return [int(i) for h in mine if h.rack == rack for i in h.points]

    def _company(self, rack: int, hot: int | None, shown: Sequence[float | None]) -> float:
        """Mean of the others of a cell's module."""
        for head in self.layout.heads:
            points = head.points.tolist()
            if head.rack == rack and head.head.family is Family.CELL_TEMPERATURE and not head.on_mqtt and hot in points:
                size = head.head.group or len(points)
                first = points.index(hot) // size * size
                others = [x for i in points[first : first + size] if i != hot and (x := shown[i]) is not None]
                return sum(others) / len(others) if others else math.nan
        return math.nan

    def _judge(self, zone: int, said: Sequence[Said]) -> tuple[int, int]:
        kept = self.kept[zone]
        total = sum((family.weight for family in kept), 0.0)
        level = 2 if total > 4.0 else 1 if total >= 1.0 else 0
        if max(kept[0].firm, kept[3].firm) >= 2.0 and max(kept[1].firm, kept[2].firm) >= 2.0:
            level = 3
        alone = {
            head.index: min(self._level(head.index, said), 2 if head.physics is Physics.GAS else 3)
            for head in self.layout.heads
            if head.zone == zone and head.physics in PHYSICS
        }
        highest = max(alone.values(), default=0)
        if highest <= level:
            return level, -1
        best = -1
        for head_index in (index for index, own in alone.items() if own == highest):
            if best < 0 or said[head_index].weight > said[best].weight:
                best = head_index
        return highest, best


@dataclass
class NaiveLife:
    """One BMS head: whether its witnesses move."""

    last: list[float]
    judged_under_load: bool
    seen: int = -1
    still_ms: int = -1
    load_ms: int = -1
    longest_ms: int = 0
    moves: int = 0
    flat_ms: int = 0

    def advance(self, values: Sequence[float], good: Sequence[bool], sample: int, t_ms: int, *, loaded: bool) -> int:
        """For how long it had stood still when it was found flat; 0: it is not."""
        if sample == self.seen:
            return self.flat_ms
        self.seen = sample
        shown = [i for i, value in enumerate(values) if good[i] and not math.isnan(value)]
        moved = any(values[i] != self.last[i] for i in shown)
        for i in shown:
            self.last[i] = values[i]
        loaded = loaded and self.judged_under_load
        self.load_ms = (t_ms if self.load_ms < 0 else self.load_ms) if loaded else -1
        if moved or not shown or self.still_ms < 0:
            if moved and self.still_ms >= 0:
                self.longest_ms = max(self.longest_ms, t_ms - self.still_ms)
                self.moves = min(self.moves + 1, 100)
            self.still_ms = t_ms if shown else -1
            self.flat_ms = 0
        elif not self.flat_ms:
            still_ms = t_ms - self.still_ms
            if self.moves >= 100 and still_ms >= max(60_000, 10 * self.longest_ms):
                self.flat_ms = still_ms
            elif loaded and t_ms - max(self.still_ms, self.load_ms) >= 60_000:
                self.flat_ms = t_ms - max(self.still_ms, self.load_ms)
        return self.flat_ms
