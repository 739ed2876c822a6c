"""What the links say of devices and messages, as places in the layout: three of the host facts that travel in the image."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from drivers.link import Link, LinkHealth

LOOK_EVERY_S = 1.0
"""Links are asked for their health no oftener: a trouble of a wire is a matter of seconds."""
GAPS_SHOWN_S = 60.0
"""A link counts as lossy for so long after its last lost message."""
_NONE = 0


@dataclass(slots=True)
class _Lost:
    """Messages that a link has lost since its start, and when (monotonic) the last of them was found missing."""

    gaps: int = 0
    found_ns: int | None = None


class LinkFacts:
    """Looks at the health of `links`; `devices` and `names` are the layout's devices and links in their order.

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
        self._names = tuple(names)
        self._monotonic_ns = monotonic_ns
        self._lost = {name: _Lost() for name in self._names}
        self._looked_ns: int | None = None
        self._facts = (_NONE, _NONE, _NONE)

    def read(self) -> tuple[int, int, int]:
        """The facts, a second old at most."""
        now_ns = self._monotonic_ns()
        if self._looked_ns is None or now_ns - self._looked_ns >= LOOK_EVERY_S * 1e9:
            self._looked_ns = now_ns
            health = {name: self._links[name].health() for name in self._names}
            self._facts = (
                self._first_device(one.near_deadline for one in health.values()),
                self._first_device(one.unreliable for one in health.values()),
                self._lossy_link(health, now_ns),
            )
        return self._facts

    def _first_device(self, of_links: Iterable[tuple[str, ...]]) -> int:
        return min((self._device_number[device] for devices in of_links for device in devices), default=_NONE)

    def _lossy_link(self, health: Mapping[str, LinkHealth], now_ns: int) -> int:
        lossy = []
        for number, name in enumerate(self._names, 1):
            lost = self._lost[name]
            if health[name].gaps != lost.gaps:
                lost.gaps, lost.found_ns = health[name].gaps, now_ns
            if lost.found_ns is not None and now_ns - lost.found_ns < GAPS_SHOWN_S * 1e9:
                lossy.append(number)
        return min(lossy, default=_NONE)
