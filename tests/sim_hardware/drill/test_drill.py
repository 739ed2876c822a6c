"""`haechi-sim drill` as it is called: exit codes, virtual time, and real sockets."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from controller.runtime.journalfile import rows, verify
from controller.tools.explain import explain, read
from sim_hardware.cli.main import main
from sim_hardware.drill import options
from sim_hardware.drill.virtual import run_virtual, truth_every_s
from tests.sim_hardware.drill import samples

CALM = f"""
name = "calm"
title = "A calm minute"
site = "{samples.HALL}"
duration_s = 15.0
[[criteria]]
metric = "highest"
title = "Highest stage"
equals = 0.0
"""
UNEASY = CALM.replace("equals = 0.0", "at_least = 1.0")
TABLE = (
    CALM.replace('name = "calm"', 'name = "table"').partition("[[criteria]]")[0]
    + """
[[rows]]
name = "smoke rises"
highest = "normal"
faults = [{ kind = "ramp", target = "smoke-1", param = 1.0, at_s = 1.0 }]
[[rows]]
name = "nothing"
highest = "normal"
faults = []
[[rows]]
name = "a deaf head"
highest = "fire"
reaches = "fire"
faults = []
[[rows]]
name = "an input that nobody heard"
highest = "normal"
tells = "hold on"
faults = [{ kind = "stuck", target = "hold", param = 0.0, at_s = 1.0 }]
[[rows]]
name = "an input that is heard"
highest = "normal"
tells = "hold on"
faults = [{ kind = "stuck", target = "hold", param = 1.0, at_s = 1.0 }]
"""
)


def drill(folder: Path, text: str, *arguments: str) -> int:
    """Write a scenario and drill it in virtual time."""
    file = folder / "scenario.toml"
    file.write_text(text, encoding="utf-8")
    return main(["drill", str(file), "--virtual", "--out", str(folder / "out"), *arguments])


def test_a_drill_in_virtual_time_that_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    timeline = tmp_path / "docs" / "timeline.svg"
    assert drill(tmp_path, CALM, "--json", "--timeline", str(timeline)) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["passed"]
    assert told["speed"] == 0.0
    assert told == json.loads((tmp_path / "out" / "calm" / "report.json").read_text(encoding="utf-8"))
    assert timeline.read_text(encoding="utf-8").startswith("<svg ")
    assert (tmp_path / "out" / "calm" / "report.html").is_file()


def test_a_drill_in_virtual_time_leaves_its_journal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where one on sockets leaves it, whole, and instead of what another left there; its last hash is the one that is printed."""
    stale = tmp_path / "out" / "calm" / "run" / "truth.ndjson"
    stale.parent.mkdir(parents=True)
    stale.touch()
    deaf = '[[faults]]\nkind = "stuck"\ntarget = "hold"\nparam = 1.0\nat_s = 1.0\n'
    assert drill(tmp_path, UNEASY + deaf) == 1
    said = capsys.readouterr().out
    journal = tmp_path / "out" / "calm" / "run" / "data" / "journal.sqlite"
    assert str(journal) in said.replace("\n", "")
    verdict = verify(journal)
    assert verdict.problems == ()
    assert f"journal {verdict.last_hash.hex()}" in said
    told = explain(read((row.seq, row.record, row.wall_time_utc) for row in rows(journal)), "hold")
    assert any("hold" in line for line in told)
    assert not stale.exists()


@pytest.mark.parametrize("step", ["0.5s", "60s", "fast", "nan"])
def test_a_step_that_cannot_be_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], step: str) -> None:
    assert drill(tmp_path, CALM, "--coarse", step) == 2
    assert f"--coarse {step}" in (said := capsys.readouterr().out)
    assert "remedy: 1s to 10s" in said


def test_coarse_steps_skip_scans_of_a_quiet_drill_and_need_virtual_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text(CALM, encoding="utf-8")
    words = [str(file), "--duration", "180"]
    assert options.parse([*words, "--virtual", "--coarse", "10s"]).step_s == 10.0
    assert main(["drill", *words, "--coarse", "10s"]) == 2
    assert "add --virtual" in capsys.readouterr().out
    calm = options.parse([*words, "--virtual"])
    coarse = run_virtual(calm.site, calm.scenario, 1, 180.0, step_s=10.0)
    assert coarse.scans < 1000  # of 1800: the first minute is fine
    assert len(coarse.truths) == 180


def test_a_year_keeps_no_more_truths_than_memory_holds() -> None:
    assert truth_every_s(3600.0) == 1.0
    assert truth_every_s(86400.0) == 10.0
    year_s = 365 * 86400.0
    assert year_s / truth_every_s(year_s) <= 20_000


def test_a_missed_criterion_is_exit_code_1_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert drill(tmp_path, UNEASY) == 1
    assert "MISSED: Highest stage" in capsys.readouterr().out


def test_a_table_names_the_row_that_went_too_far(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert drill(tmp_path, TABLE) == 1
    told = capsys.readouterr().out
    assert "MISSED: smoke rises: reached" in told
    assert "nothing: reached normal, may reach normal: passed" in told
    assert "a deaf head: reached normal, may reach fire: MISSED" in told
    assert "an input that nobody heard: reached normal, may reach normal: MISSED: never told: hold on" in told
    assert "an input that is heard: reached normal, may reach normal: passed" in told


def test_a_fault_from_the_command_line_reaches_the_plant(tmp_path: Path) -> None:
    assert drill(tmp_path, CALM, "--fault", "ramp:smoke-1:1@1") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere"], "no scenario 'nowhere'"),
        (["quiet", "--speed", "0"], "--speed 0"),
        (["quiet", "--fault", "gone"], "--fault 'gone'"),
        (["quiet", "--broker", "amqp://here:1"], "amqp is not spoken"),
        (["quiet", "--site", "/nowhere.toml"], "nowhere.toml"),
    ],
)
def test_what_cannot_be_is_exit_code_2(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drill", *arguments]) == 2
    assert says in capsys.readouterr().out.replace("\n", " ")


def test_an_unknown_figure_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert drill(tmp_path, CALM.replace('"highest"', '"colour"')) == 2
    assert "no figure 'colour'" in capsys.readouterr().out


@pytest.mark.feature("F32")
def test_a_fire_on_real_sockets_is_isolated_released_upon_proven_and_cooled(tmp_path: Path) -> None:
    """The whole chain over Modbus TCP and MQTT in one short drill; a loaded machine may be late, nothing else may go wrong."""
    file = Path(__file__).with_name("short-fire.toml")
    code = main(["drill", str(file), "--site", str(samples.HALL), "--no-live", "--out", str(tmp_path)])
    report = json.loads((tmp_path / "short-fire" / "report.json").read_text(encoding="utf-8"))
    missed = [check["metric"] for check in report["checks"] if not check["passed"]]
    assert (code, missed) in [(0, []), (1, ["scan_overruns_pct"])], report["checks"]
    stages = [event["what"] for event in report["events"] if event["kind"] == "stage" and event["subject"] == "hall"]
    assert stages == ["pre-activated", "activated", "releasing", "released"]
    at = {(event["subject"], event["what"]): event["tick_ms"] for event in reversed(report["events"])}
    assert at["rack-4", "isolate-proven"] < at["rack-4", "cool-allowed"] <= at["hall", "coolant-flowing"]
    assert at["hall", "releasing"] - at["hall", "activated"] >= 30_000
    assert {check["metric"] for check in report["checks"]} >= {"release_by_rule_3", "releases", "coolant_after_fire_s"}


def test_a_quiet_drill_on_real_sockets(tmp_path: Path) -> None:
    """Broker, plant and controller; no alarm, and the fixture of all tests sees that nothing is left running."""
    assert main(["drill", "quiet", "--duration", "20", "--no-live", "--out", str(tmp_path)]) in {0, 1}
    report = json.loads((tmp_path / "quiet" / "report.json").read_text(encoding="utf-8"))
    missed = [check["metric"] for check in report["checks"] if not check["passed"]]
    assert missed in ([], ["scan_overruns_pct"])  # a loaded machine may be late; nothing else may go wrong
    assert report["speed"] == 5.0
    assert report["duration_s"] >= 20.0
    assert any(e["kind"] == "availability" and e["what"] == "full" for e in report["events"])
    assert (tmp_path / "quiet" / "run" / "data" / "journal.sqlite").is_file()


def test_a_broker_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert main(["drill", "quiet", "--broker", f"mqtt://127.0.0.1:{port}", "--out", str(tmp_path)]) == 1
    assert f"no broker answers at 127.0.0.1:{port}" in capsys.readouterr().out.replace("\n", " ")
