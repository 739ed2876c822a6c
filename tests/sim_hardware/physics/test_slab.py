"""Cells resolved through their thickness: the published three-cell case, and conduction against its closed form."""

import math

import numpy as np
import pytest

from sim_hardware.physics.kinetics import ONE_STEP
from sim_hardware.physics.slab import Layer, Slab
from tests.validation.propagation import REFERENCE_PEAK_K, REFERENCE_S, run


def test_three_cells_ignite_and_peak_as_published() -> None:
    seen = run()
    assert seen.ignited_s == pytest.approx(REFERENCE_S, rel=0.02, abs=0.11)
    assert seen.peak_k == pytest.approx(REFERENCE_PEAK_K, rel=0.005)
    assert seen.lost_share < 1e-9


def test_two_plates_even_out_through_their_contact() -> None:
    plates = [
        Layer(1e-3, 1e4, 2e6, 100.0, 1, reacts=False),
        Layer(1e-3, 1e4, 2e6, 20.0, 1, reacts=False, contact_m2k_per_w=0.01),
    ]
    slab = Slab(plates, ONE_STEP, 0.0, 0.0, 20.0)
    slab.advance(20_000, 1e-3)
    apart = 80.0 * math.exp(-20.0 * 2.0 / (0.01 * 2e6 * 1e-3))
    assert slab.means_degc == pytest.approx([60.0 + apart / 2, 60.0 - apart / 2], rel=1e-3)


def test_face_held_hot_warms_the_slab_as_the_series_says() -> None:
    thick_m, w_per_m_k, j_per_m3_k = 0.02, 0.5, 2e6
    held = Layer(1.0, 1e9, 1e12, 100.0, 1, reacts=False)
    slab = Slab([held, Layer(thick_m, w_per_m_k, j_per_m3_k, 0.0, 80, reacts=False)], ONE_STEP, 0.0, 0.0, 0.0)
    slab.advance(4000, 0.05)
    fourier = w_per_m_k / j_per_m3_k * 200.0 / thick_m**2
    odd = (2 * np.arange(20) + 1) * math.pi / 2
    mean = 100.0 * (1.0 - float((2.0 / odd**2 * np.exp(-(odd**2) * fourier)).sum()))
    assert slab.means_degc[1] == pytest.approx(mean, rel=2e-3)
