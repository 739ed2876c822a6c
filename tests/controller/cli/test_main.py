"""The command line in front of a real control socket, and what it says when there is none."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from controller.cli import client
from controller.cli.client import socket_path
from controller.cli.main import main
from controller.core.commands import Acknowledge, ConfirmIsolated, HandOver, Occupied
from controller.core.events import Evidence, Feature, Kind
from controller.core.state import Isolation, Stage
from controller.core.status import CoreStatus, HeadStatus, OutputStatus, RackStatus, TroubleStatus, ZoneStatus
from controller.core.troubles import TRIPS, Severity
from controller.protocol import EventEntry, StatusReply
from controller.runtime.control import ControlServer
from controller.runtime.supervision import Supervision
from controller.texts import TEXTS, text
from tests.controller.runtime.fakes import event
from tests.controller.runtime.test_control import FakeDaemon, status_of

EVIDENCE = Evidence("heat-1", Feature.HIGH, "heat[0]", 90.0, 58.0)


class Hall(FakeDaemon):
    """A hall in which a rack burns."""

    def status(self, *, cells: bool) -> StatusReply:
        base = super().status(cells=False)
        racks = (
            RackStatus("rack-1", 412.5, "proven", True, True, (20.0, None, 412.5) if cells else ()),
            RackStatus("rack-2", None, "none", False, False),
        )
        zone = ZoneStatus(
            "hall", "Battery hall", "배터리실", "activated", 0, 65_000, "automatic", ("isolate", "extinguish"), ("damper open",),
            "degraded: heat-2 in fault", True, False, False, 0, (HeadStatus("heat-1", "alarm", "alarm", 0, EVIDENCE),), racks,
        )  # fmt: skip
        core = CoreStatus(
            7, 60_000, "direct", (zone,),
            (OutputStatus("damper-1", "hall", True, "confirming", 0), OutputStatus("fan", "hall", False, "settled", 0)),
            (TroubleStatus("device_lost", "bms-3", 50_000, "trouble", "Check it.", "확인하십시오."),), (),
        )  # fmt: skip
        return msgspec.structs.replace(base, core=core)


class Bench:
    def __init__(self, path: Path) -> None:
        self.path, self.daemon = path, Hall()

    async def call(self, *words: str) -> int:
        return await asyncio.to_thread(main, [*words, "--socket", str(self.path)])


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path / "haechi.sock")
    listening = asyncio.Event()
    task = asyncio.create_task(ControlServer(bench.path, bench.daemon, Supervision()).run(listening.set))
    await listening.wait()
    yield bench
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_status_tells_stage_countdown_evidence_racks_and_troubles(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await bench.call("status", "--cells") == 0
    said = capsys.readouterr().out
    for part in (
        "PRE-WARNING: leave the room, 5 s",
        "[occupied: manual only]",
        "[NOT ACKNOWLEDGED]",
        "automatic release degraded: heat-2 in fault",
        "held back by: damper open",
        "heat-1: ALARM: 90 at heat[0], at or above 58 [weight 1]",
        "rack-1 412.5 degC (isolated, RUNAWAY, cool)",
        "rack-2 no sensor",
        "outputs on: damper-1 (confirming)",
        "bms-3: device does not answer (10 s)",
        "Check it.",
    ):
        assert part in said
    assert "fan" not in said
    assert "412*" in said
    assert "  --" in said


async def test_status_speaks_korean(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert await bench.call("status", "--language", "ko") == 0
    said = capsys.readouterr().out
    for part in ("배터리실", "방출 예고: 즉시 대피", "장치 응답 없음", "확인하십시오."):
        assert part in said


async def test_status_as_json_is_the_message_itself(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert await bench.call("status", "--json") == 0
    reply = msgspec.json.decode(capsys.readouterr().out, type=StatusReply)
    assert reply.core.zones[0].stage == "activated"


async def test_events_are_told_page_by_page_with_their_reasons(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.daemon.log.add(1, [event(scan) for scan in range(1, 450)])
    bench.daemon.log.add(
        450, [msgspec.structs.replace(event(1, "alarm", Kind.LEVEL), evidence=(EVIDENCE,), operator="Kim")]
    )
    assert await bench.call("events", "--since", "2") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 448 + 1
    assert lines[0].split()[0] == "3"
    assert "lamp went to ALARM.  said by Kim" in lines[-2]
    assert "heat-1: 90 at heat[0], at or above 58 [weight 1]" in lines[-1]
    assert await bench.call("events", "--since", "449", "--json") == 0
    assert msgspec.json.decode(capsys.readouterr().out, type=EventEntry).seq == 450


async def test_watch_tells_events_as_they_come_until_the_daemon_goes(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.daemon.log.add(1, [event(1, "first")])
    watching = asyncio.create_task(bench.call("watch", "--every", "0.1"))
    await asyncio.sleep(0.3)
    bench.daemon.log.add(2, [event(2, "second")])
    await asyncio.sleep(0.3)
    for served in asyncio.all_tasks():
        if "ControlServer._serve" in repr(served):
            served.cancel()
    assert await watching == 1
    said = capsys.readouterr()
    assert said.out.count("first") == 1
    assert said.out.count("second") == 1
    assert "closed the connection" in said.err


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (("ack", "hall"), Acknowledge(operator="Kim", zone="hall")),
        (("occupied", "hall", "yes"), Occupied(operator="Kim", zone="hall", occupied=True)),
        (("occupied", "hall", "no"), Occupied(operator="Kim", zone="hall", occupied=False)),
        (("confirm-isolated", "rack-1"), ConfirmIsolated(operator="Kim", rack="rack-1")),
        (("hand-over", "hall"), HandOver(operator="Kim", zone="hall")),
    ],
)
async def test_an_operator_says_commands(bench: Bench, words: tuple[str, ...], command: object) -> None:
    assert await bench.call(*words, "--operator", "Kim") == 0
    assert bench.daemon.asked == [command]


async def test_a_refusal_is_told_with_its_reason(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.daemon.answer = event(1, "reset", Kind.REFUSED, "stage is releasing")
    assert await bench.call("reset", "hall", "--operator", "Kim") == 1
    assert "refused: stage is releasing" in capsys.readouterr().err


async def test_nobody_says_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.delenv("USER", raising=False)
    assert await bench.call("ack", "hall") == 2
    assert "--operator" in capsys.readouterr().err
    assert bench.daemon.asked == []
    monkeypatch.setenv("USER", "lee")
    assert await bench.call("ack", "hall") == 0
    assert bench.daemon.asked == [Acknowledge(operator="lee", zone="hall")]


async def test_root_is_nobody_and_the_person_behind_sudo_is_named(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("USER", "root")
    for behind in ("", "root"):
        monkeypatch.setenv("SUDO_USER", behind)
        assert await bench.call("occupied", "hall", "no") == 2
        assert "--operator" in capsys.readouterr().err
    assert bench.daemon.asked == []
    monkeypatch.setenv("SUDO_USER", "lee")
    assert await bench.call("ack", "hall") == 0
    assert await bench.call("ack", "hall", "--operator", "root") == 0
    assert bench.daemon.asked == [Acknowledge(operator=name, zone="hall") for name in ("lee", "root")]


def test_without_a_daemon_the_error_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["status"], ["events"], ["watch"], ["ack", "hall", "--operator", "Kim"]):
        assert main([*words, "--socket", str(tmp_path / "none")]) == 1
        assert "start one with `haechi run SITE`" in capsys.readouterr().err


def test_the_socket_is_found_in_its_usual_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HAECHI_SOCKET", raising=False)
    monkeypatch.chdir(tmp_path)
    assert socket_path(None) == Path("haechi-data/haechi.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("service.sock")
        monkeypatch.setattr(client, "SOCKETS", (Path("haechi-data/haechi.sock"), tmp_path / "service.sock"))
        assert socket_path(None) == tmp_path / "service.sock"
    monkeypatch.setenv("HAECHI_SOCKET", "/named")
    assert socket_path(None) == Path("/named")
    assert socket_path(Path("given")) == Path("given")


def test_no_command_of_the_command_line_releases(capsys: pytest.CaptureFixture[str]) -> None:
    for word in ("release", "extinguish", "discharge", "fire", "activate"):
        with pytest.raises(SystemExit) as wrong:
            main([word, "hall", "--operator", "Kim"])
        assert wrong.value.code == 2
    capsys.readouterr()


def test_journal_and_recording_that_are_not_there_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "verify", str(tmp_path / "x")]) == 2
    assert main(["replay", str(tmp_path / "x"), str(tmp_path / "y")]) == 2
    said = capsys.readouterr().err
    assert "no such file; remedy" in said
    assert f"No such file or directory: '{tmp_path / 'x'}'; remedy" in said


def test_everything_that_people_read_has_a_name_in_both_languages() -> None:
    ids = [*Stage, *Isolation, *Severity, *TRIPS, "isolate", "extinguish", "cool", "hand-over", "guard", "watch"]
    for key in map(str, ids):
        assert key in TEXTS, key
        assert all(TEXTS[key])
    assert (text("alarm"), text("alarm", "ko"), text("who knows")) == ("ALARM", "화재경보", "who knows")


def test_status_of_the_fake_has_what_the_protocol_wants() -> None:
    assert status_of(1, cells=True).core.zones[0].racks[0].cells_degc
