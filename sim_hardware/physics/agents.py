"""Gaseous agents: how much of one makes a concentration, what it leaves of the oxygen, how it cools and presses on the walls."""

import math
from dataclasses import dataclass

from drivers.compiled.door import raising_kernel

REFERENCE_DEGC = 20.0
"""Temperature at which volumes of inert gas are stated (EN 15004)."""
AIR_O2_PCT = 20.9
FROM_AIR = 0.25
"""Share of the heat that evaporation or expansion takes which the room's air gives (assumed: cylinders, pipes, surfaces give the rest)."""
RELIEF_CD = 0.7
"""Discharge coefficient of leaks and relief vents (CFAST 8 technical reference)."""


@dataclass(frozen=True, slots=True)
class Agent:
    """A gaseous agent. Specific vapour volume is ``k1 + k2 T`` in m3/kg at one atmosphere, T in degC (EN 15004, ISO 14520).

    Design concentrations are of EN 15004: surface class A, higher hazard A, class B (FK-5-1-12: from memory, assumed).
    """

    name: str
    halocarbon: bool
    k1: float
    k2: float
    discharge_s: float
    """Time to 95 % of the design concentration: 10 s for halocarbons (NFPA 2001); inert gas 60 s (class B; A allows 120 s)."""
    heat_j_per_kg: float
    """Taken up on the way to vapour at room temperature: heat of vaporisation, or ``R T / M`` of a gas that expands from its cylinder."""
    cylinder_bar: float
    """Filling pressure at 20 degC."""
    flame_out_pct: float
    """Cup burner with heptane."""
    design_a_pct: float
    design_higher_a_pct: float
    design_b_pct: float

    def specific_volume_m3_per_kg(self, temp_degc: float) -> float:
        """Volume of a kilogram of vapour at one atmosphere."""
        return self.k1 + self.k2 * temp_degc

    def density_kg_per_m3(self, temp_degc: float) -> float:
        """Density of the pure vapour at one atmosphere."""
        return 1.0 / self.specific_volume_m3_per_kg(temp_degc)

    def mass_kg(self, volume_m3: float, concentration_pct: float, temp_degc: float) -> float:
        """Mass for a concentration.

        Halocarbons: ``m = V/S C/(100 - C)``; inert gases, whose mixture leaves while they flow: ``m = V/S ln(100/(100 - C))``
        (ISO 14520, EN 15004, NFPA 2001).
        """
        share = concentration_pct / 100.0
        per_volume = share / (1.0 - share) if self.halocarbon else -math.log1p(-share)
        return volume_m3 / self.specific_volume_m3_per_kg(temp_degc) * per_volume

    def reference_volume_m3(self, volume_m3: float, concentration_pct: float, temp_degc: float) -> float:
        """Gas for a concentration as a volume at 20 degC: ``V S_R/S ln(100/(100 - C))`` for inert gases."""
        mass_kg = self.mass_kg(volume_m3, concentration_pct, temp_degc)
        return mass_kg * self.specific_volume_m3_per_kg(REFERENCE_DEGC)

    def concentration_pct(self, mass_kg: float, volume_m3: float, temp_degc: float) -> float:
        """Concentration that a mass makes: the inverse of `mass_kg`."""
        vapour_m3 = mass_kg * self.specific_volume_m3_per_kg(temp_degc)
        return 100.0 * concentration_after(0.0, vapour_m3, volume_m3, self.halocarbon)


@raising_kernel
def concentration_after(before: float, vapour_m3: float, volume_m3: float, halocarbon: bool) -> float:
    """Volume fraction after ``vapour_m3`` went into a room that vents what it displaces; from zero it is the design formula.

    Inert gas leaves with the mixture as it is: ``dc/dv = (1 - c)/V``. A halocarbon, in within seconds, leaves by the standards' formula
    only what it displaced at the end: ``dc/dv = (1 - c)^2/V``.
    """
    if halocarbon:
        return 1.0 - 1.0 / (1.0 / (1.0 - before) + vapour_m3 / volume_m3)
    return 1.0 - (1.0 - before) * math.exp(-vapour_m3 / volume_m3)


def oxygen_pct(concentration_pct: float) -> float:
    """Oxygen that is left at a concentration: air thinned by the agent."""
    return AIR_O2_PCT * (1.0 - concentration_pct / 100.0)


@raising_kernel
def expansion_m3_per_s(
    vapour_m3_per_s: float, cooling_w: float, air_j_per_k: float, volume_m3: float, temp_degc: float
) -> float:
    """Volume that wants out of the room: vapour comes in, and the air shrinks by what it is cooled (``V/T dT/dt``).

    It is below zero in the first seconds of a halocarbon, which cools before it has filled the room.
    """
    return vapour_m3_per_s - volume_m3 / (temp_degc + 273.15) * cooling_w / air_j_per_k


@raising_kernel
def overpressure_pa(flow_m3_per_s: float, area_m2: float, kg_per_m3: float) -> float:
    """Pressure that drives a flow through leaks and relief vents: ``rho/2 (q/(Cd A))^2``, with the sign of the flow."""
    speed = flow_m3_per_s / (RELIEF_CD * area_m2)
    return 0.5 * kg_per_m3 * speed * abs(speed)


def relief_area_m2(flow_m3_per_s: float, allowed_pa: float, kg_per_m3: float) -> float:
    """Relief vent that keeps a flow within the pressure that the walls bear: the inverse of `overpressure_pa`."""
    return flow_m3_per_s / RELIEF_CD * math.sqrt(0.5 * kg_per_m3 / allowed_pa)


FK_5_1_12 = Agent(
    name="fk-5-1-12",
    halocarbon=True,
    k1=0.0664,
    k2=0.000274,
    discharge_s=10.0,
    heat_j_per_kg=88e3,
    cylinder_bar=25.0,
    flame_out_pct=4.5,
    design_a_pct=5.3,
    design_higher_a_pct=5.6,
    design_b_pct=5.9,
)
IG_541 = Agent(
    name="ig-541",
    halocarbon=False,
    k1=0.65799,
    k2=0.002239,
    discharge_s=60.0,
    heat_j_per_kg=71e3,
    cylinder_bar=200.0,
    flame_out_pct=31.7,
    design_a_pct=39.9,
    design_higher_a_pct=45.7,
    design_b_pct=48.1,
)
IG_100 = Agent(
    name="ig-100",
    halocarbon=False,
    k1=0.79968,
    k2=0.00293,
    discharge_s=60.0,
    heat_j_per_kg=87e3,
    cylinder_bar=200.0,
    flame_out_pct=33.6,
    design_a_pct=40.3,
    design_higher_a_pct=45.2,
    design_b_pct=47.6,
)
IG_01 = Agent(
    name="ig-01",
    halocarbon=False,
    k1=0.56119,
    k2=0.0020545,
    discharge_s=60.0,
    heat_j_per_kg=61e3,
    cylinder_bar=200.0,
    flame_out_pct=39.1,
    design_a_pct=41.9,
    design_higher_a_pct=49.2,
    design_b_pct=51.7,
)
AGENTS: dict[str, Agent] = {agent.name: agent for agent in (FK_5_1_12, IG_541, IG_100, IG_01)}
"""By the names of ISO 14520, in small letters: fluoroketone, Ar/N2/CO2 mixture, nitrogen, argon."""
