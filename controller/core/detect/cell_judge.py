"""The kernels that judge single cells of which something is odd: faults, levels, runaway, deaths. float64 on float32 values.

They run on the lanes that `cell_tile` noted. The plain Python twin is tests/naive/cells.py.
"""

import math
from typing import Any

from controller.core.detect import codes
from controller.core.detect import tiles as at
from controller.core.detect.cell_tile import BUSY, DIED_HOT, KEPT, NEW, NOT_GOOD, STEEPS_MIN
from controller.core.detect.compile import jit

RATE_HYSTERESIS = 0.5
"""A rate of rise counts until it falls below this share of its threshold (assumed)."""
COLLAPSE_HYSTERESIS = 0.05
"""A collapse counts until the voltage is back by this share more (assumed)."""
C_SURGE = codes.C_COLLAPSE
"""Of a temperature, which cannot collapse: hot after a lone long steep interval."""
COLLAPSE_HOLD_MS = 500
"""A collapse must be seen in two samples; no longer, for it leads runaway by seconds."""
STEEP_MS = 3000
"""Runaway: 1 K/s or more for more than 3 s (GB 38031-2025)."""
DRIFT_HYSTERESIS = 0.5
"""A drift counts until its sum falls below this share of its limit (assumed)."""
SLEW_MIN_S = 1.0
DIED_HOT_MS = 30000
"""Runaway too: a cell dies hot and rising, and its voltage is lost within so long: two quantities agree (assumed; rule 1)."""
SURGES_MIN = 2.0
"""What dies with a sample after so many steep steps had risen, though its rate was not known yet (assumed; one may be noise)."""
DYING_COUNT = 3
DYING_WITHIN_MS = 60000
"""So many points of a head that turn absurd within so long, while others live, are a sign of fire (rule 1)."""
TOP_FORGETS_K_PER_S = 0.1
"""The top from which a dip is measured sinks so fast: slower cooling is no dip (assumed)."""
W_LEVEL = 1.0
"""Weight of a level's evidence: so many nats for each level (assumed)."""
W_DRIFT = 1.5
"""Weight of a drift at its limit, in proportion beyond (assumed: of independent noise it would be 2 x slack x limit, over 20)."""
W_DIP = 2.0
"""Weight of a dip of a suspicious cell: a vent cools it (assumed)."""
W_MOST = 3.0
"""No head weighs more."""


@jit
def hold(p: Any, which: Any, above: Any, keeps: Any, t_ms: Any, hold_ms: Any) -> Any:
    """Advance condition `which`: on after `above` has held for `hold_ms` of sample time, on while it `keeps`."""
    if p.on[which]:
        if not keeps:
            p.on[which] = 0
            p.since_ms[which] = -1
    elif not above:
        p.since_ms[which] = -1
    else:
        if p.since_ms[which] < 0:
            p.since_ms[which] = t_ms
        if t_ms - p.since_ms[which] >= hold_ms:
            p.on[which] = 1
    return p.on[which] != 0


@jit
def is_rising(p: Any, last_ms: Any) -> Any:
    """Whether the rate of rise was above a threshold in this sample and the one before."""
    rising = False
    for which in (codes.C_RISING, codes.C_STEEP):
        if p.on[which] or 0 <= p.since_ms[which] < last_ms:
            rising = True
    return rising


@jit
def has_surged(p: Any, s: Any, j: Any) -> Any:
    """Whether a temperature's last raw steps rose by 1 K/s or more: two intervals in a row, or one of more than 3 s."""
    steeps = s[j + at.STEEPS]
    return steeps > 0.0 and (steeps + (1.0 if p.suspect > 0 else 0.0) >= SURGES_MIN or s[j + at.STEEP_MS] > STEEP_MS)


@jit
def forget(p: Any, s: Any, j: Any, keep_last: Any) -> None:
    """Take back all that follows from a point's values, but for bias and spread: the next valid one is a first one."""
    if not keep_last:
        s[j + at.LAST] = math.nan
    s[j + at.BEFORE] = math.nan
    s[j + at.LONG_BEFORE] = math.nan
    s[j + at.LEVEL_A] = math.nan
    s[j + at.LEVEL_B] = math.nan
    s[j + at.LEVEL_C] = math.nan
    s[j + at.TREND_A] = 0.0
    s[j + at.TREND_B] = 0.0
    s[j + at.TREND_C] = 0.0
    s[j + at.RUN_MS] = 0.0
    s[j + at.UP] = 0.0
    s[j + at.DOWN] = 0.0
    s[j + at.MARK] = math.nan
    s[j + at.MARK_MS] = 0.0
    s[j + at.STEEP_MS] = 0.0
    s[j + at.STEEPS] = 0.0
    p.collapse_from = math.nan
    p.top = math.nan
    p.suspect = 0
    p.level = 0
    p.feature = 0
    p.weight = 0.0
    p.runaway = 0
    p.drift = 0
    for which in range(p.on.shape[0]):
        p.on[which] = 0
        p.since_ms[which] = -1


@jit
def slope_of(head: Any, s: Any, j: Any) -> Any:
    """Slope over the shortest horizon, units per second; NaN: not known yet."""
    known = s[j + at.RUN_MS] >= head.known_ms
    return s[j + at.TREND_A] / head.rate_tau_s if known else math.nan


@jit
def die(
    p: Any, head: Any, s: Any, j: Any, i: Any, now: Any, last_ms: Any, tick_ms: Any, new: Any, status: Any, flags: Any
) -> None:
    """Turn a point invalid (`now`). After a rise its level stays, and any if a sample said so (rule 1); `head.died`: the device said so."""
    if status[i] in (codes.LIVE, codes.UNBELIEVED):
        high = p.level >= codes.PRE_ALARM
        rises = is_rising(p, last_ms)
        rising = rises or (new and has_surged(p, s, j))
        told = high or (new and p.level > codes.NORMAL)
        if told or rising:
            level = max(p.level, min(codes.PRE_ALARM, head.cap)) if high or rising else p.level
            if level > p.kept_level:
                p.kept_level = level
                if high or not rising:
                    p.kept_value = p.value
                    p.kept_threshold = p.threshold
                elif rises:
                    p.kept_value = slope_of(head, s, j)
                    p.kept_threshold = head.rate_pre_alarm * head.sign
                else:
                    p.kept_value = s[j + at.LAST]
                    p.kept_threshold = head.pre_alarm * head.sign
            p.kept_runaway = max(p.kept_runaway, p.runaway)
        p.died_ms = tick_ms if new else -1
        p.died_degc = s[j + at.LAST] if new and rising and s[j + at.LAST] >= head.max_operating else math.nan
        if new:
            head.died = 1
    status[i] = now
    forget(p, s, j, now == codes.STILL)
    flags[i] = (KEPT if p.kept_level > 0 else 0) | (0 if math.isnan(p.died_degc) else DIED_HOT)


@jit
def take(
    p: Any, head: Any, s: Any, j: Any, i: Any, x: Any, dt_ms: Any, raw: Any, what: Any, t_ms: Any, last_ms: Any,
    tick_ms: Any, status: Any, flags: Any,
) -> Any:  # fmt: skip
    """Judge the validity of a point that is not plainly fresh; returns whether its new value `x` (float32) counts."""
    p.raw = raw
    if what & NOT_GOOD or math.isnan(raw):
        die(p, head, s, j, i, codes.DEAD, last_ms[i], tick_ms, what & NEW != 0, status, flags)
        return False
    if not head.low <= x <= head.high:
        die(p, head, s, j, i, codes.ABSURD, last_ms[i], tick_ms, True, status, flags)
        return False
    last = s[j + at.LAST]
    if not math.isnan(last):
        step = x - last
        if abs(step) > head.slew * max(dt_ms * 1e-3, SLEW_MIN_S):
            side = 1 if step > 0.0 else -1
            if p.suspect != side:
                p.suspect = side
                status[i] = codes.UNBELIEVED if status[i] != codes.STILL else codes.STILL
                return False
    p.suspect = 0
    calm = math.isfinite(s[j + at.STILL_MID])
    if head.stuck_ms > 0 and not calm and x == last and s[j + at.STILL_MS] + dt_ms >= head.stuck_ms:
        s[j + at.STILL_MS] += dt_ms
        last_ms[i] = t_ms
        die(p, head, s, j, i, codes.STILL, t_ms, tick_ms, False, status, flags)
        return False
    status[i] = codes.LIVE
    return True


@jit
def raise_to(p: Any, level: Any, feature: Any, value: Any, threshold: Any, score: Any, weight: Any) -> None:
    """Take a level with its evidence, if it is higher than what the point has; the heaviest weight counts."""
    p.weight = max(p.weight, min(weight, W_MOST))
    if level > p.level:
        p.level = level
        p.feature = feature
        p.value = value
        p.threshold = threshold
        p.score = score


@jit
def judge(
    p: Any,
    head: Any,
    s: Any,
    j: Any,
    i: Any,
    middle: Any,
    filtered: Any,
    dt_ms: Any,
    t_ms: Any,
    collapsed: Any,
    flags: Any,
) -> None:
    """Levels of a point with a fresh value; `middle` is its module's median (NaN: none), `collapsed` its cell's state."""
    x = s[j + at.LAST]
    slope = head.sign * slope_of(head, s, j)
    p.level = codes.NORMAL
    p.feature = 0
    p.weight = 0.0
    judge_collapse(p, head, s, j, x, t_ms)
    judge_thresholds(p, head, x * head.sign, t_ms)
    judge_deviation(p, head, head.sign * (x - middle), t_ms)
    judge_rate(p, head, slope, x, t_ms)
    judge_drift(p, head, s[j + at.UP], s[j + at.DOWN])
    if math.isfinite(head.dip):
        judge_dip(p, head, s[j + at.LAST] - middle - s[j + at.BIAS] > head.suspicious, filtered, dt_ms)
    if math.isfinite(head.max_operating):
        judge_runaway(p, head, s, j, x, collapsed, t_ms)
    busy = p.level > 0 or p.runaway or not math.isnan(p.top)
    for which in range(p.on.shape[0]):
        busy = busy or p.on[which] or p.since_ms[which] >= 0
    flags[i] = (flags[i] & ~BUSY) | (BUSY if busy else 0)


@jit
def judge_collapse(p: Any, head: Any, s: Any, j: Any, x: Any, t_ms: Any) -> None:
    """Voltage lost against the highest of the window before the loss."""
    if math.isnan(head.collapse):
        return
    if not p.on[codes.C_COLLAPSE] and p.since_ms[codes.C_COLLAPSE] < 0:
        now, before = s[j + at.PEAK], s[j + at.OLD_PEAK]
        p.collapse_from = now if not now <= before else before
    limit = (1.0 - head.collapse) * p.collapse_from
    back = (1.0 - head.collapse + COLLAPSE_HYSTERESIS) * p.collapse_from
    if hold(p, codes.C_COLLAPSE, x < limit, x < back, t_ms, COLLAPSE_HOLD_MS):
        level = min(codes.PRE_ALARM, head.cap)
        raise_to(p, level, codes.COLLAPSE, x, limit, limit - x, level * W_LEVEL)


@jit
def judge_one(
    p: Any, head: Any, which: Any, y: Any, limit: Any, back: Any, allowed: Any, t_ms: Any, level: Any, feature: Any
) -> None:
    """One threshold: `y` and `limit` negative where low is dangerous; on until `y` is below `back`."""
    if hold(p, which, y >= limit and allowed, y >= back, t_ms, head.persistence_ms):
        reached = min(level, head.cap)
        raise_to(p, reached, feature, y * head.sign, limit * head.sign, y - limit, reached * W_LEVEL)


@jit
def judge_thresholds(p: Any, head: Any, y: Any, t_ms: Any) -> None:
    """Thresholds: `y` is the value, negative where low is dangerous."""
    feature = codes.HIGH if head.sign > 0 else codes.LOW
    slack = head.hysteresis
    judge_one(p, head, codes.C_ALARM, y, head.alarm, head.alarm - slack, True, t_ms, codes.ALARM, feature)
    judge_one(
        p, head, codes.C_PRE_ALARM, y, head.pre_alarm, head.pre_alarm - slack, True, t_ms, codes.PRE_ALARM, feature
    )
    judge_one(p, head, codes.C_ADVISORY, y, head.advisory, head.advisory - slack, True, t_ms, codes.ADVISORY, feature)


@jit
def judge_deviation(p: Any, head: Any, apart: Any, t_ms: Any) -> None:
    """Distance from the module's median, to the dangerous side."""
    feature = codes.DEVIATION if head.sign > 0 else codes.SAG
    limit = head.deviation_pre_alarm
    judge_one(p, head, codes.C_FAR, apart, limit, limit - head.hysteresis, True, t_ms, codes.PRE_ALARM, feature)
    limit = head.deviation_advisory
    judge_one(p, head, codes.C_OFF, apart, limit, limit - head.hysteresis, True, t_ms, codes.ADVISORY, feature)


@jit
def judge_rate(p: Any, head: Any, slope: Any, x: Any, t_ms: Any) -> None:
    """Rate of rise over the shortest horizon, to the dangerous side, of values above the floor."""
    high = x >= head.rate_floor
    limit = head.rate_alarm
    judge_one(p, head, codes.C_STEEP, slope, limit, limit * RATE_HYSTERESIS, high, t_ms, codes.ALARM, codes.RATE)
    limit = head.rate_pre_alarm
    judge_one(p, head, codes.C_RISING, slope, limit, limit * RATE_HYSTERESIS, high, t_ms, codes.PRE_ALARM, codes.RATE)


@jit
def judge_drift(p: Any, head: Any, up: Any, down: Any) -> None:
    """The cumulative sums of the deviation: an advisory on either side, with a weight on the dangerous one alone."""
    most = max(up, down)
    p.drift = 1 if most > head.drift_limit or (p.drift and most > DRIFT_HYSTERESIS * head.drift_limit) else 0
    if p.drift:
        dangerous = (up if head.sign > 0 else down) / head.drift_limit
        weight = W_DRIFT * dangerous if dangerous > DRIFT_HYSTERESIS else 0.0
        shown = up if up >= down else -down
        threshold = head.drift_limit if up >= down else -head.drift_limit
        raise_to(p, min(codes.ADVISORY, head.cap), codes.DRIFT, shown, threshold, most - head.drift_limit, weight)


@jit
def judge_dip(p: Any, head: Any, suspicious: Any, filtered: Any, dt_ms: Any) -> None:
    """A suspicious cell that cools by itself for a moment: it vents (the latent heat of its electrolyte)."""
    if not suspicious or math.isnan(filtered):
        p.top = math.nan
        return
    sunk = p.top - TOP_FORGETS_K_PER_S * dt_ms * 1e-3
    p.top = sunk if sunk > filtered else filtered
    if p.top - filtered >= head.dip:
        raise_to(p, min(codes.ADVISORY, head.cap), codes.DIP, filtered - p.top, -head.dip, p.top - filtered, W_DIP)


@jit
def judge_runaway(p: Any, head: Any, s: Any, j: Any, x: Any, collapsed: Any, t_ms: Any) -> None:
    """GB 38031-2025: (too hot, or voltage lost) and 1 K/s for more than 3 s. It lasts while steep or hot.

    A lone long interval may be one absurd sample: the voltage, or the next sample, must agree.
    """
    steeps = s[j + at.STEEPS]
    hot = x >= head.max_operating
    long = s[j + at.STEEP_MS] > STEEP_MS
    lone = long and steeps < SURGES_MIN
    steep = long or (steeps >= STEEPS_MIN and s[j + at.STEEP_MS] + s[j + at.MARK_MS] > STEEP_MS)
    stays = hold(p, C_SURGE, hot and (lone or p.since_ms[C_SURGE] >= 0), hot, t_ms, 1)
    starts = stays or (steep and (collapsed or (hot and not lone)))
    lasts = p.runaway and (steeps > 0.0 or x >= head.max_operating - head.hysteresis)
    p.runaway = 1 if starts or lasts else 0
    if p.runaway:
        raise_to(p, codes.ALARM, codes.RUNAWAY, x, head.max_operating, x - head.max_operating, W_MOST)


@jit
def judge_died_hot(p: Any, head: Any, tick_ms: Any) -> None:
    """A cell's sensor burnt in the rise, and now its voltage is gone as well: that was runaway, and stays so."""
    if p.died_ms < 0 or tick_ms - p.died_ms > DIED_HOT_MS:
        return
    p.kept_runaway = 1
    p.kept_level = codes.ALARM
    p.kept_value = p.died_degc
    p.kept_threshold = head.max_operating


@jit
def judge_dying(points: Any, head: Any, status: Any, tick_ms: Any) -> None:
    """Latch "sensors dying together" of a head of which a point has just died: higher if one of them had risen."""
    count = 0
    living = 0
    risen = False
    last = -1
    for i in range(head.first, head.first + head.lanes * head.rows):
        p = points[i]
        if status[i] in (codes.LIVE, codes.UNBELIEVED):
            living += 1
        elif status[i] != codes.STILL and p.died_ms >= 0 and tick_ms - p.died_ms <= DYING_WITHIN_MS:
            count += 1
            risen = risen or p.kept_level >= codes.PRE_ALARM
            if p.died_ms == tick_ms:
                last = i
    level = min(codes.PRE_ALARM if risen else codes.ADVISORY, head.cap)
    if count >= DYING_COUNT and living > 0 and level > head.dying:
        head.dying = level
        head.dying_count = min(count, 255)
        head.dying_slot = last
