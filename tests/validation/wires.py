"""A recording through the whole of Haechi: put on Modbus TCP by the simulator, read by the daemon, told by its journal.

Plant and daemon are processes of their own with one clock: plant tick 0 is the recording's first row, and it comes when both are up.
So a tick of the journal is a time of the recording: first row + tick / 1000.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from controller.cli.client import ClientError, ask
from controller.core import chain
from controller.core.events import Event
from controller.protocol import ScanStatus, StatusReply, StatusRequest
from controller.runtime import journalfile
from controller.site.loader import load
from sim_hardware.rehost import free_endpoints, rehost, write_site

START_S = (10.0, 30.0, 90.0)
"""Wall seconds from the start of the processes to plant tick 0, in which kernels are loaded and links come up; tried one after the
other, for a busy machine needs more."""
STOP_S = 10.0
LOOK_S = 0.2


class RunError(Exception):
    """The run cannot tell anything: a process failed, or was not up in time. The text shows the end of its log."""


@dataclass(frozen=True, slots=True)
class Run:
    """What the journal of a run told, `tick_ms` of the last scan, and what is wrong with the journal's chain.

    `scans` and `overruns` since the recording began.
    """

    events: tuple[Event, ...]
    tick_ms: int
    scans: int
    overruns: int
    chain_problems: tuple[str, ...]


class _LateError(Exception):
    """Not up before plant tick 0: the beginning of the recording would be missed."""


def play(recording: Path, mapping: Path, site_file: Path, lasts_s: float, speed: float, folder: Path) -> Run:
    """Play `lasts_s` plant seconds of a recording, `speed` times faster than it was, with all files in `folder`. Raises RunError."""
    for attempt, start_s in enumerate(START_S):
        place = folder / f"{attempt}"
        place.mkdir()
        with suppress(_LateError):
            return _play(recording, mapping, site_file, (lasts_s / speed, speed, start_s), place)
    raise RunError(f"plant and daemon were not up within {START_S[-1]:g} s{_logs(folder)}")


def _play(recording: Path, mapping: Path, site_file: Path, times: tuple[float, float, float], folder: Path) -> Run:
    wall_s, speed, start_s = times
    site = load(site_file)
    here = folder / "site.toml"
    write_site(rehost(site, free_endpoints(site)), here)
    epoch_ns = time.monotonic_ns() + int(start_s * 1e9)
    clock = ("--epoch-ns", str(epoch_ns), "--speed", str(speed))
    plant = ("sim_hardware.cli.main", "serve", here, "--recording", recording, "--mapping", mapping, *clock)
    daemon = (
        "controller.cli.main",
        "run",
        here,
        "--unverified",
        "--data",
        folder,
        "--socket",
        folder / "socket",
        *clock,
    )
    with _process("plant", plant, folder) as plant_process, _process("daemon", daemon, folder) as daemon_process:
        tick_ms, scans, overruns = _watch(folder, epoch_ns, wall_s, (plant_process, daemon_process))
    journal = folder / "journal.sqlite"
    events = tuple(chain.decode(row.record) for row in journalfile.rows(journal))
    return Run(events, tick_ms, scans, overruns, journalfile.verify(journal).problems)


def _watch(
    folder: Path, epoch_ns: int, wall_s: float, processes: Sequence[subprocess.Popen[bytes]]
) -> tuple[int, int, int]:
    """Wait until the recording is over; last tick, and scans and overruns since it began. Raises RunError, or _LateError."""
    while not _answers(folder / "socket"):
        _check_living(processes, folder)
        time.sleep(LOOK_S)
    if time.monotonic_ns() > epoch_ns:
        raise _LateError
    before = _sleep_until(epoch_ns, folder, processes)
    after = _sleep_until(epoch_ns + int(wall_s * 1e9), folder, processes)
    return after.tick_ms, after.scan - before.scan, after.overruns - before.overruns


def _sleep_until(wall_ns: int, folder: Path, processes: Sequence[subprocess.Popen[bytes]]) -> ScanStatus:
    """Sleep while all goes well; how the scans stand then. Raises RunError."""
    while time.monotonic_ns() < wall_ns:
        _check_living(processes, folder)
        time.sleep(LOOK_S)
    reply = ask(folder / "socket", StatusRequest())
    if not isinstance(reply, StatusReply):
        raise RunError(f"the daemon gave no status but {reply}")
    return reply.scans


def _answers(socket: Path) -> bool:
    """Whether the daemon is up: it opens its socket after its first scan."""
    try:
        ask(socket, StatusRequest())
    except ClientError:
        return False
    return True


def _check_living(processes: Sequence[subprocess.Popen[bytes]], folder: Path) -> None:
    if any(process.poll() is not None for process in processes):
        raise RunError(f"a process ended before the recording{_logs(folder)}")


@contextmanager
def _process(name: str, words: Sequence[str | Path], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A module of ours as a process, its output in `name`.log; ended, and waited for, in the end."""
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *map(str, words)], stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _logs(folder: Path) -> str:
    tails = (f"\n{log.name}: {log.read_text(errors='replace')[-600:]}" for log in sorted(folder.rglob("*.log")))
    return "".join(tails)
