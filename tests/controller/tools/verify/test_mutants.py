"""Every property holds in the test site, and falls when what carries it is broken in the core on purpose."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from controller.core import decide as deciding
from controller.core import operators, trips
from controller.core.commands import HandOver
from controller.core.draft import Draft
from controller.core.layout import Layout
from controller.core.rules import ZoneRules
from controller.core.state import Isolation, Stage, State
from controller.core.zone import ladder, signals, strategies
from controller.core.zone.machine import TABLE, Signal
from controller.site import pairs as rule_3
from controller.site.model import Release, Site, Strategy
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


def a_first_call_point_counts(patch: pytest.MonkeyPatch) -> None:
    first = deciding.first_state

    def rested(layout: Layout) -> State:
        state = first(layout)
        return replace(state, zones=tuple(replace(zone, call_point_rested=True) for zone in state.zones))

    patch.setattr(deciding, "first_state", rested)


def nobody_is_told_that_it_does_not_count(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(trips, "_release_causes", lambda *_: iter(()))


def out_of_service_stops_a_hand(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(deciding, "_goes_by_hand", lambda *_: False)


def a_reference_arms(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rule_3, "may_be_member", lambda one: one.physics in rule_3.MEMBERS)


MUTANTS = [
    ("P1", "first start alone", a_first_call_point_counts, "the zone is activated"),
    ("P1", "head h2-room alone", a_reference_arms, "what can never count"),
    ("P2", "hall: words on the agent", out_of_service_stops_a_hand, "agent is not commanded"),
    ("P2", "hall: hands", nobody_is_told_that_it_does_not_count, "does not count, and that is not shown"),
    ("P1", "other words alone", a_word_activates, "a person says hand-over hall"),
    ("P2", "hall: hands", an_abort_is_final, "call-point on"),
    ("P3", "rack and hands", an_abort_stops_isolation, "abort or hold changes the isolation"),
    ("P4", "rack and hands", a_confirmed_alarm_is_lost, "no inhibit is shown"),
    ("P5", "hall: rack", water_asks_nobody, "water on rack-1"),
    ("P6", "rack and hands", nothing_leads_out_of_discharged, "the zone ends in discharged"),
]


@pytest.mark.parametrize(("number", "part", "mutant", "said"), MUTANTS, ids=[f"{row[0]} {row[1]}" for row in MUTANTS])
def test_falls_when_broken(number: str, part: str, mutant: Mutant, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    found = counter_example(site(), "hall", part, number)
    assert found is not None
    assert said in story(found)


@pytest.mark.parametrize(
    ("number", "part"),
    [
        ("P1", "first start alone"),
        ("P1", "head h2-room alone"),
        ("P2", "hall: words on the agent"),
        ("P1", "words alone"),
        ("P1", "words on service"),
        ("P1", "words on work"),
        ("P3", "rack and hands"),
        ("P6", "rack and hands"),
    ],
)
def test_holds(number: str, part: str) -> None:
    assert counter_example(site(), "hall", part, number) is None


def by(strategy: str) -> Site:
    """The hall with another strategy, and one try of the actuator: what follows is no matter of people."""
    return site(('strategy = "hold-reload"', f'strategy = "{strategy}"'), ("attempts = 2", "attempts = 1"))


def every_press_sets_the_cap_anew(patch: pytest.MonkeyPatch) -> None:
    people = strategies.people

    def anew(draft: Draft, zone: ZoneRules, release: Release) -> list[Signal]:
        draft.zone(zone.index, prolong_until_ms=strategies.prolong_until_ms(draft, release))
        return people(draft, zone, release)

    patch.setattr(signals, "people", anew)


def a_press_passes_the_cap(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(strategies, "min", lambda first, _cap: first, raising=False)


def a_lost_device_holds(patch: pytest.MonkeyPatch) -> None:
    manner = strategies.MANNERS[Strategy.DEAD_MAN]
    patch.setitem(strategies.MANNERS, Strategy.DEAD_MAN, manner._replace(by_force=False))


OF_STRATEGIES = [
    ("nyc", every_press_sets_the_cap_anew, "longer than its cap"),
    ("nyc", a_press_passes_the_cap, "moves away beyond its cap"),
    ("dead-man", a_lost_device_holds, "held, and nobody holds"),
]


@pytest.mark.parametrize(("strategy", "mutant", "said"), OF_STRATEGIES)
def test_a_strategy_without_end_falls(
    strategy: str, mutant: Mutant, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant(monkeypatch)
    found = counter_example(by(strategy), "hall", "hall: hands", "P4")
    assert found is not None
    assert said in story(found)


def test_presses_of_nyc_come_to_their_end() -> None:
    assert counter_example(by("nyc"), "hall", "hall: hands", "P4") is None
