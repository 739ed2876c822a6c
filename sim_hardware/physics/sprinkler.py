"""Water from the ceiling: what a sprinkler does to a fire, and what drops and mist take from the air by evaporating."""

import math

WATER_J_PER_KG = 2.6e6
"""Heating from 18 degC and evaporation."""
SPRINKLER_TAU_S, SPRINKLER_EXPONENT = 3.0, -1.8
"""``tau = 3 u^-1.8`` with u in mm/s: fires that sprinklers of ordinary density hit (Evans 1993, as in CFAST). Not for mist."""
SPRINKLER_EVAPORATES, MIST_EVAPORATES = 0.1, 0.6
"""Share of the water that hot gas evaporates on its way to the floor: drops of 1 mm, and of 0.1 mm (assumed)."""
DRY_DEGC, HOT_DEGC = 30.0, 100.0
"""Gas below which nothing to speak of evaporates, and from which on the whole share does (assumed)."""


def sprinkler_tau_s(mm_per_s: float) -> float:
    """Time constant of a fire's decay under a sprinkler of this density; infinite without water."""
    return math.inf if mm_per_s <= 0.0 else float(SPRINKLER_TAU_S * mm_per_s**SPRINKLER_EXPONENT)


def share_after(mm_per_s: float, seconds: float) -> float:
    """Share of its power that a fire has after ``seconds`` of water: ``Q = Q0 exp(-t/tau)``."""
    return math.exp(-seconds / sprinkler_tau_s(mm_per_s))


def evaporation_w(flow_kg_per_s: float, gas_degc: float, evaporates: float) -> float:
    """Heat (W) that water takes from gas of this temperature; ``evaporates`` is `SPRINKLER_EVAPORATES` or `MIST_EVAPORATES`."""
    warm = min(1.0, max(0.0, (gas_degc - DRY_DEGC) / (HOT_DEGC - DRY_DEGC)))
    return flow_kg_per_s * WATER_J_PER_KG * evaporates * warm
