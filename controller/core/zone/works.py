"""Work in a zone that a person has announced: work permit, walk test, output test. All end by a person's word, never silently (rule 13).

Under a *work permit* (batteries are moved, somebody welds) no release is automatic, and detection is sharper: an advisory of a head
isolates. In a *walk test* (`controller.core.zone.walk_test`) somebody walks from head to head with test gas: what heads show is told, head by
head, but latches nothing and drives nothing, until more than one place shows something at the same time: that is no test, and ends it. The
battery management does not walk: no test gas can raise it. Under an *output test* an engineer forces outputs (`controller.core.force`), until
something shows. Wired hands work under all. Work whose time runs out leaves the zone manual-only, with a trouble, until a person says that it
has ended.
"""

from controller.core.draft import Draft
from controller.core.events import Kind, Level
from controller.core.layout import HeadLayout
from controller.core.rules import Rules, ZoneRules
from controller.core.state import NEVER, Isolation, Stage, State, ZoneState
from controller.site.model import Physics

PERMIT, WALK_TEST, OUTPUT_TEST = "work permit", "walk test", "output test"
LONGEST_MIN = 480
"""Longer work is announced again: a shift (assumed)."""


def is_under(state: ZoneState, work: str) -> bool:
    """Whether that work runs in the zone."""
    return any(name == work for name, _ in state.works)


def left_out(rules: Rules, state: State) -> tuple[str, ...]:
    """Heads that are not weighed together: those out of service, and those of zones in a walk test."""
    walking = (zone for zone in rules.zones if is_under(state.zones[zone.index], WALK_TEST))
    return (*state.disabled, *(head.name for zone in walking for head in zone.sensing if walks(head)))


def walks(head: HeadLayout) -> bool:
    """Whether a head takes part in a walk test; a battery management does not."""
    return head.physics is not Physics.BMS


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
    draft.tell(Kind.WORK, zone.name, zone.name, f"{work} begun", f"for {minutes} min")


def not_at_rest(draft: Draft, zone: ZoneRules) -> str:
    """Why no walk test may begin, or be answered by a reset: something is going on in the zone. Empty: nothing is."""
    state = draft.zones[zone.index]
    if state.stage is not Stage.QUIESCENT or state.first_fire_ms != NEVER:
        return "the zone is not quiescent"
    if state.weighed >= Level.PRE_ALARM:
        return "the heads of the zone show something together: reset it first"
    shown = [
        h for h in zone.sensing if max(draft.heads[h.index].level, draft.inputs.heads[h.index].level) >= Level.PRE_ALARM
    ]
    if shown:
        return f"{shown[0].name} shows something"
    busy = any(draft.racks[rack].isolation is not Isolation.NONE or draft.racks[rack].cool for rack in zone.racks)
    return "a rack is isolated or cooled" if busy else ""


def end(draft: Draft, zone: ZoneRules, work: str, told: str) -> None:
    """A person says that the work has ended; `told` is what else there is to say."""
    state = draft.zones[zone.index]
    draft.tell(Kind.WORK, zone.name, zone.name, f"{work} ended", told)
    works = tuple(item for item in state.works if item[0] != work)
    draft.zone(zone.index, works=works, ran_out=tuple(name for name in state.ran_out if name != work))


def watch_works(draft: Draft, zone: ZoneRules) -> None:
    """What runs out, and a walk test in which it burns."""
    state = draft.zones[zone.index]
    for work, until_ms in state.works:
        if draft.reached(until_ms):
            _run_out(draft, zone, work, "its time is over")
    if is_under(state, OUTPUT_TEST) and not_at_rest(draft, zone):
        _run_out(draft, zone, OUTPUT_TEST, not_at_rest(draft, zone))
    if is_under(state, WALK_TEST) and _burns(draft, zone):
        _run_out(draft, zone, WALK_TEST, "more than one place shows something")


def _run_out(draft: Draft, zone: ZoneRules, work: str, why: str) -> None:
    state = draft.zones[zone.index]
    if is_under(state, work):
        works = tuple(item for item in state.works if item[0] != work)
        draft.zone(zone.index, works=works, ran_out=(*state.ran_out, work))
        draft.tell(Kind.WORK, zone.name, zone.name, f"{work} ran out", f"{why}: manual-only until a person ends it")


def _burns(draft: Draft, zone: ZoneRules) -> bool:
    """Whether the battery management, or heads at more than one place, show something: test gas is at one head, or at those of one rack.

    A test that is taken for a fire harms nobody.
    """
    shown = [h for h in zone.sensing if draft.inputs.heads[h.index].level >= Level.PRE_ALARM]
    places = {h.rack if h.rack >= 0 else h.name for h in shown}
    return len(places) > 1 or any(not walks(head) for head in shown)
