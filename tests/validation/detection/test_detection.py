"""The detection report's machinery: heads see what the truth says, pieces are kept, bounds are right, a small run writes a report."""

import gzip
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import numpy.typing as npt
import pytest
from msgspec.structs import replace as msgspec_replace

from controller.core.events import Level
from sim_hardware.faults.spec import FaultSpec
from sim_hardware.physics.gas import CO, H2
from sim_hardware.scenarios import loader
from tests.validation.detection import failures, nuisance
from tests.validation.detection.alarm_kinds import ANY, FALSE, GAS_THERE, UNWANTED, strata, worst_by_type
from tests.validation.detection.bounds import mean_bound, rate_bound, share_bound, weighted_rate
from tests.validation.detection.calm_drills import CALM, drill_calm
from tests.validation.detection.failures import CELLS, NAIL, SLOW_SHORT, draw_failure
from tests.validation.detection.field import Course, Field, Part
from tests.validation.detection.pieces import Watched, judge_nuisances, single_faults
from tests.validation.detection.plan import QUICK
from tests.validation.detection.report import make
from tests.validation.detection.results import ALARM, Results
from tests.validation.detection.rooms import BMS, Bms, RoomKind, battery_room, lay_out_rooms, server_room
from tests.validation.detection.store import Arrays, Piece, carry_out, gather
from tests.validation.detection.truths import Truths
from tests.validation.detection.watch import run


def still(kind: RoomKind, columns: Sequence[tuple[int, float]] = ()) -> npt.NDArray[np.float32]:
    truth = np.zeros((1, kind.columns), np.float32)
    truth[:, : kind.cells] = 24.0
    truth[:, kind.cells : 2 * kind.cells] = 3.9
    for column, value in columns:
        truth[:, column] = value
    return truth


def test_bounds_are_those_of_the_tables() -> None:
    assert mean_bound(0) == pytest.approx(-math.log(0.05), rel=1e-6)
    assert mean_bound(3) == pytest.approx(
        7.754, abs=1e-3
    )  # half the 95th percentile of chi-squared with 8 degrees of freedom
    assert rate_bound(0, 300.0) < 0.01
    assert rate_bound(0, 0.0) == math.inf
    assert share_bound(0, 3000) == pytest.approx(1.0 - 0.05 ** (1.0 / 3000.0), rel=1e-6)
    assert share_bound(10, 10) == 1.0


def test_the_joint_bound_of_a_sum_is_exact_for_equal_weights_and_three_times_the_largest_for_no_event() -> None:
    seen, bound = weighted_rate([(0.5, 2), (0.5, 1), (0.5, 0)])
    assert seen == 1.5
    assert bound == pytest.approx(0.5 * mean_bound(3), rel=1e-6)
    seen, bound = weighted_rate([(0.01, 0), (0.7, 0), (0.2, 0)])
    assert seen == 0.0
    assert bound == pytest.approx(0.7 * mean_bound(0), rel=1e-6)
    assert weighted_rate([]) == (0.0, math.inf)


@pytest.mark.parametrize(
    "means", [(0.1, 3.0, 0.5), (5.0, 0.02, 0.3), (0.05, 0.02, 0.01), (20.0, 4.0, 1.0), (0.0, 3.1, 0.0)], ids=str
)
def test_the_joint_bound_holds_in_nineteen_of_twenty_made_up_lives(means: tuple[float, ...]) -> None:
    weights, rng = (0.01, 0.7, 0.05), np.random.default_rng(1)
    truth = sum(weight * mean for weight, mean in zip(weights, means, strict=True))
    lives = rng.poisson(means, (4000, 3)).tolist()
    held = [weighted_rate(zip(weights, counts, strict=True))[1] >= truth for counts in lives]
    assert np.mean(held) >= 0.95 - 0.007, "two standard errors of 4,000 lives"


def test_an_alarm_over_what_is_there_is_told_from_one_over_nothing() -> None:
    """Smoke and gas that are there, an aspirating detector and a gas head that read too much, and hydrogen in a cell for carbon monoxide."""
    kind = nuisance.BATTERY
    heads = [head.name for head in lay_out_rooms(kind, 1).heads]
    gas, smoke = 2 * kind.cells, kind.extinctions[0]
    wide = [
        FaultSpec(kind="offset", target=name, param=ppm, at_s=60.0) for name, ppm in (("asd-1", 8.0), ("co", 300.0))
    ]
    rooms = [
        Part(risen(kind, [(smoke, 0.08), (gas + CO, 400.0)]), 1.0),
        Part(still(kind), 1.0, 0.0, tuple(wide)),
        Part(risen(kind, [(gas + H2, 2000.0)]), 1.0),
        Part(
            risen(kind, [(smoke, 0.0325)]), 1.0, 0.0, (FaultSpec(kind="offset", target="asd-1", param=1.0, at_s=60.0),)
        ),
    ]
    watched = [Watched(number, 0, Course([part]), 300.0, 1.0) for number, part in enumerate(rooms)]
    found = judge_nuisances(watched, 8, peers=False)
    alarmed, there = (
        {name: notes[:, heads.index(name)].tolist() for name in ("asd-1", "co", "h2")}
        for notes in (found["seen_0"][:, ALARM], found["there_0"])
    )
    assert alarmed == {
        "asd-1": [True, True, False, True],
        "co": [True, True, True, False],
        "h2": [False, False, True, False],
    }
    assert there == {
        "asd-1": [True, False, False, True],
        "co": [True, False, False, False],
        "h2": [False, False, True, False],
    }


def risen(kind: RoomKind, columns: Sequence[tuple[int, float]]) -> npt.NDArray[np.float32]:
    """A minute of nothing, then what these columns say."""
    truth = np.repeat(still(kind), 300, axis=0)
    truth[60:] = still(kind, columns)
    return truth


def heated(kind: RoomKind, kelvin_per_min: float) -> npt.NDArray[np.float32]:
    """A ceiling that warms evenly for five minutes from 36 degC on."""
    truth = np.repeat(still(kind), 300, axis=0)
    column = kind.extinctions[-1] + 1
    truth[:, column : column + 2] = 36.0
    truth[60:, column : column + 2] = (36.0 + kelvin_per_min / 60.0 * np.arange(240))[:, np.newaxis]
    return truth


def test_heat_is_there_when_it_rises_as_steeply_as_its_head_asks() -> None:
    kind = nuisance.BATTERY
    rooms = lay_out_rooms(kind, 3)
    courses = [Course([Part(heated(kind, rate), 1.0)]) for rate in (2.0, 9.0, 0.0)]
    field = Field(rooms, courses, 1.0, 1)
    truths = Truths(field)
    run(field, courses, 170.0, [truths])
    heat = next(k for k, head in enumerate(rooms.heads) if head.name == "heat-1")
    assert np.isnan(truths.reached_s[[0, 2], heat]).all()
    assert truths.reached_s[1, heat] == pytest.approx(115.0, abs=4.0), "8 K a minute over the minute that began at 60 s"


def made_up(hits: int, count: int, there: int = 0) -> Arrays:
    """So many episodes of a battery room in which its first gas head alarmed, some over gas that is there."""
    n = len(lay_out_rooms(nuisance.BATTERY, 1).heads)
    seen, real = np.zeros((count, 3, n), np.bool_), np.zeros((count, n), np.bool_)
    seen[:hits, ALARM, GAS_HEAD] = True
    real[:there, GAS_HEAD] = True
    zone = np.zeros((count, 3), np.bool_)
    return {"room": np.zeros(count, np.int64), "zone": zone, "seen_0": seen, "there_0": real}


GAS_HEAD = next(k for k, head in enumerate(lay_out_rooms(nuisance.BATTERY, 1).heads) if head.name == "co")


def test_classes_without_a_hit_stand_in_the_bound_and_meetings_are_episodes_of_both() -> None:
    alone = {"generator-co": made_up(30, 300, there=28), "door-openings": made_up(0, 500)}
    pairs = {("door-openings", "generator-co"): made_up(1, 1500)}
    results = cast("Results", SimpleNamespace(alone=alone, pairs=pairs))
    gas = strata(results, 0, GAS_THERE)[GAS_HEAD]
    assert gas == [(12.0 / 300, 28), (1000.0 / 500, 0)]
    assert weighted_rate(gas)[1] > 3.0 * 2.0, "doors may have done it, for all that 500 openings tell"
    assert strata(results, 0, FALSE)[GAS_HEAD] == [(12.0 / 1800, 2), (1000.0 / 2000, 0), (12.0 / 1800 + 0.5, 1)]
    assert strata(results, 0, UNWANTED)[GAS_HEAD] == [(12.0 / 300, 0), (1000.0 / 500, 0)]
    assert worst_by_type(results, 0, ANY)["co"][0] == pytest.approx(30 * 12.0 / 300)


@pytest.mark.parametrize("bms", BMS)
def test_heads_see_the_truth_at_their_resolution(bms: Bms) -> None:
    kind = battery_room(CELLS, bms)
    rooms = lay_out_rooms(kind, 2)
    field = Field(rooms, [Course([Part(still(kind, [(5, 50.0)]), 1.0)]), Course([Part(still(kind), 1.0)])], 1.0, 1)
    image = field.image(0)
    first, second = image.value[: rooms.per_room], image.value[rooms.per_room :]
    temps = len(kind.points[0].ops)
    assert second[:temps] == pytest.approx(24.0, abs=1.0)
    hot = (
        50.0 if bms.spacing in {0, 1} else 24.0
    )  # the fifth cell has no thermistor of its own where every fourth is seen
    assert first[:temps].max() == pytest.approx(hot, abs=1.0)
    assert np.allclose(first[:temps] / bms.kelvin, np.rint(first[:temps] / bms.kelvin))


def test_a_poor_bms_has_a_new_sample_each_ten_seconds() -> None:
    kind = battery_room(CELLS, BMS[2])
    rooms = lay_out_rooms(kind, 1)
    field = Field(rooms, [Course([Part(still(kind), 1.0)])], 1.0, 1)
    samples = [int(field.image(k).sample[0]) for k in range(21)]
    assert samples[0] == samples[9] == 1
    assert samples[20] == 3


def test_two_parts_add_their_rises_and_a_silent_device_has_no_value() -> None:
    kind = server_room()
    rooms = lay_out_rooms(kind, 1)
    warm = np.repeat(still(kind), 2, axis=0)
    warm[1, 0] = 10.0
    silent = FaultSpec(kind="device-dead", target="asd-1", at_s=5.0, until_s=7.0)
    parts = [Part(warm, 1.0), Part(warm, 1.0, start_s=3.0, faults=(silent,))]
    field = Field(rooms, [Course(parts)], 1.0, 1)
    seen = [field.image(k) for k in range(12)]
    asd = next(i for i, (block, _, _) in enumerate(kind.each) if block.name == "asd-1")
    assert [round(float(image.value[0])) for image in seen[:6]] == [0, 10, 10, 10, 20, 20]
    assert [k for k, image in enumerate(seen) if math.isnan(image.value[asd])] == [8, 9]


def test_a_hot_cell_is_told_and_rule_3_waits_for_a_second_head() -> None:
    kind = battery_room(CELLS)
    rooms = lay_out_rooms(kind, 2)
    hot = np.repeat(still(kind), 121, axis=0)
    hot[61:, 5] = 90.0
    smoke = hot.copy()
    smoke[61:, list(kind.extinctions)] = 0.2
    smoke[61:, kind.extinctions[-1] + 1 : kind.extinctions[-1] + 3] = 90.0
    courses = [Course([Part(hot, 1.0)]), Course([Part(smoke, 1.0)])]
    found = run(Field(rooms, courses, 1.0, 1), courses, 240.0)
    temperature = next(k for k, head in enumerate(rooms.heads) if head.name == "t")
    assert (found.first_s[Level.PRE_ALARM - 1, :, temperature] > 60.0).all()
    assert math.isnan(found.released_s[0])
    assert found.released_s[1] > 60.0


def test_failures_and_nuisances_are_drawn_alike_for_the_same_seed() -> None:
    assert draw_failure(SLOW_SHORT, 3) == draw_failure(SLOW_SHORT, 3)
    assert draw_failure(NAIL, 3).soc == 1.0
    both = [draw_failure(SLOW_SHORT, seed).is_reported for seed in range(40)]
    assert 0 < sum(both) < 40
    one, other = (nuisance.play_episode("solvent-spray", 1, nuisance.BATTERY) for _ in range(2))
    assert np.array_equal(one.part.truth, other.part.truth)
    assert set(nuisance.HELD_OUT) < set(nuisance.CLASSES)
    assert ("forklift-exhaust", "steam-leak") not in nuisance.pairs()


def test_every_scenario_of_the_library_is_run() -> None:
    library = {path.stem for path in loader.FOLDER.glob("*.toml")}
    assert failures.library().keys() | set(CALM) | failures.DRAWN == library
    assert not failures.library().keys() & set(CALM)


def test_a_table_of_drills_is_run_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = loader.load("false-alarm")
    few = msgspec_replace(
        whole, rows=tuple(row for row in whole.rows if row.name in {"smoke: stuck high", "smoke: spike"})
    )
    monkeypatch.setattr(loader, "load", lambda _: few)
    found = drill_calm("false-alarm", 1, 60.0)
    assert found["alarms"].tolist() == [1.0, 0.0]
    assert found["activations_by_heads"].tolist() == [0.0, 0.0]


def test_no_single_fault_of_a_room_releases() -> None:
    for room in (0, 1):
        assert not single_faults(room, 1)["released"].any()


calls: list[int] = []


def counted() -> Arrays:
    calls.append(1)
    return {"calls": np.array([len(calls)])}


def test_a_piece_that_is_there_is_not_made_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    piece = Piece("part", "one", counted, ())
    carry_out([piece], tmp_path, 1)
    carry_out([piece], tmp_path, 1)
    assert gather([piece], tmp_path)[0]["calls"].tolist() == [1]
    assert capsys.readouterr().out.count("part one") == 1


@pytest.mark.timeout(400)  # a minute of work on a quiet machine
def test_a_small_run_writes_a_report(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "normal"
    folder.mkdir(parents=True)
    rows = [f"{k}, {1458031648545 + 1000 * k}, {k}, {1 + k % 2}, 20.5, 42.3, 1, 1, 0, 0, 0, 0" for k in range(60)]
    with gzip.open(folder / "room_climate_A-measurement01.csv.gz", "wt") as lines:
        lines.write("\n".join(rows) + "\n")
    size = replace(QUICK, kept=0)
    make(tmp_path / "data", tmp_path / "report", size, tmp_path / "kept", 1)
    report = (tmp_path / "report" / "detection.md").read_text(encoding="utf-8")
    assert "Not the full form" in report
    assert "slow internal short" in report
    for kind in nuisance.CLASSES:
        assert f"| {kind} |" in report
    for drawing in (tmp_path / "report").glob("*.svg"):
        assert drawing.read_text(encoding="utf-8").startswith("<svg")
