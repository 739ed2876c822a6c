"""What gas heads of a room breathe: the gases of their place, and oxygen, agent and water of the room."""

from collections.abc import Callable

import numpy as np

from controller.core.layout import HeadLayout
from controller.site.model import Family
from sim_hardware.devices.head_gas import GasHead, Surroundings
from sim_hardware.devices.head_types import USUAL, head_type
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.room import relative_humidity_pct
from sim_hardware.physics.room_plant import RoomPlant


def gas_head(room: RoomPlant, head: HeadLayout, ordinal: int, seed: int, ppm: Callable[[], Floats]) -> GasHead | None:
    """A head of the site in air with these gases (by species); None for one that is no gas head. Raises ValueError (`head_type`).

    Air in a rack has the room's oxygen and agent (assumed).
    """
    family = Family(head.head.family)
    if family not in USUAL:
        return None
    air = Surroundings(
        time_s=lambda: room.time_s,
        ppm=ppm,
        o2=lambda: room.o2_pct / 100.0,
        halocarbon=lambda: room.agent_pct / 100.0 if room.agent.halocarbon else 0.0,
        humidity_pct=lambda: float(relative_humidity_pct(room.room.water_kg_per_m3, np.array(room.room_temp_degc))),
    )
    return GasHead(head_type(family, head.head.principle), air, seed, int(head.points[0]) + ordinal)
