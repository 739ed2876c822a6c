"""What the compiled `kernel` works on: runs of batches, and all plain Modbus TCP connections of one event loop."""

import asyncio
import select
import time
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from drivers.compiled.door import kernel_of
from drivers.link import TickMs
from drivers.modbus import kernel
from drivers.modbus.cycles import FOR_EVER
from drivers.modbus.frame import Batch

BUDGET_NS = 250_000
"""How long one call goes on while the field keeps answering: then timers and writes have their turn."""

FIRST_LINKS = 64


class Run:
    """Batches that follow each other without a question: one row a request, with the addresses of what it needs.

    Those that share a room are decoded together, so Python hears of them together. `ends` are the rows behind each batch, `cells` all rows,
    which stand at `address`. The memory that the addresses mean lives as long as this object.
    """

    def __init__(self, batches: Sequence[Batch]) -> None:
        self.batches = tuple(batches)
        self.ahead = self.batches[1:]
        self.ends: list[int] = []
        self._heads = [np.frombuffer(bytearray(b"\0\0" + tail), np.uint8) for batch in batches for tail in batch.tails]
        self._kept = [(np.frombuffer(batch.frames, np.uint8), batch.room) for batch in batches]
        self._rows = np.zeros((len(self._heads), kernel.ROW_COLUMNS), np.int64)
        self.cells = self._rows.data
        self.address = self._rows.ctypes.data
        row = 0
        for batch, following, (frames, _) in zip(batches, [*batches[1:], batches[0]], self._kept, strict=True):
            starts = [*batch.starts, len(batch.frames)]
            self.ends.append(row + len(batch.asks))
            for place, ask in enumerate(batch.asks):
                self._rows[row, : kernel.WAITED] = (
                    frames.ctypes.data + starts[place],
                    starts[place + 1] - starts[place],
                    self._heads[row].ctypes.data,
                    len(self._heads[row]),
                    batch.data.ctypes.data + batch.offsets[place],
                    ask.payload,
                    self.ends[-1],
                    batch.room is not following.room,
                )
                row += 1


class Hearer(Protocol):
    """A connection of the exchange."""

    cells: memoryview
    """Its row of `kernel.links`."""

    def hear(self) -> None:
        """Something came, or could not be sent."""
        ...


class Exchange:
    """The connections of one event loop. The loop hears of all of them by one descriptor."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._poller = select.epoll()
        self._hearers: dict[int, Hearer] = {}
        self._events = np.zeros(kernel.MOST_EVENTS * kernel.EVENT_BYTES, np.uint8)
        self._clock = np.zeros(4, np.int64)
        self._clock_cells = self._clock.data
        self._plants: dict[tuple[TickMs, float], int] = {}
        self._ticks = np.zeros((0, 2), np.int64)
        self._tick_cells = self._ticks.data
        self._connections = np.zeros(0, np.int64)
        self._is_called = self._has_waited = False
        self._timer: asyncio.TimerHandle | None = None
        self._links = np.zeros((0, kernel.LINK_COLUMNS), np.int64)
        self._grow(FIRST_LINKS)
        kernel_of(kernel.exchange).prepare(
            0, self._links, self._connections, self._events, self._told, self._clock, self._ticks, BUDGET_NS
        )
        loop.add_reader(self._poller.fileno(), self._go_on)

    def attach(self, fd: int, hearer: Hearer) -> None:
        """Listen on a socket from now on."""
        if fd >= len(self._links):
            self._grow(2 * fd)
        self._links[fd] = 0
        self._poller.register(fd, select.EPOLLIN)
        self._hearers[fd] = hearer
        self._connections = np.array(list(self._hearers), np.int64)
        hearer.cells = self._links[fd].data

    def detach(self, fd: int) -> None:
        """Listen no more; call it before the socket is closed."""
        del self._hearers[fd]
        self._connections = np.array(list(self._hearers), np.int64)
        self._links[fd] = 0
        self._poller.unregister(fd)
        if not self._hearers:
            if self._timer is not None:
                self._timer.cancel()
            if not self._loop.is_closed():
                self._loop.remove_reader(self._poller.fileno())
            self._poller.close()
            _EXCHANGES.pop(self._loop, None)

    def ask(self) -> None:
        """Something is DUE: it is sent with all else that is in this turn of the loop."""
        if not self._is_called:
            self._is_called = True
            self._loop.call_soon(self._go_on)

    def ask_now(self) -> None:
        """The same, but at once: somebody waits for it. Its answer may come before this call is over.

        Not twice in a row, for many writes to a quick device would hold up the loop.
        """
        budget_ns, self._has_waited = 0 if self._has_waited else BUDGET_NS, True
        self._turn(budget_ns)

    def ask_at(self, when_s: float) -> None:
        """Something will be due then (loop's clock)."""
        if self._timer is None or when_s < self._timer.when():
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(when_s, self._time_is_up)

    def plant(self, tick_ms: TickMs, speed: float) -> int:
        """The number of a plant's clock, which is looked at whenever the exchange is called."""
        if (tick_ms, speed) not in self._plants:
            self._plants[tick_ms, speed] = len(self._plants)
            speeds = [speed for _, speed in self._plants]
            self._ticks = np.zeros((len(speeds), 2), np.int64)
            self._ticks[:, kernel.SPEED] = np.array(speeds).view(np.int64)
            self._tick_cells = self._ticks.data
        return self._plants[tick_ms, speed]

    def _time_is_up(self) -> None:
        self._timer = None
        self._go_on()

    def _go_on(self) -> None:
        self._is_called = self._has_waited = False
        self._turn(BUDGET_NS)

    def _turn(self, budget_ns: int) -> None:
        if self._poller.closed:
            return
        clock, ticks = self._clock_cells, self._tick_cells
        for (tick_ms, _), number in self._plants.items():
            ticks[number, kernel.TICK] = tick_ms()
        # Behind the plants' clocks: whatever comes between makes values older, never younger than they are.
        clock[kernel.CALLED] = time.monotonic_ns()
        news = kernel.exchange(
            self._poller.fileno(),
            self._links,
            self._connections,
            self._events,
            self._told,
            self._clock,
            self._ticks,
            budget_ns,
        )
        if (due := clock[kernel.FIRST_DUE]) != FOR_EVER:
            self.ask_at(due * 1e-9)
        if news:
            self._tell(self._told[:news].tolist())

    def _tell(self, told: Sequence[int]) -> None:
        for fd in told:
            hearer = self._hearers.get(fd)
            if hearer is not None:  # not closed by what another one heard
                hearer.hear()

    def _grow(self, count: int) -> None:
        links = np.zeros((count, kernel.LINK_COLUMNS), np.int64)
        links[: len(self._links)] = self._links
        self._links = links
        self._told = np.zeros(count, np.int64)
        for fd, hearer in self._hearers.items():
            hearer.cells = links[fd].data


_EXCHANGES: dict[asyncio.AbstractEventLoop, Exchange] = {}


def exchange_of(loop: asyncio.AbstractEventLoop) -> Exchange:
    """The exchange of a loop: it lives as long as it has connections."""
    if loop not in _EXCHANGES:
        _EXCHANGES[loop] = Exchange(loop)
    return _EXCHANGES[loop]
