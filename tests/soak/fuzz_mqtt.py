"""Mutated MQTT payloads against a strict reference: `run(count, seed)`, or `python -m tests.soak.fuzz_mqtt [COUNT [SEED]]`.

The reference is the standard library's JSON, made strict. Both must say the same of every payload, and nothing but PayloadError may be
raised. A share of the payloads goes through the intake: it takes them all, and no point is good without a finite value.
"""

import json
import math
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NoReturn

from drivers.mqtt.intake import Intake
from drivers.mqtt.payload import LARGEST_WHOLE, MAX_BYTES, Payload, PayloadError, decode, encode
from drivers.points import Quality, TopicBlock

CHUNK = 50_000
"""Payloads that one seed makes: a chunk can be run again alone."""
INTAKE_SHARE = 0.1
FEWEST_ACCEPTED = 0.03
"""Less than this share accepted means that the mutations are so wild that nothing is tried."""
KINDS = ("at most", "no JSON object of numbers", "stands twice", "whole number", "negative", "not finite")
"""What every reason to refuse says; all of them must come up."""
TOPICS = ("room/a", "room/b", "room/beat")
TOKENS = (
    b"-5",
    b"NaN", b"-Infinity", b"Infinity", b"1e999", b"-1e999", b"1e-999", b"-0", b"-0.0", b"00", b"01", b"1.", b".5", b"+1", b"1E5", b"1e+5",
    b"0x10", b"1_000", b"9" * 400, b"9007199254740992", b"9007199254740993", b"-9007199254740993", b"18446744073709551616", b"0." + b"3" * 60,
    b"2.2250738585072011e-308", b"1.7976931348623159e308", b"true", b"false", b"null", b"nul", b'"21"', b'""', b"[]", b"{}", b'{"x":1}',
    b"[" * 2000, b'{"a":' * 500, b"\xef\xbb\xbf", b"\x00", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\\ud800", b"\\ud83d\\ude00", b"\\u0074",
    b"\\", b'\\"', b"\\x", b"\n", b"\x0b", b"\xc2\xa0", b" ", b",", b":", b"{", b"}", b"//", b'"t":1,', b'"seq":2,', b'"x":1,', b'"\\u0078":1,',
)  # fmt: skip
"""What numbers, names and encodings have gone wrong with."""


@dataclass
class Report:
    """What was tried; `wrong` tells the payloads, with the seed of their chunk, on which decoder or intake were wrong."""

    tried: int = 0
    accepted: int = 0
    taken: int = 0
    took_s: float = 0.0
    refusals: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: "Report") -> None:
        """Sum up what two processes found."""
        self.tried += other.tried
        self.accepted += other.accepted
        self.taken += other.taken
        self.refusals += other.refusals
        self.wrong += other.wrong

    @property
    def passed(self) -> bool:
        """Whether both said the same of every payload, enough were good, and the others were bad in every way."""
        return not self.wrong and self.accepted >= FEWEST_ACCEPTED * self.tried and set(self.refusals) == set(KINDS)

    def __str__(self) -> str:
        lines = [
            f"{self.tried} payloads in {self.took_s:.0f} s, {self.accepted} accepted, {self.taken} through the intake",
            *(f"  {number:9d} refused: {what}" for what, number in self.refusals.most_common()),
            *(f"  WRONG {one}" for one in self.wrong[:20]),
        ]
        return "\n".join(lines)


# --- the reference --------------------------------------------------------------------------------------------------


def reference(data: bytes) -> Payload | None:
    """What a payload says; None when it is to be refused."""
    if len(data) > MAX_BYTES:
        return None
    try:
        numbers = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
        if not isinstance(numbers, dict):
            return None
        t_ms, seq = numbers.pop("t"), numbers.pop("seq")
        fields = {name: None if value is None else _finite(value) for name, value in numbers.items()}
    except (ValueError, KeyError, OverflowError, RecursionError):
        return None
    whole = type(t_ms) is int and type(seq) is int and abs(t_ms) <= LARGEST_WHOLE and 0 <= seq <= LARGEST_WHOLE
    return Payload(t_ms, seq, fields) if whole else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for name, _ in pairs:
        name.encode("utf-8")  # half a surrogate pair is no character
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name twice")
    return dict(pairs)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(value: object) -> float:
    if type(value) not in {int, float}:
        raise ValueError("no number")
    number = float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number


# --- mutations ------------------------------------------------------------------------------------------------------


def seedling(chance: random.Random) -> bytes:
    """A payload that a source would send, as it writes it or with spaces of another writer."""
    names = chance.choice((("temp_degc",), ("temp_degc", "rh"), ("x", "é", 'a"b', "\t"), (), tuple("abcdefghijkl")))  # fmt: skip
    fields = {name: chance.choice((None, 0.0, 21.5, -1e-7, 3e300, chance.uniform(-50, 1e3))) for name in names}
    t_ms, seq = chance.randrange(2**45), chance.randrange(1000)
    if chance.random() < 0.3:
        return json.dumps({"t": t_ms, "seq": seq, **fields}, indent=chance.choice((None, 1))).encode()
    return encode(t_ms, seq, fields)


def flip(chance: random.Random, data: bytearray) -> None:
    """One bit is another."""
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def overwrite(chance: random.Random, data: bytearray) -> None:
    """One byte is another."""
    data[chance.randrange(len(data))] = chance.randrange(256)


def insert(chance: random.Random, data: bytearray) -> None:
    """A token stands where it should not."""
    place = chance.randrange(len(data) + 1)
    data[place:place] = chance.choice(TOKENS)


def renumber(chance: random.Random, data: bytearray) -> None:
    """A token stands in place of a value."""
    colons = [place for place, byte in enumerate(data) if byte == 0x3A]
    if colons:
        begin = chance.choice(colons) + 1
        end = min((place for place in (data.find(b",", begin), data.find(b"}", begin)) if place >= 0), default=begin)
        data[begin:end] = chance.choice(TOKENS)


def cut(chance: random.Random, data: bytearray) -> None:
    """Some bytes are missing."""
    begin = chance.randrange(len(data))
    del data[begin : begin + chance.randrange(1, 9)]


def truncate(chance: random.Random, data: bytearray) -> None:
    """The end is missing."""
    del data[chance.randrange(len(data)) :]


def double(chance: random.Random, data: bytearray) -> None:
    """A piece stands twice: a name, or half a message."""
    begin = chance.randrange(len(data))
    piece = data[begin : begin + chance.randrange(1, 40)]
    place = chance.choice((begin, chance.randrange(len(data) + 1), 1))
    data[place:place] = piece


def repeat(chance: random.Random, data: bytearray) -> None:
    """A member stands twice."""
    comma = data.find(b",")
    if comma > 1:
        data[1:1] = data[1 : comma + 1]


def splice(chance: random.Random, data: bytearray) -> None:
    """Another message begins before this one has ended."""
    data[chance.randrange(len(data)) :] = seedling(chance)


def swell(chance: random.Random, data: bytearray) -> None:
    """Spaces around the limit of the length."""
    data += b" " * (MAX_BYTES - len(data) + chance.randrange(-2, 3))


def recode(chance: random.Random, data: bytearray) -> None:
    """Another encoding of the same text."""
    data[:] = data.decode("utf-8", errors="replace").encode(
        chance.choice(("utf-16", "utf-32-be", "latin-1", "utf-7")), "replace"
    )


Mutation = Callable[[random.Random, bytearray], None]
MUTATIONS: tuple[Mutation, ...] = (
    flip, flip, overwrite, insert, insert, renumber, renumber, renumber, cut, truncate, double, double, repeat, splice, swell, recode,
)  # fmt: skip


def mutated(chance: random.Random) -> bytes:
    """A payload with none to three mutations."""
    data = bytearray(seedling(chance))
    for _ in range(chance.randrange(4)):
        if data:
            chance.choice(MUTATIONS)(chance, data)
    return bytes(data)


# --- the run --------------------------------------------------------------------------------------------------------


def run(count: int, seed: int) -> Report:
    """Try `count` payloads drawn from `seed`, on every processor; prints how far it is."""
    total, began_s = Report(), time.monotonic()
    sizes = [CHUNK] * (count // CHUNK) + ([count % CHUNK] if count % CHUNK else [])
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(chunk, sizes, [f"{seed}-{number}" for number in range(len(sizes))]):
            total.add(found)
            if total.tried % (10 * CHUNK) == 0:
                print(f"haechi soak: {total.tried} of {count} payloads, {len(total.wrong)} wrong", flush=True)
    total.took_s = time.monotonic() - began_s
    return total


def chunk(count: int, seed: str) -> Report:
    """Try `count` payloads drawn from one seed, one after the other."""
    report, chance, sink = Report(), random.Random(seed), _Sink()
    for _ in range(count):
        data = mutated(chance)
        report.tried += 1
        wrong = _judge(data, report)
        if not wrong and chance.random() < INTAKE_SHARE:
            report.taken += 1
            wrong = sink.take(chance, data)
        if wrong:
            report.wrong.append(f"seed {seed}: {wrong}: {data[:200]!r}")
    return report


def _judge(data: bytes, report: Report) -> str:
    """What was wrong with the decoder's verdict; "" when it was right."""
    right = reference(data)
    try:
        payload = decode(data)
    except PayloadError as error:
        report.refusals[next((kind for kind in KINDS if kind in str(error)), str(error))] += 1
        return "" if right is None else "refused"
    except Exception as error:  # noqa: BLE001 (that nothing else is raised is what is tried)
        return f"raised {error!r}"
    report.accepted += 1
    return "" if payload == right else f"taken for {payload}, reference {right}"


class _Sink:
    """An intake of two topics and a heartbeat, and what must hold for it after every message."""

    def __init__(self) -> None:
        blocks = [TopicBlock(name, "d", TOPICS[:2], name, 1.0, 5.0) for name in ("temp_degc", "x")]
        self._intake = Intake(blocks, {"d": TOPICS[2]})
        self._now_ms = 0

    def take(self, chance: random.Random, data: bytes) -> str:
        self._now_ms += chance.randrange(100)
        errors, retained, topic = self._intake.errors, chance.random() < 0.1, chance.choice(TOPICS)
        try:
            self._intake.take(topic, data, self._now_ms, retained=retained, replaced=chance.randrange(3))
            self._intake.check(self._now_ms)
        except Exception as error:  # noqa: BLE001 (the same)
            return f"intake raised {error!r}"
        refused = reference(data) is None
        if self._intake.errors - errors != int(refused):
            return "intake counted wrong"
        for buffer in self._intake.buffers.values():
            for value, quality in zip(buffer.value.tolist(), buffer.quality.tolist(), strict=True):
                if quality == Quality.GOOD and not math.isfinite(value):
                    return "good without a finite value"
            if refused and not retained and topic in TOPICS[:2] and buffer.quality[TOPICS.index(topic)] != Quality.BAD:
                return "refused and not bad"
        return ""


if __name__ == "__main__":
    found = run(*(int(argument) for argument in (*sys.argv[1:], *("5000000", "1")[len(sys.argv) - 1 :])))
    print(found)
    sys.exit(not found.passed)
