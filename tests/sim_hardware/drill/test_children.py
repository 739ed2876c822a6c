"""The processes of a drill: awaited, named when they die, ended however the drill ends."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import pytest

from sim_hardware.drill.children import Child, Children, wait_ready
from sim_hardware.drill.errors import DrillError

if TYPE_CHECKING:
    from pathlib import Path

SLEEPER = "import time; print('awake', flush=True); time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('awake', flush=True); time.sleep(60)"
)


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


async def awake(children: Children, code: str = SLEEPER) -> Child:
    child = await children.start("sleeper", python(code))
    await wait_ready(child, lambda: child.said("awake"), 10.0)
    return child


def gone(child: Child) -> bool:
    try:
        os.kill(child.process.pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_all_are_ended_at_the_end(tmp_path: Path) -> None:
    async with Children(tmp_path) as children:
        both = [await awake(children), await awake(children)]
        assert not any(gone(child) for child in both)
    assert all(gone(child) for child in both)


async def test_all_are_ended_when_the_drill_is_cancelled(tmp_path: Path) -> None:
    started: list[Child] = []

    async def drill() -> None:
        async with Children(tmp_path) as children:
            started.append(await awake(children))
            await asyncio.sleep(60)

    task = asyncio.create_task(drill())
    while not started:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert gone(started[0])


async def test_one_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim_hardware.drill.children.STOP_S", 0.3)
    async with Children(tmp_path) as children:
        child = await awake(children, STUBBORN)
    assert gone(child)


async def test_one_that_dies_is_named_with_its_last_lines(tmp_path: Path) -> None:
    async with Children(tmp_path) as children:
        child = await children.start("plant", python("print('no such valve'); raise SystemExit(3)"))
        with pytest.raises(DrillError, match=r"plant ended by itself \(exit code 3\)(.|\n)*no such valve"):
            await wait_ready(child, lambda: False, 10.0)


async def test_one_that_is_never_ready_is_named(tmp_path: Path) -> None:
    async with Children(tmp_path) as children:
        child = await children.start("controller", python(SLEEPER))
        with pytest.raises(DrillError, match=r"controller was not ready within 0\.2 s"):
            await wait_ready(child, lambda: False, 0.2)
