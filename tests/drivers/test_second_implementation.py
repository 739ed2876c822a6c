"""Our codec against pymodbus 3.16.1's: its server decodes our requests, its replies pass our checker, and both see the same values.

Where the two differ, ours is the stricter one; a test below shows each row:

| what comes                            | pymodbus                                  | ours                                  |
|---|---|---|
| another number of registers           | taken as good                             | `LengthError`, `ByteCountError`       |
| byte count that contradicts the frame | taken as good, fewer values               | `ByteCountError`                      |
| odd byte count                        | taken as good, the odd byte dropped       | `LengthError`, `ByteCountError`       |
| reply of another function             | taken as good                             | `FunctionError`                       |
| transaction 0                         | taken for any request                     | `TransactionError`                    |
| transaction of another request        | skipped, waits                            | `TransactionError`                    |
| another unit                          | skipped, waits                            | `UnitError`                           |
| protocol id not 0                     | waits for ever                            | `ProtocolIdError`                     |
| exception without a code (0)          | an exception of code 0                    | `ExceptionFormError`                  |
| exception of another function         | an exception of the request               | `FunctionError`                       |
| junk before an RTU frame              | skipped without a word                    | `UnitError`, `FunctionError`          |
| junk behind an RTU frame              | dropped without a word                    | values kept, connection given up      |
| echo of another write                 | taken as good                             | `EchoError`                           |
| bits                                  | as many as the bytes hold, 8 a byte       | as many as were asked for             |
| values in order BADC or DCBA          | not offered                               | decoded                               |
"""

import math
import random
import struct
from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.client.mixin import ModbusClientMixin
from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.framer.base import FramerBase
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsResponse,
    ReadDiscreteInputsResponse,
    WriteSingleCoilResponse,
)
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersResponse,
    ReadInputRegistersResponse,
    WriteMultipleRegistersResponse,
    WriteSingleRegisterResponse,
)

from drivers.modbus.crc import crc16
from drivers.modbus.decode import WIRE, Decoder, raw_of
from drivers.modbus.errors import (
    ByteCountError,
    EchoError,
    ExceptionFormError,
    FunctionError,
    LengthError,
    ProtocolIdError,
    ReplyError,
    TransactionError,
    UnitError,
)
from drivers.modbus.frame import Framing
from drivers.modbus.intake import Intakes
from drivers.modbus.plan import plan
from drivers.points import BlockBuffer, DataType, Order, Quality, Table
from tests.drivers.asking import FIRST, FRAMINGS, READ, WRITE, batch_of, fed, is_answered, values_of
from tests.drivers.oracle import Question, framed, questions
from tests.drivers.test_plan import block

Kind = ModbusClientMixin.DATATYPE


def framer(framing: Framing, *, is_server: bool) -> FramerBase:
    decoder = DecodePDU(is_server)
    return FramerSocket(decoder) if framing is Framing.TCP else FramerRTU(decoder)


def theirs(framing: Framing, data: bytes, unit: int = 0, transaction: int = 0) -> tuple[int, ModbusPDU | None]:
    """What their client makes of a reply to a request to `unit` with `transaction`."""
    return framer(framing, is_server=False).handleFrame(data, unit, transaction)


def reply_to(question: Question, transaction: int, chance: random.Random) -> ModbusPDU:
    """Their server's reply, with chance values."""
    pdu = _values(question, chance)
    pdu.dev_id, pdu.transaction_id = question.unit, transaction
    return pdu


def _values(question: Question, chance: random.Random) -> ModbusPDU:
    registers = [chance.randrange(0x10000) for _ in range(question.count)]
    bits = [chance.random() < 0.5 for _ in range(question.count)]
    match question.function:
        case 1:
            return ReadCoilsResponse(bits=bits)
        case 2:
            return ReadDiscreteInputsResponse(bits=bits)
        case 3:
            return ReadHoldingRegistersResponse(registers=registers)
        case 4:
            return ReadInputRegistersResponse(registers=registers)
        case 5:
            return WriteSingleCoilResponse(address=question.address, bits=[bool(question.words[0])])
        case 6:
            return WriteSingleRegisterResponse(address=question.address, registers=list(question.words))
        case _:
            return WriteMultipleRegistersResponse(address=question.address, count=question.count)


# --- both directions ------------------------------------------------------------------------------------------------


@given(st.integers(0, 2**32), st.sampled_from(FRAMINGS), st.integers(1, 0xFFFF))
def test_their_server_reads_our_requests(seed: int, framing: Framing, transaction: int) -> None:
    (question,) = questions(random.Random(seed), 1)
    frame = bytes(batch_of(framing, question, first=transaction).frames)
    used, pdu = framer(framing, is_server=True).handleFrame(frame, 0, 0)
    assert used == len(frame)
    assert pdu is not None
    assert (pdu.dev_id, pdu.function_code, pdu.address) == (question.unit, question.function, question.address)
    assert pdu.transaction_id == (transaction if framing is Framing.TCP else 0)
    if question.function == 5:
        assert list(pdu.bits) == [bool(question.words[0])]
    elif question.words:
        assert list(pdu.registers) == list(question.words)
    if question.function not in {5, 6}:
        assert pdu.count == question.count


@given(st.integers(0, 2**32), st.sampled_from(FRAMINGS), st.integers(1, 16), st.integers(1, 0xFFFF))
def test_their_replies_pass_and_both_see_the_same_values(seed: int, framing: Framing, many: int, first: int) -> None:
    chance = random.Random(seed)
    asked = questions(chance, many)
    frames = [
        framer(framing, is_server=True).buildFrame(reply_to(q, first + n & 0xFFFF, chance)) for n, q in enumerate(asked)
    ]
    batch = batch_of(framing, *asked, first=first)
    assert is_answered(framing, batch, b"".join(frames))
    for n, (question, frame) in enumerate(zip(asked, frames, strict=True)):
        used, pdu = theirs(framing, frame, question.unit, first + n & 0xFFFF)
        assert used == len(frame)
        assert pdu is not None
        assert not pdu.isError()
        ours = values_of(batch, n, question.payload)
        if question.function in {3, 4}:
            assert list(pdu.registers) == np.frombuffer(ours, WIRE).tolist()
        elif question.function in {1, 2}:
            bits = np.unpackbits(np.frombuffer(ours, np.uint8), bitorder="little").astype(bool).tolist()
            assert list(pdu.bits)[: question.count] == bits[: question.count]


@given(st.integers(0, 2**32), st.sampled_from(FRAMINGS), st.integers(1, 255))
def test_their_exceptions_are_codes(seed: int, framing: Framing, code: int) -> None:
    (question,) = questions(random.Random(seed), 1)
    refusal = ExceptionResponse(question.function, code, device_id=question.unit, transaction=FIRST)
    frame = framer(framing, is_server=True).buildFrame(refusal)
    batch = batch_of(framing, question)
    assert is_answered(framing, batch, frame)
    assert batch.codes == [code]
    _, pdu = theirs(framing, frame, question.unit, FIRST)
    assert isinstance(pdu, ExceptionResponse)
    assert pdu.exception_code == code


@given(st.binary(max_size=300))
def test_the_checksums_are_the_same(data: bytes) -> None:
    assert crc16(data).to_bytes(2, "little") == FramerRTU.compute_CRC(data).to_bytes(2, "big")


# --- values ---------------------------------------------------------------------------------------------------------

KINDS = {
    DataType.INT16: Kind.INT16,
    DataType.UINT16: Kind.UINT16,
    DataType.INT32: Kind.INT32,
    DataType.UINT32: Kind.UINT32,
    DataType.FLOAT32: Kind.FLOAT32,
    DataType.FLOAT64: Kind.FLOAT64,
}
WORD_ORDERS: dict[Order, Literal["big", "little"]] = {Order.ABCD: "big", Order.CDAB: "little"}


def ours_of(kind: DataType, order: Order, words: list[int]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.uint8]]:
    one = block("v", 0, len(words) // kind.registers, data_type=kind, order=order)
    buffer = BlockBuffer.empty(one.count)
    Decoder(one, buffer)(raw_of(one, np.array(words, WIRE)), 0, 0)
    return buffer.value, buffer.quality


def theirs_of(kind: DataType, order: Order, words: list[int]) -> list[float]:
    found = ModbusClientMixin.convert_from_registers(words, KINDS[kind], WORD_ORDERS[order])
    return [float(value) for value in (found if isinstance(found, list) else [found])]


@given(
    st.sampled_from(sorted(KINDS)),
    st.sampled_from(sorted(WORD_ORDERS)),
    st.integers(1, 8).flatmap(lambda n: st.lists(st.integers(0, 0xFFFF), min_size=4 * n, max_size=4 * n)),
)
def test_every_type_and_word_order_that_they_have_decodes_alike(kind: DataType, order: Order, words: list[int]) -> None:
    values, quality = ours_of(kind, order, words)
    for ours, is_good, other in zip(values, quality == Quality.GOOD, theirs_of(kind, order, words), strict=True):
        assert is_good == math.isfinite(other), "what is no number is BAD here, and a number like others there"
        assert not is_good or ours == other


@pytest.mark.parametrize(
    ("kind", "value"),
    [(DataType.INT16, -2.0), (DataType.UINT32, 4e9), (DataType.FLOAT32, 1.5), (DataType.FLOAT64, math.pi)],
)
def test_orders_that_they_lack_are_theirs_with_the_bytes_of_each_word_swapped(kind: DataType, value: float) -> None:
    number = value if kind in {DataType.FLOAT32, DataType.FLOAT64} else int(value)
    for ours, other in ((Order.BADC, Order.ABCD), (Order.DCBA, Order.CDAB)):
        words = ModbusClientMixin.convert_to_registers(number, KINDS[kind], WORD_ORDERS[other])
        swapped = [int.from_bytes(word.to_bytes(2, "little"), "big") for word in words]
        assert ours_of(kind, ours, swapped)[0].tolist() == [value]


# --- differences ----------------------------------------------------------------------------------------------------


def refused(framing: Framing, data: bytes, question: Question = READ) -> type[ReplyError]:
    with pytest.raises(ReplyError) as caught:
        fed(framing, batch_of(framing, question), data)
    return type(caught.value)


def accepted(framing: Framing, data: bytes, question: Question = READ) -> ModbusPDU:
    """What their client gives to the one who asked."""
    _, pdu = theirs(framing, data, question.unit, FIRST)
    assert pdu is not None
    return pdu


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("registers", [1, 3])
def test_another_number_of_registers(framing: Framing, registers: int) -> None:
    reply = READ.answer(framing, FIRST, bytes(2 * registers))
    assert len(accepted(framing, reply).registers) == registers != READ.count
    assert refused(framing, reply) is (LengthError if framing is Framing.TCP else ByteCountError)


def test_a_byte_count_that_contradicts_the_frame() -> None:
    reply = framed("tcp", FIRST, 17, b"\x03\x02\0\1\0\2")
    assert list(accepted(Framing.TCP, reply).registers) == [1]
    assert refused(Framing.TCP, reply) is ByteCountError


def test_an_odd_byte_count() -> None:
    reply = framed("tcp", FIRST, 17, b"\x03\x03\0\1\0")
    assert list(accepted(Framing.TCP, reply).registers) == [1]
    assert refused(Framing.TCP, reply) is LengthError


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_reply_of_another_function(framing: Framing) -> None:
    reply = framed(framing, FIRST, 17, b"\x04\x04\0\1\0\2")
    pdu = accepted(framing, reply)
    assert (pdu.isError(), pdu.function_code, list(pdu.registers)) == (False, 4, [1, 2])
    assert refused(framing, reply) is FunctionError


def test_transaction_0() -> None:
    reply = READ.answer("tcp", 0, b"\0\7\0\7")
    assert list(accepted(Framing.TCP, reply).registers) == [7, 7]
    assert refused(Framing.TCP, reply) is TransactionError


def test_what_they_skip_is_condemned_at_once() -> None:
    for reply, kind in (
        (READ.answer("tcp", FIRST + 1, bytes(4)), TransactionError),
        (framed("tcp", FIRST, 18, b"\x03\x04\0\0\0\0"), UnitError),
    ):
        assert theirs(Framing.TCP, reply, 17, FIRST) == (len(reply), None)
        assert refused(Framing.TCP, reply) is kind


def test_another_protocol() -> None:
    reply = bytearray(READ.answer("tcp", FIRST, bytes(4)))
    reply[3] = 1
    assert theirs(Framing.TCP, bytes(reply), 17, FIRST) == (0, None)
    assert refused(Framing.TCP, bytes(reply)) is ProtocolIdError


@pytest.mark.parametrize("framing", FRAMINGS)
def test_an_exception_without_a_code(framing: Framing) -> None:
    reply = READ.refusal(framing, FIRST, 0)
    pdu = accepted(framing, reply)
    assert (pdu.isError(), pdu.exception_code) == (True, 0)
    assert refused(framing, reply) is ExceptionFormError


@pytest.mark.parametrize("framing", FRAMINGS)
def test_an_exception_of_another_function(framing: Framing) -> None:
    reply = framed(framing, FIRST, 17, b"\x84\x02")
    assert accepted(framing, reply).isError()
    assert refused(framing, reply) is FunctionError


def test_junk_around_an_rtu_frame() -> None:
    question = Question(99, 3, 16, 2)
    reply = question.answer("rtu", 0, b"\0\1\0\2")
    assert list(accepted(Framing.RTU, b"\0" + reply, question).registers) == [1, 2]
    assert refused(Framing.RTU, b"\0" + reply, question) is UnitError
    assert list(accepted(Framing.RTU, reply + b"\x55\xaa", question).registers) == [1, 2]
    batch = batch_of(Framing.RTU, question)
    assert fed(Framing.RTU, batch, reply + b"\x55\xaa").stray is not None
    assert values_of(batch, 0, 4) == b"\0\1\0\2"


@pytest.mark.parametrize("framing", FRAMINGS)
def test_the_echo_of_another_write(framing: Framing) -> None:
    reply = framed(framing, FIRST, 17, struct.pack(">BHH", 6, WRITE.address, 0x9999))
    pdu = accepted(framing, reply, WRITE)
    assert (pdu.isError(), list(pdu.registers)) == (False, [0x9999])
    assert refused(framing, reply, WRITE) is EchoError


def test_bits_behind_the_last_one_asked_for() -> None:
    question = Question(17, 1, 16, 3)
    reply = question.answer("tcp", FIRST, b"\xff")
    assert len(accepted(Framing.TCP, reply, question).bits) == 8
    asked = block("c", 16, 3, unit=17, table=Table.COIL, data_type=DataType.BIT)
    intakes, batch = Intakes([asked]), batch_of(Framing.TCP, question)
    fed(Framing.TCP, batch, reply)
    intakes.reading(plan([asked]), batch).take(0)
    assert intakes.buffers["c"].value.tolist() == [1.0, 1.0, 1.0]
