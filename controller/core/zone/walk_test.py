"""What a walk test says of a head: which rows and outputs its alarm alone would drive, read from the matrix; and what nobody has tried.

Nothing is driven. The conditions that one head raises are written down here a second time, short: `decide` raises them step by step, with
latches, delays and other heads. A test holds the two against each other, head by head.
"""

from collections.abc import Iterator

from controller.core.draft import Draft
from controller.core.events import Kind, Level
from controller.core.layout import HeadLayout
from controller.core.matrix import condition_names, may_exhaust
from controller.core.rules import ZoneRules
from controller.core.state import Tri
from controller.core.trips import is_night
from controller.core.zone.coincidence import FIRE_PHYSICS, MEMBERS
from controller.core.zone.ladder import why_ask
from controller.core.zone.works import WALK_TEST, is_under, walks
from controller.site.model import ON_AT_REST, Coincidence, Dependency, Family, Physics

HANDS = frozenset({Family.CALL_POINT, Family.HOLD, Family.ABORT, Family.MODE_KEY, Family.RESERVE_KEY, Family.OCCUPIED})
"""Contacts by which people act on a release: they are tried in a walk test as well."""


def watch_walk_test(draft: Draft, zone: ZoneRules) -> None:
    """What responds in a walk test: a head is told once, with what its alarm would drive, and latched never.

    A contact that is operated was tried; what it does it does, and that it moved is told anyway.
    """
    if not is_under(draft.zones[zone.index], WALK_TEST):
        return
    for head in zone.sensing:
        if walks(head) and draft.inputs.heads[head.index].level >= Level.PRE_ALARM and _is_first(draft, head):
            evidence = (draft.evidence(head.index),)
            draft.tell(Kind.WORK, zone.name, head.name, "responds", would_drive(draft, head), evidence)
    for head in hands(draft, zone):
        operated = Tri.NO if head.head.family in ON_AT_REST else Tri.YES
        if draft.before.wired[head.index] != draft.inputs.wired[head.index] == operated:
            _is_first(draft, head)


def _is_first(draft: Draft, head: HeadLayout) -> bool:
    """Whether the walk test sees it for the first time; it is remembered."""
    walked = draft.zones[head.zone].walked
    if head.name in walked:
        return False
    draft.zone(head.zone, walked=(*walked, head.name))
    return True


def hands(draft: Draft, zone: ZoneRules) -> list[HeadLayout]:
    """The contacts of a zone by which people act."""
    return [head for head in draft.layout.heads if head.zone == zone.index and head.head.family in HANDS]


def not_tried(draft: Draft, zone: ZoneRules) -> str:
    """Heads, then contacts, that the walk test has not seen."""
    walked = draft.zones[zone.index].walked
    heads = [head.name for head in zone.sensing if walks(head) and head.name not in walked]
    contacts = [head.name for head in hands(draft, zone) if head.name not in walked]
    return f"not tried: {', '.join(heads) or 'none'}; contacts not tried: {', '.join(contacts) or 'none'}"


def would_drive(draft: Draft, head: HeadLayout) -> str:
    """The rows that the alarm of this head alone would let hold now, and the outputs that they drive (after their delays)."""
    raised = set(_raised(draft, draft.rules.zones[head.zone], head))
    flags = [name in raised for name in condition_names(draft.layout)]
    said: dict[int, tuple[int, bool]] = {}
    rows = []
    for name, row in zip(draft.layout.site.matrix, draft.rules.matrix.rows, strict=True):
        in_its_time = row.row.at == "always" or (row.row.at == "night") == is_night(draft)
        if not in_its_time or sum(flags[c] for c in row.when) < row.row.votes or any(flags[c] for c in row.unless):
            continue
        rows.append(name)
        for output in row.then:
            said[output] = max(said.get(output, (row.row.priority, False)), (row.row.priority, row.row.to == "active"))
    outputs = [o.name for o in draft.layout.outputs if said.get(o.index, (0, False))[1]]
    return f"rows: {', '.join(rows) or 'none'}; outputs: {', '.join(outputs) or 'none'}"


def _raised(draft: Draft, zone: ZoneRules, head: HeadLayout) -> Iterator[str]:
    """Full names of the conditions that the alarm of one head raises in a zone at rest."""
    conditions = ["watch"]
    if not head.on_mqtt:  # over MQTT a head is an advisory at most
        conditions += ["isolate", "alert", *(["exhaust"] if may_exhaust(draft.zones[zone.index]) else [])]
        conditions += ["gas", "evacuate"] if head.physics is Physics.GAS else []
        conditions += ["pre-activated"] if head.physics in MEMBERS else []
        if head.physics in FIRE_PHYSICS:
            conditions.append("first-alarm")
            if _is_fire(zone.zone.coincidence):
                conditions.append("fire")
                yield "site.fire"
        if head.rack >= 0:
            asks = why_ask(draft, zone, head.rack)
            conditions += ["request"] if asks else []
            rack = f"{zone.name}.{draft.layout.racks[head.rack]}"
            yield from (f"{rack}.stop-charge", *([] if asks else [f"{rack}.isolate"]))
    yield from (f"{zone.name}.{name}" for name in conditions)


def _is_fire(policy: Coincidence | None) -> bool:
    """Whether one head is fire in the end: at once, after a second look at it (type A), or after somebody has looked."""
    return policy is None or policy.type is Dependency.A
