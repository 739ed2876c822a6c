"""What tests of the simulated plant share: the site that ships with Haechi."""

from pathlib import Path

import pytest

from controller.site.loader import load
from controller.site.model import Site
from sim_hardware.devices.plant import Plant

HALL = Path(__file__).parents[2] / "deploy" / "sites" / "hall.toml"


@pytest.fixture(scope="session")
def hall() -> Site:
    return load(HALL)


@pytest.fixture
def plant(hall: Site) -> Plant:
    return Plant(hall, seed=1)
