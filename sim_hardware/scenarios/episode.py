"""What a class of nuisance is made of: ranges to draw its parameters from, and the place where an episode happens."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np

from controller.site.model import PHYSICS, Family, Head, Physics, Site
from sim_hardware.faults.spec import FaultSpec
from sim_hardware.scenarios.model import Act, Ambient, Cycle, Initiation, Input, Load, Outage

Item = Load | Cycle | Ambient | Outage | Initiation | Input | Act | FaultSpec
"""What a nuisance consists of: anything that a scenario can say."""
WIDE = 10.0
"""Ranges of more than this ratio are drawn evenly over their logarithm, so that small episodes are as frequent as large ones."""


@dataclass(frozen=True, slots=True)
class Range:
    """A parameter lies between `low` and `high`; `source` says where that is known from, or that it is assumed."""

    low: float
    high: float
    source: str

    def draw(self, rng: np.random.Generator) -> float:
        """One value, with four significant digits."""
        if self.low > 0.0 and self.high > WIDE * self.low:
            value = float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))
        else:
            value = float(rng.uniform(self.low, self.high))
        return min(self.high, max(self.low, float(f"{value:.4g}")))


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode to be made: its parameters by name, its place, its second; `rng` chooses among what the place offers."""

    values: Mapping[str, float]
    site: Site
    zone: str
    at_s: float
    rng: np.random.Generator

    def __getitem__(self, name: str) -> float:
        """A drawn parameter."""
        return self.values[name]

    def heads(self, families: Collection[Family]) -> list[str]:
        """The zone's heads of these families, by name."""
        return heads_of(self.site, self.zone, families)

    def choose(self, names: Collection[str], count: int = 1) -> list[str]:
        """`count` different ones of `names`, or all if there are fewer."""
        ordered = list(names)
        picked = self.rng.permutation(len(ordered))[:count]
        return [ordered[k] for k in sorted(picked.tolist())]

    def rack(self) -> str:
        """One of the zone's racks; empty if it has none."""
        racks = self.site.zones[self.zone].racks
        return self.choose(racks)[0] if racks else ""

    def point(self, name: str) -> str:
        """One point of head `name`: a cell of its first module where it has modules, else its first value."""
        group = self.site.heads[name].group
        return f"{name}[{int(self.rng.integers(group)) if group else 0}]"

    def devices(self) -> list[str]:
        """The devices of the zone's analogue heads, each once."""
        return list(dict.fromkeys(_device(self.site, self.site.heads[name]) for name in self.heads(ANALOGUE)))


@dataclass(frozen=True, slots=True)
class NuisanceKind:
    """A class of nuisance: what it is, the ranges of its parameters, where it can happen, and what a scenario would say of it."""

    says: str
    ranges: Mapping[str, Range]
    fits: Callable[[Site, str], bool]
    make: Callable[[Episode], tuple[Item, ...]]


ANALOGUE = tuple(family for family in Family if PHYSICS.get(family, Physics.WIRED) is not Physics.WIRED)
"""Families whose values are measured, not switched."""


def heads_of(site: Site, zone: str, families: Collection[Family]) -> list[str]:
    """The heads of `zone` that belong to `families`, by name, in the site's order."""
    return [name for name, head in site.heads.items() if head.zone == zone and head.family in families]


def anywhere(_site: Site, _zone: str) -> bool:
    """Fits every zone."""
    return True


def among_batteries(site: Site, zone: str) -> bool:
    """Fits a zone with batteries."""
    return bool(heads_of(site, zone, {Family.CELL_TEMPERATURE, Family.CELL_VOLTAGE}))


def among_servers(site: Site, zone: str) -> bool:
    """Fits a zone without batteries."""
    return not among_batteries(site, zone)


def with_heads(*families: Family) -> Callable[[Site, str], bool]:
    """Fits a zone that has a head of one of `families`."""
    return lambda site, zone: bool(heads_of(site, zone, families))


def _device(site: Site, head: Head) -> str:
    block = head.points[0].partition("[")[0]
    return site.blocks[block].device
