"""Recordings of real runs over sockets, through `haechi replay`: the journal's own hash, twice; one flipped bit, another one."""

from __future__ import annotations

import shutil
import signal
import zlib
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pytest

from controller.cli.main import main
from controller.core.events import Event, Kind
from controller.core.state import Stage
from controller.runtime import recording as hrec
from controller.runtime.journalfile import verify
from sim_hardware.drill.journal import keep_journal
from tests.stand.look import hall, in_stage
from tests.stand.stand import Nursery, Stand, stand


@dataclass
class Run:
    """What a daemon has left, copied out of its stand."""

    folder: Path

    @property
    def site(self) -> Path:
        return self.folder / "site.toml"

    @property
    def journal(self) -> Path:
        return self.folder / "data" / "journal.sqlite"

    @property
    def recording(self) -> Path:
        return self.folder / "data" / "recording.hrec"

    def replay(self, file: Path | None = None) -> int:
        words = ["replay", str(file or self.recording), str(self.site), "--journal", str(self.journal), "--quiet"]
        return main(words)


@pytest.fixture(scope="module")
def runs(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """A release with sensors that move, killed in flooding; and what the next daemon made of it until it was stopped."""
    folder = tmp_path_factory.mktemp("runs")
    with stand(nursery, folder) as here:
        first = here.daemon()
        first.until(lambda status: hall(status).availability == "full")
        here.plant("fault", fault="ramp:heat-1:2", for_s=20.0)
        here.plant("input", head="call-point", value=True)
        first.until(in_stage(Stage.RELEASED))
        first.until(lambda status: status.storage.durable_seq == status.last_seq)
        first.stop(signal.SIGKILL)
        killed = keep(here, folder / "killed")
        second = here.daemon()
        second.until(in_stage(Stage.HOLD_TIME))
        assert second.stop() == 0
        stopped = keep(here, folder / "stopped")
    return killed, stopped


def keep(here: Stand, folder: Path) -> Run:
    folder.mkdir()
    shutil.copy(here.site, folder)
    shutil.copytree(here.data, folder / "data")
    return Run(folder)


def said_hash(printed: str) -> str:
    return printed.split("last hash ")[1].split(maxsplit=1)[0]


def test_a_replay_gives_the_journal_again_and_again(runs: tuple[Run, Run], capsys: pytest.CaptureFixture[str]) -> None:
    _, stopped = runs
    assert stopped.replay() == 0
    once = capsys.readouterr().out
    assert stopped.replay() == 0
    assert capsys.readouterr().out == once
    verdict = verify(stopped.journal)
    assert verdict.problems == ()
    assert said_hash(once) == verdict.last_hash.hex()  # to the very last entry, after a restart
    assert "never closed" not in once


def test_the_run_that_was_killed_replays_too_and_says_that_its_end_is_missing(
    runs: tuple[Run, Run], capsys: pytest.CaptureFixture[str]
) -> None:
    killed, stopped = runs
    assert killed.replay() == 0
    told = capsys.readouterr().out
    assert "never closed" in told
    compared = int(told.split(" entries equal")[0].rsplit("\n", 1)[-1])
    assert compared >= verify(killed.journal).entries - 1
    # In the ring of the next run it is the older file, a session of its own.
    assert stopped.replay(stopped.recording.with_name("recording.hrec.1")) == 0
    assert "never closed" in capsys.readouterr().out


@pytest.mark.parametrize("cut", [1, 8, 20, 60])
def test_a_torn_last_frame_is_the_end_and_is_told(
    runs: tuple[Run, Run], tmp_path: Path, capsys: pytest.CaptureFixture[str], cut: int
) -> None:
    _, stopped = runs
    torn = tmp_path / "recording.hrec"
    torn.write_bytes(stopped.recording.read_bytes()[:-cut])
    assert stopped.replay(torn) == 0
    told = capsys.readouterr().out
    assert f"{torn}: was never closed" in told
    assert "differs" not in told


# --- one flipped bit ------------------------------------------------------------------------------------------------


def flipped(source: Path, target: Path, scan_at: float, column: str, bit: int) -> None:
    """Copy a recording with one bit of one point turned over: in the scan at this share of the run, or the next that has points."""
    frames = list(hrec.read_frames(source))
    place = next(n for n in range(int(scan_at * len(frames)), len(frames)) if has_points(frames[n]))
    scan = msgspec.msgpack.decode(frames[place][1], type=hrec.Scan)
    raw = bytearray(zlib.decompress(scan.points))
    count = len(raw) // hrec._POINT_BYTES
    start = 0
    for name, kind in hrec._FIELDS:
        if name == column:
            raw[start + bit // 8] ^= 1 << bit % 8  # the first point that changed in this scan
            break
        start += count * np.dtype(kind).itemsize
    body = msgspec.msgpack.encode(msgspec.structs.replace(scan, points=zlib.compress(bytes(raw), 1)))
    frames[place] = (hrec.SCAN, body)
    target.write_bytes(hrec.MAGIC + b"".join(hrec.frame(kind, body) for kind, body in frames))


def has_points(frame: tuple[int, bytes]) -> bool:
    return frame[0] == hrec.SCAN and bool(msgspec.msgpack.decode(frame[1], type=hrec.Scan).points)


@pytest.mark.parametrize(
    ("column", "bit"), [("value", 0), ("value", 51), ("quality", 0), ("sample", 0), ("sample", 40), ("received_ms", 0)]
)
@pytest.mark.parametrize("scan_at", [0.0, 0.5, 0.95])
def test_one_flipped_bit_in_one_recorded_input_changes_the_hash(
    runs: tuple[Run, Run],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    column: str,
    bit: int,
    scan_at: float,
) -> None:
    _, stopped = runs
    forged = tmp_path / "recording.hrec"
    flipped(stopped.recording, forged, scan_at, column, bit)
    assert stopped.replay(forged) == 1
    told = capsys.readouterr().out
    assert said_hash(told) != verify(stopped.journal).last_hash.hex()
    assert "differs from" in told


def test_the_copy_without_a_flip_is_the_same_recording(runs: tuple[Run, Run], tmp_path: Path) -> None:
    _, stopped = runs
    copy = tmp_path / "recording.hrec"
    copy.write_bytes(hrec.MAGIC + b"".join(hrec.frame(*frame) for frame in hrec.read_frames(stopped.recording)))
    assert copy.read_bytes() == stopped.recording.read_bytes()
    assert stopped.replay(copy) == 0


def test_other_settings_over_a_daemons_recording_show_the_difference(
    runs: tuple[Run, Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    killed, _ = runs
    other = tmp_path / "jumpy.toml"
    other.write_text("[settings.heat]\nadvisory = 10.0\n")
    words = ["replay", str(killed.journal.with_name("recording.hrec")), str(killed.site)]
    assert main([*words, "--settings", str(other)]) == 0
    assert "new      heat-1: advisory" in capsys.readouterr().out
    assert main([*words, "--settings", str(other), "--json"]) == 0
    lines = [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]
    heat = [line for line in lines if line["head"] == "heat-1" and line["level"] == "advisory"]
    assert [line["settings"] for line in heat] == ["jumpy.toml"]
    assert main(["replay", str(killed.journal), str(killed.site), "--quiet"]) == 0, "the journal names its recording"
    assert main(["replay", str(killed.recording)]) == 2
    assert "name its site file" in capsys.readouterr().err


def test_settings_that_are_not_there_are_told_with_a_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is read: the recording need not be one."""
    recording = tmp_path / "recording.hrec"
    recording.write_bytes(hrec.MAGIC)
    words = ["replay", str(recording), str(tmp_path / "site.toml"), "--settings", str(tmp_path / "nofile.toml")]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "nofile.toml: no such file; remedy: " in said
    assert "Errno" not in said


def test_a_journal_without_a_recording_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a drill in virtual time leaves it."""
    events = [Event(1, 100, Kind.START, "", "rig", "fresh")]
    journal = keep_journal(events, tmp_path, 100)
    assert main(["replay", str(journal), str(tmp_path / "no-site.toml")]) == 2
    said = capsys.readouterr().err
    assert "a journal without a recording beside it (recording.hrec), as a drill in virtual time leaves it" in said
    assert "remedy: run the drill on sockets" in said
