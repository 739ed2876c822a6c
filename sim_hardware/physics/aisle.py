"""The hot aisle of a server room: what a cabinet gives off is thinned by the air that the cabinets blow through it, on its way to the return.

The aisle is a row of bays. Fans draw the same flow through each; it runs along the aisle to the return grille at bay 0, through the
filter of the air conditioning and back into the room. So a source far from the return is thinned most, and one detector sees it late,
another never above the room's mean. Without air conditioning the servers' own fans keep a part of the flow.
"""

import numpy as np

from drivers.compiled.door import raising_kernel
from sim_hardware.physics.arrays import Floats

SMOKE, DUST, AEROSOL, FOG = range(4)
"""What floats in the air and dims light."""
KINDS = 4
EXTINCTION_M2_PER_KG = np.array([4400.0, 150.0, 1500.0, 300.0])
"""Specific extinction: smouldering smoke (CFAST 8 technical reference); dust of 10 um and 2,000 kg/m3, spray of 2 um and fog of 10 um
by ``3 Q/(2 rho d)`` with Q = 2 (geometric optics)."""
GONE_TAU_S = np.array([np.inf, 500.0, 90.0, 25.0])
"""Dust of 10 um settles 3 m at 6 mm/s (Stokes); spray and fog evaporate (assumed). Smoke is the room's own matter."""
FILTERED = np.array([0.0, 0.6, 0.3, 0.9])
"""Share that filter and cold coil of the air conditioning keep back in a pass (assumed: coarse filter)."""
FANS_SHARE = 0.25
"""Flow through the cabinets by their own fans when the air conditioning stands, over that when it runs (assumed)."""


@raising_kernel
def advance_aisle(
    excess: Floats, given_off: Floats, bay_m3: float, flow_m3_per_s: float, out: Floats, dt_s: float
) -> None:
    """Advance ``excess[kind, bay]`` (extinction over the room's, 1/m) by ``dt_s``; implicit, so that any step is stable.

    ``given_off[kind, bay]`` is in m2/s of extinction; ``out[kind]`` gets what left through the return, m2.
    """
    kinds, bays = excess.shape
    share = flow_m3_per_s / bays
    for kind in range(kinds):
        coming = 0.0
        for bay in range(bays - 1, -1, -1):
            leaving = share * (bays - bay)
            gain = given_off[kind, bay] + share * (bays - 1 - bay) * coming
            excess[kind, bay] = (excess[kind, bay] + gain / bay_m3 * dt_s) / (1.0 + leaving / bay_m3 * dt_s)
            coming = excess[kind, bay]
        out[kind] = flow_m3_per_s * excess[kind, 0] * dt_s


@raising_kernel
def advance_room(
    mean: Floats, out: Floats, volume_m3: float, flow_m3_per_s: float, fresh_m3_per_s: float, cleans: bool, dt_s: float
) -> None:
    """Advance ``mean[kind]`` by ``dt_s``: extinction (1/m) in the room of all that is not smoke.

    It gets what left the aisle, less what settles, evaporates, goes outside, and is filtered while the air conditioning ``cleans``.
    """
    for kind in range(DUST, mean.shape[0]):
        kept = 1.0 - FILTERED[kind] if cleans else 1.0
        filtered = flow_m3_per_s * FILTERED[kind] if cleans else 0.0
        rate = 1.0 / GONE_TAU_S[kind] + (fresh_m3_per_s + filtered) / volume_m3
        mean[kind] = (mean[kind] + kept * out[kind] / volume_m3) * np.exp(-rate * dt_s)
