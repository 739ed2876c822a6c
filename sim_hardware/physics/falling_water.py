"""Water that falls through a battery room: what its drops take from the air, as heat and as vapour.

A drop warms towards the gas as far as its time in it allows: ``1 - exp(-NTU)`` with the transfer of Ranz and Marshall (1952),
``Nu = 2 + 0.6 Re^1/2 Pr^1/3``, at the speed at which drops of its size fall (Gunn and Kinzer 1949: from memory). So coarse drops of a
sprinkler take a fifth of what they could, a mist all. What evaporates is a share (``sprinkler``) that a saturated room refuses. The
water stirs the layers, so that it meets air of the room's mean temperature.
"""

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass

from sim_hardware.physics.fire_plume import AIR_J_PER_KG_K
from sim_hardware.physics.sprinkler import MIST_EVAPORATES, SPRINKLER_EVAPORATES, evaporation_w
from sim_hardware.physics.water import ENTERS, WATER_DEGC, WATER_TAKES_J_PER_KG

LIQUID_J_PER_KG_K = 4186.0
AIR_W_PER_M_K, AIR_M2_PER_S, PRANDTL = 0.026, 1.6e-5, 0.71
"""Air at 30 degC: conductivity, kinematic viscosity."""
WATER_KG_PER_M3 = 1000.0
BOILS_DEGC = 100.0
AIR_KG_PER_M3 = 1.2
VAPOUR_J_PER_KG_K = 461.5
VAPOUR_AS_AIR = 28.96 / 18.02
"""Air-kg of a kg of vapour: the room counts moles."""
ROOM_GIVES = 0.5
"""Share of the room's heat above the water's temperature that a step may take: long steps must not overshoot."""


@dataclass(frozen=True)
class Nozzles:
    """How coolant comes: diameter of its drops, how fast and how far they fall, the share that evaporates in hot gas, the share of the water
    that reaches the housings of the modules, and the flow of one open valve.
    """  # noqa: D205 - one sentence

    diameter_m: float
    speed_m_per_s: float
    fall_m: float
    evaporates: float
    on_modules: float
    lpm: float

    @functools.cached_property
    def warms(self) -> float:
        """How far drops come to the gas's temperature, 0 to 1."""
        reynolds = self.speed_m_per_s * self.diameter_m / AIR_M2_PER_S
        film = AIR_W_PER_M_K / self.diameter_m * (2.0 + 0.6 * math.sqrt(reynolds) * PRANDTL ** (1.0 / 3.0))
        per_kg_m2 = 6.0 / (WATER_KG_PER_M3 * self.diameter_m)
        return -math.expm1(-film * per_kg_m2 * self.fall_m / self.speed_m_per_s / LIQUID_J_PER_KG_K)


WATERS: Mapping[str, Nozzles] = {
    "rack": Nozzles(1e-3, 4.0, 1.0, SPRINKLER_EVAPORATES, 1.0, 60.0),
    "sprinkler": Nozzles(1e-3, 4.0, 2.5, SPRINKLER_EVAPORATES, 0.0, 60.0),
    "mist": Nozzles(1e-4, 0.27, 2.5, MIST_EVAPORATES, ENTERS, 20.0),
}
"""By name. ``rack``: nozzles at each rack wet its housings. ``sprinkler``: water from the ceiling, 20 mm/min over 3 m2 a valve; it runs off the
closed tops of the casings, and the modules stay dry (FSRI test 3). ``mist``: drops of 0.1 mm; a tenth of them drifts into the racks
(assumed), two nozzles of 10 l/min a valve (assumed)."""


def taken(
    nozzles: Nozzles, flow_lpm: float, air_degc: float, vapour_kg_per_m3: float, volume_m3: float, dt_s: float
) -> tuple[float, float]:
    """Heat (W) that the water takes from the room's air, and vapour (kg/s) that it gives to it, in a step of ``dt_s``."""
    kg_per_s = flow_lpm / 60.0
    evaporating_w = evaporation_w(kg_per_s, air_degc, nozzles.evaporates)
    room_left = max(0.0, saturated_kg_per_m3(min(air_degc, BOILS_DEGC)) - vapour_kg_per_m3) * volume_m3 / dt_s
    vapour = min(evaporating_w / WATER_TAKES_J_PER_KG, room_left)
    warm_k = min(air_degc, BOILS_DEGC) - WATER_DEGC
    sensible_w = (kg_per_s - vapour) * LIQUID_J_PER_KG_K * nozzles.warms * warm_k
    most_w = ROOM_GIVES * AIR_KG_PER_M3 * volume_m3 * AIR_J_PER_KG_K * abs(air_degc - WATER_DEGC) / dt_s
    heat_w = vapour * WATER_TAKES_J_PER_KG + sensible_w
    return max(-most_w, min(most_w, heat_w)), vapour


def saturated_kg_per_m3(air_degc: float) -> float:
    """Vapour that air can hold (Magnus formula)."""
    pressure_pa = 611.2 * math.exp(17.62 * air_degc / (243.12 + air_degc))
    return pressure_pa / (VAPOUR_J_PER_KG_K * (air_degc + 273.15))
