"""What the daemon and its journal tell."""

import argparse
from pathlib import Path

from controller.cli.common import positive


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the family."""
    _add_status(commands)
    _add_events(commands)
    _add_watch(commands)
    _add_explain(commands)


def _add_status(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    status = commands.add_parser("status", help="how the site stands")
    status.add_argument("--cells", action="store_true", help="every cell's temperature")
    status.add_argument("--json", action="store_true")
    status.set_defaults(run=_status)
    _add_common(status)


def _add_events(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    events = commands.add_parser("events", help="journal entries")
    events.add_argument("--since", type=int, default=0, help="only after this number")
    events.add_argument("--json", action="store_true")
    events.set_defaults(run=_events)
    _add_common(events)


def _add_watch(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    watch = commands.add_parser("watch", help="status and events as they come; ends with Ctrl-C")
    watch.add_argument("--since", type=int, default=0, help="only events after this number")
    watch.add_argument("--every", type=positive, default=0.5, help="seconds between screens (0.5)")
    watch.add_argument("--lines", type=int, default=12, help="events shown below the status (12)")
    watch.set_defaults(run=_watch)
    _add_common(watch)


def _add_explain(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    explain = commands.add_parser("explain", help="why a level or stage changed, why agent was released or not")
    explain.add_argument("event", help="number of an entry, name of a head or zone, or: last")
    explain.add_argument(
        "--journal", type=Path, default=Path("haechi-data/journal.sqlite"), help="(haechi-data/journal.sqlite)"
    )
    explain.add_argument("--language", choices=("en", "ko"), default="en")
    explain.set_defaults(run=_explain)


def _add_common(reading: argparse.ArgumentParser) -> None:
    reading.add_argument("--language", choices=("en", "ko"))
    reading.add_argument("--socket", type=Path)


def _status(options: argparse.Namespace) -> int:
    from controller.cli.reading import show_status  # noqa: PLC0415 (the protocol is loaded by those who need it)

    return show_status(options)


def _events(options: argparse.Namespace) -> int:
    from controller.cli.reading import show_events  # noqa: PLC0415 (the protocol is loaded by those who need it)

    return show_events(options)


def _watch(options: argparse.Namespace) -> int:
    from controller.cli.reading import watch_site  # noqa: PLC0415 (the protocol is loaded by those who need it)

    return watch_site(options)


def _explain(options: argparse.Namespace) -> int:
    from controller.cli.explaining import explain_event  # noqa: PLC0415 (numpy and the core are loaded by those who need them)

    return explain_event(options.journal, options.event, options.language)
