"""Time to runaway of single cells: how long until a cell that heats itself does so by 1 K/s. Shown to people; steers nothing.

Self-heating grows by e with every so many kelvins (Arrhenius), so a cell that lives on it alone rises by s exp(x / scale): its inverse
rate falls on a line to zero, 1/(t_f - t). What else heats or cools it (a short, a heater, its neighbours) does not grow with its
temperature, bends that line and makes it promise far too long a time; so the rate is fitted as

    dT/dt = q + s exp(x / scale),    x: kelvins from now,

by least squares over the steps of temperature that the cell climbs (`STEP_K`, or more where the BMS is coarse), each with its mean
rate: linear in q and s, weights 1/rate (as a step's error grows with its rate), forgotten with the temperature climbed since. The scale
depends on the reactions, which nobody knows: `SCALES_K` are fitted side by side, and the one with the least residuals speaks. The time to
1 K/s follows in closed form. A step of 2 K is long against noise and resolution of 0.1 K; steps come the quicker the hotter it gets. Work
and memory per sample are O(1); the state is float32, the arithmetic float64.

No answer (NaN, "not enough evidence") where the growth is not significant, its share of the rate is small, the rate is too small,
the cell is too cold to heat itself, the step under way takes too long (then it has stopped growing), or 1 K/s is there already.
The slow twin is tests/naive/runaway_time.py; the decision 0021 tells the calibration and what this cannot do.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from controller.core.detect import codes
from controller.core.detect.compile import jit
from controller.core.detect.elementary import exp, ln

STEP_K = 2.0
"""Rise that makes a step (noise and resolution of 0.1 K: its rate is known to 7 %)."""
COARSE_STEP_K = 6.0
"""The same where the BMS tells whole kelvins."""
SCALES_K = (8.0, 12.0)
"""Rises in which self-heating may grow by e: R T^2 / Ea is 8 K at 100 degC and 140 kJ/mol, 12 K at 165 degC and 135 (science.md 1)."""
MEMORY_K = 12.0
"""Rise in which a step's weight falls by e (tuned on LCO)."""
LONGEST_STEP_MS = 600_000
"""A step that takes longer: the rate is too small, evidence begins anew."""
SLOWED = 2.0
"""The step under way may take so many times as long as the last one."""
MIN_STEPS = 4
MIN_SIGNIFICANCE = 3.0
"""Growth over its standard error."""
MIN_SHARE = 0.1
"""Share of the growing part in the rate."""
MIN_DEGC = 100.0
"""Colder cells do not heat themselves by rates that matter here (calorimeter: 0.02 K/min at 85 degC, 1 K/min at 154); what
accelerates there is a heater that has just been switched on."""
RUNAWAY_K_PER_S = 1.0
"""GB 38031-2025."""
LONGEST_S = 1800.0
"""Answers beyond are none."""
RATE_ERROR = 0.03
"""No step's rate is known better (share)."""

SEPARATOR_DEGC = 165.0
"""A separator of polypropylene melts here (science.md 2b, from memory: assumed); of ceramic-coated ones nothing is known."""
EARLIEST_MELT = 0.4
"""The low end reckons with a separator that fails in this share of the time to `SEPARATOR_DEGC` (polyethylene melts at 130 degC;
assumed: on LCO it hardly counts)."""
HIGH, HIGH_UNSURE = 1.3, 3.0
"""What the time is multiplied by for the high end of the 80 % interval, and what the growth's relative error adds to it (tuned on LCO, then
held fixed). At the low end the relative error is taken off."""
FOLLOWED_DEGC, MOST_DEGC = 60.0, 2000.0
"""Cells that are followed: what is colder has 40 K before it is answered, and what claims to be hotter is no temperature."""
NO_STEADY = 1e-6
"""Below this the steady part cannot be divided by; the time is that of growth alone."""

COLD, HOT, PAUSED = range(3)
"""Whether a cell is followed: no; yes; yes, but its link is lost, so that nothing is answered until its next value."""

WEIGHT, WEIGHT_2, RATE, RR, ANCHOR_DEGC, LAST_RATE, STEPS, FIRST = range(8)
"""Places in a cell's state: sums of weights and of their squares, weighted mean of the rate, and sum of its squares about it; degC where
the step under way began; rate of the last step (K/s); number of steps. From FIRST on for each scale Z, ZZ and ZR: weighted mean of
z = exp(x / scale), sums of its squares and of its products with the rate, about the means; x = 0 is the end of the last step."""
FIELDS = FIRST + 3 * len(SCALES_K)


def new_state(count: int) -> npt.NDArray[np.float32]:
    """State of `count` cells without a sample (count, FIELDS)."""
    return np.zeros((count, FIELDS), np.float32)


@jit
def begin(i: Any, degc: Any, ms: Any, state: Any, since_ms: Any) -> None:
    """Forget cell `i`, and let its first step begin here."""
    for k in range(FIELDS):
        state[i, k] = 0.0
    state[i, ANCHOR_DEGC] = degc
    since_ms[i] = ms


@jit
def climb(i: Any, rise_k: Any, took_s: Any, state: Any) -> None:
    """Take in a finished step of cell `i`. The reference of x moves to its end."""
    rate = rise_k / took_s
    keep = exp(-rise_k / MEMORY_K)
    weight = 1.0 / rate
    old = state[i, WEIGHT] * keep
    share = weight / (old + weight)
    moved = old * share
    away_rate = rate - state[i, RATE]
    for k in range(len(SCALES_K)):
        at = FIRST + 3 * k
        shrink = exp(-rise_k / SCALES_K[k])
        mean = state[i, at] * shrink
        away = exp(-0.5 * rise_k / SCALES_K[k]) - mean
        state[i, at] = mean + share * away
        state[i, at + 1] = state[i, at + 1] * keep * shrink * shrink + moved * away * away
        state[i, at + 2] = state[i, at + 2] * keep * shrink + moved * away * away_rate
    state[i, WEIGHT] = old + weight
    state[i, WEIGHT_2] = state[i, WEIGHT_2] * keep * keep + weight * weight
    state[i, RATE] += share * away_rate
    state[i, RR] = state[i, RR] * keep + moved * away_rate * away_rate
    state[i, LAST_RATE] = rate
    state[i, STEPS] += 1.0


@jit
def seconds_to(rise_k: Any, steady: Any, growing: Any, scale_k: Any) -> Any:
    """Time to climb `rise_k` at `steady + growing exp(x / scale_k)` K/s, both rates as they are at x = 0."""
    left = 1.0 - exp(-rise_k / scale_k)
    share = steady * left / growing
    if abs(share) < NO_STEADY:
        return scale_k * left / growing
    # The integral of dx / (q + s e^(x/L)) from 0 is -(L/q) ln((q e^(-x/L) + s) / (q + s)).
    return -scale_k / steady * ln(1.0 - steady * left / (steady + growing))


@jit
def fit(i: Any, rise_k: Any, state: Any) -> Any:
    """Steady and growing part of the rate of cell `i`, K/s, `rise_k` above its last step, the growth's significance, and its scale.

    NaN while there are too few steps.
    """
    best = -1
    explained = 0.0
    for k in range(len(SCALES_K)):
        at = FIRST + 3 * k
        if state[i, at + 1] > 0.0 and state[i, at + 2] * state[i, at + 2] / state[i, at + 1] > explained:
            explained = state[i, at + 2] * state[i, at + 2] / state[i, at + 1]
            best = k
    if state[i, STEPS] < MIN_STEPS or best < 0:
        return math.nan, math.nan, math.nan, math.nan
    at = FIRST + 3 * best
    weight = state[i, WEIGHT]
    growth = state[i, at + 2] / state[i, at + 1]
    count = weight * weight / state[i, WEIGHT_2]
    left = max(state[i, RR] - explained, 0.0) / weight
    known = RATE_ERROR * state[i, RATE]
    variance = max(left * count / max(count - 2.0, 0.5), known * known)
    error = math.sqrt(variance / (state[i, at + 1] / weight * count))
    steady = state[i, RATE] - growth * state[i, at]
    return steady, growth * exp(rise_k / SCALES_K[best]), growth / error, SCALES_K[best]


@jit
def foresee(i: Any, degc: Any, ms: Any, step_k: Any, state: Any, since_ms: Any, answer: Any) -> None:
    """Write the answer of cell `i`: seconds to runaway, and the ends of its interval; NaN: not enough evidence."""
    answer[i, 0] = math.nan
    answer[i, 1] = math.nan
    answer[i, 2] = math.nan
    rise_k = degc - state[i, ANCHOR_DEGC]
    steady, growing, significance, scale_k = fit(i, rise_k, state)
    rate = steady + growing
    late = (ms - since_ms[i]) * 1e-3 * state[i, LAST_RATE] > SLOWED * max(step_k, rise_k)
    if late or not (
        degc >= MIN_DEGC and significance >= MIN_SIGNIFICANCE and rate > 0.0 and growing >= MIN_SHARE * rate
    ):
        return
    if growing >= RUNAWAY_K_PER_S:  # it runs away, which others judge, or is hit by heat from outside
        return
    seconds = seconds_to(scale_k * ln(RUNAWAY_K_PER_S / growing), steady, growing, scale_k)
    if seconds > LONGEST_S:
        return
    melts = math.inf
    if degc < SEPARATOR_DEGC:
        melts = seconds_to(SEPARATOR_DEGC - degc, steady, growing, scale_k)
    answer[i, 0] = min(seconds, melts)
    answer[i, 1] = min((1.0 - 1.0 / significance) * seconds, EARLIEST_MELT * melts)
    answer[i, 2] = (HIGH + HIGH_UNSURE / significance) * seconds


@jit
def take(i: Any, degc: Any, ms: Any, step_k: Any, state: Any, since_ms: Any, answer: Any) -> None:
    """Take in a new sample of cell `i` and write its `answer[i]` (`foresee`). What is too long ago, or fell by a step, is forgotten."""
    in_time = 0 <= ms - since_ms[i] <= LONGEST_STEP_MS
    rise_k = degc - state[i, ANCHOR_DEGC]
    if not (in_time and rise_k > -step_k):
        begin(i, degc, ms, state, since_ms)
    elif rise_k >= step_k and ms > since_ms[i]:
        climb(i, rise_k, (ms - since_ms[i]) * 1e-3, state)
        state[i, ANCHOR_DEGC] = degc
        since_ms[i] = ms
    foresee(i, degc, ms, step_k, state, since_ms, answer)


@jit
def advance(
    value: Any, quality: Any, sample: Any, received_ms: Any, index: Any, rack: Any, step_k: Any,
    hot: Any, seen_sample: Any, seen_ms: Any, since_ms: Any, state: Any, answer: Any, by_rack: Any,
) -> Any:  # fmt: skip
    """Take in an image; returns whether anything was new (if not, nothing has changed).

    `value` float64, `quality` uint8, `sample` and `received_ms` int64 of the image; by cell (n,) `index` int32 places in them, `rack` int32
    (-1: none), `step_k` float32, `hot` uint8, `seen_sample` and `seen_ms` int64, and what `take` writes, `answer` float32 (n, 3);
    `by_rack` float64 (3, racks): the answer of the cell that is expected to run away first, NaN: none has one. A cell that is not hot, or
    whose device says that it has no value, is forgotten. One whose link is lost, without a new sample, has no answer meanwhile, and goes on
    with its next value if that comes within `codes.PAUSE_MS`.
    """
    news = False
    for i in range(index.shape[0]):
        k = index[i]
        if quality[k] != codes.GOOD and hot[i] != COLD and sample[k] == seen_sample[i]:
            if hot[i] == HOT:
                hot[i] = PAUSED
                answer[i, 0] = math.nan
                news = True
            continue
        if not (FOLLOWED_DEGC <= value[k] <= MOST_DEGC) or quality[k] != codes.GOOD:
            if hot[i] != COLD:
                hot[i] = COLD
                answer[i, 0] = math.nan
                news = True
            continue
        if hot[i] != COLD and sample[k] == seen_sample[i]:
            continue
        news = True
        if hot[i] == COLD or (hot[i] == PAUSED and received_ms[k] - seen_ms[i] > codes.PAUSE_MS):
            begin(i, value[k], received_ms[k], state, since_ms)
        hot[i] = HOT
        seen_sample[i] = sample[k]
        seen_ms[i] = received_ms[k]
        take(i, value[k], received_ms[k], step_k[i], state, since_ms, answer)
    if news:
        nearest(rack, hot, answer, by_rack)
    return news


@jit
def nearest(rack: Any, hot: Any, answer: Any, by_rack: Any) -> None:
    """Write by rack the answer of the cell that is expected to run away first."""
    by_rack[:, :] = math.nan
    for i in range(rack.shape[0]):
        r = rack[i]
        if r < 0 or not hot[i] or math.isnan(answer[i, 0]):
            continue
        if not by_rack[0, r] <= answer[i, 0]:
            for k in range(3):
                by_rack[k, r] = answer[i, k]
