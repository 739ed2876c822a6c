"""Heat conduction into a room's ceiling, upper wall, lower wall and floor: finite volumes, implicit, one dimension each."""

from drivers.compiled.door import raising_kernel
from sim_hardware.physics.arrays import Floats

CEILING, UPPER_WALL, LOWER_WALL, FLOOR, SURFACES = range(5)
NODES = 8
"""Cells through a wall; each is `GROWTH` times as thick as the one before it, the first thin enough to be its surface."""
GROWTH = 1.8
CONDUCTIVITY, HEAT_PER_M3, EMISSIVITY, OUT_W_PER_M2_K, MATERIAL = range(5)
"""Entries of a surface's material: W/m K, J/m3 K, -, and the transfer from its back to the outside."""


@raising_kernel
def wall_step(
    temps: Floats,
    cells_m: Floats,
    material: Floats,
    work: Floats,
    flux_w_per_m2: float,
    slope: float,
    outside_k: float,
    dt_s: float,
) -> tuple[float, float]:
    """Advance one surface's cells; return what went in at the front and out at the back in J/m2.

    The front takes ``flux - slope (T' - T)``: the flux follows the surface as it warms, so that any step is stable. ``work`` is scratch
    ``[2, nodes]``. Tridiagonal, O(nodes).
    """
    count = temps.shape[0]
    conductivity, heat = material[CONDUCTIVITY], material[HEAT_PER_M3]
    surface = temps[0]
    # Thomas' algorithm with the coefficients made on the way; `left` is the conductance to the node before.
    back = 1.0 / (0.5 * cells_m[count - 1] / conductivity + 1.0 / max(material[OUT_W_PER_M2_K], 1e-9))
    ratio, value = 0.0, 0.0
    left = 0.0
    for k in range(count):
        right = back if k == count - 1 else 2.0 * conductivity / (cells_m[k] + cells_m[k + 1])
        diagonal = heat * cells_m[k] / dt_s + left + right
        given = heat * cells_m[k] / dt_s * temps[k]
        if k == 0:
            diagonal += slope
            given += flux_w_per_m2 + slope * surface
        if k == count - 1:
            given += back * outside_k
        pivot = diagonal - left * ratio
        value = (given + left * value) / pivot
        ratio = right / pivot if k < count - 1 else 0.0
        work[0, k], work[1, k] = value, ratio
        left = right
    temps[count - 1] = work[0, count - 1]
    for k in range(count - 2, -1, -1):
        temps[k] = work[0, k] + work[1, k] * temps[k + 1]
    front_j = (flux_w_per_m2 - slope * (temps[0] - surface)) * dt_s
    return front_j, back * (temps[count - 1] - outside_k) * dt_s


@raising_kernel
def share_walls(walls: Floats, before_m2: float, after_m2: float, total_m2: float) -> None:
    """Move wall from the lower to the upper profile, or back, as the interface moves; the walls keep their heat."""
    if after_m2 > before_m2:
        part = (after_m2 - before_m2) / after_m2
        for k in range(walls.shape[1]):
            walls[UPPER_WALL, k] += part * (walls[LOWER_WALL, k] - walls[UPPER_WALL, k])
    elif after_m2 < before_m2:
        part = (before_m2 - after_m2) / (total_m2 - after_m2)
        for k in range(walls.shape[1]):
            walls[LOWER_WALL, k] += part * (walls[UPPER_WALL, k] - walls[LOWER_WALL, k])
