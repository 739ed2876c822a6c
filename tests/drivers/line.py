"""Serial lines for the drivers' tests: a pair of ttys that can be pulled out, and a unit that answers whatever a test wants."""

import asyncio
import os
import signal
import struct
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from drivers.modbus.crc import crc16
from drivers.modbus.tty import close_tty, open_tty

REQUEST_BYTES = 8
"""Of functions 1 to 6."""


def rtu(body: bytes) -> bytes:
    return body + crc16(body).to_bytes(2, "little")


class Line:
    """A null-modem cable of socat: `ours` and `theirs` are paths that stay, also when it is pulled out and plugged in again."""

    def __init__(self, folder: Path) -> None:
        self.ours, self.theirs = str(folder / "ours"), str(folder / "theirs")
        self._process: Process | None = None

    async def plug(self) -> None:
        ends = [f"pty,raw,echo=0,link={path}" for path in (self.ours, self.theirs)]
        self._process = await asyncio.create_subprocess_exec("socat", *ends, stdout=DEVNULL, stderr=DEVNULL)
        deadline_s = time.monotonic() + 10
        while not self.is_there:
            assert time.monotonic() < deadline_s, "socat makes no ttys"
            await asyncio.sleep(0.01)

    @property
    def is_there(self) -> bool:
        return Path(self.ours).exists() and Path(self.theirs).exists()

    async def unplug(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            await self._process.wait()
            self._process = None


@asynccontextmanager
async def plugged(folder: Path) -> AsyncIterator[Line]:
    line = Line(folder)
    await line.plug()
    try:
        yield line
    finally:
        await line.unplug()


@dataclass
class RtuAsk:
    """One request as it came, and when."""

    at_s: float
    unit: int
    function: int
    address: int
    count: int

    def reply(self, unit: int | None = None, function: int | None = None, extra: int = 0, shift: int = 0) -> bytes:
        """The right reply, register n of unit u holding 1000 u + n, unless told otherwise."""
        if self.function > 4:
            return rtu(struct.pack(">BBHH", self.unit, self.function, self.address, self.count))
        first = 1000 * self.unit + self.address + shift
        data = struct.pack(
            f">B{self.count + extra}H", 2 * (self.count + extra), *range(first, first + self.count + extra)
        )
        return rtu(bytes((unit or self.unit, function or self.function)) + data)


RtuAnswer = Callable[[RtuAsk], Awaitable[bytes]]
"""What to send for a request."""


async def right(ask: RtuAsk) -> bytes:
    return ask.reply()


@dataclass
class Slave:
    """Units on the far end of a line. Every request is answered in its own time, whatever else was asked meanwhile."""

    descriptor: int
    answer: RtuAnswer = right
    heard: list[RtuAsk] = field(default_factory=list)
    sent_s: list[float] = field(default_factory=list)
    buffer: bytearray = field(default_factory=bytearray)
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    def send(self, data: bytes) -> None:
        self.sent_s.append(time.monotonic())
        with suppress(OSError):
            os.write(self.descriptor, data)

    def read(self) -> None:
        try:
            self.buffer += os.read(self.descriptor, 4096)
        except BlockingIOError:
            return
        except OSError:
            asyncio.get_running_loop().remove_reader(self.descriptor)
            return
        while len(self.buffer) >= REQUEST_BYTES:
            frame = bytes(self.buffer[:REQUEST_BYTES])
            del self.buffer[:REQUEST_BYTES]
            assert rtu(frame[:-2]) == frame, "not a request"
            ask = RtuAsk(time.monotonic(), *struct.unpack(">BBHH", frame[:-2]))
            self.heard.append(ask)
            task = asyncio.create_task(self._answer(ask))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _answer(self, ask: RtuAsk) -> None:
        if data := await self.answer(ask):
            self.send(data)


@asynccontextmanager
async def slave(line: Line) -> AsyncIterator[Slave]:
    found = Slave(open_tty("slave", line.theirs, 115200, "none", 1))
    loop = asyncio.get_running_loop()
    loop.add_reader(found.descriptor, found.read)
    try:
        yield found
    finally:
        loop.remove_reader(found.descriptor)
        for task in tuple(found.tasks):
            task.cancel()
        await asyncio.gather(*found.tasks, return_exceptions=True)
        close_tty(found.descriptor)
