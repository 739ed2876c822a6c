"""One lithium-ion cell under abuse: reactions, internal short, vent, runaway, whatever its chemistry.

The reactions are those of the ``Chemistry`` whose ``vector()`` the kernels take as ``kin``, given per cubic metre of cell,
so that they scale with its volume. To them comes the stored electrical energy: an internal short drains it slowly, the
collapse of the separator at once.

State is one array ``state[ROWS, cells]`` of float64; the row constants below name its quantities. Temperatures are in
degC there. Each reaction is advanced exactly for a temperature frozen over a sub-step (that of its middle, as foreseen
from the sub-step before), its heat is the change of its progress: energy closes to rounding whatever the step. Sub-steps
depend on the state alone, so runs repeat bit for bit.

numba's cache looks only at the file that a kernel stands in: after a change here, in ``chemistry``, ``voltage`` or
``water``, remove ``__pycache__/*.nb?`` beside this file, for the kernels of ``battery_step``, ``stack``, ``gas`` and ``voltage``.
"""

import math

import numpy as np

from drivers.compiled.door import raising_kernel
from sim_hardware.physics import chemistry as ch
from sim_hardware.physics.arrays import Bools, Floats
from sim_hardware.physics.chemistry import Chemistry

GAS_CONSTANT = 8.314
"""J/(mol K)."""
KELVIN = 273.15

RUNAWAY_RATE_K_PER_S = 1.0
"""Self-heating from which a cell counts as run away (GB 38031: 1 K/s)."""
SHORT_AFTER_VENT = 0.65
"""Share of an internal short's power after the vent: electrolyte that boils off raises its resistance (assumed,
calibrated)."""
VENT_GAS_TAU_S = 170.0
"""Decay of the gas release after the vent opened (assumed: the hot cell goes on boiling)."""
RUNAWAY_GAS_TAU_S = 10.0
"""Decay of the gas release after runaway (assumed; databank event length 0.3 to 13 s for 18650 cells)."""
CHARGE_INTO_SHORT = 0.5
"""Share of a charging current that flows through an internal short instead of the cell: heat, not stored (assumed)."""
VOLTAGE_TAU_S = 1.5
"""The voltage collapses with the separator (0 to 5 s about the runaway)."""
MAX_RISE_PER_SUBSTEP_K = 1.0
"""Change of temperature that a sub-step may foresee; 1 K changes a rate constant by a tenth."""
MIN_SUBSTEP_S = 1e-4

(
    TEMP, SEI, ANODE, Z, CATHODE, ELECTROLYTE, SOC, SHORT_LEFT, LATENT, VENT_GAS, RUNAWAY_GAS, RATE, COLLAPSE,
    CATHODE_2, SEPARATOR, CONTENT, BODY, EFFICIENCY, REACTIVITY,
) = range(19)  # fmt: skip
"""Rows of the state: degC; reaction progresses (SEI, anode, film on it, cathode, electrolyte); state of charge 0..1;
electrical energy that the short may still take, J; latent heat left, J; gas left of the vent and of the runaway
(fractions); present heating by the cell's own heat, K/s; voltage collapse 0..1; progress of the second cathode reaction
and of the separator; share of the heat of anode and cathode that the state of charge allows, 0 until the reactions begin;
share of the heat that stays in the body after runaway; share of the electrical energy that the collapse sets free;
reactive content over that of the chemistry."""
ROWS = 19


def fresh_cells(count: int, temp_degc: float, soc: float, volume_m3: float, kind: Chemistry) -> Floats:
    """State of ``count`` healthy cells of one chemistry at one temperature and state of charge."""
    state = np.zeros((ROWS, count))
    for row, value in (
        (TEMP, temp_degc),
        (SEI, kind.sei.start),
        (ANODE, kind.anode.start),
        (Z, kind.film_start),
        (CATHODE, kind.cathode.start),
        (CATHODE_2, kind.cathode_2.start),
        (SEPARATOR, kind.separator.start),
        (ELECTROLYTE, kind.electrolyte.start),
        (SOC, soc),
        (LATENT, kind.vent_latent_j_per_m3 * volume_m3),
        (VENT_GAS, 1.0),
        (RUNAWAY_GAS, 1.0),
        (BODY, kind.body_share),
        (EFFICIENCY, kind.isc_efficiency),
        (REACTIVITY, 1.0),
    ):
        state[row] = value
    return state


def reaction_heat_j(before: Floats, after: Floats, volume_m3: float, kind: Chemistry) -> float:
    """Heat (J) of the change of all progresses of all cells from state to state, as a check of the ledger.

    What decomposed of the SEI is what is gone and what grew again with the anode's reaction (``sei_regrowth``).
    """
    used = before[ANODE] - after[ANODE]
    charged = kind.anode.heat_j_per_m3 * used
    charged += kind.cathode.heat_j_per_m3 * (after[CATHODE] - before[CATHODE])
    charged += kind.cathode_2.heat_j_per_m3 * (after[CATHODE_2] - before[CATHODE_2])
    other = kind.sei.heat_j_per_m3 * (before[SEI] - after[SEI] + kind.sei_regrowth * used)
    other += kind.electrolyte.heat_j_per_m3 * (before[ELECTROLYTE] - after[ELECTROLYTE])
    other += kind.separator.heat_j_per_m3 * (before[SEPARATOR] - after[SEPARATOR])
    return float(((charged * after[CONTENT] + other) * after[REACTIVITY]).sum() * volume_m3)


@raising_kernel
def rate_constant(kin: Floats, slot: int, temp_degc: float) -> float:
    """Rate constant (1/s) of the reaction in ``slot``; 0 below its threshold."""
    if kin[slot + ch.A] <= 0.0 or temp_degc < kin[slot + ch.ABOVE]:
        return 0.0
    rt = GAS_CONSTANT * (temp_degc + KELVIN)
    k = kin[slot + ch.A] * math.exp(-kin[slot + ch.EA] / rt)
    if kin[slot + ch.DIFFUSION_A] > 0.0:
        k = 1.0 / (1.0 / k + math.exp(kin[slot + ch.DIFFUSION_EA] / rt) / kin[slot + ch.DIFFUSION_A])
    return float(k)


@raising_kernel
def react_anode(state: Floats, i: int, dt_s: float, temp_degc: float, kin: Floats) -> float:
    """Advance the anode's reaction with electrolyte through its film; return what it used."""
    k = rate_constant(kin, ch.ANODE_R, temp_degc)
    if k == 0.0:
        return 0.0
    if temp_degc >= kin[ch.ANODE_HOT_DEGC]:
        k *= kin[ch.ANODE_HOT_A] / kin[ch.ANODE_R + ch.A]
    anode = state[ANODE, i]
    scale = kin[ch.FILM_SCALE]
    if kin[ch.FILM_IS_SEI] > 0.0:
        used = -anode * math.expm1(-k * math.exp(-state[SEI, i] / scale) * dt_s)
    elif state[Z, i] >= kin[ch.FILM_LIMIT]:
        used = -anode * math.expm1(-k * math.exp(-kin[ch.FILM_LIMIT] / scale) * dt_s)
    else:
        used = min(anode, scale * math.log1p(k * anode * dt_s / scale * math.exp(-state[Z, i] / scale)))
    state[ANODE, i] = anode - used
    state[Z, i] += used
    return float(used)


@raising_kernel
def react_sei(state: Floats, i: int, dt_s: float, temp_degc: float, grown: float, kin: Floats) -> float:
    """Decompose SEI while ``grown`` of it comes anew, evenly over the step; return what decomposed."""
    k = rate_constant(kin, ch.SEI_R, temp_degc)
    sei = state[SEI, i]
    if kin[ch.SEI_ORDER] == 1.0:
        decay = -math.expm1(-k * dt_s)
        fed = grown * (1.0 - decay / (k * dt_s)) if k * dt_s > 1e-9 else 0.0  # noqa: PLR2004 - below, nothing decomposes
        lost = sei * decay + fed
    else:
        root = max(0.0, math.sqrt(sei) - 0.5 * k * dt_s)
        lost = sei - root * root
    state[SEI, i] = sei + grown - lost
    return float(lost)


@raising_kernel
def react_cathode(state: Floats, i: int, row: int, slot: int, dt_s: float, temp_degc: float, kin: Floats) -> float:
    """Advance the cathode reaction of ``slot``, whose progress stands in ``row``; return its gain."""
    k = rate_constant(kin, slot, temp_degc)
    if k == 0.0:
        return 0.0
    before = state[row, i]
    decay = math.exp(-k * dt_s)
    if kin[ch.AUTOCATALYTIC] > 0.0:
        state[row, i] = 1.0 / (1.0 + (1.0 - before) / before * decay)
    else:
        state[row, i] = 1.0 - (1.0 - before) * decay
    return float(state[row, i] - before)


@raising_kernel
def react_first_order(state: Floats, i: int, row: int, slot: int, dt_s: float, temp_degc: float, kin: Floats) -> float:
    """Advance a first-order reaction of ``slot``, whose remainder stands in ``row``; return what reacted."""
    k = rate_constant(kin, slot, temp_degc)
    if k == 0.0:
        return 0.0
    lost = -state[row, i] * math.expm1(-k * dt_s)
    state[row, i] -= lost
    return float(lost)


@raising_kernel
def react_at(state: Floats, i: int, dt_s: float, temp_degc: float, volume_m3: float, kin: Floats) -> float:
    """Advance all reactions of cell ``i`` at ``temp_degc``; return their heat in J (less than 0 while more melts)."""
    if state[CONTENT, i] == 0.0:
        state[CONTENT, i] = kin[ch.EMPTY_CONTENT] + (1.0 - kin[ch.EMPTY_CONTENT]) * state[SOC, i]
    used = react_anode(state, i, dt_s, temp_degc, kin)
    lost = react_sei(state, i, dt_s, temp_degc, kin[ch.SEI_REGROWTH] * used, kin)
    charged = used * kin[ch.ANODE_R + ch.HEAT]
    charged += react_cathode(state, i, CATHODE, ch.CATHODE_R, dt_s, temp_degc, kin) * kin[ch.CATHODE_R + ch.HEAT]
    charged += react_cathode(state, i, CATHODE_2, ch.CATHODE_2_R, dt_s, temp_degc, kin) * kin[ch.CATHODE_2_R + ch.HEAT]
    other = lost * kin[ch.SEI_R + ch.HEAT]
    melted = react_first_order(state, i, SEPARATOR, ch.SEPARATOR_R, dt_s, temp_degc, kin)
    burnt = react_first_order(state, i, ELECTROLYTE, ch.ELECTROLYTE_R, dt_s, temp_degc, kin)
    other += melted * kin[ch.SEPARATOR_R + ch.HEAT] + burnt * kin[ch.ELECTROLYTE_R + ch.HEAT]
    return float(volume_m3 * state[REACTIVITY, i] * (charged * state[CONTENT, i] + other))


@raising_kernel
def react(state: Floats, i: int, dt_s: float, volume_m3: float, kin: Floats) -> float:
    """Advance the reactions of cell ``i`` at its present temperature; return their heat in J."""
    return float(react_at(state, i, dt_s, state[TEMP, i], volume_m3, kin))


@raising_kernel
def between(soc: float, empty: float, full: float) -> float:
    """A value that goes linearly with state of charge."""
    return empty + min(max(soc, 0.0), 1.0) * (full - empty)


@raising_kernel
def drain_short(state: Floats, i: int, energy_j: float, full_j: float) -> float:
    """Take up to ``energy_j`` from the electrical energy of cell ``i`` for its short; return what it gave in J."""
    taken = max(0.0, min(energy_j, state[SHORT_LEFT, i], state[SOC, i] * full_j))
    state[SHORT_LEFT, i] -= taken
    state[SOC, i] -= taken / full_j
    return float(taken)


@raising_kernel
def has_collapsed(state: Floats, i: int, kin: Floats) -> bool:
    """Whether the separator of cell ``i`` is gone, or goes now."""
    if state[COLLAPSE, i] > 0.0:
        return True
    if state[TEMP, i] < min(kin[ch.COLLAPSE_DEGC], kin[ch.COLLAPSE_EMPTY_DEGC]):
        return False
    missing = max(0.0, 1.0 - state[CONTENT, i]) ** kin[ch.COLLAPSE_POWER]
    limit = between(1.0 - missing, kin[ch.COLLAPSE_EMPTY_DEGC], kin[ch.COLLAPSE_DEGC])
    return bool(state[TEMP, i] >= limit)


@raising_kernel
def collapse_power(state: Floats, i: int, full_j: float, kin: Floats) -> float:
    """Electrical power (W) that cell ``i`` turns into heat because its separator is gone, else 0."""
    if not has_collapsed(state, i, kin):
        return 0.0
    return float(state[EFFICIENCY, i] * state[SOC, i] * full_j / kin[ch.COLLAPSE_TAU_S])


@raising_kernel
def drain_collapsed(state: Floats, i: int, dt_s: float, full_j: float, kin: Floats) -> float:
    """Heat (J) of the electrical energy that cell ``i`` gives out in ``dt_s`` once its separator is gone."""
    if not has_collapsed(state, i, kin):
        return 0.0
    state[COLLAPSE, i] = 1.0 - (1.0 - state[COLLAPSE, i]) * math.exp(-dt_s / VOLTAGE_TAU_S)
    taken = -state[SOC, i] * math.expm1(-dt_s / kin[ch.COLLAPSE_TAU_S])
    state[SOC, i] -= taken
    return float(state[EFFICIENCY, i] * taken * full_j)


@raising_kernel
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
    kin: Floats,
    ledger: Floats,
) -> float:
    """Advance a cell that may react, vent or run away; return the heat thrown out with its ejecta, J.

    ``inflow_w`` is all heat that reaches the body from outside (conduction, short, heater). ``ledger`` gathers J:
    [0] reactions, [1] electrical energy of collapsed separators, [2] latent heat of the vent.
    """
    ejected_j = 0.0
    left = dt_s
    while left > 0.0:
        # What is thrown out leaves with the collapse: before, a cell that runs away still heats itself with all it has.
        share = state[BODY, i] if runaway[i] and state[COLLAPSE, i] > 0.0 else 1.0
        slope = state[RATE, i] + (share * collapse_power(state, i, full_j, kin) + inflow_w) / capacity_j_per_k
        h = min(left, max(MIN_SUBSTEP_S, MAX_RISE_PER_SUBSTEP_K / max(abs(slope), 1e-9)))
        chemical = react_at(state, i, h, state[TEMP, i] + 0.5 * h * slope, volume_m3, kin)
        electric = drain_collapsed(state, i, h, full_j, kin)
        ledger[0] += chemical
        ledger[1] += electric
        state[RATE, i] = share * chemical / (capacity_j_per_k * h)
        body_j = share * (chemical + electric)
        ejected_j += chemical + electric - body_j
        if vented[i] and state[LATENT, i] > 0.0:
            boiled = -state[LATENT, i] * math.expm1(-h / kin[ch.VENT_TAU_S])
            state[LATENT, i] -= boiled
            ledger[2] += boiled
            body_j -= boiled
        state[TEMP, i] += (body_j + inflow_w * h) / capacity_j_per_k
        if not vented[i]:
            vented[i] = state[TEMP, i] >= between(state[CONTENT, i], kin[ch.VENT_EMPTY_DEGC], kin[ch.VENT_DEGC])
        if not runaway[i] and chemical + electric > RUNAWAY_RATE_K_PER_S * capacity_j_per_k * h:
            runaway[i] = state[TEMP, i] >= kin[ch.RUNAWAY_DEGC]
        left -= h
        if left < 1e-9:  # noqa: PLR2004 - rounding of the sum of sub-steps
            break
    return ejected_j
