"""The arrays of the stack: what they hold, how they begin, and the names of their places."""

import math
from typing import NamedTuple

import numpy as np

from sim_hardware.physics import cell
from sim_hardware.physics.arrays import Bools, Floats
from sim_hardware.physics.battery_geometry import BatteryRoomGeometry
from sim_hardware.physics.chemistry import Chemistry

HOUSING_J_PER_K = 3.0e3
"""Housing and plates of a module: 6 kg of steel and aluminium (assumed)."""
CASING_J_PER_K = 6.0e4
"""A rack's casing and air (assumed: 120 kg of steel)."""

(
    CHEMICAL, COLLAPSED, BOILED, OHMIC, SHORTED, HEATED, TO_ROOM, EJECTED, FALLBACK, COOLED, BURNT, RISEN, QUENCHED
) = range(13)  # fmt: skip
"""Ledger entries, J. Into cells, housings and casings: CHEMICAL, COLLAPSED, OHMIC, SHORTED, HEATED, FALLBACK; out of
them: BOILED, TO_ROOM, EJECTED, COOLED. Of what is thrown out and what of the gas burns (EJECTED, BURNT) a part falls back
(FALLBACK), one rises or radiates into the room (RISEN), one is taken by falling water (QUENCHED)."""
LEDGER = 13

(
    VOLUME_M3, CELL_J_PER_K, TOUCH_W_PER_K, GAP_M2, GAP_BARRIER_M2K_PER_W, SIDE_M2, SURFACE_M2, CELL_TOP_M2
) = range(8)  # fmt: skip
"""Places in ``Stack.sizes``: one cell's volume, heat capacity and face conductance; the area between two modules and the
areal resistance of a fire barrier there; the side of a module that faces the next rack; all its outside; a cell's top."""


class Stack(NamedTuple):
    """All arrays of the stack, reused in place. ``[cells]`` counts all cells of the room."""

    state: Floats
    vented: Bools
    runaway: Bools
    times_s: Floats
    """``[2, cells]``: time of vent and of runaway, NaN until then."""
    offset_k: Floats
    resistance_ohm: Floats
    full_j: Floats
    voltage_v: Floats
    short_w: Floats
    """Wanted power of internal shorts; gets what the cell gave for it."""
    heater_w: Floats
    flow_w: Floats
    hit_w: Floats
    """Heat of ejecta and flames on cells, W."""
    plume_j: Floats
    """Heat of ejecta and flames of the step before, by the cell that they come from; ``ejecta_j`` is the ejecta's."""
    ejecta_j: Floats
    housing_degc: Floats
    """``[racks, modules]`` as the next three."""
    housing_flow_w: Floats
    housing_hit_w: Floats
    inbox_j: Floats
    air_degc: Floats
    """``[racks]`` as all that follow, but for the last three."""
    casing_hit_w: Floats
    wet: Floats
    owed_s: Floats
    last_a: Floats
    powered: Bools
    awake: Bools
    overcharging: Bools
    """The charger of the rack does not stop at full."""
    ledger: Floats
    kin: Floats
    sizes: Floats


def fresh_stack(geometry: BatteryRoomGeometry, kind: Chemistry) -> Stack:
    """All at rest at the starting temperature, all cells alike."""
    g = geometry
    count = g.racks * g.modules * g.cells
    state = cell.fresh_cells(count, g.start_degc, g.start_soc, g.cell_volume_m3, kind)
    full_j = np.full(count, g.capacity_ah * 3600.0 * kind.nominal_v)

    def cells() -> Floats:
        return np.zeros(count)

    def modules(start: float = 0.0) -> Floats:
        return np.full((g.racks, g.modules), start)

    def racks(start: float = 0.0) -> Floats:
        return np.full(g.racks, start)

    return Stack(
        state, cells() > 0.0, cells() > 0.0, np.full((2, count), math.nan), cells(),
        np.full(count, g.cell_resistance_ohm), full_j, cells(), cells(), cells(), cells(), cells(), cells(), cells(),
        modules(g.start_degc), modules(), modules(), modules(),
        racks(g.start_degc), racks(), racks(), racks(), racks(), racks() > 0.0, racks() > 0.0, racks() > 0.0,
        np.zeros(LEDGER), kind.vector(), sizes_of(g, kind),
    )  # fmt: skip


def heat_held_j(stack: Stack) -> float:
    """Heat of cells, housings and casings over 0 degC, with what waits for sleeping racks."""
    held = stack.sizes[CELL_J_PER_K] * stack.state[cell.TEMP].sum() + HOUSING_J_PER_K * stack.housing_degc.sum()
    return float(held + CASING_J_PER_K * stack.air_degc.sum() + stack.inbox_j.sum())


def sizes_of(geometry: BatteryRoomGeometry, kind: Chemistry) -> Floats:
    """Areas and conductances that follow from the geometry, by the places above."""
    g = geometry
    face_m2 = g.cell_volume_m3 / g.cell_thickness_m
    height_m = face_m2 / g.cell_width_m
    length_m = g.cells * g.cell_thickness_m
    plan_m2, side_m2, end_m2 = length_m * g.cell_width_m, length_m * height_m, g.cell_width_m * height_m
    return np.array([
        g.cell_volume_m3, g.cell_volume_m3 * kind.j_per_m3_k, face_m2 / g.contact_m2k_per_w, plan_m2, g.barrier_m2k_per_w, side_m2,
        2.0 * (plan_m2 + side_m2 + end_m2), g.cell_thickness_m * g.cell_width_m,
    ])  # fmt: skip
