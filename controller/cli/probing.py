"""`haechi probe`."""

import asyncio
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from controller.runtime.assemble import wire_of
from controller.texts import text
from controller.tools.check import REFUSED, load_or_tell
from controller.tools.probe import ROUNDS, NoTargetError, Probed, Target, Trial, probe, target

OK, FAILED = 0, 1
_WIDTH = 12


def probe_device(path: Path, name: str, language: str | None) -> int:
    """Find out what depth a device of the site bears and print the line for the site file; the exit code."""
    site = load_or_tell(path)
    if site is None:
        return REFUSED
    try:
        found = target(site, name)
    except NoTargetError as error:
        print(f"haechi probe: {error}", file=sys.stderr)
        return REFUSED
    language = language or site.site.language
    print("\n".join(_heading(found, language)), flush=True)
    framing, connect = wire_of(found.link, found.entry, found.devices, path.parent)
    probed = asyncio.run(probe(connect, framing, found.asks))
    print("\n".join(_lines(probed, found, language)))
    return OK if probed.largest else FAILED


def _heading(found: Target, language: str) -> Iterator[str]:
    begin = text("probe_begin", language)
    yield begin.format(device=found.name, place=found.place, requests=len(found.asks), rounds=ROUNDS)
    yield text("probe_alone", language)


def _lines(probed: Probed, found: Target, language: str) -> Iterator[str]:
    titles = [text(f"probe_{key}", language) for key in ("depth", "rate")]
    titles += [
        "p50 ms",
        "p99 ms",
        *(text(f"probe_{key}", language) for key in ("missing", "displaced", "wrong", "refused")),
    ]
    yield "".join(_right(title) for title in titles)
    yield from (_row(trial) for trial in probed.trials)
    if error := probed.trials[-1].last_error:
        yield text("probe_error", language).format(error=error)
    if not probed.largest:
        yield text("probe_none", language)
        return
    if not found.has_depth:
        yield text("probe_one", language)
    yield text("probe_borne", language).format(largest=probed.largest)
    yield f"[devices.{found.name}]"
    yield f"depth = {probed.worth}"


def _row(trial: Trial) -> str:
    cells = [
        f"{trial.depth}",
        f"{trial.reads_per_s:.0f}",
        f"{trial.percentile_ms(50):.2f}",
        f"{trial.percentile_ms(99):.2f}",
    ]
    cells += [str(count) for count in (trial.missing, trial.displaced, trial.wrong, trial.refused)]
    return "".join(_right(cell) for cell in cells)


def _right(cell: str) -> str:
    """Right-aligned; a Hangul syllable is two columns wide."""
    columns = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in cell)
    return " " * (_WIDTH - columns) + cell
