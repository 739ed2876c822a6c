"""Every kernel equals its slow twin, bit for bit, on random, NaN, infinite, gapped, constant and stepped inputs."""

import math
import struct
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.core.detect.tiles import sorting_network
from controller.core.events import Feature
from controller.core.image import Image
from controller.site.model import Family
from drivers.points import Quality
from tests.naive.cells import NaiveCells
from tests.naive.rig import Rig, Spec

SPECS = {
    "temperature": Spec(Family.CELL_TEMPERATURE, 8, 4, "r1", limits={"stuck_s": 6.0}),
    "voltage": Spec(Family.CELL_VOLTAGE, 8, 4, "r1"),
    "coarse": Spec(Family.CELL_TEMPERATURE, 3, 0, "r2", device="poor", limits={"resolution": 1.0}),
    "extremes": Spec(Family.CELL_VOLTAGE, 3, 0, "r2", device="poor", limits={"resolution": 0.01}),
    "string": Spec(Family.CELL_VOLTAGE, 2, 0, "r2", device="poor", limits={"advisory": 3.6, "pre_alarm": 3.5}),
}
ODD = (math.nan, math.inf, -math.inf, 1e308, -0.0, -273.0, 5e-324)
SCALE = {Family.CELL_VOLTAGE: 0.3}


def bits(number: float) -> bytes:
    """The very bits of a number; every NaN is the same NaN."""
    return b"nan" if math.isnan(number) else struct.pack("<d", number)


def assert_equal(rig: Rig, twin: NaiveCells, image: Image) -> None:
    """Advance both by an image and compare every reading of every head and rack."""
    expected = twin.advance(image)
    r = rig.detector.advance(image)
    for index, (level, runaway, fault, point, feature, value, threshold, weight) in expected.items():
        got = (r.level[index], r.runaway[index], r.fault[index], r.point[index], list(Feature)[r.feature[index]])
        where = (rig.layout.heads[index].name, image.scan)
        assert tuple(got) == (level, runaway, fault, point, feature), where
        assert bits(float(r.value[index])) == bits(value), where
        assert bits(float(r.threshold[index])) == bits(threshold), where
        assert bits(float(r.weight[index])) == bits(weight), where
    racks = (r.rack_hottest_degc, r.rack_slope_degc_per_s, r.rack_live_fraction)
    assert [[bits(float(x)) for x in rack] for rack in zip(*racks, strict=True)] == [
        [bits(x) for x in rack] for rack in twin.racks()
    ]


def walk(
    rig: Rig, rng: np.random.Generator, scans: int, trouble: float, wild: float = 1.0, back: float = 0.0
) -> set[tuple[int, str]]:
    """Random walks with steps and ramps (`wild`: how many), freezes, odd values, bad qualities, missing samples and times that run backwards
    (in a share `back` of the scans); returns what was seen."""
    twin = NaiveCells(rig.layout)
    rig.detector.__init__(rig.layout)  # type: ignore[misc]
    n = rig.layout.n_points
    scale = np.ones(n)
    for head in rig.layout.heads:
        scale[head.points] = SCALE.get(Family(head.head.family), 1.0)
    ramp = np.zeros(n)
    rest = rig.buffer.value.copy()
    frozen = np.zeros(n, bool)
    seen = set()
    level = rest.copy()
    rig.tick_ms += 100_000  # no time of receipt is before plant time 0
    for _ in range(scans):
        rig.tick_ms += int(
            rng.choice([100, 950, 1000, 1000, 1003, 10000, 70000], p=[0.1, 0.1, 0.3, 0.3, 0.1, 0.08, 0.02])
        )
        ramp = np.where(rng.random(n) < 0.03 * wild, rng.choice([0.0, 0.0, 0.15, 1.3, -1.0, 12.0], n), ramp)
        frozen = np.where(rng.random(n) < 0.05, ~frozen, frozen)
        level = np.where(frozen, level, level + ramp * scale + rng.normal(0.0, 0.05, n) * scale)
        level = np.where(rng.random(n) < 0.02 * wild, rest + rng.choice([0.0, 30.0, 60.0], n) * scale, level)
        fresh = rng.random(n) < 0.9
        rig.buffer.sample[fresh] += 1
        rig.buffer.received_ms[fresh] = rig.tick_ms - (rng.integers(0, 20000) if rng.random() < back else 0)
        odd = rng.random(n) < trouble
        shown = np.where(odd, rng.choice(ODD, n), np.round(level, 2))
        rig.buffer.value[fresh] = shown[fresh]
        rig.buffer.quality[:] = np.where(rng.random(n) < trouble, rng.integers(0, 5, n), Quality.GOOD)
        rig.sample += 1
        assert_equal(rig, twin, rig.image())
        r = rig.detector.advance(rig.image())
        seen |= {(int(lv), list(Feature)[f]) for lv, f in zip(r.level, r.feature, strict=True)}
    return seen


OF_CELLS = {
    Feature.HIGH, Feature.LOW, Feature.RATE, Feature.DEVIATION, Feature.SAG, Feature.COLLAPSE, Feature.RUNAWAY,
    Feature.DIED_AFTER_RISE, Feature.DYING_TOGETHER, Feature.OUT_OF_RANGE, Feature.NO_VALUE, Feature.STUCK, Feature.SLEW,
    Feature.DRIFT, Feature.COMMON_RISE, Feature.DIP,
}  # fmt: skip


def test_banks_equal_their_twin_on_random_plants_and_meet_every_feature() -> None:
    seen = set()
    for seed in range(6):
        seen |= walk(Rig(SPECS), np.random.default_rng(seed), 250, 0.002 if seed % 2 else 0.02)
    seen |= play(Family.CELL_TEMPERATURE, {"cusum_limit": 1e6}, a_dip)
    seen |= play(Family.CELL_TEMPERATURE, {"cusum_limit": 1e6, "stuck_s": 60.0}, a_stuck_one)
    seen |= play(Family.CELL_VOLTAGE, {"cusum_limit": 1e6}, a_sag)
    assert {feature for _, feature in seen} >= OF_CELLS
    assert {level for level, _ in seen} == {0, 1, 2, 3}


def play(
    family: Family, limits: dict[str, float], cells_at: Callable[[int], npt.NDArray[np.float64]]
) -> set[tuple[int, str]]:
    """A module of 16 cells beside its twin for three minutes, a sample a second."""
    rig = Rig({"cells": Spec(family, 16, 16, "r1", limits=limits)})
    rig.detector.__init__(rig.layout)  # type: ignore[misc]
    twin, seen = NaiveCells(rig.layout), set()
    for second in range(180):
        rig.set("cells", cells_at(second))
        rig.sample += 1
        rig.tick_ms += 1000
        rig.buffer.sample[:] = rig.sample
        rig.buffer.received_ms[:] = rig.tick_ms
        assert_equal(rig, twin, rig.image())
        r = rig.detector.advance(rig.image())
        seen.add((int(r.level[0]), list(Feature)[r.feature[0]]))
    return seen


def a_dip(second: int) -> npt.NDArray[np.float64]:
    """A cell that warms and cools for a moment."""
    cells = np.full(16, 25.0)
    cells[3] = 25.0 + 0.05 * max(second - 90, 0) - (1.5 if second > 170 else 0.0)
    return cells


def a_stuck_one(second: int) -> npt.NDArray[np.float64]:
    """A cell that stands still while its module warms."""
    cells = np.full(16, 25.0 + 0.015 * second)
    cells[2] = 25.3
    return cells


def a_sag(second: int) -> npt.NDArray[np.float64]:
    """A cell that loses its voltage slowly."""
    cells = np.full(16, 3.7)
    cells[2] = 3.7 - 0.002 * second
    return cells


def test_banks_equal_their_twin_where_time_runs_backwards() -> None:
    for seed in range(2):
        walk(Rig(SPECS), np.random.default_rng(40 + seed), 150, 0.01, back=0.2)


def test_banks_equal_their_twin_beyond_the_first_tile() -> None:
    """Tiles of 128 modules: the second one has balances, medians and neighbours of its own, and heads that begin in the middle of a tile."""
    specs = {
        "first": Spec(Family.CELL_TEMPERATURE, 369, 3, "r1"),
        "second": Spec(Family.CELL_TEMPERATURE, 30, 3, "r2", device="other"),
        "mean": Spec(Family.CELL_TEMPERATURE, 130, 0, "r2", device="poor"),
    }
    for seed in range(2):
        seen = walk(Rig(specs), np.random.default_rng(60 + seed), 60, 0.001, wild=0.3)
        assert {level for level, _ in seen} >= {0, 2}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 1, 400, 1000, 1001, 5000, 40000]),
            st.lists(st.one_of(st.sampled_from(ODD), st.floats(-60.0, 130.0), st.just(25.0)), min_size=7, max_size=7),
            st.lists(st.sampled_from([Quality.GOOD, Quality.GOOD, Quality.BAD, Quality.STALE]), min_size=7, max_size=7),
            st.booleans(),
        ),
        max_size=40,
    )
)
def test_banks_equal_their_twin_on_whatever_hypothesis_finds(
    scans: list[tuple[int, list[float], list[int], bool]],
) -> None:
    limits = {"stuck_s": 3.0, "persistence_s": 1.0, "rate_window_s": 4.0}
    specs = {
        "temperature": Spec(Family.CELL_TEMPERATURE, 4, 4, "r1", limits=limits),
        "coarse": Spec(Family.CELL_TEMPERATURE, 3, 0, "r2", device="poor", limits={**limits, "resolution": 1.0}),
    }
    rig = Rig(specs)
    rig.detector.__init__(rig.layout)  # type: ignore[misc]
    twin = NaiveCells(rig.layout)
    for dt_ms, values, qualities, fresh in scans:
        rig.tick_ms += dt_ms
        rig.buffer.value[:] = values
        rig.buffer.quality[:] = qualities
        rig.buffer.sample[:] += fresh
        rig.buffer.received_ms[:] = rig.tick_ms
        assert_equal(rig, twin, rig.image())


@given(st.lists(st.floats(allow_nan=False, width=32), min_size=1, max_size=32))
def test_the_network_sorts(values: list[float]) -> None:
    row = list(values)
    for a, b in sorting_network(len(row)):
        row[a], row[b] = (row[a], row[b]) if row[a] < row[b] else (row[b], row[a])
    assert row == sorted(values)


def test_the_same_images_give_the_same_bits() -> None:
    def run() -> list[bytes]:
        rig = Rig(SPECS)
        walk(rig, np.random.default_rng(5), 120, 0.01)
        return [array.tobytes() for bank in rig.detector._banks for array in bank.arrays()]

    assert run() == run()
