import numpy as np
import pytest

from sim_hardware.physics.flammable import LOWER_LIMIT, is_flammable, lower_limit_of, lower_limit_share
from sim_hardware.physics.gas import CO, CO2, H2, SPECIES, THC
from sim_hardware.physics.kinetics import CHEMISTRIES


def air(**fractions: float) -> np.ndarray:
    species = {"h2": H2, "co": CO, "co2": CO2, "thc": THC}
    gas = np.zeros(SPECIES)
    for name, fraction in fractions.items():
        gas[species[name]] = fraction
    return gas


def test_a_single_gas_has_its_own_limit() -> None:
    assert lower_limit_share(air(h2=0.04), 25.0) == pytest.approx(1.0)
    assert lower_limit_share(air(h2=0.01), 25.0) == pytest.approx(0.25)
    assert lower_limit_share(air(co2=0.5), 25.0) == 0.0


def test_half_the_limit_of_each_of_two_gases_is_the_limit() -> None:
    assert lower_limit_share(air(h2=0.5 * LOWER_LIMIT[H2], co=0.5 * LOWER_LIMIT[CO]), 25.0) == pytest.approx(1.0)


def test_the_gas_of_a_runaway_burns_above_6_to_10_percent() -> None:
    shares = np.array(CHEMISTRIES["nmc"].runaway_gas_shares)
    assert 0.06 < lower_limit_of(shares) < 0.10
    assert lower_limit_of(shares, 200.0) < 0.9 * lower_limit_of(shares)


def test_too_rich_too_lean_and_without_oxygen_it_does_not_burn() -> None:
    assert not is_flammable(air(h2=0.03), 0.20, 25.0)
    assert is_flammable(air(h2=0.10), 0.19, 25.0)
    assert not is_flammable(air(h2=0.80), 0.04, 25.0)
    assert not is_flammable(air(h2=0.10), 0.04, 25.0)


def test_agent_that_leaves_oxygen_enough_does_not_stop_hydrogen_from_burning() -> None:
    left_by_ig_541 = 0.129
    assert is_flammable(air(h2=0.08), left_by_ig_541, 25.0)
    assert not is_flammable(air(thc=0.05), 0.105, 25.0)
