"""The compiled exchange: it takes nothing but what is right in every byte, and leaves all else to the checker."""

import asyncio
import types
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from drivers.link import NotConnectedError
from drivers.modbus import exchange, kernel
from drivers.modbus.decode import WIRE, Decoder, raw_of
from drivers.modbus.errors import (
    ByteCountError,
    FunctionError,
    LengthError,
    ProtocolIdError,
    ReplyError,
    TransactionError,
    UnitError,
    Where,
)
from drivers.modbus.exchange import Run
from drivers.modbus.frame import Batch, Framing, ask_read
from drivers.modbus.unpack import Unpacker
from drivers.modbus.wire import Once
from drivers.points import BlockBuffer, DataType, Order, RegisterBlock, Scaling, Table
from tests.drivers.through_lane import ThroughLane
from tests.soak import fuzz_modbus

FIRST = 0x1234
VALUES = bytes(range(1, 9))
REPLY = bytes((0x12, 0x34, 0, 0, 0, 11, 17, 3, 8)) + VALUES
FIELDS = {
    0: TransactionError, 1: TransactionError, 2: ProtocolIdError, 3: ProtocolIdError, 4: LengthError, 5: LengthError, 6: UnitError,
    7: FunctionError, 8: ByteCountError,
}  # fmt: skip
"""Byte of the reply's head to the error when it is another one."""


def batch_of(*units: int) -> Batch:
    return Batch(
        [ask_read(Where("bus", f"d{n}", "b"), unit, Table.HOLDING, 7, 4) for n, unit in enumerate(units)], Framing.TCP
    )


@pytest.fixture
async def lane() -> AsyncIterator[ThroughLane]:
    made = ThroughLane()
    yield made
    made.close()


def ask(lane: ThroughLane, *units: int) -> Batch:
    batch = batch_of(*units)
    batch.stamp(FIRST)
    lane.expect(batch)
    return batch


def put(lane: ThroughLane, octets: bytes) -> bool:
    lane.space()[: len(octets)] = octets
    return lane.take(len(octets))


@pytest.mark.parametrize("cut", [0, *range(1, len(REPLY))])
async def test_a_right_reply_is_taken_without_the_judge_in_any_split(lane: ThroughLane, cut: int) -> None:
    batch = ask(lane, 17)
    if cut:
        assert not put(lane, REPLY[:cut])
    assert put(lane, REPLY[cut:])
    assert lane.judged == 0
    assert batch.data.tobytes() == VALUES
    assert batch.codes == [0]


@pytest.mark.parametrize("place", FIELDS)
async def test_no_other_byte_in_the_head_passes(lane: ThroughLane, place: int) -> None:
    for other in range(256):
        wrong = bytearray(REPLY)
        wrong[place] = other
        batch = ask(lane, 17)
        if bytes(wrong) == REPLY:
            assert put(lane, REPLY)
            lane.forget()
            continue
        before, batch.data[:] = lane.judged, 0
        with pytest.raises(ReplyError) as caught:
            # An exception of the right form is none: its length says so.
            put(lane, bytes(wrong))
        assert lane.judged == before + 1
        assert not batch.data.any()
        expected = {LengthError, FunctionError} if place == 7 and other == 0x83 else {FIELDS[place]}
        assert type(caught.value) in expected
        lane.forget()


async def test_a_refusal_is_the_judges_and_the_replies_around_it_are_taken(lane: ThroughLane) -> None:
    batch = ask(lane, 17, 17, 17)
    refused = bytes((0x12, 0x35, 0, 0, 0, 3, 17, 0x83, 2))
    assert not put(lane, REPLY + refused[:8])
    assert not put(lane, refused[8:])
    assert put(lane, b"\x12\x36" + REPLY[2:])
    assert batch.codes == [0, 2, 0]
    assert batch.data.tobytes()[:8] + batch.data.tobytes()[16:] == 2 * VALUES


async def test_what_follows_the_last_reply_ends_the_connection_and_the_values_count(lane: ThroughLane) -> None:
    batch = ask(lane, 17)
    assert put(lane, REPLY + b"\0")
    assert lane.stray is not None
    assert batch.data.tobytes() == VALUES


async def test_a_peer_that_takes_no_request_is_not_waited_for(lane: ThroughLane) -> None:
    assert lane._lane is not None
    peer = lane._lane._socket
    with suppress(BlockingIOError):
        while peer.send(bytes(1 << 16)):
            pass
    lane._numbers.chosen = 1
    lane._lane._batch = batch = batch_of(17)
    lane._lane._put(batch, 1.0)
    lane._lane._exchange._go_on()
    assert isinstance(lane._error, NotConnectedError)
    assert "takes no requests" in str(lane._error)


async def test_a_peer_that_is_gone_is_noticed_by_the_request(lane: ThroughLane) -> None:
    assert lane._lane is not None
    lane._theirs.close()
    lane._lane._batch = batch = batch_of(17)
    lane._lane._put(batch, 1.0)
    lane._lane._exchange._go_on()
    assert isinstance(lane._error, NotConnectedError)


async def test_a_run_goes_on_by_itself_until_it_is_held(lane: ThroughLane, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = [batch_of(17) for _ in range(3)]
    for number, batch in enumerate(batches):
        batch.stamp(FIRST + number)
    monkeypatch.setattr(lane, "ahead", lambda: batches[1:])
    lane.expect(batches[0])
    put(lane, REPLY)
    assert lane._theirs.recv(99) == batches[1].frames
    assert lane._lane is not None
    lane._lane.wake()
    put(lane, b"\x12\x35" + REPLY[2:])
    lane._theirs.setblocking(False)
    with pytest.raises(BlockingIOError):
        lane._theirs.recv(99)
    assert lane.judged == 0


def test_a_write_is_read_back_once_however_its_answers_come() -> None:
    write, back = batch_of(17), batch_of(17)
    for steps in ([(write,), (back,)], [(write, back)]):
        taken: list[float] = []
        once = Once(write, back, taken.append)
        assert once.next(0.0) is write
        for batches in steps:
            assert not once.is_answered
            once.answered(batches, [0.0] * len(batches), [1.0 if batch is write else 2.0 for batch in batches])
        assert once.next(0.0) is None
        assert once.is_answered
        assert taken == [2.0]


async def test_nothing_is_left_of_an_exchange_without_connections() -> None:
    loop = asyncio.get_running_loop()
    lanes = [ThroughLane() for _ in range(exchange.FIRST_LINKS)]  # more descriptors than it has room for at first
    for lane in lanes:
        ask(lane, 17)
        assert put(lane, REPLY)
    poller = exchange.exchange_of(loop)._poller
    for lane in lanes:
        lane.close()
    assert poller.closed
    assert loop not in exchange._EXCHANGES


def test_a_kernel_that_does_not_look_at_the_unit_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same code without one guard: the fuzz says so."""
    source = Path(kernel.__file__).read_text()
    guard = "_memcmp(row[HEAD], address, min(size, row[HEAD_BYTES])) != 0"
    without = (
        "_memcmp(row[HEAD], address, min(size, 6)) != 0"
        " or (size > 7 and _memcmp(row[HEAD] + 7, address + 7, min(size, row[HEAD_BYTES]) - 7) != 0)"
    )
    assert source.count(guard) == 1
    mutant = types.ModuleType("mutant")
    code = compile(source.replace(guard, without), "mutant", "exec")
    exec(code, mutant.__dict__)  # noqa: S102 (our own source)
    monkeypatch.setattr(fuzz_modbus, "LANES", 1.0)
    assert not fuzz_modbus.chunk(1000, 3).wrong
    monkeypatch.setattr(kernel, "exchange", mutant.exchange)
    assert len(fuzz_modbus.chunk(1000, 3).wrong) > 5


def test_rows_of_a_run_keep_their_memory_alive() -> None:
    batch = batch_of(17, 18)
    run = Run([batch])
    assert run.ends == [2]
    assert [run.cells[row, kernel.REQUEST_BYTES] for row in range(2)] == [12, 12]
    with pytest.raises(BufferError):
        batch.frames.append(0)


CODES = {
    DataType.UINT16: (0xFFFF,),
    DataType.INT16: (-0x8000, 7),
    DataType.INT32: (-0x80000000,),
    DataType.FLOAT32: (0, 3),
}


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("data_type", sorted(set(DataType) - {DataType.BIT}))
@pytest.mark.parametrize("offset", [0.0, -40.0])
@pytest.mark.parametrize("has_codes", [False, True])
def test_compiled_decoding_gives_the_same_bits_as_numpy(
    data_type: DataType, order: Order, offset: float, has_codes: bool
) -> None:
    chance, count = np.random.default_rng(7), 501
    codes = CODES.get(data_type, (5,)) if has_codes else ()
    block = RegisterBlock(
        "b", "d", 1, Table.HOLDING, 0, count, data_type, 1.0, 1.0, Scaling(0.1, offset, codes), order=order
    )
    raw = chance.integers(0, 256, 2 * count * data_type.registers, np.uint8)
    raw[: raw.size // 3] = chance.choice([0, 0x7F, 0x80, 0xC0, 0xFF], raw.size // 3)
    mine, numpys = BlockBuffer.empty(count), BlockBuffer.empty(count)
    unpack, decode, good = Unpacker(block, raw, mine), Decoder(block, numpys), np.zeros(count, bool)
    for sample in (1, 2):
        unpack(sample, 10 * sample)
        decode(raw_of(block, raw.view(WIRE)), sample, 10 * sample)
        for one, other in (
            (mine.quality, numpys.quality),
            (mine.sample, numpys.sample),
            (mine.received_ms, numpys.received_ms),
        ):
            np.testing.assert_array_equal(one, other)
        good = numpys.quality == 1
        assert mine.value[good].tobytes() == numpys.value[good].tobytes()
        assert np.isnan(mine.value[~good]).all()
    assert good.any()


async def test_an_error_that_is_no_links_ends_one_connection_and_not_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lanes = [ThroughLane() for _ in range(3)]
    for lane in lanes:
        ask(lane, 17)
    for lane in lanes:
        lane._theirs.sendall(REPLY)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(lanes[0], "answered", broken)
    exchange.exchange_of(asyncio.get_running_loop())._go_on()
    error: object = lanes[0]._error
    assert isinstance(error, ZeroDivisionError)
    assert [lane._is_answered for lane in lanes] == [False, True, True]
    for lane in lanes:
        lane.close()
