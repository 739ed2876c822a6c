"""Energy closes: what cells hold is what was put in less what went out, and chemistry is what the reactions used."""

import numpy as np
import pytest

from sim_hardware.physics import cell, stack_layout
from sim_hardware.physics.battery_room import BatteryRoom, BatteryRoomGeometry
from sim_hardware.physics.kinetics import CHEMISTRIES
from tests.sim_hardware.physics.drills import drill

INTO = [
    stack_layout.CHEMICAL,
    stack_layout.COLLAPSED,
    stack_layout.OHMIC,
    stack_layout.SHORTED,
    stack_layout.HEATED,
    stack_layout.FALLBACK,
]
OUT_OF = [stack_layout.BOILED, stack_layout.TO_ROOM, stack_layout.EJECTED, stack_layout.COOLED]
THROWN, LANDED = (
    [stack_layout.EJECTED, stack_layout.BURNT],
    [stack_layout.FALLBACK, stack_layout.RISEN, stack_layout.QUENCHED],
)


@pytest.mark.parametrize("dt_s", [0.1, 0.5])
@pytest.mark.parametrize("coolant_after_s", [None, 60.0])
def test_stack_holds_what_the_ledger_says(coolant_after_s: float | None, dt_s: float) -> None:
    start_j = drill(3, 0.0).room.heat_held_j
    room = drill(3, 700.0, dt_s, coolant_after_s=coolant_after_s, barrier=coolant_after_s is not None).room
    entered, left = room.ledger_j[INTO].sum(), room.ledger_j[OUT_OF].sum()
    assert entered > 2e6
    assert room.heat_held_j - start_j == pytest.approx(entered - left, abs=1e-9 * entered)


def test_what_is_thrown_out_and_burns_falls_back_rises_or_is_quenched() -> None:
    room = drill(3, 700.0, coolant_after_s=60.0).room
    waiting_j = room._stack.plume_j.sum()  # a step's plume lands in the next
    thrown = room.ledger_j[THROWN].sum()
    assert room.ledger_j[stack_layout.QUENCHED] > 0.0
    assert room.ledger_j[LANDED].sum() + waiting_j == pytest.approx(thrown, rel=1e-9)


def test_ledger_closes_when_charge_load_and_sleep_alternate() -> None:
    room = drill(1, 0.0).room
    start_j = room.heat_held_j
    for k in range(400):
        room.inputs.string_current_a[:] = (30.0, 0.0, -60.0, 5.0)[k // 7 % 4]
        room.advance(0.1 + 0.4 * (k % 3))
    change_j = room.ledger_j[INTO].sum() - room.ledger_j[OUT_OF].sum()
    assert room.ledger_j[stack_layout.OHMIC] > 1e4
    assert room.heat_held_j - start_j == pytest.approx(change_j, abs=1e-9 * room.ledger_j[INTO].sum() + 1e-3)


def test_chemical_heat_is_what_the_reactions_used() -> None:
    room = drill(3, 700.0).room
    g, state, kind = room.geometry, room._stack.state, CHEMISTRIES[room.geometry.chemistry]
    fresh = cell.fresh_cells(state.shape[1], 0.0, g.start_soc, g.cell_volume_m3, kind)
    used_j = cell.reaction_heat_j(fresh, state, g.cell_volume_m3, kind)
    assert room.ledger_j[stack_layout.CHEMICAL] == pytest.approx(used_j, rel=1e-9)


def test_heat_of_a_run_away_cell_over_its_stored_energy_lies_in_the_databank_range() -> None:
    room = drill(3, 1000.0).room
    lost = room.runaway
    stored = 65.0 * 3600.0 * 3.7 * room.geometry.start_soc * lost.sum()
    ledger = room.ledger_j
    heat = ledger[[stack_layout.CHEMICAL, stack_layout.COLLAPSED, stack_layout.SHORTED]].sum()
    assert lost.sum() > 10
    assert 1.15 < heat / stored < 1.69
    assert 0.10 < 1.0 - ledger[stack_layout.EJECTED] / heat < 0.6


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
    assert room.ledger_j[stack_layout.HEATED] == pytest.approx(2000.0 * 195.0, rel=0.01)
    assert room.runaway[0, 0, 0]


def test_cell_outside_the_room_is_refused() -> None:
    room = BatteryRoom(drill(1, 0.0).room.geometry, 1)
    with pytest.raises(ValueError, match="rack 8"):
        room.inject_heater(8, 0, 0, 0.0, 1.0)


@pytest.mark.parametrize("current_a", [0.0, 30.0])
def test_a_charged_cell_with_a_short_creates_no_energy(current_a: float) -> None:
    room = BatteryRoom(BatteryRoomGeometry(start_soc=0.5), 1)
    room.inject_internal_short(0, 0, 0, 0.0, 25.0)
    room.inputs.string_current_a[0] = current_a
    full_j = float(room._stack.full_j[0])
    stored_j = full_j * float(room._stack.state[cell.SOC, 0])
    while room.time_s < 600.0:
        room.advance(0.5)
    put_in_j = current_a * CHEMISTRIES[room.geometry.chemistry].nominal_v * room.time_s
    heat_j = float(room.ledger_j[stack_layout.SHORTED])
    change_j = full_j * float(room._stack.state[cell.SOC, 0]) - stored_j
    assert heat_j == pytest.approx(25.0 * room.time_s + 0.5 * put_in_j, rel=1e-3)
    assert heat_j + change_j == pytest.approx(put_in_j, abs=1e-3 * heat_j)
