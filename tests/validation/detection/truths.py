"""What is really there at the heads: whether a head's own truth, without noise, drift and faults, came to what it calls an alarm.

A head that tells of an engine's carbon monoxide or of dust in its beam is right about the air and wrong about fire; one that tells of what is
not there is wrong about both. The report counts them apart.
"""

from collections import deque

import numpy as np
import numpy.typing as npt

from controller.core.detect.defaults import CAP, limits_of
from controller.core.detect.readings import Readings
from controller.core.events import Level
from controller.core.image import Image
from controller.site.model import Family, Limits
from sim_hardware.physics.gas import CO, H2, SPECIES, VOC
from tests.validation.detection.field import Field, see
from tests.validation.detection.rooms import GAS

OWN_GAS = {Family.H2: H2, Family.CO: CO, Family.VOC: VOC}
"""Of all species that a gas head answers to, the one that it is there for."""


class Truths:
    """An observer of a run. `reached_s[room, head]`: when the truth at a head first came to its alarm less hysteresis, or to its rate of rise.

    NaN: never, as with heads that know no alarm by a value (cells alarm by runaway alone, which no nuisance has).
    """

    def __init__(self, field: Field) -> None:
        self._field, rooms = field, field.rooms
        self.reached_s = np.full((rooms.count, len(rooms.heads)), np.nan)
        self._seen = np.zeros((rooms.count, rooms.per_room))
        self._heads = [
            (place, head.points, limits)
            for place, head in enumerate(rooms.heads)
            if CAP.get(Family(head.head.family), Level.ALARM) >= Level.ALARM
            and (limits := limits_of(head.head)).alarm is not None
        ]
        self._gas = [
            (point, 2 * rooms.kind.cells + SPECIES * place + OWN_GAS[block.family])
            for point, (block, op, place) in enumerate(rooms.kind.each)
            if op == GAS
        ]
        windows = [round((limits.rate_window_s or 0.0) / field.dt_s) for _, _, limits in self._heads]
        self._before: deque[npt.NDArray[np.float64]] = deque(maxlen=1 + max([1, *windows]))

    def __call__(self, _: int, image: Image, __: Readings) -> None:
        """Look at the truth of this image."""
        rooms = self._field.rooms
        see(self._field.truth, rooms.ops, rooms.columns, rooms.kind.cells, self._seen.reshape(-1))
        for point, column in self._gas:
            self._seen[:, point] = self._field.truth[:, column]
        self._before.append(self._seen.copy())
        for head, points, limits in self._heads:
            is_there = (self._is_high(points, limits) | self._is_steep(points, limits)).any(axis=1)
            self.reached_s[is_there & np.isnan(self.reached_s[:, head]), head] = image.tick_ms / 1000

    def _is_high(self, points: npt.NDArray[np.int32], limits: Limits) -> npt.NDArray[np.bool_]:
        return self._seen[:, points] >= (limits.alarm or 0.0) - (limits.hysteresis or 0.0)

    def _is_steep(self, points: npt.NDArray[np.int32], limits: Limits) -> npt.NDArray[np.bool_]:
        """Over the head's own window, above its floor."""
        if limits.rate_alarm is None:
            return np.zeros((len(self._seen), len(points)), np.bool_)
        ticks = max(1, round((limits.rate_window_s or 0.0) / self._field.dt_s))
        if len(self._before) <= ticks:
            return np.zeros((len(self._seen), len(points)), np.bool_)
        now = self._seen[:, points]
        slope = (now - self._before[-1 - ticks][:, points]) / (ticks * self._field.dt_s)
        floor = -np.inf if limits.rate_floor is None else limits.rate_floor - (limits.hysteresis or 0.0)
        steep: npt.NDArray[np.bool_] = (slope >= limits.rate_alarm) & (now >= floor)
        return steep
