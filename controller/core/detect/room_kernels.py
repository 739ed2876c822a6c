"""The kernel of heat and climate heads: thresholds and rate of rise; and of every room, whether its humidity has stepped up."""

import math
from typing import Any

from controller.core.detect import air_codes as c
from controller.core.detect import air_kernels as air
from controller.core.detect import codes
from controller.core.detect.compile import jit

HUMID_FAST_S, HUMID_SLOW_S = 30.0, 3600.0
HUMID_STEP_PCT = 2.0
"""A room is humid while its mean relative humidity, over half a minute, stands so far above that of the last hour (assumed: steam of 1 g/s
for a minute gives 1 % in 360 m3; a sensor's noise is a tenth of it over the sensors of a room)."""


@jit
def advance_room(
    index: Any, value: Any, quality: Any, sample: Any, received_ms: Any,
    p: Any, q: Any, f: Any, t: Any, u: Any, ring: Any, ring_ms: Any, humid: Any, gathered: Any,
) -> Any:  # fmt: skip
    """Advance by one image; returns whether anything was new.

    `humid` uint8 by zone is written; `gathered` float64 (2, zones) is scratch. The rest: `air_codes`, and the image's arrays.
    """
    if not air.take_all(index, value, quality, sample, received_ms, p, q, f, t, u):
        return False
    for h in range(q.shape[1]):
        for i in range(q[c.Q_FIRST, h], q[c.Q_FIRST, h] + q[c.Q_COUNT, h]):
            if u[c.U_FRESH, i]:
                air.remember(q, f, t, u, ring, ring_ms, h, i)
                shown = air.at(f, c.F_LAST, i)
                air.begin(f, u, i, shown)
                if not air.is_quiet(p, f, t, u, h, i, shown, 1.0):
                    air.judge_levels(p, q, f, t, u, h, i, shown, codes.HIGH, 1.0, q[c.Q_PERSISTENCE, h])
                    air.judge_rate(p, q, f, t, u, h, i)
                    f[c.F_WEIGHT, i] = u[c.U_LEVEL, i]
                if q[c.Q_KIND, h] == 1:
                    follow_humidity(f, t, i)
    judge_humidity(q, f, u, humid, gathered)
    return True


@jit
def follow_humidity(f: Any, t: Any, i: Any) -> None:
    """Fast and slow mean of one humidity sensor."""
    x = air.at(f, c.F_LAST, i)
    if math.isnan(air.at(f, c.F_BASE, i)):
        f[c.F_BASE, i] = x
    if t[c.T_STEP, i] <= 0:
        f[c.F_UP, i] = x
        return
    dt_s = t[c.T_STEP, i] * 1e-3
    f[c.F_UP, i] = air.at(f, c.F_UP, i) + (x - air.at(f, c.F_UP, i)) * (dt_s / (dt_s + HUMID_FAST_S))
    f[c.F_BASE, i] = air.at(f, c.F_BASE, i) + (x - air.at(f, c.F_BASE, i)) * (dt_s / (dt_s + HUMID_SLOW_S))


@jit
def judge_humidity(q: Any, f: Any, u: Any, humid: Any, gathered: Any) -> None:
    """Whether the mean over a room's living humidity sensors has stepped up."""
    gathered[:, :] = 0.0
    for h in range(q.shape[1]):
        if q[c.Q_KIND, h] == 1:
            for i in range(q[c.Q_FIRST, h], q[c.Q_FIRST, h] + q[c.Q_COUNT, h]):
                if u[c.U_STATUS, i] == c.LIVE:
                    gathered[0, q[c.Q_ZONE, h]] += air.at(f, c.F_UP, i) - air.at(f, c.F_BASE, i)
                    gathered[1, q[c.Q_ZONE, h]] += 1.0
    for zone in range(humid.shape[0]):
        n = gathered[1, zone]
        humid[zone] = 1 if n > 0.0 and gathered[0, zone] >= HUMID_STEP_PCT * n else 0
