"""Alarms latch: a head's highest level stays, with its evidence, until a person resets the zone."""

from msgspec.structs import replace

from controller.core.chatter import calm_down, is_told, tell
from controller.core.draft import Draft
from controller.core.events import Evidence, Kind, Level
from controller.core.inputs import FIRE_2, HeadReading
from controller.core.layout import HeadLayout
from controller.core.state import NEVER, HeadLatch, Tri
from controller.core.zone.coincidence import FIRE_PHYSICS
from controller.core.zone.second_look import alarm_of, looked_at, no_second_look
from controller.core.zone.works import PERMIT, WALK_TEST, is_under, walks
from controller.site.model import Family, Physics

LEVEL_NAMES = {Level.NORMAL: "normal", Level.ADVISORY: "advisory", Level.PRE_ALARM: "pre-alarm", Level.ALARM: "alarm"}

_AT_REST = HeadLatch()
"""What a head has latched that has shown nothing."""


def latch_heads(draft: Draft) -> None:
    """Take this scan's readings and contacts into the latches; tells every rise, and every change of a contact."""
    before, now = draft.before.wired, draft.inputs.wired
    walking = {zone.index for zone in draft.rules.zones if is_under(draft.zones[zone.index], WALK_TEST)}
    for head, reading, latch in zip(draft.layout.heads, draft.inputs.heads, draft.heads, strict=True):
        if head.physics is Physics.WIRED:
            if before[head.index] != now[head.index]:
                _contact(draft, head, before[head.index], now[head.index])
        elif latch == _AT_REST and not (reading.level or reading.runaway or reading.marks & FIRE_2):
            continue  # nothing to latch, nothing latched that could end
        elif head.zone in walking and walks(head):
            continue  # `walk_test` tells of it
        elif head.name not in draft.disabled:
            _sense(draft, head, reading)
            _stand_at_fire_2(draft, head, at_fire_2=bool(reading.marks & FIRE_2))
    calm_down(draft)
    for zone in draft.rules.zones:
        for head in no_second_look(draft, zone):
            latch = draft.heads[head.index] = alarm_of(draft, head)
            _tell_rise(draft, head, latch.level, runaway=latch.runaway, evidence=draft.evidence(head.index))


def _sense(draft: Draft, head: HeadLayout, reading: HeadReading) -> None:
    level = min(reading.level, Level.ADVISORY) if head.on_mqtt else _sharpened(draft, head, reading.level)
    level = looked_at(draft, head, reading, level)
    latch = draft.heads[head.index]
    if level > latch.level or (reading.runaway and not latch.runaway):
        evidence = draft.evidence(head.index)
        runaway = latch.runaway or bool(reading.runaway)
        level = max(level, latch.level)
        first_ms = latch.pre_alarm_ms
        if first_ms == NEVER and level >= Level.PRE_ALARM:
            first_ms = draft.tick_ms
        draft.heads[head.index] = HeadLatch(
            level, draft.tick_ms, first_ms, NEVER, runaway, evidence, latch.fire_2_ms, latch.fire_2, latch.looked_ms
        )
        _tell_rise(draft, head, level, runaway=runaway, evidence=evidence)
    elif latch.level and level < latch.level and latch.ended_ms == NEVER:
        draft.heads[head.index] = replace(latch, ended_ms=draft.tick_ms)
    elif latch.level and level >= latch.level and latch.ended_ms != NEVER:
        draft.heads[head.index] = replace(latch, ended_ms=NEVER)


def _sharpened(draft: Draft, head: HeadLayout, level: int) -> int:
    """Under a work permit an advisory isolates: what is being moved burns first there."""
    under = level == Level.ADVISORY and is_under(draft.zones[head.zone], PERMIT)
    return int(Level.PRE_ALARM) if under else level


def _stand_at_fire_2(draft: Draft, head: HeadLayout, *, at_fire_2: bool) -> None:
    """How long a smoke head has stood at fire 2 without a break: steam and dust that pass do not add up (rule 3)."""
    latch = draft.heads[head.index]
    if not at_fire_2 and latch.fire_2_ms == NEVER and not latch.fire_2:
        return
    since_ms = latch.fire_2_ms if latch.fire_2_ms != NEVER else draft.tick_ms
    release = draft.rules.zones[head.zone].zone.release
    hold_ms = round(release.same_family_hold_s * 1000) if release is not None else 0
    stands = at_fire_2 and draft.reached(since_ms + hold_ms)
    now = (since_ms if at_fire_2 else NEVER, stands)
    if now != (latch.fire_2_ms, latch.fire_2):
        begins = at_fire_2 and latch.fire_2_ms == NEVER
        evidence = draft.evidence(head.index) if begins else latch.evidence
        draft.heads[head.index] = replace(latch, fire_2_ms=now[0], fire_2=now[1], evidence=evidence)
        if begins and evidence is not None:
            draft.tell(Kind.LEVEL, draft.layout.zones[head.zone], head.name, "alarm (fire 2)", evidence=(evidence,))


def _tell_rise(draft: Draft, head: HeadLayout, level: int, *, runaway: bool, evidence: Evidence) -> None:
    zone = draft.zones[head.zone]
    if level >= Level.PRE_ALARM:
        draft.zone(head.zone, acknowledged=False, silenced=False)
    if level >= Level.ALARM and head.physics in FIRE_PHYSICS and zone.first_fire_ms == NEVER:
        draft.zone(head.zone, first_fire_ms=draft.tick_ms)
    what = LEVEL_NAMES[Level(level)] + (" (runaway)" if runaway else "")
    draft.tell(Kind.LEVEL, draft.layout.zones[head.zone], head.name, what, evidence=(evidence,))


def _contact(draft: Draft, head: HeadLayout, before: int, now: int) -> None:
    if is_told(draft, head.index, now) and (before, now) != (Tri.UNKNOWN, Tri.NO):
        # One that was not known and is off tells nothing new; where it was a trouble, the trouble clears in sight.
        tell(draft, head.index, now)
    if head.head.family is Family.CALL_POINT and now == Tri.YES:
        state = draft.zone(head.zone, acknowledged=False, silenced=False)
        if state.first_fire_ms == NEVER:
            draft.zone(head.zone, first_fire_ms=draft.tick_ms)
