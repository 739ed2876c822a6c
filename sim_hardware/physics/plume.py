"""Above the cells: gas in the air of each rack, its way to heads and into the room; the plume's heat at the heat heads."""

import math

from drivers.compiled.door import raising_kernel
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.gas import PPM, SPECIES
from sim_hardware.physics.heat_detector import ceiling_jet, element_step

RACK_AIR_M3 = 0.8
RACK_FLOW_M3_PER_S = 0.05
"""Free air in a rack and its exchange with the room (assumed: small fans; time constant 16 s)."""
DRAUGHT_M3_PER_S = 0.012
"""More exchange by the draught of 1 kW of hot gas and flames in the rack; goes with the cube root of the power as the flow
through openings above each other does (assumed)."""
HEAD_TAU_S = 4.0
"""Air from the rack to its gas head, and mixing at the room's reference head (assumed)."""


JET = raising_kernel(ceiling_jet)
ELEMENT = raising_kernel(element_step)


@raising_kernel
def advance_heat_heads(
    head_degc: Floats, heads_m: Floats, x_rack_m: float, jet_w: float, rise_m: float, air_degc: float, rti: float,
    dt_s: float,
) -> None:  # fmt: skip
    """Let heat heads at ``heads_m[head, (x, y)]`` follow the ceiling jet of a plume that rises by ``rise_m`` at ``x_rack_m`` (in place)."""
    for k in range(head_degc.shape[0]):
        radius_m = math.hypot(heads_m[k, 0] - x_rack_m, heads_m[k, 1])
        rise, speed = JET(jet_w, radius_m, rise_m, air_degc)
        head_degc[k] = ELEMENT(head_degc[k], air_degc + rise, speed, rti, dt_s)


@raising_kernel
def advance_racks(
    rack_gas: Floats, head_gas: Floats, ppm: Floats, by_rack_m3: Floats, gas_m3: Floats, room_gas: Floats,
    room_head: Floats, plume_j: Floats, hottest: int, dt_s: float,
) -> int:  # fmt: skip
    """Mix ``by_rack_m3[rack, species]`` into the racks' air, exchange it with the room, bring it to the heads (in place).

    Fractions ``rack_gas[rack, species]``, ``head_gas[species, rack]``, ``room_gas`` and ``room_head[species]``; ``ppm`` is
    that of the racks' heads. ``gas_m3[species]`` gets what flowed into the room, ``by_rack_m3`` is empty again.
    ``plume_j[cells]`` is the heat of hot gas. Returns the rack whose plume is strongest, ``hottest`` if there is none.
    """
    racks = rack_gas.shape[0]
    per_rack = plume_j.shape[0] // racks
    at_head = -math.expm1(-dt_s / HEAD_TAU_S)
    calm_part = -math.expm1(-RACK_FLOW_M3_PER_S / RACK_AIR_M3 * dt_s)
    strongest_w = 0.0
    gas_m3[:] = 0.0
    for rack in range(racks):
        power_w = plume_j[rack * per_rack : (rack + 1) * per_rack].sum() / dt_s
        part = calm_part
        if power_w > 0.0:
            flow = RACK_FLOW_M3_PER_S + DRAUGHT_M3_PER_S * (1e-3 * power_w) ** (1.0 / 3.0)
            part = -math.expm1(-flow / RACK_AIR_M3 * dt_s)
        if power_w > strongest_w:
            hottest, strongest_w = rack, power_w
        for s in range(SPECIES):
            mixed = min(1.0, rack_gas[rack, s] + by_rack_m3[rack, s] / RACK_AIR_M3)
            by_rack_m3[rack, s] = 0.0
            out = (mixed - room_gas[s]) * part
            rack_gas[rack, s] = mixed - out
            gas_m3[s] += out * RACK_AIR_M3
            head_gas[s, rack] += (rack_gas[rack, s] - head_gas[s, rack]) * at_head
            ppm[s, rack] = head_gas[s, rack] * PPM
    for s in range(SPECIES):
        room_head[s] += (room_gas[s] - room_head[s]) * at_head
    return hottest
