"""The exploration itself: what it merges behaves alike, a bound is told, a fault is drawn, zones that are alike are answered once."""

import json
import random
from pathlib import Path

import pytest
from msgspec.structs import replace

from controller.core import decide as deciding
from controller.core.layout import lay_out
from controller.core.state import State
from controller.site.loader import load
from controller.tools.verify.canonical import NOW_MS
from controller.tools.verify.explore import Broken, Explorer, Move
from controller.tools.verify.losses import losses
from controller.tools.verify.properties import STEP_CHECKS
from controller.tools.verify.run import Answer, Bounds, Verdict, _of_losses, explore_world
from controller.tools.verify.slices import zone_digest
from controller.tools.verify.timeline import as_page, as_svg, as_text
from tests.controller.core.field import site
from tests.controller.tools.verify.judged import parts

STEPS = 400
DEPLOYED = Path(__file__).parents[4] / "deploy" / "sites"


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


STATED = {
    "the modules of the channels alone, and the key hangs on another": ("degraded", ["do-1", "do-2"], Answer.REFUTED),
    "all that it takes": ("degraded", ["do-1", "do-2", "di-1", "di-2"], Answer.PROVED),
    "the links that they hang on, which are more than the key's": ("degraded", ["io-1", "io-2"], Answer.REFUTED),
    "more than is so": ("full", ["do-1", "do-2", "di-1", "di-2"], Answer.REFUTED),
    "a device that is not there": ("degraded", ["do-1", "do-2", "di-1", "di-2", "do-9"], Answer.REFUTED),
    "the least of all": ("unavailable", [], Answer.PROVED),
    "too much of all": ("degraded", [], Answer.REFUTED),
}


def _stated(lines: str, mode: str = "direct") -> Verdict:
    layout = lay_out(site(("attempts = 2", f"attempts = 2\n{lines}"), ('mode = "direct"', f'mode = "{mode}"')))
    return _of_losses(layout, 0, list(losses(layout)))


@pytest.mark.parametrize("name", STATED)
def test_the_site_is_held_to_what_it_states(name: str) -> None:
    least, without, answer = STATED[name]
    assert _stated(f'loss_of_one = "{least}"\nunavailable_without = {json.dumps(without)}').answer is answer


def test_in_direct_mode_a_site_that_states_nothing_is_not_verified() -> None:
    silent = _stated("")
    assert silent.answer is Answer.NOT_DECIDED
    remedy = silent.why.partition("state in [zones.hall.release] ")[2]
    assert _stated(remedy.replace('", unav', '"\nunav')).answer is Answer.PROVED
    assert _stated("", "shadow").answer is Answer.NOTHING


@pytest.mark.parametrize("name", ["hall", "container", "poor-room"])
def test_the_example_sites_state_what_a_loss_costs(name: str) -> None:
    layout = lay_out(load(DEPLOYED / f"{name}.toml"))
    found = list(losses(layout))
    for zone, entry in enumerate(layout.site.zones.values()):
        assert entry.release is not None
        told = _of_losses(layout, zone, found)
        assert told.answer is Answer.PROVED
        assert f"at worst {entry.release.loss_of_one} " in told.why, "they state no less than is so"


def test_a_lost_proof_of_a_damper_that_blocks_leaves_nothing_automatic() -> None:
    """By verification's own reading, for each device that the damper hangs on; where the site lets the release go on, for neither."""
    for policy, device, at_most in (
        ("block", "fb", "unavailable"),
        ("release", "fb", "degraded"),
    ):
        layout = lay_out(site(('damper_unproven = "release"', f'damper_unproven = "{policy}"')))
        found = next(loss for loss in losses(layout) if (loss.zone, loss.what) == ("hall", f"device {device}"))
        assert (found.at_most, found.grade) == (at_most, at_most), found
