"""Gas that has collected below the ceiling is lit: how much burns, how high the pressure goes, what gives way.

Closed forms, as an inspector reckons: what finds oxygen burns at once; in a closed room it would raise the pressure by
``(gamma - 1) E/V`` (the energy equation of the room, ``two_zone``); openings bound that by Runes' equation for rooms of low strength,
``P = (C A_s/A_v)^2`` in bar (Runes 1972, as in NFPA 68 up to 1998: from memory). Where neither keeps it down the door gives way and
becomes an opening. The pressure is what a builder must reckon with, at most: the equation's gas is mixed best and fills the room, and a
lean layer burns slower. An agent counts as the oxygen that it displaces: 8 % of FK-5-1-12 did not prevent FSRI's second test's.
"""

from typing import NamedTuple

import numpy as np

from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.fire_plume import GAMMA
from sim_hardware.physics.gas import CO2, CO2_FROM_BURNING, HEAT_J_PER_M3
from sim_hardware.physics.room_layout import ZERO_DEGC_K

AUTOIGNITION_DEGC = 560.0
"""Body of a run-away cell from which it lights the room's gas without a flame: hydrogen (IEC 60079-20-1, from memory)."""
O2_FOR_BURNING = np.array([0.5, 0.5, 3.0, 0.0, 3.0])
"""Volumes of oxygen for one volume (H2, CO, VOC as dimethyl carbonate, CO2, hydrocarbons as ethene)."""
WATER_FROM_BURNING = np.array([1.0, 0.0, 3.0, 0.0, 2.0])
"""Volumes of vapour from one volume (as above)."""
HEATS_DEGC = 0.0
"""Temperature of the volumes in ``HEAT_J_PER_M3``."""
BURNS_S = 3.0
"""A flame crosses the room: 8 m at 0.4 m/s, seven times as fast because what is burnt expands (assumed)."""
RUNES_SQRT_BAR = 0.045
"""``C`` for gases that burn at less than 0.6 m/s, among them propane and most vent gas (NFPA 68 of 1998: from memory)."""
PA_PER_BAR = 1e5
DOOR_GIVES_PA = 6.9e3
"""Overpressure at which a door is blown open: fastenings of panels fail from 6.9 kPa on (Clancey 1972, table of blast damage)."""

NOTICED_PA = 690.0
"""Less than this breaks no window (Clancey 1972): a film of gas that burns off below the ceiling is no event."""


class Deflagration(NamedTuple):
    """One deflagration: when, what lit it ("flame", "hot cell", "spark"), its heat, its overpressure (at most), whether the door gave way."""

    time_s: float
    lit_by: str
    burnt_j: float
    peak_pa: float
    door_blown: bool


def burnt_share(fractions: Floats, o2: float) -> float:
    """Share of the fuel in a mixture (volume fractions by species) that finds oxygen."""
    wanted = float(O2_FOR_BURNING @ fractions)
    return 1.0 if wanted <= o2 else o2 / wanted


def heat_j(fractions: Floats, o2: float, volume_m3: float, temp_degc: float) -> float:
    """Heat of what can burn in ``volume_m3`` of a mixture."""
    cold_m3 = volume_m3 * (HEATS_DEGC + ZERO_DEGC_K) / (temp_degc + ZERO_DEGC_K)
    return float(burnt_share(fractions, o2) * (HEAT_J_PER_M3 @ fractions) * cold_m3)


def products(fractions: Floats, o2: float) -> tuple[Floats, float, float]:
    """What burning changes, per volume of the mixture: of each species, of oxygen, and of water vapour."""
    burnt = burnt_share(fractions, o2) * fractions * (HEAT_J_PER_M3 > 0.0)
    change: Floats = -burnt
    change[CO2] += float(CO2_FROM_BURNING @ burnt)
    return change, -float(O2_FOR_BURNING @ burnt), float(WATER_FROM_BURNING @ burnt)


def confined_pa(burnt_j: float, room_m3: float) -> float:
    """Pressure rise of a closed room."""
    return (GAMMA - 1.0) * burnt_j / room_m3


def vented_pa(inside_m2: float, open_m2: float) -> float:
    """Pressure that openings leave (Runes), for rooms that bear some 0.1 bar; infinite without any."""
    return PA_PER_BAR * (RUNES_SQRT_BAR * inside_m2 / open_m2) ** 2 if open_m2 > 0.0 else np.inf


def peak_pa(burnt_j: float, room_m3: float, inside_m2: float, open_m2: float, door_m2: float) -> tuple[float, bool]:
    """Peak overpressure, and whether the door (0 m2: it stands open) is blown open."""
    shut = min(confined_pa(burnt_j, room_m3), vented_pa(inside_m2, open_m2))
    if shut < DOOR_GIVES_PA or door_m2 <= 0.0:
        return shut, False
    return min(shut, max(DOOR_GIVES_PA, vented_pa(inside_m2, open_m2 + door_m2))), True
