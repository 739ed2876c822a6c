"""Read plan: blocks of registers to the fewest requests. No I/O.

Made once from the site. A block that fits into one request is never cut (its values belong together); a larger one is
split between values. A sample counter is read in the same request as its block, or in an earlier one of the same cycle:
read after the values, it could vouch for values that are older than it says. An identity register is always read with its block.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from drivers.modbus.distinct import ClashError, Cutter, Sizes, apart, differ
from drivers.modbus.runs import PlanError, Run, Span, counter_span, merge, readable, whole
from drivers.points import RegisterBlock, Table

__all__ = [
    "BIT_TABLES", "MAX_BITS", "MAX_REGISTERS", "MOST_IN_FLIGHT", "Counter", "DeviceLimits", "Mark", "Part", "PlanError", "Request",
    "confusable", "plan", "plan_link",
]  # fmt: skip

MAX_REGISTERS = 125
"""Registers that one read may ask for (Modbus Application Protocol 1.1b3, 6.3 and 6.4)."""

MAX_BITS = 2000
"""Coils or discrete inputs that one read may ask for (the same, 6.1 and 6.2)."""

MOST_IN_FLIGHT = 32
"""Most requests in flight together; their replies fill half of a connection's buffer at most."""

BIT_TABLES = frozenset({Table.COIL, Table.DISCRETE})


@dataclass(frozen=True, slots=True)
class DeviceLimits:
    """What one device bears: registers in one read, how many unwanted ones may lie between wanted ones, requests in flight.

    `max_registers` does not bound coils and discrete inputs, `MAX_BITS` does.
    """

    max_registers: int = MAX_REGISTERS
    max_gap: int = 8
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Part:
    """Points `first` to `first + count` of `block`; their first register stands at `offset` of the request."""

    block: RegisterBlock
    first: int
    count: int
    offset: int


@dataclass(frozen=True, slots=True)
class Counter:
    """The sample counter of `block` stands at `offset` of the request."""

    block: str
    offset: int


@dataclass(frozen=True, slots=True)
class Mark:
    """The register at `offset` of the request always holds `value`: it tells the values of `block` from those of other registers."""

    block: str
    offset: int
    value: int


@dataclass(frozen=True, slots=True)
class Request:
    """One read: `count` registers (or bits) of `table` from `address` on, every `period_s` of plant time.

    `marks` are to be compared, then `counters` taken in, before `parts` are decoded.
    """

    unit: int
    table: Table
    address: int
    count: int
    period_s: float
    parts: tuple[Part, ...]
    counters: tuple[Counter, ...]
    marks: tuple[Mark, ...] = ()


def plan(
    blocks: Iterable[RegisterBlock], max_registers: int = MAX_REGISTERS, max_gap: int = 8, *, distinct: bool = False
) -> tuple[Request, ...]:
    """Make the fewest requests that read every point of `blocks` once a period.

    Requests of one (unit, table, period) stand together and in the order in which they are to be sent. `max_registers`
    and `max_gap` are those of `DeviceLimits`; blocks of devices with different limits are planned apart.

    `distinct` is for links without transaction ids: any two requests of a unit then differ in function or size of the reply, or by their
    identity registers. That may take more requests, and some registers more that the blocks show to be readable. Raises `PlanError`.
    """
    ordered = sorted(blocks, key=_group)
    return tuple(
        request
        for _, group in groupby(ordered, key=lambda block: _group(block)[:2])
        for request in _plan_table(tuple(group), max_registers, max_gap, distinct=distinct)
    )


def plan_link(
    blocks: Iterable[RegisterBlock], max_registers: int, max_gap: int, *, has_transactions: bool
) -> tuple[Request, ...]:
    """The plan of a device on its link: requests that cannot be taken for each other.

    Without transaction ids it must be so. With them it is done where it takes no more than one request more: a gateway may hand us the late
    reply of its serial line under the present transaction. Raises `PlanError`.
    """
    blocks = tuple(blocks)
    if not has_transactions:
        return plan(blocks, max_registers, max_gap, distinct=True)
    fewest = plan(blocks, max_registers, max_gap)
    try:
        differing = plan(blocks, max_registers, max_gap, distinct=True)
    except PlanError:
        return fewest
    return differing if len(differing) <= len(fewest) + 1 else fewest


def confusable(requests: Iterable[Request]) -> tuple[Request, Request] | None:
    """Two requests of which the reply to one would pass for the other's, where nothing but the reply itself tells them apart."""
    alike: dict[tuple[int, Table, int], list[Request]] = {}
    for request in requests:
        size = Sizes(MAX_BITS, request.table in BIT_TABLES).of(request.count)
        others = alike.setdefault((request.unit, request.table, size), [])
        for other in others:
            if not differ(_marks(request), _marks(other)):
                return other, request
        others.append(request)
    return None


def _marks(request: Request) -> set[tuple[int, int]]:
    return {(mark.offset, mark.value) for mark in request.marks}


def _group(block: RegisterBlock) -> tuple[int, str, float]:
    return block.unit, block.table.value, block.period_s


def _plan_table(
    blocks: tuple[RegisterBlock, ...], max_registers: int, max_gap: int, *, distinct: bool
) -> Iterator[Request]:
    """The requests for one table of one unit, by period."""
    bits = blocks[0].table in BIT_TABLES
    sizes = Sizes(MAX_BITS if bits else min(max_registers, MAX_REGISTERS), bits)
    spans = _spans(blocks, sizes, max_gap, distinct=distinct)
    runs = [
        run
        for _, group in groupby(spans, key=lambda span: span.block.period_s)
        for run in merge(group, sizes.limit, max_gap)
    ]
    if distinct:
        try:
            runs = apart(runs, readable(spans, max_gap), sizes)
        except ClashError as clash:
            raise PlanError(_alike(clash.runs)) from None
    for _, of_period in groupby(runs, key=lambda run: run.spans[0].block.period_s):
        requests = [_request(run, blocks) for run in of_period]
        # A counter first, then what it vouches for; the sort is stable.
        yield from sorted(requests, key=lambda request: not _vouches_for_others(request))


def _alike(runs: Sequence[Run]) -> str:
    block = runs[0].spans[0].block
    names = ", ".join(dict.fromkeys(span.block.name for run in runs for span in run.spans))
    return (
        f"unit {block.unit}, blocks {names}: replies of one size from table {block.table}, so on a link without transaction ids a late one "
        "passes for the other; give all but one of them an identity register of its own value, or another count"
    )


def _spans(blocks: Sequence[RegisterBlock], sizes: Sizes, max_gap: int, *, distinct: bool) -> list[Span]:
    """What stays together. A block is cut between values where it is too large."""
    for block in blocks:
        if block.data_type.registers > sizes.limit:
            raise PlanError(
                f"block {block.name}: a {block.data_type} takes {block.data_type.registers} registers, max_registers is {sizes.limit}; "
                "raise it"
            )
    parts = [whole(block, sizes.limit, max_gap) for block in blocks]
    cutter = Cutter(sizes, [span.end - span.start for spans in parts for span in spans or ()], distinct=distinct)
    found: list[Span] = []
    for block, spans in zip(blocks, parts, strict=True):
        if spans is not None:
            found += spans
            continue
        found += cutter.cut(block)
        if block.counter is not None:
            found.append(counter_span(block, block.counter))
    return found


def _request(run: Run, blocks: Iterable[RegisterBlock]) -> Request:
    head = run.spans[0].block
    parts = tuple(
        Part(s.block, s.first, s.count, s.block.address + s.first * s.block.data_type.registers - run.start)
        for s in run.spans
        if s.count
    )
    wanted = {span.block.name for span in run.spans}
    counters = tuple(
        Counter(block.name, block.counter - run.start)
        for block in blocks
        if block.counter is not None and block.name in wanted and run.start <= block.counter < run.end
    )
    marks = tuple(
        Mark(part.block.name, part.block.identity.address - run.start, part.block.identity.value)
        for part in parts
        if part.block.identity is not None
    )
    return Request(head.unit, head.table, run.start, run.end - run.start, head.period_s, parts, counters, marks)


def _vouches_for_others(request: Request) -> bool:
    """Whether a counter of this request belongs to points that other requests read."""
    whole_blocks = {part.block.name for part in request.parts if part.count == part.block.count}
    return any(counter.block not in whole_blocks for counter in request.counters)
