"""The part of a bank that several rooms share: one room explored, the other as its environment.

The other room may be another one in each scan: all that the first asks of it is its stage, whether the pipe is its, whose turn is first,
which banks it has let go, and what its selector shows. Its own steps are explored where it is the first one itself.
"""

from collections.abc import Iterator
from functools import partial

from controller.core.inputs import Inputs
from controller.core.layout import Layout
from controller.core.state import Stage, Trigger, ZoneState
from controller.site.model import Family, Role
from controller.tools.verify.canonical import LONG_AGO_MS, RUNNING_MS
from controller.tools.verify.slices import on_one_bank, reduced
from controller.tools.verify.words import ALARM, RELEASING_ROLES
from controller.tools.verify.world import ALONE, Beside, Change, Groups, World, contact_changes, head_change, make_world

_ROOM = partial(ZoneState, trigger=Trigger.AUTOMATIC, purged_ms=LONG_AGO_MS, since_ms=LONG_AGO_MS)
"""A room whose exhaust has had its turn: no time of its own moves the first room's clock."""
_WAITS = _ROOM(stage=Stage.WAITING)
_LATER_MS = RUNNING_MS + 1
OTHERS: tuple[tuple[str, Beside, tuple[int, ...]], ...] = (
    ("is at rest", ALONE, (1, -1)),
    ("is activated", Beside(_ROOM(stage=Stage.ACTIVATED, due_ms=RUNNING_MS)), (0,)),
    ("waits, its turn is first", Beside(_ROOM(stage=Stage.WAITING, trigger=Trigger.MANUAL)), (0,)),
    ("waits, this one has had the pipe for long", Beside(_WAITS, own_told_ms=LONG_AGO_MS), (0,)),
    ("waits, its turn is later", Beside(_WAITS, told_ms=_LATER_MS), (0,)),
    ("has the pipe", Beside(_ROOM(stage=Stage.ACTIVATED, due_ms=RUNNING_MS, selected=True)), (0, 1)),
    ("lets agent go", Beside(_ROOM(stage=Stage.RELEASING, due_ms=RUNNING_MS, selected=True, let_go=("main",))), (1,)),
    ("has let the main bank go", Beside(_ROOM(stage=Stage.DISCHARGED, let_go=("main",))), (0, 1)),
    ("has let both banks go", Beside(_ROOM(stage=Stage.DISCHARGED, let_go=("main", "reserve"))), (0,)),
)
"""What the other room may be, and what its selector may show then (1 open, 0 closed, -1 nothing)."""


def shared_parts(layout: Layout, zone: int, pair: tuple[str, ...]) -> Iterator[World]:
    """The release of a room whose bank another room shares; the first other room stands for all. `pair`: two heads that may release."""
    others = on_one_bank(layout, zone)
    if not others:
        return
    roles = {Role.SELECTOR, *RELEASING_ROLES}
    outputs = [o.name for o in layout.outputs if o.zone in {zone, others[0]} and o.output.role in roles]
    contacts = {
        h.head.family: h.name
        for h in reversed(layout.heads)
        if h.zone == zone and h.head.family in {Family.CALL_POINT, Family.RESERVE_KEY}
    }
    name = layout.zones[zone]
    site = reduced(layout.site, name, (*pair, *contacts.values()), outputs, beside=layout.zones[others[0]])
    yield make_world(f"{name}: shared bank", site, partial(_beside, pair), 2, free_clocks=False)


def _beside(names: tuple[str, ...], layout: Layout, rest: Inputs) -> Groups:
    """Heads, hands and the room's own selector, beside the other room."""
    selector = {o.zone: o.index for o in layout.outputs if o.output.role is Role.SELECTOR}
    says = {1: "shows open", 0: "shows closed", -1: "shows nothing"}
    others = [
        Change(
            f"{layout.zones[1]} {what}, its selector {says[level]}", (("feedback", selector[1], level),), beside=room
        )
        for what, room, levels in OTHERS
        for level in levels
    ]
    groups = [
        [head_change(rest, layout, names, ALARM)],
        contact_changes(layout, rest, Family.CALL_POINT, (1,)),
        contact_changes(layout, rest, Family.RESERVE_KEY, (1,)),
        [Change("the room's selector shows open", (("feedback", selector[0], 1),))],
        others,
    ]
    return [group for group in groups if group]
