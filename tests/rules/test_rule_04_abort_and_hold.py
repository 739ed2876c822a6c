"""Rule 4: manual release beats abort; abort and hold work only before flooding starts."""

import pytest

from controller.core import operators
from controller.core.commands import Disable, Occupied, Reset
from controller.core.state import AGENT_IN_ROOM, Stage
from controller.core.zone import signals, strategies
from controller.core.zone.machine import TABLE, Signal
from tests.controller.core.field import Field, play
from tests.rules.breaking import Check, Mutant, notices


def no_way_back_in_the_table() -> None:
    for stage in AGENT_IN_ROOM:
        assert not {Signal.ABORT, Signal.HOLD, Signal.HOLD_ENDS, Signal.NOT_AUTOMATIC, Signal.RESET} & set(TABLE[stage])
        assert set(TABLE[stage].values()) <= AGENT_IN_ROOM | {Stage.DISCHARGED}


def nothing_stops_agent_on_its_way() -> None:
    for hand in ("abort on", "hold on", "mode-key off", "occupied on", "abort on, hold on, mode-key off"):
        field = Field()
        field.agent_flows = False
        play(
            field,
            f"0 | smoke-1 alarm, heat-1 alarm | activated |\n 31 | | releasing |\n 1 | {hand} | releasing | +agent",
        )
        field.say(Reset(operator="kim", zone="hall"))
        field.say(Occupied(operator="kim", zone="hall", occupied=True))
        field.say(Disable(operator="kim", subject="agent"))
        field.say(Disable(operator="kim", subject="hall"))
        play(field, "2 | | releasing | +agent")


def a_hand_beats_abort_and_hold() -> None:
    for hand in ("abort on", "hold on"):
        play(Field(), f"0 | {hand}, call-point on | activated |\n 11 | | |\n 1 | | released | +agent")
        play(
            Field(),
            f"0 | smoke-1 alarm, heat-1 alarm | activated |\n 1 | {hand} | |\n 1 | call-point on | activated |"
            "\n 11 | | |\n 1 | | released | +agent",
        )


CHECKS = (no_way_back_in_the_table, nothing_stops_agent_on_its_way, a_hand_beats_abort_and_hold)


def abort_leads_out_of_releasing(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(TABLE[Stage.RELEASING], Signal.ABORT, Stage.ABORTED)
    patch.setattr(strategies, "BEFORE_FLOODING", frozenset(Stage))


def the_key_leads_out_of_releasing(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(TABLE[Stage.RELEASING], Signal.NOT_AUTOMATIC, Stage.PRE_ACTIVATED)


def a_reset_leads_out_of_releasing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(operators, "RESETTABLE", frozenset(Stage))
    patch.setitem(TABLE[Stage.RELEASING], Signal.RESET, Stage.QUIESCENT)


def disabling_stops_agent(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(operators, "_is_committed", lambda *a: False)


def an_abort_is_final(patch: pytest.MonkeyPatch) -> None:
    patch.delitem(TABLE[Stage.ABORTED], Signal.MANUAL)


def a_hand_does_not_take_over(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signals, "_trigger", lambda before, signal: "automatic")


MUTANTS = [
    (abort_leads_out_of_releasing, no_way_back_in_the_table),
    (abort_leads_out_of_releasing, nothing_stops_agent_on_its_way),
    (the_key_leads_out_of_releasing, nothing_stops_agent_on_its_way),
    (a_reset_leads_out_of_releasing, nothing_stops_agent_on_its_way),
    (disabling_stops_agent, nothing_stops_agent_on_its_way),
    (an_abort_is_final, a_hand_beats_abort_and_hold),
    (a_hand_does_not_take_over, a_hand_beats_abort_and_hold),
]


@pytest.mark.parametrize("check", CHECKS)
def test_holds(check: Check) -> None:
    check()


@pytest.mark.parametrize(("mutant", "check"), MUTANTS)
def test_is_noticed_when_broken(mutant: Mutant, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    notices(check)
