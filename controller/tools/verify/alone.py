"""P1 source by source: one thing alone does whatever it likes, for as long as it likes, and everything else is at rest."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any, get_args

import msgspec

from controller.core import inputs as reading
from controller.core.commands import AnyCommand, Disable, Enable, Force, Work
from controller.core.inputs import Inputs
from controller.core.layout import HeadLayout, Layout
from controller.site.model import ON_AT_REST, Family
from controller.tools.verify.parts import MINUTES, WHO
from controller.tools.verify.slices import alike_outputs, device_of, kind_of, reduced, sensing, wired
from controller.tools.verify.words import ALARM, MEMBERS, RELEASING_ROLES, UNKNOWN
from controller.tools.verify.world import Change, Groups, World, contact_changes, head_change, make_world

TOGETHER, FEW = 2, 4
"""Inputs that change in one scan; of more than a few lying heads one after the other: what they say stays latched."""
MOST_OF_A_KIND = 2
"""Of heads that are alike two stand for all: a pair is two."""


def worlds_alone(layout: Layout, zone: int) -> Iterator[World]:
    """One world for each kind of thing that may fail, lie or be forged."""
    if layout.site.zones[layout.zones[zone]].release is None:
        return
    yield from _of_heads(layout, zone)
    yield from _of_wires(layout, zone)
    yield _of_a_first_start(layout, zone)
    yield from _of_channels(layout, zone)
    yield from _of_words(layout, zone)


def _world(
    layout: Layout,
    zone: int,
    what: str,
    heads: Iterable[str],
    groups: object,
    said: tuple[AnyCommand, ...] = (),
    *,
    acts: bool = False,
) -> World:
    outputs = [o.name for o in alike_outputs(layout, zone, RELEASING_ROLES)]
    names = {*heads, *(h.name for h in wired(layout, zone))}
    site = reduced(layout.site, layout.zones[zone], names, outputs, acts=acts)
    name = f"{layout.zones[zone]}: {what} alone"
    most = TOGETHER if len(names) - len(wired(layout, zone)) <= FEW else 1
    return make_world(name, site, groups, most, said, free_clocks=acts or bool(said))  # type: ignore[arg-type]


# --- heads


def _of_heads(layout: Layout, zone: int) -> Iterator[World]:
    heads = [h for h in sensing(layout, zone) if str(h.physics) in MEMBERS]
    for head in _few(heads, 1):
        yield _world(layout, zone, f"head {head.name}", (head.name,), partial(_any_level, (head.name,)))
    told = set()
    for what, place in (("device", "device"), ("link", "link")):
        for group in _by(heads, place):
            few = _few(group, MOST_OF_A_KIND)
            key = tuple(sorted(str(kind_of(head)) for head in few))
            if len(few) > 1 and key not in told:
                told.add(key)
                names = tuple(head.name for head in few)
                title = f"{what} {getattr(few[0], place)}"
                yield _world(layout, zone, title, names, partial(_lies, names))
    release = layout.site.zones[layout.zones[zone]].release
    for physics in dict.fromkeys(str(head.physics) for head in heads):
        family = [head for head in heads if str(head.physics) == physics]
        spread = _spread(family)
        if len(spread) > 1 and not (physics == "smoke" and release is not None and release.same_family):
            names = tuple(head.name for head in spread)
            yield _world(layout, zone, f"the {physics} family", names, partial(_lies, names))


def _few(heads: Sequence[HeadLayout], most: int) -> list[HeadLayout]:
    kinds: dict[tuple[object, ...], list[HeadLayout]] = {}
    for head in heads:
        kinds.setdefault(kind_of(head), []).append(head)
    return [head for alike in kinds.values() for head in alike[:most]]


def _by(heads: Sequence[HeadLayout], place: str) -> Iterator[list[HeadLayout]]:
    groups: dict[str, list[HeadLayout]] = {}
    for head in heads:
        groups.setdefault(getattr(head, place), []).append(head)
    yield from groups.values()


def _spread(heads: Sequence[HeadLayout]) -> list[HeadLayout]:
    """Of each kind two heads on two devices, where there are two."""
    found = []
    for alike in ([h for h in heads if kind_of(h) == kind] for kind in dict.fromkeys(map(kind_of, heads))):
        found += [alike[0], *(h for h in alike[1:] if h.device != alike[0].device and h.link != alike[0].link)][
            :MOST_OF_A_KIND
        ]
    return found


def _any_level(names: tuple[str, ...], layout: Layout, rest: Inputs) -> Groups:
    levels = [head_change(rest, layout, names, level) for level in (1, 2, ALARM)]
    return [[*levels, *(head_change(rest, layout, names, 0, fault=fault) for fault in (1, 2))]]


def _lies(names: tuple[str, ...], layout: Layout, rest: Inputs) -> Groups:
    """All of them may say the strongest that they can; two at once, and what was said stays latched."""
    return [
        [head_change(rest, layout, (name,), ALARM), head_change(rest, layout, (name,), 0, fault=2)] for name in names
    ]


# --- wires


def _of_wires(layout: Layout, zone: int) -> Iterator[World]:
    """Each wire of each wired input, stuck or forged; then all wires of one input module."""
    contacts = wired(layout, zone)
    for head in contacts:
        for place in range(head.points.size):
            point = int(head.points[place])
            name = f"wire {layout.point_name(point)} ({head.name})"
            yield _world(layout, zone, name, (), partial(_wire, ((head.name, place),)))
    modules: dict[str, list[tuple[str, int]]] = {}
    for head in contacts:
        for place, point in enumerate(head.points):
            modules.setdefault(device_of(layout, int(point)), []).append((head.name, place))
    for device, wires in modules.items():
        yield _world(layout, zone, f"input module {device}", (), partial(_wire, tuple(wires)))


def _of_a_first_start(layout: Layout, zone: int) -> World:
    """A call point that the first look of all finds operated, and that never comes to rest: its two contacts the wrong way round."""
    world = _world(layout, zone, "a call point operated at the first start", (), _called)
    for place, vector in enumerate(world.vectors[1:]):
        vector.place = place
    return replace(world, vectors=world.vectors[1:])


def _called(layout: Layout, rest: Inputs) -> Groups:
    return [contact_changes(layout, rest, Family.CALL_POINT, (1, UNKNOWN))]


def _wire(wires: tuple[tuple[str, int], ...], layout: Layout, _rest: Inputs) -> Groups:
    """What a wire makes of its input, judged the way the core judges contacts."""
    groups = []
    by_name = {head.name: head for head in layout.heads}
    for name, place in wires:
        head = by_name[name]
        idle = _idle(head)
        changes = []
        for level in {0, 1, UNKNOWN} - {idle[place]}:
            contacts = tuple(level if i == place else contact for i, contact in enumerate(idle))
            tri = int(reading.wired_state(head.head.family, head.head.active, contacts))
            changes.append(Change(f"{name}: wire {place} at {level}", (("wired", head.index, tri),)))
        groups.append(changes)
    return groups


def _idle(head: HeadLayout) -> tuple[int, ...]:
    if head.points.size > 1:
        return (0, *(1 for _ in range(head.points.size - 1)))
    on = head.head.family in ON_AT_REST
    return (int(head.head.active if on else 1 - head.head.active),)


# --- output channels


def _of_channels(layout: Layout, zone: int) -> Iterator[World]:
    """Each channel of each release output stuck or forged; then all channels that one output module carries."""
    places = [
        (output.name, place, device_of(layout, channel))
        for output in layout.outputs
        if output.zone == zone and output.output.role in RELEASING_ROLES
        for place, channel in enumerate(output.channels)
    ]
    for name, place, _ in places:
        yield _world(layout, zone, f"channel {place} of {name}", (), partial(_stuck, ((name, place),)), acts=True)
    for device in dict.fromkeys(device for _, _, device in places):
        held = tuple((name, place) for name, place, where in places if where == device)
        if len(held) > 1:
            yield _world(layout, zone, f"output module {device}", (), partial(_stuck, held), acts=True)


def _stuck(channels: tuple[tuple[str, int], ...], layout: Layout, rest: Inputs) -> Groups:
    groups = []
    for level, said in ((1, "on"), (UNKNOWN, "not readable")):
        values = []
        for output in layout.outputs:
            mine = {place for name, place in channels if name == output.name}
            if mine:
                back = rest.channels[output.index]
                forced = tuple(_forced(level, b) if i in mine else b for i, b in enumerate(back))
                values.append(("channels", output.index, forced))
        if values:
            groups.append(Change(f"{', '.join(f'{n}[{p}]' for n, p in channels)} {said}", tuple(values)))
    return [groups] if groups else []


def _forced(level: int, idle: int) -> int:
    return level if level == UNKNOWN else 1 - idle


# --- messages


def _of_words(layout: Layout, zone: int) -> Iterator[World]:
    """Everything that the protocol lets an operator say about the zone, in any order, while nothing happens; in three parts."""
    name = layout.zones[zone]
    heads = _few([h for h in sensing(layout, zone) if str(h.physics) in MEMBERS], 1)[:2]
    outputs = [o.name for o in alike_outputs(layout, zone, RELEASING_ROLES)]
    said = tuple(_all_words((name, *outputs, *(h.name for h in heads)), name))
    service, works = (Disable, Enable), (Work, Force)
    for what, mine in (
        ("words on service", tuple(w for w in said if isinstance(w, service))),
        ("words on work", tuple(w for w in said if isinstance(w, works))),
        ("other words", tuple(w for w in said if not isinstance(w, (*service, *works)))),
    ):
        yield _world(layout, zone, what, [h.name for h in heads], lambda *_: [], mine)


def _all_words(subjects: tuple[str, ...], zone: str) -> Iterator[AnyCommand]:
    """Every command of the protocol, with every subject of the part and every choice that it offers."""
    for kind in get_args(AnyCommand):
        fields = [field for field in msgspec.structs.fields(kind) if field.name != "operator"]
        choices = [_choices(field.name, field.type, subjects, zone) for field in fields]
        for values in product(*choices):
            yield kind(operator=WHO, **{field.name: value for field, value in zip(fields, values, strict=True)})


def _choices(name: str, kind: Any, subjects: tuple[str, ...], zone: str) -> Sequence[Any]:
    if kind is str:
        return {"zone": (zone,), "subject": subjects}.get(name, (zone,))
    return {bool: (False, True), int: (0, MINUTES)}.get(kind) or get_args(kind)
