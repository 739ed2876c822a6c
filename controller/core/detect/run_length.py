"""How long a cumulative sum runs quietly: its limit from the false alarms that one is willing to bear.

Siegmund's approximation of the average run length of a one-sided CUSUM on independent standard normal numbers
(Siegmund, Sequential Analysis, 1985, in the form of Montgomery, Statistical Quality Control: with b = h + 1.166 and
slack k the run length is (exp(2 k b) - 2 k b - 1) / (2 k^2)). tests/controller/core/detect/test_run_length.py simulates it.
"""

import math

_OVERSHOOT = 1.166
_MOST = 100.0


def average_run_length(slack: float, limit: float) -> float:
    """Samples to a false alarm of a one-sided CUSUM with this slack and limit, both in standard deviations (slack > 0)."""
    x = 2.0 * slack * (limit + _OVERSHOOT)
    return (math.exp(x) - x - 1.0) / (2.0 * slack * slack)


def limit_for(run_length: float, slack: float) -> float:
    """The limit (standard deviations, two decimals, rounded up) that gives at least this average run length, by bisection."""
    low, high = 0.0, _MOST / slack
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if average_run_length(slack, middle) >= run_length else (middle, high)
    return math.ceil(high * 100.0) / 100.0
