from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from controller.core.chain import GENESIS, encode, hash_next
from controller.core.events import Event
from controller.core.state import State
from controller.runtime import journalfile
from controller.runtime.journal import Entry, Journal
from controller.runtime.journalfile import (
    JournalError,
    JournalRow,
    read_meta,
    restore,
    rows,
    set_aside,
    tail,
    verify,
    write_meta,
)
from tests.controller.runtime.fakes import event, latched


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def filled(path: Path, scans: int = 5) -> list[Event]:
    journal = Journal(path)
    journal.start()
    events = [event(scan, f"what {scan}") for scan in range(1, scans + 1)]
    for one in events:
        journal.append(one.scan, one.tick_ms, (one,), latched(one.tick_ms, openings=one.scan))
    assert journal.close()
    return events


def wait_for(condition: Callable[[], bool], limit_s: float = 3.0) -> None:
    deadline_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.002)


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(statement)


def test_a_daemon_that_writes_meanwhile_seems_to_have_lost_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path)
    looked = journalfile._rows

    def slowly(database: sqlite3.Connection, after_seq: int) -> Iterator[JournalRow]:
        yield from looked(database, after_seq)
        journal = Journal(path, restore(path).seq + 1, restore(path).last_hash)
        journal.start()
        journal.append(6, 600, (event(6, "what 6"),), latched(600, openings=6))
        assert journal.close()

    monkeypatch.setattr(journalfile, "_rows", slowly)
    verdict = verify(path)
    assert (verdict.entries, verdict.problems) == (5, ())
    monkeypatch.undo()
    assert verify(path).entries == 6


def test_events_and_state_come_back(path: Path) -> None:
    events = filled(path)
    restored = restore(path)
    expected = GENESIS
    for one in events:
        expected = hash_next(expected, encode(one))
    assert (restored.last_hash, restored.seq, restored.scan, restored.tick_ms) == (expected, 5, 5, 500)
    assert msgspec.msgpack.decode(restored.state, type=State) == latched(500, openings=5)
    assert [row.record for row in rows(path)] == [encode(one) for one in events]
    assert [row.seq for row in tail(path, 2)] == [4, 5]
    assert verify(path).problems == ()


def test_a_new_run_goes_on_with_the_chain(path: Path) -> None:
    filled(path)
    restored = restore(path)
    journal = Journal(path, restored.seq + 1, restored.last_hash)
    journal.start()
    assert journal.append(6, 600, (event(6),), None) == 6
    assert journal.close()
    verdict = verify(path)
    assert (verdict.entries, verdict.problems) == (6, ())
    assert restore(path).state == restored.state


def test_nothing_is_durable_before_its_commit(path: Path) -> None:
    journal = Journal(path)
    assert journal.append(1, 100, (event(1), event(1, "off")), None) == 2
    assert journal.durable_seq == 0
    time.sleep(0.01)
    assert journal.lag_ms() >= 10
    heard = threading.Event()
    journal.start(heard.set)
    assert heard.wait(3)
    assert journal.durable_seq == 2
    wait_for(lambda: journal.lag_ms() == 0)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM events").fetchone() == (2,)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert journal.close()


def test_the_wall_time_is_outside_of_the_hash(path: Path, tmp_path: Path) -> None:
    hashes = []
    for name, wall_s in (("a", 1.0), ("b", 1e9)):
        journal = Journal(tmp_path / name, wall_s=lambda wall_s=wall_s: wall_s)  # type: ignore[misc]
        journal.start()
        journal.append(1, 100, (event(1),), None)
        assert journal.close()
        hashes.append(restore(tmp_path / name).last_hash)
        assert rows(tmp_path / name)[0].wall_time_utc == wall_s
    assert hashes[0] == hashes[1]


class HungJournal(Journal):
    """A disk that takes a commit only when it is let."""

    def __init__(self, path: Path, max_waiting: int = 20_000) -> None:
        super().__init__(path, max_waiting=max_waiting)
        self.disk = threading.Event()

    def _commit(self, database: sqlite3.Connection, batch: list[Entry]) -> bytes:
        self.disk.wait(10)
        return super()._commit(database, batch)


def test_a_hung_disk_is_lag_and_never_blocks(path: Path) -> None:
    journal = HungJournal(path, max_waiting=50)
    journal.start()
    began_s = time.monotonic()
    for scan in range(1, 201):
        journal.append(scan, scan * 100, (event(scan),), latched(scan * 100, openings=scan))
    assert time.monotonic() - began_s < 0.2
    time.sleep(0.05)
    assert journal.lag_ms() >= 50
    assert journal.durable_seq == 0
    assert journal.lost >= 149
    assert not journal.close(timeout_s=0.05)
    journal.disk.set()
    assert journal.close()
    # The newest state is kept whatever is lost, and verification says that entries are missing.
    assert msgspec.msgpack.decode(restore(path).state, type=State).openings == 200
    assert any("missing" in problem for problem in verify(path).problems)
    assert not any("hash" in problem for problem in verify(path).problems)


def test_a_hung_disk_does_not_gather_states(path: Path) -> None:
    journal = HungJournal(path, max_waiting=20)
    for scan in range(1, 500):
        journal.append(scan, scan * 100, (), latched(scan * 100))
    assert len(journal._waiting) <= 21
    journal.disk.set()
    journal.start()
    assert journal.close()
    assert restore(path).tick_ms == 49_900


class FailingJournal(Journal):
    """A disk that is full once."""

    failures = 1

    def _commit(self, database: sqlite3.Connection, batch: list[Entry]) -> bytes:
        if self.failures:
            self.failures -= 1
            raise sqlite3.OperationalError("database or disk is full")
        return super()._commit(database, batch)


def test_a_commit_that_failed_is_tried_again_in_order(path: Path) -> None:
    journal = FailingJournal(path)
    journal.start()
    for scan in (1, 2):
        journal.append(scan, scan * 100, (event(scan),), None)
    wait_for(lambda: journal.failure != "")
    assert "full" in journal.failure
    wait_for(lambda: journal.durable_seq == 2)
    assert journal.failure == ""
    assert journal.close()
    assert verify(path).problems == ()


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        (
            "UPDATE events SET record = CAST(replace(record, 'what 3', 'what 4') AS BLOB) WHERE seq = 3",
            "entry 3: the hash",
        ),
        ("UPDATE events SET hash = zeroblob(32) WHERE seq = 2", "entry 2: the hash"),
        ("DELETE FROM events WHERE seq = 3", "entries 3 to 3 are missing"),
        ("DELETE FROM events WHERE seq = 5", "missing at the end"),
        ("UPDATE latched SET body = x'00'", "latched state is damaged"),
    ],
)
def test_verification_names_what_was_changed(path: Path, statement: str, complaint: str) -> None:
    filled(path)
    change(path, statement)
    assert any(complaint in problem for problem in verify(path).problems)


def test_a_deleted_entry_breaks_the_chain_too(path: Path) -> None:
    filled(path)
    change(path, "DELETE FROM events WHERE seq = 3")
    assert any("entry 4: the hash" in problem for problem in verify(path).problems)


def test_a_damaged_state_is_not_gone_on_from_and_is_kept_aside(path: Path) -> None:
    filled(path)
    change(path, "UPDATE latched SET body = x'00'")
    with pytest.raises(JournalError, match=r"damaged; remedy"):
        restore(path)
    kept = set_aside(path, "1")
    assert kept.exists()
    assert not path.exists()
    assert restore(path).seq == 0


def test_a_file_of_another_program_or_version_is_refused(path: Path) -> None:
    path.write_bytes(b"not a database at all, but long enough to look like a header" * 10)
    with pytest.raises(JournalError, match="remedy"):
        restore(path)
    path.unlink()
    filled(path)
    change(path, "PRAGMA user_version = 2")
    with pytest.raises(JournalError, match="version 2"):
        restore(path)
    with pytest.raises(JournalError, match="no such file"):
        verify(path.with_name("nothing"))


def test_meta_is_kept_beside_the_entries(path: Path) -> None:
    assert read_meta(path) == {}
    write_meta(path, {"boot": "a"})
    write_meta(path, {"boot": "b", "speed": "1.0"})
    filled(path)
    assert read_meta(path) == {"boot": "b", "speed": "1.0"}


def test_a_fault_of_the_program_in_the_thread_is_told_and_becomes_a_lag_even_where_nothing_happens(path: Path) -> None:
    def fault() -> None:
        raise ZeroDivisionError("a bug")

    journal = Journal(path)
    journal.start(fault)
    journal.append(1, 100, (event(1),), None)
    journal._thread.join(5.0)
    assert journal.ended
    assert "ZeroDivisionError" in journal.failure
    time.sleep(0.02)
    assert journal.lag_ms() >= 20
    assert not journal.close()
