"""The plant against other people's models and measurements: every chapter of its validation in one report."""

import importlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.validation.chapter import KINDS, Chapter
from tests.validation.misses import told

NAME = "plant"
CHAPTERS = ("cells", "databank", "lfp", "propagation", "fsri", "rooms", "ceiling_jet", "agents")
"""Modules beside this one, each with `chapter(data)`."""

HEAD = """# The plant against models and measurements

Written by `make validate DATA=folder`; do not edit. Every figure stands next to its target; a missed one says so. Numbers marked as
assumed in the code were not fitted unless a chapter says so.
"""


def chapters(data: Path) -> Iterator[Chapter]:
    """All chapters, each with how long it took on the way. Raises what a chapter raises for a recording that is missing."""
    for name in CHAPTERS:
        began_s = time.perf_counter()
        print(f"plant: {name} ...", flush=True)
        chapter: Chapter = importlib.import_module(f"tests.validation.{name}").chapter(data)
        missed = len(chapter.missed)
        took_s = time.perf_counter() - began_s
        print(f"plant: {name}: {len(chapter.rows) - missed} of {len(chapter.rows)} met, {took_s:.0f} s", flush=True)
        yield chapter


def write(found: Sequence[Chapter], folder: Path) -> Path:
    """Write report and drawings; returns the report's place."""
    folder.mkdir(parents=True, exist_ok=True)
    for chapter in found:
        for name, drawing in chapter.plots.items():
            (folder / name).write_text(drawing.rstrip("\n") + "\n", encoding="utf-8")
    place = folder / f"{NAME}.md"
    place.write_text("\n".join([HEAD, _summary(found), *map(_section, found)]), encoding="utf-8")
    return place


def _section(chapter: Chapter) -> str:
    """The chapter, and why it missed what it missed."""
    if not chapter.missed:
        return chapter.markdown()
    return "\n".join([chapter.markdown(), "Missed:", "", *(f"- {told(row)}" for row in chapter.missed), ""])


def _summary(found: Sequence[Chapter]) -> str:
    rows = [row for chapter in found for row in chapter.rows]
    met = sum(row.met for row in rows)
    table = ["| kind | what it is | met | of |", "|---|---|---|---|"]
    for kind, words in KINDS.items():
        mine = [row.met for row in rows if row.kind == kind]
        table.append(f"| {kind} | {words} | {sum(mine)} | {len(mine)} |")
    missed = [
        f"- {chapter.title} ({row.kind}): {row.what}: {row.seen} (asked {row.target})"
        for chapter in found
        for row in chapter.missed
    ]
    listed = (
        "\n".join(["", "Missed (the cause of each stands below its chapter's table):", "", *missed]) if missed else ""
    )
    return "\n".join(
        [f"**{met} of {len(rows)} targets met.** Only the first kind can tell of the world:", "", *table, listed, ""]
    )
