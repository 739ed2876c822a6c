"""Modbus RTU on a real tty, without a library: one request in flight, silence before it, quarantine after every doubt.

A serial line has no transactions and no connection that could be given up: what a unit still has to say, it says on the same wire. So after a
time-out, a wrong reply or a stray byte nothing is sent until the line was silent for as long as the unit may be late; what comes in that time
is eaten and begins the silence anew.
"""

import asyncio
import math
import os
from collections.abc import Mapping

from drivers.link import LinkError, NotConnectedError, TimedOutError
from drivers.modbus.errors import Where
from drivers.modbus.frame import BUFFER_BYTES, Batch, RtuChecker
from drivers.modbus.plan import MAX_REGISTERS
from drivers.modbus.tty import close_tty, flush_input, open_tty
from drivers.modbus.wire import Connect, Lost, Turns, Wire

CHARACTER_BITS = 11
"""Start, eight data bits, parity or a second stop bit, stop (MODBUS over Serial Line 1.02, 2.5.1)."""

SILENT_CHARACTERS = 3.5
FAST_BAUD = 19200
FAST_SILENCE_S = 0.00175
"""Silence between frames; above `FAST_BAUD` it no longer shrinks (the same, 2.5.1.1)."""

LONGEST_LATENCY_S = 1.0
"""A later reply than this is not waited for in quarantine unless the time-out is longer still (assumed)."""

BABBLE_S = 2.0
"""A line that never falls silent for so long beyond its quarantine is opened anew (assumed)."""

LONGEST_PAUSE_S = 60.0

_AROUND_PDU = 3
"""Characters of unit and checksum."""
_READ_REQUEST = 8
"""Characters of a request to read."""


def longest_exchange_s(baud: int) -> float:
    """What the longest read and its answer take on the wire."""
    return CHARACTER_BITS / baud * (_READ_REQUEST + _AROUND_PDU + 2 + 2 * MAX_REGISTERS)


def serial_connector(
    name: str,
    port: str,
    baud: int,
    parity: str,
    stop_bits: int,
    timeout_s: float,
    spacing_s: Mapping[int, float],
) -> Connect:
    """How to open the tty `port` for link `name`; best by its lasting path, /dev/serial/by-id/..., so that a replugged adapter comes back.

    `parity` is "even", "odd" or "none". `timeout_s` is the wall time that a unit may take to begin its answer: the deadline of a request is
    that and the time that request and answer take on the wire. `spacing_s` is the silence that a unit (by number) needs before each request.
    """
    latency_s: dict[int, float] = {}

    async def connect(lost: Lost) -> Wire:
        tty = open_tty(name, port, baud, parity, stop_bits)
        wire = SerialWire(name, tty, baud, timeout_s, spacing_s, latency_s, lost)
        try:
            is_ready = await wire.ready()
        except BaseException:
            wire.close()
            raise
        if not is_ready:
            raise NotConnectedError(name, f"{port} never falls silent, or is gone again")
        return wire

    return connect


class SerialWire:
    """One open tty (`drivers.modbus.wire.Wire`).

    `latency_s` is what is known of the units' longest waits, kept by the owner from one opening to the next. A tty that was just opened is in
    quarantine: units may still answer whoever asked before.
    """

    def __init__(
        self,
        name: str,
        descriptor: int,
        baud: int,
        timeout_s: float,
        spacing_s: Mapping[int, float],
        latency_s: dict[int, float],
        on_lost: Lost,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._where = Where(name)
        self._descriptor = descriptor
        self._character_s = CHARACTER_BITS / baud
        self._silence_s = SILENT_CHARACTERS * self._character_s if baud <= FAST_BAUD else FAST_SILENCE_S
        self._timeout_s = timeout_s
        self._spacing_s = spacing_s
        self._latency_s = latency_s
        self._on_lost = on_lost
        self._checker = RtuChecker(name)
        self._batch: Batch | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._answered_s = math.nan
        """When the last byte of the answer to the present request was read; NaN until then."""
        self._unit: int | None = None
        self._sent_s: dict[int, float] = {}
        """When the last unanswered request to a unit was on the wire."""
        self._quiet_s = self._loop.time()
        self._suspect = True
        self._loop.add_reader(descriptor, self._read)

    async def ready(self) -> bool:
        """Wait until the line is trusted again; False when the tty is gone."""
        ends_s = self._loop.time() + self._quarantine_s() + BABBLE_S
        while self._suspect and self._descriptor >= 0:
            now_s = self._loop.time()
            silent_s = self._quiet_s + self._quarantine_s()
            if silent_s <= now_s:
                flush_input(self._descriptor)
                self._suspect = False
            elif now_s >= ends_s:
                what = "the line never falls silent; look for a second master, or for noise"
                self._give_up(NotConnectedError(str(self._where), what))
            else:
                await self._wait_until(min(silent_s, ends_s))
        return self._descriptor >= 0

    async def poll(self, turns: Turns) -> None:
        """See `Wire.poll`."""
        try:
            while (turn := turns.next(self._loop.time())) is not None:
                if isinstance(turn, Batch):
                    if (heard := await self._ask(turn, turns)) is not None:
                        wait_s, at_s = heard
                        turns.answered((turn,), (wait_s,), (at_s,))
                    if self._checker.stray is not None:
                        self._doubt(self._checker.stray)
                else:
                    await self._wait_until(min(turn, self._loop.time() + LONGEST_PAUSE_S))
                if self._suspect or self._descriptor < 0:
                    return
        except LinkError:
            self._batch = None
            self._quiet_s = max(self._quiet_s, self._loop.time())
            self._suspect = True
            self._checker.forget()
            raise
        except BaseException:
            self.close()
            raise

    def wake(self) -> None:
        """See `Wire.wake`."""
        if self._batch is None:
            self._wake()

    def close(self) -> None:
        """Close the tty, and drop what it has not sent yet."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            self._loop.remove_reader(descriptor)
            close_tty(descriptor)

    # --- one request ------------------------------------------------------------------------------------------------

    def _quarantine_s(self) -> float:
        """Silence after which nothing is to be expected any more of the unit that was asked last."""
        latency_s = 0.0 if self._unit is None else self._latency_s.get(self._unit, 0.0)
        return max(self._timeout_s, latency_s) + self._silence_s

    async def _ask(self, batch: Batch, turns: Turns) -> tuple[float, float] | None:
        """Send a request and await its answer: the seconds that the unit took to begin it, and when it was read.

        None if it is not wanted any more.
        """
        (ask,) = batch.asks
        await self._fall_silent(ask.unit)
        if not turns.is_wanted():
            return None
        self._checker.expect(batch)
        self._write(batch)
        self._batch, self._unit, self._answered_s = batch, ask.unit, math.nan
        sent_s = self._sent_s[ask.unit] = self._quiet_s
        answer_s = self._character_s * (_AROUND_PDU + len(ask.answer) + ask.payload)
        await self._wait_until(sent_s + self._timeout_s + answer_s)
        if math.isnan(self._answered_s):
            raise TimedOutError(str(ask.where), f"no answer begun within {self._timeout_s * 1e3:.0f} ms")
        del self._sent_s[ask.unit]
        return max(self._answered_s - sent_s - answer_s, 0.0), self._answered_s

    async def _fall_silent(self, unit: int) -> None:
        """The silence that ends a frame, or what the unit needs before a request. Raises `NotConnectedError`."""
        silence_s = max(self._silence_s, self._spacing_s.get(unit, 0.0))
        while await self.ready() and self._loop.time() < self._quiet_s + silence_s:
            await self._wait_until(self._quiet_s + silence_s)
        if self._descriptor < 0:
            raise NotConnectedError(str(self._where), "the tty is gone; plug the adapter in")

    def _write(self, batch: Batch) -> None:
        """Give the request to the tty. `_quiet_s` is then the moment at which its last bit is on the wire."""
        try:
            taken = os.write(self._descriptor, batch.frames)
        except OSError:
            taken = 0
        if taken < len(batch.frames):
            self.close()
            raise NotConnectedError(str(self._where), "the tty takes no request; check the adapter")
        self._quiet_s = self._loop.time() + taken * self._character_s

    async def _wait_until(self, when_s: float) -> None:
        """Wait until `when_s` of the loop's clock, or until something has come of it. Raises what went wrong with a request."""
        self._waiter = self._loop.create_future()
        handle = self._loop.call_at(when_s, self._wake)
        try:
            await self._waiter
        finally:
            handle.cancel()
            self._waiter = None

    def _wake(self, error: LinkError | None = None) -> None:
        if self._waiter is not None and not self._waiter.done():
            if error is None:
                self._waiter.set_result(None)
            else:
                self._waiter.set_exception(error)

    # --- what comes -------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        """Bytes have come, or the adapter was pulled out."""
        space = self._checker.space()
        try:
            count = os.readv(self._descriptor, [space])
        except BlockingIOError:
            return
        except OSError as error:
            self._give_up(
                NotConnectedError(str(self._where), f"the tty is gone ({error.strerror}); plug the adapter in")
            )
            return
        if not count:
            self._give_up(NotConnectedError(str(self._where), "the tty has hung up; plug the adapter in"))
            return
        self._quiet_s = max(self._quiet_s, self._loop.time())
        try:
            if self._checker.take(count):
                self._batch, self._answered_s = None, self._loop.time()
                self._wake()
        except LinkError as error:
            if len(space) == BUFFER_BYTES:  # the first bytes since the last silence: they begin with a unit
                self._learn(space[0])
            self._doubt(error)

    def _learn(self, unit: int) -> None:
        """What seems to be a late reply of a unit tells how long it is to be waited for."""
        if unit in self._sent_s:
            late_s = min(self._loop.time() - self._sent_s[unit], LONGEST_LATENCY_S)
            self._latency_s[unit] = max(self._latency_s.get(unit, 0.0), late_s)

    def _doubt(self, error: LinkError) -> None:
        """Into quarantine; tell who waits for an answer, or else the owner, once for all that comes in one quarantine."""
        known, self._suspect = self._suspect, True
        asked, self._batch = self._batch, None
        self._checker.forget()
        if asked is not None:
            self._wake(error)
        elif not known:
            self._on_lost(error)

    def _give_up(self, error: LinkError) -> None:
        """The tty is gone."""
        asked, self._batch = self._batch, None
        self.close()
        if asked is None:
            self._on_lost(error)
            self._wake()
        else:
            self._wake(error)
