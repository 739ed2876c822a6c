"""Quantiles and intervals against numpy, scipy, and published values."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from sim_hardware.campaign.statistics import median_interval, quantile, wilson_interval


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.sampled_from((0.0, 0.05, 0.5, 0.95, 1.0)))
def test_quantiles_are_those_of_numpy(values: list[float], share: float) -> None:
    assert quantile(sorted(values), share) == pytest.approx(float(np.quantile(values, share)), abs=1e-6)


def test_quantiles_bear_values_without_end() -> None:
    values = [1.0, 2.0, 3.0, math.inf, math.inf]
    assert [quantile(values, share) for share in (0.0, 0.5, 0.6, 0.95)] == [1.0, 3.0, math.inf, math.inf]


@pytest.mark.parametrize(
    ("count", "low"), [(6, 1), (10, 2), (20, 6), (100, 40)]
)  # Conover, Practical Nonparametric Statistics, and any table of the sign test
def test_the_interval_of_the_median_has_the_ranks_of_the_tables(count: int, low: int) -> None:
    interval = median_interval([float(rank) for rank in range(1, count + 1)])
    assert interval == (low, count + 1 - low)


@pytest.mark.parametrize("count", range(6, 400, 13))
def test_the_interval_of_the_median_covers_it_with_95_percent_and_could_not_be_shorter(count: int) -> None:
    interval = median_interval([float(rank) for rank in range(1, count + 1)])
    assert interval is not None
    outside = scipy.stats.binom.cdf(interval.low - 1, count, 0.5)
    assert outside <= 0.025 < scipy.stats.binom.cdf(interval.low, count, 0.5)


def test_few_values_have_no_interval() -> None:
    assert [median_interval([0.0] * count) for count in range(6)] == [None] * 6


@pytest.mark.parametrize(("hits", "count"), [(8, 10), (0, 12), (12, 12), (997, 1000), (1, 2)])
def test_the_interval_of_a_share_is_that_of_wilson(hits: int, count: int) -> None:
    reference = scipy.stats.binomtest(hits, count).proportion_ci(method="wilson")
    assert wilson_interval(hits, count) == pytest.approx((reference.low, reference.high), abs=1e-12)


def test_without_runs_a_share_may_be_anything() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)
