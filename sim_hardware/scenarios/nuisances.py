"""Nuisances: episodes of ordinary life, by class, drawn from a seed within ranges that say where they are known from.

`draw` makes one episode; `expand` puts those that a scenario names in place of their names. The same seed gives the same
episode, always: nothing else goes in but the class, the site, the zone and the second.
"""

import zlib
from collections.abc import Iterable, Mapping

import numpy as np
from msgspec.structs import replace

from controller.site.model import Site
from sim_hardware.faults.spec import FaultSpec
from sim_hardware.scenarios.episode import Episode, Item, NuisanceKind
from sim_hardware.scenarios.model import Act, Ambient, Cycle, Initiation, Input, Load, Nuisance, Outage, Scenario
from sim_hardware.scenarios.nuisances_air import AIR
from sim_hardware.scenarios.nuisances_wires import WIRES

NUISANCES: Mapping[str, NuisanceKind] = {**AIR, **WIRES}
"""All classes, by name."""

FIELDS: Mapping[type, str] = {
    Load: "load",
    Cycle: "cycles",
    Ambient: "ambient",
    Outage: "outages",
    Initiation: "initiations",
    Input: "inputs",
    Act: "acts",
    FaultSpec: "faults",
}
"""Where each kind of item stands in a scenario."""


def parameters(kind: str, seed: int) -> dict[str, float]:
    """The parameters of the episode `seed` of a class. Raises ValueError for a class that is not known."""
    ranges = _kind(kind).ranges
    rng = _rng(kind, seed, 0)
    return {name: ranges[name].draw(rng) for name in ranges}


def draw(kind: str, seed: int, site: Site, zone: str = "", at_s: float = 0.0) -> tuple[Item, ...]:
    """The episode `seed` of a class, begun at `at_s` in `zone`, or in one that the seed chooses.

    Raises ValueError for a class that is not known, and where it cannot happen.
    """
    fitting = zones_for(kind, site)
    if not fitting or (zone and zone not in fitting):
        where = f"zone {zone!r}" if zone else f"site {site.site.name!r}"
        raise ValueError(f"nuisance {kind}: not in {where}; remedy: {', '.join(fitting) or 'another site'}")
    rng = _rng(kind, seed, 1)
    place = zone or fitting[int(rng.integers(len(fitting)))]
    return _kind(kind).make(Episode(parameters(kind, seed), site, place, at_s, rng))


def zones_for(kind: str, site: Site) -> tuple[str, ...]:
    """The zones of a site where a class can happen. Raises ValueError for a class that is not known."""
    fits = _kind(kind).fits
    return tuple(zone for zone in site.zones if fits(site, zone))


def expand(scenario: Scenario, site: Site, seed: int) -> Scenario:
    """The scenario with its nuisances drawn for the run's `seed`; one without nuisances is returned as it is."""
    for place, nuisance in enumerate(scenario.nuisances):
        scenario = add(
            scenario, draw(nuisance.kind, _seed_of(nuisance, seed, place), site, nuisance.zone, nuisance.at_s)
        )
    return replace(scenario, nuisances=()) if scenario.nuisances else scenario


def add(scenario: Scenario, items: Iterable[Item]) -> Scenario:
    """The scenario with `items` after its own."""
    gathered: dict[str, tuple[Item, ...]] = {}
    for item in items:
        field = FIELDS[type(item)]
        gathered[field] = (*gathered.get(field, getattr(scenario, field)), item)
    return replace(scenario, **gathered)


def _seed_of(nuisance: Nuisance, seed: int, place: int) -> int:
    if nuisance.seed is not None:
        return nuisance.seed
    return int(np.random.SeedSequence([seed, place]).generate_state(1)[0])


def _rng(kind: str, seed: int, purpose: int) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(kind.encode()), purpose])


def _kind(kind: str) -> NuisanceKind:
    if kind not in NUISANCES:
        raise ValueError(f"nuisance {kind!r} is not known; remedy: one of {', '.join(NUISANCES)}")
    return NUISANCES[kind]
