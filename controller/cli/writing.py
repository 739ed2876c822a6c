"""The operator's commands."""

import argparse
import sys
import uuid

from controller.cli.client import ask, socket_path
from controller.cli.common import FAILED, MISUSED, OK
from controller.protocol import Accepted, CommandRequest, Refused, command


def say_command(options: argparse.Namespace) -> int:
    """Say one of the operator's commands; the exit code. Raises ClientError."""
    if not options.operator:
        print("haechi: who are you? Give --operator NAME, it goes into the journal", file=sys.stderr)
        return MISUSED
    fields: dict[str, str | int] = {options.field: options.subject}
    if options.do == "occupied":
        fields["occupied"] = options.answer == "yes"
    if options.do == "delays":
        fields["on"] = options.answer == "on"
    if options.do == "force":
        fields["seconds"] = options.seconds
    if options.do == "extract":
        fields["on"] = options.answer == "yes"
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
