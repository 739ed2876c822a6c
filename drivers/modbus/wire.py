"""What a Modbus link needs of a connection, be it a socket or a serial line."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from drivers.link import LinkError
from drivers.modbus.frame import Batch

Answered = Callable[[Batch, float], Batch | None]
"""Called with a batch whose replies are all in, and the longest wait for one of them (s); gives the batch to send next, or None."""

Lost = Callable[[LinkError | None], None]
"""Called when something befell an idle connection: with what was wrong, or None when the peer closed it. `Wire.ready` says if it goes on."""


class Wire(Protocol):
    """One connection: one batch in flight, answered rightly within its deadline or by a `LinkError`."""

    async def ready(self) -> bool:
        """Wait until a request may be sent; False when the connection is gone or not trusted any more. Raises nothing."""
        ...

    async def exchange(self, batch: Batch, answered: Answered) -> None:
        """Send a batch, await its replies, and go on with what `answered` gives, until it gives None.

        Raises `LinkError`, from the wire or from `answered`; then, and when it is cancelled, nothing that still comes counts.
        """
        ...

    def close(self) -> None:
        """Drop the connection, and with it all that is not sent yet: a late write must not reach the field."""
        ...


Connect = Callable[[Lost], Awaitable[Wire]]
"""Opens a connection. Raises `NotConnectedError`."""
