"""The mathematics of the banks of cells in plain Python: one object a point, one condition after another. Slow and obvious.

Numbers that the kernels hold in float32 are numpy float32 scalars here, with the same operations in the same order, so that the
results can be compared bit for bit. Medians, ages, timers and deaths are told in another way than the kernels do.
"""

import math
import statistics
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from controller.core.detect.defaults import CAP, COLLAPSE_SHARE, MAX_OPERATING_DEGC, limits_of
from controller.core.events import Feature, Level
from controller.core.image import Image
from controller.core.layout import HeadLayout, Layout
from controller.site.model import Family
from drivers.points import Quality
from tests.naive.timer import Timer

F = np.float32
Reading = tuple[int, int, int, int, str, float, float, float]
"""Level, runaway, fault, image index, feature, value, threshold and weight."""
Found = tuple[int, Feature, float, float, float, float]
"""Level, feature, value, threshold, score and weight."""


@dataclass
class Slope:
    """Level and trend of one horizon."""

    tau_ms: Any
    level: Any = None
    trend: Any = field(default_factory=lambda: F(0))

    def tell(self, y: Any, dt: Any, clip: Any) -> None:
        if self.level is None:
            self.level, self.trend = y, F(0)
            return
        a = dt / (self.tau_ms + dt)
        most = clip + F(2) * abs(self.trend)
        e = a * min(max(y - self.level, -most), most)
        self.level = self.level + e
        self.trend = (F(1) - a) * (self.trend + e)


@dataclass(frozen=True)
class Step:
    """A rise of one sample, to the dangerous side: when, from where, to where."""

    ms: int
    start: float
    end: float

    @property
    def middle(self) -> float:
        return self.end - 0.5 * (self.end - self.start)


@dataclass
class Point:
    """One value with all that is remembered of it."""

    slopes: list[Slope]
    status: str = "dead"
    raw: float = math.nan
    seen: tuple[int, int] | None = None
    news: bool = False
    fresh: bool = False
    last: Any = None
    history: list[Any] = field(default_factory=list)
    last_ms: int = 0
    dt: Any = field(default_factory=lambda: F(0))
    still_ms: Any = field(default_factory=lambda: F(0))
    still_middle: Any = field(default_factory=lambda: F(math.nan))
    module_moved: bool = False
    run_ms: Any = field(default_factory=lambda: F(0))
    age_ms: Any = field(default_factory=lambda: F(0))
    bias: Any = field(default_factory=lambda: F(0))
    spread: Any = field(default_factory=lambda: F(0))
    up: Any = field(default_factory=lambda: F(0))
    down: Any = field(default_factory=lambda: F(0))
    anchor: Any = None
    anchor_ms: Any = field(default_factory=lambda: F(0))
    steep: list[Any] = field(default_factory=list)
    peaks: tuple[Any, Any] = (math.nan, math.nan)
    peak_ms: Any = field(default_factory=lambda: F(0))
    timers: dict[str, Timer] = field(default_factory=dict)
    collapse_from: float = math.nan
    suspect: int = 0
    drift: bool = False
    top: float = math.nan
    runaway: bool = False
    evidence: Found | None = None
    weight: float = 0.0
    step: Step | None = None
    believed: Step | None = None
    creeps: tuple[bool, bool] = (False, False)
    died_ms: int | None = None
    doubted: bool = False
    spoilt: int = 0
    died_degc: float | None = None
    kept_level: int = 0
    kept_runaway: bool = False
    kept: tuple[float, float] = (0.0, 0.0)

    def timer(self, name: str) -> Timer:
        return self.timers.setdefault(name, Timer())

    @property
    def level(self) -> int:
        return self.evidence[0] if self.evidence else 0

    def forget(self, keep_last: bool) -> None:
        self.last = self.last if keep_last else None
        self.timers, self.up, self.down = {}, F(0), F(0)
        self.step, self.believed, self.creeps = None, None, (False, False)
        self.forget_rates()
        self.collapse_from, self.top, self.suspect, self.weight = math.nan, math.nan, 0, 0.0
        self.drift, self.runaway, self.evidence = False, False, None

    def forget_rates(self) -> None:
        self.history, self.steep, self.anchor, self.anchor_ms = [], [], None, F(0)
        self.slopes = [Slope(slope.tau_ms) for slope in self.slopes]
        self.run_ms, self.peaks, self.peak_ms = F(0), (math.nan, F(0)), F(0)

    def speaks(self, t_ms: int) -> bool:
        burnt = self.died_ms is not None and t_ms - self.died_ms <= 60000 and self.spoilt <= 60
        return (self.level > 0 and self.weight > 0.0) or self.kept_level > 0 or burnt


class NaiveHead:
    """One head of cells and its points."""

    def __init__(self, layout: HeadLayout) -> None:
        self.layout = layout
        self.family = Family(layout.head.family)
        self.limits = limits_of(layout.head)
        self.sign = -1.0 if self.family == Family.CELL_VOLTAGE else 1.0
        self.cap = int(CAP.get(self.family, Level.ALARM))
        self.group = layout.head.group
        self.judges_runaway = self.family == Family.CELL_TEMPERATURE and self.group > 0
        self.tau_s = self.limit("rate_window_s", 0.0) / 3.0
        taus = (F(self.tau_s * 1e3), F(60e3), F(600e3))
        self.points = [Point([Slope(tau) for tau in taus]) for _ in layout.points]
        self.extremes = self.group == 0 and layout.rack >= 0 and len(layout.points) == 3
        self.compares = self.group > 0 or self.extremes
        size = 3 if self.extremes else max(self.group, 1)
        self.modules = [self.points[i : i + size] for i in range(0, len(self.points), size)]
        self.balances = [Balance(self) for _ in self.modules]
        self.partner: NaiveHead | None = None
        self.dying: tuple[int, int, int] = (0, 0, 0)
        self.news = [False for _ in self.modules]
        self.died = False

    def limit(self, name: str, otherwise: float) -> float:
        value = getattr(self.limits, name)
        return otherwise if value is None else float(value)

    def take(self, image: Image) -> None:
        """Take in an image."""
        died = [self._take(p, int(self.layout.points[number]), image) for number, p in enumerate(self.points)]
        self.news = [any(p.news for p in module) for module in self.modules]
        self.died = any(died)

    def _take(self, p: Point, place: int, image: Image) -> bool:
        sample, quality = int(image.sample[place]), int(image.quality[place])
        raw, t_ms = float(image.value[place]), int(image.received_ms[place])
        p.fresh = False
        p.news = p.seen != (sample, quality)
        if not p.news:
            return False
        new = p.seen is None or p.seen[0] != sample
        p.seen = (sample, quality)
        if quality != Quality.GOOD or math.isnan(raw):
            p.raw = raw
            says_so = new and quality in {Quality.GOOD, Quality.BAD}
            return self._no_value(p, t_ms, image.tick_ms, says_so=says_so)
        return new and self._take_number(p, raw, t_ms, image.tick_ms)

    def _no_value(self, p: Point, t_ms: int, tick_ms: int, *, says_so: bool) -> bool:
        """A sensor is dead if its device says so, twice after a loss; otherwise its link or device is lost."""
        if says_so and _is_lost(p) and not p.doubted:
            p.doubted = True
            return False
        if says_so:
            return self._die(p, "dead", t_ms, tick_ms, new=True)
        if p.status in {"live", "unbelieved", "stuck"}:
            p.died_ms, p.doubted = None, False
        p.status = "dead"
        return False

    def _is_too_long(self, dt: Any) -> bool:
        return bool(dt > max(30000, 3 * round(self.limit("persistence_s", 0.0) * 1000)))

    def _take_number(self, p: Point, raw: float, t_ms: int, tick_ms: int) -> bool:
        with np.errstate(over="ignore"):
            x = F(raw)
        if not F(self.limit("low", -math.inf)) <= x <= F(self.limit("high", math.inf)):
            p.raw = raw
            return self._die(p, "absurd", t_ms, tick_ms, new=True)
        dt, dead = _since(p, t_ms), p.status in {"dead", "absurd"}
        if dead and p.died_ms is not None and self._is_too_long(dt):
            p.forget(keep_last=False)
            dt = F(0)
        if p.last is not None and self._jumps(p, x, dt):
            side = 1 if x > p.last else -1
            if p.suspect != side:
                p.raw = raw
                p.suspect = side
                p.status = "stuck" if p.status == "stuck" else "unbelieved"
                return False
        p.suspect = 0
        p.died_ms, p.doubted = None, False
        if dead and p.last is not None and dt > 2 * round(self.limit("rate_window_s", 0.0) * 500.0):
            p.forget_rates()
            p.still_middle, p.last, dt = F(math.nan), None, F(0)
        p.still_ms = p.still_ms + dt if p.last is not None and x == p.last else F(0)
        stuck_ms = round(self.limit("stuck_s", 0.0) * 1000)
        p.last_ms, p.dt, p.last = t_ms, dt, x
        calm = not np.isnan(p.still_middle) and not p.module_moved
        if 0 < stuck_ms <= p.still_ms and not calm:
            p.raw = raw
            return self._die(p, "stuck", t_ms, tick_ms, new=False)
        p.status, p.fresh = "live", True
        return False

    def _jumps(self, p: Point, x: Any, dt: Any) -> bool:
        if p.status == "live":  # looked at in float32 first
            plainly = abs(x - p.last) > F(self.limit("slew", math.inf) * 1e-3) * max(dt, F(1000))
            return bool(plainly) and self._jumps_far(p, x, dt)
        return self._jumps_far(p, x, dt)

    def _jumps_far(self, p: Point, x: Any, dt: Any) -> bool:
        return abs(float(x - p.last)) > self.limit("slew", math.inf) * max(float(dt) * 1e-3, 1.0)

    def _die(self, p: Point, status: str, t_ms: int, tick_ms: int, new: bool) -> bool:
        died = p.status in {"live", "unbelieved"} or _is_lost(p)
        if died:
            rising = any(
                p.timer(name).on or (p.timer(name).since is not None and (p.timer(name).since or 0) < p.last_ms)
                for name in ("rising", "steep")
            )
            last = math.nan if p.last is None else float(p.last)
            surged = (
                new
                and not rising
                and bool(p.steep)
                and (len(p.steep) + (p.suspect > 0) >= 2 or sum(p.steep, F(0)) > 3000)
            )
            kept = p.level if new else 0
            shown = p.evidence[2:4] if p.evidence else (math.nan, math.nan)
            if p.level >= Level.PRE_ALARM:
                kept = p.level
            elif rising or surged:
                kept = max(p.level, min(1 if p.step else 2, self.cap))
                shown = (last, self.limit("pre_alarm", math.nan))
                if rising:
                    shown = (self._slope(p), self._limit_of_rate())
            if kept > p.kept_level:
                p.kept_level, p.kept = kept, (shown[0], shown[1])
            if kept:
                p.kept_runaway = p.kept_runaway or p.runaway
            p.died_ms = tick_ms if new else None
            hot = new and (rising or surged)
            p.died_degc = last if hot and self.judges_runaway and last >= MAX_OPERATING_DEGC else None
            p.spoilt = min(p.spoilt + 30, 120) if new else p.spoilt
        if "stuck" in {status, p.status} or self._is_too_long(_since(p, t_ms)):
            p.forget(keep_last=status == "stuck")
        p.weight, p.runaway, p.evidence = 0.0, False, None
        p.status = status
        return died and new

    def _limit_of_rate(self) -> float:
        return self.limit("rate_pre_alarm", math.nan)

    def _slope(self, p: Point) -> float:
        known = p.run_ms >= round(self.limit("rate_window_s", 0.0) * 500.0)
        return float(p.slopes[0].trend) / self.tau_s if known else math.nan

    def judge(self, number: int, image: Image) -> None:
        """Judge the fresh points of a module."""
        module, balance = self.modules[number], self.balances[number]
        live = [p.last for p in module if p.status == "live"]
        middle = _median(live) if self.compares and len(live) >= 3 else F(math.nan)
        load = abs(middle - balance.rest) if self.sign < 0 and not np.isnan(middle - balance.rest) else F(0)
        filtered = F(math.nan)
        for place, p in enumerate(module, number * len(module)):
            if p.fresh:
                p.spoilt = max(p.spoilt - 1, 0)
                filtered = self._follow(p)
                self._compare(p, middle, load)
                self._judge(p, place, middle, load, filtered)
            elif self.news[number]:
                self._judge_died_hot(p, place, image.tick_ms)
        if self.compares:
            balance.middle = middle
        elif not np.isnan(filtered):
            balance.middle = filtered

    def go_on(self, number: int, dt: Any) -> None:
        """Heat balance and longer horizons of a module, `dt` ms after the time before."""
        if self.sign < 0:
            self.balances[number].settle(dt)
            return
        self.balances[number].go_on(dt)
        if not self.compares:
            self.balances[number].middle = F(math.nan)
        for p in self.modules[number]:
            if p.status == "live" and p.slopes[0].level is not None:
                for slope in p.slopes[1:]:
                    slope.tell(p.slopes[0].level, dt, F(self.limit("slope_clip", math.inf)))

    def _follow(self, p: Point) -> Any:
        filtered = sorted([*p.history[-2:], p.last])[1] if len(p.history) >= 2 else F(math.nan)
        p.history = [*p.history[-1:], p.last]
        p.run_ms = p.run_ms + p.dt
        if not np.isnan(filtered):
            p.slopes[0].tell(filtered, p.dt, F(self.limit("slope_clip", math.inf)))
        if self.family == Family.CELL_VOLTAGE:
            self._peak(p, filtered)
        else:
            _steepen(p)
        return filtered

    def _peak(self, p: Point, filtered: Any) -> None:
        if np.isnan(filtered):
            return
        ms = p.peak_ms + p.dt
        now, before = p.peaks
        if ms >= F(self.limit("rate_window_s", 0.0) * 1e3):
            p.peaks, p.peak_ms = (filtered, now), F(0)
        else:
            # The second is taken where the first is no number.
            p.peaks, p.peak_ms = (max(filtered, now), before), ms

    def _compare(self, p: Point, middle: Any, load: Any) -> None:
        if p.still_ms == 0 or np.isnan(p.still_middle):
            p.still_middle, p.module_moved = middle, False
        elif abs(middle - p.still_middle) >= F(max(0.5 * self.limit("suspicious", math.inf), 2.0 * self._step())):
            p.module_moved = True
        apart = p.last - middle
        r = apart - p.bias
        if np.isnan(r):
            return
        tau_ms = F(self.limit("bias_tau_s", math.inf) * 1e3)
        memory = min(p.age_ms, tau_ms)
        floor = self.limit("spread_floor", math.inf)
        scale = max(F(1.2533141) * p.spread, F(floor), F(0.15) * load)
        allowed = max(F(1.25 * self._step()) - F(self.limit("cusum_slack", math.inf)) * scale, F(0))
        z = np.copysign(max(abs(r) - allowed, F(0)), r) / scale
        habit = p.age_ms < F(60e3) and abs(apart) < F(self.limit("deviation_advisory", math.inf))
        if F(0.15) * load <= F(floor) and (abs(r) <= F(self.limit("suspicious", math.inf)) or habit):
            a = p.dt / (memory + p.dt + F(1))
            p.bias = p.bias + a * r
            p.spread = p.spread + a * (min(abs(r), F(3) * scale) - p.spread)
        p.age_ms = memory + p.dt
        slack, cap = F(self.limit("cusum_slack", math.inf)), F(2) * F(self.limit("cusum_limit", math.inf))
        z = min(max(z, F(-4)), F(4))
        share = min(p.dt * F(1e-3), F(1)) if p.age_ms > F(60e3) else F(0)
        p.up = _within(p.up + share * (z - slack), cap)
        p.down = _within(p.down + share * (-z - slack), cap)

    def _step(self) -> float:
        return self.limit("resolution", 0.0)

    def _judge(self, p: Point, number: int, middle: Any, load: Any, filtered: Any) -> None:
        x = float(p.last)
        found: list[Found] = []
        lone = self._is_lone(p, number)
        if self.family == Family.CELL_VOLTAGE:
            self._collapse(p, x, found)
        self._thresholds(p, x, found)
        self._deviation(p, float(p.last - middle), float(F(0.15) * load), found)
        self._rate(p, x, found)
        self._drift(p, found)
        self._creep(p, found)
        if self.family == Family.CELL_TEMPERATURE and self.limits.dip is not None:
            self._dip(p, float(p.last - middle - p.bias), float(filtered), found)
        if self.judges_runaway:
            self._runaway(p, number, x, lone, found)
        p.evidence, p.weight = None, 0.0
        for one in found:
            p.weight = max(p.weight, min(one[5], 3.0))
            if one[0] > p.level:
                p.evidence = one
        if lone and p.evidence and not p.runaway:
            p.weight = min(p.weight, 1.0)
            p.evidence = (1, *p.evidence[1:])

    def _is_lone(self, p: Point, number: int) -> bool:
        """Whether a point stands where one sample took it, and nothing agrees."""
        x = self.sign * float(p.last)
        before = self.sign * float(p.history[0]) if len(p.history) > 1 else math.nan
        if p.believed and (x < p.believed.middle or before < p.believed.middle):
            p.believed = None
        if p.believed:
            return False
        if p.step is None:
            if not x - before >= (0.1 if self.sign < 0 else 5.0):
                return False
            p.step = Step(p.last_ms, before, x)
        elif x < p.step.middle:
            p.step = None
            return False
        elif x - p.step.end >= 0.25 * (p.step.end - p.step.start) or p.last_ms - p.step.ms >= 30000:
            p.step, p.believed = None, p.step
        if p.step and self._has_company(p, number):
            p.step, p.believed = None, p.step
        return p.step is not None

    def _has_company(self, p: Point, number: int) -> bool:
        if self.partner is not None:
            other = self.partner.points[number]
            timer = other.timer("surge" if self.partner.judges_runaway else "collapse")
            if other.speaks(p.last_ms) or timer.on or timer.since is not None:
                return True
        if self.extremes:
            return False
        return any(other.speaks(p.last_ms) for other in self.modules[number // max(self.group, 1)] if other is not p)

    def _collapse(self, p: Point, x: float, found: list[Found]) -> None:
        timer = p.timer("collapse")
        if not timer.on and timer.since is None:
            now, before = float(p.peaks[0]), float(p.peaks[1])
            p.collapse_from = max(now, before)
        limit = (1.0 - COLLAPSE_SHARE) * p.collapse_from
        back = (1.0 - COLLAPSE_SHARE + 0.05) * p.collapse_from
        if timer.tell(x < limit, x < back, p.last_ms, 500):
            level = min(2, self.cap)
            found.append((level, Feature.COLLAPSE, x, limit, limit - x, float(level)))

    def _one(
        self, p: Point, name: str, y: float, limit: float, back: float, level: int, feature: Feature, found: list[Found],
        allowed: bool = True,
    ) -> None:  # fmt: skip
        hold_ms = round(self.limit("persistence_s", 0.0) * 1000)
        if p.timer(name).tell(y >= limit and allowed, y >= back, p.last_ms, hold_ms):
            reached = min(level, self.cap)
            found.append((reached, feature, y * self.sign, limit * self.sign, y - limit, float(reached)))

    def _thresholds(self, p: Point, x: float, found: list[Found]) -> None:
        feature = Feature.HIGH if self.sign > 0 else Feature.LOW
        for level, name in ((3, "alarm"), (2, "pre_alarm"), (1, "advisory")):
            limit = self.sign * self.limit(name, math.nan)
            self._one(p, name, self.sign * x, limit, limit - self.limit("hysteresis", 0.0), level, feature, found)

    def _deviation(self, p: Point, apart: float, load: float, found: list[Found]) -> None:
        feature = Feature.DEVIATION if self.sign > 0 else Feature.SAG
        for level, name in ((2, "deviation_pre_alarm"), (1, "deviation_advisory")):
            limit = self.limit(name, math.nan) + (load if level == 1 else 0.0)
            self._one(p, name, self.sign * apart, limit, limit - self.limit("hysteresis", 0.0), level, feature, found)

    def _rate(self, p: Point, x: float, found: list[Found]) -> None:
        high = x >= self.limit("rate_floor", -math.inf)
        for level, name, timer in ((3, "rate_alarm", "steep"), (2, "rate_pre_alarm", "rising")):
            limit = self.sign * self.limit(name, math.nan)
            self._one(p, timer, self.sign * self._slope(p), limit, limit * 0.5, level, Feature.RATE, found, high)

    def _drift(self, p: Point, found: list[Found]) -> None:
        limit = self.limit("cusum_limit", math.inf)
        up, down = float(p.up), float(p.down)
        most = max(up, down)
        p.drift = most > limit or (p.drift and most > 0.5 * limit)
        if p.drift:
            share = (up if self.sign > 0 else down) / limit
            weight = 1.5 * share if share > 0.5 else 0.0
            shown = (up, limit) if up >= down else (-down, -limit)
            found.append((min(1, self.cap), Feature.DRIFT, *shown, most - limit, weight))

    def _creep(self, p: Point, found: list[Found]) -> None:
        on = []
        for seconds, slope, was in ((60, p.slopes[1], p.creeps[0]), (600, p.slopes[2], p.creeps[1])):
            limit = self.limit(f"rate_{seconds}_advisory", math.inf)
            value = float(slope.trend) / seconds
            on.append(value >= limit or (was and value >= 0.5 * limit))
            if on[-1] and not any(on[:-1]):
                found.append((min(1, self.cap), Feature.RATE, value, limit, value - limit, 1.0))
        p.creeps = (on[0], on[1])

    def _dip(self, p: Point, apart: float, filtered: float, found: list[Found]) -> None:
        if not apart > self.limit("suspicious", math.inf) or math.isnan(filtered):
            p.top = math.nan
            return
        sunk = p.top - 0.1 * float(p.dt) * 1e-3
        p.top = max(filtered, sunk)
        dip = self.limit("dip", math.inf)
        if p.top - filtered >= dip:
            found.append((min(1, self.cap), Feature.DIP, filtered - p.top, -dip, p.top - filtered, 2.0))

    def _runaway(self, p: Point, number: int, x: float, lone: bool, found: list[Found]) -> None:
        collapsed = self.partner is not None and self.partner.points[number].timer("collapse").on
        steep_ms, hot, surge = float(sum(p.steep, F(0))), x >= MAX_OPERATING_DEGC, p.timer("surge")
        single = len(p.steep) == 1 and steep_ms > 3000
        several = (len(p.steep) >= 3 and steep_ms + float(p.anchor_ms) > 3000) or (
            len(p.steep) >= 2 and steep_ms > 3000
        )
        stays = surge.tell(hot and (single or surge.since is not None), hot, p.last_ms, 1)
        starts = (stays and (collapsed or not lone)) or (several and (hot or collapsed)) or (single and collapsed)
        lasts = p.runaway and (bool(p.steep) or x >= MAX_OPERATING_DEGC - self.limit("hysteresis", 0.0))
        p.runaway = starts or lasts
        if p.runaway:
            found.append((3, Feature.RUNAWAY, x, MAX_OPERATING_DEGC, x - MAX_OPERATING_DEGC, 3.0))

    def _judge_died_hot(self, p: Point, number: int, tick_ms: int) -> None:
        collapsed = self.partner is not None and self.partner.points[number].timer("collapse").on
        if not collapsed or p.kept_runaway or p.died_degc is None or p.died_ms is None:
            return
        if tick_ms - p.died_ms <= 30000:
            p.kept_level, p.kept_runaway, p.kept = 3, True, (p.died_degc, MAX_OPERATING_DEGC)

    def dead(self, tick_ms: int) -> list[Point]:
        """Points that have died of late and are still dead."""
        return [
            p for p in self.points
            if p.status in {"dead", "absurd"} and p.died_ms is not None and tick_ms - p.died_ms <= 60000
        ]  # fmt: skip

    def lives(self) -> bool:
        return any(p.status in {"live", "unbelieved"} for p in self.points)

    def judge_dying(self, others: list["NaiveHead"], tick_ms: int) -> None:
        """Latch "dying together", by what has died of this head and the others of its rack."""
        rack = [head for head in others if head is self or head.layout.rack == self.layout.rack >= 0]
        dead = []
        for head in rack:
            kin = [h for h in rack if h.family == head.family and h.layout.device == head.layout.device]
            dead += head.dead(tick_ms) if any(h.lives() for h in kin) else []
        level = min(2 if any(p.kept_level >= 2 for p in dead) else 1, self.cap)
        if len(dead) >= 3 and level > self.dying[0]:
            now = [i for i, p in enumerate(self.points) if p.status in {"dead", "absurd"} and p.died_ms == tick_ms]
            self.dying = (level, len(dead), max(now))

    def reading(self) -> Reading:
        """What is said of the head."""
        level, runaway, number, feature, value, threshold = 0, 0, 0, Feature.NONE, math.nan, math.nan
        candidates = [
            i for i, p in enumerate(self.points) if p.status in {"live", "unbelieved"} or max(p.level, p.kept_level) > 0
        ]
        if candidates:
            number = candidates[0]
            for i in candidates[1:]:
                mine, best = self._rank(i), self._rank(number)
                if mine[0] > best[0] or (mine[0] == best[0] and mine[1] > best[1]):
                    number = i
            p = self.points[number]
            level, runaway = p.level, int(p.runaway or p.kept_runaway)
            value = math.nan if p.last is None else float(p.last)
            if p.kept_level > level:
                level, feature, (value, threshold) = p.kept_level, Feature.DIED_AFTER_RISE, p.kept
            elif p.evidence:
                feature, value, threshold = p.evidence[1:4]
        weight = max([float(F(p.weight)) for p in self.points] + [float(p.kept_level) for p in self.points])
        if self.dying[0] > level:
            level, feature, number = self.dying[0], Feature.DYING_TOGETHER, self.dying[2]
            value, threshold = float(self.dying[1]), 3.0
        weight = max(weight, float(self.dying[0]))
        worst = max(range(len(self.balances)), key=lambda i: self.balances[i].excess)
        limit, excess = self.limit("common_rise", math.inf), float(self.balances[worst].excess)
        if excess >= limit:
            weight = max(weight, excess / limit)
            if level == 0:
                number = worst * len(self.modules[worst]) + self._hottest(worst)
                level, feature, value, threshold = 1, Feature.COMMON_RISE, excess, limit
        weight = float(F(min(weight, 3.0)))
        faulty = [i for i, p in enumerate(self.points) if p.status != "live" or p.spoilt > 60]
        whole = all(p.status not in {"live", "unbelieved"} for p in self.points)
        fault = 0 if not faulty else (2 if whole else 1)
        if faulty and level == 0:
            number = faulty[0]
            feature, value, threshold = self._fault(self.points[number])
        return level, runaway, fault, int(self.layout.points[number]), feature, value, threshold, weight

    def _hottest(self, module: int) -> int:
        """The hottest point of a module; the first if one of them does not live."""
        if any(p.status != "live" for p in self.modules[module]):
            return 0
        return max(range(len(self.modules[module])), key=lambda i: self.modules[module][i].last)

    def _rank(self, number: int) -> tuple[int, float]:
        p = self.points[number]
        shown = math.nan if p.last is None else self.sign * float(p.last)
        return max(p.level, p.kept_level), p.evidence[4] if p.evidence else shown

    def _fault(self, p: Point) -> tuple[Feature, float, float]:
        low, high = self.limit("low", -math.inf), self.limit("high", math.inf)
        return {
            "live": (Feature.NO_VALUE, float(p.last) if p.last is not None else math.nan, math.nan),
            "dead": (Feature.NO_VALUE, p.raw, math.nan),
            "absurd": (Feature.OUT_OF_RANGE, p.raw, low if p.raw < low else high),
            "stuck": (Feature.STUCK, p.raw, self.limit("stuck_s", 0.0)),
            "unbelieved": (Feature.SLEW, p.raw, self.limit("slew", math.inf)),
        }[p.status]


class Balance:
    """The heat balance of a module."""

    def __init__(self, head: NaiveHead) -> None:
        self.middle: Any = F(math.nan)
        self.held: Any = F(math.nan)
        self.heat: Any = F(0)
        self.excess: Any = F(0)
        self.age: Any = F(0)
        self.rest: Any = F(math.nan)
        self.slack = F(head.limit("heat_slack", 0.0))
        self.cap = F(2) * F(head.limit("common_rise", math.inf))

    def go_on(self, dt: Any) -> None:
        """The module's rise since the time before, `dt` ms ago."""
        self.age = self.age + dt
        if not np.isnan(self.middle) and not np.isnan(self.held):
            share, seconds = F(1e3) / (F(600e3) + self.age), self.age * F(1e-3)
            beyond = self.middle - self.held - self.heat * seconds
            self.heat = min(max(self.heat + beyond * share, -self.slack), self.slack)
            self.excess = _within(self.excess + beyond - self.slack * seconds, self.cap)
        if not np.isnan(self.middle):
            self.held, self.age = self.middle, F(0)

    def settle(self, dt: Any) -> None:
        """The median of voltages at rest, a day's mean."""
        if not np.isnan(self.middle):
            a = dt / (F(86400e3) + dt)
            self.rest = self.middle if np.isnan(self.rest) else self.rest + a * (self.middle - self.rest)


def _since(p: Point, t_ms: int) -> Any:
    """Time since the last valid value; 0 if there is none."""
    return F(0) if p.last is None else F(max(min(t_ms - p.last_ms, 2**30), 0))


def _is_lost(p: Point) -> bool:
    """Whether a link was lost and not the sensor."""
    return p.status == "dead" and p.died_ms is None and p.last is not None


def _within(value: Any, cap: Any) -> Any:
    return min(value if value > 0 else F(0), cap)


def _median(values: list[Any]) -> Any:
    ordered = sorted(values)
    low, high = statistics.median_low(ordered), statistics.median_high(ordered)
    return F(0.5) * (low + high)


def _steepen(p: Point) -> None:
    """Intervals of about 1 s in a row that rise by 1 K/s or more, by their lengths."""
    if p.anchor is None:
        p.anchor, p.anchor_ms = p.last, F(0)
        return
    p.anchor_ms = p.anchor_ms + p.dt
    if p.anchor_ms >= F(900):
        p.steep = [*p.steep, p.anchor_ms] if p.last - p.anchor >= F(1e-3) * p.anchor_ms else []
        p.anchor, p.anchor_ms = p.last, F(0)


def _tiles(bank: list[NaiveHead]) -> list[list[tuple[NaiveHead, int]]]:
    """Modules of the same size under the same limits go together, 128 of them."""
    sets: dict[Any, list[tuple[NaiveHead, int]]] = {}
    for head in bank:
        sets.setdefault((head.limits, len(head.modules[0])), []).extend(
            (head, number) for number in range(len(head.modules))
        )
    return [modules[i : i + 128] for modules in sets.values() for i in range(0, len(modules), 128)]


class NaiveCells:
    """The twin of the banks of cells."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        families = (Family.CELL_VOLTAGE, Family.CELL_TEMPERATURE)
        self.banks = [[NaiveHead(h) for h in layout.heads if h.head.family == family] for family in families]
        self.tiles = [_tiles(bank) for bank in self.banks]
        self.balanced_ms: dict[tuple[int, int], int] = {}
        for head in self.banks[1]:
            for other in self.banks[0]:
                mine, its = head.layout, other.layout
                if (its.rack, its.device, len(its.points)) == (mine.rack, mine.device, len(mine.points)) and head.group:
                    head.partner, other.partner = other, head

    @property
    def heads(self) -> dict[int, NaiveHead]:
        """Every head by its index."""
        return {head.layout.index: head for bank in self.banks for head in bank}

    def advance(self, image: Image) -> dict[int, Reading]:
        """Readings by head index."""
        for number, bank in enumerate(self.banks):
            for head in bank:
                head.take(image)
            for place, tile in enumerate(self.tiles[number]):
                if any(head.news[module] for head, module in tile):
                    for head, module in tile:
                        head.judge(module, image)
                    self._go_on((number, place), tile, image.tick_ms)
            for head in bank:
                if head.died:
                    head.judge_dying([*self.banks[0], *self.banks[1]], image.tick_ms)
        return {index: head.reading() for index, head in self.heads.items()}

    def _go_on(self, place: tuple[int, int], tile: list[tuple[NaiveHead, int]], tick_ms: int) -> None:
        since_ms = tick_ms - self.balanced_ms.get(place, 0)
        if since_ms >= 5000:
            self.balanced_ms[place] = tick_ms
            for head, module in tile:
                head.go_on(module, F(min(since_ms, 2**30)))

    def racks(self) -> list[tuple[float, float, float]]:
        """Hottest cell, its slope and live share of every rack."""
        found = []
        for rack in range(len(self.layout.racks)):
            heads = [head for head in self.banks[1] if head.layout.rack == rack]
            pairs = [(head, p) for head in heads for p in head.points]
            live = [(head, p) for head, p in pairs if p.status == "live"]
            hottest = max(live, key=lambda pair: pair[1].last, default=None)
            hot = (float(hottest[1].last), hottest[0]._slope(hottest[1])) if hottest else (math.nan, math.nan)
            found.append((*hot, len(live) / len(pairs) if pairs else 0.0))
        return found
