"""Terminal voltage of the cells: open-circuit voltage, load, sag by an internal short, collapse at runaway."""

import numpy as np
from numba import njit

from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.cell import COLLAPSE, SOC

OCV_V = np.array([3.00, 3.50, 3.60, 3.66, 3.72, 3.78, 3.85, 3.93, 4.01, 4.09, 4.18])
"""Open-circuit voltage of LCO/graphite at 0, 10 .. 100 % state of charge (assumed curve of the usual form)."""
NOMINAL_V = 3.7
"""Mean voltage that turns ampere-hours into stored energy."""


@njit(cache=True, nogil=True)
def open_circuit_v(soc: float) -> float:
    """Open-circuit voltage (V) at a state of charge of 0..1, linear between the points of the curve."""
    x = min(max(soc, 0.0), 1.0) * 10.0
    k = min(int(x), 9)
    return float(OCV_V[k] + (x - k) * (OCV_V[k + 1] - OCV_V[k]))


@njit(cache=True, nogil=True)
def terminal_voltages(
    state: Floats, current_a: Floats, short_w: Floats, resistance_ohm: Floats, voltage_v: Floats
) -> None:
    """Fill ``voltage_v[cells]`` from the state; ``current_a`` per rack, cells of a rack lie together."""
    racks = current_a.shape[0]
    per_rack = voltage_v.shape[0] // racks
    for rack in range(racks):
        for i in range(rack * per_rack, (rack + 1) * per_rack):
            ocv = open_circuit_v(state[SOC, i])
            through_a = current_a[rack]
            if short_w[i] > 0.0:
                through_a -= short_w[i] / ocv
            voltage_v[i] = max(0.0, (ocv + through_a * resistance_ohm[i]) * (1.0 - state[COLLAPSE, i]))
