"""A small site, a core that does as it is told, and a link without a wire: for tests of the runtime alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from controller.core.commands import AnyCommand
from controller.core.events import Event, Kind, Write
from controller.core.image import Image
from controller.core.layout import Layout, lay_out
from controller.core.state import State
from controller.site.loader import loads
from drivers.link import LinkError, LinkHealth, LinkState, PointWrite
from drivers.points import BlockBuffer, Quality

SITE = """
[site]
name = "bench"
mode = "direct"
scan_s = 0.02
[links.io]
kind = "modbus-tcp"
endpoint = "127.0.0.1:1502"
[links.io-2]
kind = "modbus-tcp"
endpoint = "127.0.0.1:1503"
[devices.do-1]
link = "io"
watchdog = { point = "kick-1", timeout_s = 0.2 }
[devices.do-2]
link = "io-2"
[blocks.coils-1]
device = "do-1"
table = "coil"
address = 0
count = 4
type = "bit"
writable = true
[blocks.kick-1]
device = "do-1"
table = "holding"
address = 10
[blocks.coils-2]
device = "do-2"
table = "coil"
address = 0
count = 2
type = "bit"
writable = true
[zones.room]
title = "Room"
[heads]
[outputs]
[matrix]
"""


def small_layout() -> Layout:
    return lay_out(loads(SITE))


def image_of(layout: Layout, scan: int, tick_ms: int, value: float = 1.0, host: tuple[int, ...] = ()) -> Image:
    n = layout.n_points
    arrays = (
        np.full(n, value), np.full(n, Quality.GOOD, np.uint8), np.full(n, scan, np.int64), np.full(n, tick_ms, np.int64)
    )  # fmt: skip
    return Image(scan, tick_ms, *arrays, host)


def event(scan: int, what: str = "on", kind: Kind = Kind.OUTPUT, text: str = "") -> Event:
    return Event(scan, scan * 100, kind, "room", "lamp", what, text)


def latched(tick_ms: int, openings: int = 0) -> State:
    return State(tick_ms, (), (), (), (), (), (), openings=openings)


class Outcome(NamedTuple):
    events: tuple[Event, ...] = ()
    writes: tuple[Write, ...] = ()
    state: State = latched(0)
    state_changed: bool = False


@dataclass
class FakeCore:
    """Gives what `script` holds for a scan; answers every command; keeps what it was shown."""

    script: Callable[[Image], Outcome] = lambda _image: Outcome()
    seen: list[tuple[Image, tuple[AnyCommand, ...]]] = field(default_factory=list)
    refuse: str = ""

    def scan(self, image: Image, commands: tuple[AnyCommand, ...] = ()) -> Outcome:
        self.seen.append((image, commands))
        kind = Kind.REFUSED if self.refuse else Kind.COMMAND
        answers = tuple(event(image.scan, "command", kind, self.refuse) for _ in commands)
        outcome = self.script(image)
        return outcome._replace(events=answers + outcome.events)

    def close(self, image: Image) -> Event:
        return event(image.scan, "closed", Kind.DIGEST)


class FakeLink:
    """Takes writes; `hold` keeps each of them waiting, `fail` refuses them."""

    def __init__(self, name: str, buffers: Mapping[str, BlockBuffer] | None = None) -> None:
        self.name = name
        self.buffers: Mapping[str, BlockBuffer] = buffers or {}
        self.writes: list[PointWrite] = []
        self.hold = asyncio.Event()
        self.hold.set()
        self.fail: LinkError | None = None

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def write(self, write: PointWrite) -> None:
        await self.hold.wait()
        if self.fail is not None:
            raise self.fail
        self.writes.append(write)

    def health(self) -> LinkHealth:
        return LinkHealth(LinkState.UP, 1, 0, 0, 0, float("nan"), 0, "")

    @property
    def levels(self) -> list[tuple[str, int, float]]:
        return [(write.block, write.index, write.value) for write in self.writes]


async def until(condition: Callable[[], bool], limit_s: float = 3.0) -> None:
    """Wait for a condition, or fail."""
    async with asyncio.timeout(limit_s):
        while not condition():
            await asyncio.sleep(0.002)
