"""Chapter: one cell in ovens and in an adiabatic calorimeter, against figures of an independent integrator and a scipy twin."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sim_hardware.physics import cell
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.chemistry import Chemistry
from sim_hardware.physics.kinetics import CHEMISTRIES, LCO
from tests.naive import kinetics as naive
from tests.validation import whole_cells
from tests.validation.abuse import CELL_M3, Course, OneCell, Oven, arc, bare, critical_oven_degc, oven, run
from tests.validation.chapter import Chapter, Row, of_kind
from tests.validation.graph import Graph, Series

MINUTE_S = 60.0
STAYS = ((140.0, 147.7), (145.0, 194.0))
"""Oven and highest temperature of a cell that does not run away."""
PEAKS = ((150.0, 36.3), (155.0, 25.1), (160.0, 20.6), (165.0, 17.9), (180.0, 13.2))
"""Oven and minutes to the highest temperature."""
PEAK_DEGC = {155.0: 524.0, 160.0: 541.0}
TIME_WITHIN, DEGC_WITHIN, T3_WITHIN = 0.03, 1.0, 0.01
STAYS_WITHIN_DEGC = 1.0
ONSET_DEGC, MINUTE_DEGC, T2_DEGC, T3_DEGC = 85.0, 154.0, 198.0, 662.0
ARC_S = 60 * 3600.0
STAY_S, RUN_S = 2.5 * 3600.0, 50 * MINUTE_S
BALANCE_WITHIN = 1e-3
TWIN_OVENS_DEGC = (170.0, 250.0)
PEAK_FROM_K = 20.0
"""Above its oven, a cell shows a peak of its own whose time can be compared."""


@dataclass(frozen=True, slots=True)
class Critical:
    """A critical oven temperature that was asked for."""

    what: str
    target_degc: float
    h_w_per_m2_k: float = 7.17
    emissivity: float = 0.8
    j_per_m3_k: float = 2.14e6

    def seen_degc(self) -> float:
        """What the kernel says."""
        kind = bare(replace(LCO, j_per_m3_k=self.j_per_m3_k))
        return critical_oven_degc(kind, self.h_w_per_m2_k, self.emissivity)


CRITICALS = (
    Critical("h 7.17 W/m²K, emissivity 0.8", 145.9),
    Critical("h 10", 147.3, h_w_per_m2_k=10.0),
    Critical("h 15", 149.5, h_w_per_m2_k=15.0),
    Critical("h 20", 151.4, h_w_per_m2_k=20.0),
    Critical("emissivity 0", 134.7, emissivity=0.0),
    Critical("heat capacity 2.58 MJ/m³K", 147.5, j_per_m3_k=2.58e6),
)

TEXT = """
The reactions of Hatchard and Kim alone (no vent, no electrical energy, no ejecta) in an 18650 cell, by the kernel of the plant. Targets
were computed beforehand with an integrator of our own for the same equations; `tests/naive/kinetics.py` does it once more with scipy's
LSODA, for every chemistry, and for whole cells of 30 kJ on a 40 W heater: vent, collapse, ejecta and all. The balance is that of a
whole cell too.

The calorimeter heats by 5 K, waits 30 minutes and searches for 0.02 K/min; then it follows without loss for {hours:.0f} hours. T3 depends
on how long one waits: the film on the anode lets its last percents react for hours (657 °C after 30 h, 663 °C in the end). The time
from onset to T2 is not a target: it took {to_t2:.1f} h here (the other integrator 23 h), and where in the step of 5 K the onset is counted
decides it: 36.8 h from 80 °C, 20.6 h from 85 °C, 11.8 h from 90 °C.

These tests prove the integration of the equations, not the equations: what the constants are worth against real cells is told by the
databank's chapter. Ovens with fans (h 15 to 20) move the critical temperature by 4 to 5 K.
"""


def stay_rows() -> Iterator[Row]:
    """Ovens that a cell stands."""
    for degc, target in STAYS:
        peak = oven(bare(LCO), Oven(degc), STAY_S).peak_degc
        met = abs(peak - target) <= STAYS_WITHIN_DEGC
        yield Row(f"oven {degc:.0f} °C, highest", f"{target:g} ± 1 °C", f"{peak:.1f} °C", met)


def peak_rows(courses: dict[float, Course]) -> Iterator[Row]:
    """Ovens in which it runs away: when, and how hot."""
    for degc, minutes in PEAKS:
        seen = courses[degc].peak_s / MINUTE_S
        met = abs(seen / minutes - 1.0) <= TIME_WITHIN
        yield Row(f"oven {degc:.0f} °C, time to peak", f"{minutes:g} min ± 3 %", f"{seen:.2f} min", met)
    for degc, target in PEAK_DEGC.items():
        peak = courses[degc].peak_degc
        met = abs(peak - target) <= DEGC_WITHIN
        yield Row(f"oven {degc:.0f} °C, highest", f"{target:g} ± 1 °C", f"{peak:.1f} °C", met)


def critical_rows() -> Iterator[Row]:
    """The lowest oven temperature that makes it run away, and what moves it."""
    for one in CRITICALS:
        seen = one.seen_degc()
        met = abs(seen - one.target_degc) <= DEGC_WITHIN
        yield Row(f"critical oven temperature, {one.what}", f"{one.target_degc:g} ± 1 °C", f"{seen:.1f} °C", met)


def arc_rows() -> tuple[list[Row], float]:
    """The calorimeter's figures against targets and twin; and the hours from onset to T2."""
    seen = arc(bare(LCO), until_s=ARC_S)
    rows = [
        _degc("onset of 0.02 K/min", ONSET_DEGC, seen.onset_degc, DEGC_WITHIN),
        _degc("1 K/min", MINUTE_DEGC, seen.one_per_minute_degc, DEGC_WITHIN),
        _degc("T2 (1 K/s)", T2_DEGC, seen.t2_degc, DEGC_WITHIN),
        _degc("T3", T3_DEGC, seen.t3_degc, T3_WITHIN * T3_DEGC),
    ]
    twin = naive.arc(LCO, ARC_S)
    for what, ours, theirs in zip(
        ("onset", "T2", "T3"), (seen.onset_degc, seen.t2_degc, seen.t3_degc), twin, strict=True
    ):
        rows.append(
            Row(f"calorimeter, {what}, scipy", f"{theirs:.2f} ± 1 °C", f"{ours:.2f} °C", abs(ours - theirs) <= 1.0)
        )
    return rows, seen.onset_to_t2_s / 3600.0


def _degc(what: str, target: float, seen: float, within: float) -> Row:
    met = abs(seen - target) <= within
    return Row(f"calorimeter, {what}", f"{target:g} ± {within:.1f} °C", f"{seen:.1f} °C", met)


def twin_rows() -> Iterator[Row]:
    """Every chemistry in two ovens by kernel and by scipy."""
    for kind in CHEMISTRIES.values():
        for degc in TWIN_OVENS_DEGC:
            late, hot = against_twin(kind, degc)
            met = late <= TIME_WITHIN and hot <= DEGC_WITHIN
            seen = f"{100 * late:.2f} %, {hot:.2f} K"
            yield Row(f"{kind.name} in {degc:.0f} °C, kernel - scipy: time to peak, peak", "3 %, 1 K", seen, met)


def against_twin(kind: Chemistry, degc: float) -> tuple[float, float]:
    """Relative difference of the time to peak (0 where the cell only follows its oven) and difference of the peak, K."""
    where = Oven(degc)
    ours = oven(bare(kind), where, RUN_S)
    times, states = naive.integrate(kind, naive.fresh(kind, 28.0), RUN_S, CELL_M3, where.inflow_w)
    at = int(states[-1].argmax())
    late = abs(ours.peak_s / times[at] - 1.0) if states[-1][at] > degc + PEAK_FROM_K else 0.0
    return late, abs(ours.peak_degc - float(states[-1][at]))


def unbalanced(kind: Chemistry) -> float:
    """Energy that a heated, venting, run-away cell gained or lost by nothing, over all that came in."""
    one = OneCell(kind, 25.0, full_j=32.0e3)
    heater_w, put_in = 50.0, 0.0
    while one.time_s < 20 * MINUTE_S:
        power = heater_w if not one.runaway[0] else 0.0
        one.advance(power, 0.5)
        put_in += power * 0.5
    _, electric, boiled = one.ledger
    held = (one.temp_degc - 25.0) * one.capacity_j_per_k
    before = cell.fresh_cells(1, 25.0, 1.0, CELL_M3, kind)
    chemical = cell.reaction_heat_j(before, one.state, CELL_M3, kind)
    given = put_in + chemical + electric
    return abs(given - held - boiled - one.ejected_j) / given


def balance_row() -> Row:
    """The worst chemistry's balance."""
    worst = max(CHEMISTRIES.values(), key=unbalanced)
    seen = unbalanced(worst)
    return Row(
        "energy balance of a run-away cell, worst chemistry", "< 0.1 %", f"{100 * seen:.1e} %", seen < BALANCE_WITHIN
    )


def chapter(data: Path) -> Chapter:
    """Ovens and calorimeter. It needs no recordings."""
    del data
    courses = {degc: oven(bare(LCO), Oven(degc), RUN_S) for degc, _ in PEAKS}
    told, to_t2 = arc_rows()
    ovens = [*stay_rows(), *peak_rows(courses), *critical_rows()]
    rows = of_kind("self-check", [*ovens, *told, *twin_rows(), *whole_cells.rows(), balance_row()])
    text = TEXT.format(hours=ARC_S / 3600.0, to_t2=to_t2)
    plots = {"cell-ovens.svg": _ovens(courses), "cell-chemistries.svg": _chemistries()}
    return Chapter("One cell in ovens and in the calorimeter", text, rows, plots)


def _ovens(courses: dict[float, Course]) -> str:
    shown = {145.0: oven(bare(LCO), Oven(145.0), RUN_S), **courses}
    lines = [Series("kernel", one.time_s / MINUTE_S, one.temp_degc, 1) for one in shown.values()]
    for degc in shown:
        times, states = naive.integrate(LCO, naive.fresh(LCO, 28.0), RUN_S, CELL_M3, Oven(degc).inflow_w)
        lines.append(Series("scipy", *_thin(times / MINUTE_S, states[-1]), 2, dots=True))
    notes = [(one.peak_s / MINUTE_S, one.peak_degc + 12.0, f"{degc:.0f}") for degc, one in shown.items()]
    return Graph("18650 cell in ovens of 145 to 180 °C", "minutes", "°C", lines, notes=notes).svg()


def _thin(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    pick = np.unique(np.searchsorted(x, np.arange(0.0, x[-1], 1.0)))
    return x[pick], y[pick]


def _chemistries() -> str:
    """Whole cells with vent, electrical energy and ejecta, heated at the same power."""
    lines, notes = [], []
    for colour, name in zip((1, 2, 3), ("lco", "nmc", "lfp"), strict=True):
        one = OneCell(CHEMISTRIES[name], 25.0, full_j=CELL_M3 * (1.25e9 if name == "lfp" else 1.92e9))

        def heated(temp_degc: float, one: OneCell = one) -> float:
            return (0.0 if one.runaway[0] else 12.0) - 0.04 * (temp_degc - 25.0)

        course = run(one, heated, 20 * MINUTE_S)
        lines.append(Series(name, course.time_s / MINUTE_S, course.temp_degc, colour))  # type: ignore[arg-type]
        notes.append((course.peak_s / MINUTE_S, course.peak_degc + 8.0, name))
    title = "Whole cells of one size under a heater of 12 W: vent, collapse, ejecta"
    return Graph(title, "minutes", "°C", lines, notes=notes).svg()
