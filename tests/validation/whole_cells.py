"""Whole cells on a heater, with vent, collapse and ejecta: the kernel at the plant's step against scipy, event by event."""

from collections.abc import Iterator
from dataclasses import dataclass

from sim_hardware.physics.chemistry import Chemistry
from sim_hardware.physics.kinetics import LCO, LFP, NMC
from tests.naive import kinetics_whole as naive
from tests.validation.abuse import CELL_M3, OneCell
from tests.validation.chapter import Row

CASES: tuple[tuple[Chemistry, float], ...] = ((LCO, 1.0), (LCO, 0.5), (NMC, 0.8), (LFP, 0.75), (LFP, 0.25))
"""Chemistry and state of charge."""
FULL_J, HEATER_W, LOSS_W_PER_K, UNTIL_S, STEP_S = 30e3, 40.0, 0.04, 300.0, 0.5
TIME_WITHIN, PEAK_WITHIN_K, HEAT_WITHIN = 0.03, 3.0, 0.005


@dataclass(frozen=True, slots=True)
class Whole:
    """What a cell did."""

    vent_s: float
    runaway_s: float
    peak_s: float
    peak_degc: float
    heat_j: float
    ejected_j: float


def heater(temp_degc: float, runs: bool) -> float:
    """A heater that is taken off when the cell runs away, less what the cell loses."""
    return (0.0 if runs else HEATER_W) - LOSS_W_PER_K * (temp_degc - 25.0)


def by_kernel(kind: Chemistry, soc: float) -> Whole:
    """The plant's cell."""
    one = OneCell(kind, 25.0, soc=soc, full_j=FULL_J)
    vent_s = runaway_s = peak_s = 0.0
    peak_degc = 25.0
    while one.time_s < UNTIL_S:
        one.advance(heater(one.temp_degc, bool(one.runaway[0])), STEP_S)
        if one.temp_degc > peak_degc:
            peak_s, peak_degc = one.time_s, one.temp_degc
        vent_s = vent_s or (one.time_s if one.vented[0] else 0.0)
        runaway_s = runaway_s or (one.time_s if one.runaway[0] else 0.0)
    return Whole(vent_s, runaway_s, peak_s, peak_degc, float(one.ledger[0] + one.ledger[1]), one.ejected_j)


def by_scipy(kind: Chemistry, soc: float) -> Whole:
    """Its twin."""
    twin = naive.Whole(kind, soc, CELL_M3, FULL_J, heater)
    end = twin.follow(UNTIL_S)
    heat_j, ejected_j = float(end[naive.HEAT]), float(end[naive.EJECTED])
    return Whole(twin.vent_s, twin.runaway_s, twin.peak_s, twin.peak_degc, heat_j, ejected_j)


def rows() -> Iterator[Row]:
    """Every case: times, peak and heat."""
    for kind, soc in CASES:
        ours, twin = by_kernel(kind, soc), by_scipy(kind, soc)
        times = [(ours.vent_s, twin.vent_s), (ours.runaway_s, twin.runaway_s), (ours.peak_s, twin.peak_s)]
        late = max(abs(mine / theirs - 1.0) for mine, theirs in times)
        hot = abs(ours.peak_degc - twin.peak_degc)
        heat = max(abs(ours.heat_j - twin.heat_j), abs(ours.ejected_j - twin.ejected_j)) / twin.heat_j
        met = late <= TIME_WITHIN and hot <= PEAK_WITHIN_K and heat <= HEAT_WITHIN
        what = f"whole cell, {kind.name} at {100 * soc:.0f} %, kernel at {STEP_S} s - scipy: vent, runaway, peak; peak; heat"
        yield Row(what, "3 %, 3 K, 0.5 %", f"{100 * late:.1f} %, {hot:.1f} K, {100 * heat:.2f} %", met)
