"""What was recorded: recordings and journals."""

import argparse
from pathlib import Path

from controller.cli.common import positive


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the family."""
    _add_journal(commands)
    _add_replay(commands)
    _add_tune(commands)


def _add_journal(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    journal = commands.add_parser("journal", help="look after a journal").add_subparsers(
        required=True, metavar="COMMAND"
    )
    verify = journal.add_parser("verify", help="follow the hash chain from the first entry to the last")
    verify.add_argument("file", type=Path)
    verify.set_defaults(run=_verify)


def _add_replay(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
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


def _add_tune(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
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
    tune.add_argument("--advisories-per-week", type=positive, default=1.0, help="that the whole site may give (1)")
    tune.add_argument(
        "--alarms-per-year", type=positive, default=0.1, help="pre-alarms and alarms of the whole site (0.1)"
    )
    tune.add_argument(
        "--out", type=Path, default=Path("haechi-tune"), help="folder of proposal and report (haechi-tune)"
    )
    tune.set_defaults(run=_tune)


def _verify(options: argparse.Namespace) -> int:
    from controller.cli.replaying import verify_journal  # noqa: PLC0415 (numba is loaded by those who need it)

    return verify_journal(options.file)


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
