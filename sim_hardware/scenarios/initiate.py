"""Tells a room's physics what will start in it, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim_hardware.devices.rooms import BatteryZone, ServerZone
from sim_hardware.physics.presets import RUNAWAY_DRILL

if TYPE_CHECKING:
    from sim_hardware.devices.rooms import Room
    from sim_hardware.scenarios.model import Initiation


def initiate(item: Initiation, room: Room) -> None:
    """Start `item` in `room`. Raises ValueError for what cannot be there, or a place that is not."""
    if item.kind == "smoke":
        room.room.inject_smoke(item.smoke_g_per_s, item.at_s, item.duration_s)
    elif item.kind == "heat":
        room.room.inject_heat(item.power_w, item.at_s, item.duration_s)
    elif item.kind == "losses":
        room.room.inject_losses(item.power_w, item.at_s, item.duration_s)
    elif isinstance(room, BatteryZone):
        _start_in_battery_room(item, room)
    elif isinstance(room, ServerZone):
        _start_in_server_room(item, room)


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
        case "nail":
            room.inject_nail(*place, item.at_s)
        case "overcharge":
            room.inject_overcharge(rack, item.at_s, item.current_a, item.duration_s)
        case "gas":
            rates = (item.h2_l_per_s, item.co_l_per_s, item.voc_l_per_s)
            room.inject_gas(rack, item.at_s, item.duration_s, rates)
        case "spark":
            room.inject_spark(item.at_s, item.duration_s)
        case _:
            raise ValueError(_elsewhere(item, "battery"))


def _start_in_server_room(item: Initiation, zone: ServerZone) -> None:
    room = zone.room
    puff = (item.at_s, item.duration_s, item.rate_g_per_s)
    match item.kind:
        case "cable-smoulder":
            room.inject_cable_smoulder(item.at_s, **_at(item))
        case "server-fire":
            room.inject_server_fire(item.at_s, **_at(item))
        case "dust":
            room.inject_dust(*puff, sensor=item.place)
        case "aerosol":
            room.inject_aerosol(*puff, sensor=item.place)
        case "steam":
            room.inject_steam(*puff, sensor=item.place)
        case _:
            raise ValueError(_elsewhere(item, "server"))


def _at(item: Initiation) -> dict[str, int]:
    """The place of a fire, where the scenario says one; else the room's own."""
    return {} if item.place < 0 else {"sensor": item.place}


def _elsewhere(item: Initiation, what: str) -> str:
    return f"initiation {item.kind} at {item.at_s} s: zone {item.zone} is a {what} room; remedy: another kind or zone"
