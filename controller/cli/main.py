"""The command line, `haechi`."""

import argparse
import os
import sys
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from controller.cli.client import ClientError, ask, socket_path, stream_of
from controller.cli.show import event_line, heat_lines, status_lines
from controller.protocol import (
    Accepted,
    CommandRequest,
    EventEntry,
    EventsReply,
    EventsRequest,
    Refused,
    StatusReply,
    StatusRequest,
    Subscribe,
    command,
)

OK, FAILED, MISUSED = 0, 1, 2
_CLEAR = "\x1b[H\x1b[2J"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code (0 done, 1 not done, 2 wrong use or a site file with problems)."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except ClientError as error:
        print(f"haechi: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return OK
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


# --- what a command does --------------------------------------------------------------------------------------------


def _check(options: argparse.Namespace) -> int:
    from controller.tools import check  # noqa: PLC0415 (numpy and the drivers are loaded by those who need them)

    return check.main(options.site)


def _run(options: argparse.Namespace) -> int:
    from controller.cli.running import run_site  # noqa: PLC0415 (numba is loaded by those who need it)

    return run_site(options)


def _matrix(options: argparse.Namespace) -> int:
    from controller.cli.matrices import show_matrix  # noqa: PLC0415 (numpy and the drivers are loaded by those who need them)

    return show_matrix(options)


def _import(options: argparse.Namespace) -> int:
    from controller.cli.importing import import_points  # noqa: PLC0415 (the drivers are loaded by those who need them)

    return import_points(options)


def _diff(options: argparse.Namespace) -> int:
    from controller.cli.differing import show_changes  # noqa: PLC0415 (the drivers are loaded by those who need them)

    return show_changes(options.old, options.new, options.language, as_json=options.json)


def _explain(options: argparse.Namespace) -> int:
    from controller.cli.explaining import explain_event  # noqa: PLC0415 (numpy and the core are loaded by those who need them)

    return explain_event(options.journal, options.event, options.language)


def _probe(options: argparse.Namespace) -> int:
    from controller.cli.probing import probe_device  # noqa: PLC0415 (the drivers are loaded by those who need them)

    return probe_device(options.site, options.device, options.language)


def _status(options: argparse.Namespace) -> int:
    reply = ask(socket_path(options.socket), StatusRequest(cells=options.cells))
    if not isinstance(reply, StatusReply):
        raise ClientError("the daemon gave another reply than asked for; use its version of haechi")
    if options.json:
        print(msgspec.json.encode(reply).decode())
        return OK
    print("\n".join(status_lines(reply, options.language or reply.language)))
    if options.cells:
        print("\n".join(("", *heat_lines(reply))))
    return OK


def _events(options: argparse.Namespace) -> int:
    path, since = socket_path(options.socket), options.since
    while True:
        reply = ask(path, EventsRequest(since=since))
        entries = reply.entries if isinstance(reply, EventsReply) else ()
        for entry in entries:
            print(msgspec.json.encode(entry).decode() if options.json else event_line(entry, options.language or "en"))
        if not entries:
            return OK
        since = entries[-1].seq


def _watch(options: argparse.Namespace) -> int:
    """The screen anew at every message; the last events below it. Not on a terminal: events alone, one a line."""
    last: list[EventEntry] = []
    for reply in stream_of(socket_path(options.socket), Subscribe(since=options.since, every_s=options.every)):
        if isinstance(reply, EventsReply):
            last = [*last, *reply.entries][-options.lines :]
            if not sys.stdout.isatty():
                print("\n".join(event_line(entry, options.language or "en") for entry in reply.entries), flush=True)
        elif isinstance(reply, StatusReply) and sys.stdout.isatty():
            language = options.language or reply.language
            lines = [*status_lines(reply, language), "", *(event_line(entry, language) for entry in last)]
            print(_CLEAR + "\n".join(lines), flush=True)
    return OK


def _write(options: argparse.Namespace) -> int:
    """Say one of the operator's commands."""
    if not options.operator:
        print("haechi: who are you? Give --operator NAME, it goes into the journal", file=sys.stderr)
        return MISUSED
    fields: dict[str, str | int] = {options.field: options.subject}
    if options.do == "occupied":
        fields["occupied"] = options.answer == "yes"
    if options.do == "work":
        fields |= {"work": options.work, "minutes": options.minutes}
    said = command(options.do, options.operator, fields)
    reply = ask(socket_path(options.socket), CommandRequest(uuid.uuid4().hex, said))
    match reply:
        case Accepted():
            print(f"done{': ' + reply.text if reply.text else ''}")
            return OK
        case Refused():
            print(f"haechi: refused: {reply.why}", file=sys.stderr)
    return FAILED


def _verify_site(options: argparse.Namespace) -> int:
    from controller.cli.verifying import verify_file  # noqa: PLC0415 (numba is loaded by those who need it)

    return verify_file(options)


def _replay(options: argparse.Namespace) -> int:
    if options.suggest or options.map is not None:
        from controller.cli.recorded import replay_table, suggest_map  # noqa: PLC0415 (numba is loaded by those who need it)

        if options.suggest:
            return suggest_map(options.file)
        return replay_table(options.file, options.map, options.settings, as_json=options.json, quiet=options.quiet)
    from controller.cli.replaying import replay_any  # noqa: PLC0415 (numba is loaded by those who need it)

    return replay_any(options)


def _tune(options: argparse.Namespace) -> int:
    from controller.cli.tuning import tune_site  # noqa: PLC0415 (numba is loaded by those who need it)

    return tune_site(options)


def _verify(options: argparse.Namespace) -> int:
    from controller.cli.replaying import verify_journal  # noqa: PLC0415 (numba is loaded by those who need it)

    return verify_journal(options.file)


def _build_kernels(options: argparse.Namespace) -> int:
    from controller.cli.kernels import build_kernels  # noqa: PLC0415 (the daemon's parts are loaded by those who need them)

    return build_kernels(options)


def _check_kernels(options: argparse.Namespace) -> int:
    from controller.cli.kernels import check_kernels  # noqa: PLC0415 (the same)

    return check_kernels(options)


# --- how it is called -----------------------------------------------------------------------------------------------

_WRITES = {
    "ack": ("zone", "acknowledge the alarms and requests of a zone"),
    "silence": ("zone", "stop the sounders of a zone until a new alarm"),
    "reset": ("zone", "clear a zone's latches; what is still true shows again"),
    "disable": ("subject", "take a head, an output or a zone's automatic release out of service"),
    "enable": ("subject", "put it back into service"),
    "occupied": ("zone", "mark a room as occupied: manual only while it is"),
    "work": ("zone", "announce a work permit or a walk test in a zone, or its end; no automatic release meanwhile"),
    "confirm-isolated": ("rack", "vouch that a rack is isolated, so that water may flow"),
    "hand-over": ("zone", "hand a zone over to the fire brigade"),
}
"""The operator's commands by their tag: the field that names what they are about, and help."""


def _parser() -> argparse.ArgumentParser:
    description = "Fire detection and suppression controller. No command releases agent: that takes wired contacts."
    parser = argparse.ArgumentParser(prog="haechi", description=description)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _site_commands(commands)
    _recorded_commands(commands)
    _kernel_commands(commands)
    _reading_commands(commands)
    for do, (field, help_text) in _WRITES.items():
        write = commands.add_parser(do, help=help_text)
        write.add_argument("subject", metavar=field.upper())
        if do == "occupied":
            write.add_argument("answer", choices=("yes", "no"))
        if do == "work":
            write.add_argument("work", choices=("work permit", "walk test"))
            write.add_argument("--minutes", type=int, required=True, help="for how long; 0: it has ended")
        write.add_argument(
            "--operator", default=_who(), help="your name, for the journal ($SUDO_USER, $USER; not root)"
        )
        write.add_argument("--socket", type=Path)
        write.set_defaults(run=_write, do=do, field=field)
    return parser


def _who() -> str:
    """Who speaks, unless --operator says it: the person behind sudo, or the user. Root is nobody in particular."""
    name = os.environ.get("SUDO_USER") or os.environ.get("USER", "")
    return "" if name == "root" else name


def _site_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    check = commands.add_parser("check", help="name every problem of a site file, or sum it up")
    check.add_argument("site", type=Path)
    check.set_defaults(run=_check)
    proof = commands.add_parser(
        "verify", help="explore the release logic of a site; writes SITE.verified if all of it holds"
    )
    proof.add_argument("site", type=Path)
    proof.add_argument("--html", type=Path, metavar="FILE", help="draw the counter-examples")
    proof.add_argument("--jobs", type=int, default=0, help="processes that share the parts (one a core)")
    proof.add_argument("--states", type=int, default=50_000, help="states of one part before it is given up (50000)")
    proof.add_argument(
        "--seconds", type=_positive, default=1200.0, help="time of one part before it is given up (1200)"
    )
    proof.set_defaults(run=_verify_site)
    run = commands.add_parser("run", help="protect a site: the daemon")
    run.add_argument("site", type=Path)
    run.add_argument("--data", type=Path, default=Path("haechi-data"), help="journal and recording (haechi-data)")
    run.add_argument("--socket", type=Path, help="control socket (DATA/haechi.sock)")
    run.add_argument(
        "--epoch-ns", type=int, help="CLOCK_MONOTONIC at plant time 0, in nanoseconds (drills and benches)"
    )
    run.add_argument("--speed", type=_positive, default=1.0, help="plant seconds in a second (drills and benches)")
    run.add_argument("--recording-mib", type=int, default=512, help="size limit of the recording (512)")
    run.add_argument("--fifo", type=_priority, metavar="PRIORITY", help="SCHED_FIFO priority of the scan, 1 to 99")
    run.add_argument("--core", type=int, metavar="N", help="core that the scan stays on")
    run.add_argument("--lock-memory", action="store_true", help="keep all memory out of the swap")
    run.add_argument(
        "--unverified",
        action="store_true",
        help="direct mode without SITE.toml.verified: benches and drills, whose plant is simulated",
    )
    run.set_defaults(run=_run)
    matrix = commands.add_parser("matrix", help="the cause-and-effect matrix as a page or a sheet, and back")
    matrix.add_argument("site", type=Path)
    matrix.add_argument("--html", type=Path, metavar="FILE", help="draw it as a page")
    matrix.add_argument("--sheet", type=Path, metavar="FILE", help="write it as a sheet, .csv or .xlsx")
    matrix.add_argument(
        "--from", dest="read_from", type=Path, metavar="FILE", help="read a sheet; its tables, checked, go to stdout"
    )
    matrix.add_argument("--language", choices=("en", "ko"))
    matrix.set_defaults(run=_matrix)
    points = commands.add_parser(
        "import", help="an installer's point list as blocks and heads of a site file", epilog=_COLUMNS
    )
    points.add_argument("file", type=Path, help="the list, .csv or .xlsx: a line a point, columns by name")
    points.add_argument("--site", type=Path, help="check this site with them first")
    points.set_defaults(run=_import)
    diff = commands.add_parser("diff", help="what changed between two site files, and what to test again")
    diff.add_argument("old", type=Path)
    diff.add_argument("new", type=Path)
    diff.add_argument("--json", action="store_true")
    diff.add_argument("--language", choices=("en", "ko"))
    diff.set_defaults(run=_diff)
    probe = commands.add_parser("probe", help="how many requests in flight a device bears; reads only, daemon stopped")
    probe.add_argument("site", type=Path)
    probe.add_argument("device")
    probe.add_argument("--language", choices=("en", "ko"))
    probe.set_defaults(run=_probe)
    journal = commands.add_parser("journal", help="look after a journal").add_subparsers(
        required=True, metavar="COMMAND"
    )
    verify = journal.add_parser("verify", help="follow the hash chain from the first entry to the last")
    verify.add_argument("file", type=Path)
    verify.set_defaults(run=_verify)


_COLUMNS = (
    "Columns: device, address and table (or register numbers such as 30001); as needed point, type, order, factor, offset, unit, invalid, "
    "period_s, max_age_s, writable, head, family, zone, rack, group, reference. What else they may be called stands in docs/links.md."
)


def _recorded_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    replay = commands.add_parser(
        "replay",
        help="run a recording through the detector: any table with a map, or a daemon's own against its journal",
    )
    replay.add_argument(
        "file", type=Path, help="a table (CSV and its like, packed or not), a recording.hrec or its journal"
    )
    replay.add_argument("site", type=Path, nargs="?", help="of a daemon's own recording: its site file")
    replay.add_argument("--map", type=Path, help="of a table: which column is what (docs/guide-replay.md)")
    replay.add_argument("--suggest", action="store_true", help="write a first map of a table, for a person to correct")
    replay.add_argument("--settings", type=Path, help="other [settings.TYPE]: show what would have been otherwise")
    replay.add_argument("--json", action="store_true", help="one line a level or fault change, nothing else")
    replay.add_argument("--journal", type=Path, help="journal to compare with (journal.sqlite beside the recording)")
    replay.add_argument("--quiet", action="store_true", help="the result alone, no events")
    replay.set_defaults(run=_replay)
    tune = commands.add_parser(
        "tune", help="fit a site's settings to its recorded normal life: a proposal, never applied"
    )
    tune.add_argument("site", type=Path)
    tune.add_argument(
        "--from",
        dest="recordings",
        type=Path,
        nargs="+",
        required=True,
        help="recordings of normal life: recording.hrec, or tables",
    )
    tune.add_argument("--map", type=Path, help="of tables: which column is what")
    tune.add_argument("--advisories-per-week", type=_positive, default=1.0, help="that the whole site may give (1)")
    tune.add_argument(
        "--alarms-per-year", type=_positive, default=0.1, help="pre-alarms and alarms of the whole site (0.1)"
    )
    tune.add_argument(
        "--out", type=Path, default=Path("haechi-tune"), help="folder of proposal and report (haechi-tune)"
    )
    tune.set_defaults(run=_tune)


def _kernel_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    kernels = commands.add_parser("kernels", help="look after the compiled kernels").add_subparsers(
        required=True, metavar="COMMAND"
    )
    build = kernels.add_parser("build", help="compile them ahead, for a daemon that starts at once; needs a C compiler")
    build.add_argument(
        "--cpu", action="append", default=[], help="for this kind of processor (the best of this machine)"
    )
    build.add_argument("--if-needed", action="store_true", help="only for changed source; no compiler is no error")
    build.set_defaults(run=_build_kernels)
    check = kernels.add_parser("check", help="check them against the golden vectors, as every start of the daemon does")
    check.set_defaults(run=_check_kernels)


def _reading_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    status = commands.add_parser("status", help="how the site stands")
    status.add_argument("--cells", action="store_true", help="every cell's temperature")
    status.add_argument("--json", action="store_true")
    status.set_defaults(run=_status)
    events = commands.add_parser("events", help="journal entries")
    events.add_argument("--since", type=int, default=0, help="only after this number")
    events.add_argument("--json", action="store_true")
    events.set_defaults(run=_events)
    watch = commands.add_parser("watch", help="status and events as they come; ends with Ctrl-C")
    watch.add_argument("--since", type=int, default=0, help="only events after this number")
    watch.add_argument("--every", type=_positive, default=0.5, help="seconds between screens (0.5)")
    watch.add_argument("--lines", type=int, default=12, help="events shown below the status (12)")
    watch.set_defaults(run=_watch)
    explain = commands.add_parser("explain", help="why a level or stage changed, why agent was released or not")
    explain.add_argument("event", help="number of an entry, name of a head or zone, or: last")
    explain.add_argument(
        "--journal", type=Path, default=Path("haechi-data/journal.sqlite"), help="(haechi-data/journal.sqlite)"
    )
    explain.add_argument("--language", choices=("en", "ko"), default="en")
    explain.set_defaults(run=_explain)
    for reading in (status, events, watch):
        reading.add_argument("--language", choices=("en", "ko"))
        reading.add_argument("--socket", type=Path)


def _positive(given: str) -> float:
    number = float(given)
    if not number > 0:
        raise argparse.ArgumentTypeError(f"{given} is not above 0")
    return number


def _priority(given: str) -> int:
    if not given.isdecimal() or not 1 <= int(given) <= 99:  # noqa: PLR2004 (sched(7))
        raise argparse.ArgumentTypeError(f"{given} is not from 1 to 99")
    return int(given)


if __name__ == "__main__":
    sys.exit(main())
