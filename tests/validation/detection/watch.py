"""Runs a detector over many rooms and notes when each head said what, and what rule 3 would have let go."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controller.core.detect.detector import Detector
from controller.core.detect.fusion import Weighed
from controller.core.detect.readings import Readings
from controller.core.events import Feature, Level
from controller.core.image import Image
from controller.core.inputs import FIRE_2
from controller.core.state import NEVER, HeadLatch
from controller.core.zone.coincidence import confirmed
from controller.site.model import Physics
from tests.validation.detection.field import Course, Field
from tests.validation.detection.rooms import Rooms

LEVELS = (Level.ADVISORY, Level.PRE_ALARM, Level.ALARM)
WINDOW_MS = 1_800_000
"""The site's usual window of coincidence (`controller.site.model.Release`)."""
HOLD_MS = 20_000
"""The site's usual time at fire 2 before two heads of one family count (`same_family_hold_s`)."""
Observer = Callable[[int, Image, Readings], None]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen in `rooms` rooms of `heads` heads: `first_s[level, room, head]` (NaN: never), `times[level, room, head]` how often it rose.

    `first_runaway_s` and `released_s` are by room, `zone_first_s[level, room]` and `zone_times[level, room]` what the room's heads say
    together (fusion); `feature[level, room, head]` is the place in `Feature` of the first rise.
    """

    first_s: npt.NDArray[np.float64]
    times: npt.NDArray[np.int64]
    feature: npt.NDArray[np.uint8]
    first_runaway_s: npt.NDArray[np.float64]
    released_s: npt.NDArray[np.float64]
    zone_first_s: npt.NDArray[np.float64]
    zone_times: npt.NDArray[np.int64]


FEATURES = tuple(Feature)


class Watcher:
    """The notes of one run. A head that a person has taken out of service says nothing."""

    def __init__(self, rooms: Rooms, courses: Sequence[Course]) -> None:
        self._rooms = rooms
        n, heads = rooms.count, len(rooms.heads)
        shape = (len(LEVELS), n, heads)
        self.seen = Seen(
            np.full(shape, np.nan),
            np.zeros(shape, np.int64),
            np.zeros(shape, np.uint8),
            np.full(n, np.nan),
            np.full(n, np.nan),
            np.full(shape[:2], np.nan),
            np.zeros(shape[:2], np.int64),
        )
        self._zones: tuple[Weighed, ...] = ()
        self._zone_level = np.zeros(n, np.uint8)
        self._level = np.zeros((n, heads), np.uint8)
        self._order = _order(rooms)
        self._alarmed = np.zeros((n, heads), np.bool_)
        self._ended_ms = np.full((n, heads), NEVER, np.int64)
        self._fire_2_ms = np.full((n, heads), NEVER, np.int64)
        self._is_bms = np.array([head.physics is Physics.BMS for head in rooms.heads])
        self._names = [head.name for head in rooms.heads]
        self._off = [(r, self._names.index(name), a, b) for r, c in enumerate(courses) for name, a, b in c.off]

    def out_of_service(self, tick_ms: int) -> tuple[str, ...]:
        """The heads of the site that people have taken out of service now."""
        now_s = tick_ms / 1000
        heads = self._rooms.layout.heads
        return tuple(heads[self._order[room, head]].name for room, head, a, b in self._off if a <= now_s < b)

    def look_at_zones(self, tick_ms: int, zones: tuple[Weighed, ...]) -> None:
        """Note what is new in what the heads of each room say together."""
        if zones is self._zones:
            return
        self._zones = zones
        level = np.array([zone.level for zone in zones], np.uint8)
        for place, threshold in enumerate(LEVELS):
            rises = (level >= threshold) & (self._zone_level < threshold)
            self.seen.zone_times[place] += rises
            self.seen.zone_first_s[place][rises & np.isnan(self.seen.zone_first_s[place])] = tick_ms / 1000
        self._zone_level = level

    def look(self, tick_ms: int, readings: Readings) -> None:
        """Note what is new in these readings."""
        level = readings.level[self._order]
        now_s = tick_ms / 1000
        for room, head, from_s, to_s in self._off:
            if from_s <= now_s < to_s:
                level[room, head] = 0
        if np.array_equal(level, self._level) and not self._alarmed.any() and not readings.runaway.any():
            return
        runaway = readings.runaway[self._order] != 0
        for place, threshold in enumerate(LEVELS):
            rises = (level >= threshold) & (self._level < threshold)
            if rises.any():
                self.seen.times[place] += rises
                new = rises & np.isnan(self.seen.first_s[place])
                self.seen.first_s[place][new] = now_s
                self.seen.feature[place][new] = readings.feature[self._order][new]
        first = runaway.any(axis=1) & np.isnan(self.seen.first_runaway_s)
        self.seen.first_runaway_s[first] = now_s
        self._stand(tick_ms, (readings.marks[self._order] & FIRE_2) != 0)
        self._release(tick_ms, level, runaway)
        self._level[:] = level

    def _stand(self, tick_ms: int, fire_2: npt.NDArray[np.bool_]) -> None:
        """Since when each head stands at fire 2 without a break."""
        self._fire_2_ms[~fire_2] = NEVER
        self._fire_2_ms[fire_2 & (self._fire_2_ms == NEVER)] = tick_ms

    def _release(self, tick_ms: int, level: npt.NDArray[np.uint8], runaway: npt.NDArray[np.bool_]) -> None:
        """Rule 3 by the core's own function, in rooms where two heads stand in fire alarm (a BMS head by runaway alone)."""
        stands = (level >= Level.ALARM) & (runaway | ~self._is_bms)
        self._ended_ms[self._alarmed & ~stands & (self._ended_ms == NEVER)] = tick_ms
        self._ended_ms[stands] = NEVER
        self._alarmed |= stands
        many = (self._alarmed.sum(axis=1) > 1) & np.isnan(self.seen.released_s)
        for room in np.flatnonzero(many).tolist():
            since_ms = self._fire_2_ms[room]
            fire_2 = (since_ms != NEVER) & (tick_ms - since_ms >= HOLD_MS)
            states = zip(self._alarmed[room].tolist(), self._ended_ms[room].tolist(), fire_2.tolist(), strict=True)
            latches = [
                HeadLatch(
                    level=int(Level.ALARM) if alarmed else 0, since_ms=0, ended_ms=ended, runaway=bool(alarmed),
                    fire_2=stands_at_2,
                )
                for alarmed, ended, stands_at_2 in states
            ]  # fmt: skip
            if confirmed(self._rooms.pairs, latches, (), lambda due_ms: tick_ms >= due_ms, WINDOW_MS):
                self.seen.released_s[room] = tick_ms / 1000


def _order(rooms: Rooms) -> npt.NDArray[np.intp]:
    """[room, head of a room] -> head of the site: they lie room by room."""
    return np.arange(rooms.count * len(rooms.heads), dtype=np.intp).reshape(rooms.count, -1)


def run(field: Field, courses: Sequence[Course], length_s: float, observers: Sequence[Observer] = ()) -> Seen:
    """Run the detector over a field of `courses` for `length_s`; `observers` hear tick, image and readings."""
    detector, watcher = Detector(field.rooms.layout), Watcher(field.rooms, courses)
    for k in range(round(length_s / field.dt_s)):
        image = field.image(k)
        detector.leave_out(watcher.out_of_service(image.tick_ms))
        readings = detector.advance(image)
        watcher.look(image.tick_ms, readings)
        watcher.look_at_zones(image.tick_ms, detector.weighed)
        for observer in observers:
            observer(k, image, readings)
    return watcher.seen
