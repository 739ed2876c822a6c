"""The kernels of tiles of cells: everything that every sample needs, as plain loops over points without data-dependent branches.

float32 throughout, strict IEEE arithmetic, no allocation; NaN stays NaN. What is rare (faults, levels, deaths) happens in
`cell_judge`, on the points that are noted here. The fields of `s` (state of a chunk, at `c`), `w` (its scratch, at `to`) and `m` (modules of a
tile, at `tile`) are those of `tiles`, the parameters those of `cell_params`. The plain Python twin is tests/naive/cells.py.
"""

from typing import Any

import numpy as np

from controller.core.detect import cell_params as par
from controller.core.detect import codes
from controller.core.detect import tiles as at
from controller.core.detect.compile import jit

N, M = np.uintp(at.CHUNK), np.uintp(at.LANES)
ZERO, ONE, TWO, HALF = np.float32(0.0), np.float32(1.0), np.float32(2.0), np.float32(0.5)
THREE, FOUR = np.float32(3.0), np.float32(4.0)
PER_MS, PER_S = np.float32(1e-3), np.float32(1e3)
SLEW_MIN_MS = np.float32(codes.SLEW_MIN_S * 1e3)
NORMAL_SPREAD = np.float32(1.2533141)
"""Standard deviation over mean size of normal noise: sqrt(pi / 2)."""
INTERVAL_MS = np.float32(900.0)
STEEP_K_PER_MS = np.float32(1e-3)
STEEPS_MIN, LONG_MS = np.float32(3.0), np.float32(3000.0)
"""Runaway: 1 K/s or more (GB 38031-2025) in three or more intervals of about 1 s in a row, or in fewer that last for more than 3 s."""
INFINITE = np.float32(np.inf)
BALANCE_MS = 5000
"""Heat balances and the longer horizons go on at this pace or slower: modules are slow, and no fault of theirs is found in seconds."""
EIGHT = np.uintp(8)
ALL_BITS, NEWS_BITS = np.uint64(0xFFFFFFFFFFFFFFFF), np.uint64(0x0101010101010101)
NEWS, NEW, NOT_GOOD = 1, 2, 4
"""Bits of what an image brings a point: anything; a new sample; a quality that is not good."""
NEARLY = np.float32(0.9999)
"""What is close to a threshold is looked at again, in float64."""
LONGEST_MS = 2**30
"""No time between samples counts for longer (12 days)."""
BUSY, KEPT, DIED_HOT, CREEPS, SPOILT = 1, 2, 4, 8, 16
"""Flags of a point: some condition is on or on its way; evidence is kept; its sensor died hot and rising; a slow slope is at its limit;
bad samples of late are not made good."""
LOAD_SPREAD = np.float32(0.15)
"""Voltages: spread of what a load moves the median by, for cells differ in resistance (assumed; times the slack of 1.5: 22 %)."""


@jit
def is_any(words: Any, first: Any, mask: Any) -> Any:
    """Whether any byte of a chunk has one of these bits; `words` are the bytes in eights, the chunk begins at `first` of them."""
    found = mask - mask
    for n in range(N // EIGHT):
        found |= words[first + n] & mask
    return found != 0


@jit
def is_any_fresh(w: Any, to: Any) -> Any:
    """Whether any point of a chunk has a fresh value."""
    found = False
    for n in range(N):
        found |= w[at.FRESH + to + n] != ZERO
    return found


@jit
def check(s: Any, w: Any, c: Any, to: Any, p: Any) -> Any:
    """Validity: FRESH is left where a value is plain, and that is the last one now, which MID takes to be sorted; returns whether all are."""
    low, high, slew, stuck_ms = p[par.LOW], p[par.HIGH], p[par.SLEW_PER_MS], p[par.STUCK_MS]
    missed = False
    for n in range(N):
        x = w[at.X + to + n]
        dt = w[at.SINCE_MS + to + n]
        last = s[c + at.LAST + n]
        still_ms = s[c + at.STILL_MS + n]
        calm = abs(s[c + at.STILL_MID + n]) < INFINITE
        dt = dt if (last == last) & (dt > ZERO) else ZERO
        least = dt if dt > SLEW_MIN_MS else SLEW_MIN_MS
        still = still_ms + dt
        still = still if x == last else ZERO
        plain = (x >= low) & (x <= high) & (not abs(x - last) > slew * least) & ((still < stuck_ms) | calm)
        fresh = plain & (w[at.FRESH + to + n] != ZERO)
        missed |= not fresh
        x = x if fresh else last
        w[at.MID + to + n] = x
        w[at.DT_MS + to + n] = dt
        w[at.FRESH + to + n] = ONE if fresh else ZERO
        s[c + at.LAST + n] = x
        s[c + at.STILL_MS + n] = still if fresh else still_ms
    return not missed


@jit
def is_unclear(w: Any, code: Any, to: Any, i: Any) -> Any:
    """Whether `check` cannot tell what has come of slot `i`: it is news, and no plain value."""
    what, x = code[i], w[at.X + to]
    return what & NEWS != 0 and w[at.FRESH + to] == ZERO and (what & (NEW | NOT_GOOD) != 0 or x != x)


@jit
def take_in(s: Any, w: Any, c: Any, to: Any) -> None:
    """Make a fresh value the last one, at the places of one point, as `check` does for all that are plain."""
    if w[at.FRESH + to] != ZERO:
        x = w[at.X + to]
        s[c + at.STILL_MS] = s[c + at.STILL_MS] + w[at.DT_MS + to] if x == s[c + at.LAST] else ZERO
        s[c + at.LAST] = x
    w[at.MID + to] = s[c + at.LAST]


@jit
def leave_out(w: Any, to: Any, i: Any, status: Any) -> None:
    """MID of what does not live: infinite, so that it is not sorted among the others."""
    for n in range(N):
        x = w[at.MID + to + n]
        w[at.MID + to + n] = x if status[i + n] == codes.LIVE else INFINITE


@jit
def follow(s: Any, w: Any, c: Any, to: Any) -> None:
    """The filter of three, which takes out any lone spike, into FILTERED (NaN: not three yet)."""
    for n in range(N):
        x = w[at.X + to + n]
        b = s[c + at.BEFORE + n]
        a = s[c + at.LONG_BEFORE + n]
        run = s[c + at.RUN_MS + n]
        dt = w[at.DT_MS + to + n]
        fresh = w[at.FRESH + to + n] != ZERO
        low = b if b < a else a
        high = a if b < a else b
        y = low if x < low else (high if x > high else x)
        more = dt if fresh else ZERO
        w[at.FILTERED + to + n] = y if a == a else par.NONE
        s[c + at.BEFORE + n] = x if fresh else b
        s[c + at.LONG_BEFORE + n] = b if fresh else a
        s[c + at.RUN_MS + n] = run + more


@jit
def smooth(s: Any, w: Any, c: Any, to: Any, p: Any) -> None:
    """Level and trend of the shortest horizon: exponential twice over (Brown), innovations clipped (Huber), any dt (backward Euler).

    With a = dt / (tau + dt) the level follows by a, and the lag of a second such filter behind it, the trend, is tau times
    the slope for a straight rise at whatever sampling. An innovation counts up to `clip` and twice the trend.
    """
    tau_ms, clip = p[par.TAU_A_MS], p[par.SLOPE_CLIP]
    for n in range(N):
        y = w[at.FILTERED + to + n]
        dt = w[at.DT_MS + to + n]
        old = s[c + at.LEVEL_A + n]
        lag = s[c + at.TREND_A + n]
        a = dt / (tau_ms + dt)
        most = clip + TWO * abs(lag)
        e = y - old
        e = most if e > most else e
        e = -most if e < -most else e
        e = a * e
        first = old != old
        known = (w[at.FRESH + to + n] != ZERO) & (y == y)
        new = old + e
        lag_new = (ONE - a) * (lag + e)
        new = y if first else new
        lag_new = ZERO if first else lag_new
        s[c + at.LEVEL_A + n] = new if known else old
        s[c + at.TREND_A + n] = lag_new if known else lag


@jit
def compare(s: Any, w: Any, c: Any, to: Any, p: Any) -> None:
    """Deviation from the module's median: slow bias and spread, which stand still while it is suspicious; Z, in spreads beyond rounding.

    What is there from the first samples on is habit, however suspicious, up to an advisory of deviation. The spread of a voltage is no
    less than a share of what a load does to the median, and a loaded one learns nothing. Also whether the median has moved since the
    point last changed, by half of what is suspicious: what does not move in a module at rest is not stuck.
    """
    tau_ms, suspicious, floor = p[par.BIAS_TAU_MS], p[par.SUSPICIOUS], p[par.SCALE_FLOOR]
    moves, habit, learn_ms, rounding, slack = p[par.MOVED], p[par.HABIT], p[par.LEARN_MS], p[par.ROUNDING], p[par.SLACK]
    for n in range(N):
        fresh = w[at.FRESH + to + n]
        dt = w[at.DT_MS + to + n]
        bias = s[c + at.BIAS + n]
        spread = s[c + at.SPREAD + n]
        age = s[c + at.AGE_MS + n]
        middle = w[at.MID + to + n]
        was = s[c + at.STILL_MID + n]
        moved = abs(middle - was) >= moves
        begins = (s[c + at.STILL_MS + n] == ZERO) | (was != was)
        since = INFINITE if moved else was
        since = middle if begins else since
        apart = w[at.X + to + n] - middle
        r = apart - bias
        size = abs(r)
        ok = (fresh != ZERO) & (r == r)
        loaded = LOAD_SPREAD * w[at.LOAD + to + n]
        learns = ok & (loaded <= floor) & ((size <= suspicious) | ((age < learn_ms) & (abs(apart) < habit)))
        memory = age if age < tau_ms else tau_ms
        a = dt / (memory + dt + ONE)
        scale = NORMAL_SPREAD * spread
        scale = scale if scale > floor else floor
        scale = scale if scale > loaded else loaded
        clip = THREE * scale
        clipped = size if size < clip else clip
        bias_new = bias + a * r
        spread_new = spread + a * (clipped - spread)
        older = memory + dt
        allowed = rounding - slack * scale
        allowed = allowed if allowed > ZERO else ZERO
        beyond = size - allowed
        beyond = ZERO if beyond < ZERO else beyond
        w[at.Z + to + n] = (-beyond if r < ZERO else beyond) / scale
        s[c + at.STILL_MID + n] = since if fresh != ZERO else was
        s[c + at.BIAS + n] = bias_new if learns else bias
        s[c + at.SPREAD + n] = spread_new if learns else spread
        s[c + at.AGE_MS + n] = older if ok else age


@jit
def add_up(s: Any, w: Any, c: Any, to: Any, p: Any) -> None:
    """The two cumulative sums of what a point deviates beyond the slack, in spreads; a sample counts for a second at most."""
    slack, most, learn_ms, cap = p[par.SLACK], p[par.MOST], p[par.LEARN_MS], TWO * p[par.DRIFT_LIMIT]
    for n in range(N):
        z = w[at.Z + to + n]
        dt = w[at.DT_MS + to + n]
        age = s[c + at.AGE_MS + n]
        up = s[c + at.UP + n]
        down = s[c + at.DOWN + n]
        ok = (w[at.FRESH + to + n] != ZERO) & (z == z)
        z = most if z > most else z
        z = -most if z < -most else z
        share = dt * PER_MS
        share = share if share < ONE else ONE
        share = share if ok & (age > learn_ms) else ZERO
        z = z if ok else ZERO
        up_new = up + share * (z - slack)
        down_new = down + share * (-z - slack)
        up_new = up_new if up_new > ZERO else ZERO
        down_new = down_new if down_new > ZERO else ZERO
        up_new = up_new if up_new < cap else cap
        down_new = down_new if down_new < cap else cap
        s[c + at.UP + n] = up_new
        s[c + at.DOWN + n] = down_new


@jit
def steepen(s: Any, w: Any, c: Any, to: Any, runs: Any) -> None:
    """Count the intervals of about 1 s in which a temperature has risen by 1 K/s or more, without a gap; ODD where it may run away."""
    for n in range(N):
        x = w[at.X + to + n]
        fresh = w[at.FRESH + to + n] != ZERO
        dt = w[at.DT_MS + to + n]
        mark = s[c + at.MARK + n]
        mark_ms = s[c + at.MARK_MS + n]
        steep_ms = s[c + at.STEEP_MS + n]
        steeps = s[c + at.STEEPS + n]
        ms = mark_ms + dt
        ends = fresh & ((mark != mark) | (ms >= INTERVAL_MS))
        steep = (x - mark) >= STEEP_K_PER_MS * ms
        longer = steep_ms + ms
        more = steeps + ONE
        longer = longer if steep else ZERO
        more = more if steep else ZERO
        onward = ms if fresh else mark_ms
        longer = longer if ends else steep_ms
        more = more if ends else steeps
        w[at.ODD + to + n] = ONE if (more * runs >= STEEPS_MIN) | (longer * runs > LONG_MS) else ZERO
        s[c + at.MARK + n] = x if ends else mark
        s[c + at.MARK_MS + n] = ZERO if ends else onward
        s[c + at.STEEP_MS + n] = longer
        s[c + at.STEEPS + n] = more


@jit
def peak(s: Any, w: Any, c: Any, to: Any, window_ms: Any, keep: Any) -> None:
    """The highest filtered voltage of this window and of the one before it: from where a voltage may have collapsed; ODD where it may have."""
    for n in range(N):
        x = w[at.X + to + n]
        y = w[at.FILTERED + to + n]
        fresh = w[at.FRESH + to + n]
        dt = w[at.DT_MS + to + n]
        now = s[c + at.PEAK + n]
        before = s[c + at.OLD_PEAK + n]
        mark_ms = s[c + at.MARK_MS + n]
        known = (fresh != ZERO) & (y == y)
        ms = mark_ms + dt
        turns = ms >= window_ms
        higher = now if now >= y else y
        new = y if turns else higher
        old = now if turns else before
        onward = ZERO if turns else ms
        new = new if known else now
        old = old if known else before
        w[at.ODD + to + n] = ONE if (x <= keep * new) | (x <= keep * old) else ZERO
        s[c + at.PEAK + n] = new
        s[c + at.OLD_PEAK + n] = old
        s[c + at.MARK_MS + n] = onward if known else mark_ms


@jit
def note(s: Any, w: Any, c: Any, to: Any, p: Any) -> Any:
    """ODD: the points whose fresh values must be judged one by one; returns whether there are any."""
    sign, lowest, far = p[par.SIGN], p[par.LOWEST], p[par.LOWEST_DEVIATION]
    steep = p[par.LOWEST_RATE] * p[par.TAU_A_S] * NEARLY
    suspicious, limit, run_ms, step = p[par.SUSPICIOUS], p[par.DRIFT_LIMIT], p[par.RUN_MS], p[par.STEP]
    found = False
    for n in range(N):
        x = w[at.X + to + n]
        before = s[c + at.LONG_BEFORE + n]
        apart = sign * (x - w[at.MID + to + n])
        trend = sign * s[c + at.TREND_A + n]
        odd = (sign * x >= lowest) | (apart >= far) | ((trend >= steep) & (s[c + at.RUN_MS + n] >= run_ms))
        odd |= (s[c + at.UP + n] >= limit) | (s[c + at.DOWN + n] >= limit)
        odd |= (apart - sign * s[c + at.BIAS + n] >= suspicious) | (sign * (x - before) >= step)
        odd |= w[at.ODD + to + n] != ZERO
        odd &= w[at.FRESH + to + n] != ZERO
        w[at.ODD + to + n] = ONE if odd else ZERO
        found |= odd
    return found


@jit
def is_noted(w: Any, to: Any, i: Any, flags: Any) -> Any:
    """Whether the point of slot `i` must be judged: its value is odd, or something is on its way."""
    seen = flags[i]
    fresh = w[at.FRESH + to] != ZERO
    return w[at.ODD + to] != ZERO or (fresh and seen & (BUSY | CREEPS | SPOILT) != 0) or seen & DIED_HOT != 0
