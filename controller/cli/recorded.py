"""`haechi replay` over a recording that no daemon made: a table with a map; and settings tried on a daemon's own recording."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from controller.runtime.recording import RecordingError, open_recording
from controller.tools.recordings.run import Progress, Run, Table, TableError, open_run, settings_of
from controller.tools.recordings.standing import Beyond
from controller.tools.recordings.suggest import suggest
from controller.tools.recordings.told import Clock, Sums, Teller, difference, summary, table
from controller.tools.recordings.whatif import changes
from controller.tools.replay import Seen, layout_with, read_layout, seen_of

OK, MISUSED = 0, 2
_SETTINGS = "name a file with [settings.heat] or another type and what it shall say"
_EVERY_S, _EVERY_FILE_S = 0.2, 10.0


class _Bar(Progress):
    """How far it has come, on stderr: in place on a terminal, now and then elsewhere."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._next = time.monotonic() + (_EVERY_S if self._terminal else _EVERY_FILE_S)
        self._shown = False

    def at(self, done: int, size: int) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (_EVERY_S if self._terminal else _EVERY_FILE_S)
        self._shown = True
        begin, end = ("\r", "") if self._terminal else ("", "\n")
        print(f"{begin}haechi replay: {done / max(size, 1):.0%} of the file read", end=end, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Leave the line."""
        if self._shown and self._terminal:
            print(file=sys.stderr)


def suggest_map(file: Path) -> int:
    """Print a first map of a recording."""
    try:
        table = Table(file)
        print("\n".join(suggest(table)))
        if table.doubt:
            print(f"{file}: {table.doubt}", file=sys.stderr)
    except (TableError, OSError) as error:
        return _refused(str(error))
    return OK


def replay_table(file: Path, plan_map: Path, settings: Path | None, *, as_json: bool, quiet: bool = False) -> int:
    """Run the detector over a table and print what it says; the sums alone when `quiet`."""
    if not plan_map.is_file():
        return _refused(f"{plan_map}: no such file; remedy: haechi replay FILE --suggest makes a first map")
    if settings is not None and (wrong := _wrong_settings(settings)):
        return _refused(wrong)
    bar = _Bar()
    try:
        run = open_run(file, plan_map, settings, bar)
        for line in _lines(run, as_json=as_json, quiet=quiet):
            print(line)
    except BrokenPipeError:  # whoever reads has enough
        raise
    except (ValueError, OSError, TableError) as error:  # a SiteError and wrong UTF-8 are ValueErrors
        return _refused(_told(error, file, plan_map))
    finally:
        bar.close()
    if as_json:
        print(f"{file}: {run.size()}", file=sys.stderr)
        for sentence in run.beyond.sentences(run.sums.spoken()):
            print(f"{file}: {sentence}", file=sys.stderr)
    for sentence in run.weaknesses():
        print(f"{file}: {sentence}", file=sys.stderr)
    return OK


def _told(error: Exception, file: Path, plan_map: Path) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"{plan_map}: not UTF-8 ({error}); remedy: save it as UTF-8"
    text = str(error)
    if isinstance(error, (TableError, OSError)):
        return text
    return f"the map {plan_map} does not fit {file}:\n{text}"


def _wrong_settings(settings: Path) -> str:
    """What is wrong with a file of settings itself; "" for nothing."""
    if not settings.is_file():
        return f"{settings}: no such file; remedy: {_SETTINGS}"
    try:
        settings_of(settings)
    except UnicodeDecodeError as error:
        return f"{settings}: not UTF-8 ({error}); remedy: save it as UTF-8"
    except (ValueError, OSError) as error:
        return f"the settings {settings} cannot be used:\n{error}"
    return ""


def _lines(run: Run, *, as_json: bool, quiet: bool) -> Iterator[str]:
    if as_json:
        encode = msgspec.json.Encoder().encode
        for change in run.changes():
            run.sums.take(change)
            yield encode(run.teller.record(change)).decode()
        return
    heads = run.teller.layout.heads
    yield f"{len(heads)} head{'s' if len(heads) != 1 else ''}: {', '.join(head.name for head in heads[:8])}" + (
        f" and {len(heads) - 8} more" if len(heads) > 8 else ""  # noqa: PLR2004 (as many as a line holds)
    )
    told = table(run.changes(), run.teller, run.sums)
    yield from (line for line in told if not quiet)
    yield f"\nIn all ({run.size()}):"
    yield from summary(run.sums, run.teller, run.beyond, is_judged=bool(run.last_ms))
    if len(run.teller.names) > 1:
        yield f"\n{run.teller.names[1]} against {run.teller.names[0]}:"
        yield from difference(run.sums, run.teller)


@dataclass(frozen=True, slots=True)
class Own:
    """A daemon's own recording with other settings."""

    file: Path
    site: Path
    settings: Path | None


def replay_own(own: Own, *, as_json: bool) -> int:
    """Run the detector over a daemon's recording, under the site's settings and under others, and print the difference."""
    if own.settings is not None and (wrong := _wrong_settings(own.settings)):
        return _refused(wrong)
    try:
        recording = open_recording(own.file)
        layout = read_layout(own.site, recording.start.site_digest)
        layouts, names = [layout], ["site"]
        if own.settings is not None:
            layouts.append(layout_with(layout, settings_of(own.settings)))
            names.append(own.settings.name)
        labels = [layout.point_name(point) for point in range(layout.n_points)]
        teller, sums = Teller(layout, Clock(), labels, names), Sums()
        last: dict[int, int] = {}
        beyond = Beyond(layout)
        found = changes(layouts, _kept(seen_of(recorded.image for recorded in recording.scans()), last, beyond))
        if as_json:
            for change in found:
                print(msgspec.json.encode(teller.record(change)).decode())
            return OK
        for line in table(found, teller, sums):
            print(line)
        sums.close(last)
        beyond.close()
        print("\n".join(["\nIn all:", *summary(sums, teller, beyond)]))
        if len(names) > 1:
            print("\n".join([f"\n{names[1]} against the site's own settings:", *difference(sums, teller)]))
    except BrokenPipeError:
        raise
    except (OSError, ValueError, RecordingError) as error:
        return _refused(str(error))
    return OK


def _kept(moments: Iterator[Seen], last: dict[int, int], beyond: Beyond) -> Iterator[Seen]:
    for moment in moments:
        beyond.take(moment.image, begins=moment.begins)
        last[moment.run] = moment.image.tick_ms
        yield moment


def _refused(text: str) -> int:
    print(f"haechi replay: {text}", file=sys.stderr)
    return MISUSED
