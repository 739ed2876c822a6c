"""The four reactions against a slow reference, and the order of the oven test."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy.integrate import solve_ivp

from sim_hardware.physics import cell
from sim_hardware.physics.kinetics import LCO

RADIUS_M, LENGTH_M = 9e-3, 65e-3
VOLUME_M3 = math.pi * RADIUS_M**2 * LENGTH_M
AREA_M2 = 2 * math.pi * RADIUS_M * LENGTH_M + 2 * math.pi * RADIUS_M**2
CAPACITY_J_PER_K = 2.14e6 * VOLUME_M3
H_W_PER_M2_K, EMISSIVITY, SIGMA = 7.17, 0.8, 5.67e-8
HOUR_S = 3600.0
KIN = LCO.vector()


def oven_w(temp_degc: float, oven_degc: float) -> float:
    radiated = EMISSIVITY * SIGMA * ((oven_degc + 273.15) ** 4 - (temp_degc + 273.15) ** 4)
    return AREA_M2 * (H_W_PER_M2_K * (oven_degc - temp_degc) + radiated)


def oven_by_kernel(oven_degc: float, until_s: float, dt_s: float = 0.2) -> tuple[float, float]:
    """Highest temperature and its time for an 18650 cell of 28 degC put into an oven."""
    state = cell.fresh_cells(1, 28.0, 1.0, VOLUME_M3, LCO)
    peak, at = 28.0, 0.0
    for step in range(int(until_s / dt_s)):
        made = cell.react(state, 0, dt_s, VOLUME_M3, KIN)
        state[cell.TEMP, 0] += (made + oven_w(state[cell.TEMP, 0], oven_degc) * dt_s) / CAPACITY_J_PER_K
        if state[cell.TEMP, 0] > peak:
            peak, at = float(state[cell.TEMP, 0]), step * dt_s
    return peak, at


def reference(oven_degc: float) -> Callable[[float, npt.NDArray[np.float64]], list[float]]:
    def slope(_: float, y: npt.NDArray[np.float64]) -> list[float]:
        sei, anode, z, cathode, electrolyte, temp = y
        rt = 8.314 * (temp + 273.15)
        d_sei = -1.667e15 * math.exp(-1.3508e5 / rt) * max(sei, 0.0)
        d_anode = -2.5e13 * math.exp(-1.3508e5 / rt) * math.exp(-z / 0.033) * max(anode, 0.0)
        d_cathode = 6.667e13 * math.exp(-1.396e5 / rt) * cathode * max(1.0 - cathode, 0.0)
        d_electrolyte = -5.14e25 * math.exp(-2.74e5 / rt) * max(electrolyte, 0.0)
        heat = -2.57e5 * 610.4 * d_sei - 1.714e6 * 610.4 * d_anode + 3.14e5 * 1221.0 * d_cathode
        heat -= 1.55e5 * 406.9 * d_electrolyte
        d_temp = (heat * VOLUME_M3 + oven_w(temp, oven_degc)) / CAPACITY_J_PER_K
        return [d_sei, d_anode, -d_anode, d_cathode, d_electrolyte, d_temp]

    return slope


def test_kernel_agrees_with_lsoda_at_155_degc() -> None:
    start = [0.15, 0.75, 0.033, 0.04, 1.0, 28.0]
    slow = solve_ivp(reference(155.0), (0.0, 1800.0), start, method="LSODA", rtol=1e-8, atol=1e-10, max_step=1.0)
    k = int(slow.y[5].argmax())
    peak, at = oven_by_kernel(155.0, 1800.0)
    assert at == pytest.approx(slow.t[k], rel=0.03)
    assert peak - 155.0 == pytest.approx(slow.y[5][k] - 155.0, rel=0.03)


def test_oven_order_140_stays_and_155_runs_away() -> None:
    stays, _ = oven_by_kernel(140.0, 1.5 * HOUR_S)
    runs, at = oven_by_kernel(155.0, 0.6 * HOUR_S)
    hotter, sooner = oven_by_kernel(165.0, 0.6 * HOUR_S)
    assert stays == pytest.approx(147.7, abs=2.0)
    assert runs == pytest.approx(524.0, rel=0.03)
    assert at == pytest.approx(25.1 * 60, rel=0.03)
    assert hotter > runs
    assert sooner == pytest.approx(17.9 * 60, rel=0.03)


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
    assert full == pytest.approx(1000.0, rel=1e-4)
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
