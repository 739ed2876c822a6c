"""Plays a scenario's plant side: loads, weather, outages, initiations and wired inputs, each at its time."""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING

from sim_hardware.scenarios.initiate import initiate
from sim_hardware.scenarios.weather import Weather

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim_hardware.devices.plant import Plant
    from sim_hardware.scenarios.model import Ambient, Cycle, Input, Load, Outage, Scenario

    Deed = Callable[[Plant, float], float]
    """Does what is due at the given second, and says when it is due again (infinity: never)."""

NEVER_S = math.inf
WEATHER_STEP_S = 60.0
"""How often the outside air is set anew (it moves by millikelvins in between)."""


ROUNDING_S = 1e-6
"""A step of a cycle is due although sums of its times came out a little later than it was asked for."""


class Player:
    """What happens to the plant, and when; played step by step."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        deeds: list[tuple[float, Deed]] = []
        deeds += [(item.at_s, _load(item)) for item in scenario.load]
        deeds += [(item.at_s, _cycle(item)) for item in scenario.cycles]
        deeds += [(item.at_s, _weather(item)) for item in scenario.ambient]
        deeds += [(item.at_s, _outage(item)) for item in scenario.outages]
        deeds += [(item.at_s, _input(item)) for item in scenario.inputs]
        self._due = [(at_s, number, deed) for number, (at_s, deed) in enumerate(deeds)]
        heapq.heapify(self._due)

    def begin(self, plant: Plant) -> None:
        """Tell the physics what will start when. Raises ValueError or KeyError for a place that is not there."""
        for item in self._scenario.initiations:
            initiate(item, plant.rooms[item.zone])
        self.play(plant)

    def play(self, plant: Plant) -> None:
        """Do what is due at the plant's time; what is due at the same time, in the order of the scenario."""
        now_s = plant.tick_ms / 1000
        while self._due and self._due[0][0] <= now_s:
            at_s, number, deed = self._due[0]
            again_s = deed(plant, at_s)
            if again_s < NEVER_S:
                heapq.heapreplace(self._due, (again_s, number, deed))
            else:
                heapq.heappop(self._due)


def _set_current(plant: Plant, zone: str, current_a: float) -> None:
    plant.battery(zone).room.inputs.string_current_a[:] = current_a
    plant.actuators.changed = True


def _load(load: Load) -> Deed:
    def do(plant: Plant, at_s: float) -> float:
        _set_current(plant, load.zone, load.current_a)
        return at_s + load.every_s if load.every_s > 0.0 else NEVER_S

    return do


def _cycle(cycle: Cycle) -> Deed:
    """Steps of one cycle: from which second on, and the current from then on."""
    charge_s = cycle.discharge_a * cycle.discharge_s / cycle.charge_a
    rested_s = cycle.discharge_s + cycle.rest_s
    steps = (
        (0.0, -cycle.discharge_a),
        (cycle.discharge_s, cycle.float_a),
        (rested_s, cycle.charge_a),
        (rested_s + charge_s, cycle.float_a),
        (max(cycle.every_s, rested_s + charge_s), -cycle.discharge_a),
    )

    def do(plant: Plant, at_s: float) -> float:
        period_s = steps[-1][0]
        turn = math.floor((at_s - cycle.at_s) / period_s + 1e-9)
        begun_s = cycle.at_s + turn * period_s
        if at_s >= cycle.until_s and at_s - begun_s < steps[1][0]:
            _set_current(plant, cycle.zone, cycle.float_a)
            return NEVER_S
        step = max(k for k, (after_s, _) in enumerate(steps[:-1]) if begun_s + after_s <= at_s + ROUNDING_S)
        _set_current(plant, cycle.zone, steps[step][1])
        return begun_s + steps[step + 1][0]

    return do


def _weather(ambient: Ambient) -> Deed:
    weather = Weather(ambient)

    def do(plant: Plant, at_s: float) -> float:
        plant.rooms[ambient.zone].room.inputs.ambient_degc = weather.degc(at_s)
        return at_s + WEATHER_STEP_S

    return do


def _outage(outage: Outage) -> Deed:
    def do(plant: Plant, at_s: float) -> float:
        failed = at_s < outage.until_s
        plant.rooms[outage.zone].fail_hvac(failed=failed)
        plant.actuators.changed = True
        return outage.until_s if failed else NEVER_S

    return do


def _input(item: Input) -> Deed:
    def do(plant: Plant, _at_s: float) -> float:
        plant.set_input(item.input, item.value)
        return NEVER_S

    return do
