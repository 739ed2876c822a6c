"""How long a flooded room holds its agent: leaks with a sharp descending interface, continuous mixing, exhaust and water.

The heavy mixture flows out through the lower leaks and air comes in through the upper ones, so that an interface descends:
NFPA 2001 annex C, ISO 14520-1 annex E. Exhaust or stirring water make it continuous mixing. Pure, compiled functions in SI units,
with the leakage law ``Q = k1 dP^n`` of a door-fan test (``k1`` in m3/(s Pa^n), for air).
"""

import math

from drivers.compiled.door import raising_kernel

GRAVITY = 9.81
DOOR_FAN_CD = 0.61
"""Discharge coefficient of the equivalent leakage area (NFPA 2001 annex C)."""
DOOR_FAN_PA = 10.0
"""Pressure at which that area is stated (NFPA 2001 annex C)."""
LEAK_EXPONENT = 0.65
"""Exponent of an enclosure whose door-fan test is not known (assumed; 0.5 a hole, 1 a porous wall)."""
LOWER_SHARE = 0.5
"""Share F of the leaks that lies below: the worst case, which the standards take when it is not measured."""
SPRAYED_M3_PER_LITRE = 1.0
"""Gas that falling drops drag down with them, per litre of water: 80 L/min at 10 m/s over 5 m2 drag some 1.3 m3/s (assumed)."""
_BISECTIONS = 50


@raising_kernel
def leakage_coefficient(area_m2: float, exponent: float, air_kg_per_m3: float) -> float:
    """``k1`` of an equivalent leakage area: the two flow alike at `DOOR_FAN_PA`."""
    return float(DOOR_FAN_CD * area_m2 * math.sqrt(2.0 * DOOR_FAN_PA / air_kg_per_m3) / DOOR_FAN_PA**exponent)


@raising_kernel
def leakage_area_m2(coefficient: float, exponent: float, air_kg_per_m3: float) -> float:
    """Equivalent leakage area of ``k1``: the inverse of `leakage_coefficient`."""
    return float(coefficient * DOOR_FAN_PA**exponent / (DOOR_FAN_CD * math.sqrt(2.0 * DOOR_FAN_PA / air_kg_per_m3)))


@raising_kernel
def mixture_kg_per_m3(fraction: float, agent_kg_per_m3: float, air_kg_per_m3: float) -> float:
    """Density of agent in air: ``rm = re c + ra (1 - c)``, with the vapour's density ``re`` at the room's temperature."""
    return agent_kg_per_m3 * fraction + air_kg_per_m3 * (1.0 - fraction)


@raising_kernel
def outflow_terms(
    mixture: float, air: float, coefficient: float, exponent: float, lower_share: float, bias_pa: float
) -> tuple[float, float, float]:
    """``k2``, ``k3``, ``k4`` of the standards, of which the outflow is ``k2 F (k3 H + k4)^n`` in m3/s.

    ``mixture`` and ``air`` are densities (kg/m3), ``bias_pa`` a steady pressure of the room over its surroundings.
    """
    upper = (lower_share / (1.0 - lower_share)) ** (1.0 / exponent)
    k2 = coefficient * (0.5 * air) ** exponent
    k3 = 2.0 * GRAVITY * max(0.0, mixture - air) / (mixture + air * upper)
    return k2, k3, 2.0 * bias_pa / mixture


@raising_kernel
def outflow_m3_per_s(
    interface_m: float,
    mixture: float,
    air: float,
    coefficient: float,
    exponent: float,
    lower_share: float,
    bias_pa: float,
) -> float:
    """Mixture that leaves through the lower leaks while it stands up to ``interface_m`` above the floor."""
    k2, k3, k4 = outflow_terms(mixture, air, coefficient, exponent, lower_share, bias_pa)
    return float(k2 * lower_share * max(0.0, k3 * interface_m + k4) ** exponent)


@raising_kernel
def descended_m(
    interface_m: float,
    dt_s: float,
    floor_m2: float,
    mixture: float,
    air: float,
    coefficient: float,
    exponent: float,
    lower_share: float,
    bias_pa: float,
) -> float:
    """Height of the interface after ``dt_s``, solved exactly: stable for any step. 0 when all has run out."""
    k2, k3, k4 = outflow_terms(mixture, air, coefficient, exponent, lower_share, bias_pa)
    drive = k3 * interface_m + k4
    if drive <= 0.0:
        return interface_m
    if k3 * interface_m <= 1e-9 * k4 or k3 <= 0.0:
        return float(max(0.0, interface_m - k2 * lower_share * drive**exponent / floor_m2 * dt_s))
    rest = 1.0 - exponent
    left = drive**rest - rest * k2 * lower_share * k3 / floor_m2 * dt_s
    return 0.0 if left <= 0.0 else max(0.0, (left ** (1.0 / rest) - k4) / k3)


@raising_kernel
def hold_time_s(
    volume_m3: float,
    height_m: float,
    protected_m: float,
    mixture: float,
    air: float,
    coefficient: float,
    exponent: float,
    lower_share: float = LOWER_SHARE,
    bias_pa: float = 0.0,
) -> float:
    """Time until the interface falls from the ceiling to ``protected_m``; infinite for a mixture no heavier than air.

    ``t = V/H0 [(k3 H0 + k4)^(1-n) - (k3 He + k4)^(1-n)] / [(1 - n) k2 F k3]``, for ``n`` below 1.
    """
    k2, k3, k4 = outflow_terms(mixture, air, coefficient, exponent, lower_share, bias_pa)
    if k3 <= 0.0 or coefficient <= 0.0:
        return math.inf
    rest = 1.0 - exponent
    fall = (k3 * height_m + k4) ** rest - (k3 * protected_m + k4) ** rest
    return float(volume_m3 / height_m * fall / (rest * k2 * lower_share * k3))


@raising_kernel
def mixed_fraction(fraction: float, flow_m3_per_s: float, volume_m3: float, dt_s: float) -> float:
    """Agent after ``dt_s`` of continuous mixing: ``c = c0 exp(-q t/V)``."""
    return fraction * math.exp(-flow_m3_per_s * dt_s / volume_m3)


@raising_kernel
def mixed_hold_time_s(volume_m3: float, flow_m3_per_s: float, share_left: float) -> float:
    """Time until a stirred room that changes ``flow_m3_per_s`` of air has ``share_left`` (0.85) of its concentration."""
    return math.inf if flow_m3_per_s <= 0.0 else -math.log(share_left) * volume_m3 / flow_m3_per_s


@raising_kernel
def _through(pressure_pa: float, coefficient: float, exponent: float) -> float:
    """Signed flow through leaks; positive with the pressure."""
    flow = float(coefficient * abs(pressure_pa) ** exponent)
    return flow if pressure_pa >= 0.0 else -flow


@raising_kernel
def leak_flows_m3_per_s(
    interface_m: float,
    mixture: float,
    air: float,
    coefficient: float,
    exponent: float,
    lower_share: float,
    exhaust_m3_per_s: float,
) -> tuple[float, float]:
    """Outflow of mixture below and inflow of air above, while a fan draws ``exhaust_m3_per_s`` from the upper part.

    A negative outflow is air that the fan draws in through the lower leaks, a negative inflow is gas that goes out above. The floor's
    pressure is found by bisection; without exhaust it is the standards' outflow at ``bias_pa`` 0.
    """
    column_pa = GRAVITY * (mixture - air) * interface_m
    reach = abs(column_pa) + (abs(exhaust_m3_per_s) / coefficient) ** (1.0 / exponent) / min(
        lower_share, 1.0 - lower_share
    )
    low, high = -reach * mixture / air - 1.0, reach * mixture / air + 1.0
    below = coefficient * lower_share * (air / mixture) ** exponent
    above = coefficient * (1.0 - lower_share)
    for _ in range(_BISECTIONS):
        floor_pa = 0.5 * (low + high)
        if _through(column_pa - floor_pa, above, exponent) - _through(floor_pa, below, exponent) > exhaust_m3_per_s:
            low = floor_pa
        else:
            high = floor_pa
    out = _through(0.5 * (low + high), below, exponent)
    return out, out + exhaust_m3_per_s


@raising_kernel
def spray_mixing_m3_per_s(water_lpm: float) -> float:
    """Gas that falling water drags from above the interface to below it, and that comes up again elsewhere."""
    return max(0.0, water_lpm) / 60.0 * SPRAYED_M3_PER_LITRE


@raising_kernel
def hold_step(
    interface_m: float,
    lower: float,
    upper: float,
    agent: float,
    air: float,
    volume_m3: float,
    height_m: float,
    coefficient: float,
    exponent: float,
    lower_share: float,
    exhaust_m3_per_s: float,
    water_lpm: float,
    dt_s: float,
) -> tuple[float, float, float]:
    """Interface (m) and the agent's fractions below and above it after ``dt_s``; agent is conserved but for what flows out.

    ``agent`` and ``air`` are densities. The lower layer loses mixture through the lower leaks, or takes in and is thinned by the air
    that a fan draws through them; the fan draws from the upper layer (from the mixture when that fills the room), so that air which
    comes in above goes straight to it unless water stirs the room.
    """
    floor_m2 = volume_m3 / height_m
    mixture = mixture_kg_per_m3(lower, agent, air)
    out, inflow = leak_flows_m3_per_s(interface_m, mixture, air, coefficient, exponent, lower_share, exhaust_m3_per_s)
    below_m3, above_m3 = interface_m * floor_m2, volume_m3 - interface_m * floor_m2
    agent_below, agent_above = lower * below_m3, upper * above_m3
    moved = min(out * dt_s, below_m3)
    below_m3 -= moved
    agent_below -= max(0.0, moved) * lower
    # Whatever leaves above goes with the upper layer's share first; a full room gives mixture.
    drawn = max(0.0, exhaust_m3_per_s - min(0.0, inflow)) * dt_s
    from_above = min(drawn, above_m3)
    agent_above -= from_above * upper
    above_m3 += max(0.0, inflow) * dt_s - from_above
    from_below = min(drawn - from_above, below_m3)
    agent_below -= from_below * lower
    below_m3 -= from_below
    scale = volume_m3 / max(1e-9, below_m3 + above_m3)
    below_m3, above_m3 = below_m3 * scale, above_m3 * scale
    lower = agent_below / below_m3 if below_m3 > 0.0 else 0.0
    upper = agent_above / above_m3 if above_m3 > 0.0 else 0.0
    if water_lpm > 0.0 and below_m3 > 0.0 and above_m3 > 0.0:
        even = (lower * below_m3 + upper * above_m3) / volume_m3
        rate = spray_mixing_m3_per_s(water_lpm) * (1.0 / below_m3 + 1.0 / above_m3)
        keep = math.exp(-rate * dt_s)
        lower, upper = even + (lower - even) * keep, even + (upper - even) * keep
    return below_m3 / floor_m2, lower, upper
