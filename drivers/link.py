"""The Link protocol: what every way to the field offers, whatever the wire. And the tree of errors a wire can raise."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from drivers.points import BlockBuffer

TickMs = Callable[[], int]
"""The plant's clock in milliseconds: (CLOCK_MONOTONIC - shared epoch) * speed. Ages run in it; socket deadlines run in wall time."""


class LinkError(Exception):
    """Something went wrong on a wire. `place` names link, device and block."""

    def __init__(self, place: str, what: str) -> None:
        super().__init__(f"{place}: {what}")
        self.place = place
        self.what = what


class NotConnectedError(LinkError):
    """The peer cannot be reached or has closed the connection."""


class TimedOutError(LinkError):
    """No answer within the deadline; the connection is not trusted any more."""


class WrongReplyError(LinkError):
    """A reply that is not the one right answer: other unit, function, count or transaction."""


class RefusedError(LinkError):
    """The device answered with an exception (illegal address, busy, ...)."""


class ReadOnlyError(LinkError):
    """A write was asked of a link or block that must not be written."""


class LinkState(StrEnum):
    """Where a link stands."""

    DOWN = "down"
    CONNECTING = "connecting"
    UP = "up"


@dataclass(frozen=True, slots=True)
class LinkHealth:
    """A snapshot for supervision: counts since start; times in wall milliseconds; `generation` counts connections.

    `near_deadline` names the devices whose learned latency (p99) comes close to the time-out. `unreliable` names those that failed more than
    a stated share of their requests within the last minute, though they come back in between. `gaps` counts messages that their sequence
    says were lost on the way.
    """

    state: LinkState
    generation: int
    reads: int
    errors: int
    timeouts: int
    latency_p99_ms: float
    late_cycles: int
    last_error: str
    near_deadline: tuple[str, ...] = ()
    unreliable: tuple[str, ...] = ()
    gaps: int = 0


@dataclass(frozen=True, slots=True)
class PointWrite:
    """One level to write: `value` in engineering units (0 or 1 for a coil) at `index` of `block`."""

    block: str
    index: int
    value: float


class Link(Protocol):
    """One bus, broker or recording. One owner task runs `run`; nothing else touches its wire.

    `buffers` maps the names of the link's blocks to the buffers it fills. After any error on a device the points of its blocks become
    BAD at once (rule 1); the link never repeats a write on its own.
    """

    @property
    def name(self) -> str:
        """The link's name in the site file."""
        ...

    @property
    def buffers(self) -> Mapping[str, BlockBuffer]:
        """The buffers that this link fills."""
        ...

    async def run(self) -> None:
        """Connect, poll, reconnect; for ever, until cancelled."""
        ...

    async def write(self, write: PointWrite) -> None:
        """Write one level and read it back at once into the block's buffer. Raises `LinkError`; never waits longer than its deadline."""
        ...

    def health(self) -> LinkHealth:
        """A snapshot of the link's health."""
        ...
