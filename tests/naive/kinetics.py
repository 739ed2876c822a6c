"""The reactions of a cell as plain differential equations for scipy: slow, plain, and written apart from the kernel.

The state is [SEI, anode, film, cathode, electrolyte, second cathode, separator, temperature in degC].
"""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.integrate import solve_ivp

from sim_hardware.physics.chemistry import Chemistry, Reaction

Inflow = Callable[[float], float]
"""Power (W) that reaches the cell from outside at its temperature (degC)."""


def rate(reaction: Reaction, temp_degc: float) -> float:
    if reaction.a_per_s == 0.0 or temp_degc < reaction.above_degc:
        return 0.0
    kelvin = temp_degc + 273.15
    k = reaction.a_per_s * math.exp(-reaction.ea_j_per_mol / (8.314 * kelvin))
    if reaction.diffusion_a_per_s == 0.0:
        return k
    k_diffusion = reaction.diffusion_a_per_s * math.exp(-reaction.diffusion_ea_j_per_mol / (8.314 * kelvin))
    return k * k_diffusion / (k + k_diffusion)


def barrier(kind: Chemistry, sei: float, film: float) -> float:
    thickness = sei if kind.film_is_sei else min(film, kind.film_limit)
    return math.exp(-thickness / kind.film_scale)


def slopes(kind: Chemistry, y: npt.NDArray[np.float64], soc: float = 1.0) -> tuple[list[float], float]:
    """d/dt of the seven progresses, and the heat in W per m3 of a cell of that charge."""
    sei, anode, film, cathode, electrolyte, cathode_2, separator, temp = (float(value) for value in y)
    k_anode = rate(kind.anode, temp)
    if temp >= kind.anode_hot_degc:
        k_anode *= kind.anode_hot_a_per_s / kind.anode.a_per_s
    used = k_anode * barrier(kind, sei, film) * max(anode, 0.0)
    lost = rate(kind.sei, temp) * max(sei, 0.0) ** kind.sei_order
    gains = []
    for reaction, done in ((kind.cathode, cathode), (kind.cathode_2, cathode_2)):
        gains.append(rate(reaction, temp) * max(1.0 - done, 0.0) * (done if kind.autocatalytic else 1.0))
    burnt = rate(kind.electrolyte, temp) * max(electrolyte, 0.0)
    melted = rate(kind.separator, temp) * max(separator, 0.0)
    heat = kind.anode.heat_j_per_m3 * used + kind.cathode.heat_j_per_m3 * gains[0]
    heat += kind.cathode_2.heat_j_per_m3 * gains[1]
    heat *= kind.empty_content + (1.0 - kind.empty_content) * soc
    heat += kind.sei.heat_j_per_m3 * lost + kind.electrolyte.heat_j_per_m3 * burnt
    heat += kind.separator.heat_j_per_m3 * melted
    return [kind.sei_regrowth * used - lost, -used, used, gains[0], -burnt, gains[1], -melted], heat


State = npt.NDArray[np.float64]


def fresh(kind: Chemistry, temp_degc: float) -> State:
    start = [kind.sei.start, kind.anode.start, kind.film_start, kind.cathode.start, kind.electrolyte.start]
    return np.array([*start, kind.cathode_2.start, kind.separator.start, temp_degc])


def integrate(
    kind: Chemistry,
    start: State,
    until_s: float,
    volume_m3: float,
    inflow: Inflow = lambda _: 0.0,
    max_step_s: float = 20.0,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Times (s) and states of a fully charged cell without electrical energy, vent or ejecta."""

    def slope(_: float, y: npt.NDArray[np.float64]) -> list[float]:
        progress, heat = slopes(kind, y)
        return [*progress, (heat * volume_m3 + inflow(float(y[-1]))) / (kind.j_per_m3_k * volume_m3)]

    out = solve_ivp(slope, (0.0, until_s), start, method="LSODA", rtol=1e-8, atol=1e-11, max_step=max_step_s)
    return np.asarray(out.t), np.asarray(out.y)


def self_heating_k_per_s(kind: Chemistry, y: State) -> float:
    return slopes(kind, y)[1] / kind.j_per_m3_k


def arc(kind: Chemistry, until_s: float, start_degc: float = 50.0) -> tuple[float, float, float]:
    """Onset (0.02 K/min), T2 (1 K/s) and T3 (highest), degC, of heat-wait-search: 5 K and 30 min a step."""
    y = fresh(kind, start_degc)
    while self_heating_k_per_s(kind, y) < 0.02 / 60.0:
        y[-1] += 5.0
        began_degc = y[-1]
        _, course = integrate(kind, y, 1800.0, 1.0)
        y = course[:, -1].copy()
        if self_heating_k_per_s(kind, y) < 0.02 / 60.0:
            y[-1] = began_degc
    _, course = integrate(kind, y, until_s, 1.0, max_step_s=60.0)
    speed = np.log([self_heating_k_per_s(kind, course[:, k]) for k in range(course.shape[1])])
    k = int(np.argmax(speed >= 0.0))
    t2 = float(np.interp(0.0, speed[k - 1 : k + 1], course[-1, k - 1 : k + 1]))
    return float(y[-1]), t2, float(course[-1].max())
