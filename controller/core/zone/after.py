"""What follows a discharge: the extended one that holds the concentration, and the extract that clears the room (decision 0033).

The extended discharge begins when the field has proven the main one, runs for its time, and never longer than the hold time or into a closed
block. The extract is a person's act, or the site's after gas has been low for its time (rule 6) while live heads saw every rack calm (rule 1):
after the hold time alone, for its time, and over at once when it burns again or a head is lost that would tell.
"""

from controller.core.draft import Draft
from controller.core.events import Evidence, Kind, Level
from controller.core.layout import HeadLayout
from controller.core.rules import ZoneRules
from controller.core.state import NEVER, Drive, Stage, Tri
from controller.core.zone.coincidence import FIRE_PHYSICS
from controller.core.zone.contacts import wired
from controller.site.model import Family, Release

HOLDING = frozenset({Stage.RELEASED, Stage.HOLD_TIME})
"""Stages in which the extended discharge may run."""
CLEARABLE = frozenset({Stage.DISCHARGED})
"""Stages in which the room may be cleared (rule 6)."""


def run_after(draft: Draft, zone: ZoneRules, release: Release, *, blocked: bool) -> None:
    """Begin and end both; tells it."""
    _extended(draft, zone, release, blocked=blocked)
    _extract(draft, zone, release)


def _extended(draft: Draft, zone: ZoneRules, release: Release, *, blocked: bool) -> None:
    state, name = draft.zones[zone.index], release.extended_output
    if not name:
        return
    blocked = blocked or name in draft.disabled
    if state.stage is Stage.RELEASED and state.since_ms == draft.tick_ms and not blocked:
        due_ms = draft.tick_ms + round(release.extended_s * 1000)
        draft.zone(zone.index, extended_due_ms=due_ms, extended_ran=False)
        draft.tell(Kind.RESPONSE, zone.name, name, "extended-started", f"for {release.extended_s:g} s")
        return
    if state.extended_due_ms == NEVER:
        return
    output = draft.layout.output(name).index
    channels = draft.inputs.channels[output]
    if not state.extended_ran and all(level == Tri.YES for level in channels):
        state = draft.zone(zone.index, extended_ran=True)
    # After a restart, before its first word: what ran and has dropped is not fired anew (rule 11). What never ran is still due.
    dropped = state.extended_ran and draft.outputs[output].drive is Drive.UNREAD and Tri.NO in channels
    why = "blocked mechanically, or out of service" if blocked else ""
    why = why or ("found dropped after a restart" if dropped else "")
    why = why or ("its time is over" if draft.reached(state.extended_due_ms) else "")
    why = why or ("" if state.stage in HOLDING else "the hold time is over")
    if why:
        draft.zone(zone.index, extended_due_ms=NEVER)
        draft.tell(Kind.RESPONSE, zone.name, name, "extended-ended", why)


# --- extract


def begin_extract(draft: Draft, zone: ZoneRules, release: Release, why: str) -> None:
    """Let the exhaust run for its time. Heads that read fire now are known: smoke is what is cleared."""
    reads = tuple(head.name for head in _reading_fire(draft, zone))
    due_ms = draft.tick_ms + round(release.extract_s * 1000)
    draft.zone(
        zone.index, extract_due_ms=due_ms, extracted=True, extract_reads=reads, extract_blind=_blind(draft, zone)
    )
    draft.tell(Kind.RESPONSE, zone.name, zone.name, "extract-started", f"{why}, for {release.extract_s:g} s")


def end_extract(draft: Draft, zone: ZoneRules, why: str, evidence: tuple[Evidence, ...] = ()) -> None:
    """The exhaust stops."""
    draft.zone(zone.index, extract_due_ms=NEVER, extract_reads=(), extract_blind=())
    draft.tell(Kind.RESPONSE, zone.name, zone.name, "extract-ended", why, evidence)


def no_extract(draft: Draft, zone: ZoneRules) -> str:
    """Why no extract may begin now; empty: it may."""
    release, state = zone.zone.release, draft.zones[zone.index]
    if release is None or not release.extract_s:
        return f"{zone.name} has no timed extract (extract_s in its release)"
    if state.stage not in CLEARABLE:
        return f"stage is {state.stage}: agent is cleared after the hold time alone (rule 6)"
    if wired(draft, zone, Family.CALL_POINT) is Tri.YES:
        return "the call point is operated: restore it first"
    if state.strayed:
        return "agent flows that nobody asked for: reset first"
    return "it runs already" if state.extract_due_ms != NEVER else ""


def _extract(draft: Draft, zone: ZoneRules, release: Release) -> None:
    _watch_gas(draft, zone, release)
    state = draft.zones[zone.index]
    if state.extract_due_ms == NEVER:
        low = state.gas_low_ms != NEVER and draft.reached(state.gas_low_ms + round(release.extract_gas_low_s * 1000))
        if low and not state.extracted and not no_extract(draft, zone) and not _reading_fire(draft, zone):
            begin_extract(draft, zone, release, f"gas has been low for {release.extract_gas_low_s:g} s")
        return
    burning = [head for head in _reading_fire(draft, zone) if head.name not in state.extract_reads]
    if state.stage not in CLEARABLE or burning or wired(draft, zone, Family.CALL_POINT) is Tri.YES:
        evidence = tuple(draft.evidence(head.index) for head in burning)
        draft.zone(zone.index, acknowledged=False, silenced=False)
        end_extract(draft, zone, "fire again" if burning else "a release is asked for", evidence)
    elif state.strayed:
        end_extract(draft, zone, "agent flows anew")
    elif lost := [name for name in _blind(draft, zone) if name not in state.extract_blind]:
        end_extract(draft, zone, f"nobody looks: {', '.join(lost)}")
    elif release.extract == "gas-low" and draft.inputs.gas_high[zone.index] == Tri.YES:
        end_extract(draft, zone, "gas above the limit")
    elif draft.reached(state.extract_due_ms):
        end_extract(draft, zone, "its time is over")
    else:
        _forget_those_that_cleared(draft, zone)


def _watch_gas(draft: Draft, zone: ZoneRules, release: Release) -> None:
    """Since when the voted gas is low in a room whose hold time is over and that is looked at; not known is not low."""
    state = draft.zones[zone.index]
    low = release.extract == "gas-low" and state.stage in CLEARABLE
    low = low and draft.inputs.gas_high[zone.index] == Tri.NO and _is_calm(draft, zone)
    if low != (state.gas_low_ms != NEVER):
        draft.zone(zone.index, gas_low_ms=draft.tick_ms if low else NEVER)


def _is_calm(draft: Draft, zone: ZoneRules) -> bool:
    """Whether the site may clear the room by itself: every head that detects fire looks, every rack is calm, and none is cooled (rule 1)."""
    racks = all(draft.inputs.calm[rack] and not draft.racks[rack].cool for rack in zone.racks)
    return racks and not _blind(draft, zone)


def _blind(draft: Draft, zone: ZoneRules) -> tuple[str, ...]:
    """Heads that detect fire and do not look now, or not with all they have: in fault or disabled."""
    sensing = (head for head in zone.sensing if head.physics in FIRE_PHYSICS)
    return tuple(h.name for h in sensing if draft.inputs.heads[h.index].fault or h.name in draft.disabled)


def _reading_fire(draft: Draft, zone: ZoneRules) -> list[HeadLayout]:
    """Heads in service that read a fire alarm now, whatever they have latched."""
    sensing = (head for head in zone.sensing if head.physics in FIRE_PHYSICS and head.name not in draft.disabled)
    return [head for head in sensing if draft.inputs.heads[head.index].level >= Level.ALARM]


def _forget_those_that_cleared(draft: Draft, zone: ZoneRules) -> None:
    """A head that has cleared and alarms again is fire again."""
    state = draft.zones[zone.index]
    still = {head.name for head in _reading_fire(draft, zone)}
    reads = tuple(name for name in state.extract_reads if name in still)
    if reads != state.extract_reads:
        draft.zone(zone.index, extract_reads=reads)
