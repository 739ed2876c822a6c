"""Cases and ends of runs for the tests of campaigns."""

from pathlib import Path

from controller.site.loader import load as load_site
from sim_hardware.campaign.model import Case, Outcome, cases_of
from sim_hardware.scenarios import loader

SPARK = Path(__file__).with_name("spark.toml")
"""Ten plant seconds; with the seed the first sign comes sooner or later."""


def case() -> Case:
    """The spark on its site."""
    scenario = loader.load(str(SPARK))
    return cases_of(str(SPARK), scenario, load_site(loader.site_path(scenario, SPARK.parent)))[0]


def outcome(
    seed: int, first_sign_s: float | None = 8.0, *, case: str = "spark", missed: tuple[int, ...] = (), **figures: float
) -> Outcome:
    """A run made by hand."""
    return Outcome(
        case=case, seed=seed, journal=f"{seed:064x}", missed=missed,
        figures={"first_sign_s": first_sign_s, "releases": 0.0, **figures}, infinite=(),
        plant_s=10.0, wall_s=0.2, cpu_s=0.1, peak_mib=200.0, code="code",
    )  # fmt: skip
