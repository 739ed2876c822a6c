"""What the detector sees now, as arrays by head and by rack."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controller.core.events import Evidence, Feature
from controller.core.layout import Layout

_FEATURES = tuple(Feature)


@dataclass(frozen=True, slots=True)
class Readings:
    """What the detector sees now, by head index and by rack index. Owned by the detector, overwritten by `advance`.

    `level` uint8 (`Level`), not latched; `runaway` uint8; `fault` uint8 (0 none, 1 some points, 2 the whole head);
    `point` int32 image index of the strongest evidence, or of the fault; `feature` uint8 (place in `Feature`); `value`
    and `threshold` float64 in the feature's units, NaN for none; `weight` float32, log-likelihood ratio (nats, 0 to 3)
    of fire against normal life for that evidence, 0 for none; `marks` uint8, bits: 1 smoke at fire 2, 2 smoke whose drift has reached
    the limit of its compensation. Wired heads stay 0. `rack_hottest_degc` and its
    `rack_slope_degc_per_s` (NaN: no live sensor, or not known yet) and `rack_live_fraction` float64. `rack_runaway_s`, `_low_s` and
    `_high_s` float64: when the first cell of the rack is expected to run away, from its last sample on, with the ends of the 80 %
    interval; NaN: not enough evidence. They are shown to people and steer nothing.
    """

    level: npt.NDArray[np.uint8]
    runaway: npt.NDArray[np.uint8]
    fault: npt.NDArray[np.uint8]
    point: npt.NDArray[np.int32]
    feature: npt.NDArray[np.uint8]
    value: npt.NDArray[np.float64]
    threshold: npt.NDArray[np.float64]
    weight: npt.NDArray[np.float32]
    marks: npt.NDArray[np.uint8]
    rack_hottest_degc: npt.NDArray[np.float64]
    rack_slope_degc_per_s: npt.NDArray[np.float64]
    rack_live_fraction: npt.NDArray[np.float64]
    rack_runaway_s: npt.NDArray[np.float64]
    rack_runaway_low_s: npt.NDArray[np.float64]
    rack_runaway_high_s: npt.NDArray[np.float64]

    @classmethod
    def empty(cls, layout: Layout) -> "Readings":
        """Nothing seen yet."""
        n_heads, n_racks = len(layout.heads), len(layout.racks)
        first_points = np.array([head.points[0] for head in layout.heads], np.int32)
        level, runaway, fault, feature, marks = (np.zeros(n_heads, np.uint8) for _ in range(5))
        value, threshold = np.full(n_heads, np.nan), np.full(n_heads, np.nan)
        weight = np.zeros(n_heads, np.float32)
        racks = (np.full(n_racks, np.nan), np.full(n_racks, np.nan), np.zeros(n_racks))
        foreseen = (np.full(n_racks, np.nan) for _ in range(3))
        return cls(level, runaway, fault, first_points, feature, value, threshold, weight, marks, *racks, *foreseen)


def evidence_of(layout: Layout, readings: Readings, head_index: int) -> Evidence:
    """Why a head reads as it does. A number that does not exist (no value, no threshold) is 0: JSON has no NaN."""
    return Evidence(
        layout.heads[head_index].name,
        _FEATURES[int(readings.feature[head_index])],
        layout.point_name(int(readings.point[head_index])),
        _decimal(float(readings.value[head_index])),
        _decimal(float(readings.threshold[head_index])),
        float(readings.weight[head_index]),
    )


def _decimal(number: float) -> float:
    """The shortest decimal that is the same to a float32, in which banks remember: 0.7 and not 0.699999988. 0 for what is not finite."""
    with np.errstate(over="ignore"):
        short = float(str(np.float32(number)))
    return short if math.isfinite(short) else 0.0
