"""Terminal voltage of the cells: open-circuit voltage, load, sag by an internal short, collapse at runaway."""

from drivers.compiled.door import raising_kernel
from sim_hardware.physics import chemistry as ch
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.cell import COLLAPSE, SOC

OVERCHARGED_V = 1.2
"""Rise of the open-circuit voltage beyond full, per capacity charged (assumed: 4.7 V at 140 %)."""


@raising_kernel
def open_circuit_v(soc: float, kin: Floats) -> float:
    """Open-circuit voltage (V) at a state of charge, linear between the points of the chemistry's curve and beyond 1."""
    x = min(max(soc, 0.0), 1.0) * (ch.OCV_POINTS - 1)
    k = min(int(x), ch.OCV_POINTS - 2)
    beyond = OVERCHARGED_V * max(0.0, soc - 1.0)
    return float(kin[ch.OCV + k] + (x - k) * (kin[ch.OCV + k + 1] - kin[ch.OCV + k]) + beyond)


@raising_kernel
def terminal_voltages(
    state: Floats, amps: float, short_w: Floats, resistance_ohm: Floats, kin: Floats, voltage_v: Floats
) -> None:
    """Fill ``voltage_v[cells]`` of cells in one string from their state."""
    for i in range(voltage_v.shape[0]):
        ocv = open_circuit_v(state[SOC, i], kin)
        through_a = amps
        if short_w[i] > 0.0:
            through_a -= short_w[i] / ocv
        voltage_v[i] = max(0.0, (ocv + through_a * resistance_ohm[i]) * (1.0 - state[COLLAPSE, i]))
