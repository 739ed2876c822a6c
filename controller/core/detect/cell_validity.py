"""The kernels that judge the validity of single cells of which something is odd: faults, deaths and what they leave, losses and returns.

They run on the points that `cell_tile` noted. The plain Python twin is tests/naive/cells.py.
"""

import math
from typing import Any

import numpy as np

from controller.core.detect import cell_step as step
from controller.core.detect import codes
from controller.core.detect import tiles as at
from controller.core.detect.cell_tile import BUSY, CREEPS, DIED_HOT, KEPT, NEW, NOT_GOOD, SPOILT
from controller.core.detect.compile import jit

SURGES_MIN = 2.0
"""What dies with a sample after so many steep steps had risen, though its rate was not known yet (assumed; one may be noise)."""
STEEP_MS = 3000
"""Runaway: 1 K/s or more for more than 3 s (GB 38031-2025)."""
LOST, DOUBTED = -1, -2
"""In place of the time of a death: none, or a loss; one bad sample since a loss, which may be a device that starts."""
BAD_COUNTS, BAD_MOST = 30, 120
"""A bad sample is made good by so many good ones; no more is counted (assumed)."""


@jit
def is_rising(p: Any, last_ms: Any) -> Any:
    """Whether the rate of rise was above a threshold in this sample and the one before."""
    rising = False
    for which in (codes.C_RISING, codes.C_STEEP):
        if p.on[which] or 0 <= p.since_ms[which] < last_ms:
            rising = True
    return rising


@jit
def has_surged(p: Any, s: Any, j: Any) -> Any:
    """Whether a temperature's last raw steps rose by 1 K/s or more: two intervals in a row, or one of more than 3 s."""
    steeps = s[j + at.STEEPS]
    return steeps > 0.0 and (steeps + (1.0 if p.suspect > 0 else 0.0) >= SURGES_MIN or s[j + at.STEEP_MS] > STEEP_MS)


@jit
def forget_rates(s: Any, j: Any) -> None:
    """Take back what is known of how a point moves: the next valid value is a first one for its slopes."""
    s[j + at.BEFORE] = math.nan
    s[j + at.LONG_BEFORE] = math.nan
    s[j + at.LEVEL_A] = math.nan
    s[j + at.LEVEL_B] = math.nan
    s[j + at.LEVEL_C] = math.nan
    s[j + at.TREND_A] = 0.0
    s[j + at.TREND_B] = 0.0
    s[j + at.TREND_C] = 0.0
    s[j + at.RUN_MS] = 0.0
    s[j + at.MARK] = math.nan
    s[j + at.MARK_MS] = 0.0
    s[j + at.STEEP_MS] = 0.0
    s[j + at.STEEPS] = 0.0


@jit
def forget(p: Any, s: Any, j: Any, keep_last: Any) -> None:
    """Take back all that follows from a point's values, but for bias and spread: the next valid one is a first one."""
    if not keep_last:
        s[j + at.LAST] = math.nan
    forget_rates(s, j)
    s[j + at.UP] = 0.0
    s[j + at.DOWN] = 0.0
    p.stepped_ms = step.PLAIN
    p.creep = 0
    p.collapse_from = math.nan
    p.top = math.nan
    p.suspect = 0
    p.level = 0
    p.feature = 0
    p.weight = 0.0
    p.runaway = 0
    p.drift = 0
    for which in range(p.on.shape[0]):
        p.on[which] = 0
        p.since_ms[which] = -1


@jit
def pause(p: Any) -> None:
    """A point shows nothing valid: it has no level now, but what it was about to say goes on with its next valid value."""
    p.level = 0
    p.feature = 0
    p.weight = 0.0
    p.runaway = 0


@jit
def is_too_long(head: Any, dt_ms: Any) -> Any:
    """Whether a gap between valid values is no pause any more."""
    return dt_ms > max(codes.PAUSE_MS, codes.PAUSE_PERSISTENCES * head.persistence_ms)


@jit
def make_good(p: Any, i: Any, flags: Any) -> None:
    """A valid sample makes bad ones good, by and by."""
    if p.spoilt > 0:
        p.spoilt -= 1
        if p.spoilt == 0:
            flags[i] &= ~SPOILT


@jit
def slope_of(head: Any, s: Any, j: Any) -> Any:
    """Slope over the shortest horizon, units per second; NaN: not known yet."""
    known = s[j + at.RUN_MS] >= head.known_ms
    return s[j + at.TREND_A] / head.rate_tau_s if known else math.nan


@jit
def die(
    p: Any, head: Any, s: Any, j: Any, i: Any, now: Any, dt_ms: Any, last_ms: Any, tick_ms: Any, new: Any, status: Any, flags: Any,
) -> None:  # fmt: skip
    """Turn a point invalid (`now`), by a sample (`new`) or because it is stuck. After a rise its level stays, and any that a sample ends.

    A lone step is no rise. What was lost before, and comes back without a number, has died if the second sample has none either. A
    point pauses, and forgets only after long: one bad sample in three must not silence it.
    """
    lost = status[i] == codes.DEAD and p.died_ms < 0 and not math.isnan(s[j + at.LAST])
    if lost and now == codes.DEAD and p.died_ms != DOUBTED:
        p.died_ms = DOUBTED
        return
    if status[i] in (codes.LIVE, codes.UNBELIEVED) or lost:
        high = p.level >= codes.PRE_ALARM
        rises = is_rising(p, last_ms)
        rising = rises or (new and has_surged(p, s, j))
        told = high or (new and p.level > codes.NORMAL)
        if told or rising:
            lone = p.stepped_ms >= 0
            risen = codes.ADVISORY if lone else codes.PRE_ALARM
            level = max(p.level, min(risen, head.cap)) if high or rising else p.level
            if level > p.kept_level:
                p.kept_level = level
                if high or not rising:
                    p.kept_value = p.value
                    p.kept_threshold = p.threshold
                elif rises:
                    p.kept_value = slope_of(head, s, j)
                    p.kept_threshold = head.rate_pre_alarm * head.sign
                else:
                    p.kept_value = s[j + at.LAST]
                    p.kept_threshold = head.pre_alarm * head.sign
            p.kept_runaway = max(p.kept_runaway, p.runaway)
        p.died_ms = tick_ms if new else LOST
        p.died_degc = s[j + at.LAST] if new and rising and s[j + at.LAST] >= head.max_operating else math.nan
        if new:
            head.died = 1
            p.spoilt = min(p.spoilt + BAD_COUNTS, BAD_MOST)
    if now == codes.STILL or status[i] == codes.STILL or is_too_long(head, dt_ms):
        forget(p, s, j, now == codes.STILL)
        flags[i] = 0
    else:
        pause(p)
    status[i] = now
    evidence = (KEPT if p.kept_level > 0 else 0) | (0 if math.isnan(p.died_degc) else DIED_HOT)
    flags[i] = (flags[i] & (BUSY | CREEPS)) | evidence | (SPOILT if p.spoilt > 0 else 0)


@jit
def lose(p: Any, i: Any, status: Any) -> None:
    """A point's link or device is lost, not the sensor: a fault. What its values said stands still until they come back (rule 1)."""
    if status[i] in (codes.LIVE, codes.UNBELIEVED, codes.STILL):
        p.died_ms = LOST
    status[i] = codes.DEAD


@jit
def come_back(head: Any, s: Any, j: Any, dt_ms: Any) -> None:
    """The first value after a loss or a bad sample: after more than the rate window it says nothing of rates, and cannot be stuck."""
    if dt_ms > 2 * head.known_ms:
        s[j + at.STILL_MS] = 0.0
        s[j + at.STILL_MID] = math.nan
        forget_rates(s, j)
        s[j + at.LAST] = math.nan


@jit
def take(
    p: Any, head: Any, s: Any, j: Any, i: Any, x: Any, dt_ms: Any, raw: Any, what: Any, t_ms: Any, last_ms: Any,
    tick_ms: Any, status: Any, flags: Any, quality: Any,
) -> Any:  # fmt: skip
    """Judge the validity of a point that is not plainly fresh; returns whether its new value `x` (float32) counts.

    Only a device that answers can say that a sensor is dead: by a new sample that is bad, or no number.
    """
    p.raw = raw
    if what & NOT_GOOD or math.isnan(raw):
        if what & NEW and quality in (codes.GOOD, codes.BAD):
            die(p, head, s, j, i, codes.DEAD, dt_ms, last_ms[i], tick_ms, True, status, flags)
        else:
            lose(p, i, status)
        return False
    if not np.float32(head.low) <= x <= np.float32(head.high):
        die(p, head, s, j, i, codes.ABSURD, dt_ms, last_ms[i], tick_ms, True, status, flags)
        return False
    dead = status[i] in (codes.DEAD, codes.ABSURD)
    if dead and p.died_ms >= 0 and is_too_long(head, dt_ms):
        forget(p, s, j, False)
    last = s[j + at.LAST]
    if not math.isnan(last):
        step = x - last
        if abs(step) > head.slew * max(dt_ms * 1e-3, codes.SLEW_MIN_S):
            side = 1 if step > 0.0 else -1
            if p.suspect != side:
                p.suspect = side
                status[i] = codes.UNBELIEVED if status[i] != codes.STILL else codes.STILL
                return False
    p.suspect = 0
    p.died_ms = LOST
    if dead and not math.isnan(last):
        come_back(head, s, j, dt_ms)
        last = s[j + at.LAST]
    calm = math.isfinite(s[j + at.STILL_MID])
    if head.stuck_ms > 0 and not calm and x == last and s[j + at.STILL_MS] + dt_ms >= head.stuck_ms:
        s[j + at.STILL_MS] += dt_ms
        last_ms[i] = t_ms
        die(p, head, s, j, i, codes.STILL, dt_ms, t_ms, tick_ms, False, status, flags)
        return False
    status[i] = codes.LIVE
    return True
