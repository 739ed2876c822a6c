"""The journal tries its disk when there is nothing to write, so that a quiet site notices a hung one."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest

from controller.runtime import journal
from controller.runtime.journal import Entry, Journal
from controller.runtime.journalfile import read_meta, verify


def until_lag(written: Journal, lag_ms: int) -> None:
    deadline_s = time.monotonic() + 5.0
    while written.lag_ms() < lag_ms:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def test_a_disk_that_hangs_while_nothing_happens_shows_as_lag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "PROBE_S", 0.05)
    free, commit = threading.Event(), Journal._commit

    def hang(self: Journal, database: sqlite3.Connection, batch: list[Entry]) -> bytes:
        assert free.wait(10.0)
        return commit(self, database, batch)

    monkeypatch.setattr(Journal, "_commit", hang)
    written = Journal(tmp_path / "journal.sqlite")
    written.start()
    until_lag(written, 300)
    free.set()
    assert written.close()
    assert written.lag_ms() == 0
    assert float(read_meta(written.path)["alive_utc"]) == pytest.approx(time.time(), abs=10.0)
    verdict = verify(written.path)
    assert (verdict.entries, verdict.problems) == (0, ())


def test_the_limit_leaves_room_for_the_trouble(tmp_path: Path) -> None:
    from controller.core.trips import JOURNAL_LAG_LIMIT_MS
    from controller.core.troubles import TRIPS, delay_s
    from controller.site.model import SiteInfo

    assert journal.PROBE_S + JOURNAL_LAG_LIMIT_MS / 1000 + delay_s(TRIPS["journal_late"], SiteInfo(name="x")) < 8.0
