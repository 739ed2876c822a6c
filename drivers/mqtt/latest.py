"""A queue that keeps the latest message of each topic: a slow consumer sees old values never, new values always."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


class HasTopic(Protocol):
    """A message."""

    @property
    def topic(self) -> object:
        """Its topic; `str` gives the name."""
        ...


MessageT = TypeVar("MessageT", bound=HasTopic)


@dataclass(frozen=True, slots=True)
class Arrived(Generic[MessageT]):
    """A message, when it came (`tick_ms`), and how many older ones of its topic it has replaced."""

    message: MessageT
    received_ms: int
    replaced: int


class LatestByTopic(asyncio.Queue[MessageT], Generic[MessageT]):
    """Give to a client as its queue. `get` gives the message as the client expects; `drain` says more of it."""

    def __init__(self, tick_ms: Callable[[], int]) -> None:
        self._tick_ms = tick_ms
        self._waiting: dict[str, Arrived[MessageT]] = {}
        super().__init__()
        self._got: list[Arrived[MessageT]] = []

    def qsize(self) -> int:
        """Number of topics with a message."""
        return len(self._waiting)

    def empty(self) -> bool:
        """Whether no topic has a message."""
        return not self._waiting

    def _init(self, maxsize: int) -> None:
        pass

    def _put(self, item: MessageT) -> None:
        topic = str(item.topic)
        before = self._waiting.get(topic)
        replaced = before.replaced + 1 if before else 0
        self._waiting[topic] = Arrived(item, self._tick_ms(), replaced)

    def _get(self) -> MessageT:
        topic = next(iter(self._waiting))
        arrived = self._waiting.pop(topic)
        self._got.append(arrived)
        return arrived.message

    def drain(self) -> Iterator[Arrived[MessageT]]:
        """Give what `get` has given since the last time, and then all that still waits."""
        while not self.empty():
            self.get_nowait()
        got, self._got = self._got, []
        yield from got
