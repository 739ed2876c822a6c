"""The release machine alone: its table, row by row, and what holds for the whole graph."""

from itertools import combinations

import pytest

from controller.core.state import AGENT_IN_ROOM, BEFORE_FLOODING, Stage
from controller.core.zone.machine import TABLE, Signal, step

LEGAL = [(stage, signal, target) for stage, moves in TABLE.items() for signal, target in moves.items()]
ILLEGAL = [(stage, signal) for stage in Stage for signal in Signal if signal not in TABLE[stage]]


def reach(start: Stage, without: frozenset[Signal] = frozenset()) -> set[Stage]:
    """Every stage that can be reached from `start` by signals other than `without`."""
    found, open_ = set(), [start]
    while open_:
        for signal, target in TABLE[open_.pop()].items():
            if signal not in without and target not in found:
                found.add(target)
                open_.append(target)
    return found


def test_every_stage_has_its_row() -> None:
    assert set(TABLE) == set(Stage)
    assert not BEFORE_FLOODING & AGENT_IN_ROOM
    assert set(Stage) - BEFORE_FLOODING - AGENT_IN_ROOM == {Stage.DISCHARGED}


@pytest.mark.parametrize(("stage", "signal", "target"), LEGAL)
def test_a_legal_signal_moves(stage: Stage, signal: Signal, target: Stage) -> None:
    assert step(stage, frozenset({signal})) == (target, signal)


@pytest.mark.parametrize(("stage", "signal"), ILLEGAL)
def test_an_illegal_signal_changes_nothing(stage: Stage, signal: Signal) -> None:
    assert step(stage, frozenset({signal})) is None


@pytest.mark.parametrize("stage", Stage)
def test_the_first_signal_with_an_entry_wins(stage: Stage) -> None:
    order = [signal for signal in Signal if signal in TABLE[stage]]
    for first, second in combinations(order, 2):
        assert step(stage, frozenset({first, second})) == (TABLE[stage][first], first)
    assert step(stage, frozenset()) is None


@pytest.mark.parametrize("stage", sorted(AGENT_IN_ROOM))
def test_no_abort_no_hold_no_reset_leads_out_once_the_valve_was_told(stage: Stage) -> None:
    barred = {Signal.ABORT, Signal.HOLD, Signal.HOLD_ENDS, Signal.NOT_AUTOMATIC, Signal.RESET}
    assert not barred & set(TABLE[stage])
    assert set(TABLE[stage].values()) <= AGENT_IN_ROOM | {Stage.DISCHARGED}


def test_agent_goes_by_the_end_of_a_time_or_by_hand_only() -> None:
    ways_in = {(s, signal) for s, signal, target in LEGAL if target in AGENT_IN_ROOM and s in BEFORE_FLOODING}
    assert ways_in == {
        (Stage.ACTIVATED, Signal.OVER),
        (Stage.WAITING, Signal.OVER),
        (Stage.WAITING, Signal.MANUAL),
    }


def test_without_confirmation_and_without_a_hand_nothing_is_released() -> None:
    assert not reach(Stage.QUIESCENT, frozenset({Signal.CONFIRMED, Signal.MANUAL})) & AGENT_IN_ROOM


def test_released_is_what_the_field_says() -> None:
    assert {signal for _, signal, target in LEGAL if target is Stage.RELEASED} == {Signal.PROOF}


def test_an_abort_is_left_by_a_hand_or_a_reset_only() -> None:
    assert set(TABLE[Stage.ABORTED]) == {Signal.MANUAL, Signal.RESET}


@pytest.mark.parametrize("stage", Stage)
def test_no_stage_is_a_trap(stage: Stage) -> None:
    assert Stage.QUIESCENT in reach(stage)
