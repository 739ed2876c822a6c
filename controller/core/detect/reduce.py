"""The kernels that reduce a bank: from points to the readings of heads and racks.

The plain Python twin is tests/naive/detect.py.
"""

import math
from typing import Any

from controller.core.detect import codes
from controller.core.detect.compile import jit
from controller.core.detect.kernels import DYING_COUNT


@jit
def reduce_heads(
    index: Any, heads: Any, points: Any,
    level: Any, runaway: Any, fault: Any, point: Any, feature: Any, value: Any, threshold: Any, weight: Any,
) -> None:  # fmt: skip
    """Write the readings of a bank's heads (arrays over all heads): the strongest evidence of each, or its fault."""
    for h in range(heads.shape[0]):
        head = heads[h]
        out = head.index
        best = strongest(points, head)
        level[out] = codes.NORMAL
        runaway[out] = 0
        point[out] = index[head.first]
        feature[out] = 0
        value[out] = math.nan
        threshold[out] = math.nan
        if best >= 0:
            p = points[best]
            kept = p.kept_level > p.level
            level[out] = p.kept_level if kept else p.level
            runaway[out] = max(p.runaway, p.kept_runaway)
            point[out] = index[best]
            feature[out] = codes.DIED_AFTER_RISE if kept else p.feature
            value[out] = p.kept_value if kept else p.value
            threshold[out] = p.kept_threshold if kept else p.threshold
        if head.dying > level[out]:
            level[out] = head.dying
            feature[out] = codes.DYING_TOGETHER
            point[out] = index[head.dying_point]
            value[out] = head.dying_count
            threshold[out] = DYING_COUNT
        weight[out] = level[out]  # one nat a level (assumed)
        show_fault(out, head, index, points, level, fault, point, feature, value, threshold)


@jit
def strongest(points: Any, head: Any) -> Any:
    """The point of a head with the highest level, then the highest score; -1 when none has a value or evidence."""
    best = -1
    best_level = -1
    best_score = math.nan
    for i in range(head.first, head.first + head.count):
        p = points[i]
        if p.status in (codes.LIVE, codes.UNBELIEVED) or p.kept_level > codes.NORMAL:
            level = max(p.level, p.kept_level)
            if level > best_level or (level == best_level and p.score > best_score):
                best = i
                best_level = level
                best_score = p.score
    return best


@jit
def show_fault(
    out: Any, head: Any, index: Any, points: Any,
    level: Any, fault: Any, point: Any, feature: Any, value: Any, threshold: Any,
) -> None:  # fmt: skip
    """Write how far a head is faulty; without a level also its first faulty point, raw value and broken limit."""
    faulty = -1
    n_dead = 0
    for i in range(head.first, head.first + head.count):
        if points[i].status != codes.LIVE:
            faulty = i if faulty < 0 else faulty
            n_dead += 1 if points[i].status != codes.UNBELIEVED else 0
    fault[out] = 0 if faulty < 0 else (2 if n_dead == head.count else 1)
    if faulty < 0 or level[out] > codes.NORMAL:
        return
    p = points[faulty]
    point[out] = index[faulty]
    value[out] = p.raw
    threshold[out] = math.nan
    if p.status == codes.ABSURD:
        feature[out] = codes.OUT_OF_RANGE
        threshold[out] = head.low if p.raw < head.low else head.high
    elif p.status == codes.STILL:
        feature[out] = codes.STUCK
        threshold[out] = head.stuck_ms * 1e-3
    elif p.status == codes.UNBELIEVED:
        feature[out] = codes.SLEW
        threshold[out] = head.slew
    else:
        feature[out] = codes.NO_VALUE


@jit
def reduce_racks(heads: Any, points: Any, hottest: Any, slope: Any, live: Any) -> None:
    """Write the hottest cell (degC), its slope (K/s) and the live share of every rack, from the temperature bank."""
    for rack in range(hottest.shape[0]):
        hottest[rack] = math.nan
        slope[rack] = math.nan
        n = 0
        n_live = 0
        for h in range(heads.shape[0]):
            if heads[h].rack == rack:
                n += heads[h].count
                for i in range(heads[h].first, heads[h].first + heads[h].count):
                    p = points[i]
                    if p.status == codes.LIVE:
                        n_live += 1
                        if not p.last <= hottest[rack]:
                            hottest[rack] = p.last
                            slope[rack] = p.slope
        live[rack] = n_live / n if n > 0 else 0.0
