"""The report's rows can fail: a plant in which nothing propagates meets none of the container tests, and the summary counts by kind."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from tests.validation import fsri, misses, plant_report, propagation
from tests.validation.chapter import Chapter, Row

DOCS = Path(__file__).parents[2] / "docs" / "validation"
RECORDED = [
    ("Venting", 60.0),
    ("Initiating Unit, Module 4", 120.0),
    ("Sprinkler", 180.0),
    ("Deflagration", 600.0),
    ("Initiating Unit, Module 5", 240.0),
    ("Left Unit, Module 4", 300.0),
    ("Initiating Unit, Module 6", 360.0),
    ("Sprinklers Off", 420.0),
]
TESTS = {1: RECORDED, 2: RECORDED, 3: RECORDED}
SPREADS = fsri.Ours(
    {"vent": 60.0, "runaway": 120.0, "smoke": 160.0, "next module": 480.0, "next rack": 3600.0},
    (*(math.nan,) * 4, *(120.0 + 360.0 * k for k in range(4))),
    3,
    1800.0,
    0.5,
    29.0,
)
STAYS = fsri.Ours(
    {"vent": 60.0, "runaway": 120.0, "smoke": 160.0},
    (*(math.nan,) * 4, 120.0, *(math.nan,) * 3),
    0,
    math.nan,
    0.5,
    25.0,
)
NOTHING = fsri.Ours({}, (math.nan,) * 8, 0, math.nan, 0.0, 0.0)


@pytest.mark.parametrize("course", [STAYS, NOTHING])
def test_a_plant_in_which_nothing_propagates_meets_no_row_of_order(course: fsri.Ours) -> None:
    rows = fsri.order_rows(course, course, TESTS)
    assert len(rows) == 5
    assert not [row for row in rows if row.met]


def test_one_that_propagates_as_recorded_meets_every_row_of_order() -> None:
    assert all(row.met for row in fsri.order_rows(SPREADS, SPREADS, TESTS))


def test_the_rows_of_test_3_look_at_the_run_with_water() -> None:
    rows = fsri.order_rows(SPREADS, STAYS, TESTS)
    assert {row.what[:6] for row in rows if row.met} == {"test 1"}
    assert {row.what[:6] for row in rows if not row.met} == {"test 3"}


def test_gas_that_is_never_lit_and_air_that_nothing_warms_meet_no_row() -> None:
    assert all(row.met for row in fsri.lit_rows({1: SPREADS, 2: SPREADS, 3: SPREADS}, TESTS))
    assert not any(row.met for row in fsri.lit_rows({1: STAYS, 2: STAYS}, TESTS))
    assert fsri.air_row(SPREADS).met
    assert not fsri.air_row(STAYS).met
    assert not fsri.air_row(dataclasses.replace(SPREADS, under_water_degc=31.0)).met


def test_modules_that_skip_one_or_come_out_of_turn_miss() -> None:
    assert fsri.in_turn([1.0, 2.0, 3.0])
    assert not any(map(fsri.in_turn, ([], [1.0], [1.0, math.nan, 3.0], [1.0, 3.0, 2.0], [1.0, 1.0], [math.inf] * 2)))


def test_under_an_agent_that_stops_all_the_calibration_is_missed() -> None:
    missed = [row.what for row in fsri.calibration_rows(SPREADS, STAYS, RECORDED) if not row.met]
    assert "propagation goes on under the agent" in missed


def test_a_stack_that_never_ignites_is_a_missed_row() -> None:
    times_s = np.array([1.0, 2.0])
    cold = propagation.Seen(times_s, np.full((2, 3), 400.0), 0.0)
    row = propagation.lumped_row(cold)
    assert (row.seen, row.met) == ("never, never, never", False)


def test_the_report_counts_and_shows_what_a_row_is_worth(tmp_path: Path) -> None:
    rows = [
        Row("a", "1", "1", met=True),
        Row("b", "1", "2", met=False),
        Row("c", "1", "1", met=True, kind="self-check"),
    ]
    words = plant_report.write([Chapter("Title", "Text.", rows)], tmp_path).read_text(encoding="utf-8")
    assert "**2 of 3 targets met.**" in words
    assert "| compared | against other people's measurement or model | 1 | 2 |" in words
    assert "| 0 | 0 |" in next(line for line in words.splitlines() if line.startswith("| calibrated |"))
    assert "- Title (compared): b: 2 (asked 1)" in words
    assert "| c | self-check | 1 | 1 | yes |" in words


def test_every_miss_in_the_report_has_its_cause_and_every_cause_a_row() -> None:
    words = (DOCS / "plant.md").read_text(encoding="utf-8")
    assert "not found out" not in words
    rows = [line.removeprefix("| ") for line in words.splitlines() if line.startswith("| ")]
    for miss in misses.MISSES:
        assert [row for row in rows if row.startswith(miss.begins) and row.endswith("**no** |")], miss.begins


def test_a_miss_that_nobody_has_looked_into_says_so(tmp_path: Path) -> None:
    rows = [Row("b", "1", "2", met=False), Row("NIST/NRC 3: peak", "1", "2", met=False)]
    words = plant_report.write([Chapter("Title", "Text.", rows)], tmp_path).read_text(encoding="utf-8")
    assert "- b. Cause: not found out." in words
    assert "- NIST/NRC 3: peak. Cause: the recorded height" in words
