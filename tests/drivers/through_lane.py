"""A lane as a checker: bytes go through a socket and the compiled kernel, and the verdict is the lane's."""

import asyncio
import socket
from typing import cast

from drivers.link import LinkError
from drivers.modbus.frame import Batch, Framing, ReplyChecker, checker_for
from drivers.modbus.lane import Lane
from drivers.modbus.wire import Transactions

PATIENT_S = 1e6


class _Numbers(Transactions):
    """Transactions that the test has chosen."""

    chosen = 1

    def take(self, count: int) -> int:
        return self.chosen


class _Done:
    """The future of a poll that nobody awaits."""

    def __init__(self, told: "ThroughLane") -> None:
        self._told = told

    def done(self) -> bool:
        return False

    def set_result(self, result: None) -> None:
        pass

    def set_exception(self, error: LinkError) -> None:
        self._told.lost(error)


class ThroughLane:
    """What `feed` of the fuzz needs of a `ReplyChecker`. Made within a running loop; the exchange is called by hand."""

    def __init__(self) -> None:
        self.stray: LinkError | None = None
        self.judged = 0
        self._space = bytearray(1 << 16)
        self._numbers = _Numbers()
        self._lane: Lane | None = None
        self._open()

    def _open(self) -> None:
        ours, self._theirs = socket.socketpair()
        ours.setblocking(False)
        checker = checker_for(Framing.TCP, "fuzz")
        real = checker.take

        def take(count: int) -> bool:
            self.judged += 1
            return real(count)

        checker.take = take  # type: ignore[method-assign]
        self._lane = lane = Lane(ours, checker, PATIENT_S, self.lost, self._numbers, {})
        lane._turns = self
        lane._done = cast("asyncio.Future[None]", _Done(self))
        self._error: LinkError | None = None
        self._batch: Batch | None = None
        self._is_answered = False

    def close(self) -> None:
        if self._lane is not None:
            self._lane.close()
            self._theirs.close()
            self._lane = None

    def lost(self, error: LinkError | None) -> None:
        self._error = error

    # --- a checker --------------------------------------------------------------------------------------------------

    def expect(self, batch: Batch) -> None:
        if self._lane is None:
            self._open()
        assert self._lane is not None
        self._numbers.chosen = batch.transactions[0]
        self._batch, self.stray, self._is_answered = batch, None, False
        self._lane._batch = batch
        self._lane._put(batch, 1.0)
        self._lane._exchange._go_on()
        assert self._theirs.recv(1 << 16) == batch.frames

    def space(self) -> memoryview:
        return memoryview(self._space)

    def take(self, count: int) -> bool:
        assert self._lane is not None
        before = self._is_answered
        if not self._lane._lost:
            self._theirs.sendall(self._space[:count])
            self._lane._exchange._go_on()
        if self._is_answered and not before:
            self.stray = self._error
            return True
        if self._error is not None:
            raise self._error
        return self._is_answered

    def forget(self) -> None:
        assert self._lane is not None
        if self._lane._lost or not self._is_answered:
            self.close()

    # --- turns ------------------------------------------------------------------------------------------------------

    def next(self, now_s: float) -> None:
        return None

    def ahead(self) -> tuple[Batch, ...]:
        return ()

    def standing(self) -> None:
        return None

    def answered(self, batches: object, waits_s: object, times_s: object) -> None:
        self._is_answered = True

    def is_wanted(self) -> bool:
        return True


def as_checker(lane: ThroughLane) -> ReplyChecker:
    return cast("ReplyChecker", lane)
