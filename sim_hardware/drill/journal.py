"""The journal of a drill in virtual time, where one on sockets leaves its own: `haechi explain` reads both."""

import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from controller.core.events import Event
from controller.runtime.datadir import JOURNAL
from controller.runtime.journal import Journal
from sim_hardware.drill.errors import DrillError

DISK_S = 60.0
"""What the disk is given to take the whole journal, wall seconds."""


def journal_path(folder: Path) -> Path:
    """Where the journal of a drill lies whose reports go to `folder`."""
    return folder / "run" / "data" / JOURNAL


def keep_journal(events: Iterable[Event], folder: Path, scan_ms: int) -> Path:
    """Write the events as the controller's journal, in place of what an earlier drill left in `folder`.

    Its times are those of a plant whose time began now. Raises DrillError when the disk does not take it.
    """
    path = journal_path(folder)
    shutil.rmtree(folder / "run", ignore_errors=True)
    path.parent.mkdir(parents=True)
    scans = [(tick_ms, list(of_scan)) for tick_ms, of_scan in groupby(events, lambda event: event.tick_ms)]
    plant_ms, began_s = (
        0,
        datetime.now(UTC).timestamp(),
    )  # the journal asks for its wall time at every scan that is handed over
    journal = Journal(
        path, max_waiting=sum(len(of_scan) for _, of_scan in scans) + 1, wall_s=lambda: began_s + plant_ms / 1000
    )
    journal.start()
    for plant_ms, of_scan in scans:
        journal.append(plant_ms // scan_ms, plant_ms, of_scan, None)
    if not journal.close(DISK_S):
        raise DrillError(
            f"{path}: the journal could not be written ({journal.failure or 'too slow'}); remedy: look at the disk"
        )
    return path
