"""The detector's memory: one record a head, one record a point. Their fields are what the kernels read and write.

Unused thresholds are NaN (never passed), unused limits infinite, unused times and indices -1.
"""

import numpy as np

RING = 16
"""Places of a point's ring of older values; its window is covered in steps of a fourteenth."""
CONDITIONS = 8
"""Conditions of a point that are held: see the constants in `kernels`."""

HEAD = np.dtype(
    [
        ("low", "f8"),  # validity
        ("high", "f8"),
        ("sign", "f8"),  # +1: high is dangerous, -1: low is
        ("advisory", "f8"),  # thresholds, times `sign`
        ("pre_alarm", "f8"),
        ("alarm", "f8"),
        (
            "lowest",
            "f8",
        ),  # the lowest of the thresholds, of the deviations and of the rates: below it nothing can start
        ("lowest_deviation", "f8"),
        ("lowest_rate", "f8"),
        ("hysteresis", "f8"),
        ("deviation_advisory", "f8"),
        ("deviation_pre_alarm", "f8"),
        ("rate_pre_alarm", "f8"),  # units per second, times `sign`
        ("rate_alarm", "f8"),
        ("rate_floor", "f8"),
        ("slew", "f8"),  # units per second
        ("collapse", "f8"),  # share of the voltage that is lost in a collapse
        ("max_operating", "f8"),  # degC; infinite: runaway is not judged
        ("reference_cap", "f8"),  # most that the room reference may take off a value
        ("persistence_ms", "i8"),
        ("window_ms", "i8"),
        ("spacing_ms", "i8"),  # between two values of the ring
        ("stuck_ms", "i8"),  # 0: not judged
        ("index", "i4"),  # of the head in the layout
        ("rack", "i4"),
        ("first", "i4"),  # of its points in the bank
        ("count", "i4"),
        ("group", "i4"),
        ("reference", "i4"),  # point of the bank that is subtracted
        ("dying_point", "i4"),
        ("cap", "u1"),  # highest level by values
        ("judge_dying", "u1"),
        ("dying", "u1"),  # latched level of "dying together"
        ("dying_count", "u1"),
    ],
    align=True,
)

POINT = np.dtype(
    [
        # Touched by every sample: kept close together.
        ("raw", "f8"),  # as received, also when absurd
        ("last", "f8"),  # last valid value; NaN: none since the last fault
        ("before", "f8"),  # the one before, and the one before that: for the median of three
        ("long_before", "f8"),
        ("slope", "f8"),  # units per second over the window, NaN: not known yet
        ("value", "f8"),  # evidence of the level
        ("threshold", "f8"),
        ("score", "f8"),
        ("last_ms", "i8"),
        ("change_ms", "i8"),
        ("anchor_ms", "i8"),
        ("anchor", "f8"),  # start of the interval whose slope runaway asks for
        ("peak", "f8"),  # voltage: no value of the ring is higher
        ("partner", "i4"),  # temperature: its cell's voltage in the voltage bank
        ("ring_first", "i4"),
        ("ring_count", "i4"),
        ("steep_count", "i4"),
        ("status", "u1"),
        ("suspect", "i1"),  # direction of a step that was not believed
        ("busy", "u1"),  # some condition is on or on its way
        ("fresh", "u1"),  # has a new valid value in this call
        ("level", "u1"),
        ("feature", "u1"),
        ("runaway", "u1"),
        ("kept_level", "u1"),
        ("kept_runaway", "u1"),
        ("died_degc", "f8"),  # temperature of a cell that died hot and rising; NaN: it did not
        ("on", "u1", CONDITIONS),
        # Touched when something happens.
        ("steep_ms", "i8"),  # since when the slope is 1 K/s or more
        ("collapse_from", "f8"),
        ("kept_value", "f8"),  # evidence of a point that died after a rise
        ("kept_threshold", "f8"),
        ("died_ms", "i8"),
        ("since_ms", "i8", CONDITIONS),
        ("ring", "f8", RING),
        ("ring_ms", "i8", RING),
    ],
    align=True,
)


def new_points(count: int) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    """Records of `count` points that have never had a value."""
    points = np.zeros(count, POINT)
    for name in ("raw", "last", "before", "long_before", "slope", "anchor"):
        points[name] = np.nan
    for name in ("collapse_from", "peak", "died_degc", "value", "threshold", "score"):
        points[name] = np.nan
    for name in ("last_ms", "change_ms", "anchor_ms", "steep_ms", "died_ms", "since_ms", "partner"):
        points[name] = -1
    points["status"] = 1
    return points
