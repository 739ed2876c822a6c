"""Chapter: heat of runaway over stored energy, and the share of it in the body, against the NREL/NASA databank.

Two straight lines are fitted on every other cell type: heat over the stored energy per mass, and the body's share over the mass that
a cell throws out, which takes its heat along. The plant's cell, rescaled so that its mean is the lines', is then heated into runaway, many
times with its spread, for every type, and compared with the types that the fit has not seen. The plant's own cell, not rescaled, and one
mean for all types are put beside it.
"""

import csv
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sim_hardware.physics import cell
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.battery_geometry import BatteryRoomGeometry
from sim_hardware.physics.cell_spread import BODY_RANGE, spread_heat
from sim_hardware.physics.kinetics import LCO
from tests.validation import literature
from tests.validation.abuse import OneCell
from tests.validation.chapter import Chapter, Row, of_kind
from tests.validation.graph import Graph, Series

FILE = Path("battery_cell") / "NREL_failure_databank.csv"
CHARGED_PCT = 95.0
COLUMNS = {
    "energy_kj": "Corrected-Total-Energy-Yield-kJ",
    "ratio": "Total-Energy-Ratio",
    "body_pct": "Energy-Percent-Cell-Body-%",
    "mass_g": "Pre-Test-Cell-Mass-g",
    "soc_pct": "Pre-Test-State-of-Charge-%",
    "thrown_pct": "Percent-Original-Mass-Ejected",
}
KG_PER_M3 = 2660.0
"""Of an 18650 cell: 44 g in 16.5 cm3; turns mass into the volume for which the reaction set is given (assumed for all)."""
CELLS_PER_TYPE = 40
RATIO_WITHIN, BODY_WITHIN = 0.27, 0.10
"""What a type's mean may miss: the spread of all tests of the databank; ten points of body share."""
LAW_WITHIN = 0.03
SPREAD_WITHIN, JUDGED = 2.0, 5
"""Factor that a type's spread may be off, and tests of a type from which it is asked."""
ENOUGH = 3
"""Tests of a type from which its spread is worth comparing."""
HEATER_W, ROOM_HEATER_W, FOLLOW_S = 300.0, 2000.0, 180.0
DATABANK_RATIO = 1.42
"""Of all tests (science.md 1d)."""


@dataclass(frozen=True, slots=True)
class CellType:
    """The databank's tests of one cell type, one number of each array a test."""

    name: str
    ratio: Floats
    body: Floats
    thrown: Floats
    """Share of the mass that was thrown out."""
    stored_j: float
    mass_g: float

    @property
    def density_kj_per_g(self) -> float:
        """Stored electrical energy per mass."""
        return self.stored_j * 1e-3 / self.mass_g


@dataclass(frozen=True, slots=True)
class Law:
    """heat / stored = short + reactions x density; share in the body = body_0 + body_1 x mass thrown out; spreads within a type.

    `body_spread` is that of the tests, `body_left` what the mass thrown out leaves of it.
    """

    short: float
    reactions: float
    body_0: float
    body_1: float
    ratio_spread: float
    body_spread: float
    body_left: float

    def body(self, one: CellType) -> float:
        """Share of the heat in the body of a type's mean cell."""
        return float(self.body_0 + self.body_1 * one.thrown.mean())

    def spread_of_body(self, one: CellType) -> float:
        """Standard deviation of that within a type: of the mass thrown out, as weighed, and of the rest."""
        return math.hypot(self.body_1 * one.thrown.std(ddof=1) if one.thrown.size > 1 else 0.0, self.body_left)


def read(data: Path) -> list[CellType]:
    """All cell types with complete tests of charged cells, by name. Raises FileNotFoundError."""
    tests: dict[str, list[list[float]]] = defaultdict(list)
    with (data / FILE).open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            energy, ratio, body, mass, soc, thrown = (_number(row[column]) for column in COLUMNS.values())
            if soc >= CHARGED_PCT and np.isfinite([energy, ratio, body, mass, thrown]).all():
                tests[row["Cell-Description"]].append([energy, ratio, body / 100.0, mass, thrown / 100.0])
    return [_cell_type(name, np.array(tests[name])) for name in sorted(tests)]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _cell_type(name: str, tests: Floats) -> CellType:
    energy_kj, ratio, body, mass_g, thrown = tests.T
    return CellType(name, ratio, body, thrown, float((energy_kj / ratio).mean() * 1e3), float(mass_g.mean()))


def fit(types: Sequence[CellType]) -> Law:
    """Least squares over the means of the types; spreads are the root mean variance within types."""
    density = np.array([one.density_kj_per_g for one in types])
    reactions, short = np.polyfit(density, [one.ratio.mean() for one in types], 1)
    body_1, body_0 = np.polyfit([one.thrown.mean() for one in types], [one.body.mean() for one in types], 1)
    known = [one for one in types if one.ratio.size >= ENOUGH]
    within = [[one.ratio, one.body, one.body - body_1 * one.thrown] for one in known]
    spreads = [float(np.sqrt(np.mean([what.var(ddof=1) for what in column]))) for column in zip(*within, strict=True)]
    return Law(float(short), float(reactions), float(body_0), float(body_1), *spreads)


@dataclass(frozen=True, slots=True)
class Simulated:
    """What the plant's cells of a type did."""

    ratio: Floats
    body: Floats


def simulate(one: CellType, law: Law, cells: int, seed: int = 1) -> Simulated:
    """Heat many cells of a type into runaway; their spread is drawn from the seed."""
    density = one.density_kj_per_g
    set_ratio = _set_heat_j(one) / one.stored_j
    reactivity = law.reactions * density / set_ratio
    before, burnt = _shares(one, law, reactivity)
    body = (law.body(one) - before) / (1.0 - before)
    kind = replace(
        LCO,
        isc_efficiency=law.short,
        body_share=float(np.clip(body, *BODY_RANGE)),
        body_spread=law.spread_of_body(one),
        reactivity_spread=law.ratio_spread / (law.reactions * density),
    )
    state = cell.fresh_cells(cells, 25.0, 1.0, 1.0, kind)
    spread_heat(state, kind, np.random.default_rng(seed))
    rows = (cell.BODY, cell.EFFICIENCY, cell.REACTIVITY)
    scale = np.array([1.0, 1.0, reactivity / burnt])
    runs = [run_away(one, dict(zip(rows, state[list(rows), k] * scale, strict=True))) for k in range(cells)]
    ratio, share = np.array(runs).T
    return Simulated(ratio, share)


def _set_heat_j(one: CellType) -> float:
    """Heat of the reaction set, complete, in a cell of this mass."""
    volume_m3 = one.mass_g * 1e-3 / KG_PER_M3
    state = cell.fresh_cells(1, 25.0, 1.0, volume_m3, LCO)
    spent = state.copy()
    spent[[cell.SEI, cell.ANODE, cell.ELECTROLYTE]], spent[cell.CATHODE], spent[cell.CONTENT] = 0.0, 1.0, 1.0
    return cell.reaction_heat_j(state, spent, volume_m3, LCO)


def _shares(one: CellType, law: Law, reactivity: float) -> tuple[float, float]:
    """Share of the heat of a mean cell that comes before ejecta leave it, and share of its reactions that burn."""
    body = law.body(one)
    rows = {cell.BODY: body, cell.EFFICIENCY: law.short, cell.REACTIVITY: reactivity}
    ratio, share = run_away(one, rows)
    return (share - body) / (1.0 - body), (ratio - law.short) * one.stored_j / (reactivity * _set_heat_j(one))


def run_away(one: CellType, rows: dict[int, float]) -> tuple[float, float]:
    """Heat / stored energy of one cell on a heater, and the share of it in its body; `rows` are set in its state."""
    alone = OneCell(LCO, 25.0, volume_m3=one.mass_g * 1e-3 / KG_PER_M3, full_j=one.stored_j)
    for row, value in rows.items():
        alone.state[row] = value
    while not alone.runaway[0]:
        alone.advance(HEATER_W, 0.5)
    until_s = alone.time_s + FOLLOW_S
    while alone.time_s < until_s:
        alone.advance(0.0, 0.5)
    heat_j = float(alone.ledger[0] + alone.ledger[1])
    return heat_j / one.stored_j, 1.0 - alone.ejected_j / heat_j


TEXT = """
{tests} tests of {types} cell types at 95 % state of charge or more (NREL/NASA Battery Failure Databank, revision 2; science.md counts 314
of another revision). In the order of their names, every other type is for the fit, the others are shown. Fitted on the means of
{fitted} types:

    heat / stored = {law.short:.2f} (internal short) + {law.reactions:.2f} x d (reactions)
    share in the body = {law.body_0:.2f} {law.body_1:+.2f} x m

with d the stored energy over mass in kJ/g and m the share of the mass that is thrown out, and, within a type, standard deviations of
{law.ratio_spread:.2f} and {law.body_spread:.2f} (of which m leaves {law.body_left:.2f}). What a type throws out, mean and scatter, is
what was weighed: the line says where the heat goes when that is known, and foretells no mass. At 0.73 kJ/g (an 18650 of 44 g) the reactions
come to {reference:.2f} of the stored energy; the literature's set alone gives 0.64. Each type is then {cells} cells of the plant with their
spread, heated into runaway.

**The mean of these cells is the line by construction**: reactivity, short and body share are rescaled for each type until the mean cell
gives what the lines say, so the rows of a type judge the lines (and the spread, which but for the mass is the fitted types'), not the
reactions. What the plant's own LCO cell (its constants, which the drills run) gives on the shown types when only mass and stored energy are
theirs, and how many of them one mean for all would miss, stands in rows of its own. Its short's efficiency comes from the fit; its reactions
and its body share do not.

What this does not hold: chemistry, safety features and casing differ between types of one density (the LG test cells of 0.94 kJ/g
go from 1.28 to 1.78), so a line over density leaves {left:.2f} of heat / stored between types. Several shown types are sisters of fitted ones
(maker, series); with a maker's types all left out, the fit's error on them is {by_maker:.2f}. A lumped cell has one temperature: its trigger is
that of the separator (165 °C), while heaters of 950 W on the outside showed 257 °C on the casing (166 °C with a short inside); that is no
target here. Prismatic cells are not in the databank: the plant's {body:.2f} in the body of its large cells stays assumed.

The temperatures at the end are mined from papers by cathode (many cell types, states of charge and ways to measure), without what cannot
be: a look whether ours are of this world, no more. The target is the middle four fifths of them.
"""


def chapter(data: Path) -> Chapter:
    """Fit on one half, show the other. Raises FileNotFoundError without the databank."""
    types = read(data)
    fitted, shown = types[::2], types[1::2]
    law = fit(fitted)
    seen = {one.name: simulate(one, law, CELLS_PER_TYPE) for one in types}
    rows = [
        *of_kind("calibrated", law_rows(law)),
        *overall_rows(fitted, shown, seen),
        *own_cell_rows(fitted, shown, seen),
    ]
    for one in shown:
        rows += type_rows(one, seen[one.name])
    rows += of_kind("calibrated", [plant_row()])
    papers, papers_plot = literature.rows_and_plot(data)
    rows += papers
    text = TEXT.format(
        tests=sum(one.ratio.size for one in types), types=len(types), fitted=len(fitted), law=law, cells=CELLS_PER_TYPE,
        reference=law.reactions * 0.73, left=_error(shown, law), by_maker=_by_maker(types), body=LCO.body_share,
    )  # fmt: skip
    plots = {
        "databank-heat.svg": _plot("Heat / stored energy", "ratio", fitted, shown, seen),
        "databank-body.svg": _plot("Share of the heat in the body", "body", fitted, shown, seen),
        "cell-temperatures.svg": papers_plot,
    }
    return Chapter("Heat of runaway against the databank", text, rows, plots)


def law_rows(law: Law) -> list[Row]:
    """What the plant holds of the fit."""
    found = (
        ("isc_efficiency", LCO.isc_efficiency, law.short),
        ("body_spread", LCO.body_spread, law.body_spread),
        ("reactivity_spread", LCO.reactivity_spread, law.ratio_spread / (law.reactions * 0.73)),
    )
    return [
        Row(
            f"fit against the plant's {name}", f"{ours:.2f} ± {LAW_WITHIN}", f"{fit:.3f}", abs(ours - fit) <= LAW_WITHIN
        )
        for name, ours, fit in found
    ]


def overall_rows(fitted: Sequence[CellType], shown: Sequence[CellType], seen: dict[str, Simulated]) -> list[Row]:
    """All shown tests together, and whether the line is worth more than one mean for all types."""
    rows = []
    for what, attribute, within in (("heat / stored", "ratio", RATIO_WITHIN), ("body share", "body", BODY_WITHIN)):
        theirs = np.concatenate([getattr(one, attribute) for one in shown])
        ours = np.concatenate([np.resize(getattr(seen[one.name], attribute), one.ratio.size) for one in shown])
        target = f"{theirs.mean():.2f} ± {within}, spread {theirs.std(ddof=1):.2f} within a third"
        met = abs(ours.mean() - theirs.mean()) <= within and 2 / 3 < ours.std() / theirs.std() < 3 / 2
        rows.append(
            Row(f"{what}, all shown tests", target, f"{ours.mean():.2f}, spread {ours.std(ddof=1):.2f}", bool(met))
        )
        mean = np.mean([getattr(one, attribute).mean() for one in fitted])
        means = np.array([getattr(one, attribute).mean() for one in shown])
        ours_means = np.array([getattr(seen[one.name], attribute).mean() for one in shown])
        line = float(np.sqrt(np.mean((ours_means - means) ** 2)))
        flat = float(np.sqrt(np.mean((means - mean) ** 2)))
        rows.append(
            Row(
                f"{what}, error of a shown type's mean", f"< {flat:.2f} of one mean for all", f"{line:.2f}", line < flat
            )
        )
    return rows


def own_cell_rows(fitted: Sequence[CellType], shown: Sequence[CellType], seen: dict[str, Simulated]) -> list[Row]:
    """The plant's own LCO cell, unscaled, on the shown types; and how many of them it, the line and one mean for all miss."""
    own = np.array([run_away(one, {}) for one in shown]).T
    rows = []
    for what, attribute, within, ours in (
        ("heat / stored", "ratio", RATIO_WITHIN, own[0]),
        ("body share", "body", BODY_WITHIN, own[1]),
    ):
        theirs = np.array([getattr(one, attribute).mean() for one in shown])
        line = np.array([getattr(seen[one.name], attribute).mean() for one in shown])
        flat = np.mean([getattr(one, attribute).mean() for one in fitted])
        off = float(np.mean(ours - theirs))
        name = f"{what}, the plant's own LCO cell, unscaled"
        seen_words = f"{off:+.2f} ({ours.min():.2f} to {ours.max():.2f})"
        rows.append(Row(f"{name}: mean error of the shown types", f"± {within}", seen_words, abs(off) <= within))
        own_misses, line_misses, flat_misses = (int((abs(one - theirs) > within).sum()) for one in (ours, line, flat))
        target = f"fewer than the {flat_misses} of {len(shown)} that one mean ({flat:.2f}) for all misses"
        rows.append(
            Row(f"{name}: shown types missed by more than {within}", target, f"{own_misses}", own_misses < flat_misses)
        )
        found = f"{what}, the line: shown types missed by more than {within}"
        rows.append(Row(found, target, f"{line_misses}", line_misses < flat_misses))
    return rows


def type_rows(one: CellType, seen: Simulated) -> list[Row]:
    """Mean and spread of one type, recorded and simulated."""
    rows = []
    for what, theirs, ours, within in (
        ("heat / stored", one.ratio, seen.ratio, RATIO_WITHIN),
        ("body share", one.body, seen.body, BODY_WITHIN),
    ):
        asked = f" within a factor of {SPREAD_WITHIN:g}" if theirs.size >= JUDGED else ""
        spread = f" (sd {theirs.std(ddof=1):.2f}{asked})" if theirs.size >= ENOUGH else ""
        target = f"{theirs.mean():.2f} ± {within}{spread}, n {theirs.size}"
        met = abs(float(ours.mean() - theirs.mean())) <= within
        if theirs.size >= JUDGED:
            met &= bool(1.0 / SPREAD_WITHIN <= ours.std(ddof=1) / theirs.std(ddof=1) <= SPREAD_WITHIN)
        rows.append(Row(f"{one.name}: {what}", target, f"{ours.mean():.2f} (sd {ours.std(ddof=1):.2f})", met))
    return rows


def plant_row() -> Row:
    """The mean cell of the battery room, with the reaction set as the literature has it."""
    room = BatteryRoomGeometry()
    stored_j = room.capacity_ah * 3600.0 * LCO.nominal_v
    one = OneCell(LCO, 25.0, volume_m3=room.cell_volume_m3, full_j=stored_j)
    while not one.runaway[0]:
        one.advance(ROOM_HEATER_W, 0.5)
    until_s = one.time_s + FOLLOW_S
    while one.time_s < until_s:
        one.advance(0.0, 0.5)
    seen = float(one.ledger[0] + one.ledger[1]) / stored_j
    met = abs(seen - DATABANK_RATIO) <= RATIO_WITHIN
    return Row(
        "the battery room's cell of 65 Ah: heat / stored", f"{DATABANK_RATIO} ± {RATIO_WITHIN}", f"{seen:.2f}", met
    )


def _error(types: Sequence[CellType], law: Law) -> float:
    """Root mean square of what the line misses of the types' heat."""
    misses = [law.short + law.reactions * one.density_kj_per_g - one.ratio.mean() for one in types]
    return float(np.sqrt(np.mean(np.square(misses))))


def _by_maker(types: Sequence[CellType]) -> float:
    """The same when all types of a maker are left out of the fit that is tried on them."""
    makers = {one.name.split()[0] for one in types}
    squares = []
    for maker in sorted(makers):
        out = [one for one in types if one.name.split()[0] == maker]
        law = fit([one for one in types if one not in out])
        squares += [_error([one], law) ** 2 for one in out]
    return float(np.sqrt(np.mean(squares)))


def _plot(
    title: str, attribute: str, fitted: Sequence[CellType], shown: Sequence[CellType], seen: dict[str, Simulated]
) -> str:
    series = []
    for name, types, colour in (("fitted types", fitted, 2), ("shown types", shown, 1)):
        theirs = [getattr(one, attribute) for one in types]
        ours = [getattr(seen[one.name], attribute) for one in types]
        spread = np.array([one.std(ddof=1) if one.size >= ENOUGH else 0.0 for one in theirs])
        series.append(
            Series(
                name,
                np.array([one.mean() for one in theirs]),
                np.array([one.mean() for one in ours]),
                colour,  # type: ignore[arg-type]
                dots=True,
                half_height=np.array([one.std(ddof=1) for one in ours]),
                half_width=spread,
            )
        )
    return Graph(f"{title}, by cell type (bars: standard deviation)", "databank", "plant", series, diagonal=True).svg()
