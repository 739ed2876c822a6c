"""Requests of one table of one unit, each of another size, so that a late reply to one cannot pass for another's. No I/O.

For links without transaction ids (field-notes of every Modbus client: a reply that comes after its time-out is taken for the next one's). A
request gets a size of its own by reading some registers more, of those that the site's blocks show to be readable; where that is not
enough, what was joined is parted again. Requests with identity registers may be of one size: the register tells them apart.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drivers.modbus.runs import Run, Span, run_of
from drivers.points import RegisterBlock


@dataclass(frozen=True, slots=True)
class Sizes:
    """How replies of a table are told apart by their length: in registers, or in bytes of eight bits. `limit` is the longest count."""

    limit: int
    bits: bool

    def of(self, count: int) -> int:
        """The size of a reply with `count` registers or bits."""
        return -(-count // 8) if self.bits else count

    def most(self, size: int) -> int:
        """The largest count with this size."""
        return min(8 * size if self.bits else size, self.limit)

    def least(self, size: int) -> int:
        """The smallest count with this size."""
        return 8 * size - 7 if self.bits else size


class Cutter:
    """Cuts blocks that are too large for one request; where they have to be `distinct`, the pieces of all of a table get sizes of their own."""

    def __init__(self, sizes: Sizes, taken: Iterable[int], *, distinct: bool) -> None:
        """`taken` are the counts that other requests have."""
        self._sizes = sizes
        self._distinct = distinct
        self._taken = {sizes.of(count) for count in taken}

    def cut(self, block: RegisterBlock) -> list[Span]:
        """The pieces of a block, between values."""
        width = block.data_type.registers
        spans, first = [], 0
        while first < block.count:
            count = min(self._next(width), block.count - first)
            start = block.address + first * width
            spans.append(Span(start, start + count * width, block, first, count))
            first += count
        return spans

    def _next(self, width: int) -> int:
        """Values of the next piece: as many as one request holds, or the largest size that no request has yet."""
        largest = self._sizes.of(self._sizes.limit)
        fitting = range(largest, self._sizes.of(width) - 1, -1)
        size = next((size for size in fitting if size not in self._taken), largest) if self._distinct else largest
        self._taken.add(size)
        return self._sizes.most(size) // width


class ClashError(Exception):
    """Runs that nothing tells apart."""

    def __init__(self, runs: Sequence[Run]) -> None:
        super().__init__()
        self.runs = tuple(runs)


def apart(runs: Iterable[Run], readable: Sequence[tuple[int, int]], sizes: Sizes) -> list[Run]:
    """The runs, each with a size of its own or an identity; longer within `readable`, and parted, where it takes that.

    Raises `ClashError`.
    """
    found = list(runs)
    while True:
        if sum(not run.is_marked for run in found) > sizes.of(sizes.limit):
            raise ClashError(found)
        try:
            return _assign(found, readable, sizes)
        except ClashError as clash:
            parted = max((run for run in clash.runs if _halves(run)), key=lambda run: len(run.spans), default=None)
            if parted is None:
                raise
            place = found.index(parted)
            found[place : place + 1] = _halves(parted)


def _assign(runs: Sequence[Run], readable: Sequence[tuple[int, int]], sizes: Sizes) -> list[Run]:
    """A size for each run, the smallest first, and of those that can have it the run that can grow least.

    That finds sizes whenever there are any (unit jobs with release times and deadlines).
    """
    bounds = [next((low, high) for low, high in readable if low <= run.start and run.end <= high) for run in runs]
    most = [sizes.of(min(high - low, sizes.limit)) for low, high in bounds]
    coming = sorted(range(len(runs)), key=lambda place: sizes.of(runs[place].end - runs[place].start), reverse=True)
    waiting: list[tuple[int, int]] = []
    grown: dict[int, Run] = {}
    of_size: dict[int, list[int]] = {}
    size = 0
    while coming or waiting:
        if not waiting:
            size = max(size, sizes.of(runs[coming[-1]].end - runs[coming[-1]].start))
        while coming and sizes.of(runs[coming[-1]].end - runs[coming[-1]].start) <= size:
            place = coming.pop()
            heapq.heappush(waiting, (most[place], place))
        longest, place = heapq.heappop(waiting)
        if longest >= size:
            grown[place] = _grow(runs[place], size, bounds[place], sizes)
            of_size.setdefault(size, []).append(place)
            size += 1
            continue
        least = sizes.of(runs[place].end - runs[place].start)
        for shared in range(least, longest + 1):
            run = _grow(runs[place], shared, bounds[place], sizes)
            if all(differ(run.marks(), grown[other].marks()) for other in of_size.get(shared, ())):
                grown[place] = run
                of_size.setdefault(shared, []).append(place)
                break
        else:
            rivals = [runs[other] for taken in range(least, longest + 1) for other in of_size.get(taken, ())]
            raise ClashError([runs[place], *rivals])
    return [grown[place] for place in range(len(runs))]


def differ(marks: Iterable[tuple[int, int]], others: Iterable[tuple[int, int]]) -> bool:
    """Whether identity registers (offset and value) tell two requests apart: each has some, and they are not the same."""
    marks, others = set(marks), set(others)
    return bool(marks) and bool(others) and marks != others


def _grow(run: Run, size: int, bounds: tuple[int, int], sizes: Sizes) -> Run:
    """The run with this size: longer at its end, as far as can be read, then at its beginning."""
    count = max(run.end - run.start, sizes.least(size))
    end = min(run.start + count, bounds[1])
    return Run(min(run.start, end - count), max(run.end, end), run.spans)


def _halves(run: Run) -> list[Run]:
    """Two runs for one: between its spans, or within a piece of a block that is cut anyway; none if it must stay whole."""
    if len(run.spans) > 1:
        middle = len(run.spans) // 2
        return [run_of(run.spans[:middle]), run_of(run.spans[middle:])]
    (span,) = run.spans
    if span.count in {0, 1, span.block.count}:
        return []
    width, count = span.block.data_type.registers, span.count // 2
    middle = span.start + count * width
    left = Span(span.start, middle, span.block, span.first, count)
    right = Span(middle, span.end, span.block, span.first + count, span.count - count)
    return [run_of((left,)), run_of((right,))]
