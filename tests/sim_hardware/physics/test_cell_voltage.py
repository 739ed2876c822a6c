"""Terminal voltage of every chemistry: load, internal short, collapse."""

import numpy as np
import pytest

from sim_hardware.physics import cell
from sim_hardware.physics.chemistry import Chemistry
from sim_hardware.physics.kinetics import CHEMISTRIES, LCO, LFP
from sim_hardware.physics.voltage import open_circuit_v, terminal_voltages

KINDS = list(CHEMISTRIES.values())
RESISTANCE_OHM = 0.6e-3


def voltage(
    kind: Chemistry, *, soc: float = 0.5, amps: float = 0.0, short_w: float = 0.0, collapse: float = 0.0
) -> float:
    state = cell.fresh_cells(1, 25.0, soc, 1e-3, kind)
    state[cell.COLLAPSE] = collapse
    out = np.zeros(1)
    resistance = np.array([RESISTANCE_OHM])
    terminal_voltages(state, amps, np.array([short_w]), resistance, kind.vector(), out)
    return float(out[0])


@pytest.mark.parametrize("kind", KINDS, ids=list(CHEMISTRIES))
def test_at_rest_it_is_the_curve_of_the_chemistry_and_rises_with_charge(kind: Chemistry) -> None:
    at_rest = [voltage(kind, soc=k / 10) for k in range(11)]
    assert at_rest == pytest.approx(kind.ocv_v)
    assert at_rest == sorted(at_rest)
    assert open_circuit_v(0.55, kind.vector()) == pytest.approx(0.5 * (kind.ocv_v[5] + kind.ocv_v[6]))


def test_load_and_internal_short_pull_it_down_and_charging_lifts_it() -> None:
    rest = voltage(LCO)
    assert voltage(LCO, amps=100.0) - rest == pytest.approx(100.0 * RESISTANCE_OHM)
    assert rest - voltage(LCO, amps=-100.0) == pytest.approx(100.0 * RESISTANCE_OHM)
    assert rest - voltage(LCO, short_w=1000.0) == pytest.approx(1000.0 / rest * RESISTANCE_OHM)


def test_collapse_takes_it_to_nothing() -> None:
    assert voltage(LCO, collapse=0.5) == pytest.approx(0.5 * voltage(LCO))
    assert voltage(LCO, collapse=1.0) == 0.0


def test_lfp_is_flat_where_lco_is_not() -> None:
    flat, steep = (voltage(kind, soc=0.8) - voltage(kind, soc=0.3) for kind in (LFP, LCO))
    assert flat < 0.1
    assert steep > 0.3


def test_voltage_is_gone_seconds_after_the_separator() -> None:
    kin = LCO.vector()
    state = cell.fresh_cells(1, LCO.collapse_degc, 1.0, 1e-3, LCO)
    for _ in range(10):
        cell.drain_collapsed(state, 0, 0.5, 1e5, kin)
    assert state[cell.COLLAPSE, 0] > 0.95
