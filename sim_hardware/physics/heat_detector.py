"""Ceiling jet and the element of a heat detector (CFAST 8 technical reference, chapters 4 and 7)."""

import math

from sim_hardware.physics.fire_plume import AIR_J_PER_KG_K, GRAVITY

AIR_KG_PER_M3 = 1.2
STILL_AIR_M_PER_S = 0.1
"""Least air speed at an element in a room without fire (assumed: natural draught)."""
NEAR, NEAR_SPEED = 0.2, 0.17
"""Distance over height within which the jet is as hot, and as fast, as the plume that feeds it."""


def ceiling_jet(power_w: float, radius_m: float, height_m: float, air_degc: float) -> tuple[float, float]:
    """Excess temperature (K) and speed (m/s) of the ceiling jet ``radius_m`` from a plume of ``power_w``, ``height_m`` above its fire.

    ``air_degc`` is that of the air around it: of the upper layer, where there is one. The correlation was made with the whole heat of
    fires that radiate little; with the convective heat alone, as the plant gives it, it is on the late side.
    """
    if power_w <= 0.0:
        return 0.0, 0.0
    air_k = air_degc + 273.15
    strength = power_w / (AIR_KG_PER_M3 * AIR_J_PER_KG_K * air_k * math.sqrt(GRAVITY) * height_m**2.5)
    ratio = radius_m / height_m
    rise = air_k * strength ** (2 / 3) * (6.3 if ratio <= NEAR else (0.225 + 0.27 * ratio) ** (-4 / 3))
    speed = math.sqrt(GRAVITY * height_m) * strength ** (1 / 3) * (3.61 if ratio <= NEAR_SPEED else 1.06 * ratio**-0.69)
    return rise, speed


def element_step(element_degc: float, gas_degc: float, speed_m_per_s: float, rti: float, dt_s: float) -> float:
    """Temperature of an element after ``dt_s``: ``dT/dt = sqrt(v)/RTI (Tg - T)``, solved exactly; RTI in (m s)^0.5."""
    rate = math.sqrt(max(speed_m_per_s, STILL_AIR_M_PER_S)) / rti
    return gas_degc + (element_degc - gas_degc) * math.exp(-rate * dt_s)
