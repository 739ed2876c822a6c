"""Room fires that our zone model and CFAST both run: one description, two readers."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sim_hardware.physics import room_layout as at
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.layered_room import LayeredRoom, RoomShape, Wall

SOOT_KG_PER_KG, FUEL_J_PER_KG = 0.015, 45e6
"""Heptane, as in the NIST/NRC series."""
SAMPLE_S, STEP_S = 10.0, 0.5
FADE_PA, STALL_PA = 200.0, 300.0
"""Pressures between which CFAST's fans fade."""
HUMIDITY = 0.0116
"""Mole fraction of water vapour: 50 % at 20 degC."""
BACK_W_PER_M2_K = 10.0


@dataclass(frozen=True, slots=True)
class Material:
    """A wall's material by name, with what both models ask for (SI units)."""

    name: str
    conductivity: float
    density: float
    heat_j_per_kg_k: float
    emissivity: float
    thickness_m: float

    def wall(self) -> Wall:
        """Make our wall of it."""
        heat = self.density * self.heat_j_per_kg_k
        return Wall(self.conductivity, heat, self.emissivity, self.thickness_m, BACK_W_PER_M2_K)

    def cfast(self) -> str:
        """Make CFAST's line of it."""
        return (
            f"&MATL ID = '{self.name}' MATERIAL = '{self.name}', CONDUCTIVITY = {self.conductivity} "
            f"DENSITY = {self.density} SPECIFIC_HEAT = {self.heat_j_per_kg_k * 1e-3}, THICKNESS = {self.thickness_m} "
            f"EMISSIVITY = {self.emissivity} /"
        )


MARINITE = Material("MARINITE", 0.12, 737.0, 1250.0, 0.8, 0.0254)
GYPSUM = Material("GYPSUM", 0.16, 790.0, 900.0, 0.9, 0.0254)
CONCRETE = Material("CONCRETE", 1.6, 2400.0, 750.0, 0.94, 0.15)


@dataclass(frozen=True, slots=True)
class Fans:
    """Supply and exhaust in m3/s, both at one height."""

    supply: float
    exhaust: float
    height_m: float = 2.4


@dataclass(frozen=True, slots=True)
class RoomFire:
    """A room, its openings ``(sill, head, width)`` in m and a fire in its middle, whose course is ``(s, kW)``."""

    name: str
    course: Sequence[tuple[float, float]]
    openings: Sequence[tuple[float, float, float]]
    size_m: tuple[float, float, float] = (21.7, 7.04, 3.82)
    walls: tuple[Material, Material, Material] = (MARINITE, MARINITE, GYPSUM)
    """Ceiling, walls, floor."""
    fans: Fans = field(default_factory=lambda: Fans(0.0, 0.0))
    radiant: float = 0.35
    base_m: float = 0.0
    area_m2: float = 1.0
    start_degc: float = 20.0
    lasts_s: float = 1800.0

    def run(self) -> "Course":
        """Run our model."""
        room, given = self._room()
        times, powers = np.array(self.course).T
        seen: list[tuple[float, float, float, float]] = []
        for step in range(round(self.lasts_s / STEP_S)):
            power_w = 1e3 * float(np.interp((step + 0.5) * STEP_S, times, powers))
            given[at.CONVECTIVE_W], given[at.RADIANT_W] = (1.0 - self.radiant) * power_w, self.radiant * power_w
            given[at.FLAMES_W] = power_w
            given[at.SMOKE_IN] = power_w / FUEL_J_PER_KG * SOOT_KG_PER_KG
            room.advance(STEP_S)
            if (step + 1) % round(SAMPLE_S / STEP_S) == 0:
                seen.append((SAMPLE_S * (len(seen) + 1), room.upper_degc, room.lower_degc, room.layer_m))
        return Course(*np.array(seen).T)

    def _room(self) -> tuple[LayeredRoom, Floats]:
        ceiling, walls, floor = (material.wall() for material in self.walls)
        shape = RoomShape(*self.size_m, walls=(ceiling, walls, walls, floor))
        room = LayeredRoom(shape, np.array(self.openings, dtype=np.float64), self.start_degc, humidity=HUMIDITY)
        given = room.inputs
        given[at.FIRE_M], given[at.FIRE_D], given[at.IMAGES] = self.base_m, np.sqrt(4.0 * self.area_m2 / np.pi), 1.0
        given[at.OUTSIDE_K] = self.start_degc + at.ZERO_DEGC_K
        given[at.FADE_PA], given[at.STALL_PA] = FADE_PA, STALL_PA
        given[at.SUPPLY], given[at.EXHAUST] = self.fans.supply, self.fans.exhaust
        given[at.SUPPLY_M] = given[at.EXHAUST_M] = self.fans.height_m
        return room, given

    def cfast(self) -> str:
        """Write the input of CFAST 7 and 8."""
        length, width, height = self.size_m
        ceiling, walls, floor = self.walls
        start = self.start_degc
        lines = [
            f"&HEAD VERSION = 7700, TITLE = '{self.name}' /",
            f"&TIME SIMULATION = {self.lasts_s:.0f} PRINT = 60 SMOKEVIEW = 60 SPREADSHEET = {SAMPLE_S:.0f} /",
            f"&INIT PRESSURE = 101325 RELATIVE_HUMIDITY = 50 INTERIOR_TEMPERATURE = {start} EXTERIOR_TEMPERATURE = {start} /",
            "&MISC LOWER_OXYGEN_LIMIT = 0.15 /",
            *[material.cfast() for material in dict.fromkeys(self.walls)],
            (
                f"&COMP ID = 'ROOM' DEPTH = {width} HEIGHT = {height} WIDTH = {length} CEILING_MATL_ID = '{ceiling.name}' "
                f"WALL_MATL_ID = '{walls.name}' FLOOR_MATL_ID = '{floor.name}' ORIGIN = 0, 0, 0 GRID = 50, 50, 50 /"
            ),
        ]
        for number, (sill, head, wide) in enumerate(self.openings):
            lines.append(
                f"&VENT TYPE = 'WALL' ID = 'OPENING {number}' COMP_IDS = 'ROOM' 'OUTSIDE' TOP = {head}, BOTTOM = {sill}, "
                f"WIDTH = {wide} FACE = 'LEFT' OFFSET = 0 /"
            )
        for name, rooms, flow in (
            ("SUPPLY", "'OUTSIDE', 'ROOM'", self.fans.supply),
            ("EXHAUST", "'ROOM', 'OUTSIDE'", self.fans.exhaust),
        ):
            if flow > 0.0:
                level = self.fans.height_m
                lines.append(
                    f"&VENT TYPE = 'MECHANICAL' ID = '{name}' COMP_IDS = {rooms} AREAS = 0.49, 0.49 "
                    f"HEIGHTS = {level}, {level} FLOW = {flow} CUTOFFS = 200, 300 OFFSETS = 0, 3 /"
                )
        lines.append(f"&FIRE ID = 'FIRE' COMP_ID = 'ROOM', FIRE_ID = 'HEPTANE' LOCATION = {length / 2}, {width / 2} /")
        lines.append(
            "&CHEM ID = 'HEPTANE' CARBON = 7 CHLORINE = 0 HYDROGEN = 16 NITROGEN = 0 OXYGEN = 0 "
            f"HEAT_OF_COMBUSTION = {FUEL_J_PER_KG * 1e-3} RADIATIVE_FRACTION = {self.radiant} /"
        )
        lines.append(
            "&TABL ID = 'HEPTANE' LABELS = 'TIME', 'HRR' , 'HEIGHT' , 'AREA' , 'CO_YIELD' , 'SOOT_YIELD' , 'HCN_YIELD' , "
            "'HCL_YIELD' , 'TRACE_YIELD' /"
        )
        for second, power_kw in self.course:
            row = f"{second}, {power_kw}, {self.base_m}, {self.area_m2}, 0.006, {SOOT_KG_PER_KG}, 0, 0, 0"
            lines.append(f"&TABL ID = 'HEPTANE', DATA = {row} /")
        return "\n".join([*lines, "&TAIL /", ""])


@dataclass(frozen=True, slots=True)
class Course:
    """What a model or a recording saw, over time: temperatures of the layers and height of the interface."""

    time_s: Floats
    upper_degc: Floats
    lower_degc: Floats
    layer_m: Floats

    def peak_rise_k(self) -> float:
        """Highest rise of the upper layer over its first value's lower layer, which is the start."""
        return float(self.upper_degc.max() - self.lower_degc[0])

    def layer_at(self, times_s: Floats) -> Floats:
        """Height of the interface at times."""
        return np.interp(times_s, self.time_s, self.layer_m)


def growing(power_kw: float, within_s: float = 180.0) -> list[tuple[float, float]]:
    """A fire that grows evenly to a power and keeps it."""
    return [(0.0, 0.0), (within_s, power_kw), (1800.0, power_kw)]


DOOR, CRACK_HIGH, CRACK_LOW = (0.0, 2.0, 2.0), (3.81, 3.82, 7.12), (0.0, 0.01, 7.12)


def in_battery_room(power_kw: float) -> RoomFire:
    """A fire half a metre above the floor of a concrete room of 160 m3 with an open door."""
    return RoomFire(
        f"battery room, door open, {power_kw:.0f} kW",
        growing(power_kw),
        [(0.0, 2.0, 1.0)],
        size_m=(10.0, 5.33, 3.0),
        walls=(CONCRETE, CONCRETE, CONCRETE),
        base_m=0.5,
        area_m2=0.2,
    )


CASES = (
    RoomFire("door open, 100 kW", growing(100.0), [DOOR]),
    RoomFire("door open, 400 kW", growing(400.0), [DOOR]),
    RoomFire("door open, 1190 kW", growing(1190.0), [DOOR], radiant=0.44),
    RoomFire("door closed, 100 kW", growing(100.0), [CRACK_HIGH]),
    RoomFire("door closed, 400 kW", growing(400.0), [CRACK_HIGH]),
    RoomFire("door closed, fans 0.9 m3/s, 400 kW", growing(400.0), [CRACK_LOW], fans=Fans(0.9, 0.9)),
    RoomFire("door open, fans 0.9 in 1.7 out, 1190 kW", growing(1190.0), [DOOR], fans=Fans(0.9, 1.7)),
    in_battery_room(50.0),
    in_battery_room(200.0),
)
