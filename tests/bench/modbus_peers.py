"""Clients of other makers, as their users write them: `python -m tests.bench.modbus_peers NAME PORT CONNECTIONS SECONDS`.

Each reads 125 registers over and over, one request in flight per connection, because none of them can have more. The two that
block have one thread a connection.
"""

import asyncio
import socket
import sys
import threading
import time
from collections.abc import Callable

from tests.bench.meter import READY_S, WARM_UP_S, Mark, Measured, report

HOST = "127.0.0.1"
COUNT, BLOCKS = 125, 32
TIMEOUT_S = 5.0

Counts = list[int]


class ReadError(Exception):
    """A peer did not get what it asked for: the bench itself is broken."""


def _address(turn: int) -> int:
    return turn % BLOCKS * COUNT


async def _pymodbus(port: int, connections: int, seconds: float) -> Measured:
    from pymodbus.client import AsyncModbusTcpClient

    counts, over = [0] * connections, asyncio.Event()

    async def read_on(index: int) -> None:
        client = AsyncModbusTcpClient(HOST, port=port, timeout=TIMEOUT_S)
        if not await client.connect():
            raise ReadError("no connection")
        # An event and not a cancellation ends it: the library swallows those that come with a reply.
        while not over.is_set():
            reply = await client.read_holding_registers(_address(counts[index]), count=COUNT, device_id=index + 1)
            if reply.isError() or len(reply.registers) != COUNT:
                raise ReadError(str(reply))
            counts[index] += 1
        client.close()

    async with asyncio.TaskGroup() as tasks:
        for index in range(connections):
            tasks.create_task(read_on(index))
        while not all(counts):
            await asyncio.sleep(READY_S)
        await asyncio.sleep(WARM_UP_S)
        begin = Mark.take(sum(counts))
        await asyncio.sleep(seconds)
        measured = begin.until(Mark.take(sum(counts)))
        over.set()
    return measured


def _pymodbus_asyncio(port: int, connections: int, seconds: float) -> Measured:
    return asyncio.run(_pymodbus(port, connections, seconds))


def _pymodbus_uvloop(port: int, connections: int, seconds: float) -> Measured:
    import uvloop

    measured: Measured = uvloop.run(_pymodbus(port, connections, seconds))
    return measured


def _pymodbustcp(port: int, connections: int, seconds: float) -> Measured:
    from pyModbusTCP.client import ModbusClient

    def read_on(index: int, counts: Counts, over: threading.Event) -> None:
        client = ModbusClient(HOST, port=port, unit_id=index + 1, timeout=TIMEOUT_S)
        while not over.is_set():
            registers = client.read_holding_registers(_address(counts[index]), COUNT)
            if registers is None or len(registers) != COUNT:
                raise ReadError(client.last_error_as_txt)
            counts[index] += 1
        client.close()

    return _threads(read_on, connections, seconds)


def _umodbus(port: int, connections: int, seconds: float) -> Measured:
    from umodbus.client import tcp

    def read_on(index: int, counts: Counts, over: threading.Event) -> None:
        with socket.create_connection((HOST, port), TIMEOUT_S) as link:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while not over.is_set():
                ask = tcp.read_holding_registers(index + 1, _address(counts[index]), COUNT)
                if len(tcp.send_message(ask, link)) != COUNT:
                    raise ReadError("wrong count")
                counts[index] += 1

    return _threads(read_on, connections, seconds)


def _threads(read_on: Callable[[int, Counts, threading.Event], None], connections: int, seconds: float) -> Measured:
    counts, over = [0] * connections, threading.Event()
    threads = [threading.Thread(target=read_on, args=(index, counts, over)) for index in range(connections)]
    for thread in threads:
        thread.start()
    while not all(counts) and all(thread.is_alive() for thread in threads):
        time.sleep(READY_S)
    time.sleep(WARM_UP_S)
    begin = Mark.take(sum(counts))
    time.sleep(seconds)
    measured = begin.until(Mark.take(sum(counts)))
    if not all(thread.is_alive() for thread in threads):
        raise ReadError("a connection ended early")
    over.set()
    for thread in threads:
        thread.join()
    return measured


PEERS: dict[str, Callable[[int, int, float], Measured]] = {
    "pymodbus": _pymodbus_asyncio,
    "pymodbus-uvloop": _pymodbus_uvloop,
    "pymodbustcp": _pymodbustcp,
    "umodbus": _umodbus,
}

if __name__ == "__main__":
    _, name, port, connections, seconds = sys.argv
    report(PEERS[name](int(port), int(connections), float(seconds)))
