from __future__ import annotations

from pathlib import Path

import pytest

from controller.core.commands import ConfirmIsolated
from controller.core.events import Event, Kind
from controller.site.loader import load as load_site
from controller.site.model import Site
from sim_hardware.cli.main import main
from sim_hardware.devices.plant import Plant
from sim_hardware.scenarios import loader
from sim_hardware.scenarios.model import Act, Criterion
from sim_hardware.scenarios.people import People


@pytest.mark.parametrize("name", loader.names())
def test_every_scenario_fits_its_site(name: str) -> None:
    scenario = loader.load(name)
    assert scenario.name == name
    assert scenario.title_ko
    site = load_site(loader.site_path(scenario))
    plant = Plant(site, scenario.seed, scenario)
    for row in scenario.rows:
        for fault in row.faults:
            plant.add_fault(fault)


def test_the_false_alarm_table_has_every_kind_of_head_and_device(hall: Site) -> None:
    scenario = loader.load("false-alarm")
    targets = {(fault.kind, fault.target.partition("[")[0]) for row in scenario.rows for fault in row.faults}
    heads = Plant(hall, 1).layout.heads
    families = {head.head.family for head in heads}
    for kind in ("stuck", "spike"):
        assert {head.head.family for head in heads if (kind, head.name) in targets} == families
    assert {"ramp", "nan", "bms-lies", "device-dead", "device-late"} <= {kind for kind, _ in targets}
    assert all(row.highest not in {"activated", "released"} for row in scenario.rows)


def test_an_unknown_scenario_and_a_faulty_file_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(loader.ScenarioError, match="runaway"):
        loader.load("no-such")
    broken = tmp_path / "broken.toml"
    broken.write_text('name = "x"\ntitle = "x"\nsite = "hall.toml"\nduration_s = 1.0\ncolour = "red"\n')
    with pytest.raises(loader.ScenarioError, match="colour"):
        loader.load(str(broken))


def test_people_answer_after_their_reaction_time_and_once() -> None:
    command = ConfirmIsolated(operator="Kim", rack="rack-4")
    people = People([Act(command=command, kind="request", what="confirm-isolated", subject="rack-4", after_s=40.0)])
    asked = Event(10, 1_000, Kind.REQUEST, "hall", "rack-4", "confirm-isolated")
    people.hear([Event(9, 900, Kind.REQUEST, "hall", "rack-5", "confirm-isolated")])
    assert people.say(60_000) == ()
    people.hear([asked, asked])
    assert people.say(40_900) == ()
    assert people.say(41_000) == (command,)
    people.hear([asked])
    assert people.say(99_000) == ()


def test_a_criterion_wants_a_figure_within_its_bounds() -> None:
    criterion = Criterion(metric="x", title="x", at_least=1.0, at_most=2.0)
    assert [criterion.met(value) for value in (0.9, 1.0, 2.0, 2.1, None, float("nan"))] == [False, True, True] + [
        False
    ] * 3
    assert Criterion(metric="x", title="x", equals=0.0).met(0.0)


def test_the_command_line_lists_and_refuses(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["scenarios"]) == 0
    assert main(["faults"]) == 0
    said = capsys.readouterr().out
    assert "runaway" in said
    assert "bms-lies" in said
    site = str(loader.SITES / "hall.toml")
    for words in (
        ["serve", site, "--fault", "nan:no-such-head"],
        ["serve", site, "--speed", "0"],
        ["serve", site, "--scenario", "no-such"],
        ["serve", str(tmp_path / "none.toml")],
    ):
        assert main(words) == 2
        assert "haechi-sim: " in capsys.readouterr().err
