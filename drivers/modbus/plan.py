"""Read plan: blocks of registers to the fewest requests. No I/O.

Made once from the site. A block that fits into one request is never cut (its values belong together); a larger one is
split between values. A sample counter is read in the same request as its block, or in an earlier one of the same cycle:
read after the values, it could vouch for values that are older than it says.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from drivers.points import RegisterBlock, Table

MAX_REGISTERS = 125
"""Registers that one read may ask for (Modbus Application Protocol 1.1b3, 6.3 and 6.4)."""

MAX_BITS = 2000
"""Coils or discrete inputs that one read may ask for (the same, 6.1 and 6.2)."""

BIT_TABLES = frozenset({Table.COIL, Table.DISCRETE})


@dataclass(frozen=True, slots=True)
class DeviceLimits:
    """What one device bears: registers in one read, how many unwanted ones may lie between wanted ones, requests in flight.

    `max_registers` does not bound coils and discrete inputs, `MAX_BITS` does. `spacing_s` is the silence that the unit needs before each
    request (wall time; serial lines).
    """

    max_registers: int = MAX_REGISTERS
    max_gap: int = 8
    depth: int = 1
    spacing_s: float = 0.0


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


@dataclass(frozen=True, slots=True)
class _Span:
    """Registers `start` to `end` that stay together: a run of points, or a counter alone (`count` 0)."""

    start: int
    end: int
    block: RegisterBlock
    first: int
    count: int


def plan(blocks: Iterable[RegisterBlock], max_registers: int = MAX_REGISTERS, max_gap: int = 8) -> tuple[Request, ...]:
    """Make the fewest requests that read every point of `blocks` once a period.

    Requests of one (unit, table, period) stand together and in the order in which they are to be sent. `max_registers`
    and `max_gap` are those of `DeviceLimits`; blocks of devices with different limits are planned apart.
    """
    ordered = sorted(blocks, key=_group)
    return tuple(
        request
        for _, group in groupby(ordered, key=_group)
        for request in _plan_group(tuple(group), max_registers, max_gap)
    )


def _group(block: RegisterBlock) -> tuple[int, str, float]:
    return block.unit, block.table.value, block.period_s


def _plan_group(group: tuple[RegisterBlock, ...], max_registers: int, max_gap: int) -> tuple[Request, ...]:
    limit = MAX_BITS if group[0].table in BIT_TABLES else min(max_registers, MAX_REGISTERS)
    spans = sorted(
        (span for block in group for span in _spans(block, limit, max_gap)),
        key=lambda span: (span.start, span.end),
    )
    requests = [_request(run, group) for run in _merge(spans, limit, max_gap)]
    # A counter first, then what it vouches for; the sort is stable.
    return tuple(sorted(requests, key=lambda request: not _vouches_for_others(request)))


def _spans(block: RegisterBlock, limit: int, max_gap: int) -> list[_Span]:
    """Cut a block between values where it is too large; join it with its counter where both fit."""
    width = block.data_type.registers
    step = limit // width
    if step < 1:
        raise ValueError(
            f"block {block.name}: a {block.data_type} takes {width} registers, max_registers is {limit}; raise it"
        )
    start, end = block.address, block.address + block.count * width
    if block.counter is not None and block.count <= step:
        low, high = min(start, block.counter), max(end, block.counter + 1)
        if high - low <= limit and (high - low) - (end - start) - 1 <= max_gap:
            return [_Span(low, high, block, 0, block.count)]
    spans = [
        _Span(
            start + first * width,
            start + min(first + step, block.count) * width,
            block,
            first,
            min(step, block.count - first),
        )
        for first in range(0, block.count, step)
    ]
    if block.counter is not None:
        spans.append(_Span(block.counter, block.counter + 1, block, 0, 0))
    return spans


def _merge(spans: list[_Span], limit: int, max_gap: int) -> list[list[_Span]]:
    """Greedy from the left: a request starts at the first span not yet read and reaches as far as it may.

    No plan has fewer requests, spans being whole.
    """
    runs: list[list[_Span]] = []
    end = 0
    for span in spans:
        if runs and span.start - end <= max_gap and max(end, span.end) - runs[-1][0].start <= limit:
            runs[-1].append(span)
            end = max(end, span.end)
        else:
            runs.append([span])
            end = span.end
    return runs


def _request(run: list[_Span], group: tuple[RegisterBlock, ...]) -> Request:
    address, end = run[0].start, max(span.end for span in run)
    parts = tuple(
        Part(s.block, s.first, s.count, s.block.address + s.first * s.block.data_type.registers - address)
        for s in run
        if s.count
    )
    here = {part.block.name for part in parts}
    wanted = {span.block.name for span in run if span.count == 0} | here
    counters = tuple(
        Counter(block.name, block.counter - address)
        for block in group
        if block.counter is not None and block.name in wanted and address <= block.counter < end
    )
    head = run[0].block
    return Request(head.unit, head.table, address, end - address, head.period_s, parts, counters)


def _vouches_for_others(request: Request) -> bool:
    """Whether a counter of this request belongs to points that other requests read."""
    whole = {part.block.name for part in request.parts if part.count == part.block.count}
    return any(counter.block not in whole for counter in request.counters)
