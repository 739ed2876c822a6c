"""Rule 7: water only after the rack's isolation set is proven open, or a person says so."""

import pytest

from controller.core import decide, operators
from controller.core.commands import AnyCommand, ConfirmIsolated, Disable, Reset
from controller.core.events import Kind
from controller.core.state import Isolation
from controller.core.zone import blind, ladder
from controller.site import power
from drivers.points import Quality
from tests.controller.core.field import Field, play, site, two_gases
from tests.controller.core.two_feeds import two_feeds
from tests.rules.breaking import Check, Mutant, notices, original

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


def without_its_bms_a_rack_is_named_by_all_of_it_or_not_at_all() -> None:
    """Fire by two heads, both gases of that rack and first, a BMS that is blind: any one thing less brings no water (decision 0019)."""
    named = "h2-2 alarm, co-2 pre-alarm"
    fire = "smoke-1 alarm, heat-1 alarm"
    for doubt, gas, heads in (
        ((), named, fire),  # the BMS lives and says nothing of runaway
        (("cells-1",), named, fire),  # another rack's BMS is blind
        (("cells-2",), "h2-2 alarm", fire),  # hydrogen alone: a battery that charges
        (("cells-2",), "co-2 alarm", fire),  # carbon monoxide alone: an engine, a cable
        (("cells-2",), "h2-2 pre-alarm, co-2 pre-alarm", fire),  # a little of both
        (("cells-2",), "h2-1 pre-alarm, " + named, fire),  # a neighbour at the same time
        (("cells-2",), "h2-2 alarm, co-2 pre-alarm, co-1 pre-alarm", fire),
        (("cells-2",), named, "smoke-1 alarm"),  # one head alone
        (("cells-2",), named, "smoke-1 alarm, smoke-2 alarm"),  # two of one family
        (("cells-2",), named, "heat-1 alarm, heat-2 alarm"),
    ):
        field = Field(two_gases())
        field.doubt(*doubt)
        play(field, f"0 | {gas} | |\n 11 | {heads} | |\n 60 | | | -coolant-1 -coolant-2 -coolant-3")
    field = Field(two_gases())
    field.doubt("cells-2")
    field.stuck.add("breaker-2")
    play(field, f"0 | {named} | |\n 11 | {fire} | |\n 60 | | | -coolant-2")
    assert any(e.what == "confirm-isolated" and e.subject == "rack-2" for e in field.events)
    field.say(ConfirmIsolated(operator="kim", rack="rack-2"))
    play(field, "1 | | | +coolant-2")


def the_text_says_that_the_string_is_live() -> None:
    field = Field()
    play(field, f"{RUNAWAY}\n 2 | | |")
    proven = [e.text for e in field.events if e.what == "isolate-proven"]
    assert proven
    assert set(proven) == {"isolated from the bus, string still live"}


def every_feed_of_a_rack_is_cut_before_its_water() -> None:
    field = Field(two_feeds())
    field.stuck.add("breaker-2b")
    play(field, f"{RUNAWAY}\n 15 | | | +breaker-2 -coolant-2")
    field.stuck.clear()
    play(field, "3 | | | +breaker-2b +coolant-2")


CHECKS = (
    every_feed_of_a_rack_is_cut_before_its_water,
    no_water_on_a_rack_that_is_not_proven,
    no_water_starts_on_a_contact_that_is_not_read,
    no_command_takes_isolation_from_under_water,
    a_persons_word_is_enough,
    without_its_bms_a_rack_is_named_by_all_of_it_or_not_at_all,
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


def any_fire_is_proof(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(blind, "fire_without_bms", lambda _, zone: zone.pairs[0])


def any_bms_is_blind(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(blind, "blind", lambda d, *_: (d.evidence(0),))


def one_gas_is_enough(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(blind, "AGREEING", 1)


def being_first_is_not_asked_for(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(blind, "_leads_clearly", lambda *_: True)


def one_feed_is_taken_for_all(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(power.Power, "is_dead", lambda self, rack, open_: any(self.cuts(rack, name) for name in open_))


def the_second_feed_is_not_followed(patch: pytest.MonkeyPatch) -> None:
    stated = original(power, "_stated")
    patch.setattr(power, "_stated", lambda site: (line for line in stated(site) if line.name != "b-2"))


MUTANTS = [
    (one_feed_is_taken_for_all, every_feed_of_a_rack_is_cut_before_its_water),
    (the_second_feed_is_not_followed, every_feed_of_a_rack_is_cut_before_its_water),
    (any_fire_is_proof, without_its_bms_a_rack_is_named_by_all_of_it_or_not_at_all),
    (any_bms_is_blind, without_its_bms_a_rack_is_named_by_all_of_it_or_not_at_all),
    (one_gas_is_enough, without_its_bms_a_rack_is_named_by_all_of_it_or_not_at_all),
    (being_first_is_not_asked_for, without_its_bms_a_rack_is_named_by_all_of_it_or_not_at_all),
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
