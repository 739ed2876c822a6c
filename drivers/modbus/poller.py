"""A Modbus link without its wire: one owner task polls, writes first, trusts no connection that failed once."""

import asyncio
import math
import random
import time
from collections.abc import Mapping

from drivers.link import LinkError, LinkHealth, LinkState, NotConnectedError, PointWrite, TickMs, TimedOutError
from drivers.modbus.frame import Framing
from drivers.modbus.plan import DeviceLimits, Request
from drivers.modbus.polling import Polling
from drivers.modbus.turns import LinkTurns
from drivers.modbus.wire import Connect, Wire
from drivers.modbus.writing import Writes
from drivers.points import BlockBuffer, RegisterBlock

FIRST_BACKOFF_S = 0.1
LONGEST_BACKOFF_S = 2.0

SHORTEST_CONNECTION_S = 0.05
"""From one connection to the next at least (assumed): a peer that ends each after one answer, or pads its answers, is not stormed."""


class ModbusLink:
    """Implements `Link` for one Modbus endpoint or serial line; its units share the connection.

    `blocks` by name; `devices` by the name that blocks give; `timeout_s` is the wall time that one request may take, `wire_s` what the
    longest one and its answer take on a serial line besides; periods are plant time and pass `speed` times as fast. As many requests of a
    device are in flight as its `DeviceLimits.depth` says. A device that does not answer, or not rightly, is BAD at once and rests; the others
    go on, over a new connection where it was a socket. `buffers` by block, if somebody has made room for them.
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
        buffers: Mapping[str, BlockBuffer] | None = None,
    ) -> None:
        self._name = name
        self._connect = connect
        self._timeout_s = timeout_s
        self._writes = Writes(name, dict(blocks), timeout_s + wire_s, self._rouse, read_only=read_only)
        self._polling = Polling(name, framing, blocks, devices, tick_ms, speed, self._heard, self._note, buffers)
        self._turns = LinkTurns(self._polling, self._writes, framing, self._note)
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
            late_cycles=self._polling.late_cycles,
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
        self._polling.connected()
        try:
            while await wire.ready():
                error: LinkError | None = None
                try:
                    await wire.poll(self._turns)
                except LinkError as failure:
                    error = failure
                if self._turns.is_writing:
                    self._turns.failed(error, time.monotonic())
                elif error is not None:
                    self._poll_failed(error)
        finally:
            self._turns.stop()

    def _poll_failed(self, error: LinkError) -> None:
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


def _backoff_s(failures: int) -> float:
    longest_s = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(failures - 1, 10))
    return random.uniform(0.5, 1.0) * longest_s  # noqa: S311 (jitter, not a secret)
