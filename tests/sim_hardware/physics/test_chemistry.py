"""Chemistries as data: what is refused, and the forms of reaction by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from sim_hardware.physics import cell
from sim_hardware.physics import chemistry as ch
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.chemistry import Chemistry, Reaction
from sim_hardware.physics.kinetics import CHEMISTRIES, LCO, LCO_LIM1TR, LFP, NMC


def at(kind: Chemistry, degc: float) -> Floats:
    return cell.fresh_cells(1, degc, 1.0, 1.0, kind)


def k(reaction: Reaction, degc: float) -> float:
    return reaction.a_per_s * math.exp(-reaction.ea_j_per_mol / (8.314 * (degc + 273.15)))


@pytest.mark.parametrize("kind", list(CHEMISTRIES.values()), ids=list(CHEMISTRIES))
def test_vector_holds_every_field_at_its_place(kind: Chemistry) -> None:
    kin = kind.vector()
    assert kin.shape == (ch.LENGTH,)
    slots = (ch.SEI_R, ch.ANODE_R, ch.SEPARATOR_R, ch.ELECTROLYTE_R, ch.CATHODE_R, ch.CATHODE_2_R)
    reactions = (kind.sei, kind.anode, kind.separator, kind.electrolyte, kind.cathode, kind.cathode_2)
    for slot, reaction in zip(slots, reactions, strict=True):
        assert kin[slot + ch.A] == reaction.a_per_s
        assert kin[slot + ch.HEAT] == reaction.heat_j_per_kg * reaction.content_kg_per_m3
    for place, value in (
        (ch.VENT_DEGC, kind.vent_degc), (ch.COLLAPSE_EMPTY_DEGC, kind.collapse_empty_degc),
        (ch.COLLAPSE_POWER, kind.collapse_power), (ch.NOMINAL_V, kind.nominal_v), (ch.RUNAWAY_DEGC, kind.runaway_degc),
        (ch.VENT_TAU_S, kind.vent_tau_s), (ch.OCV, kind.ocv_v[0]), (ch.OCV + 10, kind.ocv_v[10]),
    ):  # fmt: skip
        assert kin[place] == value


def test_wrong_curves_and_orders_are_refused() -> None:
    with pytest.raises(ValueError, match="give 11"):
        replace(LCO, ocv_v=(3.0, 4.0))
    with pytest.raises(ValueError, match=r"give 0\.5 or 1"):
        replace(LCO, sei_order=2.0)


def test_separator_takes_heat_while_it_melts() -> None:
    state = at(NMC, 135.0)
    state[[cell.SEI, cell.ANODE]] = 0.0
    heat_j = sum(cell.react(state, 0, 300.0, 1.0, NMC.vector()) for _ in range(100))
    assert heat_j == pytest.approx(-2.332e5 * 68.44, rel=0.01)
    assert state[cell.SEPARATOR, 0] < 1e-3


def test_nothing_of_the_separator_melts_below_its_threshold() -> None:
    state = at(NMC, 119.9)
    cell.react(state, 0, 1e4, 1.0, NMC.vector())
    assert state[cell.SEPARATOR, 0] == 1.0


def test_anode_of_nmc_switches_at_260_degc() -> None:
    used = []
    for degc in (259.9, 260.1):
        state = at(NMC, degc)
        cell.react(state, 0, 1e-3, 1.0, NMC.vector())
        used.append(1.0 - float(state[cell.ANODE, 0]))
    assert used[1] / used[0] == pytest.approx(5.0 / 0.035, rel=0.01)


def test_sei_grows_again_with_the_anode() -> None:
    state = at(NMC, 250.0)
    cell.react(state, 0, 1.0, 1.0, NMC.vector())
    used = 1.0 - float(state[cell.ANODE, 0])
    assert used == pytest.approx(-math.expm1(-k(NMC.anode, 250.0) * math.exp(-0.15)), rel=1e-6)
    # At 250 degC it decomposes as fast as it grows: what is left is what the rates balance.
    assert state[cell.SEI, 0] == pytest.approx(5.0 * used / k(NMC.sei, 250.0), rel=0.01)


def test_half_order_sei_ends_at_a_finite_time() -> None:
    state = at(LCO_LIM1TR, 120.0)
    end_s = 2.0 / k(LCO_LIM1TR.sei, 120.0)
    cell.react(state, 0, 0.5 * end_s, 1.0, LCO_LIM1TR.vector())
    assert state[cell.SEI, 0] == pytest.approx(0.25, rel=1e-3)
    cell.react(state, 0, 0.6 * end_s, 1.0, LCO_LIM1TR.vector())
    assert state[cell.SEI, 0] == 0.0


def test_diffusion_holds_the_rate_of_a_hot_electrode() -> None:
    kin = LCO_LIM1TR.vector()
    hot = cell.rate_constant(kin, ch.CATHODE_R, 900.0)
    limit = 382.0 * math.exp(-2.9e4 / (8.314 * 1173.15))
    assert hot < limit
    assert hot == pytest.approx(limit, rel=0.02)


@pytest.mark.parametrize(("soc", "degc"), [(1.0, 147.1), (0.5, 147.1 + 57.9 * 0.5**2.05), (0.0, 205.0)])
def test_separator_of_lfp_holds_the_longer_the_emptier(soc: float, degc: float) -> None:
    kin = LFP.vector()
    told = []
    for away in (-0.1, 0.1):
        state = cell.fresh_cells(1, degc + away, soc, 1.0, LFP)
        state[cell.CONTENT] = soc
        told.append(cell.has_collapsed(state, 0, kin))
    assert told == [False, True]


def test_empty_cell_has_no_heat_of_its_electrodes() -> None:
    state = cell.fresh_cells(1, 300.0, 0.0, 1.0, LCO)
    heat_j = sum(cell.react(state, 0, 1.0, 1.0, LCO.vector()) for _ in range(600))
    least = 0.15 * LCO.sei.heat_j_per_m3 + LCO.electrolyte.heat_j_per_m3
    assert heat_j == pytest.approx(least, rel=1e-6)
    assert np.isfinite(state).all()


@pytest.mark.parametrize("kind", list(CHEMISTRIES.values()), ids=list(CHEMISTRIES))
def test_shares_of_the_gas_are_shares(kind: Chemistry) -> None:
    assert sum(kind.runaway_gas_shares) == pytest.approx(1.0)
    assert min(kind.runaway_gas_shares) >= 0.0
    assert 0.0 <= sum(kind.vent_gas_m3_per_ah) < kind.runaway_gas_m3_per_ah
