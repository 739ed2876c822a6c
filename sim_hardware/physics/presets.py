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


RUNAWAY_DRILL = InternalShort(rack=3, module=4, cell=8, start_s=20.0, power_w=1040.0, stored_fraction=0.9)
"""Calibrated on FSRI test 2 for charging currents up to about 30 A: the cell vents 136 s after the short began (126 s while
30 A charge) and runs away 290 to 320 s later (240 to 250 s while 30 A charge; FSRI: 329 s); smoke passes 3.3 %/m 41 and 49 s after
that (FSRI: 47 s). Without response a second cell follows after 50 to 130 s, the next module after 5 min, the next rack after an hour.
"""
