"""Each fault is recognised, none gives a level; but what dies after a rise, or together, stays as evidence (rule 1)."""

import ast
import math
from pathlib import Path

import numpy as np
import pytest

from controller.core.detect.banks import lay_out_banks
from controller.core.detect.cell_bank import CellBank
from controller.core.events import Feature, Level
from controller.core.layout import lay_out
from controller.site.loader import load
from controller.site.model import Family
from drivers.points import Quality
from tests.naive.cells import NaiveCells
from tests.naive.rig import REST, Rig, Spec, layout_of

ROOT = Path(__file__).resolve().parents[4]
CELLS = {
    "temperature": Spec(Family.CELL_TEMPERATURE, 16, 16, "r1"),
    "voltage": Spec(Family.CELL_VOLTAGE, 16, 16, "r1"),
}
ANALOG = [family for family in Family if family in REST or family in {Family.H2, Family.CO, Family.VOC, Family.SMOKE}]


def settled(specs: dict[str, Spec], samples: int = 40) -> Rig:
    rig = Rig(specs)
    assert rig.run(samples) == Level.NORMAL
    return rig


@pytest.mark.parametrize("family", ANALOG)
@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf, 1e30, -1e30])
def test_an_absurd_value_is_a_fault_and_no_level(family: Family, odd: float) -> None:
    rig = settled({"head": Spec(family)})
    rig.set("head", odd)
    assert rig.run(100) == Level.NORMAL
    assert rig.fault("head") == 2
    assert rig.feature("head") == (Feature.NO_VALUE if math.isnan(odd) else Feature.OUT_OF_RANGE)
    assert math.isfinite(rig.evidence("head").value)
    rig.set("head", REST.get(family, 0.0))
    rig.step()
    assert rig.fault("head") == 0


@pytest.mark.parametrize("quality", [q for q in Quality if q != Quality.GOOD])
def test_only_a_good_value_is_a_measurement(quality: Quality) -> None:
    rig = settled({"head": Spec(Family.SMOKE)})
    rig.set("head", 50.0)
    rig.buffer.quality[:] = quality
    assert rig.run(60) == Level.NORMAL
    assert (rig.fault("head"), rig.feature("head")) == (2, Feature.NO_VALUE)


def test_a_value_that_only_ages_becomes_a_fault_without_any_new_sample() -> None:
    rig = settled({"head": Spec(Family.SMOKE)})
    rig.buffer.quality[:] = Quality.STALE
    rig.readings = rig.detector.advance(rig.image())
    assert rig.fault("head") == 2
    rig.buffer.quality[:] = Quality.GOOD
    rig.readings = rig.detector.advance(rig.image())
    assert rig.fault("head") == 2
    rig.step()
    assert rig.fault("head") == 0


@pytest.mark.parametrize("family", ANALOG)
@pytest.mark.parametrize("height", [0.3, 2.0, 15.0, 45.0, 70.0, 400.0])
def test_one_spike_never_gives_a_level(family: Family, height: float) -> None:
    for side in (1.0, -1.0):
        rig = settled({"head": Spec(family, 16, 16, "r1")}, 150)
        rig.set("head", REST.get(family, 0.0) + side * height, 4)
        assert rig.run(1) == Level.NORMAL
        rig.set("head", REST.get(family, 0.0), 4)
        assert rig.run(150) == Level.NORMAL
        assert rig.fault("head") == 0


def test_a_lone_step_is_not_believed_until_it_lasts() -> None:
    rig = settled({"heat": Spec(Family.HEAT)})
    rig.set("heat", 120.0)
    rig.step()
    assert (rig.fault("heat"), rig.feature("heat")) == (1, Feature.SLEW)
    rig.step()
    assert rig.fault("heat") == 0
    assert rig.run(5) == Level.ALARM


def test_a_stuck_value_is_a_fault_and_no_level() -> None:
    rig = Rig({"cells": Spec(Family.CELL_TEMPERATURE, 4, 4, "r1", limits={"stuck_s": 60.0, "cusum_limit": 1e6})})
    rng = np.random.default_rng(1)
    for second in range(100):
        rig.set("cells", np.round(25.0 + 0.015 * second + rng.normal(0.0, 0.1, 4), 1))
        rig.set("cells", 25.3, 2)
        assert rig.run(1) == Level.NORMAL
    assert (rig.fault("cells"), rig.feature("cells")) == (1, Feature.STUCK)
    assert rig.evidence("cells").point == "cells-block[2]"
    assert rig.readings.rack_live_fraction[0] == 0.75
    rig.set("cells", 25.4, 2)
    rig.step()
    assert rig.fault("cells") == 0


def test_a_module_at_rest_is_not_stuck_and_goes_on_being_judged_by_its_median() -> None:
    rig = settled(CELLS, 2400)
    assert not rig.readings.fault.any()
    for second in range(200):
        rig.set("temperature", np.round(25.0 + 0.01 * second, 1), 5)
        rig.step()
    assert (rig.level("temperature"), rig.feature("temperature")) == (Level.ADVISORY, Feature.DRIFT)
    assert rig.fault("temperature") == 0


def test_a_module_frozen_in_part_is_stuck_once_the_rest_of_it_has_moved() -> None:
    rig = Rig({"cells": Spec(Family.CELL_TEMPERATURE, 4, 4, "r1", limits={"stuck_s": 60.0, "cusum_limit": 1e6})})
    rig.run(200)
    assert rig.fault("cells") == 0
    for second in range(60):
        rig.set("cells", 25.0 + 0.02 * second, slice(0, 3))
        assert rig.run(1) == Level.NORMAL
        assert rig.fault("cells") == (0 if 0.02 * second < 1.02 else 1)
    assert rig.feature("cells") == Feature.STUCK


def test_a_sensor_that_dies_after_a_rise_keeps_its_level_until_reset() -> None:
    rig = settled(CELLS)
    for degc in (40.0, 60.0, *[75.0] * 6):
        rig.set("temperature", degc, 3)
        rig.step()
    assert rig.level("temperature") == Level.PRE_ALARM
    rig.set("temperature", math.nan, 3)
    rig.run(100)
    assert (rig.level("temperature"), rig.feature("temperature")) == (Level.PRE_ALARM, Feature.DIED_AFTER_RISE)
    assert (rig.fault("temperature"), rig.evidence("temperature").value) == (1, 75.0)
    rig.detector.reset(rig.place["temperature"])
    assert rig.level("temperature") == Level.NORMAL
    assert rig.run(20) == Level.NORMAL
    assert rig.fault("temperature") == 1


def test_what_rose_steeply_and_died_before_its_rate_was_known_stays_as_evidence() -> None:
    rig = Rig(CELLS)
    for degc in (25.0, 45.0, 80.0, 125.0, math.nan):
        rig.set("temperature", degc, 3)
        rig.step()
    assert (rig.level("temperature"), rig.feature("temperature")) == (Level.PRE_ALARM, Feature.DIED_AFTER_RISE)
    assert rig.evidence("temperature").value == 125.0
    rig = Rig(CELLS)
    for degc in (25.0, 25.0, 26.0, math.nan):
        rig.set("temperature", degc, 3)
        assert rig.run(1) == Level.NORMAL


def test_what_died_with_a_sample_after_an_advisory_keeps_it() -> None:
    rig = Rig({"cells": Spec(Family.CELL_TEMPERATURE, 16, 16, "r1", limits={"cusum_limit": 1e6})})
    rig.run(90)
    for second in range(130):
        rig.set("cells", 25.0 + 0.05 * second, 3)
        rig.step()
    assert rig.level("cells") == Level.ADVISORY
    rig.set("cells", math.nan, 3)
    rig.run(30)
    assert (rig.level("cells"), rig.feature("cells")) == (Level.ADVISORY, Feature.DIED_AFTER_RISE)


def test_a_runaway_outlives_its_sensor() -> None:
    rig = settled(CELLS)
    for step in range(12):
        rig.set("temperature", 40.0 + 8.0 * step, 3)
        rig.step()
    assert rig.readings.runaway[rig.place["temperature"]] == 1
    rig.set("temperature", 3276.7, 3)
    rig.run(30)
    assert rig.readings.runaway[rig.place["temperature"]] == 1
    assert (rig.level("temperature"), rig.feature("temperature")) == (Level.ALARM, Feature.DIED_AFTER_RISE)
    rig.detector.reset(rig.place["temperature"])
    assert rig.readings.runaway[rig.place["temperature"]] == 0
    rig.set("temperature", 26.0, 3)
    rig.run(3)
    assert (rig.evidence("temperature").point, rig.fault("temperature")) == ("temperature-block[3]", 0)
    assert rig.readings.runaway[rig.place["temperature"]] == 0, "a new sensor knows nothing of the old one"


def test_sensors_dying_together_are_an_advisory_until_reset() -> None:
    rig = settled(CELLS)
    for cell in (2, 3):
        rig.set("temperature", math.nan, cell)
        assert rig.run(20) == Level.NORMAL
    rig.set("temperature", math.nan, 4)
    assert rig.run(5) == Level.ADVISORY
    assert (rig.feature("temperature"), rig.evidence("temperature").value) == (Feature.DYING_TOGETHER, 3.0)
    rig.set("temperature", 25.0)
    assert rig.run(60) == Level.ADVISORY
    rig.detector.reset(rig.place["temperature"])
    assert rig.level("temperature") == Level.NORMAL


def test_sensors_dying_one_by_one_or_with_their_link_are_faults_alone() -> None:
    rig = settled(CELLS)
    for cell in (2, 3, 4, 5):
        rig.set("temperature", math.nan, cell)
        assert rig.run(61) == Level.NORMAL
    rig = settled(CELLS)
    rig.buffer.quality[rig.points("temperature")[:8]] = Quality.STALE
    rig.readings = rig.detector.advance(rig.image())
    assert (rig.level("temperature"), rig.fault("temperature")) == (Level.NORMAL, 1)
    rig = settled(CELLS)
    rig.set("temperature", math.nan)
    assert rig.run(10) == Level.NORMAL
    assert rig.fault("temperature") == 2


def test_a_sample_polled_ten_times_counts_once() -> None:
    rig = settled({"smoke": Spec(Family.SMOKE)})
    rig.set("smoke", 5.0)
    rig.step()
    for _ in range(200):
        rig.tick_ms += 1000
        rig.readings = rig.detector.advance(rig.image())
    assert rig.level("smoke") == Level.NORMAL
    rig.run(2, 6.0)
    assert rig.level("smoke") == Level.ALARM


def test_a_group_that_does_not_divide_its_head_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"heads\.cells\.group"):
        lay_out_banks(layout_of({"cells": Spec(Family.CELL_TEMPERATURE, 10, 4, "r1")}))


def test_no_kernel_asks_for_fast_mathematics() -> None:
    for path in (ROOT / "controller" / "core" / "detect").glob("*.py"):
        names = {node.arg for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.keyword)}
        assert not names & {"fastmath", "parallel"}, path


def test_the_cells_of_the_hall_equal_their_twin_and_the_hall_is_quiet() -> None:
    layout = lay_out(load(ROOT / "deploy" / "sites" / "hall.toml"))
    rig = Rig(layout)
    twin = NaiveCells(layout)
    rng = np.random.default_rng(11)
    rest = rig.buffer.value.copy()
    for _ in range(6):
        rig.buffer.value[:] = rest + rng.normal(0.0, 0.01, layout.n_points)
        r = rig.step()
        expected = twin.advance(rig.image())
        for index, reading in expected.items():
            assert (int(r.level[index]), int(r.fault[index])) == reading[0:3:2], layout.heads[index].name
    r = rig.readings
    assert not r.level.any()
    assert not r.fault.any()
    assert (r.rack_live_fraction[:8] == 1.0).all()
    paired = {int(p) for bank in rig.detector._banks if isinstance(bank, CellBank) for p in bank.points["partner"]} - {
        -1
    }
    assert len(paired) == 1024
