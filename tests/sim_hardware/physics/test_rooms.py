"""Agent, ventilation, smoke, heat heads and the two rooms, each against its formula."""

import math

import numpy as np
import pytest

from sim_hardware.physics import hold
from sim_hardware.physics.agent import AgentBank
from sim_hardware.physics.battery_room import BatteryRoom, BatteryRoomGeometry
from sim_hardware.physics.gas import burnt_share
from sim_hardware.physics.heat_detector import ceiling_jet, element_step
from sim_hardware.physics.server_room import ServerRoom, ServerRoomGeometry
from sim_hardware.physics.smoke import AspiratingPipe, obscuration_pct_per_m


def battery_room() -> BatteryRoom:
    return BatteryRoom(BatteryRoomGeometry(), 1)


def run(room: BatteryRoom | ServerRoom, until_s: float, dt_s: float = 0.5) -> None:
    while room.time_s < until_s - 1e-6:
        room.advance(dt_s)


def test_bank_discharges_95_pct_within_10_s_and_its_pressures_follow() -> None:
    bank = AgentBank(100.0, 25.0)
    out = 0.0
    for _ in range(20):
        out += bank.advance(0.1, flowing=True)
    assert 5.0 < bank.manifold_bar < bank.pressure_bar < 25.0
    for _ in range(80):
        out += bank.advance(0.1, flowing=True)
    assert out >= 95.0
    assert out + bank.mass_kg == pytest.approx(100.0)
    for _ in range(600):
        bank.advance(0.1, flowing=True)
    assert bank.manifold_bar < 0.1
    assert bank.pressure_bar < 0.1


def test_valve_without_agent_releases_nothing() -> None:
    room = battery_room()
    room.inputs.agent_valve_open, room.inputs.agent_available = True, False
    run(room, 20.0)
    assert room.agent_pct == 0.0
    assert room.discharge_pressure_bar == 0.0
    room.inputs.reserve_valve_open = True
    run(room, 40.0)
    assert room.agent_pct > 5.0


def test_an_extended_discharge_keeps_up_the_agent_that_leaks_away() -> None:
    alone, extended = battery_room(), battery_room()
    for room in (alone, extended):
        room.inputs.agent_valve_open, room.inputs.hvac_on = True, False
        room.inputs.damper_open_fraction[:] = 0.02
        run(room, 30.0)
    extended.inputs.extended_valve_open = True
    for room in (alone, extended):
        run(room, 600.0)
    assert extended.agent_pct > alone.agent_pct + 0.5


def test_closed_room_holds_the_agent_and_an_open_one_does_not() -> None:
    held, leaking = battery_room(), battery_room()
    for room in (held, leaking):
        room.inputs.agent_valve_open, room.inputs.hvac_on = True, False
    held.inputs.damper_open_fraction[:] = 0.0
    leaking.inputs.exhaust_fraction = 1.0
    peak = 0.0
    while held.time_s < 615.0:
        held.advance(0.5)
        leaking.advance(0.5)
        peak = max(peak, held.agent_pct)
    assert peak == pytest.approx(6.2, rel=0.06)
    assert held.agent_pct > 0.85 * 6.2
    assert leaking.agent_pct < 0.2 * peak
    assert held.o2_pct == pytest.approx(20.9 * (1.0 - held.agent_pct / 100.0), rel=0.01)


def test_agent_runs_out_below_and_leaves_air_above() -> None:
    room = battery_room()
    room.inputs.agent_valve_open, room.inputs.hvac_on = True, False
    room.inputs.damper_open_fraction[:] = 0.0
    run(room, 60.0)
    full = room.room.lower_agent
    run(room, 660.0)
    assert 2.0 < room.room.layer_m < 2.9
    assert room.room.upper_agent < 0.001
    assert room.room.lower_agent > 0.95 * full
    assert room.agent_pct / 100.0 == pytest.approx(full * room.room.layer_m / 3.0, rel=0.05)


def test_the_interface_of_a_flooded_room_falls_as_the_standards_say() -> None:
    room = battery_room()
    room.inputs.agent_valve_open, room.inputs.hvac_on = True, False
    room.inputs.damper_open_fraction[:] = 0.0
    passed_s = []
    for height_m in (2.5, 2.0):
        while room.room.layer_m > height_m:
            room.advance(0.5)
        passed_s.append(room.time_s)
    outside = 101325.0 / 289.1 / (273.15 + room.inputs.ambient_degc)
    inside = outside * (273.15 + room.inputs.ambient_degc) / (273.15 + room.room.lower_degc)
    agent = room.agent.density_kg_per_m3(room.room.lower_degc)
    mixture = hold.mixture_kg_per_m3(room.room.lower_agent, agent, inside)
    leaks = 0.7 * 0.02 * math.sqrt(2.0 / outside)  # 200 cm2, half of it below, as an orifice
    exact = [hold.hold_time_s(160.0, 3.0, to_m, mixture, outside, leaks, 0.5) for to_m in (2.5, 2.0)]
    assert passed_s[1] - passed_s[0] == pytest.approx(exact[1] - exact[0], rel=0.05)


def test_exhaust_clears_gas_with_its_time_constant() -> None:
    room = battery_room()
    room.inject_gas(-1, 0.0, 1.0, (160.0, 0.0, 0.0))
    run(room, 1.0)
    room.inputs.exhaust_fraction = 1.0
    run(room, 60.0)
    before = room.room_h2_ppm - 0.5
    run(room, 360.0)
    # The air that the fan draws comes in through dampers and leaks at a few pascals, by which it is slowed.
    flow = 160.0 * 12.0 / 3600.0 * (1.0 + room.overpressure_pa / 60.0)
    racks_m3 = 8 * 0.8  # the air in the racks is cleared through the room
    assert before > 500.0
    assert -10.0 < room.overpressure_pa < -1.0
    assert (room.room_h2_ppm - 0.5) / before == pytest.approx(math.exp(-flow * 300.0 / (160.0 + racks_m3)), rel=0.01)


def test_shut_dampers_starve_the_exhaust() -> None:
    free, shut = battery_room(), battery_room()
    for room in (free, shut):
        room.inject_gas(-1, 0.0, 1.0, (160.0, 0.0, 0.0))
        room.inputs.exhaust_fraction = 1.0
    shut.inputs.damper_open_fraction[:] = 0.0
    for room in (free, shut):
        run(room, 301.0)
    cleared = [math.log(room.room_h2_ppm - 0.5) for room in (free, shut)]
    assert shut.overpressure_pa < -30.0
    assert math.log(980.0) - cleared[1] < 0.35 * (math.log(980.0) - cleared[0])


def test_gas_in_one_rack_shows_there_first() -> None:
    room = battery_room()
    room.inject_gas(5, 0.0, 60.0, (0.01, 0.01, 0.02))
    run(room, 40.0)
    assert room.rack_h2_ppm[5] > 40.0
    assert room.rack_voc_ppm[5] > room.rack_co_ppm[5] > 40.0
    assert room.rack_h2_ppm[4] < 5.0


def test_nothing_burns_in_agent_or_without_oxygen() -> None:
    assert burnt_share(0.0, 20.9) == pytest.approx(0.6)
    assert burnt_share(5.3, 20.9) == 0.0
    assert burnt_share(0.0, 12.0) == 0.0


def test_obscuration_is_that_of_the_optical_density() -> None:
    density = 8700.0 * 1e-5 / math.log(10.0)
    assert obscuration_pct_per_m(1e-5, 8700.0) == pytest.approx(100.0 * (1.0 - 10.0**-density))


def test_pipe_delays_by_its_transport_time() -> None:
    pipe = AspiratingPipe(30.0, 5.0)
    values = [pipe.advance(0.1 * (k + 1), 0.1, 1.0) for k in range(900)]
    assert max(values[:295]) == 0.0
    assert values[350] > 0.0
    assert values[-1] > 0.95


def test_ceiling_jet_and_element_reproduce_the_reference_numbers() -> None:
    for power_w, rise_k, speed in ((5e3, 2.9, 0.34), (20e3, 7.4, 0.54), (50e3, 13.6, 0.73), (100e3, 21.6, 0.92)):
        rise, v = ceiling_jet(power_w, 3.5, 3.0, 20.0)
        assert rise == pytest.approx(rise_k, rel=0.02)
        assert v == pytest.approx(speed, rel=0.02)
    warm = 20.0
    for _ in range(100):
        warm = element_step(warm, 80.0, 1.0, 50.0, 0.5)
    assert warm == pytest.approx(80.0 - 60.0 * math.exp(-1.0))


def test_hvac_keeps_the_room_cool_and_its_stop_lets_it_warm() -> None:
    server = ServerRoom(ServerRoomGeometry(), 1)
    run(server, 600.0)
    assert server.room_temp_degc == pytest.approx(24.0, abs=0.5)
    server.inputs.hvac_on = False
    run(server, 1200.0)
    assert server.room_temp_degc > 30.0


def test_smouldering_cable_reaches_both_detectors_and_agent_puts_it_out() -> None:
    server = ServerRoom(ServerRoomGeometry(), 2)
    quiet = server.temps_degc.copy()
    run(server, 60.0)
    assert server.smoke_pct_per_m.max() == 0.0
    server.inject_cable_smoulder(60.0, sensor=7)
    run(server, 400.0)
    assert server.smoke_pct_per_m.min() > 3.3
    assert int(np.argmax(server.temps_degc - quiet)) == 7
    assert 3.0 < server.temps_degc[7] - quiet[7] < 15.0
    server.inputs.agent_valve_open, server.inputs.hvac_on = True, False
    server.inputs.damper_open_fraction[:] = 0.0
    run(server, 900.0)
    assert server.agent_pct > 5.0
    smoke = server.room.smoke_kg_per_m3
    run(server, 1200.0)
    assert server.room.smoke_kg_per_m3 < smoke


def test_humidity_falls_where_it_is_warmer() -> None:
    server = ServerRoom(ServerRoomGeometry(), 3)
    assert 20.0 < server.rh_pct.min() < server.rh_pct.max() < 70.0
    assert int(server.rh_pct.argmin()) == int(server.temps_degc.argmax())


def test_discharge_presses_less_with_the_relief_open() -> None:
    shut, relieved = battery_room(), battery_room()
    peaks = []
    for room in (shut, relieved):
        room.inputs.agent_valve_open, room.inputs.hvac_on = True, False
        room.inputs.damper_open_fraction[:] = 0.0
    relieved.inputs.relief_open = 1.0
    for room in (shut, relieved):
        peak = 0.0
        while room.time_s < 12.0:
            room.advance(0.5)
            peak = max(peak, room.overpressure_pa)
        peaks.append(peak)
    assert 0.0 < peaks[1] < 0.2 * peaks[0]
