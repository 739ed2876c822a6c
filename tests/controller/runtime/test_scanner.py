from __future__ import annotations

import asyncio
import time
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest

from controller.core.commands import Acknowledge
from controller.core.events import Event, Kind, Write
from controller.core.image import Image
from controller.core.trips import HOST_FACTS
from controller.runtime.assemble import device_of
from controller.runtime.clock import PlantClock
from controller.runtime.daemon import call_on
from controller.runtime.hostfacts import WINDOW_SCANS, HostFacts, night_watch
from controller.runtime.journal import Journal
from controller.runtime.journalfile import restore
from controller.runtime.recorder import Recorder
from controller.runtime.recording import Start, open_recording
from controller.runtime.scanner import MAX_COMMANDS, Outlets, Scanner
from controller.runtime.supervision import Supervision
from controller.runtime.writer import Writer
from controller.site.model import Night
from drivers.points import BlockBuffer, Quality
from tests.controller.core.field import Field
from tests.controller.runtime.fakes import FakeCore, FakeLink, Outcome, event, latched, small_layout, until

LAYOUT = small_layout()
OPENING = (Event(0, 0, Kind.START, "", "bench", "fresh"),)


class Bench:
    def __init__(self, folder: Path, core: FakeCore, first_scan: int = 0, opening: tuple[Event, ...] = ()) -> None:
        self.core = core
        self.journal = Journal(folder / "journal.sqlite")
        self.recorder = Recorder(folder / "recording.hrec", Start("s", 0, LAYOUT.n_points, b"", b"", b"", 0))
        self.links = {"do-1": FakeLink("io"), "do-2": FakeLink("io-2")}
        self.supervision = Supervision()
        self.writer = Writer(
            self.links, device_of(LAYOUT), LAYOUT.place_of, lambda: self.journal.durable_seq, 1.0, self.supervision
        )
        self.buffers = [BlockBuffer.empty(block.count) for block in LAYOUT.blocks]
        self.facts = HostFacts(
            self.journal.lag_ms,
            self.recorder.lag_ms,
            lambda: self.writer.intent_timeouts,
            lambda: (0, 2, 0),
            lambda: True,
        )
        self.published: list[tuple[int, tuple[Event, ...]]] = []
        outlets = Outlets(
            self.journal, self.recorder, self.writer, lambda seq, events: self.published.append((seq, events))
        )
        self.scanner = Scanner(
            LAYOUT,
            core,
            self.buffers,
            PlantClock(time.monotonic_ns()),
            self.facts,
            outlets,
            self.supervision,
            first_scan,
            opening,
        )

    async def scan_for(self, seconds: float) -> None:
        task = asyncio.create_task(self.scanner.run())
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def close(self) -> None:
        for part in (self.journal, self.recorder):
            part.start()
            assert part.close()


async def test_scans_keep_their_period_and_count_on(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FakeCore(), first_scan=100)
    await bench.scan_for(0.51)
    scans = [image.scan for image, _ in bench.core.seen]
    assert scans == list(range(101, 101 + len(scans)))
    assert 20 <= len(scans) <= 26
    ticks = [image.tick_ms for image, _ in bench.core.seen]
    assert ticks == sorted(ticks)
    assert bench.facts.overruns == 0


async def test_a_missed_period_is_counted_and_left_out_never_made_up_for(tmp_path: Path) -> None:
    def slow_once(image: Image) -> Outcome:
        if image.scan == 3:
            time.sleep(0.13)
        return Outcome()

    bench = Bench(tmp_path, FakeCore(slow_once))
    asyncio.get_running_loop().slow_callback_duration = 1.0
    await bench.scan_for(0.5)
    assert 4 <= bench.facts.overruns <= 7
    ticks = [image.tick_ms for image, _ in bench.core.seen]
    assert ticks[3] - ticks[2] >= 130
    assert min(np.diff(ticks[4:])) >= 10  # no burst after the stall
    assert len(ticks) <= 25 - bench.facts.overruns + 1


async def test_what_the_field_said_is_frozen_and_the_host_facts_travel_along(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FakeCore())
    bench.buffers[0].value[:] = [1.0, 2.0, 3.0, 4.0]
    bench.buffers[0].quality[:] = Quality.GOOD
    bench.facts.scanned(5)
    bench.scanner.scan_once()
    bench.buffers[0].value[:] = 9.0
    image, _ = bench.core.seen[0]
    assert image.value[:4].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert len(image.host) == len(HOST_FACTS)
    assert image.host[0] == 8  # 5 of the last 600 periods, in permille
    assert image.host[HOST_FACTS.index("unreliable_device")] == 2


async def test_journal_comes_before_writer_and_recorder_before_the_core(tmp_path: Path) -> None:
    def decide(image: Image) -> Outcome:
        assert len(bench.recorder._waiting) == image.scan
        return Outcome(
            (event(image.scan),),
            (Write("x", 1, 1, intent=True),),
            latched(image.tick_ms, image.scan),
            state_changed=True,
        )

    bench = Bench(tmp_path, FakeCore(decide))
    task = asyncio.create_task(bench.writer.run())
    bench.journal.start(partial(call_on, asyncio.get_running_loop(), bench.writer.durable))
    await asyncio.sleep(0)
    bench.scanner.scan_once()
    await until(lambda: bool(bench.links["do-1"].writes))
    assert bench.journal.durable_seq == 1
    assert bench.published == [(1, (event(1),))]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    bench.recorder.start()
    assert bench.journal.close()
    assert bench.recorder.close()
    assert restore(tmp_path / "journal.sqlite").seq == 1


async def test_an_image_that_breaks_the_core_is_in_the_recording(tmp_path: Path) -> None:
    def broken(_image: Image) -> Outcome:
        raise ZeroDivisionError

    bench = Bench(tmp_path, FakeCore(broken))
    task = asyncio.create_task(bench.scanner.run())
    (error,) = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(error, ZeroDivisionError)
    bench.close()
    assert [recorded.image.scan for recorded in open_recording(tmp_path / "recording.hrec").scans()] == [1]


async def test_a_standing_trouble_does_not_commit_every_scan(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path, FakeCore(lambda image: Outcome((), (), latched(image.tick_ms, image.scan // 4), state_changed=True))
    )
    for _ in range(8):
        bench.scanner.scan_once()
    assert len(bench.journal._waiting) == 3


async def test_commands_go_into_the_next_scan_and_are_answered_by_its_events(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FakeCore())
    said = [Acknowledge(operator=f"op {n}", zone="room") for n in range(MAX_COMMANDS + 2)]
    answers = [bench.scanner.ask(command) for command in said]
    bench.scanner.scan_once()
    assert [answer.done() for answer in answers] == [True] * MAX_COMMANDS + [False] * 2
    bench.core.refuse = "no"
    bench.scanner.scan_once()
    assert bench.core.seen[0][1] + bench.core.seen[1][1] == tuple(said)
    first, last = answers[0].result(), answers[-1].result()
    assert first is not None
    assert last is not None
    assert (first.kind, last.kind, last.text) == (Kind.COMMAND, Kind.REFUSED, "no")
    bench.close()
    recorded = list(open_recording(tmp_path / "recording.hrec").scans())
    assert recorded[0].commands == tuple(said[:MAX_COMMANDS])


async def test_the_last_word_of_the_core_is_journalled(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FakeCore())
    bench.scanner.close()
    assert bench.published == []
    bench.scanner.scan_once()
    bench.scanner.close()
    assert bench.published == [(1, (event(1, "closed", Kind.DIGEST),))]


class Steps:
    def __init__(self) -> None:
        self.wall_ns, self.monotonic_ns = 10**18, 10**9

    def facts(self) -> HostFacts:
        return HostFacts(
            lambda: 149, lambda: 30, lambda: 2, lambda: (4, 0, 1), lambda: True, lambda: self.wall_ns,
            lambda: self.monotonic_ns,
        )  # fmt: skip

    def later(self, wall_s: float, monotonic_s: float) -> None:
        self.wall_ns += int(wall_s * 1e9)
        self.monotonic_ns += int(monotonic_s * 1e9)


def test_host_facts_are_coarse_and_a_step_of_the_wall_clock_shows_for_ten_seconds() -> None:
    steps = Steps()
    facts = steps.facts()
    facts.loop_late_ms = 60
    assert facts.read() == (0, 100, 0, 2, 50, 0, 4, 0, 1, 1)
    steps.later(-3600.0, 1.0)
    assert facts.read()[5] == 3_601_000 // 200 * 200
    steps.later(11.0, 11.0)
    facts.read()
    steps.later(1.0, 1.0)
    assert facts.read()[5] == 0


@pytest.mark.parametrize(
    ("begins", "ends", "nights"),
    [("20:00", "06:00", {"20:00", "23:59", "00:30", "05:59"}), ("00:30", "05:59", {"00:30", "05:58"})],
)
def test_it_is_night_by_local_time_also_over_midnight(begins: str, ends: str, nights: set[str]) -> None:
    night = msgspec.convert({"from": begins, "to": ends}, Night)
    for clock in nights | {"06:00", "12:00", "19:59"}:
        wall_s = time.mktime((2026, 3, 9, int(clock[:2]), int(clock[3:]), 30, 0, 0, -1))
        assert night_watch(night, partial(float, wall_s))() is (clock in nights), clock
    assert not night_watch(None)()


def test_overruns_are_a_share_of_the_last_minute_and_pass() -> None:
    facts = Steps().facts()
    facts.scanned(9)
    assert facts.read()[0] == 15
    for _ in range(WINDOW_SCANS - 10):
        facts.scanned()
    assert facts.read()[0] == 15  # still within the window, with nothing before it
    for _ in range(10):
        facts.scanned()
    assert facts.read()[0] == 0
    facts.scanned(10 * WINDOW_SCANS)
    assert (facts.read()[0], facts.overruns) == (1000, 10 * WINDOW_SCANS + 9)


async def test_missed_periods_become_a_trouble_of_the_core_which_passes(tmp_path: Path) -> None:
    """The whole way: scanner, host facts, image, trip."""
    stalls = iter([0.0, 0.0, 0.3])

    def decide(_image: Image) -> Outcome:
        time.sleep(next(stalls, 0.0))
        return Outcome()

    bench, field = Bench(tmp_path, FakeCore(decide)), Field()
    asyncio.get_running_loop().slow_callback_duration = 1.0
    await bench.scan_for(0.6)
    assert 12 <= bench.facts.overruns < 60
    assert 0 < bench.core.seen[-1][0].host[0] < 100
    field.host = bench.core.seen[-1][0].host
    field.run(0.2)
    assert "scan_overrun:controller" in field.troubles()
    for _ in range(WINDOW_SCANS):
        bench.facts.scanned()
    bench.scanner.scan_once()
    field.host = bench.core.seen[-1][0].host
    field.run(0.2)
    assert "scan_overrun:controller" not in field.troubles()


async def test_the_opening_comes_first_and_once_and_with_the_first_state(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path, FakeCore(lambda image: Outcome((event(image.scan),), (), latched(5), True)), opening=OPENING
    )
    bench.scanner.scan_once()
    bench.scanner.scan_once()
    bench.close()
    assert [one.what for _, events in bench.published for one in events] == ["fresh", "on", "on"]
    assert [seq for seq, _ in bench.published] == [1, 3]
    assert restore(bench.journal.path).seq == 3
