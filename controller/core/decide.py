"""Steps 5 and 6 of a value: decide by table, map to outputs. One pure function from state and inputs to state, events and writes."""

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from controller.core.actuation import act
from controller.core.commands import AnyCommand
from controller.core.draft import Draft
from controller.core.events import Event, Evidence, Write
from controller.core.force import forced, watch_forces
from controller.core.inputs import Inputs
from controller.core.latch import latch_heads
from controller.core.layout import Layout, OutputLayout
from controller.core.matrix import Moment, RowTimes, driven, interlock
from controller.core.operators import obey
from controller.core.rules import Rules, ZoneRules
from controller.core.state import (
    NEVER,
    Drive,
    HeadLatch,
    OutputState,
    RackState,
    Stage,
    State,
    Tri,
    Trigger,
    ZoneState,
)
from controller.core.trips import is_night, step_trips
from controller.core.zone.alarms import latch_alarm
from controller.core.zone.conditions import condition_vector
from controller.core.zone.delays import pass_delays, undelayed
from controller.core.zone.isolation import shown_open
from controller.core.zone.ladder import run_ladder
from controller.core.zone.routing import watch_routing
from controller.core.zone.selector import may_flow
from controller.core.zone.signals import RETRY_PAUSE_MS, pre_warning_ms, run_zone
from controller.core.zone.walk_test import watch_walk_test
from controller.core.zone.weighing import latch_zone
from controller.core.zone.works import watch_works
from controller.site.model import Physics, Role


class Decision(NamedTuple):
    """What one scan decided. `resets` are heads whose detector evidence is to be dropped.

    Time moves what is decided at `wake_ms` at the earliest (NEVER: not at all): with the state that came out, the same inputs and no
    command, every scan before that tick takes the same way.
    """

    state: State
    events: tuple[Event, ...]
    writes: tuple[Write, ...]
    resets: tuple[int, ...]
    wake_ms: int


def first_state(layout: Layout, *, lost: bool = False) -> State:
    """The state of a site that has never run: nothing latched, every output still to be read from the field.

    `lost`: it has run, but what it had latched is not known. Then people may be where a release would go, heads may be disabled for work:
    every zone with release begins as occupied, which is manual-only (rule 13). A call point that is operated then may be a person's word
    from before. On a site that has never run it may be a pair of contacts the wrong way round: it counts once it was seen at rest (0042).
    """
    names = tuple(name for name, zone in layout.site.zones.items() if lost and zone.release is not None)
    return State(
        tick_ms=0,
        heads=(HeadLatch(),) * len(layout.heads),
        zones=tuple(
            ZoneState(occupied=zone.occupied_at_start or name in names, call_point_rested=lost)
            for name, zone in layout.site.zones.items()
        ),
        racks=(RackState(),) * len(layout.racks),
        outputs=tuple(OutputState(wanted=o.output.normal) for o in layout.outputs),
        wired=tuple(int(Tri.UNKNOWN if h.physics is Physics.WIRED else Tri.NO) for h in layout.heads),
        row_since_ms=(NEVER,) * len(layout.site.matrix),
        lost=names,
    )


def decide(
    rules: Rules,
    state: State,
    inputs: Inputs,
    commands: tuple[AnyCommand, ...],
    place: tuple[int, int],
    evidence: Callable[[int], Evidence],
) -> Decision:
    """One scan. `place` is (scan, tick_ms); `evidence(head_index)` gives a head's present evidence, asked for on a rise only."""
    draft = Draft(rules, state, inputs, place, evidence)
    for command in commands:
        obey(draft, command)
    for zone in rules.zones:
        watch_works(draft, zone)
    latch_heads(draft)
    for zone in rules.zones:
        watch_walk_test(draft, zone)
        latch_zone(draft, zone)
        latch_alarm(draft, zone)
        pass_delays(draft, zone)
        run_zone(draft, zone)
        run_ladder(draft, zone)
    watch_forces(draft)
    act(draft, _wanted(draft))
    for zone in rules.zones:
        watch_routing(draft, zone)
    step_trips(draft)
    told = tuple(draft.events), tuple(draft.writes), tuple(draft.resets)
    return Decision(draft.state(), *told, draft.wake_ms)


def _wanted(draft: Draft) -> list[int]:
    """The level of every output: driven by the matrix, within the interlocks, unless a person has disabled it."""
    conditions, zones = condition_vector(draft)
    outputs = draft.layout.outputs
    times = RowTimes(draft.row_since_ms, draft.row_drove_ms)
    moment = Moment(draft.tick_ms, draft.reached, is_night(draft), frozenset(draft.unlatched), undelayed(draft))
    rows = driven(draft.rules.matrix, conditions, times, moment, len(outputs))
    wanted: list[int] = []
    for output, row in zip(outputs, rows, strict=True):
        state, normal = draft.outputs[output.index], output.output.normal
        on = asked = row is True or forced(draft, output.name)
        if asked or state.adopted >= 0:
            may = _may_be_driven(draft, output, zones[output.zone])
            on = asked and may and (output.name not in draft.disabled or _goes_by_hand(draft, output))
            if state.adopted >= 0 and (row is not None or not _may_stand(draft, output, may=may)):
                # What a cold start found stands until the logic has its own word on it, within the interlocks (rules 6 and 7).
                draft.outputs[output.index] = replace(state, adopted=-1)
        wanted.append(1 - normal if on else normal)
    return wanted


def _goes_by_hand(draft: Draft, output: OutputLayout) -> bool:
    """Whether a person's own release drives the output though it is out of service: no word from a network stops that (0042)."""
    of_agent = output.is_release or output.output.role is Role.SELECTOR
    return of_agent and draft.zones[output.zone].trigger is Trigger.MANUAL


def _may_be_driven(draft: Draft, output: OutputLayout, conditions: list[bool]) -> bool:
    """Whether nothing stands against the output, whatever the rows say: pipe, interlocks."""
    if output.is_release and not may_flow(draft, draft.rules.zones[output.zone], output.index):
        return False
    may_cool = output.rack >= 0 and _may_cool(draft, output)
    return interlock(output, draft.zones[output.zone], conditions, may_cool)


def _may_cool(draft: Draft, output: OutputLayout) -> bool:
    """Rule 7 at the valve: after a restart too, it is not opened anew before the breakers say open in this scan, or a person has."""
    rack, state = draft.racks[output.rack], draft.outputs[output.index]
    opened = state.wanted != output.output.normal and state.drive is not Drive.UNREAD
    running = opened or all(level == 1 - output.output.normal for level in draft.inputs.channels[output.index])
    return rack.cool and (running or rack.vouched or shown_open(draft, output.rack))


def _may_stand(draft: Draft, output: OutputLayout, *, may: bool) -> bool:
    """Whether a level that a cold start found may stay: no exhaust beside agent, no selector, no water on a rack that is not shown open."""
    if output.output.role is Role.COOLANT:
        return output.rack >= 0 and shown_open(draft, output.rack)
    return may or output.output.role not in {Role.EXHAUST, Role.SELECTOR}


def take_up(state: State, inputs: Inputs, rules: Rules, tick_ms: int) -> State:
    """The latched state after a restart: every output is read before it is written, and agent is not let go twice (rule 11).

    What an engineer forced is let go. Nobody has looked at the gas meanwhile: how long it has been low counts anew.

    A zone that is past its release and whose release channels have dropped since is spent: energising them again would fire anew. A
    zone that still waits for proof goes on: its intent stands. One between two tries has its pause anew, because the actuator may never
    have been let go. One that was about to release gives people the whole pre-warning anew: they may have come in meanwhile (rule 13).
    """
    zones = list(state.zones)
    for zone in rules.zones:
        held = [inputs.channels[o.index] for o in rules.layout.outputs if o.name in zone.release_outputs]
        past = zones[zone.index].stage in {Stage.RELEASED, Stage.UNCONFIRMED, Stage.HOLD_TIME}
        if past and not any(all(level == Tri.YES for level in levels) for levels in held):
            zones[zone.index] = replace(zones[zone.index], spent=True)
        zones[zone.index] = replace(zones[zone.index], gas_low_ms=NEVER)
        if zones[zone.index].stage in {Stage.ACTIVATED, Stage.HELD, Stage.WAITING}:
            zones[zone.index] = _warn_anew(zones[zone.index], zone, tick_ms)
        if zones[zone.index].stage is Stage.RETRYING:
            zones[zone.index] = replace(zones[zone.index], due_ms=tick_ms + RETRY_PAUSE_MS)
    outputs = tuple(replace(output, drive=Drive.UNREAD, written_ms=NEVER, channel=-1) for output in state.outputs)
    return replace(state, zones=tuple(zones), outputs=outputs, forced=(), chatter=())


def _warn_anew(state: ZoneState, zone: ZoneRules, tick_ms: int) -> ZoneState:
    if zone.zone.release is None:
        return state
    since_ms = state.since_ms if state.stage is Stage.ACTIVATED else tick_ms
    due_ms = tick_ms + pre_warning_ms(zone.zone.release, state.trigger)
    if state.stage is Stage.ACTIVATED:
        due_ms = max(due_ms, state.due_ms)  # a press may have given them more
    return replace(state, stage=Stage.ACTIVATED, since_ms=since_ms, due_ms=due_ms, left_ms=0)
