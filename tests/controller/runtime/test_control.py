from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from controller.core import commands
from controller.core.commands import Acknowledge, AnyCommand
from controller.core.events import Event, Kind
from controller.core.status import CoreStatus, RackStatus, ZoneStatus
from controller.protocol import (
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
    ScanStatus,
    StatusReply,
    StatusRequest,
    StorageStatus,
    Subscribe,
    WriterStatus,
    command,
    decode_reply,
    encode_line,
)
from controller.runtime import control
from controller.runtime.control import ControlServer
from controller.runtime.eventlog import KEPT, EventLog
from controller.runtime.supervision import Supervision
from tests.controller.runtime.fakes import event, until


def status_of(scan: int, *, cells: bool) -> StatusReply:
    rack = RackStatus("rack-1", 30.0, "none", False, False, (20.0,) * 5000 if cells else ())
    zone = ZoneStatus("room", "Room", "", "quiescent", 0, -1, "", (), (), "full", False, True, False, -1, (), (rack,))
    core = CoreStatus(scan, scan * 100, "direct", (zone,), (), (), ())
    return StatusReply(
        "bench", "direct", "en", "0", 1.0, 1.0, 0, core, (), ScanStatus(scan, 0, 100.0, 0, 0.0, 0.0, 0.0, 0.0),
        StorageStatus(0, "", 0, 0, "", 0, 0, "", "first start"), WriterStatus(0, 0, 0, ()), (), (),
    )  # fmt: skip


class FakeDaemon:
    def __init__(self) -> None:
        self.scan = 0
        self.log = EventLog()
        self.asked: list[AnyCommand] = []
        self.answer: Event | None = event(1, "ack", Kind.COMMAND)

    def status(self, *, cells: bool) -> StatusReply:
        self.scan += 1
        return status_of(self.scan, cells=cells)

    def events(self, since: int, limit: int) -> tuple[EventEntry, ...]:
        return self.log.since(since, limit)

    def ask(self, command: AnyCommand) -> asyncio.Future[Event | None]:
        self.asked.append(command)
        future: asyncio.Future[Event | None] = asyncio.get_running_loop().create_future()
        if self.answer is not None:
            future.set_result(self.answer)
        return future


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def hear(self) -> AnyReply:
        async with asyncio.timeout(3):
            return decode_reply(await self.reader.readline())

    async def ask(self, request: AnyRequest) -> AnyReply:
        self.writer.write(encode_line(request))
        return await self.hear()


class Bench:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.daemon = FakeDaemon()
        self.server = ControlServer(path, self.daemon, Supervision())
        self.clients: list[asyncio.StreamWriter] = []

    async def client(self) -> Client:
        reader, writer = await asyncio.open_unix_connection(self.path, limit=1 << 20)
        self.clients.append(writer)
        return Client(reader, writer)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path / "haechi.sock")
    listening = asyncio.Event()
    task = asyncio.create_task(bench.server.run(listening.set))
    await listening.wait()
    yield bench
    for writer in bench.clients:
        writer.close()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not bench.path.exists()


async def test_status_and_events_are_told(bench: Bench) -> None:
    client = await bench.client()
    reply = await client.ask(StatusRequest())
    assert isinstance(reply, StatusReply)
    assert reply.core.zones[0].racks[0] == RackStatus("rack-1", 30.0, "none", False, False)
    bench.daemon.log.add(7, [event(1, "a"), event(1, "b"), event(2, "c")])
    reply = await client.ask(EventsRequest(since=7))
    assert isinstance(reply, EventsReply)
    assert [(entry.seq, entry.event.what) for entry in reply.entries] == [(8, "b"), (9, "c")]
    reply = await client.ask(EventsRequest(limit=1))
    assert isinstance(reply, EventsReply)
    assert [entry.seq for entry in reply.entries] == [7]


async def test_a_command_is_carried_out_once_whatever_its_id_repeats(bench: Bench) -> None:
    said = Acknowledge(operator="Kim", zone="room")
    first, client = await bench.client(), await bench.client()
    assert await first.ask(CommandRequest("c1", said)) == Accepted("c1")
    assert await client.ask(CommandRequest("c1", said)) == Accepted("c1")
    assert bench.daemon.asked == [said]
    bench.daemon.answer = event(2, "ack", Kind.REFUSED, "not now")
    assert await client.ask(CommandRequest("c2", said)) == Refused("c2", "not now")


async def test_a_command_that_no_scan_takes_in_is_told_as_such(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "ANSWER_LIMIT_S", 0.05)
    bench.daemon.answer = None
    client = await bench.client()
    reply = await client.ask(CommandRequest("c1", Acknowledge(operator="Kim", zone="room")))
    assert isinstance(reply, Failure)
    assert "scan" in reply.what


@pytest.mark.parametrize(
    "line",
    [
        b"hello\n",
        b"{}\n",
        b'{"type":"release","zone":"room"}\n',
        b'{"type":"command","id":"1","command":{"do":"release","operator":"Kim","zone":"room"}}\n',
        b'{"type":"command","id":"1","command":{"do":"ack","zone":"room"}}\n',
        b'{"type":"command","id":"1","command":{"do":"ack","operator":"Kim","zone":"room","force":true}}\n',
        b'{"type":"status","extra":1}\n',
        b"\xff\xfe\n",
    ],
)
async def test_what_is_no_message_does_nothing_and_the_connection_goes_on(bench: Bench, line: bytes) -> None:
    client = await bench.client()
    client.writer.write(line)
    reply = await client.hear()
    assert isinstance(reply, Failure)
    assert bench.daemon.asked == []
    assert isinstance(await client.ask(StatusRequest()), StatusReply)


def test_no_message_can_release() -> None:
    """Rule 5: this is everything that may be said. Whoever adds a message has to come by here, and none that releases may pass."""
    assert {kind.__name__ for kind in get_args(AnyRequest)} == {
        "StatusRequest", "EventsRequest", "Subscribe", "CommandRequest"
    }  # fmt: skip
    tags = {kind.__struct_config__.tag for kind in get_args(AnyCommand)}
    assert tags == {
        "ack", "silence", "reset", "disable", "enable", "occupied", "confirm-isolated", "hand-over", "work", "delays", "extract", "force"
    }  # fmt: skip
    every = {kind for kind in vars(commands).values() if isinstance(kind, type) and issubclass(kind, commands.Command)}
    assert every - {commands.Command} == set(get_args(AnyCommand))
    for do in ("release", "extinguish", "discharge", "fire", "activate", "manual", "write", "output"):
        with pytest.raises(msgspec.ValidationError):
            command(do, "Kim", {"zone": "room"})


async def test_a_line_without_end_is_refused_and_the_client_dropped(bench: Bench) -> None:
    client = await bench.client()
    client.writer.write(b"x" * (MAX_REQUEST_BYTES + 10))
    reply = await client.hear()
    assert isinstance(reply, Failure)
    assert "too long" in reply.what
    assert await client.reader.read() == b""


async def test_a_subscriber_hears_status_and_every_event(bench: Bench) -> None:
    client = await bench.client()
    bench.daemon.log.add(1, [event(1, "old"), event(1, "new")])
    client.writer.write(encode_line(Subscribe(since=1, every_s=0.1)))
    first = await client.hear()
    assert isinstance(first, EventsReply)
    assert [entry.event.what for entry in first.entries] == ["new"]
    assert isinstance(await client.hear(), StatusReply)
    bench.daemon.log.add(3, [event(2, "newer")])
    heard = [await client.hear() for _ in range(3)]
    events = [entry.seq for reply in heard if isinstance(reply, EventsReply) for entry in reply.entries]
    assert events == [3]


async def test_a_subscriber_that_goes_is_forgotten(bench: Bench) -> None:
    client = await bench.client()
    client.writer.write(encode_line(Subscribe(every_s=0.1)))
    await client.hear()
    client.writer.close()
    await until(lambda: not bench.server._clients)


async def test_a_reader_that_does_not_read_is_dropped_and_delays_nobody(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "SEND_LIMIT_S", 0.3)
    deaf = await bench.client()
    deaf.writer.write(encode_line(Subscribe(every_s=0.1, cells=True)))
    transport = deaf.writer.transport
    assert isinstance(transport, asyncio.ReadTransport)
    transport.pause_reading()
    other = await bench.client()
    await until(lambda: len(bench.server._clients) == 2)
    while len(bench.server._clients) > 1:
        async with asyncio.timeout(0.2):
            assert isinstance(await other.ask(StatusRequest()), StatusReply)
        await asyncio.sleep(0.02)
    assert len(bench.server._clients) == 1


async def test_another_user_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "_peer_user", lambda _writer: os.geteuid() + 4711)
    client = await bench.client()
    client.writer.write(encode_line(CommandRequest("c1", Acknowledge(operator="Kim", zone="room"))))
    reply = await client.hear()
    assert isinstance(reply, Failure)
    assert "may not talk" in reply.what
    assert bench.daemon.asked == []


async def test_the_kernel_names_the_peer_and_the_file_is_for_its_owner_alone(bench: Bench) -> None:
    client = await bench.client()
    assert control._peer_user(client.writer) == os.geteuid()
    assert stat.S_IMODE(bench.path.stat().st_mode) == 0o600


async def test_a_crowd_is_turned_away(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "MAX_CLIENTS", 2)
    for _ in range(2):
        await (await bench.client()).ask(StatusRequest())
    third = await bench.client()
    assert isinstance(await third.hear(), Failure)


def test_the_log_keeps_the_newest() -> None:
    log = EventLog()
    log.add(1, [event(1)] * (KEPT + 10))
    assert log.last_seq == KEPT + 10
    assert log.since(0, 3)[0].seq == 11
    assert log.since(KEPT + 10, 3) == ()
