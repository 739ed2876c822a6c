"""`haechi status`, `haechi events`, `haechi watch`."""

import argparse
import sys

import msgspec

from controller.cli.client import ask, socket_path, stream_of
from controller.cli.common import OK, ClientError
from controller.cli.show import event_line, heat_lines, status_lines
from controller.protocol import EventEntry, EventsReply, EventsRequest, StatusReply, StatusRequest, Subscribe

_CLEAR = "\x1b[H\x1b[2J"


def show_status(options: argparse.Namespace) -> int:
    """How the site stands; the exit code. Raises ClientError."""
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


def show_events(options: argparse.Namespace) -> int:
    """The entries of the journal that the daemon still has at hand; the exit code. Raises ClientError."""
    path, since = socket_path(options.socket), options.since
    while True:
        reply = ask(path, EventsRequest(since=since))
        entries = reply.entries if isinstance(reply, EventsReply) else ()
        for entry in entries:
            print(msgspec.json.encode(entry).decode() if options.json else event_line(entry, options.language or "en"))
        if not entries:
            return OK
        since = entries[-1].seq


def watch_site(options: argparse.Namespace) -> int:
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
