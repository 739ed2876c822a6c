"""The exploration itself: what it merges behaves alike, a bound is told, a fault is drawn, zones that are alike are answered once."""

import random

from msgspec.structs import replace

from controller.core import decide as deciding
from controller.core.layout import lay_out
from controller.core.state import State
from controller.tools.verify.canonical import NOW_MS
from controller.tools.verify.explore import Broken, Explorer, Move
from controller.tools.verify.losses import losses
from controller.tools.verify.properties import STEP_CHECKS
from controller.tools.verify.run import Answer, Bounds, _of_losses, explore_world
from controller.tools.verify.slices import zone_digest
from controller.tools.verify.timeline import as_page, as_svg, as_text
from tests.controller.core.field import site
from tests.controller.tools.verify.judged import parts

STEPS = 400


def _stages(state: State) -> tuple[object, ...]:
    """What nobody may tell apart: stage and timers, isolation and water, what is commanded."""
    zones = [(z.stage, z.trigger, z.due_ms, z.reserve, z.proven, z.strayed) for z in state.zones]
    racks = [(r.isolation, r.cool, r.runaway, r.vouched) for r in state.racks]
    return *zones, *racks, *(o.wanted for o in state.outputs)


def _walk(name: str, seed: int) -> None:
    """Side by side, a state as decide left it and the one that stands for it: the same inputs take both the same way."""
    _, world = next(parts(site(), "hall", name))
    explorer = Explorer(world, STEP_CHECKS)
    chance = random.Random(seed)
    raw = replace(deciding.first_state(world.layout), tick_ms=NOW_MS)
    for _ in range(STEPS):
        vector = chance.choice(world.vectors)
        mine = explorer.decide(raw, vector).state
        merged = explorer.decide(explorer.canon.of(raw), vector).state
        assert _stages(mine) == _stages(merged), f"{name}: {vector.text}"
        assert explorer.canon.of(mine) == explorer.canon.of(merged), f"{name}: {vector.text}"
        raw = mine


def test_a_merged_state_goes_the_same_way() -> None:
    for name in ("hall: hands", "hall: air", "hall: blocks", "rack and hands", "neighbours"):
        _walk(name, 7)


def test_a_bound_is_told_and_proves_nothing() -> None:
    kind, world = next(parts(site(), "hall", "hall: hands"))
    assert not explore_world(kind, world, Bounds(most_states=20)).whole


def test_a_fault_is_drawn() -> None:
    state = deciding.first_state(lay_out(site()))
    broken = Broken("P1", "agent & no reason", ((Move(0, "start"), state), (Move(30_000, "all inputs at rest"), state)))
    assert "      30.0 s" in as_text(broken)
    drawing = as_svg("hall <1>", broken)
    assert "hall &lt;1&gt;" in drawing
    assert "agent &amp; no reason" in drawing
    assert drawing in as_page("faults", [drawing])


def test_zones_differ_by_more_than_names() -> None:
    layout = lay_out(site())
    assert zone_digest(layout, 0) != zone_digest(layout, 1)
    assert zone_digest(layout, 1) != zone_digest(lay_out(site(("same_family = true\n", ""))), 1)
    renamed = site(('title = "Server room"', 'title = "Room 2"'))
    assert zone_digest(layout, 1) == zone_digest(lay_out(renamed), 1)


def test_the_site_is_held_to_what_it_states() -> None:
    """The hall's key hangs on one module, so at worst nothing automatic is left: a site that promises more is refuted."""
    for stated, answer in (("unavailable", Answer.PROVED), ("degraded", Answer.REFUTED), ("full", Answer.REFUTED)):
        layout = lay_out(site(("attempts = 2", f'attempts = 2\nloss_of_one = "{stated}"')))
        assert _of_losses(layout, 0, list(losses(layout))).answer is answer


def test_a_lost_proof_of_a_damper_that_blocks_leaves_nothing_automatic() -> None:
    """By verification's own reading, for each device that the damper hangs on; where the site lets the release go on, for neither."""
    for policy, device, at_most in (
        ("block", "fb", "unavailable"),
        ("release", "fb", "degraded"),
    ):
        layout = lay_out(site(('damper_unproven = "release"', f'damper_unproven = "{policy}"')))
        found = next(loss for loss in losses(layout) if (loss.zone, loss.what) == ("hall", f"device {device}"))
        assert (found.at_most, found.grade) == (at_most, at_most), found
