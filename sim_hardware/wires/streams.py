"""Requests out of a stream of bytes that comes in any split, and replies into one: MBAP and RTU framing. No I/O.

The result does not depend on the split: what a stream has found and whether it is broken follow from its bytes alone.
"""

import struct
from typing import Literal, Protocol

from controller.site.model import Framing
from drivers.modbus.crc import crc16

Request = tuple[int, int, bytes]
"""Transaction id (RTU has none: 0), unit, PDU of at least one byte."""

_MBAP = struct.Struct(">HHHB")
_SHORTEST_ADU = 1 + 1
_LONGEST_ADU = 1 + 253
"""Unit and PDU: what the length field may say (Modbus Messaging on TCP/IP 1.0b, 3.1.3)."""
_SHORTEST_RTU = 4
_LONGEST_RTU = 256
_CRC_BYTES = 2


class Stream(Protocol):
    """One direction of a connection, and the frames of the other."""

    broken: str
    """Why nothing after this can be made out, or empty."""
    rest: bytes
    """The begin of a request whose end has not come."""

    def feed(self, data: bytes) -> list[Request]:
        """The requests that `data` completes, in order."""
        ...

    def silence(self) -> None:
        """The line has paused."""
        ...

    def frame(self, transaction: int, unit: int, pdu: bytes) -> bytes:
        """A reply as it goes onto the wire."""
        ...


class TcpStream:
    """MBAP framing. A wrong protocol id or an impossible length breaks the stream: no later byte has a meaning."""

    def __init__(self) -> None:
        self.broken = ""
        self.rest = b""

    def feed(self, data: bytes) -> list[Request]:
        """The requests that `data` completes, in order; those before the break still count."""
        if self.rest:
            data = self.rest + data
        found: list[Request] = []
        size = len(data)
        begin = 0
        while size - begin >= _MBAP.size and not self.broken:
            transaction, protocol, length, unit = _MBAP.unpack_from(data, begin)
            if protocol or not _SHORTEST_ADU <= length <= _LONGEST_ADU:
                self.broken = f"protocol {protocol}, length {length}"
                break
            end = begin + 6 + length
            if end > size:
                break
            found.append((transaction, unit, data[begin + 7 : end]))
            begin = end
        self.rest = data[begin:]
        return found

    def silence(self) -> None:
        """A pause means nothing where a header says how long a request is."""

    @staticmethod
    def frame(transaction: int, unit: int, pdu: bytes) -> bytes:
        """A reply as it goes onto the wire."""
        return _MBAP.pack(transaction, 0, len(pdu) + 1, unit) + pdu


class RtuStream:
    """RTU framing. A frame whose CRC is wrong is passed over in silence.

    The length of a request follows from its function; for a function without a known length it is the first at which the CRC fits. A
    stream that has lost its place finds it again at the next pause of the line, which whoever reads the line tells by `silence`.
    """

    def __init__(self) -> None:
        self.broken = ""
        self.rest = b""

    def feed(self, data: bytes) -> list[Request]:
        """The requests that `data` completes, in order."""
        data = self.rest + data
        found: list[Request] = []
        begin = 0
        while end := _end_of_frame(data, begin):
            body = data[begin : end - _CRC_BYTES]
            if crc16(body) == int.from_bytes(data[end - _CRC_BYTES : end], "little"):
                found.append((0, body[0], body[1:]))
            begin = end
        self.rest = data[begin:]
        return found

    def silence(self) -> None:
        """The line has paused: what came before is the end of nothing."""
        self.rest = b""

    @staticmethod
    def frame(_transaction: int, unit: int, pdu: bytes) -> bytes:
        """A reply as it goes onto the wire."""
        body = bytes((unit,)) + pdu
        return body + crc16(body).to_bytes(_CRC_BYTES, "little")


# Whole length of a request by its function, CRC included; or the place of the byte count, and the bytes besides the counted.
_FIXED = {1: 8, 2: 8, 3: 8, 4: 8, 5: 8, 6: 8, 22: 10}
_COUNTED = {15: (6, 9), 16: (6, 9), 23: (10, 13)}


def _end_of_frame(data: bytes, begin: int) -> int:
    """Where the frame that starts at `begin` ends; 0 while that cannot be said or the end has not come."""
    size = len(data) - begin
    if size < _SHORTEST_RTU:
        return 0
    function = data[begin + 1]
    if function in _COUNTED:
        place, others = _COUNTED[function]
        length = others + data[begin + place] if size > place else 0
    elif function in _FIXED:
        length = _FIXED[function]
    else:
        length = _length_by_crc(data[begin : begin + _LONGEST_RTU])
    return begin + length if 0 < length <= size else 0


def _length_by_crc(data: bytes) -> int:
    """The first length at which the CRC fits; all of what is as long as the longest frame; else 0."""
    for length in range(_SHORTEST_RTU, len(data) + 1):
        if crc16(data[: length - _CRC_BYTES]) == int.from_bytes(data[length - _CRC_BYTES : length], "little"):
            return length
    return _LONGEST_RTU if len(data) == _LONGEST_RTU else 0


AnyFraming = Framing | Literal["tcp", "rtu"]
"""`rtu`: RTU frames, over a TCP connection or on a serial line."""


def stream(framing: AnyFraming) -> Stream:
    """The server's side of a connection of that framing."""
    return TcpStream() if framing == Framing.TCP else RtuStream()
