"""Heads of a part that nothing tells apart: a state and its mirror image, one head's latch with the other, are explored once.

Sound where the part is its own mirror image: the heads are of one kind in one place, rule 3 pairs them alike, whatever one may show the other
may show beside the same, and nobody names one of them. Then each way through the part has its mirror image, step by step. A counter-example is
told without it (`run.explore_world`): what stands in it has happened to the head that it names.
"""

from functools import lru_cache

from msgspec.structs import replace

from controller.core.commands import Reset
from controller.core.inputs import Inputs
from controller.core.layout import HeadLayout
from controller.core.rules import ZoneRules
from controller.core.state import HeadLatch
from controller.tools.verify.slices import kind_of
from controller.tools.verify.world import Vector, World

Alike = tuple[tuple[int, ...], ...]
"""Indices of heads, a group that stand for each other in each; groups of two and more."""


def alike_heads(world: World) -> Alike:
    """The heads of a part that stand for each other."""
    release = world.release
    if any(not isinstance(word, Reset) for word in world.said) or (release is not None and release.extract_s):
        return ()  # words and the extract know heads by their names
    groups: list[list[HeadLayout]] = []
    shown = {_key(vector) for vector in world.vectors}
    for head in world.layout.heads:
        mine = next((group for group in groups if _are_alike(world, shown, group[0], head)), None)
        if mine is None:
            groups.append([head])
        else:
            mine.append(head)
    return tuple(tuple(head.index for head in group) for group in groups if len(group) > 1)


def _are_alike(world: World, shown: set[object], a: HeadLayout, b: HeadLayout) -> bool:
    if str(a.physics) == "wired" or (kind_of(a), a.zone, a.rack) != (kind_of(b), b.zone, b.rack):
        return False
    swap = {a.index: b.index, b.index: a.index}
    paired = all(_paired(zone, {}) == _paired(zone, swap) for zone in world.rules.zones)
    return paired and all(_key(vector, swap) in shown for vector in world.vectors)


def _paired(zone: ZoneRules, swap: dict[int, int]) -> tuple[set[frozenset[int]], ...]:
    """Rule 3's pairs, and those that prove a fire to the coolant, with two heads for each other."""
    return tuple(
        {frozenset(swap.get(head.index, head.index) for head in pair) for pair in pairs}
        for pairs in (zone.pairs, zone.proving)
    )


def _key(vector: Vector, swap: dict[int, int] | None = None) -> object:
    """What a vector shows, with two heads for each other."""
    return _swapped(vector.inputs, swap or {}), vector.beside


def _swapped(inputs: Inputs, swap: dict[int, int]) -> Inputs:
    return inputs._replace(heads=tuple(inputs.heads[swap.get(place, place)] for place in range(len(inputs.heads))))


class Mirror:
    """Of a state and its mirror images one stands for all: the latches of heads that stand for each other lie in one order."""

    def __init__(self, world: World) -> None:
        self._groups = alike_heads(world)
        self._evidence = [world.evidence(head.index) for head in world.layout.heads]
        self.of = lru_cache(maxsize=100_000)(self._of)

    def __bool__(self) -> bool:
        return bool(self._groups)

    def _of(self, latches: tuple[HeadLatch, ...]) -> tuple[HeadLatch, ...]:
        """Strongest first; what a head shows as evidence stays its own."""
        found = list(latches)
        for group in self._groups:
            in_order = sorted((latches[place] for place in group), key=_rank, reverse=True)
            for place, latch in zip(group, in_order, strict=True):
                shows = latch.evidence is not None
                found[place] = replace(latch, evidence=self._evidence[place] if shows else None)
        return tuple(found)


def _rank(latch: HeadLatch) -> tuple[int, ...]:
    return (
        latch.level, latch.runaway, latch.ended_ms, latch.fire_2, latch.fire_2_ms, latch.looked_ms, latch.pre_alarm_ms,
        latch.since_ms,
    )  # fmt: skip
