"""The detection report: plan, carry out, write."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.validation import runaway_time, smoke_alarms
from tests.validation.chapter import Chapter
from tests.validation.detection.failure_chapter import failure_chapter
from tests.validation.detection.false_chapters import nuisance_chapter, quiet_chapter
from tests.validation.detection.peer_chapter import peers_chapter
from tests.validation.detection.plan import FULL, QUICK, Size, carry_out_plan, part_of, plan
from tests.validation.detection.results import Results
from tests.validation.detection.store import ROOT

NAME = "detection"
KEPT = ROOT / "out" / "detection"
"""Where pieces are kept, so that a broken run goes on where it was."""
WORKERS = 2

HEAD = """# What the detector finds, when, and what it takes for fire

Written by `make validate DATA=folder`; do not edit. Every figure stands next to its target; a missed one says so.

**All of this is conditional on the simulated plant**: its physics (docs/validation/plant.md says how far that agrees with
measurements), its heads and their noise, its nuisance classes and the ranges that they are drawn from, most of them assumed. A rate
below says how often the detector would have spoken in that plant, not in a building; a bound covers chance, not what the plant does
not know. Recordings of normal life are the only part that is not simulated.
"""


def chapters(data: Path, size: Size, folder: Path, workers: int) -> list[Chapter]:
    """Carry out what is missing, and tell what all of it says. Raises FileNotFoundError without recordings."""
    made = plan(size, data, folder)
    carry_out_plan(made, folder, workers)
    results = Results(made, folder)
    found = [failure_chapter(results), nuisance_chapter(results), quiet_chapter(results), peers_chapter(results)]
    if size.failures == QUICK.failures:
        return found
    print("detection: time to runaway, some 2,000 runs of one module ...", flush=True)
    return [*found, runaway_time.chapter(data), smoke_alarms.chapter(data)]


def write(found: Sequence[Chapter], size: Size, took_s: float, folder: Path) -> Path:
    """Write report and drawings; returns the report's place."""
    folder.mkdir(parents=True, exist_ok=True)
    for chapter in found:
        for name, drawing in chapter.plots.items():
            (folder / name).write_text(drawing.rstrip("\n") + "\n", encoding="utf-8")
    place = folder / f"{NAME}.md"
    place.write_text(
        "\n".join([HEAD, _run(size, took_s), _summary(found), *(one.markdown() for one in found)]), encoding="utf-8"
    )
    return place


def _run(size: Size, took_s: float) -> str:
    form = (
        "The full form."
        if size == FULL
        else "**Not the full form**: fewer runs than asked; the bounds say what they are worth."
    )
    told = (
        form,
        f"Run: {size.failures:,} of each main failure, {size.others} of every other; {size.courses:,} courses of each nuisance class,",
        f"watched in {size.episodes:,} episodes alone and in {size.episodes:,} meetings of each pair; {size.fault_seeds} of each single fault;",
        f"{size.battery_years:g} and {size.server_years:g} room-years of quiet life in battery and server rooms, {size.cell_years:g} with",
        f"cells alone, from {size.weeks} played",
        f"weeks each. Work since the last break: {took_s / 60.0:.0f} min.",
    )
    return " ".join(told) + "\n"


def _summary(found: Sequence[Chapter]) -> str:
    rows = [(chapter.title, row) for chapter in found for row in chapter.rows]
    missed = [f"- {title}: {row.what}: {row.seen} (asked {row.target})" for title, row in rows if not row.met]
    told = ["", "Missed:", "", *missed] if missed else []
    return "\n".join([f"**{len(rows) - len(missed)} of {len(rows)} targets met.**", *told, ""])


def make(data: Path, report: Path, size: Size = FULL, kept: Path = KEPT, workers: int = WORKERS) -> list[Chapter]:
    """The whole report; returns its chapters."""
    began_s = time.perf_counter()
    found = chapters(data, size, kept, workers)
    print(f"report: {write(found, size, time.perf_counter() - began_s, report)}", flush=True)
    return found


def make_part(data: Path, report: Path, share: float) -> list[Chapter]:
    """The report from a share of the runs (1: all)."""
    return make(data, report, FULL if share >= 1.0 else part_of(share))


def make_quick(data: Path, report: Path) -> list[Chapter]:
    """A run of a minute, from nothing, that shows that all parts work; its figures mean nothing."""
    with tempfile.TemporaryDirectory(prefix="haechi-") as folder:
        return make(data, report, QUICK, Path(folder), 1)
