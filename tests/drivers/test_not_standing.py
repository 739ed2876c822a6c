"""When cycles are not the kernel's: who says so, and what it leaves behind."""

import asyncio
import struct

import pytest

from drivers.link import LinkError, PointWrite
from drivers.modbus.kernel import ASKED, CYCLES, IDLE, STATE
from drivers.modbus.lane import Lane
from drivers.modbus.poller import ModbusLink
from drivers.points import DataType, Identity, Quality, RegisterBlock, Table
from tests.drivers.field import Ask, Raw, raw_server, running, until
from tests.drivers.test_standing import is_standing, state_of
from tests.drivers.test_tcp import PATIENT_S, good, link_to


async def test_nothing_is_handed_to_the_kernel_while_a_write_waits_or_is_to_be_read_back() -> None:
    link = link_to(1, RegisterBlock("b", "d", 1, Table.HOLDING, 0, 4, DataType.UINT16, 1.0, 5.0))
    turns, polling = link._turns, link._polling
    polling._is_heard = True
    assert turns.standing() is not None
    writing = asyncio.create_task(link._writes.ask(PointWrite("b", 1, 7.0)))
    await asyncio.sleep(0)
    assert turns.standing() is None
    write = turns.next(0.0)
    assert not link._writes.is_waiting()
    assert turns.standing() is None
    turns.answered((write,), (0.0,), (0.0,))  # type: ignore[arg-type]
    assert turns.standing() is None
    turns.answered((turns.next(0.0),), (0.0,), (0.0,))  # type: ignore[arg-type]
    await writing
    assert turns.standing() is not None


async def test_two_devices_on_one_connection_are_asked_by_python() -> None:
    """Turns are fair in time between them."""
    blocks = [RegisterBlock(f"b{n}", f"d{n}", 1 + n, Table.HOLDING, 0, 4, DataType.UINT16, 0.01, 5.0) for n in range(2)]
    async with raw_server() as raw:
        link = link_to(raw.port, *blocks, timeout_s=PATIENT_S)
        async with running(link):
            await until(lambda: link.health().reads > 20)
            assert not is_standing(link)


async def test_an_identity_register_is_compared_by_python() -> None:
    """The frames are right in every byte, the registers are others."""
    others = 0

    async def answer(ask: Ask) -> bytes:
        registers = range(ask.address + others, ask.address + others + ask.count)
        return ask.frame(struct.pack(f">B{ask.count}H", 2 * ask.count, *registers))

    block = RegisterBlock(
        "b", "d", 1, Table.HOLDING, 0, 4, DataType.UINT16, 0.02, 5.0, identity=Identity(address=4, value=4)
    )
    async with raw_server(answer) as raw:
        link = link_to(raw.port, block, timeout_s=PATIENT_S)
        async with running(link):
            await until(lambda: link.health().reads > 5)
            assert not is_standing(link)
            others = 100
            await until(lambda: not good(link, "b"))
            assert not (link.buffers["b"].value >= 100).any()
            assert "identity register" in link.health().last_error


async def test_the_first_answer_of_every_connection_is_heard_by_python() -> None:
    block = RegisterBlock("b", "d", 1, Table.HOLDING, 0, 4, DataType.UINT16, 0.02, 5.0)

    async def answer(ask: Ask) -> bytes:
        await asyncio.sleep(0.01)
        return ask.reply()

    async def check(raw: Raw, link: ModbusLink) -> None:
        for connection in range(1, 4):
            await until(lambda n=connection: link.health().generation >= n and is_standing(link))  # type: ignore[misc]
            assert link._failures == 0
            await until(lambda n=connection: n % 2 == 0 or state_of(link) == ASKED)  # type: ignore[misc]
            raw.hang_up()
            await until(lambda: not is_standing(link))
        await until(lambda: is_standing(link))

    async with raw_server(answer) as raw:
        link = link_to(raw.port, block, timeout_s=PATIENT_S)
        async with running(link):
            await check(raw, link)


async def test_a_cancelled_link_leaves_nothing_to_the_kernel() -> None:
    block = RegisterBlock("b", "d", 1, Table.HOLDING, 0, 4, DataType.UINT16, 0.01, 5.0)
    async with raw_server() as raw:
        link = link_to(raw.port, block, timeout_s=PATIENT_S)
        async with running(link):
            await until(lambda: link.health().reads > 5 and is_standing(link))
            wire, reads = link._wire, link.health().reads
        assert isinstance(wire, Lane)
        assert wire._standing is None
        assert wire.cells[CYCLES] == 0
        assert wire.cells[STATE] == IDLE
        assert link.health().reads >= reads
        assert (link.buffers["b"].quality == Quality.BAD).all()
        with pytest.raises(LinkError):
            await link.write(PointWrite("b", 0, 1.0))
