"""Every kind of wire fault of the table, seen in the bytes that come through a proxy in front of real servers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from controller.site.model import Framing, Site
from sim_hardware.faults.kinds import FAULTS, ActiveFault, Reach
from sim_hardware.faults.modbus_bytes import crc16
from tests.sim_hardware.faults.talk import Talk, proxied, read, served, size, talk

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
    """At 30 ms an octet, the first slot of 20 ms sees but the beginning."""
    return _right_data(s) and s.got.slots[0] != s.right[0] and s.right[0].startswith(s.got.slots[0])


def _exception(s: Seen) -> bool:
    return s.pdu(0) == s.pdu(1) == bytes((0x84, 6)) and s.is_consistent(0)


def _silent(s: Seen) -> bool:
    return s.got.everything == b"" and not s.got.closed


def _closed_before(s: Seen) -> bool:
    return s.got.everything == b"" and s.got.closed


def _closed_after(s: Seen) -> bool:
    return s.got.slots[:2] == [s.right[0], b""] and s.got.closed


@dataclass(frozen=True)
class Effect:
    """What a kind with `param` shows, and the octets in the two slots, from those of the right replies (None: silence)."""

    shows: Callable[[Seen], bool]
    param: float | None = None
    octets: Callable[[int, int], tuple[int | None, int | None]] = lambda first, second: (first, second)
    comes_late: bool = False


def _silence(_first: int, _second: int) -> tuple[None, None]:
    return None, None


def _more(octets: int) -> Callable[[int, int], tuple[int | None, int | None]]:
    return lambda first, second: (first + octets, second + octets)


EFFECTS: dict[str, Effect] = {
    "late-reply": Effect(_late, 0.2, lambda first, _: (None, first), comes_late=True),
    "jitter": Effect(_right_data, 0.02),
    "displaced-reply": Effect(_displaced, None, lambda first, _: (first, first)),
    "tid-zero": Effect(_header(0, 0)),
    "tid-fixed": Effect(_header(0, 9), 9.0),
    "short-reply": Effect(_short, None, _more(-2)),
    "long-reply": Effect(_long, None, _more(2)),
    "wrong-function": Effect(_function),
    "wrong-unit": Effect(_unit),
    "wrong-protocol-id": Effect(_header(2, 1)),
    "wrong-length-field": Effect(_length),
    "bad-crc": Effect(_crc),
    "flipped-bit": Effect(_flip),
    "leading-junk": Effect(_leading, None, _more(3)),
    "trailing-junk": Effect(_trailing, None, _more(3)),
    "split-bytes": Effect(_split),
    "slow-drip": Effect(_drip, 0.03, lambda _first, _second: (1, 1), comes_late=True),
    "duplicate-reply": Effect(
        lambda s: s.got.slots[:2] == [2 * s.right[0], 2 * s.right[1]],
        None,
        lambda first, second: (2 * first, 2 * second),
    ),
    "exception": Effect(_exception, 6.0, lambda first, second: (first - 4, second - 6)),
    "no-reply": Effect(_silent, None, _silence),
    "close-before-reply": Effect(_closed_before, None, _silence),
    "close-after-reply": Effect(_closed_after, None, lambda first, _: (first, None)),
    "accept-then-mute": Effect(_silent, None, _silence),
}
"""By kind; `one-connection` needs two clients and has a test of its own."""

SERVERS = [("own", "tcp"), ("own", "rtu"), ("pymodbus", "tcp")]


def test_each_kind_of_the_table_is_tried_here() -> None:
    assert {*EFFECTS, "one-connection"} == set(WIRE)


@pytest.mark.parametrize(
    ("kind", "server", "framing"),
    [(k, s, f) for k in EFFECTS for s, f in SERVERS if FAULTS[k].framing in {None, Framing(f)}],
)
async def test_a_kind_does_what_it_says_and_no_more(hall: Site, kind: str, server: str, framing: str) -> None:
    effect = EFFECTS[kind]
    asked = [read(framing, 501, 1, 0, 2), read(framing, 502, 1, 10, 3)]
    sizes = (size(framing, 2), size(framing, 3))
    other = [read(framing, 601, 2, 0, 2)]
    async with served(hall, server, framing) as behind, proxied(behind, framing) as proxy:
        first, second, _ = (await talk(proxy.port, asked, sizes)).slots
        (right_other, _) = (await talk(proxy.port, other, sizes)).slots
        assert (len(first), len(second), len(right_other)) == (*sizes, sizes[0])
        assert proxy.applied.total() == 0
        proxy.set_faults(1, [ActiveFault(kind, effect.param)])
        got = await talk(proxy.port, asked, effect.octets(*sizes), sum(sizes) if effect.comes_late else 0)
        seen = Seen(framing, (first, second), got)
        assert effect.shows(seen), (seen, proxy.applied)
        assert proxy.applied[kind] >= 1
        if kind != "accept-then-mute":
            assert (await talk(proxy.port, other, sizes)).slots[
                0
            ] == right_other  # the other unit of the endpoint is untouched
        proxy.set_faults(1, [])
        assert (await talk(proxy.port, asked, sizes)).slots[:2] == [first, second]


async def test_a_second_connection_is_refused_while_one_is_open(hall: Site) -> None:
    asked = [read("tcp", 1, 1, 0, 2)]
    async with served(hall, "own", "tcp") as behind, proxied(behind) as proxy:
        proxy.set_faults(1, [ActiveFault("one-connection")])
        first, second = await asyncio.gather(talk(proxy.port, asked), talk(proxy.port, asked))
        refused, taken = sorted((first, second), key=lambda one: len(one.everything))
        assert (refused.everything, refused.closed) == (b"", True)
        assert len(taken.everything) == size("tcp", 2)
        assert not taken.closed
        assert proxy.applied["one-connection"] == 1
        while proxy.pairs:
            await asyncio.sleep(0.01)
        again = await talk(proxy.port, asked, [size("tcp", 2)])
        assert again.everything == taken.everything  # the place is free again
