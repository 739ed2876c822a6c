"""Alarm verification: a smoke head's first alarm is looked at once more before it counts, where the zone asks for it (domain.md F8).

A puff of steam is over when the second look comes; a fire is not. Until then the head stands at pre-alarm, which notifies and isolates.
What is more than one smoke head at its first stage is not looked at twice: fire 2, another head of the zone in alarm or under its own
second look, a call point. Then the alarm counts in that very scan, as if nobody had waited. So does that of a head that dies under its second
look: nobody can look again, and an alarm that was read before the fault stays (rule 1). A puff that is forgotten is no member of rule 3, and
may make a release later or leave it to other heads: that is what the owner asks for by the table. A head that falls to pre-alarm alone is no
puff, and is not forgotten while it stands there within the window of release.
"""

from msgspec.structs import replace

from controller.core.draft import Draft
from controller.core.events import Kind, Level
from controller.core.inputs import FIRE_2, WHOLE_HEAD, HeadReading
from controller.core.layout import HeadLayout
from controller.core.rules import ZoneRules
from controller.core.state import NEVER, HeadLatch
from controller.core.zone.alarms import SECOND, is_called, members
from controller.core.zone.coincidence import release_window_ms
from controller.site.model import Physics, Verification, Zone


def looked_at(draft: Draft, head: HeadLayout, reading: HeadReading, level: int) -> int:
    """The level that a head may latch now: pre-alarm while the second look is still to come, else what it reads."""
    policy, latch = draft.rules.zones[head.zone].zone.verification, draft.heads[head.index]
    if policy is None or head.physics is not Physics.SMOKE or latch.level >= Level.ALARM:
        return level
    looks = latch.looked_ms != NEVER
    if looks and reading.fault >= WHOLE_HEAD:
        draft.heads[head.index] = replace(latch, looked_ms=NEVER)
        return int(Level.ALARM)
    if reading.marks & FIRE_2 or (
        looks and level >= Level.ALARM and draft.reached(latch.looked_ms + round(policy.look_again_s * 1000))
    ):
        draft.heads[head.index] = replace(latch, looked_ms=NEVER)
        return level
    if looks and draft.reached(latch.looked_ms + _within_ms(draft.rules.zones[head.zone].zone, policy, level) + 1):
        draft.heads[head.index] = replace(latch, looked_ms=NEVER)
        _tell(draft, head, "pre-alarm (second look: no alarm)")
    elif not looks and level >= Level.ALARM:
        draft.heads[head.index] = replace(latch, looked_ms=draft.tick_ms)
        draft.zone(head.zone, acknowledged=False, silenced=False)
        _tell(draft, head, "pre-alarm (second look)")
    return min(level, Level.PRE_ALARM)


def _within_ms(zone: Zone, policy: Verification, level: int) -> int:
    """For how long a first alarm is remembered; of a head that is still at pre-alarm as long as one that has ended coincides for release."""
    within_ms = round(policy.within_s * 1000)
    return max(within_ms, release_window_ms(zone)) if level >= Level.PRE_ALARM else within_ms


def _tell(draft: Draft, head: HeadLayout, what: str) -> None:
    draft.tell(Kind.LEVEL, draft.layout.zones[head.zone], head.name, what, evidence=(draft.evidence(head.index),))


def no_second_look(draft: Draft, zone: ZoneRules) -> list[HeadLayout]:
    """Heads whose second look is not waited for any more: the zone has more than one head in alarm, or somebody at a call point."""
    if zone.zone.verification is None:
        return []
    heads = [h for h in members(zone) if h.name not in draft.disabled]
    looking = [h for h in heads if draft.heads[h.index].looked_ms != NEVER]
    alarmed = [h for h in heads if draft.heads[h.index].level >= Level.ALARM]
    return looking if looking and (len(looking) + len(alarmed) >= SECOND or is_called(draft, zone)) else []


def alarm_of(draft: Draft, head: HeadLayout) -> HeadLatch:
    """The latch of a head whose second look is not waited for: in alarm, which may have ended already."""
    latch, reads = draft.heads[head.index], draft.inputs.heads[head.index].level
    ended_ms = NEVER if reads >= Level.ALARM else draft.tick_ms
    return replace(latch, level=int(Level.ALARM), since_ms=draft.tick_ms, ended_ms=ended_ms, looked_ms=NEVER)
