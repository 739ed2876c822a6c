"""RTU frames through a socket: a converter hands what its serial line says to whoever is connected then, be it asked before."""

import asyncio
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from drivers.link import PointWrite
from drivers.modbus.frame import Framing
from drivers.modbus.plan import DeviceLimits
from drivers.modbus.poller import ModbusLink
from drivers.modbus.tcp import tcp_connector
from drivers.points import RegisterBlock
from tests.drivers.field import running, tick_ms, until
from tests.drivers.line import REQUEST_BYTES, RtuAnswer, RtuAsk, right, rtu
from tests.drivers.test_plan import block
from tests.drivers.test_serial import PERIOD_S, TIMEOUT_S, WRONG, moody, watch, watch_moods
from tests.drivers.test_tcp import bad, good


@dataclass
class Converter:
    """A serial line behind a socket; the last to connect hears it."""

    answer: RtuAnswer = right
    heard: list[RtuAsk] = field(default_factory=list)
    port: int = 0
    writer: asyncio.StreamWriter | None = None
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        try:
            while True:
                frame = await reader.readexactly(REQUEST_BYTES)
                assert rtu(frame[:-2]) == frame, "not a request"
                ask = RtuAsk(time.monotonic(), *struct.unpack(">BBHH", frame[:-2]))
                self.heard.append(ask)
                task = asyncio.create_task(self.say(ask))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def say(self, ask: RtuAsk) -> None:
        data = await self.answer(ask)
        if self.writer is not None and not self.writer.is_closing():
            self.writer.write(data)


@asynccontextmanager
async def converter(answer: RtuAnswer = right) -> AsyncIterator[Converter]:
    found = Converter(answer)
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        for task in tuple(found.tasks):
            task.cancel()
        await asyncio.gather(*found.tasks, return_exceptions=True)
        await asyncio.sleep(0.02)


def link_through(port: int, *blocks: RegisterBlock) -> ModbusLink:
    connect = tcp_connector("bus", "127.0.0.1", port, Framing.RTU, TIMEOUT_S)
    devices = {b.device: DeviceLimits(depth=4) for b in blocks}
    named = {b.name: b for b in blocks}
    return ModbusLink("bus", connect, Framing.RTU, named, devices, TIMEOUT_S, tick_ms, read_only=False)


@pytest.mark.parametrize("seed", range(2))
async def test_a_moody_unit_never_displaces_a_value(seed: int) -> None:
    blocks = [block(f"b{n}", 100 * n, 4 + n, period_s=PERIOD_S) for n in range(4)]
    async with converter(moody(seed)) as line:
        link = link_through(line.port, *blocks)
        async with running(link):
            await watch_moods(link, blocks)
            line.answer = right
            assert await until(lambda: all(good(link, b.name) for b in blocks)) < 5


@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_reply_costs_the_device_alone(name: str) -> None:
    blocks = [block("h", 0, 4, period_s=PERIOD_S), block("other", 500, 2, unit=2, device="e", period_s=PERIOD_S)]

    async def answer(ask: RtuAsk) -> bytes:
        return WRONG[name](ask) if ask.unit == 1 else ask.reply()

    async with converter() as line:
        link = link_through(line.port, *blocks)
        async with running(link):
            await until(lambda: good(link, "h") and good(link, "other"))
            line.answer = answer
            await until(lambda: bad(link, "h"))
            heard = int(link.buffers["other"].sample[0])
            await until(lambda: int(link.buffers["other"].sample[0]) > heard + 3)
            assert good(link, "other")
            await watch(link, blocks, 0.3)
            line.answer = right
            assert await until(lambda: good(link, "h")) < 5


async def test_one_request_in_flight_and_a_write_read_back_as_polled() -> None:
    blocks = [block("h", 0, 10, period_s=60.0), block("w", 300, 4, period_s=60.0)]
    in_flight = most = 0

    async def answer(ask: RtuAsk) -> bytes:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        await asyncio.sleep(0.005)
        in_flight -= 1
        return ask.reply()

    async with converter(answer) as line:
        link = link_through(line.port, *blocks)
        async with running(link):
            await until(lambda: all(good(link, b.name) for b in blocks))
            await link.write(PointWrite("w", 2, 5.0))
        assert [(a.function, a.address, a.count) for a in line.heard[-2:]] == [(6, 302, 5), (3, 300, 4)]
        assert most == 1
