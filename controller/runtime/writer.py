"""The output writer: carries decided levels to the modules, and keeps their watchdogs alive while the scan moves.

One lane, with a task of its own, for each device: a slow or dead module never delays another. In a lane the newest level of a channel
wins and nothing is repeated on a lane's own account; the core writes again until the image shows the level.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from controller.core.events import Write
from controller.runtime.logs import Log
from controller.runtime.supervision import Duty, Supervision
from drivers.link import Link, LinkError, PointWrite

log = Log(__name__)

IDLE_BEAT_S = 1.0
"""A lane with nothing to do shows that it lives this often."""
MAX_AGE_S = 10.0
"""Above the longest write that a link may take (its deadline times the writes that may stand before it on a shared wire)."""
_KICKS = 9999
"""Kick numbers run from 1 to this: they fit every register type."""


@dataclass(slots=True)
class Order:
    """A level to write. With `intent`, it waits for `seq` to be durable, until `deadline_s` at most."""

    write: PointWrite
    intent: bool = False
    seq: int = 0
    deadline_s: float = 0.0


@dataclass(slots=True)
class Lane:
    """The orders of one device, newest per channel, in the order in which they came."""

    device: str
    link: Link
    pending: dict[int, Order] = field(default_factory=dict)
    current: tuple[int, float] | None = None
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    written: int = 0
    failed: int = 0
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class Kick:
    """A module's watchdog: a number to change every `period_s` wall seconds at image index `point`."""

    point: int
    period_s: float
    is_bit: bool


class Writer:
    """Takes the writes of a scan without waiting.

    `lane_of` gives the device of an image index, `place_of` its block and index there. `durable_seq` is the journal's; `intent_wait_s`
    is one scan of the wall.
    """

    def __init__(
        self,
        links: Mapping[str, Link],
        lane_of: Callable[[int], str],
        place_of: Callable[[int], tuple[str, int]],
        durable_seq: Callable[[], int],
        intent_wait_s: float,
        supervision: Supervision,
    ) -> None:
        self.lanes = {device: Lane(device, link) for device, link in links.items()}
        self.intent_timeouts = 0
        self._lane_of = lane_of
        self._place_of = place_of
        self._durable_seq = durable_seq
        self._intent_wait_s = intent_wait_s
        self._supervision = supervision

    def submit(self, writes: Sequence[Write], seq: int) -> None:
        """Hand over a scan's writes; `seq` is the number of its last journal entry."""
        deadline_s = time.monotonic() + self._intent_wait_s
        for write in writes:
            self._put(write.point, float(write.value), write.intent, seq, deadline_s)

    def durable(self) -> None:
        """The journal has come further: whoever waits for it looks again."""
        for lane in self.lanes.values():
            if lane.pending:
                lane.wake.set()

    async def run(self) -> None:
        """Run all lanes, for ever."""
        async with asyncio.TaskGroup() as group:
            for lane in self.lanes.values():
                group.create_task(self._run_lane(lane), name=f"writer {lane.device}")

    async def kick(self, kick: Kick, scan: Callable[[], int]) -> None:
        """Change the number of one module's watchdog, for ever, but only after the scan counter has moved."""
        count, last_scan = 0, scan()
        while True:
            await asyncio.sleep(kick.period_s)
            if (now := scan()) == last_scan:
                continue
            last_scan, count = now, count % _KICKS + 1
            self._put(kick.point, float(count % 2 if kick.is_bit else count), intent=False, seq=0, deadline_s=0.0)

    def _put(self, point: int, value: float, intent: bool, seq: int, deadline_s: float) -> None:
        lane = self.lanes[self._lane_of(point)]
        known = lane.pending.get(point)
        if known is not None and known.write.value == value:
            return  # the core says it again: the deadline of the first time stands
        if known is None and lane.current == (point, value):
            return  # on the wire right now
        block, index = self._place_of(point)
        lane.pending.pop(point, None)
        lane.pending[point] = Order(PointWrite(block, index, value), intent, seq, deadline_s)
        lane.wake.set()

    async def _run_lane(self, lane: Lane) -> None:
        name = f"writer {lane.device}"
        self._supervision.add(Duty(name, IDLE_BEAT_S, MAX_AGE_S))
        while True:
            self._supervision.beat(name)
            lane.wake.clear()
            point, wait_s = self._next(lane)
            if point is None:
                await _woken(lane.wake, min(wait_s, IDLE_BEAT_S))
                continue
            order = lane.pending.pop(point)
            lane.current = (point, order.write.value)
            try:
                await self._write_one(lane.link, order.write)
                lane.written += 1
            except LinkError as error:
                self._note(lane, error)
            finally:
                lane.current = None

    def _next(self, lane: Lane) -> tuple[int | None, float]:
        """The first order that may go now; else how long until the next one may go in any case."""
        now_s, wait_s = time.monotonic(), IDLE_BEAT_S
        for point, order in lane.pending.items():
            if not order.intent or self._durable_seq() >= order.seq:
                return point, 0.0
            if now_s >= order.deadline_s:
                self.intent_timeouts += 1
                return point, 0.0
            wait_s = min(wait_s, order.deadline_s - now_s)
        return None, wait_s

    async def _write_one(self, link: Link, write: PointWrite) -> None:
        """The one place where a level leaves for the field."""
        await link.write(write)

    def _note(self, lane: Lane, error: LinkError) -> None:
        """Log the first of a row of the same errors; the trouble itself is the core's, from what reads back."""
        lane.failed += 1
        if str(error) != lane.last_error:
            lane.last_error = str(error)
            log.warning("write_failed", device=lane.device, error=str(error))


async def _woken(event: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return
