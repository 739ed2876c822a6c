"""Made-up sites of many equal rooms, so that many episodes run side by side in one detector.

A battery room has one rack with one module, gas heads in the rack and in the room, two aspirating detectors, two heat heads on one
input module, and the air of the rack; a server room has eight places of temperature and humidity and two aspirating detectors that
its owner lets release together. Every device hangs on a link of its own, as rule 3 asks.
"""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import msgspec
import numpy as np
import numpy.typing as npt

from controller.core.layout import HeadLayout, Layout, lay_out
from controller.core.zone.coincidence import Pair
from controller.site.model import Block, Device, Family, Head, Limits, Link, ModbusTcp, Site, SiteInfo, Zone
from controller.site.pairs import releasing_pairs
from drivers.points import DataType, Table
from sim_hardware.physics.gas import SPECIES

ROOM = "room"
RACK = "rack"
DIRECT, OBSCURATION, LOWEST, HIGHEST, MEAN, GAS = range(6)
"""How a point sees the truth: a column; a column of extinction (1/m) as obscuration; of all columns of cells; through a gas head."""
HIGHEST_AGE_S = 60.0
"""Values never come of age here: silence is told by a quality of its own."""
SERVER_PLACES = 8
MIN_MAX_MEAN = (LOWEST, HIGHEST, MEAN)


@dataclass(frozen=True, slots=True)
class Bms:
    """What a BMS tells: every `spacing`-th cell's temperature and all voltages; or (`spacing` 0) extremes and mean of the rack."""

    name: str
    spacing: int
    kelvin: float
    """Resolution of temperatures."""
    volt: float
    period_s: int


FULL = Bms("every cell, 0.1 K, 1 s", 1, 0.1, 0.001, 1)
SPARSE = Bms("every fourth cell, 1 K, 2 s", 4, 1.0, 0.005, 2)
POOR = Bms("minimum, maximum and mean, 1 K, 10 s", 0, 1.0, 0.01, 10)
BMS = (FULL, SPARSE, POOR)


@dataclass(frozen=True, slots=True)
class Points:
    """Points of one block and one head a point, or one head for all (`group` 0 or more)."""

    name: str
    family: Family
    device: str
    ops: tuple[int, ...]
    columns: tuple[int, ...]
    """Of the truth; of a gas head its place: 0 in the rack, 1 in the room."""
    resolution: float
    period_s: int = 1
    group: int = -1
    """-1: a head for each point."""
    in_rack: bool = False


@dataclass(frozen=True)
class RoomKind:
    """A kind of room: what is measured (`points`) and how many columns its truth has."""

    name: str
    cells: int
    points: tuple[Points, ...]
    same_family: bool = False

    @cached_property
    def columns(self) -> int:
        """Columns of an episode's truth."""
        return 2 * self.cells + 2 * SPECIES + 6 if self.cells else 2 * SERVER_PLACES + 3

    @cached_property
    def each(self) -> list[tuple[Points, int, int]]:
        """Every point of a room in the order of the image: its block, how it sees, which column."""
        return [
            (block, op, column) for block in self.points for op, column in zip(block.ops, block.columns, strict=True)
        ]

    @cached_property
    def ceiling(self) -> int:
        """The column of the extinction below the ceiling, where a spot detector would hang."""
        return 2 * self.cells + 2 * SPECIES + 2 if self.cells else 2 * SERVER_PLACES + 2

    @cached_property
    def extinctions(self) -> tuple[int, ...]:
        """Columns that are extinctions: both pipes and the ceiling."""
        return self.ceiling - 2, self.ceiling - 1, self.ceiling


def battery_room(cells: int, bms: Bms = FULL) -> RoomKind:
    """A battery room whose one module has `cells` cells. Columns: temperatures, voltages, ppm of rack and room, smoke, heat, air."""
    gas = 2 * cells
    smoke = gas + 2 * SPECIES
    heat = smoke + 3
    families = (("h2", Family.H2), ("co", Family.CO), ("voc", Family.VOC))
    return RoomKind(
        f"battery, {bms.name}",
        cells,
        (
            *_bms_points(cells, bms),
            *(Points(name, family, "gas", (GAS, GAS), (0, 1), 1.0) for name, family in families),
            *(
                Points(f"asd-{k + 1}", Family.SMOKE, f"asd-{k + 1}", (OBSCURATION,), (smoke + k,), 0.001)
                for k in (0, 1)
            ),
            Points("heat", Family.HEAT, "heat", (DIRECT, DIRECT), (heat, heat + 1), 0.1),
            Points("air", Family.CLIMATE_TEMPERATURE, "climate", (DIRECT,), (heat + 2,), 0.1, in_rack=True),
        ),
    )


def cells_alone(room: RoomKind) -> RoomKind:
    """The same room with its BMS alone: its truth is the same, its other heads are left out."""
    return replace(room, name=f"cells of {room.name}", points=tuple(p for p in room.points if p.device == "bms"))


def _bms_points(cells: int, bms: Bms) -> tuple[Points, Points]:
    if not bms.spacing:
        temps = Points("t", Family.CELL_TEMPERATURE, "bms", MIN_MAX_MEAN, (0,) * 3, bms.kelvin, bms.period_s, 0, True)
        volts = Points("v", Family.CELL_VOLTAGE, "bms", MIN_MAX_MEAN, (cells,) * 3, bms.volt, bms.period_s, 0, True)
        return temps, volts
    seen = tuple(range(bms.spacing // 2, cells, bms.spacing))
    temps = Points(
        "t", Family.CELL_TEMPERATURE, "bms", (DIRECT,) * len(seen), seen, bms.kelvin, bms.period_s, len(seen), True
    )
    every = tuple(range(cells, 2 * cells))
    volts = Points("v", Family.CELL_VOLTAGE, "bms", (DIRECT,) * cells, every, bms.volt, bms.period_s, cells, True)
    return temps, volts


def server_room() -> RoomKind:
    """A server room. Columns: temperatures, humidities, then extinction at both pipes and below the ceiling."""
    n = SERVER_PLACES
    places = tuple(range(n))
    smoke = 2 * n
    return RoomKind(
        "server",
        0,
        (
            Points("degc", Family.CLIMATE_TEMPERATURE, "climate", (DIRECT,) * n, places, 0.1),
            Points("rh", Family.CLIMATE_HUMIDITY, "climate", (DIRECT,) * n, tuple(n + k for k in places), 0.1),
            *(
                Points(f"asd-{k + 1}", Family.SMOKE, f"asd-{k + 1}", (OBSCURATION,), (smoke + k,), 0.001)
                for k in (0, 1)
            ),
        ),
        same_family=True,
    )


def head_names(block: Points) -> list[str]:
    """The heads of a block, in the order of its points; those of gas are the rack's and the room's."""
    if block.group >= 0:
        return [block.name]
    if block.ops[0] == GAS:
        return [block.name, f"{block.name}-room"]
    return [block.name] if len(block.ops) == 1 else [f"{block.name}-{k + 1}" for k in range(len(block.ops))]


def site_of(kind: RoomKind, rooms: int, limits: dict[Family, Limits] | None = None) -> Site:
    """A site of `rooms` rooms of a kind; `limits` by family stand in place of the documented defaults. Room 0's names have no number."""
    links: dict[str, Link] = {}
    devices: dict[str, Device] = {}
    blocks: dict[str, Block] = {}
    zones: dict[str, Zone] = {}
    heads: dict[str, Head] = {}
    for room in range(rooms):
        mark = f"{room}:" if room else ""
        zones[mark + ROOM] = Zone(title=f"Room {room}", racks=(mark + RACK,) if kind.cells else ())
        for name in dict.fromkeys(block.device for block in kind.points):
            links[mark + name] = ModbusTcp(endpoint=f"127.0.0.1:{1502 + room}")
            devices[mark + name] = Device(link=mark + name)
        for block in kind.points:
            blocks[mark + block.name] = Block(
                device=mark + block.device, table=Table.INPUT, address=0, count=len(block.ops), type=DataType.INT16,
                factor=block.resolution, period_s=float(block.period_s), max_age_s=HIGHEST_AGE_S,
            )  # fmt: skip
            heads |= _heads(block, mark, (limits or {}).get(block.family, Limits()))
    info = SiteInfo(name=kind.name)
    return Site(site=info, links=links, devices=devices, blocks=blocks, zones=zones, heads=heads, outputs={}, matrix={})


def _heads(block: Points, mark: str, limits: Limits) -> dict[str, Head]:
    found = {}
    for place, name in enumerate(head_names(block)):
        reference = block.ops[0] == GAS and place == 1
        found[mark + name] = Head(
            family=block.family,
            zone=mark + ROOM,
            points=(mark + block.name,) if block.group >= 0 else (f"{mark}{block.name}[{place}]",),
            rack=mark + RACK if (block.ops[0] == GAS and place == 0) or block.in_rack else "",
            group=max(0, block.group),
            reference=reference,
            limits=limits,
        )
    return found


@dataclass(frozen=True)
class Rooms:
    """`count` rooms of a kind, laid out. Room `r` has points `r * per_room` on and heads `r * heads_per_room` on."""

    kind: RoomKind
    count: int
    layout: Layout

    @cached_property
    def per_room(self) -> int:
        """Points of a room."""
        return len(self.kind.each)

    @cached_property
    def heads(self) -> tuple[HeadLayout, ...]:
        """The heads of room 0: those of the others are the same."""
        return tuple(head for head in self.layout.heads if head.zone == 0)

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Which heads of room 0 may release together: rule 3, by the core's own word."""
        return releasing_pairs(self.heads, same_family=self.kind.same_family)

    @cached_property
    def ops(self) -> npt.NDArray[np.int64]:
        """How each point of a room sees the truth."""
        return np.array([op for _, op, _ in self.kind.each])

    @cached_property
    def columns(self) -> npt.NDArray[np.int64]:
        """Which column it sees."""
        return np.array([column for _, _, column in self.kind.each])


@lru_cache(maxsize=8)
def lay_out_rooms(kind: RoomKind, count: int, limits: tuple[tuple[Family, bytes], ...] = ()) -> Rooms:
    """The rooms, laid out once. `limits` are Limits as msgspec writes them, so that they can be told apart."""
    given = {family: msgspec.json.decode(text, type=Limits) for family, text in limits}
    return Rooms(kind, count, lay_out(site_of(kind, count, given)))
