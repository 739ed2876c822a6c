"""What a cell does: heat of its set, short, collapse, vent, and how cells differ."""

import numpy as np
import pytest

from sim_hardware.physics import cell
from sim_hardware.physics.cell_spread import spread_heat
from sim_hardware.physics.kinetics import LCO, LFP
from tests.validation.abuse import CELL_M3 as VOLUME_M3

KIN = LCO.vector()


def test_heat_of_all_reactions_is_that_of_the_set() -> None:
    state = cell.fresh_cells(1, 600.0, 1.0, VOLUME_M3, LCO)
    made = sum(cell.react(state, 0, 10.0, VOLUME_M3, KIN) for _ in range(2000))
    # The film on the anode (z) leaves a few percent of its 12.98 kJ unreacted for any time that matters.
    assert 0.95 * 20.5e3 < made < 20.5e3


def test_short_is_fed_by_the_cells_own_energy_and_stops_at_its_budget() -> None:
    state = cell.fresh_cells(1, 25.0, 0.8, VOLUME_M3, LCO)
    state[cell.SHORT_LEFT, 0] = 500.0
    given = sum(cell.drain_short(state, 0, 60.0, 1000.0) for _ in range(20))
    assert given == pytest.approx(500.0)
    assert state[cell.SOC, 0] == pytest.approx(0.3)


def test_empty_cell_collapses_without_electric_heat() -> None:
    state = cell.fresh_cells(2, 200.0, 0.0, VOLUME_M3, LCO)
    state[cell.SOC, 1] = 1.0
    empty = sum(cell.drain_collapsed(state, 0, 0.1, 1000.0, KIN) for _ in range(1000))
    full = sum(cell.drain_collapsed(state, 1, 0.1, 1000.0, KIN) for _ in range(1000))
    assert empty == 0.0
    assert full == pytest.approx(LCO.isc_efficiency * 1000.0, rel=1e-4)
    assert state[cell.SOC, 1] < 1e-4
    assert state[cell.COLLAPSE, 0] > 0.99


@pytest.mark.parametrize("steps", [1, 4])
def test_vent_boils_off_its_latent_heat(steps: int) -> None:
    state = cell.fresh_cells(1, LCO.vent_degc + 0.5, 0.0, 1e-3, LCO)
    vented, runaway = np.array([True]), np.array([False])
    ledger = np.zeros(10)
    before = float(state[cell.TEMP, 0])
    for _ in range(20 * steps):
        cell.advance_hot_cell(state, 0, vented, runaway, 0.0, 1.0 / steps, 1e-3, 2140.0, 1.0, KIN, ledger)
    assert ledger[2] == pytest.approx(LCO.vent_latent_j_per_m3 * 1e-3, rel=0.03)
    assert state[cell.TEMP, 0] < before - 3.0
    assert not runaway[0]


def test_cells_differ_as_much_as_their_chemistry_says_and_the_same_way_for_a_seed() -> None:
    states = [cell.fresh_cells(4000, 25.0, 1.0, VOLUME_M3, LCO) for _ in range(2)]
    for state in states:
        spread_heat(state, LCO, np.random.default_rng(7))
    assert np.array_equal(states[0], states[1])
    state = states[0]
    assert state[cell.BODY].mean() == pytest.approx(LCO.body_share, abs=0.01)
    assert state[cell.BODY].std() == pytest.approx(LCO.body_spread, rel=0.05)
    assert state[cell.REACTIVITY].mean() == pytest.approx(1.0, abs=0.01)
    assert state[cell.REACTIVITY].std() == pytest.approx(LCO.reactivity_spread, rel=0.05)


@pytest.mark.parametrize(("soc", "vents_degc"), [(1.0, 145.0), (0.5, 135.0), (0.0, 125.0)])
def test_lfp_vents_the_sooner_the_emptier_it_is(soc: float, vents_degc: float) -> None:
    state = cell.fresh_cells(1, 100.0, soc, 1e-3, LFP)
    vented, runaway, ledger = np.array([False]), np.array([False]), np.zeros(3)
    while not vented[0]:
        cell.advance_hot_cell(state, 0, vented, runaway, 500.0, 0.1, 1e-3, 2140.0, 1e5, LFP.vector(), ledger)
    assert state[cell.TEMP, 0] == pytest.approx(vents_degc, abs=0.5)
