"""What a Modbus link needs of a connection, be it a socket or a serial line; and what the connection asks of the link."""

import random
import struct
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from drivers.link import LinkError
from drivers.modbus.frame import Batch

if TYPE_CHECKING:
    from drivers.modbus.standing import Standing

NO_LINGER = struct.pack("ii", 1, 0)
"""SO_LINGER: what is not sent yet is dropped when the socket is closed."""


class Transactions:
    """Transaction numbers of one link over all of its connections.

    A gateway may hand a late reply to the connection that its client has opened since: it must not meet its own number there. So the numbers
    go on, and begin anywhere when the process does. None is 0, the number that some gateways give to whatever they send.
    """

    def __init__(self) -> None:
        self._table = np.array([random.randrange(1, 0x10000)], np.int64)  # noqa: S311 (a number not used of late, not a secret)
        self._cell = self._table.data
        self.address: int = self._table.ctypes.data
        """Where the next number stands, for who takes it without Python (`cycles.take_numbers`)."""

    def take(self, count: int) -> int:
        """The first of `count` numbers in a row."""
        cell = self._cell
        first: int = cell[0] if cell[0] + count <= 0x10000 else 1  # noqa: PLR2004 (16 bits)
        cell[0] = first + count
        return first


class Turns(Protocol):
    """What is asked over a connection, turn by turn. Called in the connection's own call-backs; times are the loop's clock, in seconds."""

    def next(self, now_s: float) -> Batch | float | None:
        """Give the batch to send now, or until when nothing is to be asked, or None: the connection is handed back."""
        ...

    def ahead(self) -> Sequence[Batch]:
        """What follows the batch that `next` gave, one when the other is answered, as long as nobody wakes the connection.

        A connection may send it without asking `next` in between.
        """
        ...

    def answered(self, batches: Sequence[Batch], waits_s: Sequence[float], times_s: Sequence[float]) -> None:
        """Take in batches whose replies are all in, with the longest wait for a reply of each, and when it was answered.

        They are the one that `next` gave, or some that were `ahead`, in their order. One that was refused comes alone. Raises `LinkError` for
        wrong values.
        """
        ...

    def standing(self) -> "Standing | None":
        """Give what the connection may ask from now on without a question, until somebody wakes it or something odd comes."""
        ...

    def is_wanted(self) -> bool:
        """Whether a batch that had to wait for its unit's silence is still to be sent. A write is not, once its writer has given up."""
        ...


class Once:
    """The turns of a write: it, what reads it back, and then the connection is handed back.

    `take` is called when the read-back was answered with values, with the moment at which they came (loop's clock). `is_written` and
    `is_answered` stay False where the write, or the read-back, was never sent: the connection went, or `wanted` said no, while it waited
    for its unit's silence.
    """

    def __init__(
        self,
        write: Batch,
        back: Batch | None = None,
        take: Callable[[float], None] = lambda _: None,
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        self._write = write
        self._back = back
        self._take = take
        self._wanted = wanted
        self._next: Batch | None = write
        self.is_written = self.is_answered = False
        self.code = 0
        """The exception by which it was refused."""

    def next(self, now_s: float) -> Batch | None:  # noqa: ARG002 (at once)
        """Give the write; once that is answered, what reads it back; then nothing."""
        batch, self._next = self._next, None
        return batch

    def ahead(self) -> Sequence[Batch]:
        """Give what reads the write back: it follows the right echo alone."""
        return () if self._back is None or self.is_written else (self._back,)

    def answered(self, batches: Sequence[Batch], waits_s: Sequence[float], times_s: Sequence[float]) -> None:  # noqa: ARG002 (not learned)
        """Take the echo, and the values. What is wrong with them is the wire's business too."""
        for batch, at_s in zip(batches, times_s, strict=True):
            self.code = max(batch.codes)
            if batch is self._write:
                self.is_written = True
                self._next = None if self.code else self._back
            else:
                self._next = None
                if not self.code:
                    self._take(at_s)
            self.is_answered = self._next is None

    def standing(self) -> None:
        """Give nothing: a write is done once."""

    def is_wanted(self) -> bool:
        """Whether the write is still to be sent. What was written is read back in any case."""
        return self.is_written or self._wanted()


Lost = Callable[[LinkError | None], None]
"""Called when something befell an idle connection: with what was wrong, or None when the peer closed it. `Wire.ready` says if it goes on."""


class Wire(Protocol):
    """One connection: one batch in flight, answered rightly within its deadline or by a `LinkError`."""

    async def ready(self) -> bool:
        """Wait until a request may be sent; False when the connection is gone or not trusted any more. Raises nothing."""
        ...

    async def poll(self, turns: Turns) -> None:
        """Send what `turns` gives, batch after batch, until it hands the connection back, or something befalls it while nothing is asked.

        Raises `LinkError`, from the wire or from `turns`, for the batch in flight; then, and when it is cancelled, nothing that still comes
        counts.
        """
        ...

    def wake(self) -> None:
        """Something may be due earlier than `turns` last said: ask again now, unless a batch is in flight."""
        ...

    def close(self) -> None:
        """Drop the connection, and with it all that is not sent yet: a late write must not reach the field."""
        ...


Connect = Callable[[Lost], Awaitable[Wire]]
"""Opens a connection. Raises `NotConnectedError`."""
