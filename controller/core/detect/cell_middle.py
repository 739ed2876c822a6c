"""The kernels that find the medians of the modules of a tile of cells: values turned over into rows, a lane being a module, and sorted.

float32, with the fields of `tiles`, as in `cell_tile`; the plain Python twin is tests/naive/cells.py.
"""

from typing import Any

import numpy as np

from controller.core.detect import cell_params as par
from controller.core.detect import tiles as at
from controller.core.detect.cell_tile import HALF, INFINITE, ONE, TWO, ZERO, M, N
from controller.core.detect.compile import jit

ONE_ROW, TWO_ROWS, THREE_ROWS, NO_ROW = (np.uintp(number) for number in (1, 2, 3, 0))
MEDIAN_MIN = np.float32(3.0)
"""A module's median needs so many valid points."""


@jit
def find_middles(
    w: Any, m: Any, r: Any, tile: Any, rows: Any, width: Any, pairs: Any, net: Any, end: Any, sign: Any
) -> None:
    """MIDDLE and WORST of every module: its living points, turned over into rows `r` and sorted by one network across all lanes."""
    turn_over(w, r, rows, width)
    sort(r, rows, pairs, net, end)
    full = rows >= THREE_ROWS
    for lane in range(width):
        full &= r[(rows - ONE_ROW) * M + lane] < INFINITE
    if full:
        a = (rows - ONE_ROW) // TWO_ROWS * M
        b = rows // TWO_ROWS * M
        for lane in range(M):
            m[tile + at.MIDDLE + lane] = HALF * (r[a + lane] + r[b + lane])
    else:
        pick_middles(m, r, tile, rows)
    worst = (rows - ONE_ROW) * M if sign > ZERO else NO_ROW
    for lane in range(M):
        m[tile + at.WORST + lane] = r[worst + lane]


@jit
def turn_over(w: Any, r: Any, rows: Any, width: Any) -> None:
    """MID of the points of all modules into rows: a lane is a module."""
    for lane in range(width):
        i = lane * rows
        if i % N + rows <= N:
            to = i // N * at.SCRATCH + at.MID + i % N
            for row in range(rows):
                r[row * M + lane] = w[to + row]
        else:
            for row in range(rows):
                r[row * M + lane] = w[(i + row) // N * at.SCRATCH + at.MID + (i + row) % N]


@jit
def sort(r: Any, rows: Any, pairs: Any, net: Any, end: Any) -> None:
    """Sort the rows by a network, in all lanes at once. The row beyond the last one is scratch: stored first, it keeps masked stores away."""
    spare = rows * M
    for k in range(net, end):
        a, b = np.uintp(pairs[k, 0]) * M, np.uintp(pairs[k, 1]) * M
        for lane in range(M):
            x, y = r[a + lane], r[b + lane]
            less = x if x < y else y
            r[spare + lane] = less
            r[a + lane] = less
            r[b + lane] = y if x < y else x


@jit
def pick_middles(m: Any, r: Any, tile: Any, rows: Any) -> None:
    """MIDDLE where modules have different numbers of living points, counted in a row of their own: NaN with too few."""
    count = rows * M
    for lane in range(M):
        m[tile + at.MIDDLE + lane] = ZERO
        r[count + lane] = ZERO
    for row in range(rows):
        for lane in range(M):
            r[count + lane] += ONE if r[row * M + lane] < INFINITE else ZERO
    for row in range(rows):
        twice = TWO * np.float32(row)
        for lane in range(M):
            y = r[row * M + lane]
            # Twice the place of a middle one is count - 1, of one of two middles count - 2 or count.
            apart = abs(twice - (r[count + lane] - ONE))
            share = ONE if apart == ZERO else (HALF if apart == ONE else ZERO)
            m[tile + at.MIDDLE + lane] += share * y if share > ZERO else ZERO
    for lane in range(M):
        middle = m[tile + at.MIDDLE + lane]
        m[tile + at.MIDDLE + lane] = middle if r[count + lane] >= MEDIAN_MIN else par.NONE


@jit
def hand_out(w: Any, m: Any, tile: Any, rows: Any, width: Any) -> None:
    """MID of every point: the median of its module."""
    for lane in range(width):
        i = lane * rows
        middle = m[tile + at.MIDDLE + lane]
        if i % N + rows <= N:
            to = i // N * at.SCRATCH + at.MID + i % N
            for row in range(rows):
                w[to + row] = middle
        else:
            for row in range(rows):
                w[(i + row) // N * at.SCRATCH + at.MID + (i + row) % N] = middle
