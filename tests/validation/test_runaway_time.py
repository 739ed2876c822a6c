"""The short form of the chapter: the interval holds on LCO, and nothing is said where nothing happens."""

import numpy as np
import pytest

from controller.core.detect import runaway_time as rt
from tests.validation import runaway_time as chapter
from tests.validation.runaway_runs import Case, Course, Sensing, run

SHORT_FORM_MOST = 0.97
"""Forty runs scatter by 5 %; the chapter with hundreds of them asks for 90 % at most."""


@pytest.fixture(scope="module")
def lco() -> list[Course]:
    some = [case for case in chapter.cases("reported", "lco") if case.seed == chapter.SEEDS["reported"][0]]
    return [course for course in map(run, some[::2]) if np.isfinite(course.runaway_s).any()]


def test_the_interval_holds_on_lco(lco: list[Course]) -> None:
    found = chapter.score([chapter.watch(lco, Sensing(), rt.STEP_K)])
    assert found.runs == len(lco) > 30
    assert chapter.COVERED[0] <= found.covered <= SHORT_FORM_MOST
    assert all(row.met for row in chapter.quality_rows(found))


def test_a_run_counts_once_however_long_it_answers(lco: list[Course]) -> None:
    watched = chapter.watch(lco, Sensing(), rt.STEP_K)
    watched.answer[:, 0] = np.array([0.0, 0.0, 1e9])
    watched.answer[:, 1:] = np.nan
    assert chapter.score([watched]).covered == 1.0
    watched.answer[:, 1] = 0.0
    assert chapter.score([watched]).covered == 0.5
    assert not chapter.covered_row("all wrong", chapter.score([watched])).met


def test_quiet_life_and_heaters_that_stop_are_not_answered() -> None:
    assert chapter.answered_share(chapter.LIFE[:1], 7200) == 0.0
    assert chapter.answered_share(chapter.CALM[::4], 3600) <= chapter.MOST_IN_CALM
    with pytest.raises(ValueError, match="runs away"):
        chapter.answered_share([Case("heater", 800.0)], 1200)


def test_the_truth_is_not_used(lco: list[Course]) -> None:
    """The same temperatures with another truth give the same answers."""
    course = lco[0]
    other = Course(course.temp_degc, np.where(np.isnan(course.runaway_s), np.nan, course.runaway_s + 500.0))
    one, two = (chapter.watch([truth], Sensing(), rt.STEP_K).answer for truth in (course, other))
    assert np.array_equal(one, two, equal_nan=True)
