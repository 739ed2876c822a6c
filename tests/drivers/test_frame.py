import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.modbus.crc import crc16
from drivers.modbus.errors import ReplyError, StrayBytesError, TransactionError, Where
from drivers.modbus.frame import (
    BUFFER_BYTES,
    Batch,
    Framing,
    ask_read,
    ask_write,
    checker_for,
)
from drivers.modbus.plan import MOST_IN_FLIGHT
from drivers.points import Table
from tests.drivers.asking import (
    BITS,
    FIRST,
    FRAMINGS,
    READ,
    RUN,
    WRITES,
    ask_of,
    batch_of,
    fed,
    is_answered,
    put,
    values_of,
)
from tests.drivers.oracle import WRITE_FUNCTIONS, Question, crc, questions

# --- golden frames, from the specifications -------------------------------------------------------------------------


def test_the_frames_of_the_specification() -> None:
    """Modbus Application Protocol 1.1b3, 6.1 to 6.12: the examples' own bytes; unit 17, transaction 0x1234."""
    where = Where("bus")
    examples = {
        "01 00 13 00 13": ask_read(where, 17, Table.COIL, 19, 19),
        "02 00 c4 00 16": ask_read(where, 17, Table.DISCRETE, 196, 22),
        "03 00 6b 00 03": ask_read(where, 17, Table.HOLDING, 107, 3),
        "04 00 08 00 01": ask_read(where, 17, Table.INPUT, 8, 1),
        "05 00 ac ff 00": ask_write(where, 17, Table.COIL, 172, (1,)),
        "06 00 01 00 03": ask_write(where, 17, Table.HOLDING, 1, (3,)),
        "10 00 01 00 02 04 00 0a 01 02": ask_write(where, 17, Table.HOLDING, 1, (0x0A, 0x102)),
    }
    for pdu, ask in examples.items():
        assert ask.pdu == bytes.fromhex(pdu)
        batch = Batch([ask], Framing.TCP)
        batch.stamp(FIRST)
        length = len(ask.pdu) + 1
        assert batch.frames == bytes.fromhex("1234 0000") + length.to_bytes(2, "big") + b"\x11" + ask.pdu


def test_the_checksum_is_that_of_others() -> None:
    """The check value of the CRC catalogue, the frame of `MODBUS over Serial Line` 1.02's appendix B, and a long division."""
    assert crc16(b"123456789") == 0x4B37
    assert crc16(b"\x02\x07") == 0x1241
    chance = random.Random(5)
    for size in range(40):
        data = chance.randbytes(size)
        assert crc16(data) == _divided(data)
        assert crc(data) == _divided(data).to_bytes(2, "little")


def _divided(data: bytes) -> int:
    """The remainder of the message by x^16 + x^15 + x^2 + 1, bit by bit, lowest bit of a byte first."""
    bits = [byte >> n & 1 for byte in data for n in range(8)] + [0] * 16
    for n in range(16):
        bits[n] ^= 1  # the start value 0xFFFF
    for n in range(len(bits) - 16):
        if bits[n]:
            for place in (0, 1, 14, 16):
                bits[n + place] ^= 1
    return sum(bit << n for n, bit in enumerate(bits[-16:]))


@given(st.integers(0, 2**32), st.integers(1, 16), st.sampled_from(FRAMINGS), st.integers(0, 0xFFFF))
def test_requests_are_what_the_second_pen_writes(seed: int, many: int, framing: Framing, first: int) -> None:
    asked = questions(random.Random(seed), many)
    batch = batch_of(framing, *asked, first=first)
    assert batch.frames == b"".join(q.request(framing, (first + n) & 0xFFFF) for n, q in enumerate(asked))


def test_stamped_anew_no_earlier_reply_is_right() -> None:
    batch = batch_of(Framing.TCP, READ, BITS, first=0xFFFF)
    early = READ.answer("tcp", 0xFFFF, b"\0\1\0\2"), BITS.answer("tcp", 0, b"\1\1")
    assert is_answered(Framing.TCP, batch, *early)
    batch.stamp(1)
    assert batch.frames == READ.request("tcp", 1) + BITS.request("tcp", 2)
    for n, late in enumerate(early):
        with pytest.raises(TransactionError) as caught:
            fed(Framing.TCP, batch, late)
        assert caught.value.expected == 1
        assert str(caught.value.got).startswith(f"{(0xFFFF, 0)[n]} ")


def test_rtu_frames_know_no_transaction() -> None:
    assert batch_of(Framing.RTU, READ, first=1).frames == batch_of(Framing.RTU, READ, first=2).frames


@pytest.mark.parametrize("many", [0, MOST_IN_FLIGHT + 1])
def test_a_batch_has_bounds(many: int) -> None:
    with pytest.raises(ValueError, match="1 to 32"):
        Batch([ask_of(READ)] * many, Framing.TCP)


def test_every_function_that_changes_a_device_is_known() -> None:
    assert {ask_of(q).pdu[0] for q in WRITES} <= WRITE_FUNCTIONS
    assert not {ask_of(q).pdu[0] for q in (READ, BITS)} & WRITE_FUNCTIONS


# --- right answers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", FRAMINGS)
def test_right_answers_are_taken_in_every_split_into_three(framing: Framing) -> None:
    asked = (READ, RUN, BITS)
    batch = batch_of(framing, *asked)
    values = [b"\x01\x02\x03\x04", b"", b"\xa5\x01"]
    stream = b"".join(q.answer(framing, FIRST + n, v) for n, (q, v) in enumerate(zip(asked, values, strict=True)))
    for one in range(1, len(stream)):
        for two in range(one + 1, len(stream)):
            batch.data.fill(0)
            assert is_answered(framing, batch, stream[:one], stream[one:two], stream[two:])
            assert [values_of(batch, n, len(v)) for n, v in enumerate(values)] == values


@pytest.mark.parametrize("framing", FRAMINGS)
def test_byte_by_byte_it_is_answered_at_the_last_byte_and_not_before(framing: Framing) -> None:
    batch = batch_of(framing, READ, RUN)
    checker = checker_for(framing, "bus")
    checker.expect(batch)
    stream = READ.answer(framing, FIRST, bytes(4)) + RUN.answer(framing, FIRST + 1)
    told = [put(checker, stream[n : n + 1]) for n in range(len(stream))]
    assert told == [False] * (len(stream) - 1) + [True]


@pytest.mark.parametrize("framing", FRAMINGS)
def test_the_longest_replies_of_the_most_requests_fit(framing: Framing) -> None:
    longest = Question(1, 3, 0, 125)
    batch = batch_of(framing, *[longest] * MOST_IN_FLIGHT)
    stream = b"".join(longest.answer(framing, FIRST + n, bytes([n]) * 250) for n in range(MOST_IN_FLIGHT))
    assert len(stream) <= BUFFER_BYTES / 2 + 200
    assert is_answered(framing, batch, stream)
    assert [values_of(batch, n, 250) for n in range(MOST_IN_FLIGHT)] == [
        bytes([n]) * 250 for n in range(MOST_IN_FLIGHT)
    ]


@pytest.mark.parametrize("framing", FRAMINGS)
def test_one_connection_serves_batch_after_batch(framing: Framing) -> None:
    checker, batch = checker_for(framing, "bus"), batch_of(framing, READ)
    for n in range(200):
        batch.stamp(n)
        checker.expect(batch)
        assert put(checker, READ.answer(framing, n, n.to_bytes(4, "big")))
        assert values_of(batch, 0, 4) == n.to_bytes(4, "big")


def test_who_waits_is_named() -> None:
    batch = batch_of(Framing.TCP, READ, BITS)
    checker = checker_for(Framing.TCP, "bus")
    assert str(checker.where) == "bus"
    checker.expect(batch)
    assert checker.where.block == "3@16"
    assert not put(checker, READ.answer("tcp", FIRST, bytes(4)) + b"\x12")
    assert (checker.where.block, checker.answered) == ("2@16", 1)


# --- requests in flight together ------------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", FRAMINGS)
def test_refused_members_of_a_batch_leave_the_others_their_values(framing: Framing) -> None:
    batch = batch_of(framing, READ, READ, BITS)
    stream = (
        READ.answer(framing, FIRST, b"\0\1\0\2")
        + READ.refusal(framing, FIRST + 1, 4)
        + BITS.answer(framing, FIRST + 2, b"\xff\x01")
    )
    assert is_answered(framing, batch, stream[:20], stream[20:])
    assert batch.codes == [0, 4, 0]
    assert values_of(batch, 0, 4) == b"\0\1\0\2"
    assert values_of(batch, 2, 2) == b"\xff\x01"


@pytest.mark.parametrize("order", [(1, 0, 2), (0, 2, 1), (2, 1, 0)])
def test_replies_in_another_order_are_refused(order: tuple[int, ...]) -> None:
    batch = batch_of(Framing.TCP, READ, READ, READ)
    replies = [READ.answer("tcp", FIRST + n, bytes(4)) for n in range(3)]
    with pytest.raises(TransactionError):
        fed(Framing.TCP, batch, b"".join(replies[n] for n in order))


@pytest.mark.parametrize("framing", FRAMINGS)
def test_what_follows_the_last_reply_condemns_the_connection_not_the_reply(framing: Framing) -> None:
    batch = batch_of(framing, READ)
    checker = fed(framing, batch, READ.answer(framing, FIRST, b"\0\1\0\2") + b"\x99")
    assert checker.stray is not None
    assert (checker.stray.expected, checker.stray.got, checker.stray.block) == ("silence", "99", "3@16")
    assert values_of(batch, 0, 4) == b"\0\1\0\2"
    checker.forget()
    assert checker.stray is None


@pytest.mark.parametrize("framing", FRAMINGS)
def test_bytes_between_two_batches_are_nobodys(framing: Framing) -> None:
    checker = fed(framing, batch_of(framing, READ), READ.answer(framing, FIRST, bytes(4)))
    with pytest.raises(StrayBytesError) as caught:
        put(checker, READ.answer(framing, FIRST, bytes(4)))
    assert caught.value.where == Where("bus")


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("stray", [b"\0", b"\xff", b"\x11", bytes(12)])
def test_bytes_between_two_replies_are_refused(framing: Framing, stray: bytes) -> None:
    if framing is Framing.RTU and stray == b"\x11":
        return  # the unit's own number: found out at the next byte, by the property below
    batch = batch_of(framing, READ, BITS)
    stream = READ.answer(framing, FIRST, bytes(4)) + stray + BITS.answer(framing, FIRST + 1, bytes(2))
    with pytest.raises(ReplyError) as caught:
        fed(framing, batch, stream)
    assert caught.value.block == "2@16"


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_forgotten_request_leaves_nothing_behind(framing: Framing) -> None:
    """What a serial line does after a time-out: half a reply is dropped, the next request has its own answer."""
    checker = fed(framing, batch_of(framing, READ), READ.answer(framing, FIRST, b"\1\1\1\1")[:7])
    checker.forget()
    batch = batch_of(framing, READ, first=7)
    checker.expect(batch)
    assert put(checker, READ.answer(framing, 7, b"\2\2\2\2"))
    assert values_of(batch, 0, 4) == b"\2\2\2\2"


@pytest.mark.parametrize("framing", FRAMINGS)
def test_no_byte_beyond_those_that_came_is_read(framing: Framing) -> None:
    """The buffer still holds an older, whole, right reply: it is not taken for the rest of a new one."""
    checker, batch = checker_for(framing, "bus"), batch_of(framing, READ)
    checker.expect(batch)
    whole = READ.answer(framing, FIRST, b"\1\1\1\1")
    assert put(checker, whole)
    for came in range(1, len(whole)):
        checker.expect(batch)
        assert not put(checker, whole[:came])
        checker.forget()
