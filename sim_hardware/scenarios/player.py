"""Plays a scenario's plant side: loads, initiations and wired inputs, each at its time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim_hardware.devices.rooms import BatteryZone, ServerZone
from sim_hardware.physics.presets import RUNAWAY_DRILL
from sim_hardware.scenarios.model import Initiation, Load, Scenario

if TYPE_CHECKING:
    from sim_hardware.devices.plant import Plant


class Player:
    """What happens to the plant, and when; played step by step."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._loads = [(load.at_s, load) for load in scenario.load]
        self._inputs = sorted(scenario.inputs, key=lambda item: item.at_s)

    def begin(self, plant: Plant) -> None:
        """Tell the physics what will start when. Raises ValueError or KeyError for a place that is not there."""
        for item in self._scenario.initiations:
            room = plant.rooms[item.zone]
            if isinstance(room, BatteryZone):
                _start_in_battery_room(item, room)
            elif isinstance(room, ServerZone):
                _start_in_server_room(item, room)
        self.play(plant)

    def play(self, plant: Plant) -> None:
        """Do what is due at the plant's time."""
        now_s = plant.tick_ms / 1000
        while self._inputs and self._inputs[0].at_s <= now_s:
            item = self._inputs.pop(0)
            plant.set_input(item.input, item.value)
        due = [entry for entry in self._loads if entry[0] <= now_s]
        for at_s, load in due:
            self._loads.remove((at_s, load))
            _set_load(load, plant)
            if load.every_s > 0.0:
                self._loads.append((at_s + load.every_s, load))


def _set_load(load: Load, plant: Plant) -> None:
    plant.battery(load.zone).room.inputs.string_current_a[:] = load.current_a
    plant.actuators.changed = True


def _start_in_battery_room(item: Initiation, zone: BatteryZone) -> None:
    room = zone.room
    rack = zone.rack_index(item.rack) if item.rack else -1
    place = (rack, item.module, item.cell)
    match item.kind:
        case "runaway-drill":
            room.inject_internal_short(*place, item.at_s, RUNAWAY_DRILL.power_w, RUNAWAY_DRILL.stored_fraction)
        case "internal-short":
            room.inject_internal_short(*place, item.at_s, item.power_w, item.stored_fraction)
        case "heater":
            room.inject_heater(*place, item.at_s, item.power_w, item.duration_s)
        case "smoke":
            room.inject_smoke(item.smoke_g_per_s, item.at_s, item.duration_s)
        case "heat":
            room.inject_heat(item.power_w, item.at_s, item.duration_s)
        case "gas":
            rates = (item.h2_l_per_s, item.co_l_per_s, item.voc_l_per_s)
            room.inject_gas(rack, item.at_s, item.duration_s, rates)
        case _:
            raise ValueError(f"initiation {item.kind} at {item.at_s} s: zone {item.zone} is a battery room")


def _start_in_server_room(item: Initiation, zone: ServerZone) -> None:
    if item.kind != "cable-smoulder":
        raise ValueError(
            f"initiation {item.kind} at {item.at_s} s: zone {item.zone} is a server room; use cable-smoulder"
        )
    zone.room.inject_cable_smoulder(item.at_s)
