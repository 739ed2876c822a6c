"""`haechi replay` and `haechi journal verify`."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from controller.cli.recorded import Own, replay_own
from controller.cli.show import core_event_line
from controller.runtime.journalfile import JournalError, rows, verify
from controller.runtime.recording import MAGIC, Recording, RecordingError, open_recording
from controller.tools.replay import Replayed, compare, read_layout, replay

OK, FAILED, MISUSED = 0, 1, 2


_JOURNAL = b"SQLite format 3"


def replay_any(options: argparse.Namespace) -> int:
    """A daemon's recording, named itself or by its journal beside it: against the journal, or under other settings."""
    file, journal = options.file, options.journal
    try:
        with file.open("rb") as opened:
            head = opened.read(len(MAGIC))
    except OSError as error:
        print(f"haechi replay: {file}: cannot be read: {error}; remedy: name a recording", file=sys.stderr)
        return MISUSED
    if head.startswith(_JOURNAL):
        file, journal = file.with_name("recording.hrec"), journal or file
        if not file.exists():
            print(
                f"haechi replay: {journal}: a journal without a recording beside it ({file.name}), as a drill in virtual time leaves it: there "
                "is nothing to run again; remedy: run the drill on sockets (without --virtual), or haechi explain to read this journal",
                file=sys.stderr,
            )
            return MISUSED
    elif head != MAGIC and not file.name.endswith(".hrec"):
        print(
            f"haechi replay: {file}: a table needs a map; remedy: --map MAP.toml, which --suggest begins for you",
            file=sys.stderr,
        )
        return MISUSED
    if options.site is None:
        print(f"haechi replay: {file}: a daemon's recording; remedy: name its site file behind it", file=sys.stderr)
        return MISUSED
    if options.settings is not None or options.json:
        return replay_own(Own(file, options.site, options.settings), as_json=options.json)
    return replay_file(file, options.site, journal or file.with_name("journal.sqlite"), quiet=options.quiet)


def replay_file(path: Path, site: Path, journal: Path, *, quiet: bool) -> int:
    """Run the recording through the core again, print what it says, and hold it against the journal if there is one."""
    try:
        recording = open_recording(path)
        return _tell(_printed(_again(recording, site), quiet=quiet), recording, journal)
    except (OSError, ValueError, RecordingError, JournalError) as error:
        print(f"haechi replay: {error}", file=sys.stderr)
        return MISUSED


def _again(recording: Recording, site: Path) -> Iterator[Replayed]:
    start = recording.start
    layout = read_layout(site, start.site_digest)
    scans = ((recorded.image, recorded.commands) for recorded in recording.scans())
    return replay(layout, start.state, start.last_hash, scans, closed=recording.is_closed, lost=start.lost)


def _printed(again: Iterable[Replayed], *, quiet: bool) -> Iterator[Replayed]:
    for one in again:
        if not quiet:
            print(core_event_line(one.event))
        yield one


def _tell(again: Iterator[Replayed], recording: Recording, journal: Path) -> int:
    everything = list(again)
    last_hash = everything[-1].hash if everything else recording.start.last_hash
    print(f"{len(everything)} events, last hash {last_hash.hex()}")
    if not recording.is_closed:
        print(
            f"{recording.files[-1]}: was never closed (the daemon was killed, or runs on); it ends with its last whole scan"
        )
    if not recording.is_whole:
        print(
            f"{recording.files[0]}: the beginning has been overwritten; it went on from the latched state kept there, with a detector that "
            "remembers nothing before, so it is not held against the journal (`haechi run --recording-mib` keeps more)"
        )
        return OK
    if not journal.exists():
        print(f"no journal at {journal}: nothing to compare with (name one with --journal)")
        return OK
    known = ((row.seq, row.record, row.hash) for row in rows(journal, recording.start.seq))
    comparison = compare(everything, known)
    if comparison.difference:
        print(f"differs from {journal} after {comparison.compared} equal entries: {comparison.difference}")
        return FAILED
    print(f"{comparison.compared} entries equal to those of {journal}")
    return OK


def verify_journal(path: Path) -> int:
    """Follow the chain; prints what is wrong with it."""
    try:
        verdict = verify(path)
    except JournalError as error:
        print(f"haechi journal verify: {error}", file=sys.stderr)
        return MISUSED
    for problem in verdict.problems:
        print(f"{path}: {problem}")
    print(f"{verdict.entries} entries, last hash {verdict.last_hash.hex()}")
    return FAILED if verdict.problems else OK
