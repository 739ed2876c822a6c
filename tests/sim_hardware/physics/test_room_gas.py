import math

import pytest

from sim_hardware.physics.battery_room import BatteryRoom, BatteryRoomGeometry
from sim_hardware.physics.heat_detector import ceiling_jet
from sim_hardware.physics.room_layout import DEGC, UP
from sim_hardware.physics.two_zone import SOURCE_M


def test_losses_of_machines_warm_the_whole_room_and_make_no_plume() -> None:
    plume, losses = (BatteryRoom(BatteryRoomGeometry(), 1) for _ in range(2))
    for room, inject in ((plume, plume.inject_heat), (losses, losses.inject_losses)):
        room.inputs.hvac_on = False
        inject(12e3, 0.0, 60.0)
        room.advance(60.0)
    assert losses.room_temp_degc > 25.0
    assert losses.heat_head_degc.max() < losses.room_temp_degc
    assert plume.heat_head_degc.max() > losses.heat_head_degc.max() + 2.0


def test_heat_heads_follow_the_jet_of_a_plume_from_where_the_rooms_own_plume_begins() -> None:
    """Alpert's closed form from the fire's base to the ceiling, on top of the air there."""
    room = BatteryRoom(BatteryRoomGeometry(heat_head_rti=1e-3), 1)
    room.inputs.hvac_on = False
    room.inject_heat(12e3, 0.0, 60.0)
    room.advance(30.0)
    g, upper_degc = room.geometry, float(room.room.view[UP, DEGC])
    first_rack_m = -0.5 * (g.racks - 1) * g.rack_pitch_m
    x_m, y_m = g.heat_heads_m[0]
    rise, _ = ceiling_jet(12e3, math.hypot(x_m - first_rack_m, y_m), g.height_m - SOURCE_M, upper_degc)
    assert room.heat_head_degc[0] == pytest.approx(upper_degc + rise, abs=0.3)


def test_gas_below_the_ceiling_becomes_flammable_and_extraction_ends_it() -> None:
    room = BatteryRoom(BatteryRoomGeometry(), 1)
    room.inputs.hvac_on = False
    room.inputs.damper_open_fraction[:] = 0.0
    assert room.lower_limit_share < 0.001
    room.inject_gas(-1, 0.0, 120.0, (100.0, 0.0, 0.0))
    for _ in range(240):
        room.advance(0.5)
    assert room.lower_limit_share > 1.0
    assert room.can_deflagrate
    room.inputs.exhaust_fraction = 1.0
    room.inputs.damper_open_fraction[:] = 1.0
    for _ in range(3600):
        room.advance(0.5)
    assert room.lower_limit_share < 0.25
    assert not room.can_deflagrate
