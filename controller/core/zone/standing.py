"""What a head of a zone has read by itself, and how long ago: gas of last week and a sharpened advisory are no sign of the fire of today."""

from msgspec.structs import replace

from controller.core.draft import Draft
from controller.core.events import Level
from controller.core.layout import HeadLayout
from controller.core.rules import ZoneRules
from controller.core.state import NEVER, HeadLatch

PAST_WINDOW_MS = 1_800_000
"""In a zone without agent, which states no coincidence window, what has ended counts for half an hour (assumed: its default)."""


def window_ms(zone: ZoneRules) -> int:
    """For how long what has ended is still of the same event."""
    release = zone.zone.release
    return round(release.coincidence_window_s * 1000) if release else PAST_WINDOW_MS


def reads_pre_alarm(draft: Draft, head: HeadLayout) -> bool:
    """A head reads pre-alarm now, whatever a work permit makes of its advisory."""
    return draft.inputs.heads[head.index].level >= Level.PRE_ALARM


def stands(draft: Draft, zone: ZoneRules, head: HeadLayout) -> bool:
    """A head in service is at pre-alarm by its own reading, or was within the coincidence window: not some day since the last reset."""
    latch = draft.heads[head.index]
    if latch.level < Level.PRE_ALARM or head.name in draft.disabled:
        return False
    if reads_pre_alarm(draft, head):
        return True
    return latch.pre_alarm_ms != NEVER and (latch.ended_ms == NEVER or not _is_over(draft, zone, latch))


def keep_first_times(draft: Draft, zone: ZoneRules) -> None:
    """`pre_alarm_ms` of every head is when its own reading first came to pre-alarm in the event that it stands in; NEVER: it has not.

    An advisory that a work permit has sharpened is none, and what comes again when the window is over begins anew.
    """
    for head in zone.sensing:
        latch = draft.heads[head.index]
        if latch.level >= Level.PRE_ALARM:
            first_ms = _first_ms(draft, zone, head, latch)
            if first_ms != latch.pre_alarm_ms:
                draft.heads[head.index] = replace(latch, pre_alarm_ms=first_ms)


def _first_ms(draft: Draft, zone: ZoneRules, head: HeadLayout, latch: HeadLatch) -> int:
    first_ms, before = latch.pre_alarm_ms, draft.before.heads[head.index]
    over = before.ended_ms != NEVER and _is_over(draft, zone, before)
    if reads_pre_alarm(draft, head):
        return draft.tick_ms if first_ms == NEVER or (over and first_ms <= before.ended_ms) else first_ms
    sharpened = first_ms == draft.tick_ms or (over and latch.ended_ms == NEVER)
    return NEVER if sharpened or (over and first_ms > before.ended_ms) else first_ms


def _is_over(draft: Draft, zone: ZoneRules, latch: HeadLatch) -> bool:
    return draft.reached(latch.ended_ms + window_ms(zone) + 1)


def first_shown_ms(latch: HeadLatch) -> int:
    """Since when a head names its rack, a sharpened advisory included; NEVER: not in this event."""
    sharpened = latch.pre_alarm_ms == NEVER and latch.level == Level.PRE_ALARM
    return latch.since_ms if sharpened else latch.pre_alarm_ms


def of_one_event(draft: Draft, zone: ZoneRules, earlier: HeadLayout, since_ms: int) -> bool:
    """Whether what a head has latched had not been over for the window when something else began."""
    latch = draft.heads[earlier.index]
    return latch.ended_ms == NEVER or reads_pre_alarm(draft, earlier) or latch.ended_ms + window_ms(zone) >= since_ms
