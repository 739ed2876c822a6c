"""The server room: what its aisle does to smoke, where detectors see it, and what only looks like a fire."""

import math

import numpy as np
import pytest

from sim_hardware.physics import aisle
from sim_hardware.physics.aisle import AEROSOL, DUST, FOG, SMOKE, advance_aisle, advance_room
from sim_hardware.physics.injections import Window
from sim_hardware.physics.server_fires import ServerFire
from sim_hardware.physics.server_room import ServerRoom, ServerRoomGeometry

EVERYWHERE = ServerRoomGeometry(
    smoke_places=("return", "hot-aisle", "ceiling", "cold-aisle"), smoke_delays_s=(0.0, 0.0, 0.0, 0.0)
)
NO_RETURN, HOT_AISLE, CEILING, COLD_AISLE = range(4)


def run(room: ServerRoom, until_s: float, dt_s: float = 0.5) -> None:
    while room.time_s < until_s - 1e-6:
        room.advance(dt_s)


# --- the aisle ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dt_s", [0.1, 0.5, 10.0])
def test_the_aisle_loses_nothing(dt_s: float) -> None:
    excess, given, out = np.zeros((aisle.KINDS, 6)), np.zeros((aisle.KINDS, 6)), np.zeros(aisle.KINDS)
    given[SMOKE, 4], given[DUST, 1] = 0.3, 2.0
    left = np.zeros(aisle.KINDS)
    for _ in range(50):
        advance_aisle(excess, given, 9.0, 2.75, out, dt_s)
        left += out
    held = 9.0 * excess.sum(axis=1)
    assert (held + left) == pytest.approx(given.sum(axis=1) * 50 * dt_s)


def test_at_rest_the_return_shows_the_source_over_the_flow_and_bays_upstream_show_nothing() -> None:
    excess, given, out = np.zeros((aisle.KINDS, 6)), np.zeros((aisle.KINDS, 6)), np.zeros(aisle.KINDS)
    given[SMOKE, 2] = 0.3
    for _ in range(2000):
        advance_aisle(excess, given, 9.0, 2.75, out, 1.0)
    assert excess[SMOKE, 0] == pytest.approx(0.3 / 2.75)
    assert excess[SMOKE, 2] == pytest.approx(0.3 / (2.75 * 4 / 6))
    assert excess[SMOKE, 3:].max() == 0.0


def test_more_air_thins_the_smoke_more() -> None:
    seen = []
    for flow in (5.5, 2.75, 0.7):
        excess, given, out = np.zeros((aisle.KINDS, 6)), np.zeros((aisle.KINDS, 6)), np.zeros(aisle.KINDS)
        given[SMOKE, 3] = 0.3
        for _ in range(600):
            advance_aisle(excess, given, 9.0, flow, out, 1.0)
        seen.append(excess[SMOKE, 0])
    assert seen[0] < 0.6 * seen[1] < 0.6 * 0.6 * seen[2]


def test_dust_settles_and_is_filtered_and_spray_and_fog_evaporate() -> None:
    for kind in (DUST, AEROSOL, FOG):
        mean, none = np.zeros(aisle.KINDS), np.zeros(aisle.KINDS)
        mean[kind] = 1.0
        advance_room(mean, none, 360.0, 2.75, 0.0, False, 10.0)
        still = mean[kind]
        assert still == pytest.approx(math.exp(-10.0 / aisle.GONE_TAU_S[kind]))
        mean[kind] = 1.0
        advance_room(mean, none, 360.0, 2.75, 0.0, True, 10.0)
        assert mean[kind] == pytest.approx(still * math.exp(-aisle.FILTERED[kind] * 2.75 / 360.0 * 10.0))


# --- fires ----------------------------------------------------------------------------------------------------------


def test_a_fire_grows_with_the_square_of_time_to_its_limit_and_burns_its_fuel() -> None:
    fire = ServerFire(0, 11.7, 50e3, 10e6, Window(10.0))
    powers = [fire.power_w(10.0 + k, 0.0, 0.209, 1.0) for k in range(1000)]
    assert powers[30] == pytest.approx(11.7 * 900.0)
    assert max(powers) == 50e3
    assert powers[-1] == 0.0
    assert sum(powers) == pytest.approx(10e6, rel=0.01)


def test_agent_puts_a_fire_out_for_good_and_want_of_oxygen_holds_it_down() -> None:
    fire = ServerFire(0, 11.7, 50e3, 60e6, Window(0.0))
    assert fire.power_w(100.0, 0.0, 0.15, 1.0) == pytest.approx(25e3)
    assert fire.power_w(101.0, 0.0, 0.12, 1.0) == 0.0
    for _ in range(60):
        fire.power_w(102.0, 1.2, 0.20, 1.0)
    assert fire.power_w(200.0, 0.0, 0.209, 1.0) < 1.0


def test_a_server_fire_smokes_heats_and_takes_oxygen_and_agent_ends_it() -> None:
    room = ServerRoom(EVERYWHERE, 1)
    room.inject_server_fire(10.0, sensor=7, peak_w=150e3)
    run(room, 250.0)
    assert room.smoke_pct_per_m.min() > 3.3
    assert room.room.upper_degc > 30.0
    assert int(np.argmax(room.temps_degc)) == 7
    assert room.room.o2 < 0.2085
    assert room.room.gas[1] > 20e-6  # carbon monoxide
    room.inputs.agent_valve_open, room.inputs.hvac_on = True, False
    room.inputs.damper_open_fraction[:] = 0.0
    run(room, 400.0)
    assert room._fires[0].left < 1e-3


# --- where detectors see it -----------------------------------------------------------------------------------------


def test_the_return_grille_shows_a_smouldering_cable_before_the_room_does() -> None:
    room = ServerRoom(EVERYWHERE, 1)
    room.inject_cable_smoulder(0.0, sensor=20)
    run(room, 120.0)
    seen = room.smoke_pct_per_m
    assert seen[NO_RETURN] > 1.5 * seen[COLD_AISLE] > 0.0
    assert seen[HOT_AISLE] > 1.5 * seen[COLD_AISLE]


def test_a_cable_downstream_of_a_detector_is_not_seen_by_it_before_the_room_is_full() -> None:
    room = ServerRoom(EVERYWHERE, 1)
    room.inject_cable_smoulder(0.0, sensor=2)
    run(room, 120.0)
    assert room.smoke_pct_per_m[HOT_AISLE] == pytest.approx(room.smoke_pct_per_m[COLD_AISLE])
    assert room.smoke_pct_per_m[NO_RETURN] > room.smoke_pct_per_m[HOT_AISLE]


# --- what only looks like it ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["inject_dust", "inject_aerosol", "inject_steam"])
@pytest.mark.parametrize("sensor", [-1, 20])
def test_a_puff_dims_without_smoke_or_heat_and_goes_again(what: str, sensor: int) -> None:
    room, quiet = ServerRoom(EVERYWHERE, 1), ServerRoom(EVERYWHERE, 1)
    getattr(room, what)(10.0, 60.0, 1.0, sensor=sensor)
    peak = 0.0
    while room.time_s < 300.0:
        room.advance(0.5)
        quiet.advance(0.5)
        peak = max(peak, float(room.smoke_pct_per_m[NO_RETURN]))
    assert peak > 0.05
    assert room.room.smoke_kg_per_m3 == 0.0
    assert room.room_temp_degc == pytest.approx(quiet.room_temp_degc, abs=0.01)
    run(room, 3600.0, 5.0)
    assert room.smoke_pct_per_m.max() < 0.02 * peak


def test_beside_a_detectors_air_a_puff_shows_more_than_in_the_room_at_large() -> None:
    peaks = []
    for sensor in (-1, 0):
        room = ServerRoom(EVERYWHERE, 1)
        room.inject_dust(10.0, 60.0, 1.0, sensor=sensor)
        run(room, 50.0)
        peaks.append(float(room.smoke_pct_per_m[NO_RETURN]))
    assert peaks[1] > 1.5 * peaks[0] > 0.0


def test_steam_is_humid_where_it_comes_out_and_spray_is_vapour() -> None:
    room, quiet = ServerRoom(EVERYWHERE, 1), ServerRoom(EVERYWHERE, 1)
    room.inject_steam(0.0, 300.0, 1.0, sensor=3)
    room.inject_aerosol(0.0, 10.0, 1.0)
    for each in (room, quiet):
        run(each, 300.0)
    rise = room.rh_pct - quiet.rh_pct
    assert int(np.argmax(rise)) == 3
    assert rise[3] > 2.0 * rise[12] > 0.0
    assert room.room.gas[2] > 5e-6  # solvent


def test_a_place_that_is_not_there_is_refused() -> None:
    room = ServerRoom(ServerRoomGeometry(), 1)
    with pytest.raises(ValueError, match="sensor 24 is not in this room: give 0 to 23"):
        room.inject_server_fire(0.0, sensor=24)
    with pytest.raises(ValueError, match="sensor 99 is not in this room"):
        room.inject_dust(0.0, 1.0, 1.0, sensor=99)
    with pytest.raises(ValueError, match="smoke_places: roof is nowhere; remedy: one of return"):
        ServerRoom(ServerRoomGeometry(smoke_places=("roof", "return")), 1)
