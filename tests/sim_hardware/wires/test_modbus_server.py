"""The simulator's Modbus server on real sockets: all that is asked is answered, late and dead devices hold up nobody."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
import struct
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient

from drivers.points import Table
from sim_hardware.wires.bulk import REGISTERS, UNITS, Bulk, content
from sim_hardware.wires.modbus_server import ModbusServer
from sim_hardware.wires.streams import AnyFraming
from tests.drivers.certificates import Authority
from tests.sim_hardware.wires.lines import Units, connected, read, reply, rtu, serving


def _registers(pdu: bytes) -> list[int]:
    assert pdu[0] == 3
    assert pdu[1] == len(pdu) - 2
    return [int(word) for word in np.frombuffer(pdu[2:], ">u2")]


# --- all that is asked ----------------------------------------------------------------------------------------------


async def test_every_register_of_247_units_comes_from_its_place() -> None:
    places = range(0, REGISTERS, 125)
    async with serving(Bulk()) as server, connected(server.port) as (reader, writer):
        for unit in range(1, UNITS + 1):
            writer.write(b"".join(read(unit, unit, address, 125) for address in places))
            replies = np.frombuffer(await reader.readexactly(len(places) * 259), np.uint8).reshape(len(places), 259)
            assert {bytes(header) for header in replies[:, :9]} == {struct.pack(">HHHBBB", unit, 0, 253, unit, 3, 250)}
            assert np.array_equal(replies[:, 9:].copy().view(">u2").ravel(), content(unit, 0, REGISTERS))
    assert server.requests == UNITS * len(places)


def test_no_two_places_of_the_bulk_hold_the_same_run() -> None:
    """A block of another address or unit is told by its values: no run of four words comes twice in 2.47 million."""
    words = np.array([content(unit, 0, REGISTERS) for unit in range(1, UNITS + 1)]).astype(np.uint64)
    runs = words[:, :-3].copy()
    for n in (1, 2, 3):
        runs = (runs << np.uint64(16)) | words[:, n : REGISTERS - 3 + n]
    ordered = np.sort(runs, axis=None)
    assert np.all(ordered[1:] > ordered[:-1])


async def test_pipelined_requests_are_answered_with_their_own_transaction_in_order_however_split() -> None:
    chance = random.Random(7)
    asked = [
        (transaction, chance.randrange(1, 4), chance.randrange(200), chance.randrange(1, 100))
        for transaction in chance.sample(range(0x10000), 400)
    ]
    stream = b"".join(read(*one) for one in asked)
    cuts = sorted({0, len(stream), *(chance.randrange(len(stream)) for _ in range(50))})
    async with serving(Units()) as server, connected(server.port) as (reader, writer):
        for begin, end in pairwise(cuts):
            writer.write(stream[begin:end])
            await asyncio.sleep(0.001)
        for transaction, unit, address, count in asked:
            said = await reply(reader)
            assert said[:2] == (transaction, unit)
            assert _registers(said[2]) == content(unit, address, count).tolist()


async def test_all_that_is_in_flight_is_answered_in_one_piece() -> None:
    async with serving(Units()) as server, connected(server.port) as (reader, writer):
        writer.write(b"".join(read(n, 1, n, 100) for n in range(16)))
        assert len(await reader.read(65536)) == 16 * (9 + 200)


async def test_who_does_not_fetch_replies_is_not_read_from_and_loses_none() -> None:
    asked = 40_000  # 10 MB of replies: more than the sockets' buffers hold
    async with serving(Units()) as server, connected(server.port) as (reader, writer):
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        for first in range(0, asked, 100):
            writer.write(b"".join(read(n, 1, 0, 125) for n in range(first, first + 100)))
        await asyncio.sleep(0.3)
        assert server.requests < asked
        writer.transport.resume_reading()  # type: ignore[attr-defined]
        replies = np.frombuffer(await reader.readexactly(asked * 259), np.uint8).reshape(asked, 259)
        assert np.array_equal(replies[:, 0] * np.uint16(256) + replies[:, 1], np.arange(asked))
    assert server.requests == asked


@pytest.mark.parametrize("framing", ["tcp", "rtu"])
async def test_the_client_of_another_maker_reads_what_it_wrote(framing: AnyFraming) -> None:
    chance = random.Random(11)
    units = Units()
    mirror = {unit: content(unit, 0, 300) for unit in units.units}
    framer = FramerType.SOCKET if framing == "tcp" else FramerType.RTU
    async with serving(units, framing) as server:
        client = AsyncModbusTcpClient("127.0.0.1", port=server.port, framer=framer, timeout=2.0, retries=0)
        assert await client.connect()
        try:
            for _ in range(300):
                unit, address = chance.randrange(1, 4), chance.randrange(170)
                values = [chance.randrange(0x10000) for _ in range(chance.randrange(1, 124))]
                match chance.randrange(5):
                    case 0:
                        assert not (await client.write_registers(address, values, device_id=unit)).isError()
                        mirror[unit][address : address + len(values)] = values
                    case 1:
                        assert not (await client.write_register(address, values[0], device_id=unit)).isError()
                        mirror[unit][address] = values[0]
                    case 2:
                        said = await client.read_holding_registers(250, count=51, device_id=unit)
                        assert said.exception_code == 2
                    case _:
                        said = await client.read_holding_registers(address, count=len(values), device_id=unit)
                        assert said.registers == mirror[unit][address : address + len(values)].tolist()
        finally:
            client.close()


# --- late, dead, unknown --------------------------------------------------------------------------------------------


async def test_a_late_and_a_dead_unit_hold_up_nobody() -> None:
    units = Units()
    units.lateness = {"unit-1": 0.2, "unit-2": None}
    async with serving(units) as server, connected(server.port) as (reader, writer):
        began_s = time.monotonic()
        writer.write(b"".join(read(n, 1 + n % 3, 0, 1) for n in range(9)))
        assert [(await reply(reader))[:2] for _ in range(3)] == [(2, 3), (5, 3), (8, 3)]
        assert time.monotonic() - began_s < 0.15
        assert [(await reply(reader))[:2] for _ in range(3)] == [(0, 1), (3, 1), (6, 1)]
        assert time.monotonic() - began_s >= 0.2
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.1)
    assert server.requests == 9


async def test_replies_of_a_unit_that_becomes_quick_again_stay_in_order() -> None:
    units = Units()
    units.lateness = {"unit-1": 0.2}
    async with serving(units) as server, connected(server.port) as (reader, writer):
        writer.write(read(1, 1, 0, 1))
        await asyncio.sleep(0.05)
        units.lateness = {}
        writer.write(read(2, 1, 0, 1) + read(3, 2, 0, 1))
        assert [(await reply(reader))[0] for _ in range(3)] == [3, 1, 2]


async def test_what_was_asked_before_the_connection_went_is_not_done_after_it() -> None:
    units = Units()
    units.lateness = {"unit-1": 0.1}
    async with serving(units) as server:
        async with connected(server.port) as (_, writer):
            writer.write(bytes.fromhex("0001 0000 0006 01 06 0000 1234"))
            await writer.drain()
            while not server.requests:
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.2)
        assert units.memories["unit-1"].read(Table.HOLDING, 0, 1)[0] == content(1, 0, 1)[0]


async def test_a_gateway_says_that_there_is_no_such_unit_and_a_line_is_silent() -> None:
    async with serving(Units()) as server, connected(server.port) as (reader, writer):
        writer.write(read(5, 9, 0, 1))
        assert await reply(reader) == (5, 9, b"\x83\x0b")
    async with serving(Units(), "rtu") as server, connected(server.port) as (reader, writer):
        writer.write(rtu("09 03 0000 0001") + rtu("01 03 0000 0001"))
        assert (await asyncio.wait_for(reader.readexactly(7), 2.0))[:3] == b"\x01\x03\x02"


async def test_a_broadcast_is_carried_out_by_all_who_live_and_answered_by_none() -> None:
    units = Units()
    units.lateness = {"unit-2": None}
    async with serving(units, "rtu") as server, connected(server.port) as (reader, writer):
        writer.write(rtu("00 06 0007 1234") + rtu("01 03 0007 0001"))
        assert (await asyncio.wait_for(reader.readexactly(7), 2.0))[:5] == bytes.fromhex("01 03 02 1234")
    held = [int(memory.read(Table.HOLDING, 7, 1)[0]) for memory in units.memories.values()]
    assert held == [0x1234, int(content(2, 7, 1)[0]), 0x1234]


# --- connections ----------------------------------------------------------------------------------------------------


async def test_what_is_no_modbus_ends_the_connection_behind_what_was_asked_before() -> None:
    async with serving(Units()) as server, connected(server.port) as (reader, writer):
        writer.write(read(1, 1, 0, 1) + b"GET / HTTP/1.1\r\n\r\n")
        assert (await reply(reader))[0] == 1
        assert await asyncio.wait_for(reader.read(), 2.0) == b""


async def test_junk_before_an_rtu_request_is_forgotten_in_a_pause() -> None:
    async with serving(Units(), "rtu") as server, connected(server.port) as (reader, writer):
        writer.write(b"\x00")
        await asyncio.sleep(0.6)
        writer.write(rtu("01 03 0000 0001"))
        assert (await asyncio.wait_for(reader.readexactly(7), 2.0))[:3] == b"\x01\x03\x02"


async def test_one_connection_too_many_is_closed_and_the_first_goes_on() -> None:
    async with serving(Units(), max_connections=1) as server:
        async with connected(server.port) as (reader, writer):
            writer.write(read(1, 1, 0, 1))
            await reply(reader)
            async with connected(server.port) as (other, _):
                assert await asyncio.wait_for(other.read(), 2.0) == b""
            writer.write(read(2, 1, 0, 1))
            assert (await reply(reader))[0] == 2
        await asyncio.sleep(0.05)
        async with connected(server.port) as (reader, writer):
            writer.write(read(3, 1, 0, 1))
            assert (await reply(reader))[0] == 3


async def test_replies_do_not_wait_for_acknowledgements() -> None:
    async with serving(Units()) as server, connected(server.port) as (reader, writer):
        writer.write(read(1, 1, 0, 1))
        await reply(reader)
        (connection,) = server._connections
        assert connection._transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


async def test_a_stopped_server_leaves_no_connection_and_can_be_started_again() -> None:
    units = Units()
    server = ModbusServer(units, "127.0.0.1", 0, units.units)
    for _ in range(2):
        await server.start()
        async with connected(server.port) as (reader, writer):
            writer.write(read(1, 1, 0, 1))
            await reply(reader)
            with pytest.raises(RuntimeError, match=f"127.0.0.1:{server.port} cannot be served"):
                await ModbusServer(units, "127.0.0.1", server.port, units.units).start()
            await server.stop()
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await reader.readexactly(1)


# --- TLS, other programs --------------------------------------------------------------------------------------------


@pytest.mark.needs("openssl")
async def test_over_tls_only_who_shows_a_certificate_is_answered(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "site")
    pairs = {name: authority.issue(name) for name in ("server", "client")}
    at_server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.ca_file)
    at_server.verify_mode = ssl.CERT_REQUIRED
    at_server.load_cert_chain(pairs["server"].certificate_file, pairs["server"].key_file)
    units = Units()
    server = ModbusServer(units, "127.0.0.1", 0, units.units, tls=at_server)
    await server.start()
    refused: list[str] = []
    loop = asyncio.get_running_loop()
    usual = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: refused.append(str(context["exception"])))  # said in debug mode
    try:
        for name in (None, "client"):
            at_client = ssl.create_default_context(cafile=authority.ca_file)
            if name:
                at_client.load_cert_chain(pairs[name].certificate_file, pairs[name].key_file)
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=at_client)
            writer.write(b"".join(read(n, 1, n, 125) for n in range(50)))
            if name:
                for n in range(50):
                    transaction, _, pdu = await reply(reader)
                    assert (transaction, _registers(pdu)) == (n, content(1, n, 125).tolist())
            else:
                with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
                    await reply(reader)
            writer.transport.abort()
        assert ["PEER_DID_NOT_RETURN_A_CERTIFICATE" in text for text in refused] == [True]
    finally:
        loop.set_exception_handler(usual)
        await server.stop()


@pytest.mark.needs("mbpoll", "socat")
async def test_mbpoll_reads_rtu_frames_through_a_socket(tmp_path: Path) -> None:
    """It knows no RTU over TCP: socat makes a tty of the socket."""
    tty = tmp_path / "tty"
    async with serving(Units(9, 400), "rtu") as server:
        bridge = await asyncio.create_subprocess_exec(
            "socat", f"pty,link={tty},raw,echo=0", f"tcp:127.0.0.1:{server.port},nodelay"
        )
        try:
            async with asyncio.timeout(10.0):
                while not tty.exists():
                    await asyncio.sleep(0.01)
            words = [
                "-m",
                "rtu",
                "-b",
                "115200",
                "-P",
                "none",
                "-0",
                "-1",
                "-a",
                "9",
                "-t",
                "4",
                "-r",
                "275",
                "-c",
                "125",
            ]
            poll = await asyncio.create_subprocess_exec(
                "mbpoll", *words, str(tty), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
            )
            text, _ = await poll.communicate()
        finally:
            bridge.terminate()
            await bridge.wait()
    assert _shown(text.decode()) == dict(zip(range(275, 400), content(9, 275, 125).tolist(), strict=True))


def _shown(text: str) -> dict[int, int]:
    """What mbpoll prints, by address."""
    lines = [line.split("\t") for line in text.splitlines() if line.startswith("[")]
    return {int(place.strip("[]: ")): int(value.split()[0]) & 0xFFFF for place, value in lines}


@pytest.mark.needs("mbpoll")
@pytest.mark.parametrize("kind", ["own", "pymodbus"])
def test_mbpoll_reads_the_bulk_host_as_a_process(kind: str) -> None:
    command = [sys.executable, "-m", "sim_hardware.wires.bulk", "--units", "9", "--registers", "400", "--server", kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            words = ["-m", "tcp", "-0", "-1", "-a", "9", "-t", "4", "-r", "275", "-c", "125", "-p", port, "127.0.0.1"]
            done = subprocess.run(["mbpoll", *words], capture_output=True, text=True, check=True, timeout=10)
        finally:
            process.terminate()
        assert process.wait(5) == 0
    assert _shown(done.stdout) == dict(zip(range(275, 400), content(9, 275, 125).tolist(), strict=True))
