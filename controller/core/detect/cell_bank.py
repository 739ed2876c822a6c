"""Banks of cells: temperatures and voltages of batteries, in tiles of 128 modules, one kernel call a scan."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from controller.core.detect import cell_kernel, cell_reduce
from controller.core.detect.cell_limits import head_record, parameters, rows_of
from controller.core.detect.cell_records import HEAD, POINT, new_points
from controller.core.detect.readings import Readings
from controller.core.detect.tiles import (
    CHUNK,
    LANES,
    MAX_GROUP,
    MIN_GROUP,
    SCRATCH,
    Tiles,
    lay_out_tiles,
    new_shared,
    new_state,
)
from controller.core.image import Image
from controller.core.layout import HeadLayout, Layout
from controller.site.model import Family

_UNSEEN = 255
BOTH = 2
"""Banks of cells of a site that tells temperatures and voltages."""


@dataclass(frozen=True, slots=True)
class CellBank:
    """All heads of one family of cells.

    By slot (n,): `index` and `head_of` int32 places in the image and in `heads`, `seen_quality`, `status` and `flags` uint8,
    `seen_sample` and `last_ms` int64, `points` POINT records; by lane `odd_lane` uint8. `state` and `shared` float32 are what is known
    of points and of modules (`tiles`), `params` float32 one row for each set of limits, `heads` HEAD records, `other` what is seen of the
    other bank, `run` int64 (runs, 3) slots, places in the image and lengths of points that lie together, `tile_run` the first of each tile,
    `tile_ms` when its heat balances went on; the rest is scratch.
    """

    families: tuple[Family, ...]
    tiles: Tiles
    index: npt.NDArray[np.int32]
    head_of: npt.NDArray[np.int32]
    run: npt.NDArray[np.int64]
    tile_run: npt.NDArray[np.int64]
    params: npt.NDArray[np.float32]
    heads: npt.NDArray[np.void]
    points: npt.NDArray[np.void]
    other: "Other"
    state: npt.NDArray[np.float32]
    shared: npt.NDArray[np.float32]
    odd_lane: npt.NDArray[np.uint8]
    seen_quality: npt.NDArray[np.uint8]
    seen_sample: npt.NDArray[np.int64]
    last_ms: npt.NDArray[np.int64]
    tile_ms: npt.NDArray[np.int64]
    status: npt.NDArray[np.uint8]
    flags: npt.NDArray[np.uint8]
    code: npt.NDArray[np.uint8]
    scratch: "Scratch"

    def advance(self, image: Image) -> bool:
        """Take in an image; returns whether anything was new."""
        tiles, own = self.tiles, self.scratch
        return bool(
            cell_kernel.advance(
                image.value, image.quality, image.sample, image.received_ms, image.tick_ms, self.index, self.seen_quality,
                self.seen_sample, self.last_ms, self.state, self.shared, own.points, own.rows, self.status,
                self.status.view(np.uint64), self.flags, self.flags.view(np.uint64), self.odd_lane,
                self.code, self.code.view(np.uint64),
                self.heads, self.points, self.params, self.head_of, self.run, self.tile_run, tiles.slot,
                tiles.rows, tiles.width, tiles.kind, tiles.net, self.tile_ms, tiles.pairs,
                self.other.points, self.other.heads, self.other.status,
            )
        )  # fmt: skip

    def reduce(self, readings: Readings) -> None:
        """Write the readings of the bank's heads, and of the racks if it holds temperatures."""
        r, own = readings, self.scratch
        known = self.state, self.shared, self.status, self.odd_lane
        cell_reduce.reduce_heads(
            self.index, self.heads, self.points, *known,
            r.level, r.runaway, r.fault, r.point, r.feature, r.value, r.threshold, r.weight,
        )  # fmt: skip
        if Family.CELL_TEMPERATURE in self.families:
            racks = r.rack_hottest_degc, r.rack_slope_degc_per_s, r.rack_live_fraction
            cell_reduce.reduce_racks(self.heads, *known, *racks, own.rack_points, own.rack_living)

    def forget(self, head_index: int) -> None:
        """Let go of what the points of a head, and the head itself, keep after their deaths or losses; where a point drifts is habit now.

        Farther than an advisory of deviation is no habit: that goes on being told.
        """
        for head in np.flatnonzero(self.heads["index"] == head_index):
            self.heads["dying"][head] = 0
            slots = self.slots_of(int(head))
            self.points["kept_level"][slots] = 0
            self.points["kept_runaway"][slots] = 0
            self.points["died_ms"][slots] = -1
            cell_reduce.adopt(
                self.heads[head], self.state, self.shared, self.points, self.status, self.flags, self.odd_lane,
                self.params[self.tiles.kind[int(self.heads[head]["first_lane"]) // LANES]],
            )  # fmt: skip

    def slots_of(self, head: int) -> slice:
        """Slots of the points of a head of this bank, in their order."""
        record = self.heads[head]
        return slice(int(record["first"]), int(record["first"] + record["lanes"] * record["rows"]))

    def arrays(self) -> Iterator[npt.NDArray[Any]]:
        """All memory, field by field (padding of the records is no memory), without the scratch."""
        for name in HEAD.names or ():
            yield self.heads[name]
        for name in POINT.names or ():
            yield self.points[name]
        yield from (self.state, self.shared, self.status, self.flags, self.odd_lane)
        yield from (self.seen_quality, self.seen_sample, self.last_ms, self.tile_ms)


@dataclass(frozen=True, slots=True)
class Other:
    """What a bank sees of the other one, temperatures of voltages and the reverse: `points` POINT and `status` uint8 by slot, `heads` HEAD."""

    points: npt.NDArray[np.void]
    heads: npt.NDArray[np.void]
    status: npt.NDArray[np.uint8]

    @classmethod
    def none(cls) -> "Other":
        """There is no other bank."""
        return cls(new_points(0), np.zeros(0, HEAD), np.zeros(0, np.uint8))


@dataclass(frozen=True, slots=True)
class Scratch:
    """What a kernel works in: float32 of the points of a tile and its sorted rows, int64 of the racks."""

    points: npt.NDArray[np.float32]
    rows: npt.NDArray[np.float32]
    rack_points: npt.NDArray[np.int64]
    rack_living: npt.NDArray[np.int64]

    @classmethod
    def of(cls, rows: int, racks: int) -> "Scratch":
        """For modules of so many points."""
        points = rows * LANES // CHUNK * int(SCRATCH)
        racks_of = np.zeros(racks, np.int64), np.zeros(racks, np.int64)
        return cls(np.zeros(points, np.float32), np.zeros((rows + 1) * LANES, np.float32), *racks_of)


def lay_out_cells(layout: Layout) -> tuple[CellBank, ...]:
    """The banks of cells of a site, voltages first, for runaway looks at a cell's voltage.

    Raises ValueError for a group that does not divide its head.
    """
    voltages = [head for head in layout.heads if head.head.family == Family.CELL_VOLTAGE]
    temperatures = [head for head in layout.heads if head.head.family == Family.CELL_TEMPERATURE]
    banks: list[CellBank] = []
    if voltages:
        banks.append(_bank(Family.CELL_VOLTAGE, voltages, len(layout.racks)))
    if temperatures:
        banks.append(_bank(Family.CELL_TEMPERATURE, temperatures, len(layout.racks)))
    if len(banks) == BOTH:
        _pair(banks[1], temperatures, banks[0], voltages)
        return _introduced(banks[0], banks[1]), _introduced(banks[1], banks[0])
    return tuple(banks)


def _introduced(bank: CellBank, other: CellBank) -> CellBank:
    return dataclasses.replace(bank, other=Other(other.points, other.heads, other.status))


def _bank(family: Family, heads: list[HeadLayout], n_racks: int) -> CellBank:
    kinds: dict[tuple[int, bytes], list[int]] = {}
    for place, head in enumerate(heads):
        _check_group(head)
        kinds.setdefault((rows_of(head), parameters(head).tobytes()), []).append(place)
    sets = list(kinds.values())
    rows = [rows for rows, _ in kinds]
    modules = [sum(len(heads[place].points) for place in places) // n for places, n in zip(sets, rows, strict=True)]
    tiles = lay_out_tiles(list(zip(rows, modules, strict=True)))
    n = tiles.n_slots
    index, head_of = np.full(n, -1, np.int32), np.zeros(n, np.int32)
    records = np.zeros(len(heads), HEAD)
    devices, kin = sorted({head.device for head in heads}), _kin(heads)
    for kind, places in enumerate(sets):
        tile = int(np.argmax(tiles.kind == kind))
        slot, lane = int(tiles.slot[tile]), tile * LANES
        for place in places:
            points = heads[place].points
            records[place] = head_record(heads[place], slot, lane, devices.index(heads[place].device), kin[place])
            index[slot : slot + len(points)] = points
            head_of[slot : slot + len(points)] = place
            slot, lane = slot + len(points), lane + len(points) // rows[kind]
    params = np.array([parameters(heads[places[0]]) for places in sets], np.float32)
    never = np.full(n, np.iinfo(np.int64).min, np.int64)
    return CellBank(
        (family,), tiles, index, head_of, *_runs(tiles, index), params, records, new_points(n), Other.none(), new_state(tiles),
        new_shared(tiles), np.ones(len(tiles.slot) * LANES, np.uint8), np.full(n, _UNSEEN, np.uint8), never,
        np.zeros(n, np.int64), np.zeros(len(tiles.slot), np.int64), (index >= 0).astype(np.uint8), np.zeros(n, np.uint8),
        np.zeros(n, np.uint8), Scratch.of(max(rows), n_racks),
    )  # fmt: skip


def _kin(heads: list[HeadLayout]) -> list[int]:
    """Of every head the first one on its rack and device; one without a rack has no kin."""
    first: dict[tuple[int, str], int] = {}
    return [
        place if head.rack < 0 else first.setdefault((head.rack, head.device), place)
        for place, head in enumerate(heads)
    ]


def _runs(tiles: Tiles, index: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Runs of points that lie together in the image, in one chunk; and the first run of each tile, with the number of all."""
    places = np.arange(index.size)
    begins = (index >= 0) & ((places % CHUNK == 0) | (np.diff(index, prepend=-2) != 1))
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], index.size)
    lengths = [int((index[a:b] >= 0).sum()) for a, b in zip(starts, ends, strict=True)]
    runs = np.stack([starts, index[starts], np.array(lengths)], axis=1).astype(np.int64)
    return runs, np.append(np.searchsorted(starts, tiles.slot), len(starts)).astype(np.int64)


def _check_group(head: HeadLayout) -> None:
    group = head.head.group
    count = len(head.points)
    if group and (not MIN_GROUP <= group <= MAX_GROUP or count % group):
        raise ValueError(
            f"heads.{head.name}.group: {group} must be {MIN_GROUP} to {MAX_GROUP} and divide its {count} points"
        )


def _pair(bank: CellBank, heads: list[HeadLayout], voltages: CellBank, voltage_heads: list[HeadLayout]) -> None:
    """Give every cell temperature its cell's voltage, and the reverse: the head of the same rack and device with as many points."""
    for place, head in enumerate(heads):
        for other_place, other in enumerate(voltage_heads):
            if head.head.group and _key(other) == _key(head):
                theirs = voltages.slots_of(other_place)
                mine = bank.slots_of(place)
                bank.points["partner"][mine] = np.arange(theirs.start, theirs.stop)
                voltages.points["partner"][theirs] = np.arange(mine.start, mine.stop)


def _key(head: HeadLayout) -> tuple[int, int, str, int]:
    return head.zone, head.rack, head.device, len(head.points)
