"""Requests out of a stream: whatever the split, the same; nothing but whole, right frames."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.modbus.crc import crc16
from sim_hardware.wires.streams import Request, RtuStream, Stream, TcpStream

READ = bytes.fromhex("030005007d")
ADDRESSES = st.integers(0, 0xFFFF)


def _counted(function: int, fixed: bytes, data: bytes) -> bytes:
    return bytes((function,)) + fixed + bytes((len(data),)) + data


pdus = st.one_of(
    st.builds(lambda f, a, b: struct.pack(">BHH", f, a, b), st.integers(1, 6), ADDRESSES, ADDRESSES),
    st.builds(_counted, st.sampled_from([15, 16]), st.binary(min_size=4, max_size=4), st.binary(max_size=244)),
    st.builds(_counted, st.just(23), st.binary(min_size=8, max_size=8), st.binary(max_size=240)),
    st.builds(lambda rest: b"\x16" + rest, st.binary(min_size=6, max_size=6)),
)
requests = st.tuples(st.integers(0, 0xFFFF), st.integers(0, 255), pdus)


def fed(stream: Stream, data: bytes, cuts: list[int]) -> list[Request]:
    """What `stream` finds in `data` cut at `cuts`."""
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    found: list[Request] = []
    for begin, end in pairwise(places):
        found += stream.feed(data[begin:end])
    return found


@given(st.lists(requests, max_size=8), st.lists(st.integers(0, 2000), max_size=30))
def test_tcp_gives_the_requests_that_were_sent_in_any_split(sent: list[Request], cuts: list[int]) -> None:
    stream = TcpStream()
    data = b"".join(stream.frame(*request) for request in sent)
    assert fed(stream, data, cuts) == sent
    assert (stream.rest, stream.broken) == (b"", "")


@given(st.lists(requests, max_size=8), st.lists(st.integers(0, 2000), max_size=30))
def test_rtu_gives_the_requests_that_were_sent_in_any_split(sent: list[Request], cuts: list[int]) -> None:
    stream = RtuStream()
    data = b"".join(stream.frame(*request) for request in sent)
    assert fed(stream, data, cuts) == [(0, unit, pdu) for _, unit, pdu in sent]
    assert stream.rest == b""


@given(st.binary(max_size=600), st.lists(requests, max_size=2), st.lists(st.integers(0, 2000), max_size=30))
@pytest.mark.parametrize("kind", [TcpStream, RtuStream])
def test_junk_is_taken_alike_in_any_split(
    kind: type[TcpStream | RtuStream], junk: bytes, sent: list[Request], cuts: list[int]
) -> None:
    whole, cut = kind(), kind()
    data = b"".join(whole.frame(*request) for request in sent) + junk
    assert fed(whole, data, []) == fed(cut, data, cuts)
    assert bool(whole.broken) == bool(cut.broken)


@pytest.mark.parametrize("header", ["0007 0001 0006 01", "0007 0000 0001 01", "0007 0000 00ff 01", "0007 0000 0000 01"])
def test_a_wrong_protocol_or_length_breaks_the_stream_behind_what_was_right(header: str) -> None:
    stream = TcpStream()
    right = stream.frame(6, 1, READ)
    assert stream.feed(right + bytes.fromhex(header) + READ + right) == [(6, 1, READ)]
    assert stream.broken
    assert stream.feed(right) == []


@pytest.mark.parametrize("place", range(8))
def test_a_wrong_bit_in_an_rtu_request_is_silence_and_the_next_request_is_heard_after_a_pause(place: int) -> None:
    stream = RtuStream()
    frame = bytearray(stream.frame(0, 1, READ))
    frame[place] ^= 0x40
    assert stream.feed(bytes(frame)) == []
    stream.silence()
    assert stream.feed(stream.frame(0, 1, READ)) == [(0, 1, READ)]


def test_a_wrong_crc_does_not_hide_the_request_right_behind_it() -> None:
    stream = RtuStream()
    right = stream.frame(0, 1, READ)
    assert stream.feed(right[:-1] + bytes((right[-1] ^ 1,)) + right) == [(0, 1, READ)]


def test_a_function_without_a_known_length_ends_where_its_crc_fits() -> None:
    stream = RtuStream()
    right = stream.frame(0, 1, READ)
    for pdu in (b"\x2b\x0e\x01\x00", b"\x07", b"\x63" + bytes(range(100))):
        assert fed(stream, stream.frame(0, 9, pdu) + right, [3, 5]) == [(0, 9, pdu), (0, 1, READ)]


def test_crc_is_that_of_the_specification() -> None:
    assert RtuStream.frame(0, 2, b"\x07") == bytes.fromhex("02074112")  # MODBUS over Serial Line 1.02, appendix B
    assert crc16(b"123456789") == 0x4B37
