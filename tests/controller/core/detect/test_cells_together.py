"""What is told when many cells warm together, which no comparison with the module's median can see: by the heat balance and the slow slopes."""

import numpy as np
import pytest

from controller.core.events import Feature, Level
from controller.site.model import Family
from tests.naive.rig import Rig, Spec


def warmed(rate: float, cells: int, seconds: int) -> tuple[int, float, Feature]:
    """Seconds and kelvins until the first level with `cells` of a module of 16 rising by `rate`, and what told it; a second module rests."""
    rig = Rig({"cells": Spec(Family.CELL_TEMPERATURE, 32, 16, "r1")})
    rng = np.random.default_rng(8)
    for second in range(-90, seconds):
        rig.set("cells", np.round(25.0 + rng.normal(0.0, 0.1, 32), 1))
        rise = rate * max(second, 0)
        rig.set("cells", np.round(25.0 + rise + rng.normal(0.0, 0.1, cells), 1), slice(0, cells))
        if rig.run(1) > Level.NORMAL:
            return second, rise, rig.feature("cells")
    return seconds, rate * seconds, Feature.NONE


@pytest.mark.parametrize(
    ("rate", "cells", "within_s"),
    [(0.01, 9, 240), (0.03, 9, 120), (0.1, 9, 60), (0.03, 16, 900), (0.04, 16, 400), (0.06, 16, 150), (0.1, 16, 60), (0.5, 16, 15)],
)  # fmt: skip
def test_more_than_half_of_a_module_warming_together_is_told(rate: float, cells: int, within_s: int) -> None:
    second, rise_k, feature = warmed(rate, cells, within_s + 1)
    assert second <= within_s, (rise_k, feature)
    assert rise_k < 60.0 - 25.0


def test_a_whole_module_at_the_rate_of_a_load_is_left_to_the_thresholds() -> None:
    assert warmed(0.01, 16, 1500)[2] == Feature.NONE


@pytest.mark.parametrize(("rate", "threshold", "within_s"), [(0.04, 0.03, 240), (0.025, 0.015, 1300)])
def test_few_thermistors_that_warm_slowly_are_told_by_the_longer_horizons_before_any_threshold(
    rate: float, threshold: float, within_s: int
) -> None:
    rig = Rig({"cells": Spec(Family.CELL_TEMPERATURE, 2, 2, "r1")})
    rig.run(120)
    second = 0
    while rig.level("cells") == Level.NORMAL and second < within_s:
        second += 1
        rig.set("cells", 25.0 + rate * second)
        rig.step()
    assert rig.feature("cells") == Feature.RATE
    assert rig.evidence("cells").threshold == threshold


@pytest.mark.parametrize("period_s", [3, 10, 17])
def test_coarse_heads_polled_in_turn_are_balanced_over_the_time_between_their_values(period_s: int) -> None:
    """A load warms by 0.015 K/s, which is allowed; 0.06 K/s beyond it is told, at whatever phase of the polls."""
    limits = {"rate_pre_alarm": 1e9, "rate_60_advisory": 1e9, "rate_600_advisory": 1e9, "cusum_limit": 1e6}
    rig = Rig({"coarse": Spec(Family.CELL_TEMPERATURE, 3, 0, "r1", limits=limits)})
    points = rig.points("coarse")

    def poll(second: int, rise_k: float) -> Level:
        rig.sample += 1
        rig.tick_ms += 1000
        for place, point in enumerate(points):
            if second % period_s == place:
                rig.buffer.value[point] = 25.0 + rise_k
                rig.buffer.sample[point] = rig.sample
                rig.buffer.received_ms[point] = rig.tick_ms
        rig.readings = rig.detector.advance(rig.image())
        return rig.level("coarse")

    for second in range(1200):
        assert poll(second, 0.015 * second) == Level.NORMAL
    told = next((s for s in range(400) if poll(s, 18.0 + 0.075 * s) > Level.NORMAL), 400)
    assert told <= 120
    assert rig.feature("coarse") == Feature.COMMON_RISE
