from __future__ import annotations

import argparse
import errno
import gc
import os
import re
import resource
import shlex
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from controller.cli.main import main
from controller.runtime.realtime import RealTime, Refusal, ask_machine, settle_memory
from tests.controller.runtime.plantlet import Daemon, plantlet

SYSTEMD = Path(__file__).parents[3] / "deploy" / "systemd"
CORE = min(os.sched_getaffinity(0))
ASKED = f"import sys; sys.argv += ['--fifo', '50', '--core', '{CORE}', '--lock-memory']\n"
NO_RIGHTS = (
    ASKED
    + """
import ctypes, resource
resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
resource.setrlimit(resource.RLIMIT_MEMLOCK, (1 << 20, 1 << 20))
header, nothing = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
assert ctypes.CDLL(None).capset(header, nothing) == 0
"""
)
"""What a unit without realtime.conf gives: no capability, no real-time priority, a finite limit of locked memory (capset(2))."""


def said(daemon: Daemon, event: str) -> list[dict[str, object]]:
    return [entry for entry in daemon.log if entry.get("event") == event]


def threads_of(pid: int) -> list[int]:
    return [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()]


def priority_of(thread: int) -> int:
    """The real-time priority, 0 for none; that of a real-time thread must not go on to what it starts."""
    policy = os.sched_getscheduler(thread)
    assert policy in {os.SCHED_OTHER, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK}
    return os.sched_getparam(thread).sched_priority


def locked_kib(pid: int) -> int:
    return int(re.findall(r"VmLck:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[0])


async def test_refused_by_the_machine_the_daemon_says_the_remedy_and_protects(tmp_path: Path) -> None:
    async with plantlet(tmp_path) as plant, plant.daemon(before=NO_RIGHTS) as daemon:
        await daemon.ready()
        refused = {str(entry["wanted"]): entry for entry in said(daemon, "realtime_refused")}
        assert set(refused) == {"fifo 50", "locked memory"}
        assert "LimitRTPRIO=50" in str(refused["fifo 50"]["remedy"])
        assert "LimitMEMLOCK=infinity" in str(refused["locked memory"]["remedy"])
        assert all(entry["level"] == "warning" for entry in refused.values())
        assert [entry["granted"] for entry in said(daemon, "realtime")] == [[f"core {CORE}"]]
        before = await daemon.status()
        await daemon.until_status(lambda status: status.core.scan > before.core.scan + 5)
        assert os.sched_getscheduler(daemon.process.pid) == os.SCHED_OTHER
        plant.modules.heat[0] = 900
        await daemon.until_status(lambda status: any(h.latched == "alarm" for z in status.core.zones for h in z.heads))
        assert await daemon.stop() == 0


async def test_what_the_machine_grants_is_in_force_and_what_it_does_not_is_told(tmp_path: Path) -> None:
    async with plantlet(tmp_path) as plant, plant.daemon(before=ASKED) as daemon:
        await daemon.ready()
        pid = daemon.process.pid
        threads = threads_of(pid)
        (granted,) = [entry["granted"] for entry in said(daemon, "realtime")]
        assert isinstance(granted, list)
        refused = [entry["wanted"] for entry in said(daemon, "realtime_refused")]
        assert sorted([*granted, *refused]) == sorted(["locked memory", f"core {CORE}", "fifo 50"])
        # The loop, below it journal, recorder and log; threads of libraries, which never hold the interpreter's lock, stay as they are.
        assert sorted(priority for priority in map(priority_of, threads) if priority) == (
            [49, 49, 49, 50] if "fifo 50" in granted else []
        )
        assert priority_of(pid) == (50 if "fifo 50" in granted else 0)
        assert os.sched_getaffinity(pid) == {CORE}
        assert all(os.sched_getaffinity(thread) == os.sched_getaffinity(0) for thread in threads if thread != pid)
        assert (locked_kib(pid) > 10_000) == ("locked memory" in granted)
        before = await daemon.status()
        await daemon.until_status(lambda status: status.core.scan > before.core.scan + 5)
        assert await daemon.stop() == 0


async def test_nothing_is_asked_for_by_default(tmp_path: Path) -> None:
    assert ask_machine(RealTime()) == ((), ())
    async with plantlet(tmp_path) as plant, plant.daemon() as daemon:
        await daemon.ready()
        assert os.sched_getscheduler(daemon.process.pid) == os.SCHED_OTHER
        assert os.sched_getaffinity(daemon.process.pid) == os.sched_getaffinity(0)
        assert not said(daemon, "realtime") + said(daemon, "realtime_refused")
        assert await daemon.stop() == 0


@pytest.mark.parametrize("core", [100_000, -1])
def test_a_core_that_is_not_there_is_refused_with_those_that_are(core: int) -> None:
    before = os.sched_getaffinity(0)
    granted, (refusal,) = ask_machine(RealTime(core=core))
    assert granted == ()
    assert refusal.wanted == f"core {core}"
    assert str(sorted(before)) in refusal.remedy
    assert os.sched_getaffinity(0) == before


def test_one_refusal_does_not_keep_the_others_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_given: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    pinned: list[set[int]] = []
    monkeypatch.setattr("resource.setrlimit", deny)
    monkeypatch.setattr(os, "sched_setscheduler", deny)
    monkeypatch.setattr(os, "sched_setaffinity", lambda _pid, cores: pinned.append(cores))
    granted, refused = ask_machine(RealTime(fifo=7, core=3, lock_memory=True))
    why = "[Errno 1] Operation not permitted"
    assert granted == ("core 3",)
    assert pinned == [{3}]
    assert refused == (
        Refusal("locked memory", why, "LimitMEMLOCK=infinity in the unit file"),
        Refusal("fifo 7", why, "LimitRTPRIO=7 and no RestrictRealtime= in the unit file"),
    )


@pytest.mark.parametrize(
    ("hard", "lowered_to"), [(1 << 33, 0), (resource.RLIM_INFINITY, resource.RLIM_INFINITY)], ids=["finite", "none"]
)
def test_memory_is_never_locked_under_a_limit_that_later_allocations_could_meet(
    monkeypatch: pytest.MonkeyPatch, hard: int, lowered_to: int
) -> None:
    limits = [(4096, hard)]

    class Libc:
        """The kernel of a process without CAP_IPC_LOCK (mlock(2)): nothing at all under a limit of 0, else within it."""

        @staticmethod
        def mlockall(flags: int) -> int:
            assert flags == 3
            return -1 if limits[-1][0] == 0 else 0

    monkeypatch.setattr("resource.getrlimit", lambda _what: limits[0])
    monkeypatch.setattr("resource.setrlimit", lambda _what, new: limits.append(new))
    monkeypatch.setattr("ctypes.CDLL", lambda *_names, **_options: Libc)
    monkeypatch.setattr("ctypes.get_errno", lambda: errno.EPERM)
    granted, refused = ask_machine(RealTime(lock_memory=True))
    assert limits[1] == (lowered_to, hard)
    if hard == resource.RLIM_INFINITY:
        assert (granted, refused) == (("locked memory",), ())
        assert limits[2:] == []
    else:
        assert granted == ()
        assert refused[0].remedy == "LimitMEMLOCK=infinity in the unit file"
        assert limits[2:] == [limits[0]]  # as it was


def test_the_lowest_priority_has_nothing_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    monkeypatch.setattr(os, "sched_setscheduler", lambda _id, _policy, param: given.append(param.sched_priority))
    assert ask_machine(RealTime(fifo=1)) == (("fifo 1",), ())
    assert set(given) == {1}


@contextmanager
def thawed() -> Iterator[None]:
    """What a test freezes, later tests may collect."""
    try:
        yield
    finally:
        gc.unfreeze()


def test_after_the_start_the_collector_has_nothing_to_look_at_and_garbage_is_gone() -> None:
    class Ring:
        def __init__(self) -> None:
            self.me = self

    gone = weakref.ref(Ring())
    with thawed():
        settle_memory()
        assert gone() is None
        assert gc.get_freeze_count() > 10_000
        assert len(gc.get_objects()) < 1_000
        later = weakref.ref(Ring())
        gc.collect()
        assert later() is None  # still collected: only what was alive is left alone


@pytest.mark.parametrize("words", [["--fifo", "0"], ["--fifo", "100"], ["--fifo", "high"], ["--core", "x"]])
def test_what_is_no_priority_and_no_core_is_refused_at_once(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["run", "site.toml", *words])
    assert end.value.code == 2
    assert words[0] in capsys.readouterr().err


def lines(name: str) -> dict[str, str]:
    """The settings of a unit file; a later line of a name stands for the earlier ones."""
    settings = (
        line.split("=", 1) for line in (SYSTEMD / name).read_text().splitlines() if re.match(r"[A-Z]\w+=", line)
    )
    return dict(settings)


def test_the_drop_in_allows_what_it_asks_for_and_changes_nothing_else() -> None:
    unit, drop_in = lines("haechi.service"), lines("realtime.conf")
    assert set(drop_in) == {"LimitRTPRIO", "LimitMEMLOCK", "ExecStart"}
    parser = argparse.ArgumentParser()
    parser.add_argument("--fifo", type=int)
    parser.add_argument("--core", type=int)
    parser.add_argument("--lock-memory", action="store_true")
    asked, rest = parser.parse_known_args(shlex.split(drop_in["ExecStart"]))
    assert rest == shlex.split(unit["ExecStart"])
    assert (str(asked.fifo), asked.lock_memory) == (drop_in["LimitRTPRIO"], True)
    assert asked.core is not None
    assert drop_in["LimitMEMLOCK"] == "infinity"
    assert (
        "ExecStart=\nExecStart=" in (SYSTEMD / "realtime.conf").read_text()
    )  # the first line takes the unit's own away
    assert "RestrictRealtime" not in unit
    assert unit["SystemCallFilter"] == "@system-service"  # contains @resources and @memlock
