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


class GasHeads:
    """Makes the gas heads of one room. Air in a rack has the room's oxygen, agent and water (assumed)."""

    def __init__(self, room: RoomPlant, seed: int) -> None:
        self._room = room
        self._seed = seed
        self._humidity_s, self._humidity = -1.0, 0.0

    def air(self, ppm: Callable[[], Floats]) -> Surroundings:
        """Air of the room with these gases (by species, or by place and species)."""
        room = self._room
        return Surroundings(
            time_s=lambda: room.time_s,
            ppm=ppm,
            o2=lambda: room.room.o2,
            halocarbon=lambda: room.room.agent if room.agent.halocarbon else 0.0,
            humidity_pct=self._humidity_pct,
        )

    def head(self, head: HeadLayout, ordinal: int, air: Surroundings, place: int = 0) -> GasHead | None:
        """A head of the site in `air`, at a place there; None for one that is no gas head. Raises ValueError (`head_type`)."""
        family = Family(head.head.family)
        if family not in USUAL:
            return None
        kind = head_type(family, head.head.principle)
        return GasHead(kind, air, self._seed, int(head.points[0]) + ordinal, place)

    def _humidity_pct(self) -> float:
        """Reckoned once for all heads that ask at the same time."""
        room = self._room
        if room.time_s != self._humidity_s:
            self._humidity_s = room.time_s
            water, degc = room.room.water_kg_per_m3, np.array(room.room_temp_degc)
            self._humidity = float(relative_humidity_pct(water, degc))
        return self._humidity
