"""Delays to outputs that an operator switches on by zone (domain.md F6): passed by a call point and a second alarm, never before release."""

import pytest

from controller.core import decide, matrix, operators
from controller.core.commands import Delays, Reset
from controller.core.draft import Draft
from controller.core.events import Kind, Level
from controller.core.rules import ResponseSettings, ZoneRules
from controller.core.survey import core_status
from controller.core.zone import delays
from controller.site.model import Site
from tests.controller.core.field import Field, play, site
from tests.controller.core.test_alarms import QUIET
from tests.controller.site.hall import edited, problems_of
from tests.rules.breaking import Check, Mutant, notices

DELAYED = """[matrix.brigade]
when = ["hall.fire"]
then = ["attention"]
investigate_s = 60.0
delay_s = 1.0
[matrix.shown]
when = ["hall.delays"]
then = ["beacon"]
[matrix.fault-relay]"""
COINCIDENCE = (
    "[zones.hall.cooling]",
    '[zones.hall.coincidence]\ntype = "A"\nlook_again_s = 40.0\ncancel_s = 10.0\n[zones.hall.cooling]',
)
ROWS = ("[matrix.fault-relay]", DELAYED)


def delayed(*changes: tuple[str, str]) -> Site:
    """The hall: `attention` stands for the brigade, and waits for 60 s while delays are on; `beacon` shows that they are."""
    return site(ROWS, *QUIET, *changes)


def switch(field: Field, *, on: bool, zone: str = "hall") -> Kind:
    """An operator's word."""
    return field.say(Delays(operator="kim", zone=zone, on=on)).kind


def waiting() -> Field:
    """Delays on, one head in alarm for 3 s."""
    field = Field(delayed())
    assert switch(field, on=True) is Kind.COMMAND
    play(field, "0 | smoke-1 alarm | |\n 3 | | | -attention")
    return field


def off_by_default() -> None:
    field = Field(delayed())
    play(field, "0 | smoke-1 alarm | |\n 2 | | | +attention -beacon")


def on_they_count_and_are_shown() -> None:
    field = waiting()
    told = core_status(field.controller, field.image).zones[0]
    assert told.delays
    assert field.on("beacon")
    play(field, "56 | | | -attention\n 4 | | | +attention")
    assert field.told(Kind.WORK, "hall") == ["delays on"]


def off_again_they_end_at_once() -> None:
    field = waiting()
    assert switch(field, on=False) is Kind.COMMAND
    play(field, "1 | | | +attention -beacon")
    assert field.told(Kind.WORK, "hall") == ["delays on", "delays off"]


def what_is_more_than_one_head_passes_them() -> None:
    for more in ("heat-1 alarm", "smoke-1 fire-2", "cells-1 runaway", "call-point on"):
        field = waiting()
        play(field, f"0 | {more} | |\n 2 | | | +attention")
    field = waiting()
    play(field, "0 | call-point on | |\n 2 | call-point off | |\n 2 | | | +attention")
    field = waiting()
    field.weigh("smoke-1", "cells-1", level=Level.ALARM)
    play(field, "2 | | | +attention")
    field = Field(delayed())
    switch(field, on=True)
    play(field, "0 | smoke-1 alarm, call-point on | |\n 0.3 | call-point off | | -attention\n 2 | | | +attention")


def what_has_passed_them_passes_no_alarm_that_begins_as_they_are_switched_on() -> None:
    field = Field(delayed(), settings=ResponseSettings(extinguish=False))
    switch(field, on=True)
    play(field, "0 | call-point on | |\n 2 | | | +attention")
    switch(field, on=False)
    play(field, "0 | call-point off | |\n 2 | | | -attention")
    field.level("smoke-1", Level.ALARM)
    assert switch(field, on=True) is Kind.COMMAND
    play(field, "30 | | | -attention\n 33 | | | +attention")


def a_call_point_alone_is_not_delayed() -> None:
    field = Field(delayed())
    switch(field, on=True)
    play(field, "0 | call-point on | |\n 2 | | | +attention")


def not_while_an_alarm_stands() -> None:
    field = Field(delayed())
    play(field, "0 | smoke-1 alarm | |\n 2 | | | +attention")
    assert switch(field, on=True) is Kind.REFUSED
    play(field, "1 | | | +attention")


def they_outlive_a_reset_and_a_restart_and_count_for_the_next_alarm() -> None:
    field = waiting()
    play(field, "0 | heat-1 alarm | |\n 2 | heat-1 normal, smoke-1 normal | | +attention\n 31 | | | +agent")
    field = Field(delayed())
    switch(field, on=True)
    play(field, "0 | smoke-1 alarm, smoke-2 alarm | |\n 2 | smoke-1 normal, smoke-2 normal | | +attention")
    field.say(Reset(operator="kim", zone="hall"))
    play(field, "1 | | | -attention")
    field.restart()
    play(field, "1 | smoke-1 alarm | |\n 30 | | | -attention\n 33 | | | +attention")


def release_and_isolation_do_not_wait() -> None:
    field = waiting()
    play(field, "0 | cells-2 alarm, heat-1 alarm | activated |\n 2 | | | +breaker-2 +sounder\n 31 | | | +agent")


def nothing_to_delay_is_refused() -> None:
    field = Field(delayed())
    assert switch(field, on=True, zone="server") is Kind.REFUSED


LATCHED = (*QUIET, ("investigate_s = 60.0\ndelay_s = 1.0\n", "investigate_s = 60.0\nlatch = true\n"))


ALONE = (
    '"hall.watch", "hall.request", "hall.hand-over", "hall.guard", "server.watch", "server.request"',
    '"server.hand-over"',
)


def a_latched_row_that_has_driven_stays() -> None:
    for on in (False, True):
        field = Field(site(ROWS, *LATCHED, ('["hall.fire"]', '["hall.first-alarm"]')))
        if on:
            switch(field, on=True)
        play(field, "0 | call-point on | |\n 3 | | | +attention\n 0 | call-point off | |\n 90 | | | +attention")
        field.restart()
        play(field, "3 | | | +attention")


def a_latched_row_that_was_still_delayed_does_not() -> None:
    field = Field(site(ROWS, *LATCHED, COINCIDENCE, ('["hall.fire"]', '["hall.first-alarm"]')))
    switch(field, on=True)
    play(field, "0 | smoke-1 alarm | |\n 30 | smoke-1 normal | | -attention\n 100 | | | -attention")


def the_reset_of_one_room_takes_nothing_from_another_in_alarm() -> None:
    field = Field(site((ROWS[0], DELAYED.replace('["hall.fire"]', '["hall.fire", "server.fire"]')), ALONE))
    switch(field, on=True)
    play(field, "0 | smoke-1 alarm, server-smoke-3 alarm | |\n 5 | server-smoke-3 normal | | +attention")
    assert field.say(Reset(operator="kim", zone="server")).kind is Kind.COMMAND
    play(field, "3 | | | +attention\n 60 | smoke-1 normal | | +attention")
    assert field.say(Reset(operator="kim", zone="hall")).kind is Kind.COMMAND
    play(field, "2 | | | -attention\n 0 | smoke-1 alarm | |\n 30 | | | -attention\n 33 | | | +attention")


def a_row_with_an_end_ends_so_long_after_it_began_to_drive() -> None:
    field = Field(site(ROWS, *QUIET, ("investigate_s = 60.0\n", "investigate_s = 60.0\nfor_s = 10.0\n")))
    switch(field, on=True)
    play(field, "0 | smoke-1 alarm | |\n 30 | | | -attention")
    switch(field, on=False)
    play(field, "1 | | | +attention\n 7 | | | +attention\n 4 | | | -attention")


CHECKS = (
    a_latched_row_that_has_driven_stays, a_latched_row_that_was_still_delayed_does_not,
    the_reset_of_one_room_takes_nothing_from_another_in_alarm, a_row_with_an_end_ends_so_long_after_it_began_to_drive,
    off_by_default, on_they_count_and_are_shown, off_again_they_end_at_once, what_is_more_than_one_head_passes_them,
    what_has_passed_them_passes_no_alarm_that_begins_as_they_are_switched_on,
    a_call_point_alone_is_not_delayed, not_while_an_alarm_stands,
    they_outlive_a_reset_and_a_restart_and_count_for_the_next_alarm, release_and_isolation_do_not_wait,
    nothing_to_delay_is_refused,
)  # fmt: skip


@pytest.mark.feature("F6")
@pytest.mark.parametrize("holds", CHECKS)
def test_holds(holds: Check) -> None:
    holds()


def they_never_count(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "undelayed", lambda draft: frozenset(range(9)))


def nothing_passes_them(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "pass_delays", lambda *a: None)


def a_call_point_does_not_pass_them(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(delays, "is_called", lambda *a: False)


def what_was_passed_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    whole = delays.pass_delays

    def forgetful(draft: Draft, zone: ZoneRules) -> None:
        draft.zone(zone.index, passed=False)
        whole(draft, zone)

    patch.setattr(decide, "pass_delays", forgetful)


def they_are_switched_on_at_any_time(patch: pytest.MonkeyPatch) -> None:
    def at_any_time(draft: Draft, zone: ZoneRules, *, on: bool) -> str:
        draft.zone(zone.index, delays=on)
        return ""

    patch.setattr(operators, "switch", at_any_time)


def what_has_driven_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(matrix, "_remember", lambda *a: None)


MUTANTS = [
    (what_has_driven_is_forgotten, a_latched_row_that_has_driven_stays),
    (what_has_driven_is_forgotten, the_reset_of_one_room_takes_nothing_from_another_in_alarm),
    (they_never_count, on_they_count_and_are_shown),
    (nothing_passes_them, what_is_more_than_one_head_passes_them),
    (a_call_point_does_not_pass_them, a_call_point_alone_is_not_delayed),
    (what_was_passed_is_forgotten, what_is_more_than_one_head_passes_them),
    (they_are_switched_on_at_any_time, not_while_an_alarm_stands),
]


@pytest.mark.parametrize(("mutant", "holds"), MUTANTS)
def test_is_noticed_when_broken(mutant: Mutant, holds: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    notices(holds)


BRIGADE = '[matrix.a-delayed-row]\nwhen = [{}]\nthen = ["{}"]\ninvestigate_s = {}\n[matrix.fault-relay]'
REFUSED = {
    "too long": ('"hall.fire"', "fire-relay", "601.0", "at most 600 s"),
    "negative": ('"hall.fire"', "fire-relay", "-1.0", "above 0"),
    "release": ('"hall.release"', "agent", "60.0", "fire or first-alarm alone"),
    "agent": ('"hall.fire"', "agent", "60.0", "sounder, beacon, fire-relay alone"),
    "isolation": ('"hall.fire"', "breaker-1", "60.0", "sounder, beacon, fire-relay alone"),
    "exhaust": ('"hall.fire"', "exhaust", "60.0", "sounder, beacon, fire-relay alone"),
    "evacuation": ('"hall.evacuate"', "fire-relay", "60.0", "fire or first-alarm alone"),
    "the whole site": ('"site.fire"', "fire-relay", "60.0", "fire or first-alarm alone"),
}


@pytest.mark.feature("F6")
@pytest.mark.parametrize(("cause", "output", "seconds", "remedy"), REFUSED.values(), ids=REFUSED)
def test_a_delay_of_anything_else_is_refused(cause: str, output: str, seconds: str, remedy: str) -> None:
    text = edited(("[matrix.fault-relay]", BRIGADE.format(cause, output, seconds)))
    told = [p for p in problems_of(text) if p.path == "matrix.a-delayed-row.investigate_s"]
    assert any(remedy in problem.remedy for problem in told)


@pytest.mark.feature("F6")
def test_a_delayed_relay_also_has_a_row_that_does_not_wait() -> None:
    taken = edited(("[matrix.fault-relay]", BRIGADE.format('"hall.fire"', "fire-relay", "600.0")))
    assert problems_of(taken) == ()
