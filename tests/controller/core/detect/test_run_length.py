"""The average run length of the cumulative sums: Siegmund's formula, the kernel's own sums, and the limits of the defaults."""

import math

import numpy as np
import pytest

from controller.core.detect import cell_params as par
from controller.core.detect import cell_tile
from controller.core.detect import tiles as at
from controller.core.detect.defaults import CUSUM_RUN_LENGTH, CUSUM_SLACK, DEFAULTS
from controller.core.detect.run_length import average_run_length, limit_for
from controller.site.model import Family


@pytest.mark.parametrize(("slack", "run_length"), [(0.5, 400.0), (0.5, 1500.0), (1.0, 800.0)])
def test_the_sums_run_about_as_long_as_is_stated(slack: float, run_length: float) -> None:
    limit = limit_for(run_length, slack)
    state, scratch = np.zeros(int(at.STATE), np.float32), np.zeros(int(at.SCRATCH), np.float32)
    state[int(at.AGE_MS) : int(at.AGE_MS) + at.CHUNK] = 1e6
    scratch[int(at.FRESH) : int(at.FRESH) + at.CHUNK] = 1.0
    scratch[int(at.DT_MS) : int(at.DT_MS) + at.CHUNK] = 1000.0
    params = np.zeros(par.COUNT, np.float32)
    params[[par.SLACK, par.MOST, par.DRIFT_LIMIT]] = slack, math.inf, limit
    up = state[int(at.UP) : int(at.UP) + at.CHUNK]
    rng = np.random.default_rng(7)
    began, runs = np.zeros(at.CHUNK), []
    for sample in range(1, round(30 * run_length)):
        scratch[int(at.Z) : int(at.Z) + at.CHUNK] = rng.standard_normal(at.CHUNK)
        cell_tile.add_up(state, scratch, np.uintp(0), np.uintp(0), params)
        passed = up > limit
        runs += list(sample - began[passed])
        began[passed], up[passed] = sample, 0.0
    assert len(runs) > 1000
    assert np.mean(runs) == pytest.approx(run_length, rel=0.15)


def test_the_formula_is_the_textbooks() -> None:
    assert average_run_length(0.5, 4.0) == pytest.approx(335.4, rel=0.01)  # Montgomery: 336; exact 335
    assert average_run_length(0.5, 5.0) == pytest.approx(938.2, rel=0.01)  # 930; exact 930


@pytest.mark.parametrize("family", [Family.CELL_TEMPERATURE, Family.CELL_VOLTAGE])
def test_a_room_of_cells_waits_a_year_for_a_false_drift(family: Family) -> None:
    limit = DEFAULTS[family].cusum_limit
    assert limit is not None
    assert average_run_length(CUSUM_SLACK, limit) >= CUSUM_RUN_LENGTH
    assert average_run_length(CUSUM_SLACK, limit - 0.02) < CUSUM_RUN_LENGTH
