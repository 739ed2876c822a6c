"""What an operator may say. No command releases agent: that takes wired contacts."""

import argparse
import os
from pathlib import Path

_WRITES = {
    "ack": ("zone", "acknowledge the alarms and requests of a zone"),
    "silence": ("zone", "stop the sounders of a zone until a new alarm"),
    "reset": ("zone", "clear a zone's latches; what is still true shows again"),
    "disable": ("subject", "take a head, an output or a zone's automatic release out of service"),
    "enable": ("subject", "put it back into service"),
    "occupied": ("zone", "mark a room as occupied: manual only while it is"),
    "work": (
        "zone",
        "announce a work permit, a walk test or an output test in a zone, or its end; no automatic release meanwhile",
    ),
    "delays": ("zone", "switch the delays to outputs of a zone on or off, for whoever investigates first"),
    "extract": ("zone", "clear a room after the hold time: exhaust for the site's time"),
    "force": ("subject", "drive an output for some seconds to see it work; in an announced output test, never agent"),
    "confirm-isolated": ("rack", "vouch that a rack is isolated, so that water may flow"),
    "hand-over": ("zone", "hand a zone over to the fire brigade"),
}
"""The operator's commands by their tag: the field that names what they are about, and help."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the family."""
    for do, (field, help_text) in _WRITES.items():
        write = commands.add_parser(do, help=help_text)
        write.add_argument("subject", metavar=field.upper())
        if do in {"occupied", "extract"}:
            write.add_argument("answer", choices=("yes", "no"))
        if do == "delays":
            write.add_argument("answer", choices=("on", "off"))
        if do == "work":
            write.add_argument("work", choices=("work permit", "walk test", "output test"))
            write.add_argument("--minutes", type=int, required=True, help="for how long; 0: it has ended")
        if do == "force":
            write.add_argument("--seconds", type=int, required=True, help="for how long; 0: let it go")
        write.add_argument(
            "--operator", default=_who(), help="your name, for the journal ($SUDO_USER, $USER; not root)"
        )
        write.add_argument("--socket", type=Path)
        write.set_defaults(run=_write, do=do, field=field)


def _write(options: argparse.Namespace) -> int:
    from controller.cli.writing import say_command  # noqa: PLC0415 (the protocol is loaded by those who need it)

    return say_command(options)


def _who() -> str:
    """Who speaks, unless --operator says it: the person behind sudo, or the user. Root is nobody in particular."""
    name = os.environ.get("SUDO_USER") or os.environ.get("USER", "")
    return "" if name == "root" else name
