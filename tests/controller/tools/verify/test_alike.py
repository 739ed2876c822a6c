"""Heads that stand for each other: a part is explored whole though mirror images are one, and a fault is told with the right names."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from controller.core.commands import Disable
from controller.tools.verify import run
from controller.tools.verify.alike import Mirror, alike_heads
from controller.tools.verify.canonical import LONG_AGO_MS, RUNNING_MS
from controller.tools.verify.explore import Explorer, Step
from controller.tools.verify.properties import STEP_CHECKS
from controller.tools.verify.run import Bounds, explore_world
from controller.tools.verify.words import ALARM
from controller.tools.verify.world import World
from tests.controller.core.field import site
from tests.controller.tools.verify.judged import parts


def _heads_alone() -> World:
    """The part `windows` of the server room without hands: its two smoke heads, and time."""
    _, world = next(parts(site(), "server", "windows"))
    shown = [vector for vector in world.vectors if all("smoke" in change.text for change in vector.changes)]
    return replace(world, vectors=[replace(vector, place=place) for place, vector in enumerate(shown)])


def test_a_part_and_its_mirror_images_are_one() -> None:
    """Every state that is found without mirror images is found with them, as itself or as its image; and no other."""
    world = _heads_alone()
    mirror = Mirror(world)
    whole, folded = Explorer(world, STEP_CHECKS), Explorer(world, STEP_CHECKS, mirror=mirror)
    assert whole.run().whole
    assert folded.run().whole
    assert {folded.canon.mirrored(state) for state in whole.seen} == set(folded.seen)
    assert len(folded.seen) < 0.6 * len(whole.seen)


def _one_comes_again(step: Step) -> Iterator[tuple[str, str]]:
    """Of two heads, whichever: the alarm of one is long over, the other's is not, and the first one shows alarm again, alone."""
    ended = [latch.ended_ms for latch in step.before.heads[:2]]
    again = [reading.level == ALARM for reading in step.vector.inputs.heads[:2]]
    if sorted(ended) == [LONG_AGO_MS, RUNNING_MS] and again == [at == LONG_AGO_MS for at in ended]:
        yield "P1", "the head whose alarm was over shows it again"


def test_a_fault_is_told_with_the_right_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step of the way leads from its state to the next, with the heads that it names."""
    monkeypatch.setattr(run, "STEP_CHECKS", (_one_comes_again,))
    world = _heads_alone()
    broken = explore_world("release", world, Bounds()).broken["P1"]
    explorer = Explorer(world, ())
    before = broken.path[0][1]
    named = set()
    for move, after in broken.path[1:]:
        if move.vector is not None and not move.waited_ms:
            named |= {change.text for change in move.vector.changes}
            assert explorer.canon.of(explorer.decide(before, move.vector).state) == after
        before = after
    assert len(named) > 1


def test_heads_are_alike_where_the_part_is_its_own_mirror_image() -> None:
    world = _heads_alone()
    smoke = tuple(head.index for head in world.layout.heads if head.physics == "smoke")
    assert alike_heads(world) == (smoke,)
    shows_less = replace(world, vectors=[vector for vector in world.vectors if vector.place != 1])
    assert not alike_heads(shows_less)
    named = replace(world, said=(*world.said, Disable(operator="a person", subject=world.layout.heads[smoke[0]].name)))
    assert not alike_heads(named)
    (zone,) = world.rules.zones
    one_alone = replace(zone, proving=((world.layout.heads[smoke[0]], world.layout.heads[smoke[0]]),))
    assert not alike_heads(replace(world, rules=replace(world.rules, zones=(one_alone,))))


@pytest.mark.parametrize("name", ["hall: windows", "hall: hands", "hall: blocks"])
def test_heads_of_two_kinds_and_heads_that_show_other_things_are_not_alike(name: str) -> None:
    _, world = next(parts(site(), "hall", name))
    assert not alike_heads(world)
