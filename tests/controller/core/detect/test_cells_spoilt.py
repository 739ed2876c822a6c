"""A sensor with bad samples now and then, a poll lost before a sensor dies, and stuck sensors behind a lossy link: none of them is blind."""

import math

import numpy as np
import pytest

from controller.core.events import Feature, Level
from controller.site.model import Family
from drivers.points import Quality
from tests.naive.rig import Rig, Spec

CELLS = {
    "temperature": Spec(Family.CELL_TEMPERATURE, 32, 16, "r1"),
    "voltage": Spec(Family.CELL_VOLTAGE, 32, 16, "r1"),
}


def settled(specs: dict[str, Spec] = CELLS, seconds: float = 1.0) -> Rig:
    rig = Rig(specs)
    assert rig.run(70, seconds) == Level.NORMAL
    return rig


def lose(rig: Rig, scans: int = 1) -> None:
    """No new sample of anything for so many scans."""
    rig.buffer.quality[:] = Quality.STALE
    for _ in range(scans):
        rig.tick_ms += 1000
        rig.readings = rig.detector.advance(rig.image())
    rig.buffer.quality[:] = Quality.GOOD


@pytest.mark.parametrize("bad", [math.nan, 3000.0])
@pytest.mark.parametrize("every", [2, 3, 4, 5])
@pytest.mark.parametrize("seconds", [1.0, 10.0])
def test_a_bad_sample_now_and_then_silences_no_cell(every: int, seconds: float, bad: float) -> None:
    rig = settled(seconds=seconds)
    highest, degc, sample = Level.NORMAL, 25.0, 0
    while degc < 90.0:
        sample += 1
        degc += 2.0
        rig.set("temperature", bad if sample % every == 0 else degc, 3)
        highest = max(highest, rig.run(1, seconds))
    assert highest >= Level.PRE_ALARM


@pytest.mark.parametrize("every", [2, 3, 4, 5])
@pytest.mark.parametrize("seconds", [1.0, 10.0])
def test_a_bad_sample_now_and_then_silences_no_voltage(every: int, seconds: float) -> None:
    rig = settled(seconds=seconds)
    highest = Level.NORMAL
    for sample in range(60):
        rig.set("voltage", math.nan if sample % every == every - 1 else 3.7 - 0.05 * sample, 3)
        highest = max(highest, rig.run(1, seconds))
    assert highest >= Level.PRE_ALARM


@pytest.mark.parametrize("every", [2, 3, 5])
def test_a_cell_with_bad_samples_again_and_again_stands_as_a_fault_until_it_is_well(every: int) -> None:
    rig = settled()
    for sample in range(120):
        rig.set("temperature", math.nan if sample % every == 0 else 25.0, 3)
        assert rig.run(1) == Level.NORMAL
        assert sample < 40 or rig.fault("temperature") == 1
    assert rig.evidence("temperature").point == "temperature-block[3]"
    rig.set("temperature", 25.0, 3)
    rig.run(121)
    assert rig.fault("temperature") == 0
    rig.set("temperature", math.nan, 3)
    rig.step()
    rig.set("temperature", 25.0, 3)
    rig.step()
    assert rig.fault("temperature") == 0, "one bad sample is none of these"


def test_a_cell_that_was_dead_for_long_begins_anew() -> None:
    for gap, level in ((20, Level.ADVISORY), (40, Level.NORMAL)):
        rig = settled()
        rig.set("temperature", 26.5, 3)
        assert rig.run(2) == Level.NORMAL
        rig.set("temperature", math.nan, 3)
        assert rig.run(gap) == Level.NORMAL
        rig.set("temperature", 26.5, 3)
        assert rig.run(2) == level


@pytest.mark.parametrize("lost", [False, True])
def test_a_lost_poll_before_sensors_die_together_hides_nothing(lost: bool) -> None:
    rig = settled()
    if lost:
        lose(rig)
    rig.set("temperature", math.nan, slice(0, 6))
    rig.run(3)
    assert (rig.level("temperature"), rig.feature("temperature")) == (Level.ADVISORY, Feature.DYING_TOGETHER)


@pytest.mark.parametrize("lost", [False, True])
def test_a_lost_poll_before_a_sensor_dies_in_its_rise_hides_nothing(lost: bool) -> None:
    rig = settled()
    for second in range(14):
        rig.set("temperature", 25.0 + 4.9 * second, 3)
        rig.step()
    if lost:
        lose(rig)
    rig.set("temperature", math.nan, 3)
    rig.run(2)
    assert rig.feature("temperature") == Feature.DIED_AFTER_RISE
    rig.set("voltage", 0.5, 3)
    rig.run(4)
    assert rig.readings.runaway[rig.place["temperature"]] == 1


def test_one_bad_sample_after_a_loss_is_a_device_that_starts() -> None:
    rig = settled()
    lose(rig)
    rig.set("temperature", math.nan, slice(0, 6))
    rig.step()
    rig.set("temperature", 25.0)
    assert rig.run(60) == Level.NORMAL


def test_a_stuck_sensor_is_found_behind_a_link_that_loses_polls() -> None:
    rig = Rig({"temperature": CELLS["temperature"]})
    rig.run(10)
    rng = np.random.default_rng(1)
    for sample in range(1080):
        rig.set("temperature", 25.0 + 2.5 * math.sin(sample / 150.0) + rng.normal(0.0, 0.05, 32))
        rig.set("temperature", 25.0, 5)
        rig.step(10.0)
        if sample % 120 == 0:
            lose(rig)
    assert (rig.fault("temperature"), rig.evidence("temperature").point) == (1, "temperature-block[5]")


@pytest.mark.parametrize("burnt", ["none", "neighbour", "voltage", "loose"])
def test_what_has_just_burnt_is_company_for_a_step_and_a_loose_contact_is_none(burnt: str) -> None:
    rig = settled()
    for sample in range(20 if burnt == "loose" else 0):
        rig.set("temperature", math.nan if sample % 2 else 25.0, 4)
        rig.step()
    if burnt in {"neighbour", "loose"}:
        rig.set("temperature", math.nan, 4)
    if burnt == "voltage":
        rig.set("voltage", math.nan, 3)
    rig.run(5)
    rig.set("temperature", 74.0, 3)
    assert rig.run(8) == (Level.PRE_ALARM if burnt in {"neighbour", "voltage"} else Level.ADVISORY)


def test_what_burnt_long_ago_and_kept_its_level_is_company() -> None:
    rig = settled()
    for second in range(12):
        rig.set("temperature", 25.0 + 4.9 * second, 4)
        rig.step()
    rig.set("temperature", math.nan, 4)
    rig.run(120)
    rig.set("temperature", 74.0, 3)
    rig.run(8)
    assert rig.feature("temperature") != Feature.DIED_AFTER_RISE
    assert rig.readings.level[rig.place["temperature"]] >= Level.PRE_ALARM


def test_a_reset_at_a_noisy_sample_makes_no_habit_of_the_noise() -> None:
    rig = settled()
    rig.set("temperature", 27.5, 3)
    rig.run(100)
    assert rig.feature("temperature") == Feature.DRIFT
    rig.set("temperature", 29.8, 3)
    rig.step()
    rig.detector.reset(rig.place["temperature"])
    rig.set("temperature", 27.5, 3)
    assert rig.run(100) == Level.NORMAL


def test_a_reset_under_load_makes_no_habit_of_the_load() -> None:
    rig = settled({"voltage": CELLS["voltage"]})
    for _ in range(120):
        rig.set("voltage", 3.5)
        rig.set("voltage", 3.41, 3)
        rig.step()
    assert rig.feature("voltage") == Feature.DRIFT
    rig.detector.reset(rig.place["voltage"])
    rig.set("voltage", 3.7)
    rig.run(100)
    assert rig.level("voltage") == Level.NORMAL
    rig.set("voltage", 3.605, 3)
    assert rig.run(100) == Level.ADVISORY


def test_a_reset_takes_back_the_heat_of_a_module_that_is_lost() -> None:
    limits = {"rate_pre_alarm": 1e9, "rate_60_advisory": 1e9, "rate_600_advisory": 1e9}
    rig = settled({"temperature": Spec(Family.CELL_TEMPERATURE, 16, 16, "r1", limits=limits)})
    for second in range(150):
        rig.set("temperature", 25.0 + 0.06 * second)
        rig.step()
    assert rig.feature("temperature") == Feature.COMMON_RISE
    rig.detector.reset(rig.place["temperature"])
    assert rig.feature("temperature") == Feature.COMMON_RISE, "what lives is still true"
    lose(rig)
    assert rig.level("temperature") == Level.ADVISORY
    rig.detector.reset(rig.place["temperature"])
    assert rig.level("temperature") == Level.NORMAL
