"""What carries out runs: a pool, and what it answers."""

from typing import NamedTuple, Protocol, Self

from sim_hardware.campaign.model import Failed, Order, Outcome


class Lost(NamedTuple):
    """A run whose worker died with it; it may be tried again."""

    order: Order
    reason: str


Answer = Outcome | Failed | Lost


class Pool(Protocol):
    """Workers, here or elsewhere. Leaving the block ends what it started, at once."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    @property
    def words(self) -> str:
        """What it is, for people."""
        ...

    def has_room(self) -> bool:
        """Whether it can take one more run now."""
        ...

    def submit(self, order: Order) -> int:
        """Take a run; returns the process that has it (0 where that is not known)."""
        ...

    def wait(self, timeout_s: float) -> list[Answer]:
        """The answers that have come, after `timeout_s` of wall time at most. Raises CampaignError if none can come any more."""
        ...
