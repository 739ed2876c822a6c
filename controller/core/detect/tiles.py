"""How the points of cells lie in memory: structure of arrays, in chunks of 128 points, and tiles of 128 modules.

Points come in the order of their modules, as in the image, so that an image is taken in as it lies. A slot is the number of a point.
A chunk holds the fields of 128 slots, each field back to back at a constant offset, so that plain loops become packed vector code. A
tile is the chunks of 128 modules; for their medians the values are turned over into rows of 128 lanes, a lane being a module and
a row a slot in the module, and sorted by one network of comparators across all lanes. Offsets are unsigned, for which no negative
index is handled.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CHUNK = 128
LANES = 128
"""Modules of a tile: as many as points of a chunk, or a multiple, so that tiles end with a chunk."""
MIN_GROUP, MAX_GROUP = 2, 32
"""Points of a module that can be compared with their median."""

(
    LAST, BEFORE, LONG_BEFORE,  # last valid value (NaN: none since the last fault) and the two before it
    STILL_MS,  # since when it has not changed
    STILL_MID,  # its module's median at that time (NaN: not known); infinite once the median has moved since
    RUN_MS,  # since the first value after a fault
    AGE_MS,  # time in which bias and spread have learnt
    LEVEL_A, TREND_A, LEVEL_B, TREND_B, LEVEL_C, TREND_C,  # three horizons; a trend is slope times horizon
    BIAS, SPREAD,  # slow mean of the deviation from the module's median, and of its size
    UP, DOWN,  # cumulative sums, in standard deviations
    MARK, MARK_MS, STEEP_MS, STEEPS,  # temperature: start of an interval of about 1 s; steep ones in a row
) = (np.uintp(place * CHUNK) for place in range(21))  # fmt: skip
PEAK, OLD_PEAK = MARK, STEEP_MS
"""Voltages keep the highest value of this window and of the one before it there."""
STATE = np.uintp(21 * CHUNK)
"""Numbers of a chunk."""
X, DT_MS, FRESH, MID, FILTERED, Z, LOAD, ODD = (np.uintp(place * CHUNK) for place in range(8))
"""Scratch of a chunk: value, time since the one before, whether new and valid, the module's median, the value filtered, its deviation;
of voltages also what the load has moved the median by; whether it must be judged by itself."""
SINCE_MS = ODD
"""Until validity is judged: time since the value before as the image tells it."""
SCRATCH = np.uintp(8 * CHUNK)
MIDDLE, WORST, HELD, HELD_MS, HEAT, EXCESS, REST = (np.uintp(place * LANES) for place in range(7))
"""Of a module: median, worst value; median before and its age, its habitual rise (K/s), its rise beyond that (K); of voltages
the slow mean of the median."""
LATEST = REST
"""Temperatures of no module keep there their latest filtered value since their heat balance went on."""
SHARED = np.uintp(7 * LANES)
"""Numbers of the modules of a tile."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """Where the tiles of a bank lie.

    By tile int64: `slot` first slots, `rows` points of a module, `width` modules in use, `kind` which set of parameters, `net` (tiles, 2) place
    and end of the sorting network in `pairs`, (m, 2).
    """

    slot: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    width: npt.NDArray[np.int64]
    kind: npt.NDArray[np.int64]
    net: npt.NDArray[np.int64]
    pairs: npt.NDArray[np.int64]
    n_slots: int


def lay_out_tiles(parts: list[tuple[int, int]]) -> Tiles:
    """Tiles for `parts`, one for each set of parameters: points of a module, and modules; they come in this order."""
    slot, tiles, nets = 0, [], []
    pairs: list[tuple[int, int]] = []
    for kind, (rows, modules) in enumerate(parts):
        net = (len(pairs), len(pairs) + len(sorting_network(rows)))
        pairs += sorting_network(rows)
        for first in range(0, modules, LANES):
            width = min(LANES, modules - first)
            tiles.append((slot, rows, width, kind))
            nets.append(net)
            slot += -(-width * rows // CHUNK) * CHUNK
    slots, rows_of, widths, kinds = np.array(tiles, np.int64).reshape(-1, 4).T.copy()
    net_of, network = np.array(nets, np.int64).reshape(-1, 2), np.array(pairs, np.int64).reshape(-1, 2)
    return Tiles(slots, rows_of, widths, kinds, net_of, network, slot)


def sorting_network(n: int) -> list[tuple[int, int]]:
    """Comparators that sort `n` numbers, smaller first: Batcher's merge exchange (Knuth, volume 3, algorithm 5.2.2M)."""
    pairs: list[tuple[int, int]] = []
    top = 1 << max(n - 1, 1).bit_length() - 1
    p = top
    while p > 0:
        q, r, d = top, 0, p
        while True:
            pairs += [(i, i + d) for i in range(n - d) if i & p == r]
            if q == p:
                break
            d, q, r = q - p, q >> 1, p
        p >>= 1
    return pairs


def new_state(tiles: Tiles) -> npt.NDArray[np.float32]:
    """State of points of which nothing has been seen: no value (NaN), all that is summed up 0."""
    state = np.zeros((tiles.n_slots // CHUNK, int(STATE) // CHUNK, CHUNK), np.float32)
    for field in (LAST, STILL_MID, BEFORE, LONG_BEFORE, LEVEL_A, LEVEL_B, LEVEL_C, MARK):
        state[:, int(field) // CHUNK] = np.nan
    return state.ravel()


def new_shared(tiles: Tiles) -> npt.NDArray[np.float32]:
    """The same of modules."""
    shared = np.zeros((len(tiles.slot), int(SHARED) // LANES, LANES), np.float32)
    for field in (MIDDLE, HELD, REST):
        shared[:, int(field) // LANES] = np.nan
    return shared.ravel()
