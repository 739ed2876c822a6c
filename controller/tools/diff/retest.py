"""What is tested again after a change: all that it touches, and a tenth of the rest, at most fifty.

The share is that of NFPA 72 as quoted in domain.md (F39, section 7.2): 100 % of what is affected and 10 % of the others, at most 50.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator

import msgspec

from controller.site.digest import site_digest
from controller.site.look import Look
from controller.site.model import Head, Output, Role, Site
from controller.site.reference import parse_reference
from controller.tools.diff.changes import Change

SAMPLE_SHARE = 0.1
SAMPLE_MOST = 50

_WORDS_ALONE = {"site": {"name", "language"}, "zones": {"title", "title_ko"}, "blocks": {"unit"}}
"""Fields that no test could show a difference by."""


class Retest(msgspec.Struct, frozen=True):
    """What to test, each as `heads.NAME`, `outputs.NAME` or `matrix.NAME` of the new site: what is affected, and the sample of the rest."""

    affected: tuple[str, ...]
    sample: tuple[str, ...]
    untouched: int
    """How many there are of which the sample was drawn."""


def retest(before: Site, after: Site, found: Iterable[Change]) -> Retest:
    """The list for a change from `before` to `after`, the same for the same two sites, another sample for another change."""
    everything = [f"{section}.{name}" for section in ("heads", "outputs", "matrix") for name in getattr(after, section)]
    touched = {item for change in found for site in (before, after) for item in _touched(site, change)}
    affected = tuple(item for item in everything if item in touched)
    rest = [item for item in everything if item not in touched]
    count = min(math.ceil(SAMPLE_SHARE * len(rest)), SAMPLE_MOST) if affected else 0
    salt = site_digest(before) + site_digest(after)
    drawn = set(sorted(rest, key=lambda item: hashlib.sha256(salt + item.encode()).digest())[:count])
    return Retest(affected, tuple(item for item in rest if item in drawn), len(rest))


def _touched(site: Site, change: Change) -> Iterator[str]:
    """What of a site a change touches."""
    if change.field not in _WORDS_ALONE.get(change.section, ()):
        yield from _REACH[change.section](site, change.entry)


def _every(site: Site, _: str) -> Iterator[str]:
    for section in ("heads", "outputs", "matrix"):
        yield from (f"{section}.{name}" for name in getattr(site, section))


def _on_link(site: Site, link: str) -> Iterator[str]:
    for name, device in site.devices.items():
        if device.link == link:
            yield from _on_device(site, name)


def _on_device(site: Site, device: str) -> Iterator[str]:
    yield from _on_blocks(site, {name for name, block in site.blocks.items() if block.device == device})


def _on_blocks(site: Site, blocks: set[str]) -> Iterator[str]:
    def on(references: Iterable[str]) -> bool:
        return any(parse_reference(reference)[0] in blocks for reference in references if reference)

    yield from (f"heads.{name}" for name, head in site.heads.items() if on(head.points))
    yield from _of_outputs(site, {name for name, output in site.outputs.items() if on(_references(output))})
    for name, zone in site.zones.items():
        proofs = (zone.release.discharged if zone.release else "", zone.cooling.flow if zone.cooling else "")
        if on(proofs):
            yield from _of_zone(site, name)


def _references(output: Output) -> tuple[str, ...]:
    return (*output.channels, output.feedback.point if output.feedback else "")


def _of_zone(site: Site, zone: str) -> Iterator[str]:
    """What is in the zone, what its state drives or holds back elsewhere, and the rooms that share its bank (one waits for the other)."""
    for room in (zone, *Look(site).rooms_on_bank(zone)):
        yield from _in_zone(site, room)
        for name, row in site.matrix.items():
            if any(cause.partition(".")[0] == room for cause in (*row.when, *row.unless)):
                yield from _of_row(site, name)


def _of_output(site: Site, name: str) -> Iterator[str]:
    """An output, and the others on its channels: rooms share a bank so."""
    output = site.outputs.get(name)
    shared = {} if output is None else {n: o for n, o in site.outputs.items() if o.channels == output.channels}
    yield from _of_outputs(site, {name, *shared})


def _in_zone(site: Site, zone: str) -> Iterator[str]:
    def inside(entry: Head | Output) -> bool:
        return entry.zone == zone

    yield from (f"heads.{name}" for name, head in site.heads.items() if inside(head))
    yield from _of_outputs(site, {name for name, output in site.outputs.items() if inside(output)})


def _of_outputs(site: Site, outputs: set[str]) -> Iterator[str]:
    """Outputs, and the rows that drive them."""
    yield from (f"outputs.{name}" for name in outputs)
    yield from (f"matrix.{name}" for name, row in site.matrix.items() if outputs & set(row.then))


def _of_row(site: Site, name: str) -> Iterator[str]:
    row = site.matrix.get(name)
    yield f"matrix.{name}"
    yield from (f"outputs.{output}" for output in (row.then if row else ()))


def _of_family(site: Site, family: str) -> Iterator[str]:
    yield from (f"heads.{name}" for name, head in site.heads.items() if head.family == family)


def _of_feed(site: Site, _: str) -> Iterator[str]:
    """The plan of any rack may be another: all breakers, and the rows that drive them."""
    yield from _of_outputs(site, {name for name, output in site.outputs.items() if output.role is Role.BREAKER})


_REACH: dict[str, Callable[[Site, str], Iterator[str]]] = {
    "site": _every,
    "links": _on_link,
    "devices": _on_device,
    "blocks": lambda site, block: _on_blocks(site, {block}),
    "zones": _of_zone,
    "heads": lambda _, head: iter((f"heads.{head}",)),
    "outputs": _of_output,
    "matrix": _of_row,
    "feeds": _of_feed,
    "settings": _of_family,
}
"""What of a site an entry of each section touches."""
