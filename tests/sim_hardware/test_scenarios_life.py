"""Ordinary life as a scenario says it: cycles of current, and the air outside."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from sim_hardware.scenarios.model import Ambient, Cycle, Load, Scenario
from sim_hardware.scenarios.player import WEATHER_STEP_S, Player
from sim_hardware.scenarios.weather import DAY_S, Weather

CYCLE = Cycle(
    at_s=100.0,
    zone="hall",
    every_s=1000.0,
    discharge_a=60.0,
    discharge_s=100.0,
    rest_s=50.0,
    charge_a=20.0,
    float_a=1.0,
)
"""60 A for 100 s, 50 s of rest, then 300 s at 20 A put back what was taken."""


def field() -> Any:
    inputs = SimpleNamespace(string_current_a=np.zeros(2), ambient_degc=0.0)
    zone = SimpleNamespace(room=SimpleNamespace(inputs=inputs))
    plant = SimpleNamespace(tick_ms=0, rooms={"hall": zone}, actuators=SimpleNamespace(changed=False))
    plant.battery = lambda name: plant.rooms[name]
    return plant


def played(scenario: Scenario, seconds: list[float]) -> list[float]:
    """The current of the first string at each second."""
    plant, player = field(), Player(scenario)
    seen = []
    for now_s in seconds:
        plant.tick_ms = round(now_s * 1000)
        player.play(plant)
        seen.append(float(plant.rooms["hall"].room.inputs.string_current_a[0]))
    return seen


def scenario(**more: Any) -> Scenario:
    return Scenario(name="x", title="x", site="hall.toml", duration_s=1.0, **more)


def test_a_cycle_discharges_rests_and_puts_back_what_was_taken() -> None:
    seconds = [0.0, 100.0, 199.9, 200.0, 250.0, 549.9, 550.0, 1099.9, 1100.0, 1250.0, 1600.0]
    assert played(scenario(cycles=(CYCLE,)), seconds) == [0, -60, -60, 1, 20, 20, 1, 1, -60, 20, 1]


def test_charge_of_a_cycle_is_even() -> None:
    seconds = [k / 10 for k in range(1000, 11000)]
    moved = sum(amps - 1.0 for amps in played(scenario(cycles=(CYCLE,)), seconds) if abs(amps) > 1.0)
    assert moved * 0.1 == pytest.approx(-60.0 * 100.0 + 20.0 * 300.0 - 1.0 * 400.0)


def test_a_cycle_that_ends_finishes_its_recharge_and_begins_no_other() -> None:
    ends = replace(CYCLE, until_s=160.0)
    assert played(scenario(cycles=(ends,)), [150.0, 250.0, 600.0, 1100.0, 2100.0]) == [-60, 20, 1, 1, 1]


def test_a_recharge_longer_than_the_period_is_not_cut() -> None:
    slow = replace(CYCLE, charge_a=5.0)  # 1200 s of recharge
    assert played(scenario(cycles=(slow,)), [1100.0, 1449.0, 1450.0, 1700.0]) == [5, 5, -60, 5]


def test_steps_that_come_late_are_made_up_in_their_order() -> None:
    assert played(scenario(cycles=(CYCLE,)), [1101.0]) == [-60]
    loads = (Load(at_s=1.0, zone="hall", current_a=5.0), Load(at_s=1.0, zone="hall", current_a=7.0))
    assert played(scenario(load=loads), [2.0]) == [7]
    every = (
        Load(at_s=0.0, zone="hall", current_a=5.0, every_s=10.0),
        Load(at_s=5.0, zone="hall", current_a=1.0, every_s=10.0),
    )
    assert played(scenario(load=every), [0.0, 5.0, 10.0, 14.0, 15.0]) == [5, 1, 5, 5, 1]


def test_weather_swings_with_the_day_within_its_bounds_and_by_its_seed() -> None:
    ambient = Ambient(at_s=0.0, zone="hall", mean_degc=10.0, day_swing_k=5.0, weather_k=3.0, seed=4)
    hours = [3600.0 * k for k in range(24 * 20)]
    air = [Weather(ambient).degc(s) for s in hours]
    assert 2.0 <= min(air) <= max(air) <= 18.0
    assert max(air) - min(air) > 10.0
    noons = [Weather(ambient).degc((k + 0.5) * DAY_S) - Weather(ambient).degc(k * DAY_S) for k in range(20)]
    assert all(5.0 < rise < 15.0 for rise in noons)
    other = Ambient(at_s=0.0, zone="hall", mean_degc=10.0, day_swing_k=5.0, weather_k=3.0, seed=5)
    assert Weather(other).degc(DAY_S) != Weather(ambient).degc(DAY_S)
    calm = Ambient(at_s=0.0, zone="hall", mean_degc=10.0)
    assert {Weather(calm).degc(s) for s in hours} == {10.0}


def test_the_air_outside_reaches_the_room_each_minute() -> None:
    ambient = Ambient(at_s=0.0, zone="hall", mean_degc=10.0, day_swing_k=5.0)
    plant, player = field(), Player(scenario(ambient=(ambient,)))
    seen = []
    for minute in range(3):
        plant.tick_ms = round(minute * WEATHER_STEP_S * 1000)
        player.play(plant)
        seen.append(plant.rooms["hall"].room.inputs.ambient_degc)
    assert seen == [Weather(ambient).degc(minute * WEATHER_STEP_S) for minute in range(3)]
    assert seen[0] == 5.0
