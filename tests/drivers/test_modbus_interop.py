"""Our Modbus client against servers that are not ours, over TCP, RTU frames over TCP, and RTU on a tty."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer

from drivers.link import LinkState, PointWrite
from drivers.modbus.frame import Framing
from drivers.modbus.plan import DeviceLimits
from drivers.modbus.poller import ModbusLink
from drivers.modbus.tcp import tcp_connector
from drivers.points import DataType, RegisterBlock, Table
from sim_hardware.wires.bulk import Bulk, content
from sim_hardware.wires.modbus_server import ModbusServer
from sim_hardware.wires.serial_server import SerialServer
from tests.drivers.conftest import free_port
from tests.drivers.field import pymodbus_server, running, simulated_units, tick_ms, until
from tests.drivers.line import Line
from tests.drivers.test_plan import block
from tests.drivers.test_serial import BAUD, link_on
from tests.drivers.test_tcp import good

ROOT = Path(__file__).parents[2]
PERIOD_S = 0.02
TIMEOUT_S = 1.0

TABLES = (
    block("h", 3, 250, period_s=PERIOD_S),
    block("i", 5, 20, table=Table.INPUT, period_s=PERIOD_S),
    block("c", 0, 16, table=Table.COIL, data_type=DataType.BIT, period_s=PERIOD_S),
    block("d", 3, 9, table=Table.DISCRETE, data_type=DataType.BIT, period_s=PERIOD_S),
)


async def read_all_and_write(link: ModbusLink) -> None:
    """What every server must bear: all tables read, a coil and a register written and read back."""
    async with running(link):
        await until(lambda: all(good(link, b.name) and link.buffers[b.name].sample[-1] > 1 for b in TABLES))
        assert link.buffers["h"].value.tolist() == list(range(3, 253))
        assert link.buffers["i"].value.tolist() == list(range(1005, 1025))
        assert link.buffers["c"].value.tolist() == [0.0] * 16
        assert link.buffers["d"].value.tolist() == [1.0] * 9
        await link.write(PointWrite("h", 7, 4711.0))
        await link.write(PointWrite("c", 3, 1.0))
        assert link.buffers["h"].value[7] == 4711
        assert link.buffers["c"].value[3] == 1
        health = link.health()
        assert (health.state, health.generation, health.errors) == (LinkState.UP, 1, 0), health.last_error


@pytest.mark.needs("socat")
async def test_pymodbus_serves_a_tty(line: Line) -> None:
    server = ModbusSerialServer(simulated_units((1,), 300), port=line.theirs, baudrate=BAUD)
    await server.serve_forever(background=True)
    try:
        await read_all_and_write(link_on(line, *TABLES, timeout_s=TIMEOUT_S))
    finally:
        await cast("Any", server).shutdown()


@asynccontextmanager
async def libmodbus(*arguments: str) -> AsyncIterator[str]:
    """libmodbus as a server of its own process; its first line."""
    command = [sys.executable, "-m", "tests.drivers.libmodbus_server", *arguments]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE)
    try:
        assert process.stdout is not None
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.kill()
        await process.wait()


@pytest.mark.needs("socat", "mbpoll")  # mbpoll brings the library
async def test_libmodbus_serves_a_tty(line: Line) -> None:
    async with libmodbus("rtu", line.theirs):
        await read_all_and_write(link_on(line, *TABLES, timeout_s=TIMEOUT_S))


BULK = [block(f"b{n}", 0, 260, unit=n, device=f"d{n}", period_s=PERIOD_S) for n in (1, 2)]


async def read_and_write_bulk(link: ModbusLink, plant: Bulk) -> None:
    """The same against the simulator: two units, each with registers that hold what no other holds."""
    async with running(link):
        await until(lambda: all(good(link, b.name) for b in BULK))
        for b in BULK:
            assert link.buffers[b.name].value.tolist() == content(b.unit, 0, 260).tolist()
        await link.write(PointWrite("b2", 200, 5.0))
        assert link.buffers["b2"].value[200] == 5
        assert list(plant.memories["unit-2"].read(Table.HOLDING, 200, 1)) == [5]
        assert link.health().errors == 0, link.health().last_error


@pytest.mark.needs("socat")
async def test_the_simulator_serves_a_tty(line: Line) -> None:
    plant = Bulk(2, 300)
    server = SerialServer(plant, line.theirs, plant.units, BAUD, "none")
    await server.start()
    try:
        await read_and_write_bulk(link_on(line, *BULK, timeout_s=TIMEOUT_S), plant)
    finally:
        await server.stop()


# --- sockets --------------------------------------------------------------------------------------------------------


def link_to(port: int, framing: Framing, *blocks: RegisterBlock) -> ModbusLink:
    connect = tcp_connector("bus", "127.0.0.1", port, framing, TIMEOUT_S)
    devices = {b.device: DeviceLimits() for b in blocks}
    named = {b.name: b for b in blocks}
    return ModbusLink("bus", connect, framing, named, devices, TIMEOUT_S, tick_ms, read_only=False)


@pytest.mark.parametrize(("framing", "framer"), [(Framing.TCP, FramerType.SOCKET), (Framing.RTU, FramerType.RTU)])
async def test_pymodbus_serves_a_socket(framing: Framing, framer: FramerType) -> None:
    async with pymodbus_server(framer=framer) as (_, port):
        await read_all_and_write(link_to(port, framing, *TABLES))


@pytest.mark.needs("mbpoll")
async def test_libmodbus_serves_a_socket() -> None:
    async with libmodbus("tcp", "0") as port:
        await read_all_and_write(link_to(int(port), Framing.TCP, *TABLES))


@pytest.mark.needs("socat", "mbpoll")
async def test_libmodbus_serves_rtu_frames_through_a_socket(line: Line) -> None:
    """It knows no RTU over TCP; a converter with its line does."""
    async with libmodbus("rtu", line.theirs), converter(line.ours) as port:
        await read_all_and_write(link_to(port, Framing.RTU, *TABLES))


@asynccontextmanager
async def converter(tty: str) -> AsyncIterator[int]:
    """socat between a port of its own and a tty."""
    port = free_port()
    ends = (f"tcp-listen:{port},bind=127.0.0.1,nodelay,reuseaddr", f"open:{tty},raw,echo=0")
    process = await asyncio.create_subprocess_exec("socat", "-d", "-d", *ends, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    try:
        async with asyncio.timeout(10.0):
            while b"listening on" not in (told := await process.stderr.readline()):
                assert told, "socat has ended"
        yield port
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.parametrize("framing", Framing)
async def test_the_simulator_serves_a_socket(framing: Framing) -> None:
    plant = Bulk(2, 300)
    server = ModbusServer(plant, "127.0.0.1", 0, plant.units, framing.value)
    await server.start()
    try:
        await read_and_write_bulk(link_to(server.port, framing, *BULK), plant)
    finally:
        await server.stop()
