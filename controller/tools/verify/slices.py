"""Parts of a site small enough to be explored whole: some heads, contacts, outputs and racks of one zone, with the rows that drive them."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from controller.core.layout import HeadLayout, Layout, OutputLayout
from controller.site.model import Feed, Head, Mode, Output, Physics, Role, Site, Zone
from controller.site.reference import parse_reference
from controller.tools.verify.words import RELEASING_ROLES

_Part = TypeVar("_Part", Head, Output)


def reduced(
    site: Site,
    zone: str,
    heads: Iterable[str],
    outputs: Iterable[str],
    racks: tuple[str, ...] = (),
    *,
    acts: bool = False,
    agent: bool = True,
    beside: str = "",
) -> Site:
    """The site with one zone, and of that zone what is named. Rows keep the causes of this zone and the outputs that are left.

    `agent`: the zone keeps its release.
    `beside`: another room stays as well, with its agent and its selector alone.
    `acts`: the outputs are written and read back (mode `direct`); else each counts as taken as soon as it is commanded (`shadow`).
    """
    kept_heads = {name: _placed(head, racks) for name, head in site.heads.items() if name in set(heads)}
    kept = {
        name: replace(_placed(output, racks), zone=beside if output.zone == beside else zone)
        for name, output in site.outputs.items()
        if name in set(outputs)
    }
    zones = {zone: _zone(site.zones[zone], kept, racks, agent=agent)}
    if beside:
        zones[beside] = _zone(site.zones[beside], kept, (), agent=True)
    rows = {name: replace(row, then=tuple(o for o in row.then if o in kept)) for name, row in site.matrix.items()}
    rows = {
        name: replace(row, when=tuple(_own(row.when, zone, racks)), unless=tuple(_own(row.unless, zone, racks)))
        for name, row in rows.items()
        if row.then
    }
    blocks = {_block(point) for the_zone in zones.values() for point in _points(kept_heads, kept, the_zone)}
    devices = {site.blocks[block].device for block in blocks}
    links = {site.devices[device].link for device in devices}
    return replace(
        site,
        site=replace(site.site, mode=Mode.DIRECT if acts else Mode.SHADOW),
        links={name: link for name, link in site.links.items() if name in links},
        devices={name: replace(d, watchdog=None) for name, d in site.devices.items() if name in devices},
        blocks={name: block for name, block in site.blocks.items() if name in blocks},
        zones=zones,
        heads=kept_heads,
        outputs=kept,
        matrix={name: row for name, row in rows.items() if row.when},
        feeds=dict(_feeds(site, racks)),
    )


def _feeds(site: Site, racks: tuple[str, ...]) -> Iterator[tuple[str, Feed]]:
    """The feeds, where a rack that is left out still takes current, and gives it if it is a battery, but passes none on."""
    gone = {rack for zone in site.zones.values() for rack in zone.racks} - set(racks)
    for name, feed in site.feeds.items():
        ends = (feed.begins, feed.ends) if feed.both_ways else ()
        battery = next((end for end in ends if end in gone), "")
        if not battery:
            yield name, feed
            continue
        other = feed.ends if battery == feed.begins else feed.begins
        yield name, replace(feed, begins=battery, ends=other, both_ways=False)
        yield f"{name} back", replace(feed, begins=other, ends=f"{battery} as a load", both_ways=False)


def _placed(part: _Part, racks: tuple[str, ...]) -> _Part:
    return part if part.rack in racks else replace(part, rack="")


def _zone(zone: Zone, outputs: dict[str, Output], racks: tuple[str, ...], *, agent: bool) -> Zone:
    release = zone.release if agent else None
    if release is not None:
        reserve = release.reserve_output if release.reserve_output in outputs else ""
        dampers = tuple(damper for damper in release.dampers if damper in outputs)
        selector = release.selector if release.selector in outputs else ""
        extended = release.extended_output if release.extended_output in outputs else ""
        release = replace(release, reserve_output=reserve, dampers=dampers, selector=selector, extended_output=extended)
    return replace(zone, racks=racks, release=release, cooling=zone.cooling if racks else None)


def _own(causes: tuple[str, ...], zone: str, racks: tuple[str, ...]) -> Iterator[str]:
    """Causes that can arise in the part: of the zone, of its racks that are left, of the site."""
    for cause in causes:
        place = cause.split(".")
        if place[0] in {zone, "site"} and (len(place) == 2 or place[1] in racks):  # noqa: PLR2004 zone.rack.condition
            yield cause


def _points(heads: dict[str, Head], outputs: dict[str, Output], zone: Zone) -> Iterator[str]:
    for head in heads.values():
        yield from head.points
    for output in outputs.values():
        yield from output.channels
        if output.feedback is not None:
            yield output.feedback.point
    if zone.release is not None:
        yield zone.release.discharged
    if zone.cooling is not None:
        yield zone.cooling.flow


def _block(point: str) -> str:
    return parse_reference(point)[0]


def foreign_causes(site: Site, zone: str, roles: Iterable[Role]) -> tuple[str, ...]:
    """Rows on outputs of `roles` of the zone that ask another zone, or ask for troubles: their causes are outside of what is explored."""
    watched = {name for name, output in site.outputs.items() if output.zone == zone and output.role in set(roles)}
    found = []
    for name, row in site.matrix.items():
        if not watched.intersection(row.then):
            continue
        causes = (*row.when, *row.unless)
        strange = [c for c in causes if c.split(".")[0] not in {zone, "site"} or c.endswith(".trouble")]
        found += [f"matrix.{name}: {cause}" for cause in strange]
    return tuple(found)


def kind_of(head: HeadLayout) -> tuple[object, ...]:
    """What makes two heads alike to rule 3 and to the release machine, whatever their place."""
    return (head.physics, head.head.family, head.head.group > 0, head.head.reference, head.on_mqtt, head.rack >= 0)


def alike_outputs(layout: Layout, zone: int, roles: Iterable[Role]) -> tuple[OutputLayout, ...]:
    """One output for each group of the zone that the same rows drive and that read the same way."""
    site = layout.site
    found: dict[tuple[object, ...], OutputLayout] = {}
    named = site.zones[layout.zones[zone]].release
    dampers = named.dampers if named else ()
    for output in layout.outputs:
        if output.zone != zone or output.output.role not in set(roles):
            continue
        rows = frozenset(name for name, row in site.matrix.items() if output.name in row.then)
        key = (output.output.role, rows, output.output.feedback is None, output.output.normal, output.name in dampers)
        found.setdefault(key, output)
    return tuple(found.values())


def zone_digest(layout: Layout, zone: int) -> str:
    """The same for two zones that differ by names, addresses and wires alone: what was proven of one holds of the other."""
    site, name = layout.site, layout.zones[zone]
    heads = [h for h in layout.heads if h.zone == zone]
    outputs = [o for o in layout.outputs if o.zone == zone]
    devices = _numbers([*(h.device for h in heads), *(_device(layout, c) for o in outputs for c in o.channels)])
    links = _numbers([h.link for h in heads])
    names = {n: f"o{i}" for i, n in enumerate(o.name for o in outputs)} | {h.name: f"h{i}" for i, h in enumerate(heads)}
    racks = {rack: f"r{i}" for i, rack in enumerate(site.zones[name].racks)}
    own = site.zones[name]
    told = [
        (*kind_of(h), racks.get(h.head.rack), devices[h.device], links[h.link], h.head.active, h.points.size > 1)
        for h in heads
    ]
    acted = [
        (o.output.role, o.output.normal, racks.get(o.output.rack), o.output.feedback is None, o.output.confirm_s,
         tuple(devices[_device(layout, c)] for c in o.channels))
        for o in outputs
    ]  # fmt: skip
    rows = [
        (_renamed(row.when, name, racks), _renamed(row.unless, name, racks), [names.get(o, "-") for o in row.then],
         msgspec.json.encode(replace(row, when=(), unless=(), then=())))
        for row in site.matrix.values() if any(o in names for o in row.then)
    ]  # fmt: skip
    release, cooling = own.release, own.cooling
    agent = release and msgspec.json.encode(
        replace(
            release, output=names.get(release.output, ""), reserve_output=names.get(release.reserve_output, ""),
            discharged="", extended_output=names.get(release.extended_output, ""),
            selector=names.get(release.selector, ""), dampers=tuple(names.get(d, "") for d in release.dampers),
            unavailable_without=(),  # names of devices; P7 is answered zone by zone
        )
    )  # fmt: skip
    water = cooling and msgspec.json.encode(replace(cooling, flow=""))
    info = (
        site.site.max_automatic_openings, site.site.while_discharging, site.site.while_others_go_dark,
        msgspec.json.encode(site.feeds),
    )  # fmt: skip
    whole = (
        told,
        acted,
        rows,
        agent,
        water,
        info,
        own.coincidence,
        own.verification,
        own.positive_alarm,
        own.occupied_at_start,
        own.hand_over_after_s,
        own.isolation_limit_s,
        len(on_one_bank(layout, zone)),
    )
    return hashlib.sha256(repr(whole).encode()).hexdigest()


def on_one_bank(layout: Layout, zone: int) -> tuple[int, ...]:
    """Other zones whose agent comes from a bank of this one's: their outputs have the same channels."""
    mine = {o.channels for o in layout.outputs if o.zone == zone and o.output.role in RELEASING_ROLES}
    others = (
        o.zone for o in layout.outputs if o.zone != zone and o.output.role in RELEASING_ROLES and o.channels in mine
    )
    return tuple(dict.fromkeys(others))


def _numbers(names: list[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(dict.fromkeys(names))}


def _device(layout: Layout, point: int) -> str:
    return layout.site.blocks[layout.place_of(point)[0]].device


def _renamed(causes: tuple[str, ...], zone: str, racks: dict[str, str]) -> tuple[str, ...]:
    """Causes without names. What another zone says is explored nowhere (`_own`), only that it is asked counts (`foreign_causes`)."""

    def told(cause: str) -> str:
        place, *rest = cause.split(".")
        if place not in {zone, "site"}:
            return "elsewhere"
        return ".".join(("z" if place == zone else place, *(racks.get(part, part) for part in rest)))

    return tuple(map(told, causes))


def device_of(layout: Layout, point: int) -> str:
    """The device that holds a point of the image."""
    return _device(layout, point)


def sensing(layout: Layout, zone: int) -> tuple[HeadLayout, ...]:
    """Heads of a zone that measure; wired inputs are people's and switches'."""
    return tuple(h for h in layout.heads if h.zone == zone and h.physics is not Physics.WIRED)


def wired(layout: Layout, zone: int) -> tuple[HeadLayout, ...]:
    """Wired inputs of a zone."""
    return tuple(h for h in layout.heads if h.zone == zone and h.physics is Physics.WIRED)
