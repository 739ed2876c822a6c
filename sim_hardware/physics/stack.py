"""Heat in the stack: cell to cell, module to module, rack to rack, to the casing, to the coolant.

Cells lie flat as ``[rack, module, cell]``: neighbours in a module touch face to face, modules stand above each other,
and each cell's narrow side faces the cell of the same place in the next rack (modules are filled front to back). The
lumped cell has no inner resistance: runaway starts at the heated face, so the contact resistance alone decides
(assumed; 4e-3 m2K/W after the stack of Torres-Castro 2020).
"""

import numpy as np
from numba import njit

from sim_hardware.physics import cell, chemistry, water
from sim_hardware.physics.arrays import Bools, Floats
from sim_hardware.physics.voltage import open_circuit_v

STEFAN = 5.67e-8
TOUCH_W_PER_K = 3.2
"""Face to face: 0.0128 m2 over 4e-3 m2K/W."""
MODULE_W_PER_K = 0.5
"""A cell to the cell above through two housings and the gap (assumed, calibrated: 5 to 10 min per module)."""
AIR_W_PER_K = 0.25
"""A cell to the air of its rack (assumed: 0.03 m2 at 8 W/m2K)."""
SIDE_AREA_M2 = 0.004
"""Side of a module and its housing that faces the next rack, per cell: 0.07 m2 a module (assumed)."""
SIDE_EMISSIVITY = 0.30
"""Effective, through two casings (assumed: three gaps in series of 0.8 each)."""
CASING_J_PER_K = 6.0e4
"""A rack's casing and air (assumed: 120 kg of steel)."""
CASING_W_PER_K = 45.0
"""A rack's casing and air to the room, with its fans (assumed)."""
CURTAIN_STOPS, BARRIER_STOPS = 0.8, 0.9
"""Share of the heat from rack to rack that the curtain, and the water barrier, stop (assumed)."""
WET_STOPS = 0.8
"""Share of the heat of ejecta and flames that falling water takes before it reaches cells (assumed)."""
TO_OWN_MODULE, TO_ABOVE, TO_BELOW, TO_SIDES, TO_CASING = 0.10, 0.03, 0.015, 0.002, 0.05
"""Shares of the heat of ejecta and flames that hit the module itself, those above and below, those in each
neighbouring rack, and the casing (assumed, calibrated); the rest rises into the room."""
OWN_REACH, REACH = 4, 2
"""Cells to either side of a source, in its own module and in those above and below, that its ejecta hit (assumed)."""

CHEMICAL, COLLAPSED, BOILED, OHMIC, SHORTED, HEATED, TO_AIR, EJECTED, FALLBACK, COOLED = range(10)
"""Ledger entries, J. Heat in: CHEMICAL, COLLAPSED, OHMIC, SHORTED, HEATED, FALLBACK; out: the others."""
LEDGER = 10


@njit(cache=True, nogil=True)
def conduct(
    state: Floats,
    flow_w: Floats,
    racks: int,
    modules: int,
    cells: int,
    air_degc: Floats,
    offset_k: Floats,
    ledger: Floats,
    dt_s: float,
) -> None:
    """Fill ``flow_w[cells]`` with the heat that reaches each cell by touch, between modules and from the rack's air."""
    temp = state[cell.TEMP]
    row = modules * cells
    for rack in range(racks):
        to_air = 0.0
        for module in range(modules):
            base = rack * row + module * cells
            for k in range(cells):
                i = base + k
                here = temp[i]
                q = AIR_W_PER_K * (air_degc[rack] + offset_k[i] - here)
                to_air -= q
                if k > 0:
                    q += TOUCH_W_PER_K * (temp[i - 1] - here)
                if k < cells - 1:
                    q += TOUCH_W_PER_K * (temp[i + 1] - here)
                if module > 0:
                    q += MODULE_W_PER_K * (temp[i - cells] - here)
                if module < modules - 1:
                    q += MODULE_W_PER_K * (temp[i + cells] - here)
                flow_w[i] = q
        ledger[TO_AIR] += to_air * dt_s
        air_degc[rack] += to_air * dt_s / CASING_J_PER_K


@njit(cache=True, nogil=True)
def radiate(state: Floats, flow_w: Floats, per_rack: int, screen: float) -> None:
    """Add radiation between opposite cells of neighbouring racks; ``screen`` is what curtain and barrier leave."""
    factor = STEFAN * SIDE_EMISSIVITY * SIDE_AREA_M2 * screen
    temp = state[cell.TEMP]
    for i in range(flow_w.shape[0] - per_rack):
        one = (temp[i] + cell.KELVIN) * (temp[i] + cell.KELVIN)
        other = (temp[i + per_rack] + cell.KELVIN) * (temp[i + per_rack] + cell.KELVIN)
        q = factor * (one * one - other * other)
        flow_w[i] -= q
        flow_w[i + per_rack] += q


@njit(cache=True, nogil=True)
def cool(state: Floats, flow_w: Floats, rack: int, per_rack: int, flow_lpm: float, ledger: Floats, dt_s: float) -> None:
    """Take heat from the cells of ``rack`` by its coolant, no more than the water can carry."""
    conductance = water.FULL_WETTING_W_PER_K * water.wetted_share(flow_lpm)
    first = rack * per_rack
    wanted = 0.0
    for i in range(first, first + per_rack):
        wanted += conductance * max(0.0, state[cell.TEMP, i] - water.WATER_DEGC)
    if wanted <= 0.0:
        return
    share = min(1.0, water.water_limit_w(flow_lpm) / wanted)
    for i in range(first, first + per_rack):
        flow_w[i] -= share * conductance * max(0.0, state[cell.TEMP, i] - water.WATER_DEGC)
    ledger[COOLED] += share * wanted * dt_s


@njit(cache=True, nogil=True)
def throw(flow_w: Floats, first: int, last: int, power: float) -> None:
    """Share ``power`` (W) evenly among the cells from ``first`` to before ``last``."""
    each = power / (last - first)
    for i in range(first, last):
        flow_w[i] += each


@njit(cache=True, nogil=True)
def spread(
    plume_w: Floats, flow_w: Floats, racks: int, modules: int, cells: int, wet: Floats, screen: float, casing_w: Floats
) -> float:
    """Throw the heat of ejecta and flames ``plume_w[cells]`` at cells and casings; return W that fall on cells.

    The modules opposite in neighbouring racks are hit evenly, the own module and those above and below near the source.
    """
    total = 0.0
    casing_w[:] = 0.0
    for i in range(plume_w.shape[0]):
        power = plume_w[i]
        if power <= 0.0:
            continue
        module = i // cells
        rack = module // modules
        base = module * cells
        left, right = max(base, i - REACH), min(base + cells, i + REACH + 1)
        casing_w[rack] += TO_CASING * power
        dry = power * (1.0 - WET_STOPS * wet[rack])
        throw(flow_w, max(base, i - OWN_REACH), min(base + cells, i + OWN_REACH + 1), TO_OWN_MODULE * dry)
        total += TO_OWN_MODULE * dry
        if module % modules < modules - 1:
            throw(flow_w, left + cells, right + cells, TO_ABOVE * dry)
            total += TO_ABOVE * dry
        if module % modules > 0:
            throw(flow_w, left - cells, right - cells, TO_BELOW * dry)
            total += TO_BELOW * dry
        for other in (rack - 1, rack + 1):
            if 0 <= other < racks:
                side = TO_SIDES * screen * power * (1.0 - WET_STOPS * wet[other])
                opposite = base + (other - rack) * modules * cells
                throw(flow_w, opposite, opposite + cells, side)
                total += side
    return total


@njit(cache=True, nogil=True)
def short_heat(
    state: Floats,
    i: int,
    amps: float,
    short_w: Floats,
    is_vented: bool,
    full_j: float,
    kin: Floats,
    ledger: Floats,
    dt_s: float,
) -> float:
    """Feed the internal short of cell ``i``; return its heat in W.

    ``short_w`` holds the wanted power of the short and gets what the cell gave for it; a charging current adds to that.
    """
    if is_vented:
        short_w[i] *= cell.SHORT_AFTER_VENT
    short_w[i] = cell.drain_short(state, i, short_w[i] * dt_s, full_j) / dt_s
    if short_w[i] <= 0.0:
        return 0.0
    shorted = short_w[i] + cell.CHARGE_INTO_SHORT * max(0.0, amps) * open_circuit_v(state[cell.SOC, i], kin)
    ledger[SHORTED] += shorted * dt_s
    return float(shorted)


@njit(cache=True, nogil=True)
def advance_stack(
    state: Floats, vented: Bools, runaway: Bools, times_s: Floats, flow_w: Floats, air_degc: Floats, offset_k: Floats,
    resistance_ohm: Floats, full_j: Floats, current_a: Floats, coolant_lpm: Floats, short_w: Floats, heater_w: Floats,
    plume_w: Floats, ejecta_j: Floats, wet: Floats, casing_w: Floats, kin: Floats, ledger: Floats,
    shape: tuple[int, int, int],
    volume_m3: float, capacity_j_per_k: float, screen: float, room_degc: float, now_s: float, dt_s: float,
) -> float:  # fmt: skip
    """Advance all cells and casings by ``dt_s``; return the heat in J that the casings gave to the room.

    ``plume_w`` is the ejecta and flame power of the step before, of which ``stack.spread`` throws shares back
    at cells; ``ejecta_j`` is what this step threw out. ``times_s[0]`` and ``[1]`` get vent and runaway times.
    """
    racks, modules, cells = shape
    conduct(state, flow_w, racks, modules, cells, air_degc, offset_k, ledger, dt_s)
    per_rack = modules * cells
    radiate(state, flow_w, per_rack, screen)
    for rack in range(racks):
        wet[rack] = water.wetted_share(coolant_lpm[rack])
        if coolant_lpm[rack] > 0.0:
            cool(state, flow_w, rack, per_rack, coolant_lpm[rack], ledger, dt_s)
    ledger[FALLBACK] += spread(plume_w, flow_w, racks, modules, cells, wet, screen, casing_w) * dt_s
    ejecta_j[:] = 0.0
    to_room_j = 0.0
    for rack in range(racks):
        amps = current_a[rack]
        charged_j = amps * kin[chemistry.NOMINAL_V] * dt_s
        ohmic_w = heated_w = 0.0
        for i in range(rack * per_rack, (rack + 1) * per_rack):
            state[cell.SOC, i] = min(1.0, max(0.0, state[cell.SOC, i] + charged_j / full_j[i]))
            ohmic_w += amps * amps * resistance_ohm[i]
            heated_w += heater_w[i]
            inflow = flow_w[i] + amps * amps * resistance_ohm[i] + heater_w[i]
            if short_w[i] > 0.0:
                inflow += short_heat(state, i, amps, short_w, vented[i], full_j[i], kin, ledger, dt_s)
            if state[cell.TEMP, i] < kin[chemistry.REACTIVE_DEGC] and not vented[i]:
                state[cell.TEMP, i] += inflow * dt_s / capacity_j_per_k
                continue
            ejected = cell.advance_hot_cell(
                state, i, vented, runaway, inflow, dt_s, volume_m3, capacity_j_per_k, full_j[i], kin, ledger
            )
            ejecta_j[i] = ejected
            ledger[EJECTED] += ejected
            if vented[i] and np.isnan(times_s[0, i]):
                times_s[0, i] = now_s + dt_s
            if runaway[i] and np.isnan(times_s[1, i]):
                times_s[1, i] = now_s + dt_s
        ledger[OHMIC] += ohmic_w * dt_s
        ledger[HEATED] += heated_w * dt_s
        out = CASING_W_PER_K * (air_degc[rack] - room_degc) * dt_s
        air_degc[rack] += (casing_w[rack] * dt_s - out) / CASING_J_PER_K
        to_room_j += out
    return to_room_j
