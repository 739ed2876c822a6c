"""Devices for the drivers' tests: pymodbus' own server, and a raw one that answers whatever a test wants."""

import asyncio
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from pymodbus import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType as SimType
from pymodbus.simulator import SimData, SimDevice

from drivers.link import Link

STALL_STEP_S = 0.005


def tick_ms() -> int:
    return time.monotonic_ns() // 1_000_000


@asynccontextmanager
async def running(*links: Link) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(link.run()) for link in links]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition: Callable[[], bool], within_s: float = 20.0) -> float:
    """Wait for a condition; give the seconds that it took."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < within_s, "the condition did not come true"
        await asyncio.sleep(0.002)
    return time.monotonic() - started


class Stalls:
    """Wall time that this machine kept the whole event loop waiting, measured in the test itself: no fault of what is tested."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self.total_s = 0.0

    async def watch(self) -> None:
        """Sleep in short steps for ever; whatever a step took longer is a stall."""
        while True:
            began_s = time.monotonic()
            await asyncio.sleep(STALL_STEP_S)
            late_s = time.monotonic() - began_s - STALL_STEP_S
            self.longest_s = max(self.longest_s, late_s)
            self.total_s += late_s


@asynccontextmanager
async def stalls() -> AsyncIterator[Stalls]:
    """Measure the machine's stalls while a test looks at times."""
    found = Stalls()
    task = asyncio.create_task(found.watch())
    try:
        yield found
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@dataclass
class Ask:
    """One request as it came."""

    tid: int
    unit: int
    function: int
    body: bytes

    @property
    def address(self) -> int:
        return int.from_bytes(self.body[:2], "big")

    @property
    def count(self) -> int:
        return int.from_bytes(self.body[2:4], "big")

    def reply(
        self, tid: int | None = None, unit: int | None = None, function: int | None = None, extra: int = 0
    ) -> bytes:
        """The right reply, register n holding n, unless told otherwise."""
        registers = range(self.address, self.address + self.count + extra)
        data = struct.pack(f">B{len(registers)}H", 2 * len(registers), *registers)
        return self.frame(data, tid, unit, function)

    def frame(self, data: bytes, tid: int | None = None, unit: int | None = None, function: int | None = None) -> bytes:
        head = struct.pack(">HHH", self.tid if tid is None else tid, 0, len(data) + 2)
        return (
            head + bytes((self.unit if unit is None else unit, self.function if function is None else function)) + data
        )


Answer = Callable[[Ask], Awaitable[bytes | None]]
"""What to send for a request; None closes the connection."""


@dataclass
class Raw:
    """A server that answers by a function a test may exchange, and keeps what it heard."""

    answer: Answer
    port: int = 0
    heard: list[Ask] = field(default_factory=list)
    connections: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def hang_up(self) -> None:
        """Close every connection."""
        for writer in self.writers:
            writer.close()


async def truth(ask: Ask) -> bytes:
    return ask.reply()


@asynccontextmanager
async def raw_server(answer: Answer = truth) -> AsyncIterator[Raw]:
    """Requests are answered each in its own time, so a late answer does not hold up the next request."""
    raw = Raw(answer)
    tasks: set[asyncio.Task[None]] = set()

    async def one(ask: Ask, writer: asyncio.StreamWriter) -> None:
        data = await raw.answer(ask)
        if data is None:
            writer.close()
        elif not writer.is_closing():
            writer.write(data)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw.connections += 1
        raw.writers.append(writer)
        try:
            while True:
                head = await reader.readexactly(7)
                tid, _, length, unit = struct.unpack(">HHHB", head)
                pdu = await reader.readexactly(length - 1)
                ask = Ask(tid, unit, pdu[0], pdu[1:])
                raw.heard.append(ask)
                task = asyncio.create_task(one(ask, writer))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    raw.port = server.sockets[0].getsockname()[1]
    try:
        yield raw
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.02)


def simulated_units(units: tuple[int, ...], registers: int) -> list[SimDevice]:
    """Units for a server of pymodbus, with all four tables; holding register n holds n, input register n 1000 + n."""
    return [
        SimDevice(
            id=unit,
            simdata=(
                [SimData(0, values=[False] * 160, datatype=SimType.BITS)],
                [SimData(0, values=[True] * 160, datatype=SimType.BITS)],
                [SimData(0, values=list(range(registers)), datatype=SimType.REGISTERS)],
                [SimData(0, values=list(range(1000, 1000 + registers)), datatype=SimType.REGISTERS)],
            ),
        )
        for unit in units
    ]


@asynccontextmanager
async def pymodbus_server(
    units: tuple[int, ...] = (1,), registers: int = 300, framer: FramerType = FramerType.SOCKET
) -> AsyncIterator[tuple[ModbusTcpServer, int]]:
    """pymodbus' server on a port of its own, with `simulated_units`."""
    server = ModbusTcpServer(simulated_units(units, registers), framer=framer, address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    try:
        yield server, cast("Any", server.transport).sockets[0].getsockname()[1]
    finally:
        await cast("Any", server).shutdown()
