"""A well-mixed room: temperature, walls, gas, smoke, oxygen, agent, humidity, and what ventilates it.

One zone for the mean; the hot layer below the ceiling is estimated by the ceiling jet (``heat_detector``).
"""

import math
from dataclasses import dataclass, field

import numpy as np

from sim_hardware.physics import agents
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.gas import SPECIES
from sim_hardware.physics.heat_detector import AIR_J_PER_KG_K, AIR_KG_PER_M3

FRESH_O2 = 0.209
O2_J_PER_KG = 13.1e6
"""Heat per kilogram of oxygen used."""
O2_KG_PER_M3 = 1.33
WALL_W_PER_M2_K = 8.0
WALL_J_PER_M2_K = 6.0e4
"""Inner 3 cm of concrete (assumed)."""
WALL_OUT_W_PER_M2_K = 0.5
SMOKE_SETTLES_TAU_S = 3600.0
"""Smoke settles and sticks to walls (assumed)."""
DISCHARGE_COEFFICIENT = 0.7
VAPOUR_J_PER_KG_K = 461.5
BACKGROUND_PPM = (0.5, 0.4, 0.15, 420.0, 1.9)
"""H2, CO, VOC, CO2 and hydrocarbons of clean air, ppm."""


@dataclass(frozen=True, slots=True)
class Ventilation:
    """Flows of a room in m3/s at full opening (all assumed; exhaust 12 air changes an hour)."""

    exhaust_m3_per_s: float
    leakage_m3_per_s: float
    dampers_m3_per_s: float
    door_m3_per_s: float
    relief_m3_per_s: float
    starved_share: float = 0.2

    def fresh_m3_per_s(self, exhaust: float, dampers: float, relief: float, *, hvac_on: bool, door_open: bool) -> float:
        """Exchange with the outside for positions of 0..1; closed dampers and door starve the exhaust fan."""
        inlet = 1.0 if door_open else self.starved_share + (1.0 - self.starved_share) * dampers
        flow = self.leakage_m3_per_s + exhaust * self.exhaust_m3_per_s * inlet + relief * self.relief_m3_per_s
        flow += dampers * self.dampers_m3_per_s * (1.0 if hvac_on else 0.2)
        return flow + (self.door_m3_per_s if door_open else 0.0)


def clean_air() -> Floats:
    """Fractions of the species of ``gas`` in clean air."""
    return np.array(BACKGROUND_PPM) * 1e-6


@dataclass(slots=True)
class Room:
    """State of the air and walls; ``gas`` are volume fractions, ``smoke_kg_per_m3`` a mean."""

    volume_m3: float
    wall_m2: float
    setpoint_degc: float
    cooling_w_per_k: float
    cooling_max_w: float
    temp_degc: float
    wall_degc: float
    leak_m2: float = 0.02
    gas: Floats = field(default_factory=clean_air)
    smoke_kg_per_m3: float = 0.0
    o2: float = FRESH_O2
    agent: float = 0.0
    water_kg_per_m3: float = 0.0087
    overpressure_pa: float = 0.0
    _fresh_gas: Floats = field(default_factory=clean_air)

    def mix(self, gas_m3: Floats, smoke_kg: float, burnt_j: float) -> None:
        """Add gas, m3 per species, and smoke, and take the oxygen that ``burnt_j`` of combustion uses."""
        for s in range(SPECIES):
            self.gas[s] += gas_m3[s] / self.volume_m3
        self.smoke_kg_per_m3 += smoke_kg / self.volume_m3
        self.o2 = max(0.0, self.o2 - burnt_j / O2_J_PER_KG / O2_KG_PER_M3 / self.volume_m3)

    def ventilate(self, flow_m3_per_s: float, outside_degc: float, dt_s: float) -> None:
        """Replace air by outside air with ``flow_m3_per_s`` for ``dt_s`` (continuous mixing, solved exactly)."""
        part = 1.0 - math.exp(-flow_m3_per_s * dt_s / self.volume_m3)
        self.gas += (self._fresh_gas - self.gas) * part
        self.o2 += (FRESH_O2 - self.o2) * part
        self.agent -= self.agent * part
        self.smoke_kg_per_m3 *= (1.0 - part) * math.exp(-dt_s / SMOKE_SETTLES_TAU_S)
        self.temp_degc += (outside_degc - self.temp_degc) * part

    def discharge(self, mass_kg: float, agent: agents.Agent, relief_m2: float, dt_s: float) -> None:
        """Mix in agent; it thins oxygen, gas and smoke, cools the air and presses on the walls."""
        if mass_kg <= 0.0:
            self.overpressure_pa = 0.0
            return
        vapour_m3 = mass_kg * agent.specific_volume_m3_per_kg(max(0.0, self.temp_degc))
        after = float(agents.concentration_after(self.agent, vapour_m3, self.volume_m3, agent.halocarbon))
        thinner = (1.0 - after) / (1.0 - self.agent)
        self.agent = after
        self.o2 *= thinner
        self.gas *= thinner
        self.smoke_kg_per_m3 *= thinner
        self.temp_degc -= mass_kg * agent.heat_j_per_kg * agents.FROM_AIR / self.air_j_per_k
        speed = vapour_m3 / dt_s / (DISCHARGE_COEFFICIENT * (self.leak_m2 + relief_m2))
        self.overpressure_pa = 0.5 * AIR_KG_PER_M3 * speed * speed

    def heat(self, power_w: float, outside_degc: float, dt_s: float, *, hvac_on: bool) -> None:
        """Warm air and walls by ``power_w`` (convective); the HVAC cools towards its set point."""
        cooling_w = 0.0
        if hvac_on:
            cooling_w = min(self.cooling_max_w, max(0.0, self.cooling_w_per_k * (self.temp_degc - self.setpoint_degc)))
        # The air follows its surroundings exactly over the step: stable for any dt.
        wall_w_per_k = WALL_W_PER_M2_K * self.wall_m2
        target = self.wall_degc + (power_w - cooling_w) / wall_w_per_k
        moved = (target - self.temp_degc) * (1.0 - math.exp(-wall_w_per_k / self.air_j_per_k * dt_s))
        to_wall_j = (power_w - cooling_w) * dt_s - moved * self.air_j_per_k
        self.temp_degc += moved
        lost_j = WALL_OUT_W_PER_M2_K * self.wall_m2 * (self.wall_degc - outside_degc) * dt_s
        self.wall_degc += (to_wall_j - lost_j) / (WALL_J_PER_M2_K * self.wall_m2)

    @property
    def air_j_per_k(self) -> float:
        """Heat capacity of the air."""
        return self.volume_m3 * AIR_KG_PER_M3 * AIR_J_PER_KG_K


def relative_humidity_pct(water_kg_per_m3: float, temp_degc: Floats) -> Floats:
    """Relative humidity at temperatures for one water content (Magnus formula)."""
    saturated_pa = 611.2 * np.exp(17.62 * temp_degc / (243.12 + temp_degc))
    vapour_pa = water_kg_per_m3 * VAPOUR_J_PER_KG_K * (temp_degc + 273.15)
    return np.minimum(100.0, 100.0 * vapour_pa / saturated_pa)
