"""Wired contacts that chatter: their changes are counted, told up to the limit, and then no more until they are calm.

What a contact says counts as before, scan by scan: a call point releases and a hold holds. Only the journal is spared, for thousands of entries
about a loose wire hide what else happened.
"""

from controller.core.draft import Draft
from controller.core.events import Kind
from controller.core.state import Tri
from controller.core.troubles import TRIPS

CHATTER = "contact_chatters"
WINDOW_MS = 60_000
"""Changes are counted from the first one on for so long, and a contact that has not changed for so long is calm: a minute, in which
ANSI/ISA-18.2 counts the alarms of one point."""
SAID = {Tri.NO: "off", Tri.YES: "on", Tri.UNKNOWN: "fault"}


def is_told(draft: Draft, head: int, now: int) -> bool:
    """Count a change of a contact; whether it is to be told. That it is read again counts for nothing, that it was not to be read did."""
    read_again = draft.before.wired[head] == Tri.UNKNOWN
    if read_again and head not in draft.chatter:
        return True
    changes, since_ms, told = draft.chatter.get(head, (0, draft.tick_ms, now))
    if chatters(draft, head):
        draft.chatter[head] = (changes, draft.tick_ms, told)
        return False
    if draft.reached(since_ms + WINDOW_MS):
        changes, since_ms = 0, draft.tick_ms
    changes += not read_again
    draft.chatter[head] = (changes, draft.tick_ms if changes >= _limit() else since_ms, now)
    return True


def chatters(draft: Draft, head: int) -> bool:
    """Whether a contact has changed so often that it is a trouble, and is not calm yet."""
    return draft.chatter.get(head, (0, 0, 0))[0] >= _limit()


def calm_down(draft: Draft) -> None:
    """Forget contacts whose minute is over; one that chattered is told as it stands, if it was told otherwise last."""
    for head, (_, since_ms, told) in list(draft.chatter.items()):
        if not draft.reached(since_ms + WINDOW_MS):
            continue
        chattered, now = chatters(draft, head), draft.inputs.wired[head]
        del draft.chatter[head]
        if chattered and now != told:
            tell(draft, head, now)
        zone = draft.layout.heads[head].zone
        if chattered and draft.zones[zone].availability:
            name = draft.layout.zones[zone]
            draft.tell(Kind.AVAILABILITY, name, name, draft.zones[zone].availability)


def is_restless(draft: Draft, zone: int) -> bool:
    """Whether a contact of a zone that chatters changed in this scan: what follows from it is told once it is calm."""
    before, now = draft.before.wired, draft.inputs.wired
    return any(
        draft.layout.heads[head].zone == zone and chatters(draft, head) and before[head] != now[head]
        for head in draft.chatter
    )


def tell(draft: Draft, head: int, now: int) -> None:
    """What a contact says from now on."""
    layout = draft.layout.heads[head]
    zone = draft.layout.zones[layout.zone]
    draft.tell(Kind.INPUT, zone, layout.name, SAID[Tri(now)], evidence=(draft.contact(head),))


def _limit() -> int:
    return TRIPS[CHATTER].times
