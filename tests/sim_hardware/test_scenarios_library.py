"""The library: every scenario stands on a checked site, names its sources and figures that exist, and plays its beginning."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from controller.site.loader import load as load_site
from controller.tools.check import main as check
from sim_hardware.drill.virtual import run_virtual
from sim_hardware.report.figures import figures
from sim_hardware.report.judge import judge
from sim_hardware.report.record import Record
from sim_hardware.scenarios import loader
from sim_hardware.scenarios.model import Scenario
from sim_hardware.scenarios.nuisances import NUISANCES, expand
from tests.soak.library import KNOWN

GUIDE = Path(__file__).parents[2] / "docs/scenarios.md"
BEGINNING_S = 60.0
AT_LEAST_S = 15.0
INCIDENTS = (
    "pangyo-2022",
    "nirs-daejeon-2025",
    "mcmicken-2019",
    "fsri-1",
    "fsri-2",
    "fsri-3",
    "ovh-2021",
    "sin11-2024",
)
OTHERS = (
    "server-cable-fire", "inert-gas-test", "slow-internal-short", "overcharge", "external-heating", "cooling-loss", "nail",
    "ordinary-day",
)  # fmt: skip


def test_the_library_is_there() -> None:
    assert {*INCIDENTS, *OTHERS} <= set(loader.names())


@pytest.mark.parametrize("name", sorted({loader.load(name).site for name in loader.names()}))
def test_every_site_of_the_library_passes_the_check(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(loader.SITES / name) == 0
    assert "no problems" in capsys.readouterr().out


@pytest.mark.parametrize("name", loader.names())
def test_every_scenario_names_sources_titles_and_figures_that_exist(name: str) -> None:
    scenario = loader.load(name)
    text = loader.find(name).read_text(encoding="utf-8")
    assert scenario.sources
    assert text.startswith("# ")
    assert any("가" <= letter <= "힣" for letter in scenario.title_ko)
    assert scenario.criteria or scenario.rows
    for criterion in scenario.criteria:
        assert criterion.title_ko
        assert any(bound is not None for bound in (criterion.at_least, criterion.at_most, criterion.equals))
    assert scenario.zone in {"", *load_site(loader.site_path(scenario)).zones}


@pytest.mark.parametrize("name", INCIDENTS)
def test_an_incident_marks_what_is_told_what_is_played_and_what_is_assumed(name: str) -> None:
    text = loader.find(name).read_text(encoding="utf-8")
    for word in ("# Told by the source", "# Played: ", "# Asked: "):
        assert word in text


@pytest.mark.parametrize("name", loader.names())
def test_a_scenario_says_what_is_assumed_and_cites_each_of_its_sources(name: str) -> None:
    text = loader.find(name).read_text(encoding="utf-8")
    assert "# Assumed: " in text
    told = " ".join(re.findall(r"\[([\d, ]+)\]", text.split("\nname = ")[0]))
    cited = {int(number) for number in re.findall(r"\d+", told)}
    sources = loader.load(name).sources
    assert cited == set(range(1, len(sources) + 1))
    assert [source for k, source in enumerate(sources, 1) if not source.startswith(f"[{k}] ")] == []


def hastened(scenario: Scenario) -> Scenario:
    """What starts later, starts within the beginning, so that every injection is played."""
    soon = tuple(replace(item, at_s=min(item.at_s, AT_LEAST_S)) for item in scenario.initiations)
    late = tuple(replace(item, at_s=min(item.at_s, AT_LEAST_S)) for item in scenario.inputs)
    return replace(scenario, initiations=soon, inputs=late)


@pytest.mark.parametrize("name", [name for name in loader.names() if not loader.load(name).rows])
def test_every_scenario_plays_its_beginning_and_can_be_judged(name: str) -> None:
    scenario = loader.load(name)
    site = load_site(loader.site_path(scenario))
    drawn = hastened(expand(scenario, site, scenario.seed))
    record: Record = run_virtual(site, drawn, scenario.seed, BEGINNING_S)
    assert record.duration_s >= BEGINNING_S - 1.0
    own = [criterion for criterion in scenario.criteria if "." not in criterion.metric]
    assert len(judge(own, figures(record))) == len(own)


def test_the_guide_names_every_scenario_and_every_class_of_nuisance_with_its_ranges() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    assert [name for name in loader.names() if f"`{name}`" not in guide] == []
    for name, kind in NUISANCES.items():
        spans = "; ".join(f"{what} {span.low:g} to {span.high:g}" for what, span in kind.ranges.items())
        assert f"| `{name}` | {kind.says} | {spans} |" in guide


def test_what_is_known_to_be_missed_is_asked_for_and_told_in_the_guide() -> None:
    guide = GUIDE.read_text(encoding="utf-8").split("## What is missed today")[1]
    assert re.findall(r"^- `([\w-]+)`", guide, re.MULTILINE) == [name for name, _ in KNOWN]
    for name, metric in KNOWN:
        assert metric in {criterion.metric for criterion in loader.load(name).criteria}
