"""The data directory: held by one daemon at a time; what a restart goes on from."""

import fcntl
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from controller.core.state import State
from controller.runtime.clock import PlantClock, boot_id
from controller.runtime.journalfile import (
    JournalError,
    JournalRow,
    Restored,
    read_meta,
    restore,
    set_aside,
    tail,
    write_meta,
)
from controller.site.digest import site_digest
from controller.site.model import Site

JOURNAL = "journal.sqlite"
RECORDING = "recording.hrec"
SOCKET = "haechi.sock"
LOST = "lost"
"""Noted in the journal's file from a start without the state until the first state is there: a crash in between does not hide it."""


class DataError(Exception):
    """A data directory that cannot be used. The text names place and remedy."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where a daemon goes on from: the decoded `state` (None: fresh) and its bytes, the end of the journal, and `how` for people.

    `lost`: the site has run before, and what it had latched is not known.
    """

    state: State | None
    state_bytes: bytes
    restored: Restored
    tail: list[JournalRow]
    how: str
    lost: bool = False


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Make the directory and hold its lock. Raises DataError when another daemon holds it or it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise DataError(
            f"{folder}: {error.strerror}; remedy: name a directory that can be written with --data"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DataError(
                f"{folder}: another daemon uses it; remedy: stop that one or name another --data"
            ) from error
        yield


def begin(journal: Path, site: Site, kept: int) -> Beginning:
    """Read the journal back, with its last `kept` entries; one that is damaged is moved aside, because protection goes on in any case."""
    try:
        restored = restore(journal)
        rows, meta = tail(journal, kept), read_meta(journal)
    except (JournalError, sqlite3.DatabaseError) as error:
        moved = set_aside(journal, str(time.time_ns()))
        return _lost(Restored(), [], f"{error} (moved to {moved.name})")
    digest = site_digest(site).hex()
    if not restored.state and (restored.seq or meta.get(LOST)):
        return _lost(restored, rows, "the journal has none")
    if not restored.state:
        return Beginning(None, b"", restored, rows, "first start")
    if meta.get("site") != digest:
        return _lost(restored, rows, "the site file is another one now")
    try:
        state = msgspec.msgpack.decode(restored.state, type=State)
    except msgspec.DecodeError as error:
        return _lost(restored, rows, f"written by another version ({error})")
    return Beginning(state, restored.state, restored, rows, "latched state restored")


def _lost(restored: Restored, rows: list[JournalRow], why: str) -> Beginning:
    return Beginning(None, b"", restored, rows, f"without latched state: {why}", lost=True)


def plant_clock(journal: Path, beginning: Beginning, epoch_ns: int | None, speed: float) -> PlantClock:
    """The clock of this run. Without an epoch the one of the last run goes on, if the machine has not been restarted since."""
    meta = read_meta(journal)
    if epoch_ns is None:
        known = meta.get("boot") == boot_id() and meta.get("speed") == str(speed) and "epoch_ns" in meta
        epoch_ns = int(meta["epoch_ns"]) if known else time.monotonic_ns()
    return PlantClock(epoch_ns, speed, beginning.restored.tick_ms)


def note_run(journal: Path, site: Site, clock: PlantClock, *, lost: bool = False) -> None:
    """Note in the journal's file what the next start has to know of this run; with `lost`, drop a state that belongs to something else.

    A disk that does not take it is no reason not to protect: the journal's lag will show it.
    """
    values = {"site": site_digest(site).hex(), "boot": boot_id(), "speed": str(clock.speed)}
    with suppress(sqlite3.Error):
        write_meta(journal, {**values, "epoch_ns": str(clock.epoch_ns), LOST: "1" if lost else ""}, drop_state=lost)
