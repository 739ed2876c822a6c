"""`haechi-sim campaign` as it is called: seeds, what is refused and with which remedy."""

from __future__ import annotations

import importlib.util
import socket
from pathlib import Path

import pytest
from msgspec.structs import replace

from sim_hardware.campaign.digest import code_digest, scenario_digest
from sim_hardware.campaign.errors import CampaignError
from sim_hardware.campaign.model import Failed, Order, Outcome
from sim_hardware.campaign.options import parse, parse_seeds
from sim_hardware.campaign.run import run
from sim_hardware.campaign.store import Store
from sim_hardware.cli.main import main
from tests.sim_hardware.campaign import samples

SPARK = str(samples.SPARK)


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("7", (7,)), ("0:3", (0, 1, 2)), ("5,3:5,5,0", (5, 3, 4, 0)), ("1000:1001", (1000,))],
)
def test_seeds(text: str, seeds: tuple[int, ...]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "1:", ":5", "3:3", "-1", "-3:2", "0:99999999", "1,,2"])
def test_seeds_that_are_none(text: str) -> None:
    with pytest.raises(CampaignError, match="remedy"):
        parse_seeds(text)


def test_a_table_of_runs_is_a_case_a_row() -> None:
    campaign = parse(["false-alarm", SPARK, "--seeds", "0:2"])
    names = [case.name for case in campaign.cases]
    assert names[-1] == "spark"
    assert all(name.startswith("false-alarm/") for name in names[:-1])
    assert len(campaign.orders) == 2 * len(names) == len(set(campaign.orders))
    assert all(len(case.standards) == 1 for case in campaign.cases[:-1])


def test_comparisons_are_left_out_with_their_criteria() -> None:
    case = parse(["runaway"]).cases[0]
    assert case.scenario.comparisons == ()
    assert all("." not in standard.metric for standard in case.standards)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((SPARK, "--seeds", "5:5"), "--seeds"),
        ((SPARK, "--workers", "0"), "--workers"),
        ((SPARK, "--workers", "some"), "--workers"),
        ((SPARK, "--tries", "0"), "--tries"),
        ((SPARK, "--workers", "2", "--scheduler", "tcp://127.0.0.1:1"), "--scheduler"),
        ((SPARK, "--coarse", "11s"), "--coarse"),
        ((SPARK, "--duration", "0"), "--duration"),
        (("no-such-drill",), "no-such-drill"),
    ],
)
def test_what_cannot_be_is_told_with_its_remedy(
    words: tuple[str, ...], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["campaign", *words, "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().out
    assert told in said
    assert "remedy" in said
    assert list(tmp_path.iterdir()) == []


def test_faults_of_wires_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "wire.toml"
    text = samples.SPARK.read_text(encoding="utf-8").replace("../../../deploy/sites/", "")
    file.write_text(f'{text}\n[[faults]]\nkind = "tcp-cut"\ntarget = "bms"\n', encoding="utf-8")
    assert main(["campaign", str(file), "--out", str(tmp_path / "out")]) == 2
    assert "remedy" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("missing", "words"),
    [("distributed", ("--scheduler", "tcp://127.0.0.1:1")), ("pyarrow", ("--format", "parquet"))],
)
def test_a_library_that_is_not_installed_is_named_with_the_remedy(
    missing: str,
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else there(name))
    assert main(["campaign", SPARK, *words, "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().out
    assert words[0] in said
    assert "pip install 'haechi[sim,campaign]'" in said


def test_the_help_tells_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["campaign", "--help"])
    said = capsys.readouterr().out
    for word in ("--seeds", "--workers", "--scheduler", "--out", "--format", "--tries", "Exit code", "results.ndjson"):
        assert word in said


@pytest.mark.parametrize(("form", "files"), [("csv", 3), ("parquet", 3)])
def test_all_that_is_there_is_told_without_a_run(
    form: str, files: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store(tmp_path, (samples.case(),), code_digest()) as store:
        for seed in range(3):
            store.add(samples.outcome(seed))
    assert main(["campaign", SPARK, "--seeds", "0:3", "--format", form, "--out", str(tmp_path)]) == 0
    assert "PASSED" in capsys.readouterr().out
    assert len(list(tmp_path.glob(f"*.{form}"))) == files
    assert "합격" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_missed_criterion_is_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store(tmp_path, (samples.case(),), code_digest()) as store:
        store.add(samples.outcome(0))
        store.add(samples.outcome(1, 9.0, missed=(0,)))
    assert main(["campaign", SPARK, "--seeds", "0:2", "--out", str(tmp_path)]) == 1
    assert "1 of 2 missed a criterion" in capsys.readouterr().out


def test_results_of_other_code_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store(tmp_path, (samples.case(),), "of yesterday") as store:
        store.add(Failed(*Order("spark", 0), "lightning"))
    assert main(["campaign", SPARK, "--seeds", "0:2", "--out", str(tmp_path)]) == 2
    assert "of yesterday" in capsys.readouterr().out


def test_a_scheduler_that_does_not_answer_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as held:  # bound, but nobody listens
        held.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{held.getsockname()[1]}"
        assert main(["campaign", SPARK, "--seeds", "0:2", "--scheduler", address, "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().out
    assert address in said
    assert "remedy" in said


def test_quiet_life_is_run_for_as_long_and_as_coarsely_as_is_asked() -> None:
    fine, coarse = (parse([SPARK, *words]).cases[0] for words in ((), ("--coarse", "10s", "--duration", "30")))
    assert (fine.step_s, coarse.step_s) == (None, 10.0)
    assert coarse.scenario.duration_s == 30.0
    assert scenario_digest(replace(fine, step_s=5.0)) != scenario_digest(fine)
    ends = [run(replace(case, scenario=coarse.scenario), 1) for case in (coarse, replace(coarse, step_s=None))]
    assert all(isinstance(end, Outcome) and end.plant_s >= 29.0 for end in ends)
