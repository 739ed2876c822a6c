"""What the right answers to Modbus requests are, written a second time with `struct` alone: the judge of the checker in tests and in the soak.

Nothing here comes from the driver's frame module. A `Question` is one request; `judge` says of a stream of bytes what a strict client has to
make of it. The checksum works on two bytes at a time, with a table of its own; `test_frame.py` compares it with a long division.
"""

import random
import struct
from dataclasses import dataclass
from enum import Enum
from functools import cache

EXCEPTION = 0x80
WRITE_FUNCTIONS = frozenset({5, 6, 15, 16, 22, 23})
"""Every public function code that can change a device (Modbus Application Protocol 1.1b3, 5.1)."""


def _shifted(value: int) -> int:
    for _ in range(16):
        value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value


@cache
def _table() -> tuple[int, ...]:
    return tuple(_shifted(value) for value in range(0x10000))


def crc(data: bytes) -> bytes:
    """CRC-16/MODBUS as it stands on the wire."""
    table, value = _table(), 0xFFFF
    for word in struct.unpack_from(f"<{len(data) // 2}H", data):
        value = table[value ^ word]
    if len(data) % 2:
        value ^= data[-1]
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


@dataclass(frozen=True)
class Question:
    """One request by its function code: reads 1 to 4 of `count` values, writes 5, 6, 16 of `words`."""

    unit: int
    function: int
    address: int
    count: int = 1
    words: tuple[int, ...] = ()

    def request(self, framing: str, transaction: int) -> bytes:
        """The whole frame that asks."""
        if self.function in {5, 6}:
            last = self.words[0] if self.function == 6 else 0xFF00 * bool(self.words[0])
            pdu = struct.pack(">BHH", self.function, self.address, last)
        else:
            pdu = struct.pack(">BHH", self.function, self.address, self.count)
        if self.function == 16:
            pdu += struct.pack(f">B{len(self.words)}H", 2 * len(self.words), *self.words)
        return framed(framing, transaction, self.unit, pdu)

    @property
    def payload(self) -> int:
        """Bytes of values in the right answer."""
        if self.function in {1, 2}:
            return -(-self.count // 8)
        return 2 * self.count if self.function in {3, 4} else 0

    def answer(self, framing: str, transaction: int, values: bytes = b"") -> bytes:
        """The right answer that brings `values`."""
        if self.function in {5, 6}:
            pdu = self.request("tcp", 0)[7:]
        elif self.function == 16:
            pdu = struct.pack(">BHH", 16, self.address, self.count)
        else:
            pdu = struct.pack(">BB", self.function, len(values)) + values
        return framed(framing, transaction, self.unit, pdu)

    def refusal(self, framing: str, transaction: int, code: int) -> bytes:
        """The right answer of a device that refuses."""
        return framed(framing, transaction, self.unit, struct.pack(">BB", self.function | EXCEPTION, code))

    def head(self, framing: str) -> bytes:
        """All of the right answer that is known before it comes, but for the transaction, which is 0."""
        whole = self.answer(framing, 0, bytes(self.payload))
        return whole[: len(whole) - self.payload - (2 if framing == "rtu" else 0)]


def framed(framing: str, transaction: int, unit: int, pdu: bytes) -> bytes:
    """`pdu` with what stands around it."""
    if framing == "tcp":
        return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu
    return struct.pack(">B", unit) + pdu + crc(struct.pack(">B", unit) + pdu)


class Verdict(Enum):
    """What a strict client makes of a stream: all answered, more has to come, or a byte that no right answer has."""

    ANSWERED = "answered"
    WAITS = "waits"
    WRONG = "wrong"


@dataclass(frozen=True)
class Judgement:
    """`codes` and `values` of the replies that are right; `used` bytes of the stream are theirs."""

    verdict: Verdict
    used: int
    codes: list[int]
    values: list[bytes]


class Judge:
    """The right answers to some questions."""

    def __init__(self, framing: str, asked: tuple[Question, ...]) -> None:
        self._rtu = framing == "rtu"
        self._parts = []
        for question in asked:
            refused = question.refusal(framing, 0, 1)
            known = refused[: len(refused) - (3 if self._rtu else 1)]
            self._parts.append((question.head(framing), question.payload, known))

    def answers(self, transactions: list[int], chance: random.Random) -> list[bytearray]:
        """Right answers with chance values."""
        bodies = (head + chance.randbytes(payload) for head, payload, _ in self._parts)
        if self._rtu:
            return [bytearray(body + crc(body)) for body in bodies]
        return [bytearray(t.to_bytes(2, "big") + body[2:]) for body, t in zip(bodies, transactions, strict=True)]

    def judge(self, stream: bytes, transactions: list[int]) -> Judgement:
        """What `stream` is, from its first byte on, as the answers to requests with these transactions."""
        at = 0
        codes: list[int] = []
        values: list[bytes] = []
        tail = 2 if self._rtu else 0
        for (head, payload, refused), transaction in zip(self._parts, transactions, strict=True):
            if not self._rtu:
                head, refused = (transaction.to_bytes(2, "big") + known[2:] for known in (head, refused))  # noqa: PLW2901
            rest = stream[at : at + 270]
            is_refused = rest[: len(head)] != head[: len(rest)]
            if is_refused and rest[: len(refused)] != refused[: len(rest)]:
                return Judgement(Verdict.WRONG, at, codes, values)
            first = len(refused) if is_refused else len(head)
            last = first + (1 if is_refused else payload)
            if len(rest) < last + tail:
                return Judgement(Verdict.WAITS, at, codes, values)
            if self._rtu and crc(rest[:last]) != rest[last : last + 2]:
                return Judgement(Verdict.WRONG, at, codes, values)
            if is_refused and rest[first] == 0:
                return Judgement(Verdict.WRONG, at, codes, values)
            codes.append(rest[first] if is_refused else 0)
            values.append(b"" if is_refused else rest[first:last])
            at += last + tail
        return Judgement(Verdict.ANSWERED, at, codes, values)


def questions(chance: random.Random, many: int) -> tuple[Question, ...]:
    """`many` requests of all functions, small ones mostly."""
    return tuple(_question(chance) for _ in range(many))


def _question(chance: random.Random) -> Question:
    unit, address = chance.randrange(256), chance.randrange(0x10000)
    function = chance.choice((1, 2, 3, 3, 3, 4, 4, 5, 6, 16))
    if function in {1, 2}:
        return Question(unit, function, address, chance.choice((1, 7, 8, 9, 40, 2000)))
    if function in {3, 4}:
        return Question(unit, function, address, chance.choice((1, 1, 2, 3, 4, 8, 16, 125)))
    many = chance.randint(2, 4) if function == 16 else 1
    top = 0x10000 if function != 5 else 2
    return Question(unit, function, address, many, tuple(chance.randrange(top) for _ in range(many)))
