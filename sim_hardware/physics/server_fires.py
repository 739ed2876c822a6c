"""What starts in a server room: a cable that smoulders, a cabinet that burns, and what only looks like it."""

import math
from dataclasses import dataclass, field

from sim_hardware.physics.injections import Window
from sim_hardware.physics.sprinkler import share_after

SMOULDER_J_PER_G = 15e3
"""Heat set free for each gram of smoke of a smouldering cable (assumed)."""
QUENCH_STRENGTH, QUENCH_TAU_S = 1.0, 90.0
"""Agent over its cup-burner value at which a smouldering cable goes out, and how fast (assumed: surface smouldering)."""
DIE_O2, FULL_O2 = 0.13, 0.17
"""Oxygen (volume fraction) below which nothing burns and above which the flame is full (assumed)."""
FIRE_OUT_TAU_S = 5.0
"""A flame that agent or want of oxygen puts out (assumed)."""
FIRE_SMOKE_G_PER_MJ = 4.0
"""Soot of burning plastics: 0.10 g/g at 25 kJ/g (assumed, of tables for cables and PVC)."""
FIRE_CO_M3_PER_MJ = 1.8e-3
"""Carbon monoxide: 0.05 g/g at 25 kJ/g, 1.145 kg/m3 at 25 degC (assumed)."""
FIRE_CO2_M3_PER_MJ = 0.044
"""Carbon dioxide: 2.0 g/g at 25 kJ/g, 1.80 kg/m3 (assumed)."""
RADIANT_SHARE = 0.35
"""Of the heat of a flame, which the air does not get (assumed)."""


@dataclass(slots=True)
class Smoulder:
    """A cable that begins to smoulder: smoke grows with the square of time to ``peak_g_per_s`` within ``growth_s``."""

    sensor: int
    peak_g_per_s: float
    growth_s: float
    window: Window
    left: float = 1.0

    def rate_g_per_s(self, now_s: float, agent_strength: float, dt_s: float) -> float:
        """Smoke in g/s at ``now_s``; agent puts it out for good."""
        if not self.window.holds(now_s):
            return 0.0
        if agent_strength >= QUENCH_STRENGTH:
            self.left *= math.exp(-dt_s / QUENCH_TAU_S)
        grown = min(1.0, (now_s - self.window.start_s) / self.growth_s)
        return self.left * self.peak_g_per_s * grown * grown


@dataclass(slots=True)
class ServerFire:
    """A cabinet that burns: ``Q = a t^2`` to ``peak_w``, until ``fuel_j`` is burnt, agent or water puts it out, or oxygen fails."""

    sensor: int
    growth_w_per_s2: float
    peak_w: float
    fuel_j: float
    window: Window
    left: float = 1.0
    burnt_j: float = field(default=0.0, init=False)

    def power_w(
        self, now_s: float, agent_strength: float, o2: float, dt_s: float, water_mm_per_s: float = 0.0
    ) -> float:
        """Heat release at ``now_s``; agent and water put it out for good, want of oxygen holds it down."""
        if not self.window.holds(now_s) or self.burnt_j >= self.fuel_j:
            return 0.0
        if agent_strength >= 1.0:
            self.left *= math.exp(-dt_s / FIRE_OUT_TAU_S)
        if water_mm_per_s > 0.0:
            self.left *= share_after(water_mm_per_s, dt_s)
        age_s = now_s - self.window.start_s
        breath = min(1.0, max(0.0, (o2 - DIE_O2) / (FULL_O2 - DIE_O2)))
        power_w = self.left * breath * min(self.peak_w, self.growth_w_per_s2 * age_s * age_s)
        self.burnt_j += power_w * dt_s
        return power_w


@dataclass(frozen=True, slots=True)
class Puff:
    """Dust, spray or steam near a place: ``rate_kg_per_s`` of what floats, and of water in steam."""

    kind: int
    sensor: int
    rate_kg_per_s: float
    window: Window
