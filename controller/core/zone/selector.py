"""Several rooms on one bank: whose the pipe is, and what stands between the bank and a room (decision 0033).

Each room has a selector valve. The pipe is one room's at a time: the first that is activated, until its agent has flowed, or while its
release is held or was aborted. Agent goes when that room's selector is proven open and those of the others are proven closed, whoever asked
for it: a person's hand passes gas and dampers, but agent in the wrong room helps nobody. What stands in the way is named, and a person may
open the selector by hand.
"""

from controller.core.draft import Draft
from controller.core.events import Kind
from controller.core.rules import ZoneRules
from controller.core.state import BEFORE_FLOODING, NEVER, Drive, Stage

PIPE = frozenset({Stage.ACTIVATED, Stage.WAITING, Stage.RELEASING, Stage.RETRYING, Stage.UNCONFIRMED, Stage.RELEASED})
"""Stages in which a room needs the pipe. One that is held by hand lets another room have it."""
MAIN, RESERVE = "main", "reserve"
IN_NEED = frozenset({Stage.ACTIVATED, Stage.HELD, Stage.WAITING, Stage.RELEASING, Stage.RETRYING, Stage.UNCONFIRMED})
"""Stages in which agent goes as soon as the way is free: by itself, or by the key and the call point that a person has operated."""


def take_pipe(draft: Draft, zone: ZoneRules) -> None:
    """Let the room have the pipe if it needs it and no other has it; its selector is driven by that."""
    if zone.selector < 0:
        return
    state = draft.zones[zone.index]
    free = not any(draft.zones[other].selected for other in zone.sharing)
    needs = state.stage in PIPE or state.extended_due_ms != NEVER
    selected = needs and (state.selected or free)
    if selected != state.selected:
        draft.zone(zone.index, selected=selected)
        name = draft.layout.outputs[zone.selector].name
        draft.tell(Kind.RESPONSE, zone.name, name, "selected" if selected else "not-selected")


def in_the_way(draft: Draft, zone: ZoneRules, *, reserve: bool) -> tuple[str, ...]:
    """What stands between the bank and this room; empty: nothing, or the bank is its own."""
    if zone.selector < 0:
        return ()
    found = list(bank_used(draft, zone, reserve=reserve))
    found += [f"pipe in use: {draft.layout.zones[o]}" for o in zone.sharing if draft.zones[o].selected]
    return (*found, *_selectors_in_the_way(draft, zone))


def _selectors_in_the_way(draft: Draft, zone: ZoneRules) -> list[str]:
    found = []
    if draft.inputs.feedback[zone.selector] != 1:
        found.append(f"selector not proven open: {draft.layout.outputs[zone.selector].name}")
    for other in zone.sharing:
        selector = draft.rules.zones[other].selector
        if draft.inputs.feedback[selector] != 0:
            found.append(f"selector of another room not proven closed: {draft.layout.outputs[selector].name}")
    return found


def bank_used(draft: Draft, zone: ZoneRules, *, reserve: bool) -> tuple[str, ...]:
    """Rooms that have let the bank go since their last reset: it is empty for this one."""
    bank = RESERVE if reserve else MAIN
    used = (o for o in zone.sharing if bank in draft.zones[o].let_go and _is_shared(draft, zone, o, reserve=reserve))
    return tuple(f"{bank} bank used: {draft.layout.zones[o]}" for o in used)


def _is_shared(draft: Draft, zone: ZoneRules, other: int, *, reserve: bool) -> bool:
    """Whether the bank itself is the other room's too: rooms may share the reserve or the extended discharge alone."""
    mine, its = (rules.release_outputs[int(reserve) :][:1] for rules in (zone, draft.rules.zones[other]))
    channels = [draft.layout.output(name).channels for name in (*mine, *its)]
    return len(channels) == 2 and channels[0] == channels[1]  # noqa: PLR2004 - one of each room


def may_flow(draft: Draft, zone: ZoneRules, output: int) -> bool:
    """At the valve: not opened anew unless in this scan the room's selector says open and the others say closed.

    After a restart and before a further try too. What flows, by its word or its read-back, is not stopped (rule 4).
    """
    if zone.selector < 0:
        return True
    state, normal = draft.outputs[output], draft.layout.outputs[output].output.normal
    told = state.wanted != normal and state.drive is not Drive.UNREAD
    if told or all(level == 1 - normal for level in draft.inputs.channels[output]):
        return True
    return not _selectors_in_the_way(draft, zone)


def would_let_go(draft: Draft, zone: ZoneRules) -> str:
    """Who waits for the bank that this room has used: a word that makes it full again would release there (rule 5)."""
    if not draft.zones[zone.index].let_go:
        return ""
    waiting = [draft.layout.zones[o] for o in zone.sharing if draft.zones[o].stage in IN_NEED]
    return (
        f"{waiting[0]} waits for the bank, a reset would release there: use the reserve key there, or abort it"
        if waiting
        else ""
    )


def is_bound(draft: Draft, zone: ZoneRules) -> bool:
    """Whether the selector is not to be taken out of service now."""
    return draft.zones[zone.index].stage not in BEFORE_FLOODING or draft.zones[zone.index].selected
