"""Nuisances: the same seed draws the same episode, within its ranges, at places that the site has."""

from __future__ import annotations

import pytest

from controller.core.commands import Disable
from controller.site.loader import load as load_site
from controller.site.model import Site
from sim_hardware import lockstep
from sim_hardware.devices.plant import Plant
from sim_hardware.faults.spec import FaultSpec
from sim_hardware.scenarios import loader
from sim_hardware.scenarios.model import Act, Initiation, Nuisance, Outage, Scenario
from sim_hardware.scenarios.nuisances import NUISANCES, add, draw, expand, parameters, zones_for

MANY = 200


@pytest.fixture(scope="module")
def poor_room() -> Site:
    return load_site(loader.SITES / "poor-room.toml")


def bare(**more: object) -> Scenario:
    return Scenario(name="x", title="x", site="hall.toml", duration_s=60.0, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", NUISANCES)
def test_parameters_fill_their_ranges_and_stay_within(kind: str) -> None:
    drawn = [parameters(kind, seed) for seed in range(MANY)]
    assert drawn == [parameters(kind, seed) for seed in range(MANY)]
    for name, span in NUISANCES[kind].ranges.items():
        values = [one[name] for one in drawn]
        assert span.low <= min(values) <= max(values) <= span.high
        assert len(set(values)) > MANY / 2
        assert span.source
        lower_half = sum(value < (span.low + span.high) / 2 for value in values)
        assert lower_half > MANY * 0.35  # evenly, or towards the small ones
        assert max(values) > span.low + 0.8 * (span.high - span.low)


@pytest.mark.parametrize("kind", NUISANCES)
def test_the_same_seed_draws_the_same_episode_and_others_differ(kind: str, hall: Site) -> None:
    assert draw(kind, 7, hall, at_s=100.0) == draw(kind, 7, hall, at_s=100.0)
    assert len({repr(draw(kind, seed, hall)) for seed in range(MANY)}) > MANY * 0.9
    zones = {getattr(item, "zone", "") for seed in range(MANY) for item in draw(kind, seed, hall)} - {""}
    assert zones <= set(zones_for(kind, hall))
    assert not zones or zones == set(zones_for(kind, hall))  # every place comes up


@pytest.mark.parametrize("kind", NUISANCES)
def test_an_episode_fits_the_plant_of_either_site(kind: str, hall: Site, poor_room: Site) -> None:
    for site in (hall, poor_room):
        for zone in zones_for(kind, site):
            for seed in range(3):
                Plant(site, seed, add(bare(), draw(kind, seed, site, zone, at_s=1.0)))


@pytest.mark.parametrize("kind", NUISANCES)
def test_nothing_of_an_episode_comes_before_its_second(kind: str, hall: Site) -> None:
    for seed in range(20):
        for item in draw(kind, seed, hall, at_s=50.0):
            assert (item.after_s if isinstance(item, Act) else item.at_s) >= 50.0


def test_a_class_or_a_place_that_is_not_there_says_what_to_do(hall: Site) -> None:
    with pytest.raises(ValueError, match="soldering"):
        draw("meteorite", 1, hall)
    with pytest.raises(ValueError, match="remedy: hall"):
        draw("solvent-spray", 1, hall, "server")


def test_a_scenario_that_names_nuisances_gets_them_by_the_seed_of_its_run(hall: Site) -> None:
    two = (Nuisance(kind="soldering", at_s=5.0, zone="hall"), Nuisance(kind="soldering", at_s=9.0, zone="hall"))
    scenario = bare(nuisances=two)
    drawn = expand(scenario, hall, 1)
    assert not drawn.nuisances
    assert [item.at_s for item in drawn.initiations] == [5.0, 9.0]
    assert drawn.initiations[0].smoke_g_per_s != drawn.initiations[1].smoke_g_per_s
    assert drawn == expand(scenario, hall, 1)
    assert drawn != expand(scenario, hall, 2)
    fixed = bare(nuisances=(Nuisance(kind="soldering", at_s=5.0, zone="hall", seed=3),))
    assert expand(fixed, hall, 1) == expand(fixed, hall, 2)
    assert expand(bare(), hall, 1) == bare()


def test_lightning_is_short_and_maintenance_is_sometimes_careless(hall: Site) -> None:
    for seed in range(30):
        strokes = [item for item in draw("lightning", seed, hall) if isinstance(item, FaultSpec)]
        assert strokes
        assert all(item.until_s <= 20.0 for item in strokes)
    jobs = [draw("maintenance", seed, hall, "hall") for seed in range(MANY)]
    careful = sum(any(isinstance(i, Act) and isinstance(i.command, Disable) for i in job) for job in jobs)
    assert 0.55 * MANY < careful < 0.85 * MANY


def test_air_conditioning_that_fails_comes_back(hall: Site) -> None:
    plant = Plant(hall, 1, bare(outages=(Outage(at_s=1.0, zone="hall", until_s=2.0),)))
    seen = []
    for tick_ms in (900, 1_500, 2_500):
        plant.advance_to(tick_ms)
        seen.append(plant.battery("hall").room.inputs.hvac_on)
    assert seen == [True, False, True]


def test_the_people_of_a_nuisance_act(hall: Site) -> None:
    seed = next(s for s in range(50) if any(isinstance(item, Act) for item in draw("maintenance", s, hall, "hall")))
    scenario = bare(nuisances=(Nuisance(kind="maintenance", at_s=1.0, zone="hall", seed=seed),))
    told = lockstep.run(hall, scenario, duration_s=3.0).events
    assert any(event.operator == "Lee (maintenance)" for event in told)


def test_initiations_without_a_rack_are_in_the_room(hall: Site) -> None:
    sprays = [item for seed in range(60) for item in draw("solvent-spray", seed, hall) if isinstance(item, Initiation)]
    assert {item.rack for item in sprays} == {"", *hall.zones["hall"].racks}
