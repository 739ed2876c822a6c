"""One bank for several rooms: agent into one room at a time, into no wrong one, and none by a network's word (rules 5 and 8)."""

import pytest

from controller.core import actuation, decide, operators, trips
from controller.core.commands import Reset
from controller.core.draft import Draft
from controller.core.events import Kind
from controller.core.rules import ZoneRules
from controller.core.zone import selector, signals
from tests.controller.core.field import Field, play, writes_of
from tests.controller.core.one_bank import one_bank
from tests.rules.breaking import Check, Mutant, notices

HALL = "smoke-1 alarm, heat-1 alarm"
SERVER = "server-smoke-3 fire-2, server-smoke-4 fire-2"


def field_of() -> Field:
    return Field(one_bank(("same_family = true", "same_family = true\nsame_family_hold_s = 0.0")))


def no_agent_without_its_selector() -> None:
    for by in (HALL, "call-point on"):
        field = field_of()
        field.stuck.add("selector-hall")
        play(field, f"0 | {by} | activated |\n 45 | | | -agent")


def one_room_at_a_time() -> None:
    field = field_of()
    play(field, f"0 | {HALL}, {SERVER} | activated |")
    for _ in range(60):
        play(field, "1 | | |")
        assert not (field.on("selector-hall") and field.on("selector-server"))
        assert field.zone("server").stage not in {"releasing", "released"}
    assert any("used: hall" in name for name in field.zone("server").inhibits)


def no_reset_lets_the_other_room_have_it() -> None:
    field = field_of()
    play(field, f"0 | {HALL} | activated |\n 231 | | discharged |\n 0 | smoke-1 normal, heat-1 normal | |")
    play(field, f"0 | {SERVER} | activated |\n 40 | | waiting |", "server")
    assert field.say(Reset(operator="kim", zone="hall")).kind is Kind.REFUSED


def one_room_does_not_write_against_the_other() -> None:
    field = field_of()
    play(field, f"0 | {SERVER} | |\n 33 | | | +server-agent")
    assert not writes_of(field, "agent")
    assert "release_channel:agent" not in field.troubles()


def a_valve_is_not_opened_anew_without_its_selector() -> None:
    field = field_of()
    field.agent_flows = False
    play(field, f"0 | {HALL} | activated |\n 31 | | releasing | +agent")
    for coil in ("do-1-coils[3]", "do-2-coils[3]", "do-2-coils[8]"):
        field.point(coil, 0.0)
    field.point("fb-inputs[3]", 0.0)
    field.stuck.add("selector-hall")
    field.restart()
    play(field, "10 | | | -agent")


CHECKS = (
    no_agent_without_its_selector,
    one_room_at_a_time,
    no_reset_lets_the_other_room_have_it,
    one_room_does_not_write_against_the_other,
    a_valve_is_not_opened_anew_without_its_selector,
)


def nobody_looks_at_the_selector(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signals, "in_the_way", lambda *_, **__: ())
    patch.setattr(decide, "may_flow", lambda *_: True)


def everybody_has_the_pipe(patch: pytest.MonkeyPatch) -> None:
    def take(draft: Draft, zone: ZoneRules) -> None:
        draft.zone(zone.index, selected=draft.zones[zone.index].stage in selector.PIPE)

    patch.setattr(signals, "take_pipe", take)
    nobody_looks_at_the_selector(patch)


def a_reset_asks_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(operators, "would_let_go", lambda *_: "")


def each_room_writes_its_own_level(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(actuation, "_holder", lambda draft, output, wanted: output.index)
    patch.setattr(trips, "holds", lambda *_: True)


def the_stage_alone_opens_the_valve(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "may_flow", lambda *_: True)


MUTANTS = [
    (nobody_looks_at_the_selector, no_agent_without_its_selector),
    (everybody_has_the_pipe, one_room_at_a_time),
    (a_reset_asks_nobody, no_reset_lets_the_other_room_have_it),
    (each_room_writes_its_own_level, one_room_does_not_write_against_the_other),
    (the_stage_alone_opens_the_valve, a_valve_is_not_opened_anew_without_its_selector),
]


@pytest.mark.parametrize("check", CHECKS)
def test_holds(check: Check) -> None:
    check()


@pytest.mark.parametrize(("mutant", "check"), MUTANTS)
def test_is_noticed_when_broken(mutant: Mutant, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    notices(check)
