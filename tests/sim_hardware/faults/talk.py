"""A raw client for the tests of the proxies: what is asked, what comes and when, whether the connection is closed."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from controller.site.model import Site
from sim_hardware.devices.plant import Plant
from sim_hardware.faults.modbus_bytes import crc16
from sim_hardware.faults.proxy import ModbusProxy
from sim_hardware.wires.modbus_server import ModbusServer
from sim_hardware.wires.pymodbus_server import PymodbusServer

LIMIT_S = 5.0
"""How long octets that have to come are waited for."""
SILENCE_S = 0.15
"""How long a slot stays open in which nothing has to come."""
QUIET_S = 0.02
"""How long a slot stays open for what ought not to come behind what has to."""
UNITS = {1: "bms-1", 2: "gas"}


class Behind(Protocol):
    """A server that a proxy stands in front of."""

    @property
    def port(self) -> int: ...
    async def start(self) -> None: ...
    async def stop(self) -> None: ...


@dataclass
class Talk:
    """What came back: the bytes of each slot, how many pieces they came in, and whether the peer has closed."""

    slots: list[bytes] = field(default_factory=list)
    pieces: list[int] = field(default_factory=list)
    closed: bool = False

    @property
    def everything(self) -> bytes:
        return b"".join(self.slots)


def read(framing: str, transaction: int, unit: int, address: int, count: int, function: int = 4) -> bytes:
    """A request."""
    pdu = struct.pack(">BHH", function, address, count)
    if framing == "tcp":
        return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu
    body = bytes((unit,)) + pdu
    return body + crc16(body).to_bytes(2, "little")


def size(framing: str, count: int) -> int:
    """Octets of a right reply of so many registers."""
    return (9 if framing == "tcp" else 5) + 2 * count


async def talk(port: int, requests: Sequence[bytes], octets: Sequence[int | None] = (), total: int = 0) -> Talk:
    """One connection: each request, and what comes in the slot behind it: `octets` of them, or (None, or none said) after a silence.

    In a last slot comes what is missing to `total`.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = Talk()
    try:
        for number, request in enumerate(requests):
            with contextlib.suppress(ConnectionError):
                writer.write(request)
            await _slot(reader, found, octets[number] if number < len(octets) else None)
        await _slot(reader, found, max(0, total - len(found.everything)))
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    return found


async def _slot(reader: asyncio.StreamReader, found: Talk, wanted: int | None) -> None:
    slot, pieces = b"", 0
    loop = asyncio.get_running_loop()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SILENCE_S if wanted is None else LIMIT_S) as limit:
            while not found.closed:
                if wanted is not None and len(slot) >= wanted:
                    limit.reschedule(loop.time() + QUIET_S)
                try:
                    piece = await reader.read(4096)
                except ConnectionError:
                    piece = b""
                found.closed = not piece
                slot += piece
                pieces += bool(piece)
    found.slots.append(slot)
    found.pieces.append(pieces)


@asynccontextmanager
async def served(hall: Site, kind: str, framing: str) -> AsyncIterator[Behind]:
    """The units of a plant that stands still, on a port of their own."""
    plant = Plant(hall, 1)
    plant.advance_to(2_000)
    server = (ModbusServer if kind == "own" else PymodbusServer)(plant, "127.0.0.1", 0, UNITS, framing)  # type: ignore[arg-type]
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def proxied(server: Behind, framing: str = "tcp", seed: int = 1) -> AsyncIterator[ModbusProxy]:
    """A proxy in front of it."""
    proxy = ModbusProxy("127.0.0.1", server.port, framing=framing, seed=seed)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
