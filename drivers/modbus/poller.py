"""A Modbus link without its wire: one owner task polls, writes first, trusts no connection that failed once."""

import asyncio
import math
import random
import time
from collections.abc import Mapping

from drivers.link import LinkError, LinkHealth, LinkState, NotConnectedError, PointWrite, TickMs, TimedOutError
from drivers.modbus.errors import DeviceRefusedError
from drivers.modbus.frame import Batch, Framing
from drivers.modbus.intake import Reading
from drivers.modbus.plan import DeviceLimits, Request
from drivers.modbus.polling import Polling
from drivers.modbus.wire import Connect, Once, Wire
from drivers.modbus.writing import Job, Writes
from drivers.points import BlockBuffer, RegisterBlock

FIRST_BACKOFF_S = 0.1
LONGEST_BACKOFF_S = 2.0

WRITES_KEPT = 64
"""Writes whose requests are kept ready."""

SHORTEST_CONNECTION_S = 0.05
"""From one connection to the next at least (assumed): a peer that ends each after one answer, or pads its answers, is not stormed."""


class ModbusLink:
    """Implements `Link` for one Modbus endpoint or serial line; its units share the connection.

    `blocks` by name; `devices` by the name that blocks give; `timeout_s` is the wall time that one request may take, `wire_s` what the
    longest one and its answer take on a serial line besides; periods are plant time and pass `speed` times as fast. As many requests of a
    device are in flight as its `DeviceLimits.depth` says. A device that does not answer, or not rightly, is BAD at once and rests; the others
    go on, over a new connection where it was a socket.
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
        wire_s: float = 0.0,
    ) -> None:
        self._name = name
        self._connect = connect
        self._framing = framing
        self._timeout_s = timeout_s
        self._tick_ms = tick_ms
        self._writes = Writes(name, dict(blocks), timeout_s + wire_s, self._rouse, read_only=read_only)
        self._polling = Polling(
            name, framing, blocks, devices, tick_ms, speed, self._writes.is_waiting, self._heard, self._note
        )
        self._backs: dict[str, Reading] = {}
        """By place, what reads a write back: made at the first write."""
        self._written: dict[tuple[str, bytes], Batch] = {}
        """By place and request, writes that were made already: most outputs know two levels."""
        self._wire: Wire | None = None
        self._failures = 0
        self._opened_s = -math.inf
        self._state = LinkState.DOWN
        self._generation = self._errors = self._timeouts = 0
        self._last_error = ""

    @property
    def name(self) -> str:
        """The link's name in the site file."""
        return self._name

    @property
    def buffers(self) -> Mapping[str, BlockBuffer]:
        """The buffers that this link fills, by block."""
        return self._polling.intakes.buffers

    @property
    def requests(self) -> tuple[Request, ...]:
        """The read plan of all devices."""
        return self._polling.requests

    def health(self) -> LinkHealth:
        """A snapshot; the latency is that of the slowest device. UP means that the connection has answered a read."""
        now_s, learned = time.monotonic(), self._polling.learned
        latencies_s = [device.p99_s() for device in learned.values()]
        return LinkHealth(
            state=self._state,
            generation=self._generation,
            reads=self._polling.reads,
            errors=self._errors,
            timeouts=self._timeouts,
            latency_p99_ms=1e3 * max(filter(math.isfinite, latencies_s), default=math.nan),
            late_cycles=self._polling.schedule.late_cycles,
            last_error=self._last_error,
            near_deadline=tuple(name for name, device in learned.items() if device.is_near(self._timeout_s)),
            unreliable=tuple(name for name, device in learned.items() if device.is_unreliable(now_s)),
        )

    # --- the owner task ---------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Connect, poll, reconnect; for ever, until cancelled."""
        self._polling.start(time.monotonic())
        try:
            while True:
                self._wire = await self._open()
                try:
                    await self._serve(self._wire)
                finally:
                    self._wire.close()
                    self._wire = None
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
        """Writes first, then what is due, until the connection is gone. An error costs the device that was asked."""
        while await wire.ready():
            if (job := self._writes.next()) is not None:
                await self._do(wire, job)
                continue
            try:
                await wire.poll(self._polling)
            except LinkError as error:
                self._note(error)
                self._polling.poll_failed(error, time.monotonic())
                if not isinstance(error, NotConnectedError):
                    # The peer answers, if wrongly, or is silent for one unit: that unit rests, the others need not wait with it.
                    self._failures = 0

    def _heard(self) -> None:
        self._failures = 0
        self._state = LinkState.UP

    def _note(self, error: LinkError) -> None:
        self._errors += 1
        self._timeouts += isinstance(error, TimedOutError)
        self._last_error = str(error)

    def _lost(self, error: LinkError | None) -> None:
        """The connection went, or brought what nobody asked for, while it was idle. A peer may close it without a word, not for a reason."""
        if error is not None:
            self._note(error)

    def _down(self, why: str) -> None:
        """Nothing is known any more, and no write waits for a connection that may come much later."""
        self._state = LinkState.DOWN
        self._polling.down()
        self._writes.refuse_all(why)

    def _rouse(self) -> None:
        """A write waits."""
        if self._wire is not None:
            self._wire.wake()

    # --- writing ----------------------------------------------------------------------------------------------------

    async def write(self, write: PointWrite) -> None:
        """Write one level and read it back at once. Raises `LinkError` within `WRITE_DEADLINE` request timeouts."""
        if self._state is LinkState.DOWN:
            self._writes.check(write)
            raise NotConnectedError(self._writes.place(write), self._last_error or "the link is not running")
        await self._writes.ask(write)

    async def _do(self, wire: Wire, job: Job) -> None:
        """Write and read back; the one who asked hears of every error, a failed connection is left as after a poll."""
        began_s = time.monotonic()
        back = self._back(job)
        try:
            write = self._write(job)
            once = Once(write, back.batch, lambda: back.take(self._tick_ms()), lambda: not job.done.done())
            await _ask(wire, once, job)
        except asyncio.CancelledError:
            job.settle(NotConnectedError(str(job.ask.where), "the link stops; whether it was written is not known"))
            raise
        except (DeviceRefusedError, NotConnectedError) as error:
            if not job.done.done():  # somebody still waits
                self._note(error)
                job.settle(error)
        except LinkError as error:
            self._note(error)
            self._polling.failed(job.device, time.monotonic(), began_s)
            job.settle(error)
        else:
            job.settle(None)

    def _write(self, job: Job) -> Batch:
        """The request of a write; those made last are kept, with what the wire has made ready for them."""
        key = (str(job.ask.where), job.ask.pdu)
        if key not in self._written:
            if len(self._written) == WRITES_KEPT:
                self._written.clear()
            self._written[key] = Batch((job.ask,), self._framing)
        return self._written[key]

    def _back(self, job: Job) -> Reading:
        """What reads a write back; where no transaction tells replies apart, with the request that polls the point anyway.

        Then a late reply to it can only pass for itself in a later poll. And no poll's late reply can pass for the read-back: a unit answers
        one request after the other, so what it owed came before its echo of the write, which nothing but a write can pass for.
        """
        if self._framing is Framing.TCP:
            place = str(job.ask.where)
            if place not in self._backs:
                (self._backs[place],) = self._polling.readings(job.device, (job.request,))
            return self._backs[place]
        (wanted,) = job.request.parts
        request = next(
            request
            for request in self._polling.asked(job.device)
            for part in request.parts
            if part.block.name == wanted.block.name and part.first <= wanted.first < part.first + part.count
        )
        return self._polling.readings(job.device, (request,))[0]


async def _ask(wire: Wire, once: Once, job: Job) -> None:
    """A write and its read-back. Raises `DeviceRefusedError` for an exception."""
    await wire.poll(once)
    if not once.is_answered:
        what = "what it had been told was read back" if once.is_written else "the device was asked"
        raise NotConnectedError(str(job.ask.where), f"the connection went before {what}")
    if once.code:
        raise DeviceRefusedError(str(job.ask.where), once.code)


def _backoff_s(failures: int) -> float:
    longest_s = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(failures - 1, 10))
    return random.uniform(0.5, 1.0) * longest_s  # noqa: S311 (jitter, not a secret)
