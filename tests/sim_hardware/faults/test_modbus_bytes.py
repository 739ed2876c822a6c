"""Replies in a stream, and kinds that work together."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.site.model import Framing
from sim_hardware.faults.kinds import ENDPOINT_KINDS, FAULTS, ActiveFault, Reach
from sim_hardware.faults.modbus_bytes import CHANGES, Close, Reply, apply, crc16, in_order, parse, take_frames

KINDS = sorted(name for name, kind in FAULTS.items() if kind.reach is Reach.WIRE)
FRAMINGS = list(Framing)
PDUS = st.one_of(
    st.builds(lambda f, data: bytes((f, len(data))) + data, st.sampled_from([1, 2, 3, 4, 23]), st.binary(max_size=250)),
    st.builds(lambda f, data: bytes((f,)) + data, st.sampled_from([5, 6, 15, 16]), st.binary(min_size=4, max_size=4)),
    st.builds(
        lambda f, code: bytes((f | 0x80, code)), st.sampled_from([1, 3, 6, 16]), st.sampled_from([1, 2, 4, 6, 11])
    ),
)
REPLIES = st.builds(Reply, st.sampled_from(FRAMINGS), st.integers(0, 247), PDUS, transaction=st.integers(0, 0xFFFF))


def test_the_checksum_is_that_of_the_specification() -> None:
    assert crc16(bytes.fromhex("0207")) == 0x1241  # MODBUS over Serial Line 1.02, 6.2.2
    assert crc16(bytes.fromhex("010300000001")).to_bytes(2, "little") == bytes.fromhex("840a")


def test_each_wire_kind_that_is_not_of_the_endpoint_has_its_function() -> None:
    assert set(CHANGES) == set(KINDS) - ENDPOINT_KINDS


@given(st.lists(REPLIES, min_size=1, max_size=5), st.integers(1, 40))
def test_replies_are_found_in_any_split(replies: list[Reply], step: int) -> None:
    framing = replies[0].framing
    for reply in replies:
        reply.framing = framing
    frames = [reply.frame() for reply in replies]
    stream, buffer, found = b"".join(frames), bytearray(), []
    for at in range(0, len(stream), step):
        buffer += stream[at : at + step]
        found += take_frames(buffer, framing)
    assert found == frames
    assert not buffer
    for reply, frame in zip(replies, found, strict=True):
        parsed = parse(frame, framing)
        assert parsed is not None
        assert (parsed.unit, parsed.pdu) == (reply.unit, reply.pdu)
        assert parsed.transaction == (reply.transaction if framing is Framing.TCP else 0)


@pytest.mark.parametrize(
    ("framing", "junk"),
    [
        (Framing.TCP, bytes(12)),
        (Framing.TCP, b"\xff" * 20),
        (Framing.RTU, b"\x01\x55junk"),
        (Framing.RTU, b"\1\4\2\0\0\0\0"),
    ],
)
def test_what_is_no_reply_is_passed_on_as_it_is(framing: Framing, junk: bytes) -> None:
    buffer = bytearray(junk)
    (frame,) = take_frames(buffer, framing)
    assert frame == junk
    assert parse(frame, framing) is None


@given(
    REPLIES,
    st.lists(st.sampled_from(sorted(CHANGES)), unique=True, min_size=1, max_size=4),
    st.binary(min_size=2, max_size=20),
    st.integers(0, 2**32),
)
def test_kinds_go_together_in_any_choice_and_equal_seeds_spoil_equally(
    reply: Reply, kinds: list[str], last: bytes, seed: int
) -> None:
    faults = in_order([ActiveFault(kind) for kind in kinds if FAULTS[kind].framing in {None, reply.framing}])
    again = parse(reply.frame(), reply.framing)
    assert again is not None
    applied = apply(reply, faults, last, random.Random(seed))
    assert applied == apply(again, in_order(faults[::-1]), last, random.Random(seed))
    assert reply.pieces() == again.pieces()
    assert set(applied) <= {fault.kind for fault in faults}
    assert reply.is_silent == ("no-reply" in kinds)
    assert (reply.close is Close.NEVER) == (not {"close-before-reply", "close-after-reply"} & set(kinds))
    if {"split-bytes", "slow-drip"} & set(kinds):
        assert all(len(octets) == 1 for octets, _ in reply.pieces())


def test_an_exception_has_nothing_to_shorten_and_an_echo_loses_its_value() -> None:
    exception = Reply(Framing.TCP, 1, b"\x84\x02")
    assert apply(exception, [ActiveFault("short-reply"), ActiveFault("long-reply")], b"", random.Random(1)) == []
    assert exception.pdu == b"\x84\x02"
    echo = Reply(Framing.RTU, 1, bytes.fromhex("0500ac ff00"))
    apply(echo, [ActiveFault("short-reply")], b"", random.Random(1))
    assert echo.pdu == bytes.fromhex("0500ac")


def test_more_registers_are_cut_off_than_there_are() -> None:
    reply = Reply(Framing.TCP, 1, b"\4\2\0\7")
    assert apply(reply, [ActiveFault("short-reply", 5.0)], b"", random.Random(1)) == ["short-reply"]
    assert reply.pdu == b"\4\0"


def test_the_first_reply_of_a_unit_has_none_before_it() -> None:
    reply = Reply(Framing.TCP, 1, b"\4\2\0\7", transaction=5)
    assert apply(reply, [ActiveFault("displaced-reply")], b"", random.Random(1)) == []
    assert reply.pdu == b"\4\2\0\7"
