"""Time to runaway: the kernel equals its slow twin, knows pure self-heating exactly, and says nothing where there is nothing to say."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.detect import runaway_time as rt
from controller.core.detect.codes import GOOD
from controller.core.detect.runaway_bank import RunawayBank
from controller.site.model import Family
from drivers.points import Quality
from tests.naive.rig import Rig, Spec
from tests.naive.runaway_time import Cell

ODD = (math.nan, math.inf, -math.inf, 1e308, -273.0, 0.0)
Floats = npt.NDArray[np.float64]


def bank(cells: int, step_k: float = rt.STEP_K, racks: tuple[int, ...] = ()) -> RunawayBank:
    """Cells that stand in an image of their own, in its order."""
    of = np.array(racks or (0,) * cells, np.int32)
    return RunawayBank.of(np.arange(cells, dtype=np.int32), of, np.full(cells, step_k, np.float32), 3)


def answers(degc: Floats, at_ms: npt.NDArray[np.int64], step_k: float = rt.STEP_K) -> Floats:
    """What the kernel says of one cell, sample by sample (n, 3)."""
    one, good = bank(1, step_k), np.full(1, GOOD, np.uint8)
    said = np.full((degc.size, 3), np.nan)
    for k in range(degc.size):
        one.take(degc[k : k + 1], good, np.array([k]), at_ms[k : k + 1])
        said[k] = one.by_rack[:, 0]
    return said


def seconds(count: int, period_s: float = 1.0) -> npt.NDArray[np.int64]:
    return (1000 * period_s * np.arange(1, count + 1)).astype(np.int64)


def heated(steady: float, growing: float, start_degc: float, count: int, scale_k: float = 12.0) -> tuple[Floats, float]:
    """Temperatures of a cell with these rates at the start, second by second; and when it heats itself by 1 K/s."""
    degc, now, step = np.zeros(count), start_degc, 0.01
    found = math.nan
    for k in range(count):
        for sub in range(100):
            own = growing * math.exp((now - start_degc) / scale_k)
            if own >= 1.0 and math.isnan(found):
                found = k + sub * step
            now += step * (steady + own) if math.isnan(found) else 0.0
        degc[k] = now
    return degc, found


def walk(rng: np.random.Generator, count: int) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Ramps that grow, stop, fall and jump; half of the walks with odd values, gaps, equal times and times that run back."""
    trouble = rng.choice([0.0, 1.0])
    odd = trouble * np.array([0.03, 0.1, 0.1, 0.01, 0.01])
    at_ms = np.cumsum(rng.choice([0, 100, 10_000, 700_000, -2000, 1000], count, p=[*odd, 1.0 - odd.sum()]))
    rate, now, scale_k, degc = 0.05, 90.0, 12.0, np.zeros(count)
    for k in range(count):
        if rng.random() < 0.01 * trouble + 0.001:
            rate, scale_k = rng.choice([0.0, 0.02, 0.1, 0.4, -0.1]), rng.choice([10.0, 20.0, np.inf])
        rate = max(min(rate * (1.0 + abs(rate) / scale_k), 2.0), -0.2)
        now = now + rate if now < 400.0 else 60.0
        degc[k] = rng.choice(ODD) if rng.random() < 0.002 * trouble else now
        degc[k] += rng.choice([0.0, 5.0, -5.0], p=[1.0 - 0.01 * trouble, 0.005 * trouble, 0.005 * trouble])
    return degc + rng.normal(0.0, 0.05, count), at_ms


@given(st.integers(0, 2**32 - 1), st.sampled_from([rt.STEP_K, rt.COARSE_STEP_K]), st.sampled_from([0.0, 0.1, 1.0]))
@settings(max_examples=60, deadline=None)
def test_equals_the_slow_twin(seed: int, step_k: float, resolution_k: float) -> None:
    degc, at_ms = walk(np.random.default_rng(seed), 500)
    if resolution_k:
        with np.errstate(over="ignore"):
            degc = np.round(degc / resolution_k) * resolution_k
    twin = Cell(step_k)
    for k, said in enumerate(answers(degc, at_ms, step_k)):
        expected = twin.take(float(degc[k]), int(at_ms[k]))
        # Where a gate is very near, the rounding of the kernel's float32 may decide.
        assert said == pytest.approx(expected, rel=2e-3, abs=1e-2, nan_ok=True) or twin.nearest_gate < 1e-4, k


def test_walks_are_answered_sometimes() -> None:
    said = [answers(*walk(np.random.default_rng(seed), 500)) for seed in range(20)]
    assert sum(int((~np.isnan(one[:, 0])).sum()) for one in said) > 500


@pytest.mark.parametrize("scale_k", rt.SCALES_K)
@pytest.mark.parametrize(("steady", "growing"), [(0.0, 0.01), (0.05, 0.01), (-0.01, 0.03)])
def test_it_knows_growth_over_something_steady(steady: float, growing: float, scale_k: float) -> None:
    degc, runs_away_s = heated(steady, growing, 180.0, 2000, scale_k)
    said = answers(degc, seconds(2000))
    told = np.flatnonzero(~np.isnan(said[:, 0]) & (np.arange(1, 2001) < runs_away_s - 20.0))
    assert told.size > 60
    left = runs_away_s - (told + 1.0)
    assert said[told, 0] == pytest.approx(left, rel=0.25, abs=5.0)
    assert (said[told, 1] < left).all()
    assert (said[told, 2] > left).all()


def test_the_plain_line_of_the_inverse_rate_promises_too_much() -> None:
    """Why something steady is fitted as well: 1/rate, extrapolated to zero from its own slope, is out by a factor."""
    degc, runs_away_s = heated(0.1, 0.01, 180.0, 400)
    at = int(runs_away_s) - 100
    inverse = 1.0 / np.gradient(degc[: at + 2])
    slope = float(np.polyfit(np.arange(at - 60, at), inverse[at - 60 : at], 1)[0])
    assert inverse[at] / -slope > 2.0 * (runs_away_s - at)
    assert answers(degc, seconds(400))[at, 0] == pytest.approx(runs_away_s - at, rel=0.2)


STEADY: dict[str, Callable[[Floats], Floats]] = {
    "constant": lambda t: np.full(t.size, 140.0),
    "heated evenly": lambda t: 100.0 + 0.1 * t,
    "slowing down": lambda t: 220.0 - 100.0 * np.exp(-t / 900.0),
    "too slowly": lambda t: 120.0 + 0.001 * t + 1e-6 * t**2,
    "cooling": lambda t: 200.0 - 0.05 * t,
    "too cold": lambda t: np.minimum(25.0 + 0.5 * np.exp(t / 200.0), 99.0),
    "one step": lambda t: np.where(t > 500.0, 160.0, 110.0),
}


@pytest.mark.parametrize("name", STEADY)
@pytest.mark.parametrize("noise_k", [0.0, 0.1])
def test_not_enough_evidence(name: str, noise_k: float) -> None:
    t = np.arange(1.0, 1201.0)
    degc = STEADY[name](t) + np.random.default_rng(3).normal(0.0, noise_k, t.size)
    said = answers(np.round(degc, 1), seconds(t.size))
    assert np.isnan(said).mean() > 0.99  # noise of 0.1 K makes a significant growth of none seldom


def test_what_stopped_growing_is_not_foretold_any_longer() -> None:
    degc, runs_away_s = heated(0.05, 0.01, 150.0, 2000)
    stops = int(runs_away_s) - 60
    degc[stops:] = degc[stops]
    said = answers(degc, seconds(2000))
    assert not math.isnan(said[stops - 1, 0])
    assert np.isnan(said[stops + 30 :, 0]).all()


def test_a_cell_that_has_run_away_has_no_countdown() -> None:
    degc, runs_away_s = heated(0.02, 0.01, 150.0, 1000)
    after = int(runs_away_s) + np.arange(20)
    degc[after] = degc[int(runs_away_s) - 1] + 1.5 * np.arange(1, 21) ** 1.3
    said = answers(degc, seconds(1000))
    assert not math.isnan(said[int(runs_away_s) - 20, 0])
    assert np.isnan(said[after[5:], 0]).all()


def test_a_dead_sensor_forgets_the_cell() -> None:
    degc, runs_away_s = heated(0.0, 0.02, 150.0, 1000)
    degc[int(runs_away_s) - 50] = np.nan
    said = answers(degc, seconds(1000))
    assert not math.isnan(said[int(runs_away_s) - 51, 0])
    assert np.isnan(said[int(runs_away_s) - 50 : int(runs_away_s) - 40]).all()


def test_a_sample_counts_once() -> None:
    one, good = bank(1), np.full(1, GOOD, np.uint8)
    assert one.take(np.array([80.0]), good, np.array([7]), np.array([1000]))
    before = [array.copy() for array in one.arrays()]
    assert not one.take(np.array([90.0]), good, np.array([7]), np.array([9000]))
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(before, one.arrays(), strict=True))


def test_a_value_that_is_not_good_has_no_answer() -> None:
    degc, runs_away_s = heated(0.0, 0.02, 150.0, 1000)
    one = bank(1)
    for k in range(int(runs_away_s) - 50):
        one.take(degc[k : k + 1], np.full(1, GOOD, np.uint8), np.array([k]), np.array([1000 * k]))
    assert not math.isnan(one.by_rack[0, 0])
    assert one.take(degc[:1], np.full(1, int(Quality.STALE), np.uint8), np.array([k]), np.array([1000 * k]))
    assert np.isnan(one.by_rack).all()


def cut(*, lost_s: int, says: Quality, new: bool) -> tuple[float, float]:
    """What is answered while a cell that heats itself has no good value for so long, and at its next one; `new`: by a sample that says so."""
    degc, runs_away_s = heated(0.0, 0.02, 150.0, 1000)
    one, until = bank(1), int(runs_away_s) - 60
    for k in range(until):
        one.take(degc[k : k + 1], np.full(1, GOOD, np.uint8), np.array([k]), np.array([1000 * k]))
    assert not math.isnan(one.by_rack[0, 0])
    sample = np.array([until if new else until - 1])
    assert one.take(degc[:1], np.full(1, int(says), np.uint8), sample, np.array([1000 * until]))
    meanwhile = float(one.by_rack[0, 0])
    back = until + lost_s
    one.take(degc[back : back + 1], np.full(1, GOOD, np.uint8), np.array([back]), np.array([1000 * back]))
    return meanwhile, float(one.by_rack[0, 0])


@pytest.mark.parametrize("says", [Quality.STALE, Quality.BAD])
def test_a_lost_poll_has_no_answer_and_the_next_value_goes_on(says: Quality) -> None:
    meanwhile, after_s = cut(lost_s=2, says=says, new=False)
    assert math.isnan(meanwhile)
    assert after_s == pytest.approx(58.0, rel=0.3)


def test_a_long_loss_and_a_device_that_says_that_there_is_no_value_begin_anew() -> None:
    assert math.isnan(cut(lost_s=31, says=Quality.STALE, new=False)[1])
    assert math.isnan(cut(lost_s=2, says=Quality.BAD, new=True)[1])


def test_the_nearest_of_a_rack() -> None:
    answer = np.array([[90.0, 40.0, 200.0], [30.0, 9.0, 80.0], [np.nan] * 3, [60.0, 20.0, 100.0], [5.0, 1.0, 9.0]])
    found = np.zeros((3, 3))
    rt.nearest(np.array([0, 0, 1, 2, -1]), np.array([1, 1, 1, 0, 1]), answer, found)
    assert found[:, 0].tolist() == [30.0, 9.0, 80.0]
    assert np.isnan(found[:, 1:]).all()


def test_the_answer_reaches_the_readings() -> None:
    """Through the detector of a site: the rack of the cell that heats itself, and no other, has a countdown."""
    rig = Rig({"fine": Spec(Family.CELL_TEMPERATURE, 8, 4, "r1"), "other": Spec(Family.CELL_TEMPERATURE, 8, 4, "r2")})
    degc, runs_away_s = heated(0.03, 0.01, 150.0, 600)
    for k in range(int(runs_away_s) - 60):
        rig.set("fine", float(degc[k]), 2)
        rig.step()
    seconds, low, high = rig.readings.rack_runaway_s, rig.readings.rack_runaway_low_s, rig.readings.rack_runaway_high_s
    assert low[0] < 60.0 < high[0]
    assert low[0] <= seconds[0] <= high[0]
    assert math.isnan(seconds[1])
