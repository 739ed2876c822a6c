"""Water that falls through a room: what its drops can take, and what it does to a room and to its racks."""

import numpy as np
import pytest

from sim_hardware.physics.battery_room import BatteryRoom, BatteryRoomGeometry
from sim_hardware.physics.falling_water import VAPOUR_AS_AIR, WATERS, saturated_kg_per_m3, taken
from sim_hardware.physics.presets import RUNAWAY_DRILL
from sim_hardware.physics.room_layout import WATER_IN


def test_a_mist_takes_all_that_it_can_and_coarse_drops_a_part() -> None:
    assert WATERS["mist"].warms == pytest.approx(1.0, abs=1e-6)
    assert 0.15 < WATERS["sprinkler"].warms < 0.3
    assert WATERS["rack"].warms < WATERS["sprinkler"].warms


@pytest.mark.parametrize("name", sorted(WATERS))
def test_hotter_air_gives_more_and_air_at_the_waters_temperature_nothing(name: str) -> None:
    found = [taken(WATERS[name], 60.0, degc, 0.009, 160.0, 0.5) for degc in (18.0, 24.0, 60.0, 150.0)]
    assert found[0] == (0.0, 0.0)
    assert np.all(np.diff([heat for heat, _ in found]) > 0.0)
    assert taken(WATERS[name], 60.0, 10.0, 0.009, 160.0, 0.5)[0] < 0.0  # cold air is warmed


def test_a_saturated_room_takes_no_vapour() -> None:
    full = saturated_kg_per_m3(60.0)
    assert full == pytest.approx(0.130, rel=0.02)  # tables: 130 g/m3
    heat_w, vapour = taken(WATERS["mist"], 60.0, 60.0, full, 160.0, 0.5)
    assert vapour == 0.0
    assert heat_w == pytest.approx(1.0 * 4186.0 * 42.0)


def test_a_long_step_does_not_overshoot() -> None:
    heat_w, _ = taken(WATERS["mist"], 240.0, 60.0, 0.13, 40.0, 10.0)
    assert heat_w * 10.0 < 1.2 * 40.0 * 1012.0 * 42.0


def warmed(water: str, lpm: float) -> BatteryRoom:
    """A closed room into which 150 kW go for five minutes, with water in it from the third on."""
    room = BatteryRoom(BatteryRoomGeometry(water=water), 1)
    room.inputs.hvac_on = False
    room.inputs.damper_open_fraction[:] = 0.0
    room.inject_heat(150e3, 0.0, 300.0)
    room.advance(120.0)
    room.inputs.coolant_flow_lpm[:] = lpm
    room.advance(180.0)
    return room


def test_water_cools_the_air_and_wets_it_mist_most_of_all() -> None:
    dry, sprinkler, mist = warmed("sprinkler", 0.0), warmed("sprinkler", 20.0), warmed("mist", 20.0)
    assert dry.room_temp_degc > 50.0
    assert mist.room_temp_degc < sprinkler.room_temp_degc - 2.0 < dry.room_temp_degc - 10.0
    assert mist.room.water_kg_per_m3 > dry.room.water_kg_per_m3 + 0.005
    assert mist.o2_pct < dry.o2_pct
    mist.inputs.coolant_flow_lpm[:] = 0.0
    mist.advance(0.5)
    assert mist.room.inputs[WATER_IN] == 0.0


def test_vapour_is_counted_in_moles() -> None:
    room = BatteryRoom(BatteryRoomGeometry(water="mist"), 1)
    room.inputs.hvac_on = False
    room.inject_heat(200e3, 0.0, 300.0)
    room.advance(100.0)
    _, vapour = taken(room._water, 160.0, room.room_temp_degc, room.room.water_kg_per_m3, 160.0, 0.5)
    room.inputs.coolant_flow_lpm[:] = 20.0
    room.advance(0.5)
    assert room.room.inputs[WATER_IN] == pytest.approx(VAPOUR_AS_AIR * vapour)
    assert vapour > 0.0


def burning(water: str) -> BatteryRoom:
    """The drill's rack half an hour after its runaway, with water on all racks from two minutes after it."""
    room = BatteryRoom(BatteryRoomGeometry(water=water), 1)
    RUNAWAY_DRILL.apply(room)
    while not room.runaway.any():
        room.advance(0.5)
    room.advance(120.0)
    room.inputs.coolant_flow_lpm[:] = WATERS[water].lpm
    room.advance(1800.0)
    return room


def test_water_from_the_ceiling_keeps_the_air_cool_and_stops_no_propagation() -> None:
    ceiling, rack = burning("sprinkler"), burning("rack")
    assert ceiling.room_temp_degc < 30.0
    assert ceiling.runaway[3].any(axis=1).sum() >= 3
    assert rack.runaway[3].any(axis=1).sum() == 1
