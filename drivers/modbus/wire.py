"""What a Modbus link needs of a connection, be it a socket or a serial line; and what the connection asks of the link."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from drivers.link import LinkError
from drivers.modbus.frame import Batch


class Turns(Protocol):
    """What is asked over a connection, turn by turn. Called in the connection's own call-backs; times are the loop's clock, in seconds."""

    def next(self, now_s: float) -> Batch | float | None:
        """Give the batch to send now, or until when nothing is to be asked, or None: the connection is handed back."""
        ...

    def answered(self, batch: Batch, wait_s: float, now_s: float) -> None:
        """Take in a batch whose replies are all in, `wait_s` being the longest wait for one of them. Raises `LinkError` for wrong values."""
        ...

    def is_wanted(self) -> bool:
        """Whether a batch that had to wait for its unit's silence is still to be sent. A write is not, once its writer has given up."""
        ...


class Once:
    """The turns of one batch: it, and then the connection is handed back.

    `take` is called when all of it was answered with values. `is_answered` stays False where it was never sent: the connection went, or
    `wanted` said no, while it waited for its unit's silence.
    """

    def __init__(
        self, batch: Batch, take: Callable[[], None] = lambda: None, wanted: Callable[[], bool] = lambda: True
    ) -> None:
        self._batch: Batch | None = batch
        self._take = take
        self.is_wanted = wanted
        self.is_answered = False
        self.code = 0
        """The exception by which it was refused."""

    def next(self, now_s: float) -> Batch | None:  # noqa: ARG002 (at once)
        """Give the batch, then nothing."""
        batch, self._batch = self._batch, None
        return batch

    def answered(self, batch: Batch, wait_s: float, now_s: float) -> None:  # noqa: ARG002 (nothing is learned)
        """Take the values. What is wrong with them is the wire's business too."""
        self.code = max(batch.codes)
        if not self.code:
            self._take()
        self.is_answered = True


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
