"""Coolant on a rack: wetted housings, and what water gets inside, give heat to it, as far as it can take it away.

Water that falls on a rack runs off the housings of the modules; little of it reaches the cells inside. FSRI's container
test with 20 mm/min of water kept the air below 30 degC while propagation went on, through modules and units, and ended in
a deflagration: what water does is to keep the next module cold.
"""

import math

from drivers.compiled.door import raising_kernel

FILM_W_PER_M2_K = 400.0
"""From a wetted surface to falling water (assumed: film without boiling)."""
ENTERS = 0.1
"""Share of the wetting outside that the tops of the cells in a module get (assumed: vents and cable glands)."""
WET_STOPS = 0.8
"""Share of the heat of flames that falling water takes before it reaches the next housing (assumed)."""
WETTING_SCALE_LPM = 30.0
"""Flow per rack at which 63 % of the cells' surface is wetted (assumed)."""
WATER_DEGC = 18.0
WATER_TAKES_J_PER_KG = 2.6e6
"""Heating from 18 degC and evaporation (mist: 2.6 MJ/kg)."""
EVAPORATED_SHARE = 0.3
"""Share of the water's capacity that is used before it drains (assumed)."""


@raising_kernel
def wetted_share(flow_lpm: float) -> float:
    """Share of a rack's cells that is wetted at a flow in litres per minute."""
    return 1.0 - math.exp(-max(flow_lpm, 0.0) / WETTING_SCALE_LPM)


@raising_kernel
def water_limit_w(flow_lpm: float) -> float:
    """Most heat (W) that this flow can take from a rack."""
    return max(flow_lpm, 0.0) / 60.0 * WATER_TAKES_J_PER_KG * EVAPORATED_SHARE
