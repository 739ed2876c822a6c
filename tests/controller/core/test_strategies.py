"""Abort and hold strategies: what each does with a press before, during and after the countdown. One story a row of domain.md 4.1."""

import pytest

from controller.core.state import AGENT_IN_ROOM, BEFORE_FLOODING, Stage, Trigger
from controller.core.zone.machine import Signal
from controller.core.zone.strategies import MANNERS, people
from controller.site.model import Strategy
from tests.controller.core.drafts import draft_of, rules_of
from tests.controller.core.field import Field, play, site

ALARM = "0 | smoke-1 alarm, heat-1 alarm | activated |\n"
FIRST, SECOND = "0 | smoke-1 alarm | pre-activated |\n", "0 | heat-1 alarm | activated |\n"

FROM_TEN = "60 | abort off | activated |\n 9 | | activated |\n 1 | | releasing |"


def field_of(strategy: Strategy, pre_warning_s: float = 30.0) -> Field:
    """The hall with the strategy and a pre-warning."""
    pre_warning = ("pre_warning_s = 30.0", f"pre_warning_s = {pre_warning_s}")
    return Field(site(('strategy = "hold-reload"', f'strategy = "{strategy}"'), pre_warning))


STORIES: dict[str, tuple[Strategy, str]] = {
    "hold with reload: the whole pre-warning anew": (
        Strategy.HOLD_RELOAD,
        f"{ALARM} 20 | hold on | held |\n 60 | hold off | activated |\n 29 | | activated |\n 1 | | releasing |",
    ),
    "hold with reload: the abort contact aborts": (Strategy.HOLD_RELOAD, f"{ALARM} 5 | abort on | aborted |"),
    "latched abort: until a reset": (
        Strategy.LATCHED_ABORT,
        f"{ALARM} 5 | abort on | aborted |\n 1 | abort off | aborted |\n 99 | | aborted |",
    ),
    "latched abort: hold does nothing": (
        Strategy.LATCHED_ABORT,
        f"{ALARM} 5 | hold on | activated |\n 25 | | releasing |",
    ),
    "uli: counts on to ten seconds and stops": (
        Strategy.ULI,
        f"{ALARM} 5 | abort on | activated |\n 14 | | activated |\n 2 | | held |\n {FROM_TEN}",
    ),
    "uli: let go before ten seconds, nothing is lost": (
        Strategy.ULI,
        f"{ALARM} 5 | abort on | activated |\n 5 | abort off | activated |\n 19 | | activated |\n 1 | | releasing |",
    ),
    "uli: from below ten seconds back to ten": (
        Strategy.ULI,
        f"{ALARM} 25 | abort on | held |\n 3 | abort off | activated |\n 9 | | activated |\n 1 | | releasing |",
    ),
    "iri: a press between the alarms counts": (
        Strategy.IRI,
        f"{FIRST} 1 | abort on | pre-activated |\n {SECOND} 19 | | activated |\n 2 | | held |\n {FROM_TEN}",
    ),
    "iri: a press after the second alarm does nothing": (
        Strategy.IRI,
        f"{ALARM} 5 | abort on | activated |\n 24 | | activated |\n 1 | | releasing |",
    ),
    "iri: a press that was let go between the alarms counts no more": (
        Strategy.IRI,
        f"{FIRST} 1 | abort on | |\n 1 | abort off | |\n {SECOND} 5 | abort on | activated |\n 25 | | releasing |",
    ),
    "nyc: a press gives two minutes from the activation at most, and it runs on": (
        Strategy.NYC,
        f"{ALARM} 20 | abort on | activated |\n 1 | abort off | activated |\n 97 | | activated |\n 2 | | releasing |",
    ),
    "nyc: a press that is kept is one press": (
        Strategy.NYC,
        f"{ALARM} 20 | abort on | activated |\n 98 | | activated |\n 2 | | releasing |",
    ),
    "nyc: another press gives nothing beyond the two minutes": (
        Strategy.NYC,
        f"{ALARM} 20 | abort on | |\n 1 | abort off | |\n 90 | abort on | activated |\n 7 | | activated |\n 2 | | releasing |",
    ),
    "local: the whole pre-warning anew": (
        Strategy.LOCAL,
        f"{ALARM} 20 | abort on | held |\n 60 | abort off | activated |\n 29 | | activated |\n 1 | | releasing |",
    ),
    "dead man: goes on from where it stood": (
        Strategy.DEAD_MAN,
        f"{ALARM} 20 | abort on | held |\n 60 | abort off | activated |\n 9 | | activated |\n 1 | | releasing |",
    ),
    "none: nothing stops it": (
        Strategy.NONE,
        f"{ALARM} 5 | abort on, hold on | activated |\n 24 | | activated |\n 1 | | releasing |",
    ),
}


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.feature("F20")
def test_story(name: str) -> None:
    strategy, story = STORIES[name]
    field = field_of(strategy)
    field.agent_flows = False
    play(field, story)


def test_every_strategy_has_its_manner_and_its_story() -> None:
    assert set(MANNERS) == set(Strategy) == {strategy for strategy, _ in STORIES.values()}


@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize("press", ["abort on", "hold on", "abort on, hold on"])
@pytest.mark.feature("F21")
def test_a_person_s_release_passes_every_strategy(strategy: Strategy, press: str) -> None:
    for story in (
        f"0 | {press}, call-point on | activated |\n 11 | | |\n 1 | | released | +agent",
        f"{ALARM} 1 | {press} | |\n 1 | call-point on | activated |\n 11 | | |\n 1 | | released | +agent",
        f"{ALARM} 25 | {press} | |\n 1 | call-point on | activated |\n 11 | | |\n 1 | | released | +agent",
    ):
        play(field_of(strategy), story)


@pytest.mark.parametrize("strategy", Strategy)
def test_no_strategy_acts_once_flooding_has_begun(strategy: Strategy) -> None:
    field = field_of(strategy)
    field.agent_flows = False
    play(field, f"{ALARM} 30 | | releasing |\n 1 | abort on, hold on | releasing | +agent\n 5 | | releasing | +agent")
    field.agent_flows = True
    play(field, "2 | | released | +agent\n 70 | abort off, hold off | |")
    assert field.zone().stage in AGENT_IN_ROOM | {Stage.DISCHARGED}


@pytest.mark.feature("F20")
def test_nyc_presses_add_up_to_two_minutes_and_not_for_ever() -> None:
    """Each press counts within the cap; one a second, as a chattering contact would, ends with it."""
    field = field_of(Strategy.NYC, pre_warning_s=10.0)
    field.agent_flows = False
    play(field, f"{ALARM} 2 | abort on | activated |\n 1 | abort off | |")
    assert field.zone().due_ms == pytest.approx(field.tick_ms + 99_000, abs=200)
    play(field, "9 | abort on | activated |\n 0 | abort off | activated |")
    assert field.zone().due_ms == pytest.approx(field.tick_ms + 100_000, abs=200)
    for _ in range(104):
        play(field, "0.4 | abort on | activated |\n 0.4 | abort off | activated |")
    play(field, "6 | abort on | releasing | +agent")


def test_nyc_presses_while_the_release_waits_count_within_the_two_minutes() -> None:
    """The wait for exhaust gives way to a press, until the two minutes are over: then it runs its bound."""
    field = field_of(Strategy.NYC)
    field.agent_flows = False
    field.point("gas-h2[0]", 20000.0)
    play(
        field,
        f"{ALARM} 40 | | waiting |\n 0 | abort on | activated |\n 1 | abort off | activated |\n 77 | | activated |",
    )
    play(field, "3 | | waiting |\n 1 | abort on | waiting |\n 0 | abort off | waiting |\n 57 | abort on | waiting |")
    play(field, "3 | | releasing | +agent")


def test_nyc_has_its_two_minutes_with_every_activation() -> None:
    field = field_of(Strategy.NYC)
    play(field, f"{ALARM} 1 | mode-key off | pre-activated |\n 200 | mode-key on | activated |")
    play(field, "20 | abort on | activated |\n 97 | | activated |\n 3 | | releasing |")


def test_a_dead_man_s_device_that_is_lost_is_let_go() -> None:
    """What is defined by constant force does not hold by a wire that is cut: the countdown goes on from where it stood."""
    field = field_of(Strategy.DEAD_MAN)
    play(
        field,
        f"{ALARM} 20 | abort on | held |\n 60 | abort fault | activated |\n 9 | | activated |\n 1 | | releasing |",
    )


@pytest.mark.parametrize("strategy", [s for s in Strategy if MANNERS[s].stops and not MANNERS[s].by_force])
def test_a_device_that_is_lost_while_it_is_pressed_is_not_let_go(strategy: Strategy) -> None:
    device = MANNERS[strategy].device
    field = field_of(strategy)
    play(field, f"{FIRST} 1 | {device} on | |" if strategy is not Strategy.HOLD_RELOAD else FIRST)
    play(field, f"{SECOND} 25 | {device} on | held |\n 0 | {device} fault | held |\n 60 | | held |")


@pytest.mark.parametrize("strategy", [s for s in Strategy if MANNERS[s].stops])
@pytest.mark.parametrize("let_go", [False, True])
def test_a_restart_gives_people_the_whole_pre_warning_and_the_device_acts_again(
    strategy: Strategy, let_go: bool
) -> None:
    device = MANNERS[strategy].device
    field = field_of(strategy)
    play(field, f"{FIRST} 1 | {device} on | |" if strategy is not Strategy.HOLD_RELOAD else FIRST)
    play(field, f"{SECOND} 29 | {device} on | held |")
    if let_go:
        field.contact(str(device), on=False)
    field.restart()
    field.run(27)
    assert field.zone().stage in {Stage.ACTIVATED, Stage.HELD}
    play(field, "60 | | |")
    assert (field.zone().stage is Stage.HELD) == (not let_go)


def test_a_restart_takes_no_time_away_that_a_press_gave() -> None:
    field = field_of(Strategy.NYC)
    play(field, f"{ALARM} 1 | abort on | activated |")
    due_ms = field.zone().due_ms
    field.restart()
    field.run(3)
    assert field.zone().due_ms == due_ms


def test_a_contact_that_comes_back_from_a_fault_was_not_pressed_anew() -> None:
    field = field_of(Strategy.NYC, pre_warning_s=5.0)
    play(field, f"{ALARM} 1 | abort on | activated |")
    due_ms = field.zone().due_ms
    play(field, "10 | abort fault | activated |")
    field.point("di-2-inputs[1]", 1.0)
    field.run(2)
    assert field.zone().due_ms == due_ms


@pytest.mark.parametrize("strategy", [s for s in Strategy if MANNERS[s].device])
def test_a_device_that_is_stuck_at_rest_is_a_trouble_and_makes_the_release_unavailable(strategy: Strategy) -> None:
    field = field_of(strategy)
    device = MANNERS[strategy].device
    play(field, f"0 | {device} on | quiescent |\n 12 | | quiescent |")
    assert field.troubles() == {"hand_at_rest:hall"}
    assert field.zone().availability == f"unavailable: {device} operated"


@pytest.mark.parametrize(
    ("strategy", "says", "troubles"),
    [(Strategy.HOLD_RELOAD, "unavailable: abort operated", {"hand_at_rest:hall"}), (Strategy.NONE, "full", set())],
)
def test_a_closed_abort_contact_at_rest_is_shown_where_it_would_act(
    strategy: Strategy, says: str, troubles: set[str]
) -> None:
    field = field_of(strategy)
    play(field, "0 | abort on | quiescent |\n 12 | | quiescent |")
    assert (field.zone().availability, field.troubles()) == (says, troubles)


@pytest.mark.parametrize("trigger", [Trigger.AUTOMATIC, Trigger.MANUAL])
@pytest.mark.parametrize("stage", Stage)
def test_the_devices_are_heard_before_flooding_and_never_against_a_person(stage: Stage, trigger: Trigger) -> None:
    field = Field(settle=False)
    field.contact("abort", on=True)
    field.scan()
    draft = draft_of(field, zones={"hall": {"stage": stage, "trigger": trigger}})
    rules = rules_of(draft)
    assert rules.zone.release is not None
    heard = stage in BEFORE_FLOODING and trigger is Trigger.AUTOMATIC
    assert people(draft, rules, rules.zone.release) == ([Signal.ABORT, Signal.HOLD_ENDS] if heard else [])


def test_a_room_without_the_contact_of_its_strategy_counts_down_all_the_same() -> None:
    contact = '[heads.abort]\nfamily = "abort"\nzone = "hall"\npoints = ["di-2-inputs[1]"]\n'
    field = Field(site(('strategy = "hold-reload"', f'strategy = "{Strategy.NYC}"'), (contact, "")))
    play(field, f"{ALARM} 29 | | activated |\n 1 | | releasing |")


@pytest.mark.parametrize(("hand", "why"), [("hold on", "held by hand"), ("abort on", "aborted by hand: reset first")])
def test_what_a_hand_stopped_is_shown(hand: str, why: str) -> None:
    field = field_of(Strategy.HOLD_RELOAD)
    play(field, f"{ALARM} 5 | {hand} | |\n 1 | | |")
    assert field.zone().inhibits == (why,)
    assert field.zone().availability == f"unavailable: {why}"
