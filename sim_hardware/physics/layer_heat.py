"""Heat between a room's layers and its walls: radiation, the ceiling jet, natural convection (CFAST 8 technical reference, chapter 6)."""

from drivers.compiled.door import raising_kernel
from sim_hardware.physics import room_layout as at
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.fire_plume import flame_height_m
from sim_hardware.physics.layer_radiation import STEFAN_BOLTZMANN, radiate
from sim_hardware.physics.layers import temperature_k
from sim_hardware.physics.wall_conduction import CEILING, FLOOR, LOWER_WALL, SURFACES, UPPER_WALL, wall_step

HOLMAN_LEVEL, HOLMAN_UPRIGHT = 1.52, 1.31
"""Natural convection ``h = C |dT|^(1/3)`` at ceiling and floor, and at walls (after Holman)."""
THIN_SHARE = 0.01
"""An upper layer thinner than this share of the room radiates and touches nothing yet."""
FRESH_O2 = 0.209
"""Mole fraction of oxygen in clean, dry air."""
CO2_PER_O2 = 0.64
"""Moles of carbon dioxide per mole of oxygen that burns (heptane, as in the tests)."""


@raising_kernel
def _surface_flux(gas_k: float, surface_k: float, coefficient: float) -> tuple[float, float]:
    """Natural convection to a surface, W/m2 and its slope W/m2 K."""
    transfer = coefficient * abs(gas_k - surface_k) ** (1.0 / 3.0)
    return transfer * (gas_k - surface_k), transfer


@raising_kernel
def _absorbers(state: Floats, held: Floats, room: Floats, upper_k: float, lower_k: float, layers: Floats) -> None:
    """Fill ``layers`` for `radiate`: soot, and water vapour with the carbon dioxide of what burnt."""
    for k in range(at.LAYERS):
        volume = state[at.VOLUME_U] if k == at.UPPER else room[at.ROOM_V] - state[at.VOLUME_U]
        mass = state[at.MASS_U] if k == at.UPPER else state[at.MASS_L]
        used = max(0.0, FRESH_O2 * (1.0 - held[k, at.AGENT] / mass) - held[k, at.O2] / mass)
        layers[k, 0] = upper_k if k == at.UPPER else lower_k
        layers[k, 1] = held[k, at.SMOKE] / volume
        layers[k, 2] = held[k, at.WATER] / mass + CO2_PER_O2 * used


@raising_kernel
def heat_walls(  # noqa: C901 - one kernel: cut up, it would hand over a dozen numbers
    state: Floats,
    held: Floats,
    walls: Floats,
    cells: Floats,
    materials: Floats,
    room: Floats,
    inputs: Floats,
    ledger: Floats,
    scratch: Floats,
    convective: float,
    radiant: float,
    dt_s: float,
) -> tuple[float, float]:
    """Let layers and fire heat the walls for ``dt_s``; return the heat that upper and lower layer gain by it in W (mostly below zero)."""
    upper_m3, lower_m3 = state[at.VOLUME_U], room[at.ROOM_V] - state[at.VOLUME_U]
    floor = room[at.ROOM_V] / room[at.ROOM_H]
    around = 2.0 * (room[at.ROOM_L] + room[at.ROOM_W])
    thick = upper_m3 > THIN_SHARE * room[at.ROOM_V]
    upper_m = upper_m3 / floor
    areas, flux, slope, result = scratch[5, 0], scratch[5, 1], scratch[5, 2], scratch[6, 0]
    size, layers, surface = scratch[7, 0], scratch[7, 1:3], scratch[7, 3]
    areas[CEILING] = areas[FLOOR] = floor
    areas[UPPER_WALL], areas[LOWER_WALL] = around * upper_m, around * (room[at.ROOM_H] - upper_m)
    lower_k = temperature_k(lower_m3, state[at.MASS_L], state[at.PRESSURE])
    upper_k = temperature_k(upper_m3, state[at.MASS_U], state[at.PRESSURE]) if thick else lower_k
    gain_u, gain_l = 0.0, 0.0
    for i in range(SURFACES):
        surface[i] = walls[i, 0]
        flux[i] = slope[i] = 0.0
    if thick:
        size[0], size[1], size[2], size[3] = room[at.ROOM_L], room[at.ROOM_W], upper_m, room[at.ROOM_H] - upper_m
        _absorbers(state, held, room, upper_k, lower_k, layers)
        flame = inputs[at.FIRE_M]
        if radiant > 0.0:
            flame += flame_height_m(convective + radiant, inputs[at.FIRE_D], inputs[at.OUTSIDE_K]) / 3.0
        flame = min(room[at.ROOM_H] - 0.05, max(0.05, flame))
        radiate(surface, areas, materials, size, layers, radiant, flame, scratch[4], scratch[:4], result)
        gain_u, gain_l = result[SURFACES], result[SURFACES + 1]
        for i in range(SURFACES):
            flux[i] = result[i]
            slope[i] = 4.0 * STEFAN_BOLTZMANN * surface[i] ** 3
    elif radiant > 0.0:
        total = areas[CEILING] + areas[LOWER_WALL] + areas[FLOOR]
        for i in range(SURFACES):
            flux[i] = radiant / total if i != UPPER_WALL else 0.0
    jet = 0.27 * convective / (floor**0.68 * room[at.ROOM_H] ** 0.64)
    for i in range(SURFACES):
        gas_k = upper_k if i <= UPPER_WALL else lower_k
        level = i in (CEILING, FLOOR)
        touched, steep = _surface_flux(gas_k, surface[i], HOLMAN_LEVEL if level else HOLMAN_UPRIGHT)
        if i == CEILING and jet > touched:
            touched = jet
        if areas[i] <= 0.0:
            continue
        radiated = flux[i]
        front, back = wall_step(
            walls[i],
            cells[i],
            materials[i],
            scratch[8],
            radiated + touched,
            steep + slope[i],
            inputs[at.OUTSIDE_K],
            dt_s,
        )
        ledger[at.LOST_OUTSIDE] += back * areas[i]
        taken = (front / dt_s - radiated) * areas[i]
        if i <= UPPER_WALL and (thick or (i == CEILING and convective > 0.0 and upper_m3 > 0.0)):
            gain_u -= taken
        else:
            gain_l -= taken
    return gain_u, gain_l
