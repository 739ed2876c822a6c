"""Where words enter: sample counters and buffers of one link. No I/O."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from drivers.modbus.cycles import INTAKE_CELLS, IS_COUNTED, KNOWN, RAW, SAMPLE
from drivers.modbus.decode import WIRE, Decoder, Words, mark_bad, raw_of
from drivers.modbus.errors import IdentityError, Where
from drivers.modbus.frame import Batch
from drivers.modbus.plan import BIT_TABLES, Part, Request
from drivers.modbus.unpack import Unpacker
from drivers.points import NEVER, BlockBuffer, RegisterBlock


class _Intake:
    """One block: its buffer and what its counter last said, in cells of the table at `address` (see `cycles`)."""

    __slots__ = ("_cells", "_table", "address", "block", "buffer")

    def __init__(self, block: RegisterBlock, buffer: BlockBuffer | None) -> None:
        self.block = block
        self.buffer = BlockBuffer.empty(block.count) if buffer is None else buffer
        is_counted = block.counter is not None
        self._table = np.zeros(INTAKE_CELLS, np.int64)
        self.address: int = self._table.ctypes.data
        self._cells = cells = self._table.data
        cells[SAMPLE], cells[RAW], cells[IS_COUNTED] = 0 if is_counted else NEVER, -1, is_counted

    def count(self, raw: int) -> None:
        """Take in the device's 16-bit counter; samples that were missed count as well."""
        cells = self._cells
        if cells[RAW] >= 0:
            cells[SAMPLE] += (raw - cells[RAW]) & 0xFFFF
        cells[RAW], cells[KNOWN] = raw, 1

    def doubt(self) -> None:
        """Nothing is known of the counter until it is read again."""
        self._cells[KNOWN] = 0

    def next_sample(self) -> int | None:
        """Number of the sample that a good read brings; None as long as the block's counter is unknown.

        Without a counter each good read is a sample of the points that it touches.
        """
        cells = self._cells
        if not cells[IS_COUNTED]:
            cells[SAMPLE] += 1
        elif not cells[KNOWN]:
            return None
        sample: int = cells[SAMPLE]
        return sample


class Intakes:
    """The buffers of a link's blocks, and the only hands that fill them. `buffers` by block, if somebody has made room for them."""

    def __init__(self, blocks: Iterable[RegisterBlock], buffers: Mapping[str, BlockBuffer] | None = None) -> None:
        self._intakes = {block.name: _Intake(block, (buffers or {}).get(block.name)) for block in blocks}
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
        return self.readings(requests, [batch])[0]

    def readings(self, requests: Sequence[Request], batches: Sequence[Batch]) -> "list[Reading]":
        """The same for batches that are read one after the other and share a room: what goes on from one to the next is decoded once."""
        stretch = _Stretch(self._intakes, requests, batches)
        return [Reading(stretch, place) for place in range(len(batches))]

    def fail(self, names: Iterable[str]) -> None:
        """Make all points of these blocks BAD at once, and wait for their counters before they can be good again."""
        for name in names:
            intake = self._intakes[name]
            intake.doubt()
            mark_bad(intake.buffer)

    def fail_all(self) -> None:
        """Make every point of the link BAD."""
        self.fail(self._intakes)


Step = Callable[[int], None]
"""Decodes a run of points; takes the receive time."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Points that are decoded together when the batch has come that brings the last of them; their age is that of the first.

    `singles` are the same points, request by request, for the case that one of the requests was refused. `again` is for replies that say
    what they said before. `intake` and `unpack` are what `step` is made of.
    """

    first: int
    intake: _Intake
    unpack: Unpacker
    step: Step
    again: Step
    singles: tuple[tuple[int, Step], ...]


class Reading:
    """One batch of a stretch."""

    def __init__(self, stretch: "_Stretch", place: int) -> None:
        self._stretch = stretch
        self.place = place
        """Which batch of its stretch it is."""
        self.batch = stretch.batches[place]
        first = stretch.firsts[place]
        self.requests = stretch.requests[first : first + len(self.batch.asks)]

    def take(self, received_ms: int) -> None:
        """Take in all replies that brought values. Raises `IdentityError` before anything is decoded."""
        self._stretch.take(self.place, received_ms)

    @property
    def is_plain(self) -> bool:
        """Whether no word has to be looked at before the values count."""
        return not any(request.marks for request in self.requests)

    def steps(self, came: Callable[[int], int]) -> list[tuple[int, ...]]:
        """Steps (see `cycles`) that take in this batch; `came` gives the address of the moment at which a batch of its stretch came."""
        return self._stretch.steps(self.place, came)

    def was_taken(self, received_ms: int) -> None:
        """All replies brought values, and these were taken in already."""
        self._stretch.was_taken(self.place, received_ms)

    def take_again(self, received_ms: int) -> None:
        """All replies of the stretch are, byte by byte, those that were taken in last, all of them good: there is nothing to decode.

        Where the device counts its samples there is nothing new; where it does not, the same values are a new sample.
        """
        self._stretch.take_again(received_ms)


class _Stretch:
    """Batches that are read one after the other, with all that was made ready for their replies.

    `firsts` is the number of each batch's first request among all `requests`.
    """

    def __init__(self, intakes: Mapping[str, _Intake], requests: Sequence[Request], batches: Sequence[Batch]) -> None:
        self.requests = tuple(requests)
        self.batches = tuple(batches)
        self._intakes = intakes
        self._of = [place for place, batch in enumerate(batches) for _ in batch.asks]
        self.firsts = [self._of.index(place) for place in range(len(batches))]
        self._offsets = [batch.base + offset for batch in batches for offset in batch.offsets]
        self._words = [self._words_of(number) for number in range(len(requests))]
        parts = [(part, number) for number, request in enumerate(requests) for part in request.parts]
        self._ending: list[list[_Run]] = [[] for _ in batches]
        for run in _runs(parts, self._offsets):
            self._ending[self._of[run[-1][1]]].append(self._run(run))
        self._is_plain = not any(request.marks or request.counters for request in requests)
        self._was_refused = False
        self._received_ms = [0] * len(batches)

    def take(self, place: int, received_ms: int) -> None:
        """Take in one batch; a stretch is always read from its first batch on."""
        self._received_ms[place] = received_ms
        self._was_refused = self.batches[place].refused or (place > 0 and self._was_refused)
        if not self._is_plain:
            self._compare_and_count(place)
        for run in self._ending[place]:
            if self._was_refused:
                self._take_singly(run)
            else:
                run.step(self._received_ms[run.first])

    def was_taken(self, place: int, received_ms: int) -> None:
        """Remember what `take` would."""
        self._received_ms[place] = received_ms
        self._was_refused = False

    def steps(self, place: int, came: Callable[[int], int]) -> list[tuple[int, ...]]:
        """What `take` does with a batch without refusals, for who does it without Python."""
        first, batch = self.firsts[place], self.batches[place]
        room = batch.room.ctypes.data
        counts: list[tuple[int, ...]] = [
            (0, 0, 0, self._intakes[counter.block].address, room + self._offsets[number] + 2 * counter.offset)
            for number in range(first, first + len(batch.asks))
            for counter in self.requests[number].counters
        ]
        return counts + [(*run.unpack.row, run.intake.address, came(run.first)) for run in self._ending[place]]

    def take_again(self, received_ms: int) -> None:
        """Take in the same replies once more."""
        for ending in self._ending:
            for run in ending:
                run.again(received_ms)

    def _compare_and_count(self, place: int) -> None:
        first, codes = self.firsts[place], self.batches[place].codes
        good = [first + place for place, code in enumerate(codes) if not code]
        for number in good:
            self._compare(number)
        for number in good:
            for counter in self.requests[number].counters:
                self._intakes[counter.block].count(int(self._words[number]()[counter.offset]))

    def _compare(self, number: int) -> None:
        for mark in self.requests[number].marks:
            got = int(self._words[number]()[mark.offset])
            if got != mark.value:
                place = self._of[number]
                raise IdentityError(self.batches[place].asks[number - self.firsts[place]].where, mark.value, got)

    def _take_singly(self, run: _Run) -> None:
        """Those requests of a run that were not refused."""
        for number, step in run.singles:
            place = self._of[number]
            if not self.batches[place].codes[number - self.firsts[place]]:
                step(self._received_ms[place])

    def _run(self, run: list[tuple[Part, int]]) -> _Run:
        singles = tuple((number, self._step([(part, number)])[1]) for part, number in run)
        intake = self._intakes[run[0][0].block.name]
        return _Run(self._of[run[0][1]], intake, *self._step(run), self._again(run), singles)

    def _again(self, run: list[tuple[Part, int]]) -> Step:
        """One more sample of the same values; none where the device's counter stands still."""
        part, count = run[0][0], sum(part.count for part, _ in run)
        intake = self._intakes[part.block.name]
        points = intake.buffer.part(part.first, count)

        def again(received_ms: int) -> None:
            if intake.block.counter is None and (sample := intake.next_sample()) is not None:
                points.sample.fill(sample)
                points.received_ms.fill(received_ms)

        return again

    def _step(self, run: list[tuple[Part, int]]) -> tuple[Unpacker, Step]:
        """One decoding step for parts that lie one behind the other, in the block as in the bytes."""
        (part, number), count = run[0], sum(part.count for part, _ in run)
        intake = self._intakes[part.block.name]
        first, bit = self._offsets[number] + 2 * part.offset, 0
        end = first + 2 * count * part.block.data_type.registers
        if part.block.table in BIT_TABLES:
            first, bit = self._offsets[number], part.offset
            end = first + (bit + count + 7) // 8
        unpack = Unpacker(part.block, self.batches[0].room[first:end], intake.buffer.part(part.first, count), bit)

        def step(received_ms: int) -> None:
            if (sample := intake.next_sample()) is not None:
                unpack(sample, received_ms)

        return unpack, step

    def _words_of(self, number: int) -> Callable[[], Words]:
        """How to come by the words of one reply: registers, or bits."""
        batch, at = self.batches[self._of[number]], number - self.firsts[self._of[number]]
        data = np.frombuffer(batch.images[at], np.uint8)
        if self.requests[number].table in BIT_TABLES:
            return lambda: np.unpackbits(data, bitorder="little").astype(np.uint16)
        words = data.view(WIRE)
        return lambda: words


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
