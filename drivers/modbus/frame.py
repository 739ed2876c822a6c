"""Frames without I/O: requests built once, replies checked in any split. Modbus TCP and RTU.

Of each request the one right answer is known beforehand but for its values. So a reply is not parsed, it is compared: what differs in any
byte of transaction, protocol, length, unit, function, byte count, echo or checksum is refused with the field's own error, as soon as
that byte has come. Numbers are those of the Modbus Application Protocol 1.1b3, the MODBUS Messaging on TCP/IP guide 1.0b and the
MODBUS over Serial Line guide 1.02.
"""

import struct
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from drivers.modbus.crc import crc16
from drivers.modbus.errors import (
    ByteCountError,
    CrcError,
    EchoError,
    ExceptionFormError,
    FunctionError,
    LengthError,
    ProtocolIdError,
    ReplyError,
    StrayBytesError,
    TransactionError,
    UnitError,
    Where,
)
from drivers.modbus.plan import BIT_TABLES, MOST_IN_FLIGHT
from drivers.points import Table

if TYPE_CHECKING:
    from drivers.modbus.exchange import Run

READ_FUNCTION = {Table.COIL: 1, Table.DISCRETE: 2, Table.HOLDING: 3, Table.INPUT: 4}
"""Function code that reads a table."""

WRITE_COIL = 5
WRITE_REGISTER = 6
WRITE_REGISTERS = 16

EXCEPTION = 0x80
"""Added to the function code by a device that refuses."""

COIL_ON = 0xFF00

BUFFER_BYTES = 16384
"""Receive buffer of a connection: sixty replies of 260 bytes, the longest that Modbus TCP has."""

_PUT_TRANSACTION = struct.Struct(">H").pack_into


class Framing(StrEnum):
    """What stands around a PDU: the MBAP header of Modbus TCP, or unit and CRC of RTU (on a serial line or through a socket)."""

    TCP = "tcp"
    RTU = "rtu"


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, and what its one right answer is: a PDU that begins with `answer`, with `payload` bytes of values behind it."""

    where: Where
    unit: int
    pdu: bytes
    answer: bytes
    payload: int


def ask_read(where: Where, unit: int, table: Table, address: int, count: int) -> Ask:
    """The request for `count` registers or bits of `table` from `address` on."""
    function = READ_FUNCTION[table]
    payload = (count + 7) // 8 if table in BIT_TABLES else 2 * count
    return Ask(where, unit, struct.pack(">BHH", function, address, count), bytes((function, payload)), payload)


def ask_write(where: Where, unit: int, table: Table, address: int, words: Sequence[int]) -> Ask:
    """The request that writes one coil (`words` is 0 or 1) or a run of holding registers; its answer is an echo."""
    if table is Table.COIL:
        pdu = struct.pack(">BHH", WRITE_COIL, address, COIL_ON if words[0] else 0)
        return Ask(where, unit, pdu, pdu, 0)
    if len(words) == 1:
        pdu = struct.pack(">BHH", WRITE_REGISTER, address, words[0])
        return Ask(where, unit, pdu, pdu, 0)
    head = struct.pack(">BHH", WRITE_REGISTERS, address, len(words))
    return Ask(where, unit, head + struct.pack(f">B{len(words)}H", 2 * len(words), *words), head, 0)


class Batch:
    """Requests that are in flight together, in one piece of bytes made once, and what came of them.

    `data` uint8 holds the payloads of all replies one after the other, that of request i at `offsets[i]` (always even), in the byte order of
    the wire, and `images[i]` is that part of it. `codes[i]` is the exception code of reply i, 0 if it brought values. All are valid once
    all replies are in. `tails[i]` is what the right answer begins with, behind its transaction. Batches that follow each other may share
    a `room`, each with its `data` from `base` on. `run` is what the compiled exchange made of it and of what is read next.
    """

    __slots__ = (
        "asks", "base", "codes", "data", "frames", "framing", "images", "offsets", "room", "run", "starts", "tails", "transactions",
    )  # fmt: skip

    def __init__(
        self, asks: Sequence[Ask], framing: Framing, room: npt.NDArray[np.uint8] | None = None, base: int = 0
    ) -> None:
        if not 1 <= len(asks) <= MOST_IN_FLIGHT:
            raise ValueError(f"a batch of {len(asks)} requests; 1 to {MOST_IN_FLIGHT} can be in flight")
        self.asks = tuple(asks)
        self.framing = framing
        self.codes = [0] * len(asks)
        self.offsets: list[int] = []
        self.starts: list[int] = []
        self.frames = bytearray()
        self.tails: list[bytes] = []
        size = 0
        for ask in asks:
            self.offsets.append(size)
            size += ask.payload + ask.payload % 2
            self.starts.append(len(self.frames))
            self.frames += _frame(ask, framing)
            self.tails.append(_tail(ask, framing))
        self.transactions = [0] * len(asks)
        self.room = np.zeros(size, np.uint8) if room is None else room
        self.base = base
        self.data = self.room[base : base + size]
        image = self.data.data
        self.run: Run | None = None
        self.images = [image[at : at + ask.payload] for at, ask in zip(self.offsets, asks, strict=True)]

    @property
    def refused(self) -> bool:
        """Whether any of the requests was answered with an exception."""
        return any(self.codes)

    def stamp(self, first: int) -> None:
        """Give the requests the transactions from `first` on, so that no earlier reply can answer them. RTU frames have none."""
        if self.framing is Framing.RTU:
            return
        frames, transactions = self.frames, self.transactions
        for place, start in enumerate(self.starts):
            transactions[place] = transaction = (first + place) & 0xFFFF
            _PUT_TRANSACTION(frames, start, transaction)


def batches(asks: Sequence[Ask], framing: Framing, depth: int) -> list[Batch]:
    """Requests in batches of `depth`, their values in one room, one behind the other."""
    sizes = [ask.payload + ask.payload % 2 for ask in asks]
    room = np.zeros(sum(sizes), np.uint8)
    return [
        Batch(asks[first : first + depth], framing, room, sum(sizes[:first])) for first in range(0, len(asks), depth)
    ]


def _frame(ask: Ask, framing: Framing) -> bytes:
    if framing is Framing.TCP:
        return struct.pack(">HHHB", 0, 0, len(ask.pdu) + 1, ask.unit) + ask.pdu
    body = bytes((ask.unit,)) + ask.pdu
    return body + crc16(body).to_bytes(2, "little")


def _tail(ask: Ask, framing: Framing) -> bytes:
    """What the right answer begins with, without its transaction."""
    if framing is Framing.TCP:
        return struct.pack(">HHB", 0, len(ask.answer) + ask.payload + 1, ask.unit) + ask.answer
    return bytes((ask.unit,)) + ask.answer


class ReplyChecker(ABC):
    """The bytes of one connection, in any split, against the batch in flight: its replies in its order, and nothing else.

    Who receives puts bytes into `space()` and says with `take` how many they were. After an error the connection is to be given up (or, on
    a serial line, `forget` is called once the line has been silent for long enough).
    """

    def __init__(self, link: str) -> None:
        self._where = Where(link)
        self._buffer = bytearray(BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self.address: int = np.frombuffer(self._buffer, np.uint8).ctypes.data
        """Where the buffer stands, for who receives without Python."""
        self._end = 0
        self._batch: Batch | None = None
        self.answered = 0
        """How many replies of the batch are in."""
        self.stray: StrayBytesError | None = None
        """What came behind the last reply: that reply is right, but the connection is not to be trusted with another request."""

    def space(self) -> memoryview:
        """Where the next bytes go."""
        return self._view[self._end :]

    def expect(self, batch: Batch) -> None:
        """`batch` has been sent: its replies are right from now on."""
        self._batch = batch
        self.answered = 0

    def resume(self, batch: Batch | None, answered: int, waiting: int) -> None:
        """Another one took `answered` replies of the batch in flight, if any is, and left `waiting` bytes in the buffer."""
        self._batch = batch
        self.answered = answered
        self.stray = None
        self._end = waiting

    @property
    def waiting(self) -> int:
        """Bytes of a reply that is not whole yet."""
        return self._end

    def forget(self) -> None:
        """Nothing is in flight, and what came does not count."""
        self._batch = self.stray = None
        self._end = 0

    @property
    def where(self) -> Where:
        """The place of the request that waits for its answer, or the link's when there is none."""
        return self._where if self._batch is None else self._batch.asks[self.answered].where

    def take(self, count: int) -> bool:
        """Take in `count` bytes more; whether the whole batch is answered. Raises `ReplyError`."""
        end = self._end + count
        batch = self._batch
        if batch is None:
            raise StrayBytesError(self._where, "silence", _hex(self._buffer[:end]))
        position, at = self._accept(batch, self.answered, end)
        self.answered = position
        if position < len(batch.asks):
            self._buffer[: end - at] = self._buffer[at:end]
            self._end = end - at
            return False
        if at < end:
            self.stray = StrayBytesError(batch.asks[-1].where, "silence", _hex(self._buffer[at:end]))
        self._batch, self._end = None, 0
        return True

    @abstractmethod
    def _accept(self, batch: Batch, position: int, end: int) -> tuple[int, int]:
        """Accept whole replies from the buffer's beginning to `end`, that to request `position` first.

        Gives the position of the next reply, and where its bytes begin. Raises `ReplyError`.
        """


class TcpChecker(ReplyChecker):
    """Checks Modbus TCP: transaction, protocol, length, unit, function, byte count."""

    def _accept(self, batch: Batch, position: int, end: int) -> tuple[int, int]:
        buffer, view, codes, at = self._buffer, self._view, batch.codes, 0
        tails, images, transactions = batch.tails, batch.images, batch.transactions
        while position < len(tails):
            tail, image = tails[position], images[position]
            values = at + 2 + len(tail)
            whole = values + len(image)
            if (
                whole <= end
                and buffer[at] << 8 | buffer[at + 1] == transactions[position]
                and buffer.startswith(tail, at + 2)
            ):
                image[:] = view[values:whole]
                codes[position] = 0
                at = whole
            elif used := self._refused_or_wrong(batch, position, at, end):
                at += used
            else:
                break
            position += 1
        return position, at

    def _refused_or_wrong(self, batch: Batch, position: int, at: int, end: int) -> int:
        """Bytes of an exception; 0 if more have to come."""
        head = batch.transactions[position].to_bytes(2, "big") + batch.tails[position]
        got = bytes(self._buffer[at : min(end, at + len(head))])
        refused = head[:4] + b"\0\3" + bytes((head[6], head[7] | EXCEPTION))
        if head.startswith(got) or refused.startswith(got):
            return 0
        if not got.startswith(refused):
            is_exception = got[4:6] == refused[4:6] and (got[7:8] or refused[7:8])[0] & EXCEPTION
            raise _wrong(batch.asks[position], refused if is_exception else head, got, _MBAP)
        batch.codes[position] = _code(batch.asks[position], got[8])
        return 9


class RtuChecker(ReplyChecker):
    """Checks RTU: unit, function, byte count, checksum."""

    def _accept(self, batch: Batch, position: int, end: int) -> tuple[int, int]:
        at = 0
        while position < len(batch.asks) and (used := self._match(batch, position, at, end)):
            at += used
            position += 1
        return position, at

    def _match(self, batch: Batch, position: int, at: int, end: int) -> int:
        """Bytes of the reply to request `position`, which begins `at`; 0 if more have to come."""
        head, ask = batch.tails[position], batch.asks[position]
        got = bytes(self._buffer[at : min(end, at + len(head))])
        refused = bytes((head[0], head[1] | EXCEPTION))
        if got == head:
            whole = len(head) + ask.payload + 2
        elif head.startswith(got) or refused.startswith(got):
            return 0
        elif got.startswith(refused):
            whole = 5
        else:
            raise _wrong(ask, head, got, _RTU)
        if at + whole > end:
            return 0
        self._check_crc(ask, at, at + whole - 2)
        if got == head:
            batch.images[position][:] = self._view[at + len(head) : at + whole - 2]
            batch.codes[position] = 0
        else:
            batch.codes[position] = _code(ask, self._buffer[at + 2])
        return whole

    def _check_crc(self, ask: Ask, at: int, end: int) -> None:
        expected = crc16(self._buffer[at:end])
        got = int.from_bytes(self._buffer[end : end + 2], "little")
        if got != expected:
            raise CrcError(ask.where, f"{expected:04x}", f"{got:04x}")


def checker_for(framing: Framing, link: str) -> ReplyChecker:
    """The checker of a framing for one connection of `link`."""
    return TcpChecker(link) if framing is Framing.TCP else RtuChecker(link)


_Field = tuple[int, int, type[ReplyError]]
_MBAP: tuple[_Field, ...] = (
    (2, 4, ProtocolIdError), (0, 2, TransactionError), (4, 6, LengthError), (6, 7, UnitError), (7, 8, FunctionError),
)  # fmt: skip
_RTU: tuple[_Field, ...] = ((0, 1, UnitError), (1, 2, FunctionError))


def _wrong(ask: Ask, head: bytes, got: bytes, fields: Sequence[_Field]) -> ReplyError:
    """The error of the first field that differs. An exception of the right form in `got` has been ruled out before."""
    for first, last, kind in fields:
        said, asked = got[first:last], head[first:last]
        if said != asked[: len(said)]:
            return kind(ask.where, int.from_bytes(asked, "big"), f"{int.from_bytes(said, 'big')} ({_hex(got)})")
    last = fields[-1][1]
    if ask.payload:
        return ByteCountError(ask.where, head[last], f"{got[last]} ({_hex(got)})")
    return EchoError(ask.where, _hex(head[last:]), _hex(got[last:]))


def _code(ask: Ask, code: int) -> int:
    if code == 0:
        raise ExceptionFormError(ask.where, "1 to 255", 0)
    return code


def _hex(data: bytes | bytearray) -> str:
    """The first bytes, for people."""
    return data[:12].hex(" ") + (" ..." if len(data) > 12 else "")  # noqa: PLR2004 (as many as fit a line)
