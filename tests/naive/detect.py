"""The detector's mathematics in plain Python: lists, whole histories, one condition after another. Slow and obvious."""

import math
import statistics
from dataclasses import dataclass, field
from typing import Any

from controller.core.detect.defaults import CAP, COLLAPSE_SHARE, MAX_OPERATING_DEGC, limits_of
from controller.core.events import Feature, Level
from controller.core.image import Image
from controller.core.layout import HeadLayout, Layout
from controller.site.model import Family, Physics
from drivers.points import Quality


class Timer:
    """On after `above` has held for a time, on while it `keeps`."""

    def __init__(self) -> None:
        self.on = False
        self.since: int | None = None

    def tell(self, above: bool, keeps: bool, t_ms: int, hold_ms: int) -> bool:
        if self.on:
            self.on = keeps
            if not keeps:
                self.since = None
        elif above:
            self.since = t_ms if self.since is None else self.since
            self.on = t_ms - self.since >= hold_ms
        else:
            self.since = None
        return self.on


@dataclass
class Point:
    """One value with all that is remembered of it."""

    status: str = "dead"
    raw: float = math.nan
    seen: tuple[int, int] | None = None
    fresh: bool = False
    died_ms: int | None = None
    died_degc: float | None = None
    change_ms: int | None = None
    last_ms: int = -1
    kept_level: int = 0
    kept_runaway: bool = False
    kept: tuple[float, float] = (0.0, 0.0)
    last: float | None = None
    history: list[float] = field(default_factory=list)
    ring: list[tuple[int, float]] = field(default_factory=list)
    timers: dict[str, Timer] = field(default_factory=dict)
    suspect: int = 0
    slope: float = math.nan
    anchor: tuple[int, float] | None = None
    steep: list[tuple[int, int]] = field(default_factory=list)
    collapse_from: float = math.nan
    runaway: bool = False
    evidence: tuple[int, Feature, float, float, float] = (0, Feature.NONE, math.nan, math.nan, math.nan)

    def timer(self, name: str) -> Timer:
        return self.timers.setdefault(name, Timer())

    def forget(self, keep_last: bool = False) -> None:
        self.last = self.last if keep_last else None
        self.history, self.ring, self.timers, self.steep = [], [], {}, []
        self.suspect, self.slope, self.anchor, self.collapse_from, self.runaway = 0, math.nan, None, math.nan, False
        self.evidence = (0, Feature.NONE, *self.evidence[2:])


class NaiveHead:
    """One head and its points."""

    def __init__(self, layout: HeadLayout) -> None:
        self.layout = layout
        self.family = Family(layout.head.family)
        self.limits = limits_of(layout.head)
        self.sign = -1.0 if self.family == Family.CELL_VOLTAGE else 1.0
        self.cap = int(CAP.get(self.family, Level.ALARM))
        self.points = [Point() for _ in layout.points]
        self.reference: NaiveHead | None = None
        self.partner: NaiveHead | None = None
        self.dying: tuple[int, int, int] = (0, 0, 0)
        self.judges_runaway = self.family == Family.CELL_TEMPERATURE and layout.head.group > 0

    def limit(self, name: str, otherwise: float) -> float:
        value = getattr(self.limits, name)
        return otherwise if value is None else float(value)

    def advance(self, image: Image) -> None:
        size = max(self.layout.head.group, 1)
        died = False
        for start in range(0, len(self.points), size):
            module = self.points[start : start + size]
            seen = [p.seen for p in module]
            for number, p in enumerate(module, start):
                died = self._take(p, int(self.layout.points[number]), image) or died
            live = [p.history[-1] for p in module if p.status == "live"]
            middle = statistics.median(live) if len(live) >= 3 and self.layout.head.group else math.nan
            news = any(p.seen != before for p, before in zip(module, seen, strict=True))
            for number, p in enumerate(module, start):
                if p.fresh:
                    self._judge(p, number, middle)
                elif news:
                    self._judge_died_hot(p, number, image.tick_ms)
        if died and self.layout.physics == Physics.BMS:
            self._judge_dying(image.tick_ms)

    def _take(self, p: Point, place: int, image: Image) -> bool:
        sample, quality = int(image.sample[place]), int(image.quality[place])
        value, t_ms = float(image.value[place]), int(image.received_ms[place])
        p.fresh = False
        if p.seen == (sample, quality):
            return False
        new = p.seen is None or p.seen[0] != sample
        p.seen = (sample, quality)
        p.raw = value
        if quality != Quality.GOOD or math.isnan(value):
            return self._die(p, "dead", image.tick_ms, new)
        if not new:
            return False
        if value < self.limit("low", -math.inf) or value > self.limit("high", math.inf):
            return self._die(p, "absurd", image.tick_ms, new)
        if p.last is not None:
            step = value - p.last
            if abs(step) > self.limit("slew", math.inf) * max((t_ms - p.last_ms) * 1e-3, 1.0):
                side = 1 if step > 0 else -1
                if p.suspect != side:
                    p.suspect = side
                    p.status = "stuck" if p.status == "stuck" else "unbelieved"
                    return False
        p.suspect = 0
        if p.change_ms is None or value != p.last:
            p.change_ms = t_ms
        p.last_ms = t_ms
        p.last = value
        p.history.append(value)
        stuck_ms = round(self.limit("stuck_s", 0.0) * 1000)
        if stuck_ms > 0 and t_ms - p.change_ms >= stuck_ms:
            return self._die(p, "stuck", image.tick_ms, new=False)
        p.status = "live"
        p.fresh = True
        return False

    def _die(self, p: Point, status: str, tick_ms: int, new: bool) -> bool:
        died = p.status in {"live", "unbelieved"}
        if died:
            level, _, value, threshold, _ = p.evidence
            rising = any(
                p.timer(name).on or (p.timer(name).since is not None and (p.timer(name).since or 0) < p.last_ms)
                for name in ("rising", "steep")
            )
            if level >= Level.PRE_ALARM or rising:
                kept = max(level, min(int(Level.PRE_ALARM), self.cap))
                if kept > p.kept_level:
                    p.kept_level = kept
                    p.kept = (value, threshold) if level >= Level.PRE_ALARM else (p.slope, self._rate_limit())
                p.kept_runaway = p.kept_runaway or p.runaway
            p.died_ms = tick_ms if new else None
            hot = new and rising and p.last is not None and self.judges_runaway and p.last >= MAX_OPERATING_DEGC
            p.died_degc = p.last if hot else None
        p.status = status
        p.forget(keep_last=status == "stuck")
        return died and new

    def _rate_limit(self) -> float:
        return self.limit("rate_pre_alarm", math.nan)

    def _slope(self, p: Point) -> float:
        if len(p.history) < 3:
            return p.slope
        filtered = statistics.median(p.history[-3:])
        window_ms = round(self.limit("rate_window_s", 0.0) * 1000)
        spacing_ms = window_ms // 14
        p.ring = [(t, v) for t, v in p.ring if p.last_ms - t <= window_ms + spacing_ms]
        slope = math.nan
        if p.ring:
            span_ms = p.last_ms - p.ring[0][0]
            if span_ms > 0 and span_ms * 2 >= window_ms:
                slope = (filtered - p.ring[0][1]) / (span_ms * 1e-3)
        if not p.ring or p.last_ms - p.ring[-1][0] >= spacing_ms:
            p.ring = [*p.ring, (p.last_ms, filtered)][-16:]
        return slope

    def _judge(self, p: Point, number: int, middle: float) -> None:
        collapse = p.timer("collapse")
        if not collapse.on and collapse.since is None:
            p.collapse_from = max((v for _, v in p.ring), default=math.nan)
        p.slope = self._slope(p)
        value = p.history[-1]
        shown = value - self._reference()
        found = [(0, Feature.NONE, shown, math.nan, self.sign * shown)]
        if self.family == Family.CELL_VOLTAGE:
            limit = (1.0 - COLLAPSE_SHARE) * p.collapse_from
            back = (1.0 - COLLAPSE_SHARE + 0.05) * p.collapse_from
            if collapse.tell(value < limit, value < back, p.last_ms, 500):
                found.append((min(2, self.cap), Feature.COLLAPSE, value, limit, limit - value))
        self._thresholds(p, shown, found)
        self._deviation(p, value - middle, found)
        self._rate(p, found)
        if self.judges_runaway:
            self._runaway(p, number, found)
        best = found[0]
        for one in found[1:]:
            if one[0] > best[0]:
                best = one
        p.evidence = best

    def _reference(self) -> float:
        if self.reference is None or self.reference.points[0].status != "live":
            return 0.0
        return min(max(self.reference.points[0].history[-1], 0.0), self.limit("advisory", math.inf))

    def _hold(self, p: Point, name: str, y: float, limit: float, keep: float, allowed: bool = True) -> bool:
        hold_ms = round(self.limit("persistence_s", 0.0) * 1000)
        return p.timer(name).tell(y >= limit and allowed, y >= keep, p.last_ms, hold_ms)

    def _thresholds(self, p: Point, shown: float, found: list[Any]) -> None:
        feature = Feature.HIGH if self.sign > 0 else Feature.LOW
        feature = Feature.ABOVE_REFERENCE if self.reference else feature
        for level, name in ((3, "alarm"), (2, "pre_alarm"), (1, "advisory")):
            limit, y = self.sign * self.limit(name, math.nan), self.sign * shown
            if self._hold(p, name, y, limit, limit - self.limit("hysteresis", 0.0)):
                found.append((min(level, self.cap), feature, shown, self.sign * limit, y - limit))

    def _deviation(self, p: Point, deviation: float, found: list[Any]) -> None:
        feature = Feature.DEVIATION if self.sign > 0 else Feature.SAG
        for level, name in ((2, "deviation_pre_alarm"), (1, "deviation_advisory")):
            limit, y = self.limit(name, math.nan), self.sign * deviation
            if self._hold(p, name, y, limit, limit - self.limit("hysteresis", 0.0)):
                found.append((min(level, self.cap), feature, deviation, self.sign * limit, y - limit))

    def _rate(self, p: Point, found: list[Any]) -> None:
        high = p.history[-1] >= self.limit("rate_floor", -math.inf)
        for level, name, timer in ((3, "rate_alarm", "steep"), (2, "rate_pre_alarm", "rising")):
            limit, y = self.sign * self.limit(name, math.nan), self.sign * p.slope
            if self._hold(p, timer, y, limit, limit * 0.5, high):
                found.append((min(level, self.cap), Feature.RATE, p.slope, self.sign * limit, y - limit))

    def _runaway(self, p: Point, number: int, found: list[Any]) -> None:
        value = p.history[-1]
        if p.anchor is None:
            p.anchor = (p.last_ms, value)
        elif p.last_ms - p.anchor[0] >= 900:
            rate = (value - p.anchor[1]) / ((p.last_ms - p.anchor[0]) * 1e-3)
            p.steep = [*p.steep, (p.anchor[0], p.last_ms)] if rate >= 1.0 else []
            p.anchor = (p.last_ms, value)
        collapsed = self.partner is not None and self.partner.points[number].timer("collapse").on
        steep = len(p.steep) >= 3 and p.last_ms - p.steep[0][0] > 3000
        starts = steep and (value >= MAX_OPERATING_DEGC or collapsed)
        lasts = p.runaway and (bool(p.steep) or value >= MAX_OPERATING_DEGC - self.limit("hysteresis", 0.0))
        p.runaway = starts or lasts
        if p.runaway:
            found.append((3, Feature.RUNAWAY, value, MAX_OPERATING_DEGC, value - MAX_OPERATING_DEGC))

    def _judge_died_hot(self, p: Point, number: int, tick_ms: int) -> None:
        collapsed = self.partner is not None and self.partner.points[number].timer("collapse").on
        if not collapsed or p.kept_runaway or p.died_degc is None or p.died_ms is None:
            return
        if tick_ms - p.died_ms <= 30000:
            p.kept_level, p.kept_runaway, p.kept = 3, True, (p.died_degc, MAX_OPERATING_DEGC)

    def _judge_dying(self, tick_ms: int) -> None:
        dead = [
            (i, p) for i, p in enumerate(self.points)
            if p.status in {"dead", "absurd"} and p.died_ms is not None and tick_ms - p.died_ms <= 60000
        ]  # fmt: skip
        living = any(p.status in {"live", "unbelieved"} for p in self.points)
        level = min(2 if any(p.kept_level >= 2 for _, p in dead) else 1, self.cap)
        if len(dead) >= 3 and living and level > self.dying[0]:
            self.dying = (level, len(dead), max(i for i, p in dead if p.died_ms == tick_ms))

    def reading(self) -> tuple[int, int, int, int, str, float, float]:
        """Level, runaway, fault, image index, feature, value and threshold."""
        level, runaway, number, feature, value, threshold = 0, 0, 0, Feature.NONE, math.nan, math.nan
        candidates = [i for i, p in enumerate(self.points) if p.status in {"live", "unbelieved"} or p.kept_level > 0]
        if candidates:
            number = candidates[0]
            for i in candidates[1:]:
                if self._rank(i)[0] > self._rank(number)[0] or (
                    self._rank(i)[0] == self._rank(number)[0] and self._rank(i)[1] > self._rank(number)[1]
                ):
                    number = i
            p = self.points[number]
            level, feature, value, threshold, _ = p.evidence
            if p.kept_level > level:
                level, feature, (value, threshold) = p.kept_level, Feature.DIED_AFTER_RISE, p.kept
            runaway = int(p.runaway or p.kept_runaway)
        if self.dying[0] > level:
            level, feature, number = self.dying[0], Feature.DYING_TOGETHER, self.dying[2]
            value, threshold = float(self.dying[1]), 3.0
        faulty = [i for i, p in enumerate(self.points) if p.status != "live"]
        whole = all(p.status not in {"live", "unbelieved"} for p in self.points)
        fault = 0 if not faulty else (2 if whole else 1)
        if faulty and level == 0:
            number = faulty[0]
            feature, value, threshold = self._fault(self.points[number])
        return level, runaway, fault, int(self.layout.points[number]), feature, value, threshold

    def _rank(self, number: int) -> tuple[int, float]:
        p = self.points[number]
        return max(p.evidence[0], p.kept_level), p.evidence[4]

    def _fault(self, p: Point) -> tuple[Feature, float, float]:
        low, high = self.limit("low", -math.inf), self.limit("high", math.inf)
        return {
            "dead": (Feature.NO_VALUE, p.raw, math.nan),
            "absurd": (Feature.OUT_OF_RANGE, p.raw, low if p.raw < low else high),
            "stuck": (Feature.STUCK, p.raw, self.limit("stuck_s", 0.0)),
            "unbelieved": (Feature.SLEW, p.raw, self.limit("slew", math.inf)),
        }[p.status]


class NaiveDetector:
    """The twin of `controller.core.detect.detector.Detector`."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.heads = {h.index: NaiveHead(h) for h in layout.heads if h.physics != Physics.WIRED}
        for head in self.heads.values():
            self._connect(head)
        order = {Family.CELL_VOLTAGE: 0, Family.CELL_TEMPERATURE: 1}
        self.order = sorted(
            self.heads.values(), key=lambda h: (order.get(h.family, 2), not h.layout.head.reference, h.layout.index)
        )

    def _connect(self, head: NaiveHead) -> None:
        mine = head.layout
        for other in self.heads.values():
            its = other.layout
            if its.head.reference and not mine.head.reference and (other.family, its.zone) == (head.family, mine.zone):
                head.reference = head.reference or other
            same = (its.rack, its.device, len(its.points)) == (mine.rack, mine.device, len(mine.points))
            if head.family == Family.CELL_TEMPERATURE and other.family == Family.CELL_VOLTAGE and same:
                head.partner = other

    def advance(self, image: Image) -> dict[int, tuple[int, int, int, int, str, float, float]]:
        """Readings by head index."""
        for head in self.order:
            head.advance(image)
        return {index: head.reading() for index, head in self.heads.items()}

    def racks(self) -> list[tuple[float, float, float]]:
        """Hottest cell, its slope and live share of every rack."""
        found = []
        for rack in range(len(self.layout.racks)):
            heads = [h for h in self.heads.values() if h.family == Family.CELL_TEMPERATURE and h.layout.rack == rack]
            points = [p for h in heads for p in h.points]
            live = [p for p in points if p.status == "live"]
            hottest = max(live, key=lambda p: p.history[-1], default=None)
            hot = (hottest.history[-1], hottest.slope) if hottest else (math.nan, math.nan)
            found.append((*hot, len(live) / len(points) if points else 0.0))
        return found
