"""A step of a battery room in one compiled call: racks and their gas, the room's air, heat heads."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from drivers.compiled.door import raising_kernel
from sim_hardware.physics import gas, plume, stack, two_zone
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
    """Gas of another origin in a step: into which ``rack`` (-1: the room), and how much ``[source, species]``."""

    rack: npt.NDArray[np.int64]
    m3: Floats


class HeatHeads(NamedTuple):
    """Heat heads at ``place_m[head, (x, y)]`` of the ceiling, from the middle of the row of racks."""

    degc: Floats
    place_m: Floats


CAPACITY_AH, FLAME_OUT_PCT, PITCH_M, RISE_M, RTI, FIXED = range(6)
"""Places of what never changes in a room: a cell's capacity, agent that puts out a flame, from rack to rack, from a fire's base
to the ceiling, the heat heads' index."""
(
    SCREEN, FOREIGN_W, LOSSES_W, COOLED_W, FLASH_W, FOREIGN_SMOKE_KG_PER_S, NOW_S, DT_S, GIVEN
) = range(9)  # fmt: skip
"""Places of what is given to a step: what is left of the heat from rack to rack; heat of other origin as a plume, mixed in, taken by water,
of a deflagration; smoke of other origin; the time that it begins at and its length."""
RADIANT_SHARE = 0.35
"""Share of the flames' and ejecta's heat that walls take by radiation and the ceiling jet never sees (assumed)."""
PLUME_TAU_S = 6.0
"""Rise of the plume to the ceiling (assumed)."""
NO_FOREIGN = Foreign(np.zeros(0, np.int64), np.zeros((0, gas.SPECIES)))


@raising_kernel
def advance(
    cells: Stack, air: RackAir, feed: Feed, foreign: Foreign, zones: two_zone.Zones, heads: HeatHeads, yields: Floats, fixed: Floats,
    given: Floats, hottest: int, jet_w: float,
) -> tuple[bool, float, bool, int, float]:  # fmt: skip
    """Advance all of a room; ``fixed`` and ``given`` by the places above.

    Returns whether any cell has vented, heat of flames (J), whether the air below the ceiling would burn if something lit it, and, for the
    next step, the rack whose plume is strongest, and the power of its ceiling jet (``hottest``, ``jet_w``).
    """
    dt_s, seen = given[DT_S], zones.seen
    casing_j, risen_w, any_vented, smoke_kg, burnt_j, hottest = advance_racks(
        cells, air, feed, foreign, seen, yields, fixed, given, hottest
    )
    risen_w += given[FLASH_W]
    plume_w = (1.0 - RADIANT_SHARE) * risen_w + given[FOREIGN_W]
    jet_w += (plume_w - jet_w) * -math.expm1(-dt_s / PLUME_TAU_S)
    heat_w = plume_w + casing_j / dt_s + given[LOSSES_W] - given[COOLED_W]
    two_zone.take_in(
        zones, air.into_room_m3, heat_w, plume_w, RADIANT_SHARE * risen_w, smoke_kg, given[FOREIGN_SMOKE_KG_PER_S], burnt_j, dt_s,
    )  # fmt: skip
    x_rack_m = (hottest - 0.5 * (air.racks.shape[0] - 1)) * fixed[PITCH_M]
    plume.advance_heat_heads(
        heads.degc, heads.place_m, x_rack_m, jet_w, fixed[RISE_M], seen[UP, DEGC], fixed[RTI], dt_s
    )
    can_burn = is_flammable(seen[UP, : gas.SPECIES], seen[UP, O2], seen[UP, DEGC])
    return any_vented, burnt_j, can_burn, hottest, jet_w


@raising_kernel
def advance_racks(
    cells: Stack, air: RackAir, feed: Feed, foreign: Foreign, seen: Floats, yields: Floats, fixed: Floats, given: Floats,
    hottest: int,
) -> tuple[float, float, bool, float, float, int]:  # fmt: skip
    """Advance stack and rack air; ``seen`` is the room's view of before (``room_layout.VIEWS``, ``VIEW``).

    Returns what ``stack.advance_stack`` does, then smoke (kg), heat of flames (J), and the rack whose plume is strongest.
    """
    dt_s = given[DT_S]
    stack.set_currents(feed.current_a, feed.wanted_a, feed.charger_stopped, feed.breaker_open)
    casing_j, risen_w, any_vented = stack.advance_stack(
        cells, feed.current_a, feed.coolant_lpm, given[SCREEN], seen[MEAN, DEGC], given[NOW_S], dt_s
    )
    smoke_kg = burnt_j = 0.0
    if any_vented:
        burns = gas.burnt_share(100.0 * seen[MEAN, AGENT] / fixed[FLAME_OUT_PCT], 100.0 * seen[MEAN, O2])
        smoke_kg, burnt_j = gas.release(
            cells.state, cells.vented, cells.runaway, fixed[CAPACITY_AH], yields, burns, air.given_off_m3, cells.plume_j,
            cells.ejecta_j, dt_s,
        )  # fmt: skip
        cells.ledger[BURNT] += burnt_j
    for k in range(foreign.rack.shape[0]):
        if foreign.rack[k] >= 0:
            for s in range(gas.SPECIES):
                air.given_off_m3[foreign.rack[k], s] += foreign.m3[k, s]
    hottest = plume.advance_racks(
        air.racks, air.heads, air.ppm, air.given_off_m3, air.into_room_m3, seen[MEAN, : gas.SPECIES], air.room_head,
        cells.plume_j, hottest, dt_s,
    )  # fmt: skip
    for k in range(foreign.rack.shape[0]):
        if foreign.rack[k] < 0:
            for s in range(gas.SPECIES):
                air.into_room_m3[s] += foreign.m3[k, s]
    return casing_j, risen_w, any_vented, smoke_kg, burnt_j, hottest
