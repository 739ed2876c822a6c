"""A fire's plume in a room of two layers, after Heskestad (CFAST 8 technical reference, chapter 4). SI units."""

import math

from drivers.compiled.door import raising_kernel

GRAVITY = 9.81
AIR_J_PER_KG_K = 1012.0
"""CFAST 8 technical reference."""
GAMMA = 1.4
GAS_J_PER_KG_K = AIR_J_PER_KG_K * (GAMMA - 1.0) / GAMMA
"""Gas constant of air that belongs to these two."""
ATMOSPHERE_PA = 101325.0
FREE, AT_WALL, IN_CORNER = 1.0, 2.0, 4.0
"""Images of a fire in the walls beside it: entrainment 1, 0.63 and 0.40 of that of a free plume."""
O2_J_PER_KG = 13.1e6
"""Heat per kilogram of oxygen used (Huggett)."""
O2_LIMIT = 0.15
"""Mass fraction of oxygen at which a flame goes out (CFAST's default)."""


@raising_kernel
def _strength(power_w: float, diameter_m: float, air_k: float) -> float:
    """``Q* = Q / (rho cp T sqrt(g D) D^2)``; ``rho T`` is a constant of the pressure."""
    rho_t = ATMOSPHERE_PA / GAS_J_PER_KG_K
    density = rho_t / air_k
    return power_w / (density * AIR_J_PER_KG_K * air_k * math.sqrt(GRAVITY * diameter_m) * diameter_m * diameter_m)


@raising_kernel
def virtual_origin_m(power_w: float, diameter_m: float, air_k: float) -> float:
    """Height of the plume's virtual origin over the fire's base: ``z0/D = -1.02 + 1.4 Q*^0.4``."""
    return float(diameter_m * (-1.02 + 1.4 * _strength(power_w, diameter_m, air_k) ** 0.4))


@raising_kernel
def flame_height_m(power_w: float, diameter_m: float, air_k: float) -> float:
    """Mean height of the flame: ``L/D = -1.02 + 3.7 Q*^0.4``, not below zero."""
    return float(max(0.0, diameter_m * (-1.02 + 3.7 * _strength(power_w, diameter_m, air_k) ** 0.4)))


@raising_kernel
def _above_flame(power_w: float, convective_w: float, height_m: float, diameter_m: float, air_k: float) -> float:
    density = ATMOSPHERE_PA / (GAS_J_PER_KG_K * air_k)
    risen = max(0.0, height_m - virtual_origin_m(power_w, diameter_m, air_k)) ** (5.0 / 3.0)
    if risen <= 0.0:
        return 0.0
    scale = (GRAVITY * density * density / (AIR_J_PER_KG_K * air_k)) ** (1.0 / 3.0)
    hot = convective_w ** (2.0 / 3.0) / (math.sqrt(GRAVITY) * AIR_J_PER_KG_K * density * air_k) ** (2.0 / 3.0)
    return float(0.196 * scale * convective_w ** (1.0 / 3.0) * risen * (1.0 + 2.9 * hot / risen))


@raising_kernel
def entrainment_kg_per_s(
    power_w: float, convective_w: float, height_m: float, diameter_m: float, images: float, air_k: float
) -> float:
    """Air that the plume has taken in up to ``height_m`` above the fire's base.

    ``images`` is `FREE`, `AT_WALL` or `IN_CORNER`: the fire and its images burn as one, of which this is a part. Below the
    flame's tip entrainment grows in proportion to height.
    """
    if height_m <= 0.0 or convective_w <= 0.0:
        return 0.0
    power, convective, diameter = power_w * images, convective_w * images, diameter_m * math.sqrt(images)
    tip = flame_height_m(power, diameter, air_k)
    if height_m >= tip:
        return _above_flame(power, convective, height_m, diameter, air_k) / images
    return _above_flame(power, convective, tip, diameter, air_k) * height_m / tip / images


@raising_kernel
def oxygen_factor(o2_mass_fraction: float) -> float:
    """``C_LOL``: 1 in air, 0 below the limiting oxygen, smooth between (CFAST 8 technical reference)."""
    return 0.5 * (math.tanh(800.0 * (o2_mass_fraction - O2_LIMIT) - 4.0) + 1.0)


@raising_kernel
def burning_limit_w(entrained_kg_per_s: float, o2_mass_fraction: float) -> float:
    """Most heat that entrained air can feed: ``me Y_O2 13.1 MJ/kg C_LOL``."""
    return entrained_kg_per_s * o2_mass_fraction * O2_J_PER_KG * oxygen_factor(o2_mass_fraction)
