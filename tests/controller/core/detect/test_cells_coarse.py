"""Cells told in whole kelvins: how soon a slow rise is told all the same, what rounding alone never tells, and racks of extremes and mean."""

import math

import numpy as np
import pytest

from controller.core.events import Feature, Level
from controller.site.model import Family
from drivers.points import DataType
from tests.naive.rig import Rig, Spec

EVERY_FOURTH = Spec(Family.CELL_TEMPERATURE, 4, 4, "r1", type=DataType.INT16)
EXTREMES = Spec(Family.CELL_TEMPERATURE, 3, 0, "r1", type=DataType.INT16)
STRING = Spec(Family.CELL_VOLTAGE, 3, 0, "r1", limits={"resolution": 0.01})
RATE_K_PER_S = 0.01


def told_after(spec: Spec, period_s: int, cells: int, seed: int) -> int:
    """Seconds until a cell that rises slowly after a quarter of an hour of rest is told, by drift; a mean of `cells` has its share."""
    rig = Rig({"cells": spec})
    rng = np.random.default_rng(seed)
    rest = 25.0 + rng.uniform(-0.5, 0.5)
    shares = np.array([0.0, 1.0, 0.0, 0.0] if spec.group else [0.0, 1.0, 1.0 / cells])
    for second in range(-900, 600, period_s):
        rise_k = RATE_K_PER_S * max(second, 0)
        rig.set("cells", np.round(rest + rise_k * shares + rng.normal(0.0, 0.1, spec.count)))
        if rig.run(1, float(period_s)) > Level.NORMAL:
            assert (rig.level("cells"), rig.feature("cells")) == (Level.ADVISORY, Feature.DRIFT)
            return second
    return 600


@pytest.mark.parametrize(("spec", "period_s", "within_s"), [(EVERY_FOURTH, 2, 225), (EXTREMES, 10, 300)])
def test_a_slow_rise_told_in_whole_kelvins_is_found_by_its_second_step(
    spec: Spec, period_s: int, within_s: int
) -> None:
    """At 0.01 K/s two steps take 2 K and the noise at most; a mean takes its share of them; then the sum needs four samples."""
    times_s = [told_after(spec, period_s, 16, seed) for seed in range(8)]
    assert all(0 < time_s <= within_s for time_s in times_s), times_s


@pytest.mark.parametrize("warmer_k", [0.2, 0.3, 0.6, 1.3])
def test_one_step_of_rounding_is_no_drift_of_extremes(warmer_k: float) -> None:
    """A habit learnt at rest, then the rack warms: maximum and mean pass their steps at different times."""
    rig = Rig({"cells": EXTREMES})
    for second in range(0, 7200, 10):
        warm = 25.0 + (warmer_k if second >= 900 else 0.0)
        rig.set("cells", np.round(np.array([warm - 0.4, warm + 0.4, warm])))
        assert rig.run(1, 10.0) == Level.NORMAL


def test_extremes_in_any_order_through_cycles_of_load_are_quiet() -> None:
    rig = Rig({"cells": Spec(Family.CELL_TEMPERATURE, 3, 0, "r1", type=DataType.INT16), "string": STRING})
    rng = np.random.default_rng(3)
    for second in range(0, 14400, 10):
        load = math.sin(second / 900.0)
        rig.set("cells", np.round(25.0 + 3.0 * load + np.array([0.8, 0.0, -0.7]) + rng.normal(0.0, 0.1, 3)))
        rig.set("string", np.round(3.6 - 0.1 * load + np.array([0.01, 0.0, -0.01]), 2))
        assert rig.run(1, 10.0) == Level.NORMAL


def test_the_lowest_voltage_of_a_string_that_sags_is_told() -> None:
    rig = Rig({"string": STRING})
    assert rig.run(90, 10.0) == Level.NORMAL
    second = 0
    while rig.run(1, 10.0) == Level.NORMAL and second < 600:
        second += 10
        rig.set("string", np.round([3.7, 3.7 - 0.0002 * second, 3.7], 2))
    assert (rig.level("string"), rig.feature("string")) == (Level.ADVISORY, Feature.DRIFT)
    assert second <= 300
    rig.set("string", np.array([3.7, 3.2, 3.68]))
    assert rig.run(12, 10.0) == Level.ADVISORY  # how far the cells of a string may be apart is its maker's to say


def test_a_mean_is_no_company_for_its_maximum() -> None:
    """One bad contact steps, and takes the mean of few cells with it: an advisory until it goes on, or half a minute has passed."""
    rig = Rig({"cells": Spec(Family.CELL_TEMPERATURE, 3, 0, "r1")})
    rig.run(90)
    rig.set("cells", np.array([25.0, 120.0, 62.0]))
    assert rig.run(29) == Level.ADVISORY
    assert rig.run(5) == Level.PRE_ALARM
