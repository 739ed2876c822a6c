"""The pressure of a room with openings and fans: an implicit step, so that its milliseconds need no small ones."""

from drivers.compiled.door import raising_kernel
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.room_layout import EXHAUST, FADE_PA, STALL_PA, SUPPLY
from sim_hardware.physics.vent_flow import IN, OUT_LOWER, OUT_UPPER, vent_flows

_PASSES = 60
_TIGHT_PA = 1e-7
_SAME_PA = 1e-11


@raising_kernel
def fan_m3_per_s(flow: float, against_pa: float, fade_pa: float, stall_pa: float) -> float:
    """A fan's flow falls evenly while the pressure against it goes from ``fade_pa`` to ``stall_pa``; it does not run backwards."""
    return flow * min(1.0, max(0.0, (stall_pa - against_pa) / (stall_pa - fade_pa)))


@raising_kernel
def _net_m3_per_s(
    pressure: float,
    interface: float,
    lower: float,
    upper: float,
    outside: float,
    vents: Floats,
    inputs: Floats,
    flows: Floats,
) -> float:
    """Volume that comes in less what goes out at a floor pressure; falls as the pressure rises."""
    vent_flows(pressure, interface, lower, upper, outside, vents, flows)
    net = flows[IN] - flows[OUT_UPPER] - flows[OUT_LOWER]
    net += fan_m3_per_s(inputs[SUPPLY], pressure, inputs[FADE_PA], inputs[STALL_PA])
    return float(net - fan_m3_per_s(inputs[EXHAUST], -pressure, inputs[FADE_PA], inputs[STALL_PA]))


@raising_kernel
def pressure_after(
    start: float,
    stiff: float,
    heat_pa: float,
    interface: float,
    lower: float,
    upper: float,
    outside: float,
    vents: Floats,
    inputs: Floats,
    flows: Floats,
) -> float:
    """Solve ``p = start + heat_pa + stiff net(p)``: an implicit step, bracketed and refined (Illinois); ``flows`` belong to the result."""
    left = right = start
    off = start + heat_pa + stiff * _net_m3_per_s(start, interface, lower, upper, outside, vents, inputs, flows) - start
    if abs(off) < _TIGHT_PA:
        return start
    off_left = off_right = off
    reach = 1.0
    for _ in range(_PASSES):
        if off_left * off_right < 0.0:
            break
        if off > 0.0:
            left, off_left = right, off_right
            right += reach
            off_right = (
                heat_pa
                + start
                - right
                + stiff * _net_m3_per_s(right, interface, lower, upper, outside, vents, inputs, flows)
            )
        else:
            right, off_right = left, off_left
            left -= reach
            off_left = (
                heat_pa
                + start
                - left
                + stiff * _net_m3_per_s(left, interface, lower, upper, outside, vents, inputs, flows)
            )
        reach *= 4.0
    middle, last = left, 0
    for _ in range(_PASSES):
        middle = (left * off_right - right * off_left) / (off_right - off_left)
        off = (
            heat_pa
            + start
            - middle
            + stiff * _net_m3_per_s(middle, interface, lower, upper, outside, vents, inputs, flows)
        )
        # Far closer than `stiff` times any flow that matters: a pascal and a microlitre a second.
        if abs(off) < 1e-9 * stiff or right - left < _SAME_PA:
            break
        if off > 0.0:
            left, off_left = middle, off
            off_right *= 0.5 if last > 0 else 1.0
            last = 1
        else:
            right, off_right = middle, off
            off_left *= 0.5 if last < 0 else 1.0
            last = -1
    return middle
