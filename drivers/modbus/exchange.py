"""What the compiled `kernel` works on: runs of batches, and all plain Modbus TCP connections of one event loop."""

import asyncio
import select
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from drivers.compiled.door import kernel_of
from drivers.modbus import kernel
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
        self.ahead = tuple(batches[1:])
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
        self._clock = np.zeros(2, np.int64)
        self._due: list[int] = []
        self._links = np.zeros((0, kernel.LINK_COLUMNS), np.int64)
        self._grow(FIRST_LINKS)
        kernel_of(kernel.exchange).prepare(0, self._links, self._told, self._events, self._told, self._clock, BUDGET_NS)
        loop.add_reader(self._poller.fileno(), self._go_on)

    def attach(self, fd: int, hearer: Hearer) -> None:
        """Listen on a socket from now on."""
        if fd >= len(self._links):
            self._grow(2 * fd)
        self._links[fd] = 0
        self._poller.register(fd, select.EPOLLIN)
        self._hearers[fd] = hearer
        hearer.cells = self._links[fd].data

    def detach(self, fd: int) -> None:
        """Listen no more; call it before the socket is closed."""
        del self._hearers[fd]
        self._links[fd] = 0
        self._poller.unregister(fd)
        if not self._hearers:
            if not self._loop.is_closed():
                self._loop.remove_reader(self._poller.fileno())
            self._poller.close()
            _EXCHANGES.pop(self._loop, None)

    def ask(self, fd: int) -> None:
        """A batch of this connection is DUE: it is sent with all the others of this turn of the loop."""
        if not self._due:
            self._loop.call_soon(self._go_on)
        self._due.append(fd)

    def _go_on(self) -> None:
        if self._poller.closed:
            return
        due, self._due = np.array(self._due, np.int64), []
        news = kernel.exchange(
            self._poller.fileno(), self._links, due, self._events, self._told, self._clock, BUDGET_NS
        )
        for fd in self._told[:news].tolist():
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
