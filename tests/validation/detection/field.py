"""From the truth of many rooms to the images that the detector sees: heads, noise, resolution, sampling, faults.

Gas heads, noise and ends of ranges are those of the plant's devices (`sim_hardware.devices`), faults those of `sim_hardware.faults`. Two
episodes in one room add up: rises over the quiet begin, extinctions of smoke included.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from numba import njit

from controller.core.image import Image
from controller.core.trips import HOST_FACTS
from controller.site.model import Family
from drivers.points import Quality
from sim_hardware.devices.head_gas import GasHead, HeadBank, Surroundings
from sim_hardware.devices.head_types import USUAL, head_type
from sim_hardware.devices.noise import uniform
from sim_hardware.devices.sensors import RANGE, SENSOR_DIES_DEGC, SENSOR_DIES_SPREAD_K, SIGMA, Heads
from sim_hardware.faults.bound import BoundFault, bind
from sim_hardware.faults.kinds import kind_of
from sim_hardware.faults.spec import FaultSpec
from sim_hardware.physics.gas import SPECIES
from tests.validation.detection.rooms import DIRECT, GAS, HIGHEST, LOWEST, MEAN, OBSCURATION, Rooms, head_names

FRESH_O2, DRY_AIR_PCT = 0.209, 45.0
"""What gas heads breathe besides: nothing of it changes before agent flows (assumed)."""
OLD_S = 0.5 * 365.0 * 86400.0
"""Heads are half a year old, with the drift of their zero so far (assumed: recalibrated every year)."""
INT16 = 32767.0
HEALTHY = (0,) * len(HOST_FACTS)
"""What the runtime knows of itself: all is well, and it is day."""
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
GOOD, BAD = int(Quality.GOOD), int(Quality.BAD)
UNITS = {
    Family.CELL_TEMPERATURE: "degC",
    Family.HEAT: "degC",
    Family.CLIMATE_TEMPERATURE: "degC",
    Family.CELL_VOLTAGE: "V",
}


@dataclass(frozen=True, slots=True)
class Part:
    """What happens in one room from second `start_s` on: a truth every `dt_s`, and faults whose times count from the same second."""

    truth: npt.NDArray[np.float32]
    dt_s: float
    start_s: float = 0.0
    faults: tuple[FaultSpec, ...] = ()


@dataclass(slots=True)
class Course:
    """A room's whole episode: one part or two side by side; the first one's quiet begin is the room's."""

    parts: Sequence[Part]
    off: Sequence[tuple[str, float, float]] = field(default_factory=tuple)
    """Heads that a person takes out of service: name, from, to (s)."""


class Field:
    """The rooms' heads in time: `image(k)` is what the controller sees at tick `k`, in steps of `dt_s`."""

    def __init__(self, rooms: Rooms, courses: Sequence[Course], dt_s: float, seed: int) -> None:
        """`courses` are one a room. Raises ValueError for more or fewer, or for more than two parts."""
        if len(courses) != rooms.count or max(len(course.parts) for course in courses) > 2:
            raise ValueError(
                f"{len(courses)} courses for {rooms.count} rooms; remedy: one a room, of at most two parts"
            )
        self.rooms, self.dt_s, self.seed = rooms, dt_s, seed
        n = rooms.count * rooms.per_room
        self._pages = [_pages(rooms, courses, which) for which in range(max(len(c.parts) for c in courses))]
        self.truth = np.zeros((rooms.count, rooms.kind.columns))
        self._ppm = np.zeros((2 * rooms.count, SPECIES))
        self._seen, self._measured = np.zeros(n), np.zeros(n)
        self._heads = _heads(rooms, seed)
        blocks = [block for block, _, _ in rooms.kind.each]
        self._resolution = np.tile([block.resolution for block in blocks], rooms.count)
        ticks = [max(1, round(block.period_s / dt_s)) for block in blocks]
        self._every = np.tile(np.array(ticks, np.int64), rooms.count)
        self._now_s = 0.0
        self._bank: HeadBank | None = None
        self._gas = np.flatnonzero(np.tile(rooms.ops == GAS, rooms.count))
        self._faults, self._dead = _bind_faults(rooms, courses)
        self._value, self._quality = np.full(n, np.nan), np.full(n, BAD, np.uint8)
        self._sample, self._received_ms = np.zeros(n, np.int64), np.zeros(n, np.int64)

    def image(self, k: int) -> Image:
        """The image of tick `k`; ticks come in order, from 0 on."""
        now_s = self._now_s = k * self.dt_s
        self._tell_truth(now_s)
        see(self.truth, self.rooms.ops, self.rooms.columns, self._extent, self._seen)
        if self._gas.size:
            self._ppm[:] = self.truth[:, self._gas_from : self._gas_from + 2 * SPECIES].reshape(-1, SPECIES)
            self._bank = self._bank or HeadBank(self._gas_heads())
            self._seen[self._gas] = self._bank.shown()
        self._heads.measure(self.seed, k, self._seen, self._measured)
        for fault in self._faults:
            fault.apply(self._measured, now_s, k)
        tick_ms = round(now_s * 1000)
        arrays = self._value, self._quality, self._sample, self._received_ms
        take(self._measured, self._resolution, self._every, k, tick_ms, *arrays)
        for points, from_s, to_s in self._dead:
            if from_s <= now_s < to_s:
                self._value[points], self._quality[points] = np.nan, BAD
        value, quality, sample, received_ms = arrays
        return Image(k, tick_ms, value.copy(), quality.copy(), sample.copy(), received_ms.copy(), host=HEALTHY)

    @property
    def _extent(self) -> int:
        return self.rooms.kind.cells

    @property
    def _gas_from(self) -> int:
        return 2 * self.rooms.kind.cells

    def _tell_truth(self, now_s: float) -> None:
        for number, page in enumerate(self._pages):
            tell(page.truth, page.first, page.count, page.dt_s, page.start_s, now_s, number > 0, self.truth)

    def _gas_heads(self) -> list[GasHead]:
        air = Surroundings(
            lambda: OLD_S + self._now_s, lambda: self._ppm, lambda: FRESH_O2, lambda: 0.0, lambda: DRY_AIR_PCT
        )
        each = self.rooms.kind.each
        found = []
        for point in self._gas.tolist():
            room, (block, _, place) = point // self.rooms.per_room, each[point % self.rooms.per_room]
            kind = head_type(block.family, USUAL[block.family])
            found.append(GasHead(kind, air, self.seed, point, 2 * room + place))
        return found


@dataclass(frozen=True, slots=True)
class _Pages:
    """The parts of all rooms one behind the other: rows `first[r]` to `first[r] + count[r]` of `truth` are room `r`'s."""

    truth: npt.NDArray[np.float32]
    first: Ints
    count: Ints
    dt_s: Floats
    start_s: Floats


def _pages(rooms: Rooms, courses: Sequence[Course], which: int) -> _Pages:
    still = np.zeros((1, rooms.kind.columns), np.float32)
    parts = [c.parts[which] if which < len(c.parts) else Part(still, 1.0) for c in courses]
    count = np.array([len(part.truth) for part in parts], np.int64)
    first = np.concatenate([[0], np.cumsum(count)[:-1]]).astype(np.int64)
    dt_s, start_s = (np.array([getattr(part, name) for part in parts]) for name in ("dt_s", "start_s"))
    return _Pages(np.concatenate([part.truth for part in parts]), first, count, dt_s, start_s)


def _heads(rooms: Rooms, seed: int) -> Heads:
    heads = Heads.of(np.arange(rooms.count * rooms.per_room))
    for place, (block, op, _) in enumerate(rooms.kind.each):
        points = slice(place, None, rooms.per_room)
        heads.sigma[points] = SIGMA.get(block.family, 0.0)
        heads.low[points], heads.high[points] = RANGE.get(block.family, (-np.inf, np.inf))
        if block.family is Family.CELL_TEMPERATURE and op == DIRECT:
            each = range(place, rooms.count * rooms.per_room, rooms.per_room)
            heads.dies_degc[points] = [SENSOR_DIES_DEGC + SENSOR_DIES_SPREAD_K * uniform(seed, i, 0) for i in each]
    return heads


def _bind_faults(
    rooms: Rooms, courses: Sequence[Course]
) -> tuple[list[BoundFault], list[tuple[npt.NDArray[np.intp], float, float]]]:
    """Faults of values bound to their points, and devices that answer nothing: points, from, to (s)."""
    bound: list[BoundFault] = []
    dead: list[tuple[npt.NDArray[np.intp], float, float]] = []
    each = rooms.kind.each
    high = np.tile([RANGE.get(block.family, (0.0, np.inf))[1] for block, _, _ in each], rooms.count)
    for room, course in enumerate(courses):
        first = room * rooms.per_room
        for part in course.parts:
            for spec in part.faults:
                shifted = FaultSpec(
                    kind=spec.kind, target=spec.target, param=spec.param, at_s=spec.at_s + part.start_s,
                    until_s=spec.until_s + part.start_s,
                )  # fmt: skip
                if spec.kind.startswith("device"):
                    mine = [first + i for i, (block, _, _) in enumerate(each) if block.device == spec.target]
                    dead.append((np.array(mine, np.intp), shifted.at_s, shifted.until_s))
                    continue
                places, family = point_of(rooms, spec.target)
                bound.append(
                    bind(shifted, kind_of(spec), family, UNITS.get(family, ""), [first + i for i in places], high)
                )
    return bound, dead


def point_of(rooms: Rooms, target: str) -> tuple[list[int], Family]:
    """Places in a room of the points that a fault's target names (`head` or `head[i]`), and their family. Raises KeyError."""
    name, _, rest = target.partition("[")
    at = 0
    for block in rooms.kind.points:
        names = head_names(block)
        if name in names:
            mine = range(at, at + len(block.ops)) if block.group >= 0 else [at + names.index(name)]
            return ([mine[int(rest[:-1])]] if rest else list(mine)), block.family
        at += len(block.ops)
    raise KeyError(target)


@njit(cache=True, nogil=True)
def tell(
    pages: npt.NDArray[np.float32], first: Ints, count: Ints, dt_s: Floats, start_s: Floats, now_s: float, adds: bool, truth: Floats,
) -> None:  # fmt: skip
    """Write the truth of all rooms at `now_s`, or add its rise over its own begin; before its start and after its end a part stands still."""
    for r in range(first.shape[0]):
        place = min(max((now_s - start_s[r]) / dt_s[r], 0.0), count[r] - 1.0)
        low = int(place)
        share = place - low
        a = first[r] + low
        b = first[r] + min(low + 1, count[r] - 1)
        for c in range(truth.shape[1]):
            value = pages[a, c] + share * (pages[b, c] - pages[a, c])
            if adds:
                truth[r, c] += value - pages[first[r], c]
            else:
                truth[r, c] = value


@njit(cache=True, nogil=True)
def see(truth: Floats, ops: Ints, columns: Ints, cells: int, seen: Floats) -> None:
    """Write what the points look at, but for gas heads."""
    per_room = ops.shape[0]
    for r in range(truth.shape[0]):
        for p in range(per_room):
            c = columns[p]
            op = ops[p]
            value = truth[r, c]
            if op == OBSCURATION:
                value = 100.0 * (1.0 - np.exp(-max(0.0, value)))
            elif op == LOWEST:
                value = truth[r, c : c + cells].min()
            elif op == HIGHEST:
                value = truth[r, c : c + cells].max()
            elif op == MEAN:
                value = truth[r, c : c + cells].mean()
            if op != GAS:
                seen[r * per_room + p] = value


@njit(cache=True, nogil=True)
def take(
    measured: Floats, resolution: Floats, every: Ints, tick: int, tick_ms: int,
    value: Floats, quality: npt.NDArray[np.uint8], sample: Ints, received_ms: Ints,
) -> None:  # fmt: skip
    """Sample the points whose turn it is, at the resolution of their registers (16 bits)."""
    for i in range(value.shape[0]):
        if tick % every[i] != 0:
            continue
        sample[i] += 1
        received_ms[i] = tick_ms
        missing = np.isnan(measured[i])
        quality[i] = BAD if missing else GOOD
        value[i] = np.nan if missing else min(max(np.rint(measured[i] / resolution[i]), -INT16), INT16) * resolution[i]
