"""Where words enter: sample counters and buffers of one link. No I/O."""

from collections.abc import Iterable, Mapping

from drivers.modbus.frame import Words, decode, mark_bad
from drivers.modbus.plan import Request
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

    def take(self, words: Words, first: int, received_ms: int) -> None:
        """Decode points from `first` on. Without a counter each good read is a sample of the points it touches."""
        if self.block.counter is None:
            self.sample += 1
        decode(self.block, words, self.buffer, self.sample, received_ms, first)


class Intakes:
    """The buffers of a link's blocks, and the only hands that fill them."""

    def __init__(self, blocks: Iterable[RegisterBlock]) -> None:
        self._intakes = {block.name: _Intake(block) for block in blocks}
        self.buffers: Mapping[str, BlockBuffer] = {name: intake.buffer for name, intake in self._intakes.items()}

    def take(self, request: Request, words: Words, received_ms: int) -> None:
        """Take in the reply to `request`. Points whose counter could not be read stay as they are (BAD)."""
        for counter in request.counters:
            self._intakes[counter.block].count(int(words[counter.offset]))
        for part in request.parts:
            intake = self._intakes[part.block.name]
            if part.block.counter is None or intake.known:
                end = part.offset + part.count * part.block.data_type.registers
                intake.take(words[part.offset : end], part.first, received_ms)

    def fail(self, names: Iterable[str]) -> None:
        """Make all points of these blocks BAD at once, and wait for their counters before they can be good again."""
        for name in names:
            intake = self._intakes[name]
            intake.known = False
            mark_bad(intake.buffer)

    def fail_all(self) -> None:
        """Make every point of the link BAD."""
        self.fail(self._intakes)


def blocks_of(request: Request) -> set[str]:
    """Names of the blocks that a request reads or vouches for."""
    return {part.block.name for part in request.parts} | {counter.block for counter in request.counters}
