"""Lone steps of cells: a sensor that jumps by itself, with nothing around it that moves, is more likely a bad contact than a fire.

A step counts as an advisory at once, and as more when something agrees: the cell's other quantity, a neighbour of its module, a further rise,
or time. A cell that runs away has all of these within a sample or two. The plain Python twin is tests/naive/cells.py.
"""

from typing import Any

import numpy as np

from controller.core.detect import codes
from controller.core.detect import tiles as at
from controller.core.detect.cell_dying import DYING_WITHIN_MS
from controller.core.detect.cell_records import BAD_SHOWN
from controller.core.detect.compile import jit

HOLD_MS = 30000
"""A lone step that stays for so long is believed without company (assumed)."""
ONWARD = 0.25
"""What has risen by so much of its step again was no step (assumed; noise of 0.1 K is a fiftieth of the least one)."""
BACK = 0.5
"""What has come back by so much of its step is where it was."""
PLAIN, BELIEVED = -1, -2
"""In place of a time: no step; one that counts, until the value is back."""


@jit
def is_lone(points: Any, head: Any, s: Any, j: Any, i: Any, partners: Any, t_ms: Any) -> Any:
    """Whether the fresh value of slot `i` (state at `j`) is that of a lone step; keeps the step's beginning and end."""
    p = points[i]
    x = head.sign * float(s[j + at.LAST])
    before = head.sign * float(s[j + at.LONG_BEFORE])
    middle = p.stepped_to - BACK * (p.stepped_to - p.stepped_from)
    if p.stepped_ms == BELIEVED and (x < middle or before < middle):
        p.stepped_ms = PLAIN
    if p.stepped_ms == PLAIN:
        if not x - before >= head.step:
            return False
        p.stepped_ms = t_ms
        p.stepped_from = before
        p.stepped_to = x
    elif p.stepped_ms >= 0:
        if x < middle:
            p.stepped_ms = PLAIN
            return False
        onward = x - p.stepped_to >= ONWARD * (p.stepped_to - p.stepped_from)
        if onward or t_ms - p.stepped_ms >= HOLD_MS:
            p.stepped_ms = BELIEVED
    if p.stepped_ms >= 0 and has_company(points, head, i, partners, t_ms):
        p.stepped_ms = BELIEVED
    return p.stepped_ms >= 0


@jit
def has_company(points: Any, head: Any, i: Any, partners: Any, t_ms: Any) -> Any:
    """Whether the cell's other quantity or another point of its module speaks of danger; a mean only repeats its maximum."""
    own = np.int64(i)
    partner = points[i].partner
    if partner >= 0:
        other = partners[partner]
        if speaks(other, t_ms) or other.on[codes.C_COLLAPSE] or other.since_ms[codes.C_COLLAPSE] >= 0:
            return True
    if head.extremes:
        return False
    first = head.first + (own - head.first) // head.rows * head.rows
    found = False
    for k in range(first, first + head.rows):
        found = found or (k != own and speaks(points[k], t_ms))
    return found


@jit
def speaks(p: Any, t_ms: Any) -> Any:
    """Whether a point has a level, and not for a deviation to the safe side; or kept one when it burnt, or has just died by a sample.

    What dies again and again has a bad contact: that says nothing.
    """
    burnt = p.died_ms >= 0 and t_ms - p.died_ms <= DYING_WITHIN_MS and p.spoilt <= BAD_SHOWN
    return (p.level > codes.NORMAL and p.weight > 0.0) or p.kept_level > codes.NORMAL or burnt
