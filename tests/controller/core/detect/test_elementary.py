"""Exponential and logarithm against the C library, and at the ends of the numbers."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.detect.elementary import MOST, exp, ln


@given(st.floats(-10.0, 10.0))
@settings(deadline=None)  # the first call may compile
def test_exponential(x: float) -> None:
    assert exp(x) == pytest.approx(math.exp(x), rel=1e-11)


@given(st.floats(min_value=5e-324, allow_infinity=False))
@settings(deadline=None)
def test_logarithm(x: float) -> None:
    assert ln(x) == pytest.approx(math.log(x), rel=1e-13, abs=1e-15)


def test_ends() -> None:
    assert math.isnan(exp(math.nan))
    assert 0.0 < exp(-math.inf) == exp(-MOST)
    assert math.isfinite(exp(math.inf))
    assert ln(0.0) == -math.inf
    assert math.isnan(ln(-1.0))
    assert math.isnan(ln(math.nan))
    assert ln(math.inf) == math.inf
