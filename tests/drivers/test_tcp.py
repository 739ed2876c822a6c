import asyncio
import os
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from drivers.link import (
    LinkState,
    NotConnectedError,
    PointWrite,
    ReadOnlyError,
    RefusedError,
    TimedOutError,
    WrongReplyError,
)
from drivers.modbus.frame import Framing
from drivers.modbus.plan import DeviceLimits
from drivers.modbus.poller import SHORTEST_CONNECTION_S, ModbusLink
from drivers.modbus.tcp import tcp_connector
from drivers.modbus.wire import Transactions
from drivers.points import DataType, Quality, RegisterBlock, Table
from tests.drivers.field import Answer, Ask, pymodbus_server, raw_server, running, stalls, tick_ms, truth, until
from tests.drivers.oracle import WRITE_FUNCTIONS
from tests.drivers.test_plan import block

TIMEOUT_S = 0.1
PERIOD_S = 0.02


PATIENT_S = 6.0
"""A deadline so long that what happens well before it did not wait for it, however loaded the machine is."""


def link_to(
    port: int,
    *blocks: RegisterBlock,
    read_only: bool = False,
    speed: float = 1.0,
    timeout_s: float = TIMEOUT_S,
    depth: int = 1,
) -> ModbusLink:
    devices = {b.device: DeviceLimits(depth=depth) for b in blocks}
    connect = tcp_connector("bus", "127.0.0.1", port, Framing.TCP, timeout_s)
    named = {b.name: b for b in blocks}
    return ModbusLink("bus", connect, Framing.TCP, named, devices, timeout_s, tick_ms, read_only, speed)


def quality(link: ModbusLink, name: str) -> set[int]:
    return set(link.buffers[name].quality.tolist())


def good(link: ModbusLink, name: str) -> bool:
    return quality(link, name) == {Quality.GOOD}


def bad(link: ModbusLink, name: str) -> bool:
    return quality(link, name) == {Quality.BAD} and bool(np.isnan(link.buffers[name].value).all())


# --- with a server of another maker ---------------------------------------------------------------------------------


async def test_all_tables_are_read() -> None:
    blocks = (
        block("h", 3, 250, period_s=PERIOD_S),
        block("i", 5, 20, table=Table.INPUT, period_s=PERIOD_S),
        block("c", 0, 16, table=Table.COIL, data_type=DataType.BIT, period_s=PERIOD_S),
        block("d", 3, 9, table=Table.DISCRETE, data_type=DataType.BIT, period_s=PERIOD_S),
    )
    async with pymodbus_server() as (_, port):
        link = link_to(port, *blocks)
        async with running(link):
            await until(lambda: all(good(link, b.name) and link.buffers[b.name].sample[-1] > 1 for b in blocks))
            assert link.buffers["h"].value.tolist() == list(range(3, 253))
            assert link.buffers["i"].value.tolist() == list(range(1005, 1025))
            assert link.buffers["c"].value.tolist() == [0.0] * 16
            assert link.buffers["d"].value.tolist() == [1.0] * 9
            assert abs(int(link.buffers["h"].received_ms[0]) - tick_ms()) < 1000
            health = link.health()
            assert (health.state, health.generation, health.errors) == (LinkState.UP, 1, 0)
            assert 0 < health.latency_p99_ms < TIMEOUT_S * 1e3


@pytest.mark.parametrize(
    ("target", "value"),
    [
        (block("w", 10, 4, period_s=60.0), 7.0),
        (block("w", 10, 4, data_type=DataType.FLOAT32, period_s=60.0), 1.5),
        (block("w", 10, 4, table=Table.COIL, data_type=DataType.BIT, period_s=60.0), 1.0),
    ],
)
async def test_a_write_is_read_back_at_once(target: RegisterBlock, value: float) -> None:
    async with pymodbus_server() as (_, port):
        link = link_to(port, target)
        async with running(link):
            await until(lambda: link.buffers["w"].sample[0] == 0)
            await link.write(PointWrite("w", 2, value))
            assert link.buffers["w"].value[2] == value
            assert link.buffers["w"].sample.tolist() == [0, 0, 1, 0]


async def test_a_poll_after_a_read_back_is_a_new_sample_of_every_point() -> None:
    async with pymodbus_server() as (_, port):
        link = link_to(port, block("w", 10, 4, period_s=0.3))
        async with running(link):
            buffer = link.buffers["w"]
            await until(lambda: buffer.sample[0] == 0)
            await link.write(PointWrite("w", 2, 7.0))
            before = buffer.sample.copy()
            await until(lambda: buffer.sample[0] != before[0])
            assert (buffer.sample > before).all()


async def test_no_delay_on_the_socket() -> None:
    async with pymodbus_server() as (_, port):
        link = link_to(port, block("h", 0, 1))
        async with running(link):
            await until(lambda: good(link, "h"))
            with _client_socket(port) as ours:
                assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def _client_socket(port: int) -> socket.socket:
    """A copy of this process' socket that is connected to `port`."""
    for entry in Path("/proc/self/fd").iterdir():
        if entry.is_symlink() and str(entry.readlink()).startswith("socket:"):
            copy = socket.socket(fileno=os.dup(int(entry.name)))
            try:
                if copy.family == socket.AF_INET and copy.getpeername()[1] == port:
                    return copy
            except OSError:
                pass
            copy.close()
    raise AssertionError(f"nothing is connected to {port}")


# --- replies that are not the one right answer ----------------------------------------------------------------------


async def _wrong(ask: Ask, data: bytes) -> bytes:
    return data


WRONG: dict[str, Callable[[Ask], bytes]] = {
    "fewer registers": lambda ask: ask.reply(extra=-1),
    "more registers": lambda ask: ask.reply(extra=3),
    "another function": lambda ask: ask.reply(function=4),
    "another unit": lambda ask: ask.reply(unit=ask.unit + 1),
    "transaction 0": lambda ask: ask.reply(tid=0),
    "transaction of another": lambda ask: ask.reply(tid=ask.tid ^ 7),
    "garbage": lambda ask: b"\xde\xad\xbe\xef" * 5,
    "unknown function": lambda ask: ask.frame(b"\x00\x00", function=0x63),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_reply_costs_connection_and_device_at_once(name: str) -> None:
    async with raw_server() as raw:
        blocks = (block("h", 0, 4, period_s=PERIOD_S), block("other", 500, 2, unit=2, device="e", period_s=PERIOD_S))
        link = link_to(raw.port, *blocks, timeout_s=PATIENT_S)
        async with running(link):
            await until(lambda: good(link, "h") and good(link, "other"))

            async def answer(ask: Ask) -> bytes:
                return WRONG[name](ask) if ask.unit == 1 else ask.reply()

            raw.answer = answer
            took_s = await until(lambda: bad(link, "h"))
            assert took_s < PATIENT_S / 2, "the reply itself condemns, not the deadline of the request"
            await until(lambda: link.health().generation > 1)
            heard = int(link.buffers["other"].sample[0])
            await until(lambda: int(link.buffers["other"].sample[0]) > heard + 3)
            assert good(link, "other")
            assert link.health().timeouts == 0
            assert "bus" in link.health().last_error
            raw.answer = truth
            await until(lambda: good(link, "h"))
            assert link.buffers["h"].value.tolist() == [0, 1, 2, 3]


def test_transaction_numbers_go_round_without_0() -> None:
    transactions = Transactions()
    seen = [first + n for first in (transactions.take(3) for _ in range(40_000)) for n in range(3)]
    assert set(seen) <= set(range(1, 0x10000))
    assert len(set(seen[:65_000])) == 65_000, "none comes back before all others have been"


async def test_a_late_reply_that_a_gateway_hands_to_the_next_connection_is_nobodys() -> None:
    """A proxy that keeps one line to the device: what comes late comes on whatever connection there is then."""
    late: list[bytes] = []

    async def answer(ask: Ask) -> bytes | None:
        if late:
            return late.pop()
        late.append(ask.reply())
        return None

    blocks = [block(f"b{n}", 100 * n, 4, period_s=PERIOD_S) for n in range(2)]
    async with raw_server(answer) as raw:
        link = link_to(raw.port, *blocks)
        async with running(link):
            ends = time.monotonic() + 1.0
            while time.monotonic() < ends:
                assert not any(good(link, b.name) for b in blocks), "no reply is that to its own request"
                await asyncio.sleep(0.002)
        tids = [ask.tid for ask in raw.heard]
        assert raw.connections > 2
        assert len(set(tids)) == len(tids)
        assert 0 not in tids


@pytest.mark.parametrize("body", [b"", b"\x08", b"\x07\x00", b"\xff" + b"\x00" * 8])
async def test_a_mutilated_reply_is_never_a_value(body: bytes) -> None:
    async def answer(ask: Ask) -> bytes:
        return ask.frame(body)

    async with raw_server() as raw:
        link = link_to(raw.port, block("h", 0, 4, period_s=PERIOD_S))
        async with running(link):
            await until(lambda: good(link, "h"))
            raw.answer = answer
            await until(lambda: bad(link, "h"))


def _late(delay_s: float, tid: int | None) -> Answer:
    async def answer(ask: Ask) -> bytes:
        await asyncio.sleep(delay_s)
        return ask.reply(tid=tid)

    return answer


@pytest.mark.parametrize("tid", [0, None])
async def test_a_late_gateway_never_displaces_a_value(tid: int | None) -> None:
    """The rig of the field notes: every answer comes later than the deadline, transaction 0 or the right one."""
    blocks = [block(f"b{n}", 100 * n, 4, period_s=PERIOD_S) for n in range(4)]
    async with raw_server() as raw:
        link = link_to(raw.port, *blocks)
        async with running(link):
            await until(lambda: all(good(link, b.name) for b in blocks))
            raw.answer = _late(TIMEOUT_S * 1.5, tid)
            await until(lambda: all(bad(link, b.name) for b in blocks))
            ends = time.monotonic() + 1.5
            while time.monotonic() < ends:
                assert all(bad(link, b.name) for b in blocks)
                await asyncio.sleep(0.005)
            assert link.health().generation > 2
            raw.answer = truth
            await until(lambda: all(good(link, b.name) for b in blocks), within_s=5)
            for b in blocks:
                assert link.buffers[b.name].value.tolist() == [b.address + i for i in range(4)]


async def test_a_doubled_reply_of_transaction_0_never_answers_the_next_request() -> None:
    async def twice(ask: Ask) -> bytes:
        return ask.reply() + ask.reply(tid=0)

    blocks = [block(f"b{n}", 100 * n, 4, period_s=PERIOD_S) for n in range(2)]
    async with raw_server(twice) as raw:
        link = link_to(raw.port, *blocks)
        async with running(link):
            ends = time.monotonic() + 0.5
            while time.monotonic() < ends:
                for b in blocks:
                    buffer = link.buffers[b.name]
                    assert not (buffer.quality == Quality.GOOD).any() or buffer.value[0] == b.address
                await asyncio.sleep(0.002)
            assert any(good(link, b.name) for b in blocks)


async def test_an_exception_costs_its_block_alone() -> None:
    """Two blocks share a request; one register of the first is refused: the second comes back by itself."""

    async def answer(ask: Ask) -> bytes:
        return ask.frame(b"\x02", function=ask.function | 0x80) if ask.address < 4 else ask.reply()

    async with raw_server(answer) as raw:
        link = link_to(raw.port, block("a", 0, 4, period_s=PERIOD_S), block("b", 6, 4, period_s=PERIOD_S))
        assert len(link.requests) == 1
        async with running(link):
            await until(lambda: good(link, "b"))
            assert bad(link, "a")
            assert link.health().generation == 1
            assert "exception 2" in link.health().last_error


async def test_a_refusal_in_the_middle_of_a_batch_is_told_of_the_right_request() -> None:
    async def answer(ask: Ask) -> bytes:
        return ask.frame(b"\x04", function=ask.function | 0x80) if ask.address == 200 else ask.reply()

    async with raw_server(answer) as raw:
        blocks = [block(f"b{n}", 100 * n, 4, period_s=PERIOD_S) for n in range(4)]
        link = link_to(raw.port, *blocks, depth=4)
        async with running(link):
            await until(lambda: all(good(link, f"b{n}") for n in (0, 1, 3)))
            assert bad(link, "b2")
            assert link.health().last_error == "bus/d/holding@200: the device answers with exception 4"
            assert link.health().generation == 1


async def test_a_gateway_that_says_target_failed_makes_that_device_bad() -> None:
    async def answer(ask: Ask) -> bytes:
        return ask.frame(b"\x0b", function=ask.function | 0x80) if ask.unit == 2 else ask.reply()

    async with raw_server() as raw:
        link = link_to(
            raw.port, block("a", 0, 4, period_s=PERIOD_S), block("b", 0, 4, unit=2, device="e", period_s=PERIOD_S)
        )
        async with running(link):
            await until(lambda: good(link, "a") and good(link, "b"))
            raw.answer = answer
            await until(lambda: bad(link, "b"))
            heard = len([ask for ask in raw.heard if ask.unit == 2])
            await asyncio.sleep(0.5)
            assert good(link, "a")
            assert link.health().generation == 1
            assert len([ask for ask in raw.heard if ask.unit == 2]) - heard <= 4, "it is probed, not hammered"


# --- devices that die, hang or are slow -----------------------------------------------------------------------------


async def _never(ask: Ask) -> bytes:
    await asyncio.sleep(3600)
    return b""


async def test_a_dead_device_is_bad_within_its_deadline_and_delays_no_other() -> None:
    async def answer(ask: Ask) -> bytes:
        return await (_never(ask) if ask.unit == 2 else truth(ask))

    async with raw_server() as raw:
        fast = block("fast", 0, 4, period_s=PERIOD_S)
        link = link_to(raw.port, fast, block("dead", 0, 4, unit=2, device="e", period_s=PERIOD_S))
        async with running(link):
            await until(lambda: good(link, "fast") and good(link, "dead"))
            raw.answer = answer
            async with stalls() as stalled:
                took_s = await until(lambda: bad(link, "dead"))
            assert took_s < TIMEOUT_S + PERIOD_S + 0.1 + stalled.total_s
            before = int(link.buffers["fast"].sample[0])
            started = time.monotonic()
            longest_s, last, last_s = 0.0, before, started
            async with stalls() as stalled:
                while time.monotonic() - started < 2.0:
                    now = int(link.buffers["fast"].sample[0])
                    if now != last:
                        longest_s, last, last_s = max(longest_s, time.monotonic() - last_s), now, time.monotonic()
                    assert not bad(link, "fast")
                    await asyncio.sleep(0.002)
            free_s = max(0.0, 2.0 - stalled.total_s)
            assert longest_s < TIMEOUT_S + 3 * PERIOD_S + 0.1 + stalled.total_s
            assert last - before > 0.6 * free_s / PERIOD_S
            raw.answer = truth
            await until(lambda: good(link, "dead"), within_s=3.0)


async def test_a_slow_device_gets_half_the_bus_and_no_pile_of_requests() -> None:
    async def answer(ask: Ask) -> bytes:
        if ask.unit == 2:
            await asyncio.sleep(0.06)
        return ask.reply()

    async with raw_server(answer) as raw:
        slow = [block(f"s{n}", 200 * n, 4, unit=2, device="e", period_s=PERIOD_S) for n in range(4)]
        link = link_to(raw.port, block("fast", 0, 4, period_s=PERIOD_S), *slow, timeout_s=PATIENT_S)
        async with running(link):
            await until(lambda: all(good(link, b.name) for b in slow))
            before, heard = int(link.buffers["fast"].sample[0]), len(raw.heard)
            # Counted by polls, not by the clock: a slow machine makes both slow.
            await until(lambda: sum(ask.unit == 2 for ask in raw.heard[heard:]) >= 15)
            assert int(link.buffers["fast"].sample[0]) - before >= 14, "one poll between two of the slow device"
            await until(lambda: link.health().late_cycles > 20)
            assert link.health().timeouts == 0


async def test_a_peer_that_closes_after_the_request_is_noticed_before_the_deadline() -> None:
    async def close(ask: Ask) -> None:
        return None

    async with raw_server() as raw:
        link = link_to(raw.port, block("h", 0, 4, period_s=PERIOD_S), timeout_s=PATIENT_S)
        async with running(link):
            await until(lambda: good(link, "h"))
            raw.answer = close
            assert await until(lambda: bad(link, "h")) < PATIENT_S / 2
            before = raw.connections
            await asyncio.sleep(1.0)
            assert raw.connections - before < 12, "reconnection backs off"
            assert link.health().timeouts == 0


async def test_an_idle_connection_closed_by_the_peer_is_reopened_without_a_word() -> None:
    async with raw_server() as raw:
        link = link_to(raw.port, block("h", 0, 4, period_s=0.3))
        async with running(link):
            await until(lambda: good(link, "h"))
            raw.hang_up()
            await until(lambda: link.health().generation == 2)
            assert good(link, "h")
            await until(lambda: link.buffers["h"].sample[0] > 0)
            assert link.health().errors == 0


async def test_a_doubled_reply_that_comes_late_costs_the_connection_and_no_other_device() -> None:
    """It meets the request to the next device, whose own answer is right as ever; every third time."""
    doubles: list[bytes] = []
    asked = 0

    async def answer(ask: Ask) -> bytes:
        nonlocal asked
        if ask.unit == 1:
            doubles[:] = [ask.reply()]
            return ask.reply()
        asked += 1
        return (doubles.pop() if doubles and asked % 3 == 0 else b"") + ask.reply()

    async with raw_server(answer) as raw:
        blocks = [block(f"b{unit}", 0, 4, unit=unit, device=f"d{unit}", period_s=PERIOD_S) for unit in (1, 2)]
        link = link_to(raw.port, *blocks, timeout_s=PATIENT_S)
        async with running(link):
            await until(lambda: good(link, "b1") and good(link, "b2"))
            while link.health().generation < 8:
                assert good(link, "b2")
                assert good(link, "b1")
                await asyncio.sleep(0.002)
            assert "transaction" in link.health().last_error
            assert link.health().timeouts == 0


@pytest.mark.parametrize("tail", [b"\0", None])
async def test_a_peer_that_pads_its_answers_or_hangs_up_after_each_is_not_stormed(tail: bytes | None) -> None:
    """The answers are right: their values stay, at the pace of new connections."""

    async def answer(ask: Ask) -> bytes:
        right = ask.frame(ask.body) if ask.function in WRITE_FUNCTIONS else ask.reply()
        if tail is None:
            asyncio.get_running_loop().call_soon(raw.hang_up)
        return right + (tail or b"")

    async with raw_server(answer) as raw:
        link = link_to(raw.port, block("h", 0, 4, period_s=0.001), timeout_s=PATIENT_S)
        async with running(link):
            await until(lambda: good(link, "h"))
            before, began_s = raw.connections, time.monotonic()
            await until(lambda: raw.connections >= before + 10)
            assert time.monotonic() - began_s > 9 * SHORTEST_CONNECTION_S
            assert good(link, "h")
            with suppress(NotConnectedError, TimedOutError):  # between the write and its read-back the connection goes
                await link.write(PointWrite("h", 0, 1.0))
            assert sum(ask.function in WRITE_FUNCTIONS for ask in raw.heard) <= 1, "never made twice"


async def test_nobody_there_is_bad_and_comes_back() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    link = link_to(port, block("h", 0, 4, table=Table.HOLDING, period_s=PERIOD_S))
    async with running(link):
        await until(lambda: bad(link, "h"))
        assert link.health().state is not LinkState.UP
        with pytest.raises(NotConnectedError):
            await link.write(PointWrite("h", 0, 1.0))


async def test_cancellation_ends_a_request_in_flight_within_100_ms() -> None:
    async with raw_server(_never) as raw:
        link = link_to(raw.port, block("h", 0, 4, period_s=PERIOD_S))
        task = asyncio.create_task(link.run())
        await until(lambda: bool(raw.heard))
        started = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - started < 0.1
        assert bad(link, "h")
        assert link.health().state is LinkState.DOWN


async def test_cancellation_is_heeded_in_whatever_moment_it_comes() -> None:
    async with raw_server() as raw:
        for n in range(60):
            link = link_to(raw.port, block("h", 0, 4, period_s=0.0005))
            task = asyncio.create_task(link.run())
            await until(lambda link=link: good(link, "h"))  # type: ignore[misc]
            for _ in range(n % 15):
                await asyncio.sleep(0)
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=0.1)
            assert done


# --- writes ---------------------------------------------------------------------------------------------------------


async def test_a_read_only_link_never_sends_a_write() -> None:
    async with raw_server() as raw:
        link = link_to(raw.port, block("h", 0, 4, period_s=PERIOD_S), read_only=True)
        async with running(link):
            await until(lambda: good(link, "h"))
            with pytest.raises(ReadOnlyError):
                await link.write(PointWrite("h", 0, 1.0))
            await until(lambda: len(raw.heard) > 20)
        assert not {ask.function for ask in raw.heard} & WRITE_FUNCTIONS
        assert {ask.function for ask in raw.heard} == {3}


async def test_an_input_cannot_be_written_nor_a_value_that_the_type_cannot_say() -> None:
    async with raw_server() as raw:
        link = link_to(raw.port, block("i", 0, 4, table=Table.INPUT), block("h", 0, 4))
        async with running(link):
            await until(lambda: good(link, "h"))
            with pytest.raises(ReadOnlyError):
                await link.write(PointWrite("i", 0, 1.0))
            for value in (float("nan"), -1.0, 65536.0):
                with pytest.raises(RefusedError):
                    await link.write(PointWrite("h", 0, value))
        assert {ask.function for ask in raw.heard} == {3, 4}


async def test_a_refused_write_is_told_and_costs_no_value() -> None:
    async def answer(ask: Ask) -> bytes:
        return ask.frame(b"\x04", function=ask.function | 0x80) if ask.function in WRITE_FUNCTIONS else ask.reply()

    async with raw_server(answer) as raw:
        link = link_to(raw.port, block("h", 0, 4, period_s=PERIOD_S))
        async with running(link):
            await until(lambda: good(link, "h"))
            with pytest.raises(RefusedError, match="exception 4"):
                await link.write(PointWrite("h", 0, 1.0))
            assert good(link, "h")
            assert len([ask for ask in raw.heard if ask.function in WRITE_FUNCTIONS]) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (_never, TimedOutError),
        (partial(_wrong, data=b""), TimedOutError),
        (_late(0.0, 0), WrongReplyError),
    ],
)
async def test_an_unproven_write_is_an_error_and_never_repeated(answer: Answer, error: type[Exception]) -> None:
    async def on_write(ask: Ask) -> bytes | None:
        return await (answer(ask) if ask.function in WRITE_FUNCTIONS else truth(ask))

    async with raw_server(on_write) as raw:
        link = link_to(raw.port, block("h", 0, 4, period_s=PERIOD_S))
        async with running(link):
            await until(lambda: good(link, "h"))
            with pytest.raises(error):
                await link.write(PointWrite("h", 0, 1.0))
            await asyncio.sleep(0.5)
            assert link.health().generation == 2
            assert len([ask for ask in raw.heard if ask.function in WRITE_FUNCTIONS]) == 1
            assert good(link, "h")


async def test_a_link_that_is_stopped_in_the_middle_of_a_write_tells_the_writer_at_once() -> None:
    async def answer(ask: Ask) -> bytes | None:
        return await (_never(ask) if ask.function in WRITE_FUNCTIONS else truth(ask))

    async with raw_server(answer) as raw:
        link = link_to(raw.port, block("h", 0, 4, period_s=PERIOD_S), timeout_s=PATIENT_S)
        task = asyncio.create_task(link.run())
        await until(lambda: good(link, "h"))
        writing = asyncio.create_task(link.write(PointWrite("h", 0, 1.0)))
        await until(lambda: any(ask.function in WRITE_FUNCTIONS for ask in raw.heard))
        task.cancel()
        done, _ = await asyncio.wait([task, writing], timeout=0.1 + 0.9)
        assert done == {task, writing}
        with pytest.raises(NotConnectedError, match="not known"):
            await writing


async def test_the_echo_of_a_write_is_checked() -> None:
    async def answer(ask: Ask) -> bytes:
        return ask.frame(ask.body[:2] + b"\x00\x63") if ask.function in WRITE_FUNCTIONS else ask.reply()

    async with raw_server(answer) as raw:
        link = link_to(raw.port, block("h", 0, 4, period_s=PERIOD_S))
        async with running(link):
            await until(lambda: good(link, "h"))
            with pytest.raises(WrongReplyError, match="echo"):
                await link.write(PointWrite("h", 0, 1.0))


async def test_writes_go_before_polls() -> None:
    async def answer(ask: Ask) -> bytes:
        await asyncio.sleep(0.02)
        return ask.frame(ask.body) if ask.function in WRITE_FUNCTIONS else ask.reply()

    async with raw_server(answer) as raw:
        blocks = [block(f"b{n}", 200 * n, 4, period_s=PERIOD_S) for n in range(6)]
        link = link_to(raw.port, *blocks)
        async with running(link):
            await until(lambda: good(link, "b0"))
            first = len(raw.heard)
            await asyncio.gather(*(link.write(PointWrite("b1", n, 1.0)) for n in range(3)))
            order = [ask.function for ask in raw.heard[first:]]
        assert order.index(6) <= 1, "at most the poll in flight goes before"
        assert order[order.index(6) :][:6] == [6, 3, 6, 3, 6, 3]


# --- sample counters ------------------------------------------------------------------------------------------------


async def test_a_standing_counter_is_no_new_sample_and_ages() -> None:
    counter = 65_534

    async def answer(ask: Ask) -> bytes:
        return ask.frame(struct.pack(">B3H", 6, counter & 0xFFFF, 11, 12))

    async with raw_server(answer) as raw:
        link = link_to(raw.port, block("h", 1, 2, counter=0, period_s=PERIOD_S))
        async with running(link):
            await until(lambda: good(link, "h"))
            buffer = link.buffers["h"]
            first = buffer.sample.copy(), buffer.received_ms.copy()
            reads = link.health().reads
            await until(lambda: link.health().reads > reads + 5)
            assert (buffer.sample == first[0]).all()
            assert (buffer.received_ms == first[1]).all()
            counter += 3
            await until(lambda: int(buffer.sample[0]) == int(first[0][0]) + 3)
            assert (buffer.received_ms > first[1]).all()


async def test_a_device_that_comes_back_frozen_is_no_new_sample() -> None:
    async def answer(ask: Ask) -> bytes:
        return ask.frame(struct.pack(">B3H", 6, 42, 11, 12))

    async with raw_server(answer) as raw:
        link = link_to(raw.port, block("h", 1, 2, counter=0, period_s=PERIOD_S))
        async with running(link):
            await until(lambda: good(link, "h"))
            received_ms = int(link.buffers["h"].received_ms[0])
            raw.answer = _never
            await until(lambda: bad(link, "h"))
            raw.answer = answer
            await until(lambda: good(link, "h"))
            assert int(link.buffers["h"].received_ms[0]) == received_ms


async def test_speed_shortens_the_period() -> None:
    async with raw_server() as raw:
        link = link_to(raw.port, block("h", 0, 4, period_s=0.5), speed=10.0)
        async with running(link):
            await until(lambda: good(link, "h"))
            before = int(link.buffers["h"].sample[0])
            await asyncio.sleep(1.0)
            assert 17 <= int(link.buffers["h"].sample[0]) - before <= 21


async def test_a_unit_is_left_in_peace_between_two_requests() -> None:
    async with raw_server() as raw:
        blocks = [block("h", 0, 4, period_s=PERIOD_S), block("other", 500, 2, unit=2, device="e", period_s=PERIOD_S)]
        connect = tcp_connector("bus", "127.0.0.1", raw.port, Framing.TCP, TIMEOUT_S, spacing_s={1: 0.05})
        limits = {b.device: DeviceLimits() for b in blocks}
        named = {b.name: b for b in blocks}
        link = ModbusLink("bus", connect, Framing.TCP, named, limits, TIMEOUT_S, tick_ms, read_only=True)
        async with running(link):
            await until(lambda: good(link, "h") and good(link, "other"))
            began_s, before = time.monotonic(), int(link.buffers["h"].sample[0])
            await until(lambda: int(link.buffers["h"].sample[0]) >= before + 10)
            assert time.monotonic() - began_s > 9 * 0.05
            assert link.health().errors == 0


# --- writes that have to wait for their unit's silence --------------------------------------------------------------


def spaced_link(port: int, *blocks: RegisterBlock, spacing_s: float) -> ModbusLink:
    connect = tcp_connector("bus", "127.0.0.1", port, Framing.TCP, TIMEOUT_S, spacing_s={1: spacing_s})
    limits = {b.device: DeviceLimits() for b in blocks}
    named = {b.name: b for b in blocks}
    return ModbusLink("bus", connect, Framing.TCP, named, limits, TIMEOUT_S, tick_ms, read_only=False)


@pytest.mark.parametrize("doubled", [False, True])
async def test_a_write_is_not_done_when_its_read_back_was_never_asked(doubled: bool) -> None:
    """The connection goes in the silence between the echo and the read-back, by the peer's hand or for a stray byte."""
    async with raw_server() as raw:
        link = spaced_link(raw.port, block("h", 0, 4, period_s=60.0), spacing_s=0.2)
        async with running(link):
            await until(lambda: good(link, "h"))

            async def echo(ask: Ask) -> bytes:
                frame = ask.frame(ask.body)
                if not doubled:
                    asyncio.get_running_loop().call_later(0.05, raw.hang_up)
                return frame + frame if doubled else frame

            raw.answer = echo
            heard = len(raw.heard)
            with pytest.raises(NotConnectedError):
                await link.write(PointWrite("h", 2, 7.0))
            raw.answer = truth
            assert [ask.function for ask in raw.heard[heard:]] == [6]
            assert link.buffers["h"].value[2] == 2


async def test_a_write_is_not_sent_after_its_writer_has_given_up() -> None:
    async with raw_server() as raw:
        link = spaced_link(raw.port, block("h", 0, 4, period_s=60.0), spacing_s=5 * TIMEOUT_S)
        async with running(link):
            await until(lambda: good(link, "h"))
            with pytest.raises(TimedOutError):
                await link.write(PointWrite("h", 2, 7.0))
            await asyncio.sleep(3 * TIMEOUT_S)
            assert {ask.function for ask in raw.heard} == {3}


# --- values of before an outage -------------------------------------------------------------------------------------


async def test_no_value_of_before_an_outage_is_taken_for_a_new_sample() -> None:
    """The peer goes in the middle of a block of several requests: the block is read anew from its beginning."""
    blocks = [block("h", 0, 300, period_s=PERIOD_S)]
    shift = 0

    async def moving(ask: Ask) -> bytes | None:
        nonlocal shift
        if ask.address > 200 and not shift:
            shift = 1000
            return None
        registers = [shift + ask.address + place for place in range(ask.count)]
        return ask.frame(struct.pack(f">B{ask.count}H", 2 * ask.count, *registers))

    async with raw_server(moving) as raw:
        link = link_to(raw.port, *blocks)
        async with running(link):
            await until(lambda: good(link, "h"))
            assert (link.buffers["h"].value == 1000 + np.arange(300)).all()


# --- behind a converter ---------------------------------------------------------------------------------------------


async def test_a_reply_of_another_unit_costs_the_one_that_was_asked_nothing_once() -> None:
    """It is that unit's late reply; asked again over the new connection, the one that was asked is right."""
    wrong_once = True

    async def answer(ask: Ask) -> bytes:
        nonlocal wrong_once
        if ask.unit == 2 and wrong_once and len(raw.heard) > 5:
            wrong_once = False
            return ask.reply(unit=1)
        return ask.reply()

    async with raw_server(answer) as raw:
        blocks = [block("a", 0, 4, period_s=PERIOD_S), block("b", 0, 4, unit=2, device="e", period_s=PERIOD_S)]
        link = link_to(raw.port, *blocks)
        async with running(link):
            await until(lambda: good(link, "a") and good(link, "b"))
            while link.health().generation < 2:
                assert good(link, "b")
                await asyncio.sleep(0.002)
            reads = link.health().reads
            await until(lambda: link.health().reads > reads + 4)
            assert good(link, "b")


async def test_a_device_that_fails_every_other_time_is_told_as_unreliable() -> None:
    """Each failure may be another's doing and costs it no value; it is counted all the same."""
    count = 0

    async def answer(ask: Ask) -> bytes:
        nonlocal count
        count += 1
        return ask.reply(tid=ask.tid ^ 1) if count % 2 else ask.reply()

    async with raw_server(answer) as raw:
        link = link_to(raw.port, block("h", 0, 4, period_s=PERIOD_S))
        async with running(link):
            await until(lambda: link.health().unreliable == ("d",))
            assert good(link, "h")
