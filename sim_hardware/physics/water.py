"""Coolant on a rack: wetted cells give heat to water, as far as the water can take it away."""

import math

from numba import njit

FULL_WETTING_W_PER_K = 12.0
"""Conductance from one cell to the coolant when the rack is fully wetted: 0.03 m2 at 400 W/m2K (assumed)."""
WETTING_SCALE_LPM = 30.0
"""Flow per rack at which 63 % of the cells' surface is wetted (assumed)."""
WATER_DEGC = 18.0
WATER_TAKES_J_PER_KG = 2.6e6
"""Heating from 18 degC and evaporation (mist: 2.6 MJ/kg)."""
EVAPORATED_SHARE = 0.3
"""Share of the water's capacity that is used before it drains (assumed)."""


@njit(cache=True, nogil=True)
def wetted_share(flow_lpm: float) -> float:
    """Share of a rack's cells that is wetted at a flow in litres per minute."""
    return 1.0 - math.exp(-max(flow_lpm, 0.0) / WETTING_SCALE_LPM)


@njit(cache=True, nogil=True)
def water_limit_w(flow_lpm: float) -> float:
    """Most heat (W) that this flow can take from a rack."""
    return max(flow_lpm, 0.0) / 60.0 * WATER_TAKES_J_PER_KG * EVAPORATED_SHARE
