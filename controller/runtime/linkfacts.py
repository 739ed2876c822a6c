"""What the links say of devices and messages, as places in the layout: three of the host facts that travel in the image."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import cycle

from drivers.link import Link, LinkHealth

LOOK_EVERY_S = 1.0
"""A link is asked for its health no oftener, and one link a scan at most: a scan must not wait for what takes seconds to come about."""
GAPS_SHOWN_S = 60.0
"""A link counts as lossy for so long after its last lost message."""
_NONE = 0


@dataclass(slots=True)
class _Seen:
    """What a link said last, when that was, and when (all monotonic) the last of its lost messages was found missing."""

    number: int
    looked_ns: int | None = None
    near: tuple[str, ...] = ()
    unreliable: tuple[str, ...] = ()
    gaps: int = 0
    found_ns: int | None = None


class LinkFacts:
    """Looks at the health of `links`, one after the other; `devices` and `names` are the layout's devices and links in their order.

    `read` gives near_deadline_device, unreliable_device and lossy_link: 0 for none, otherwise 1 + the place of the first.
    """

    def __init__(
        self,
        links: Mapping[str, Link],
        devices: Iterable[str],
        names: Iterable[str],
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._links = links
        self._device_number = {name: number for number, name in enumerate(devices, 1)}
        self._seen = {name: _Seen(number) for number, name in enumerate(names, 1)}
        self._coming = cycle(self._seen)
        self._next = next(self._coming, None)
        self._monotonic_ns = monotonic_ns
        self._facts = (_NONE, _NONE, _NONE)

    def read(self) -> tuple[int, int, int]:
        """The facts, a second old, or as many scans as there are links."""
        now_ns = self._monotonic_ns()
        if self._next is None:
            return self._facts
        seen = self._seen[self._next]
        if seen.looked_ns is None or now_ns - seen.looked_ns >= LOOK_EVERY_S * 1e9:
            _look(seen, self._links[self._next].health(), now_ns)
            self._next = next(self._coming)
            self._facts = (
                self._first_device(one.near for one in self._seen.values()),
                self._first_device(one.unreliable for one in self._seen.values()),
                self._first_lossy(now_ns),
            )
        return self._facts

    def _first_device(self, of_links: Iterable[tuple[str, ...]]) -> int:
        return min((self._device_number[device] for devices in of_links for device in devices), default=_NONE)

    def _first_lossy(self, now_ns: int) -> int:
        lossy = (
            one.number
            for one in self._seen.values()
            if one.found_ns is not None and now_ns - one.found_ns < GAPS_SHOWN_S * 1e9
        )
        return min(lossy, default=_NONE)


def _look(seen: _Seen, health: LinkHealth, now_ns: int) -> None:
    seen.looked_ns = now_ns
    seen.near, seen.unreliable = health.near_deadline, health.unreliable
    if health.gaps != seen.gaps:
        seen.gaps, seen.found_ns = health.gaps, now_ns
