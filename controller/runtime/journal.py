"""The journal: events in a hash chain and the latched state, in one SQLite transaction, durable before it counts as written.

A thread of its own writes, so a slow or hung disk shows as lag and never holds a scan up. Reading it back: `journalfile`.
"""

import sqlite3
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from controller.core.chain import GENESIS, encode, hash_next
from controller.core.events import Event
from controller.core.state import State
from controller.runtime.diskthread import DiskThread

SCHEMA_VERSION = 1
"""Version of the tables, kept in SQLite's user_version."""
APPLICATION_ID = 0x48414543
"""Says in the file's header whose file it is ("HAEC")."""
_BATCH = 1000
PROBE_S = 3.0
"""Wall seconds without anything to write after which the disk is tried all the same: in a quiet site a hung disk must not wait for the
first alarm to be noticed. The lag of the try shows it, with the limit of `journal_late` in 5 s."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY, scan INTEGER NOT NULL, tick_ms INTEGER NOT NULL,
    wall_time_utc REAL NOT NULL, record BLOB NOT NULL, hash BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS latched (
    id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, scan INTEGER NOT NULL, tick_ms INTEGER NOT NULL,
    body BLOB NOT NULL, digest BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""
"""`wall_time_utc` (seconds since 1970) is for people and outside of the hash; `body` is msgpack, because JSON has no NaN."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one scan hands over: its encoded events, numbered from `first_seq`, and the state after it."""

    first_seq: int
    scan: int
    tick_ms: int
    wall_s: float
    queued_s: float
    records: tuple[bytes, ...]
    state: State | None

    @property
    def last_seq(self) -> int:
        """Number of the last event handed over up to here."""
        return self.first_seq + len(self.records) - 1


class Journal(DiskThread):
    """Takes events without ever waiting and makes them durable in their order.

    `first_seq` and `last_hash` continue the chain of the file. `max_waiting` bounds the events in memory while the disk hangs; what
    comes above it is lost, counted in `lost`, and leaves a gap in the numbers that verification names.
    """

    def __init__(
        self,
        path: Path,
        next_seq: int = 1,
        last_hash: bytes = GENESIS,
        max_waiting: int = 20_000,
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        super().__init__("journal")
        self.path = path
        self.durable_seq = next_seq - 1
        self.durable_hash = last_hash
        self.lost = 0
        self._next_seq = next_seq
        self._max_waiting = max_waiting
        self._wall_s = wall_s
        self._waiting: deque[Entry] = deque()
        self._n_waiting = 0
        self._on_durable: Callable[[], None] = _nothing

    def start(self, on_durable: Callable[[], None] | None = None) -> None:
        """Start the thread; it calls `on_durable` after every commit."""
        self._on_durable = on_durable or _nothing
        self._thread.start()

    def append(self, scan: int, tick_ms: int, events: Sequence[Event], state: State | None) -> int:
        """Hand over one scan's events and state; never waits. The number of the last event: durable once `durable_seq` reaches it."""
        records = tuple(map(encode, events))
        with self._changed:
            first_seq = self._next_seq
            self._next_seq += len(records)
            if self._n_waiting + len(records) > self._max_waiting:
                self.lost += len(records)
                records = ()
            self._n_waiting += len(records)
            now_s = time.monotonic()
            self._waiting.append(Entry(first_seq, scan, tick_ms, self._wall_s(), now_s, records, state))
            if len(self._waiting) > self._max_waiting:
                self._drop_superseded_state()
            self._oldest_s = self._oldest_s or now_s
            self._changed.notify()
            return self._next_seq - 1

    def _drop_superseded_state(self) -> None:
        """Under a hung disk: an entry without events carries a state only, and a newer one stands behind it."""
        self._waiting = deque(entry for entry in self._waiting if entry.records or entry is self._waiting[-1])

    def _work(self) -> None:
        """The thread: commit batch after batch; a failing disk is tried again every second."""
        database = self._open()
        try:
            while batch := self._next_batch():
                try:
                    database = database or open_for_writing(self.path)
                    self.durable_hash = self._commit(database, batch)
                except sqlite3.Error as error:
                    self.failure = str(error)
                    if self._give_back(batch):
                        break
                    continue
                self._done(batch)
                self._on_durable()
        finally:
            if database is not None:
                database.close()

    def _open(self) -> sqlite3.Connection | None:
        """Open before the first entry comes, so that it does not wait for that."""
        try:
            return open_for_writing(self.path)
        except sqlite3.Error as error:
            self.failure = str(error)
            return None

    def _next_batch(self) -> list[Entry]:
        """Wait for entries; an empty list ends the thread."""
        with self._changed:
            while not self._waiting and not self._closing:
                if not self._changed.wait(PROBE_S):
                    self._waiting.append(self._probe())
            batch: list[Entry] = []
            n_records = 0
            while self._waiting and n_records < _BATCH:
                batch.append(self._waiting.popleft())
                n_records += len(batch[-1].records)
            return batch

    def _probe(self) -> Entry:
        """Nothing but a sign that the disk still takes something."""
        self._oldest_s = time.monotonic()
        return Entry(self._next_seq, 0, 0, self._wall_s(), self._oldest_s, (), None)

    def _give_back(self, batch: list[Entry]) -> bool:
        """Put a batch that could not be written in front again and wait a second; whether the journal is closing."""
        with self._changed:
            self._waiting.extendleft(reversed(batch))
            self._changed.wait_for(lambda: self._closing, timeout=1.0)
            return self._closing

    def _done(self, batch: list[Entry]) -> None:
        with self._changed:
            self.failure = ""
            self._n_waiting -= sum(len(entry.records) for entry in batch)
            self.durable_seq = max(self.durable_seq, batch[-1].last_seq)
            self._oldest_s = self._waiting[0].queued_s if self._waiting else None

    def _commit(self, database: sqlite3.Connection, batch: list[Entry]) -> bytes:
        """One transaction: the events, and the newest state of the batch. The hash of the last event."""
        last_hash = self.durable_hash
        with database:
            database.execute("BEGIN IMMEDIATE")
            for entry in batch:
                for number, record in enumerate(entry.records, entry.first_seq):
                    last_hash = hash_next(last_hash, record)
                    row = (number, entry.scan, entry.tick_ms, entry.wall_s, record, last_hash)
                    database.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", row)
            newest = next((entry for entry in reversed(batch) if entry.state is not None), None)
            if newest is not None:
                _put_state(database, newest)
            else:
                database.execute("INSERT OR REPLACE INTO meta VALUES ('alive_utc', ?)", (str(batch[-1].wall_s),))
        return last_hash


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open or make the file: write-ahead log, every commit synchronised to the disk."""
    database = sqlite3.connect(path, isolation_level=None, timeout=1.0)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    if database.execute("PRAGMA user_version").fetchone()[0] == 0:
        database.executescript(SCHEMA)
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    return database


def _put_state(database: sqlite3.Connection, entry: Entry) -> None:
    body = msgspec.msgpack.encode(entry.state)
    row = (1, entry.last_seq, entry.scan, entry.tick_ms, body, hash_next(GENESIS, body))
    database.execute("INSERT OR REPLACE INTO latched VALUES (?, ?, ?, ?, ?, ?)", row)


def _nothing() -> None:
    """Nobody wants to know."""
