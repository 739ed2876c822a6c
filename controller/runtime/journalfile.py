"""Reading a journal back: what a restart goes on from, the last entries for people, and whether the chain holds."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from controller.core.chain import GENESIS, hash_next
from controller.runtime.journal import APPLICATION_ID, SCHEMA_VERSION, open_for_writing


class JournalError(Exception):
    """A journal that cannot be gone on from. The text names the file, the fault and the remedy."""


@dataclass(frozen=True, slots=True)
class Restored:
    """Where a journal stands: encoded latched state (empty: none yet), hash and number of the last event, last scan and tick."""

    state: bytes = b""
    last_hash: bytes = GENESIS
    seq: int = 0
    scan: int = 0
    tick_ms: int = 0


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One entry of the file."""

    seq: int
    wall_time_utc: float
    record: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification found: entries read, hash of the last, and what is wrong (nothing: the chain holds)."""

    entries: int
    last_hash: bytes
    problems: tuple[str, ...]


def restore(path: Path) -> Restored:
    """Where the journal stands; an empty one for a file that does not exist. Raises JournalError."""
    if not path.exists():
        return Restored()
    try:
        with closing(_open(path)) as database:
            database.execute("BEGIN")
            last = database.execute("SELECT seq, hash, scan, tick_ms FROM events ORDER BY seq DESC LIMIT 1").fetchone()
            latched = database.execute("SELECT body, digest, scan, tick_ms, seq FROM latched").fetchone()
    except sqlite3.DatabaseError as error:
        raise JournalError(f"{path}: {error}; remedy: move the file away and keep it, a new one is made") from error
    seq, last_hash, scan, tick_ms = last or (0, GENESIS, 0, 0)
    if latched is None:
        return Restored(b"", last_hash, seq, scan, tick_ms)
    body, digest, state_scan, state_tick_ms, state_seq = latched
    if hash_next(GENESIS, body) != digest:
        raise JournalError(f"{path}: the latched state is damaged; remedy: move the file away and keep it")
    return Restored(body, last_hash, max(seq, state_seq), max(scan, state_scan), max(tick_ms, state_tick_ms))


def verify(path: Path) -> Verdict:
    """Follow the chain from the first entry to the last. Raises JournalError for a file that is no journal."""
    if not path.exists():
        raise JournalError(f"{path}: there is no such file; remedy: name the journal.sqlite of the data directory")
    problems: list[str] = []
    entries, previous_seq, previous_hash = 0, 0, GENESIS
    try:
        with closing(_open(path)) as database:
            # One look at one moment: a daemon that writes meanwhile would seem to have lost what came between two.
            database.execute("BEGIN")
            for row in _rows(database, 0):
                if row.seq != previous_seq + 1:
                    problems.append(f"entries {previous_seq + 1} to {row.seq - 1} are missing")
                if row.hash != hash_next(previous_hash, row.record):
                    problems.append(f"entry {row.seq}: the hash does not follow from its content and the entry before")
                entries, previous_seq, previous_hash = entries + 1, row.seq, row.hash
            latched = database.execute("SELECT seq, body, digest FROM latched").fetchone()
    except sqlite3.DatabaseError as error:
        raise JournalError(f"{path}: {error}; remedy: the file is damaged, take a backup") from error
    if latched is not None:
        if latched[0] > previous_seq:
            problems.append(f"entries {previous_seq + 1} to {latched[0]} are missing at the end")
        if hash_next(GENESIS, latched[1]) != latched[2]:
            problems.append("the latched state is damaged")
    return Verdict(entries, previous_hash, tuple(problems))


def rows(path: Path, after_seq: int = 0) -> list[JournalRow]:
    """The entries after number `after_seq`."""
    with closing(_open(path)) as database:
        return list(_rows(database, after_seq))


def tail(path: Path, count: int) -> list[JournalRow]:
    """The last `count` entries; none for a file that does not exist."""
    if not path.exists():
        return []
    with closing(_open(path)) as database:
        (last,) = database.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()
        return list(_rows(database, max(0, last - count)))


def read_meta(path: Path) -> dict[str, str]:
    """What the daemon noted beside the entries; empty for a file that does not exist."""
    if not path.exists():
        return {}
    with closing(_open(path)) as database:
        return dict(database.execute("SELECT name, value FROM meta"))


def write_meta(path: Path, values: dict[str, str], *, drop_state: bool = False) -> None:
    """Note something beside the entries, before the journal's thread starts; `drop_state` takes the latched state out in the same commit."""
    with closing(open_for_writing(path)) as database, database:
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())
        if drop_state:
            database.execute("DELETE FROM latched")


def set_aside(path: Path, mark: str) -> Path:
    """Move a journal that cannot be gone on from, with its write-ahead log, to a name of its own; nothing is deleted."""
    kept = path.with_name(f"{path.name}.damaged-{mark}")
    for suffix in ("-shm", "-wal", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(kept.with_name(kept.name + suffix))
    return kept


def _open(path: Path) -> sqlite3.Connection:
    """Open for reading, and refuse what another version or another program wrote."""
    database = sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=1.0)
    try:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        (owner,) = database.execute("PRAGMA application_id").fetchone()
    except sqlite3.DatabaseError:
        database.close()
        raise
    if (owner, version) != (APPLICATION_ID, SCHEMA_VERSION):
        database.close()
        raise JournalError(
            f"{path}: not a journal of version {SCHEMA_VERSION} (owner {owner:#x}, version {version}); "
            "remedy: use the version of haechi that wrote it"
        )
    return database


def _rows(database: sqlite3.Connection, after_seq: int) -> Iterator[JournalRow]:
    cursor = database.execute(
        "SELECT seq, wall_time_utc, record, hash FROM events WHERE seq > ? ORDER BY seq", (after_seq,)
    )
    for seq, wall_time_utc, record, digest in cursor:
        yield JournalRow(seq, wall_time_utc, record, digest)
