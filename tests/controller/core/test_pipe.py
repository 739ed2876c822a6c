"""Whose the pipe of a shared bank is, to the millisecond and in every stage; and who would be released into by a word."""

from functools import cache
from itertools import product
from typing import Any

import pytest

from controller.core.draft import Draft
from controller.core.state import BEFORE_FLOODING, Drive, Stage, Trigger
from controller.core.zone.selector import IN_NEED, PIPE, is_bound, may_flow, take_pipe, would_free, would_let_go
from controller.core.zone.signals import run_zone
from drivers.points import Quality
from tests.controller.core.drafts import draft_of, rules_of
from tests.controller.core.field import Field, site
from tests.controller.core.one_bank import one_bank
from tests.controller.core.tales.sites import SELECTORS_FIRST

WAITS = {"stage": Stage.WAITING}
STUCK_MS, AIR_TOO_MS = 5_000, 95_000
"""The selector's `confirm_s`; with `purge_limit_s` of 60 s and the time for the exhaust."""


def two_rooms(hall: dict[str, Any], server: dict[str, Any], **contacts: bool) -> Draft:
    field = Field(one_bank(), settle=False) if contacts else _at_rest()
    for name, on in contacts.items():
        field.contact(name.replace("_", "-"), on=on)
    field.scan()
    return draft_of(field, zones={"hall": hall, "server": server})


@cache
def _at_rest() -> Field:
    return Field(one_bank())


def keeps_after(draft: Draft, wait_ms: int) -> bool:
    """Whether the hall, whose selector was told at zero, still has the pipe so long after."""
    draft.tick_ms = wait_ms
    take_pipe(draft, rules_of(draft))
    return draft.zones[0].selected


@pytest.mark.parametrize(("proven", "limit_ms"), [(False, STUCK_MS), (True, AIR_TOO_MS)])
def test_the_pipe_is_given_up_after_the_time_of_what_is_awaited(proven: bool, limit_ms: int) -> None:
    field = Field(one_bank(), settle=False)
    field.point("fb-inputs[3]", float(proven))
    field.scan()
    for wait_ms in (limit_ms - 1, limit_ms):
        zones: dict[str, dict[str, Any]] = {"hall": WAITS | {"selected": True}, "server": WAITS}
        draft = draft_of(field, zones=zones, outputs={"selector-hall": {"since_ms": 0}})
        assert keeps_after(draft, wait_ms) == (wait_ms < limit_ms)


@pytest.mark.parametrize("stage", sorted(PIPE - {Stage.WAITING}))
def test_only_a_room_that_waits_gives_the_pipe_up(stage: Stage) -> None:
    draft = two_rooms({"stage": stage, "selected": True}, WAITS)
    assert keeps_after(draft, 10 * AIR_TOO_MS)


@pytest.mark.parametrize(("called", "key"), list(product((False, True), repeat=2)))
def test_a_room_whose_bank_is_empty_waits_by_its_call_point_and_key_alone(called: bool, key: bool) -> None:
    hall = WAITS | {"selected": True, "reserve": True, "let_go": ("main",)}
    draft = two_rooms(hall, WAITS | {"reserve": False}, server_call_point=called, server_reserve_key=key)
    assert keeps_after(draft, AIR_TOO_MS) == (not (called and key))


@pytest.mark.parametrize("normal", [0, 1])
@pytest.mark.parametrize(
    ("wanted", "drive", "read_back", "flows"),
    [
        (0, Drive.SETTLED, (0, 0), False),
        (0, Drive.SETTLED, (1, 0), False),
        (0, Drive.SETTLED, (1, 1), True),
        (1, Drive.CONFIRMING, (0, 0), True),
        (1, Drive.UNREAD, (0, 0), False),
    ],
)
def test_what_flows_by_its_word_or_its_read_back_is_not_stopped(
    wanted: int, drive: Drive, read_back: tuple[int, int], flows: bool, normal: int
) -> None:
    field = Field(
        one_bank(('[outputs.agent]\nrole = "agent"\n', f'[outputs.agent]\nrole = "agent"\nnormal = {normal}\n'))
    )
    for module, level in enumerate(read_back, 1):
        field.point(f"do-{module}-coils[3]", float(level != normal))
    field.scan()
    told = {"wanted": int(wanted != normal), "drive": drive}
    draft = draft_of(field, outputs={"agent": told})
    assert may_flow(draft, rules_of(draft), draft.layout.output("agent").index) == flows


def test_a_selector_that_is_the_first_output_is_asked_as_well() -> None:
    draft = draft_of(Field(site(*SELECTORS_FIRST)))
    assert rules_of(draft).selector == 0
    assert not may_flow(draft, rules_of(draft), draft.layout.output("agent").index)


def test_a_selector_that_is_the_first_output_tells_what_the_release_is_worth() -> None:
    field = Field(site(*SELECTORS_FIRST))
    assert field.zone().availability == "full"
    draft = draft_of(field, zones={"server": {"let_go": ("main",)}})
    run_zone(draft, rules_of(draft))
    assert draft.zones[0].availability == "unavailable: main bank used: server"
    field.point("fb-inputs[3]", 0.0, Quality.BAD)
    field.scan()
    assert field.zone().availability == "unavailable: selector-hall not readable"


@pytest.mark.parametrize(("let_go", "stage"), list(product(((), ("main",)), Stage)))
def test_a_reset_is_refused_while_another_room_needs_the_bank_that_it_fills(
    let_go: tuple[str, ...], stage: Stage
) -> None:
    draft = two_rooms({"let_go": let_go}, {"stage": stage})
    why = "server waits for the bank, a reset would release there: use the reserve key there, or abort it"
    assert would_let_go(draft, rules_of(draft)) == (why if let_go and stage in IN_NEED else "")


@pytest.mark.parametrize(
    ("selected", "stage", "trigger", "other"),
    list(product((False, True), (Stage.ACTIVATED, Stage.RELEASING), Trigger, (Stage.QUIESCENT, Stage.WAITING))),
)
def test_a_word_that_frees_the_pipe_is_refused_while_another_room_needs_it(
    selected: bool, stage: Stage, trigger: Trigger, other: Stage
) -> None:
    draft = two_rooms({"selected": selected, "stage": stage, "trigger": trigger}, {"stage": other})
    frees = selected and stage is Stage.ACTIVATED and trigger is not Trigger.MANUAL and other is Stage.WAITING
    why = "server needs the pipe that hall has, this word would release there: use the wired key, hold or abort"
    assert would_free(draft, rules_of(draft)) == (why if frees else "")


@pytest.mark.parametrize(("selected", "stage"), list(product((False, True), Stage)))
def test_a_selector_is_bound_by_the_pipe_and_by_agent(selected: bool, stage: Stage) -> None:
    draft = two_rooms({"selected": selected, "stage": stage}, {})
    assert is_bound(draft, rules_of(draft)) == (selected or stage not in BEFORE_FLOODING)


@pytest.mark.parametrize(
    ("hall", "server", "hall_told_ms", "first"),
    [
        ({}, {}, 0, "hall"),
        # Who has had it since it waits comes after who has not; told in the very scan in which it began to wait, it has.
        ({}, {}, 1000, "server"),
        ({}, {}, 1001, "server"),
        # Whom a person has called comes first among those that have not had it.
        ({"trigger": Trigger.AUTOMATIC}, {"trigger": Trigger.MANUAL}, 0, "server"),
        ({"trigger": Trigger.MANUAL}, {"trigger": Trigger.MANUAL}, 0, "hall"),
        # Who does not wait yet comes last.
        ({"stage": Stage.ACTIVATED, "trigger": Trigger.MANUAL}, {}, 0, "server"),
    ],
)
def test_a_free_pipe_goes_to_those_that_wait_in_turn(
    hall: dict[str, Any], server: dict[str, Any], hall_told_ms: int, first: str
) -> None:
    waits = WAITS | {"since_ms": 1000, "trigger": Trigger.AUTOMATIC}
    told = {"selector-hall": {"since_ms": hall_told_ms}, "selector-server": {"since_ms": 0}}
    draft = draft_of(_at_rest(), zones={"hall": waits | hall, "server": waits | server}, outputs=told)
    for zone in draft.rules.zones:
        take_pipe(draft, zone)
    assert [name for name, zone in zip(draft.layout.zones, draft.zones, strict=True) if zone.selected] == [first]
    assert [(e.zone, e.subject, e.what) for e in draft.events] == [(first, f"selector-{first}", "selected")]
