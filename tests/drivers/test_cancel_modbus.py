"""Cancelled at whatever it waits for, a Modbus link ends within 100 ms and leaves nothing: no task, no descriptor, no timer."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from drivers.link import LinkState, PointWrite
from drivers.modbus.frame import Framing
from drivers.modbus.plan import DeviceLimits
from drivers.modbus.poller import ModbusLink
from drivers.modbus.tcp import tcp_connector
from drivers.points import Quality
from drivers.tls import client_context
from tests.drivers.certificates import Authority
from tests.drivers.field import Ask, raw_server, running, stalls, tick_ms, until
from tests.drivers.test_plan import block
from tests.soak import reconnect_modbus

PATIENT_S = 30.0
"""No deadline helps: whatever ends does so because it was cancelled."""


def link_to(port: int, framing: Framing = Framing.TCP, *, tls_of: Path | None = None) -> ModbusLink:
    context = None if tls_of is None else client_context(Authority(tls_of, "ca").ca_file)
    connect = tcp_connector("bus", "127.0.0.1", port, framing, PATIENT_S, context)
    blocks = {"h": block("h", 0, 4, period_s=0.01)}
    return ModbusLink("bus", connect, framing, blocks, {"d": DeviceLimits()}, PATIENT_S, tick_ms, read_only=False)


@asynccontextmanager
async def mute() -> AsyncIterator[tuple[int, list[asyncio.StreamReader]]]:
    """A server that takes every connection and says nothing; who is there."""
    there: list[asyncio.StreamReader] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there.append(reader)
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], there
    finally:
        server.close()


@asynccontextmanager
async def black_hole() -> AsyncIterator[int]:
    """A port that takes no connection and refuses none: its backlog is full."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for one in (first, second):
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        await asyncio.sleep(0.05)
        yield full.getsockname()[1]


def _descriptors() -> set[str]:
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


def _timers() -> int:
    scheduled: list[asyncio.TimerHandle] = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
    return sum(not timer.cancelled() for timer in scheduled)


async def _ends_at_once(link: ModbusLink, waits: Callable[[], bool]) -> None:
    """Run `link` until it waits for what the test is about, then cancel it."""
    before = _descriptors(), len(asyncio.all_tasks()), _timers()
    task = asyncio.create_task(link.run())
    await until(waits)
    assert not task.done()
    assert await _cancelled_in_s(task) < 0.1
    await until(lambda: (_descriptors() <= before[0], len(asyncio.all_tasks()), _timers()) == (True, *before[1:]), 2.0)
    assert link.health().state is LinkState.DOWN
    assert not (link.buffers["h"].quality == Quality.GOOD).any()


async def _cancelled_in_s(task: "asyncio.Task[None]") -> float:
    """How long it took to end, without what the machine stood still."""
    async with stalls() as stalled:
        began_s = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        took_s = time.monotonic() - began_s
        await asyncio.sleep(0.02)  # a stall that has just ended is seen now
    return took_s - stalled.total_s


def _is_gone(there: list[asyncio.StreamReader]) -> bool:
    """Whether the peer knows that its one client has left."""
    (client,) = there
    return client.at_eof() or client.exception() is not None


async def test_while_it_connects_to_a_black_hole() -> None:
    async with black_hole() as port:
        link = link_to(port)
        began_s = time.monotonic()
        await _ends_at_once(
            link, lambda: link.health().state is LinkState.CONNECTING and time.monotonic() - began_s > 0.2
        )
        assert link.health().generation == 0
        assert link.health().errors == 0, "it was still waiting for its first connection"


async def test_while_it_backs_off() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        link = link_to(nobody.getsockname()[1])
        await _ends_at_once(link, lambda: link.health().state is LinkState.DOWN and link.health().errors > 3)


async def test_while_it_lets_a_serial_line_behind_a_socket_fall_silent() -> None:
    async with mute() as (port, there):
        link = link_to(port, Framing.RTU)
        await _ends_at_once(link, lambda: bool(there))
        assert link.health().generation == 0, "nothing was asked yet"
        await until(lambda: _is_gone(there))


async def test_while_a_request_is_in_flight() -> None:
    async with mute() as (port, there):
        link = link_to(port)
        await _ends_at_once(link, lambda: link.health().generation == 1)
        await until(lambda: _is_gone(there))


async def test_in_the_tls_handshake(tmp_path: Path) -> None:
    async with mute() as (port, there):
        link = link_to(port, tls_of=tmp_path)
        await _ends_at_once(link, lambda: bool(there))
        assert link.health().generation == 0
        await until(lambda: _is_gone(there))


async def test_while_it_sleeps_until_the_next_poll() -> None:
    async with raw_server() as raw:
        connect = tcp_connector("bus", "127.0.0.1", raw.port, Framing.TCP, PATIENT_S)
        blocks = {"h": block("h", 0, 4, period_s=60.0)}
        link = ModbusLink(
            "bus", connect, Framing.TCP, blocks, {"d": DeviceLimits()}, PATIENT_S, tick_ms, read_only=True
        )
        await _ends_at_once(link, lambda: link.health().reads == 1)


async def test_while_it_keeps_the_silence_that_a_unit_needs() -> None:
    async with raw_server() as raw:
        connect = tcp_connector("bus", "127.0.0.1", raw.port, Framing.TCP, PATIENT_S, spacing_s={1: PATIENT_S})
        blocks = {"h": block("h", 0, 4, period_s=0.01)}
        link = ModbusLink(
            "bus", connect, Framing.TCP, blocks, {"d": DeviceLimits()}, PATIENT_S, tick_ms, read_only=True
        )
        read_s: list[float] = []

        def keeps_silent() -> bool:
            read_s.extend([time.monotonic()] * link.health().reads)
            return bool(read_s) and time.monotonic() - read_s[0] > 0.2

        await _ends_at_once(link, keeps_silent)
        assert len(raw.heard) == 1, "the second request was due long ago"


async def test_a_writer_that_gives_up_leaves_nothing_in_the_queue() -> None:
    """The write waits behind a poll that is not answered: cancelled, it is never sent."""
    async with mute() as (port, _):
        link = link_to(port)
        async with running(link):
            await until(lambda: link.health().generation == 1)
            writing = asyncio.create_task(link.write(PointWrite("h", 0, 1.0)))
            await asyncio.sleep(0.05)
            assert link._writes.is_waiting()
            assert await _cancelled_in_s(writing) < 0.1
            assert link._writes.next() is None


async def test_a_writer_that_gives_up_in_flight_ends_at_once_and_the_link_goes_on() -> None:
    async def answer(ask: Ask) -> bytes:
        if ask.function == 6:
            await asyncio.sleep(0.5)
            return ask.frame(ask.body)
        return ask.reply()

    async with raw_server(answer) as raw:
        link = link_to(raw.port)
        async with running(link):
            await until(lambda: link.buffers["h"].quality[0] == Quality.GOOD)
            writing = asyncio.create_task(link.write(PointWrite("h", 0, 1.0)))
            await until(lambda: any(ask.function == 6 for ask in raw.heard))
            assert await _cancelled_in_s(writing) < 0.1
            heard = len(raw.heard)
            await until(lambda: len(raw.heard) > heard + 3)
            assert sum(ask.function == 6 for ask in raw.heard) == 1, "it is not sent a second time"
            assert link.health().errors == 0


async def test_five_seconds_of_reconnects_leave_nothing() -> None:
    """The soak's minute, in short: every way in which a peer can end a connection, over TCP, RTU and TLS."""
    asyncio.get_running_loop().set_debug(False)  # its tracebacks of every call are what would grow
    report = await reconnect_modbus.reconnect(5.0, 2026)
    assert report.passed, str(report)
