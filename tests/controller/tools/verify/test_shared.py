"""A bank of several rooms with the other room in need: the part holds whole, and falls when what keeps the rooms apart is broken."""

from collections.abc import Callable

import pytest

from controller.core.draft import Draft
from controller.core.rules import ZoneRules
from controller.core.zone import selector
from controller.tools.verify.explore import Explorer
from controller.tools.verify.pipe import one_room_at_a_time
from controller.tools.verify.resets import _way_back
from tests.controller.core.field import site
from tests.controller.core.one_bank import one_bank
from tests.controller.tools.verify.judged import counter_example, parts, story

Mutant = Callable[[pytest.MonkeyPatch], None]


def anybody_takes_the_pipe(patch: pytest.MonkeyPatch) -> None:
    def take(draft: Draft, zone: ZoneRules) -> None:
        draft.zone(zone.index, selected=draft.zones[zone.index].stage in selector.PIPE)

    patch.setattr("controller.core.zone.signals.take_pipe", take)


def nobody_gives_the_pipe_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(selector, "_gives_up", lambda *_: False)


def the_first_in_turn_is_never_this_room(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(selector, "_another_first", lambda *_: True)


def the_other_selector_is_not_asked(patch: pytest.MonkeyPatch) -> None:
    def own(draft: Draft, zone: ZoneRules) -> list[str]:
        return [] if draft.inputs.feedback[zone.selector] == 1 else ["selector not proven open"]

    patch.setattr(selector, "_selectors_in_the_way", own)


def an_empty_bank_is_let_go(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(selector, "bank_used", lambda *_, **__: ())


def the_way_is_not_shown(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        "controller.core.zone.signals.in_the_way",
        lambda *a, **b: ("not yet",) if selector.in_the_way(*a, **b) else (),
    )


MUTANTS = [
    ("P5", anybody_takes_the_pipe, "the room takes the pipe that another room has"),
    ("P4", nobody_gives_the_pipe_up, "keeps the pipe in vain"),
    ("P4", the_first_in_turn_is_never_this_room, "it does not take it"),
    ("P5", the_other_selector_is_not_asked, "the selector of its room does not show open alone"),
    ("P5", an_empty_bank_is_let_go, "from a bank that another room has let go"),
    ("P2", the_way_is_not_shown, "is not free, and that is not shown"),
]


@pytest.mark.parametrize(("number", "mutant", "said"), MUTANTS, ids=[row[1].__name__ for row in MUTANTS])
def test_falls_when_broken(number: str, mutant: Mutant, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    found = counter_example(one_bank(), "hall", "shared bank", number)
    assert found is not None
    assert said in story(found)


def test_holds_with_the_other_room_in_need() -> None:
    assert counter_example(one_bank(("attempts = 2", "attempts = 1")), "hall", "shared bank", "P4") is None


def test_a_room_with_its_own_bank_waits_for_dampers_and_a_person_closes_them() -> None:
    _, world = next(parts(site(('damper_unproven = "release"', 'damper_unproven = "block"')), "hall", "hall: air"))
    explorer = Explorer(world, (one_room_at_a_time,), most_states=100)
    assert explorer.run().broken == {}
    waiting = [state for state in explorer.seen if state.zones[0].stage == "waiting"]
    assert waiting
    assert _way_back(explorer, waiting[0], set())[1]
