"""Units to ask, and a bare client that sends what a test wants."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator

from drivers.modbus.crc import crc16
from sim_hardware.wires.bulk import Bulk
from sim_hardware.wires.modbus_server import ModbusServer
from sim_hardware.wires.streams import AnyFraming


class Units(Bulk):
    """Units of registers whose `lateness` (seconds, None: dead) a test may set by unit number."""

    def __init__(self, units: int = 3, registers: int = 300) -> None:
        super().__init__(units, registers)
        self.lateness: dict[str, float | None] = {}

    def answers(self, device: str) -> float | None:  # type: ignore[override]
        return self.lateness.get(device, 0.0)


@contextlib.asynccontextmanager
async def serving(
    units: Bulk, framing: AnyFraming = "tcp", max_connections: int | None = None
) -> AsyncIterator[ModbusServer]:
    server = ModbusServer(units, "127.0.0.1", 0, units.units, framing, max_connections=max_connections)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def read(transaction: int, unit: int, address: int, count: int) -> bytes:
    """A request for holding registers, framed for Modbus TCP."""
    return struct.pack(">HHHBBHH", transaction, 0, 6, unit, 3, address, count)


async def reply(reader: asyncio.StreamReader) -> tuple[int, int, bytes]:
    """Transaction, unit and PDU of the next reply."""
    async with asyncio.timeout(5.0):
        transaction, protocol, length, unit = struct.unpack(">HHHB", await reader.readexactly(7))
        assert protocol == 0
        return transaction, unit, await reader.readexactly(length - 1)


def rtu(body: str) -> bytes:
    """An RTU frame of unit and PDU in hexadecimal."""
    data = bytes.fromhex(body)
    return data + crc16(data).to_bytes(2, "little")
