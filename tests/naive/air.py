"""The air banks' mathematics in plain Python: one object a point, one condition after another. Memory is rounded to floats, as theirs is."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from controller.core.detect.defaults import CAP, limits_of
from controller.core.events import Feature, Level
from controller.core.image import Image
from controller.core.layout import HeadLayout, Layout
from controller.site.model import Family
from drivers.points import Quality
from tests.naive.timer import Timer

ROOM = (Family.HEAT, Family.CLIMATE_TEMPERATURE, Family.CLIMATE_HUMIDITY)
GAS = (Family.H2, Family.CO, Family.VOC)
Reading = tuple[int, int, int, str, float, float, float, int]
"""Level, fault, image index, feature, value, threshold, weight, marks."""


def f32(number: float) -> float:
    """The float nearest to it."""
    with np.errstate(over="ignore"):
        return float(np.float32(number))


@dataclass
class AirPoint:
    """One value with all that is remembered of it."""

    status: str = "dead"
    raw: float = math.nan
    seen: tuple[int, int] | None = None
    fresh: bool = False
    last: float | None = None
    last_ms: int = -1
    step_ms: int = 0
    change_ms: int | None = None
    suspect: int = 0
    history: list[float] = field(default_factory=list)
    ring: list[tuple[int, float]] = field(default_factory=list)
    slope: float = math.nan
    timers: dict[str, Timer] = field(default_factory=dict)
    evidence: tuple[int, Feature, float, float, float] = (0, Feature.NONE, math.nan, math.nan, math.nan)
    weight: float = 0.0
    kept: tuple[int, float, float] = (0, 0.0, 0.0)
    kept_fire_2: bool = False
    fire_2: bool = False
    drifted: bool = False
    masked: bool = False
    base: float | None = None
    up: float = 0.0
    rise: float = 0.0
    ratio: float = 0.0
    means: list[float] = field(default_factory=lambda: [0.0] * 3)
    spreads: list[float] = field(default_factory=lambda: [0.0] * 3)

    def timer(self, name: str) -> Timer:
        return self.timers.setdefault(name, Timer())

    def forget(self, keep_last: bool) -> None:
        self.last = self.last if keep_last else None
        self.history, self.ring, self.timers = [], [], {}
        self.suspect, self.slope = 0, math.nan
        self.up, self.rise, self.ratio, self.means, self.spreads = 0.0, 0.0, 0.0, [0.0] * 3, [0.0] * 3
        self.say_nothing()

    def say_nothing(self) -> None:
        self.weight, self.fire_2, self.drifted = 0.0, False, False
        self.evidence = (0, Feature.NONE, *self.evidence[2:4], self.evidence[4])


class AirHead:
    """One head and its points: validity, thresholds, rate."""

    def __init__(self, layout: HeadLayout) -> None:
        self.layout = layout
        self.family = Family(layout.head.family)
        self.limits = limits_of(layout.head)
        self.cap = int(CAP.get(self.family, Level.ALARM))
        self.points = [AirPoint() for _ in layout.points]
        self.reference: AirHead | None = None

    def limit(self, name: str, otherwise: float = math.nan) -> float:
        value = getattr(self.limits, name)
        return otherwise if value is None else f32(value)

    def ms(self, name: str) -> int:
        value = getattr(self.limits, name)
        return 0 if value is None else round(value * 1000)

    def take(self, image: Image) -> bool:
        news = False
        for p, place in zip(self.points, map(int, self.layout.points), strict=True):
            sample, quality = int(image.sample[place]), int(image.quality[place])
            p.fresh = False
            if p.seen != (sample, quality):
                new = p.seen is None or p.seen[0] != sample
                p.seen, news = (sample, quality), True
                self._take(p, f32(float(image.value[place])), quality, int(image.received_ms[place]), new)
        return news

    def _take(self, p: AirPoint, value: float, quality: int, t_ms: int, new: bool) -> None:
        p.raw = value
        if p.masked:
            return self._die(p, "masked")
        if quality != Quality.GOOD or math.isnan(value):
            return self._die(p, "dead")
        if not new:
            return None
        if value < self.limit("low", -math.inf) or value > self.limit("high", math.inf):
            return self._die(p, "absurd")
        self._resume(p, t_ms)
        if p.last is not None:
            step = value - p.last
            if abs(step) > self.limit("slew", math.inf) * max((t_ms - p.last_ms) * 1e-3, 1.0):
                side = 1 if step > 0 else -1
                if p.suspect != side:
                    p.suspect = side
                    p.status = "stuck" if p.status == "stuck" else "unbelieved"
                    return None
        value += 0.0  # no negative zero
        p.suspect = 0
        if p.change_ms is None or value != p.last:
            p.change_ms = t_ms
        p.step_ms = 0 if p.last is None else t_ms - p.last_ms
        p.last_ms, p.last = t_ms, value
        if 0 < self.ms("stuck_s") <= t_ms - p.change_ms:
            return self._die(p, "stuck")
        p.status, p.fresh = "live", True
        return None

    def _die(self, p: AirPoint, status: str) -> None:
        if p.status in {"live", "unbelieved"}:
            level, _, value, threshold, _ = p.evidence
            rising = any(
                p.timer(name).on or (p.timer(name).since is not None and (p.timer(name).since or 0) < p.last_ms)
                for name in ("rising", "steep")
            )
            if level >= Level.PRE_ALARM or rising:
                p.kept_fire_2 = p.kept_fire_2 or p.fire_2
                kept = max(level, min(int(Level.PRE_ALARM), self.cap))
                if kept > p.kept[0]:
                    high = level >= Level.PRE_ALARM
                    p.kept = (kept, value, threshold) if high else (kept, p.slope, self.limit("rate_pre_alarm"))
        p.status = status
        if status in {"dead", "absurd"}:
            p.say_nothing()
        else:
            p.forget(keep_last=status == "stuck")

    def _resume(self, p: AirPoint, t_ms: int) -> None:
        gap_ms = t_ms - p.last_ms
        if p.status not in {"dead", "absurd"}:
            return
        if gap_ms > max(30_000, 3 * self.ms("persistence_s")):
            p.forget(keep_last=False)
        elif gap_ms > max(p.step_ms, 0):
            for timer in p.timers.values():
                if timer.since is not None:
                    timer.since += gap_ms - max(p.step_ms, 0)

    def remember(self, p: AirPoint) -> None:
        assert p.last is not None
        p.history.append(p.last)
        if len(p.history) >= 3:
            value = statistics.median(p.history[-3:])
            window_ms = self.ms("rate_window_s")
            spacing_ms = window_ms // 14
            p.ring = [(t, v) for t, v in p.ring if p.last_ms - t <= window_ms + spacing_ms]
            p.slope = math.nan
            if p.ring:
                span_ms = p.last_ms - p.ring[0][0]
                if span_ms > 0 and span_ms * 2 >= window_ms:
                    p.slope = f32((value - p.ring[0][1]) / (span_ms * 1e-3))
            if not p.ring or p.last_ms - p.ring[-1][0] >= spacing_ms:
                p.ring = [*p.ring, (p.last_ms, value)][-16:]

    def begin(self, p: AirPoint, shown: float) -> None:
        p.evidence = (0, Feature.NONE, f32(shown), math.nan, f32(shown))
        p.weight, p.fire_2 = 0.0, False

    def find(self, p: AirPoint, level: int, feature: Feature, value: float, limit: float) -> None:
        """Take a level with its evidence, if it is higher than what the point has."""
        level = min(level, self.cap)
        if level > p.evidence[0]:
            p.evidence = (level, feature, f32(value), f32(limit), f32(value - limit))

    def pass_threshold(
        self, p: AirPoint, y: float, name: str, level: int, feature: Feature, share: float, hold_ms: int
    ) -> bool:
        limit = share * self.limit(name)
        passed = p.timer(name).tell(y >= limit, y >= limit - self.limit("hysteresis", 0.0), p.last_ms, hold_ms)
        if passed:
            self.find(p, level, feature, y, limit)
        return passed

    def judge_levels(self, p: AirPoint, y: float, feature: Feature, share: float, hold_ms: int) -> None:
        for level, name in ((3, "alarm"), (2, "pre_alarm"), (1, "advisory")):
            self.pass_threshold(p, y, name, level, feature, share, hold_ms)

    def judge_rate(self, p: AirPoint) -> None:
        high = p.last is not None and p.last >= self.limit("rate_floor", -math.inf)
        for level, name, timer in ((3, "rate_alarm", "steep"), (2, "rate_pre_alarm", "rising")):
            limit = self.limit(name)
            if p.timer(timer).tell(
                p.slope >= limit and high, p.slope >= limit * 0.5, p.last_ms, self.ms("persistence_s")
            ):
                self.find(p, level, Feature.RATE, p.slope, limit)

    def reading(self) -> Reading:
        living = {"live", "unbelieved"}
        best: AirPoint | None = None
        for p in self.points:
            if p.status in living or p.kept[0] > 0:
                mine, its = self._rank(p), self._rank(best) if best else (-1, 0.0)
                if mine[0] > its[0] or (mine[0] == its[0] and mine[1] > its[1]):
                    best = p
        level, feature, value, threshold, weight, shown = 0, Feature.NONE, math.nan, math.nan, 0.0, self.points[0]
        if best is not None:
            shown, (level, feature, value, threshold, _), weight = best, best.evidence, best.weight
            if best.kept[0] > level:
                level, value, threshold = best.kept
                feature, weight = Feature.DIED_AFTER_RISE, float(level)
        faulty = [p for p in self.points if p.status != "live"]
        dead = sum(p.status not in living for p in self.points)
        fault = 0 if not faulty else (2 if dead == len(self.points) else 1)
        if faulty and level == 0:
            shown = faulty[0]
            feature, value, threshold = self._fault(shown)
        marks = int(any(p.fire_2 or p.kept_fire_2 for p in self.points)) | 2 * int(any(p.drifted for p in self.points))
        place = int(self.layout.points[next(i for i, p in enumerate(self.points) if p is shown)])
        return level, fault, place, feature, value, threshold, weight, marks

    def _rank(self, p: AirPoint) -> tuple[int, float]:
        return max(p.evidence[0], p.kept[0]), p.evidence[4]

    def _fault(self, p: AirPoint) -> tuple[Feature, float, float]:
        low, high = self.limit("low", -math.inf), self.limit("high", math.inf)
        return {
            "dead": (Feature.NO_VALUE, p.raw, math.nan),
            "masked": (Feature.NOT_BELIEVED, p.raw, math.nan),
            "absurd": (Feature.OUT_OF_RANGE, p.raw, low if p.raw < low else high),
            "stuck": (Feature.STUCK, p.raw, self.ms("stuck_s") * 1e-3),
            "unbelieved": (Feature.SLEW, p.raw, self.limit("slew", math.inf)),
        }[p.status]


def _take_all(heads: Sequence[AirHead], image: Image) -> bool:
    """Every head takes the image in; whether any had news."""
    return sum(head.take(image) for head in heads) > 0


class AirTwin:
    """The twin of the room and smoke banks; `GasTwin` of the gas bank. `zones`: where agent has been let go."""

    def __init__(self, layout: Layout, night: int) -> None:
        from tests.naive.gas import GasTwin  # here: it builds on what stands above

        self.heads = {h.index: AirHead(h) for h in layout.heads if h.head.family in (*ROOM, *GAS, Family.SMOKE)}
        ordered = sorted(self.heads.values(), key=lambda head: not head.layout.head.reference)
        self.room = [head for head in ordered if head.family in ROOM]
        self.smoke = [head for head in ordered if head.family is Family.SMOKE]
        self.gas = GasTwin([head for head in ordered if head.family in GAS])
        self.humid = [False] * len(layout.zones)
        self.night = night
        for head in self.smoke:
            for p in head.points:
                p.base = 0.0

    def agent_in(self, zones: Sequence[bool]) -> None:
        for head in self.gas.heads:
            for p in head.points:
                masked = zones[head.layout.zone] and head.layout.head.principle == "catalytic"
                if p.masked != masked:
                    p.masked, p.seen = masked, (p.seen[0], 255) if p.seen else None

    def advance(self, image: Image) -> dict[int, Reading]:
        """Readings by head index."""
        night = len(image.host) > self.night and bool(image.host[self.night])
        if _take_all(self.room, image):
            self._judge_room()
        if _take_all(self.smoke, image):
            for head in self.smoke:
                for p in head.points:
                    if p.fresh:
                        self._judge_smoke(head, p, head.limit("night_share", 1.0) if night else 1.0)
        if _take_all(self.gas.heads, image):
            self.gas.judge(self.humid)
        return {index: head.reading() for index, head in self.heads.items()}

    def _judge_room(self) -> None:
        for head in self.room:
            for p in head.points:
                if p.fresh and p.last is not None:
                    head.remember(p)
                    head.begin(p, p.last)
                    head.judge_levels(p, p.last, Feature.HIGH, 1.0, head.ms("persistence_s"))
                    head.judge_rate(p)
                    p.weight = float(p.evidence[0])
                    if head.family is Family.CLIMATE_HUMIDITY:
                        self._follow_humidity(p)
        for zone in range(len(self.humid)):
            above = [
                p.up - (p.base or 0.0)
                for head in self.room
                if head.layout.zone == zone and head.family is Family.CLIMATE_HUMIDITY
                for p in head.points
                if p.status == "live"
            ]
            self.humid[zone] = bool(above) and sum(above) >= 2.0 * len(above)

    def _follow_humidity(self, p: AirPoint) -> None:
        assert p.last is not None
        p.base = p.last if p.base is None else p.base
        if p.step_ms <= 0:
            p.up = p.last
            return
        dt_s = p.step_ms * 1e-3
        p.up = f32(p.up + (p.last - p.up) * (dt_s / (dt_s + 30.0)))
        p.base = f32(p.base + (p.last - p.base) * (dt_s / (dt_s + 3600.0)))

    def _judge_smoke(self, head: AirHead, p: AirPoint, share: float) -> None:
        assert p.last is not None
        assert p.base is not None
        head.remember(p)
        limit = head.limit("drift_limit", 0.0)
        y = p.last - max(-limit, min(limit, p.base))
        hold_ms = head.ms("persistence_s")
        if p.slope >= head.limit("fast_rise", math.inf):
            hold_ms = min(hold_ms, 2000)
        head.begin(p, y)
        p.fire_2 = head.pass_threshold(p, y, "fire_2", 3, Feature.FIRE_2, 1.0, hold_ms)
        head.judge_levels(p, y, Feature.HIGH, share, hold_ms)
        head.judge_rate(p)
        p.weight = float(p.evidence[0])
        if self.humid[head.layout.zone] and not p.fire_2:
            p.weight = min(p.weight, 1.0)
        waiting = any(p.timer(name).since is not None for name in ("advisory", "pre_alarm", "alarm", "fire_2"))
        base = p.base
        if p.evidence[0] == 0 and not waiting and abs(p.last - base) < 0.5 * head.limit("advisory"):
            dt_s = max(p.step_ms * 1e-3, 0.0)
            base = max(
                -limit, min(limit, base + (p.last - base) * (dt_s / (dt_s + head.limit("base_tau_s", math.inf))))
            )
            p.base = f32(base)
        p.drifted = abs(base) >= limit or (p.drifted and abs(base) >= 0.8 * limit)
