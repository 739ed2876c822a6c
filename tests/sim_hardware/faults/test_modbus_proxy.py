"""The proxy in front of Modbus servers: faults come and go, connections end on both sides, a client is led astray."""

from __future__ import annotations

import asyncio
import os
import random
import struct
import time
from pathlib import Path

import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusIOException

from controller.site.model import Site
from sim_hardware.faults.kinds import FAULTS, ActiveFault, Reach
from sim_hardware.faults.modbus_bytes import crc16
from sim_hardware.faults.proxy import ModbusProxy
from sim_hardware.faults.spec import FaultError
from tests.drivers.field import pymodbus_server, raw_server
from tests.sim_hardware.faults.talk import proxied, read, served, size, talk

# A server that closes leaves pymodbus's own transports to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


async def test_a_late_reply_under_transaction_0_gives_pymodbus_the_registers_of_another_request() -> None:
    """The measured displacement of field notes 4.1, which the menu has to be able to bring about."""
    async with pymodbus_server() as (_, port):
        proxy = ModbusProxy("127.0.0.1", port)
        await proxy.start()
        client = AsyncModbusTcpClient("127.0.0.1", port=proxy.port, timeout=0.2, retries=0)
        try:
            assert await client.connect()
            proxy.set_faults(1, [ActiveFault("late-reply", 0.3), ActiveFault("tid-zero")])
            with pytest.raises(ModbusIOException):
                await client.read_holding_registers(10, count=4, device_id=1)
            displaced = await client.read_holding_registers(20, count=4, device_id=1)
            assert displaced.registers == [10, 11, 12, 13]
        finally:
            client.close()
            await proxy.stop()


async def test_faults_change_in_mid_connection_and_are_counted(hall: Site) -> None:
    async with served(hall, "own", "tcp") as behind, proxied(behind) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        right = b""
        for number, kinds in enumerate([[], ["tid-zero"], ["tid-zero", "wrong-protocol-id"], []]):
            proxy.set_faults(1, [ActiveFault(kind) for kind in kinds])
            writer.write(read("tcp", 7, 1, 0, 1))
            reply = await reader.readexactly(11)
            right = right or reply
            expected = bytearray(right)
            expected[0:2] = b"\0\7" if not kinds else b"\0\0"
            expected[3] = 1 if "wrong-protocol-id" in kinds else 0
            assert reply == expected, number
        writer.close()
        await writer.wait_closed()
        assert proxy.replies == 4
        assert proxy.applied == {"tid-zero": 2, "wrong-protocol-id": 1}


async def test_a_late_unit_does_not_hold_up_the_others_of_its_connection(hall: Site) -> None:
    async with served(hall, "own", "tcp") as behind, proxied(behind) as proxy:
        proxy.set_faults(1, [ActiveFault("late-reply", 0.2)])
        got = await talk(proxy.port, [read("tcp", 1, 1, 0, 1) + read("tcp", 2, 2, 0, 1)], [11], total=22)
        assert [slot[:2] for slot in got.slots] == [b"\0\2", b"\0\1"]


async def test_octets_of_a_slow_reply_are_not_mixed_with_another(hall: Site) -> None:
    async with served(hall, "own", "tcp") as behind, proxied(behind) as proxy:
        proxy.set_faults(1, [ActiveFault("slow-drip", 0.005)])
        got = await talk(proxy.port, [read("tcp", 1, 1, 0, 1) + read("tcp", 2, 2, 0, 1)], [22])
        assert [got.everything[at : at + 2] for at in (0, 11)] == [b"\0\1", b"\0\2"]
        assert len(got.everything) == 22


async def test_what_a_closed_connection_still_owed_does_not_come_in_the_next(hall: Site) -> None:
    async with served(hall, "own", "rtu") as behind, proxied(behind, "rtu") as proxy:
        proxy.set_faults(1, [ActiveFault("late-reply", 0.2)])
        assert (await talk(proxy.port, [read("rtu", 0, 1, 0, 1)])).everything == b""
        got = await talk(proxy.port, [read("rtu", 0, 2, 0, 1), b""], [7, None])
        assert got.everything[0] == 2
        assert len(got.everything) == 7


async def test_either_end_that_closes_takes_the_other_along() -> None:
    async with raw_server() as raw:
        proxy = ModbusProxy("127.0.0.1", raw.port)
        await proxy.start()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            writer.write(struct.pack(">HHHBBHH", 1, 0, 6, 1, 3, 5, 1))
            assert (await reader.readexactly(11))[-2:] == b"\0\5"
            raw.hang_up()
            assert await reader.read() == b""
            writer.close()
            async with asyncio.timeout(2.0):
                while proxy.pairs:
                    await asyncio.sleep(0.01)
        finally:
            await proxy.stop()


async def test_without_a_server_behind_it_a_client_is_turned_away() -> None:
    async with raw_server() as raw:
        port = raw.port
    proxy = ModbusProxy("127.0.0.1", port)
    await proxy.start()
    try:
        assert (await talk(proxy.port, [read("tcp", 1, 1, 0, 1)], [1])).closed
    finally:
        await proxy.stop()


async def test_a_port_that_is_taken_is_told_with_a_remedy(hall: Site) -> None:
    async with served(hall, "own", "tcp") as behind, proxied(behind) as proxy:
        second = ModbusProxy("127.0.0.1", behind.port, port=proxy.port)
        with pytest.raises(RuntimeError, match="remedy"):
            await second.start()


@pytest.mark.parametrize("framing", ["tcp", "rtu"])
async def test_pairs_by_chance_leave_the_proxy_whole(hall: Site, framing: str) -> None:
    """Whatever pair spoils the replies of requests in flight on four connections: right replies again as soon as it is gone."""
    kinds = [name for name, kind in FAULTS.items() if kind.reach is Reach.WIRE and kind.framing in {None, framing}]
    chance = random.Random(4)
    asked = [b"".join(read(framing, number, 1, 0, number) for number in range(1, 6))]
    async with served(hall, "own", framing) as behind, proxied(behind, framing) as proxy:
        sizes = [sum(size(framing, number) for number in range(1, 6))]
        right = (await talk(proxy.port, asked, sizes)).everything
        assert len(right) == sizes[0]
        for _ in range(12):
            pair = [ActiveFault(kind, 0.01 if "late" in kind else None) for kind in chance.sample(kinds, 2)]
            proxy.set_faults(1, pair)
            await asyncio.gather(*(talk(proxy.port, asked) for _ in range(4)))
            proxy.set_faults(1, [])
            assert (await talk(proxy.port, asked, sizes)).everything == right, pair
        assert proxy.applied.total() > 100


@pytest.mark.needs("socat")
async def test_a_tty_has_its_faults_through_the_proxy_behind_a_pseudo_terminal(hall: Site, tmp_path: Path) -> None:
    async with served(hall, "own", "rtu") as behind, proxied(behind, "rtu") as proxy:
        tty = tmp_path / "tty"
        ends = (f"pty,link={tty},raw,echo=0", f"tcp:127.0.0.1:{proxy.port},nodelay")
        process = await asyncio.create_subprocess_exec("socat", *ends)
        try:
            async with asyncio.timeout(10.0):
                while not tty.exists():
                    await asyncio.sleep(0.01)
            descriptor = os.open(tty, os.O_RDWR | os.O_NOCTTY)
            right = await _over_tty(descriptor, read("rtu", 0, 1, 0, 2), 9)
            proxy.set_faults(1, [ActiveFault("bad-crc")])
            wrong = await _over_tty(descriptor, read("rtu", 0, 1, 0, 2), 9)
            os.close(descriptor)
        finally:
            process.terminate()
            await process.wait()
        assert crc16(right[:-2]) == int.from_bytes(right[-2:], "little")
        assert (wrong[:-2], wrong[-2:] == right[-2:]) == (right[:-2], False)


async def _over_tty(descriptor: int, request: bytes, octets: int) -> bytes:
    os.write(descriptor, request)
    got = b""
    async with asyncio.timeout(10.0):
        while len(got) < octets:
            got += await asyncio.to_thread(os.read, descriptor, 64)
    return got


async def test_stopping_in_mid_reply_is_quick_and_leaves_nothing(hall: Site) -> None:
    async with served(hall, "own", "tcp") as behind:
        proxy = ModbusProxy("127.0.0.1", behind.port)
        await proxy.start()
        proxy.set_faults(1, [ActiveFault("slow-drip", 1.0)])
        proxy.set_faults(2, [ActiveFault("late-reply", 30.0)])
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(read("tcp", 1, 1, 0, 1) + read("tcp", 2, 2, 0, 1))
        await reader.readexactly(1)
        began_s = time.monotonic()
        await proxy.stop()
        assert time.monotonic() - began_s < 5.0  # not the 30 s that a reply was to be late
        assert not proxy.pairs
        writer.close()


@pytest.mark.parametrize(
    ("fault", "framing", "says"),
    [
        (ActiveFault("flipped-bit"), "tcp", "no checksum.*remedy: a link with framing rtu"),
        (ActiveFault("bad-crc"), "tcp", "remedy: a link with framing rtu"),
        (ActiveFault("tid-zero"), "rtu", "no header.*remedy: a link with framing tcp"),
        (ActiveFault("stuck"), "tcp", "reach points.*remedy"),
        (ActiveFault("no-such"), "tcp", "remedy: one of"),
        (ActiveFault("exception", 7.0), "tcp", "remedy: one of 1, 2, 3, 4, 5, 6, 8, 10, 11"),
        (ActiveFault("late-reply", -1.0), "tcp", "remedy: 0 or more"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_a_remedy(fault: ActiveFault, framing: str, says: str) -> None:
    proxy = ModbusProxy("127.0.0.1", 1, framing=framing)
    with pytest.raises(FaultError, match=says):
        proxy.set_faults(1, [fault])
