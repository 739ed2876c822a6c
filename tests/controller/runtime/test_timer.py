from __future__ import annotations

import asyncio
import ctypes
import os
import time
from pathlib import Path

import pytest

from controller.core.image import Image
from controller.runtime.timer import PeriodTimer
from tests.controller.runtime.fakes import FakeCore, Outcome
from tests.controller.runtime.test_scanner import Bench


def timers_open() -> int:
    """Timer descriptors of this process."""
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            found += "timerfd" in str(descriptor.readlink())
        except FileNotFoundError:  # the listing's own descriptor
            continue
    return found


def block(seconds: float) -> None:
    """Hold the loop up."""
    asyncio.get_running_loop().slow_callback_duration = 10.0
    time.sleep(seconds)


async def test_every_period_is_counted_once_whatever_happens_in_between() -> None:
    """Absolute periods: the work of each round (half a period and more) does not move the next one."""
    with PeriodTimer(0.01) as timer:
        began_s = time.monotonic()
        counted = 0
        for _ in range(20):
            counted += await timer.wait()
            block(0.006)
        counted += await timer.wait()
        gone_s = time.monotonic() - began_s
    assert counted * 0.01 <= gone_s < (counted + 1) * 0.01 + 0.005


async def test_missed_periods_are_counted_when_the_loop_was_blocked() -> None:
    with PeriodTimer(0.1) as timer:
        assert await timer.wait() == 1
        block(0.35)
        assert await timer.wait() == 3
        assert timer.late_s < 0.1  # late for the period that is running, not for those that were missed
        assert await timer.wait() == 1  # at 0.5 s: none is made up for


async def test_a_loop_blocked_while_the_task_waits_is_late() -> None:
    with PeriodTimer(0.1) as timer:
        loop = asyncio.get_running_loop()
        loop.call_soon(block, 0.35)
        assert await timer.wait() == 3
        assert timer.late_s >= 0.25


async def test_lateness_is_small_and_never_negative_on_a_free_loop() -> None:
    with PeriodTimer(0.005) as timer:
        late = []
        for _ in range(20):
            await timer.wait()
            late.append(timer.late_s)
    assert min(late) >= 0
    assert sorted(late)[10] < 0.005


async def test_an_overrun_in_every_period_leaves_the_loop_its_turns() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    with PeriodTimer(0.001) as timer:
        for _ in range(10):
            block(0.003)
            assert await timer.wait() >= 2
    task.cancel()
    assert turns >= 10


async def test_a_cancelled_wait_leaves_no_descriptor_and_no_reader() -> None:
    before = timers_open()

    async def for_ever() -> None:
        with PeriodTimer(10.0) as timer:
            await timer.wait()

    task = asyncio.create_task(for_ever())
    await asyncio.sleep(0.01)
    assert timers_open() == before + 1
    task.cancel()
    began_s = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began_s < 0.1
    assert timers_open() == before


async def test_a_cancelled_wait_loses_no_period() -> None:
    with PeriodTimer(0.02) as timer:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001):
                    await timer.wait()
        assert not asyncio.get_running_loop().remove_reader(timer._descriptor)
        await asyncio.sleep(0.07)
        assert await timer.wait() >= 3


async def test_closing_twice_gives_nothing_back_that_is_another_s() -> None:
    timer = PeriodTimer(1.0)
    number = timer._descriptor
    timer.close()
    other = os.dup(0)
    assert other == number
    timer.close()
    os.fstat(other)
    os.close(other)


async def test_a_child_process_does_not_inherit_the_clock() -> None:
    with PeriodTimer(1.0) as timer:
        assert not os.get_inheritable(timer._descriptor)


async def test_the_scanner_tells_how_late_the_loop_was_and_counts_each_missed_period_once(tmp_path: Path) -> None:
    """The scan period is 20 ms; something else holds the loop for 130 ms, then it is free."""
    bench = Bench(tmp_path, FakeCore())
    told: list[tuple[int, int]] = []

    def note(_image: Image) -> Outcome:
        told.append((bench.facts.overruns, bench.facts.loop_late_ms))
        return Outcome()

    bench.core.script = note
    asyncio.get_running_loop().call_later(0.05, block, 0.13)
    await bench.scan_for(0.3)
    hit = next(number for number, (overruns, _) in enumerate(told) if overruns)
    overruns, late_ms = told[hit]
    assert overruns in {5, 6, 7}
    assert 100 <= late_ms < 180
    assert told[hit + 1][1] < 100  # the wake-up after it was in time again
    assert len(told) + bench.facts.overruns <= 16
    assert bench.scanner.times.latest_ms >= late_ms
    assert timers_open() == 0


@pytest.mark.parametrize("period_s", [0.0, -0.1, 1e-12])
def test_a_period_that_is_none_is_refused(period_s: float) -> None:
    before = timers_open()
    with pytest.raises(ValueError, match="remedy: give one above 0"):
        PeriodTimer(period_s)
    assert timers_open() == before


def test_a_system_without_timerfd_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda *_args, **_options: object())
    with pytest.raises(OSError, match="remedy: run the daemon on Linux"):
        PeriodTimer(0.1)


def test_a_timer_that_the_kernel_refuses_leaves_no_descriptor() -> None:
    before = timers_open()
    with pytest.raises(OSError, match="timerfd_settime"):
        PeriodTimer(2.0**63)
    assert timers_open() == before
