"""A room of two layers with one pressure, advanced by one compiled step (equations of the CFAST 8 technical reference).

The upper layer holds what a plume lifts, the lower one the rest; a room that nothing stratifies is one layer, the lower. Amounts are
kept, and temperatures follow from them: ``T = P V/(R m)``. What leaves one layer enters another, the outside, or a wall, and `LEDGER`
counts what crosses the room's bounds, so that mass, energy and every species close to rounding. Gas is counted in moles, as the mass
of as much air ("air-kg"): its energy is that of air (assumed), its weight is its own where it drives flow, which is what makes agent
leak out below and air come in above. Steps are cut by the state alone, so that runs repeat bit for bit.
"""

from typing import NamedTuple

from drivers.compiled.door import raising_kernel
from sim_hardware.physics import room_layout as at
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.fire_plume import AIR_J_PER_KG_K, ATMOSPHERE_PA, GAMMA, GAS_J_PER_KG_K, O2_J_PER_KG
from sim_hardware.physics.gas import SPECIES
from sim_hardware.physics.layer_heat import heat_walls
from sim_hardware.physics.layers import O2_WEIGHT, burn, density, move, temperature_k
from sim_hardware.physics.room_pressure import fan_m3_per_s, pressure_after
from sim_hardware.physics.vent_flow import ABOVE_WIDTH, IN, IN_ABOVE, OUT_LOWER, OUT_UPPER, spill_kg_per_s
from sim_hardware.physics.wall_conduction import share_walls

LONGEST_S, SHORTEST_S = 0.5, 0.01
"""Bounds of a sub-step while layers exist or a fire burns."""
_ALL_DONE_S = 1e-12
RENEWED_PER_STEP = 0.25
"""Share of a layer that may leave it in a sub-step."""
LOWEST_M = 0.1
"""The interface stays this far above the floor, as in CFAST 8."""
ALIKE_KG_PER_M3 = 0.003
"""Layers whose densities differ by less (0.7 K) are one, once no plume feeds the upper."""
LIGHTER_KG_PER_M3 = 0.02
"""Air that comes in lighter by this than a room with agent stays above it (assumed)."""
HOLDS_AGENT = 0.01
"""Fraction of agent from which a room counts as flooded (assumed)."""
STIRS_KG_PER_S = 0.01
"""Agent (air-kg/s) that stirs the room as it comes; less is the tail of a discharge (assumed)."""
SOURCE_M = 1.0
"""Height of a fire's base (assumed: the middle of a rack)."""
WATER_PER_O2 = 0.73
"""Moles of water vapour per mole of oxygen that burns (heptane, as in the tests)."""


class Zones(NamedTuple):
    """All arrays of a room of two layers, reused in place; their places by `room_layout`."""

    state: Floats
    held: Floats
    """``[LAYERS, KINDS]``"""
    walls: Floats
    """``[4, NODES]`` K, and the cells' thickness in m."""
    cells: Floats
    materials: Floats
    """``[4, MATERIAL]``"""
    room: Floats
    vents: Floats
    """``[n, 3]``, rows of ``vent_flow``."""
    inputs: Floats
    gas_in: Floats
    """``[SPECIES]`` m3/s"""
    fresh: Floats
    """``[KINDS]`` per air-kg"""
    ledger: Floats
    scratch: Floats
    """``[9, 4, NODES]``, overwritten."""
    flows: Floats
    seen: Floats
    """``[VIEWS, VIEW]``, filled by `look`."""


@raising_kernel
def _sub_step(  # noqa: PLR0915 - one kernel: cut up, it would hand over a dozen numbers
    state: Floats,
    held: Floats,
    walls: Floats,
    cells: Floats,
    materials: Floats,
    room: Floats,
    vents: Floats,
    inputs: Floats,
    gas_in: Floats,
    fresh: Floats,
    ledger: Floats,
    scratch: Floats,
    flows: Floats,
    dt_s: float,
) -> None:
    """Advance by ``dt_s``: fire, walls, pressure and openings, then what moves between the layers."""
    convective, radiant = burn(state, held, room, inputs)
    wall_u, wall_l = heat_walls(
        state, held, walls, cells, materials, room, inputs, ledger, scratch, convective, radiant, dt_s
    )
    total_m3, upper_m3 = room[at.ROOM_V], state[at.VOLUME_U]
    lower_m3 = total_m3 - upper_m3
    share = upper_m3 / total_m3
    pressure = ATMOSPHERE_PA + state[at.PRESSURE]
    lower_k = temperature_k(lower_m3, state[at.MASS_L], state[at.PRESSURE])
    upper_k = temperature_k(upper_m3, state[at.MASS_U], state[at.PRESSURE]) if upper_m3 > 0.0 else lower_k
    heat_l = wall_l + (1.0 - share) * inputs[at.MIXED_W] - inputs[at.AGENT_W]
    heat_u = wall_u + share * inputs[at.MIXED_W] + convective
    cooling = 0.0
    if inputs[at.COOLING_W_PER_K] > 0.0:
        mean_k = share * upper_k + (1.0 - share) * lower_k
        # The set point is followed implicitly: any step is stable.
        follow = 1.0 + inputs[at.COOLING_W_PER_K] * dt_s / ((state[at.MASS_U] + state[at.MASS_L]) * AIR_J_PER_KG_K)
        cooling = min(
            inputs[at.COOLING_MAX_W], max(0.0, inputs[at.COOLING_W_PER_K] / follow * (mean_k - inputs[at.SETPOINT_K]))
        )
        heat_l -= cooling
    # What comes in by itself, as volumes at the temperature that it brings.
    out_rho = pressure / (GAS_J_PER_KG_K * inputs[at.OUTSIDE_K])
    air_l = pressure / (GAS_J_PER_KG_K * lower_k)
    agent_m3 = inputs[at.AGENT_IN] / air_l
    gas_m3 = inputs[at.WATER_IN] / air_l
    for k in range(SPECIES):
        gas_m3 += gas_in[k]
    rising = state[at.ENTRAINED] > 0.0 or (upper_m3 > 0.0 and convective > 0.0)
    weight = room[at.AGENT_WEIGHT]
    rho_l = density(lower_m3, state[at.MASS_L], held[at.LOWER, at.AGENT], weight)
    rho_u = density(upper_m3, state[at.MASS_U], held[at.UPPER, at.AGENT], weight) if upper_m3 > 0.0 else rho_l
    interface = room[at.ROOM_H] * lower_m3 / total_m3
    brought = GAMMA * pressure / total_m3 * dt_s
    heat_pa = (GAMMA - 1.0) / total_m3 * dt_s * (heat_l + heat_u) + brought * (agent_m3 + gas_m3)
    after = pressure_after(state[at.PRESSURE], brought, heat_pa, interface, rho_l, rho_u, out_rho, vents, inputs, flows)
    supply = fan_m3_per_s(inputs[at.SUPPLY], after, inputs[at.FADE_PA], inputs[at.STALL_PA])
    exhaust = fan_m3_per_s(inputs[at.EXHAUST], -after, inputs[at.FADE_PA], inputs[at.STALL_PA])
    # A fan takes from the upper layer what it can reach: a thin layer gives a part (plug-holing; assumed form).
    from_u = exhaust * upper_m3 / (upper_m3 + exhaust) if upper_m3 > 0.0 and inputs[at.EXHAUST_M] >= interface else 0.0
    out_u, out_l = flows[OUT_UPPER] + from_u, flows[OUT_LOWER] + exhaust - from_u
    spare = max(0.0, RENEWED_PER_STEP * 2.0 * upper_m3 / dt_s)
    if out_u > spare:
        out_l += out_u - spare
        out_u = spare
    natural = 0.5 * (flows[IN] + flows[OUT_UPPER] + flows[OUT_LOWER] + supply + exhaust)
    draught = max(0.0, inputs[at.DRAUGHT] - natural)
    coming = flows[IN] + supply
    # Air stays above a heavier mixture unless a discharge or a fan's draught stirs the room.
    stirred = inputs[at.AGENT_IN] >= STIRS_KG_PER_S or inputs[at.EXHAUST] + inputs[at.SUPPLY] > 0.0
    heavy = held[at.LOWER, at.AGENT] > HOLDS_AGENT * state[at.MASS_L] and out_rho < rho_l - LIGHTER_KG_PER_M3
    above = heavy and not stirred
    in_u = coming if above else (supply if upper_m3 > 0.0 and inputs[at.SUPPLY_M] >= interface else 0.0)
    plume_m3 = state[at.ENTRAINED] / air_l
    if plume_m3 * dt_s > RENEWED_PER_STEP * 2.0 * lower_m3:
        plume_m3 = RENEWED_PER_STEP * 2.0 * lower_m3 / dt_s
    gas_u = gas_m3 if rising else 0.0
    net_u = in_u - out_u + plume_m3 + gas_u
    net_all = coming - out_u - out_l + gas_m3 + agent_m3
    # Amounts first, at the densities from which they come; the draught swaps equal volumes.
    swap_u, swap_l = draught * share, draught * (1.0 - share)
    lost_u = (out_u + swap_u) / upper_m3 * dt_s if upper_m3 > 0.0 else 0.0
    lost_l = (out_l + swap_l) / lower_m3 * dt_s
    lifted = plume_m3 / lower_m3 * dt_s
    came_u, came_l = (in_u + swap_u) * out_rho * dt_s, (coming - in_u + swap_l) * out_rho * dt_s
    enthalpy = GAMMA / (GAMMA - 1.0) * pressure
    before_kg = state[at.MASS_U] + state[at.MASS_L]
    for k in range(at.KINDS):
        gone_l = held[at.LOWER, k] * (lost_l + lifted)
        held[at.UPPER, k] += held[at.LOWER, k] * lifted - held[at.UPPER, k] * lost_u + fresh[k] * came_u
        held[at.LOWER, k] += fresh[k] * came_l - gone_l
    gets = at.UPPER if rising else at.LOWER
    for k in range(SPECIES):
        held[gets, k] += gas_in[k] * air_l * dt_s
    held[gets, at.SMOKE] += inputs[at.SMOKE_IN] * dt_s
    held[gets, at.WATER] += inputs[at.WATER_IN] * dt_s
    held[at.LOWER, at.AGENT] += inputs[at.AGENT_IN] * dt_s
    used = min(held[gets, at.O2], (state[at.BURNT_W] + inputs[at.BURNING_W]) / O2_J_PER_KG / O2_WEIGHT * dt_s)
    held[gets, at.O2] -= used
    held[gets, at.WATER] += WATER_PER_O2 * used
    for k in range(at.LAYERS):
        held[k, at.SMOKE] *= 1.0 - min(1.0, inputs[at.SETTLES_PER_S] * dt_s)
    gas_kg = gas_m3 * air_l * dt_s
    moved_kg = state[at.MASS_L] * lifted
    state[at.MASS_U] += moved_kg - state[at.MASS_U] * lost_u + came_u + (gas_kg if rising else 0.0)
    state[at.MASS_L] += (
        came_l - moved_kg - state[at.MASS_L] * lost_l + inputs[at.AGENT_IN] * dt_s + (0.0 if rising else gas_kg)
    )
    # Then energy: pressure for the room, volume for the layer. The draught brings as much enthalpy as it takes.
    change = brought * net_all + (GAMMA - 1.0) / total_m3 * dt_s * (heat_l + heat_u)
    grown = (GAMMA - 1.0) * (heat_u + enthalpy * net_u) * dt_s - upper_m3 * change
    state[at.PRESSURE] += change
    state[at.VOLUME_U] = max(0.0, upper_m3 + grown / (GAMMA * (pressure + change)))
    state[at.OUT_U], state[at.OUT_L] = out_u + swap_u, out_l + swap_l
    ledger[at.HEAT_IN] += (convective + radiant + inputs[at.MIXED_W] - cooling - inputs[at.AGENT_W]) * dt_s
    ledger[at.ENTHALPY_IN] += enthalpy * net_all * dt_s
    ledger[at.MASS_IN] += state[at.MASS_U] + state[at.MASS_L] - before_kg
    _settle(state, held, walls, room, inputs, flows, rho_l, upper_k, interface, rising, above, dt_s)


@raising_kernel
def _settle(
    state: Floats,
    held: Floats,
    walls: Floats,
    room: Floats,
    inputs: Floats,
    flows: Floats,
    rho_l: float,
    upper_k: float,
    interface: float,
    rising: bool,
    above: bool,
    dt_s: float,
) -> None:
    """Move gas between the layers: what a door's stream drags down, the air conditioner, a discharge; and give up layers that are none."""
    total_m3 = room[at.ROOM_V]
    if state[at.VOLUME_U] > 0.0 and flows[IN_ABOVE] > 0.0 and not above:
        dragged = spill_kg_per_s(
            flows[IN_ABOVE], inputs[at.OUTSIDE_K], upper_k, rho_l, flows[ABOVE_WIDTH],
            flows[IN_ABOVE] / max(0.1, flows[ABOVE_WIDTH]), AIR_J_PER_KG_K,
        )  # fmt: skip
        move(state, held, min(0.5 * state[at.VOLUME_U], dragged / rho_l * dt_s), at.UPPER, total_m3)
    move(state, held, inputs[at.RECIRCULATED] * dt_s, at.UPPER, total_m3)
    lowest = LOWEST_M / room[at.ROOM_H] * total_m3
    if total_m3 - state[at.VOLUME_U] < lowest:
        move(state, held, lowest - (total_m3 - state[at.VOLUME_U]), at.UPPER, total_m3)
    if state[at.VOLUME_U] > 0.0:
        lower = density(
            total_m3 - state[at.VOLUME_U], state[at.MASS_L], held[at.LOWER, at.AGENT], room[at.AGENT_WEIGHT]
        )
        upper = density(state[at.VOLUME_U], state[at.MASS_U], held[at.UPPER, at.AGENT], room[at.AGENT_WEIGHT])
        if inputs[at.AGENT_IN] >= STIRS_KG_PER_S or upper > lower or (not rising and lower - upper < ALIKE_KG_PER_M3):
            move(state, held, state[at.VOLUME_U], at.UPPER, total_m3)
    around = 2.0 * (room[at.ROOM_L] + room[at.ROOM_W])
    share_walls(
        walls,
        around * (room[at.ROOM_H] - interface),
        around * room[at.ROOM_H] * state[at.VOLUME_U] / total_m3,
        around * room[at.ROOM_H],
    )


@raising_kernel
def advance(zones: Zones, dt_s: float) -> float:
    """Advance the room by ``dt_s``; return the heat of flames that found oxygen in J. Sub-steps are at most `LONGEST_S` with a fire."""
    state, room, inputs = zones.state, zones.room, zones.inputs
    rest = dt_s
    burnt_j = 0.0
    while rest > _ALL_DONE_S:
        step = rest
        if state[at.VOLUME_U] > 0.0 or inputs[at.CONVECTIVE_W] > 0.0 or inputs[at.AGENT_IN] > 0.0:
            step = min(step, LONGEST_S)
            leaving = state[at.ENTRAINED] / max(1e-9, state[at.MASS_L]) + state[at.OUT_L] / (
                room[at.ROOM_V] - state[at.VOLUME_U]
            )
            if state[at.VOLUME_U] > 0.0:
                leaving = max(leaving, state[at.OUT_U] / state[at.VOLUME_U])
            if leaving > 0.0:
                step = min(step, max(SHORTEST_S, RENEWED_PER_STEP / leaving))
        _sub_step(
            state, zones.held, zones.walls, zones.cells, zones.materials, room, zones.vents, inputs, zones.gas_in, zones.fresh,
            zones.ledger, zones.scratch, zones.flows, step,
        )  # fmt: skip
        burnt_j += state[at.BURNT_W] * step
        rest -= step
    look(zones)
    return burnt_j


@raising_kernel
def take_in(
    zones: Zones, gas_m3: Floats, heat_w: float, plume_w: float, radiant_w: float, smoke_kg: float, foreign_kg_per_s: float,
    burnt_j: float, dt_s: float,
) -> float:  # fmt: skip
    """`advance` with what a step set free: gas and smoke (m3, kg; ``foreign_kg_per_s`` of smoke come on top), and heat of ``heat_w`` in all.

    ``plume_w`` of it rises as a plume from `SOURCE_M` and makes layers, the rest is mixed in; ``radiant_w`` comes on top and
    warms the walls. ``burnt_j`` uses oxygen; its heat is part of the others.
    """
    given = zones.inputs
    given[at.CONVECTIVE_W], given[at.RADIANT_W] = plume_w, radiant_w if plume_w > 0.0 else 0.0
    given[at.MIXED_W] = heat_w - plume_w
    given[at.FIRE_M] = SOURCE_M
    given[at.BURNING_W] = burnt_j / dt_s
    given[at.SMOKE_IN] = smoke_kg / dt_s + foreign_kg_per_s
    for s in range(SPECIES):
        zones.gas_in[s] = gas_m3[s] / dt_s
    return advance(zones, dt_s)


@raising_kernel
def look(zones: Zones) -> None:
    """Fill ``seen``: mole fractions, smoke in kg/m3, and temperature in degC of the mean, the upper and the lower layer.

    A room of one layer shows it as upper and lower.
    """
    state, held, room, view = zones.state, zones.held, zones.room, zones.seen
    upper_m3 = state[at.VOLUME_U]
    lower_m3 = room[at.ROOM_V] - upper_m3
    share = upper_m3 / room[at.ROOM_V]
    for k in range(at.KINDS):
        view[at.LOW, k] = held[at.LOWER, k] / (lower_m3 if k == at.SMOKE else state[at.MASS_L])
        view[at.UP, k] = view[at.LOW, k]
        if upper_m3 > 0.0:
            view[at.UP, k] = held[at.UPPER, k] / (upper_m3 if k == at.SMOKE else state[at.MASS_U])
        size = room[at.ROOM_V] if k == at.SMOKE else state[at.MASS_U] + state[at.MASS_L]
        view[at.MEAN, k] = (held[at.UPPER, k] + held[at.LOWER, k]) / size
    view[at.LOW, at.DEGC] = temperature_k(lower_m3, state[at.MASS_L], state[at.PRESSURE]) - at.ZERO_DEGC_K
    view[at.UP, at.DEGC] = view[at.LOW, at.DEGC]
    if upper_m3 > 0.0:
        view[at.UP, at.DEGC] = temperature_k(upper_m3, state[at.MASS_U], state[at.PRESSURE]) - at.ZERO_DEGC_K
    view[at.MEAN, at.DEGC] = share * view[at.UP, at.DEGC] + (1.0 - share) * view[at.LOW, at.DEGC]
