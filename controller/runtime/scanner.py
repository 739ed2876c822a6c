"""The scan loop: freeze the image, let the core decide, hand the result on. Steps 2, 7 and 8 of the design around its pure middle."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from msgspec.structs import replace

from controller.core.commands import AnyCommand
from controller.core.events import Event, Kind, Write
from controller.core.image import Image, freeze
from controller.core.layout import Layout
from controller.core.state import State
from controller.runtime.clock import PlantClock
from controller.runtime.hostfacts import HostFacts
from controller.runtime.journal import Journal
from controller.runtime.recorder import Recorder
from controller.runtime.supervision import Duty, Supervision
from controller.runtime.timer import PeriodTimer
from controller.runtime.writer import Writer
from drivers.points import BlockBuffer

SCANNER = "scanner"
MAX_AGE_S = 2.0
"""Wall seconds without a scan before the watchdog is withheld: far above a stall of Python, far below any response time."""
MAX_COMMANDS = 16
"""Commands taken into one scan; the rest waits for the next."""


class ScanOutcome(Protocol):
    """What the core gives back (`controller.core.scan.ScanResult`)."""

    @property
    def events(self) -> tuple[Event, ...]:
        """What happened."""
        ...

    @property
    def writes(self) -> tuple[Write, ...]:
        """Levels to write."""
        ...

    @property
    def state(self) -> State:
        """Latched state after the scan."""
        ...

    @property
    def state_changed(self) -> bool:
        """Whether it may differ from the one before."""
        ...


class Core(Protocol):
    """The pure core (`controller.core.scan.Controller`)."""

    def scan(self, image: Image, commands: tuple[AnyCommand, ...] = ()) -> ScanOutcome:
        """Decide on one image."""
        ...

    def close(self, image: Image) -> Event:
        """The last event of a run."""
        ...


@dataclass(slots=True)
class Asked:
    """A command on its way into a scan, and the answer to it: the event that the core made of it."""

    command: AnyCommand
    answer: asyncio.Future[Event | None]


@dataclass(frozen=True, slots=True)
class Outlets:
    """Where a scan's result goes; `publish` hears (first number, events) for subscribers."""

    journal: Journal
    recorder: Recorder
    writer: Writer
    publish: Callable[[int, tuple[Event, ...]], None]


@dataclass(slots=True)
class ScanTimes:
    """How the loop keeps its time, in wall milliseconds."""

    last_ms: float = 0.0
    longest_ms: float = 0.0
    latest_ms: float = 0.0
    """Worst lateness of a wake-up."""
    recent_ms: deque[float] = field(default_factory=lambda: deque(maxlen=600))


class Scanner:
    """Runs the scans at an absolute period; a missed period is counted and left out, never made up for.

    `opening` is what the runtime itself has to say first: it goes into the journal before the first scan's events, in one commit with its
    state.
    """

    def __init__(
        self,
        layout: Layout,
        core: Core,
        buffers: Sequence[BlockBuffer],
        clock: PlantClock,
        facts: HostFacts,
        outlets: Outlets,
        supervision: Supervision,
        first_scan: int = 0,
        opening: tuple[Event, ...] = (),
    ) -> None:
        self.scan = first_scan
        self.times = ScanTimes()
        self.image: Image | None = None
        self._layout = layout
        self._core = core
        self._buffers = tuple(buffers)
        self._clock = clock
        self._facts = facts
        self._outlets = outlets
        self._supervision = supervision
        self._period_s = clock.wall_s(layout.site.site.scan_s)
        self._seq = 0
        self._kept: State | None = None
        self._state: State | None = None
        self._opening = opening
        self._asked: deque[Asked] = deque()
        supervision.add(Duty(SCANNER, self._period_s, max(MAX_AGE_S, 10 * self._period_s)))

    def ask(self, command: AnyCommand) -> asyncio.Future[Event | None]:
        """Put a command before the next scan. The answer is its event, of kind COMMAND or REFUSED (None: the core said nothing)."""
        asked = Asked(command, asyncio.get_running_loop().create_future())
        self._asked.append(asked)
        return asked.answer

    async def run(self) -> None:
        """Scan for ever."""
        with PeriodTimer(self._period_s) as timer:
            while True:
                self.scan_once()
                self._facts.scanned(await timer.wait() - 1)
                self._facts.loop_late_ms = int(timer.late_s * 1000)
                self.times.latest_ms = max(self.times.latest_ms, timer.late_s * 1000)

    def close(self) -> None:
        """Journal the core's last word, after the last scan."""
        if self.image is not None:
            event = self._core.close(self.image)
            seq = self._outlets.journal.append(self.image.scan, self.image.tick_ms, (event,), None)
            self._outlets.publish(seq, (event,))

    def scan_once(self) -> None:
        """One scan. The inputs are recorded before the core sees them, so that an image which breaks it is kept."""
        began_s = time.perf_counter()
        asked = self._take()
        commands = tuple(one.command for one in asked)
        place, facts = (self.scan + 1, self._clock.tick_ms()), self._facts.read()
        image = freeze(*place, self._buffers, self._layout.max_age_ms, facts, self.image)
        self._outlets.recorder.record(image, commands, self._state)
        result = self._core.scan(image, commands)
        self._state = result.state
        self._hand_on(image, result)
        _answer(asked, result.events)
        self.image, self.scan = image, image.scan
        self._supervision.beat(SCANNER)
        self._note_time((time.perf_counter() - began_s) * 1000)

    def _hand_on(self, image: Image, result: ScanOutcome) -> None:
        """Journal first, then the writer: an intent is on its way to the disk before its write is on its way to the field."""
        events, self._opening = (*self._opening, *result.events), ()
        if events or (result.state_changed and self._differs(result.state)):
            self._kept = result.state
            self._seq = self._outlets.journal.append(image.scan, image.tick_ms, events, result.state)
        if result.writes:
            self._outlets.writer.submit(result.writes, self._seq)
        if events:
            self._outlets.publish(self._seq - len(events) + 1, events)

    def _differs(self, state: State) -> bool:
        """Whether the state says anything new but its time: a standing trouble must not commit to the disk every scan."""
        return self._kept is None or replace(state, tick_ms=self._kept.tick_ms) != self._kept

    def _take(self) -> list[Asked]:
        return [self._asked.popleft() for _ in range(min(len(self._asked), MAX_COMMANDS))]

    def _note_time(self, took_ms: float) -> None:
        self.times.last_ms = took_ms
        self.times.longest_ms = max(self.times.longest_ms, took_ms)
        self.times.recent_ms.append(took_ms)


def _answer(asked: list[Asked], events: tuple[Event, ...]) -> None:
    """The core answers each command, in their order, with one event of kind COMMAND or REFUSED."""
    answers = [event for event in events if event.kind in {Kind.COMMAND, Kind.REFUSED}]
    for one, event in zip(asked, [*answers, *[None] * len(asked)], strict=False):
        if not one.answer.done():
            one.answer.set_result(event)
