"""The report: figures from events and truth, acceptance, drawings and page."""

from __future__ import annotations

import dataclasses
import re
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import msgspec
import pytest
from msgspec.structs import replace

from sim_hardware.devices.truth import Truth
from sim_hardware.report.draw_chart import draw_chart
from sim_hardware.report.draw_timeline import draw_timeline
from sim_hardware.report.figures import figures
from sim_hardware.report.judge import MetricError
from sim_hardware.report.make import judge_row, make_comparison, make_result
from sim_hardware.report.page import page
from sim_hardware.report.record import read_truths
from sim_hardware.report.result import DrillResult, Series
from sim_hardware.report.svg import ticks
from sim_hardware.report.write import write_report
from sim_hardware.scenarios.model import Comparison, Criterion, Responses, Row
from tests.sim_hardware.drill import samples

if TYPE_CHECKING:
    from pathlib import Path

COMPARISON = Comparison(
    name="agent-only", title="Agent alone", responses=Responses(isolate=False, cool=False), duration_s=10.0
)


def well_formed(drawing: str) -> ET.Element:
    """The drawing's root; raises ParseError."""
    return ET.fromstring(drawing)  # noqa: S314 - our own


def criterion(metric: str, **bounds: float) -> Criterion:
    return msgspec.convert({"metric": metric, "title": f"About {metric}", **bounds}, Criterion)


def result(*criteria: Criterion, neighbour: int = 0, overruns: int = 0) -> DrillResult:
    return make_result(samples.record(*criteria, neighbour=neighbour, overruns=overruns))


# --- figures --------------------------------------------------------------------------------------------------------


def test_figures_of_the_responses() -> None:
    found = figures(samples.record())
    expected = {
        "first_sign_s": 20.0,
        "first_fire_s": 100.0,  # the strong off-gas at 20 s is no fire alarm
        "sign_before_runaway_s": 78.0,
        "isolated_rack_right": 1.0,
        "isolation_after_fire_s": -77.0,
        "isolation_before_second_cell_s": 97.0,
        "asked_after_wanted_s": 20.0,
        "confirmed_after_fire_s": 4.0,
        "release_after_confirmed_s": 30.0,
        "release_over_warning_s": 4.0,
        "released_after_command_s": 2.0,
        "release_by_rule_3": 1.0,
        "coolant_after_fire_s": 8.0,
        "alarms": 2,
        "pre_alarms": 1,
        "releases": 1,
        "requests": 1,
    }
    assert {name: found[name] for name in expected} == expected


def test_figures_of_the_plant() -> None:
    found = figures(samples.record(neighbour=3))
    expected = {
        "cells_in_runaway": 5,
        "racks_in_runaway": 2,
        "neighbour_runaway_cells": 3,
        "neighbour_peak_degc": 630.0,
        "spread_s": 150.0,
        "cells_after_release": 3,
        "vent_to_runaway_s": 80.0,
        "vent_to_smoke_s": 86.0,
        "runaway_to_smoke_s": 6.0,
        "agent_peak_pct": 5.3,
    }
    assert {name: found[name] for name in expected} == expected


def test_a_release_on_one_bms_breaks_rule_3() -> None:
    record = samples.record()
    lone = [msgspec.structs.replace(e, evidence=(samples.CELL,)) if e.what == "activated" else e for e in record.events]
    made = samples.record()
    broken = type(made)(made.site, made.scenario, 1, 5.0, tuple(lone), made.truths)
    assert figures(broken)["release_by_rule_3"] == 0.0


# --- acceptance -----------------------------------------------------------------------------------------------------


def test_a_drill_passes_when_all_is_kept() -> None:
    made = result(criterion("coolant_after_fire_s", at_most=240.0), criterion("releases", equals=1.0))
    assert made.passed
    assert [check.limit for check in made.checks] == ["≤ 1 %", "≤ 240 s", "= 1", "≤ 0"]
    assert made.checks[1].shown == "8 s"


@pytest.mark.parametrize(
    ("missed", "shown"),
    [
        (criterion("coolant_after_fire_s", at_most=7.0), "8 s"),
        (criterion("alarms", equals=0.0), "2"),
        (criterion("asked_after_wanted_s", at_least=21.0), "20 s"),
        (criterion("guard_s", at_most=1000.0), "never"),
    ],
)
def test_one_missed_criterion_fails_the_drill(missed: Criterion, shown: str) -> None:
    made = result(criterion("releases", equals=1.0), missed)
    assert not made.passed
    assert [(c.metric, c.shown) for c in made.checks if not c.passed] == [(missed.metric, shown)]


def test_more_than_one_percent_of_late_scans_fails() -> None:
    assert result(overruns=20).passed
    late = result(overruns=21)
    assert not late.passed
    assert late.checks[0].shown == "1.1 %"


def test_what_never_had_to_be_forestalled_is_kept() -> None:
    made = samples.record(criterion("isolation_before_second_cell_s", at_least=0.0))
    alone = type(made)(made.site, made.scenario, 1, 5.0, made.events, (samples.truth_at(100, runaway=1),), 2000)
    check = make_result(alone).checks[1]
    assert check.passed
    assert check.value is None
    assert check.shown == "nothing came after it"


def test_an_unknown_figure_is_named() -> None:
    with pytest.raises(MetricError, match=r"no figure 'colour'.*remedy"):
        result(criterion("colour", equals=1.0))


def test_a_comparison_is_judged_by_its_name() -> None:
    compared = make_comparison(COMPARISON, samples.record(neighbour=2))
    wanted = (
        criterion("agent-only.cells_after_release", at_least=1.0),
        criterion("agent-only.racks_in_runaway", at_most=1.0),
    )
    made = make_result(samples.record(*wanted), (compared,))
    assert [check.passed for check in made.checks] == [True, True, False, True]


@pytest.mark.parametrize(("metric", "passed"), [("releases", False), ("deflagrations", True)])
def test_a_drill_in_which_gas_deflagrates_fails_unless_that_is_what_it_is_about(metric: str, passed: bool) -> None:
    made = samples.record(criterion(metric, equals=1.0))
    end = made.truths[-1]
    room = replace(end.battery[0], deflagrations=1, first_deflagration_s=180.0, deflagration_kpa=12.3)
    blown = dataclasses.replace(made, truths=(*made.truths[:-1], replace(end, battery=[room])))
    told = make_result(blown)
    assert told.passed is passed
    assert (told.figures["deflagration_s"], told.figures["deflagration_kpa"]) == (180.0, 12.3)


@pytest.mark.parametrize(("highest", "passed"), [("isolate", False), ("activated", False), ("released", True)])
def test_a_row_may_not_pass_its_stage(highest: str, passed: bool) -> None:
    row = msgspec.convert({"name": "row", "faults": [], "highest": highest}, Row)
    judged = judge_row(row, samples.record())
    assert (judged.reached, judged.passed) == ("released", passed)
    assert judged.first == "co-4 alarm at 20.0 s"


# --- what is drawn and written --------------------------------------------------------------------------------------


def test_the_timeline_has_its_lanes_in_order() -> None:
    lanes = result().timeline
    assert [lane.name for lane in lanes] == ["plant", "detect", "isolate", "extinguish", "room", "cool", "people"]
    bars = {bar.text: (bar.start_s, bar.end_s) for lane in lanes for bar in lane.bars}
    assert bars["rack-4 open in 3.0 s"] == (20.0, 23.0)
    assert bars["pre-warning"] == (104.0, 134.0)
    assert bars["released"] == (136.0, 200.0)
    marks = {mark.text: mark.tone for mark in lanes[1].marks}
    assert marks == {"co-4 alarm": "warn", "cell-temperature-4 runaway": "bad", "smoke-1 alarm": "bad"}


def test_the_timeline_is_well_formed_and_its_labels_do_not_overlap() -> None:
    root = well_formed(draw_timeline(result()))
    texts = [
        (float(t.get("x", 0)), float(t.get("y", 0)), t.text or "")
        for t in root.iter("{http://www.w3.org/2000/svg}text")
    ]
    assert "Haechi drill: A fire <made> by hand" in {text for _, _, text in texts}
    rows: dict[float, list[tuple[float, str]]] = {}
    for x, y, text in texts:
        rows.setdefault(y, []).append((x, text))
    for row in rows.values():
        row.sort()
        for (x, text), (next_x, _) in pairwise(row):
            if re.match(r"\d", text) is None:  # the axis centres its numbers
                assert x + 5.0 * len(text) < next_x


def test_a_chart_without_values_is_still_one() -> None:
    well_formed(draw_chart("Empty", "ppm", (), (Series("none", ()),)))


@pytest.mark.parametrize(("top", "last"), [(0.0, 1.0), (0.03, 0.03), (7.0, 8.0), (474.0, 500.0), (86400.0, 100000.0)])
def test_ticks_are_round_and_reach_the_top(top: float, last: float) -> None:
    marks = ticks(top)
    assert marks[0] == 0.0
    assert marks[-1] == pytest.approx(last)
    assert len(marks) <= 8


def test_the_page_needs_nothing_from_elsewhere() -> None:
    compared = make_comparison(COMPARISON, samples.record())
    made = make_result(samples.record(criterion("releases", equals=2.0)), (compared,))
    text = page(made)
    addresses = set(re.findall(r"[a-z]+://[^\"' <]+", text))
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<script|<link|<img|@import|url\(", text)
    assert "Kim &amp; &lt;Lee&gt;" in text
    assert "Kim & <Lee>" not in text
    for part in ("missed · 불합격", "Agent alone", "FSRI test 2", "시험용 화재", "First sign at 0:20"):
        assert part in text


def test_every_drawing_of_the_page_is_well_formed() -> None:
    drawings = re.findall(r"<svg.*?</svg>", page(result()), flags=re.DOTALL)
    assert len(drawings) == 7  # the timeline and six charts
    for drawing in drawings:
        well_formed(drawing)


def test_the_files_of_a_report(tmp_path: Path) -> None:
    made = result(criterion("releases", equals=1.0))
    assert write_report(made, tmp_path / "out") == tmp_path / "out" / "report.html"
    back = msgspec.json.decode((tmp_path / "out" / "report.json").read_bytes(), type=DrillResult)
    assert back.passed
    assert back.figures == made.figures
    well_formed((tmp_path / "out" / "timeline.svg").read_text(encoding="utf-8"))


def test_a_truth_line_that_was_cut_off_is_left_out() -> None:
    whole = msgspec.json.encode(samples.truth_at(5)) + b"\n"
    assert [t.tick_ms for t in read_truths([whole, whole[:-9]])] == [5000]
    assert isinstance(read_truths([whole])[0], Truth)
