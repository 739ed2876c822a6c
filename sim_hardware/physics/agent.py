"""Gaseous agent FK-5-1-12: the amount for a concentration, and a bank of cylinders that discharges it."""

import math

S_K1, S_K2 = 0.0664, 0.000274
"""Specific vapour volume S = k1 + k2 T in m3/kg, T in degC."""
LATENT_J_PER_KG = 88e3
LATENT_FROM_AIR = 0.25
"""Share of the heat of vaporisation that the room's air gives (assumed: liquid, pipes and surfaces give the rest)."""
MAIN_SHARE, MAIN_TIME_S = 0.95, 9.0
"""95 % is out in 9 s (the standards allow 10 s)."""
TAIL_TAU_S = 3.0
FILLED_SHARE = 0.5
"""Share of the cylinder that liquid fills (assumed); nitrogen above it."""
NOZZLE_SHARE = 0.6
"""Manifold pressure over cylinder pressure while liquid flows (assumed)."""
MANIFOLD_TAU_S = 0.3


def specific_volume_m3_per_kg(temp_degc: float) -> float:
    """Volume of a kilogram of vapour at one atmosphere."""
    return S_K1 + S_K2 * temp_degc


def agent_mass_kg(volume_m3: float, concentration_pct: float, temp_degc: float) -> float:
    """Mass for a design concentration: ``m = V/S C/(100 - C)`` (ISO 14520, NFPA 2001)."""
    return volume_m3 / specific_volume_m3_per_kg(temp_degc) * concentration_pct / (100.0 - concentration_pct)


def concentration_after(before: float, vapour_m3: float, volume_m3: float) -> float:
    """Volume fraction after ``vapour_m3`` mixed into a room that vents what it displaces.

    Integral of ``dc/dv = (1 - c)^2 / V``, the form whose solution from zero is the design formula.
    """
    return 1.0 - 1.0 / (1.0 / (1.0 - before) + vapour_m3 / volume_m3)


class AgentBank:
    """Cylinders of one bank: mass left (kg), their pressure and the manifold's (bar, above the room's)."""

    __slots__ = ("_charge_kg", "_full_bar", "manifold_bar", "mass_kg", "pressure_bar")

    def __init__(self, charge_kg: float, full_bar: float) -> None:
        """Fill the bank."""
        self._charge_kg = charge_kg
        self._full_bar = full_bar
        self.mass_kg = charge_kg
        self.pressure_bar = full_bar
        self.manifold_bar = 0.0

    def advance(self, dt_s: float, *, flowing: bool) -> float:
        """Discharge for ``dt_s`` if ``flowing``; return the mass in kg that left."""
        out_kg = self._outflow_kg(dt_s) if flowing else 0.0
        self.mass_kg -= out_kg
        target = NOZZLE_SHARE * self.pressure_bar if flowing else 0.0
        self.manifold_bar += (target - self.manifold_bar) * (1.0 - math.exp(-dt_s / MANIFOLD_TAU_S))
        if flowing:
            self.pressure_bar = self._cylinder_bar()
        return out_kg

    def _outflow_kg(self, dt_s: float) -> float:
        tail_kg = (1.0 - MAIN_SHARE) * self._charge_kg
        steady = min(self._charge_kg * MAIN_SHARE / MAIN_TIME_S * dt_s, max(0.0, self.mass_kg - tail_kg))
        if steady > 0.0:
            return steady
        return self.mass_kg * (1.0 - math.exp(-dt_s / TAIL_TAU_S))

    def _cylinder_bar(self) -> float:
        left = self.mass_kg / self._charge_kg
        expanded = self._full_bar * (1.0 - FILLED_SHARE) / (1.0 - FILLED_SHARE * left)
        return expanded * min(1.0, left / (1.0 - MAIN_SHARE))
