"""The two layers of a room: their temperatures, what a fire makes of the lower one's air, and gas that moves between them."""

from drivers.compiled.door import raising_kernel
from sim_hardware.physics import room_layout as at
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.fire_plume import (
    AIR_J_PER_KG_K,
    ATMOSPHERE_PA,
    GAS_J_PER_KG_K,
    burning_limit_w,
    entrainment_kg_per_s,
)

O2_WEIGHT = 32.0 / 28.96
"""Mass fraction over mole fraction of oxygen in air."""


@raising_kernel
def temperature_k(volume_m3: float, mass_kg: float, pressure_pa: float) -> float:
    """Temperature of a layer."""
    return (ATMOSPHERE_PA + pressure_pa) * volume_m3 / (GAS_J_PER_KG_K * mass_kg)


@raising_kernel
def move(state: Floats, held: Floats, volume_m3: float, source: int, room_m3: float) -> None:
    """Move gas from layer ``source`` to the other at their common pressure."""
    upper_m3 = state[at.VOLUME_U]
    have = upper_m3 if source == at.UPPER else room_m3 - upper_m3
    if volume_m3 <= 0.0 or have <= 0.0:
        return
    part = min(1.0, volume_m3 / have)
    target = at.LOWER if source == at.UPPER else at.UPPER
    mass = part * (state[at.MASS_U] if source == at.UPPER else state[at.MASS_L])
    sign = -1.0 if source == at.UPPER else 1.0
    state[at.MASS_U] += sign * mass
    state[at.MASS_L] -= sign * mass
    state[at.VOLUME_U] = 0.0 if source == at.UPPER and part >= 1.0 else upper_m3 + sign * part * have
    for k in range(at.KINDS):
        moved = part * held[source, k]
        held[source, k] -= moved
        held[target, k] += moved
    if state[at.VOLUME_U] <= 0.0:
        state[at.MASS_U] = 0.0


@raising_kernel
def density(volume_m3: float, mass_kg: float, agent: float, weight: float) -> float:
    """True density of a layer: agent weighs what it weighs."""
    return (mass_kg + (weight - 1.0) * agent) / volume_m3


@raising_kernel
def burn(state: Floats, held: Floats, room: Floats, inputs: Floats) -> tuple[float, float]:
    """Set what flames and plume of this sub-step do; return the fire's convective and radiant heat in W.

    Flames get the oxygen that the plume takes in below and, where that is short, above the interface; what else heats the plume
    (cells burn by themselves) needs none. The plume cannot rise through a layer hotter than itself.
    """
    wanted = inputs[at.CONVECTIVE_W] + inputs[at.RADIANT_W]
    state[at.BURNT_W] = state[at.ENTRAINED] = 0.0
    if wanted <= 0.0:
        return 0.0, 0.0
    upper_m3, lower_m3 = state[at.VOLUME_U], room[at.ROOM_V] - state[at.VOLUME_U]
    interface = room[at.ROOM_H] * lower_m3 / room[at.ROOM_V]
    convective = inputs[at.CONVECTIVE_W]
    rise = interface - inputs[at.FIRE_M]
    entrained = entrainment_kg_per_s(
        wanted, convective, rise, inputs[at.FIRE_D], inputs[at.IMAGES], inputs[at.OUTSIDE_K]
    )
    scale = 1.0
    if inputs[at.FLAMES_W] > 0.0:
        limit = burning_limit_w(entrained, O2_WEIGHT * held[at.LOWER, at.O2] / state[at.MASS_L])
        if limit < inputs[at.FLAMES_W] and upper_m3 > 0.0:
            above = entrainment_kg_per_s(
                wanted,
                convective,
                room[at.ROOM_H] - inputs[at.FIRE_M],
                inputs[at.FIRE_D],
                inputs[at.IMAGES],
                inputs[at.OUTSIDE_K],
            )
            limit += burning_limit_w(max(0.0, above - entrained), O2_WEIGHT * held[at.UPPER, at.O2] / state[at.MASS_U])
        state[at.BURNT_W] = min(inputs[at.FLAMES_W], limit)
        scale = 1.0 - (inputs[at.FLAMES_W] - state[at.BURNT_W]) / wanted
    convective *= scale
    if upper_m3 > 0.0:
        warmer = temperature_k(upper_m3, state[at.MASS_U], state[at.PRESSURE]) - temperature_k(
            lower_m3, state[at.MASS_L], state[at.PRESSURE]
        )
        if warmer > 0.0:
            entrained = min(entrained, convective / (AIR_J_PER_KG_K * warmer))
    state[at.ENTRAINED] = entrained
    return convective, scale * inputs[at.RADIANT_W]
