"""A Modbus link without its wire: one owner task polls, writes first, trusts no connection that failed once."""

import asyncio
import math
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from drivers.link import LinkError, LinkHealth, LinkState, NotConnectedError, PointWrite, TickMs, TimedOutError
from drivers.modbus.errors import DeviceRefusedError, Where
from drivers.modbus.frame import Batch, Framing, ask_read
from drivers.modbus.intake import Intakes, Reading, blocks_of
from drivers.modbus.learned import Learned
from drivers.modbus.plan import DeviceLimits, PlanError, Request, confusable, plan_link
from drivers.modbus.schedule import Cycle, Schedule
from drivers.modbus.wire import Connect, Wire
from drivers.modbus.writing import Job, Writes
from drivers.points import BlockBuffer, RegisterBlock

FIRST_BACKOFF_S = 0.1
LONGEST_BACKOFF_S = 2.0
LONGEST_SLEEP_S = 60.0

SHORTEST_CONNECTION_S = 0.05
"""From one connection to the next at least (assumed): a peer that ends each after one answer, or pads its answers, is not stormed."""

GATEWAY_CODES = frozenset({10, 11})
"""Exceptions by which a gateway says that the device behind it is out (Modbus Application Protocol 1.1b3, 7)."""

ADDRESS_CODES = frozenset({1, 2, 3, 4})
"""Exceptions that one register may cause for all that are read with it (the same)."""


class ModbusLink:
    """Implements `Link` for one Modbus endpoint or serial line; its units share the connection.

    `blocks` by name; `devices` by the name that blocks give; `timeout_s` is the wall time that one request may take; periods are plant time
    and pass `speed` times as fast. As many requests of a device are in flight as its `DeviceLimits.depth` says. A device that does not
    answer, or not rightly, is BAD at once and rests; the others go on, over a new connection where it was a socket.
    """

    def __init__(
        self,
        name: str,
        connect: Connect,
        framing: Framing,
        blocks: Mapping[str, RegisterBlock],
        devices: Mapping[str, DeviceLimits],
        timeout_s: float,
        tick_ms: TickMs,
        read_only: bool,
        speed: float = 1.0,
    ) -> None:
        self._name = name
        self._connect = connect
        self._framing = framing
        self._devices = dict(devices)
        self._timeout_s = timeout_s
        self._tick_ms = tick_ms
        self._speed = speed
        self._blocks = dict(blocks)
        self._intakes = Intakes(self._blocks.values())
        self._writes = Writes(name, self._blocks, timeout_s, self._rouse, read_only=read_only)
        self._members: dict[str, list[str]] = {}
        for block in self._blocks.values():
            self._members.setdefault(block.device, []).append(block.name)
        self._learned = {device: Learned() for device in self._members}
        self._schedule = Schedule[Reading](self._cycles(), 0.0)
        self._cycle: Cycle[Reading] | None = None
        self._started_s = 0.0
        self._pardoned: set[str] = set()
        self._wake: asyncio.Future[None] | None = None
        self._failures = 0
        self._opened_s = -math.inf
        self._state = LinkState.DOWN
        self._generation = self._reads = self._errors = self._timeouts = 0
        self._last_error = ""

    @property
    def name(self) -> str:
        """The link's name in the site file."""
        return self._name

    @property
    def buffers(self) -> Mapping[str, BlockBuffer]:
        """The buffers that this link fills, by block."""
        return self._intakes.buffers

    @property
    def requests(self) -> tuple[Request, ...]:
        """The read plan of all devices."""
        return tuple(request for device in self._members for request in self._plan(device))

    def health(self) -> LinkHealth:
        """A snapshot; the latency is that of the slowest device. UP means that the connection has answered a read."""
        now_s = time.monotonic()
        latencies_s = [learned.p99_s() for learned in self._learned.values()]
        return LinkHealth(
            state=self._state,
            generation=self._generation,
            reads=self._reads,
            errors=self._errors,
            timeouts=self._timeouts,
            latency_p99_ms=1e3 * max(filter(math.isfinite, latencies_s), default=math.nan),
            late_cycles=self._schedule.late_cycles,
            last_error=self._last_error,
            near_deadline=tuple(d for d, learned in self._learned.items() if learned.is_near(self._timeout_s)),
            unreliable=tuple(d for d, learned in self._learned.items() if learned.is_unreliable(now_s)),
        )

    # --- the plan ---------------------------------------------------------------------------------------------------

    def _plan(self, device: str, names: Iterable[str] | None = None) -> tuple[Request, ...]:
        limits = self._devices[device]
        blocks = (self._blocks[name] for name in names or self._members[device])
        has_transactions = self._framing is Framing.TCP
        return plan_link(blocks, limits.max_registers, limits.max_gap, has_transactions=has_transactions)

    def _cycles(self) -> list[Cycle[Reading]]:
        """For each device and period its requests, in batches of the device's depth."""
        cycles = []
        for device in self._members:
            by_period: dict[float, list[Request]] = {}
            for request in self._plan(device):
                by_period.setdefault(request.period_s, []).append(request)
            cycles += [
                Cycle(device, self._readings(device, requests), period_s / self._speed)
                for period_s, requests in by_period.items()
            ]
        return cycles

    def _asked(self, device: str) -> Iterator[Request]:
        """What the device is asked at present."""
        for cycle in self._schedule.cycles(device):
            for reading in cycle.turns:
                yield from reading.requests

    def _readings(self, device: str, requests: Iterable[Request]) -> list[Reading]:
        """Requests with all that can be made ready for them. What may not wait for another's reply is not in flight with it."""
        requests, depth = tuple(requests), 1 if self._framing is Framing.RTU else self._devices[device].depth
        return [self._reading(device, requests[first : first + depth]) for first in range(0, len(requests), depth)]

    def _reading(self, device: str, requests: tuple[Request, ...]) -> Reading:
        asks = [
            ask_read(Where(self._name, device, f"{r.table}@{r.address}"), r.unit, r.table, r.address, r.count)
            for r in requests
        ]
        return self._intakes.reading(requests, Batch(asks, self._framing))

    # --- the owner task ---------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Connect, poll, reconnect; for ever, until cancelled."""
        self._schedule = Schedule(self._cycles(), time.monotonic())
        try:
            while True:
                wire = await self._open()
                try:
                    await self._serve(wire)
                finally:
                    wire.close()
        finally:
            self._down("stopped")

    async def _open(self) -> Wire:
        """Connect, as often as it takes. A connection without one good answer counts as a failure (no busy loop)."""
        while True:
            if self._failures:
                # What was read before keeps its age: one unit that makes its gateway hang up does not blind the others.
                self._state = LinkState.DOWN
                self._writes.refuse_all("not connected")
                await asyncio.sleep(_backoff_s(self._failures))
            self._failures += 1
            self._state = LinkState.CONNECTING
            await asyncio.sleep(self._opened_s + SHORTEST_CONNECTION_S - time.monotonic())
            self._opened_s = time.monotonic()
            try:
                wire = await self._connect(self._lost)
            except NotConnectedError as error:
                self._note(error)
                self._down(error.what)
                continue
            self._generation += 1
            return wire

    async def _serve(self, wire: Wire) -> None:
        """Writes first, then the poll that is due, until the connection is gone."""
        loop = asyncio.get_running_loop()
        while await wire.ready():
            if (job := self._writes.next()) is not None:
                await self._do(wire, job)
            elif (batch := self._next(loop.time())) is not None:
                await self._poll(wire, batch)
            else:
                await self._sleep_until(self._schedule.next_due_s())

    async def _poll(self, wire: Wire, batch: Batch) -> None:
        """Poll until nothing is due or a write waits. An error costs the device that was asked."""
        try:
            await wire.exchange(batch, self._answered)
        except LinkError as error:
            self._note(error)
            if self._cycle is not None:
                self._failed(self._cycle.device, keep=self._is_pardoned(self._cycle.device, error))

    def _is_pardoned(self, device: str, error: LinkError) -> bool:
        """Whether the device keeps its values and is asked once more: a peer may have closed its connection before it was asked at all.

        Once, until it answers: a device that makes its gateway hang up is as dead as a silent one.
        """
        if not isinstance(error, NotConnectedError) or device in self._pardoned:
            return False
        self._pardoned.add(device)
        return True

    def _next(self, now_s: float) -> Batch | None:
        """What to poll now."""
        self._cycle = cycle = None if self._writes.waiting else self._schedule.pick(now_s)
        self._started_s = now_s
        return None if cycle is None else cycle.turn.batch

    def _answered(self, batch: Batch, wait_s: float) -> Batch | None:
        """Take in a batch's replies; runs in the connection's own call-back, so that no task is woken between two requests."""
        cycle, now_s = self._cycle, time.monotonic()
        if cycle is None:  # cannot be: what was polled was picked
            return None
        reading = cycle.turn
        reading.take(self._tick_ms())
        self._note_answer(cycle.device, wait_s, now_s)
        self._reads += len(reading.requests)
        if any(batch.codes):
            self._refused(cycle, reading, now_s)
        else:
            self._schedule.done(cycle, self._started_s, now_s)
        return self._next(now_s)

    def _refused(self, cycle: Cycle[Reading], reading: Reading, now_s: float) -> None:
        """A refusal costs the blocks of its request alone; from a gateway it says that the device is out."""
        batch = reading.batch
        refused = [(r, code) for r, code in zip(reading.requests, batch.codes, strict=True) if code]
        for ask, code in zip(batch.asks, batch.codes, strict=True):
            if code:
                self._note(DeviceRefusedError(str(ask.where), code))
        if any(code in GATEWAY_CODES for _, code in refused):
            self._failed(cycle.device)
            return
        together: set[str] = set()
        for request, code in refused:
            names = blocks_of(request)
            self._intakes.fail(names)
            together |= names if code in ADDRESS_CODES and len(names) > 1 else set()
        self._schedule.done(cycle, self._started_s, now_s)
        if together:
            self._part(cycle)

    def _part(self, cycle: Cycle[Reading]) -> None:
        """From now on every block of the cycle by itself, so that one bad register does not blind its neighbours.

        Not where the reply to one block would then pass for another's: such blocks stay together, and BAD.
        """
        names = sorted({name for reading in cycle.turns for request in reading.requests for name in blocks_of(request)})
        try:
            requests = [request for name in names for request in self._plan(cycle.device, (name,))]
        except PlanError:  # a counter that lies far from its block, with nothing around it that may be read as well
            return
        others = [r for r in self._asked(cycle.device) if blocks_of(r).isdisjoint(names)]
        if self._framing is Framing.RTU and confusable([*requests, *others]) is not None:
            return
        cycle.turns = self._readings(cycle.device, requests)
        cycle.position = 0

    def _note_answer(self, device: str, wait_s: float, now_s: float) -> None:
        self._failures = 0
        self._state = LinkState.UP
        self._pardoned.discard(device)
        self._learned[device].good(wait_s, now_s)

    def _failed(self, device: str, *, keep: bool = False) -> None:
        """The device rests, and has no good value any more unless it may keep what it had."""
        now_s = time.monotonic()
        self._learned[device].failed(now_s)
        self._schedule.failed(device, self._started_s, now_s)
        if not keep:
            self._intakes.fail(self._members[device])

    def _note(self, error: LinkError) -> None:
        self._errors += 1
        self._timeouts += isinstance(error, TimedOutError)
        self._last_error = str(error)

    def _lost(self, error: LinkError | None) -> None:
        """The connection went, or brought what nobody asked for, while it was idle. A peer may close it without a word, not for a reason."""
        if error is not None:
            self._note(error)
        self._rouse()

    def _down(self, why: str) -> None:
        """Nothing is known any more, and no write waits for a connection that may come much later."""
        self._state = LinkState.DOWN
        self._intakes.fail_all()
        self._writes.refuse_all(why)

    async def _sleep_until(self, when_s: float) -> None:
        """Sleep until `when_s` of the loop's clock, or until a write comes or the connection goes."""
        loop = asyncio.get_running_loop()
        self._wake = loop.create_future()
        handle = loop.call_at(min(when_s, loop.time() + LONGEST_SLEEP_S), self._rouse)
        try:
            await self._wake
        finally:
            handle.cancel()

    def _rouse(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    # --- writing ----------------------------------------------------------------------------------------------------

    async def write(self, write: PointWrite) -> None:
        """Write one level and read it back at once. Raises `LinkError` within `WRITE_DEADLINE` request timeouts."""
        if self._state is LinkState.DOWN:
            self._writes.check(write)
            raise NotConnectedError(self._writes.place(write), self._last_error or "the link is not running")
        await self._writes.ask(write)

    async def _do(self, wire: Wire, job: Job) -> None:
        """Write and read back; the one who asked hears of every error, a failed connection is left as after a poll."""
        self._started_s = time.monotonic()
        back = self._reading(job.device, (self._back(job),))
        try:
            await _settled(wire, Batch((job.ask,), self._framing))
            await _settled(wire, back.batch, lambda: back.take(self._tick_ms()))
        except asyncio.CancelledError:
            job.settle(NotConnectedError(str(job.ask.where), "the link stops; whether it was written is not known"))
            raise
        except DeviceRefusedError as error:
            self._note(error)
            job.settle(error)
        except LinkError as error:
            self._note(error)
            self._failed(job.device)
            job.settle(error)
        else:
            job.settle(None)

    def _back(self, job: Job) -> Request:
        """The request that reads a write back; where no transaction tells replies apart, the one that polls the point anyway.

        Then a late reply to it can only pass for itself in a later poll. And no poll's late reply can pass for the read-back: a unit answers
        one request after the other, so what it owed came before its echo of the write, which nothing but a write can pass for.
        """
        if self._framing is Framing.TCP:
            return job.request
        (wanted,) = job.request.parts
        return next(
            request
            for request in self._asked(job.device)
            for part in request.parts
            if part.block.name == wanted.block.name and part.first <= wanted.first < part.first + part.count
        )


async def _settled(wire: Wire, batch: Batch, take: Callable[[], None] = lambda: None) -> None:
    """One batch, and nothing after it; what `take` finds wrong with its values is the wire's business too.

    Raises `DeviceRefusedError` for an exception.
    """

    def answered(batch: Batch, _wait_s: float) -> None:
        if not batch.codes[0]:
            take()

    await wire.exchange(batch, answered)
    if batch.codes[0]:
        raise DeviceRefusedError(str(batch.asks[0].where), batch.codes[0])


def _backoff_s(failures: int) -> float:
    longest_s = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(failures - 1, 10))
    return random.uniform(0.5, 1.0) * longest_s  # noqa: S311 (jitter, not a secret)
