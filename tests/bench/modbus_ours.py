"""Our own client with every check on, never idle: `python -m tests.bench.modbus_ours PORT CONNECTIONS DEPTH SECONDS`.

A read is whole when its values lie in the link's buffers: checked, decoded, scaled, with quality, sample counter and receive time.
"""

import asyncio
import sys
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drivers.link import TickMs
from drivers.modbus.frame import Framing
from drivers.modbus.plan import MAX_REGISTERS, DeviceLimits
from drivers.modbus.poller import ModbusLink
from drivers.modbus.tcp import tcp_connector
from drivers.points import BlockBuffer, DataType, Quality, RegisterBlock, Scaling, Table
from tests.bench.meter import READY_S, WARM_UP_S, Mark, Measured, report

BLOCKS = 32
"""Reads of a plan, as many as the peers go through."""

AT_ONCE_S = 1e-6
"""A period that is always over: the next read is due when one is answered."""

TIMEOUT_S = 5.0


def tick_ms() -> int:
    """Plant time of the bench."""
    return time.monotonic_ns() // 1_000_000


class FieldError(Exception):
    """The values in the buffers are not those of the server: the bench is broken, or the client."""


@dataclass(frozen=True, slots=True)
class Field:
    """Some devices of the bench's server, one a link: `registers` each, read every `period_s` with `depth` in flight."""

    port: int
    registers: int
    period_s: float
    depth: int

    def link(
        self, unit: int, *outputs: RegisterBlock, tick_ms: TickMs = tick_ms, room: BlockBuffer | None = None
    ) -> ModbusLink:
        """The link of one unit, as the daemon would make it; `room` is where its temperatures go, if somebody has made any."""
        block = self.block(unit)
        blocks = {one.name: one for one in (block, *outputs)}
        connect = tcp_connector(block.device, "127.0.0.1", self.port, Framing.TCP, TIMEOUT_S)
        limits = {block.device: DeviceLimits(depth=self.depth)}
        rooms = None if room is None else {block.name: room}
        return ModbusLink(
            block.device, connect, Framing.TCP, blocks, limits, TIMEOUT_S, tick_ms, read_only=False, buffers=rooms
        )

    def block(self, unit: int) -> RegisterBlock:
        """The temperatures of one unit."""
        device = f"device-{unit}"
        return RegisterBlock(
            f"{device}.t", device, unit, Table.HOLDING, 0, self.registers, DataType.UINT16, self.period_s, 1.0,
            Scaling(0.1),
        )  # fmt: skip

    def check(self, link: ModbusLink, unit: int) -> None:
        """Raise `FieldError` unless the buffer holds what the server has (see `c/server.c`), all of it good."""
        buffer = link.buffers[f"device-{unit}.t"]
        if not (buffer.quality == Quality.GOOD).all() or not np.allclose(buffer.value, self.truth(unit)):
            raise FieldError(f"{link.name}: {link.health()}")

    def truth(self, unit: int) -> npt.NDArray[np.float64]:
        """What the server's registers say, scaled."""
        return (200 + (7 * np.arange(self.registers) + unit) % 100) * np.float64(0.1)


async def measure(port: int, connections: int, depth: int, seconds: float) -> Measured:
    """Reads of so many links in so many seconds."""
    field = Field(port, BLOCKS * MAX_REGISTERS, AT_ONCE_S, depth)
    links = [field.link(unit) for unit in range(1, connections + 1)]
    running = [asyncio.create_task(link.run()) for link in links]
    while any(link.health().reads < BLOCKS for link in links):
        await asyncio.sleep(READY_S)
    await asyncio.sleep(WARM_UP_S)
    begin = Mark.take(sum(link.health().reads for link in links))
    await asyncio.sleep(seconds)
    measured = begin.until(Mark.take(sum(link.health().reads for link in links)))
    for unit, link in enumerate(links, 1):
        field.check(link, unit)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    return measured


if __name__ == "__main__":
    _, port, connections, depth, seconds = sys.argv
    report(asyncio.run(measure(int(port), int(connections), int(depth), float(seconds))))
