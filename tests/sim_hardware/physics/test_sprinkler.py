import math

import pytest

from sim_hardware.physics.server_room import ServerRoom, ServerRoomGeometry
from sim_hardware.physics.sprinkler import (
    MIST_EVAPORATES,
    SPRINKLER_EVAPORATES,
    evaporation_w,
    share_after,
    sprinkler_tau_s,
)


def test_twenty_mm_a_minute_halve_a_fire_in_15_s() -> None:
    assert sprinkler_tau_s(20.0 / 60.0) == pytest.approx(21.0, rel=0.05)
    assert share_after(20.0 / 60.0, 21.67) == pytest.approx(math.exp(-1.0), rel=0.01)
    assert share_after(0.0, 600.0) == 1.0


def test_water_evaporates_at_2_6_mj_a_kilogram_in_hot_gas_and_not_in_cool() -> None:
    assert evaporation_w(1.0, 200.0, MIST_EVAPORATES) == pytest.approx(0.6 * 2.6e6)
    assert evaporation_w(1.0, 24.0, MIST_EVAPORATES) == 0.0
    assert evaporation_w(1.0, 65.0, SPRINKLER_EVAPORATES) == pytest.approx(0.5 * 0.1 * 2.6e6)


def test_water_puts_a_server_fire_down_and_cools_the_room() -> None:
    rooms = [ServerRoom(ServerRoomGeometry(), 1) for _ in range(2)]
    for room in rooms:
        room.inputs.hvac_on = False
        room.inject_server_fire(0.0, growth_w_per_s2=46.9, peak_w=300e3, fuel_j=1e9)
        while room.time_s < 120.0:
            room.advance(0.5)
    dry, wet = rooms
    wet.inputs.water_mm_per_min = 12.2
    while dry.time_s < 240.0:
        dry.advance(0.5)
        wet.advance(0.5)
    assert wet._fires[0].left == pytest.approx(share_after(12.2 / 60.0, 120.0), rel=0.02)
    assert wet.room_temp_degc < dry.room_temp_degc - 20.0
