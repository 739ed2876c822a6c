"""Positive alarm sequence (domain.md F7): 15 s to acknowledge, 180 s to look, and anything more than one head ends it."""

import pytest

from controller.core import operators
from controller.core.commands import Acknowledge, Reset
from controller.core.draft import Draft
from controller.core.events import Kind, Level
from controller.core.rules import ZoneRules
from controller.core.state import NEVER
from controller.core.survey import core_status
from controller.core.trips import HOST_FACTS, NIGHT
from controller.core.zone import alarms
from controller.site.model import Site
from tests.controller.core.field import Field, play, site
from tests.controller.core.test_alarms import COOLING, FIRE, HELD, QUIET, ROWS, shown
from tests.rules.breaking import Check, Mutant, notices

DAY = ("trouble_delay_s = 3.0", 'trouble_delay_s = 3.0\nnight = { from = "22:00", to = "06:00" }')


def sequence(*changes: tuple[str, str]) -> Site:
    """The hall with a positive alarm sequence; `attention` asks for fire, `beacon` for the first alarm."""
    return site((COOLING, f"[zones.hall.positive_alarm]\n{COOLING}"), DAY, ROWS, *QUIET, *changes)


def alarmed() -> Field:
    """One head in alarm, for 2.1 s, by day."""
    field = Field(sequence())
    play(field, "0 | smoke-1 alarm | |")
    assert shown(field) == HELD
    return field


def acknowledge(field: Field) -> None:
    """Somebody at the panel."""
    assert field.say(Acknowledge(operator="kim", zone="hall")).kind is Kind.COMMAND


def nobody_acknowledges() -> None:
    field = alarmed()
    field.run(10)
    assert shown(field) == HELD
    field.run(1)
    assert shown(field) == FIRE
    assert field.told(Kind.ALARM, "hall") == ["fire-held", "fire"]


def somebody_looks_for_three_minutes() -> None:
    field = alarmed()
    acknowledge(field)
    field.run(174)
    assert shown(field) == HELD
    acknowledge(field)
    field.run(3)
    assert shown(field) == FIRE, "a second word gives no more time"
    assert field.told(Kind.ALARM, "hall") == ["fire-held", "investigate", "fire"]


def an_acknowledgement_that_comes_late_is_none() -> None:
    field = alarmed()
    field.run(13.5)
    acknowledge(field)
    assert shown(field) == FIRE


def whatever_is_more_than_one_head_ends_it() -> None:
    for more in ("heat-1 alarm", "smoke-2 alarm", "smoke-1 fire-2", "cells-1 runaway", "call-point on"):
        field = alarmed()
        acknowledge(field)
        play(field, f"0 | {more} | |")
        assert shown(field)[1:] == (True, True), more
    field = alarmed()
    field.weigh("cells-1", "h2-1", level=Level.ALARM)
    assert shown(field) == FIRE


def at_night_nobody_looks() -> None:
    field = alarmed()
    acknowledge(field)
    field.host = tuple(int(place == NIGHT) for place in range(len(HOST_FACTS)))
    assert shown(field) == FIRE
    field = Field(sequence())
    field.host = tuple(int(place == NIGHT) for place in range(len(HOST_FACTS)))
    play(field, "0 | smoke-1 alarm | |")
    assert shown(field) == FIRE


def release_and_isolation_do_not_wait() -> None:
    field = alarmed()
    acknowledge(field)
    play(field, "0 | cells-2 alarm, heat-1 alarm | activated |\n 2 | | | +breaker-2 +sounder\n 31 | | | +agent")
    field = Field(sequence())
    play(field, "0 | cells-2 alarm | pre-activated |\n 2 | | | +breaker-2 +exhaust +sounder")
    assert field.zone().first_fire_ms >= 0


def a_reset_ends_it_and_what_is_true_begins_anew() -> None:
    field = alarmed()
    acknowledge(field)
    play(field, "9 | smoke-1 normal | |")
    field.say(Reset(operator="kim", zone="hall"))
    assert shown(field) == ("", False, False)
    play(field, "0 | smoke-1 alarm | |")
    field.say(Reset(operator="kim", zone="hall"))
    assert shown(field) == HELD
    field.run(14)
    assert shown(field) == FIRE, "to acknowledge once is not to acknowledge for ever"


def it_is_shown_how_long_is_left() -> None:
    field = alarmed()
    told = core_status(field.controller, field.image).zones[0]
    assert (told.alarm, told.investigated) == ("fire-held", False)
    assert told.alarm_due_ms == field.tick_ms - 2000 + 15_000
    acknowledge(field)
    told = core_status(field.controller, field.image).zones[0]
    assert (told.investigated, told.alarm_due_ms) == (True, field.tick_ms + 180_000)


CHECKS = (
    nobody_acknowledges, somebody_looks_for_three_minutes, an_acknowledgement_that_comes_late_is_none,
    whatever_is_more_than_one_head_ends_it, at_night_nobody_looks, release_and_isolation_do_not_wait,
    a_reset_ends_it_and_what_is_true_begins_anew, it_is_shown_how_long_is_left,
)  # fmt: skip


@pytest.mark.feature("F7")
@pytest.mark.parametrize("check", CHECKS)
def test_holds(check: Check) -> None:
    check()


def nobody_waits(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(alarms, "_is_investigated", lambda *a: False)


def it_waits_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(alarms, "_is_investigated", lambda *a: True)


def it_is_always_day(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(alarms, "is_night", lambda draft: False)


def one_head_is_all(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(alarms, "is_certain", lambda *a: False)


def every_word_gives_time(patch: pytest.MonkeyPatch) -> None:
    def again(draft: Draft, zone: ZoneRules) -> None:
        draft.zone(zone.index, investigate_ms=draft.tick_ms + 180_000)

    patch.setattr(operators, "investigate", again)


MUTANTS = [
    (nobody_waits, somebody_looks_for_three_minutes),
    (it_waits_for_ever, nobody_acknowledges),
    (it_waits_for_ever, somebody_looks_for_three_minutes),
    (it_is_always_day, at_night_nobody_looks),
    (one_head_is_all, whatever_is_more_than_one_head_ends_it),
    (every_word_gives_time, somebody_looks_for_three_minutes),
]


@pytest.mark.parametrize(("mutant", "check"), MUTANTS)
def test_is_noticed_when_broken(mutant: Mutant, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    notices(check)


def test_nothing_is_due_while_no_alarm_waits() -> None:
    field = Field(sequence())
    assert alarms.due_ms(field.controller.rules.zones[0], field.zone()) == NEVER
