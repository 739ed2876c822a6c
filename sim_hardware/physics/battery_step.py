"""A step of a battery room in two compiled calls: racks and their gas before the room's air moves, heads after it."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from sim_hardware.physics import gas, plume, stack
from sim_hardware.physics.arrays import Bools, Floats
from sim_hardware.physics.flammable import is_flammable
from sim_hardware.physics.room_layout import AGENT, DEGC, MEAN, O2, UP
from sim_hardware.physics.stack_layout import BURNT, Stack


class RackAir(NamedTuple):
    """Gas on its way from the cells to the heads and into the room, reused in place."""

    given_off_m3: Floats
    """``[rack, species]`` of a step, empty after it."""
    racks: Floats
    """Fractions ``[rack, species]``."""
    heads: Floats
    """Fractions ``[species, rack]`` at the heads in the racks, and the same in ``ppm``."""
    ppm: Floats
    room_head: Floats
    """Fractions ``[species]`` at the room's reference head."""
    into_room_m3: Floats
    """``[species]`` of a step."""


class Feed(NamedTuple):
    """What each rack is given, as it stands at the beginning of a step: current, whether it comes, coolant on its modules."""

    current_a: Floats
    """Gets what flows."""
    wanted_a: Floats
    charger_stopped: Bools
    breaker_open: Bools
    coolant_lpm: Floats


class Foreign(NamedTuple):
    """Gas of another origin into racks in a step: which ``rack``, and how much ``[source, species]``."""

    rack: npt.NDArray[np.int64]
    m3: Floats


NO_FOREIGN = Foreign(np.zeros(0, np.int64), np.zeros((0, gas.SPECIES)))


@njit(cache=True, nogil=True)
def advance_racks(
    cells: Stack, air: RackAir, feed: Feed, foreign: Foreign, seen: Floats, yields: Floats, capacity_ah: float,
    flame_out_pct: float, screen: float, hottest: int, now_s: float, dt_s: float,
) -> tuple[float, float, bool, float, float, int]:  # fmt: skip
    """Advance stack and rack air by ``dt_s``; ``seen`` is the room's view of before (``room_layout.VIEWS``, ``VIEW``).

    Returns what ``stack.advance_stack`` does, then smoke (kg), heat of flames (J), and the rack whose plume is strongest.
    """
    stack.set_currents(feed.current_a, feed.wanted_a, feed.charger_stopped, feed.breaker_open)
    casing_j, risen_w, any_vented = stack.advance_stack(
        cells, feed.current_a, feed.coolant_lpm, screen, seen[MEAN, DEGC], now_s, dt_s
    )
    smoke_kg = burnt_j = 0.0
    if any_vented:
        burns = gas.burnt_share(100.0 * seen[MEAN, AGENT] / flame_out_pct, 100.0 * seen[MEAN, O2])
        smoke_kg, burnt_j = gas.release(
            cells.state, cells.vented, cells.runaway, capacity_ah, yields, burns, air.given_off_m3, cells.plume_j,
            cells.ejecta_j, dt_s,
        )  # fmt: skip
        cells.ledger[BURNT] += burnt_j
    for k in range(foreign.rack.shape[0]):
        for s in range(gas.SPECIES):
            air.given_off_m3[foreign.rack[k], s] += foreign.m3[k, s]
    hottest = plume.advance_racks(
        air.racks, air.heads, air.ppm, air.given_off_m3, air.into_room_m3, seen[MEAN, : gas.SPECIES], air.room_head,
        cells.plume_j, hottest, dt_s,
    )  # fmt: skip
    return casing_j, risen_w, any_vented, smoke_kg, burnt_j, hottest


@njit(cache=True, nogil=True)
def advance_heads(
    head_degc: Floats, heads_m: Floats, x_rack_m: float, jet_w: float, rise_m: float, seen: Floats, rti: float,
    dt_s: float,
) -> bool:  # fmt: skip
    """Let the heat heads follow the jet of a plume that has risen by ``rise_m``; whether the air below the ceiling would burn once lit."""
    plume.advance_heat_heads(head_degc, heads_m, x_rack_m, jet_w, rise_m, seen[UP, DEGC], rti, dt_s)
    return is_flammable(seen[UP, : gas.SPECIES], seen[UP, O2], seen[UP, DEGC])
