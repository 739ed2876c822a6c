"""Puts one fault into one named place of the daemon before it starts: a kill of the process, or a disk that hangs.

The product knows nothing of these places. `python -m tests.stand.launcher POINT run SITE ...` starts a daemon by itself.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from controller.cli.main import main
from controller.core.chain import decode
from controller.core.events import Event, Kind
from controller.runtime.journal import Entry, Journal
from controller.runtime.recorder import Recorder
from controller.runtime.recording import Recorded
from controller.runtime.writer import Writer
from drivers.link import Link, PointWrite

ARM, FIRE = ("do-1-coils", 2), ("do-2-coils", 2)
"""Block and place of the two channels of the stand's agent."""

Match = Callable[[Event], bool]


def die() -> None:
    """As `kill -9` does it: no handler, no last word."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: str) -> None:
    """Prepare this process for `point`: empty (nothing happens), `before-commit:WHAT`, `after-commit:WHAT`, `before-write:CHANNEL`,
    `after-write:CHANNEL` or `hung-disk:FLAG`.

    WHAT is the `what` of an event (a stage, a response) or `intent`; CHANNEL is `arm` or `fire`; the disk hangs once the file FLAG exists.
    """
    place, _, about = point.partition(":")
    match place:
        case "":
            return
        case "before-commit" | "after-commit":
            _kill_at_commit(about, before=place == "before-commit")
        case "before-write" | "after-write":
            _kill_at_write({"arm": ARM, "fire": FIRE}[about], before=place == "before-write")
        case "hung-disk":
            _hang(Path(about))
        case _:
            raise ValueError(f"{point!r} is no place of the daemon")


def _matches(event: Event, about: str) -> bool:
    return event.kind is Kind.INTENT if about == "intent" else event.what == about


def _kill_at_commit(about: str, *, before: bool) -> None:
    commit = Journal._commit

    def patched(self: Journal, database: sqlite3.Connection, batch: list[Entry]) -> bytes:
        here = any(_matches(decode(record), about) for entry in batch for record in entry.records)
        if here and before:
            die()
        digest = commit(self, database, batch)
        if here:
            die()
        return digest

    Journal._commit = patched  # type: ignore[method-assign]


def _kill_at_write(channel: tuple[str, int], *, before: bool) -> None:
    write_one = Writer._write_one

    async def patched(self: Writer, link: Link, write: PointWrite) -> None:
        here = (write.block, write.index) == channel and write.value == 1.0
        if here and before:
            die()
        await write_one(self, link, write)
        if here:
            die()

    Writer._write_one = patched  # type: ignore[method-assign]


def _hang(flag: Path) -> None:
    """Whatever the journal and the recorder have for the disk waits in it, as under a dying controller or a lost network disk."""
    commit, write = Journal._commit, Recorder._write

    def wait() -> None:
        while flag.exists():
            time.sleep(0.05)

    def hung_commit(self: Journal, database: sqlite3.Connection, batch: list[Entry]) -> bytes:
        wait()
        return commit(self, database, batch)

    def hung_write(self: Recorder, batch: Iterable[Recorded]) -> None:
        wait()
        write(self, list(batch))

    Journal._commit = hung_commit  # type: ignore[method-assign]
    Recorder._write = hung_write  # type: ignore[method-assign]


if __name__ == "__main__":
    arm(sys.argv[1])
    sys.exit(main(sys.argv[2:]))
