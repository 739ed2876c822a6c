"""Seven unsafe sites, each refuted with the right counter-example.

Three are site files: what the checker refuses, verification refutes by itself. Four cannot be written in a site file any more, because the
core does not ask the site about it; there the core itself is broken on purpose, the way such a site would want it.
"""

import pytest

from controller.core import decide as deciding
from controller.core.matrix import interlock
from controller.core.state import Stage
from controller.core.zone import coincidence, signals
from controller.core.zone.machine import TABLE, Signal
from controller.site import pairs as rule_3
from controller.site.check import check
from controller.site.model import Physics
from controller.site.power import Power
from controller.tools.verify.losses import losses
from controller.tools.verify.run import Answer, _of_losses
from tests.controller.core.field import site
from tests.controller.core.one_bank import one_bank
from tests.controller.core.two_feeds import two_feeds
from tests.controller.tools.verify.judged import counter_example, layout_of, story

HOT = """[heads.hot-1]
family = "cell-temperature"
zone = "hall"
rack = "rack-1"
points = ["bms-1-temperature[0:2]"]
group = 2
"""
TWO_VALUES = ('[heads."h2-[1-3]"]', HOT + '[heads."h2-[1-3]"]')


def test_release_on_two_values_of_one_bms(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site has two heads on one BMS; rule 3 refuses them as a pair twice over, so both guards are taken out of the core."""
    unsafe = site(TWO_VALUES)
    assert counter_example(unsafe, "hall", "device bms-1 alone", "P1") is None
    monkeypatch.setattr(rule_3, "independent", lambda a, b, same_family: True)
    assert counter_example(unsafe, "hall", "device bms-1 alone", "P1") is None, (
        "the coincidence refuses one family by itself"
    )
    monkeypatch.setattr(coincidence, "_of_two_families", lambda pair: True)
    found = counter_example(unsafe, "hall", "device bms-1 alone", "P1")
    assert found is not None
    assert "cells-1 alarm" in story(found)
    assert "hot-1 alarm" in story(found)
    assert "activated" in story(found)


def test_water_with_one_of_two_feeds_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """The core is made to take the first open breaker for the whole set; verification follows the feeds by itself."""
    one = two_feeds(('racks = ["rack-[1-3]"]', 'racks = ["rack-2", "rack-1", "rack-3"]'))
    monkeypatch.setattr(Power, "is_dead", lambda self, rack, open_: any(self.cuts(rack, name) for name in open_))
    found = counter_example(one, "hall", "hall: rack", "P5")
    assert found is not None
    assert "water on rack-2" in story(found)


def test_agent_without_its_selector(monkeypatch: pytest.MonkeyPatch) -> None:
    """The room's valve is not asked: agent would stay in the pipe, or go where another selector stands open."""
    shared = one_bank()
    assert counter_example(shared, "hall", "hall: selector", "P5") is None
    monkeypatch.setattr(signals, "in_the_way", lambda *_, **__: ())
    monkeypatch.setattr(deciding, "may_flow", lambda *_: True)
    found = counter_example(shared, "hall", "hall: selector", "P5")
    assert found is not None
    assert "the selector of its room does not show open alone" in story(found)


def test_same_family_without_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two smoke heads of one family and no word of the owner; the core is made not to ask for it."""
    unsafe = site(("same_family = true\n", ""))
    independent = rule_3.independent
    monkeypatch.setattr(rule_3, "independent", lambda a, b, same_family: independent(a, b, same_family=True))
    found = counter_example(unsafe, "server", "the smoke family alone", "P1")
    assert found is not None
    assert "server-smoke-3 alarm" in story(found)
    assert "server-smoke-4 alarm" in story(found)
    assert counter_example(site(), "hall", "the heat family alone", "P1") is None


def test_single_channel_release() -> None:
    """One channel stuck on is agent in the room."""
    unsafe = site(('channels = ["do-1-coils[3]", "do-2-coils[3]"]', 'channels = ["do-1-coils[3]"]'))
    assert any(problem.path.startswith("outputs.agent") for problem in check(unsafe))
    found = counter_example(unsafe, "hall", "channel 0 of agent alone", "P1")
    assert found is not None
    assert "agent lets agent go: all of its channels are on" in story(found)
    assert counter_example(site(), "hall", "channel 0 of agent alone", "P1") is None


def test_exhaust_and_release_with_no_arbiter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exhaust by a row of the site on any alarm, and no interlock behind the rows."""
    unsafe = site(('when = ["hall.exhaust"]', 'when = ["hall.isolate"]'))
    assert any(problem.path.startswith("matrix.exhaust") for problem in check(unsafe))
    monkeypatch.setattr(
        deciding, "interlock", lambda output, *a: output.output.role == "exhaust" or interlock(output, *a)
    )
    found = counter_example(unsafe, "hall", "hall: air", "P5")
    assert found is not None
    assert "exhaust is commanded while the zone is releasing" in story(found)


def test_an_abort_that_works_during_flooding(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table has a way back from flooding, and the abort contact is asked there."""
    monkeypatch.setitem(TABLE[Stage.RELEASING], Signal.ABORT, Stage.ABORTED)
    monkeypatch.setattr("controller.core.zone.strategies.BEFORE_FLOODING", frozenset(Stage))
    found = counter_example(site(), "hall", "hall: hands", "P3")
    assert found is not None
    assert "in stage releasing, abort or hold changes stage" in story(found)
    assert "abort on" in found.path[-1][0].text


def test_a_row_that_inhibits_manual_release() -> None:
    """The row of the agent has an exception: a person's release waits for it."""
    unsafe = site(('when = ["hall.release"]', 'when = ["hall.release"]\nunless = ["hall.fire"]'))
    assert any(problem.path.startswith("matrix.release") for problem in check(unsafe))
    found = counter_example(unsafe, "hall", "hall: hands", "P2")
    assert found is not None
    assert "the zone is releasing, but agent is not commanded" in story(found)
    assert "call-point on" in story(found)


def test_full_availability_without_its_second_family(monkeypatch: pytest.MonkeyPatch) -> None:
    """The heat heads all hang on one module and are the only ones that may release with smoke; the core does not count the sick."""
    changes = (('points = ["bms-{n}-temperature"]\ngroup = 4', 'points = ["bms-{n}-temperature"]'),)
    layout = layout_of(site(*changes))
    kinds = {
        frozenset((a.physics, b.physics))
        for a, b in rule_3.releasing_pairs(layout.heads, same_family=False)
        if a.zone == b.zone == 0
    }
    assert kinds == {frozenset((Physics.SMOKE, Physics.HEAT))}
    shown = _of_losses(layout, 0, list(losses(layout)))
    assert (
        shown.answer is Answer.NOT_DECIDED
    )  # nothing better is shown than what is left; what the site states of it is missing
    assert "what is shown is so" in shown.why
    for module in (coincidence, signals):
        monkeypatch.setattr(module, "sick_members", lambda *_: iter(()))
    verdict = _of_losses(layout, 0, list(losses(layout)))
    assert verdict.answer is Answer.REFUTED
    assert (
        verdict.why
        == "without device heat availability says 'full', and it is unavailable: no two heads that may release together are left"
    )


def test_a_damper_that_the_release_does_not_ask_for() -> None:
    """A row holds it open, and the site does not count it among the dampers of its release."""
    unsafe = site(('dampers = ["damper"]\n', ""), ('then = ["damper"]', 'then = ["damper"]\nto = "normal"'))
    assert {"outputs.damper", "matrix.close-up.to"} <= {problem.path for problem in check(unsafe)}
    found = counter_example(unsafe, "hall", "hall: air", "P5")
    assert found is not None
    assert "damper is not commanded to close" in story(found)
    assert counter_example(site(('dampers = ["damper"]\n', "")), "hall", "hall: air", "P5") is None
