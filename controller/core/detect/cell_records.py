"""What is rarely needed of cells: one record a head and one a point, by slots. The kernels of `cell_judge` read and write them.

Unused thresholds are NaN (never passed), unused limits infinite, unused times and places -1.
"""

import numpy as np

BAD_SHOWN = 60
"""What is spoilt by more than this is in fault, valid or not: by three bad samples within 30 good ones (assumed)."""

CONDITIONS = 8
"""Conditions of a point that are held: thresholds, deviation, rate, collapse."""

HEAD = np.dtype(
    [
        ("low", "f8"),
        ("high", "f8"),
        ("sign", "f8"),  # +1: high is dangerous, -1: low is
        ("advisory", "f8"),  # thresholds, times `sign`
        ("pre_alarm", "f8"),
        ("alarm", "f8"),
        ("hysteresis", "f8"),
        ("deviation_advisory", "f8"),
        ("deviation_pre_alarm", "f8"),
        ("rate_pre_alarm", "f8"),  # units per second, times `sign`
        ("rate_alarm", "f8"),
        ("rate_floor", "f8"),
        ("rate_tau_s", "f8"),  # horizon of the rate
        ("slew", "f8"),  # units per second
        ("collapse", "f8"),  # share of the voltage that is lost in a collapse; NaN: not judged
        ("max_operating", "f8"),  # degC; infinite: runaway is not judged
        ("suspicious", "f8"),
        ("drift_limit", "f8"),  # standard deviations
        ("common_rise", "f8"),  # K beyond the heat balance; infinite: not judged
        ("dip", "f8"),  # K below the peak of a suspicious cell; infinite: not judged
        ("step", "f8"),  # a rise of one sample that is a lone step until company comes
        ("creep_b", "f8"),  # rates over the longer horizons that are an advisory; infinite: not judged
        ("creep_c", "f8"),
        ("persistence_ms", "i8"),
        ("known_ms", "i8"),  # after which the rate is known
        ("stuck_ms", "i8"),
        ("index", "i4"),  # of the head in the layout
        ("rack", "i4"),
        ("first", "i4"),  # slot; its points lie together, but for the ends of tiles
        ("first_lane", "i4"),  # of its modules, counted over all tiles
        ("lanes", "i4"),
        ("rows", "i4"),
        ("dying_slot", "i4"),
        ("device", "i4"),  # in the layout
        ("kin", "i4"),  # the first head of the bank on its rack and device
        ("dead", "i4"),  # points that died of late, counted anew after each death
        ("living", "i4"),
        ("kin_living", "i4"),  # of the first of kin: living points of all of them
        ("extremes", "u1"),  # its three values are minimum, mean and maximum of the same cells
        ("cap", "u1"),  # highest level by values
        ("died", "u1"),  # a point has just died with a sample
        ("dying", "u1"),  # latched level of "dying together"
        ("dying_count", "u1"),
        ("risen", "u1"),  # one of the dead had risen
    ],
    align=True,
)

POINT = np.dtype(
    [
        ("raw", "f8"),  # as received, when it was absurd
        ("value", "f8"),  # evidence of the level
        ("threshold", "f8"),
        ("score", "f8"),
        ("collapse_from", "f8"),
        ("top", "f8"),  # highest filtered value of late, of a suspicious temperature
        ("kept_value", "f8"),  # evidence of a point that died after a rise
        ("kept_threshold", "f8"),
        ("died_degc", "f8"),  # temperature of a cell that died hot and rising; NaN: it did not
        ("stepped_from", "f8"),  # a lone step: the value before it
        ("stepped_to", "f8"),
        ("stepped_ms", "i8"),
        ("died_ms", "i8"),
        ("since_ms", "i8", CONDITIONS),
        ("partner", "i4"),  # slot of its cell's voltage, or temperature
        ("weight", "f4"),
        ("suspect", "i1"),  # direction of a step that was not believed
        ("level", "u1"),
        ("feature", "u1"),
        ("runaway", "u1"),
        ("drift", "u1"),
        ("creep", "u1"),
        ("kept_level", "u1"),
        ("kept_runaway", "u1"),
        ("spoilt", "u1"),  # bad samples of late, each made good by so many good ones
        ("on", "u1", CONDITIONS),
    ],
    align=True,
)


def new_points(count: int) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    """Records of `count` points that have never had a value."""
    points = np.zeros(count, POINT)
    for name in (
        "raw",
        "value",
        "threshold",
        "score",
        "collapse_from",
        "top",
        "died_degc",
        "stepped_from",
        "stepped_to",
    ):
        points[name] = np.nan
    for name in ("died_ms", "stepped_ms", "since_ms", "partner"):
        points[name] = -1
    return points
