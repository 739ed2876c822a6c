"""Rule 7: water only after the rack's isolation set is proven open, or a person says so."""

import pytest

from controller.core import decide, operators
from controller.core.commands import AnyCommand, ConfirmIsolated, Disable, Reset
from controller.core.events import Kind
from controller.core.state import Isolation
from controller.core.zone import ladder
from drivers.points import Quality
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


def no_water_starts_on_a_contact_that_is_not_read() -> None:
    """Nor after a restart; and running water goes on."""
    field = Field()
    play(field, "0 | cells-2 pre-alarm | |\n 3 | | | +breaker-2")
    field.point("fb-inputs[1]", 1.0, Quality.BAD)
    play(field, f"{RUNAWAY}\n 5 | | | -coolant-2 +coolant-1")
    field.point("fb-inputs[1]", 1.0)
    play(field, "1 | | | +coolant-2")
    field.point("fb-inputs[1]", 1.0, Quality.BAD)
    play(field, "5 | | | +coolant-2")
    field.restart()
    play(field, "5 | | | +coolant-2")
    field.point("do-2-coils[1]", 0.0)  # its module let the valve go while nobody was there
    field.restart()
    play(field, "5 | | | -coolant-2")
    field.point("fb-inputs[1]", 1.0)
    play(field, "1 | | | +coolant-2")


def no_command_takes_isolation_from_under_water() -> None:
    field = Field()
    play(field, f"{RUNAWAY}\n 5 | | | +coolant-2 +breaker-2 +pump")
    words: list[AnyCommand] = [Disable(operator="kim", subject=name) for name in ("breaker-2", "coolant-2", "pump")]
    for command in (Reset(operator="kim", zone="hall"), *words):
        assert field.say(command).kind is Kind.REFUSED, command
    play(field, "1 | cells-2 normal, h2-2 normal | | +coolant-2 +breaker-2 +pump\n 65 | | |")
    assert field.zone().guard_ms > 0
    assert field.say(Reset(operator="kim", zone="hall")).kind is Kind.COMMAND  # controlled


def the_text_says_that_the_string_is_live() -> None:
    field = Field()
    play(field, f"{RUNAWAY}\n 2 | | |")
    proven = [e.text for e in field.events if e.what == "isolate-proven"]
    assert proven
    assert set(proven) == {"isolated from the bus, string still live"}


CHECKS = (
    no_water_on_a_rack_that_is_not_proven,
    no_water_starts_on_a_contact_that_is_not_read,
    no_command_takes_isolation_from_under_water,
    a_persons_word_is_enough,
    the_text_says_that_the_string_is_live,
)


def a_command_is_taken_for_proof(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ladder, "Isolation", type("Loose", (), {**Isolation.__members__, "PROVEN": Isolation.WANTED}))


def a_row_overrules_the_interlock(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "interlock", lambda *a: True)


def the_latch_is_taken_for_proof(patch: pytest.MonkeyPatch) -> None:
    for module in (ladder, decide):
        patch.setattr(module, "shown_open", lambda draft, rack: draft.inputs.feedback[draft.rules.breakers[rack][0]])


def a_restart_believes_the_latch(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "_may_cool", lambda draft, output: draft.racks[output.rack].cool)


def a_reset_stops_water(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(operators, "_stands_against_reset", lambda *a: "")


def anything_is_disabled(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(operators, "_needed", lambda *a: "")


def nobody_is_asked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ladder, "_await_proof", lambda *a: None)


MUTANTS = [
    (a_command_is_taken_for_proof, no_water_on_a_rack_that_is_not_proven),
    (a_row_overrules_the_interlock, no_water_on_a_rack_that_is_not_proven),
    (the_latch_is_taken_for_proof, no_water_starts_on_a_contact_that_is_not_read),
    (a_restart_believes_the_latch, no_water_starts_on_a_contact_that_is_not_read),
    (a_reset_stops_water, no_command_takes_isolation_from_under_water),
    (anything_is_disabled, no_command_takes_isolation_from_under_water),
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
