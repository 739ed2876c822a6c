"""Radiation between a room's ceiling, walls and floor through two layers of smoke and gas (CFAST 8 technical reference, chapter 6).

Surfaces are 0 ceiling, 1 upper wall, 2 lower wall, 3 floor. Every directed path from one surface to another passes its layers in
order; each layer takes from it and adds to it, so that walls and gas together gain what the fire radiates, whatever the absorptance.
"""

import math

from drivers.compiled.door import raising_kernel
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.wall_conduction import CEILING, EMISSIVITY, FLOOR, LOWER_WALL, SURFACES, UPPER_WALL

STEFAN_BOLTZMANN = 5.67e-8
SOOT_PER_M_K = 1195.0
"""Absorption of soot per metre, kelvin and volume fraction (Tien; from memory, assumed)."""
SOOT_KG_PER_M3 = 1800.0
"""Density of soot (assumed)."""
GREY_PER_ATM_M = (0.4303, 7.055, 178.1)
GREY_WEIGHTS = (
    (0.5150, -2.303e-4, 0.9779e-7, -1.494e-11),
    (0.07749, 3.399e-4, -2.297e-7, 3.770e-11),
    (0.1907, -1.824e-4, 0.5608e-7, -0.5122e-11),
)
"""Three grey gases for equal parts of water vapour and carbon dioxide (Smith 1982; from memory, assumed; fitted above 600 K)."""
SIDEWAYS = 1.5
"""Mean path from wall to wall over the mean half width (assumed)."""
REFLECTIONS = 6
FLAME_K = 1200.0
"""Temperature of a luminous flame (assumed): cold gas absorbs less of its radiation than of its own."""


@raising_kernel
def parallel_factor(length_m: float, width_m: float, apart_m: float) -> float:
    """View factor of two equal rectangles that face each other (Siegel and Howell, appendix C)."""
    x, y = length_m / apart_m, width_m / apart_m
    xx, yy = 1.0 + x * x, 1.0 + y * y
    total = 0.5 * math.log(xx * yy / (xx + yy - 1.0)) - x * math.atan(x) - y * math.atan(y)
    total += x * math.sqrt(yy) * math.atan(x / math.sqrt(yy)) + y * math.sqrt(xx) * math.atan(y / math.sqrt(xx))
    return 2.0 * total / (math.pi * x * y)


@raising_kernel
def plate_share(length_m: float, width_m: float, away_m: float) -> float:
    """Share of what a point radiates that a rectangle takes whose middle faces it from ``away_m`` (a solid angle over 4 pi)."""
    away = max(away_m, 1e-3)
    a, b = 0.5 * length_m, 0.5 * width_m
    return math.atan(a * b / (away * math.sqrt(a * a + b * b + away * away))) / math.pi


@raising_kernel
def transmittance(path_m: float, soot_kg_per_m3: float, gas_atm: float, temp_k: float, source_k: float) -> float:
    """Share of the radiation of something at ``source_k`` that passes ``path_m`` of a layer at ``temp_k``.

    The layer holds soot and ``gas_atm`` of water vapour and carbon dioxide.
    """
    absorbed = 0.0
    for k in range(3):
        w = GREY_WEIGHTS[k]
        weight = w[0] + source_k * (w[1] + source_k * (w[2] + source_k * w[3]))
        absorbed += weight * (1.0 - math.exp(-GREY_PER_ATM_M[k] * gas_atm * path_m))
    return (1.0 - absorbed) * math.exp(-SOOT_PER_M_K * soot_kg_per_m3 / SOOT_KG_PER_M3 * temp_k * path_m)


@raising_kernel
def exchange_areas(
    areas_m2: Floats, length_m: float, width_m: float, upper_m: float, lower_m: float, exchange: Floats
) -> None:
    """Fill ``exchange[i, j] = A_i F_ij`` for a room whose interface stands ``upper_m`` below the ceiling."""
    floor = areas_m2[FLOOR]
    to_interface_up = floor * parallel_factor(length_m, width_m, upper_m)
    to_interface_down = floor * parallel_factor(length_m, width_m, lower_m)
    through = floor * parallel_factor(length_m, width_m, upper_m + lower_m)
    exchange[CEILING, CEILING] = exchange[FLOOR, FLOOR] = 0.0
    exchange[CEILING, UPPER_WALL] = floor - to_interface_up
    exchange[LOWER_WALL, FLOOR] = floor - to_interface_down
    exchange[CEILING, FLOOR] = through
    exchange[CEILING, LOWER_WALL] = to_interface_up - through
    exchange[UPPER_WALL, FLOOR] = to_interface_down - through
    exchange[UPPER_WALL, LOWER_WALL] = floor - to_interface_up - to_interface_down + through
    exchange[UPPER_WALL, UPPER_WALL] = areas_m2[UPPER_WALL] - 2.0 * exchange[CEILING, UPPER_WALL]
    exchange[LOWER_WALL, LOWER_WALL] = areas_m2[LOWER_WALL] - 2.0 * exchange[LOWER_WALL, FLOOR]
    for i in range(SURFACES):
        for j in range(i):
            exchange[max(i, j), min(i, j)] = exchange[min(i, j), max(i, j)]


@raising_kernel
def _path(i: int, j: int, upper_m: float, lower_m: float, half_m: float) -> tuple[float, float]:
    """Lengths in the upper and in the lower layer of the way between the middles of two surfaces."""
    heights = (upper_m + lower_m, lower_m + 0.5 * upper_m, 0.5 * lower_m, 0.0)
    top, low = max(heights[i], heights[j]), min(heights[i], heights[j])
    across = 0.0
    if i == j or (i in (UPPER_WALL, LOWER_WALL) and j in (UPPER_WALL, LOWER_WALL)):
        across = SIDEWAYS * half_m
    elif i in (UPPER_WALL, LOWER_WALL) or j in (UPPER_WALL, LOWER_WALL):
        across = half_m
    rise = top - low
    if rise <= 0.0:
        return (across, 0.0) if low >= lower_m else (0.0, across)
    stretch = math.sqrt(rise * rise + across * across) / rise
    above = max(0.0, top - max(low, lower_m))
    return above * stretch, (rise - above) * stretch


@raising_kernel
def radiate(  # noqa: C901, PLR0912 - one kernel, whose loops over paths belong together
    surface_k: Floats,
    areas_m2: Floats,
    materials: Floats,
    size: Floats,
    layers: Floats,
    fire_w: float,
    fire_m: float,
    exchange: Floats,
    scratch: Floats,
    result: Floats,
) -> None:
    """Fill ``result`` with the net flux into the four surfaces (W/m2), and the heat that upper and lower layer absorb (W).

    ``size`` is length, width, height of the upper and of the lower layer (m); ``layers[2]`` temperature (K), soot (kg/m3) and gas (atm)
    of the upper and lower one; the fire radiates ``fire_w`` from a point ``fire_m`` above the floor in the room's middle.
    ``scratch`` is ``[5, 4, 4]``.
    """
    length, width, upper_m, lower_m = size[0], size[1], size[2], size[3]
    half = length * width / (length + width)
    exchange_areas(areas_m2, length, width, upper_m, lower_m, exchange)
    upper_e = STEFAN_BOLTZMANN * layers[0, 0] ** 4
    lower_e = STEFAN_BOLTZMANN * layers[1, 0] ** 4
    through_u, through_l, falls = scratch[0], scratch[1], scratch[2, 0]
    leaving, arriving = scratch[2, 1], scratch[2, 2]
    for i in range(SURFACES):
        for j in range(i, SURFACES):
            above, below = _path(i, j, upper_m, lower_m, half)
            through_u[i, j] = through_u[j, i] = transmittance(
                above, layers[0, 1], layers[0, 2], layers[0, 0], layers[0, 0]
            )
            through_l[i, j] = through_l[j, i] = transmittance(
                below, layers[1, 1], layers[1, 2], layers[1, 0], layers[1, 0]
            )
    absorbed_u, absorbed_l = _fire(size, layers, fire_w, fire_m, falls)
    for i in range(SURFACES):
        leaving[i] = STEFAN_BOLTZMANN * surface_k[i] ** 4
    for _ in range(REFLECTIONS):
        for i in range(SURFACES):
            arriving[i] = falls[i]
            for j in range(SURFACES):
                tu, tl = through_u[i, j], through_l[i, j]
                # What comes from `j` passes the layer on its side first.
                if j <= i:
                    got = (leaving[j] * tu + (1.0 - tu) * upper_e) * tl + (1.0 - tl) * lower_e
                else:
                    got = (leaving[j] * tl + (1.0 - tl) * lower_e) * tu + (1.0 - tu) * upper_e
                arriving[i] += exchange[j, i] * got
        for i in range(SURFACES):
            e = materials[i, EMISSIVITY]
            leaving[i] = e * STEFAN_BOLTZMANN * surface_k[i] ** 4 + (1.0 - e) * arriving[i] / areas_m2[i]
    for i in range(SURFACES):
        arriving[i] = falls[i]
        for j in range(SURFACES):
            tu, tl = through_u[i, j], through_l[i, j]
            if j <= i:
                first = leaving[j] * tu + (1.0 - tu) * upper_e
                got = first * tl + (1.0 - tl) * lower_e
                absorbed_u += exchange[j, i] * (leaving[j] - first)
                absorbed_l += exchange[j, i] * (first - got)
            else:
                first = leaving[j] * tl + (1.0 - tl) * lower_e
                got = first * tu + (1.0 - tu) * upper_e
                absorbed_l += exchange[j, i] * (leaving[j] - first)
                absorbed_u += exchange[j, i] * (first - got)
            arriving[i] += exchange[j, i] * got
        result[i] = arriving[i] / areas_m2[i] - leaving[i]
    result[SURFACES], result[SURFACES + 1] = absorbed_u, absorbed_l


@raising_kernel
def _fire(size: Floats, layers: Floats, fire_w: float, fire_m: float, falls: Floats) -> tuple[float, float]:
    """Fill ``falls`` with the fire's radiation on each surface (W); return what the layers keep of it."""
    length, width, upper_m, lower_m = size[0], size[1], size[2], size[3]
    height = upper_m + lower_m
    up, down = plate_share(length, width, height - fire_m), plate_share(length, width, fire_m)
    at_interface = plate_share(length, width, abs(lower_m - fire_m))
    inside = fire_m < lower_m
    falls[CEILING], falls[FLOOR] = up, down
    falls[UPPER_WALL] = at_interface - up if inside else 1.0 - up - at_interface
    falls[LOWER_WALL] = 1.0 - at_interface - down if inside else at_interface - down
    half = length * width / (length + width)
    middles = (height, lower_m + 0.5 * upper_m, 0.5 * lower_m, 0.0)
    kept_u = kept_l = 0.0
    for i in range(SURFACES):
        rise = abs(middles[i] - fire_m)
        path = rise if i in (CEILING, FLOOR) else math.sqrt(rise * rise + half * half)
        top = max(middles[i], fire_m)
        share = min(1.0, max(0.0, top - lower_m) / rise) if rise > 0.0 else (0.0 if inside else 1.0)
        tu = transmittance(path * share, layers[0, 1], layers[0, 2], layers[0, 0], FLAME_K)
        tl = transmittance(path * (1.0 - share), layers[1, 1], layers[1, 2], layers[1, 0], FLAME_K)
        power = falls[i] * fire_w
        if inside:
            kept_l += power * (1.0 - tl)
            kept_u += power * tl * (1.0 - tu)
        else:
            kept_u += power * (1.0 - tu)
            kept_l += power * tu * (1.0 - tl)
        falls[i] = power * tu * tl
    return kept_u, kept_l
