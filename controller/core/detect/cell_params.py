"""Parameters of a tile of cells: places in a row of float32, one row for each set of limits. What they mean stands in `Limits`."""

import numpy as np

(
    LOW, HIGH, SLEW_PER_MS, STUCK_MS, SIGN, LOWEST, LOWEST_DEVIATION, LOWEST_RATE, RUN_MS, TAU_A_S, TAU_A_MS, TAU_B_MS,
    TAU_C_MS, SLOPE_CLIP, BIAS_TAU_MS, LEARN_MS, SUSPICIOUS, SCALE_FLOOR, SLACK, MOST, DRIFT_LIMIT, RUNS, KEEP, WINDOW_MS,
    HEAT_TAU_MS, HEAT_MOST, HEAT_SLACK, COMMON_RISE, IS_GROUP, IS_VOLTAGE, MOVED, HABIT, STEP, CREEP_B, CREEP_C, LOAD_TAU_MS,
    ROUNDING,
) = range(37)  # fmt: skip
COUNT = 37
NONE = np.float32(np.nan)
