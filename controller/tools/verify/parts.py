"""The parts that a zone is explored in, each with the inputs and words that matter together."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

import msgspec

from controller.core.commands import (
    AnyCommand,
    ConfirmIsolated,
    Disable,
    Enable,
    Extract,
    Force,
    HandOver,
    Occupied,
    Reset,
    Work,
)
from controller.core.inputs import Inputs
from controller.core.layout import HeadLayout, Layout
from controller.core.zone.works import OUTPUT_TEST, PERMIT, WALK_TEST
from controller.site.model import Family, Role
from controller.site.power import Power
from controller.tools.verify.looks import look_parts
from controller.tools.verify.shared import shared_parts
from controller.tools.verify.slices import alike_outputs, reduced, sensing, wired
from controller.tools.verify.words import ALARM, RELEASING_ROLES, UNKNOWN, pairs
from controller.tools.verify.world import (
    Change,
    Groups,
    World,
    contact_changes,
    feedback_changes,
    head_change,
    make_world,
    tri_changes,
)

WHO = "a person"
MINUTES = 30
"""For how long work is announced, and for how many seconds an output is forced; both run out as any time does."""
_AIR = (Role.EXHAUST, Role.DAMPER)
_WATER = (Role.BREAKER, Role.COOLANT, Role.PUMP, Role.WATER_BARRIER, Role.CHARGER_STOP)


def release_parts(layout: Layout, zone: int) -> Iterator[World]:
    """The release machine three times: with the hands of people, with the air, with what blocks it."""
    if layout.site.zones[layout.zones[zone]].release is None:
        return
    names = tuple(head.name for head in _pair(layout, zone))
    for part in (*_PARTS, *_asked_for(layout, zone)):
        contacts = _contacts(layout, zone, part.families)
        outputs = [o.name for o in alike_outputs(layout, zone, {*RELEASING_ROLES, *part.air})]
        site = reduced(layout.site, layout.zones[zone], (*names, *contacts), outputs)
        said = tuple(part.said(layout.zones[zone], outputs))
        yield make_world(
            f"{layout.zones[zone]}: {part.name}", site, partial(part.groups, names), part.most, said,
            restarts=part.restarts, free_clocks=part.free_clocks,
        )  # fmt: skip
    yield from shared_parts(layout, zone, names)
    yield from look_parts(layout, zone)


def _asked_for(layout: Layout, zone: int) -> Iterator["_Part"]:
    """Parts of what not every zone has: a selector, a mechanical block, an extended discharge or a timed extract."""
    release = layout.site.zones[layout.zones[zone]].release
    if any(o.zone == zone and o.output.role is Role.SELECTOR for o in layout.outputs):
        yield _SELECTOR
    if _contacts(layout, zone, (Family.MECHANICAL_BLOCK,)):
        yield _BLOCK
    if release is not None and (release.extended_output or release.extract_s):
        yield _AFTER


def _pair(layout: Layout, zone: int) -> tuple[HeadLayout, ...]:
    """Two heads that may release together; the machine cannot tell which. Any two where rule 3 allows none."""
    release = layout.site.zones[layout.zones[zone]].release
    heads = [head for head in sensing(layout, zone) if not head.head.reference]
    found = next(pairs(heads, release), None) if release is not None else None
    return found or tuple(heads[:2])


def _contacts(layout: Layout, zone: int, families: Iterable[Family]) -> tuple[str, ...]:
    """The first wired input of each family: a second one says the same again."""
    found = {head.head.family: head.name for head in reversed(wired(layout, zone)) if head.head.family in families}
    return tuple(found.values())


def _alarms(names: tuple[str, ...], layout: Layout, rest: Inputs) -> list[Change]:
    return [head_change(rest, layout, names, ALARM), head_change(rest, layout, names[:1], ALARM)]


def _hands(names: tuple[str, ...], layout: Layout, rest: Inputs) -> Groups:
    """People: call point, hold, abort and the key of the reserve bank, beside heads and the proof of release."""
    groups = [_alarms(names, layout, rest), tri_changes("discharged", "discharged", (1,))]
    groups += [contact_changes(layout, rest, Family.HOLD)]
    releases = [zone.release for zone in layout.site.zones.values() if zone.release is not None]
    by_force = any(release.strategy == "dead-man" for release in releases)
    groups += [contact_changes(layout, rest, Family.ABORT, (1, UNKNOWN) if by_force else (1,))]
    groups += [contact_changes(layout, rest, f, (1,)) for f in (Family.CALL_POINT, Family.RESERVE_KEY)]
    return [group for group in groups if group]


def _air(names: tuple[str, ...], layout: Layout, rest: Inputs) -> Groups:
    """Gas, exhaust and dampers, beside heads, call point and hold."""
    groups = [_alarms(names, layout, rest), tri_changes("gas is high", "gas_high")]
    groups += [contact_changes(layout, rest, f, (1,)) for f in (Family.CALL_POINT, Family.HOLD)]
    groups += [tri_changes("discharged", "discharged", (1,))]
    groups += feedback_changes(layout, [o.name for o in layout.outputs if o.output.role in _AIR], (1,))
    return [group for group in groups if group]


def _blocks(names: tuple[str, ...], layout: Layout, rest: Inputs) -> Groups:
    """All that makes a release manual-only, one of it at a time, beside heads, call point, abort and the proof of release."""
    why_not = [head_change(rest, layout, names[:1], 0, fault=2)]
    for family, tris in ((Family.MODE_KEY, (0, 2)), (Family.OCCUPIED, (1, 2)), (Family.LOW_AGENT, (1, 2))):
        why_not += contact_changes(layout, rest, family, tris)
    groups = [_alarms(names, layout, rest), why_not, tri_changes("discharged", "discharged")]
    groups += [contact_changes(layout, rest, f, (1,)) for f in (Family.CALL_POINT, Family.ABORT)]
    return [group for group in groups if group]


def _words_under(names: tuple[str, ...], layout: Layout, rest: Inputs) -> Groups:
    """What may be the case while people speak."""
    groups = [_alarms(names, layout, rest), contact_changes(layout, rest, Family.CALL_POINT, (1,))]
    groups += [contact_changes(layout, rest, Family.MODE_KEY, (0,)), tri_changes("discharged", "discharged", (1,))]
    return [group for group in groups if group]


def _under_works(names: tuple[str, ...], layout: Layout, rest: Inputs) -> Groups:
    """What may be the case while people work; an advisory isolates then."""
    advisory = [head_change(rest, layout, names[:1], 1)]
    return [[*_alarms(names, layout, rest), *advisory], contact_changes(layout, rest, Family.CALL_POINT, (1,))]


def _over(names: tuple[str, ...], layout: Layout, rest: Inputs) -> Groups:
    singles = [[head_change(rest, layout, (name,), ALARM)] for name in names]
    return [
        *singles,
        contact_changes(layout, rest, Family.ABORT, (1,)),
        contact_changes(layout, rest, Family.CALL_POINT, (1,)),
    ]


def _way(names: tuple[str, ...], layout: Layout, rest: Inputs) -> Groups:
    """The selector valve of a bank that several rooms share, beside heads and call point."""
    groups = [_alarms(names, layout, rest), contact_changes(layout, rest, Family.CALL_POINT, (1,))]
    groups += [tri_changes("discharged", "discharged", (1,))]
    groups += feedback_changes(layout, [o.name for o in layout.outputs if o.output.role is Role.SELECTOR])
    return [group for group in groups if group]


def _closed_block(names: tuple[str, ...], layout: Layout, rest: Inputs) -> Groups:
    """The mechanical block beside heads, call point and abort."""
    groups = [_alarms(names, layout, rest), contact_changes(layout, rest, Family.MECHANICAL_BLOCK)]
    groups += [contact_changes(layout, rest, f, (1,)) for f in (Family.CALL_POINT, Family.ABORT)]
    return [*groups, tri_changes("discharged", "discharged", (1,))]


def _cleared(names: tuple[str, ...], layout: Layout, rest: Inputs) -> Groups:
    """What ends an extended discharge and an extract: heads, call point, gas."""
    groups = [_alarms(names, layout, rest), tri_changes("gas is high", "gas_high")]
    groups += [contact_changes(layout, rest, Family.CALL_POINT, (1,)), tri_changes("discharged", "discharged", (1,))]
    return [group for group in groups if group]


def _reset(zone: str, _outputs: list[str]) -> Iterator[AnyCommand]:
    yield Reset(operator=WHO, zone=zone)


def _of_zone(zone: str, _outputs: list[str]) -> Iterator[AnyCommand]:
    yield Reset(operator=WHO, zone=zone)
    yield Occupied(operator=WHO, zone=zone, occupied=True)
    yield Occupied(operator=WHO, zone=zone, occupied=False)
    yield Disable(operator=WHO, subject=zone)
    yield Enable(operator=WHO, subject=zone)


def _of_agent(zone: str, outputs: list[str]) -> Iterator[AnyCommand]:
    yield Reset(operator=WHO, zone=zone)
    for output in outputs[:1]:
        yield Disable(operator=WHO, subject=output)
        yield Enable(operator=WHO, subject=output)


def _of_work(work: str, zone: str, outputs: list[str]) -> Iterator[AnyCommand]:
    yield Reset(operator=WHO, zone=zone)
    for minutes in (MINUTES, 0):
        yield msgspec.convert({"do": "work", "operator": WHO, "zone": zone, "work": work, "minutes": minutes}, Work)
    if work == OUTPUT_TEST:
        yield Force(operator=WHO, subject=outputs[-1], seconds=MINUTES)
        yield Force(operator=WHO, subject=outputs[-1], seconds=0)


def _of_extract(zone: str, _outputs: list[str]) -> Iterator[AnyCommand]:
    yield Reset(operator=WHO, zone=zone)
    yield Extract(operator=WHO, zone=zone, on=True)
    yield Extract(operator=WHO, zone=zone, on=False)


class _Part(NamedTuple):
    """How the release machine is cut: contacts, outputs of the air, inputs that move, how many at once, what is said."""

    name: str
    families: tuple[Family, ...]
    groups: Callable[[tuple[str, ...], Layout, Inputs], Groups]
    most: int = 2
    said: Callable[[str, list[str]], Iterator[AnyCommand]] = _reset
    air: tuple[Role, ...] = ()
    restarts: bool = False
    free_clocks: bool = False


_PARTS = (
    _Part("hands", (Family.CALL_POINT, Family.ABORT, Family.HOLD, Family.RESERVE_KEY), _hands, restarts=True),
    _Part("air", (Family.CALL_POINT, Family.HOLD), _air, air=_AIR),
    _Part(
        "blocks",
        (Family.CALL_POINT, Family.MODE_KEY, Family.OCCUPIED, Family.LOW_AGENT, Family.ABORT),
        _blocks,
    ),
    _Part("words on the zone", (Family.CALL_POINT, Family.MODE_KEY), _words_under, most=1, said=_of_zone),
    _Part("words on the agent", (Family.CALL_POINT, Family.MODE_KEY), _words_under, most=1, said=_of_agent),
    *(
        _Part(work, (Family.CALL_POINT,), _under_works, most=1, said=partial(_of_work, work), air=(Role.EXHAUST,))
        for work in (PERMIT, WALK_TEST, OUTPUT_TEST)
    ),
    _Part("windows", (Family.CALL_POINT, Family.ABORT), _over, free_clocks=True),
)

_BLOCK = _Part("mechanical block", (Family.CALL_POINT, Family.MECHANICAL_BLOCK, Family.ABORT), _closed_block)
_AFTER = _Part(
    "after the release", (Family.CALL_POINT,), _cleared, most=1, said=_of_extract, air=(Role.EXHAUST,), free_clocks=True
)
_SELECTOR = _Part("selector", (Family.CALL_POINT,), _way, air=(Role.SELECTOR,))
"""The other rooms of the bank are at rest; in the part of the shared bank (`shared`) they are not."""


# --- isolation and cooling


def rack_parts(layout: Layout, zone: int) -> Iterator[World]:
    """One rack with the release machine and the hands beside it; one rack, then two of which one is protected for the other, without agent."""
    name = layout.zones[zone]
    the_zone = layout.site.zones[name]
    racks = [rack for rack in the_zone.racks if _cells(layout, rack)]
    if not racks:
        return
    if the_zone.release is not None:
        yield _rack_world(layout, zone, (racks[0],), f"{name}: rack and hands", with_release=True)
    yield _rack_world(layout, zone, (racks[0],), f"{name}: rack")
    if the_zone.cooling is not None and the_zone.cooling.neighbours and len(the_zone.racks) > 1:
        first = the_zone.racks.index(racks[0])
        other = the_zone.racks[first + 1 if first + 1 < len(the_zone.racks) else first - 1]
        pair = tuple(sorted((racks[0], other), key=the_zone.racks.index))
        yield _rack_world(layout, zone, pair, f"{name}: neighbours", clocks=False)


def _rack_world(
    layout: Layout, zone: int, racks: tuple[str, ...], title: str, *, with_release: bool = False, clocks: bool = True
) -> World:
    name, site = layout.zones[zone], layout.site
    second = next(
        (h.name for h in sensing(layout, zone) if str(h.physics) in {"smoke", "heat", "gas"} and not h.head.reference),
        "",
    )
    heads = tuple(filter(None, (next(filter(None, (_cells(layout, rack) for rack in racks))), second)))
    hands = (Family.ABORT, Family.HOLD) if with_release else (Family.DISCHARGING,)
    roles = {*_WATER, *(RELEASING_ROLES if with_release else ())}
    own = roles - {Role.BREAKER}
    outputs = [o.name for o in layout.outputs if o.zone == zone and o.output.rack in racks and o.output.role in own]
    plans = (Power(site).plan(rack) for rack in racks)
    outputs += dict.fromkeys(breaker for plan in plans if plan for breaker in plan.breakers)
    outputs += [o.name for o in alike_outputs(layout, zone, own) if not o.output.rack]
    part = reduced(site, name, (*heads, *_contacts(layout, zone, hands)), outputs, racks, agent=with_release)
    said: list[AnyCommand] = []
    if not with_release:
        said += [Reset(operator=WHO, zone=name), HandOver(operator=WHO, zone=name)]
        said += [ConfirmIsolated(operator=WHO, rack=rack) for rack in racks]
    most = 1 if clocks and not with_release else 2
    return make_world(
        title, part, partial(_racks, heads), most, tuple(said), free_clocks=clocks and not with_release
    )  # fmt: skip


def _cells(layout: Layout, rack: str) -> str:
    found = (
        h.name
        for h in layout.heads
        if h.head.rack == rack and h.head.family is Family.CELL_TEMPERATURE and h.head.group > 0
    )
    return next(found, "")


def _racks(heads: tuple[str, ...], layout: Layout, rest: Inputs) -> Groups:
    """Evidence of a rack, what its breakers and the UPS say, whether it is calm, and the hands where they are."""
    groups = [
        [
            *(head_change(rest, layout, heads[:1], level) for level in (2, ALARM)),
            head_change(rest, layout, heads, ALARM),
        ]
    ]
    groups += feedback_changes(layout, [o.name for o in layout.outputs if o.output.role is Role.BREAKER])
    groups += [contact_changes(layout, rest, f, (1,)) for f in (Family.DISCHARGING, Family.ABORT, Family.HOLD)]
    groups += [[Change(f"{layout.racks[0]} not calm", (("calm", 0, False),))]]
    return [group for group in groups if group]
