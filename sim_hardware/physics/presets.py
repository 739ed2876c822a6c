"""Calibrated starting points of drills."""

from dataclasses import dataclass

from sim_hardware.physics.battery_room import BatteryRoom


@dataclass(frozen=True, slots=True)
class InternalShort:
    """An internal short of one cell; ``stored_fraction`` of its electrical energy feeds it."""

    rack: int
    module: int
    cell: int
    start_s: float
    power_w: float
    stored_fraction: float

    def apply(self, room: BatteryRoom) -> None:
        """Set the short in ``room``."""
        room.inject_internal_short(self.rack, self.module, self.cell, self.start_s, self.power_w, self.stored_fraction)


RUNAWAY_DRILL = InternalShort(rack=3, module=4, cell=8, start_s=20.0, power_w=1160.0, stored_fraction=0.9)
"""Calibrated: a cell in the middle of the row vents at about 136 s and runs away 283 s later (FSRI test 2: 329 s);
without response a second follows after 100 s, the next module after 8 min, the next rack after 47 min."""
