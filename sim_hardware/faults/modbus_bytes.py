"""What wire faults do to Modbus replies: pure functions, one a kind. No sockets, no clock; chance comes from outside.

Each kind alters a reply's fields, and the bytes are made at the end, so any kinds go together. Nothing here is shared with the
drivers that are tested with it, the checksum neither.
"""

import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from controller.site.model import Framing
from sim_hardware.faults.kinds import ActiveFault

Piece = tuple[bytes, float | None]
"""Bytes that are sent in one go, and the seconds to the next piece (0: the next turn of the loop; None: none)."""

_MBAP = struct.Struct(">HHHB")
_SHORTEST_TCP, _LONGEST_TCP = 2, 254
"""Values of the length field: unit and function, and the longest PDU of 253 octets with its unit."""
_COUNTED = frozenset({1, 2, 3, 4, 12, 17, 20, 21, 23})
"""Functions whose replies say how many octets follow."""
_FIXED = {5: 8, 6: 8, 7: 5, 8: 8, 11: 8, 15: 8, 16: 8, 22: 10}
"""Octets of an RTU reply, by function."""
_NEIGHBOUR = {1: 2, 2: 1, 3: 4, 4: 3, 5: 6, 6: 5, 15: 16, 16: 15}
_READS = frozenset({1, 2, 3, 4, 23})
_BIT_READS = frozenset({1, 2})
_EXCEPTION = 0x80
_LAST_UNIT = 247


class Close(StrEnum):
    """When the connection is closed."""

    NEVER = "never"
    BEFORE = "before"
    AFTER = "after"


@dataclass(slots=True)
class Reply:
    """A reply on its way, as faults make it. What is not told otherwise is as a right reply has it."""

    framing: Framing
    unit: int
    pdu: bytes
    transaction: int = 0
    protocol: int = 0
    length_error: int = 0
    crc_error: int = 0
    flipped_bit: int | None = None
    """Number of a bit of the frame, from its first octet on."""
    before: bytes = b""
    after: bytes = b""
    copies: int = 1
    delay_s: float = 0.0
    pause_s: float | None = None
    """Seconds between octets; None: all in one go."""
    is_silent: bool = False
    close: Close = Close.NEVER

    def frame(self) -> bytes:
        """The octets of one copy."""
        if self.framing is Framing.TCP:
            length = (len(self.pdu) + 1 + self.length_error) & 0xFFFF
            return _MBAP.pack(self.transaction, self.protocol, length, self.unit) + self.pdu
        body = bytearray((self.unit, *self.pdu))
        crc = crc16(body) ^ self.crc_error
        if self.flipped_bit is not None:
            body[self.flipped_bit // 8] ^= 1 << self.flipped_bit % 8
        return bytes(body) + crc.to_bytes(2, "little")

    def pieces(self) -> list[Piece]:
        """What goes onto the wire."""
        octets = self.before + self.frame() * self.copies + self.after
        if self.pause_s is None:
            return [(octets, None)]
        return [(octets[place : place + 1], self.pause_s) for place in range(len(octets))]


def crc16(data: bytes | bytearray) -> int:
    """CRC of an RTU frame (MODBUS over Serial Line 1.02, 6.2.2)."""
    crc = 0xFFFF
    for octet in data:
        crc = crc >> 8 ^ _CRC[(crc ^ octet) & 0xFF]
    return crc


def _crc_entry(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


_CRC = tuple(map(_crc_entry, range(256)))


# --- frames in a stream ---------------------------------------------------------------------------------------------


def take_frames(buffer: bytearray, framing: Framing) -> list[bytes]:
    """Take the whole replies off the front of `buffer`; what is no reply at all is taken as one, to be passed on as it is."""
    frames: list[bytes] = []
    length_of = _tcp_length if framing is Framing.TCP else _rtu_length
    at = 0
    while (length := length_of(buffer, at)) and at + length <= len(buffer):
        frames.append(bytes(buffer[at : at + length]))
        at += length
    del buffer[:at]
    return frames


def _tcp_length(buffer: bytearray, at: int) -> int:
    """Octets of the frame at `at`; 0: not known yet."""
    left = len(buffer) - at
    if left < _MBAP.size:
        return 0
    length = buffer[at + 4] << 8 | buffer[at + 5]
    return 6 + length if _SHORTEST_TCP <= length <= _LONGEST_TCP else left


def _rtu_length(buffer: bytearray, at: int) -> int:
    """Octets of the frame at `at`; 0: not known yet."""
    left = len(buffer) - at
    if left < 3:  # noqa: PLR2004 - unit, function and a count
        return 0
    function = buffer[at + 1]
    if function & _EXCEPTION:
        return 5
    return 5 + buffer[at + 2] if function in _COUNTED else _FIXED.get(function, left)


def parse(frame: bytes, framing: Framing) -> Reply | None:
    """A whole frame as a reply; None for what is none."""
    if framing is Framing.TCP:
        if len(frame) < _MBAP.size + 1:
            return None
        transaction, protocol, length, unit = _MBAP.unpack_from(frame)
        return Reply(framing, unit, frame[7:], transaction, protocol) if length == len(frame) - 6 else None
    if len(frame) < 4 or crc16(frame[:-2]) != int.from_bytes(frame[-2:], "little"):  # noqa: PLR2004 - unit, function, checksum
        return None
    return Reply(framing, frame[0], frame[1:-2])


# --- the kinds ------------------------------------------------------------------------------------------------------

Change = Callable[[Reply, float, bytes, random.Random], bool]
"""(reply, param, the unit's last PDU or nothing, chance) -> whether there was anything to change."""


def apply(reply: Reply, faults: Sequence[ActiveFault], last: bytes, chance: random.Random) -> list[str]:
    """Let `faults` (in the order of `CHANGES`, see `in_order`) work on a reply; returns the kinds that found something to change."""
    return [fault.kind for fault in faults if CHANGES[fault.kind](reply, fault.value, last, chance)]


def in_order(faults: Sequence[ActiveFault]) -> tuple[ActiveFault, ...]:
    """Those of `faults` that work on replies, in the order in which they do."""
    order = list(CHANGES)
    return tuple(sorted((f for f in faults if f.kind in CHANGES), key=lambda fault: order.index(fault.kind)))


def _displaced(reply: Reply, _param: float, last: bytes, _chance: random.Random) -> bool:
    reply.pdu = last or reply.pdu
    return bool(last)


def _exception(reply: Reply, param: float, _last: bytes, _chance: random.Random) -> bool:
    reply.pdu = bytes((reply.pdu[0] | _EXCEPTION, int(param)))
    return True


def _data_octets(reply: Reply, param: float) -> int:
    """PARAM registers, or octets of bits, in octets."""
    return int(param) * (1 if reply.pdu[0] in _BIT_READS else 2)


def _short(reply: Reply, param: float, _last: bytes, _chance: random.Random) -> bool:
    function, data = reply.pdu[0], reply.pdu[2:]
    if function & _EXCEPTION:
        return False
    if function in _READS:
        data = data[: max(0, len(data) - _data_octets(reply, param))]
        reply.pdu = bytes((function, len(data))) + data
    else:
        reply.pdu = reply.pdu[: max(1, len(reply.pdu) - 2 * int(param))]
    return True


def _long(reply: Reply, param: float, _last: bytes, chance: random.Random) -> bool:
    function, data = reply.pdu[0], reply.pdu[2:]
    if function & _EXCEPTION:
        return False
    if function in _READS:
        data = (data + chance.randbytes(_data_octets(reply, param)))[:255]
        reply.pdu = bytes((function, len(data))) + data
    else:
        reply.pdu += chance.randbytes(2 * int(param))
    return True


def _function(reply: Reply, _param: float, _last: bytes, _chance: random.Random) -> bool:
    function = reply.pdu[0] & ~_EXCEPTION
    wrong = _NEIGHBOUR.get(function, function ^ 1) | reply.pdu[0] & _EXCEPTION
    reply.pdu = bytes((wrong,)) + reply.pdu[1:]
    return True


def _unit(reply: Reply, param: float, _last: bytes, _chance: random.Random) -> bool:
    before = reply.unit
    reply.unit = int(param) or reply.unit % _LAST_UNIT + 1
    return reply.unit != before


def _tid_zero(reply: Reply, _param: float, _last: bytes, _chance: random.Random) -> bool:
    before, reply.transaction = reply.transaction, 0
    return before != 0


def _tid_fixed(reply: Reply, param: float, _last: bytes, _chance: random.Random) -> bool:
    before, reply.transaction = reply.transaction, int(param)
    return before != reply.transaction


def _protocol(reply: Reply, param: float, _last: bytes, _chance: random.Random) -> bool:
    reply.protocol = int(param)
    return True


def _length(reply: Reply, param: float, _last: bytes, _chance: random.Random) -> bool:
    reply.length_error = int(param)
    return reply.length_error != 0


def _crc(reply: Reply, _param: float, _last: bytes, chance: random.Random) -> bool:
    reply.crc_error = chance.randrange(1, 0x10000)
    return True


def _flip(reply: Reply, _param: float, _last: bytes, chance: random.Random) -> bool:
    """A bit of the data: behind unit and function, and behind the count of a read."""
    first = 3 if reply.pdu[0] in _READS else 2
    octets = 1 + len(reply.pdu)
    if octets <= first:
        return False
    reply.flipped_bit = chance.randrange(8 * first, 8 * octets)
    return True


def _leading(reply: Reply, param: float, _last: bytes, chance: random.Random) -> bool:
    reply.before = chance.randbytes(int(param))
    return True


def _trailing(reply: Reply, param: float, _last: bytes, chance: random.Random) -> bool:
    reply.after = chance.randbytes(int(param))
    return True


def _twice(reply: Reply, _param: float, _last: bytes, _chance: random.Random) -> bool:
    reply.copies = 2
    return True


def _late(reply: Reply, param: float, _last: bytes, _chance: random.Random) -> bool:
    reply.delay_s += param
    return True


def _jitter(reply: Reply, param: float, _last: bytes, chance: random.Random) -> bool:
    reply.delay_s += chance.uniform(0.0, param)
    return True


def _split(reply: Reply, _param: float, _last: bytes, _chance: random.Random) -> bool:
    reply.pause_s = reply.pause_s or 0.0
    return True


def _drip(reply: Reply, param: float, _last: bytes, _chance: random.Random) -> bool:
    reply.pause_s = param
    return True


def _silent(reply: Reply, _param: float, _last: bytes, _chance: random.Random) -> bool:
    reply.is_silent = True
    return True


def _close_before(reply: Reply, _param: float, _last: bytes, _chance: random.Random) -> bool:
    reply.close = Close.BEFORE
    return True


def _close_after(reply: Reply, _param: float, _last: bytes, _chance: random.Random) -> bool:
    if reply.close is Close.NEVER:
        reply.close = Close.AFTER
    return True


CHANGES: dict[str, Change] = {
    "displaced-reply": _displaced,
    "exception": _exception,
    "short-reply": _short,
    "long-reply": _long,
    "wrong-function": _function,
    "wrong-unit": _unit,
    "tid-zero": _tid_zero,
    "tid-fixed": _tid_fixed,
    "wrong-protocol-id": _protocol,
    "wrong-length-field": _length,
    "bad-crc": _crc,
    "flipped-bit": _flip,
    "leading-junk": _leading,
    "trailing-junk": _trailing,
    "duplicate-reply": _twice,
    "late-reply": _late,
    "jitter": _jitter,
    "split-bytes": _split,
    "slow-drip": _drip,
    "no-reply": _silent,
    "close-before-reply": _close_before,
    "close-after-reply": _close_after,
}
"""What each kind does, in the order in which they work together."""
