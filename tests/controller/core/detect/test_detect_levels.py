"""Each level is reached by what it is for, and by nothing else."""

import math

import numpy as np
import pytest

from controller.core.events import Feature, Level
from controller.site.model import Family
from tests.naive.rig import Rig, Spec

CELLS = {
    "temperature": Spec(Family.CELL_TEMPERATURE, 32, 16, "r1"),
    "voltage": Spec(Family.CELL_VOLTAGE, 32, 16, "r1"),
}
GAS = {
    "h2": Spec(Family.H2, rack="r1"),
    "room": Spec(Family.H2, reference=True),
}


def settled(specs: dict[str, Spec], samples: int = 40, seconds: float = 1.0) -> Rig:
    rig = Rig(specs)
    assert rig.run(samples, seconds) == Level.NORMAL
    return rig


def ramp(rig: Rig, name: str, at: int | slice, rate: float, samples: int) -> Level:
    """Let values rise by `rate` a second; the highest level on the way."""
    highest = Level.NORMAL
    for _ in range(samples):
        rig.set(name, rig.buffer.value[rig.points(name)[at]] + rate, at)
        highest = max(highest, rig.run(1))
    return highest


@pytest.mark.parametrize(
    ("family", "value", "level"),
    [
        (Family.H2, 25.0, Level.ADVISORY), (Family.H2, 60.0, Level.PRE_ALARM), (Family.H2, 500.0, Level.ALARM),
        (Family.CO, 35.0, Level.ADVISORY), (Family.CO, 70.0, Level.PRE_ALARM), (Family.CO, 250.0, Level.ALARM),
        (Family.VOC, 60.0, Level.ADVISORY), (Family.VOC, 150.0, Level.PRE_ALARM), (Family.VOC, 600.0, Level.ALARM),
        (Family.SMOKE, 0.7, Level.ADVISORY), (Family.SMOKE, 2.5, Level.PRE_ALARM), (Family.SMOKE, 4.0, Level.ALARM),
        (Family.HEAT, 48.0, Level.ADVISORY), (Family.HEAT, 53.0, Level.PRE_ALARM), (Family.HEAT, 58.0, Level.ALARM),
        (Family.CLIMATE_TEMPERATURE, 41.0, Level.ADVISORY), (Family.CLIMATE_TEMPERATURE, 90.0, Level.ADVISORY),
        (Family.CLIMATE_HUMIDITY, 95.0, Level.ADVISORY),
    ],
)  # fmt: skip
def test_a_value_above_a_threshold_gives_its_level_after_the_persistence(
    family: Family, value: float, level: Level
) -> None:
    rig = settled({"head": Spec(family, limits={"rate_pre_alarm": 1e9, "rate_alarm": 1e9})})
    rig.set("head", value)
    assert rig.run(2) == Level.NORMAL
    rig.run(14)
    assert rig.level("head") == level
    assert rig.feature("head") == Feature.HIGH
    assert rig.evidence("head").value == value


def test_a_level_falls_only_below_its_hysteresis() -> None:
    rig = settled({"smoke": Spec(Family.SMOKE)})
    rig.set("smoke", 3.4)
    rig.run(12)
    rig.set("smoke", 3.2)
    rig.run(20)
    assert rig.level("smoke") == Level.ALARM
    rig.set("smoke", 3.0)
    rig.run(1)
    assert rig.level("smoke") == Level.PRE_ALARM


def test_slow_samples_reach_a_threshold_whose_persistence_is_shorter_than_their_period() -> None:
    rig = settled({"coarse": Spec(Family.CELL_TEMPERATURE, 3, 0, "r1", limits={"rate_pre_alarm": 1e9})}, 10, 10.0)
    rig.set("coarse", 50.0, 1)
    rig.run(1, 10.0)
    rig.set("coarse", 71.0, 1)
    rig.run(1, 10.0)
    assert rig.level("coarse") < Level.PRE_ALARM
    rig.run(1, 10.0)
    assert rig.level("coarse") == Level.PRE_ALARM


def test_a_coarse_rack_is_judged_by_thresholds_and_rate_and_never_runs_away() -> None:
    rig = settled({"coarse": Spec(Family.CELL_TEMPERATURE, 3, 0, "r1")}, 10, 10.0)
    rig.set("coarse", 45.0, 1)
    rig.run(5, 10.0)
    assert rig.level("coarse") == Level.PRE_ALARM
    assert rig.feature("coarse") == Feature.RATE
    for _ in range(10):
        rig.set("coarse", rig.buffer.value[rig.points("coarse")[1]] + 20.0, 1)
        rig.run(1, 10.0)
    assert rig.readings.runaway[rig.place["coarse"]] == 0
    assert rig.level("coarse") == Level.PRE_ALARM
    assert rig.readings.rack_hottest_degc[0] == 245.0


def test_one_warm_cell_is_told_by_its_module_long_before_the_thresholds() -> None:
    rig = settled(CELLS)
    ramp(rig, "temperature", 3, 0.05, 130)
    assert rig.level("temperature") == Level.ADVISORY
    ramp(rig, "temperature", 3, 0.05, 130)
    evidence = rig.evidence("temperature")
    assert rig.level("temperature") == Level.PRE_ALARM
    assert (evidence.feature, evidence.point) == (Feature.DEVIATION, "temperature-block[3]")
    assert rig.readings.rack_hottest_degc[0] == pytest.approx(38.0)
    assert rig.readings.rack_slope_degc_per_s[0] == pytest.approx(0.05, rel=1e-3)


def test_all_cells_warming_together_deviate_from_nothing() -> None:
    rig = settled(CELLS)
    assert ramp(rig, "temperature", slice(None), 0.02, 900) == Level.NORMAL


def test_a_bms_that_lies_as_a_whole_reaches_pre_alarm_and_no_more() -> None:
    rig = settled(CELLS)
    assert ramp(rig, "temperature", slice(None), 0.9, 75) == Level.PRE_ALARM
    assert not rig.readings.runaway.any()


@pytest.mark.parametrize("rate", [0.2, 0.9])
def test_a_lone_ramping_sensor_reaches_pre_alarm_and_no_more(rate: float) -> None:
    rig = settled(CELLS)
    assert ramp(rig, "temperature", 5, rate, round(100 / rate)) == Level.PRE_ALARM


def test_runaway_needs_heat_and_a_slope_for_more_than_three_seconds() -> None:
    rig = settled(CELLS)
    ramp(rig, "temperature", 7, 0.95, 60)
    assert rig.level("temperature") == Level.PRE_ALARM
    ramp(rig, "temperature", 7, 5.0, 3)
    assert rig.level("temperature") == Level.PRE_ALARM
    ramp(rig, "temperature", 7, 5.0, 1)
    assert rig.level("temperature") == Level.ALARM
    assert rig.readings.runaway[rig.place["temperature"]] == 1
    assert rig.feature("temperature") == Feature.RUNAWAY


@pytest.mark.parametrize(
    ("seconds", "degc", "volts", "confirmed"),
    [
        (10.0, (150.0, 148.0), 1.0, [0, 1]),
        (10.0, (150.0, 148.0, 146.0, 144.0), 3.7, [0, 0, 0, 1]),
        (10.0, (45.0, 80.0), 3.7, [0, 1]),
        (2.0, (58.0, 88.0), 3.7, [0, 1]),
        (10.0, (150.0, 25.0, 25.0), 3.7, [0, 0, 0]),
    ],
    ids=["nail", "nail without its voltage", "two slow samples", "2 s", "lone absurd sample"],
)
def test_slow_samples_confirm_a_runaway_by_fewer_intervals_but_never_by_one_sample(
    seconds: float, degc: tuple[float, ...], volts: float, confirmed: list[int]
) -> None:
    rig = settled(CELLS, 40, seconds)
    seen = []
    for x in degc:
        rig.set("temperature", x, 7)
        rig.set("voltage", volts, 7)
        rig.step(seconds)
        seen.append(int(rig.readings.runaway[rig.place["temperature"]]))
    assert seen == confirmed


def test_a_slope_below_the_operating_limit_is_no_runaway_unless_the_voltage_has_collapsed() -> None:
    rig = settled(CELLS)
    ramp(rig, "temperature", 7, 4.0, 8)
    assert rig.readings.runaway.sum() == 0
    rig = settled(CELLS)
    rig.set("voltage", 2.2, 7)
    ramp(rig, "temperature", 7, 4.0, 8)
    assert rig.feature("voltage") == Feature.COLLAPSE
    assert rig.readings.runaway[rig.place["temperature"]] == 1
    assert rig.level("voltage") == Level.PRE_ALARM


def test_the_voltage_of_another_cell_is_no_partner() -> None:
    rig = settled(CELLS)
    rig.set("voltage", 2.2, 8)
    ramp(rig, "temperature", 7, 4.0, 8)
    assert rig.readings.runaway.sum() == 0


def test_voltage_sags_and_falls() -> None:
    rig = settled(CELLS)
    ramp(rig, "voltage", 2, -0.01, 20)
    assert (rig.level("voltage"), rig.feature("voltage")) == (Level.ADVISORY, Feature.SAG)
    ramp(rig, "voltage", 2, -0.01, 30)
    assert (rig.level("voltage"), rig.feature("voltage")) == (Level.PRE_ALARM, Feature.SAG)
    rig = settled({"voltage": Spec(Family.CELL_VOLTAGE, 4, 0, "r1")})
    ramp(rig, "voltage", slice(None), -0.01, 200)
    assert (rig.level("voltage"), rig.feature("voltage")) == (Level.ADVISORY, Feature.LOW)


def test_gas_is_judged_above_the_room_but_the_room_can_hide_no_more_than_an_advisory() -> None:
    rig = settled(GAS)
    rig.set("h2", 24.0)
    rig.set("room", 15.0)
    rig.run(20)
    assert rig.level("h2") == Level.NORMAL
    rig.set("h2", 56.0)
    rig.run(20)
    evidence = rig.evidence("h2")
    assert (evidence.feature, evidence.value) == (Feature.ABOVE_REFERENCE, 41.0)
    assert rig.level("h2") == Level.PRE_ALARM
    rig.set("room", 1000.0)
    rig.set("h2", 70.0)
    rig.run(20)
    assert rig.level("h2") == Level.PRE_ALARM
    assert rig.evidence("h2").value == 50.0


def test_without_a_good_reference_gas_is_judged_as_it_is() -> None:
    rig = settled(GAS)
    rig.set("room", 15.0)
    rig.run(10)
    rig.set("room", np.nan)
    rig.set("h2", 45.0)
    rig.run(20)
    assert rig.level("h2") == Level.PRE_ALARM
    assert rig.fault("room") == 2


def test_heat_rises_to_alarm_above_the_floor_alone() -> None:
    rig = settled({"heat": Spec(Family.HEAT)}, 80)
    assert ramp(rig, "heat", 0, 0.15, 70) == Level.NORMAL
    assert ramp(rig, "heat", 0, 0.15, 40) == Level.ALARM
    assert rig.feature("heat") == Feature.RATE


def test_a_quiet_hour_of_charge_and_noise_gives_nothing() -> None:
    rig = settled(CELLS | GAS | {"smoke": Spec(Family.SMOKE), "heat": Spec(Family.HEAT)})
    rng = np.random.default_rng(3)
    for second in range(3600):
        warm = 25.0 + 12.0 * np.sin(second / 600.0)
        rig.set("temperature", np.round(warm + rng.normal(0.0, 0.1, 32), 1))
        rig.set("voltage", np.round(3.7 + 0.3 * np.sin(second / 600.0) + rng.normal(0.0, 0.002, 32), 3))
        rig.set("h2", abs(rng.normal(0.0, 2.0)))
        rig.set("heat", np.round(24.0 + 3.0 * np.sin(second / 300.0) + rng.normal(0.0, 0.1), 1))
        assert rig.run(1) == Level.NORMAL
    assert not rig.readings.fault.any()


@pytest.mark.parametrize(
    ("dies_at_degc", "voltage_v", "runs_away"),
    [(200.0, 1.0, True), (200.0, 3.7, False), (60.0, 1.0, False)],
    ids=["hot and voltage lost", "hot, voltage there", "voltage lost, but not hot"],
)
def test_a_cell_whose_sensor_burns_in_the_rise_has_run_away_once_its_voltage_is_lost(
    dies_at_degc: float, voltage_v: float, runs_away: bool
) -> None:
    rig = settled(CELLS)
    ramp(rig, "temperature", 7, 0.5, round((dies_at_degc - 25.0) / 0.5))
    assert rig.readings.runaway.sum() == 0
    rig.set("temperature", math.nan, 7)
    rig.set("voltage", voltage_v, 7)
    rig.run(3)
    assert bool(rig.readings.runaway[rig.place["temperature"]]) is runs_away
    assert rig.feature("temperature") == Feature.DIED_AFTER_RISE
    assert rig.level("temperature") == (Level.ALARM if runs_away else Level.PRE_ALARM)


def test_a_cell_that_drifts_from_its_module_is_told_within_two_minutes_and_a_degree_or_two() -> None:
    rig = settled(CELLS, 90)
    assert ramp(rig, "temperature", 3, 0.01, 120) == Level.ADVISORY
    evidence = rig.evidence("temperature")
    assert (evidence.feature, evidence.point) == (Feature.DRIFT, "temperature-block[3]")
    assert evidence.weight >= 1.5
    rig = settled(CELLS, 90)
    assert ramp(rig, "temperature", 3, -0.01, 120) == Level.ADVISORY
    assert (rig.feature("temperature"), rig.evidence("temperature").weight) == (Feature.DRIFT, 0.0)


def test_a_module_that_warms_faster_than_any_load_is_told_as_a_whole() -> None:
    rig = settled(CELLS, 90)
    assert ramp(rig, "temperature", slice(0, 16), 0.08, 150) == Level.ADVISORY
    assert rig.feature("temperature") in {Feature.COMMON_RISE, Feature.RATE}


def test_a_warm_cell_that_dips_is_told() -> None:
    rig = settled({"temperature": Spec(Family.CELL_TEMPERATURE, 16, 16, "r1", limits={"cusum_limit": 1e6})}, 90)
    ramp(rig, "temperature", 3, 0.05, 80)
    assert rig.level("temperature") == Level.NORMAL
    rig.set("temperature", 25.0 + 2.6, 3)
    rig.run(3)
    assert (rig.level("temperature"), rig.feature("temperature")) == (Level.ADVISORY, Feature.DIP)
    assert rig.evidence("temperature").weight == 2.0
