"""Which registers are read together: blocks to runs of registers. No I/O; addresses are 0-based and of one table of one unit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drivers.points import RegisterBlock


class PlanError(ValueError):
    """Blocks that no plan can read; the text names unit, blocks and remedy."""


@dataclass(frozen=True, slots=True)
class Span:
    """Registers `start` to `end` that stay together: a run of points, or a counter alone (`count` 0)."""

    start: int
    end: int
    block: RegisterBlock
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Run:
    """Registers `start` to `end`, read in one request for the sake of `spans`."""

    start: int
    end: int
    spans: tuple[Span, ...]

    @property
    def is_marked(self) -> bool:
        """Whether an identity register is read as well: then the reply to another request is refused as a whole."""
        return any(span.count and span.block.identity is not None for span in self.spans)

    def marks(self) -> set[tuple[int, int]]:
        """Offset and value of the identity registers."""
        identities = (span.block.identity for span in self.spans if span.count)
        return {(identity.address - self.start, identity.value) for identity in identities if identity is not None}


def run_of(spans: Sequence[Span]) -> Run:
    """The registers that these spans take, and what lies between them."""
    return Run(min(span.start for span in spans), max(span.end for span in spans), tuple(spans))


def whole(block: RegisterBlock, limit: int, max_gap: int) -> list[Span] | None:
    """A block that fits into one request, joined with its identity and, where that fits too, its counter; None if it must be cut.

    Raises `PlanError` when the identity cannot be read in the same request.
    """
    start, end = block.address, block.address + block.count * block.data_type.registers
    if block.identity is not None:
        joined = _joined(start, end, block.identity.address, limit, max_gap)
        if joined is None:
            where = f"unit {block.unit}, block {block.name}: identity register {block.identity.address}"
            raise PlanError(f"{where} cannot be read with the block; name a nearer one, or split the block")
        start, end = joined
    if end - start > limit:
        return None
    if block.counter is None:
        return [Span(start, end, block, 0, block.count)]
    if (joined := _joined(start, end, block.counter, limit, max_gap)) is not None:
        return [Span(*joined, block, 0, block.count)]
    return [Span(start, end, block, 0, block.count), counter_span(block, block.counter)]


def counter_span(block: RegisterBlock, counter: int) -> Span:
    """The counter of a block by itself."""
    return Span(counter, counter + 1, block, 0, 0)


def _joined(start: int, end: int, register: int, limit: int, max_gap: int) -> tuple[int, int] | None:
    """Registers `start` to `end` with one more; None if that is too far away."""
    low, high = min(start, register), max(end, register + 1)
    return (low, high) if high - low <= limit and (high - low) - (end - start) - 1 <= max_gap else None


def merge(spans: Iterable[Span], limit: int, max_gap: int) -> list[Run]:
    """Greedy from the left: a request starts at the first span not yet read and reaches as far as it may.

    No plan has fewer requests, spans being whole.
    """
    runs: list[list[Span]] = []
    end = 0
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        if runs and span.start - end <= max_gap and max(end, span.end) - runs[-1][0].start <= limit:
            runs[-1].append(span)
            end = max(end, span.end)
        else:
            runs.append([span])
            end = span.end
    return [run_of(run) for run in runs]


def readable(spans: Iterable[Span], max_gap: int) -> list[tuple[int, int]]:
    """Runs of registers (start, end) that the blocks show to be readable, with the gaps that the device bears."""
    found: list[tuple[int, int]] = []
    for span in sorted(spans, key=lambda span: span.start):
        if found and span.start - found[-1][1] <= max_gap:
            found[-1] = (found[-1][0], max(found[-1][1], span.end))
        else:
            found.append((span.start, span.end))
    return found
