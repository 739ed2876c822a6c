from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from controller.core.events import Write
from controller.runtime.assemble import device_of
from controller.runtime.supervision import Supervision
from controller.runtime.writer import Kick, Writer
from drivers.link import NotConnectedError
from tests.controller.runtime.fakes import FakeLink, small_layout, until

LAYOUT = small_layout()
ARM, FIRE, KICK, OTHER = 0, 1, 4, 5
"""Image indices: two coils and the watchdog of do-1, a coil of do-2."""
WAIT_S = 0.1


class Bench:
    def __init__(self) -> None:
        self.links = {"do-1": FakeLink("io"), "do-2": FakeLink("io-2")}
        self.durable_seq = 0
        self.writer = Writer(
            self.links, device_of(LAYOUT), LAYOUT.place_of, lambda: self.durable_seq, WAIT_S, Supervision()
        )

    def submit(self, point: int, value: int, *, intent: bool = False, seq: int = 0) -> None:
        self.writer.submit([Write("x", point, value, intent)], seq)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    task = asyncio.create_task(bench.writer.run())
    await asyncio.sleep(0)
    yield bench
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_levels_go_to_their_place(bench: Bench) -> None:
    bench.submit(FIRE, 1)
    bench.submit(OTHER, 0)
    await until(lambda: len(bench.links["do-1"].writes) == 1 and len(bench.links["do-2"].writes) == 1)
    assert bench.links["do-1"].levels == [("coils-1", 1, 1.0)]
    assert bench.links["do-2"].levels == [("coils-2", 0, 0.0)]


async def test_a_module_that_does_not_answer_delays_no_other(bench: Bench) -> None:
    bench.links["do-1"].hold.clear()
    bench.submit(ARM, 1)
    bench.submit(FIRE, 1)
    began_s = time.monotonic()
    bench.submit(OTHER, 1)
    await until(lambda: bool(bench.links["do-2"].writes))
    assert time.monotonic() - began_s < 0.1
    assert bench.links["do-1"].writes == []


async def test_the_newest_level_of_a_channel_wins(bench: Bench) -> None:
    link = bench.links["do-1"]
    link.hold.clear()
    bench.submit(ARM, 1)
    await asyncio.sleep(0.01)
    for level in (1, 0, 1, 0):
        bench.submit(FIRE, level)
    link.hold.set()
    await until(lambda: len(link.writes) == 2)
    await asyncio.sleep(0.02)
    assert link.levels == [("coils-1", 0, 1.0), ("coils-1", 1, 0.0)]


async def test_a_level_that_is_on_the_wire_is_not_queued_again_but_its_opposite_is(bench: Bench) -> None:
    link = bench.links["do-1"]
    link.hold.clear()
    bench.submit(ARM, 1)
    await asyncio.sleep(0.01)
    bench.submit(ARM, 1)
    bench.submit(ARM, 0)
    link.hold.set()
    await until(lambda: len(link.writes) == 2)
    assert [write.value for write in link.writes] == [1.0, 0.0]


async def test_a_failed_write_is_not_repeated_by_the_writer(bench: Bench) -> None:
    link = bench.links["do-1"]
    link.fail = NotConnectedError("io", "down")
    bench.submit(ARM, 1)
    await until(lambda: bench.writer.lanes["do-1"].failed == 1)
    link.fail = None
    await asyncio.sleep(0.05)
    assert link.writes == []
    bench.submit(ARM, 1)
    await until(lambda: len(link.writes) == 1)


async def test_an_intent_waits_for_the_journal(bench: Bench) -> None:
    bench.submit(FIRE, 1, intent=True, seq=7)
    bench.submit(ARM, 1)
    await until(lambda: bool(bench.links["do-1"].writes))
    await asyncio.sleep(0.02)
    assert bench.links["do-1"].levels == [("coils-1", 0, 1.0)]
    bench.durable_seq = 7
    bench.writer.durable()
    await until(lambda: len(bench.links["do-1"].writes) == 2)
    assert bench.writer.intent_timeouts == 0


async def test_an_intent_goes_after_one_scan_anyway_and_is_counted(bench: Bench) -> None:
    began_s = time.monotonic()
    bench.submit(FIRE, 1, intent=True, seq=7)
    while not bench.links["do-1"].writes:
        await asyncio.sleep(0.01)
        bench.submit(FIRE, 1, intent=True, seq=8)  # the core says it again: the wait does not begin anew
    assert WAIT_S <= time.monotonic() - began_s < 2 * WAIT_S
    assert bench.writer.intent_timeouts == 1


async def test_an_intent_that_was_taken_back_is_never_written(bench: Bench) -> None:
    bench.submit(FIRE, 1, intent=True, seq=7)
    bench.submit(FIRE, 0)
    await until(lambda: bool(bench.links["do-1"].writes))
    bench.durable_seq = 7
    bench.writer.durable()
    await asyncio.sleep(2 * WAIT_S)
    assert bench.links["do-1"].levels == [("coils-1", 1, 0.0)]


async def test_a_modules_watchdog_is_kicked_with_changing_numbers_only_while_the_scan_moves(bench: Bench) -> None:
    scan = 0
    task = asyncio.create_task(bench.writer.kick(Kick(KICK, 0.01, is_bit=False), lambda: scan))
    try:
        await asyncio.sleep(0.05)
        assert bench.links["do-1"].writes == []
        for _ in range(20):
            scan += 1
            await asyncio.sleep(0.01)
        written = bench.links["do-1"].levels
        values = [value for _, _, value in written]
        assert len(values) >= 5
        assert {(block, index) for block, index, _ in written} == {("kick-1", 0)}
        assert all(one != other for one, other in pairwise(values))
        await asyncio.sleep(0.03)
        standing = len(bench.links["do-1"].writes)
        await asyncio.sleep(0.05)
        assert len(bench.links["do-1"].writes) == standing
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
