"""Ceiling jet and element against their closed forms, evaluated a second way."""

import pytest

from sim_hardware.physics.heat_detector import STILL_AIR_M_PER_S, ceiling_jet, element_step
from tests.validation.ceiling_jet import element_error, jet_error


@pytest.mark.parametrize("power_w", [1e3, 2e4, 5e5])
@pytest.mark.parametrize("radius_m", [0.0, 0.3, 1.0, 4.0])
@pytest.mark.parametrize("height_m", [2.0, 3.0, 6.0])
def test_the_jet_is_the_closed_form(power_w: float, radius_m: float, height_m: float) -> None:
    assert jet_error(power_w, radius_m, height_m) < 1e-6


def test_many_steps_of_an_element_are_one_exponential() -> None:
    assert element_error() < 1e-6


def test_without_a_fire_an_element_follows_still_air() -> None:
    assert ceiling_jet(0.0, 1.0, 3.0, 20.0) == (0.0, 0.0)
    assert element_step(20.0, 30.0, 0.0, 30.0, 5.0) == element_step(20.0, 30.0, STILL_AIR_M_PER_S, 30.0, 5.0)
