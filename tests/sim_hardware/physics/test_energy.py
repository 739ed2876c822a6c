"""Energy closes: what cells hold is what was put in less what went out, and chemistry is what the reactions used."""

import numpy as np
import pytest

from sim_hardware.physics import cell, stack
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.battery_room import BatteryRoom
from sim_hardware.physics.kinetics import CHEMISTRIES
from tests.sim_hardware.physics.drills import drill

INTO = [stack.CHEMICAL, stack.COLLAPSED, stack.OHMIC, stack.SHORTED, stack.HEATED, stack.FALLBACK]
OUT_OF = [stack.BOILED, stack.TO_AIR, stack.EJECTED, stack.COOLED]


def held_j(room: BatteryRoom, start_degc: Floats) -> float:
    capacity = room.geometry.cell_volume_m3 * room.geometry.cell_j_per_m3_k
    return float((room.cell_temp_degc - start_degc).sum() * capacity)


@pytest.mark.parametrize("coolant_after_s", [None, 150.0])
def test_cells_hold_what_the_ledger_says(coolant_after_s: float | None) -> None:
    start = drill(3, 0.0).room.cell_temp_degc.copy()
    room = drill(3, 800.0, coolant_after_s=coolant_after_s).room
    entered, left = room.ledger_j[INTO].sum(), room.ledger_j[OUT_OF].sum()
    assert entered > 2e6
    assert held_j(room, start) == pytest.approx(entered - left, abs=1e-9 * entered)


def test_chemical_heat_is_what_the_reactions_used() -> None:
    room = drill(3, 800.0).room
    g = room.geometry
    fresh = cell.fresh_cells(room._state.shape[1], 0.0, g.start_soc, g.cell_volume_m3, CHEMISTRIES[g.chemistry])
    used_j = cell.reaction_heat_j(fresh, room._state, g.cell_volume_m3, CHEMISTRIES[g.chemistry])
    assert room.ledger_j[stack.CHEMICAL] == pytest.approx(used_j, rel=1e-9)


def test_heat_of_a_run_away_cell_over_its_stored_energy_lies_in_the_databank_range() -> None:
    room = drill(3, 1000.0).room
    lost = room.runaway
    stored = 65.0 * 3600.0 * 3.7 * room.geometry.start_soc * lost.sum()
    ledger = room.ledger_j
    heat = ledger[[stack.CHEMICAL, stack.COLLAPSED, stack.SHORTED]].sum()
    assert lost.sum() > 10
    assert 1.15 < heat / stored < 1.69
    assert 0.10 < 1.0 - ledger[stack.EJECTED] / heat < 0.6


def test_quiet_room_drifts_nowhere() -> None:
    room = BatteryRoom(drill(1, 0.0).room.geometry, 1)
    for _ in range(2000):
        room.advance(1.0)
    assert np.abs(room.cell_temp_degc - 24.0).max() < 2.0
    assert not room.vented.any()
    assert room.rack_h2_ppm.max() < 1.0
    assert room.smoke_pct_per_m.max() == 0.0


def test_heater_charges_the_ledger_and_runs_a_cell_away() -> None:
    room = BatteryRoom(drill(1, 0.0).room.geometry, 1)
    room.inject_heater(0, 0, 0, 5.0, 2000.0, 400.0)
    while room.time_s < 200.0:
        room.advance(0.5)
    assert room.ledger_j[stack.HEATED] == pytest.approx(2000.0 * 195.0, rel=0.01)
    assert room.runaway[0, 0, 0]


def test_cell_outside_the_room_is_refused() -> None:
    room = BatteryRoom(drill(1, 0.0).room.geometry, 1)
    with pytest.raises(ValueError, match="rack 8"):
        room.inject_heater(8, 0, 0, 0.0, 1.0)
