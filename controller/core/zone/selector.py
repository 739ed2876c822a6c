"""Several rooms on one bank: whose the pipe is, and what stands between the bank and a room (decision 0033).

Each room has a selector valve. The pipe is one room's at a time: the first that is activated, until its agent has flowed, or while its
release is held or was aborted. One that waits in vain gives it up to another that waits, in turn.

Agent goes when that room's selector is proven open and those of the others are proven closed, whoever asked
for it: a person's hand passes gas and dampers, but agent in the wrong room helps nobody. What stands in the way is named, and a person may
open the selector by hand.
"""

from controller.core.draft import Draft
from controller.core.events import Kind
from controller.core.rules import ZoneRules
from controller.core.state import BEFORE_FLOODING, NEVER, Drive, Stage, Tri, Trigger
from controller.core.zone.contacts import wired
from controller.site.model import Family

PIPE = frozenset({Stage.ACTIVATED, Stage.WAITING, Stage.RELEASING, Stage.RETRYING, Stage.UNCONFIRMED, Stage.RELEASED})
"""Stages in which a room needs the pipe. One that is held by hand lets another room have it."""
AIR_MS = 30_000
"""Exhaust is awaited for less (`signals.EXHAUST_OFF_MS`); a room whose dampers are not proven by then lets another have the pipe (assumed)."""
MAIN, RESERVE = "main", "reserve"
IN_NEED = frozenset({Stage.ACTIVATED, Stage.HELD, Stage.WAITING, Stage.RELEASING, Stage.RETRYING, Stage.UNCONFIRMED})
"""Stages in which agent goes as soon as the way is free: by itself, or by the key and the call point that a person has operated."""


def take_pipe(draft: Draft, zone: ZoneRules) -> None:
    """Let the room have the pipe if it needs it and no other has it; its selector is driven by that."""
    if zone.selector < 0:
        return
    state = draft.zones[zone.index]
    needs = state.stage in PIPE or state.extended_due_ms != NEVER
    if state.selected:
        selected = needs and not _gives_up(draft, zone)
    else:
        free = not any(draft.zones[other].selected for other in zone.sharing)
        selected = needs and free and not _another_first(draft, zone)
    if selected != state.selected:
        draft.zone(zone.index, selected=selected)
        name = draft.layout.outputs[zone.selector].name
        draft.tell(Kind.RESPONSE, zone.name, name, "selected" if selected else "not-selected")


def _gives_up(draft: Draft, zone: ZoneRules) -> bool:
    """Whether a room has had the pipe long enough in vain while another waits for it: one stuck selector does not keep agent from all.

    The time counts from the last word to its selector: until that should have proven itself, and with a free way also its air's turn.
    """
    state, release = draft.zones[zone.index], zone.zone.release
    if state.stage is not Stage.WAITING or release is None:
        return False
    if not any(_waits(draft, other) for other in zone.sharing):
        return False
    output, told = draft.layout.outputs[zone.selector].output, draft.outputs[zone.selector]
    patience_ms = round(output.confirm_s * 1000)
    if not in_the_way(draft, zone, reserve=state.reserve):
        patience_ms += round(release.purge_limit_s * 1000) + AIR_MS
    return draft.reached(max(state.since_ms, told.since_ms) + patience_ms)


def _another_first(draft: Draft, zone: ZoneRules) -> bool:
    """A free pipe goes to those that wait: first who has not had it, there a person's release, then who had it longest ago."""
    mine = _turn(draft, zone.index)
    return any(_waits(draft, other) and _turn(draft, other) < mine for other in zone.sharing)


def _turn(draft: Draft, zone: int) -> tuple[bool, int, bool, int]:
    state, since_ms = draft.zones[zone], draft.outputs[draft.rules.zones[zone].selector].since_ms
    had_it_ms = since_ms if state.stage is Stage.WAITING and since_ms >= state.since_ms else NEVER
    return state.stage is not Stage.WAITING, had_it_ms, state.trigger is not Trigger.MANUAL, zone


def _waits(draft: Draft, zone: int) -> bool:
    """Whether a room's pre-warning is over and it has no pipe for a bank that it may still use."""
    state = draft.zones[zone]
    return state.stage is Stage.WAITING and not state.selected and _may_use(draft, zone)


def _may_use(draft: Draft, zone: int) -> bool:
    """Whether a bank is left for the room: the one that it is to have, or the reserve by the key and the call point."""
    rules = draft.rules.zones[zone]
    hands = (wired(draft, rules, family) for family in (Family.CALL_POINT, Family.RESERVE_KEY))
    by_hand = all(hand is Tri.YES for hand in hands)
    return any(not bank_used(draft, rules, reserve=bank) for bank in {draft.zones[zone].reserve, by_hand})


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


def would_free(draft: Draft, zone: ZoneRules) -> str:
    """Who waits for the pipe that this room has: a word that takes the room back from automatic release would release there (rule 5)."""
    state = draft.zones[zone.index]
    if not state.selected or state.stage not in BEFORE_FLOODING or state.trigger is Trigger.MANUAL:
        return ""
    waiting = [draft.layout.zones[o] for o in zone.sharing if draft.zones[o].stage in IN_NEED and _may_use(draft, o)]
    return (
        f"{waiting[0]} needs the pipe that {zone.name} has, this word would release there: use the wired key, hold or abort"
        if waiting
        else ""
    )


def is_bound(draft: Draft, zone: ZoneRules) -> bool:
    """Whether the selector is not to be taken out of service now."""
    return draft.zones[zone.index].stage not in BEFORE_FLOODING or draft.zones[zone.index].selected
