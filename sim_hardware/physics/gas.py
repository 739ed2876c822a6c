"""Vent gas and runaway gas of the cells, its burning, and how it reaches the heads in the racks.

Amounts scale with the cell's capacity. Species are held as volume fractions; ``ppm`` is a fraction times 1e6.
"""

import math

import numpy as np
from numba import njit

from sim_hardware.physics import cell
from sim_hardware.physics.arrays import Bools, Floats

H2, CO, VOC, CO2, THC = range(5)
"""Hydrogen, carbon monoxide, vapour of the electrolyte (what a VOC head sees first), carbon dioxide, hydrocarbons."""
SPECIES = 5
PPM = 1e6
RUNAWAY_GAS_M3_PER_AH = 2.0e-3
"""1.5 to 2.2 L/Ah for NMC and LCO (from memory, assumed)."""
RUNAWAY_SHARES = np.array([0.23, 0.33, 0.0, 0.31, 0.13])
"""Species in the gas of a runaway (mock-up of one LFP/NMC class)."""
VENT_GAS_M3_PER_AH = np.array([0.055e-3, 0.08e-3, 0.15e-3, 0.075e-3, 0.03e-3])
"""Gas from the first vent to the runaway: an eighth of the gas of runaway (assumed), and a fifth of the electrolyte as
vapour of 90 g/mol."""
GAS_HEAT_J_PER_M3 = 14.5e6
"""Heat of combustion of the runaway gas, from its shares (10.8, 12.6 and about 60 MJ/m3)."""
BURNT_SHARE = 0.6
"""Share of the runaway gas that burns at the vent in air (assumed)."""
FLAME_OUT_AGENT_PCT = 4.5
"""FK-5-1-12 in the air that puts out a flame (cup burner, assumed)."""
FLAME_OUT_O2_PCT, FULL_FLAME_O2_PCT = 13.0, 17.0
"""Oxygen below which nothing burns and above which the flame is full (assumed)."""
RACK_AIR_M3 = 0.8
RACK_FLOW_M3_PER_S = 0.05
"""Free air in a rack and its exchange with the room (assumed: small fans; time constant 16 s)."""
VENT_SMOKE_KG, RUNAWAY_SMOKE_KG_PER_AH = 1.5e-5, 1.2e-3
"""Aerosol of a vent (assumed: a thin mist, well below a smoke alarm) and smoke of a runaway (assumed)."""


def burnt_share(agent_pct: float, o2_pct: float) -> float:
    """Share of the runaway gas that burns at this agent and oxygen concentration (volume %)."""
    breath = min(1.0, max(0.0, (o2_pct - FLAME_OUT_O2_PCT) / (FULL_FLAME_O2_PCT - FLAME_OUT_O2_PCT)))
    return BURNT_SHARE * breath * max(0.0, 1.0 - agent_pct / FLAME_OUT_AGENT_PCT)


@njit(cache=True, nogil=True)
def release(
    state: Floats,
    vented: Bools,
    runaway: Bools,
    per_rack: int,
    capacity_ah: float,
    burns: float,
    gas_m3: Floats,
    flame_j: Floats,
    dt_s: float,
) -> float:
    """Let vented and run-away cells give off gas and smoke for ``dt_s``; return the smoke in kg.

    ``gas_m3[rack, species]`` gets what stays unburnt, ``flame_j[cells]`` the heat of what burns. O(cells).
    """
    gas_m3[:] = 0.0
    flame_j[:] = 0.0
    smoke_kg = 0.0
    vent_part = 1.0 - math.exp(-dt_s / cell.VENT_GAS_TAU_S)
    runaway_part = 1.0 - math.exp(-dt_s / cell.RUNAWAY_GAS_TAU_S)
    for i in range(vented.shape[0]):
        if not vented[i]:
            continue
        rack = i // per_rack
        part = state[cell.VENT_GAS, i] * vent_part
        state[cell.VENT_GAS, i] -= part
        smoke_kg += VENT_SMOKE_KG * part
        for s in range(SPECIES):
            gas_m3[rack, s] += VENT_GAS_M3_PER_AH[s] * capacity_ah * part
        if runaway[i]:
            part = state[cell.RUNAWAY_GAS, i] * runaway_part
            state[cell.RUNAWAY_GAS, i] -= part
            volume = RUNAWAY_GAS_M3_PER_AH * capacity_ah * part
            for s in range(SPECIES):
                gas_m3[rack, s] += RUNAWAY_SHARES[s] * volume * (1.0 - burns)
            flame_j[i] = volume * burns * GAS_HEAT_J_PER_M3
            smoke_kg += RUNAWAY_SMOKE_KG_PER_AH * capacity_ah * part
    return smoke_kg


@njit(cache=True, nogil=True)
def ventilate_racks(rack_gas: Floats, gas_m3: Floats, room_gas: Floats, dt_s: float) -> None:
    """Mix ``gas_m3[rack, species]`` into the racks' air and exchange it with the room (fractions, in place).

    ``room_gas[species]`` is the room's; ``gas_m3`` then holds what flowed from each rack into the room, m3.
    """
    part = 1.0 - math.exp(-RACK_FLOW_M3_PER_S / RACK_AIR_M3 * dt_s)
    for rack in range(rack_gas.shape[0]):
        for s in range(SPECIES):
            mixed = min(1.0, rack_gas[rack, s] + gas_m3[rack, s] / RACK_AIR_M3)
            out = (mixed - room_gas[s]) * part
            rack_gas[rack, s] = mixed - out
            gas_m3[rack, s] = out * RACK_AIR_M3
