"""The last events in memory, for the control socket: reading them never waits for a disk."""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice

import msgspec

from controller.core.chain import decode
from controller.core.events import Event
from controller.protocol import EventEntry
from controller.runtime.journalfile import JournalRow

KEPT = 5000


class EventLog:
    """Entries by their journal number, newest `KEPT`."""

    def __init__(self, rows: Iterable[JournalRow] = ()) -> None:
        self._entries: deque[EventEntry] = deque(_readable(rows), KEPT)

    @property
    def last_seq(self) -> int:
        """Number of the newest entry; 0 when there is none."""
        return self._entries[-1].seq if self._entries else 0

    def add(self, first_seq: int, events: Sequence[Event]) -> None:
        """Take in one scan's events."""
        now_s = time.time()
        self._entries.extend(EventEntry(seq, now_s, event) for seq, event in enumerate(events, first_seq))

    def since(self, seq: int, limit: int) -> tuple[EventEntry, ...]:
        """The entries after number `seq`, oldest first, `limit` at most."""
        newer = sum(1 for _ in self._newer(seq))
        start = len(self._entries) - newer
        return tuple(islice(self._entries, start, start + limit))

    def _newer(self, seq: int) -> Iterable[EventEntry]:
        for entry in reversed(self._entries):
            if entry.seq <= seq:
                return
            yield entry


def _readable(rows: Iterable[JournalRow]) -> Iterator[EventEntry]:
    """The entries that this version can read: an older one may have told other kinds of events."""
    for row in rows:
        with suppress(msgspec.DecodeError):
            yield EventEntry(row.seq, row.wall_time_utc, decode(row.record))
