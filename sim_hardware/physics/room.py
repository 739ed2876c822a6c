"""The room of a plant: two layers of air (``layered_room``) with the openings, fans and air conditioner that a site's room has."""

from dataclasses import dataclass

import numpy as np

from sim_hardware.physics import room_layout as at
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.fire_plume import AIR_J_PER_KG_K, FREE
from sim_hardware.physics.layered_room import VAPOUR_J_PER_KG_K, LayeredRoom, RoomShape
from sim_hardware.physics.vent_flow import HEAD, SILL

SMOKE_SETTLES_TAU_S = 3600.0
"""Smoke settles and sticks to walls (assumed)."""
AIR_KG_PER_M3 = 1.2
RETURN_COOLER_K = 10.0
"""An air conditioner at its full power cools the air that it moves by so much: that gives its flow (assumed)."""
FIRE_DIAMETER_M = 0.3
"""Width of a burning module's opening or of a smouldering bundle of cables (assumed)."""
LEAK_LOW, LEAK_HIGH, DOOR, DAMPERS, RELIEF, OPENINGS = range(6)
"""Rows of a room's openings."""
LEAK_BAND_M = 0.1
"""Half of the leaks lies in such a band at the floor, half below the ceiling: the worst case of the standards for holding agent."""
DAMPER_BAND_M, RELIEF_BAND_M = (0.8, 0.5), (0.6, 0.3)
"""Bottom and top of dampers and relief vent below the ceiling (assumed)."""
FAN_BELOW_CEILING_M = 0.4
"""Exhaust grille below the ceiling (assumed)."""


@dataclass(frozen=True, slots=True)
class Ventilation:
    """What moves a room's air (all assumed): the exhaust fan's flow; least exchanges with the outside by leaks, dampers, door and relief
    vent, in m3/s when fully open, where nothing drives a greater one; and openings, through which pressure drives it.
    """  # noqa: D205 - one sentence

    exhaust_m3_per_s: float
    leakage_m3_per_s: float
    dampers_m3_per_s: float
    door_m3_per_s: float
    relief_m3_per_s: float
    damper_m2: float = 0.3
    door_m: tuple[float, float] = (0.9, 2.1)
    """Width and height."""
    relief_m2: float = 0.15
    stall_pa: float = 60.0
    """Pressure at which the exhaust fan moves nothing more: an axial fan, which closed dampers starve."""

    def draught_m3_per_s(self, dampers: float, relief: float, *, hvac_on: bool, door_open: bool) -> float:
        """Least exchange with the outside for positions of 0..1."""
        flow = self.leakage_m3_per_s + relief * self.relief_m3_per_s
        flow += dampers * self.dampers_m3_per_s * (1.0 if hvac_on else 0.2)
        return flow + (self.door_m3_per_s if door_open else 0.0)


class Room(LayeredRoom):
    """A site's room: oblong of a volume and an inner surface, concrete around it, an air conditioner that stirs it while it runs."""

    def __init__(
        self,
        volume_m3: float,
        wall_m2: float,
        setpoint_degc: float,
        cooling_w_per_k: float,
        cooling_max_w: float,
        temp_degc: float,
        wall_degc: float,
        leak_m2: float = 0.02,
        height_m: float = 3.0,
    ) -> None:
        """Fill the room with clean air, all closed but its leaks."""
        shape = RoomShape.of_volume(volume_m3, wall_m2, height_m)
        super().__init__(shape, _openings(height_m), temp_degc, wall_degc)
        self._cooling_w_per_k = cooling_w_per_k
        self._stirred_m3_per_s = cooling_max_w / (AIR_KG_PER_M3 * AIR_J_PER_KG_K * RETURN_COOLER_K)
        self.open_m2(LEAK_LOW, 0.5 * leak_m2)
        self.open_m2(LEAK_HIGH, 0.5 * leak_m2)
        given = self.inputs
        given[at.FIRE_D], given[at.IMAGES] = FIRE_DIAMETER_M, FREE
        given[at.COOLING_MAX_W], given[at.SETPOINT_K] = cooling_max_w, setpoint_degc + at.ZERO_DEGC_K
        given[at.EXHAUST_M] = height_m - FAN_BELOW_CEILING_M
        given[at.SETTLES_PER_S] = 1.0 / SMOKE_SETTLES_TAU_S

    def condition(self, *, hvac_on: bool) -> None:
        """Let the air conditioner cool and stir, or stand."""
        self.inputs[at.COOLING_W_PER_K] = self._cooling_w_per_k if hvac_on else 0.0
        self.inputs[at.RECIRCULATED] = self._stirred_m3_per_s if hvac_on else 0.0

    def open_m2(self, row: int, area_m2: float) -> None:
        """Open one of the room's openings to an area."""
        self.vents[row, 2] = area_m2 / (self.vents[row, HEAD] - self.vents[row, SILL])

    def area_m2(self, row: int | None = None) -> float:
        """Area of one opening as it stands, or of all."""
        areas = (self.vents[:, HEAD] - self.vents[:, SILL]) * self.vents[:, 2]
        return float(areas.sum() if row is None else areas[row])


def _openings(height_m: float) -> Floats:
    """Closed openings ``[sill, head, width]`` of a room of this height."""
    return np.array(
        [
            [0.0, LEAK_BAND_M, 0.0],
            [height_m - LEAK_BAND_M, height_m, 0.0],
            [0.0, 2.1, 0.0],
            [height_m - DAMPER_BAND_M[0], height_m - DAMPER_BAND_M[1], 0.0],
            [height_m - RELIEF_BAND_M[0], height_m - RELIEF_BAND_M[1], 0.0],
        ]
    )


def relative_humidity_pct(water_kg_per_m3: float | Floats, temp_degc: Floats) -> Floats:
    """Relative humidity at temperatures for one water content (Magnus formula)."""
    saturated_pa = 611.2 * np.exp(17.62 * temp_degc / (243.12 + temp_degc))
    vapour_pa = water_kg_per_m3 * VAPOUR_J_PER_KG_K * (temp_degc + at.ZERO_DEGC_K)
    return np.minimum(100.0, 100.0 * vapour_pa / saturated_pa)
