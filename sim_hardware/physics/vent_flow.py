"""Flow through openings between a room of two layers and the outside (CFAST 8 technical reference, chapter 5).

An opening is a row ``[sill_m, head_m, width_m]`` of an array. The pressure difference is linear in each layer; every piece of an
opening lies in one layer and on one side of the neutral plane. Volumes leave and enter at the density of where they come from.
"""

import math

from drivers.compiled.door import raising_kernel
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.fire_plume import GRAVITY

DISCHARGE_COEFFICIENT = 0.7
SILL, HEAD, WIDTH = range(3)
OUT_UPPER, OUT_LOWER, IN, IN_ABOVE, ABOVE_WIDTH, FLOWS = range(6)
"""Entries of a result: volumes in m3/s; `IN_ABOVE` is the part of `IN` that comes in above the interface, through `ABOVE_WIDTH` m."""


@raising_kernel
def _piece_m3_per_s(height_m: float, width_m: float, below_pa: float, above_pa: float, density: float) -> float:
    """``2/3 C sqrt(2/rho) w h (a + sqrt(ab) + b)/(sqrt a + sqrt b)`` for pressures ``a``, ``b`` of one sign at its ends."""
    root_a, root_b = math.sqrt(abs(below_pa)), math.sqrt(abs(above_pa))
    if root_a + root_b <= 0.0:
        return 0.0
    mean = (root_a * root_a + root_a * root_b + root_b * root_b) / (root_a + root_b)
    return 2.0 / 3.0 * DISCHARGE_COEFFICIENT * math.sqrt(2.0 / density) * width_m * height_m * mean


@raising_kernel
def _add(
    height: float, width: float, below: float, above: float, inside: float, outside: float, upper: bool, flows: Floats
) -> None:
    """Add the flow of a piece of an opening that lies in one layer and on one side of the neutral plane."""
    if below + above > 0.0:
        flows[OUT_UPPER if upper else OUT_LOWER] += _piece_m3_per_s(height, width, below, above, inside)
        return
    volume = _piece_m3_per_s(height, width, below, above, outside)
    flows[IN] += volume
    if upper and volume > 0.0:
        flows[IN_ABOVE] += volume
        flows[ABOVE_WIDTH] = max(flows[ABOVE_WIDTH], width)


@raising_kernel
def _slab(
    bottom: float,
    top: float,
    width: float,
    below: float,
    above: float,
    inside: float,
    outside: float,
    upper: bool,
    flows: Floats,
) -> None:
    """Add the flows of a piece of an opening that lies in one layer; the neutral plane may cut it."""
    if top <= bottom:
        return
    if below * above < 0.0:
        middle = (top - bottom) * below / (below - above)
        _add(middle, width, below, 0.0, inside, outside, upper, flows)
        _add(top - bottom - middle, width, 0.0, above, inside, outside, upper, flows)
    else:
        _add(top - bottom, width, below, above, inside, outside, upper, flows)


@raising_kernel
def vent_flows(
    floor_pa: float,
    interface_m: float,
    lower_kg_per_m3: float,
    upper_kg_per_m3: float,
    outside_kg_per_m3: float,
    vents: Floats,
    flows: Floats,
) -> None:
    """Fill ``flows`` with what goes through all openings at a pressure ``floor_pa`` over the outside at the floor."""
    for k in range(FLOWS):
        flows[k] = 0.0
    lower_slope = GRAVITY * (outside_kg_per_m3 - lower_kg_per_m3)
    upper_slope = GRAVITY * (outside_kg_per_m3 - upper_kg_per_m3)
    at_interface = floor_pa + lower_slope * interface_m
    for k in range(vents.shape[0]):
        sill, head, width = vents[k, SILL], vents[k, HEAD], vents[k, WIDTH]
        if width <= 0.0:
            continue
        top = min(head, interface_m)
        below, above = floor_pa + lower_slope * sill, floor_pa + lower_slope * top
        _slab(sill, top, width, below, above, lower_kg_per_m3, outside_kg_per_m3, False, flows)
        bottom = max(sill, interface_m)
        below = at_interface + upper_slope * (bottom - interface_m)
        above = at_interface + upper_slope * (head - interface_m)
        _slab(bottom, head, width, below, above, upper_kg_per_m3, outside_kg_per_m3, True, flows)


@raising_kernel
def spill_kg_per_s(
    volume_m3_per_s: float,
    cold_k: float,
    hot_k: float,
    cold_kg_per_m3: float,
    width_m: float,
    depth_m: float,
    heat_j_per_kg_k: float,
) -> float:
    """Hot gas that cold air drags down where it falls through it on its way in: Poreh's spill plume, turned over.

    ``m = 0.44 (Tc/Th)^(2/3) (g rho^2/(cp T))^(1/3) h^(1/3) w^(2/3) depth`` with the enthalpy ``h`` by which the streams differ.
    """
    if hot_k <= cold_k or volume_m3_per_s <= 0.0:
        return 0.0
    enthalpy_w = heat_j_per_kg_k * (hot_k - cold_k) * volume_m3_per_s * cold_kg_per_m3
    scale = (GRAVITY * cold_kg_per_m3 * cold_kg_per_m3 / (heat_j_per_kg_k * cold_k)) ** (1.0 / 3.0)
    return float(
        0.44 * (cold_k / hot_k) ** (2.0 / 3.0) * scale * enthalpy_w ** (1.0 / 3.0) * width_m ** (2.0 / 3.0) * depth_m
    )
