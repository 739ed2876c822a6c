"""Reply PDUs against the examples of the specification (Modbus Application Protocol 1.1b3, 6), and what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.points import DataType, RegisterBlock, Table
from sim_hardware.devices.memory import DeviceMemory
from sim_hardware.wires.answer import answer


def _block(table: Table, count: int, name: str) -> RegisterBlock:
    data_type = DataType.BIT if table in {Table.COIL, Table.DISCRETE} else DataType.UINT16
    return RegisterBlock(name, "unit", 1, table, 0, count, data_type, 1.0, 3.0)


@pytest.fixture
def memory() -> DeviceMemory:
    blocks = [_block(table, 500, table.value) for table in Table]
    return DeviceMemory("unit", blocks, frozenset({"coil", "holding"}), max_gap=0)


def _ask(memory: DeviceMemory, request: str) -> str:
    return answer(bytes.fromhex(request), memory).hex(" ")


@pytest.mark.parametrize(("function", "table"), [("01", Table.COIL), ("02", Table.DISCRETE)])
def test_bits_are_packed_from_the_lowest_on(memory: DeviceMemory, function: str, table: Table) -> None:
    bits = "1011001111010110101" + "1" * 8
    memory.store(table, 19, [int(bit) for bit in bits])
    assert _ask(memory, function + "0013 0013") == f"{function} 03 cd 6b 05"


@pytest.mark.parametrize(("function", "table"), [("03", Table.HOLDING), ("04", Table.INPUT)])
def test_registers_come_high_byte_first(memory: DeviceMemory, function: str, table: Table) -> None:
    memory.store(table, 107, [0x022B, 0, 0x0064])
    assert _ask(memory, function + "006b 0003") == f"{function} 06 02 2b 00 00 00 64"


def test_writes_are_echoed_and_done(memory: DeviceMemory) -> None:
    assert _ask(memory, "05 00ac ff00") == "05 00 ac ff 00"
    assert _ask(memory, "06 0001 0003") == "06 00 01 00 03"
    assert _ask(memory, "0f 0013 000a 02 cd01") == "0f 00 13 00 0a"
    assert _ask(memory, "10 0010 0002 04 000a 0102") == "10 00 10 00 02"
    assert memory.read(Table.COIL, 172, 1).tolist() == [1]
    assert memory.read(Table.HOLDING, 1, 1).tolist() == [3]
    assert memory.read(Table.COIL, 19, 11).tolist() == [1, 0, 1, 1, 0, 0, 1, 1, 1, 0, 0]
    assert memory.read(Table.HOLDING, 16, 2).tolist() == [10, 0x0102]
    assert _ask(memory, "05 00ac 0000") == "05 00 ac 00 00"
    assert memory.read(Table.COIL, 172, 1).tolist() == [0]


def test_masks_and_exchanges(memory: DeviceMemory) -> None:
    memory.store(Table.HOLDING, 4, [0x12])
    assert _ask(memory, "16 0004 00f2 0025") == "16 00 04 00 f2 00 25"
    assert memory.read(Table.HOLDING, 4, 1).tolist() == [0x17]
    assert _ask(memory, "17 0003 0002 0004 0001 02 00ff") == "17 04 00 00 00 ff"


def test_nothing_is_exchanged_when_the_read_is_refused(memory: DeviceMemory) -> None:
    assert _ask(memory, "17 01f4 0001 0004 0001 02 00ff") == "97 02"
    assert memory.read(Table.HOLDING, 4, 1).tolist() == [0]


@pytest.mark.parametrize(
    ("request_pdu", "reply"),
    [
        ("07", "87 01"), ("2b 0e 01 00", "ab 01"), ("c1 0000 0001", "c1 01"),
        ("03 01f4 0001", "83 02"), ("03 01f3 0002", "83 02"), ("01 ffff 0001", "81 02"), ("06 01f4 0001", "86 02"),
        ("03 0000 0000", "83 03"), ("03 0000 007e", "83 03"), ("03 0000", "83 03"), ("03 0000 0001 00", "83 03"),
        ("01 0000 07d1", "81 03"), ("02 0000 0000", "82 03"), ("05 0000 ff01", "85 03"), ("04", "84 03"),
        ("0f 0000 000a 01 cd", "8f 03"), ("0f 0000 0008 02 cd", "8f 03"), ("0f 0000 0000 00", "8f 03"),
        ("10 0000 0002 04 0001", "90 03"), ("10 0000 0002 02 0001", "90 03"), ("10 0000 007c f8" + 124 * "0000", "90 03"),
        ("10", "90 03"), ("16 0000 0000", "96 03"), ("17 0000 007e 0000 0001 02 0000", "97 03"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_its_exception(memory: DeviceMemory, request_pdu: str, reply: str) -> None:
    assert _ask(memory, request_pdu) == reply


def test_the_widest_requests_are_answered(memory: DeviceMemory) -> None:
    assert len(answer(bytes.fromhex("03 0000 007d"), memory)) == 252
    assert _ask(memory, "10 0000 007b f6" + 123 * "0007") == "10 00 00 00 7b"
    assert memory.read(Table.HOLDING, 0, 124).tolist() == [7] * 123 + [0]


@given(st.binary(min_size=1, max_size=253))
def test_any_pdu_has_one_reply_that_fits_a_frame(pdu: bytes) -> None:
    memory = DeviceMemory("unit", [_block(table, 500, table.value) for table in Table], frozenset({"coil"}), max_gap=0)
    reply = answer(pdu, memory)
    assert len(reply) <= 253
    assert reply[0] & 0x7F == pdu[0] & 0x7F
    assert not reply[0] & 0x80 or (len(reply) == 2 and reply[1] in {1, 2, 3})
