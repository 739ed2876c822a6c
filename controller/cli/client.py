"""Talking to the daemon over its control socket."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from controller.cli.common import ClientError
from controller.protocol import AnyReply, AnyRequest, Failure, decode_reply, encode_line

__all__ = ["ClientError", "ask", "socket_path", "stream_of"]

SOCKETS = (Path("haechi-data/haechi.sock"), Path("/run/haechi/control.sock"))
"""Where a daemon started by hand, and one started by the service manager, listens."""
REPLY_LIMIT_S = 8.0
"""Longer than the daemon gives a command."""


def socket_path(given: Path | None) -> Path:
    """The socket: as given, or $HAECHI_SOCKET, or the first of the usual places where one is."""
    if given is not None:
        return given
    if named := os.environ.get("HAECHI_SOCKET"):
        return Path(named)
    return next((path for path in SOCKETS if path.is_socket()), SOCKETS[0])


def ask(path: Path, request: AnyRequest) -> AnyReply:
    """One request, one reply. Raises ClientError."""
    with _connected(path, request) as replies:
        return _hear(replies, path)


def stream_of(path: Path, request: AnyRequest) -> Iterator[AnyReply]:
    """One request, replies until the daemon goes. Raises ClientError."""
    with _connected(path, request) as replies:
        while True:
            yield _hear(replies, path)


@contextmanager
def _connected(path: Path, request: AnyRequest) -> Iterator[IO[bytes]]:
    """Connect, say the request, and hand over the stream of replies."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(REPLY_LIMIT_S)
        try:
            peer.connect(os.fspath(path))
            peer.sendall(encode_line(request))
        except PermissionError as error:
            raise ClientError(f"{path}: not allowed; run this as the daemon's user or as root") from error
        except OSError as error:
            raise ClientError(
                f"{path}: no daemon answers ({error.strerror or error}); start one with `haechi run SITE`, "
                "or name its socket with --socket"
            ) from error
        with peer.makefile("rb") as replies:
            yield replies


def _hear(replies: IO[bytes], path: Path) -> AnyReply:
    try:
        line = replies.readline()
    except OSError as error:
        raise ClientError(f"{path}: the daemon does not answer within {REPLY_LIMIT_S:g} s; see its log") from error
    if not line.endswith(b"\n"):
        raise ClientError(f"{path}: the daemon closed the connection; see its log")
    try:
        reply = decode_reply(line)
    except msgspec.DecodeError as error:
        raise ClientError(
            f"{path}: not a reply of this version ({error}); use the daemon's version of haechi"
        ) from error
    if isinstance(reply, Failure):
        raise ClientError(f"{reply.what}; {reply.remedy}")
    return reply
