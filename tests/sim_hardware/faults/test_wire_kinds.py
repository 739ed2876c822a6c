"""Every kind of wire fault of the table, seen in the bytes that come through a proxy in front of real servers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from controller.site.model import Framing, Site
from sim_hardware.faults.kinds import FAULTS, ActiveFault, Reach
from sim_hardware.faults.modbus_bytes import crc16
from tests.sim_hardware.faults.talk import Talk, proxied, read, served, talk

# A server that closes leaves pymodbus's own transports to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

WIRE = [name for name, kind in FAULTS.items() if kind.reach is Reach.WIRE]


@dataclass(frozen=True)
class Seen:
    """Two requests, (unit 1, registers 0 and 1) and (unit 1, registers 10 to 12): right replies, and what came."""

    framing: str
    right: tuple[bytes, bytes]
    got: Talk

    @property
    def head(self) -> int:
        """Octets before the PDU."""
        return 7 if self.framing == "tcp" else 1

    def pdu(self, slot: int) -> bytes:
        frame = self.got.slots[slot]
        return frame[7:] if self.framing == "tcp" else frame[1:-2]

    def right_pdu(self, slot: int) -> bytes:
        frame = self.right[slot]
        return frame[7:] if self.framing == "tcp" else frame[1:-2]

    def is_consistent(self, slot: int) -> bool:
        """Whether the frame's own length, or checksum, is right."""
        frame = self.got.slots[slot]
        if self.framing == "tcp":
            return int.from_bytes(frame[4:6], "big") == len(frame) - 6
        return crc16(frame[:-2]) == int.from_bytes(frame[-2:], "little")


def _late(s: Seen) -> bool:
    return s.got.slots == [b"", s.right[0], s.right[1]]


def _right_data(s: Seen) -> bool:
    return s.got.everything == b"".join(s.right)


def _displaced(s: Seen) -> bool:
    own_head = s.got.slots[1][: s.head - 3 if s.framing == "tcp" else 1]
    return s.pdu(1) == s.right_pdu(0) and s.right[1].startswith(own_head) and s.is_consistent(1)


def _header(place: int, value: int) -> Callable[[Seen], bool]:
    def check(s: Seen) -> bool:
        changed = all(slot[place : place + 2] == value.to_bytes(2, "big") for slot in s.got.slots[:2])
        return changed and s.pdu(0) == s.right_pdu(0)

    return check


def _short(s: Seen) -> bool:
    return s.pdu(1) == bytes((4, 4)) + s.right_pdu(1)[2:6] and s.is_consistent(1)


def _long(s: Seen) -> bool:
    right = s.right_pdu(1)
    return s.pdu(1)[:2] == bytes((4, 8)) and s.pdu(1)[2:8] == right[2:] and len(s.pdu(1)) == 10 and s.is_consistent(1)


def _function(s: Seen) -> bool:
    return s.pdu(0) == b"\3" + s.right_pdu(0)[1:] and s.is_consistent(0)


def _unit(s: Seen) -> bool:
    return s.got.slots[0][s.head - 1] == 2 and s.pdu(0) == s.right_pdu(0) and s.is_consistent(0)


def _length(s: Seen) -> bool:
    return s.got.slots[0][:5] == s.right[0][:5] and s.got.slots[0][5] == s.right[0][5] + 2


def _crc(s: Seen) -> bool:
    return s.got.slots[0][:-2] == s.right[0][:-2] and not s.is_consistent(0) and not s.is_consistent(1)


def _flip(s: Seen) -> bool:
    """One bit, behind the byte count; the checksum is that of the right frame."""
    different = [(i, a ^ b) for i, (a, b) in enumerate(zip(s.got.slots[0], s.right[0], strict=True)) if a != b]
    place, bits = different[0]
    return len(different) == 1 and bits.bit_count() == 1 and 3 <= place < len(s.right[0]) - 2


def _leading(s: Seen) -> bool:
    return all(len(g) == len(r) + 3 and g.endswith(r) for g, r in zip(s.got.slots[:2], s.right, strict=True))


def _trailing(s: Seen) -> bool:
    return all(len(g) == len(r) + 3 and g.startswith(r) for g, r in zip(s.got.slots[:2], s.right, strict=True))


def _split(s: Seen) -> bool:
    return _right_data(s) and s.got.pieces[0] > 3


def _drip(s: Seen) -> bool:
    """At 30 ms an octet, the first slot sees but the beginning."""
    return _right_data(s) and s.got.slots[0] != s.right[0] and s.right[0].startswith(s.got.slots[0])


def _exception(s: Seen) -> bool:
    return s.pdu(0) == s.pdu(1) == bytes((0x84, 6)) and s.is_consistent(0)


def _silent(s: Seen) -> bool:
    return s.got.everything == b"" and not s.got.closed


def _closed_before(s: Seen) -> bool:
    return s.got.everything == b"" and s.got.closed


def _closed_after(s: Seen) -> bool:
    return s.got.slots[:2] == [s.right[0], b""] and s.got.closed


EFFECTS: dict[str, tuple[float | None, Callable[[Seen], bool]]] = {
    "late-reply": (0.2, _late),
    "jitter": (0.02, _right_data),
    "displaced-reply": (None, _displaced),
    "tid-zero": (None, _header(0, 0)),
    "tid-fixed": (9.0, _header(0, 9)),
    "short-reply": (None, _short),
    "long-reply": (None, _long),
    "wrong-function": (None, _function),
    "wrong-unit": (None, _unit),
    "wrong-protocol-id": (None, _header(2, 1)),
    "wrong-length-field": (None, _length),
    "bad-crc": (None, _crc),
    "flipped-bit": (None, _flip),
    "leading-junk": (None, _leading),
    "trailing-junk": (None, _trailing),
    "split-bytes": (None, _split),
    "slow-drip": (0.03, _drip),
    "duplicate-reply": (None, lambda s: s.got.slots[:2] == [2 * s.right[0], 2 * s.right[1]]),
    "exception": (6.0, _exception),
    "no-reply": (None, _silent),
    "close-before-reply": (None, _closed_before),
    "close-after-reply": (None, _closed_after),
    "accept-then-mute": (None, _silent),
}
"""PARAM and what is to be seen, by kind; `one-connection` needs two clients and has a test of its own."""

AFTER_S = {"late-reply": 0.3, "slow-drip": 1.2}
SERVERS = [("own", "tcp"), ("own", "rtu"), ("pymodbus", "tcp")]


def test_each_kind_of_the_table_is_tried_here() -> None:
    assert {*EFFECTS, "one-connection"} == set(WIRE)


@pytest.mark.parametrize(
    ("kind", "server", "framing"),
    [(k, s, f) for k in EFFECTS for s, f in SERVERS if FAULTS[k].framing in {None, Framing(f)}],
)
async def test_a_kind_does_what_it_says_and_no_more(hall: Site, kind: str, server: str, framing: str) -> None:
    param, shows = EFFECTS[kind]
    asked = [read(framing, 501, 1, 0, 2), read(framing, 502, 1, 10, 3)]
    other = [read(framing, 601, 2, 0, 2)]
    async with served(hall, server, framing) as behind, proxied(behind, framing) as proxy:
        first, second, _ = (await talk(proxy.port, asked)).slots
        (right_other, _) = (await talk(proxy.port, other)).slots
        assert first
        assert second
        assert right_other
        assert proxy.applied.total() == 0
        proxy.set_faults(1, [ActiveFault(kind, param)])
        got = await talk(proxy.port, asked, after_s=AFTER_S.get(kind, 0.02))
        seen = Seen(framing, (first, second), got)
        assert shows(seen), (seen, proxy.applied)
        assert proxy.applied[kind] >= 1
        if kind != "accept-then-mute":
            assert (await talk(proxy.port, other)).slots[
                0
            ] == right_other  # the other unit of the endpoint is untouched
        proxy.set_faults(1, [])
        assert (await talk(proxy.port, asked)).slots[:2] == [first, second]


async def test_a_second_connection_is_refused_while_one_is_open(hall: Site) -> None:
    asked = [read("tcp", 1, 1, 0, 2)]
    async with served(hall, "own", "tcp") as behind, proxied(behind) as proxy:
        proxy.set_faults(1, [ActiveFault("one-connection")])
        first, second = await asyncio.gather(talk(proxy.port, asked, after_s=0.1), talk(proxy.port, asked, after_s=0.1))
        refused, served_one = sorted((first, second), key=lambda one: len(one.everything))
        assert (refused.everything, refused.closed) == (b"", True)
        assert served_one.everything
        assert not served_one.closed
        assert proxy.applied["one-connection"] == 1
        assert (await talk(proxy.port, asked)).everything == served_one.everything  # the place is free again
