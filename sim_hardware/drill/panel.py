"""The drill's seat at the controller's panel: it listens to status and events, and says what the people of the scenario say."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from controller.core.commands import AnyCommand
from controller.protocol import (
    AnyReply,
    AnyRequest,
    CommandRequest,
    EventsReply,
    Failure,
    StatusReply,
    Subscribe,
    decode_reply,
    encode_line,
)
from sim_hardware.drill.errors import DrillError

EVERY_S = 0.5
"""Wall time between two looks at the controller."""
LINE_BYTES = 16 << 20
ANSWER_S = 10.0


@asynccontextmanager
async def listening(path: Path) -> AsyncIterator[AsyncIterator[StatusReply | EventsReply]]:
    """Everything the controller tells, from its first event on."""
    reader, writer = await asyncio.open_unix_connection(path, limit=LINE_BYTES)
    try:
        writer.write(encode_line(Subscribe(since=0, every_s=EVERY_S)))
        yield _messages(reader)
    finally:
        writer.transport.abort()


async def _messages(reader: asyncio.StreamReader) -> AsyncIterator[StatusReply | EventsReply]:
    while True:
        reply = await _hear(reader)
        if isinstance(reply, StatusReply | EventsReply):
            yield reply


async def say(path: Path, command: AnyCommand) -> None:
    """Give one command; a refusal is the controller's to journal. Raises DrillError if it cannot take it."""
    reader, writer = await asyncio.open_unix_connection(path, limit=LINE_BYTES)
    try:
        request: AnyRequest = CommandRequest(uuid.uuid4().hex, command)
        writer.write(encode_line(request))
        async with asyncio.timeout(ANSWER_S):
            reply = await _hear(reader)
        if isinstance(reply, Failure):
            raise DrillError(f"the controller cannot take {command}: {reply.what}; remedy: {reply.remedy}")
    finally:
        writer.transport.abort()


async def _hear(reader: asyncio.StreamReader) -> AnyReply:
    line = await reader.readline()
    if not line.endswith(b"\n"):
        raise DrillError("the controller closed its control socket; see controller.log in the run's folder")
    try:
        return decode_reply(line)
    except msgspec.DecodeError as error:
        raise DrillError(f"the controller said what this version does not know: {error}") from error
