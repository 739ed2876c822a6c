"""Small integers for levels, features, qualities, statuses and conditions: what the kernels compare and write."""

from controller.core.events import Feature, Level
from drivers.points import Quality

_FEATURES = list(Feature)
HIGH = _FEATURES.index(Feature.HIGH)
LOW = _FEATURES.index(Feature.LOW)
RATE = _FEATURES.index(Feature.RATE)
DEVIATION = _FEATURES.index(Feature.DEVIATION)
ABOVE_REFERENCE = _FEATURES.index(Feature.ABOVE_REFERENCE)
SAG = _FEATURES.index(Feature.SAG)
COLLAPSE = _FEATURES.index(Feature.COLLAPSE)
RUNAWAY = _FEATURES.index(Feature.RUNAWAY)
DIED_AFTER_RISE = _FEATURES.index(Feature.DIED_AFTER_RISE)
DYING_TOGETHER = _FEATURES.index(Feature.DYING_TOGETHER)
OUT_OF_RANGE = _FEATURES.index(Feature.OUT_OF_RANGE)
NO_VALUE = _FEATURES.index(Feature.NO_VALUE)
STUCK = _FEATURES.index(Feature.STUCK)
SLEW = _FEATURES.index(Feature.SLEW)
DRIFT = _FEATURES.index(Feature.DRIFT)
COMMON_RISE = _FEATURES.index(Feature.COMMON_RISE)
DIP = _FEATURES.index(Feature.DIP)

NORMAL, ADVISORY, PRE_ALARM, ALARM = (int(level) for level in Level)
GOOD, BAD = int(Quality.GOOD), int(Quality.BAD)

LIVE, DEAD, ABSURD, STILL, UNBELIEVED = range(5)
"""Status of a point: valid; no value; out of range; stuck; a lone step (its last valid value stands)."""

C_ADVISORY, C_PRE_ALARM, C_ALARM, C_OFF, C_FAR, C_RISING, C_STEEP, C_COLLAPSE = range(8)
"""Conditions that must hold for a time before they count: thresholds, deviation, rate, collapse."""

SLEW_MIN_S = 1.0
"""A step is judged as if it had taken this long at least: samples may reach us bunched together (assumed)."""
PAUSE_MS, PAUSE_PERSISTENCES = 30_000, 3
"""A point without valid values forgets what is under way only after this long and so many persistence times: until then it pauses (assumed)."""
