"""Exponential and logarithm by sums and products alone: the same bits on every machine, which the C library does not promise."""

import math
from typing import Any

from controller.core.detect.compile import jit

LN_2 = 0.6931471805599453
_HALVINGS = 8
MOST = 700.0
"""Exponents beyond are cut: the result would not be a finite number."""


@jit
def exp(x: Any) -> Any:
    """The exponential, to 1e-13 for |x| up to 10; NaN for NaN."""
    y = min(max(x, -MOST), MOST) / 256.0
    power = 1.0 + y * (1.0 + y / 2.0 * (1.0 + y / 3.0 * (1.0 + y / 4.0 * (1.0 + y / 5.0 * (1.0 + y / 6.0)))))
    for _ in range(_HALVINGS):
        power *= power
    return power if x == x else math.nan


@jit
def ln(x: Any) -> Any:
    """Natural logarithm, to 1e-13; -inf for 0, NaN for negative numbers and NaN."""
    if not x > 0.0:
        return -math.inf if x == 0.0 else math.nan
    if x == math.inf:
        return x
    mantissa, power = math.frexp(x)
    if mantissa < 0.7071067811865476:  # noqa: PLR2004 - the root of a half: the series gets at most 0.17
        mantissa *= 2.0
        power -= 1
    s = (mantissa - 1.0) / (mantissa + 1.0)
    z = s * s
    series = 1.0 / 11.0 + z * (1.0 / 13.0 + z * (1.0 / 15.0 + z / 17.0))
    series = 1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0 + z * series)))
    return power * LN_2 + 2.0 * s * (1.0 + z * series)
