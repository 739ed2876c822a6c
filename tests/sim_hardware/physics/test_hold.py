"""Hold time: the worked case of the standards, the closed forms, and what exhaust and water do."""

import math

import pytest
from scipy.integrate import solve_ivp

from sim_hardware.physics import hold
from sim_hardware.physics import room_layout as at
from sim_hardware.physics.agents import FK_5_1_12
from sim_hardware.physics.battery_room import BatteryRoom, BatteryRoomGeometry
from sim_hardware.physics.room import Room

VOLUME_M3, HEIGHT_M, PROTECTED_M = 724.2, 3.0, 2.0
K1, N = 290.5 / 3600.0, 0.7155
AGENT, AIR = 1.415, 1.205
AIR_20_DEGC = 1.204
MIXTURE = hold.mixture_kg_per_m3(0.40, AGENT, AIR)
ROOM = (AGENT, AIR, VOLUME_M3, HEIGHT_M, K1, N, 0.5)


def course(seconds: int, exhaust_m3_per_s: float = 0.0, water_lpm: float = 0.0) -> tuple[float, float, float]:
    layer = (HEIGHT_M, 0.40, 0.0)
    for _ in range(seconds):
        layer = hold.hold_step(*layer, *ROOM, exhaust_m3_per_s, water_lpm, 1.0)
    return layer


def agent_m3(layer: tuple[float, float, float]) -> float:
    interface_m, lower, upper = layer
    return VOLUME_M3 / HEIGHT_M * (interface_m * lower + (HEIGHT_M - interface_m) * upper)


def test_the_worked_case_holds_100_9_minutes() -> None:
    seconds = hold.hold_time_s(VOLUME_M3, HEIGHT_M, PROTECTED_M, MIXTURE, AIR, K1, N)
    assert seconds / 60.0 == pytest.approx(100.9, rel=0.02)


def test_its_equivalent_leakage_area_is_that_of_the_report() -> None:
    assert hold.leakage_area_m2(K1, N, 1.2) * 1e4 == pytest.approx(1686.0, rel=0.01)
    assert hold.leakage_coefficient(hold.leakage_area_m2(K1, N, AIR), N, AIR) == pytest.approx(K1)


@pytest.mark.parametrize("bias_pa", [0.0, 0.5, 3.0])
def test_the_closed_forms_agree_with_an_integrator(bias_pa: float) -> None:
    floor_m2 = VOLUME_M3 / HEIGHT_M

    def fall(_: float, height: list[float]) -> list[float]:
        return [-hold.outflow_m3_per_s(height[0], MIXTURE, AIR, K1, N, 0.5, bias_pa) / floor_m2]

    seconds = hold.hold_time_s(VOLUME_M3, HEIGHT_M, PROTECTED_M, MIXTURE, AIR, K1, N, 0.5, bias_pa)
    solved = solve_ivp(fall, (0.0, seconds), [HEIGHT_M], rtol=1e-10, atol=1e-10).y[0, -1]
    assert solved == pytest.approx(PROTECTED_M, abs=1e-6)
    whole = hold.descended_m(HEIGHT_M, seconds, floor_m2, MIXTURE, AIR, K1, N, 0.5, bias_pa)
    assert whole == pytest.approx(PROTECTED_M, abs=1e-9)


def test_a_step_of_any_length_falls_alike() -> None:
    floor_m2, small = VOLUME_M3 / HEIGHT_M, HEIGHT_M
    for _ in range(600):
        small = hold.descended_m(small, 1.0, floor_m2, MIXTURE, AIR, K1, N, 0.5, 0.0)
    assert small == pytest.approx(hold.descended_m(HEIGHT_M, 600.0, floor_m2, MIXTURE, AIR, K1, N, 0.5, 0.0))
    assert hold.descended_m(HEIGHT_M, 1e9, floor_m2, MIXTURE, AIR, K1, N, 0.5, 0.0) == 0.0


def test_nothing_runs_out_of_a_room_whose_mixture_is_not_heavier_than_air() -> None:
    assert hold.hold_time_s(VOLUME_M3, HEIGHT_M, PROTECTED_M, AIR, AIR, K1, N) == math.inf
    assert hold.descended_m(HEIGHT_M, 600.0, 241.4, AIR, AIR, K1, N, 0.5, 0.0) == HEIGHT_M


@pytest.mark.parametrize("lower_share", [0.2, 0.5, 0.7])
def test_the_pressure_balance_is_the_standards_formula_without_exhaust(lower_share: float) -> None:
    out, inflow = hold.leak_flows_m3_per_s(2.5, MIXTURE, AIR, K1, N, lower_share, 0.0)
    assert out == pytest.approx(hold.outflow_m3_per_s(2.5, MIXTURE, AIR, K1, N, lower_share, 0.0), rel=1e-6)
    assert inflow == pytest.approx(out)


def test_the_time_steps_give_the_hold_time_of_the_formula() -> None:
    seconds = hold.hold_time_s(VOLUME_M3, HEIGHT_M, PROTECTED_M, MIXTURE, AIR, K1, N)
    assert course(round(seconds))[0] == pytest.approx(PROTECTED_M, abs=2e-3)


def test_a_strong_fan_thins_the_mixture_by_the_air_that_comes_in_below() -> None:
    fan_m3_per_s = 5.0
    expected = hold.mixed_fraction(0.40, 0.5 * fan_m3_per_s, VOLUME_M3, 60.0)
    assert course(60, fan_m3_per_s)[1] == pytest.approx(expected, rel=1e-2)


def test_fan_and_water_together_make_it_continuous_mixing() -> None:
    left = agent_m3(course(300, exhaust_m3_per_s=1.0, water_lpm=1e4)) / VOLUME_M3
    assert left == pytest.approx(hold.mixed_fraction(0.40, 1.0, VOLUME_M3, 300.0), rel=1e-2)


def test_the_hold_of_continuous_mixing_inverts_it() -> None:
    assert hold.mixed_fraction(1.0, 5.0, VOLUME_M3, hold.mixed_hold_time_s(VOLUME_M3, 5.0, 0.85)) == pytest.approx(0.85)


def test_a_fan_takes_away_agent_and_water_only_stirs_it() -> None:
    still, fanned, stirred = course(600), course(600, exhaust_m3_per_s=0.5), course(600, water_lpm=100.0)
    assert agent_m3(fanned) < 0.9 * agent_m3(still)
    assert agent_m3(stirred) == pytest.approx(agent_m3(still), rel=0.02)
    assert stirred[2] > 0.3 > still[2]
    assert stirred[1] < 0.97 * still[1]


def test_agent_is_lost_through_the_lower_leaks_alone_while_air_fills_the_top() -> None:
    before = (2.5, 0.40, 0.0)
    after = hold.hold_step(*before, *ROOM, 0.0, 0.0, 1.0)
    out, _ = hold.leak_flows_m3_per_s(2.5, MIXTURE, AIR, K1, N, 0.5, 0.0)
    assert agent_m3(before) - agent_m3(after) == pytest.approx(0.40 * out, rel=1e-9)


# --- the plant's own room, whose layers follow from pressure and weight ---------------------------------------------


def flooded(leak_m2: float = 0.02) -> Room:
    """A closed room of 160 m3 with 5.9 % of FK-5-1-12, nothing in it that moves air."""
    room = Room(160.0, 216.0, 20.0, 0.0, 0.0, 20.0, 20.0, leak_m2=leak_m2)
    room.inputs[at.OUTSIDE_K], room.inputs[at.STALL_PA] = 293.15, 60.0
    over_air = FK_5_1_12.density_kg_per_m3(20.0) / AIR_20_DEGC
    room.inputs[at.AGENT_IN] = FK_5_1_12.mass_kg(160.0, 5.9, 20.0) / over_air / 10.0
    for _ in range(20):
        room.advance(0.5)
    room.inputs[at.AGENT_IN] = 0.0
    return room


@pytest.mark.parametrize("leak_m2", [0.01, 0.02, 0.04])
def test_the_plants_room_holds_as_long_as_the_formula_says(leak_m2: float) -> None:
    room = flooded(leak_m2)
    mixture = hold.mixture_kg_per_m3(room.agent, FK_5_1_12.density_kg_per_m3(20.0), AIR_20_DEGC)
    through = 0.7 * leak_m2 * math.sqrt(2.0 / AIR_20_DEGC)  # holes: Q = Cd A sqrt(2 dP/rho)
    seconds = hold.hold_time_s(160.0, 3.0, 2.0, mixture, AIR_20_DEGC, through, 0.5)
    passed_s = 0.0
    while room.layer_m > 2.0:
        room.advance(5.0)
        passed_s += 5.0
    assert passed_s == pytest.approx(seconds, rel=0.03)


def test_water_on_a_rack_stirs_agent_up_to_the_ceiling_of_the_plants_room() -> None:
    dry, wet = (BatteryRoom(BatteryRoomGeometry(), 1) for _ in range(2))
    for room in (dry, wet):
        room.inputs.agent_valve_open, room.inputs.hvac_on = True, False
        room.inputs.damper_open_fraction[:] = 0.0
    wet.inputs.coolant_flow_lpm[3] = 60.0
    for _ in range(1200):
        dry.advance(0.5)
        wet.advance(0.5)
    assert wet.room.upper_agent > 2.0 * dry.room.upper_agent
    assert wet.room.lower_agent < dry.room.lower_agent
