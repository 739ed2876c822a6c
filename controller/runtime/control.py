"""The control socket: one JSON message a line over a Unix socket, for this user and root alone.

A reader that does not read is dropped; it never makes anybody wait. There is no message that releases agent (rule 5).
"""

import asyncio
import contextlib
import os
import socket
import struct
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from controller.core.commands import AnyCommand
from controller.core.events import Event, Kind
from controller.protocol import (
    MAX_EVENTS,
    MAX_REQUEST_BYTES,
    Accepted,
    AnyReply,
    AnyRequest,
    CommandRequest,
    EventEntry,
    EventsReply,
    EventsRequest,
    Failure,
    Refused,
    StatusReply,
    StatusRequest,
    Subscribe,
    decode_request,
    encode_line,
)
from controller.runtime.logs import Log
from controller.runtime.supervision import Duty, Supervision

log = Log(__name__)

CONTROL = "control"
SEND_LIMIT_S = 2.0
"""Wall seconds that a reader may keep a message waiting before it is dropped."""
ANSWER_LIMIT_S = 5.0
"""Wall seconds within which a scan has to answer a command."""
MAX_CLIENTS = 32
_REMEMBERED = 256
_CREDENTIALS = struct.Struct("3i")
_BUFFER_BYTES = 1 << 16


class Daemon(Protocol):
    """What the socket may ask of the daemon."""

    def status(self, *, cells: bool) -> StatusReply:
        """A snapshot."""
        ...

    def events(self, since: int, limit: int) -> tuple[EventEntry, ...]:
        """The entries after number `since`."""
        ...

    def ask(self, command: AnyCommand) -> asyncio.Future[Event | None]:
        """Give a command to the next scan; its event is the answer."""
        ...


class ControlServer:
    """Serves one daemon on one socket file."""

    def __init__(self, path: Path, daemon: Daemon, supervision: Supervision) -> None:
        self._path = path
        self._daemon = daemon
        self._supervision = supervision
        self._answers: OrderedDict[str, Accepted | Refused] = OrderedDict()
        self._clients: set[asyncio.Task[None]] = set()

    async def run(self, listening: Callable[[], None]) -> None:
        """Serve for ever; `listening` is called once clients can connect. The socket file goes when this is cancelled."""
        self._path.unlink(missing_ok=True)  # left by a crash: the data directory's lock is ours
        before = os.umask(0o177)
        try:
            server = await asyncio.start_unix_server(self._serve, self._path, limit=MAX_REQUEST_BYTES)
        finally:
            os.umask(before)
        self._supervision.add(Duty(CONTROL, 1.0, 10.0))
        listening()
        try:
            while True:
                self._supervision.beat(CONTROL)
                await asyncio.sleep(1.0)
        finally:
            server.close()
            for client in self._clients:
                client.cancel()
            await asyncio.gather(*self._clients, return_exceptions=True)
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._clients.add(task)
        try:
            writer.transport.set_write_buffer_limits(high=_BUFFER_BYTES)
            await self._talk(reader, writer)
        except (ConnectionError, TimeoutError) as error:
            log.info("client_dropped", error=str(error) or type(error).__name__)
        except asyncio.CancelledError:
            # Only `run` cancels this task, and it waits for its end. Python 3.11 logs a handler that ends as cancelled as an error.
            return
        finally:
            if task is not None:
                self._clients.discard(task)
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._clients) > MAX_CLIENTS:
            return await _send(writer, Failure("too many clients", "close one: haechi watch holds its connection"))
        if (user := _peer_user(writer)) not in {0, os.geteuid()}:
            return await _send(
                writer, Failure(f"user {user} may not talk to the daemon", "use the daemon's user or root")
            )
        while True:
            try:
                line = await reader.readline()
            except ValueError:
                return await _send(
                    writer, Failure("the request is too long", f"keep it below {MAX_REQUEST_BYTES} bytes")
                )
            if not line.endswith(b"\n"):
                return None
            try:
                request = decode_request(line)
            except msgspec.DecodeError as error:
                await _send(writer, Failure(f"not a request: {error}", "use the messages of controller/protocol.py"))
                continue
            if isinstance(request, Subscribe):
                return await self._stream(request, reader, writer)
            await _send(writer, await self._reply(request))

    async def _reply(self, request: AnyRequest) -> AnyReply:
        match request:
            case StatusRequest():
                return self._daemon.status(cells=request.cells)
            case EventsRequest():
                return EventsReply(self._daemon.events(request.since, min(request.limit, MAX_EVENTS)))
            case CommandRequest():
                return await self._command(request)
            case Subscribe():
                raise AssertionError("a subscription is streamed")

    async def _command(self, request: CommandRequest) -> AnyReply:
        """Carry out one command once: the same id again gets the same answer and does nothing."""
        if request.id in self._answers:
            return self._answers[request.id]
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                event = await self._daemon.ask(request.command)
        except TimeoutError:
            return Failure("no scan took the command in", "see the daemon's log: is it scanning?")
        answer = _answer(request.id, event)
        self._answers[request.id] = answer
        if len(self._answers) > _REMEMBERED:
            self._answers.popitem(last=False)
        return answer

    async def _stream(self, wish: Subscribe, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Status and events until the client goes. Each message is made when it can be sent, so nothing queues up for a slow reader."""
        gone = asyncio.ensure_future(reader.read(1))
        seq = wish.since
        try:
            while not gone.done():
                if entries := self._daemon.events(seq, MAX_EVENTS):
                    seq = entries[-1].seq
                    await _send(writer, EventsReply(entries))
                await _send(writer, self._daemon.status(cells=wish.cells))
                await asyncio.wait({gone}, timeout=max(0.1, wish.every_s))
        finally:
            gone.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await gone


def _answer(command_id: str, event: Event | None) -> Accepted | Refused:
    if event is not None and event.kind is Kind.REFUSED:
        return Refused(command_id, event.text or event.what)
    return Accepted(command_id, event.text if event else "")


def _peer_user(writer: asyncio.StreamWriter) -> int:
    """User id of the process at the other end, from the kernel."""
    peer: socket.socket = writer.get_extra_info("socket")
    raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    user: int = _CREDENTIALS.unpack(raw)[1]
    return user


async def _send(writer: asyncio.StreamWriter, message: AnyReply) -> None:
    """Send one message. Raises TimeoutError for a reader that does not take it in time."""
    writer.write(encode_line(message))
    async with asyncio.timeout(SEND_LIMIT_S):
        await writer.drain()
