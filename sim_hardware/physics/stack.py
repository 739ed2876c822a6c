"""Heat in the stack: cell to cell, to the housing of the module, module to module, rack to rack, to air and coolant.

Cells lie flat as ``[rack, module, cell]``: neighbours in a module touch face to face (or over an air gap or a sheet, by
``BatteryRoomGeometry.contact_m2k_per_w``), each gives heat to the housing of its module, housings stand above each other
with a gap (or a fire barrier) between them and face the housing of the same place in the next rack. Hot gas and flames of
a cell hit its own module from inside and the housings around from outside. Propagation comes out of this; nothing of it
is scripted.

The lumped cell has no inner resistance; ``slab`` resolves it, and ``tests/validation/propagation.py`` compares the two.

Racks are advanced one by one. A rack in which nothing is hot, shorted or heated sleeps: it gathers the time
that it owes and takes it in one step of ``QUIET_STEP_S`` (its slowest conductance over heat capacity has a time constant
of minutes), or as soon as something wakes it or its current changes. What neighbours radiate at it meanwhile waits in
``inbox_j``, so the energy balance closes to rounding at every moment.
"""

import math

from drivers.compiled.door import raising_kernel
from sim_hardware.physics import cell, water
from sim_hardware.physics import chemistry as ch
from sim_hardware.physics.arrays import Bools, Floats
from sim_hardware.physics.stack_layout import (
    CASING_J_PER_K,
    CELL_J_PER_K,
    CELL_TOP_M2,
    COOLED,
    EJECTED,
    FALLBACK,
    GAP_BARRIER_M2K_PER_W,
    GAP_M2,
    HEATED,
    HOUSING_J_PER_K,
    OHMIC,
    QUENCHED,
    RISEN,
    SHORTED,
    SIDE_M2,
    SURFACE_M2,
    TO_ROOM,
    TOUCH_W_PER_K,
    VOLUME_M3,
    Stack,
)  # fmt: skip
from sim_hardware.physics.voltage import terminal_voltages

STEFAN = 5.67e-8
QUIET_STEP_S = 5.0
"""Step of a sleeping rack: at 30 A its cells warm by 0.003 K and gain 0.06 % of charge in it."""
CALM_DEGC = 45.0
"""A rack sleeps only while all in it is colder: 25 K below the first reaction."""
CELL_TO_HOUSING_W_PER_K = 0.8
"""A cell to the housing of its module: 0.0049 m2 of bottom over a gap pad, 0.01 m2K/W, and the air around (assumed)."""
GAP_W_PER_M2_K, GAP_EMISSIVITY = 10.0, 0.8
"""Convection across the gap between a module and the one above (assumed), and the effective emissivity of two painted plates of 0.9
(assumed) that face each other, ``1 / (2 / 0.9 - 1)``."""
HOUSING_AIR_W_PER_M2_K = 8.0
"""Housing to the air of its rack, natural convection and the rack's small fans (assumed)."""
SIDE_EMISSIVITY = 0.30
"""Effective from a module's side to that of the next rack, through two casings (assumed; three such gaps behind each other have 0.27)."""
SIDE_W_PER_M2_K = 1.0
"""Convection and conduction on that way (assumed)."""
CASING_W_PER_K = 45.0
"""A rack's casing and air to the room, with its fans (assumed)."""
CURTAIN_STOPS, BARRIER_STOPS = 0.8, 0.9
"""Share of the heat from rack to rack that the curtain, and the water barrier, stop (assumed)."""
TO_OWN_CELLS, TO_OWN_HOUSING, TO_BELOW, TO_SIDES, TO_CASING = 0.14, 0.08, 0.05, 0.003, 0.05
EJECTA_ABOVE, FLAMES_ABOVE = 0.32, 0.13
"""Shares of the heat of ejecta and flames that hit cells of the own module, its housing, the housing below, those of each
neighbouring rack, and the casing; and of ejecta (hot gas and particles) and of flames that hit the housing above (assumed,
calibrated on FSRI test 2: its modules burnt under an agent). The rest rises into the room."""
OWN_REACH = 3
"""Cells to either side of a source, in its own module, that its ejecta hit (assumed)."""

OVERCHARGE_TAKEN = 0.4
"""Charge beyond full, as a share of the capacity, at which a cell takes no more of it (assumed; cells overcharged with
1C run away at 140 to 180 % of their charge)."""


@raising_kernel
def exchange_w_per_m2(one_degc: float, other_degc: float, emissivity: float, film: float, barrier: float) -> float:
    """Heat from one plate to the other (W/m2): radiation and convection, in series with a barrier's m2K/W."""
    one, other = one_degc + cell.KELVIN, other_degc + cell.KELVIN
    per_k = film + STEFAN * emissivity * (one + other) * (one * one + other * other)
    return (one - other) * per_k / (1.0 + per_k * barrier)


@raising_kernel
def face_racks(stack: Stack, screen: float, dt_s: float) -> None:
    """Exchange heat between housings of neighbouring racks, where one of the two is awake, into ``inbox_j``."""
    racks, modules = stack.housing_degc.shape
    for rack in range(racks - 1):
        if not (stack.awake[rack] or stack.awake[rack + 1]):
            continue
        for m in range(modules):
            q = exchange_w_per_m2(
                stack.housing_degc[rack, m], stack.housing_degc[rack + 1, m], SIDE_EMISSIVITY, SIDE_W_PER_M2_K, 0.0
            )
            moved = q * stack.sizes[SIDE_M2] * screen * dt_s
            stack.inbox_j[rack, m] -= moved
            stack.inbox_j[rack + 1, m] += moved


@raising_kernel
def spread(stack: Stack, per_module: int, screen: float, dt_s: float) -> float:
    """Throw the heat of ejecta and flames at cells, housings and casings; return W that rise into the room."""
    racks, modules = stack.housing_degc.shape
    stack.hit_w[:] = 0.0
    stack.housing_hit_w[:] = 0.0
    stack.casing_hit_w[:] = 0.0
    if not stack.plume_j.any():
        return 0.0
    thrown = risen = fallen = 0.0
    for i in range(stack.plume_j.shape[0]):
        power = stack.plume_j[i] / dt_s
        if power <= 0.0:
            continue
        to_above = FLAMES_ABOVE + (EJECTA_ABOVE - FLAMES_ABOVE) * stack.ejecta_j[i] / stack.plume_j[i]
        module = i // per_module
        rack, m = module // modules, module % modules
        left = max(module * per_module, i - OWN_REACH)
        right = min((module + 1) * per_module, i + OWN_REACH + 1)
        inside = TO_OWN_CELLS * power * (1.0 - water.ENTERS * stack.wet[rack])
        for k in range(left, right):
            stack.hit_w[k] += inside / (right - left)
        dry = power * (1.0 - water.WET_STOPS * stack.wet[rack])
        stack.housing_hit_w[rack, m] += TO_OWN_HOUSING * power
        stack.casing_hit_w[rack] += TO_CASING * power
        hit = inside + TO_OWN_HOUSING * power + TO_CASING * power
        shares = TO_OWN_CELLS + TO_OWN_HOUSING + TO_CASING
        stack.awake[rack] = True
        if m < modules - 1:
            stack.housing_hit_w[rack, m + 1] += to_above * dry
            hit += to_above * dry
            shares += to_above
        if m > 0:
            stack.housing_hit_w[rack, m - 1] += TO_BELOW * dry
            hit += TO_BELOW * dry
            shares += TO_BELOW
        for other in (rack - 1, rack + 1):
            if 0 <= other < racks:
                side = TO_SIDES * screen * power * (1.0 - water.WET_STOPS * stack.wet[other])
                stack.inbox_j[other, m] += side * dt_s
                hit += side
                shares += TO_SIDES
        thrown += power
        fallen += hit
        risen += (1.0 - shares) * power
    stack.ledger[FALLBACK] += fallen * dt_s
    stack.ledger[RISEN] += risen * dt_s
    stack.ledger[QUENCHED] += (thrown - fallen - risen) * dt_s
    return risen


@raising_kernel
def conduct(stack: Stack, rack: int, per_module: int, dt_s: float) -> float:
    """Fill ``flow_w`` and ``housing_flow_w`` of a rack; return W that its air gets."""
    temp, offset_k, flow_w, hit_w = stack.state[cell.TEMP], stack.offset_k, stack.flow_w, stack.hit_w
    housing_degc, inbox_j = stack.housing_degc[rack], stack.inbox_j[rack]
    touch_w_per_k, gap_m2, barrier = stack.sizes[TOUCH_W_PER_K], stack.sizes[GAP_M2], stack.sizes[GAP_BARRIER_M2K_PER_W]
    air_w_per_k = HOUSING_AIR_W_PER_M2_K * stack.sizes[SURFACE_M2]
    modules = housing_degc.shape[0]
    to_air = from_below = 0.0
    for m in range(modules):
        here = housing_degc[m]
        q_air = air_w_per_k * (here - stack.air_degc[rack])
        to_air += q_air
        housing_w = stack.housing_hit_w[rack, m] - q_air + inbox_j[m] / dt_s + from_below
        inbox_j[m] = 0.0
        if m < modules - 1:
            up = gap_m2 * exchange_w_per_m2(here, housing_degc[m + 1], GAP_EMISSIVITY, GAP_W_PER_M2_K, barrier)
            housing_w -= up
            from_below = up
        first = (rack * modules + m) * per_module
        from_left = 0.0
        for i in range(first, first + per_module):
            q = CELL_TO_HOUSING_W_PER_K * (here + offset_k[i] - temp[i])
            housing_w -= q
            q += from_left + hit_w[i]
            if i < first + per_module - 1:
                from_left = touch_w_per_k * (temp[i] - temp[i + 1])
                q -= from_left
            flow_w[i] = q
        stack.housing_flow_w[rack, m] = housing_w
    return to_air


@raising_kernel
def cool(stack: Stack, rack: int, per_module: int, flow_lpm: float, dt_s: float) -> None:
    """Take heat by the coolant from the housings of ``rack``, and from the tops of cells as far as water gets there."""
    modules = stack.housing_degc.shape[1]
    temp = stack.state[cell.TEMP]
    outside = water.FILM_W_PER_M2_K * stack.sizes[SURFACE_M2] * stack.wet[rack]
    inside = water.FILM_W_PER_M2_K * stack.sizes[CELL_TOP_M2] * stack.wet[rack] * water.ENTERS
    first = rack * modules * per_module
    wanted = 0.0
    for m in range(modules):
        wanted += outside * max(0.0, stack.housing_degc[rack, m] - water.WATER_DEGC)
    for i in range(first, first + modules * per_module):
        wanted += inside * max(0.0, temp[i] - water.WATER_DEGC)
    if wanted <= 0.0:
        return
    share = min(1.0, water.water_limit_w(flow_lpm) / wanted)
    for m in range(modules):
        stack.housing_flow_w[rack, m] -= share * outside * max(0.0, stack.housing_degc[rack, m] - water.WATER_DEGC)
    for i in range(first, first + modules * per_module):
        stack.flow_w[i] -= share * inside * max(0.0, temp[i] - water.WATER_DEGC)
    stack.ledger[COOLED] += share * wanted * dt_s


@raising_kernel
def short_heat_w(state: Floats, i: int, is_vented: bool, short_w: Floats, full_j: float, dt_s: float) -> float:
    """Feed the internal short of cell ``i`` from what the cell has stored; return its heat in W."""
    if is_vented:
        short_w[i] *= cell.SHORT_AFTER_VENT
    short_w[i] = cell.drain_short(state, i, short_w[i] * dt_s, full_j) / dt_s
    return float(short_w[i])


@raising_kernel
def charge(state: Floats, i: int, charged: float, full_j: float, overcharging: bool, dt_s: float) -> float:
    """Add ``charged`` (share of the capacity) to cell ``i``; return the heat in W of what it does not take.

    A charger in order floats a full cell. Of an overcharge a cell takes less and less: the rest is heat (plated lithium and
    electrolyte that react).
    """
    soc = state[cell.SOC, i]
    heat_w = 0.0
    if charged > 0.0 and not overcharging:
        charged = max(0.0, min(charged, 1.0 - soc))
    elif charged > 0.0 and soc >= 1.0:
        refused = min(1.0, (soc - 1.0) / OVERCHARGE_TAKEN)
        heat_w = refused * charged * full_j / dt_s
        charged *= 1.0 - refused
    state[cell.SOC, i] = max(0.0, soc + charged)
    return heat_w


@raising_kernel
def advance_cells(stack: Stack, rack: int, per_rack: int, amps: float, now_s: float, dt_s: float) -> bool:
    """Advance all cells of a rack; tell whether one of them is hot."""
    state, vented, runaway, times_s, ledger = stack.state, stack.vented, stack.runaway, stack.times_s, stack.ledger
    full_j, short_w, heater_w, kin, flow_w = stack.full_j, stack.short_w, stack.heater_w, stack.kin, stack.flow_w
    resistance_ohm, ejecta_j, powered = stack.resistance_ohm, stack.ejecta_j, stack.powered[rack]
    capacity, volume_m3 = stack.sizes[CELL_J_PER_K], stack.sizes[VOLUME_M3]
    overcharging = stack.overcharging[rack]
    charged_j, reactive_degc = amps * kin[ch.NOMINAL_V] * dt_s, kin[ch.REACTIVE_DEGC]
    hot = False
    ohmic_w = 0.0
    for i in range(rack * per_rack, (rack + 1) * per_rack):
        current_w = amps * amps * resistance_ohm[i]
        inflow, into_cell = flow_w[i], 1.0
        if powered:
            inflow += heater_w[i]
            ledger[HEATED] += heater_w[i] * dt_s
            if short_w[i] > 0.0:
                shorted_w = short_heat_w(state, i, vented[i], short_w, full_j[i], dt_s)
                if (
                    shorted_w > 0.0 and amps > 0.0
                ):  # the short takes its share of the charge, and only the rest is stored
                    shorted_w += cell.CHARGE_INTO_SHORT * charged_j / dt_s
                    into_cell -= cell.CHARGE_INTO_SHORT
                ledger[SHORTED] += shorted_w * dt_s
                inflow += shorted_w
        current_w += charge(state, i, into_cell * charged_j / full_j[i], full_j[i], overcharging, dt_s)
        ohmic_w += current_w
        inflow += current_w
        if state[cell.TEMP, i] < reactive_degc and not vented[i]:
            state[cell.TEMP, i] += inflow * dt_s / capacity
        else:
            ejected = cell.advance_hot_cell(
                state, i, vented, runaway, inflow, dt_s, volume_m3, capacity, full_j[i], kin, ledger
            )
            ejecta_j[i] = ejected
            ledger[EJECTED] += ejected
            if vented[i] and math.isnan(times_s[0, i]):
                times_s[0, i] = now_s
            if runaway[i] and math.isnan(times_s[1, i]):
                times_s[1, i] = now_s
        hot = hot or state[cell.TEMP, i] >= CALM_DEGC
    ledger[OHMIC] += ohmic_w * dt_s
    return hot


@raising_kernel
def advance_rack(
    stack: Stack, rack: int, per_module: int, amps: float, lpm: float, room_degc: float, now_s: float, dt_s: float
) -> float:
    """Advance one rack by ``dt_s`` that ends at ``now_s``; return J that its casing gave to the room."""
    modules = stack.housing_degc.shape[1]
    air_w = conduct(stack, rack, per_module, dt_s) + stack.casing_hit_w[rack]
    if lpm > 0.0:
        cool(stack, rack, per_module, lpm, dt_s)
    hot = advance_cells(stack, rack, modules * per_module, amps, now_s, dt_s)
    for m in range(modules):
        stack.housing_degc[rack, m] += stack.housing_flow_w[rack, m] * dt_s / HOUSING_J_PER_K
        hot = hot or stack.housing_degc[rack, m] >= CALM_DEGC
    out_w = CASING_W_PER_K * (stack.air_degc[rack] - room_degc)
    stack.air_degc[rack] += (air_w - out_w) * dt_s / CASING_J_PER_K
    stack.ledger[TO_ROOM] += out_w * dt_s
    stack.awake[rack] = hot
    return float(out_w * dt_s)


@raising_kernel
def advance_stack(
    stack: Stack, current_a: Floats, coolant_lpm: Floats, screen: float, room_degc: float, now_s: float, dt_s: float
) -> tuple[float, float, bool]:
    """Advance the whole stack by ``dt_s``.

    Returns J of the casings into the room, W of ejecta and flames rising, and whether any cell has vented.

    ``plume_j`` is the heat of the step before, of which ``spread`` throws shares back; ``ejecta_j`` is what this step
    threw out. ``screen`` is what curtain and barrier leave of the heat from rack to rack.
    """
    racks, modules = stack.housing_degc.shape
    per_rack = stack.plume_j.shape[0] // racks
    per_module = per_rack // modules
    for rack in range(racks):
        stack.wet[rack] = water.wetted_share(coolant_lpm[rack])
        stack.awake[rack] = stack.awake[rack] or stack.powered[rack]
    risen_w = spread(stack, per_module, screen, dt_s)
    stack.ejecta_j[:] = 0.0
    face_racks(stack, screen, dt_s)
    to_room_j = 0.0
    for rack in range(racks):
        changed = current_a[rack] != stack.last_a[rack]
        awake = stack.awake[rack]
        if stack.owed_s[rack] > 0.0 and (changed or awake):
            powered, stack.powered[rack] = stack.powered[rack], False
            to_room_j += advance_rack(
                stack, rack, per_module, stack.last_a[rack], coolant_lpm[rack], room_degc, now_s, stack.owed_s[rack]
            )
            stack.owed_s[rack], stack.powered[rack] = 0.0, powered
        stack.last_a[rack] = current_a[rack]
        stack.owed_s[rack] += dt_s
        if awake or stack.owed_s[rack] >= QUIET_STEP_S - 1e-9:
            to_room_j += advance_rack(
                stack, rack, per_module, current_a[rack], coolant_lpm[rack], room_degc, now_s + dt_s, stack.owed_s[rack]
            )
            stack.owed_s[rack] = 0.0
            changed = True
        if changed:
            first, last = rack * per_rack, (rack + 1) * per_rack
            cell_voltages(stack, first, last, current_a[rack])
    return to_room_j, risen_w, bool(stack.vented.any())


@raising_kernel
def set_currents(current_a: Floats, wanted_a: Floats, charger_stopped: Bools, breaker_open: Bools) -> None:
    """Fill each string's current: as wanted, no charge from a stopped charger, none through an open breaker."""
    for rack in range(current_a.shape[0]):
        amps = min(wanted_a[rack], 0.0) if charger_stopped[rack] else wanted_a[rack]
        current_a[rack] = 0.0 if breaker_open[rack] else amps


@raising_kernel
def all_voltages(stack: Stack) -> None:
    """Set the terminal voltages of all cells at the current that they had last."""
    racks = stack.last_a.shape[0]
    per_rack = stack.plume_j.shape[0] // racks
    for rack in range(racks):
        cell_voltages(stack, rack * per_rack, (rack + 1) * per_rack, stack.last_a[rack])


@raising_kernel
def cell_voltages(stack: Stack, first: int, last: int, amps: float) -> None:
    """Set the terminal voltages of the cells from ``first`` to before ``last``, all in one string."""
    terminal_voltages(
        stack.state[:, first:last], amps, stack.short_w[first:last], stack.resistance_ohm[first:last],
        stack.kin, stack.voltage_v[first:last],
    )  # fmt: skip
