"""RTU frames through a socket: a converter keeps what its serial line still has to say, and says it to whoever is connected then."""

import asyncio
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from drivers.link import LinkState
from drivers.modbus.frame import Framing
from drivers.modbus.plan import DeviceLimits
from drivers.modbus.poller import ModbusLink
from drivers.modbus.tcp import tcp_connector
from drivers.points import Quality
from tests.drivers.field import running, tick_ms, until
from tests.drivers.oracle import Question
from tests.drivers.test_plan import block

TIMEOUT_S = 0.15
OLD, NEW = b"\0\x6f" * 4, b"\0\xde" * 4


@dataclass
class Converter:
    """Answers rightly, unless it is told to be late: then what it owes goes to the next connection, at once."""

    port: int = 0
    is_late: bool = False
    owed: list[bytes] = field(default_factory=list)
    handed_over: int = 0
    asked_at_s: list[float] = field(default_factory=list)
    connected_at_s: list[float] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connected_at_s.append(time.monotonic())
        self.handed_over += len(self.owed)
        writer.write(b"".join(self.owed))
        self.owed.clear()
        try:
            while True:
                unit, function, address, count = struct.unpack(">BBHH", (await reader.readexactly(8))[:6])
                self.asked_at_s.append(time.monotonic())
                question = Question(unit, function, address, count)
                if self.is_late:
                    self.is_late = False
                    self.owed.append(question.answer("rtu", 0, OLD))
                else:
                    writer.write(question.answer("rtu", 0, NEW))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.transport.abort()


@asynccontextmanager
async def converter() -> AsyncIterator[Converter]:
    device = Converter()
    server = await asyncio.start_server(device.serve, "127.0.0.1", 0)
    device.port = server.sockets[0].getsockname()[1]
    try:
        yield device
    finally:
        server.close()


async def test_what_a_converter_owes_to_an_earlier_connection_is_never_a_value() -> None:
    async with converter() as device:
        connect = tcp_connector("bus", "127.0.0.1", device.port, Framing.RTU, TIMEOUT_S)
        blocks = {"h": block("h", 0, 4, period_s=0.02)}
        link = ModbusLink(
            "bus", connect, Framing.RTU, blocks, {"d": DeviceLimits()}, TIMEOUT_S, tick_ms, read_only=True
        )
        buffer = link.buffers["h"]

        def is_good() -> bool:
            assert not (buffer.value == 0x6F).any(), "an older reply answered a newer request"
            return bool((buffer.quality == Quality.GOOD).all())

        async with running(link):
            for turn in range(4):
                await until(is_good)
                device.is_late = True
                await until(lambda turn=turn: device.handed_over == turn + 1 and is_good())  # type: ignore[misc]
            assert link.health().state is LinkState.UP
            assert link.health().timeouts == 4
        for connected_s in device.connected_at_s:
            first_s = min((asked_s for asked_s in device.asked_at_s if asked_s > connected_s), default=None)
            assert first_s is None or first_s - connected_s > 0.9 * TIMEOUT_S, "silent until the line has had its say"
