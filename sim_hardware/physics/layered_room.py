"""A room of two layers: what fills it, its walls and openings, and what can be read of it. The physics is in ``two_zone``."""

import math
from dataclasses import dataclass

import numpy as np

from sim_hardware.physics import deflagration, two_zone
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.fire_plume import ATMOSPHERE_PA, GAS_J_PER_KG_K
from sim_hardware.physics.gas import SPECIES
from sim_hardware.physics.layer_heat import FRESH_O2
from sim_hardware.physics.room_layout import (
    AGENT,
    AGENT_WEIGHT,
    DEGC,
    INPUTS,
    KINDS,
    LAYERS,
    LEDGER,
    LOW,
    LOWER,
    MASS_IN,
    MASS_L,
    MASS_U,
    MEAN,
    O2,
    PRESSURE,
    ROOM,
    ROOM_H,
    ROOM_L,
    ROOM_V,
    ROOM_W,
    SMOKE,
    STATE,
    UP,
    UPPER,
    VIEW,
    VIEWS,
    VOLUME_U,
    WATER,
    ZERO_DEGC_K,
)
from sim_hardware.physics.vent_flow import FLOWS
from sim_hardware.physics.wall_conduction import GROWTH, HEAT_PER_M3, MATERIAL, NODES, SURFACES

VAPOUR_J_PER_KG_K = 461.5
FRESH_WATER_KG_PER_M3 = 0.0087
"""Water vapour of the air outside and at the start (assumed: 40 % at 24 degC)."""
BACKGROUND_PPM = (0.5, 0.4, 0.15, 420.0, 1.9)
"""H2, CO, VOC, CO2 and hydrocarbons of clean air, ppm."""
AGENT_OVER_AIR = 11.5
"""Weight of FK-5-1-12 vapour over that of air: 1/0.0719 m3/kg over 1.204 kg/m3 at 20 degC."""


@dataclass(frozen=True, slots=True)
class Wall:
    """What a surface is made of: W/m K, J/m3 K, emissivity, thickness, and the transfer from its back to the outside (W/m2 K)."""

    conductivity: float
    heat_j_per_m3_k: float
    emissivity: float
    thickness_m: float
    out_w_per_m2_k: float

    def vector(self) -> Floats:
        """Make the row that the kernel takes."""
        return np.array([self.conductivity, self.heat_j_per_m3_k, self.emissivity, self.out_w_per_m2_k])

    def cells_m(self) -> Floats:
        """Thicknesses of its cells, from the room outwards."""
        cells: Floats = GROWTH ** np.arange(NODES, dtype=np.float64)
        scaled: Floats = cells * (self.thickness_m / cells.sum())
        return scaled


NARROWEST_M = 1.5
"""Width from which on a place is a room and not a duct: a row of racks and an aisle to reach them (assumed)."""

CONCRETE = Wall(1.6, 2400.0 * 750.0, 0.94, 0.15, 8.0)
"""15 cm of concrete (properties as in the examples of CFAST; thickness and transfer assumed)."""


@dataclass(frozen=True, slots=True)
class RoomShape:
    """Length, width and height of a room, and what ceiling, walls (upper, lower) and floor are made of."""

    length_m: float
    width_m: float
    height_m: float
    walls: tuple[Wall, Wall, Wall, Wall] = (CONCRETE, CONCRETE, CONCRETE, CONCRETE)

    @classmethod
    def of_volume(cls, volume_m3: float, wall_m2: float, height_m: float) -> "RoomShape":
        """Make the oblong that has this volume and inner surface; a square room if the surface is too small for one.

        Raises ValueError if it is narrower than `NARROWEST_M`.
        """
        floor, around = volume_m3 / height_m, (wall_m2 - 2.0 * volume_m3 / height_m) / height_m
        half = 0.25 * around
        spread = math.sqrt(max(0.0, half * half - floor))
        width = half - spread if spread > 0.0 else math.sqrt(floor)
        if width < NARROWEST_M:
            most_m2 = 2.0 * floor + 2.0 * height_m * (floor / NARROWEST_M + NARROWEST_M)
            raise ValueError(
                f"{volume_m3:g} m3 within {wall_m2:g} m2 of ceiling, walls and floor, {height_m:g} m high, is a slot {width:.2f} m "
                f"wide; remedy: give both volume_m3 and wall_m2, the latter at most {math.floor(most_m2)}"
            )
        return cls(floor / width, width, height_m)

    @property
    def volume_m3(self) -> float:
        """Volume of the room."""
        return self.length_m * self.width_m * self.height_m

    @property
    def inside_m2(self) -> float:
        """Ceiling, walls and floor."""
        around_m = 2.0 * (self.length_m + self.width_m)
        return 2.0 * self.length_m * self.width_m + around_m * self.height_m


def clean_air() -> Floats:
    """Fractions of the species of ``gas`` in clean air."""
    return np.array(BACKGROUND_PPM) * 1e-6


def fresh_air(temp_degc: float, water_kg_per_m3: float) -> Floats:
    """What an air-kg of outside air holds of every kind of ``room_layout``."""
    fresh = np.zeros(KINDS)
    fresh[:SPECIES] = clean_air()
    fresh[WATER] = water_kg_per_m3 * VAPOUR_J_PER_KG_K * (temp_degc + ZERO_DEGC_K) / ATMOSPHERE_PA
    fresh[O2] = FRESH_O2
    return fresh


class LayeredRoom:
    """Air and walls of one room. ``gas``, ``upper_gas``, ``lower_gas`` are views of volume fractions, refreshed by each `advance`.

    They are parts of ``view``, which shows all that ``room_layout.VIEWS`` and ``VIEW`` name.
    ``vents`` (rows of ``vent_flow``) and ``inputs`` (of ``room_layout``) are for writing before an `advance`, ``gas_in`` too (m3/s).
    """

    def __init__(
        self,
        shape: RoomShape,
        vents: Floats,
        temp_degc: float,
        wall_degc: float | None = None,
        humidity: float | None = None,
    ) -> None:
        """Fill the room with clean air of ``temp_degc`` and ``humidity`` (mole fraction; `FRESH_WATER_KG_PER_M3` if not given).

        The walls begin at ``wall_degc``, or as warm as the air.
        """
        self.shape = shape
        self.vents = vents
        self.inputs = np.zeros(INPUTS)
        self.gas_in = np.zeros(SPECIES)
        self.ledger = np.zeros(LEDGER)
        self._fresh = fresh_air(temp_degc, FRESH_WATER_KG_PER_M3)
        if humidity is not None:
            self._fresh[WATER] = humidity
        self._room = np.zeros(ROOM)
        self._room[[ROOM_V, ROOM_H, ROOM_L, ROOM_W]] = shape.volume_m3, shape.height_m, shape.length_m, shape.width_m
        self._room[AGENT_WEIGHT] = AGENT_OVER_AIR
        self._state = np.zeros(STATE)
        self._state[MASS_L] = ATMOSPHERE_PA * shape.volume_m3 / (GAS_J_PER_KG_K * (temp_degc + ZERO_DEGC_K))
        self._held = np.zeros((LAYERS, KINDS))
        self._held[LOWER] = self._fresh * self._state[MASS_L]
        self._walls = np.full((SURFACES, NODES), (temp_degc if wall_degc is None else wall_degc) + ZERO_DEGC_K)
        self._materials = np.array([wall.vector() for wall in shape.walls]).reshape(SURFACES, MATERIAL)
        self._cells = np.array([wall.cells_m() for wall in shape.walls])
        self._scratch, self._flows = np.zeros((9, SURFACES, NODES)), np.zeros(FLOWS)
        self.view = np.zeros((VIEWS, VIEW))
        self.gas: Floats = self.view[MEAN, :SPECIES]
        self.upper_gas: Floats = self.view[UP, :SPECIES]
        self.lower_gas: Floats = self.view[LOW, :SPECIES]
        self.zones = two_zone.Zones(
            self._state, self._held, self._walls, self._cells, self._materials, self._room, vents, self.inputs, self.gas_in,
            self._fresh, self.ledger, self._scratch, self._flows, self.view,
        )  # fmt: skip
        """All of it, for those who advance the room together with what stands in it."""
        two_zone.look(self.zones)

    def set_agent(self, over_air: float) -> None:
        """Say which agent may come: the weight of its vapour over that of air."""
        self._room[AGENT_WEIGHT] = over_air

    def advance(self, dt_s: float) -> float:
        """Advance by ``dt_s`` with the inputs as they are; return the heat of flames that found oxygen, J."""
        return two_zone.advance(self.zones, dt_s)

    def burn_layer(self) -> float:
        """Burn at once what can burn in the upper layer (in the room, if it is one); return its heat in J, which the caller lets out."""
        has_upper = self._state[VOLUME_U] > 0.0
        layer, mass, seen = (UPPER, MASS_U, self.view[UP]) if has_upper else (LOWER, MASS_L, self.view[LOW])
        volume_m3 = float(self._state[VOLUME_U]) if has_upper else self.shape.volume_m3
        fractions, o2 = seen[:SPECIES].copy(), float(seen[O2])
        burnt_j = deflagration.heat_j(fractions, o2, volume_m3, float(seen[DEGC]))
        change = np.zeros(KINDS)
        change[:SPECIES], change[O2], change[WATER] = deflagration.products(fractions, o2)
        change *= self._state[mass]
        self._held[layer] = np.maximum(0.0, self._held[layer] + change)
        self._state[mass] += change.sum()
        self.ledger[MASS_IN] += change.sum()
        two_zone.look(self.zones)
        return burnt_j

    @property
    def volume_m3(self) -> float:
        """Volume of the room."""
        return self.shape.volume_m3

    @property
    def temp_degc(self) -> float:
        """Mean temperature of the air."""
        return float(self.view[MEAN, DEGC])

    @property
    def upper_degc(self) -> float:
        """Temperature of the upper layer; of the room when it is one."""
        return float(self.view[UP, DEGC])

    @property
    def lower_degc(self) -> float:
        """Temperature of the lower layer."""
        return float(self.view[LOW, DEGC])

    @property
    def layer_m(self) -> float:
        """Height of the interface above the floor; the room's height when it is one layer."""
        return self.shape.height_m * (1.0 - float(self._state[VOLUME_U]) / self.shape.volume_m3)

    @property
    def o2(self) -> float:
        """Oxygen, mean volume fraction."""
        return float(self.view[MEAN, O2])

    @property
    def upper_o2(self) -> float:
        """Oxygen in the upper layer."""
        return float(self.view[UP, O2])

    @property
    def lower_o2(self) -> float:
        """Oxygen in the lower layer."""
        return float(self.view[LOW, O2])

    @property
    def agent(self) -> float:
        """Agent, mean volume fraction."""
        return float(self.view[MEAN, AGENT])

    @property
    def upper_agent(self) -> float:
        """Agent in the upper layer, which loses it first."""
        return float(self.view[UP, AGENT])

    @property
    def lower_agent(self) -> float:
        """Agent in the lower layer."""
        return float(self.view[LOW, AGENT])

    @property
    def smoke_kg_per_m3(self) -> float:
        """Smoke, mean."""
        return float(self.view[MEAN, SMOKE])

    @property
    def upper_smoke_kg_per_m3(self) -> float:
        """Smoke in the upper layer."""
        return float(self.view[UP, SMOKE])

    @property
    def water_kg_per_m3(self) -> float:
        """Water vapour, mean."""
        return float(self.view[MEAN, WATER]) * ATMOSPHERE_PA / (VAPOUR_J_PER_KG_K * (self.temp_degc + ZERO_DEGC_K))

    @property
    def overpressure_pa(self) -> float:
        """Pressure over the outside at the floor."""
        return float(self._state[PRESSURE])

    @property
    def wall_degc(self) -> Floats:
        """Surfaces of ceiling, upper wall, lower wall and floor."""
        return self._walls[:, 0] - ZERO_DEGC_K

    @property
    def stored_j(self) -> float:
        """Energy in the air and in the walls, for balances."""
        shape = self.shape
        floor, around = shape.length_m * shape.width_m, 2.0 * (shape.length_m + shape.width_m)
        upper_m = shape.height_m - self.layer_m
        areas = np.array([floor, around * upper_m, around * (shape.height_m - upper_m), floor])
        per_m2 = (self._walls * self._cells).sum(axis=1) * self._materials[:, HEAT_PER_M3]
        return float((ATMOSPHERE_PA + self.overpressure_pa) * shape.volume_m3 / 0.4 + (areas * per_m2).sum())

    @property
    def held(self) -> Floats:
        """What the room holds of each kind, air-kg and kg of smoke, for balances."""
        total: Floats = self._held.sum(axis=0)
        return total

    @property
    def air_kg(self) -> float:
        """Air-kg of all gas in the room, for balances."""
        return float(self._state[MASS_U] + self._state[MASS_L])
