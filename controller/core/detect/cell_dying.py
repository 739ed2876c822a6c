"""Sensors dying together: several points of one rack, of whichever heads, turn absurd within a minute while others live (rule 1).

What dies as a whole, all temperatures or all voltages that one device tells of a rack, is that device's fault and counts nothing: a
board or a bus has failed, not the sensors. The plain Python twin is tests/naive/cells.py.
"""

from typing import Any

from controller.core.detect import codes
from controller.core.detect.compile import jit

DYING_COUNT = 3
DYING_WITHIN_MS = 60000
"""So many points of a rack that turn absurd within so long, while others live, are a sign of fire (rule 1)."""


@jit
def judge_dying(
    points: Any, heads: Any, status: Any, tick_ms: Any, kin_points: Any, kin_heads: Any, kin_status: Any
) -> None:
    """Latch "sensors dying together" of the heads of which a point has just died: higher if one of the rack's dead had risen."""
    count_dead(points, heads, status, tick_ms)
    count_dead(kin_points, kin_heads, kin_status, tick_ms)
    for h in range(heads.shape[0]):
        head = heads[h]
        if not head.died:
            continue
        head.died = 0
        count, risen = dead_of(heads, head.rack, h)
        if head.rack >= 0:
            more, also = dead_of(kin_heads, head.rack, -1)
            count += more
            risen = risen or also
        level = min(codes.PRE_ALARM if risen else codes.ADVISORY, head.cap)
        if count >= DYING_COUNT and level > head.dying:
            head.dying = level
            head.dying_count = min(count, 255)
            head.dying_slot = newest(points, head, status, tick_ms)


@jit
def count_dead(points: Any, heads: Any, status: Any, tick_ms: Any) -> None:
    """Count what lives and what has died of late, head by head, and what lives of all kin."""
    for h in range(heads.shape[0]):
        heads[h].kin_living = 0
    for h in range(heads.shape[0]):
        head = heads[h]
        head.dead = 0
        head.living = 0
        head.risen = 0
        for i in range(head.first, head.first + head.lanes * head.rows):
            if status[i] in (codes.LIVE, codes.UNBELIEVED):
                head.living += 1
            elif status[i] != codes.STILL and points[i].died_ms >= 0 and tick_ms - points[i].died_ms <= DYING_WITHIN_MS:
                head.dead += 1
                if points[i].kept_level >= codes.PRE_ALARM:
                    head.risen = 1
        heads[head.kin].kin_living += head.living


@jit
def dead_of(heads: Any, rack: Any, own: Any) -> Any:
    """How many have died of a rack's heads (of head `own` alone without a rack) of whose kin some live, and whether one had risen."""
    count = 0
    risen = False
    for h in range(heads.shape[0]):
        head = heads[h]
        if (h == own or (rack >= 0 and head.rack == rack)) and heads[head.kin].kin_living > 0:
            count += head.dead
            risen = risen or head.risen != 0
    return count, risen


@jit
def newest(points: Any, head: Any, status: Any, tick_ms: Any) -> Any:
    """The last point of a head that died now."""
    last = -1
    for i in range(head.first, head.first + head.lanes * head.rows):
        if status[i] in (codes.DEAD, codes.ABSURD) and points[i].died_ms == tick_ms:
            last = i
    return last
