"""Vent gas and runaway gas of the cells by chemistry and state of charge, its smoke, its burning.

Amounts scale with the cell's capacity. Species are held as volume fractions; ``ppm`` is a fraction times 1e6.
"""

import math

import numpy as np

from drivers.compiled.door import raising_kernel
from sim_hardware.physics import cell
from sim_hardware.physics.arrays import Bools, Floats
from sim_hardware.physics.chemistry import Chemistry

H2, CO, VOC, CO2, THC = range(5)
"""Hydrogen, carbon monoxide, vapour of the electrolyte (what a VOC head sees first), carbon dioxide, hydrocarbons."""
SPECIES = 5
PPM = 1e6
MOLAR_M3 = 22.414e-3
"""Volume of a mole at 0 degC and 1013 hPa, as which the yields of cells are meant (assumed: sources say litres alone)."""
HEAT_J_PER_M3 = np.array([241.8e3, 283.0e3, 1335e3, 0.0, 1323e3]) / MOLAR_M3
"""Lower heat of combustion, from the heats of formation of the NIST WebBook (dimethyl carbonate for VOC; ethene for THC)."""
CO2_FROM_BURNING = np.array([0.0, 1.0, 3.0, 0.0, 2.0])
"""Volumes of CO2 from one burnt volume (VOC as dimethyl carbonate, THC as ethene)."""
VENT, RUNAWAY_FULL, RUNAWAY_EMPTY = range(3)
"""Rows of a chemistry's yields, m3 per Ah and species: a vent; a runaway of a full, and of an empty, cell."""
EMPTY_SHARES = np.array([0.08, 0.12, 0.05, 0.65, 0.10])
EMPTY_AMOUNT = 0.4
"""Shares, and amount over that of a full cell, of the gas of a cell that runs away empty; between, linear with state of
charge. With falling charge there is less gas, less H2 and CO, more CO2 (direction from the literature, numbers assumed). The gas of a
vent falls with the charge by the same amount, but not the electrolyte's vapour (assumed)."""
BURNT_SHARE = 0.6
"""Share of the runaway gas that burns at the vent in air (assumed)."""
FLAME_OUT_O2_PCT, FULL_FLAME_O2_PCT = 13.0, 17.0
"""Oxygen below which nothing burns and above which the flame is full (assumed)."""
VENT_SMOKE_KG, RUNAWAY_SMOKE_KG_PER_M3 = 1.5e-5, 0.6
"""Aerosol of a vent (assumed: a thin mist, well below a smoke alarm) and smoke per gas of a runaway (assumed)."""


def yields_of(kind: Chemistry) -> Floats:
    """Gas of a cell in m3 per Ah, ``[3, SPECIES]`` by the rows above."""
    full = kind.runaway_gas_m3_per_ah * np.array(kind.runaway_gas_shares)
    empty = kind.runaway_gas_m3_per_ah * EMPTY_AMOUNT * EMPTY_SHARES
    return np.array([kind.vent_gas_m3_per_ah, full, empty])


@raising_kernel
def burnt_share(agent_strength: float, o2_pct: float) -> float:
    """Share of the runaway gas that burns.

    ``agent_strength`` is the agent over what puts out a flame (1 and more: nothing burns), ``o2_pct`` in volume %.
    """
    breath = min(1.0, max(0.0, (o2_pct - FLAME_OUT_O2_PCT) / (FULL_FLAME_O2_PCT - FLAME_OUT_O2_PCT)))
    return BURNT_SHARE * breath * max(0.0, 1.0 - agent_strength)


@raising_kernel
def release(
    state: Floats,
    vented: Bools,
    runaway: Bools,
    capacity_ah: float,
    yields: Floats,
    burns: float,
    gas_m3: Floats,
    plume_j: Floats,
    ejecta_j: Floats,
    dt_s: float,
) -> tuple[float, float]:
    """Let vented and run-away cells give off gas and smoke for ``dt_s``; return smoke (kg) and heat of flames (J).

    ``gas_m3[rack, species]`` gets what stays unburnt and the CO2 of what burns, ``plume_j[cells]`` the heat of flames
    and of the ejecta of ``ejecta_j``. O(cells).
    """
    per_rack = vented.shape[0] // gas_m3.shape[0]
    smoke_kg = burnt_j = 0.0
    vent_part = -math.expm1(-dt_s / cell.VENT_GAS_TAU_S)
    runaway_part = -math.expm1(-dt_s / cell.RUNAWAY_GAS_TAU_S)
    for i in range(vented.shape[0]):
        plume_j[i] = 0.0
        if not vented[i]:
            continue
        rack = i // per_rack
        soc = min(1.0, state[cell.CONTENT, i])
        part = state[cell.VENT_GAS, i] * vent_part
        state[cell.VENT_GAS, i] -= part
        smoke_kg += VENT_SMOKE_KG * part
        for s in range(SPECIES):
            of_full = 1.0 if s == VOC else EMPTY_AMOUNT + (1.0 - EMPTY_AMOUNT) * soc
            gas_m3[rack, s] += yields[VENT, s] * of_full * capacity_ah * part
        flame_j = 0.0
        if runaway[i]:
            part = state[cell.RUNAWAY_GAS, i] * runaway_part
            state[cell.RUNAWAY_GAS, i] -= part
            for s in range(SPECIES):
                per_ah = yields[RUNAWAY_EMPTY, s] + soc * (yields[RUNAWAY_FULL, s] - yields[RUNAWAY_EMPTY, s])
                volume = per_ah * capacity_ah * part
                gas_m3[rack, s] += volume if s == CO2 else volume * (1.0 - burns)
                gas_m3[rack, CO2] += volume * burns * CO2_FROM_BURNING[s]
                flame_j += volume * burns * HEAT_J_PER_M3[s]
                smoke_kg += RUNAWAY_SMOKE_KG_PER_M3 * volume
        plume_j[i] = ejecta_j[i] + flame_j
        burnt_j += flame_j
    return smoke_kg, burnt_j
