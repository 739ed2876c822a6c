"""Work in a zone that a person has announced: a work permit, and the walk test. Both end by a person's word, never silently (rule 13).

Under a *work permit* (batteries are moved, somebody welds) no release is automatic, and detection is sharper: an advisory of a head
isolates. In a *walk test* somebody walks from head to head with test gas: what heads show is told, head by head, but latches nothing and
drives nothing, until two heads that may release together are in alarm at the same time: that is no test, and ends it. Wired hands work
under both. Work whose time runs out leaves the zone manual-only, with a trouble, until a person says that it has ended.
"""

from controller.core.draft import Draft
from controller.core.events import Kind, Level
from controller.core.inputs import HeadReading
from controller.core.layout import HeadLayout
from controller.core.rules import Rules, ZoneRules
from controller.core.state import State, ZoneState

PERMIT, WALK_TEST = "work permit", "walk test"
LONGEST_MIN = 480
"""Longer work is announced again: a shift (assumed)."""


def is_under(state: ZoneState, work: str) -> bool:
    """Whether that work runs in the zone."""
    return any(name == work for name, _ in state.works)


def left_out(rules: Rules, state: State) -> tuple[str, ...]:
    """Heads that are not weighed together: those out of service, and those of zones in a walk test."""
    walking = (zone for zone in rules.zones if is_under(state.zones[zone.index], WALK_TEST))
    return (*state.disabled, *(head.name for zone in walking for head in zone.sensing))


def blocks_of_works(state: ZoneState) -> tuple[str, ...]:
    """Why works keep the zone's release from being automatic; empty: they do not."""
    return (*(work for work, _ in state.works), *(f"{work} ran out" for work in state.ran_out))


def begin(draft: Draft, zone: ZoneRules, work: str, minutes: int) -> None:
    """Let work begin, or go on for so long from now."""
    state = draft.zones[zone.index]
    others = tuple(item for item in state.works if item[0] != work)
    walked = state.walked if work != WALK_TEST or is_under(state, WALK_TEST) else ()
    ran_out = tuple(name for name in state.ran_out if name != work)
    until_ms = draft.tick_ms + 60_000 * minutes
    draft.zone(zone.index, works=(*others, (work, until_ms)), ran_out=ran_out, walked=walked)


def end(draft: Draft, zone: ZoneRules, work: str) -> None:
    """A person says that the work has ended. A walk test then tells which heads nobody has tried."""
    state = draft.zones[zone.index]
    if is_under(state, WALK_TEST) and work == WALK_TEST:
        missed = [head.name for head in zone.sensing if head.name not in state.walked]
        draft.tell(Kind.WORK, zone.name, zone.name, "walk test ended", "not tried: " + (", ".join(missed) or "none"))
    works = tuple(item for item in state.works if item[0] != work)
    draft.zone(zone.index, works=works, ran_out=tuple(name for name in state.ran_out if name != work))


def watch_works(draft: Draft, zone: ZoneRules) -> None:
    """What runs out, and a walk test in which it burns."""
    state = draft.zones[zone.index]
    for work, until_ms in state.works:
        if draft.reached(until_ms):
            _run_out(draft, zone, work, "its time is over")
    if is_under(state, WALK_TEST) and _burns(draft, zone):
        _run_out(draft, zone, WALK_TEST, "two heads that may release together are in alarm")


def _run_out(draft: Draft, zone: ZoneRules, work: str, why: str) -> None:
    state = draft.zones[zone.index]
    if is_under(state, work):
        works = tuple(item for item in state.works if item[0] != work)
        draft.zone(zone.index, works=works, ran_out=(*state.ran_out, work))
        draft.tell(Kind.WORK, zone.name, zone.name, f"{work} ran out", f"{why}: manual-only until a person ends it")


def _burns(draft: Draft, zone: ZoneRules) -> bool:
    """Whether the two heads of any pair read an alarm now. No more is asked: a test that is taken for a fire harms nobody."""
    return any(all(draft.inputs.heads[head.index].level >= Level.ALARM for head in pair) for pair in zone.pairs)


def walk(draft: Draft, head: HeadLayout, reading: HeadReading) -> None:
    """A head in a walk test: told once when it responds, latched never."""
    state = draft.zones[head.zone]
    if reading.level >= Level.PRE_ALARM and head.name not in state.walked:
        draft.zone(head.zone, walked=(*state.walked, head.name))
        evidence = (draft.evidence(head.index),)
        draft.tell(Kind.WORK, draft.layout.zones[head.zone], head.name, "responds", evidence=evidence)
