import random
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.modbus.decode import WIRE
from drivers.modbus.errors import IdentityError, Where
from drivers.modbus.frame import Ask, Batch, Framing, ask_read, batches
from drivers.modbus.intake import Intakes, Reading, _runs
from drivers.modbus.plan import BIT_TABLES, Mark, Request, plan
from drivers.points import NEVER, BlockBuffer, DataType, Identity, Order, Quality, RegisterBlock, Scaling, Table
from tests.drivers.test_plan import block

Field = Mapping[tuple[Table, int], int]
"""What every register and bit holds."""


def asks_of(requests: tuple[Request, ...]) -> list[Ask]:
    return [
        ask_read(Where("bus", "d", f"{r.table}@{r.address}"), r.unit, r.table, r.address, r.count) for r in requests
    ]


def reading_of(intakes: Intakes, requests: tuple[Request, ...]) -> Reading:
    return intakes.reading(requests, Batch(asks_of(requests), Framing.TCP))


def bytes_of(request: Request, field: Field) -> bytes:
    values = [field[request.table, request.address + n] for n in range(request.count)]
    if request.table in BIT_TABLES:
        return np.packbits(np.array(values, np.uint8), bitorder="little").tobytes()
    return np.array(values, WIRE).tobytes()


def arrive(reading: Reading, field: Field, received_ms: int = 0, refused: tuple[int, ...] = ()) -> None:
    """All replies come, some of them as refusals."""
    for place, request in enumerate(reading.requests):
        data = bytes_of(request, field)
        if place in refused:
            reading.batch.codes[place] = 2
        else:
            reading.batch.images[place][:] = data
            reading.batch.codes[place] = 0
    reading.take(received_ms)


def state(buffer: BlockBuffer) -> tuple[list[float], list[int], list[int]]:
    return np.nan_to_num(buffer.value, nan=-1e300).tolist(), buffer.quality.tolist(), buffer.received_ms.tolist()


def words_of(values: list[float], kind: str, order: Order) -> list[int]:
    """Values as a device of that order sends them, by hand."""
    words: list[int] = []
    for value in values:
        data = np.array([value], ">" + kind).tobytes()
        parts = [data[n : n + 2] for n in range(0, len(data), 2)]
        if order in {Order.CDAB, Order.DCBA}:
            parts.reverse()
        swapped = order in {Order.BADC, Order.DCBA}
        words += [int.from_bytes(part, "little" if swapped else "big") for part in parts]
    return words


# --- in flight together or one by one -------------------------------------------------------------------------------

KINDS = (DataType.UINT16, DataType.INT16, DataType.INT32, DataType.FLOAT32, DataType.FLOAT64)


@st.composite
def fields(draw: st.DrawFn) -> tuple[list[RegisterBlock], int, Field]:
    """Blocks of all types and orders, some longer than a request, and what their registers hold."""
    table = draw(st.sampled_from([Table.HOLDING, Table.COIL]))
    blocks, address = [], 10
    for n in range(draw(st.integers(1, 4))):
        kind = DataType.BIT if table is Table.COIL else draw(st.sampled_from(KINDS))
        order = draw(st.sampled_from(list(Order)))
        scaling = Scaling(draw(st.sampled_from([1.0, 0.1])), draw(st.sampled_from([0.0, -40.0])), (0x7FFF,))
        address += draw(st.integers(0, 12))
        count = draw(st.integers(1, 60))
        extra = {"table": table, "data_type": kind, "order": order, "scaling": scaling}
        blocks.append(block(f"b{n}", address, count, **extra))
        address += count * kind.registers
    chance = random.Random(draw(st.integers(0, 2**32)))
    top = 2 if table is Table.COIL else 0x7F00  # no NaN: what is bad there is the business of test_decode.py
    return blocks, draw(st.integers(4, 40)), {(table, n): chance.randrange(top) for n in range(address)}


@given(fields(), st.data())
def test_runs_decoded_at_once_are_what_single_replies_give(
    site: tuple[list[RegisterBlock], int, Field], data: st.DataObject
) -> None:
    blocks, max_registers, field = site
    requests = plan(blocks, max_registers)[:32]
    together, alone = Intakes(blocks), Intakes(blocks)
    reading = reading_of(together, requests)
    for turn in range(2):
        refused = tuple(data.draw(st.lists(st.integers(0, len(requests) - 1), max_size=2)))
        arrive(reading, field, turn, refused)
        for place, request in enumerate(requests):
            if place not in refused:
                words = np.array([field[request.table, request.address + n] for n in range(request.count)], WIRE)
                alone.take(request, words, turn)
        for b in blocks:
            assert state(together.buffers[b.name]) == state(alone.buffers[b.name])


@given(fields(), st.integers(1, 5), st.data())
def test_batches_read_one_after_the_other_give_what_single_replies_give(
    site: tuple[list[RegisterBlock], int, Field], depth: int, data: st.DataObject
) -> None:
    """A cycle of a device: after its last batch, be some requests refused, nothing is left undecoded and nothing is of another turn."""
    blocks, max_registers, field = site
    requests = plan(blocks, max_registers)
    together, alone = Intakes(blocks), Intakes(blocks)
    readings = together.readings(requests, batches(asks_of(requests), Framing.TCP, depth))
    assert [request for reading in readings for request in reading.requests] == list(requests)
    for turn in range(3):
        now = {place: value ^ turn % 2 for place, value in field.items()}
        refused = data.draw(st.sets(st.integers(0, len(requests) - 1), max_size=3))
        first = 0
        for reading in readings:
            many = len(reading.requests)
            arrive(reading, now, turn, tuple(n - first for n in refused if first <= n < first + many))
            first += many
        for place, request in enumerate(requests):
            if place not in refused:
                words = np.array([now[request.table, request.address + n] for n in range(request.count)], WIRE)
                alone.take(request, words, turn)
        for b in blocks:
            assert state(together.buffers[b.name]) == state(alone.buffers[b.name])


def test_a_cycle_that_breaks_off_leaves_no_value_of_it_behind() -> None:
    """The second of two batches never comes: the cycle begins anew, and what it then decodes is all of the new turn."""
    blocks = [block("a", 0, 250)]
    intakes = Intakes(blocks)
    readings = intakes.readings(plan(blocks), batches(asks_of(plan(blocks)), Framing.TCP, 1))
    arrive(readings[0], {(Table.HOLDING, n): 1 for n in range(250)}, 1)
    for reading in readings:
        arrive(reading, {(Table.HOLDING, n): 2 for n in range(250)}, 2)
    assert intakes.buffers["a"].value.tolist() == [2.0] * 250
    assert intakes.buffers["a"].received_ms.tolist() == [2] * 250


def test_a_block_in_five_requests_is_decoded_in_one_step() -> None:
    blocks = [block("a", 0, 600), block("b", 700, 3, order=Order.BADC)]
    requests = plan(blocks)
    reading = reading_of(Intakes(blocks), requests)
    parts = [(part, place) for place, request in enumerate(requests) for part in request.parts]
    assert [sum(part.count for part, _ in run) for run in _runs(parts, reading.batch.offsets)] == [600, 3]
    assert len(requests) == 6


def test_every_read_without_a_counter_is_a_sample_of_the_points_it_touches() -> None:
    blocks = [block("a", 0, 250)]
    intakes = Intakes(blocks)
    reading = reading_of(intakes, plan(blocks))
    field = {(Table.HOLDING, n): n for n in range(250)}
    arrive(reading, field, 5)
    before = intakes.buffers["a"].sample.copy()
    arrive(reading, field, 6, refused=(1,))
    grown = intakes.buffers["a"].sample > before
    assert grown.tolist() == [True] * 125 + [False] * 125
    assert intakes.buffers["a"].received_ms.tolist() == [6] * 125 + [5] * 125


# --- orders, types, bits --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(Order))
@pytest.mark.parametrize(
    ("kind", "code", "values"),
    [
        (DataType.UINT16, "u2", [0.0, 1.0, 0x1234, 65535.0]),
        (DataType.INT16, "i2", [-32768.0, -2.0, 3.0]),
        (DataType.UINT32, "u4", [0x12345678, 4294967295.0]),
        (DataType.INT32, "i4", [-2147483648.0, -2.0, 0x12345678]),
        (DataType.FLOAT32, "f4", [1.5, -0.15625, 2.0**100]),
        (DataType.FLOAT64, "f8", [3.141592653589793, -1e300, 5e-324]),
    ],
)
def test_orders_lie_as_their_names_say(kind: DataType, code: str, values: list[float], order: Order) -> None:
    b = block("a", 3, len(values), data_type=kind, order=order)
    intakes = Intakes([b])
    words = words_of(values, code, order)
    arrive(reading_of(intakes, plan([b])), {(Table.HOLDING, 3 + n): word for n, word in enumerate(words)})
    assert intakes.buffers["a"].value.tolist() == values
    assert set(intakes.buffers["a"].quality.tolist()) == {Quality.GOOD}


def test_bits_are_counted_from_the_lowest_of_each_byte() -> None:
    """Modbus Application Protocol 1.1b3, 6.1: coils 20 to 38 are CD 6B 05."""
    b = block("c", 19, 19, table=Table.COIL, data_type=DataType.BIT)
    intakes = Intakes([b])
    reading = reading_of(intakes, plan([b]))
    reading.batch.images[0][:] = bytes.fromhex("cd6b05")
    reading.take(0)
    said = "1011 0011 1101 0110 101"
    assert intakes.buffers["c"].value.tolist() == [float(bit) for bit in said.replace(" ", "")]


# --- counters -------------------------------------------------------------------------------------------------------


def counted(counter: int, value: int) -> Field:
    return {(Table.HOLDING, 0): counter, (Table.HOLDING, 1): value, (Table.HOLDING, 2): value}


def test_a_sample_is_what_the_counter_counts_also_round_its_end() -> None:
    b = block("a", 1, 2, counter=0)
    intakes = Intakes([b])
    reading, buffer = reading_of(intakes, plan([b])), intakes.buffers["a"]
    for turn, (counter, sample, received_ms) in enumerate([(0xFFFE, 0, 0), (0xFFFE, 0, 0), (1, 3, 2), (2, 4, 3)]):
        arrive(reading, counted(counter, turn), turn)
        assert buffer.sample.tolist() == [sample] * 2
        assert buffer.received_ms.tolist() == [received_ms] * 2
        assert buffer.value.tolist() == [turn] * 2


def test_after_a_failure_nothing_is_good_before_the_counter_was_read_again() -> None:
    b = block("a", 10, 125, counter=900)
    intakes = Intakes([b])
    requests = plan([b])
    assert [request.address for request in requests] == [900, 10]
    reading, buffer = reading_of(intakes, requests), intakes.buffers["a"]
    field = {(Table.HOLDING, n): 7 for n in range(901)}
    arrive(reading, field, 1, refused=(0,))
    assert (buffer.quality == Quality.UNKNOWN).all()
    assert (buffer.sample == NEVER).all()
    arrive(reading, field, 2)
    assert (buffer.quality == Quality.GOOD).all()
    intakes.fail(["a"])
    arrive(reading, field, 3, refused=(0,))
    assert (buffer.quality == Quality.BAD).all()
    assert np.isnan(buffer.value).all()
    arrive(reading, field, 4)
    assert (buffer.quality == Quality.GOOD).all()
    assert (buffer.received_ms == 2).all(), "the same sample as before"


# --- identities -----------------------------------------------------------------------------------------------------


def test_other_registers_are_known_by_their_identity_before_anything_is_decoded() -> None:
    blocks = [
        block("a", 1, 2, identity=Identity(0, 0xA1)),
        block("b", 51, 2, identity=Identity(50, 0xB2)),
    ]
    intakes = Intakes(blocks)
    requests = plan(blocks)
    assert [request.marks for request in requests] == [(Mark("a", 0, 0xA1),), (Mark("b", 0, 0xB2),)]
    reading = reading_of(intakes, requests)
    right = {(Table.HOLDING, n): n for n in range(60)} | {(Table.HOLDING, 0): 0xA1, (Table.HOLDING, 50): 0xB2}
    arrive(reading, right, 1)
    before = {name: state(buffer) for name, buffer in intakes.buffers.items()}
    assert before["b"][0] == [51.0, 52.0]
    with pytest.raises(IdentityError) as caught:
        arrive(reading, right | {(Table.HOLDING, 50): 0xA1}, 2)
    assert (caught.value.expected, caught.value.got) == (0xB2, 0xA1)
    assert caught.value.where == Where("bus", "d", "holding@50")
    assert {name: state(buffer) for name, buffer in intakes.buffers.items()} == before, "not even the right one's"
    arrive(reading, right | {(Table.HOLDING, 50): 0}, 3, refused=(1,))
    assert intakes.buffers["a"].received_ms.tolist() == [3, 3], "a refusal brings no identity to compare"


def test_a_single_reply_is_compared_too() -> None:
    b = block("a", 1, 2, identity=Identity(0, 5))
    intakes = Intakes([b])
    (request,) = plan([b])
    with pytest.raises(IdentityError, match="identity register is 6, expected 5"):
        intakes.take(request, np.array([6, 1, 2], WIRE), 0)
    assert intakes.buffers["a"].quality.tolist() == [Quality.UNKNOWN] * 2


# --- failures -------------------------------------------------------------------------------------------------------


def test_failing_all_leaves_no_value_of_any_block() -> None:
    blocks = [block("a", 0, 2), block("b", 50, 2)]
    intakes = Intakes(blocks)
    arrive(reading_of(intakes, plan(blocks)), {(Table.HOLDING, n): n for n in range(60)})
    intakes.fail(["a"])
    assert intakes.buffers["a"].quality.tolist() == [Quality.BAD] * 2
    assert intakes.buffers["b"].quality.tolist() == [Quality.GOOD] * 2
    intakes.fail_all()
    assert np.isnan(np.concatenate([buffer.value for buffer in intakes.buffers.values()])).all()
