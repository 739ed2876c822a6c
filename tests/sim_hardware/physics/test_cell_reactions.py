"""Ovens, calorimeter and scipy's twin: those of the validation's figures that need no recordings and little time."""

import pytest

from sim_hardware.physics import cell
from sim_hardware.physics.chemistry import Chemistry
from sim_hardware.physics.kinetics import CHEMISTRIES, LCO
from tests.validation import cells, lfp, whole_cells
from tests.validation.abuse import CELL_M3, OneCell, Oven, bare, oven
from tests.validation.chapter import Row

KINDS = list(CHEMISTRIES.values())
NAMES = list(CHEMISTRIES)


def missed(rows: list[Row]) -> list[str]:
    return [f"{row.what}: {row.seen}, asked {row.target}" for row in rows if not row.met]


def test_a_cell_stands_ovens_of_140_and_145_degc() -> None:
    assert missed(list(cells.stay_rows())) == []


def test_times_to_the_peak_in_hotter_ovens() -> None:
    courses = {degc: oven(bare(LCO), Oven(degc), cells.RUN_S) for degc, _ in cells.PEAKS}
    assert missed(list(cells.peak_rows(courses))) == []


@pytest.mark.parametrize(
    "asked", [cells.CRITICALS[0], cells.CRITICALS[3], cells.CRITICALS[4]], ids=lambda one: one.what
)
def test_critical_oven_temperature_and_what_moves_it(asked: cells.Critical) -> None:
    assert asked.seen_degc() == pytest.approx(asked.target_degc, abs=1.0)


def test_calorimeter_finds_onset_t2_and_t3() -> None:
    rows, hours = cells.arc_rows()
    assert missed(rows) == []
    assert 18.0 < hours < 26.0


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
@pytest.mark.parametrize("degc", [170.0, 250.0])
def test_kernel_agrees_with_lsoda(kind: Chemistry, degc: float) -> None:
    late, hot = cells.against_twin(kind, degc)
    assert late < 0.003
    assert hot < 0.3


def test_whole_cells_agree_with_lsoda_through_vent_collapse_and_ejecta() -> None:
    assert missed(list(whole_cells.rows())) == []


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_energy_of_a_vented_and_run_away_cell_closes(kind: Chemistry) -> None:
    assert cells.unbalanced(kind) < 1e-9


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_the_step_of_the_plant_hardly_matters(kind: Chemistry) -> None:
    tops = []
    for dt_s in (0.5, 0.1):
        one = OneCell(kind, 25.0, full_j=32.0e3)
        top = 0.0
        while one.time_s < 1200.0:
            one.advance(30.0 if one.temp_degc < 200.0 and not one.runaway[0] else 0.0, dt_s)
            top = max(top, one.temp_degc)
        tops.append(top)
    assert tops[0] == pytest.approx(tops[1], abs=3.0)


def test_half_charged_cell_gives_half_the_heat_of_its_electrodes() -> None:
    heat_j = []
    for soc in (1.0, 0.5):
        state = cell.fresh_cells(1, 400.0, soc, CELL_M3, LCO)
        heat_j.append(sum(cell.react(state, 0, 5.0, CELL_M3, LCO.vector()) for _ in range(1000)))
    film_and_electrolyte_j = (0.15 * LCO.sei.heat_j_per_m3 + LCO.electrolyte.heat_j_per_m3) * CELL_M3
    assert heat_j[1] - film_and_electrolyte_j == pytest.approx(0.5 * (heat_j[0] - film_and_electrolyte_j), rel=1e-6)


def test_content_is_that_of_the_charge_when_reactions_begin() -> None:
    state = cell.fresh_cells(1, 150.0, 0.8, CELL_M3, LCO)
    cell.react(state, 0, 1.0, CELL_M3, LCO.vector())
    state[cell.SOC, 0] = 0.1
    cell.react(state, 0, 1.0, CELL_M3, LCO.vector())
    assert state[cell.CONTENT, 0] == pytest.approx(0.8)


def test_lfp_runs_away_after_its_vent_the_later_the_emptier_and_never_when_empty() -> None:
    assert missed(lfp.rows([lfp.heat(one.soc_pct) for one in lfp.RECORDED])) == []
