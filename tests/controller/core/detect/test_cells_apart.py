"""What is evidence and what is not: a lost link, a burst over a rack, a lone step, a habit, coarse steps, unlike resistances."""

import math

import numpy as np
import pytest

from controller.core.events import Feature, Level
from controller.site.model import Family
from drivers.points import DataType, Quality
from tests.naive.rig import Rig, Spec

CELLS = {
    "temperature": Spec(Family.CELL_TEMPERATURE, 32, 16, "r1"),
    "voltage": Spec(Family.CELL_VOLTAGE, 32, 16, "r1"),
}


def settled(specs: dict[str, Spec], samples: int = 90, seconds: float = 1.0) -> Rig:
    rig = Rig(specs)
    assert rig.run(samples, seconds) == Level.NORMAL
    return rig


def lose(rig: Rig, scans: int, quality: Quality = Quality.STALE) -> None:
    """No new sample of anything for so many scans, and a quality that says so."""
    rig.buffer.quality[:] = quality
    for _ in range(scans):
        rig.tick_ms += 1000
        rig.readings = rig.detector.advance(rig.image())
    rig.buffer.quality[:] = Quality.GOOD


@pytest.mark.parametrize("quality", [Quality.STALE, Quality.BAD, Quality.UNKNOWN, Quality.OUT_OF_SERVICE])
def test_a_lost_link_is_no_dying_sensor_and_keeps_no_evidence(quality: Quality) -> None:
    rig = settled(CELLS)
    for second in range(60):  # a load: every cell warms at more than the rate of a pre-alarm, but for too short a time
        rig.set("temperature", 25.0 + 0.15 * min(second, 30), slice(0, 16))
        rig.step()
        lose(rig, 1, quality)
        assert rig.feature("temperature") not in {Feature.DIED_AFTER_RISE, Feature.DYING_TOGETHER}
    rig.set("temperature", 25.0)
    rig.run(60)
    rig.run(600)
    assert rig.level("temperature") == Level.NORMAL
    assert not rig.readings.fault.any()


def test_what_the_values_said_stands_while_their_link_is_lost_and_no_longer() -> None:
    rig = settled(CELLS)
    for second in range(100):
        rig.set("temperature", 25.0 + 0.5 * second, 3)
        rig.step()
    assert rig.level("temperature") == Level.PRE_ALARM
    lose(rig, 200)
    assert (rig.level("temperature"), rig.fault("temperature")) == (Level.PRE_ALARM, 2)
    assert rig.feature("temperature") != Feature.DIED_AFTER_RISE
    rig.set("temperature", 25.0, 3)
    rig.step(200.0)
    assert (rig.level("temperature"), rig.fault("temperature")) == (Level.ADVISORY, 0)  # its sums are not forgotten
    rig.run(20)
    assert rig.level("temperature") == Level.NORMAL


def test_a_reset_takes_back_what_a_lost_link_holds() -> None:
    rig = settled(CELLS)
    for second in range(100):
        rig.set("temperature", 25.0 + 0.5 * second, 3)
        rig.step()
    lose(rig, 5)
    rig.detector.reset(rig.place["temperature"])
    assert rig.level("temperature") == Level.NORMAL


def test_failed_polls_forget_no_drift() -> None:
    """Every second poll fails: a cell that drifts is told after as many samples as without."""
    rig = settled(CELLS)
    samples = 0
    while rig.level("temperature") == Level.NORMAL and samples < 200:
        samples += 1
        rig.set("temperature", 25.0 + 0.01 * samples, 3)
        rig.step()
        lose(rig, 1)
    assert rig.feature("temperature") == Feature.DRIFT
    assert samples < 120


def test_a_long_loss_makes_no_rate_and_no_stuck_point() -> None:
    rig = settled(CELLS)
    rig.tick_ms += 3600_000
    lose(rig, 1)
    rig.set("temperature", 35.0)
    rig.set("temperature", 25.0, 5)  # has not moved, and its module has
    assert rig.run(2) <= Level.ADVISORY
    assert rig.feature("temperature") not in {Feature.RATE, Feature.STUCK}
    assert rig.fault("temperature") == 0


def test_sensors_dying_over_the_heads_of_one_rack_are_a_burst() -> None:
    heads = {f"module-{k}": Spec(Family.CELL_TEMPERATURE, 4, 4, "r1") for k in range(3)}
    rig = settled(heads | {"voltage": Spec(Family.CELL_VOLTAGE, 4, 4, "r1")})
    rig.set("module-0", math.nan, 1)
    assert rig.run(5) == Level.NORMAL
    rig.set("voltage", math.nan, 1)
    assert rig.run(5) == Level.NORMAL
    rig.set("module-2", math.nan, 1)
    assert rig.run(5) == Level.ADVISORY
    assert (rig.feature("module-2"), rig.evidence("module-2").value) == (Feature.DYING_TOGETHER, 3.0)
    assert rig.level("module-1") == Level.NORMAL


def test_deaths_in_two_racks_or_of_a_whole_board_are_no_burst() -> None:
    heads = {f"module-{k}": Spec(Family.CELL_TEMPERATURE, 4, 4, f"r{1 + k // 2}") for k in range(4)}
    rig = settled(heads)
    for name in ("module-0", "module-1", "module-2", "module-3"):
        rig.set(name, math.nan, 1)
        if name != "module-1":
            assert rig.run(5) == Level.NORMAL
    board = {
        "own": Spec(Family.CELL_TEMPERATURE, 4, 4, "r1"),
        "other": Spec(Family.CELL_TEMPERATURE, 4, 4, "r1", device="board"),
    }
    rig = settled(board)
    rig.set("other", math.nan)
    assert rig.run(5) == Level.NORMAL


def test_a_permanent_step_of_one_sensor_is_an_advisory_until_something_agrees_or_half_a_minute_has_passed() -> None:
    rig = settled(CELLS)
    rig.set("temperature", 70.5, 3)
    assert rig.run(29) == Level.ADVISORY
    assert rig.run(5) == Level.PRE_ALARM


@pytest.mark.parametrize("company", ["voltage", "neighbour", "rise"])
def test_a_step_with_company_is_believed_at_once(company: str) -> None:
    rig = settled(CELLS)
    for second in range(9):
        rig.set("temperature", 70.5, 3)
        if company == "voltage":
            rig.set("voltage", 2.0, 3)
        elif company == "neighbour":
            rig.set("temperature", 70.5, 4)
        else:
            rig.set("temperature", 70.5 + 5.0 * second, 3)
        rig.step()
    assert rig.level("temperature") >= Level.PRE_ALARM


def test_a_sensor_that_steps_and_dies_leaves_an_advisory_alone() -> None:
    rig = settled(CELLS)
    rig.set("temperature", 70.5, 3)
    rig.run(12)
    rig.set("temperature", math.nan, 3)
    assert rig.run(20) == Level.ADVISORY
    assert rig.feature("temperature") == Feature.DIED_AFTER_RISE


def test_a_lone_step_of_a_voltage_waits_and_one_with_a_warm_cell_does_not() -> None:
    rig = settled(CELLS)
    rig.set("voltage", 2.0, 3)
    assert rig.run(25) == Level.ADVISORY
    assert rig.run(10) == Level.PRE_ALARM
    rig = settled(CELLS)
    for second in range(150):
        rig.set("temperature", 25.0 + 0.05 * second, 3)
        rig.step()
    rig.set("voltage", 2.0, 3)
    rig.run(3)
    assert rig.level("voltage") == Level.PRE_ALARM


def test_a_nail_at_one_sample_a_second_is_confirmed_within_five_seconds_of_the_rule() -> None:
    """The rule of GB 38031-2025 holds 3 s after the first steep second; a step without company first, then a rise."""
    rig = settled(CELLS)
    for second in range(1, 9):
        rig.set("temperature", 25.0 + 45.0 * min(second, 2) + 12.0 * max(second - 2, 0), 3)
        rig.step()
        if rig.readings.runaway[rig.place["temperature"]]:
            break
    assert second <= 5


def test_an_offset_from_the_first_samples_is_habit() -> None:
    rig = Rig(CELLS)
    rng = np.random.default_rng(4)
    rig.detector.__init__(rig.layout)  # type: ignore[misc]
    for _ in range(900):
        rig.set("temperature", np.round(25.0 + rng.normal(0.0, 0.1, 32), 1))
        rig.set("temperature", round(27.5 + rng.normal(0.0, 0.1), 1), 3)
        assert rig.run(1) == Level.NORMAL
    for second in range(200):
        rig.set("temperature", 27.5 + 0.01 * second, 3)
        rig.step()
    assert rig.feature("temperature") == Feature.DRIFT


def test_an_offset_of_an_advisory_or_more_is_never_habit() -> None:
    rig = Rig(CELLS)
    rig.detector.__init__(rig.layout)  # type: ignore[misc]
    rig.set("temperature", 31.0, 3)
    rig.run(300)
    assert rig.level("temperature") == Level.ADVISORY
    rig.detector.reset(rig.place["temperature"])
    assert rig.run(60) == Level.ADVISORY


def test_an_offset_that_comes_later_is_told_until_a_person_has_looked() -> None:
    rig = settled(CELLS)
    rig.set("temperature", 27.5, 3)
    rig.run(3600)
    assert (rig.level("temperature"), rig.feature("temperature")) == (Level.ADVISORY, Feature.DRIFT)
    rig.detector.reset(rig.place["temperature"])
    assert rig.level("temperature") == Level.NORMAL
    assert rig.run(600) == Level.NORMAL
    for second in range(200):
        rig.set("temperature", 27.5 + 0.01 * second, 3)
        rig.step()
    assert rig.feature("temperature") == Feature.DRIFT


@pytest.mark.parametrize("how", ["register", "setting"])
def test_coarse_steps_that_dither_in_a_module_are_quiet(how: str) -> None:
    limits = {} if how == "register" else {"resolution": 1.0}
    kind = DataType.INT16 if how == "register" else DataType.FLOAT32
    rig = Rig({"cells": Spec(Family.CELL_TEMPERATURE, 16, 16, "r1", type=kind, limits=limits)})
    rng = np.random.default_rng(2)
    place_k = np.linspace(-0.7, 0.7, 16)
    for second in range(7200):
        warm = 25.0 + 3.0 * math.sin(second / 900.0)
        rig.set("cells", np.round(warm + place_k + rng.normal(0.0, 0.1, 16)))
        assert rig.run(1) == Level.NORMAL
        assert rig.fault("cells") == 0


def test_cells_of_unlike_resistance_give_no_advisory_when_the_load_changes() -> None:
    rig = settled({"voltage": Spec(Family.CELL_VOLTAGE, 16, 16, "r1")})
    rng = np.random.default_rng(5)
    resistance = np.linspace(0.85, 1.15, 16)
    for second in range(3600):
        drop_v = 0.25 * math.sin(second / 300.0)
        rig.set("voltage", np.round(3.7 - drop_v * resistance + rng.normal(0.0, 0.001, 16), 3))
        assert rig.run(1) == Level.NORMAL
    for second in range(200):
        rig.set("voltage", 3.7)
        rig.set("voltage", 3.7 - 0.0005 * second, 3)
        rig.step()
    assert rig.level("voltage") == Level.ADVISORY
