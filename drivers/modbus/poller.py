"""A Modbus link without its wire library: one owner task polls, writes first, trusts no connection that failed once."""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from drivers.link import (
    LinkError,
    LinkHealth,
    LinkState,
    NotConnectedError,
    PointWrite,
    ReadOnlyError,
    RefusedError,
    TickMs,
    TimedOutError,
    WrongReplyError,
)
from drivers.modbus.frame import Words, encode
from drivers.modbus.intake import Intakes, blocks_of
from drivers.modbus.plan import DeviceLimits, Part, Request, plan
from drivers.modbus.schedule import Cycle, Schedule
from drivers.points import BlockBuffer, RegisterBlock, Table

CONNECT_TIMEOUT_S = 1.0
FIRST_BACKOFF_S = 0.1
LONGEST_BACKOFF_S = 2.0
WRITE_DEADLINE = 4
"""Deadline of a write in request timeouts: one in flight, a reconnection, the write, its read-back."""

GATEWAY_CODES = frozenset({10, 11})
"""Exceptions by which a gateway says that the device behind it is out (Modbus Application Protocol 1.1b3, 7)."""

ADDRESS_CODES = frozenset({1, 2, 3, 4})
"""Exceptions that one register may cause for all that are read with it (the same)."""

_LATENCIES = 256
_LONGEST_SLEEP_S = 60.0
_WRITABLE = frozenset({Table.COIL, Table.HOLDING})


class DeviceRefusedError(RefusedError):
    """An exception reply, with its code."""

    def __init__(self, place: str, code: int) -> None:
        super().__init__(place, f"the device answers with exception {code}")
        self.code = code


class Wire(Protocol):
    """One connection: one request at a time, within its deadline, answered rightly or by a `LinkError`."""

    @property
    def lost(self) -> bool:
        """Whether the peer has closed the connection."""
        ...

    async def read(self, request: Request, place: str) -> Words:
        """Give the words that `request` asks for."""
        ...

    async def write(self, request: Request, words: tuple[int, ...], place: str) -> None:
        """Write `words` to where `request` reads them."""
        ...

    def close(self) -> None:
        """Drop the connection, and with it all that is not sent yet."""
        ...


Connect = Callable[[Callable[[], None]], Awaitable[Wire]]
"""Opens a connection; calls back when it is lost. Raises `NotConnectedError`."""


@dataclass(frozen=True, slots=True)
class _Job:
    """A write that waits for its turn, as the request that reads it back."""

    request: Request
    words: tuple[int, ...]
    device: str
    place: str
    done: "asyncio.Future[None]"


class ModbusLink:
    """Implements `Link` for one Modbus TCP endpoint; its units share the connection.

    `blocks` by name; `devices` by the name that blocks give; `timeout_s` is the wall time that one request may take;
    periods are plant time and pass `speed` times as fast. A device that does not answer is BAD at once and rests, the
    others go on over a new connection. A reply that is not the right one makes the whole link BAD.
    """

    def __init__(
        self,
        name: str,
        connect: Connect,
        blocks: Mapping[str, RegisterBlock],
        devices: Mapping[str, DeviceLimits],
        timeout_s: float,
        tick_ms: TickMs,
        read_only: bool,
        speed: float,
    ) -> None:
        self._name = name
        self._connect = connect
        self._blocks = dict(blocks)
        self._devices = dict(devices)
        self._timeout_s = timeout_s
        self._tick_ms = tick_ms
        self._read_only = read_only
        self._speed = speed
        self._intakes = Intakes(self._blocks.values())
        self._members: dict[str, list[str]] = {}
        for block in self._blocks.values():
            self._members.setdefault(block.device, []).append(block.name)
        self._plans = {device: self._plan(device, names) for device, names in self._members.items()}
        self._latencies_s = {device: deque[float](maxlen=_LATENCIES) for device in self._members}
        self._jobs: deque[_Job] = deque()
        self._wake: asyncio.Future[None] | None = None
        self._schedule = Schedule({}, speed, 0.0)
        self._failures = 0
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
        return tuple(request for requests in self._plans.values() for request in requests)

    def health(self) -> LinkHealth:
        """A snapshot; the latency is that of the slowest device."""
        slowest_s = [float(np.percentile(list(times), 99)) for times in self._latencies_s.values() if times]
        return LinkHealth(
            state=self._state,
            generation=self._generation,
            reads=self._reads,
            errors=self._errors,
            timeouts=self._timeouts,
            latency_p99_ms=max(slowest_s, default=float("nan")) * 1e3,
            late_cycles=self._schedule.late_cycles,
            last_error=self._last_error,
        )

    def _plan(self, device: str, names: Iterable[str]) -> tuple[Request, ...]:
        limits = self._devices[device]
        return plan((self._blocks[name] for name in names), limits.max_registers, limits.max_gap)

    # --- the owner task ---------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Connect, poll, reconnect; for ever, until cancelled."""
        self._schedule = Schedule(self._plans, self._speed, asyncio.get_running_loop().time())
        try:
            while True:
                wire = await self._open()
                try:
                    await self._serve(wire)
                except LinkError as error:
                    self._note(error)
                finally:
                    wire.close()
        finally:
            self._down("stopped")

    async def _open(self) -> Wire:
        """Connect, as often as it takes. A connection without one good answer counts as a failure (no busy loop)."""
        while True:
            if self._failures:
                self._down("not connected")
                await asyncio.sleep(_backoff_s(self._failures))
            self._failures += 1
            self._state = LinkState.CONNECTING
            try:
                wire = await self._connect(self._rouse)
            except NotConnectedError as error:
                self._note(error)
                self._down(error.what)
                continue
            self._generation += 1
            self._state = LinkState.UP
            return wire

    async def _serve(self, wire: Wire) -> None:
        """Writes first, then the poll that is due; leave with the error that cost the connection."""
        loop = asyncio.get_running_loop()
        while not wire.lost:
            if self._jobs:
                await self._do(wire, self._jobs.popleft())
            elif (cycle := self._schedule.pick(loop.time())) is not None:
                await self._poll(wire, cycle)
            else:
                await self._sleep_until(self._schedule.next_due_s())

    async def _poll(self, wire: Wire, cycle: Cycle) -> None:
        request, clock = cycle.request, asyncio.get_running_loop().time
        started_s = clock()
        try:
            words = await wire.read(request, f"{self._name}/{cycle.device}/{request.table}@{request.address}")
        except DeviceRefusedError as error:
            self._note(error)
            self._refused(cycle, error.code, started_s)
        except LinkError:
            self._schedule.failed(cycle.device, started_s, clock())
            self._intakes.fail(self._members[cycle.device])
            raise
        else:
            self._answered(cycle.device, clock() - started_s)
            self._intakes.take(request, words, self._tick_ms())
            self._schedule.done(cycle, started_s, clock())

    def _refused(self, cycle: Cycle, code: int, started_s: float) -> None:
        """A refusal costs the blocks of its request alone; from a gateway it says that the device is out."""
        now_s = asyncio.get_running_loop().time()
        self._failures = 0
        if code in GATEWAY_CODES:
            self._intakes.fail(self._members[cycle.device])
            self._schedule.failed(cycle.device, started_s, now_s)
            return
        names = blocks_of(cycle.request)
        self._intakes.fail(names)
        self._schedule.done(cycle, started_s, now_s)
        if code in ADDRESS_CODES and len(names) > 1:
            # From now on every block by itself, so that one bad register does not blind its neighbours.
            together = sorted({name for request in cycle.requests for name in blocks_of(request)})
            cycle.requests = [request for name in together for request in self._plan(cycle.device, (name,))]
            cycle.position = 0

    def _answered(self, device: str, latency_s: float) -> None:
        self._reads += 1
        self._failures = 0
        self._latencies_s[device].append(latency_s)

    def _note(self, error: LinkError) -> None:
        self._errors += 1
        self._timeouts += isinstance(error, TimedOutError)
        self._last_error = str(error)
        if isinstance(error, WrongReplyError):
            self._intakes.fail_all()

    def _down(self, why: str) -> None:
        """Nothing is known any more, and no write waits for a connection that may come much later."""
        self._state = LinkState.DOWN
        self._intakes.fail_all()
        while self._jobs:
            job = self._jobs.popleft()
            _settle(job, NotConnectedError(job.place, why))

    async def _sleep_until(self, when_s: float) -> None:
        """Sleep until `when_s` of the loop's clock, or until a write comes or the connection goes."""
        loop = asyncio.get_running_loop()
        self._wake = loop.create_future()
        handle = loop.call_at(min(when_s, loop.time() + _LONGEST_SLEEP_S), self._rouse)
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
        job = self._job(write)
        self._jobs.append(job)
        self._rouse()
        try:
            async with asyncio.timeout(WRITE_DEADLINE * self._timeout_s):
                await job.done
        except TimeoutError:
            raise TimedOutError(job.place, "not written within its deadline; the link is too slow or down") from None
        finally:
            if not job.done.cancel() and not job.done.cancelled():
                job.done.exception()  # fetched, even if this task is cancelled in the same moment

    def _job(self, write: PointWrite) -> _Job:
        block = self._blocks[write.block]
        place = f"{self._name}/{block.device}/{block.name}[{write.index}]"
        if self._read_only:
            raise ReadOnlyError(place, "the link is read-only; nothing was written")
        if block.table not in _WRITABLE:
            raise ReadOnlyError(place, f"table {block.table} cannot be written; name a coil or a holding register")
        if self._state is LinkState.DOWN:
            raise NotConnectedError(place, self._last_error or "the link is not running")
        if not 0 <= write.index < block.count:
            raise RefusedError(place, f"the block has {block.count} points")
        try:
            words = encode(block, write.value)
        except ValueError as error:
            raise RefusedError(place, str(error)) from error
        address = block.address + write.index * block.data_type.registers
        back = Request(
            block.unit, block.table, address, len(words), block.period_s, (Part(block, write.index, 1, 0),), ()
        )
        return _Job(back, words, block.device, place, asyncio.get_running_loop().create_future())

    async def _do(self, wire: Wire, job: _Job) -> None:
        """Write and read back; the one who asked hears of every error, a failed connection is left as after a poll."""
        if job.done.done():
            return
        started_s = asyncio.get_running_loop().time()
        try:
            await wire.write(job.request, job.words, job.place)
            words = await wire.read(job.request, job.place)
        except RefusedError as error:
            self._note(error)
            _settle(job, error)
        except LinkError as error:
            self._schedule.failed(job.device, started_s, asyncio.get_running_loop().time())
            self._intakes.fail(self._members[job.device])
            _settle(job, error)
            raise
        else:
            self._answered(job.device, (asyncio.get_running_loop().time() - started_s) / 2)
            self._intakes.take(job.request, words, self._tick_ms())
            _settle(job, None)


def _settle(job: _Job, error: LinkError | None) -> None:
    if job.done.done():
        return
    if error is None:
        job.done.set_result(None)
    else:
        job.done.set_exception(error)


def _backoff_s(failures: int) -> float:
    longest_s = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(failures - 1, 10))
    return random.uniform(0.5, 1.0) * longest_s  # noqa: S311 (jitter, not a secret)
