"""Gas in the air of each rack, on its way to the rack's gas head and into the room."""

import math

from numba import njit

from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.gas import PPM, SPECIES

RACK_AIR_M3 = 0.8
RACK_FLOW_M3_PER_S = 0.05
"""Free air in a rack and its exchange with the room (assumed: small fans; time constant 16 s)."""
DRAUGHT_M3_PER_S = 0.012
"""More exchange by the draught of 1 kW of hot gas and flames in the rack; goes with the cube root of the power as the flow
through openings above each other does (assumed)."""
HEAD_TAU_S = 4.0
"""Air from the rack to its gas head, and mixing at the room's reference head (assumed)."""


@njit(cache=True, nogil=True)
def advance_racks(
    rack_gas: Floats, head_gas: Floats, ppm: Floats, gas_m3: Floats, room_gas: Floats, plume_j: Floats, dt_s: float
) -> int:
    """Mix ``gas_m3[rack, species]`` into the racks' air, exchange it with the room, bring it to the heads (in place).

    Fractions ``rack_gas[rack, species]``, ``head_gas[species, rack]`` and ``room_gas[species]``; ``ppm`` is that of the
    heads; ``gas_m3`` then holds what flowed from each rack into the room. ``plume_j[cells]`` is the heat of hot gas.
    Returns the rack whose plume is strongest, or -1.
    """
    racks = rack_gas.shape[0]
    per_rack = plume_j.shape[0] // racks
    at_head = -math.expm1(-dt_s / HEAD_TAU_S)
    calm_part = -math.expm1(-RACK_FLOW_M3_PER_S / RACK_AIR_M3 * dt_s)
    strongest, strongest_w = -1, 0.0
    for rack in range(racks):
        power_w = plume_j[rack * per_rack : (rack + 1) * per_rack].sum() / dt_s
        part = calm_part
        if power_w > 0.0:
            flow = RACK_FLOW_M3_PER_S + DRAUGHT_M3_PER_S * (1e-3 * power_w) ** (1.0 / 3.0)
            part = -math.expm1(-flow / RACK_AIR_M3 * dt_s)
        if power_w > strongest_w:
            strongest, strongest_w = rack, power_w
        for s in range(SPECIES):
            mixed = min(1.0, rack_gas[rack, s] + gas_m3[rack, s] / RACK_AIR_M3)
            out = (mixed - room_gas[s]) * part
            rack_gas[rack, s] = mixed - out
            gas_m3[rack, s] = out * RACK_AIR_M3
            head_gas[s, rack] += (rack_gas[rack, s] - head_gas[s, rack]) * at_head
            ppm[s, rack] = head_gas[s, rack] * PPM
    return strongest
