"""`haechi tune`."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from controller.runtime.recording import MAGIC, RecordingError, open_recording
from controller.tools.check import REFUSED, load_or_tell
from controller.tools.recordings.mapping import read_map
from controller.tools.replay import read_layout, seen_of
from controller.tools.tuning.propose import Budget
from controller.tools.tuning.run import Family, Limits, Source, TableError, table_source, told, tune, write

OK, FAILED = 0, 1


def tune_site(options: argparse.Namespace) -> int:
    """Fit a site's settings to recordings of its normal life and write a proposal; the exit code. Nothing is applied."""
    site = load_or_tell(options.site)
    if site is None:
        return REFUSED
    budget = Budget(options.advisories_per_week, options.alarms_per_year)
    try:
        sources = [_source(file, options, site.settings) for file in options.recordings]
        tuned = tune(site, sources, budget)
        if not tuned.proposal.fitted:
            print("\n".join(f"haechi tune: {text}" for text in tuned.proposal.refused), file=sys.stderr)
            return REFUSED
        settings, report = write(options.out, options.site, tuned, budget)
    except (OSError, ValueError, RecordingError, TableError) as error:
        print(f"haechi tune: {error}", file=sys.stderr)
        return REFUSED
    print("\n".join(told(tuned)))
    print(
        f"proposal: {settings}\nreport:   {report}\nNothing has been applied. `haechi replay ... --settings {settings}` shows what changes."
    )
    return OK if tuned.kept else FAILED


def _source(file: Path, options: argparse.Namespace, settings: Mapping[Family, Limits]) -> Source:
    with file.open("rb") as opened:
        own = opened.read(len(MAGIC)) == MAGIC
    if own:
        recording = open_recording(file)
        layout = read_layout(options.site, recording.start.site_digest)

        return Source(file.name, layout, lambda: seen_of(recorded.image for recorded in recording.scans()))
    if options.map is None:
        raise ValueError(
            f"{file}: a table needs a map; remedy: --map MAP.toml, which haechi replay --suggest begins for you"
        )
    return table_source(file, read_map(options.map), settings)
