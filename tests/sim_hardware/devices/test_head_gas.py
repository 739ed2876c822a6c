"""Gas heads against their data sheets: each effect alone, in air that the test makes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from controller.site.model import Family, Principle
from sim_hardware.devices.head_gas import FILTER_SAMPLES, YEAR_S, GasHead, HeadBank, Surroundings
from sim_hardware.devices.head_types import (
    CATALYTIC,
    ELECTROCHEMICAL_CO,
    PHOTOIONISATION,
    SOLID_STATE_H2,
    HeadType,
    head_type,
)
from sim_hardware.physics.gas import CO, H2, SPECIES, THC, VOC


class Air:
    """What the test lets the head breathe."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.ppm = np.zeros(SPECIES)
        self.o2, self.halocarbon, self.humidity_pct = 0.209, 0.0, 0.0

    def head(self, kind: HeadType, *, drifts: bool = False) -> GasHead:
        still = kind if drifts else dataclasses.replace(kind, zero_ppm_per_year=0.0, span_per_year=0.0)
        return GasHead(
            still,
            Surroundings(
                lambda: self.now_s,
                lambda: self.ppm,
                lambda: self.o2,
                lambda: self.halocarbon,
                lambda: self.humidity_pct,
            ),
            seed=1,
            point=7,
        )

    def wait(self, head: GasHead, seconds: float, step_s: float = 1.0) -> float:
        for _ in range(round(seconds / step_s)):
            self.now_s += step_s
            head()
        return head()


@pytest.mark.parametrize("kind", [SOLID_STATE_H2, ELECTROCHEMICAL_CO, PHOTOIONISATION])
def test_a_step_shows_after_the_dead_time_and_is_at_90_percent_after_t90(kind: HeadType) -> None:
    air = Air()
    head = air.head(kind)
    air.wait(head, 5.0)
    air.ppm[int(kind.response.argmax())] = 100.0
    assert air.wait(head, kind.dead_s - 0.5, 0.1) == 0.0
    assert air.wait(head, 0.5 + kind.t90_s, 0.1) == pytest.approx(90.0, abs=1.0)
    assert air.wait(head, 20 * kind.t90_s) == pytest.approx(100.0)


def test_the_same_step_is_followed_alike_at_any_pace_of_sampling() -> None:
    shown = []
    for step_s in (0.1, 1.0, 2.0):
        air = Air()
        head = air.head(dataclasses.replace(SOLID_STATE_H2, dead_s=0.0))
        air.ppm[H2] = 100.0
        shown.append(air.wait(head, 12.0, step_s))
    assert shown == pytest.approx([shown[0]] * 3)


def test_a_filter_holds_as_many_samples_as_come_within_its_dead_time() -> None:
    air = Air()
    head = air.head(SOLID_STATE_H2)
    shown = []
    step_s = SOLID_STATE_H2.dead_s / (1.5 * FILTER_SAMPLES)
    for sample in range(2 * FILTER_SAMPLES):
        air.ppm[H2] = sample
        shown.append(air.wait(head, step_s, step_s))
    delayed = 1.5 * FILTER_SAMPLES
    assert shown[: int(delayed)] == [0.0] * int(delayed)
    assert np.all(np.diff(shown[int(delayed) + 1 :]) > 0.0)


def test_heads_of_a_bank_show_what_each_shows_alone() -> None:
    air = Air()
    places = np.zeros((3, SPECIES))
    around = Surroundings(
        lambda: air.now_s, lambda: places, lambda: air.o2, lambda: air.halocarbon, lambda: air.humidity_pct
    )
    kinds = (SOLID_STATE_H2, PHOTOIONISATION, CATALYTIC)
    alone, banked = ([GasHead(kind, around, 1, 7 + k, k) for k, kind in enumerate(kinds)] for _ in range(2))
    bank = HeadBank(banked)
    air.humidity_pct, air.halocarbon = 60.0, 0.002
    for sample in range(50):
        air.now_s += 0.5
        places[:, [H2, VOC]] = sample * np.array([[10.0, 3.0], [5.0, 8.0], [7.0, 2.0]])
        assert bank.shown().tolist() == [head() for head in alone]
    assert len({round(value, 3) for value in bank.shown().tolist()}) == len(kinds)


def test_a_carbon_monoxide_cell_reads_hydrogen() -> None:
    air = Air()
    head = air.head(ELECTROCHEMICAL_CO)
    air.ppm[H2] = 400.0
    assert air.wait(head, 600.0) == pytest.approx(100.0)
    assert air.wait(air.head(PHOTOIONISATION), 600.0) == 0.0


def test_humid_air_takes_from_a_photoionisation_head() -> None:
    air = Air()
    head = air.head(PHOTOIONISATION)
    air.ppm[VOC] = 100.0
    assert air.wait(head, 100.0) == pytest.approx(100.0)
    air.humidity_pct = 90.0
    assert air.wait(head, 100.0) == pytest.approx(70.0)


def test_a_catalytic_head_needs_ten_percent_of_oxygen() -> None:
    air = Air()
    head = air.head(CATALYTIC)
    air.ppm[H2] = 4000.0
    air.o2 = 0.11
    assert air.wait(head, 200.0) == pytest.approx(4000.0, rel=1e-3)
    air.o2 = 0.06
    assert air.wait(head, 200.0) < 1000.0
    air.o2 = 0.209
    assert air.wait(head, 200.0) == pytest.approx(4000.0, rel=1e-3)


def test_a_catalytic_head_shows_every_fuel_by_its_own_lower_limit() -> None:
    air = Air()
    air.ppm[[H2, CO, THC]] = 10_000.0, 31_250.0, 9_000.0
    assert air.wait(air.head(CATALYTIC), 300.0) == pytest.approx(30_000.0)


def test_agent_silences_a_catalytic_head_and_a_long_dose_kills_it() -> None:
    air = Air()
    head = air.head(CATALYTIC)
    air.ppm[H2] = 4000.0
    assert air.wait(head, 200.0) == pytest.approx(4000.0, rel=1e-3)
    air.halocarbon = 0.053
    assert air.wait(head, 120.0) < 10.0
    air.halocarbon = 0.0
    back = air.wait(head, 36_000.0, 10.0)
    assert 200.0 < back < 1000.0
    whiff = air.head(CATALYTIC)
    air.halocarbon = 0.005
    assert air.wait(whiff, 20.0) < 3000.0
    air.halocarbon = 0.0
    assert air.wait(whiff, 36_000.0, 10.0) > 3500.0


def test_agent_does_nothing_to_the_other_heads() -> None:
    air = Air()
    air.halocarbon, air.o2 = 0.06, 0.19
    air.ppm[H2] = 100.0
    assert air.wait(air.head(SOLID_STATE_H2), 200.0) == pytest.approx(100.0)


def test_drift_stays_within_the_years_bounds_and_differs_from_head_to_head() -> None:
    air = Air()
    around = Surroundings(lambda: air.now_s, lambda: air.ppm, lambda: 0.209, lambda: 0.0, lambda: 0.0)
    heads = [GasHead(SOLID_STATE_H2, around, seed=1, point=point) for point in range(20)]
    assert all(head() == 0.0 for head in heads)
    air.now_s = YEAR_S
    after = [head() for head in heads]
    assert max(map(abs, after)) <= SOLID_STATE_H2.zero_ppm_per_year
    assert min(after) < -0.5 < 0.5 < max(after)
    assert len(set(after)) == len(after)


def test_an_overload_is_over_soon_after_the_gas_has_gone() -> None:
    air = Air()
    head = air.head(ELECTROCHEMICAL_CO)
    air.ppm[CO] = 1e6
    assert air.wait(head, 600.0) == pytest.approx(ELECTROCHEMICAL_CO.overload_ppm)
    air.ppm[CO] = 0.0
    assert air.wait(head, 6 * ELECTROCHEMICAL_CO.t90_s) < 1.0


def test_a_principle_that_no_head_of_the_family_has_is_refused_with_the_remedy() -> None:
    assert head_type(Family.H2, None) is SOLID_STATE_H2
    assert head_type(Family.H2, Principle.CATALYTIC) is CATALYTIC
    with pytest.raises(ValueError, match="no catalytic head for co; remedy: one of electrochemical"):
        head_type(Family.CO, Principle.CATALYTIC)
