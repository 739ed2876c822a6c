"""One lithium-ion cell under abuse: four reactions, the internal short, the vent, the runaway.

The reactions are the set of Hatchard 2001 and Kim 2007 for LCO/graphite (SEI decomposition, anode with electrolyte,
cathode with electrolyte, electrolyte decomposition), given per cubic metre of cell, so that they scale with its volume.
To them comes the stored electrical energy: an internal short drains it slowly, the collapse of the separator at once.

State is one array ``state[ROWS, cells]`` of float64; the row constants below name its quantities. Temperatures are in
degC there. Each reaction is advanced exactly for a temperature frozen over a sub-step, its heat is the change of its
progress: energy closes to rounding whatever the step. Sub-steps depend on the state alone, so runs repeat bit for bit.

numba's cache looks only at the date of the file that a kernel stands in: after a change here, in ``voltage`` or ``water``,
touch ``stack``, ``gas`` and ``voltage`` too.
"""

import math

import numpy as np
from numba import njit

from sim_hardware.physics.arrays import Bools, Floats

GAS_CONSTANT = 8.314
"""J/(mol K)."""
KELVIN = 273.15

# Hatchard/Kim set: A 1/s, Ea J/mol, H*W J/m3 of cell (reactant content W kg/m3), starting values.
A_SEI, EA_SEI, HW_SEI, SEI_START = 1.667e15, 1.3508e5, 2.57e5 * 610.4, 0.15
A_ANODE, EA_ANODE, HW_ANODE, ANODE_START, Z_START, Z_SCALE = 2.5e13, 1.3508e5, 1.714e6 * 610.4, 0.75, 0.033, 0.033
A_CATHODE, EA_CATHODE, HW_CATHODE, CATHODE_START = 6.667e13, 1.396e5, 3.14e5 * 1221.0, 0.04
A_ELECTROLYTE, EA_ELECTROLYTE, HW_ELECTROLYTE, ELECTROLYTE_START = 5.14e25, 2.74e5, 1.55e5 * 406.9, 1.0

REACTIONS_ABOVE_DEGC = 70.0
"""Below this the four reactions are left out: together under 0.02 W in a 65 Ah cell."""
VENT_DEGC = 120.0
"""The safety vent opens (assumed; LFP prismatic cells vent at 125 to 145 degC, soft cells from 110)."""
SEPARATOR_DEGC = 165.0
"""The separator (PP) collapses and the cell shorts through its whole area (literature value, from memory)."""
COLLAPSE_TAU_S = 8.0
"""Time in which the collapsed cell gives out its electrical energy (Feng 2015: 5 to 10 s)."""
RUNAWAY_RATE_K_PER_S = 1.0
"""Self-heating from which a cell counts as run away (GB 38031: 1 K/s)."""
RUNAWAY_FLOOR_DEGC = 150.0
"""No runaway is counted below (assumed; set 1a alone self-heats with 1 K/s at 198 degC)."""
BODY_SHARE = 0.45
"""Share of the heat of a run-away cell that stays in its body (NREL databank, 18650 and 21700: 10 to 49 %, typically
25 %; large prismatic cells throw out less: assumed)."""
SHORT_AFTER_VENT = 0.65
"""Share of an internal short's power after the vent: electrolyte that boils off raises its resistance (assumed,
calibrated)."""
VENT_LATENT_J_PER_M3 = 1.3e7
"""Heat taken by electrolyte that flashes at the vent: 8 % of 406.9 kg/m3 at 0.4 MJ/kg (assumed): a dip of some kelvin."""
VENT_TAU_S = 5.0
VENT_GAS_TAU_S = 170.0
"""Decay of the gas release after the vent opened (assumed: the hot cell goes on boiling)."""
RUNAWAY_GAS_TAU_S = 10.0
"""Decay of the gas release after runaway (assumed; databank event length 0.3 to 13 s for 18650 cells)."""
CHARGE_INTO_SHORT = 0.5
"""Share of a charging current that flows through an internal short instead of the cell (assumed)."""
VOLTAGE_TAU_S = 1.5
"""The voltage collapses with the separator (0 to 5 s about the runaway)."""
MAX_RISE_PER_SUBSTEP_K = 1.0
MAX_SUBSTEP_S = 0.1
MAX_SUBSTEPS = 64

TEMP, SEI, ANODE, Z, CATHODE, ELECTROLYTE, SOC, SHORT_LEFT, LATENT, VENT_GAS, RUNAWAY_GAS, RATE, COLLAPSE = range(13)
"""Rows of the state: degC; five reaction progresses; state of charge 0..1; electrical energy that the short may still
take, J; latent heat left, J; gas left of the vent and of the runaway (fractions); last self-heating, K/s; voltage
collapse 0..1."""
ROWS = 13


def fresh_cells(count: int, temp_degc: float, soc: float, volume_m3: float) -> Floats:
    """State of ``count`` healthy cells at one temperature and state of charge."""
    state = np.zeros((ROWS, count))
    for row, value in (
        (TEMP, temp_degc),
        (SEI, SEI_START),
        (ANODE, ANODE_START),
        (Z, Z_START),
        (CATHODE, CATHODE_START),
        (ELECTROLYTE, ELECTROLYTE_START),
        (SOC, soc),
        (LATENT, VENT_LATENT_J_PER_M3 * volume_m3),
        (VENT_GAS, 1.0),
        (RUNAWAY_GAS, 1.0),
    ):
        state[row] = value
    return state


@njit(cache=True, nogil=True)
def react(state: Floats, i: int, dt_s: float, volume_m3: float) -> float:
    """Advance the four reactions of cell ``i`` at its present temperature; return their heat in J."""
    rt = GAS_CONSTANT * (state[TEMP, i] + KELVIN)
    sei = state[SEI, i]
    sei_new = sei * math.exp(-A_SEI * math.exp(-EA_SEI / rt) * dt_s)
    anode = state[ANODE, i]
    z = state[Z, i]
    reach = A_ANODE * math.exp(-EA_ANODE / rt) * anode * dt_s / Z_SCALE * math.exp(-z / Z_SCALE)
    used = min(anode, Z_SCALE * math.log1p(reach))
    cathode = state[CATHODE, i]
    decay = math.exp(-A_CATHODE * math.exp(-EA_CATHODE / rt) * dt_s)
    cathode_new = 1.0 / (1.0 + (1.0 - cathode) / cathode * decay)
    electrolyte = state[ELECTROLYTE, i]
    electrolyte_new = electrolyte * math.exp(-A_ELECTROLYTE * math.exp(-EA_ELECTROLYTE / rt) * dt_s)
    state[SEI, i] = sei_new
    state[ANODE, i] = anode - used
    state[Z, i] = z + used
    state[CATHODE, i] = cathode_new
    state[ELECTROLYTE, i] = electrolyte_new
    heat_j_per_m3 = HW_SEI * (sei - sei_new) + HW_ANODE * used + HW_CATHODE * (cathode_new - cathode)
    return float(volume_m3 * (heat_j_per_m3 + HW_ELECTROLYTE * (electrolyte - electrolyte_new)))


@njit(cache=True, nogil=True)
def drain_short(state: Floats, i: int, energy_j: float, full_j: float) -> float:
    """Take up to ``energy_j`` from the electrical energy of cell ``i`` for its short; return what it gave in J."""
    taken = max(0.0, min(energy_j, state[SHORT_LEFT, i], state[SOC, i] * full_j))
    state[SHORT_LEFT, i] -= taken
    state[SOC, i] -= taken / full_j
    return float(taken)


@njit(cache=True, nogil=True)
def drain_collapsed(state: Floats, i: int, dt_s: float, full_j: float) -> float:
    """Electrical energy (J) that cell ``i`` gives out in ``dt_s`` when its separator is gone, else 0."""
    if state[COLLAPSE, i] == 0.0 and state[TEMP, i] < SEPARATOR_DEGC:
        return 0.0
    state[COLLAPSE, i] = 1.0 - (1.0 - state[COLLAPSE, i]) * math.exp(-dt_s / VOLTAGE_TAU_S)
    taken = state[SOC, i] * (1.0 - math.exp(-dt_s / COLLAPSE_TAU_S))
    state[SOC, i] -= taken
    return float(taken * full_j)


@njit(cache=True, nogil=True)
def advance_hot_cell(
    state: Floats,
    i: int,
    vented: Bools,
    runaway: Bools,
    inflow_w: float,
    dt_s: float,
    volume_m3: float,
    capacity_j_per_k: float,
    full_j: float,
    ledger: Floats,
) -> float:
    """Advance a cell that may react, vent or run away; return the heat thrown out with its ejecta, J.

    ``inflow_w`` is all heat that reaches the body from outside (conduction, short, heater). ``ledger`` gathers J:
    [0] reactions, [1] electrical energy of collapsed separators, [2] latent heat of the vent.
    """
    steps = int(
        min(MAX_SUBSTEPS, 1 + max(dt_s / MAX_SUBSTEP_S * 0.999, dt_s * state[RATE, i] / MAX_RISE_PER_SUBSTEP_K))
    )
    h = dt_s / steps
    ejected_j = 0.0
    made_j = 0.0
    for _ in range(steps):
        chemical = react(state, i, h, volume_m3)
        electric = drain_collapsed(state, i, h, full_j)
        heat = chemical + electric
        ledger[0] += chemical
        ledger[1] += electric
        made_j += heat
        if runaway[i]:
            ejected_j += heat * (1.0 - BODY_SHARE)
            heat *= BODY_SHARE
        if vented[i] and state[LATENT, i] > 0.0:
            boiled = state[LATENT, i] * (1.0 - math.exp(-h / VENT_TAU_S))
            state[LATENT, i] -= boiled
            ledger[2] += boiled
            heat -= boiled
        state[TEMP, i] += (heat + inflow_w * h) / capacity_j_per_k
        if state[TEMP, i] >= VENT_DEGC:
            vented[i] = True
        if made_j > RUNAWAY_RATE_K_PER_S * capacity_j_per_k * dt_s and state[TEMP, i] >= RUNAWAY_FLOOR_DEGC:
            runaway[i] = True
    state[RATE, i] = made_j / capacity_j_per_k / dt_s
    return ejected_j
