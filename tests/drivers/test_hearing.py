"""What Python hears of the compiled exchange, and when: values at once, replies before time-outs, a read-back once, errors in any case."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import pytest

from drivers.link import PointWrite
from drivers.modbus import kernel
from drivers.modbus.errors import Where
from drivers.modbus.exchange import BUDGET_NS, exchange_of
from drivers.modbus.frame import Batch, Framing, ask_read
from drivers.modbus.learned import Learned
from drivers.modbus.wire import Once
from drivers.points import DataType, RegisterBlock, Table
from tests.drivers.field import running, until
from tests.drivers.test_tcp import PATIENT_S, good, link_to
from tests.drivers.through_lane import ThroughLane

QUICK_DEVICE = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    peer, _ = server.accept()
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    coil = 0
    while asked := peer.recv(12):
        if asked[7] == 5:
            coil = int(asked[10] == 255)
        peer.sendall(asked if asked[7] == 5 else asked[:4] + bytes((0, 4, asked[6], 1, 1, coil)))
"""
"""One coil, in a process of its own: while the kernel waits, Python's other threads do not run."""

NEAR_S = kernel.NEAR_NS / 1e9


@contextmanager
def quick_device() -> Iterator[int]:
    command = [sys.executable, "-c", QUICK_DEVICE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as device:
        try:
            assert device.stdout is not None
            yield int(device.stdout.readline())
        finally:
            device.kill()


def read_of(unit: int) -> Batch:
    return Batch([ask_read(Where("bus", "d", "b"), unit, Table.HOLDING, 7, 4)], Framing.TCP)


async def test_values_of_a_slow_device_do_not_wait_for_the_answers_behind_them() -> None:
    """Eight blocks of one cycle and 30 ms an answer: each is in its buffer while the next is still awaited."""
    seen: list[list[int]] = []
    blocks = [
        RegisterBlock(f"b{n}", "d", 1, Table.HOLDING, 200 * n, 20 + n, DataType.UINT16, 0.05, 5.0) for n in range(8)
    ]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                asked = await reader.readexactly(12)
                await asyncio.sleep(0.03)
                seen.append([int(link.buffers[b.name].sample[0]) for b in blocks])
                size = 2 * asked[11]
                writer.write(asked[:4] + bytes((0, 3 + size, asked[6], 3, size)) + bytes(size))

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        link = link_to(server.sockets[0].getsockname()[1], *blocks, timeout_s=PATIENT_S)
        async with running(link):
            await until(lambda: len(seen) >= 16, within_s=PATIENT_S)
    # While the answer of one block is made, that of the block before it has been taken in.
    first = [samples[0] for samples in seen]
    behind = [samples for samples in seen if len(set(samples)) > 1]
    assert first[1] > first[0]
    assert len(behind) >= 10


async def test_replies_that_came_in_time_are_heard_after_a_stall_of_the_loop() -> None:
    """More connections than the kernel reads in one call, and a loop that stood still beyond the time-out."""
    count, asked = 2 * kernel.MOST_EVENTS, RegisterBlock("b", "d", 1, Table.HOLDING, 0, 4, DataType.UINT16, 0.02, 5.0)

    def serve(stop: threading.Event, ready: list[int]) -> None:
        asyncio.run(_answer_at_once(stop, ready))

    stop, ready = threading.Event(), list[int]()
    server = threading.Thread(target=serve, args=(stop, ready))
    server.start()
    try:
        await until(lambda: bool(ready), within_s=PATIENT_S)
        links = [link_to(ready[0], asked, timeout_s=0.5) for _ in range(count)]
        async with running(*links):
            await until(lambda: all(good(link, "b") for link in links), within_s=20.0)
            before = sum(link.health().timeouts for link in links)
            time.sleep(0.8)  # noqa: ASYNC251 (the stall)
            await asyncio.sleep(0.2)
            assert sum(link.health().timeouts for link in links) == before
            assert all(good(link, "b") for link in links)
    finally:
        stop.set()
        await asyncio.to_thread(server.join)


async def _answer_at_once(stop: threading.Event, ready: list[int]) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                asked = await reader.readexactly(12)
                size = 2 * asked[11]
                writer.write(asked[:4] + bytes((0, 3 + size, asked[6], 3, size)) + bytes(size))

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1000)
    ready.append(server.sockets[0].getsockname()[1])
    while not stop.is_set():
        await asyncio.sleep(0.02)
    server.close()


def test_a_write_that_was_written_is_read_back_once() -> None:
    """Another write stops what goes ahead: the read-back is then given by `next`, with nothing ahead of it."""
    write, back = read_of(17), read_of(17)
    once = Once(write, back)
    assert list(once.ahead()) == [back]
    assert once.next(0.0) is write
    once.answered((write,), (0.0,), (0.0,))
    assert once.next(0.0) is back
    assert list(once.ahead()) == []


async def test_an_error_at_the_deadline_ends_its_connection_and_reaches_the_owner() -> None:
    lane = ThroughLane()
    lane.expect(read_of(17))
    inner = lane._lane
    assert inner is not None
    inner._take_answered = lambda: (_ for _ in ()).throw(ZeroDivisionError)  # type: ignore[method-assign]
    inner._look()
    assert inner._lost
    assert inner._timer is None
    lane.close()


@pytest.mark.parametrize(
    ("wait_s", "asked_ago_s", "is_awaited"),
    [(NEAR_S - 1e-6, 0.0, True), (NEAR_S, 0.0, False), (None, 0.0, False), (NEAR_S - 1e-6, NEAR_S, False)],
    ids=["quick", "not quick", "nothing learned", "asked a while ago"],
)
async def test_only_an_answer_that_is_nearly_there_is_awaited(
    wait_s: float | None, asked_ago_s: float, *, is_awaited: bool
) -> None:
    lane, learned = ThroughLane(), Learned()
    lane.expect(read_of(17))
    assert lane._lane is not None
    if wait_s is not None:
        learned.good((10.0, wait_s), time.monotonic())
    lane._lane.cells[kernel.LEARNED] = learned.address
    took_ns = []
    for _ in range(50):
        began_ns = time.monotonic_ns()
        lane._lane.cells[kernel.SINCE] = began_ns - round(asked_ago_s * 1e9)
        lane._lane._exchange._go_on()
        took_ns.append(time.monotonic_ns() - began_ns)
    assert (min(took_ns) >= BUDGET_NS) == is_awaited
    lane.close()


async def test_what_a_quick_device_says_to_a_write_is_heard_in_the_writers_call() -> None:
    coil = RegisterBlock("out", "d", 1, Table.COIL, 0, 1, DataType.BIT, 0.005, 5.0)
    loop, levels = asyncio.get_running_loop(), 0
    with quick_device() as port:
        link = link_to(port, coil, timeout_s=PATIENT_S)
        async with running(link):
            await until(lambda: good(link, "out"), within_s=PATIENT_S)
            ended_s = time.monotonic() + 60.0
            at_once = False
            while not at_once:  # the machine may give its cores to others meanwhile, but not always
                assert time.monotonic() < ended_s
                levels += 1
                turned = loop.create_future()
                loop.call_soon(turned.set_result, None)
                await link.write(PointWrite("out", 0, float(levels % 2)))
                at_once = not turned.done()
                assert link.buffers["out"].value[0] == levels % 2
                await asyncio.sleep(0.005)


async def test_of_two_writes_in_a_row_one_lets_the_loop_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    lane = ThroughLane()
    exchange, budgets = exchange_of(asyncio.get_running_loop()), list[int]()
    monkeypatch.setattr(exchange, "_turn", budgets.append)
    exchange.ask_now()
    exchange.ask_now()
    exchange._go_on()
    exchange.ask_now()
    assert budgets == [BUDGET_NS, 0, BUDGET_NS, BUDGET_NS]
    lane.close()
