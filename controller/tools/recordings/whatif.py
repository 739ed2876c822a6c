"""What would have happened: the detector over the images of a recording, under one set of settings or under two, and what changes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from controller.core.detect.detector import Detector
from controller.core.detect.readings import Readings
from controller.core.events import Evidence, Feature, Level
from controller.core.image import Image
from controller.core.layout import Layout

FAULTS = ("none", "part", "whole")
"""How far a head is faulty, as `Readings.fault` has it."""


class Seen(Protocol):
    """An image and where in its recording it is from."""

    @property
    def image(self) -> Image:
        """The image."""

    @property
    def line(self) -> int:
        """Line of the file, or number of the scan."""

    @property
    def said_s(self) -> float:
        """Seconds as the recording counts them."""

    @property
    def run(self) -> int:
        """Number of the run, from 1."""

    @property
    def begins(self) -> bool:
        """Whether the detector begins afresh with this image."""


@dataclass(frozen=True, slots=True)
class Change:
    """A head has another level, or another fault; or a zone has another level (kind "zone", `head` is its place among the zones).

    `which` counts the settings that it is under, from 0; `at_ms` is time since the run began.
    """

    which: int
    kind: str
    head: int
    level: Level
    was: Level
    fault: str
    line: int
    said_s: float
    at_ms: int
    run: int
    evidence: tuple[Evidence, ...]
    runaway: bool = False


class _Watch:
    """One detector and what it said last."""

    def __init__(self, which: int, layout: Layout) -> None:
        self.which = which
        self._layout = layout
        self._begin()

    def _begin(self) -> None:
        self._detector = Detector(self._layout)
        n = len(self._layout.heads)
        self._levels, self._faults = bytes(n), bytes(n)
        self._weighed = self._detector.weighed
        self._unseen = set(range(n))

    def changes(self, seen: Seen) -> Iterator[Change]:
        """What is new with this image."""
        if seen.begins:
            yield from self._ended(seen)
            self._begin()
        readings = self._detector.advance(seen.image)
        yield from self._heads(seen, readings)
        if self._detector.weighed is not self._weighed:
            yield from self._zones(seen)

    def _heads(self, seen: Seen, readings: Readings) -> Iterator[Change]:
        levels, faults = readings.level.tobytes(), readings.fault.tobytes()
        if self._unseen:
            faults = self._believed(seen.image, faults)
        if levels == self._levels and faults == self._faults:
            return
        before = zip(self._levels, self._faults, strict=True)
        self._levels, self._faults, now = levels, faults, zip(levels, faults, strict=True)
        for head, ((level_was, fault_was), (level, fault)) in enumerate(zip(before, now, strict=True)):
            if level == level_was and fault == fault_was:
                continue
            evidence = (self._detector.evidence(head),)
            runaway = bool(readings.runaway[head])
            if level != level_was:
                yield self._change("level", head, level, level_was, fault, seen, evidence, runaway=runaway)
            if fault != fault_was:
                yield self._change("fault", head, level, level_was, fault, seen, evidence, runaway=runaway)

    def _zones(self, seen: Seen) -> Iterator[Change]:
        """What the heads of a zone say together, where that is another level now."""
        before, self._weighed = self._weighed, self._detector.weighed
        for zone, (was, now) in enumerate(zip(before, self._weighed, strict=True)):
            if was.level != now.level:
                yield self._change("zone", zone, now.level, was.level, 0, seen, now.evidence)

    def _believed(self, image: Image, faults: bytes) -> bytes:
        """Faults without those of heads that have not had their first value yet, as long as they may take for it."""
        believed = bytearray(faults)
        for head in sorted(self._unseen):
            points = self._layout.heads[head].points
            if image.quality[points].any() or image.tick_ms > self._layout.max_age_ms[points].max():
                self._unseen.discard(head)
            else:
                believed[head] = 0
        return bytes(believed)

    def _ended(self, seen: Seen) -> Iterator[Change]:
        """A new run: whatever a head said before is said no more."""
        for head, level in enumerate(self._levels):
            if level:
                why = Evidence(self._layout.heads[head].name, Feature.NONE, "", 0.0, 0.0, 0.0)
                yield self._change("level", head, 0, level, 0, seen, (why,))
        for zone, weighed in enumerate(self._weighed):
            if weighed.level:
                yield self._change("zone", zone, 0, weighed.level, 0, seen, ())

    def _change(
        self, kind: str, head: int, level: int, was: int, fault: int, seen: Seen, evidence: tuple[Evidence, ...],
        *, runaway: bool = False,
    ) -> Change:  # fmt: skip
        return Change(
            self.which, kind, head, Level(level), Level(was), FAULTS[fault], seen.line, seen.said_s,
            seen.image.tick_ms, seen.run, evidence, runaway,
        )  # fmt: skip


def changes(layouts: Sequence[Layout], moments: Iterable[Seen]) -> Iterator[Change]:
    """What detectors of the same site under different settings say of the same images, in the order of time."""
    watches = [_Watch(which, layout) for which, layout in enumerate(layouts)]
    for seen in moments:
        for watch in watches:
            yield from watch.changes(seen)
