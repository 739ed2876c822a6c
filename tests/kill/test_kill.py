"""`kill -9` of the daemon at named points, and a new start: the same stage, no output lost, none fired anew (rule 11).

The daemon kills itself at the point (`tests.stand.launcher`); the modules of the plant keep every change of every coil.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.core.events import Event, Kind
from controller.core.state import Drive, Stage
from tests.stand.launcher import ARM, FIRE
from tests.stand.look import Seen, edges, hall, in_stage, output, stages, times
from tests.stand.stand import Nursery, stand

BREAKERS = {("do-1-coils", 0), ("do-1-coils", 1)}
DAMPER, SOUNDER, BEACON, PUMP = ("do-1-coils", 4), ("do-2-coils", 4), ("do-2-coils", 5), ("do-2-coils", 3)
COOLANT = {("do-2-coils", 0), ("do-2-coils", 1), PUMP}
EXHAUST, FAULT_RELAY = ("do-1-coils", 3), ("do-1-coils", 5)
SLOW = {"scan_overrun", "loop_late", "journal_late", "intent_not_durable"}
"""Troubles that a busy machine or its disk earns; the fault relay drops with them as with any other."""


def energised(seen: Seen) -> set[tuple[str, int]]:
    return {(block, place) for block, levels in seen["coils"].items() for place, on in enumerate(levels) if on}


def lost(seen: Seen, before: Seen, events: list[Event]) -> set[tuple[str, int]]:
    """Coils that were on at `before` and have dropped since, were it for one step, without a reason in the journal.

    Exhaust goes off when agent comes (rule 6).
    """
    slow = any(event.kind is Kind.TROUBLE and event.what in SLOW for event in events)
    since = seen["changes"][len(before["changes"]) :]
    dropped = {(block, place) for _, block, place, to in since if not to} & energised(before)
    return dropped - {EXHAUST} - ({FAULT_RELAY} if slow else set())


def troubles(events: list[Event]) -> list[tuple[int, str, str]]:
    """What the journal tells of, for a failed look: tick, subject and trouble."""
    return [(event.tick_ms, event.subject, event.what) for event in events if event.kind is Kind.TROUBLE]


# --- the release ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("point", "latched", "channels"),
    [
        ("before-commit:activated", Stage.QUIESCENT, (0, 0)),
        ("before-commit:intent", Stage.ACTIVATED, (0, 0)),
        ("after-commit:intent", Stage.RELEASING, None),
        ("before-write:arm", Stage.RELEASING, (0, 0)),
        ("after-write:arm", Stage.RELEASING, (1, 0)),
        ("before-write:fire", Stage.RELEASING, (1, 0)),
        ("after-write:fire", Stage.RELEASING, (1, 1)),
        ("before-commit:released", Stage.RELEASING, (1, 1)),
        ("after-commit:released", Stage.RELEASED, (1, 1)),
        ("before-commit:hold-time", Stage.RELEASED, (1, 1)),
        ("after-commit:hold-time", Stage.HOLD_TIME, None),
    ],
)
def test_killed_in_a_release_it_goes_on_and_fires_once(
    nursery: Nursery, folder: Path, point: str, latched: Stage, channels: tuple[int, int] | None
) -> None:
    with stand(nursery, folder) as here:
        first = here.daemon(point)
        first.ready()
        first.until(lambda status: hall(status).availability == "full")
        here.plant("input", head="call-point", value=True)
        first.killed()
        before, state = here.plant(), here.latched().zones[0]
        # On a slow disk a channel is written before its intent is durable, after one scan of waiting (rule 11); then that intent is lost.
        intent_lost = "-write:" in point and state.stage is Stage.ACTIVATED
        assert state.stage is latched or intent_lost
        if channels is not None:
            assert (edges(before, ARM, 1), edges(before, FIRE, 1)) == channels
        second = here.daemon()
        status = second.ready()
        assert status.storage.beginning == "latched state restored"
        if latched in {Stage.RELEASED, Stage.HOLD_TIME} and hall(status).stage == latched:
            assert (hall(status).since_ms, hall(status).due_ms) == (state.since_ms, state.due_ms)
        goal = Stage.HOLD_TIME if "hold-time" in point else Stage.RELEASED
        second.until(in_stage(goal))
        second.until(lambda status: output(status, "agent").drive == Drive.SETTLED)
        seen = here.plant()
        assert (edges(seen, ARM, 1), edges(seen, FIRE, 1)) == (1, 1)
        released = {ARM, FIRE} if goal is Stage.HOLD_TIME else set()
        assert {DAMPER, SOUNDER, BEACON} <= energised(seen)
        assert seen["fallen"] == []
        assert second.stop() == 0
        events = here.events()
        assert lost(seen, before, events) <= released, troubles(events)
        assert stages(events) == ["activated", "releasing", "released", "hold-time"][: 4 if released else 3]
        assert times(events, Kind.INTENT, "agent", "activate") == 1


@pytest.mark.parametrize("stage", [Stage.RETRYING, Stage.UNCONFIRMED])
def test_killed_while_the_field_is_silent_it_keeps_count_of_its_tries(
    nursery: Nursery, folder: Path, stage: Stage
) -> None:
    with stand(nursery, folder, speed=10.0) as here:
        here.plant("fault", fault="pressure-switch-failed:hall")
        first = here.daemon(f"after-commit:{stage}")
        first.until(lambda status: hall(status).availability == "full")
        here.plant("input", head="call-point", value=True)
        first.killed()
        assert here.latched().zones[0].stage is stage
        second = here.daemon()
        second.until(in_stage(Stage.UNCONFIRMED))
        second.until(lambda status: output(status, "agent").drive == Drive.SETTLED)
        seen = here.plant()
        assert (edges(seen, ARM, 1), edges(seen, FIRE, 1)) == (2, 2)  # the site's two attempts, with or without a kill
        second.until(lambda status: any(trouble.trip == "release_unconfirmed" for trouble in status.core.troubles))
        assert second.stop() == 0
        expected = ["activated", "releasing", "retrying", "releasing", "unconfirmed"]
        assert stages(here.events()) == expected


# --- the ladder -----------------------------------------------------------------------------------------------------

HOT_CELL, HOT_BMS, HOT_HEAD, SMOKE = "ramp:cells-1[0]:2", "bms-lies:bms-1:5", "ramp:heat-1:3", "ramp:smoke:0.5"
RISE_S = {HOT_CELL: 15.0}
"""A cell that is out of line with its module, and not yet in runaway; the others rise until they are believed."""


@pytest.mark.parametrize(
    ("point", "faults", "stage", "rack", "stays"),
    [
        ("after-commit:isolate-wanted", [HOT_CELL], Stage.QUIESCENT, "wanted", set()),
        ("after-commit:isolate-proven", [HOT_CELL], Stage.QUIESCENT, "proven", {("do-1-coils", 0)}),
        ("after-commit:pre-activated", [HOT_HEAD], Stage.PRE_ACTIVATED, "none", {EXHAUST}),
        ("after-commit:activated", [HOT_HEAD, SMOKE], Stage.ACTIVATED, "none", {EXHAUST}),
        # The neighbour's breaker may be commanded in the very scan that is committed.
        ("after-commit:cool-allowed", [HOT_BMS, HOT_HEAD], None, "proven", {("do-1-coils", 0)}),
        ("after-commit:coolant-flowing", [HOT_BMS, HOT_HEAD], Stage.ACTIVATED, "proven", BREAKERS | COOLANT | {DAMPER}),
    ],
)
def test_killed_in_a_response_it_stands_where_it_stood(
    nursery: Nursery,
    folder: Path,
    point: str,
    faults: list[str],
    stage: Stage | None,
    rack: str,
    stays: set[tuple[str, int]],
) -> None:
    with stand(nursery, folder) as here:
        first = here.daemon(point)
        first.until(lambda status: hall(status).availability == "full")
        for fault in faults:
            here.plant("fault", fault=fault, for_s=RISE_S.get(fault, 40.0))
        first.killed()
        before, state = here.plant(), here.latched()
        assert stage in {state.zones[0].stage, None}
        assert state.racks[0].isolation == rack
        assert stays <= energised(before)
        second = here.daemon()
        status = second.ready()
        if stage in {Stage.PRE_ACTIVATED, Stage.ACTIVATED}:
            assert (hall(status).stage, hall(status).since_ms) == (stage, state.zones[0].since_ms)
            if stage is Stage.PRE_ACTIVATED:
                assert hall(status).due_ms == state.zones[0].due_ms
            else:  # nobody was warned while it was away: the whole pre-warning runs anew (rule 13)
                assert state.zones[0].due_ms < hall(status).due_ms <= status.core.tick_ms + 60_000
        assert hall(status).racks[0].isolation in {rack, "proven"}
        assert hall(status).racks[0].cool == state.racks[0].cool
        # All the way through the release, by hand, with what the fire had called for still in place.
        here.plant("input", head="call-point", value=True)
        second.until(in_stage(Stage.RELEASED))
        seen = here.plant()
        assert (edges(seen, ARM, 1), edges(seen, FIRE, 1)) == (1, 1)
        assert HOT_BMS not in faults or energised(seen) >= BREAKERS
        assert second.stop() == 0
        events = here.events()
        assert lost(seen, before, events) == set(), troubles(events)
        assert len(set(stages(events))) == len(stages(events)) - stages(events).count("activated") + 1
        for what in ("isolate-wanted", "isolate-proven", "cool-allowed"):
            assert times(events, Kind.RESPONSE, "rack-1", what) <= 1
        assert times(events, Kind.RESPONSE, "hall", "coolant-flowing") <= 1


# --- people ---------------------------------------------------------------------------------------------------------


def test_an_abort_outlives_the_daemon(nursery: Nursery, folder: Path) -> None:
    with stand(nursery, folder) as here:
        first = here.daemon("after-commit:aborted")
        first.until(lambda status: hall(status).availability == "full")
        here.plant("fault", fault=HOT_HEAD, for_s=40.0)
        first.until(in_stage(Stage.PRE_ACTIVATED))
        here.plant("input", head="abort", value=True)
        first.killed()
        here.plant("input", head="abort", value=False)  # let go while nobody looks: an abort is latched
        second = here.daemon()
        assert hall(second.ready()).stage == Stage.ABORTED
        here.plant("fault", fault=SMOKE, for_s=60.0)  # rule 3 is fulfilled now
        second.until(lambda status: any(h.name == "smoke" and h.latched == "alarm" for h in hall(status).heads))
        assert hall(second.status()).stage == Stage.ABORTED
        here.plant("input", head="call-point", value=True)  # and a person's hand beats it (rule 4)
        second.until(in_stage(Stage.RELEASED))
        assert second.stop() == 0
        assert stages(here.events()) == ["pre-activated", "aborted", "activated", "releasing", "released"]


def test_a_hold_outlives_the_daemon_and_its_end_loads_the_whole_pre_warning_anew(
    nursery: Nursery, folder: Path
) -> None:
    with stand(nursery, folder) as here:
        first = here.daemon("after-commit:held")
        first.until(lambda status: hall(status).availability == "full")
        here.plant("fault", fault=HOT_HEAD, for_s=40.0)
        here.plant("fault", fault=SMOKE, for_s=40.0)
        first.until(in_stage(Stage.ACTIVATED))
        here.plant("input", head="hold", value=True)
        first.killed()
        second = here.daemon()
        assert hall(second.ready()).stage == Stage.HELD
        here.plant("input", head="hold", value=False)
        status = second.until(in_stage(Stage.ACTIVATED))
        assert hall(status).due_ms - hall(status).since_ms == 60_000
        assert energised(here.plant()).isdisjoint({ARM, FIRE})
        assert second.stop() == 0
        assert stages(here.events())[-3:] == ["activated", "held", "activated"]
