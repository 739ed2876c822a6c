"""The kernel that advances a bank: arrays in, arrays out, no allocation, strict IEEE arithmetic.

NaN stays NaN, and replay is bit for bit. All that it calls stands in this file, because the compiler's cache looks at
the file of the outermost kernel only. A point advances on its own new samples alone, in the time of its own samples.
What the fields mean stands in `records`. The plain Python twin of all this is tests/naive/detect.py.
"""

import math
from typing import Any

from controller.core.detect import codes
from controller.core.detect.compile import jit
from controller.core.detect.records import RING

RATE_HYSTERESIS = 0.5
"""A rate of rise counts until it falls below this share of its threshold (assumed)."""
COLLAPSE_HYSTERESIS = 0.05
"""A collapse counts until the voltage is back by this share more (assumed)."""
COLLAPSE_HOLD_MS = 500
"""A collapse must be seen in two samples; no longer, for it leads runaway by seconds."""
STEEP_PER_S = 1.0
STEEP_MS = 3000
STEEP_INTERVALS = 3
STEEP_INTERVAL_MS = 900
"""Runaway: 1 K/s or more for more than 3 s (GB 38031-2025), in three or more intervals of about 1 s."""
SLEW_MIN_S = 1.0
"""A step is judged as if it had taken this long at least: samples may reach us bunched together."""
DIED_HOT_MS = 30000
"""Runaway too: a cell dies hot and rising, and its voltage is lost within so long: two quantities agree (assumed; rule 1)."""
DYING_COUNT = 3
DYING_WITHIN_MS = 60000
"""So many points of a head that turn absurd within so long, while others live, are a sign of fire (rule 1)."""
MEDIAN_MIN = 3
"""A module's median needs so many valid points."""


@jit
def median_of_three(a: Any, b: Any, c: Any) -> Any:
    """The middle one of three numbers, none of them NaN."""
    return max(min(a, b), min(max(a, b), c))


@jit
def kth(scratch: Any, n: Any, k: Any) -> Any:
    """The k-th smallest (from 0) of scratch[:n], none of them NaN: by counting, for sorting branches on noise."""
    for i in range(n):
        x = scratch[i]
        below = 0
        up_to = 0
        for j in range(n):
            below += scratch[j] < x
            up_to += scratch[j] <= x
        if below <= k < up_to:
            return x
    return math.nan


@jit
def median(scratch: Any, n: Any) -> Any:
    """Median of scratch[:n], none of them NaN; NaN when there are too few."""
    if n < MEDIAN_MIN:
        return math.nan
    upper = kth(scratch, n, n // 2)
    return upper if n % 2 == 1 else 0.5 * (kth(scratch, n, n // 2 - 1) + upper)


@jit
def hold(p: Any, which: Any, above: Any, keeps: Any, hold_ms: Any) -> Any:
    """Advance condition `which`: on after `above` has held for `hold_ms` of sample time, on while it `keeps`."""
    if p.on[which]:
        if not keeps:
            p.on[which] = 0
            p.since_ms[which] = -1
    elif not above:
        p.since_ms[which] = -1
    else:
        if p.since_ms[which] < 0:
            p.since_ms[which] = p.last_ms
        if p.last_ms - p.since_ms[which] >= hold_ms:
            p.on[which] = 1
    return p.on[which] != 0


@jit
def is_rising(p: Any) -> Any:
    """Whether the rate of rise was above a threshold in this sample and the one before."""
    rising = False
    for which in (codes.C_RISING, codes.C_STEEP):
        if p.on[which] or 0 <= p.since_ms[which] < p.last_ms:
            rising = True
    return rising


@jit
def forget(p: Any) -> None:
    """Take back all that follows from a point's values: the next valid one is a first one."""
    p.last = math.nan
    p.before = math.nan
    p.long_before = math.nan
    p.slope = math.nan
    p.collapse_from = math.nan
    p.peak = math.nan
    p.anchor_ms = -1
    p.steep_ms = -1
    p.steep_count = 0
    p.ring_count = 0
    p.suspect = 0
    p.level = 0
    p.feature = 0
    p.runaway = 0
    p.busy = 0
    for which in range(p.on.shape[0]):
        p.on[which] = 0
        p.since_ms[which] = -1


@jit
def die(p: Any, head: Any, status: Any, tick_ms: Any, new: Any) -> Any:
    """Turn a point invalid; returns whether its device delivered the absurdity.

    After a rise its level stays as evidence (rule 1).
    """
    died = p.status in (codes.LIVE, codes.UNBELIEVED)
    if died:
        high = p.level >= codes.PRE_ALARM
        if high or is_rising(p):
            level = max(p.level, min(codes.PRE_ALARM, head.cap))
            if level > p.kept_level:
                p.kept_level = level
                p.kept_value = p.value if high else p.slope
                p.kept_threshold = p.threshold if high else head.rate_pre_alarm * head.sign
            p.kept_runaway = max(p.kept_runaway, p.runaway)
        p.died_ms = tick_ms if new else -1
        p.died_degc = p.last if new and is_rising(p) and p.last >= head.max_operating else math.nan
    p.status = status
    last = p.last
    forget(p)
    if status == codes.STILL:
        p.last = last
    return died and new


@jit
def take(p: Any, head: Any, value: Any, quality: Any, t_ms: Any, new: Any, tick_ms: Any) -> Any:
    """Judge the validity of what a point shows now: `status`, `fresh`. Returns whether it died with a new sample."""
    p.raw = value
    p.fresh = 0
    if quality != codes.GOOD or math.isnan(value):
        return die(p, head, codes.DEAD, tick_ms, new)
    if not new:
        return False
    if not head.low <= value <= head.high:
        return die(p, head, codes.ABSURD, tick_ms, new)
    if not math.isnan(p.last):
        step = value - p.last
        if abs(step) > head.slew * max((t_ms - p.last_ms) * 1e-3, SLEW_MIN_S):
            side = 1 if step > 0 else -1
            if p.suspect != side:
                p.suspect = side
                p.status = codes.UNBELIEVED if p.status != codes.STILL else codes.STILL
                return False
    p.suspect = 0
    if value != p.last or p.change_ms < 0:
        p.change_ms = t_ms
    p.last_ms = t_ms
    if 0 < head.stuck_ms <= t_ms - p.change_ms:
        p.last = value
        return die(p, head, codes.STILL, tick_ms, False)
    p.last = value
    p.status = codes.LIVE
    p.fresh = 1
    return False


@jit
def remember(p: Any, head: Any) -> None:
    """Put the new value, median-filtered, into the ring and set `slope`, from the oldest value of the window to now.

    The filter of three takes out any lone spike.
    """
    if not math.isnan(p.long_before):
        value = median_of_three(p.long_before, p.before, p.last)
        while p.ring_count > 0 and p.last_ms - p.ring_ms[p.ring_first] > head.window_ms + head.spacing_ms:
            p.ring_first = (p.ring_first + 1) & (RING - 1)
            p.ring_count -= 1
        p.slope = math.nan
        newest = (p.ring_first + p.ring_count - 1) & (RING - 1)
        if p.ring_count > 0:
            span_ms = p.last_ms - p.ring_ms[p.ring_first]
            if 2 * span_ms >= head.window_ms and span_ms > 0:
                p.slope = (value - p.ring[p.ring_first]) / (span_ms * 1e-3)
        if p.ring_count == 0 or p.last_ms - p.ring_ms[newest] >= head.spacing_ms:
            if p.ring_count == RING:
                p.ring_first = (p.ring_first + 1) & (RING - 1)
                p.ring_count -= 1
            place = (p.ring_first + p.ring_count) & (RING - 1)
            p.ring[place] = value
            p.ring_ms[place] = p.last_ms
            p.ring_count += 1
    p.long_before = p.before
    p.before = p.last


@jit
def highest_in_ring(p: Any) -> Any:
    """The highest filtered value of the window; NaN when it is empty."""
    highest = math.nan
    for k in range(p.ring_count):
        older = p.ring[(p.ring_first + k) & (RING - 1)]
        if not older <= highest:
            highest = older
    return highest


@jit
def steepen(p: Any) -> None:
    """Count the intervals of about 1 s in which the value has risen by 1 K/s or more, without a gap."""
    if p.anchor_ms < 0:
        p.anchor_ms = p.last_ms
        p.anchor = p.last
        return
    interval_ms = p.last_ms - p.anchor_ms
    if interval_ms < STEEP_INTERVAL_MS:
        return
    if (p.last - p.anchor) / (interval_ms * 1e-3) >= STEEP_PER_S:
        if p.steep_ms < 0:
            p.steep_ms = p.anchor_ms
        p.steep_count += 1
    else:
        p.steep_ms = -1
        p.steep_count = 0
    p.anchor_ms = p.last_ms
    p.anchor = p.last


@jit
def raise_to(p: Any, level: Any, feature: Any, value: Any, threshold: Any, score: Any) -> None:
    """Take a level with its evidence, if it is higher than what the point has."""
    if level > p.level:
        p.level = level
        p.feature = feature
        p.value = value
        p.threshold = threshold
        p.score = score


@jit
def look_back(p: Any, head: Any) -> None:
    """Set from where a voltage may have collapsed: the highest of the window, sought only when it can matter."""
    if p.on[codes.C_COLLAPSE] or p.since_ms[codes.C_COLLAPSE] >= 0:
        return
    if not p.last <= p.peak:
        p.peak = p.last
    if p.last < (1.0 - head.collapse) * p.peak:
        p.collapse_from = highest_in_ring(p)
        p.peak = p.last
        for value in (p.collapse_from, p.before, p.long_before):
            p.peak = max(p.peak, value)


@jit
def judge(p: Any, head: Any, middle: Any, reference: Any, collapsed: Any) -> None:
    """Levels of a point with a fresh value; `middle` is its module's median (NaN: none), `collapsed` its cell's state.

    A point of which nothing is above a threshold and nothing was is done with at once.
    """
    if head.collapse > 0.0:
        look_back(p, head)
    remember(p, head)
    shown = p.last - reference
    y = head.sign * shown
    apart = head.sign * (p.last - middle)
    slope = head.sign * p.slope
    p.level = codes.NORMAL
    p.feature = 0
    p.value = shown
    p.threshold = math.nan
    p.score = y
    above = y >= head.lowest or apart >= head.lowest_deviation or slope >= head.lowest_rate
    if above or p.busy or p.last < (1.0 - head.collapse) * p.collapse_from:
        judge_collapse(p, head)
        judge_thresholds(p, head, y)
        judge_deviation(p, head, apart)
        judge_rate(p, head, slope)
        p.busy = 0
        for which in range(p.on.shape[0]):
            if p.on[which] or p.since_ms[which] >= 0:
                p.busy = 1
    if math.isfinite(head.max_operating):
        judge_runaway(p, head, collapsed)


@jit
def judge_thresholds(p: Any, head: Any, y: Any) -> None:
    """Thresholds: `y` is the value, negative where low is dangerous."""
    feature = codes.ABOVE_REFERENCE if head.reference >= 0 else (codes.HIGH if head.sign > 0 else codes.LOW)
    shown = y * head.sign
    limit = head.alarm
    if hold(p, codes.C_ALARM, y >= limit, y >= limit - head.hysteresis, head.persistence_ms):
        raise_to(p, min(codes.ALARM, head.cap), feature, shown, limit * head.sign, y - limit)
    limit = head.pre_alarm
    if hold(p, codes.C_PRE_ALARM, y >= limit, y >= limit - head.hysteresis, head.persistence_ms):
        raise_to(p, min(codes.PRE_ALARM, head.cap), feature, shown, limit * head.sign, y - limit)
    limit = head.advisory
    if hold(p, codes.C_ADVISORY, y >= limit, y >= limit - head.hysteresis, head.persistence_ms):
        raise_to(p, min(codes.ADVISORY, head.cap), feature, shown, limit * head.sign, y - limit)


@jit
def judge_deviation(p: Any, head: Any, apart: Any) -> None:
    """Distance from the module's median, to the dangerous side."""
    feature = codes.DEVIATION if head.sign > 0 else codes.SAG
    shown = apart * head.sign
    limit = head.deviation_pre_alarm
    if hold(p, codes.C_FAR, apart >= limit, apart >= limit - head.hysteresis, head.persistence_ms):
        raise_to(p, min(codes.PRE_ALARM, head.cap), feature, shown, limit * head.sign, apart - limit)
    limit = head.deviation_advisory
    if hold(p, codes.C_OFF, apart >= limit, apart >= limit - head.hysteresis, head.persistence_ms):
        raise_to(p, min(codes.ADVISORY, head.cap), feature, shown, limit * head.sign, apart - limit)


@jit
def judge_rate(p: Any, head: Any, slope: Any) -> None:
    """Rate of rise, to the dangerous side, of values above the floor."""
    high = p.last >= head.rate_floor
    limit = head.rate_alarm
    if hold(p, codes.C_STEEP, slope >= limit and high, slope >= limit * RATE_HYSTERESIS, head.persistence_ms):
        raise_to(p, min(codes.ALARM, head.cap), codes.RATE, p.slope, limit * head.sign, slope - limit)
    limit = head.rate_pre_alarm
    if hold(p, codes.C_RISING, slope >= limit and high, slope >= limit * RATE_HYSTERESIS, head.persistence_ms):
        raise_to(p, min(codes.PRE_ALARM, head.cap), codes.RATE, p.slope, limit * head.sign, slope - limit)


@jit
def judge_collapse(p: Any, head: Any) -> None:
    """Voltage lost against the highest of the window before the loss."""
    limit = (1.0 - head.collapse) * p.collapse_from
    back = (1.0 - head.collapse + COLLAPSE_HYSTERESIS) * p.collapse_from
    if hold(p, codes.C_COLLAPSE, p.last < limit, p.last < back, COLLAPSE_HOLD_MS):
        raise_to(p, min(codes.PRE_ALARM, head.cap), codes.COLLAPSE, p.last, limit, limit - p.last)


@jit
def judge_runaway(p: Any, head: Any, collapsed: Any) -> None:
    """GB 38031-2025: (too hot, or voltage lost) and 1 K/s for more than 3 s. It lasts while steep or hot."""
    steepen(p)
    steep = p.steep_count >= STEEP_INTERVALS and p.last_ms - p.steep_ms > STEEP_MS
    starts = steep and (p.last >= head.max_operating or collapsed)
    lasts = p.runaway and (p.steep_ms >= 0 or p.last >= head.max_operating - head.hysteresis)
    p.runaway = 1 if starts or lasts else 0
    if p.runaway:
        raise_to(p, codes.ALARM, codes.RUNAWAY, p.last, head.max_operating, p.last - head.max_operating)


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
def judge_dying(points: Any, head: Any, tick_ms: Any) -> None:
    """Latch "sensors dying together" of a head of which a point has just died: higher if one of them had risen."""
    count = 0
    living = 0
    risen = False
    last = -1
    for i in range(head.first, head.first + head.count):
        p = points[i]
        if p.status in (codes.LIVE, codes.UNBELIEVED):
            living += 1
        elif p.status != codes.STILL and p.died_ms >= 0 and tick_ms - p.died_ms <= DYING_WITHIN_MS:
            count += 1
            risen = risen or p.kept_level >= codes.PRE_ALARM
            if p.died_ms == tick_ms:
                last = i
    level = min(codes.PRE_ALARM if risen else codes.ADVISORY, head.cap)
    if count >= DYING_COUNT and living > 0 and level > head.dying:
        head.dying = level
        head.dying_count = min(count, 255)
        head.dying_point = last


@jit
def has_news(index: Any, quality: Any, sample: Any, seen_quality: Any, seen_sample: Any) -> Any:
    """Whether any point of the bank has a new sample or another quality."""
    for i in range(index.shape[0]):
        k = index[i]
        if sample[k] != seen_sample[i] or quality[k] != seen_quality[i]:
            return True
    return False


@jit
def advance(
    index: Any, value: Any, quality: Any, sample: Any, received_ms: Any, tick_ms: Any,
    heads: Any, points: Any, partners: Any, seen_quality: Any, seen_sample: Any, scratch: Any,
) -> Any:  # fmt: skip
    """Advance one bank by one image; returns whether anything was new (if not, nothing has changed).

    `index` int32 (n,) places of the bank's points in the image; `value` float64, `quality` uint8, `sample` and
    `received_ms` int64, of the image; `heads` (h,) HEAD and `points` (n,) POINT records, `seen_quality` uint8 (n,) and
    `seen_sample` int64 (n,): the bank's own memory, written here; `partners` POINT records of the voltage bank;
    `scratch` float64 for one module.
    """
    if not has_news(index, quality, sample, seen_quality, seen_sample):
        return False
    for h in range(heads.shape[0]):
        head = heads[h]
        stride = max(head.group, 1)
        died = False
        for start in range(head.first, head.first + head.count, stride):
            end = start + stride
            if not has_news(index[start:end], quality, sample, seen_quality[start:end], seen_sample[start:end]):
                continue  # its records, which are large, need not be looked at
            for i in range(start, end):
                k = index[i]
                new = sample[k] != seen_sample[i]
                points[i].fresh = 0
                if new or quality[k] != seen_quality[i]:
                    seen_sample[i] = sample[k]
                    seen_quality[i] = quality[k]
                    dies = take(points[i], head, value[k], quality[k], received_ms[k], new, tick_ms)
                    died = died or dies
            judge_group(heads[h], points, partners, start, stride, scratch, tick_ms)
        if died and head.judge_dying:
            judge_dying(points, head, tick_ms)
    return True


@jit
def judge_group(head: Any, points: Any, partners: Any, start: Any, stride: Any, scratch: Any, tick_ms: Any) -> None:
    """Judge the fresh ones among the points of one module (or one lone point) against their median and reference."""
    middle = math.nan
    if head.group > 0:
        n = 0
        for i in range(start, start + stride):
            if points[i].status == codes.LIVE:
                scratch[n] = points[i].last
                n += 1
        middle = median(scratch, n)
    reference = 0.0
    if head.reference >= 0 and points[head.reference].status == codes.LIVE:
        reference = min(max(points[head.reference].last, 0.0), head.reference_cap)
    for i in range(start, start + stride):
        p = points[i]
        collapsed = p.partner >= 0 and partners[p.partner].on[codes.C_COLLAPSE] != 0
        if p.fresh:
            judge(p, head, middle, reference, collapsed)
        elif collapsed and not p.kept_runaway and not math.isnan(p.died_degc):
            judge_died_hot(p, head, tick_ms)
