"""Rows of the arrays in which the banks of air heads (gas, smoke, heat, climate) keep parameters and memory: field by field, lane = point.

Parameters by head: `P_` float32, `Q_` int64. Memory by point: `F_` float32, `T_` int64 (ms and sample counters, -1: none), `U_` uint8.
"""

from controller.core.events import Feature
from controller.site.model import Family

_FEATURES = list(Feature)
FIRE_2 = _FEATURES.index(Feature.FIRE_2)
GAS_RISE = _FEATURES.index(Feature.GAS_RISE)
NOT_BELIEVED = _FEATURES.index(Feature.NOT_BELIEVED)

LIVE, DEAD, ABSURD, STILL, UNBELIEVED, MASKED = range(6)
"""Status of a point: as in `codes`; and its principle is not to be believed after agent."""

(
    P_LOW, P_HIGH, P_ADVISORY, P_PRE_ALARM, P_ALARM, P_FIRE_2, P_HYSTERESIS, P_RATE_PRE_ALARM, P_RATE_ALARM, P_RATE_FLOOR,
    P_SLEW, P_REFERENCE_CAP, P_NIGHT_SHARE, P_DRIFT_LIMIT, P_FAST_RISE, P_NOISE, P_MIN_RISE, P_CROSS,
    P_LOWEST, P_LOWEST_RATE, P_BASE_TAU, P_BASE_QUANTILE, P_BASE_BELOW,
) = range(23)  # fmt: skip
P_COUNT = 23
"""Unused thresholds are NaN (never passed), unused bounds infinite."""
(
    Q_PERSISTENCE, Q_WINDOW, Q_SPACING, Q_STUCK, Q_INDEX, Q_FIRST, Q_COUNT, Q_CAP, Q_REFERENCE, Q_ZONE, Q_PLACE, Q_KIND,
    Q_IS_REFERENCE, Q_CATALYTIC,
) = range(14)  # fmt: skip
Q_ROWS = 14

SCALES = 3
"""Horizons of the generalised likelihood ratio."""
(
    F_RAW, F_LAST, F_BEFORE, F_LONG_BEFORE, F_SLOPE, F_VALUE, F_THRESHOLD, F_SCORE, F_KEPT_VALUE, F_KEPT_THRESHOLD,
    F_WEIGHT, F_BASE, F_UP, F_RISE, F_RATIO,
) = range(15)  # fmt: skip
F_MEAN = 15
F_SPREAD = F_MEAN + SCALES
F_ROWS = F_SPREAD + SCALES

K_ADVISORY, K_PRE_ALARM, K_ALARM, K_FIRE_2, K_RISING, K_STEEP, K_STRONG, K_VENT = range(8)
"""Conditions that must hold for a time before they count."""
CONDITIONS = 8
T_SEEN, T_LAST, T_CHANGE, T_STEP, T_SINCE = range(5)
T_ROWS = T_SINCE + CONDITIONS
"""`T_STEP`: time from the valid sample before to the last one, 0 when there was none."""
(
    U_SEEN, U_STATUS, U_SUSPECT, U_FRESH, U_LEVEL, U_FEATURE, U_KEPT_LEVEL, U_RING_FIRST, U_RING_COUNT, U_MASKED, U_MARKS,
    U_KEPT_MARKS, U_PATTERN, U_ON,
) = range(14)  # fmt: skip
U_ROWS = U_ON + CONDITIONS
UP, DOWN = 1, 2
"""`U_SUSPECT`: direction of a step that was not believed."""
RING = 16
"""Places of a point's ring of older values; its window is covered in steps of a fourteenth."""

MARK_FIRE_2, MARK_DRIFTED = 1, 2
"""Bits of `Readings.marks`."""

KINDS = (Family.H2, Family.CO, Family.VOC)
H2, CO, VOC = range(3)
(NO_PATTERN, LI_ION, SOLVENT, ENGINE, CHARGING, HUMID, OUTSIDE) = range(7)
PATTERN_FEATURES = tuple(
    _FEATURES.index(feature)
    for feature in (
        Feature.NONE, Feature.LI_ION_VENT, Feature.SOLVENT, Feature.ENGINE, Feature.CHARGING, Feature.HUMIDITY,
        Feature.OUTSIDE_AIR,
    )
)  # fmt: skip
"""By pattern: what the evidence calls it."""
