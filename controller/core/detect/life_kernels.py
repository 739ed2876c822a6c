"""The kernels that watch whether a BMS still lives: one that stands still is not measured, and one that shows nothing is silent.

The plain Python twin is `NaiveLife` of tests/naive/fusion.py.
"""

from typing import Any

import numpy as np

from controller.core.detect import codes
from controller.core.detect.compile import jit

LIFE = np.dtype(
    [
        ("head", "i4"),
        ("first", "i4"),  # of its witnesses
        ("count", "i4"),
        ("load", "i4"),  # point of the contact "the UPS carries the load"; -1: not judged under load
        ("seen", "i8"),  # sample counter
        ("still_ms", "i8"),  # since when nothing moved; -1: never seen
        ("load_ms", "i8"),  # since when it carries the load; -1: it does not
        ("longest_ms", "i8"),  # that it stood still before
        ("moves", "i8"),
        ("flat_ms", "i8"),  # for how long it had stood still when it was found flat; 0: it is not
        ("allowed_ms", "i8"),
    ],
    align=True,
)
"""A BMS head and how it moves."""

LIVELY_MOVES = 100
"""So many moves make an own noise that a later stillness can be held against (assumed)."""
STILL_MS = 60_000
STILL_FACTOR = 10
"""Flat: still for that long, and for ten times its longest stillness so far (assumed: of 100 waits the longest is 4.6 means, and nights are
stiller than days)."""
STILL_UNDER_LOAD_MS = 60_000
"""Voltages that stand still for a minute while the string carries the load are not measured (assumed: 1C takes 1 mV in seconds)."""
CLOSED = 0.5


@jit
def watch_life(heads: Any, index: Any, last: Any, value: Any, quality: Any, sample: Any, received_ms: Any) -> Any:
    """Follow how BMS heads move; returns whether one has turned flat, or alive again.

    `index` int32 (n,) are places of a few witnesses of every head in the image, `last` float64 (n,) what they showed.
    """
    news = False
    for h in range(heads.shape[0]):
        head = heads[h]
        first = index[head.first]
        if sample[first] == head.seen:
            continue
        head.seen = sample[first]
        was = head.flat_ms
        live_and_on_the_move(head, index, last, value, quality, received_ms[first])
        news = news or (was > 0) != (head.flat_ms > 0)
    return news


@jit
def live_and_on_the_move(head: Any, index: Any, last: Any, value: Any, quality: Any, t_ms: Any) -> None:
    """Advance one BMS head by a sample. One that shows nothing is silent, which is another matter than flat."""
    alive = False
    moved = False
    for i in range(head.first, head.first + head.count):
        k = index[i]
        if quality[k] == codes.GOOD and not np.isnan(value[k]):
            alive = True
            moved = moved or value[k] != last[i]
            last[i] = value[k]
    loaded = head.load >= 0 and quality[head.load] == codes.GOOD and value[head.load] >= CLOSED
    head.load_ms = (head.load_ms if head.load_ms >= 0 else t_ms) if loaded else -1
    if moved or not alive or head.still_ms < 0:
        if moved and head.still_ms >= 0:
            head.longest_ms = max(head.longest_ms, t_ms - head.still_ms)
            head.moves = min(head.moves + 1, LIVELY_MOVES)
        head.still_ms = t_ms if alive else -1
        head.flat_ms = 0
        return
    if head.flat_ms > 0:
        return
    still_ms = t_ms - head.still_ms
    allowed_ms = max(STILL_MS, STILL_FACTOR * head.longest_ms)
    if head.moves >= LIVELY_MOVES and still_ms >= allowed_ms:
        head.flat_ms = still_ms
        head.allowed_ms = allowed_ms
    elif loaded and t_ms - max(head.still_ms, head.load_ms) >= STILL_UNDER_LOAD_MS:
        head.flat_ms = t_ms - max(head.still_ms, head.load_ms)
        head.allowed_ms = STILL_UNDER_LOAD_MS
