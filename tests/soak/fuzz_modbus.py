"""Mutated replies against the Modbus checkers, judged by `tests.drivers.oracle`; and the share of corrupted RTU payloads that pass the CRC.

Every stream answers a batch of 1 to 16 requests and carries one to four mutations; it comes in random pieces. The checker has to say what the
judge says: right answers are taken with their own values, everything else is a `ReplyError`, and nothing is accepted behind it.
"""

import asyncio
import math
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

from drivers.modbus.errors import ReplyError, Where
from drivers.modbus.frame import Ask, Batch, Framing, ReplyChecker, ask_read, ask_write, checker_for
from drivers.points import Table
from tests.drivers.oracle import Judge, Judgement, Question, Verdict, crc, questions
from tests.drivers.through_lane import ThroughLane, as_checker

CHUNK = 50_000
"""Streams of one seed: a chunk is the same in whatever process it runs."""

STREAMS_A_BATCH = 40
LANES = 0.5
"""Share of the Modbus TCP batches whose replies come through a socket and the compiled exchange."""

SIZES = (1, 1, 1, 1, 1, 1, 2, 2, 3, 4, 8, 16)
TABLES = {1: Table.COIL, 2: Table.DISCRETE, 3: Table.HOLDING, 4: Table.INPUT}
PROCESSES = 2

CRC_THEORY = 2.0**-16
"""Share of random errors, longer than 16 bits, that a checksum of 16 bits lets pass."""

Z = 3.29
"""Two-sided 99.9 %."""


@dataclass
class Report:
    """`streams` were mutated replies, `replies` all that they held; `wrong` tells the seeds whose verdict was not the judge's."""

    streams: int = 0
    replies: int = 0
    took_s: float = 0.0
    verdicts: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    crc: dict[str, tuple[int, int]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: "Report") -> None:
        """Sum up what two processes found."""
        self.streams += other.streams
        self.replies += other.replies
        self.verdicts += other.verdicts
        self.errors += other.errors
        self.wrong += other.wrong
        for kind, (passed, tried) in other.crc.items():
            before = self.crc.get(kind, (0, 0))
            self.crc[kind] = (before[0] + passed, before[1] + tried)

    @property
    def passed(self) -> bool:
        """Whether every verdict was right, every kind of error came, and the checksum is as good as theory says."""
        kinds = {kind.__name__ for kind in ReplyError.__subclasses__()} - {"IdentityError"}
        return not self.wrong and kinds <= set(self.errors) and all(map(self._as_in_theory, self.crc))

    def _as_in_theory(self, kind: str) -> bool:
        passed, tried = self.crc[kind]
        if kind != "random":
            return passed == 0
        low, high = interval(passed, tried)
        return low <= CRC_THEORY <= high

    def __str__(self) -> str:
        rate = self.replies / self.took_s if self.took_s else math.nan
        lines = [
            f"{self.streams} mutated streams with {self.replies} replies in {self.took_s:.0f} s ({rate:.0f} replies/s)",
            "verdicts: " + ", ".join(f"{name} {count}" for name, count in self.verdicts.most_common()),
            "errors: " + ", ".join(f"{name} {count}" for name, count in self.errors.most_common()),
        ]
        for kind, (passed, tried) in self.crc.items():
            low, high = interval(passed, tried)
            theory = f"2^-16 = {CRC_THEORY:.3e}" if kind == "random" else "0"
            lines.append(
                f"CRC, {kind}: {passed} of {tried} pass = {passed / tried:.3e}, 99.9 % within {low:.2e} to {high:.2e}; theory {theory}"
            )
        lines += [f"WRONG: {what}" for what in self.wrong[:20]]
        return "\n".join(lines)


def interval(passed: int, tried: int) -> tuple[float, float]:
    """Wilson's interval for a share."""
    share, z2 = passed / tried, Z * Z
    middle = share + z2 / (2 * tried)
    half = Z * math.sqrt(share * (1 - share) / tried + z2 / (4 * tried * tried))
    return (middle - half) / (1 + z2 / tried), (middle + half) / (1 + z2 / tried)


def run(count: int, seed: int) -> Report:
    """`count` mutated streams through both checkers and a fifth as many corrupted RTU frames of each kind through the CRC, in two processes."""
    began, report = time.monotonic(), Report()
    sizes = [min(CHUNK, count - first) for first in range(0, count, CHUNK)]
    seeds = [seed * 1_000_003 + n for n in range(len(sizes))]
    if len(sizes) == 1:
        report.add(chunk(sizes[0], seeds[0]))
    else:
        with ProcessPoolExecutor(min(PROCESSES, os.cpu_count() or 1), get_context("spawn")) as pool:
            for done, part in enumerate(pool.map(chunk, sizes, seeds), 1):
                report.add(part)
                if done % 10 == 0 or done == len(sizes):
                    print(f"  {report.streams} of {count} streams, {time.monotonic() - began:.0f} s", flush=True)
    report.took_s = time.monotonic() - began
    return report


def chunk(count: int, seed: int) -> Report:
    """What one seed finds."""
    return asyncio.run(_chunk(count, seed))


async def _chunk(count: int, seed: int) -> Report:
    chance, report = random.Random(seed), Report()
    while report.streams < count:
        framing = chance.choice(("tcp", "rtu"))
        many = chance.choice(SIZES)
        rig = Rig(framing, questions(chance, many), chance)
        for _ in range(min(STREAMS_A_BATCH, count - report.streams)):
            rig.one(report, f"seed {seed}, stream {report.streams}")
        rig.close()
        await asyncio.sleep(0)  # what the lane has put off
    _crc_share(chance, report, count // 5)
    return report


# --- one stream -----------------------------------------------------------------------------------------------------


class Rig:
    """One batch and its checker, judged again and again with other streams."""

    def __init__(self, framing: str, asked: tuple[Question, ...], chance: random.Random) -> None:
        self.framing = framing
        self.asked = asked
        self.chance = chance
        self.lane = ThroughLane() if framing == "tcp" and chance.random() < LANES else None
        self.checker = self._checker()
        self.judge = Judge(framing, asked)
        self.batch = Batch([ask_of(question) for question in asked], Framing(framing))

    def _checker(self) -> ReplyChecker:
        return checker_for(Framing(self.framing), "fuzz") if self.lane is None else as_checker(self.lane)

    def close(self) -> None:
        """Leave no socket behind."""
        if self.lane is not None:
            self.lane.close()

    def one(self, report: Report, name: str) -> None:
        """Mutate the right answers, let checker and judge speak, and compare."""
        chance = self.chance
        first = chance.randrange(0x10000)
        self.batch.stamp(first)
        transactions = [(first + n) & 0xFFFF for n in range(len(self.asked))]
        stream = self._mutated(transactions)
        pieces = list(_pieces(chance, stream))
        judgement = self.judge.judge(stream, transactions)
        report.streams += 1
        try:
            outcome, error = feed(self.checker, self.batch, pieces)
        except Exception as failure:  # noqa: BLE001 (what is looked for: anything but the driver's own error)
            report.wrong.append(f"{name}: {failure!r} from {stream.hex()}")
            self.close()
            self.checker = self._checker()
            return
        report.replies += len(judgement.codes) + (judgement.verdict is Verdict.WRONG)
        what = disagreement(judgement, len(stream), outcome, error, self.batch)
        if what:
            report.wrong.append(
                f"{name}: {what}; {self.framing} {self.asked} {stream.hex()} in {list(map(len, pieces))}"
            )
        if error is not None:
            report.errors[type(error).__name__] += 1
        report.verdicts[judgement.verdict.value] += 1
        self.checker.forget()

    def _mutated(self, transactions: list[int]) -> bytes:
        chance = self.chance
        frames = self.judge.answers(transactions, chance)
        for _ in range(chance.choice((1, 1, 1, 2, 3, 4))):
            chance.choice(MUTATIONS)(self, frames, transactions)
        return b"".join(frames)


def ask_of(question: Question) -> Ask:
    """The driver's own request for a question."""
    where = Where("fuzz", f"unit {question.unit}", str(question.address))
    if question.function in TABLES:
        return ask_read(where, question.unit, TABLES[question.function], question.address, question.count)
    table = Table.COIL if question.function == 5 else Table.HOLDING
    return ask_write(where, question.unit, table, question.address, question.words)


def feed(checker: ReplyChecker, batch: Batch, pieces: list[bytes]) -> tuple[bool, ReplyError | None]:
    """Whether the batch was answered, and what was refused, be it a reply or what follows the last one."""
    answered = False
    checker.expect(batch)
    try:
        for piece in pieces:
            space = checker.space()
            space[: len(piece)] = piece
            answered = checker.take(len(piece)) or answered
            if answered and checker.stray is not None:
                return True, checker.stray
    except ReplyError as error:
        return answered, error
    return answered, None


def disagreement(judgement: Judgement, fed: int, answered: bool, error: ReplyError | None, batch: Batch) -> str:
    """What the checker got wrong; empty when it agrees with the judge."""
    if answered != (judgement.verdict is Verdict.ANSWERED):
        return f"answered is {answered}, the judge says {judgement.verdict.value} ({error!r})"
    stray = answered and judgement.used < fed
    if (error is not None) != (judgement.verdict is Verdict.WRONG or stray):
        return f"error is {error!r}, the judge says {judgement.verdict.value}, used {judgement.used} of {fed}"
    if not answered:
        return ""
    if batch.codes != judgement.codes:
        return f"codes {batch.codes}, not {judgement.codes}"
    for offset, code, values in zip(batch.offsets, judgement.codes, judgement.values, strict=True):
        if not code and batch.data[offset : offset + len(values)].tobytes() != values:
            return f"values at {offset} are not those of the frame"
    return ""


def _pieces(chance: random.Random, stream: bytes) -> Iterator[bytes]:
    """The stream whole, byte by byte, or cut a few times."""
    way = chance.random()
    if way < 0.4 or len(stream) < 2:
        yield from [stream] if stream else []
    elif way < 0.45 and len(stream) < 600:
        yield from (stream[n : n + 1] for n in range(len(stream)))
    else:
        cuts = sorted(chance.randrange(1, len(stream)) for _ in range(chance.choice((1, 2, 3, 6))))
        for first, last in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            if first < last:
                yield stream[first:last]


# --- mutations: each changes the list of frames ---------------------------------------------------------------------

Frames = list[bytearray]
Mutation = Callable[[Rig, Frames, list[int]], None]


def _place(rig: Rig, frames: Frames) -> int:
    return rig.chance.randrange(len(frames)) if frames else -1


def header_byte(rig: Rig, frames: Frames, _: list[int]) -> None:
    """One byte of the header is another one."""
    if (n := _place(rig, frames)) >= 0 and frames[n]:
        at = rig.chance.randrange(min(len(frames[n]), 9 if rig.framing == "tcp" else 3))
        frames[n][at] = (frames[n][at] + rig.chance.randrange(1, 256)) & 0xFF
        _sealed(rig, frames[n])


def header_bit(rig: Rig, frames: Frames, _: list[int]) -> None:
    """One bit of the header."""
    if (n := _place(rig, frames)) >= 0 and frames[n]:
        at = rig.chance.randrange(min(len(frames[n]), 9 if rig.framing == "tcp" else 3))
        frames[n][at] ^= 1 << rig.chance.randrange(8)
        _sealed(rig, frames[n])


def any_byte(rig: Rig, frames: Frames, _: list[int]) -> None:
    """One byte anywhere: on TCP most of these are other values, on RTU none passes."""
    if (n := _place(rig, frames)) >= 0 and frames[n]:
        frames[n][rig.chance.randrange(len(frames[n]))] = rig.chance.randrange(256)


def length(rig: Rig, frames: Frames, _: list[int]) -> None:
    """The length or byte count field says another number, near the right one or far from it."""
    if (n := _place(rig, frames)) >= 0 and len(frames[n]) > 9:
        at = rig.chance.choice((5, 8)) if rig.framing == "tcp" else 2
        frames[n][at] = (frames[n][at] + rig.chance.choice((-2, -1, 1, 2, 3, 64, 128))) & 0xFF
        _sealed(rig, frames[n])


def function(rig: Rig, frames: Frames, _: list[int]) -> None:
    """The reply is that of another function, or has the bit of an exception."""
    at = 7 if rig.framing == "tcp" else 1
    if (n := _place(rig, frames)) >= 0 and len(frames[n]) > at:
        frames[n][at] = rig.chance.choice((1, 2, 3, 4, 5, 6, 15, 16, 22, 23, frames[n][at] ^ 0x80, 0, 0x80, 0xFF))
        _sealed(rig, frames[n])


def transaction(rig: Rig, frames: Frames, transactions: list[int]) -> None:
    """A reply with the transaction of another, of none, or of one that is over."""
    if (n := _place(rig, frames)) >= 0 and rig.framing == "tcp" and len(frames[n]) > 1:
        other = rig.chance.choice(
            (0, transactions[0] - 1, rig.chance.choice(transactions), rig.chance.randrange(65536))
        )
        frames[n][:2] = (other & 0xFFFF).to_bytes(2, "big")


def refusal(rig: Rig, frames: Frames, transactions: list[int]) -> None:
    """An exception, with any code; right, unless its code is 0."""
    n = rig.chance.randrange(len(rig.asked))
    if n < len(frames):
        code = rig.chance.choice((0, 1, 2, 3, 4, 5, 6, 10, 11, rig.chance.randrange(256)))
        frames[n] = bytearray(rig.asked[n].refusal(rig.framing, transactions[n], code))


def shorter(rig: Rig, frames: Frames, _: list[int]) -> None:
    """Bytes are lost, at the end of a reply or within."""
    if (n := _place(rig, frames)) >= 0 and frames[n]:
        first = rig.chance.randrange(len(frames[n]))
        del frames[n][first : first + rig.chance.choice((1, 1, 2, 3, 400))]


def junk(rig: Rig, frames: Frames, _: list[int]) -> None:
    """Bytes that nobody sent, within or around a reply."""
    extra = rig.chance.choice((b"\0", b"\xff", rig.chance.randbytes(rig.chance.choice((1, 2, 5, 9, 60)))))
    if (n := _place(rig, frames)) >= 0:
        at = rig.chance.choice((0, len(frames[n]), rig.chance.randint(0, len(frames[n]))))
        frames[n][at:at] = extra


def all_junk(rig: Rig, frames: Frames, _: list[int]) -> None:
    """Nothing but noise."""
    frames[:] = [bytearray(rig.chance.randbytes(rig.chance.randint(1, 40)))]


def double(rig: Rig, frames: Frames, _: list[int]) -> None:
    """A reply comes twice."""
    if (n := _place(rig, frames)) >= 0 and len(frames) < 32:
        frames.insert(n, bytearray(frames[n]))


def drop(rig: Rig, frames: Frames, _: list[int]) -> None:
    """A reply does not come."""
    if (n := _place(rig, frames)) >= 0:
        del frames[n]


def swap(rig: Rig, frames: Frames, _: list[int]) -> None:
    """Replies come in another order."""
    if len(frames) > 1:
        one, two = rig.chance.sample(range(len(frames)), 2)
        frames[one], frames[two] = frames[two], frames[one]


def fewer_or_more(rig: Rig, frames: Frames, transactions: list[int]) -> None:
    """A well-formed reply of another number of values."""
    n = rig.chance.randrange(len(rig.asked))
    if n < len(frames) and rig.asked[n].payload:
        size = max(0, min(250, rig.asked[n].payload + rig.chance.choice((-2, -1, 1, 2, 4))))
        frames[n] = bytearray(rig.asked[n].answer(rig.framing, transactions[n], rig.chance.randbytes(size)))


def _sealed(rig: Rig, frame: bytearray) -> None:
    """Half of the mutated RTU frames get a checksum that is right: a device that errs, not a wire."""
    if rig.framing == "rtu" and len(frame) > 2 and rig.chance.random() < 0.5:
        frame[-2:] = crc(bytes(frame[:-2]))


MUTATIONS: tuple[Mutation, ...] = (
    header_byte, header_byte, header_bit, header_bit, any_byte, length, length, function, function, transaction, refusal,
    shorter, junk, all_junk, double, drop, swap, fewer_or_more,
)  # fmt: skip


# --- the checksum ---------------------------------------------------------------------------------------------------


def _crc_share(chance: random.Random, report: Report, count: int) -> None:
    """Right RTU frames whose values and checksum are corrupted, the header never: how many pass."""
    asked = [Question(17, 3, 0, registers) for registers in (1, 2, 4)]
    checker = checker_for(Framing.RTU, "fuzz")
    batches = [Batch([ask_of(question)], Framing.RTU) for question in asked]
    for kind, corrupt in CORRUPTIONS.items():
        passed = 0
        for n in range(count):
            question, batch = asked[n % len(asked)], batches[n % len(asked)]
            frame = question.answer("rtu", 0, chance.randbytes(question.payload))
            bits = 8 * (len(frame) - 3)
            spoilt = int.from_bytes(frame[3:], "little") ^ corrupt(chance, bits)
            passed += feed(checker, batch, [frame[:3] + spoilt.to_bytes(bits // 8, "little")])[0]
            checker.forget()
        report.crc[kind] = (passed, count)


def _random(chance: random.Random, bits: int) -> int:
    """Errors all over, the first and the last more than 16 bits apart."""
    while True:
        error = chance.getrandbits(bits)
        if error and error.bit_length() - (error & -error).bit_length() > 16:
            return error


def _burst(chance: random.Random, bits: int) -> int:
    """Errors within 16 bits as they follow each other on the line: the lowest bit of a byte first."""
    return (chance.getrandbits(16) or 1) << chance.randrange(bits - 15)


def _few(chance: random.Random, bits: int) -> int:
    """One, two or three bits."""
    return sum(1 << place for place in chance.sample(range(bits), chance.randint(1, 3)))


CORRUPTIONS: dict[str, Callable[[random.Random, int], int]] = {
    "random": _random,
    "bursts of up to 16 bits": _burst,
    "1 to 3 bits": _few,
}
"""What x^16 + x^15 + x^2 + 1 = (x + 1)(x^15 + x + 1) promises: every burst of up to 16 bits and every odd number of bits is found, and
every two bits less than 32,767 apart."""


if __name__ == "__main__":
    found = run(int(sys.argv[1]), int(sys.argv[2]))
    print(found)
    sys.exit(0 if found.passed else 1)
