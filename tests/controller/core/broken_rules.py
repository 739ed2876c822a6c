"""Breaks of the core's own rules, one each: what the invariants of the random rooms must notice (`test_stateful`)."""

from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace

from controller.core import actuation, decide, force, latch, matrix, operators
from controller.core.draft import Draft
from controller.core.events import Level, Write
from controller.core.state import Alarm, Drive, Isolation, Stage, Tri, Trigger, ZoneState
from controller.core.zone import after, alarms, conditions, contacts, ladder, routing, signals, strategies, weighing
from controller.core.zone.machine import TABLE, Signal
from controller.site.model import Family

Patch = pytest.MonkeyPatch


def one_head_confirms(patch: Patch) -> None:
    def either(pairs: Any, latches: Any, *_: Any) -> Any:
        return next((pair for pair in pairs if any(latches[h.index].level >= Level.ALARM for h in pair)), None)

    patch.setattr(signals, "confirmed", either)


def an_abort_stops_flooding(patch: Patch) -> None:
    patch.setitem(TABLE[Stage.RELEASING], Signal.ABORT, Stage.ABORTED)
    patch.setattr(strategies, "BEFORE_FLOODING", frozenset(Stage))


def a_call_point_in_fault_calls(patch: Patch) -> None:
    whole = contacts.wired
    patch.setattr(signals, "wired", lambda *of: Tri.NO if whole(*of) is Tri.NO else Tri.YES)


def both_channels_at_once(patch: Patch) -> None:
    def write(draft: Any, output: Any, state: Any, _: Any) -> Any:
        intent = output.is_release and state.wanted != output.output.normal
        draft.writes.extend(Write(output.name, channel, state.wanted, intent=intent) for channel in output.channels)
        return replace(state, drive=Drive.WRITING, written_ms=draft.tick_ms)

    patch.setattr(actuation, "_write", write)


def exhaust_beside_agent(patch: Patch) -> None:
    for module in (matrix, conditions):
        patch.setattr(module, "may_exhaust", lambda zone: True)


def water_before_proof(patch: Patch) -> None:
    patch.setattr(ladder, "Isolation", type("Loose", (), {**Isolation.__members__, "PROVEN": Isolation.WANTED}))
    patch.setattr(decide, "shown_open", lambda draft, rack: True)


def released_without_the_field(patch: Patch) -> None:
    patch.setitem(TABLE[Stage.RELEASING], Signal.OVER, Stage.RELEASED)


def availability_is_always_full(patch: Patch) -> None:
    patch.setattr(signals, "availability", lambda *_: "full")


def agent_without_intent(patch: Patch) -> None:
    patch.setattr(actuation, "Write", lambda name, point, value, *, intent: Write(name, point, value, not intent))


def levels_without_evidence(patch: Patch) -> None:
    whole = Draft.tell

    def tell(draft: Draft, *what: Any, **_: Any) -> None:
        whole(draft, *what[:5])

    patch.setattr(Draft, "tell", tell)


def a_short_pre_warning(patch: Patch) -> None:
    patch.setattr(signals, "pre_warning_ms", lambda release, trigger: 1000)
    manners = {name: m._replace(leaves_ms=m.leaves_ms and (lambda *_: 1000)) for name, m in strategies.MANNERS.items()}
    patch.setattr(strategies, "MANNERS", manners)


def nobody_looks_who_is_inside(patch: Patch) -> None:
    patch.setattr(signals, "blocks", lambda draft, zone: ())


def work_does_not_block(patch: Patch) -> None:
    patch.setattr(signals, "blocks_of_works", lambda state: ())


def a_closed_block_does_not_matter(patch: Patch) -> None:
    patch.setattr(signals, "is_blocked", lambda draft, zone: False)


def one_head_is_all_there_is(patch: Patch) -> None:
    patch.setattr(alarms, "is_certain", lambda *_: False)


def delays_count_for_ever(patch: Patch) -> None:
    patch.setattr(decide, "pass_delays", lambda *_: None)


def fire_ends_by_itself(patch: Patch) -> None:
    patch.setattr(alarms, "_alarm", lambda draft, zone, heads: Alarm.FIRE if heads else Alarm.NONE)
    patch.setattr(
        alarms, "standing", lambda draft, zone: [h for h in zone.sensing if draft.inputs.heads[h.index].level > 2]
    )


def isolation_waits_for_the_second_head(patch: Patch) -> None:
    real = weighing.level_of
    first = Level.ADVISORY

    def level_of(draft: Draft, zone: Any) -> int:
        return min(real(draft, zone), first) if draft.zones[zone.index].alarm is Alarm.FIRST else real(draft, zone)

    patch.setattr(ladder, "level_of", level_of)


def an_actuator_is_where_it_is(patch: Patch) -> None:
    patch.setattr(signals, "absent", lambda *_: ())


def any_closed_contact_acknowledges(patch: Patch) -> None:
    def careless(draft: Draft, zone: Any) -> None:
        draft.zone(zone.index, routing=routing.ACKNOWLEDGED)

    patch.setattr(decide, "watch_routing", careless)


def nobody_looks_at_the_selector(patch: Patch) -> None:
    patch.setattr(signals, "in_the_way", lambda *_, **__: ())
    patch.setattr(decide, "may_flow", lambda *_: True)


def everybody_has_the_pipe(patch: Patch) -> None:
    patch.setattr(signals, "take_pipe", lambda draft, zone: draft.zone(zone.index, selected=True))
    nobody_looks_at_the_selector(patch)


def nobody_has_the_pipe(patch: Patch) -> None:
    patch.setattr(signals, "take_pipe", lambda *_: None)
    nobody_looks_at_the_selector(patch)


def who_is_inside_is_shown_and_does_not_count(patch: Patch) -> None:
    whole = signals._signals
    patch.setattr(signals, "_signals", lambda draft, zone, release, pair, _: [*whole(draft, zone, release, pair, ())])


def a_first_alarm_activates(patch: Patch) -> None:
    patch.setitem(TABLE[Stage.QUIESCENT], Signal.FIRST_ALARM, Stage.ACTIVATED)


def nobody_knows_who_called(patch: Patch) -> None:
    patch.setattr(signals, "_trigger", lambda before, signal: Trigger.NONE)


def a_reset_keeps_who_called(patch: Patch) -> None:
    patch.setattr(operators, "ZoneState", partial(ZoneState, trigger=Trigger.AUTOMATIC))


def a_timer_that_is_over_at_once(patch: Patch) -> None:
    patch.setattr(signals, "_due_ms", lambda draft, *_: draft.tick_ms - 1)


def a_fault_alarms(patch: Patch) -> None:
    patch.setattr(
        alarms, "standing", lambda draft, zone: [h for h in zone.sensing if draft.inputs.heads[h.index].fault]
    )


def somebody_looks_for_ever(patch: Patch) -> None:
    patch.setattr(alarms, "_is_investigated", lambda draft, zone: zone.zone.positive_alarm is not None)


def it_is_always_day(patch: Patch) -> None:
    patch.setattr(alarms, "is_night", lambda draft: False)


def a_contact_that_stood_acknowledges(patch: Patch) -> None:
    whole = routing.watch_routing

    def careless(draft: Draft, zone: Any) -> None:
        contacts = zone.wired.get(Family.ROUTING_ACKNOWLEDGED, ())
        if draft.zones[zone.index].routing == routing.SENT and any(draft.inputs.wired[c] == Tri.YES for c in contacts):
            draft.zone(zone.index, routing=routing.ACKNOWLEDGED)
        else:
            whole(draft, zone)

    patch.setattr(decide, "watch_routing", careless)


def agent_may_be_forced(patch: Patch) -> None:
    for guard in ("_refused", "_interlocked"):
        patch.setattr(force, guard, lambda *_: "")


def a_force_outlasts_the_first_sign_of_fire(patch: Patch) -> None:
    patch.setattr(force, "alarm", lambda _: "")


def a_force_needs_no_permit(patch: Patch) -> None:
    patch.setattr(force, "is_under", lambda *_: True)


def the_extended_discharge_outlasts_the_hold_time(patch: Patch) -> None:
    for module in (after, conditions):
        patch.setattr(module, "HOLDING", frozenset(Stage))


def the_extended_discharge_follows_silence(patch: Patch) -> None:
    whole = after._extended

    def extended(draft: Draft, zone: Any, release: Any, *, blocked: bool) -> None:
        if draft.zones[zone.index].stage is Stage.HOLD_TIME:
            draft.zone(zone.index, extended_due_ms=draft.tick_ms + 1000)
        else:
            whole(draft, zone, release, blocked=blocked)

    patch.setattr(after, "_extended", extended)


def the_valve_stays_open_in_the_hold_time(patch: Patch) -> None:
    patch.setattr(conditions, "ENERGISED", conditions.ENERGISED | {Stage.HOLD_TIME})


def both_banks_at_once(patch: Patch) -> None:
    whole = conditions.zone_conditions

    def both(draft: Draft, zone: Any) -> dict[str, bool]:
        named = whole(draft, zone)
        return named | {"release-reserve": named["release"] or named["release-reserve"]}

    patch.setattr(conditions, "zone_conditions", both)


def the_reserve_bank_follows_by_itself(patch: Patch) -> None:
    whole = signals._start_releasing

    def start(draft: Draft, zone: Any, state: ZoneState) -> None:
        whole(draft, zone, draft.zone(zone.index, reserve=state.attempt > 0))

    patch.setattr(signals, "_start_releasing", start)


def what_is_over_is_forgotten(patch: Patch) -> None:
    whole = latch._sense

    def sense(draft: Draft, head: Any, reading: Any) -> None:
        whole(draft, head, reading)
        kept = draft.heads[head.index]
        draft.heads[head.index] = replace(kept, level=min(kept.level, reading.level))

    patch.setattr(latch, "_sense", sense)
