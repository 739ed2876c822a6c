"""The checker of scenarios: what ships passes, and what is wrong is told before anything runs, with its place and a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.site.loader import load as load_site
from controller.site.model import Site
from sim_hardware.cli.main import main
from sim_hardware.scenarios import loader
from sim_hardware.scenarios.check import check, refuse
from sim_hardware.scenarios.kinds import USES
from sim_hardware.scenarios.model import MOST_SEED, Scenario

HALL = loader.SITES / "hall.toml"
HEAD = f'name = "broken"\ntitle = "x"\nsite = "{HALL}"\nduration_s = 60.0\n'
CELL = 'zone = "hall"\nat_s = 5.0\nrack = "rack-4"\n'

FORM = {
    "soc": ("[plant.hall]\nstart_soc = 7.0", "plant.hall.start_soc", "<= 1.0"),
    "capacity": ("[plant.hall]\ncapacity_ah = -3", "plant.hall.capacity_ah", ">= 0.1"),
    "volume": ("[plant.hall]\nvolume_m3 = -160.0", "plant.hall.volume_m3", ">= 1.0"),
    "nan": ("[plant.hall]\nwall_m2 = nan", "plant.hall.wall_m2", ">= 1.0"),
    "endless": (f'[[initiations]]\nkind = "heater"\n{CELL}power_w = inf', "initiations[0].power_w", "<= 1"),
    "before": (
        '[[initiations]]\nkind = "heat"\nzone = "hall"\nat_s = -1\npower_w = 9.0',
        "initiations[0].at_s",
        ">= 0",
    ),
    "kind": ('[[initiations]]\nkind = "dragon"\nzone = "hall"\nat_s = 1', "initiations[0].kind", "dragon"),
    "cycle": (
        '[[cycles]]\nat_s = 0\nzone = "hall"\nevery_s = 9\ndischarge_a = 1\ndischarge_s = 1\ncharge_a = 0',
        "cycles[0].charge_a",
        "> 0.0",
    ),
    "limit": ('[[criteria]]\nmetric = "alarms"\ntitle = "x"\nat_most = nan', "criteria[0].at_most", "float"),
    "seed": ("seed = -1", "seed", ">= 0"),
    "field": ('colour = "red"', "the file", "colour"),
}
"""Wrong by themselves: what is written, where it is told, and a word of what is told."""

FIT = {
    "chemistry": ('[plant.hall]\nchemistry = "nca"', "plant.hall.chemistry", "lfp"),
    "agent": ('[plant.hall]\nagent = "halon"', "plant.hall.agent", "ig-541"),
    "room": ("[plant.hal]\nstart_soc = 0.5", "plant.hal", "one of hall, server"),
    "water": ('[plant.hall]\nwater = "steam"', "plant.hall.water", "mist"),
    "cells-of-servers": ('[plant.server]\nchemistry = "lfp"', "plant.server.chemistry", "take it out"),
    "zone": ('[[initiations]]\nkind = "nail"\nzone = "hal"\nat_s = 5\nrack = "rack-4"', "initiations[0].zone", "hall"),
    "rack": ('[[initiations]]\nkind = "nail"\nzone = "hall"\nat_s = 5\nrack = "rack-44"', "initiations[0].rack", "rack-4"),
    "no-rack": ('[[initiations]]\nkind = "nail"\nzone = "hall"\nat_s = 5', "initiations[0].rack", "needs it"),
    "module": (f'[[initiations]]\nkind = "nail"\n{CELL}module = 99', "initiations[0].module", "from 0 to 7"),
    "place": ('[[initiations]]\nkind = "server-fire"\nzone = "server"\nat_s = 5\nplace = 900', "initiations[0].place", "from 0"),
    "power": (f'[[initiations]]\nkind = "heater"\n{CELL}', "initiations[0].power_w", "above 0"),
    "gas": ('[[initiations]]\nkind = "gas"\nzone = "hall"\nat_s = 5', "initiations[0]", "h2_l_per_s"),
    "ignored": (
        f'[[initiations]]\nkind = "internal-short"\n{CELL}power_w = 9.0\nduration_s = 3.0\nsmoke_g_per_s = 1.0',
        "initiations[0].smoke_g_per_s",
        "stored_fraction",
    ),
    "wrong-room": ('[[initiations]]\nkind = "server-fire"\nzone = "hall"\nat_s = 5', "initiations[0].zone", "battery room"),
    "load": ('[[load]]\nat_s = 0\nzone = "server"\ncurrent_a = 1.0', "load[0].zone", "one of hall"),
    "weather": ('[[ambient]]\nat_s = 0\nzone = "moon"\nmean_degc = 1.0', "ambient[0].zone", "one of hall"),
    "input": ('[[inputs]]\nat_s = 0\ninput = "smoke-1"', "inputs[0].input", "one of"),
    "nuisance": ('[[nuisances]]\nat_s = 0\nkind = "dragon"', "nuisances[0].kind", "lightning"),
    "nuisance-zone": ('[[nuisances]]\nat_s = 0\nkind = "steam-leak"\nzone = "hall"', "nuisances[0].zone", "server"),
    "fault": ('[[faults]]\nkind = "nan"\ntarget = "no-such"', "faults[0]", "one of"),
    "fault-index": ('[[faults]]\nkind = "nan"\ntarget = "smoke-1[x]"', "faults[0].target", "NAME[i]"),
    "fault-times": ('[[faults]]\nkind = "nan"\ntarget = "smoke-1"\nat_s = 9\nuntil_s = 3', "faults[0]", "until_s after"),
    "row": (
        '[[rows]]\nname = "a"\nhighest = "fire"\nfaults = [{kind = "none", target = "smoke-1"}]', "rows[0].faults[0]", "stuck"
    ),
    "act": ('[[acts]]\ncommand = { do = "ack", operator = "Kim", zone = "hal" }', "acts[0].command", "one of hall"),
    "act-kind": (
        '[[acts]]\nkind = "stge"\ncommand = { do = "ack", operator = "Kim", zone = "hall" }', "acts[0].kind", "stage"
    ),
    "vouch": (
        '[[acts]]\ncommand = { do = "confirm-isolated", operator = "Kim", rack = "rack-9" }', "acts[0].command", "rack-8"
    ),
    "metric": ('[[criteria]]\nmetric = "alarm"\ntitle = "x"\nat_most = 1', "criteria[0].metric", "alarms"),
    "metric-of-none": ('[[criteria]]\nmetric = "bare.alarms"\ntitle = "x"\nat_most = 1', "criteria[0].metric", "alarms"),
    "no-limit": ('[[criteria]]\nmetric = "alarms"\ntitle = "x"', "criteria[0]", "at_most"),
    "twins": (2 * '[[rows]]\nname = "a"\nhighest = "fire"\nfaults = []\n', "rows", "name of its own"),
}  # fmt: skip
"""Wrong on the hall."""


def _file(folder: Path, text: str) -> str:
    file = folder / "broken.toml"
    file.write_text(f"{HEAD}{text}\n", encoding="utf-8")
    return str(file)


def _told(error: loader.ScenarioError, path: str, word: str) -> None:
    lines = [line for line in str(error).splitlines() if line.split(": ")[1] == path]
    assert len(lines) == 1, str(error)
    assert word in lines[0]
    assert len(lines[0].split("; remedy: ")[1]) > len("or so")


@pytest.mark.parametrize("name", loader.names())
def test_every_scenario_that_ships_passes(name: str) -> None:
    scenario = loader.load(name)
    assert check(scenario, load_site(loader.site_path(scenario))) == ()


@pytest.mark.parametrize("case", FORM)
def test_what_is_wrong_by_itself_is_refused_when_it_is_read(case: str, tmp_path: Path) -> None:
    text, path, word = FORM[case]
    with pytest.raises(loader.ScenarioError) as caught:
        loader.load(_file(tmp_path, text))
    _told(caught.value, path, word)


@pytest.mark.parametrize("case", FIT)
def test_what_does_not_fit_the_site_is_refused(case: str, hall: Site, tmp_path: Path) -> None:
    text, path, word = FIT[case]
    scenario = loader.load(_file(tmp_path, text))
    with pytest.raises(loader.ScenarioError) as caught:
        refuse(scenario, hall)
    _told(caught.value, path, word)


def test_all_problems_are_told_at_once(hall: Site, tmp_path: Path) -> None:
    form = _file(tmp_path, FORM["soc"][0] + "\n" + FORM["endless"][0] + "\n" + FORM["limit"][0])
    with pytest.raises(loader.ScenarioError) as caught:
        loader.load(form)
    assert len(str(caught.value).splitlines()) == 3
    fit = _file(tmp_path, FIT["chemistry"][0] + "\n" + FIT["zone"][0] + "\n" + FIT["metric"][0])
    assert {problem.path for problem in check(loader.load(fit), hall)} == {
        "plant.hall.chemistry", "initiations[0].zone", "criteria[0].metric",
    }  # fmt: skip


def test_every_kind_of_initiation_has_its_fields() -> None:
    kinds = Scenario.__annotations__["initiations"].__args__[0].__annotations__["kind"].__args__
    assert set(USES) == set(kinds)


@pytest.mark.parametrize("command", [["drill", "--virtual"], ["drill"], ["campaign", "--seeds", "0:1000"]])
@pytest.mark.parametrize("case", ["zone", "metric"])
def test_nothing_runs_with_a_broken_scenario(
    command: list[str], case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main([command[0], _file(tmp_path, FIT[case][0]), *command[1:], "--out", str(out)]) == 2
    said = "".join(capsys.readouterr().out.split())
    assert FIT[case][1] in said
    assert "remedy" in said
    assert not out.exists()


def test_serve_refuses_a_broken_scenario(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", str(HALL), "--scenario", _file(tmp_path, FIT["rack"][0])]) == 2
    assert "initiations[0].rack" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["drill", "runaway", "--virtual", "--seed", "-1"], "--seed -1"),
        (["drill", "runaway", "--virtual", "--seed", str(10**30)], f"--seed {10**30}"),
        (["drill", "runaway", "--virtual", "--duration", "nan"], "--duration nan"),
        (["drill", "runaway", "--speed", "nan"], "--speed nan"),
        (["campaign", "runaway", "--seeds", f"0:{10**30}"], "--seeds"),
        (["campaign", "runaway", "--seeds", str(MOST_SEED + 1)], "--seeds"),
    ],
)
def test_numbers_that_cannot_be_are_refused_with_a_remedy(
    words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--out", str(tmp_path)]) == 2
    said = " ".join(capsys.readouterr().out.split())
    assert told in said
    assert "remedy" in said


@pytest.mark.parametrize("words", [["drill", "runaway", "--virtual"], ["campaign", "runaway"]])
def test_a_folder_below_a_file_is_refused_with_a_remedy(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.touch()
    assert main([*words, "--out", str(file / "below")]) == 2
    said = " ".join(capsys.readouterr().out.split())
    assert "is a file" in said
    assert "remedy: name a folder" in said
