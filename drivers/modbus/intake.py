"""Where words enter: sample counters and buffers of one link. No I/O."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from drivers.modbus.decode import WIRE, Decoder, Raw, Words, is_view, mark_bad, raw_of
from drivers.modbus.errors import IdentityError, Where
from drivers.modbus.frame import Batch
from drivers.modbus.plan import BIT_TABLES, Part, Request
from drivers.points import NEVER, BlockBuffer, RegisterBlock


class _Intake:
    """One block: its buffer and what its counter last said."""

    __slots__ = ("block", "buffer", "known", "raw", "sample")

    def __init__(self, block: RegisterBlock) -> None:
        self.block = block
        self.buffer = BlockBuffer.empty(block.count)
        self.raw: int | None = None
        self.sample = NEVER if block.counter is None else 0
        self.known = False

    def count(self, raw: int) -> None:
        """Take in the device's 16-bit counter; samples that were missed count as well."""
        if self.raw is not None:
            self.sample += (raw - self.raw) & 0xFFFF
        self.raw = raw
        self.known = True

    def next_sample(self) -> int | None:
        """Number of the sample that a good read brings; None as long as the block's counter is unknown.

        Without a counter each good read is a sample of the points that it touches.
        """
        if self.block.counter is None:
            self.sample += 1
        elif not self.known:
            return None
        return self.sample


class Intakes:
    """The buffers of a link's blocks, and the only hands that fill them."""

    def __init__(self, blocks: Iterable[RegisterBlock]) -> None:
        self._intakes = {block.name: _Intake(block) for block in blocks}
        self.buffers: Mapping[str, BlockBuffer] = {name: intake.buffer for name, intake in self._intakes.items()}

    def take(self, request: Request, words: Words, received_ms: int, where: Where | None = None) -> None:
        """Take in the reply to `request`: registers (dtype `WIRE`) or bits. Points whose counter could not be read stay as they are (BAD).

        Raises `IdentityError` (with `where`) when the words are not those that were asked for.
        """
        for mark in request.marks:
            if int(words[mark.offset]) != mark.value:
                raise IdentityError(where or Where("", "", mark.block), mark.value, int(words[mark.offset]))
        for counter in request.counters:
            self._intakes[counter.block].count(int(words[counter.offset]))
        for part in request.parts:
            end = part.offset + part.count * part.block.data_type.registers
            intake = self._intakes[part.block.name]
            raw = raw_of(part.block, words[part.offset : end])
            if (sample := intake.next_sample()) is not None:
                Decoder(part.block, intake.buffer.part(part.first, part.count))(raw, sample, received_ms)

    def reading(self, requests: Sequence[Request], batch: Batch) -> "Reading":
        """What it takes to take in the replies of `batch` again and again; its asks are those of `requests`."""
        return Reading(self._intakes, requests, batch)

    def fail(self, names: Iterable[str]) -> None:
        """Make all points of these blocks BAD at once, and wait for their counters before they can be good again."""
        for name in names:
            intake = self._intakes[name]
            intake.known = False
            mark_bad(intake.buffer)

    def fail_all(self) -> None:
        """Make every point of the link BAD."""
        self.fail(self._intakes)


Step = Callable[[int], None]
"""Decodes a run of points; takes the receive time."""


class Reading:
    """A batch with all that was made ready for its replies: views of its bytes, slices of the buffers, in the order of decoding."""

    def __init__(self, intakes: Mapping[str, _Intake], requests: Sequence[Request], batch: Batch) -> None:
        self.requests = tuple(requests)
        self.batch = batch
        self._intakes = intakes
        self._words = [
            _bits(batch, place) if request.table in BIT_TABLES else _registers(batch, place)
            for place, request in enumerate(requests)
        ]
        parts = [(part, place) for place, request in enumerate(requests) for part in request.parts]
        self._all = [self._step(run) for run in _runs(parts, batch.offsets)]
        self._single = [[self._step([(part, place)]) for part in r.parts] for place, r in enumerate(requests)]
        self._is_plain = not any(request.marks or request.counters for request in requests)

    def take(self, received_ms: int) -> None:
        """Take in all replies that brought values. Raises `IdentityError` before anything is decoded."""
        if self._is_plain and not any(self.batch.codes):
            for step in self._all:
                step(received_ms)
            return
        good = [place for place, code in enumerate(self.batch.codes) if not code]
        for place in good:
            self._compare(place)
        for place in good:
            for counter in self.requests[place].counters:
                self._intakes[counter.block].count(int(self._words[place]()[counter.offset]))
        steps = self._all if len(good) == len(self.requests) else [s for place in good for s in self._single[place]]
        for step in steps:
            step(received_ms)

    def _compare(self, place: int) -> None:
        for mark in self.requests[place].marks:
            got = int(self._words[place]()[mark.offset])
            if got != mark.value:
                raise IdentityError(self.batch.asks[place].where, mark.value, got)

    def _step(self, run: list[tuple[Part, int]]) -> Step:
        """One decoding step for parts that lie one behind the other, in the block as in the bytes."""
        (part, place), count = run[0], sum(part.count for part, _ in run)
        block, intake = part.block, self._intakes[part.block.name]
        decoder = Decoder(block, intake.buffer.part(part.first, count))
        raw = self._raw(part, place, count)

        def step(received_ms: int) -> None:
            if (sample := intake.next_sample()) is not None:
                decoder(raw(), sample, received_ms)

        return step

    def _raw(self, part: Part, place: int, count: int) -> Callable[[], Raw]:
        """How to come by the raw numbers: mostly a view of the batch's bytes, made here once and for all."""
        if part.block.table in BIT_TABLES:
            words = self._words[place]
            return lambda: words()[part.offset : part.offset + count]
        first = self.batch.offsets[place] + 2 * part.offset
        view = self.batch.data[first : first + 2 * count * part.block.data_type.registers].view(WIRE)
        if not is_view(part.block):
            return lambda: raw_of(part.block, view)
        raw = raw_of(part.block, view)
        return lambda: raw


def _registers(batch: Batch, place: int) -> Callable[[], Words]:
    first = batch.offsets[place]
    words = batch.data[first : first + len(batch.images[place])].view(WIRE)
    return lambda: words


def _bits(batch: Batch, place: int) -> Callable[[], npt.NDArray[np.uint16]]:
    first = batch.offsets[place]
    data = batch.data[first : first + len(batch.images[place])]
    return lambda: np.unpackbits(data, bitorder="little").astype(np.uint16)


def _runs(parts: list[tuple[Part, int]], offsets: Sequence[int]) -> list[list[tuple[Part, int]]]:
    """Parts of one block whose registers and points go on from one reply to the next are decoded together."""
    runs: list[list[tuple[Part, int]]] = []
    end = (-1, "", -1)
    for part, place in parts:
        registers = part.block.table not in BIT_TABLES
        first = offsets[place] + 2 * part.offset
        if registers and end == (first, part.block.name, part.first):
            runs[-1].append((part, place))
        else:
            runs.append([(part, place)])
        end = (first + 2 * part.count * part.block.data_type.registers, part.block.name, part.first + part.count)
    return runs


def blocks_of(request: Request) -> set[str]:
    """Names of the blocks that a request reads or vouches for."""
    return {part.block.name for part in request.parts} | {counter.block for counter in request.counters}
