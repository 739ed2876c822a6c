"""The kernels that reduce a bank of cells: from points to the readings of heads and racks.

The plain Python twin is tests/naive/cells.py.
"""

import math
from typing import Any

from controller.core.detect import cell_params as par
from controller.core.detect import codes
from controller.core.detect import tiles as at
from controller.core.detect.cell_dying import DYING_COUNT
from controller.core.detect.cell_judge import W_LEVEL, W_MOST
from controller.core.detect.cell_records import BAD_SHOWN
from controller.core.detect.cell_tile import LOAD_SPREAD
from controller.core.detect.cell_validity import forget, slope_of
from controller.core.detect.compile import jit


@jit
def strongest(head: Any, s: Any, m: Any, odd_lane: Any, points: Any, status: Any) -> Any:
    """Slot of the point of a head with the highest level, then the highest score; -1: none has a value or evidence."""
    best = -1
    best_level = -1
    best_score = math.nan
    for lane in range(head.lanes):
        first = head.first + lane * head.rows
        if not odd_lane[head.first_lane + lane]:
            y = head.sign * float(worst_of(m, head.first_lane + lane))
            if best_level < 0 or (best_level == 0 and y > best_score):
                best = slot_of_worst(s, m, head, lane)
                best_level = 0
                best_score = y
            continue
        for i in range(first, first + head.rows):
            p = points[i]
            if status[i] in (codes.LIVE, codes.UNBELIEVED) or max(p.level, p.kept_level) > codes.NORMAL:
                level = max(p.level, p.kept_level)
                score = p.score if p.level > codes.NORMAL else head.sign * float(s[place_of(i) + at.LAST])
                if level > best_level or (level == best_level and score > best_score):
                    best = i
                    best_level = level
                    best_score = score
    return best


@jit
def worst_of(m: Any, lane: Any) -> Any:
    """The worst value of a module of which all points are plain."""
    return m[lane // at.LANES * at.SHARED + at.WORST + lane % at.LANES]


@jit
def slot_of_worst(s: Any, m: Any, head: Any, lane: Any) -> Any:
    """The first point of a head's module that has its worst value."""
    first = head.first + lane * head.rows
    worst = worst_of(m, head.first_lane + lane)
    for i in range(first, first + head.rows):
        if s[place_of(i) + at.LAST] == worst:
            return i
    return first


@jit
def place_of(i: Any) -> Any:
    """Where in the state the fields of a slot lie."""
    return i // at.CHUNK * int(at.STATE) + i % at.CHUNK


@jit
def reduce_heads(
    index: Any, heads: Any, points: Any, s: Any, m: Any, status: Any, odd_lane: Any,
    level: Any, runaway: Any, fault: Any, point: Any, feature: Any, value: Any, threshold: Any, weight: Any,
) -> None:  # fmt: skip
    """Write the readings of a bank's heads (arrays over all heads): the strongest evidence of each, or its fault."""
    for h in range(heads.shape[0]):
        head = heads[h]
        out = head.index
        best = strongest(head, s, m, odd_lane, points, status)
        level[out] = codes.NORMAL
        runaway[out] = 0
        point[out] = index[head.first]
        feature[out] = 0
        value[out] = math.nan
        threshold[out] = math.nan
        weight[out] = heaviest(head, odd_lane, points)
        if best >= 0:
            p = points[best]
            kept = p.kept_level > p.level
            level[out] = p.kept_level if kept else p.level
            runaway[out] = max(p.runaway, p.kept_runaway)
            point[out] = index[best]
            if kept:
                feature[out] = codes.DIED_AFTER_RISE
                value[out] = p.kept_value
                threshold[out] = p.kept_threshold
            elif p.level > codes.NORMAL:
                feature[out] = p.feature
                value[out] = p.value
                threshold[out] = p.threshold
            else:
                value[out] = float(s[place_of(best) + at.LAST])
        if head.dying > level[out]:
            level[out] = head.dying
            feature[out] = codes.DYING_TOGETHER
            point[out] = index[head.dying_slot]
            value[out] = head.dying_count
            threshold[out] = DYING_COUNT
        weight[out] = min(max(float(weight[out]), head.dying * W_LEVEL), W_MOST)
        judge_common(out, head, s, m, index, level, point, feature, value, threshold, weight)
        show_fault(out, head, s, index, points, status, odd_lane, level, fault, point, feature, value, threshold)


@jit
def heaviest(head: Any, odd_lane: Any, points: Any) -> Any:
    """The largest weight of a head's points; what is kept of a dead one weighs by its level."""
    most = 0.0
    for lane in range(head.lanes):
        if odd_lane[head.first_lane + lane]:
            for row in range(head.rows):
                p = points[head.first + lane * head.rows + row]
                most = max(most, float(p.weight), p.kept_level * W_LEVEL)
    return most


@jit
def judge_common(
    out: Any, head: Any, s: Any, m: Any, index: Any, level: Any, point: Any, feature: Any,
    value: Any, threshold: Any, weight: Any,
) -> None:  # fmt: skip
    """An advisory for the module that has risen most beyond its heat balance, on its hottest point."""
    most = 0.0
    worst = -1
    for lane in range(head.lanes):
        k = head.first_lane + lane
        excess = float(m[k // at.LANES * at.SHARED + at.EXCESS + k % at.LANES])
        if excess >= head.common_rise and excess > most:
            most = excess
            worst = lane
    if worst < 0:
        return
    weight[out] = min(max(float(weight[out]), W_LEVEL * most / head.common_rise), W_MOST)
    if level[out] == codes.NORMAL:
        level[out] = codes.ADVISORY
        feature[out] = codes.COMMON_RISE
        point[out] = index[slot_of_worst(s, m, head, worst)]
        value[out] = most
        threshold[out] = head.common_rise


@jit
def show_fault(
    out: Any, head: Any, s: Any, index: Any, points: Any, status: Any, odd_lane: Any, level: Any, fault: Any,
    point: Any, feature: Any, value: Any, threshold: Any,
) -> None:  # fmt: skip
    """Write how far a head is faulty; without a level also its first faulty point, raw value and broken limit."""
    faulty = -1
    n_dead = 0
    for lane in range(head.lanes):
        if odd_lane[head.first_lane + lane]:
            for row in range(head.rows):
                i = head.first + lane * head.rows + row
                if status[i] != codes.LIVE or points[i].spoilt > BAD_SHOWN:
                    faulty = i if faulty < 0 else faulty
                    n_dead += 1 if status[i] in (codes.DEAD, codes.ABSURD, codes.STILL) else 0
    fault[out] = 0 if faulty < 0 else (2 if n_dead == head.lanes * head.rows else 1)
    if faulty < 0 or level[out] > codes.NORMAL:
        return
    p = points[faulty]
    point[out] = index[faulty]
    value[out] = p.raw if status[faulty] != codes.LIVE else float(s[place_of(faulty) + at.LAST])
    threshold[out] = math.nan
    if status[faulty] == codes.ABSURD:
        feature[out] = codes.OUT_OF_RANGE
        threshold[out] = head.low if p.raw < head.low else head.high
    elif status[faulty] == codes.STILL:
        feature[out] = codes.STUCK
        threshold[out] = head.stuck_ms * 1e-3
    elif status[faulty] == codes.UNBELIEVED:
        feature[out] = codes.SLEW
        threshold[out] = head.slew
    else:
        feature[out] = codes.NO_VALUE


@jit
def reduce_racks(
    heads: Any,
    s: Any,
    m: Any,
    status: Any,
    odd_lane: Any,
    hottest: Any,
    slope: Any,
    live: Any,
    points: Any,
    living: Any,
) -> None:
    """Write the hottest cell (degC), its slope (K/s) and the live share of every rack, from the temperatures.

    `points` and `living` int64 by rack are scratch.
    """
    for rack in range(hottest.shape[0]):
        hottest[rack] = math.nan
        slope[rack] = math.nan
        points[rack] = 0
        living[rack] = 0
    for h in range(heads.shape[0]):
        head = heads[h]
        rack = head.rack
        if rack < 0:
            continue
        points[rack] += head.lanes * head.rows
        for lane in range(head.lanes):
            first = head.first + lane * head.rows
            end = first + head.rows
            odd = odd_lane[head.first_lane + lane]
            if not odd:
                living[rack] += head.rows
                if worst_of(m, head.first_lane + lane) <= hottest[rack]:
                    continue
                first = slot_of_worst(s, m, head, lane)
                end = first + 1
            for i in range(first, end):
                if odd and status[i] != codes.LIVE:
                    continue
                living[rack] += 1 if odd else 0
                x = float(s[place_of(i) + at.LAST])
                if not x <= hottest[rack]:
                    hottest[rack] = x
                    slope[rack] = slope_of(head, s, place_of(i))
    for rack in range(hottest.shape[0]):
        live[rack] = living[rack] / points[rack] if points[rack] > 0 else 0.0


@jit
def adopt(head: Any, s: Any, m: Any, points: Any, status: Any, flags: Any, odd_lane: Any, p: Any) -> None:
    """A person has looked: where a point that lives drifts is its habit now, and its sums begin anew; what is lost says nothing more.

    Habit is what is filtered, not one noisy sample, and nothing that a load does to a voltage.
    """
    for lane in range(head.lanes):
        k = head.first_lane + lane
        middle = m[k // at.LANES * at.SHARED + at.MIDDLE + k % at.LANES]
        rest = m[k // at.LANES * at.SHARED + at.REST + k % at.LANES]
        loaded = p[par.IS_VOLTAGE] > 0.0 and LOAD_SPREAD * abs(middle - rest) > p[par.SCALE_FLOOR]
        odd = 0
        living = 0
        for i in range(head.first + lane * head.rows, head.first + (lane + 1) * head.rows):
            living += 1 if status[i] in (codes.LIVE, codes.UNBELIEVED) else 0
            j = place_of(i)
            q = points[i]
            if status[i] == codes.LIVE:
                apart = s[j + at.LEVEL_A] - middle
                if q.drift and not loaded and abs(apart) < p[par.HABIT]:
                    q.drift = 0
                    s[j + at.BIAS] = apart
                    s[j + at.UP] = 0.0
                    s[j + at.DOWN] = 0.0
                    if q.feature == codes.DRIFT:
                        q.level = 0
                        q.feature = 0
                        q.weight = 0.0
            elif status[i] != codes.UNBELIEVED:
                forget(q, s, j, status[i] == codes.STILL)
                q.spoilt = 0
                flags[i] = 0
            odd |= status[i] | flags[i]
        odd_lane[k] = odd != 0
        if living == 0:
            m[k // at.LANES * at.SHARED + at.EXCESS + k % at.LANES] = 0.0
