"""A plain Modbus TCP connection: one of the compiled exchange, with the checker as the judge of all that is not plainly right."""

import socket
from collections.abc import Mapping

from drivers.link import LinkError
from drivers.modbus.errors import Where
from drivers.modbus.exchange import Run, exchange_of
from drivers.modbus.frame import BUFFER_BYTES, Batch, ReplyChecker
from drivers.modbus.kernel import (
    ASKED,
    AT,
    BUFFER,
    CLOCK,
    COUNT,
    CYCLE,
    CYCLES,
    CYCLES_COUNT,
    DUE,
    END,
    FIRST,
    HOLD,
    IDLE,
    LAST,
    LEARNED,
    NEWS,
    NUMBER,
    ODD,
    POSITION,
    RESTING,
    ROOM,
    ROWS,
    SENT,
    SINCE,
    STATE,
    TAKEN,
    UNREAD,
    UNSENT,
    WAIT,
    WAITED,
)  # fmt: skip
from drivers.modbus.learned import Learned
from drivers.modbus.standing import Standing
from drivers.modbus.talk import Talk
from drivers.modbus.wire import NO_LINGER, Lost, Transactions

GRACE_S = 0.05
"""So long the sockets of a process may take to be read when its loop goes on after a stall."""

_CLOSED = "the peer has closed the connection"


class Lane(Talk):
    """One connection (`drivers.modbus.wire.Wire`) over a socket that is connected and does not block; it is the lane's from now on."""

    cells: memoryview

    def __init__(
        self,
        peer: socket.socket,
        checker: ReplyChecker,
        timeout_s: float,
        on_lost: Lost,
        transactions: Transactions,
        spacing_s: Mapping[int, float],
    ) -> None:
        super().__init__(checker, timeout_s, on_lost, transactions, spacing_s)
        self._socket = peer
        self._fd = peer.fileno()
        self._run: Run | None = None
        self._standing: Standing | None = None
        """What the kernel asks by itself at present."""
        self._learned: Learned | None = None
        """What the kernel knows of the device, also when Python asks."""
        self._is_urgent = False
        """Whether somebody waits for what is put now: it is sent at once."""
        self._overdue_s = 0.0
        """Since when the deadline is over while bytes wait in the socket."""
        self._place = self._first = 0
        """Place in the run of the batch in flight, and the row of its first request."""
        self._idle_where = checker.where
        self._exchange = exchange_of(self._loop)
        self._exchange.attach(self._fd, self)
        self.cells[BUFFER], self.cells[ROOM] = checker.address, BUFFER_BYTES

    def wake(self) -> None:
        """See `Wire.wake`: nothing more is sent without a question; what is sent for it, at once."""
        if self._lost:
            return
        if self._standing is not None and self.cells[STATE] == RESTING:
            self._take_over()
        if self._standing is not None or self._batch is not None:
            self.cells[HOLD] = 1
            return
        self._is_urgent = True
        super().wake()
        self._is_urgent = False
        if self.cells[STATE] == DUE:
            self._exchange.ask_now()

    def close(self) -> None:
        """See `Wire.close`."""
        if self._standing is not None:
            self._take_over()
        super().close()

    @property
    def _where(self) -> Where:
        if self._batch is None or not self._is_asked:
            return self._idle_where
        asks = self._batch.asks
        return asks[min(self.cells[POSITION] - self._first, len(asks) - 1)].where

    @property
    def _since_s(self) -> float:
        return self.cells[SINCE] * 1e-9

    def _go_on(self, now_s: float) -> None:
        """As every connection, but what is plain the kernel asks from now on."""
        standing = None if self._turns is None or self._spacing_s else self._turns.standing()
        if standing is None:
            super()._go_on(now_s)
            return
        self._standing, cells = standing, self.cells
        cells[CYCLES], cells[CYCLES_COUNT], cells[COUNT] = standing.address, len(standing.runs), 0
        self._learned = standing.learned
        cells[NUMBER], cells[LEARNED] = self._transactions.address, standing.learned.address
        cells[CLOCK] = self._exchange.plant(standing.tick_ms, standing.speed)
        cells[HOLD], cells[STATE] = 0, RESTING
        if self._timer is None:
            self._timer = self._loop.call_at(now_s + self._timeout_s, self._look)
        if (due_s := standing.begin()) > now_s:
            self._exchange.ask_at(due_s)
        else:
            self._exchange.ask()

    def _take_over(self) -> None:
        """The kernel asks nothing more by itself; what it has in flight goes on as if it had been asked by Python."""
        cells, standing, self._standing = self.cells, self._standing, None
        if standing is None:
            return
        cells[CYCLES] = 0
        if cells[COUNT] == 0:  # between two cycles
            standing.end(-1, 0, self._since_s)
            if cells[STATE] == RESTING:
                cells[STATE] = IDLE
            return
        number, taken = cells[CYCLE], cells[TAKEN]
        self._run, self._first, self._overdue_s = standing.runs[number], taken, 0.0
        self._place = place = standing.end(number, taken, self._since_s)
        for batch in self._run.batches[: place + 1]:
            batch.codes[:] = [0] * len(batch.codes)
        if cells[STATE] != IDLE:
            self._batch = self._run.batches[place]
            cells[COUNT], cells[HOLD] = cells[LAST], 1

    def _put(self, batch: Batch, now_s: float) -> None:
        if batch.run is None:
            batch.run = Run((batch, *(() if self._spacing_s or self._turns is None else self._turns.ahead())))
        self._run, self._place, self._first, self._overdue_s = batch.run, 0, 0, 0.0
        batch.codes[:] = [0] * len(batch.codes)
        cells, count = self.cells, batch.run.ends[-1]
        cells[ROWS], cells[COUNT], cells[POSITION], cells[TAKEN] = batch.run.address, count, 0, 0
        cells[FIRST] = self._transactions.take(count)
        cells[HOLD], cells[SINCE], cells[STATE] = 0, int(now_s * 1e9), DUE
        if not self._is_urgent:
            self._exchange.ask()

    def _drop(self) -> None:
        if self._socket.fileno() >= 0:
            self._exchange.detach(self._fd)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            self._socket.close()

    def _look(self) -> None:
        if self._standing is not None:
            now_s, deadline_s = self._loop.time(), self._deadline_s(self._standing)
            if now_s < deadline_s:
                # Not later than so: what Python may ask in between has its deadline too.
                self._timer = self._loop.call_at(min(deadline_s, now_s + self._timeout_s), self._look)
                return
            if self.cells[STATE] != ASKED:
                self._timer = self._loop.call_at(now_s + self._timeout_s, self._look)
                self.hear()
                return
            self._take_over()
        try:
            self._take_answered()
        except LinkError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 (as in `hear`)
            self._gone(f"broken: {error!r}", error, is_quiet=False)
        if self._is_asked and self._may_be_heard_yet():
            self._timer = self._loop.call_later(0.0, self._look)
            return
        super()._look()

    def _deadline_s(self, standing: Standing) -> float:
        """Until when the kernel has an answer, or has asked what is due: the exchange, whose one timer serves all, may have been held up."""
        since_s = self._since_s
        return self._timeout_s + (since_s if self.cells[STATE] == ASKED else max(since_s, standing.due_s()))

    def _may_be_heard_yet(self) -> bool:
        """After a stall of the loop its timers come before all sockets are read: what came in time is heard first, within `GRACE_S`."""
        now_s = self._loop.time()
        if now_s < self._since_s + self._timeout_s:
            self._overdue_s = 0.0
            return False
        self._overdue_s = self._overdue_s or now_s
        try:
            return now_s < self._overdue_s + GRACE_S and bool(self._socket.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    # --- what the exchange calls ------------------------------------------------------------------------------------

    def hear(self) -> None:
        """Hand on what was answered; what the kernel did not take is judged.

        As with asyncio's own transports an error that is no link's ends the connection and reaches the one who waits, but not the others.
        """
        self.cells[NEWS] = 0
        try:
            self._take_over()
            self._take_answered()
            if self._lost:
                return
            state = self.cells[STATE]
            if state == IDLE:
                self._go_on(self._loop.time())
            elif state == UNSENT:
                self._send_rest()
            elif state in {ODD, UNREAD}:
                self._judge(state)
        except LinkError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 (see above)
            self._gone(f"broken: {error!r}", error, is_quiet=False)

    def _take_answered(self) -> None:
        """Batches that the kernel took as a whole. One with bytes behind its last reply is the judge's."""
        run, turns, taken = self._run, self._turns, self.cells[TAKEN]
        if run is None or turns is None or self._batch is None or taken <= self._first:
            return
        first, self._place, self._first = self._place, run.ends.index(taken) + 1, taken
        for batch in run.ahead[first : self._place]:
            batch.codes[:] = [0] * len(batch.codes)
        cells, rows = run.cells, [end - 1 for end in run.ends[first : self._place]]
        turns.answered(
            (self._batch, *run.ahead[first : self._place - 1]),
            [cells[row, WAITED] * 1e-9 for row in rows],
            [cells[row, AT] * 1e-9 for row in rows],
        )
        self._batch = run.ahead[self._place - 1] if self.cells[LAST] > taken else None

    def _send_rest(self) -> None:
        """The system took a part of the requests, or refused them: the same call again says why."""
        if self._batch is None:  # cannot be: what is sent is a batch
            return
        rest = memoryview(self._batch.frames)[self.cells[SENT] :]
        try:
            sent = self._socket.send(rest)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._gone(_CLOSED, error, is_quiet=True)
            return
        if sent < len(rest):  # it has answered all that came before, so this is not a matter of waiting
            self._gone("the peer takes no requests", None, is_quiet=True)
            return
        self.cells[STATE] = ASKED

    def _judge(self, state: int) -> None:
        """Let the checker look at what waits in the buffer (ODD) or at what comes now (UNREAD)."""
        cells, checker = self.cells, self._checker
        batch = self._batch if self._is_asked else None
        answered = 0 if batch is None else cells[POSITION] - self._first
        if batch is not None:
            batch.stamp(cells[FIRST] + self._first)
        checker.resume(batch, answered, cells[END] if state == UNREAD else 0)
        count = cells[END]
        if state == UNREAD:
            try:
                count = self._socket.recv_into(checker.space())
            except BlockingIOError:
                cells[STATE] = IDLE if batch is None else ASKED
                return
            except OSError as error:
                self._gone(_CLOSED, error, is_quiet=True)
                return
            if count == 0:
                self._gone(_CLOSED, None, is_quiet=True)
                return
        done = checker.take(count)
        now_s = self._loop.time()
        if done or checker.answered > answered:
            cells[WAIT] = max(cells[WAIT], int(now_s * 1e9) - cells[SINCE])
            cells[SINCE] = int(now_s * 1e9)
        cells[END] = checker.waiting
        if done:
            cells[STATE] = IDLE
            self._hand_on(cells[WAIT] * 1e-9, now_s)
        else:
            cells[POSITION] = self._first + checker.answered
            cells[STATE] = ASKED
            cells[HOLD] = 1  # one that may hold a refusal is handed on alone
