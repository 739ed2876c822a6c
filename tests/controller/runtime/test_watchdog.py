from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controller.runtime.supervision import Duty, Supervision
from controller.runtime.watchdog import Notifier, Watchdog, kick_period_s, notify_address


class Now:
    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


class Bench:
    """A watchdog over three tasks that are in time, and a scan that moves."""

    def __init__(self, address: str) -> None:
        self.now, self.scan = Now(), 0
        self.supervision = Supervision(self.now)
        for name in ("scanner", "control", "writer do-1"):
            self.supervision.add(Duty(name, 0.1, 2.0))
        self.notifier = Notifier(address)
        self.watchdog = Watchdog(self.notifier, self.supervision, lambda: self.scan)

    def live(self, *, but: str = "", still: bool = False) -> tuple[str, ...]:
        """Three seconds in which everything lives `but` one; what the watchdog has against being fed."""
        self.now.s += 3.0
        self.scan += not still
        for duty in self.supervision.duties:
            if duty.name != but:
                self.supervision.beat(duty.name)
        return self.watchdog.kick()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Callable[[], list[bytes]]]]:
    """A service manager's socket: its address, and what it has heard."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@haechi-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name.replace("@", "\0", 1))
        listener.setblocking(False)

        def heard() -> list[bytes]:
            said = []
            with contextlib.suppress(BlockingIOError):
                while True:
                    said.append(listener.recv(100))
            return said

        yield name, heard


def test_it_is_fed_while_all_live_and_the_scan_moves(manager: tuple[str, Callable[[], list[bytes]]]) -> None:
    address, heard = manager
    bench = Bench(address)
    assert bench.live() == ()
    assert bench.live() == ()
    bench.notifier.notify("READY=1")
    bench.notifier.close()
    assert heard() == [b"WATCHDOG=1", b"WATCHDOG=1", b"READY=1"]


@pytest.mark.parametrize("name", ["scanner", "control", "writer do-1"])
def test_one_late_task_and_it_is_not_fed(manager: tuple[str, Callable[[], list[bytes]]], name: str) -> None:
    address, heard = manager
    bench = Bench(address)
    assert bench.live(but=name) == (name,)
    assert heard() == []
    assert bench.live() == ()
    bench.notifier.close()
    assert heard() == [b"WATCHDOG=1"]


def test_a_scan_counter_that_stands_still_and_it_is_not_fed(manager: tuple[str, Callable[[], list[bytes]]]) -> None:
    address, heard = manager
    bench = Bench(address)
    assert bench.live(still=True) == ("scan counter",)
    bench.notifier.close()
    assert heard() == []


async def test_the_owner_of_a_link_that_has_ended_and_it_is_not_fed() -> None:
    bench = Bench("")
    owner = asyncio.create_task(asyncio.Event().wait())
    bench.supervision.own("link io", owner.done)
    assert bench.live() == ()
    owner.cancel()
    await asyncio.gather(owner, return_exceptions=True)
    assert bench.live() == ("link io",)


async def test_the_loop_tells_why_it_is_withheld() -> None:
    bench = Bench("")
    told: list[tuple[str, ...]] = []
    task = asyncio.create_task(bench.watchdog.run(0.01, told.append))
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert told
    assert set(told) == {("scan counter",)}


def test_a_manager_that_went_away_does_not_end_the_protection(tmp_path: Path) -> None:
    notifier = Notifier(str(tmp_path / "nobody"))
    notifier.notify("WATCHDOG=1")
    notifier.close()


def test_the_manager_says_where_and_how_often() -> None:
    assert notify_address({"NOTIFY_SOCKET": "@x"}) == "@x"
    assert notify_address({}) == ""
    assert kick_period_s({"WATCHDOG_USEC": "6000000"}) == 2.0
    assert kick_period_s({}) == 1.0
