"""The kernels that judge single cells of which something is odd: levels, runaway, vents. float64 on float32 values.

They run on the lanes that `cell_tile` noted. The plain Python twin is tests/naive/cells.py.
"""

import math
from typing import Any

from controller.core.detect import cell_step as step
from controller.core.detect import codes
from controller.core.detect import tiles as at
from controller.core.detect.cell_limits import HORIZON_B_S, HORIZON_C_S
from controller.core.detect.cell_tile import BUSY, LOAD_SPREAD, STEEPS_MIN
from controller.core.detect.cell_validity import STEEP_MS, SURGES_MIN, slope_of
from controller.core.detect.compile import jit

RATE_HYSTERESIS = 0.5
"""A rate of rise counts until it falls below this share of its threshold (assumed)."""
COLLAPSE_HYSTERESIS = 0.05
"""A collapse counts until the voltage is back by this share more (assumed)."""
C_SURGE = codes.C_COLLAPSE
"""Of a temperature, which cannot collapse: hot after a lone long steep interval."""
COLLAPSE_HOLD_MS = 500
"""A collapse must be seen in two samples; no longer, for it leads runaway by seconds."""
CREEP_HYSTERESIS = 0.5
"""A rate over a longer horizon counts until it falls below this share of its threshold (assumed)."""
DRIFT_HYSTERESIS = 0.5
"""A drift counts until its sum falls below this share of its limit (assumed)."""
DIED_HOT_MS = 30000
"""Runaway too: a cell dies hot and rising, and its voltage is lost within so long: two quantities agree (assumed; rule 1)."""
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
    load: Any,
    dt_ms: Any,
    t_ms: Any,
    collapsed: Any,
    lone: Any,
    flags: Any,
) -> None:
    """Levels of a point with a fresh value; `middle` is its module's median (NaN: none), moved by `load`, `collapsed` its cell's state.

    A `lone` step is no more than an advisory.
    """
    x = s[j + at.LAST]
    slope = head.sign * slope_of(head, s, j)
    p.level = codes.NORMAL
    p.feature = 0
    p.weight = 0.0
    judge_collapse(p, head, s, j, x, t_ms)
    judge_thresholds(p, head, x * head.sign, t_ms)
    judge_deviation(p, head, head.sign * (x - middle), LOAD_SPREAD * load, t_ms)
    judge_rate(p, head, slope, x, t_ms)
    judge_drift(p, head, s[j + at.UP], s[j + at.DOWN])
    judge_creep(p, head, s, j)
    if math.isfinite(head.dip):
        judge_dip(p, head, s[j + at.LAST] - middle - s[j + at.BIAS] > head.suspicious, filtered, dt_ms)
    if math.isfinite(head.max_operating):
        judge_runaway(p, head, s, j, x, collapsed, lone, t_ms)
    if lone and not p.runaway:
        p.level = min(p.level, codes.ADVISORY)
        p.weight = min(p.weight, W_LEVEL)
    busy = p.level > 0 or p.runaway or p.stepped_ms != step.PLAIN or not math.isnan(p.top)
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
def judge_deviation(p: Any, head: Any, apart: Any, allowed: Any, t_ms: Any) -> None:
    """Distance from the module's median, to the dangerous side; the advisory lets pass what is `allowed` for the load."""
    feature = codes.DEVIATION if head.sign > 0 else codes.SAG
    limit = head.deviation_pre_alarm
    judge_one(p, head, codes.C_FAR, apart, limit, limit - head.hysteresis, True, t_ms, codes.PRE_ALARM, feature)
    limit = head.deviation_advisory + allowed
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
def judge_creep(p: Any, head: Any, s: Any, j: Any) -> None:
    """Rates over the two longer horizons: an advisory, of the shorter one if both are too high."""
    slope_b = float(s[j + at.TREND_B]) / HORIZON_B_S
    slope_c = float(s[j + at.TREND_C]) / HORIZON_C_S
    on_b = slope_b >= head.creep_b or (p.creep & 1 and slope_b >= CREEP_HYSTERESIS * head.creep_b)
    on_c = slope_c >= head.creep_c or (p.creep & 2 and slope_c >= CREEP_HYSTERESIS * head.creep_c)
    p.creep = (1 if on_b else 0) | (2 if on_c else 0)
    if p.creep:
        slope = slope_b if on_b else slope_c
        limit = head.creep_b if on_b else head.creep_c
        raise_to(p, min(codes.ADVISORY, head.cap), codes.RATE, slope, limit, slope - limit, W_LEVEL)


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
def judge_runaway(p: Any, head: Any, s: Any, j: Any, x: Any, collapsed: Any, lone: Any, t_ms: Any) -> None:
    """GB 38031-2025: (too hot, or voltage lost) and 1 K/s for more than 3 s. It lasts while steep or hot.

    A single long interval may be one absurd sample, or a bad contact: the voltage must agree, or the next sample, of what is no `lone` step.
    """
    steeps = s[j + at.STEEPS]
    hot = x >= head.max_operating
    long = s[j + at.STEEP_MS] > STEEP_MS
    single = long and steeps < SURGES_MIN
    steep = long or (steeps >= STEEPS_MIN and s[j + at.STEEP_MS] + s[j + at.MARK_MS] > STEEP_MS)
    stays = hold(p, C_SURGE, hot and (single or p.since_ms[C_SURGE] >= 0), hot, t_ms, 1)
    starts = (stays and (collapsed or not lone)) or (steep and (collapsed or (hot and not single)))
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
