"""The latest message of each topic: a slow consumer sees old values never, new values always."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message, when it came (`received_ms`), and how many older ones of its topic it has replaced."""

    topic: str
    payload: bytes
    retained: bool
    received_ms: int
    replaced: int


class LatestByTopic:
    """Never longer than the number of topics."""

    def __init__(self, tick_ms: Callable[[], int]) -> None:
        self._tick_ms = tick_ms
        self._waiting: dict[str, Arrived] = {}

    def put(self, topic: str, payload: bytes, retained: bool) -> None:
        """Take a message in place of an older one that nobody has fetched. A retained one never takes the place of a live one."""
        before = self._waiting.get(topic)
        if retained and before is not None and not before.retained:
            return
        replaced = before.replaced + 1 if before is not None and not before.retained else 0
        self._waiting[topic] = Arrived(topic, payload, retained, self._tick_ms(), replaced)

    def drain(self) -> Iterator[Arrived]:
        """Give all that wait, in the order in which their topics were first heard."""
        waiting, self._waiting = self._waiting, {}
        yield from waiting.values()
