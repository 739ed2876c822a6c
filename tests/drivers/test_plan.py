from itertools import chain, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.modbus.plan import BIT_TABLES, MAX_BITS, Mark, PlanError, Request, confusable, plan, plan_link
from drivers.points import DataType, Identity, RegisterBlock, Table


def block(name: str, address: int, count: int, **changes: object) -> RegisterBlock:
    fields: dict[str, object] = {
        "device": "d",
        "unit": 1,
        "table": Table.HOLDING,
        "data_type": DataType.UINT16,
        "period_s": 1.0,
        "max_age_s": 5.0,
    }
    return RegisterBlock(name=name, address=address, count=count, **(fields | changes))  # type: ignore[arg-type]


def spans(requests: tuple[Request, ...]) -> list[tuple[int, int]]:
    return [(request.address, request.count) for request in requests]


def test_neighbours_within_the_gap_share_a_request() -> None:
    assert spans(plan([block("a", 0, 10), block("b", 18, 2)], max_gap=8)) == [(0, 20)]
    assert spans(plan([block("a", 0, 10), block("b", 19, 2)], max_gap=8)) == [(0, 10), (19, 2)]


def test_other_unit_table_or_period_is_another_request() -> None:
    blocks = [
        block("a", 0, 1),
        block("b", 1, 1, unit=2),
        block("c", 2, 1, table=Table.INPUT),
        block("d", 3, 1, period_s=0.1),
    ]
    assert len(plan(blocks)) == 4


def test_a_large_block_is_split_between_values() -> None:
    requests = plan([block("a", 7, 100, data_type=DataType.FLOAT32)], max_registers=125)
    assert spans(requests) == [(7, 124), (131, 76)]
    assert [(part.first, part.count, part.offset) for r in requests for part in r.parts] == [(0, 62, 0), (62, 38, 0)]


def test_bits_have_their_own_limit() -> None:
    requests = plan([block("a", 0, 2500, table=Table.COIL, data_type=DataType.BIT)], max_registers=50)
    assert spans(requests) == [(0, MAX_BITS), (MAX_BITS, 500)]


def test_a_counter_is_read_with_its_block_where_it_fits() -> None:
    (request,) = plan([block("a", 10, 100, counter=5)], max_gap=8)
    assert (request.address, request.count) == (5, 105)
    assert [(counter.block, counter.offset) for counter in request.counters] == [("a", 0)]
    assert request.parts[0].offset == 5


def test_a_counter_elsewhere_is_read_before_what_it_vouches_for() -> None:
    requests = plan([block("a", 10, 250, counter=900), block("b", 300, 20, counter=900)])
    assert spans(requests)[0] == (900, 1)
    assert {counter.block for counter in requests[0].counters} == {"a", "b"}


def test_a_device_too_small_for_a_value_is_refused_with_its_remedy() -> None:
    with pytest.raises(ValueError, match="max_registers"):
        plan([block("a", 0, 1, data_type=DataType.FLOAT32)], max_registers=1)


@st.composite
def sites(draw: st.DrawFn) -> tuple[list[RegisterBlock], int, int]:
    """Blocks that do not overlap, on two units and all tables, with counters now and then."""
    blocks = []
    for unit in range(1, draw(st.integers(1, 2)) + 1):
        table = draw(st.sampled_from(list(Table)))
        address = 0
        for n in range(draw(st.integers(1, 6))):
            kind = DataType.BIT if table in BIT_TABLES else draw(st.sampled_from([DataType.INT16, DataType.FLOAT32]))
            address += draw(st.integers(0, 30))
            count = draw(st.integers(1, 300))
            counter = draw(st.none() | st.integers(0, 2000)) if kind is not DataType.BIT else None
            period_s = draw(st.sampled_from([0.1, 1.0]))
            extra = {"unit": unit, "table": table, "data_type": kind, "counter": counter, "period_s": period_s}
            blocks.append(block(f"{unit}/{n}", address, count, **extra))
            address += count * kind.registers
    return blocks, draw(st.integers(2, 125)), draw(st.integers(0, 20))


@given(sites())
def test_every_point_once_limits_kept_and_counters_first(site: tuple[list[RegisterBlock], int, int]) -> None:
    blocks, max_registers, max_gap = site
    check_whole(blocks, plan(blocks, max_registers, max_gap), max_registers)


def check_whole(blocks: list[RegisterBlock], requests: tuple[Request, ...], max_registers: int) -> None:
    """Every point once, limits kept, counters vouched for."""
    seen: dict[str, list[int]] = {b.name: [] for b in blocks}
    vouched: dict[str, set[int]] = {b.name: set() for b in blocks}
    for place, request in enumerate(requests):
        assert request.count <= (MAX_BITS if request.table in BIT_TABLES else max_registers)
        for counter in request.counters:
            owner = next(b for b in blocks if b.name == counter.block)
            assert request.address + counter.offset == owner.counter
            vouched[counter.block].add(place)
        for part in request.parts:
            assert part.block.unit == request.unit
            assert part.block.table is request.table
            assert part.block.period_s == request.period_s
            assert request.address + part.offset == part.block.address + part.first * part.block.data_type.registers
            assert part.offset + part.count * part.block.data_type.registers <= request.count
            seen[part.block.name] += range(part.first, part.first + part.count)
    for b in blocks:
        assert sorted(seen[b.name]) == list(range(b.count))
        assert bool(vouched[b.name]) == (b.counter is not None)


@given(sites())
def test_joining_is_never_worse_than_one_request_a_run(site: tuple[list[RegisterBlock], int, int]) -> None:
    blocks, max_registers, max_gap = site
    alone = sum(len(plan([b], max_registers, max_gap)) for b in blocks)
    assert len(plan(blocks, max_registers, max_gap)) <= alone


# --- identity registers -----------------------------------------------------------------------------------------------


def test_an_identity_is_read_and_marked_with_its_block() -> None:
    (request,) = plan([block("a", 10, 100, identity=Identity(5, 77), counter=112)], max_gap=8)
    assert (request.address, request.count) == (5, 108)
    assert request.marks == (Mark("a", 0, 77),)
    assert [counter.offset for counter in request.counters] == [107]


@pytest.mark.parametrize(
    ("identity", "count"), [(Identity(0, 7), 20), (Identity(29, 7), 10), (Identity(9, 7), 125)], ids=str
)
def test_an_identity_out_of_reach_is_named(identity: Identity, count: int) -> None:
    with pytest.raises(PlanError, match=f"unit 1, block a: identity register {identity.address}"):
        plan([block("a", 10, count, identity=identity)], max_gap=8)


# --- requests that a displaced reply cannot answer --------------------------------------------------------------------


def test_pieces_of_large_blocks_get_sizes_of_their_own() -> None:
    requests = plan([block("a", 0, 600)], distinct=True)
    assert [request.count for request in requests] == [125, 124, 123, 122, 106]
    bits = plan([block("a", 0, 5000, table=Table.COIL, data_type=DataType.BIT)], distinct=True)
    assert [request.count for request in bits] == [2000, 1992, 1008]
    assert [request.count for request in plan([block("a", 0, 600)])] == [125, 125, 125, 125, 100]


def test_a_request_reads_more_of_what_is_known_to_be_readable() -> None:
    wide = [block("a", 0, 10), block("b", 18, 10, period_s=2.0), block("far", 300, 10)]
    requests = plan(wide, max_gap=8, distinct=True)
    assert confusable(requests) is None
    assert {(r.address, r.count) for r in requests} == {(300, 10), (0, 11), (16, 12)}
    alike = plan(wide, max_gap=8)
    assert confusable(alike) == (alike[0], alike[1])


def test_what_was_joined_is_parted_where_that_tells_requests_apart() -> None:
    requests = plan([block("a", 0, 10), block("b", 15, 10), block("far", 300, 25)], distinct=True)
    assert spans(requests) == [(0, 10), (14, 11), (300, 25)]


def test_blocks_that_nothing_tells_apart_are_named_with_a_remedy() -> None:
    with pytest.raises(PlanError, match=r"unit 1, blocks (a, b|b, a): replies of one size .* identity register"):
        plan([block("a", 0, 10), block("b", 300, 10)], distinct=True)
    assert (
        len(plan([block("a", 0, 10), block("b", 300, 10, unit=2), block("c", 0, 10, table=Table.INPUT)], distinct=True))
        == 3
    )


def test_identities_tell_requests_apart_if_both_have_them_and_they_differ() -> None:
    first = block("a", 0, 10, identity=Identity(10, 7))
    requests = plan([first, block("b", 300, 10, identity=Identity(310, 8))], distinct=True)
    assert spans(requests) == [(0, 11), (300, 11)]
    assert confusable(requests) is None
    for other in (block("b", 300, 11), block("b", 300, 10, identity=Identity(310, 7))):
        with pytest.raises(PlanError):
            plan([first, other], distinct=True)


@given(sites())
def test_distinct_plans_are_whole_and_nothing_in_them_can_be_confused(
    site: tuple[list[RegisterBlock], int, int],
) -> None:
    blocks, max_registers, max_gap = site
    try:
        requests = plan(blocks, max_registers, max_gap, distinct=True)
    except PlanError:
        assert confusable(plan(blocks, max_registers, max_gap)) is not None, "refused without need"
        return
    check_whole(blocks, requests, max_registers)
    assert confusable(requests) is None
    for request in requests:
        assert set(range(request.address, request.address + request.count)) <= bearable(blocks, request, max_gap)


def bearable(blocks: list[RegisterBlock], request: Request, max_gap: int) -> set[int]:
    """Registers that the blocks show to be readable, and the gaps between them that the device bears."""
    shown = sorted(
        address
        for b in blocks
        if (b.unit, b.table) == (request.unit, request.table)
        for address in (*range(b.address, b.address + b.count * b.data_type.registers), b.counter)
        if address is not None
    )
    gaps = (range(low + 1, high) for low, high in pairwise(shown) if high - low - 1 <= max_gap)
    return {*shown, *chain.from_iterable(gaps)}


def test_with_transaction_ids_requests_differ_where_the_blocks_allow_it() -> None:
    """A gateway can hand us the late reply of its serial line under the present transaction."""
    counts = [request.count for request in plan_link([block("a", 0, 500)], 125, 8, has_transactions=True)]
    assert sum(counts) == 500
    assert len(set(counts)) == len(counts)


def test_with_transaction_ids_a_large_block_is_not_read_in_ever_smaller_pieces() -> None:
    large = [block("a", 0, 4000)]
    assert len(plan_link(large, 125, 8, has_transactions=True)) == 32
    assert len(plan_link(large, 125, 8, has_transactions=False)) > 33


def test_with_transaction_ids_blocks_that_cannot_be_told_apart_are_read_all_the_same() -> None:
    alike = [block("a", 0, 4), block("b", 100, 4)]
    assert plan_link(alike, 125, 8, has_transactions=True) == plan(alike)
    with pytest.raises(PlanError, match="identity"):
        plan_link(alike, 125, 8, has_transactions=False)
