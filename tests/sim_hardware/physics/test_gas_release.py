"""What cells give off by chemistry and charge; nails, overcharge and other chemistries in a whole room."""

import numpy as np
import pytest

from sim_hardware.physics import cell, gas
from sim_hardware.physics.battery_room import BatteryRoom, BatteryRoomGeometry
from sim_hardware.physics.kinetics import LCO, LFP


def given_off(soc: float, burns: float) -> tuple[list[float], float, float]:
    """All gas (l per Ah and species), smoke (kg) and heat of flames (J) of one cell of 10 Ah that has run away."""
    state = cell.fresh_cells(1, 400.0, soc, 1e-3, LCO)
    state[cell.CONTENT] = soc
    gone, plume_j, total = np.array([True]), np.zeros(1), np.zeros((1, gas.SPECIES))
    smoke_kg = burnt_j = 0.0
    for _ in range(4000):
        smoke, burnt = gas.release(state, gone, gone, 10.0, gas.yields_of(LCO), burns, total, plume_j, np.zeros(1), 1.0)
        smoke_kg += smoke
        burnt_j += burnt
    return [float(v) for v in total[0] * 100.0], smoke_kg, burnt_j


def test_full_cell_gives_off_the_gas_of_vent_and_runaway() -> None:
    species, smoke_kg, burnt_j = given_off(1.0, 0.0)
    asked = 1e3 * (np.array(LCO.vent_gas_m3_per_ah) + LCO.runaway_gas_m3_per_ah * np.array(LCO.runaway_gas_shares))
    assert species == pytest.approx(asked.tolist(), rel=1e-6)
    assert burnt_j == 0.0
    assert smoke_kg == pytest.approx(0.6 * 0.02 + 1.5e-5, rel=1e-6)


def test_emptier_cell_gives_off_less_of_it_and_less_that_burns() -> None:
    full, empty = given_off(1.0, 0.0)[0], given_off(0.2, 0.0)[0]
    assert sum(empty) < 0.7 * sum(full)
    assert empty[gas.H2] / sum(empty) < full[gas.H2] / sum(full)
    assert empty[gas.CO2] / sum(empty) > full[gas.CO2] / sum(full)


def test_a_vent_of_an_emptier_cell_gives_as_much_vapour_and_less_gas() -> None:
    def vent(soc: float) -> np.ndarray:
        state = cell.fresh_cells(1, 130.0, soc, 1e-3, LCO)
        state[cell.CONTENT] = soc
        vented, total = np.array([True]), np.zeros((1, gas.SPECIES))
        for _ in range(4000):
            gas.release(state, vented, ~vented, 10.0, gas.yields_of(LCO), 0.0, total, np.zeros(1), np.zeros(1), 1.0)
        given_off_m3: np.ndarray = total[0]
        return given_off_m3

    shares = vent(0.2) / vent(1.0)
    assert shares[gas.VOC] == pytest.approx(1.0)
    assert shares[[gas.H2, gas.CO, gas.CO2, gas.THC]] == pytest.approx(0.4 + 0.6 * 0.2)


def test_flames_turn_gas_into_heat_and_carbon_dioxide() -> None:
    cold, flaming = given_off(1.0, 0.0), given_off(1.0, 0.6)
    assert flaming[0][gas.H2] < cold[0][gas.H2]
    assert flaming[0][gas.CO2] > cold[0][gas.CO2]
    burnt = 0.6 * 10.0 * LCO.runaway_gas_m3_per_ah * np.array(LCO.runaway_gas_shares)
    assert flaming[2] == pytest.approx(float((burnt * gas.HEAT_J_PER_M3).sum()), rel=1e-6)


def test_lfp_gives_off_a_quarter_of_the_gas() -> None:
    assert gas.yields_of(LFP)[gas.RUNAWAY_FULL].sum() == pytest.approx(0.25 * gas.yields_of(LCO)[1].sum())


def test_nailed_cell_loses_its_voltage_at_once_and_runs_away_within_a_minute() -> None:
    room = BatteryRoom(BatteryRoomGeometry(), 1)
    room.inject_nail(1, 2, 3, 5.0)
    while room.time_s < 6.0:
        room.advance(0.5)
    assert room.cell_voltage_v[1, 2, 3] < room.cell_voltage_v[1, 2, 4] - 1.0
    while room.time_s < 60.0:
        room.advance(0.5)
    assert room.runaway[1, 2, 3]


def test_overcharged_rack_vents_and_an_open_breaker_saves_it() -> None:
    burnt, saved = (BatteryRoom(BatteryRoomGeometry(start_soc=1.0), 1) for _ in range(2))
    for room in (burnt, saved):
        room.inject_overcharge(2, 10.0, 130.0)
        while room.time_s < 1800.0 and not room.vented.any():
            room.inputs.breaker_open[2] = room is saved and room.time_s > 300.0
            room.advance(0.5)
    assert burnt.vented[2].any()
    assert burnt.cell_soc[2].max() > 1.2
    assert burnt.cell_voltage_v[2].max() > 4.35
    assert burnt.cell_temp_degc[[0, 4, 5, 6, 7]].max() < 40.0
    assert not saved.vented.any()


def test_charger_in_order_floats_full_cells() -> None:
    room = BatteryRoom(BatteryRoomGeometry(start_soc=0.999), 1)
    room.inputs.string_current_a[:] = 20.0
    for _ in range(600):
        room.advance(1.0)
    assert room.cell_soc.min() == room.cell_soc.max() == 1.0
    assert room.cell_temp_degc.max() < 30.0


@pytest.mark.parametrize("chemistry", ["nmc", "lfp"])
def test_a_heated_cell_of_another_chemistry_vents_and_runs_away(chemistry: str) -> None:
    room = BatteryRoom(BatteryRoomGeometry(chemistry=chemistry), 1)
    room.inject_heater(0, 0, 0, 5.0, 1500.0, 600.0)
    while room.time_s < 600.0 and not room.runaway[0, 0, 0]:
        room.advance(0.5)
    assert room.runaway[0, 0, 0]
    assert room.vent_time_s[0, 0, 0] < room.runaway_time_s[0, 0, 0]


def test_a_fire_barrier_delays_the_next_module() -> None:
    bare, barred = (BatteryRoom(BatteryRoomGeometry(barrier_m2k_per_w=barrier), 1) for barrier in (0.0, 0.2))
    for room in (bare, barred):
        room.housing_degc[0, 0] = 600.0
        while room.time_s < 300.0:
            room.advance(0.5)
    assert barred.housing_degc[0, 1] - 24.0 < 0.5 * (bare.housing_degc[0, 1] - 24.0)
