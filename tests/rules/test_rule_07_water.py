"""Rule 7: water only after the rack's isolation set is proven open, or a person says so."""

import pytest

from controller.core import decide
from controller.core.commands import ConfirmIsolated
from controller.core.state import Isolation
from controller.core.zone import ladder
from tests.controller.core.field import Field, play, site
from tests.rules.breaking import Check, Mutant, notices

RUNAWAY = "0 | cells-2 runaway, h2-2 pre-alarm | pre-activated |"


def no_water_on_a_rack_that_is_not_proven() -> None:
    """Whatever the rows say; and a person is asked in time."""
    field = Field(site(('when = ["hall.rack-{n}.cool"]', 'when = ["hall.cool"]')))
    field.stuck.add("breaker-2")
    play(field, f"{RUNAWAY}\n 5 | | | -coolant-2 +coolant-1\n 200 | | | -coolant-2")
    assert any(e.what == "confirm-isolated" and e.subject == "rack-2" for e in field.events)


def a_persons_word_is_enough() -> None:
    field = Field()
    field.stuck.add("breaker-2")
    play(field, f"{RUNAWAY}\n 21 | | | -coolant-2")
    field.say(ConfirmIsolated(operator="kim", rack="rack-2"))
    play(field, "1 | | | +coolant-2")


def the_text_says_that_the_string_is_live() -> None:
    field = Field()
    play(field, f"{RUNAWAY}\n 2 | | |")
    proven = [e.text for e in field.events if e.what == "isolate-proven"]
    assert proven
    assert set(proven) == {"isolated from the bus, string still live"}


CHECKS = (no_water_on_a_rack_that_is_not_proven, a_persons_word_is_enough, the_text_says_that_the_string_is_live)


def a_command_is_taken_for_proof(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ladder, "Isolation", type("Loose", (), {**Isolation.__members__, "PROVEN": Isolation.WANTED}))


def a_row_overrules_the_interlock(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "interlock", lambda *a: True)


def nobody_is_asked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ladder, "_await_proof", lambda *a: None)


MUTANTS = [
    (a_command_is_taken_for_proof, no_water_on_a_rack_that_is_not_proven),
    (a_row_overrules_the_interlock, no_water_on_a_rack_that_is_not_proven),
    (nobody_is_asked, no_water_on_a_rack_that_is_not_proven),
    (nobody_is_asked, the_text_says_that_the_string_is_live),
]


@pytest.mark.parametrize("check", CHECKS)
def test_holds(check: Check) -> None:
    check()


@pytest.mark.parametrize(("mutant", "check"), MUTANTS)
def test_is_noticed_when_broken(mutant: Mutant, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    notices(check)
