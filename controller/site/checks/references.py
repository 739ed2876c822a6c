"""Every name that a site file uses must exist, and point at the right number of points."""

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from controller.site.look import Look
from controller.site.model import ANTIVALENT, PHYSICS, Physics, Zone
from controller.site.problem import Problem
from controller.site.reference import block_size, parse_reference

_NAME = re.compile(r"^[^\s.\[\]:{}]+$")


def references(look: Look) -> Iterator[Problem]:
    """Dangling and malformed names."""
    yield from _names(look)
    site = look.site
    for name, device in site.devices.items():
        yield from _known(f"devices.{name}.link", device.link, site.links, "link")
        if device.watchdog:
            yield from _point(look, f"devices.{name}.watchdog.point", device.watchdog.point)
    for name, block in site.blocks.items():
        yield from _known(f"blocks.{name}.device", block.device, site.devices, "device")
    for name, zone in site.zones.items():
        yield from _zone(look, f"zones.{name}", zone)
    yield from _racks(look)
    yield from _heads(look)
    yield from _outputs(look)
    for name, row in site.matrix.items():
        for output in row.then:
            yield from _known(f"matrix.{name}.then", output, site.outputs, "output")


def _names(look: Look) -> Iterator[Problem]:
    site = look.site
    for section, names in (
        ("devices", site.devices), ("blocks", site.blocks), ("zones", site.zones),
        ("heads", site.heads), ("outputs", site.outputs),
    ):  # fmt: skip
        if not names:
            yield Problem(section, "it is empty", f"describe at least one entry, [{section}.NAME]")
        for name in names:
            if not _NAME.match(name):
                yield Problem(
                    f"{section}.{name}", "the name holds a character that has a meaning", "no space . : [ ] { }"
                )


def _known(path: str, name: str, known: Iterable[str], kind: str) -> Iterator[Problem]:
    names = list(known)
    if name in names:
        return
    close = get_close_matches(name, names, 1)
    remedy = f"write {close[0]!r} if you mean that, or add [{kind}s.{name}]" if close else f"add the {kind} or name one"
    what = f"there is no {kind} {name!r}" if name else f"no {kind} is named"
    yield Problem(path, what, remedy)


def _points(look: Look, path: str, reference: str) -> Iterator[Problem]:
    if look.places(reference):
        return
    try:
        block, _, _ = parse_reference(reference)
    except ValueError:
        yield Problem(path, f"{reference!r} is not a point", "write block, block[3] or block[0:16]")
        return
    if block not in look.site.blocks:
        yield from _known(path, block, look.site.blocks, "block")
        return
    size = block_size(look.site.blocks[block])
    yield Problem(
        path, f"{reference!r} lies outside its block", f"the block has places 0 to {size - 1}; mend one of the two"
    )


def _point(look: Look, path: str, reference: str) -> Iterator[Problem]:
    yield from _points(look, path, reference)
    if len(look.places(reference)) > 1:
        yield Problem(path, f"{reference!r} names several points", "name one, such as block[0]")


def _zone(look: Look, path: str, zone: Zone) -> Iterator[Problem]:
    outputs = look.site.outputs
    if zone.release:
        yield from _known(f"{path}.release.output", zone.release.output, outputs, "output")
        if zone.release.reserve_output:
            yield from _known(f"{path}.release.reserve_output", zone.release.reserve_output, outputs, "output")
        if zone.release.extended_output:
            yield from _known(f"{path}.release.extended_output", zone.release.extended_output, outputs, "output")
        if zone.release.selector:
            yield from _known(f"{path}.release.selector", zone.release.selector, outputs, "output")
        for damper in zone.release.dampers:
            yield from _known(f"{path}.release.dampers", damper, outputs, "output")
        yield from _point(look, f"{path}.release.discharged", zone.release.discharged)
    if zone.cooling:
        yield from _point(look, f"{path}.cooling.flow", zone.cooling.flow)


def _racks(look: Look) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for name, zone in look.site.zones.items():
        for rack in zone.racks:
            if rack in seen:
                yield Problem(
                    f"zones.{name}.racks", f"{rack} stands in zone {seen[rack]} already", "a rack has one place"
                )
            elif not _NAME.match(rack):
                yield Problem(
                    f"zones.{name}.racks", f"{rack!r} holds a character that has a meaning", "no space . : [ ]"
                )
            seen[rack] = name


def _rack(look: Look, path: str, zone: str, rack: str) -> Iterator[Problem]:
    if rack and zone in look.site.zones:
        yield from (
            Problem(
                problem.path, f"zone {zone} has no rack {rack!r}", f"name a rack of zones.{zone}.racks, or add it there"
            )
            for problem in _known(f"{path}.rack", rack, look.site.zones[zone].racks, "rack")
        )


def _heads(look: Look) -> Iterator[Problem]:
    for name, head in look.site.heads.items():
        path = f"heads.{name}"
        yield from _known(f"{path}.zone", head.zone, look.site.zones, "zone")
        yield from _rack(look, path, head.zone, head.rack)
        if not head.points:
            yield Problem(f"{path}.points", "the head has no points", "name what it reads")
        for point in head.points:
            yield from _points(look, f"{path}.points", point)
        if head.principle is not None and PHYSICS[head.family] is not Physics.GAS:
            yield Problem(f"{path}.principle", f"a head for {head.family} has none", "take it out: it is for gas heads")
        devices = {look.device(point) for point in head.points} - {None}
        if head.family not in ANTIVALENT and len(devices) > 1:
            yield Problem(
                f"{path}.points", f"the points lie on {len(devices)} devices", "make one head for each device"
            )


def _outputs(look: Look) -> Iterator[Problem]:
    for name, output in look.site.outputs.items():
        path = f"outputs.{name}"
        yield from _known(f"{path}.zone", output.zone, look.site.zones, "zone")
        yield from _rack(look, path, output.zone, output.rack)
        for channel in output.channels:
            yield from _point(look, f"{path}.channels", channel)
        if output.feedback:
            yield from _point(look, f"{path}.feedback.point", output.feedback.point)
