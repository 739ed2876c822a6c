"""One stack scans the field over and over: `python -m tests.bench.scan_stacks NAME PORT SECONDS PERIOD_S FIFO`.

A scan: 10,240 registers of 20 devices read in 5 reads each, scaled, compared with a limit, one output written and acknowledged. With a
period of 0 scans follow each other after a short rest. FIFO 1 asks for the daemon's real-time priority. Both stacks let the garbage
collector forget the objects of the start, as the daemon does. Ours runs as the daemon does, too: from the library of kernels if that is
built (`haechi kernels build`), and it compares as the daemon's detectors do, in a kernel.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from typing import Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from controller.core.image import freeze
from controller.runtime.realtime import RealTime, ask_machine, settle_memory
from drivers.compiled import library
from drivers.compiled.door import kernel
from drivers.link import PointWrite
from drivers.modbus.cycles import DUE_AT, PERIOD
from drivers.modbus.exchange import exchange_of
from drivers.modbus.poller import ModbusLink
from drivers.points import BlockBuffer, DataType, Quality, RegisterBlock, Table
from tests.bench.meter import READY_S, Mark, report
from tests.bench.modbus_ours import Field, tick_ms

HOST = "127.0.0.1"
DEVICES, REGISTERS = 20, 512
READS = tuple((first, min(125, REGISTERS - first)) for first in range(0, REGISTERS, 125))
LIMIT_C = 28.95
"""Between two values that the server gives, so that no rounding decides."""

GOOD = int(Quality.GOOD)
FIFO = 50
REST_S = 0.005
WARM_UP_SCANS = 10
TIMEOUT_S = 5.0
ON_DEMAND_S, NEVER_S = 1e9, 2e9
"""Periods that no run lives to see: temperatures are polled when the bench says so, the output is read back only."""

OUTPUT = RegisterBlock("output", "device-1", 1, Table.COIL, 0, 1, DataType.BIT, NEVER_S, NEVER_S)


class Scans(msgspec.Struct, frozen=True):
    """How long each scan took, and wall and processor time of them all with the rests between them."""

    scan_ms: list[float]
    wall_s: float
    cpu_s: float


class ScanError(Exception):
    """A scan came to another result than the field's: the bench is broken."""


class Stack(Protocol):
    """One way to scan the field."""

    async def open(self) -> None:
        """Connect everything."""
        ...

    async def scan(self, number: int) -> int:
        """One scan: how many points are above the limit."""
        ...

    async def close(self) -> None:
        """Leave nothing behind."""
        ...


class Pymodbus:
    """What one writes with pymodbus: a client a device, all read at the same time, a loop in Python over the points."""

    def __init__(self, port: int) -> None:
        from pymodbus.client import AsyncModbusTcpClient

        self._clients = [AsyncModbusTcpClient(HOST, port=port, timeout=TIMEOUT_S) for _ in range(DEVICES)]

    async def open(self) -> None:
        """Connect everything."""
        if not all(await asyncio.gather(*(client.connect() for client in self._clients))):
            raise ScanError("no connection")

    async def scan(self, number: int) -> int:
        """One scan."""
        above = 0
        for registers in await asyncio.gather(*(self._read(index) for index in range(DEVICES))):
            for raw in registers:
                if raw * 0.1 > LIMIT_C:
                    above += 1
        reply = await self._clients[0].write_coil(0, bool(number % 2), device_id=1)
        if reply.isError():
            raise ScanError(str(reply))
        return above

    async def _read(self, index: int) -> list[int]:
        registers: list[int] = []
        for first, count in READS:
            reply = await self._clients[index].read_holding_registers(first, count=count, device_id=index + 1)
            if reply.isError():
                raise ScanError(str(reply))
            registers += reply.registers
        return registers

    async def close(self) -> None:
        """Leave nothing behind."""
        for client in self._clients:
            client.close()


class Ours:
    """The daemon's links, buffers and image; the bench only says when a poll is due, so that a scan has a beginning."""

    def __init__(self, port: int, depth: int) -> None:
        self._field = Field(port, REGISTERS, ON_DEMAND_S, depth)
        whole = BlockBuffer.empty(DEVICES * REGISTERS)
        self._buffers = (whole,)
        self._links = [
            self._field.link(
                unit,
                *((OUTPUT,) if unit == 1 else ()),
                tick_ms=self._tick,
                room=whole.part((unit - 1) * REGISTERS, REGISTERS),
            )
            for unit in range(1, DEVICES + 1)
        ]
        self._max_age_ms = np.full(DEVICES * REGISTERS, 1000)
        self._looks = False
        self._all_in: asyncio.Future[None] | None = None
        self._running: list[asyncio.Task[None]] = []
        self._cycles: list[tuple[memoryview, int]] = []
        """Where it stands when the temperatures of each link are due."""

    async def open(self) -> None:
        """Connect everything; the first poll of each block, the output's too, comes by itself."""
        library.load()
        self._running = [asyncio.create_task(link.run()) for link in self._links]
        while sum(link.health().reads for link in self._links) < DEVICES * len(READS) + 1:
            await asyncio.sleep(READY_S)
        self._cycles = [(cells, cycle) for link in self._links for cells, cycle in _on_demand(link)]

    def _tick(self) -> int:
        """The plant's clock, which is looked at once in every turn of the exchange."""
        if self._all_in is not None and not self._looks:
            self._looks = True
            asyncio.get_running_loop().call_soon(self._look)
        return tick_ms()

    def _look(self) -> None:
        """Whether everything has been taken in, once a turn of the loop."""
        self._looks = False
        if self._all_in is not None and self._is_all_in():
            self._all_in.set_result(None)
            self._all_in = None

    def _is_all_in(self) -> bool:
        """A cycle is due again, some day, when all of it has been taken in."""
        return all(cells[cycle, DUE_AT] for cells, cycle in self._cycles)

    async def scan(self, number: int) -> int:
        """One scan."""
        loop = asyncio.get_running_loop()
        for cells, cycle in self._cycles:
            cells[cycle, DUE_AT] = 0
        exchange_of(loop)._time_is_up()
        if not self._is_all_in():
            self._all_in = loop.create_future()
            await self._all_in
        image = freeze(number, tick_ms(), self._buffers, self._max_age_ms)
        above = _above(image.value, image.quality)
        await self._links[0].write(PointWrite("output", 0, float(number % 2)))
        return above

    async def close(self) -> None:
        """Leave nothing behind, and compare the values with the server's."""
        for unit, link in enumerate(self._links, 1):
            self._field.check(link, unit)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


@kernel
def _above(value: npt.NDArray[np.float64], quality: npt.NDArray[np.uint8]) -> int:
    above = 0
    for i in range(value.shape[0]):
        above += (value[i] > LIMIT_C) & (quality[i] == GOOD)
    return above


def _on_demand(link: ModbusLink) -> Iterator[tuple[memoryview, int]]:
    """The cycles of a link that the bench makes due, in the table of the exchange."""
    standing = link._polling._standing
    if standing is None:
        raise ScanError(f"{link.name}: its polls do not go on by themselves")
    for cycle in range(len(standing.runs)):
        if standing.cells[cycle, PERIOD] < NEVER_S * 1e9:
            yield standing.cells, cycle


def _stack(name: str, port: int) -> Stack:
    return Pymodbus(port) if name == "pymodbus" else Ours(port, int(name.removeprefix("depth-")))


async def measure(name: str, port: int, seconds: float, period_s: float, fifo: bool) -> Scans:
    """Scan for so long. Raises `ScanError` if a scan does not find what is there."""
    truth = Field(port, REGISTERS, ON_DEMAND_S, 1)
    expected = sum(int((truth.truth(unit) > LIMIT_C).sum()) for unit in range(1, DEVICES + 1))
    stack, scan_ms, number = _stack(name, port), [], 0
    await stack.open()
    settle_memory()
    if fifo and (refused := ask_machine(RealTime(fifo=FIFO))[1]):
        raise ScanError(f"{refused[0].why}; remedy: {refused[0].remedy}")
    for number in range(WARM_UP_SCANS):
        await stack.scan(number)
    begin = Mark.take(0)
    while (began_s := time.perf_counter()) < begin.wall_s + seconds:
        number += 1
        if await stack.scan(number) != expected:
            raise ScanError(f"{name}: scan {number} does not see {expected} points above the limit")
        now_s = time.perf_counter()
        scan_ms.append((now_s - began_s) * 1e3)
        await asyncio.sleep(max(0.0, began_s + period_s - now_s) if period_s else REST_S)
    whole = begin.until(Mark.take(len(scan_ms)))
    await stack.close()
    return Scans(scan_ms, whole.wall_s, whole.cpu_s)


if __name__ == "__main__":
    _, name, port, seconds, period_s, fifo = sys.argv
    report(asyncio.run(measure(name, int(port), float(seconds), float(period_s), fifo == "1")))
