"""The kernel of gas heads: thresholds over the room, a likelihood ratio of the rise over a slow base, and the pattern of a rack's gases."""

import math
from typing import Any

from controller.core.detect import air_codes as c
from controller.core.detect import air_kernels as air
from controller.core.detect import codes
from controller.core.detect.compile import jit

FLOOR_NOISES = 4.0
"""Values are compared by the logarithm of (value + floor) / (base + floor); the floor is so many times the noise (assumed)."""
MOST_STEP_S = 600.0
"""A sample speaks for no longer than this (assumed): a head that was silent for hours has not shown its last value for hours."""
SCALES_S = (3.0, 15.0, 60.0)
"""Horizons over which a rise is sought: a vent beside the head, one in the rack, seepage (assumed)."""
SURPRISE_MOST = 8.0
"""One sample speaks for so many standard deviations at most: a lone spike stays below the threshold of the ratio."""
RATIO_STRONG = 25.0
"""Log-likelihood ratio (nats) of a rise: a normal value passes it (7.1 standard deviations) once in 1e12 samples, 30,000 years of seconds."""
RATIO_HYSTERESIS, RISE_HYSTERESIS = 0.5, 0.5
STRONG_HOLD_MS = 3000
"""A rise or a vent's pattern must be seen for so long: three samples of the common second."""
UP_SHARE = 0.5
"""Of the smallest rise that counts: so far up, a rack goes with the room (assumed)."""
WEIGHT_STRONG, WEIGHT_VENT = 1.5, 3.0
"""Weights (nats) of a rise, and of the pattern of venting cells (assumed)."""
WEIGHT_MOST = (2.0, 3.0, 0.5, 1.0, 2.0, 0.0, 0.5)
"""Most that gas weighs by its pattern (`air_codes`): not known, vent, solvent, engine, charging, humidity, outside air (assumed). Hydrogen
alone comes first in an overcharge (Jin, Joule 2020), so it keeps two thirds; carbon monoxide alone may be a fire."""
WEIGHT_ALARMED = 3.0
"""Most, whatever the pattern, from a pre-alarm by the site's own thresholds on: a neighbour that shows nothing may be blind."""


LN_FROM, LN_TO = 0.75, 1.5
"""Where the series of the logarithm is short."""


@jit
def ln(x: Any) -> Any:
    """Natural logarithm of a positive finite number by sums and products alone, so that it is the same bits on every machine; to 1e-8."""
    doublings = 0.0
    while x > LN_TO:
        x *= 0.5
        doublings += 1.0
    while x < LN_FROM:
        x *= 2.0
        doublings -= 1.0
    s = (x - 1.0) / (x + 1.0)
    z = s * s
    series = 1.0 + z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0 + z / 11.0))))
    return doublings * 0.6931471805599453 + 2.0 * s * series


@jit
def advance_gas(
    index: Any, value: Any, quality: Any, sample: Any, received_ms: Any,
    p: Any, q: Any, f: Any, t: Any, u: Any, ring: Any, ring_ms: Any, humid: Any, places: Any, zones: Any,
) -> Any:  # fmt: skip
    """Advance by one image; returns whether anything was new.

    `humid` uint8 by zone is read; `places` float64 (3, kinds, places) and `zones` float64 (5, kinds, zones) are scratch.
    """
    if not air.take_all(index, value, quality, sample, received_ms, p, q, f, t, u):
        return False
    for h in range(q.shape[1]):
        for i in range(q[c.Q_FIRST, h], q[c.Q_FIRST, h] + q[c.Q_COUNT, h]):
            if u[c.U_FRESH, i]:
                air.remember(q, f, t, u, ring, ring_ms, h, i)
                weigh_rise(p, q, f, t, u, h, i)
    calm = is_calm(f)
    if not calm:
        gather(p, q, f, u, places, zones)
    for h in range(q.shape[1]):
        for i in range(q[c.Q_FIRST, h], q[c.Q_FIRST, h] + q[c.Q_COUNT, h]):
            if u[c.U_FRESH, i]:
                u[c.U_PATTERN, i] = c.NO_PATTERN if calm else pattern_of(q, h, humid, places, zones)
                judge_gas(p, q, f, t, u, h, i)
    return True


@jit
def is_calm(f: Any) -> Any:
    """Whether no head's ratio speaks of a rise: then there is no pattern to look for."""
    for i in range(f.shape[1]):
        if f[c.F_RATIO, i] >= RATIO_STRONG:
            return False
    return True


@jit
def weigh_rise(p: Any, q: Any, f: Any, t: Any, u: Any, h: Any, i: Any) -> None:
    """The likelihood ratio of "it has risen over base and room" against "it has not", the best of three horizons; and the base."""
    x = max(air.at(f, c.F_LAST, i), 0.0)
    noise = air.at(p, c.P_NOISE, h)
    floor = FLOOR_NOISES * noise
    most = air.at(p, c.P_REFERENCE_CAP, h)
    if math.isnan(air.at(f, c.F_BASE, i)):
        f[c.F_BASE, i] = min(x, 0.5 * most)
    base = air.at(f, c.F_BASE, i)
    f[c.F_UP, i] = ln((x + floor) / (base + floor))
    up = air.at(f, c.F_UP, i)
    reference = q[c.Q_REFERENCE, h]
    others, room = 0.0, 0.0
    if reference >= 0 and u[c.U_STATUS, reference] == c.LIVE:
        others = max(air.at(f, c.F_UP, reference), 0.0)
        room = air.at(f, c.F_RISE, reference)
    f[c.F_RISE, i] = max(x - base - room, 0.0)
    surprise = (up - others) * (base + floor) / noise - air.at(p, c.P_BASE_BELOW, h)
    surprise = max(-SURPRISE_MOST, min(SURPRISE_MOST, surprise))
    dt_s = max(0.0, min(t[c.T_STEP, i] * 1e-3, MOST_STEP_S))  # a sample may come from before the last
    best = 0.0
    for scale in range(c.SCALES):
        part = dt_s / (dt_s + SCALES_S[scale])
        rest = 1.0 - part
        f[c.F_MEAN + scale, i] = rest * air.at(f, c.F_MEAN + scale, i) + part * surprise
        f[c.F_SPREAD + scale, i] = rest * rest * air.at(f, c.F_SPREAD + scale, i) + part * part
        mean = air.at(f, c.F_MEAN + scale, i)
        spread = air.at(f, c.F_SPREAD + scale, i)
        if mean > 0.0 and spread > 0.0:
            best = max(best, mean * mean / (2.0 * spread))
    f[c.F_RATIO, i] = best
    if u[c.U_LEVEL, i] == codes.NORMAL:
        follow_base(p, f, h, i, x, dt_s)


@jit
def follow_base(p: Any, f: Any, h: Any, i: Any, x: Any, dt_s: Any) -> None:
    """Move the base towards the quantile of normal life that it stands for, at any value by a share of the noise alone, up or down.

    Stochastic approximation of a quantile (Robbins and Monro 1951), its step cut by the noise instead of by the sign: it
    rests where about a share `P_BASE_QUANTILE` of the values lies below. What comes and goes moves it little, downwards too: after a dip of the
    air it stands where it stood, not at the lowest value seen.
    """
    noise, quantile = air.at(p, c.P_NOISE, h), air.at(p, c.P_BASE_QUANTILE, h)
    base = air.at(f, c.F_BASE, i)
    part = dt_s / (dt_s + air.at(p, c.P_BASE_TAU, h))
    moved = max(-(1.0 - quantile) * noise, min(quantile * noise, x - base)) * part
    f[c.F_BASE, i] = max(0.0, min(air.at(p, c.P_REFERENCE_CAP, h), base + moved))


@jit
def gather(p: Any, q: Any, f: Any, u: Any, places: Any, zones: Any) -> None:
    """Write what the heads see together.

    By rack and gas: a living head, a strong rise, ppm over the base. By room and gas: heads in racks, those up, a strong reference, whether
    any head lives that tells its gas apart (no catalyst in a rack does), and whether any of those has risen strongly.
    """
    places[:, :, :] = 0.0
    zones[:, :, :] = 0.0
    for h in range(q.shape[1]):
        kind, place, zone = q[c.Q_KIND, h], q[c.Q_PLACE, h], q[c.Q_ZONE, h]
        for i in range(q[c.Q_FIRST, h], q[c.Q_FIRST, h] + q[c.Q_COUNT, h]):
            if u[c.U_STATUS, i] == c.LIVE:
                risen = air.at(f, c.F_RISE, i)
                strong = air.at(f, c.F_RATIO, i) >= RATIO_STRONG and risen >= air.at(p, c.P_MIN_RISE, h)
                if q[c.Q_IS_REFERENCE, h] or not q[c.Q_CATALYTIC, h]:
                    zones[3, kind, zone] = 1.0
                    zones[4, kind, zone] = 1.0 if strong else zones[4, kind, zone]
                if q[c.Q_IS_REFERENCE, h]:
                    zones[2, kind, zone] = 1.0 if strong else zones[2, kind, zone]
                else:
                    over = max(air.at(f, c.F_LAST, i), 0.0) - air.at(f, c.F_BASE, i)
                    zones[0, kind, zone] += 1.0
                    zones[1, kind, zone] += 1.0 if over >= UP_SHARE * air.at(p, c.P_MIN_RISE, h) else 0.0
                    if not q[c.Q_CATALYTIC, h]:
                        places[0, kind, place] = 1.0
                        places[2, kind, place] = max(places[2, kind, place], risen)
                        places[1, kind, place] = 1.0 if strong else places[1, kind, place]
    clear_cross(p, q, places)


@jit
def clear_cross(p: Any, q: Any, places: Any) -> None:
    """A rise that is no more than what a head shows of its neighbour's gas is none of its own."""
    for h in range(q.shape[1]):
        kind, place = q[c.Q_KIND, h], q[c.Q_PLACE, h]
        other = c.CO if kind == c.H2 else c.H2
        if q[c.Q_IS_REFERENCE, h] == 0 and kind != c.VOC and places[2, other, place] > places[2, kind, place]:
            own = places[2, kind, place] - air.at(p, c.P_CROSS, h) * places[2, other, place]
            if own < air.at(p, c.P_MIN_RISE, h):
                places[1, kind, place] = 0.0


@jit
def pattern_of_room(zone: Any, zones: Any) -> Any:
    """What a gas is that has risen at the reference and at half of the racks: outside air brings no hydrogen, a vent fills a room with it.

    Only a living hydrogen head can say that there is none: without one the gas keeps no name, and weighs as gas without a name does.
    """
    if zones[4, c.H2, zone] > 0.0:
        return c.LI_ION if zones[2, c.CO, zone] > 0.0 or zones[2, c.VOC, zone] > 0.0 else c.NO_PATTERN
    return c.OUTSIDE if zones[3, c.H2, zone] > 0.0 else c.NO_PATTERN


@jit
def pattern_of(q: Any, h: Any, humid: Any, places: Any, zones: Any) -> Any:
    """What the gases at a head's rack look like together."""
    kind, place, zone = q[c.Q_KIND, h], q[c.Q_PLACE, h], q[c.Q_ZONE, h]
    shared = c.NO_PATTERN
    if zones[2, kind, zone] > 0.0 and zones[1, kind, zone] * 2.0 >= zones[0, kind, zone] > 0.0:
        shared = pattern_of_room(zone, zones)
    h2 = places[1, c.H2, place] > 0.0
    co = places[1, c.CO, place] > 0.0
    voc = places[1, c.VOC, place] > 0.0
    known = places[0, c.H2, place] > 0.0 and places[0, c.CO, place] > 0.0 and places[0, c.VOC, place] > 0.0
    if q[c.Q_IS_REFERENCE, h]:
        return shared
    if h2 and (co or voc):
        return c.LI_ION
    if places[1, kind, place] == 0.0 and shared != c.NO_PATTERN:
        return shared
    if not known:
        return c.NO_PATTERN
    if voc and not h2 and not co:
        return c.HUMID if humid[zone] else c.SOLVENT
    if co and not h2 and not voc:
        return c.ENGINE
    return c.CHARGING if h2 else c.NO_PATTERN


@jit
def judge_gas(p: Any, q: Any, f: Any, t: Any, u: Any, h: Any, i: Any) -> None:
    """Levels of one head: the site's thresholds as they are, then what the ratio and the pattern say beyond them; and the weight."""
    reference = q[c.Q_REFERENCE, h]
    room = 0.0
    if reference >= 0 and u[c.U_STATUS, reference] == c.LIVE:
        room = min(max(air.at(f, c.F_LAST, reference), 0.0), air.at(p, c.P_REFERENCE_CAP, h))
    shown = air.at(f, c.F_LAST, i) - room
    pattern = u[c.U_PATTERN, i]
    named = c.PATTERN_FEATURES[pattern]
    air.begin(f, u, i, shown)
    least, risen, ratio = air.at(p, c.P_MIN_RISE, h), air.at(f, c.F_RISE, i), air.at(f, c.F_RATIO, i)
    above = ratio >= RATIO_STRONG and risen >= least
    if not above and air.is_quiet(p, f, t, u, h, i, shown, 1.0):
        return
    feature = codes.ABOVE_REFERENCE if reference >= 0 else codes.HIGH
    air.judge_levels(p, q, f, t, u, h, i, shown, named if pattern else feature, 1.0, q[c.Q_PERSISTENCE, h])
    air.judge_rate(p, q, f, t, u, h, i)
    most = WEIGHT_ALARMED if u[c.U_LEVEL, i] >= codes.PRE_ALARM else WEIGHT_MOST[pattern]
    keeps = ratio >= RATIO_HYSTERESIS * RATIO_STRONG and risen >= RISE_HYSTERESIS * least
    strong = air.hold(t, u, i, c.K_STRONG, above, keeps, STRONG_HOLD_MS)
    is_vent = pattern == c.LI_ION
    vent = air.hold(t, u, i, c.K_VENT, is_vent and above, is_vent and keeps, STRONG_HOLD_MS)
    weight = float(u[c.U_LEVEL, i])
    if vent:
        air.raise_to(f, u, i, min(codes.PRE_ALARM, q[c.Q_CAP, h]), named, risen, least, risen - least)
        weight = max(weight, WEIGHT_VENT)
    if strong:
        rises = named if pattern else c.GAS_RISE
        air.raise_to(f, u, i, min(codes.ADVISORY, q[c.Q_CAP, h]), rises, risen, least, risen - least)
        weight = max(weight, WEIGHT_STRONG)
    f[c.F_WEIGHT, i] = min(weight, most)
