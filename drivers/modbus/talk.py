"""What every connection over a socket does alike: turns, the pauses between them, time-outs, and how it ends. No socket in here.

A time-out, a wrong reply or a stray byte ends the connection: what still comes on it can answer nothing.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping

from drivers.link import LinkError, NotConnectedError, TimedOutError
from drivers.modbus.errors import Where
from drivers.modbus.frame import Batch, ReplyChecker
from drivers.modbus.wire import Lost, Transactions, Turns

LONGEST_PAUSE_S = 60.0


class Talk(ABC):
    """One connection (`drivers.modbus.wire.Wire`)."""

    def __init__(
        self,
        checker: ReplyChecker,
        timeout_s: float,
        on_lost: Lost,
        transactions: Transactions,
        spacing_s: Mapping[int, float],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._checker = checker
        self._timeout_s = timeout_s
        self._on_lost = on_lost
        self._transactions = transactions
        self._spacing_s = spacing_s
        self._batch: Batch | None = None
        self._turns: Turns | None = None
        self._done: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._lost = False

    async def ready(self) -> bool:
        """Whether the connection is there and trusted."""
        return not self._lost

    async def poll(self, turns: Turns) -> None:
        """See `Wire.poll`."""
        if self._lost:
            raise NotConnectedError(str(self._where), "the peer has closed the connection")
        self._turns = turns
        self._done = self._loop.create_future()
        self._go_on(self._loop.time())
        try:
            await self._done
        except asyncio.CancelledError:
            self.close()
            raise
        finally:
            self._done = self._turns = None

    def wake(self) -> None:
        """See `Wire.wake`."""
        if self._batch is None and self._turns is not None and not self._lost:
            self._end_pause()
            self._go_on(self._loop.time())

    def close(self) -> None:
        """Drop the connection, and what the kernel has not sent yet."""
        self._lost = True
        self._batch = None
        self._end_pause()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._drop()

    # --- what stands between a connection and its socket ------------------------------------------------------------

    @property
    @abstractmethod
    def _where(self) -> Where:
        """The place of the request that waits for its answer, or the link's when there is none."""

    @property
    @abstractmethod
    def _since_s(self) -> float:
        """When the last answer came or the last request went (loop's clock); 0 before the first."""

    @abstractmethod
    def _put(self, batch: Batch, now_s: float) -> None:
        """Send `batch`; its replies are right from now on."""

    @abstractmethod
    def _drop(self) -> None:
        """Close the socket; nothing that still comes counts."""

    # --- one batch --------------------------------------------------------------------------------------------------

    @property
    def _is_asked(self) -> bool:
        """Whether a batch is in flight; one that waits for its unit's silence is not."""
        return self._batch is not None and self._pause is None

    def _go_on(self, now_s: float) -> None:
        """Send what is due, or wait until something is, or hand the connection back."""
        if self._turns is None:
            return
        turn = self._turns.next(now_s)
        if isinstance(turn, Batch):
            self._batch = turn
            self._send(turn, now_s)
        elif turn is None:
            self._finish()
        else:
            self._pause = self._loop.call_at(min(turn, now_s + LONGEST_PAUSE_S), self._pause_over)

    def _pause_over(self) -> None:
        self._pause = None
        now_s, batch = self._loop.time(), self._batch
        if batch is not None and self._turns is not None and self._turns.is_wanted():
            self._send(batch, now_s)
        else:
            self._batch = None
            self._go_on(now_s)

    def _end_pause(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def _send(self, batch: Batch, now_s: float) -> None:
        if self._spacing_s and (again_s := self._silence_until(batch.asks[0].unit)) > now_s:
            self._pause = self._loop.call_at(again_s, self._pause_over)
            return
        if self._timer is None:
            self._timer = self._loop.call_at(now_s + self._timeout_s, self._look)
        self._put(batch, now_s)

    def _silence_until(self, unit: int) -> float:
        """When the unit may be asked again (loop's clock)."""
        return self._since_s + self._spacing_s.get(unit, 0.0)

    def _hand_on(self, wait_s: float, now_s: float) -> None:
        """The batch is answered, after `wait_s` at most for each of its replies."""
        if self._batch is None or self._turns is None:  # cannot be: the checker knows of a batch only from `_put`
            return
        self._turns.answered((self._batch,), (wait_s,), (now_s,))
        self._batch = None
        if self._checker.stray is not None:
            self._end_after(self._checker.stray)
        else:
            self._go_on(now_s)

    def _finish(self) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(None)

    # --- ends -------------------------------------------------------------------------------------------------------

    def _end_after(self, stray: LinkError) -> None:
        """The replies were right, what came behind them was not: keep the values, give up the connection."""
        self.close()
        self._on_lost(stray)
        self._finish()

    def _look(self) -> None:
        """The one timer of a connection: it moves on with the deadline, so that an answer costs no timer.

        Every reply has a deadline of its own, from the reply before it on.
        """
        self._timer = None
        if not self._is_asked:
            return
        if self._loop.time() < (deadline_s := self._since_s + self._timeout_s):
            self._timer = self._loop.call_at(deadline_s, self._look)
            return
        self._fail(TimedOutError(str(self._where), f"no answer within {self._timeout_s * 1e3:.0f} ms"))

    def _fail(self, error: LinkError) -> None:
        """Trust the connection no more; tell who waits, or else the owner."""
        known, is_asked = self._lost, self._is_asked
        self.close()
        if self._done is not None and not self._done.done() and is_asked:
            self._done.set_exception(error)
        elif not known:
            self._on_lost(error)
            self._finish()

    def _gone(self, why: str, exc: BaseException | None, *, is_quiet: bool) -> None:
        """The connection has ended, `why`, by `exc` where the system or asyncio has one; `is_quiet` where an idle peer may do so."""
        known, is_asked = self._lost, self._is_asked
        broken = exc is not None and not isinstance(exc, OSError)
        gone, was_asked = NotConnectedError(str(self._where), why), self._since_s > 0
        self.close()
        if self._done is not None and not self._done.done() and (is_asked or broken):
            self._done.set_exception(exc if exc is not None and broken else gone)
        elif not known:
            self._on_lost(None if was_asked and is_quiet else gone)
            self._finish()
