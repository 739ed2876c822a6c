from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from controller.runtime import datadir
from controller.runtime.clock import PlantClock
from controller.runtime.eventlog import EventLog
from controller.runtime.journal import Journal
from controller.runtime.journalfile import JournalRow, read_meta
from controller.site.loader import loads
from tests.controller.runtime.fakes import SITE, event, latched

SMALL = loads(SITE)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A journal that a run of the small site has left."""
    path = tmp_path / datadir.JOURNAL
    datadir.note_run(path, SMALL, PlantClock(5_000, 2.0))
    writer = Journal(path)
    writer.start()
    writer.append(9, 900, (event(9),), latched(900, openings=2))
    assert writer.close()
    return path


def test_the_latched_state_is_gone_on_from(journal: Path) -> None:
    beginning = datadir.begin(journal, SMALL, 10)
    assert beginning.state == latched(900, openings=2)
    assert (beginning.restored.seq, beginning.restored.scan, beginning.restored.tick_ms) == (1, 9, 900)
    assert [row.seq for row in beginning.tail] == [1]


def test_a_first_start_has_nothing(tmp_path: Path) -> None:
    beginning = datadir.begin(tmp_path / "none.sqlite", SMALL, 10)
    assert (beginning.state, beginning.how, beginning.lost) == (None, "first start", False)


def test_another_site_goes_on_with_the_chain_alone(journal: Path) -> None:
    other = msgspec.structs.replace(SMALL, site=msgspec.structs.replace(SMALL.site, scan_s=0.5))
    beginning = datadir.begin(journal, other, 10)
    assert beginning.state is None
    assert beginning.restored.seq == 1
    assert "another one" in beginning.how
    assert beginning.lost
    # Stopped before it had a state of its own, the next start takes neither the old site's nor says that nothing was lost.
    datadir.note_run(journal, other, PlantClock(5_000), lost=True)
    again = datadir.begin(journal, other, 10)
    assert (again.state, again.lost) == (None, True)


@pytest.mark.parametrize("damage", ["state", "file"])
def test_a_damaged_journal_is_kept_aside_and_protection_goes_on(journal: Path, damage: str) -> None:
    if damage == "state":
        with closing(sqlite3.connect(journal)) as database, database:
            database.execute("UPDATE latched SET body = x'00'")
    else:
        journal.write_bytes(b"garbage" * 1000)
    beginning = datadir.begin(journal, SMALL, 10)
    assert (beginning.state, beginning.lost) == (None, True)
    assert "moved to journal.sqlite.damaged-" in beginning.how
    assert not journal.exists()
    assert len(list(journal.parent.glob("journal.sqlite.damaged-*"))) >= 1
    datadir.note_run(journal, SMALL, PlantClock(5_000), lost=True)
    assert datadir.begin(journal, SMALL, 10).lost  # stopped at once: still lost


def test_state_of_another_version_is_not_guessed_at(journal: Path) -> None:
    writer = Journal(journal, 2)
    writer.start()
    writer.append(10, 1000, (), msgspec.structs.replace(latched(1000), heads=("no head",)))
    assert writer.close()
    beginning = datadir.begin(journal, SMALL, 10)
    assert (beginning.state, beginning.lost) == (None, True)
    assert "another version" in beginning.how


def test_plant_time_goes_on_over_a_restart_of_the_daemon(journal: Path) -> None:
    beginning = datadir.begin(journal, SMALL, 10)
    assert datadir.plant_clock(journal, beginning, None, 2.0).epoch_ns == 5_000
    assert datadir.plant_clock(journal, beginning, 77, 2.0).epoch_ns == 77
    assert datadir.plant_clock(journal, beginning, None, 3.0).epoch_ns > 5_000  # at another speed the old epoch is void
    assert datadir.plant_clock(journal, beginning, None, 3.0).tick_ms() >= 900


def test_after_a_restart_of_the_machine_the_old_epoch_is_void(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datadir, "boot_id", lambda: "another")
    clock = datadir.plant_clock(journal, datadir.begin(journal, SMALL, 10), None, 2.0)
    assert clock.epoch_ns > 5_000
    assert 900 <= clock.tick_ms() < 2_000


def test_one_daemon_at_a_time(tmp_path: Path) -> None:
    with (
        datadir.hold(tmp_path / "data"),
        pytest.raises(datadir.DataError, match="another daemon"),
        datadir.hold(tmp_path / "data"),
    ):
        pass
    with datadir.hold(tmp_path / "data"):
        pass


def test_a_disk_that_takes_nothing_does_not_keep_the_daemon_from_starting(tmp_path: Path) -> None:
    nowhere = tmp_path / "missing" / datadir.JOURNAL
    datadir.note_run(nowhere, SMALL, PlantClock(0))
    assert read_meta(nowhere) == {}


def test_entries_that_this_version_cannot_read_are_passed_over() -> None:
    log = EventLog([JournalRow(1, 0.0, b'{"kind":"from the future"}', b"")])
    assert log.last_seq == 0
