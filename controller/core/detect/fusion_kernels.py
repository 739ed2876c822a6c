"""The kernels of the fusion: what the heads of a zone say together.

Evidence is kept by zone and physics family, capped and leaking. Plain IEEE arithmetic alone, for an exponential of the C library is not the
same on every machine. The plain Python twin is tests/naive/fusion.py.
"""

from typing import Any

import numpy as np

from controller.core.detect import codes
from controller.core.detect.compile import jit
from controller.core.detect.life_kernels import watch_life
from controller.core.events import Feature

CAP_NATS = 3.0
"""Most that one physics family, so any one head, may say (likelihood 20 to 1): alone it stays under `PRE_ALARM_NATS` (assumed)."""
LEAK_S = 300.0
"""Evidence that has ended leaks with this time constant: gas that drifts off, a door that closes (assumed: 5 to 10 minutes)."""
ADVISORY_NATS, PRE_ALARM_HEAD_NATS = 1.0, 2.5
"""A head at advisory and at pre-alarm counts so much at least, one in alarm the cap (assumed): no bank can speak its own level down."""
PRE_ALARM_NATS = 4.0
"""More than this together is a pre-alarm of the zone: two families at least, both far from normal life (assumed; 55 to 1)."""
FIRM_NATS = 2.0
"""What a family that has been at pre-alarm must still hold to be one of the two of an alarm."""
VENT_NATS = 1.5
"""What a vent signature adds to gas and temperature (assumed: seen in most, not all, published venting tests)."""
VENT_DIP_K, VENT_MOST_K = 1.0, 10.0
"""A venting cell cools itself by 1 to 5 K; a fall beyond the second is another sensor or water (both assumed). Its neighbours do not: where
they cool too, the air does it, and only what it falls beyond them counts."""
BELIEVED_K = 0.5
"""So much a cell may show over what its bank calls the rack's hottest, which is a filtered value (assumed: five of its steps of noise)."""
VENT_WITHIN_MS = 60_000
"""From the temperature's peak to the dip (assumed)."""
GONE_NATS = 0.01
"""Below this nothing is kept any more."""

BMS, GAS, SMOKE, HEAT, VENT = range(5)
"""Rows of evidence of a zone: the four physics families that speak of fire, and the vent signature, which is none of them."""
N_FAMILIES = 5

_FEATURES = list(Feature)
VENT_FEATURE = _FEATURES.index(Feature.VENT)
FIRST_EVERYDAY, LAST_EVERYDAY = _FEATURES.index(Feature.SOLVENT), _FEATURES.index(Feature.OUTSIDE_AIR)
"""Patterns of gas that have a cause of normal life: at advisory their heads say what their bank gives them, and keep their own level."""

WEIGHED = np.dtype(
    [
        ("head", "i4"),  # of the layout
        ("zone", "i4"),
        ("rack", "i4"),  # -1: none
        ("family", "i4"),
        ("cap", "u1"),  # highest level that counts: MQTT values speak of nothing beyond advisory
        ("out", "u1"),  # out of service: says nothing
    ],
    align=True,
)
"""A head whose word is weighed."""

KEPT = np.dtype(
    [
        ("weight", "f8"),  # nats
        ("firm", "f8"),  # nats of heads at pre-alarm or above
        ("value", "f8"),  # of the strongest head, when it was strongest
        ("threshold", "f8"),
        ("head", "i4"),  # -1: none
        ("point", "i4"),
        ("feature", "u1"),
    ],
    align=True,
)
"""What is kept of one family of one zone."""

RACK = np.dtype(
    [
        ("zone", "i4"),
        ("head", "i4"),  # its last head of cell temperatures; -1: none
        ("first", "i4"),  # of its cells
        ("count", "i4"),
        ("hot", "i4"),  # the cell that was hottest at the peak; -1: not known
        ("peak_degc", "f8"),
        ("company_degc", "f8"),  # mean of that cell's module without it, at the peak; NaN: it has no company
        ("live", "f8"),
        ("peak_ms", "i8"),
    ],
    align=True,
)
"""A rack, for its vent signature."""

WHOLE_HEAD = 2
"""Fault of a head of which nothing is left (`Readings.fault`)."""


@jit
def fuse(
    since_ms: Any, tick_ms: Any, heads: Any, kept: Any, racks: Any, cells: Any, modules: Any, zone_level: Any, said: Any,
    alone: Any, changed: Any, rack_of: Any, life: Any, witnesses: Any, last: Any, bms: Any, silent: Any,
    value: Any, quality: Any, sample: Any, received_ms: Any, level: Any, fault: Any, weight: Any, point: Any, feature: Any,
    shown: Any, threshold: Any, hottest_degc: Any, live: Any,
) -> Any:  # fmt: skip
    """Weigh one image, `since_ms` after the last; returns whether a doubt has come or gone.

    By zone: `zone_level` uint8, `alone` int32 the head that takes it there by itself (-1: what they say
    together does), `said` int32 (zones, 2): the rack that is named (-1: none) and a bit for each family of which something is
    kept, nothing of a zone at normal; `changed` uint8 whether either is new. `rack_of` int32 by head of the layout; `bms` its BMS heads,
    `silent` uint8 whether nothing is left of each. The image's arrays, the readings by head (their `value` as `shown`) and by rack; the rest
    as the kernels below have it.
    """
    leak(kept, since_ms)
    news = watch_life(life, witnesses, last, value, quality, sample, received_ms)
    for i in range(bms.shape[0]):
        is_silent = 1 if fault[bms[i]] >= WHOLE_HEAD else 0
        news = news or silent[i] != is_silent
        silent[i] = is_silent
    weigh(heads, kept, level, fault, weight, point, feature, shown, threshold)
    look_for_vents(tick_ms, racks, heads, kept, level, point, hottest_degc, live, cells, modules, value, quality)
    for z in range(kept.shape[0]):
        changed[z] = zone_level[z]  # what it was
    judge(heads, kept, level, weight, zone_level, alone)
    for z in range(kept.shape[0]):
        rack, families = what_is_said(kept[z], rack_of) if zone_level[z] else (-1, 0)
        changed[z] = changed[z] != zone_level[z] or said[z, 0] != rack or said[z, 1] != families
        said[z, 0], said[z, 1] = rack, families
    return news


@jit
def what_is_said(kept: Any, rack_of: Any) -> Any:
    """The rack on which the strongest BMS and the strongest gas head agree, with the weight of one at pre-alarm (-1: none); the families."""
    families = 0
    for family in range(kept.shape[0]):
        if kept[family].head >= 0:
            families |= 1 << family
    bms, gas = kept[BMS], kept[GAS]
    if min(bms.weight, gas.weight) < ADVISORY_NATS or bms.weight + gas.weight < PRE_ALARM_HEAD_NATS:
        return -1, families
    rack = rack_of[bms.head]
    return rack if rack == rack_of[gas.head] else -1, families


@jit
def counts(heads: Any, i: Any, level: Any) -> Any:
    """The level of a weighed head as far as it counts."""
    if heads[i].out:
        return 0
    return min(level[heads[i].head], heads[i].cap)


@jit
def nats(at: Any, cap: Any, feature: Any, weight: Any, hot: Any) -> Any:
    """What a head above normal says: its bank's weight, no less than its level is worth, capped.

    Below pre-alarm two say what their bank gives them: gas of an everyday cause where no BMS head of its rack is above normal (`hot`), and
    a drift to the safe side.
    """
    floor = CAP_NATS
    is_everyday = FIRST_EVERYDAY <= feature <= LAST_EVERYDAY and not hot
    if at == codes.ADVISORY and (is_everyday or (feature == codes.DRIFT and weight == 0.0)):
        floor = 0.0
    elif at == codes.ADVISORY:
        floor = ADVISORY_NATS
    elif at == codes.PRE_ALARM:
        floor = PRE_ALARM_HEAD_NATS
    said = np.float64(weight)
    return min(said if said > floor else floor, CAP_NATS if cap > codes.ADVISORY else ADVISORY_NATS)


@jit
def leak(kept: Any, elapsed_ms: Any) -> None:
    """Let all kept evidence leak for so long (implicit step: a long gap keeps more than the exponential, never less)."""
    keep = 1.0 / (1.0 + max(elapsed_ms, 0) * 1e-3 / LEAK_S)
    for z in range(kept.shape[0]):
        for f in range(kept.shape[1]):
            k = kept[z, f]
            k.weight *= keep
            k.firm *= keep
            if k.weight < GONE_NATS:
                forget(k)


@jit
def forget(k: Any) -> None:
    """Nothing is kept."""
    k.weight = 0.0
    k.firm = 0.0
    k.head = -1


@jit
def take(k: Any, head: Any, said: Any, point: Any, feature: Any, value: Any, threshold: Any) -> None:
    """Keep what a head says if it is more than what is kept."""
    if said > k.weight:
        k.weight = said
        k.head = head
        k.point = point[head]
        k.feature = feature[head]
        k.value = value[head]
        k.threshold = threshold[head]


@jit
def weigh(
    heads: Any, kept: Any, level: Any, fault: Any, weight: Any, point: Any, feature: Any, value: Any, threshold: Any
) -> None:
    """Take in what all heads say now: the strongest of each family, the one that led before first, so that equals do not take turns.

    What a silent head said before it fell silent leaks; what burnt stands.
    """
    for mine in (True, False):
        for i in range(heads.shape[0]):
            at = counts(heads, i, level)
            if at == codes.NORMAL:
                continue
            head = heads[i].head
            if fault[head] >= WHOLE_HEAD and feature[head] not in (codes.DIED_AFTER_RISE, codes.DYING_TOGETHER):
                continue
            k = kept[heads[i].zone, heads[i].family]
            if (k.head == head) != mine:
                continue
            said = nats(at, heads[i].cap, feature[head], weight[head], is_above(heads[i].rack, BMS, heads, level))
            take(k, head, said, point, feature, value, threshold)
            if at >= codes.PRE_ALARM and said > k.firm:
                k.firm = said


@jit
def look_for_vents(
    tick_ms: Any, racks: Any, heads: Any, kept: Any, level: Any, point: Any, hottest_degc: Any, live: Any,
    cells: Any, modules: Any, value: Any, quality: Any,
) -> None:  # fmt: skip
    """A rack's hottest cell cools by a few kelvin, its module does not, while its gas heads see gas: a cell has vented.

    A sensor that died makes no dip. `cells` int32 (n,) are the cells' places in the image, `modules` int32 (n,) what module each is of.
    """
    for r in range(racks.shape[0]):
        rack = racks[r]
        now = hottest_degc[r]
        fewer = live[r] < rack.live
        rack.live = live[r]
        if fewer or not now < rack.peak_degc or tick_ms - rack.peak_ms > VENT_WITHIN_MS:
            rack.peak_degc = now
            rack.peak_ms = tick_ms
            rack.hot = hottest_cell(rack, now, cells, value, quality)
            rack.company_degc = company_of_hottest(rack, cells, modules, value, quality)
            continue
        dip = rack.peak_degc - now
        if rack.head < 0 or not VENT_DIP_K < dip <= VENT_MOST_K or not is_above(r, GAS, heads, level):
            continue
        cooled = rack.company_degc - company_of_hottest(rack, cells, modules, value, quality)
        if cooled > 0.0:
            dip -= cooled
        if not dip > VENT_DIP_K:
            continue
        k = kept[rack.zone, VENT]
        if k.weight < VENT_NATS:
            k.weight = VENT_NATS
            k.head = rack.head
            k.point = point[rack.head]
            k.feature = VENT_FEATURE
            k.value = dip
            k.threshold = VENT_DIP_K


@jit
def hottest_cell(rack: Any, hottest_degc: Any, cells: Any, value: Any, quality: Any) -> Any:
    """Which of a rack's cells is its hottest (-1: none). What shows more than the bank believes of any is not believed here either."""
    hot = -1
    for i in range(rack.first, rack.first + rack.count):
        x = value[cells[i]]
        if quality[cells[i]] == codes.GOOD and x <= hottest_degc + BELIEVED_K and (hot < 0 or x > value[cells[hot]]):
            hot = i
    return hot


@jit
def company_of_hottest(rack: Any, cells: Any, modules: Any, value: Any, quality: Any) -> Any:
    """Mean temperature of the module of the cell that was hottest, without it; NaN when nobody else is there."""
    total = 0.0
    count = 0
    if rack.hot >= 0:
        for i in range(rack.first, rack.first + rack.count):
            x = value[cells[i]]
            if (
                i != rack.hot
                and modules[i] == modules[rack.hot]
                and quality[cells[i]] == codes.GOOD
                and not np.isnan(x)
            ):
                total += x
                count += 1
    return total / count if count > 0 else np.nan


@jit
def is_above(rack: Any, family: Any, heads: Any, level: Any) -> Any:
    """Whether a head of this family and rack is at advisory or above; a head without a rack has no such neighbour."""
    if rack < 0:
        return False
    for i in range(heads.shape[0]):
        if heads[i].rack == rack and heads[i].family == family and counts(heads, i, level) >= codes.ADVISORY:
            return True
    return False


@jit
def judge(heads: Any, kept: Any, level: Any, weight: Any, zone_level: Any, alone: Any) -> None:
    """Write the level of every zone: what its heads say together, and what they say alone. Off-gas alone is a pre-alarm, however strong.

    Where one head alone says more than all together it is named; of several the one that weighs most.
    Together an alarm takes something hot (BMS, heat) and something in the air (gas, smoke): either pair of the same kind has an everyday
    cause, the exhaust of a generator or a room whose cooling failed. One pass over zones and one over heads: many rooms cost no more each.
    """
    for z in range(kept.shape[0]):
        total = 0.0
        for f in range(kept.shape[1]):
            total += kept[z, f].weight
        hot = kept[z, BMS].firm >= FIRM_NATS or kept[z, HEAT].firm >= FIRM_NATS
        airborne = kept[z, GAS].firm >= FIRM_NATS or kept[z, SMOKE].firm >= FIRM_NATS
        zone_level[z] = codes.ADVISORY if total >= ADVISORY_NATS else codes.NORMAL
        if total > PRE_ALARM_NATS:
            zone_level[z] = codes.PRE_ALARM
        if hot and airborne:
            zone_level[z] = codes.ALARM
        alone[z] = -1
    for i in range(heads.shape[0]):
        own, z = counts(heads, i, level), heads[i].zone
        if heads[i].family == GAS:
            own = min(own, codes.PRE_ALARM)
        ties = own == zone_level[z] and alone[z] >= 0
        if own > zone_level[z] or (ties and weight[heads[i].head] > weight[alone[z]]):
            zone_level[z], alone[z] = own, heads[i].head
