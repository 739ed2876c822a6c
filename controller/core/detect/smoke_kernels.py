"""The kernel of smoke heads: alert, action, fire 1 and fire 2 over a compensated drift, by day and by night."""

from typing import Any

from controller.core.detect import air_codes as c
from controller.core.detect import air_kernels as air
from controller.core.detect import codes
from controller.core.detect.compile import jit

DRIFT_SEEN = 0.5
"""Values that are further from it than this share of the alert threshold are not clean air (assumed)."""
DRIFT_AGAIN = 0.8
"""A detector that was at the limit of its compensation is well again below this share of it (assumed)."""
FAST_HOLD_MS = 2000
"""Persistence of a stage while smoke rises steeply: two samples of the common second."""
HUMID_WEIGHT = 1.0
"""Most that smoke below fire 2 weighs while the room's humidity has stepped up: it may be steam (assumed)."""


@jit
def advance_smoke(
    index: Any, value: Any, quality: Any, sample: Any, received_ms: Any, night: Any,
    p: Any, q: Any, f: Any, t: Any, u: Any, ring: Any, ring_ms: Any, humid: Any,
) -> Any:  # fmt: skip
    """Advance by one image; returns whether anything was new. `humid` uint8 by zone is read. The rest: `air_codes`, the image's arrays."""
    if not air.take_all(index, value, quality, sample, received_ms, p, q, f, t, u):
        return False
    for h in range(q.shape[1]):
        share = air.at(p, c.P_NIGHT_SHARE, h) if night else 1.0
        for i in range(q[c.Q_FIRST, h], q[c.Q_FIRST, h] + q[c.Q_COUNT, h]):
            if u[c.U_FRESH, i]:
                judge_smoke(p, q, f, t, u, ring, ring_ms, h, i, share, humid[q[c.Q_ZONE, h]])
    return True


@jit
def judge_smoke(
    p: Any, q: Any, f: Any, t: Any, u: Any, ring: Any, ring_ms: Any, h: Any, i: Any, share: Any, is_humid: Any,
) -> None:  # fmt: skip
    """Stages of one detector. Fire 2 is the same by day and by night: release may hang on it."""
    air.remember(q, f, t, u, ring, ring_ms, h, i)
    limit = air.at(p, c.P_DRIFT_LIMIT, h)
    y = air.at(f, c.F_LAST, i) - max(-limit, min(limit, air.at(f, c.F_BASE, i)))
    air.begin(f, u, i, y)
    if not air.is_quiet(p, f, t, u, h, i, y, share):
        judge_stages(p, q, f, t, u, h, i, y, share, is_humid)
    follow_drift(p, f, t, u, h, i, limit)


@jit
def judge_stages(
    p: Any, q: Any, f: Any, t: Any, u: Any, h: Any, i: Any, y: Any, share: Any, is_humid: Any,
) -> None:  # fmt: skip
    """The stages of a detector that is not quiet, and its weight."""
    hold_ms = q[c.Q_PERSISTENCE, h]
    if air.at(f, c.F_SLOPE, i) >= air.at(p, c.P_FAST_RISE, h):
        hold_ms = min(hold_ms, FAST_HOLD_MS)
    if air.judge_threshold(
        p, q, f, t, u, h, i, y, c.K_FIRE_2, air.at(p, c.P_FIRE_2, h), codes.ALARM, c.FIRE_2, hold_ms
    ):
        u[c.U_MARKS, i] = u[c.U_MARKS, i] | c.MARK_FIRE_2
    air.judge_levels(p, q, f, t, u, h, i, y, codes.HIGH, share, hold_ms)
    air.judge_rate(p, q, f, t, u, h, i)
    weight = float(u[c.U_LEVEL, i])
    if is_humid and not u[c.U_MARKS, i] & c.MARK_FIRE_2:
        weight = min(weight, HUMID_WEIGHT)
    f[c.F_WEIGHT, i] = weight


@jit
def follow_drift(p: Any, f: Any, t: Any, u: Any, h: Any, i: Any, limit: Any) -> None:
    """Follow the clean-air value while nothing is suspicious; mark a detector whose drift has reached the limit."""
    calm = u[c.U_LEVEL, i] == codes.NORMAL
    for which in (c.K_ADVISORY, c.K_PRE_ALARM, c.K_ALARM, c.K_FIRE_2):
        if t[c.T_SINCE + which, i] >= 0:
            calm = False
    base = air.at(f, c.F_BASE, i)
    apart = air.at(f, c.F_LAST, i) - base
    if calm and abs(apart) < DRIFT_SEEN * air.at(p, c.P_ADVISORY, h):
        dt_s = max(t[c.T_STEP, i] * 1e-3, 0.0)
        base = max(-limit, min(limit, base + apart * (dt_s / (dt_s + air.at(p, c.P_BASE_TAU, h)))))
        f[c.F_BASE, i] = base
    if abs(base) >= limit:
        u[c.U_MARKS, i] = u[c.U_MARKS, i] | c.MARK_DRIFTED
    elif abs(base) < DRIFT_AGAIN * limit:
        u[c.U_MARKS, i] = u[c.U_MARKS, i] & c.MARK_FIRE_2
