"""Every property holds in the test site, and falls when what carries it is broken in the core on purpose."""

from collections.abc import Callable

import pytest

from controller.core import decide as deciding
from controller.core import operators
from controller.core.commands import HandOver
from controller.core.draft import Draft
from controller.core.rules import ZoneRules
from controller.core.state import Isolation, Stage
from controller.core.zone import ladder
from controller.core.zone.machine import TABLE, Signal
from tests.controller.core.field import site
from tests.controller.tools.verify.judged import counter_example, story

Mutant = Callable[[pytest.MonkeyPatch], None]


def a_word_activates(patch: pytest.MonkeyPatch) -> None:
    to_zone = operators._to_zone

    def activating(draft: Draft, command: HandOver, zone: ZoneRules) -> str:
        if isinstance(command, HandOver):
            draft.zone(zone.index, stage=Stage.ACTIVATED, due_ms=draft.tick_ms)
        return to_zone(draft, command, zone)

    patch.setattr(operators, "_to_zone", activating)


def an_abort_is_final(patch: pytest.MonkeyPatch) -> None:
    patch.delitem(TABLE[Stage.ABORTED], Signal.MANUAL)


def a_confirmed_alarm_is_lost(patch: pytest.MonkeyPatch) -> None:
    patch.delitem(TABLE[Stage.QUIESCENT], Signal.CONFIRMED)
    patch.delitem(TABLE[Stage.PRE_ACTIVATED], Signal.CONFIRMED)


def water_asks_nobody(patch: pytest.MonkeyPatch) -> None:
    def allow(draft: Draft, _zone: ZoneRules, rack: int) -> None:
        draft.rack(rack, cool=draft.racks[rack].cool_wanted_ms >= 0)

    patch.setattr(ladder, "_allow_coolant", allow)
    patch.setattr(deciding, "_may_cool", lambda *_: True)


def an_abort_stops_isolation(patch: pytest.MonkeyPatch) -> None:
    isolate = ladder._isolate

    def until_aborted(draft: Draft, zone: ZoneRules, rack: int) -> None:
        isolate(draft, zone, rack)
        if draft.zones[zone.index].stage is Stage.ABORTED:
            draft.rack(rack, isolation=Isolation.NONE)

    patch.setattr(ladder, "_isolate", until_aborted)


def nothing_leads_out_of_discharged(patch: pytest.MonkeyPatch) -> None:
    patch.delitem(TABLE[Stage.DISCHARGED], Signal.RESET)


MUTANTS = [
    ("P1", "other words alone", a_word_activates, "a person says hand-over hall"),
    ("P2", "hall: hands", an_abort_is_final, "call-point on"),
    ("P3", "rack and hands", an_abort_stops_isolation, "abort or hold changes the isolation"),
    ("P4", "rack and hands", a_confirmed_alarm_is_lost, "no inhibit is shown"),
    ("P5", "hall: rack", water_asks_nobody, "water on rack-1"),
    ("P6", "rack and hands", nothing_leads_out_of_discharged, "the zone ends in discharged"),
]


@pytest.mark.parametrize(("number", "part", "mutant", "said"), MUTANTS, ids=[row[0] for row in MUTANTS])
def test_falls_when_broken(number: str, part: str, mutant: Mutant, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    found = counter_example(site(), "hall", part, number)
    assert found is not None
    assert said in story(found)


@pytest.mark.parametrize(
    ("number", "part"),
    [
        ("P1", "words alone"),
        ("P1", "words on service"),
        ("P1", "words on work"),
        ("P3", "rack and hands"),
        ("P6", "rack and hands"),
    ],
)
def test_holds(number: str, part: str) -> None:
    assert counter_example(site(), "hall", part, number) is None
