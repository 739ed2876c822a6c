"""What the kernels of all air banks do with one point: is it valid, how fast does it rise, which thresholds has it passed.

`at` reads memory (float32) as a double: all arithmetic is in doubles, all memory in floats. The plain Python twin is tests/naive/air.py.
What the rows mean stands in `air_codes`.
"""

import math
from typing import Any

import numpy as np

from controller.core.detect import air_codes as c
from controller.core.detect import codes
from controller.core.detect.compile import jit

RATE_HYSTERESIS = 0.5
"""A rate of rise counts until it falls below this share of its threshold (assumed)."""


@jit
def at(array: Any, row: Any, i: Any) -> Any:
    """One number of memory or parameters, as a double."""
    return np.float64(array[row, i])


@jit
def hold(t: Any, u: Any, i: Any, which: Any, above: Any, keeps: Any, hold_ms: Any) -> Any:
    """Advance condition `which`: on after `above` has held for `hold_ms` of sample time, on while it `keeps`."""
    if u[c.U_ON + which, i]:
        if not keeps:
            u[c.U_ON + which, i] = 0
            t[c.T_SINCE + which, i] = -1
    elif not above:
        t[c.T_SINCE + which, i] = -1
    else:
        if t[c.T_SINCE + which, i] < 0:
            t[c.T_SINCE + which, i] = t[c.T_LAST, i]
        if t[c.T_LAST, i] - t[c.T_SINCE + which, i] >= hold_ms:
            u[c.U_ON + which, i] = 1
    return u[c.U_ON + which, i] != 0


@jit
def is_rising(t: Any, u: Any, i: Any) -> Any:
    """Whether the rate of rise was above a threshold in this sample and the one before."""
    rising = False
    for which in (c.K_RISING, c.K_STEEP):
        if u[c.U_ON + which, i] or 0 <= t[c.T_SINCE + which, i] < t[c.T_LAST, i]:
            rising = True
    return rising


@jit
def forget(f: Any, t: Any, u: Any, i: Any) -> None:
    """Take back all that follows from a point's values: the next valid one is a first one. What is slow (base, drift) stays."""
    for row in (c.F_LAST, c.F_BEFORE, c.F_LONG_BEFORE, c.F_SLOPE):
        f[row, i] = math.nan
    for row in range(c.F_UP, c.F_ROWS):
        f[row, i] = 0.0
    u[c.U_SUSPECT, i] = 0
    u[c.U_RING_COUNT, i] = 0
    for which in range(c.CONDITIONS):
        u[c.U_ON + which, i] = 0
        t[c.T_SINCE + which, i] = -1
    say_nothing(f, u, i)


@jit
def say_nothing(f: Any, u: Any, i: Any) -> None:
    """A point that shows nothing valid has no level, weight, mark or pattern now."""
    f[c.F_WEIGHT, i] = 0.0
    for row in (c.U_LEVEL, c.U_FEATURE, c.U_MARKS, c.U_PATTERN):
        u[row, i] = 0


@jit
def resume(q: Any, f: Any, t: Any, u: Any, h: Any, i: Any, t_ms: Any) -> None:
    """A point shows a valid value again. A short gap counts for its conditions as one step, that before it; a long one forgets them."""
    gap_ms = t_ms - t[c.T_LAST, i]
    if gap_ms > max(codes.PAUSE_MS, codes.PAUSE_PERSISTENCES * q[c.Q_PERSISTENCE, h]):
        forget(f, t, u, i)
        return
    uncounted_ms = max(gap_ms - max(t[c.T_STEP, i], 0), 0)
    for which in range(c.CONDITIONS):
        if t[c.T_SINCE + which, i] >= 0:
            t[c.T_SINCE + which, i] += uncounted_ms


@jit
def die(p: Any, q: Any, f: Any, t: Any, u: Any, h: Any, i: Any, status: Any) -> None:
    """Turn a point invalid. After a rise its level stays as evidence (rule 1). One that is silent or absurd pauses, and may `resume`."""
    if u[c.U_STATUS, i] == c.LIVE or u[c.U_STATUS, i] == c.UNBELIEVED:
        high = u[c.U_LEVEL, i] >= codes.PRE_ALARM
        if high or is_rising(t, u, i):
            level = max(np.int64(u[c.U_LEVEL, i]), min(codes.PRE_ALARM, q[c.Q_CAP, h]))
            u[c.U_KEPT_MARKS, i] = u[c.U_KEPT_MARKS, i] | (u[c.U_MARKS, i] & c.MARK_FIRE_2)
            if level > u[c.U_KEPT_LEVEL, i]:
                u[c.U_KEPT_LEVEL, i] = level
                f[c.F_KEPT_VALUE, i] = f[c.F_VALUE, i] if high else f[c.F_SLOPE, i]
                f[c.F_KEPT_THRESHOLD, i] = f[c.F_THRESHOLD, i] if high else p[c.P_RATE_PRE_ALARM, h]
    u[c.U_STATUS, i] = status
    last = f[c.F_LAST, i]
    if status == c.DEAD or status == c.ABSURD:
        say_nothing(f, u, i)
        return
    forget(f, t, u, i)
    if status == c.STILL:
        f[c.F_LAST, i] = last


@jit
def take(
    p: Any, q: Any, f: Any, t: Any, u: Any, h: Any, i: Any, value: Any, quality: Any, t_ms: Any, new: Any,
) -> None:  # fmt: skip
    """Judge the validity of what a point shows now: its status, and whether it is fresh."""
    f[c.F_RAW, i] = value
    u[c.U_FRESH, i] = 0
    if u[c.U_MASKED, i]:
        die(p, q, f, t, u, h, i, c.MASKED)
        return
    if quality != codes.GOOD or math.isnan(value):
        die(p, q, f, t, u, h, i, c.DEAD)
        return
    if not new:
        return
    x = at(f, c.F_RAW, i) + 0.0  # no negative zero: processors do not agree on the greater of two zeros
    if not at(p, c.P_LOW, h) <= x <= at(p, c.P_HIGH, h):
        die(p, q, f, t, u, h, i, c.ABSURD)
        return
    if u[c.U_STATUS, i] == c.DEAD or u[c.U_STATUS, i] == c.ABSURD:
        resume(q, f, t, u, h, i, t_ms)
    last = at(f, c.F_LAST, i)
    step_ms = t_ms - t[c.T_LAST, i]
    if not math.isnan(last):
        step = x - last
        if abs(step) > at(p, c.P_SLEW, h) * max(step_ms * 1e-3, codes.SLEW_MIN_S):
            side = c.UP if step > 0 else c.DOWN
            if u[c.U_SUSPECT, i] != side:
                u[c.U_SUSPECT, i] = side
                u[c.U_STATUS, i] = c.UNBELIEVED if u[c.U_STATUS, i] != c.STILL else c.STILL
                return
    u[c.U_SUSPECT, i] = 0
    if x != last or t[c.T_CHANGE, i] < 0:
        t[c.T_CHANGE, i] = t_ms
    t[c.T_STEP, i] = 0 if math.isnan(last) else step_ms
    t[c.T_LAST, i] = t_ms
    f[c.F_LAST, i] = x
    if 0 < q[c.Q_STUCK, h] <= t_ms - t[c.T_CHANGE, i]:
        die(p, q, f, t, u, h, i, c.STILL)
        return
    u[c.U_STATUS, i] = c.LIVE
    u[c.U_FRESH, i] = 1


@jit
def take_all(
    index: Any, value: Any, quality: Any, sample: Any, received_ms: Any, p: Any, q: Any, f: Any, t: Any, u: Any,
) -> Any:  # fmt: skip
    """Take in every point that has a new sample or another quality; returns whether there was one."""
    news = False
    for h in range(q.shape[1]):
        for i in range(q[c.Q_FIRST, h], q[c.Q_FIRST, h] + q[c.Q_COUNT, h]):
            k = index[i]
            new = sample[k] != t[c.T_SEEN, i]
            u[c.U_FRESH, i] = 0
            if new or quality[k] != u[c.U_SEEN, i]:
                news = True
                t[c.T_SEEN, i] = sample[k]
                u[c.U_SEEN, i] = quality[k]
                take(p, q, f, t, u, h, i, value[k], quality[k], received_ms[k], new)
    return news


@jit
def remember(q: Any, f: Any, t: Any, u: Any, ring: Any, ring_ms: Any, h: Any, i: Any) -> None:
    """Put the new value, median-filtered, into the ring and set the slope, from the oldest value of the window to now.

    The filter of three takes out any lone spike.
    """
    last = f[c.F_LAST, i]
    before = f[c.F_BEFORE, i]
    long_before = f[c.F_LONG_BEFORE, i]
    now_ms = t[c.T_LAST, i]
    if not math.isnan(long_before):
        value = max(min(long_before, before), min(max(long_before, before), last))
        first = np.int64(u[c.U_RING_FIRST, i])
        count = np.int64(u[c.U_RING_COUNT, i])
        while count > 0 and now_ms - ring_ms[first, i] > q[c.Q_WINDOW, h] + q[c.Q_SPACING, h]:
            first = (first + 1) % c.RING
            count -= 1
        f[c.F_SLOPE, i] = math.nan
        if count > 0:
            span_ms = now_ms - ring_ms[first, i]
            if 2 * span_ms >= q[c.Q_WINDOW, h] and span_ms > 0:
                f[c.F_SLOPE, i] = (np.float64(value) - at(ring, first, i)) / (span_ms * 1e-3)
        if count == 0 or now_ms - ring_ms[(first + count - 1) % c.RING, i] >= q[c.Q_SPACING, h]:
            if count == c.RING:
                first = (first + 1) % c.RING
                count -= 1
            place = (first + count) % c.RING
            ring[place, i] = value
            ring_ms[place, i] = now_ms
            count += 1
        u[c.U_RING_FIRST, i] = first
        u[c.U_RING_COUNT, i] = count
    f[c.F_LONG_BEFORE, i] = before
    f[c.F_BEFORE, i] = last


@jit
def begin(f: Any, u: Any, i: Any, shown: Any) -> None:
    """Begin to judge a fresh value: nothing is passed yet."""
    u[c.U_LEVEL, i] = codes.NORMAL
    u[c.U_FEATURE, i] = 0
    u[c.U_MARKS, i] = u[c.U_MARKS, i] & c.MARK_DRIFTED
    f[c.F_VALUE, i] = shown
    f[c.F_THRESHOLD, i] = math.nan
    f[c.F_SCORE, i] = shown
    f[c.F_WEIGHT, i] = 0.0


@jit
def raise_to(f: Any, u: Any, i: Any, level: Any, feature: Any, value: Any, threshold: Any, score: Any) -> None:
    """Take a level with its evidence, if it is higher than what the point has."""
    if level > u[c.U_LEVEL, i]:
        u[c.U_LEVEL, i] = level
        u[c.U_FEATURE, i] = feature
        f[c.F_VALUE, i] = value
        f[c.F_THRESHOLD, i] = threshold
        f[c.F_SCORE, i] = score


@jit
def judge_threshold(
    p: Any, q: Any, f: Any, t: Any, u: Any, h: Any, i: Any, y: Any, which: Any, limit: Any, level: Any, feature: Any,
    hold_ms: Any,
) -> Any:  # fmt: skip
    """One threshold of a level; returns whether it counts."""
    passed = hold(t, u, i, which, y >= limit, y >= limit - at(p, c.P_HYSTERESIS, h), hold_ms)
    if passed:
        raise_to(f, u, i, min(level, q[c.Q_CAP, h]), feature, y, limit, y - limit)
    return passed


@jit
def is_quiet(p: Any, f: Any, t: Any, u: Any, h: Any, i: Any, y: Any, share: Any) -> Any:
    """Whether `y` is below every threshold, its rate below every rate, and no condition is on or on its way: then nothing can change."""
    if y >= share * at(p, c.P_LOWEST, h) or at(f, c.F_SLOPE, i) >= at(p, c.P_LOWEST_RATE, h):
        return False
    for which in range(c.CONDITIONS):
        if u[c.U_ON + which, i] or t[c.T_SINCE + which, i] >= 0:
            return False
    return True


@jit
def judge_levels(
    p: Any, q: Any, f: Any, t: Any, u: Any, h: Any, i: Any, y: Any, feature: Any, share: Any, hold_ms: Any,
) -> None:  # fmt: skip
    """The three thresholds of a family, each times `share`."""
    judge_threshold(p, q, f, t, u, h, i, y, c.K_ALARM, share * at(p, c.P_ALARM, h), codes.ALARM, feature, hold_ms)
    judge_threshold(
        p, q, f, t, u, h, i, y, c.K_PRE_ALARM, share * at(p, c.P_PRE_ALARM, h), codes.PRE_ALARM, feature, hold_ms
    )
    judge_threshold(
        p, q, f, t, u, h, i, y, c.K_ADVISORY, share * at(p, c.P_ADVISORY, h), codes.ADVISORY, feature, hold_ms
    )


@jit
def judge_rate(p: Any, q: Any, f: Any, t: Any, u: Any, h: Any, i: Any) -> None:
    """Rate of rise of values above the floor."""
    slope = at(f, c.F_SLOPE, i)
    high = at(f, c.F_LAST, i) >= at(p, c.P_RATE_FLOOR, h)
    hold_ms = q[c.Q_PERSISTENCE, h]
    limit = at(p, c.P_RATE_ALARM, h)
    if hold(t, u, i, c.K_STEEP, slope >= limit and high, slope >= limit * RATE_HYSTERESIS, hold_ms):
        raise_to(f, u, i, min(codes.ALARM, q[c.Q_CAP, h]), codes.RATE, slope, limit, slope - limit)
    limit = at(p, c.P_RATE_PRE_ALARM, h)
    if hold(t, u, i, c.K_RISING, slope >= limit and high, slope >= limit * RATE_HYSTERESIS, hold_ms):
        raise_to(f, u, i, min(codes.PRE_ALARM, q[c.Q_CAP, h]), codes.RATE, slope, limit, slope - limit)


@jit
def reduce_air(
    index: Any, p: Any, q: Any, f: Any, u: Any,
    level: Any, runaway: Any, fault: Any, point: Any, feature: Any, value: Any, threshold: Any, weight: Any, marks: Any,
) -> None:  # fmt: skip
    """Write the readings of a bank's heads (arrays over all heads): the strongest evidence of each, or its fault."""
    for h in range(q.shape[1]):
        out = q[c.Q_INDEX, h]
        first = q[c.Q_FIRST, h]
        end = first + q[c.Q_COUNT, h]
        best = -1
        faulty = -1
        dead = 0
        gathered = 0
        for i in range(first, end):
            status = u[c.U_STATUS, i]
            if status != c.LIVE:
                faulty = i if faulty < 0 else faulty
                dead += 1 if status != c.UNBELIEVED else 0
            gathered |= u[c.U_MARKS, i] | u[c.U_KEPT_MARKS, i]
            if status == c.LIVE or status == c.UNBELIEVED or u[c.U_KEPT_LEVEL, i] > 0:
                mine = max(u[c.U_LEVEL, i], u[c.U_KEPT_LEVEL, i])
                its = max(u[c.U_LEVEL, best], u[c.U_KEPT_LEVEL, best]) if best >= 0 else 0
                if best < 0 or mine > its or (mine == its and f[c.F_SCORE, i] > f[c.F_SCORE, best]):
                    best = i
        level[out] = codes.NORMAL
        runaway[out] = 0
        point[out] = index[first]
        feature[out] = 0
        value[out] = math.nan
        threshold[out] = math.nan
        weight[out] = 0.0
        marks[out] = gathered
        if best >= 0:
            kept = u[c.U_KEPT_LEVEL, best] > u[c.U_LEVEL, best]
            level[out] = u[c.U_KEPT_LEVEL, best] if kept else u[c.U_LEVEL, best]
            point[out] = index[best]
            feature[out] = codes.DIED_AFTER_RISE if kept else u[c.U_FEATURE, best]
            value[out] = f[c.F_KEPT_VALUE if kept else c.F_VALUE, best]
            threshold[out] = f[c.F_KEPT_THRESHOLD if kept else c.F_THRESHOLD, best]
            weight[out] = u[c.U_KEPT_LEVEL, best] if kept else f[c.F_WEIGHT, best]
        fault[out] = 0 if faulty < 0 else (2 if dead == end - first else 1)
        if faulty >= 0 and level[out] == codes.NORMAL:
            show_fault(index, p, q, f, u, h, faulty, point, feature, value, threshold)


@jit
def show_fault(
    index: Any, p: Any, q: Any, f: Any, u: Any, h: Any, i: Any, point: Any, feature: Any, value: Any, threshold: Any,
) -> None:  # fmt: skip
    """Write a head's first faulty point, its raw value and the limit that it broke."""
    out = q[c.Q_INDEX, h]
    point[out] = index[i]
    value[out] = f[c.F_RAW, i]
    threshold[out] = math.nan
    status = u[c.U_STATUS, i]
    if status == c.ABSURD:
        feature[out] = codes.OUT_OF_RANGE
        threshold[out] = p[c.P_LOW, h] if f[c.F_RAW, i] < p[c.P_LOW, h] else p[c.P_HIGH, h]
    elif status == c.STILL:
        feature[out] = codes.STUCK
        threshold[out] = q[c.Q_STUCK, h] * 1e-3
    elif status == c.UNBELIEVED:
        feature[out] = codes.SLEW
        threshold[out] = p[c.P_SLEW, h]
    elif status == c.MASKED:
        feature[out] = c.NOT_BELIEVED
    else:
        feature[out] = codes.NO_VALUE
