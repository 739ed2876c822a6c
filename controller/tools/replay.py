"""Replay: the recorded images through the same core again, which must give the same events and the same hash."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from controller.core.chain import encode, hash_next
from controller.core.commands import AnyCommand
from controller.core.events import Event
from controller.core.image import Image
from controller.core.layout import Layout, lay_out
from controller.core.scan import Controller
from controller.core.state import State
from controller.site.digest import site_digest
from controller.site.loader import load
from controller.site.model import Family, Limits
from controller.tools.recordings.plan import with_settings


@dataclass(frozen=True, slots=True)
class Replayed:
    """One event that the core gave again, its record and the chain's hash after it."""

    event: Event
    record: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Comparison:
    """A replay beside a journal: events compared, and the first difference ("" if there is none)."""

    compared: int
    difference: str


def read_layout(path: Path, digest: bytes) -> Layout:
    """Lay out the site that a recording was made with. Raises ValueError when the file is another site now, OSError."""
    site = load(path)
    if site_digest(site) != digest:
        raise ValueError(f"{path}: the recording was made with another version of this file; remedy: name that one")
    return lay_out(site)


def replay(
    layout: Layout,
    state: bytes,
    last_hash: bytes,
    scans: Iterable[tuple[Image, tuple[AnyCommand, ...]]],
    *,
    closed: bool,
    lost: bool = False,
) -> Iterator[Replayed]:
    """Run `scans` through a new core that begins with the encoded `state` (empty: fresh, or `lost`), the chain with `last_hash`.

    With `closed` the run ended in an orderly way, so the core's last word belongs to it.

    Raises ValueError when a scan is missing between two others: from there on nothing could be promised.
    """
    core = Controller(layout, msgspec.msgpack.decode(state, type=State) if state else None, lost=lost)
    for event in _events(core, scans, closed=closed):
        record = encode(event)
        last_hash = hash_next(last_hash, record)
        yield Replayed(event, record, last_hash)


def _events(
    core: Controller, scans: Iterable[tuple[Image, tuple[AnyCommand, ...]]], *, closed: bool
) -> Iterator[Event]:
    last: Image | None = None
    for image, commands in scans:
        if last is not None and image.scan != last.scan + 1:
            raise ValueError(
                f"scans {last.scan + 1} to {image.scan - 1} were not recorded (the recorder's disk was too slow); "
                "the replay ends before them"
            )
        last = image
        yield from core.scan(image, commands).events
    if closed and last is not None:
        yield core.close(last)


def compare(replayed: Iterable[Replayed], journal: Iterable[tuple[int, bytes, bytes]]) -> Comparison:
    """Hold a replay against the journal's rows (number, record, hash). A journal that ends earlier was cut off by a crash, no more."""
    compared = 0
    for again, (seq, record, digest) in zip(replayed, journal, strict=False):
        if again.hash != digest:
            return Comparison(compared, f"entry {seq}: journal {record.decode()}, replay {again.record.decode()}")
        compared += 1
    return Comparison(compared, "")


@dataclass(frozen=True, slots=True)
class Seen:
    """A recorded image and where it is from: number of the scan, seconds of plant time, the run (always 1)."""

    image: Image
    line: int
    said_s: float
    run: int = 1
    begins: bool = False


def seen_of(images: Iterable[Image]) -> Iterator[Seen]:
    """Images as the detector alone is shown them."""
    return (Seen(image, image.scan, image.tick_ms / 1000) for image in images)


def layout_with(layout: Layout, settings: Mapping[Family, Limits]) -> Layout:
    """The site under other settings, which stand over its own. Raises SiteError with every problem."""
    return with_settings(layout, {**layout.site.settings, **settings})
