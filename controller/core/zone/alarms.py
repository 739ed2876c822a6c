"""From heads in alarm to the fire alarm of a zone: first alarm, second alarm, and the outputs that wait for it.

What stands between one head and `fire` is named in the site file (`[zones.NAME.coincidence]`), and holds for the conditions
`first-alarm` and `fire` of the matrix and for what people are shown. Nothing else is held back by it: levels latch as they are, one head
isolates, gas evacuates, runaway is cooled, and rule 3 alone lets agent go. Whatever is more than one head at its first stage is fire at once:
a second head, fire 2, confirmed runaway, what heads say together, and a call point.
"""

from collections.abc import Sequence

from controller.core.draft import Draft
from controller.core.events import Evidence, Kind, Level
from controller.core.inputs import FIRE_2, WHOLE_HEAD
from controller.core.layout import HeadLayout
from controller.core.rules import ZoneRules
from controller.core.state import NEVER, Alarm, Tri, ZoneState
from controller.core.trips import is_night
from controller.core.zone.coincidence import FIRE_PHYSICS
from controller.core.zone.contacts import wired
from controller.site.model import Coincidence, Dependency, Family, PositiveAlarm

SECOND = 2
"""Heads that are more than one."""


def latch_alarm(draft: Draft, zone: ZoneRules) -> None:
    """Take this scan into the zone's alarm; tells every change with its evidence where the site asks for more than one head."""
    state = draft.zones[zone.index]
    heads = standing(draft, zone)
    alarm = _alarm(draft, zone, heads)
    waits = alarm in {Alarm.FIRST, Alarm.HELD}
    since_ms = NEVER if not waits else draft.tick_ms if state.alarm_ms == NEVER else state.alarm_ms
    if (alarm, since_ms) != (state.alarm, state.alarm_ms):
        until_ms = state.investigate_ms if waits else NEVER
        draft.zone(zone.index, alarm=alarm, alarm_ms=since_ms, investigate_ms=until_ms)
    if alarm is not state.alarm and (zone.zone.coincidence or zone.zone.positive_alarm):
        draft.tell(Kind.ALARM, zone.name, zone.name, alarm or "none", evidence=_evidence(draft, heads))
    _tell_members(draft, zone)


def _alarm(draft: Draft, zone: ZoneRules, heads: Sequence[HeadLayout]) -> Alarm:
    before, policy = draft.zones[zone.index].alarm, zone.zone.coincidence
    if before is Alarm.FIRE or draft.zones[zone.index].weighed >= Level.ALARM:
        return Alarm.FIRE
    if not heads:
        return before if before is Alarm.HELD else Alarm.NONE
    if is_certain(draft, zone, heads):
        return Alarm.FIRE
    if policy is None:
        return Alarm.HELD if _is_investigated(draft, zone) else Alarm.FIRE
    if _is_enough(draft, zone, policy, heads):
        return Alarm.FIRE
    return Alarm.HELD if policy.type is Dependency.C else Alarm.FIRST


def is_certain(draft: Draft, zone: ZoneRules, heads: Sequence[HeadLayout]) -> bool:
    """Whether more than one head at its first stage speaks of fire: two heads, fire 2, runaway, or somebody at a call point."""
    if len(heads) >= SECOND or is_called(draft, zone):
        return True
    return any(draft.heads[h.index].runaway or draft.inputs.heads[h.index].marks & FIRE_2 for h in heads)


def is_called(draft: Draft, zone: ZoneRules) -> bool:
    """Whether a call point of the zone is operated."""
    return wired(draft, zone, Family.CALL_POINT) is Tri.YES


def _is_enough(draft: Draft, zone: ZoneRules, policy: Coincidence, heads: Sequence[HeadLayout]) -> bool:
    """Whether one head in alarm is enough by the zone's type."""
    if policy.type is not Dependency.A:
        return _is_lifted(draft, zone, policy)
    since_ms = draft.zones[zone.index].alarm_ms
    again = any(draft.inputs.heads[h.index].level >= Level.ALARM for h in heads)
    return again and draft.reached(_or_now(draft, since_ms) + round(policy.look_again_s * 1000))


def _is_investigated(draft: Draft, zone: ZoneRules) -> bool:
    """Whether the outputs wait for a person: by day, until the alarm should have been acknowledged, or that person has had the time to look."""
    policy = zone.zone.positive_alarm
    if policy is None or is_night(draft):
        return False
    until_ms = draft.zones[zone.index].investigate_ms
    return not draft.reached(_answer_ms(draft, zone, policy) if until_ms == NEVER else until_ms)


def _answer_ms(draft: Draft, zone: ZoneRules, policy: PositiveAlarm) -> int:
    """Until when the alarm is to be acknowledged."""
    return _or_now(draft, draft.zones[zone.index].alarm_ms) + round(policy.acknowledge_s * 1000)


def investigate(draft: Draft, zone: ZoneRules) -> None:
    """A person acknowledges. The first time, and in time, that begins the investigation of a positive alarm sequence."""
    policy, state = zone.zone.positive_alarm, draft.zones[zone.index]
    if policy is None or state.alarm is not Alarm.HELD or state.investigate_ms != NEVER:
        return
    if not draft.reached(_answer_ms(draft, zone, policy)):
        draft.zone(zone.index, investigate_ms=draft.tick_ms + round(policy.investigate_s * 1000))
        draft.tell(Kind.ALARM, zone.name, zone.name, "investigate", f"for {policy.investigate_s:g} s at most")


def due_ms(zone: ZoneRules, state: ZoneState) -> int:
    """When a fire whose outputs wait goes on by itself; NEVER: it waits for a second alarm, or none waits."""
    policy = zone.zone.positive_alarm
    if policy is None or state.alarm is not Alarm.HELD:
        return NEVER
    answer_ms = state.alarm_ms + round(policy.acknowledge_s * 1000)
    return answer_ms if state.investigate_ms == NEVER else state.investigate_ms


def _or_now(draft: Draft, since_ms: int) -> int:
    return draft.tick_ms if since_ms == NEVER else since_ms


def members(zone: ZoneRules) -> list[HeadLayout]:
    """Heads of the zone that raise a fire alarm on their own; over MQTT none does."""
    return [h for h in zone.sensing if h.physics in FIRE_PHYSICS and not h.on_mqtt]


def standing(draft: Draft, zone: ZoneRules) -> list[HeadLayout]:
    """Heads that have latched a fire alarm. Where the zone has a type: in service, and not over for longer than `cancel_s`."""
    heads = [h for h in zone.sensing if h.physics in FIRE_PHYSICS and draft.heads[h.index].level >= Level.ALARM]
    policy = zone.zone.coincidence
    if policy is None:
        return heads
    window_ms = round(policy.cancel_s * 1000)
    ended = {h.index: draft.heads[h.index].ended_ms for h in heads if h.name not in draft.disabled}
    return [
        h
        for h in heads
        if h.index in ended and (ended[h.index] == NEVER or not draft.reached(ended[h.index] + window_ms + 1))
    ]


def _sick(draft: Draft, zone: ZoneRules) -> list[str]:
    """Members in fault as a whole, or disabled."""
    heads = draft.inputs.heads
    return [h.name for h in members(zone) if heads[h.index].fault >= WHOLE_HEAD or h.name in draft.disabled]


def _is_lifted(draft: Draft, zone: ZoneRules, policy: Coincidence) -> bool:
    """Whether faulty and disabled heads leave fewer than two, and the site's word is that one is enough then."""
    return policy.faulty_member == "single" and len(members(zone)) - len(_sick(draft, zone)) < SECOND


def _tell_members(draft: Draft, zone: ZoneRules) -> None:
    """What the zone's type is worth with the heads that are left (rule 9): kept for the status, told when it changes."""
    policy = zone.zone.coincidence
    if policy is None:
        return
    sick = ", ".join(_sick(draft, zone))
    left = len(members(zone)) - len(_sick(draft, zone))
    now = f"type {policy.type}"
    if sick and policy.type is Dependency.A:
        now += f": {left} heads left, without {sick}" if left else f": no head left, without {sick}"
    elif sick and left >= SECOND:
        now += f": two of {left}, without {sick}"
    elif sick:
        now += f": {'one head is enough' if policy.faulty_member == 'single' else 'no second head'}, without {sick}"
    if now != draft.zones[zone.index].coincidence:
        draft.zone(zone.index, coincidence=now)
        draft.tell(Kind.ALARM, zone.name, zone.name, "coincidence", now)


def _evidence(draft: Draft, heads: Sequence[HeadLayout]) -> tuple[Evidence, ...]:
    latches = (draft.heads[h.index] for h in heads)
    return tuple(latch.evidence for latch in latches if latch.evidence is not None)
