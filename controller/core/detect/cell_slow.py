"""The kernels of tiles of cells that go on once in some seconds: the longer horizons, the heat balances of modules, voltages at rest.

float32 as in `cell_tile`, with the same fields and parameters; the plain Python twin is tests/naive/cells.py.
"""

from typing import Any

from controller.core.detect import cell_params as par
from controller.core.detect import codes
from controller.core.detect import tiles as at
from controller.core.detect.cell_tile import CREEPS, NEARLY, ONE, PER_MS, PER_S, TWO, ZERO, M, N
from controller.core.detect.compile import jit


@jit
def creep(s: Any, level: Any, trend: Any, c: Any, i: Any, status: Any, dt: Any, tau_ms: Any, clip: Any) -> None:
    """A longer horizon, as `smooth`, over the level of the shortest one: once in some seconds, `dt` ms after the time before."""
    a = dt / (tau_ms + dt)
    for n in range(N):
        y = s[c + at.LEVEL_A + n]
        old = s[level + n]
        lag = s[trend + n]
        most = clip + TWO * abs(lag)
        e = y - old
        e = most if e > most else e
        e = -most if e < -most else e
        e = a * e
        first = old != old
        known = (status[i + n] == codes.LIVE) & (y == y)
        new = old + e
        lag_new = (ONE - a) * (lag + e)
        new = y if first else new
        lag_new = ZERO if first else lag_new
        s[level + n] = new if known else old
        s[trend + n] = lag_new if known else lag


@jit
def creep_on(s: Any, c: Any, i: Any, status: Any, flags: Any, dt: Any, p: Any) -> None:
    """Both longer horizons of a chunk; marks in `flags` what is at their limits."""
    clip = p[par.SLOPE_CLIP]
    creep(s, c + at.LEVEL_B, c + at.TREND_B, c, i, status, dt, p[par.TAU_B_MS], clip)
    creep(s, c + at.LEVEL_C, c + at.TREND_C, c, i, status, dt, p[par.TAU_C_MS], clip)
    most_b, most_c = p[par.CREEP_B] * NEARLY, p[par.CREEP_C] * NEARLY
    for n in range(N):
        high = (s[c + at.TREND_B + n] >= most_b) | (s[c + at.TREND_C + n] >= most_c)
        seen = flags[i + n]
        flags[i + n] = (seen | CREEPS) if high else (seen & ~CREEPS)


@jit
def balance(m: Any, tile: Any, dt: Any, p: Any) -> None:
    """Innovation of the heat balance of what all cells of a module share: EXCESS, in K, `dt` ms after the time before.

    Without a median now, the next one is compared with what was held, over all the time between. C dT/dt = heating - cooling, lumped: what
    the balance remembers of its own rise (HEAT, K/s, slow, and never more than a load can do) is expected; what a module's median rises
    beyond that, less an allowance, adds up.
    """
    most, cap = p[par.HEAT_MOST], TWO * p[par.COMMON_RISE]
    tau_ms, slack = p[par.HEAT_TAU_MS], p[par.HEAT_SLACK]
    for lane in range(M):
        middle = m[tile + at.MIDDLE + lane]
        held = m[tile + at.HELD + lane]
        heat = m[tile + at.HEAT + lane]
        excess = m[tile + at.EXCESS + lane]
        ms = m[tile + at.HELD_MS + lane] + dt
        share, seconds = PER_S / (tau_ms + ms), ms * PER_MS
        ok = (middle == middle) & (held == held)
        beyond = middle - held - heat * seconds
        heat_new = heat + beyond * share
        heat_new = most if heat_new > most else heat_new
        heat_new = -most if heat_new < -most else heat_new
        more = excess + beyond - slack * seconds
        more = more if more > ZERO else ZERO
        more = more if more < cap else cap
        m[tile + at.HEAT + lane] = heat_new if ok else heat
        m[tile + at.EXCESS + lane] = more if ok else excess
        m[tile + at.HELD + lane] = middle if middle == middle else held
        m[tile + at.HELD_MS + lane] = ZERO if middle == middle else ms


@jit
def keep_latest(w: Any, m: Any, tile: Any, width: Any) -> None:
    """LATEST of temperatures of no module: the filtered value of whichever is fresh, for they may come at any time between two balances."""
    for lane in range(width):
        to = lane // N * at.SCRATCH + lane % N
        y = w[at.FILTERED + to]
        known = (w[at.FRESH + to] != ZERO) & (y == y)
        m[tile + at.LATEST + lane] = y if known else m[tile + at.LATEST + lane]


@jit
def take_latest(m: Any, tile: Any) -> None:
    """MIDDLE of temperatures of no module, for the balance: the latest value, which counts once."""
    for lane in range(M):
        m[tile + at.MIDDLE + lane] = m[tile + at.LATEST + lane]
        m[tile + at.LATEST + lane] = par.NONE


@jit
def rest(m: Any, tile: Any, dt: Any, tau_ms: Any) -> None:
    """REST of modules of voltages, `dt` ms after the time before: where their median is when nothing flows, for a day's mean of it."""
    a = dt / (tau_ms + dt)
    for lane in range(M):
        middle = m[tile + at.MIDDLE + lane]
        old = m[tile + at.REST + lane]
        new = old + a * (middle - old)
        new = middle if old != old else new
        m[tile + at.REST + lane] = new if middle == middle else old


@jit
def load(w: Any, m: Any, tile: Any, rows: Any, width: Any) -> None:
    """LOAD of every voltage: how far its module's median is from rest; 0 while that is not known."""
    for lane in range(width):
        moved = abs(m[tile + at.MIDDLE + lane] - m[tile + at.REST + lane])
        moved = moved if moved == moved else ZERO
        for row in range(rows):
            i = lane * rows + row
            w[i // N * at.SCRATCH + at.LOAD + i % N] = moved
