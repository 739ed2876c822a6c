"""A bank of cylinders that discharges a gaseous agent."""

import math

from sim_hardware.physics.agents import FK_5_1_12, Agent

MAIN_SHARE, MAIN_TIME_SHARE = 0.95, 0.9
"""95 % of a halocarbon is out in 9 tenths of the time that the standards allow (assumed), the rest follows with nitrogen."""
TAIL_TAU_S = 3.0
FILLED_SHARE = 0.5
"""Share of the cylinder that liquid fills (assumed); nitrogen above it."""
NOZZLE_SHARE = 0.6
"""Manifold pressure over cylinder pressure while agent flows (assumed)."""
REDUCED_BAR = 60.0
"""Inert gas: behind the pressure reducer of the cylinders (usual limit of the pipes)."""
MANIFOLD_TAU_S = 0.3


class AgentBank:
    """Cylinders of one bank: mass left (kg), their pressure and the manifold's (bar, above the room's)."""

    __slots__ = ("_charge_kg", "_full_bar", "agent", "manifold_bar", "mass_kg", "pressure_bar")

    def __init__(self, charge_kg: float, full_bar: float, agent: Agent = FK_5_1_12) -> None:
        """Fill the bank."""
        self._charge_kg = charge_kg
        self._full_bar = full_bar
        self.agent = agent
        self.mass_kg = charge_kg
        self.pressure_bar = full_bar
        self.manifold_bar = 0.0

    def advance(self, dt_s: float, *, flowing: bool) -> float:
        """Discharge for ``dt_s`` if ``flowing``; return the mass in kg that left."""
        if not flowing and self.manifold_bar == 0.0:
            return 0.0  # at rest, as nearly always
        out_kg = self._outflow_kg(dt_s) if flowing else 0.0
        self.mass_kg -= out_kg
        target = min(NOZZLE_SHARE * self.pressure_bar, REDUCED_BAR) if flowing else 0.0
        self.manifold_bar += (target - self.manifold_bar) * (1.0 - math.exp(-dt_s / MANIFOLD_TAU_S))
        if flowing:
            self.pressure_bar = self._cylinder_bar()
        return out_kg

    def _outflow_kg(self, dt_s: float) -> float:
        """Liquid flows steadily, then its tail; gas flows with its pressure: 95 % within the time of the standards."""
        if not self.agent.halocarbon:
            return self.mass_kg * -math.expm1(math.log(1.0 - MAIN_SHARE) * dt_s / self.agent.discharge_s)
        tail_kg = (1.0 - MAIN_SHARE) * self._charge_kg
        main_s = MAIN_TIME_SHARE * self.agent.discharge_s
        steady = min(self._charge_kg * MAIN_SHARE / main_s * dt_s, max(0.0, self.mass_kg - tail_kg))
        if steady > 0.0:
            return steady
        return self.mass_kg * (1.0 - math.exp(-dt_s / TAIL_TAU_S))

    def _cylinder_bar(self) -> float:
        left = self.mass_kg / self._charge_kg
        if not self.agent.halocarbon:
            return self._full_bar * left
        expanded = self._full_bar * (1.0 - FILLED_SHARE) / (1.0 - FILLED_SHARE * left)
        return expanded * min(1.0, left / (1.0 - MAIN_SHARE))
