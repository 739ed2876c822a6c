"""Coarse steps: quiet life in them is quiet, they cost what their page says, and nothing that stirs is seen through them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from controller.core.events import Kind
from controller.site.model import Site
from sim_hardware.coarse import SETTLE_MS
from sim_hardware.faults.spec import parse_fault
from sim_hardware.lockstep import LockStep, run
from sim_hardware.scenarios import loader


def test_quiet_life_in_coarse_steps_is_quiet_and_near_to_the_fine_one(hall: Site) -> None:
    scenario = loader.load("quiet")
    fine = run(hall, scenario, duration_s=900.0)
    coarse = run(hall, scenario, duration_s=900.0, step_s=10.0)
    assert [e for e in coarse.events if e.kind in {Kind.LEVEL, Kind.STAGE, Kind.RESPONSE, Kind.TROUBLE}] == []
    assert coarse.scans < fine.scans / 3
    assert coarse.truth.tick_ms == pytest.approx(fine.truth.tick_ms, abs=1000)
    for one, other in zip(coarse.truth.battery, fine.truth.battery, strict=True):
        assert one.room_degc == pytest.approx(other.room_degc, abs=0.21)
        for racks, fine_racks in zip(one.module_max_degc, other.module_max_degc, strict=True):
            assert racks == pytest.approx(fine_racks, abs=0.21)
    for room, fine_room in zip(coarse.truth.server, fine.truth.server, strict=True):
        assert room.hottest_degc == pytest.approx(fine_room.hottest_degc, abs=0.3)


def test_every_sample_is_seen_and_every_module_stays_up(hall: Site) -> None:
    lockstep = LockStep(hall, step_s=10.0)
    first = lockstep.plant.layout.first["bms-2-temperature"]
    seen: list[tuple[int, int]] = []
    while lockstep.tick_ms < 3 * SETTLE_MS:
        moment = lockstep.step()
        seen.append((moment.image.tick_ms, int(moment.image.sample[first])))
    steps = {
        (after[0] - before[0], after[1] - before[1]) for before, after in zip(seen[-60:], seen[-59:], strict=False)
    }
    assert steps == {(1000, 1)}
    assert lockstep.plant.truth().fallen_modules == []


def test_what_begins_is_seen_in_fine_steps_from_before_it_begins(hall: Site) -> None:
    faults = [parse_fault("offset:h2-4:3000@200-205")]
    fine = run(hall, duration_s=260.0, faults=faults)
    ticks: list[int] = []
    coarse = run(hall, duration_s=260.0, faults=faults, step_s=10.0, observer=lambda m: ticks.append(m.image.tick_ms))
    assert {b - a for a, b in pairwise(ticks) if 190_000 <= a < 260_000} == {100}
    assert 1000 in {b - a for a, b in pairwise(ticks) if 100_000 <= a < 185_000}
    told = [(e.tick_ms, e.kind, e.subject, e.what) for e in fine.events if e.kind is not Kind.DIGEST]
    assert told == [(e.tick_ms, e.kind, e.subject, e.what) for e in coarse.events if e.kind is not Kind.DIGEST]


def test_a_fire_that_nobody_announced_ends_coarse_steps(hall: Site) -> None:
    lockstep = LockStep(hall, step_s=10.0)
    while lockstep.tick_ms <= SETTLE_MS + 20_000:
        lockstep.step()
    zone = lockstep.plant.battery("hall")
    zone.room.inject_internal_short(3, 4, 8, zone.room.time_s, 400.0, 0.6)
    strides: list[tuple[bool, int]] = []
    while lockstep.tick_ms < SETTLE_MS + 200_000:
        before_ms, calm = lockstep.tick_ms, lockstep.plant.is_calm
        lockstep.step()
        strides.append((calm, lockstep.tick_ms - before_ms))
    hot = strides[[calm for calm, _ in strides].index(False) + 1 :]
    assert len(hot) > 100
    assert {stride for _, stride in hot} == {100}


@pytest.mark.parametrize("step_s", [0.5, 11.0])
def test_steps_that_cannot_be_are_refused_with_a_remedy(hall: Site, step_s: float) -> None:
    with pytest.raises(ValueError, match="remedy"):
        run(hall, duration_s=1.0, step_s=step_s)
