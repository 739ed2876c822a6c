"""The processes of a drill: each started with its own log, awaited until it is ready, and ended by its own number."""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sim_hardware.drill.errors import DrillError

STOP_S = 8.0
"""Wall seconds that a process has between SIGTERM and SIGKILL."""
LAST_LINES = 12
POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Child:
    """A process and where its words go."""

    name: str
    process: asyncio.subprocess.Process
    log: Path

    def check(self) -> None:
        """Raise DrillError, with its last lines, if it has died."""
        if self.process.returncode is not None:
            raise DrillError(
                f"{self.name} ended by itself (exit code {self.process.returncode}); its last lines:\n{self.last_lines()}"
            )

    def last_lines(self) -> str:
        """The end of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-LAST_LINES:]) or "  (it said nothing)"

    def said(self, words: str) -> bool:
        """Whether its log holds these words."""
        return words in self.log.read_text(encoding="utf-8", errors="replace")


class Children:
    """Starts processes, and ends them in the reverse order when the block is left, however it is left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.all: list[Child] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for child in reversed(self.all):
            await end(child)

    async def start(self, name: str, command: Sequence[str], niceness: int = 0) -> Child:
        """Start a process in a session of its own, so that Ctrl-C reaches this program alone.

        A negative `niceness`, as a service manager would give, is left out where it is not allowed.
        """
        log = self._folder / f"{name}.log"
        with log.open("wb") as stream:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True
            )
        if niceness:
            with contextlib.suppress(PermissionError, ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, process.pid, niceness)
        child = Child(name, process, log)
        self.all.append(child)
        return child

    async def stop(self, child: Child) -> None:
        """End one process before its time."""
        await end(child)
        self.all.remove(child)


async def wait_ready(child: Child, ready: Callable[[], bool], limit_s: float) -> None:
    """Wait until `ready` says so. Raises DrillError when the process dies or does not get there within `limit_s` of wall time."""
    deadline_s = time.monotonic() + limit_s
    while not ready():
        child.check()
        if time.monotonic() > deadline_s:
            raise DrillError(f"{child.name} was not ready within {limit_s:g} s; its last lines:\n{child.last_lines()}")
        await asyncio.sleep(POLL_S)


async def end(child: Child) -> None:
    """SIGTERM, then SIGKILL; waits until it is gone."""
    if child.process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            child.process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await child.process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                child.process.kill()
            await child.process.wait()


def yield_to_others() -> None:
    """Let this process run only while nothing else wants the processor."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def yield_no_more(child: Child) -> None:
    """Give a process that yields its full share again, where that is allowed."""
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.sched_setscheduler(child.process.pid, os.SCHED_OTHER, os.sched_param(0))
