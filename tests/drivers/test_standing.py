"""Cycles that the kernel asks by itself: it does what Python would, and hands back whatever is odd."""

import asyncio
import random
import socket
import struct
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.link import PointWrite, TimedOutError
from drivers.modbus import cycles
from drivers.modbus.exchange import exchange_of
from drivers.modbus.frame import Framing, checker_for
from drivers.modbus.kernel import ASKED, CYCLES, RESTING, STATE
from drivers.modbus.lane import Lane
from drivers.modbus.learned import Learned
from drivers.modbus.plan import DeviceLimits
from drivers.modbus.poller import ModbusLink
from drivers.modbus.schedule import Cycle, Schedule
from drivers.modbus.unpack import Unpacker
from drivers.modbus.wire import Lost, Transactions
from drivers.points import BlockBuffer, DataType, Order, Quality, RegisterBlock, Scaling, Table
from tests.drivers.field import Ask, raw_server, running, tick_ms, until
from tests.drivers.test_tcp import PATIENT_S, good, link_to

AT_ONCE_S = 1e-6
"""A period that is always over: the next cycle is asked when one is answered."""

HEAD = 12
BUSY = 6
"""Exception code of a device that is busy; it says nothing of an address."""

BLOCKS = (
    RegisterBlock("t", "d", 1, Table.HOLDING, 0, 40, DataType.INT16, AT_ONCE_S, 1.0, Scaling(0.1, -40.0, (0x8000,))),
    RegisterBlock("u", "d", 1, Table.HOLDING, 40, 300, DataType.UINT16, AT_ONCE_S, 1.0),
    RegisterBlock("f", "d", 1, Table.INPUT, 0, 60, DataType.FLOAT32, AT_ONCE_S, 1.0, order=Order.CDAB),
    RegisterBlock("c", "d", 1, Table.INPUT, 300, 30, DataType.UINT16, AT_ONCE_S, 1.0, counter=330),
    RegisterBlock("far", "d", 1, Table.INPUT, 600, 125, DataType.UINT16, AT_ONCE_S, 1.0, counter=900),
    RegisterBlock("bits", "d", 1, Table.COIL, 3, 29, DataType.BIT, AT_ONCE_S, 1.0),
)


class Hand:
    """A link over a pair of sockets; the test is the device, request by request."""

    def __init__(self, depth: int, *, stands: bool, blocks: tuple[RegisterBlock, ...] = BLOCKS) -> None:
        self.wire: Lane | None = None
        self._asked = bytearray()
        ours, self.theirs = socket.socketpair()
        self.theirs.setblocking(False)
        ours.setblocking(False)

        async def connect(lost: Lost) -> Lane:
            self.wire = Lane(ours, checker_for(Framing.TCP, "hand"), PATIENT_S, lost, Transactions(), {})
            return self.wire

        by_name = {block.name: block for block in blocks}
        limits = {"d": DeviceLimits(depth=depth)}
        self.link = ModbusLink("hand", connect, Framing.TCP, by_name, limits, PATIENT_S, tick_ms, read_only=False)
        if not stands:
            self.link._polling.standing = lambda: None  # type: ignore[method-assign]

    def requests(self) -> int:
        """How many a whole round of all cycles has."""
        return len(self.link.requests)

    def next(self) -> Ask:
        """The next request that came."""
        exchange_of(asyncio.get_running_loop())._go_on()  # what is due goes out, if the timer has not said so yet
        with suppress(BlockingIOError):
            self._asked += self.theirs.recv(1 << 16)
        head, self._asked = self._asked[:HEAD], self._asked[HEAD:]
        return Ask(int.from_bytes(head[:2], "big"), head[6], head[7], bytes(head[8:]))

    def say(self, octets: bytes) -> None:
        self.theirs.sendall(octets)
        exchange_of(asyncio.get_running_loop())._go_on()


@asynccontextmanager
async def hands(depth: int) -> AsyncIterator[tuple[Hand, Hand]]:
    """One link whose cycles the kernel asks, and one where Python says every batch."""
    pair = (Hand(depth, stands=True), Hand(depth, stands=False))
    try:
        async with running(*(hand.link for hand in pair)):
            await until(lambda: all(hand.wire is not None and hand.wire.cells[STATE] == ASKED for hand in pair))
            yield pair
    finally:
        for hand in pair:
            hand.theirs.close()


def reply(ask: Ask, held: np.ndarray, code: int) -> bytes:
    """What a device that holds `held` in all of its tables answers."""
    if code:
        return struct.pack(">HHHBBB", ask.tid, 0, 3, ask.unit, ask.function | 0x80, code)
    values = held[ask.address : ask.address + ask.count]
    data = np.packbits(values & 1, bitorder="little").tobytes() if ask.function < 3 else values.astype(">u2").tobytes()
    return struct.pack(">HHHBBB", ask.tid, 0, 3 + len(data), ask.unit, ask.function, len(data)) + data


def rounds(chance: random.Random, count: int) -> Iterator[tuple[np.ndarray, list[int]]]:
    """What the device holds in each round; and by request an exception, rarely, and where its reply is split."""
    numbers = np.random.default_rng(chance.randrange(1 << 30))
    for number in range(count):
        held = numbers.integers(0, 1 << 16, 1000, np.uint16)
        held[330], held[900] = (number // 2) & 0xFFFF, (0xFFFE + 3 * number) & 0xFFFF
        yield held, [BUSY if chance.random() < 0.03 else 0 for _ in range(32)]


@pytest.mark.parametrize("depth", [1, 3, 16])
async def test_the_kernel_takes_in_what_python_would(depth: int) -> None:
    chance = random.Random(depth)
    async with hands(depth) as pair:
        stood, (one, other) = 0, (hand.link for hand in pair)
        for held, codes in rounds(chance, 60):
            for request, code in zip(range(pair[0].requests()), codes, strict=False):
                for hand in pair:
                    octets = reply(hand.next(), held, code)
                    cut = chance.randrange(len(octets)) if chance.random() < 0.3 else 0
                    if cut:
                        hand.say(octets[:cut])
                    hand.say(octets[cut:])
                assert request < len(codes)
            for name, buffer in one.buffers.items():
                twin = other.buffers[name]
                assert buffer.value.tobytes() == twin.value.tobytes(), name
                np.testing.assert_array_equal(buffer.quality, twin.quality, name)
                np.testing.assert_array_equal(buffer.sample, twin.sample, name)
                assert (np.abs(buffer.received_ms - twin.received_ms) <= 1000).all()
                assert (buffer.received_ms <= tick_ms()).all()
            assert one.health().reads == other.health().reads
            assert one.health().errors == other.health().errors
            assert pair[0].wire is not None
            stood += pair[0].wire.cells[CYCLES] != 0
        mine, theirs = (hand.link._polling.learned["d"]._cells.tolist() for hand in pair)
        assert mine[:1] + mine[2:6] == theirs[:1] + theirs[2:6]
        assert stood > 20
        assert one.health().errors > 3


@pytest.mark.parametrize("place", [0, 1, 2, 3, 4, 5, 6, 7, 8])
async def test_no_other_byte_in_the_head_passes_where_nobody_is_asked(place: int) -> None:
    """The judge refuses it, the device is bad at once, and what the kernel had begun is handed on."""
    async with hands(1) as (hand, _):
        held = np.arange(1000, dtype=np.uint16)
        for _ in range(2 * hand.requests() + 1):
            hand.say(reply(hand.next(), held, 0))
        wire, link = hand.wire, hand.link
        assert wire is not None
        assert wire.cells[CYCLES] != 0
        before = {name: buffer.value.copy() for name, buffer in link.buffers.items()}
        wrong = bytearray(reply(hand.next(), held + np.uint16(1), 0))
        wrong[place] ^= 0x41
        hand.say(bytes(wrong) if place != 5 else bytes(wrong) + bytes(0x41))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert wire._lost
        assert link.health().errors == 1
        for name, buffer in link.buffers.items():
            is_kept = (buffer.value == before[name]) | (buffer.quality != Quality.GOOD)
            assert is_kept.all()


async def test_a_value_is_never_younger_than_it_is_though_the_process_is_held_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between the looks at the plant's clock and the system's own: what is between them must not be added to the age of a value."""

    def held_up() -> int:
        time.sleep(0.02)
        return tick_ms()

    async with hands(1) as (hand, _):
        exchange = exchange_of(asyncio.get_running_loop())
        for _ in range(2 * hand.requests()):
            hand.say(reply(hand.next(), np.zeros(1000, np.uint16), 0))
        assert hand.wire is not None
        assert hand.wire.cells[CYCLES] != 0
        monkeypatch.setattr(exchange, "_plants", {(held_up, 1.0): 0})
        hand.say(reply(hand.next(), np.zeros(1000, np.uint16), 0))
        now_ms = tick_ms()
        assert all((buffer.received_ms <= now_ms).all() for buffer in hand.link.buffers.values())


async def test_a_reply_that_nobody_asked_for_ends_a_connection_at_rest() -> None:
    slow = RegisterBlock("b", "d", 1, Table.HOLDING, 0, 4, DataType.UINT16, 1000.0, 5000.0)
    hand = Hand(1, stands=True, blocks=(slow,))
    async with running(hand.link):
        await until(lambda: hand.wire is not None and hand.wire.cells[STATE] == ASKED)
        asked = hand.next()
        hand.say(reply(asked, np.arange(9, dtype=np.uint16), 0))
        wire = hand.wire
        assert wire is not None
        assert wire.cells[STATE] == RESTING
        hand.say(reply(asked, np.arange(9, dtype=np.uint16) + 1, 0))
        assert wire._lost
        assert hand.link.buffers["b"].value.tolist() == [0, 1, 2, 3]
        assert "silence" in hand.link.health().last_error
    hand.theirs.close()


async def test_a_device_that_falls_silent_is_bad_at_its_deadline_and_back_when_it_answers() -> None:
    mute = False

    async def answer(ask: Ask) -> bytes:
        return b"" if mute else ask.reply()

    block = RegisterBlock("b", "d", 1, Table.HOLDING, 0, 4, DataType.UINT16, 0.02, 5.0)
    async with raw_server(answer) as raw:
        link = link_to(raw.port, block, timeout_s=0.2)
        async with running(link):
            await until(lambda: link.health().reads > 5)
            assert is_standing(link)
            mute, began_s = True, time.monotonic()
            await until(lambda: not good(link, "b"))
            assert 0.15 < time.monotonic() - began_s < 0.2 + 0.02 + 0.5
            assert link.health().timeouts == 1
            mute = False
            await until(lambda: good(link, "b"))
            await until(lambda: is_standing(link))


async def test_a_cycle_that_is_due_is_asked_though_the_exchange_lost_its_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exchange has one for all connections, and nobody else would ever wake it: here a clock breaks once."""
    broken = False

    def clock() -> int:
        nonlocal broken
        if broken:
            broken = False
            raise ArithmeticError
        return tick_ms()

    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context.get("exception")))
    block = RegisterBlock("b", "d", 1, Table.HOLDING, 0, 4, DataType.UINT16, 0.1, 5.0)
    async with raw_server() as raw:
        link = link_to(raw.port, block, timeout_s=0.2)
        async with running(link):
            await until(lambda: link.health().reads > 2 and state_of(link) == RESTING)
            monkeypatch.setattr(exchange_of(asyncio.get_running_loop()), "_plants", {(clock, 1.0): 0})
            broken, heard = True, len(raw.heard)
            await until(lambda: not broken)
            assert len(raw.heard) == heard
            assert await until(lambda: len(raw.heard) > heard + 2) < 0.2 + 0.1 + 0.5
            assert link.health().errors == 0
            assert link.health().late_cycles > 0
    assert [type(error) for error in told] == [ArithmeticError]


async def test_a_write_at_rest_has_its_own_deadline() -> None:
    """Not that of the next cycle, which is far away."""

    async def answer(ask: Ask) -> bytes:
        return b"" if ask.function == 6 else ask.reply()

    block = RegisterBlock("b", "d", 1, Table.HOLDING, 0, 4, DataType.UINT16, 60.0, 5.0)
    async with raw_server(answer) as raw:
        link = link_to(raw.port, block, timeout_s=0.3)
        async with running(link):
            await until(lambda: is_standing(link) and state_of(link) == RESTING)
            await asyncio.sleep(0.5)
            began_s = time.monotonic()
            with pytest.raises(TimedOutError):
                await link.write(PointWrite("b", 1, 1.0))
            assert time.monotonic() - began_s < 2 * 0.3
            assert link.health().timeouts == 1


async def test_a_write_comes_first_at_rest_and_between_two_batches() -> None:
    """At once where nothing is in flight; behind the batch in flight, before the rest of its cycle, where something is."""
    blocks = [
        RegisterBlock(f"b{n}", "d", 1, Table.HOLDING, 200 * n, 20 + n, DataType.UINT16, 0.2, 5.0) for n in range(4)
    ]
    slow_s = 0.0

    async def answer(ask: Ask) -> bytes:
        await asyncio.sleep(slow_s)
        return ask.frame(ask.body) if ask.function == 6 else ask.reply()

    async with raw_server(answer) as raw:
        link = link_to(raw.port, *blocks, timeout_s=PATIENT_S)
        async with running(link):
            await until(lambda: link.health().reads >= 8 and is_standing(link))
            await until(lambda: state_of(link) == RESTING)
            before = len(raw.heard)
            await link.write(PointWrite("b1", 3, 203.0))
            assert [ask.function for ask in raw.heard[before : before + 2]] == [6, 3]
            slow_s = 0.05
            await until(lambda: state_of(link) == ASKED)
            before = len(raw.heard)
            await link.write(PointWrite("b1", 3, 203.0))
            heard = [ask.function for ask in raw.heard[before - 1 :]]
            assert heard.index(6) <= 2  # at most the batch in flight, which may be heard of only now
            assert heard[heard.index(6) + 1] == 3
            seen = {ask.address for ask in raw.heard[before - 1 :]}
            await until(lambda: {0, 200, 400, 600} <= {ask.address for ask in raw.heard[before - 1 :]})
            assert seen
            await until(lambda: is_standing(link))


async def test_no_value_of_a_cycle_that_goes_on_by_itself_is_another_ones_under_wrong_replies() -> None:
    """Everything that may go wrong with a reply, at random; a value is good only while it is its register's."""
    chance, kinds = random.Random(5), [0] * 9

    async def answer(ask: Ask) -> bytes | None:
        kind = chance.randrange(9) if chance.random() < 0.05 else 8
        kinds[kind] += 1
        if kind == 6:
            await asyncio.sleep(0.06)
        return {
            0: ask.reply(tid=ask.tid ^ 1),
            1: ask.reply(unit=ask.unit + 1),
            2: ask.reply(function=4),
            3: ask.reply(extra=1),
            4: ask.reply() + ask.reply(),
            5: None,
            7: ask.frame(b"\x06", function=ask.function | 0x80),
        }.get(kind, ask.reply())

    blocks = [
        RegisterBlock(f"b{n}", "d", 1, Table.HOLDING, 150 * n, 30 + n, DataType.UINT16, 0.004, 5.0) for n in range(5)
    ]
    async with raw_server(answer) as raw:
        link, stood = link_to(raw.port, *blocks, timeout_s=0.05), 0
        async with running(link):
            ends_s = time.monotonic() + 6.0
            while time.monotonic() < ends_s:
                await asyncio.sleep(0.001)
                stood += is_standing(link)
                for block in blocks:
                    buffer, truth = link.buffers[block.name], np.arange(block.address, block.address + block.count)
                    assert not ((buffer.quality == Quality.GOOD) & (buffer.value != truth)).any()
            health = link.health()
            assert health.errors > 10
            assert stood > 20
            assert health.reads > 200
    assert sum(kind > 0 for kind in kinds) >= 7


# --- the same as Python's ---------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 500)), min_size=1, max_size=30), st.integers(1, 900))
@settings(deadline=None)
def test_a_cycle_is_due_again_when_the_schedule_says(turns: list[tuple[int, int]], period_ms: int) -> None:
    cycle = Cycle[int]("d", (0,), period_ms / 1e3)
    schedule = Schedule([cycle], 0.0)
    row = np.zeros((1, cycles.CYCLE_COLUMNS), np.int64)
    row[0, cycles.PERIOD] = round(cycle.period_s * 1e9)
    now_ns = 0
    for wait_ms, took_us in turns:
        now_ns += wait_ms * 1_000_000 + took_us
        is_due = cycles.pick(row.ctypes.data, 1, now_ns) == 0
        # Floats of seconds may differ from nanoseconds by their rounding, at the very moment alone.
        if abs(now_ns - row[0, cycles.DUE_AT]) > 10:
            assert is_due == (schedule.pick(now_ns * 1e-9) is cycle)
        if is_due and abs(round((now_ns - row[0, cycles.DUE_AT]) / 1e6) * 1e6 - (now_ns - row[0, cycles.DUE_AT])) > 10:
            schedule.done(cycle, now_ns * 1e-9, now_ns * 1e-9)
            cycles.move_on(row.ctypes.data, now_ns)
            assert abs(cycle.due_s * 1e9 - row[0, cycles.DUE_AT]) < 100
            assert schedule.late_cycles == row[0, cycles.LATE]


@given(st.lists(st.tuples(st.integers(0, 130_000), st.booleans(), st.integers(1, 400)), max_size=300))
@settings(deadline=None)
def test_what_is_learned_is_the_same(turns: list[tuple[int, bool, int]]) -> None:
    one, other, now_ms = Learned(), Learned(), 0
    for passed_ms, is_good, wait_ms in turns:
        now_ms += passed_ms
        if is_good:
            one.good((wait_ms / 1e3,), now_ms / 1e3)
            cycles.learn(other.address, wait_ms * 1_000_000, int(now_ms / 1e3 * 1e9))
        else:
            one.failed(now_ms / 1e3)
            other.failed(now_ms / 1e3)
        assert one._cells.tolist() == other._cells.tolist()


@given(st.lists(st.integers(1, 3_000), max_size=100), st.integers(1, 0x10000))
def test_transaction_numbers_are_the_same(counts: list[int], first: int) -> None:
    one, other = Transactions(), Transactions()
    one._cell[0] = other._cell[0] = first
    for count in counts:
        taken = one.take(count)
        assert cycles.take_numbers(other.address, count) == taken
        assert 0 < taken <= 0x10000 - count


def test_the_cycle_that_was_due_first_has_its_turn() -> None:
    table = np.zeros((3, cycles.CYCLE_COLUMNS), np.int64)
    table[:, cycles.DUE_AT] = 30, 10, 10
    assert cycles.pick(table.ctypes.data, 3, 9) == -1
    assert cycles.pick(table.ctypes.data, 3, 40) == 1
    assert cycles.first_due(table.ctypes.data, 3) == 10


def test_a_block_whose_counter_is_unknown_stays_as_it_is() -> None:
    block = RegisterBlock("b", "d", 1, Table.HOLDING, 0, 4, DataType.UINT16, 1.0, 1.0, counter=9)
    points, raw, when = BlockBuffer.empty(4), np.arange(8, dtype=np.uint8), np.array([5_000_000], np.int64)
    unpack, intake = Unpacker(block, raw, points), np.zeros(cycles.INTAKE_CELLS, np.int64)
    intake[cycles.IS_COUNTED], intake[cycles.SAMPLE] = 1, 7
    steps = np.array([(*unpack.row, intake.ctypes.data, when.ctypes.data)], np.int64)
    cycles.take_in(steps.ctypes.data, 0, 1, 100, 1.0, 2_000_000)
    assert (points.quality == Quality.UNKNOWN).all()
    intake[cycles.KNOWN] = 1
    cycles.take_in(steps.ctypes.data, 0, 1, 100, 1.0, 2_000_000)
    assert (points.quality == Quality.GOOD).all()
    assert points.sample.tolist() == [7] * 4
    assert points.received_ms.tolist() == [103] * 4


def is_standing(link: ModbusLink) -> bool:
    wire = link._wire
    return isinstance(wire, Lane) and wire._standing is not None


def state_of(link: ModbusLink) -> int:
    wire = link._wire
    return wire.cells[STATE] if isinstance(wire, Lane) else -1
