"""Ceiling jet and the element of a heat detector (CFAST 8 technical reference)."""

import math

AIR_KG_PER_M3, AIR_J_PER_KG_K, GRAVITY = 1.2, 1012.0, 9.81
STILL_AIR_M_PER_S = 0.1
"""Least air speed at an element in a room without fire (assumed: natural draught)."""


def ceiling_jet(power_w: float, radius_m: float, height_m: float, air_degc: float) -> tuple[float, float]:
    """Excess temperature (K) and speed (m/s) of the ceiling jet of a plume of ``power_w`` (convective)."""
    if power_w <= 0.0:
        return 0.0, 0.0
    air_k = air_degc + 273.15
    strength = power_w / (AIR_KG_PER_M3 * AIR_J_PER_KG_K * air_k * math.sqrt(GRAVITY) * height_m**2.5)
    ratio = radius_m / height_m
    near = ratio <= 0.2  # noqa: PLR2004 - the limit of the correlation
    rise = air_k * strength ** (2 / 3) * (6.3 if near else (0.225 + 0.27 * ratio) ** (-4 / 3))
    slow = ratio <= 0.17  # noqa: PLR2004 - the limit of the correlation
    speed = math.sqrt(GRAVITY * height_m) * strength ** (1 / 3) * (3.61 if slow else 1.06 * ratio**-0.69)
    return rise, speed


def element_step(element_degc: float, gas_degc: float, speed_m_per_s: float, rti: float, dt_s: float) -> float:
    """Temperature of an element after ``dt_s``: ``dT/dt = sqrt(v)/RTI (Tg - T)``, solved exactly; RTI in (m s)^0.5."""
    rate = math.sqrt(max(speed_m_per_s, STILL_AIR_M_PER_S)) / rti
    return gas_degc + (element_degc - gas_degc) * math.exp(-rate * dt_s)
