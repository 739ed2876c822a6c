"""The site, laid out for the scan: every name resolved to an index once, so that no text is looked up while scanning."""

from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from controller.site.model import PHYSICS, Family, Head, Output, Physics, Role, Site, limits_within
from controller.site.reference import block_size, parse_reference
from controller.site.registers import register_block
from drivers.points import Block as DriverBlock
from drivers.points import DataType, TopicBlock

RELEASING = frozenset({Role.AGENT, Role.AGENT_RESERVE, Role.AGENT_EXTENDED})
"""Roles of the outputs that let agent go."""


@dataclass(frozen=True, slots=True)
class HeadLayout:
    """A head with its places: indices of zone and rack (-1: none) and `points`, int32 image indices in their order."""

    name: str
    index: int
    head: Head
    physics: Physics
    zone: int
    rack: int
    points: npt.NDArray[np.int32]
    device: str
    link: str
    on_mqtt: bool


@dataclass(frozen=True, slots=True)
class OutputLayout:
    """An output with its places: image indices of its channels (which read back what was written) and of its feedback (-1: none)."""

    name: str
    index: int
    output: Output
    zone: int
    rack: int
    channels: tuple[int, ...]
    feedback: int

    @property
    def is_release(self) -> bool:
        """Whether this output lets agent go: two channels, intent durable before the first write (rules 5 and 11)."""
        return self.output.role in RELEASING


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole site by index. `blocks` lie in the image one after the other, in the order of the site file."""

    site: Site
    blocks: tuple[DriverBlock, ...]
    first: dict[str, int]
    n_points: int
    max_age_ms: npt.NDArray[np.int64]
    zones: tuple[str, ...]
    racks: tuple[str, ...]
    rack_zone: tuple[int, ...]
    heads: tuple[HeadLayout, ...]
    outputs: tuple[OutputLayout, ...]
    links: tuple[str, ...]
    devices: tuple[str, ...]
    device_points: tuple[npt.NDArray[np.int32], ...]

    def point(self, reference: str) -> int:
        """Image index of the one point that `reference` names."""
        return int(resolve(reference, self.site, self.first)[0])

    def point_name(self, index: int) -> str:
        """`block[i]` of an image index, for people."""
        for block in reversed(self.blocks):
            if index >= self.first[block.name]:
                return f"{block.name}[{index - self.first[block.name]}]"
        raise IndexError(index)

    def place_of(self, index: int) -> tuple[str, int]:
        """Block name and index in the block of an image index."""
        name, _, rest = self.point_name(index).partition("[")
        return name, int(rest[:-1])

    def output(self, name: str) -> OutputLayout:
        """The output called `name`."""
        return next(output for output in self.outputs if output.name == name)


def resolve(reference: str, site: Site, first_of: dict[str, int]) -> npt.NDArray[np.int32]:
    """Image indices that a point reference names. Raises ValueError or KeyError for one that names nothing."""
    block, first, last = parse_reference(reference)
    size = block_size(site.blocks[block])
    start, stop = (0, size) if first is None or last is None else (first, last)
    if not 0 <= start < stop <= size:
        message = f"{reference!r} lies outside its block of {size} points"
        raise ValueError(message)
    return np.arange(first_of[block] + start, first_of[block] + stop, dtype=np.int32)


def driver_block(name: str, site: Site) -> DriverBlock:
    """The block as the drivers know it."""
    block = site.blocks[name]
    if block.topics:
        return TopicBlock(name, block.device, block.topics, block.field, block.period_s, block.max_age_s)
    registers = register_block(name, block, site.devices[block.device].unit)
    if registers is None:
        message = f"blocks.{name}: a register block needs table and address"
        raise ValueError(message)
    return registers


def lay_out(site: Site) -> Layout:
    """Resolve a checked site (`controller.site.check`). Raises ValueError or KeyError for one that would not have passed the check."""
    blocks = tuple(driver_block(name, site) for name in site.blocks)
    first: dict[str, int] = {}
    n_points = 0
    for block in blocks:
        first[block.name] = n_points
        n_points += block.count
    max_age_ms = np.concatenate([np.full(b.count, round(b.max_age_s * 1000), np.int64) for b in blocks])
    zones = tuple(site.zones)
    racks = tuple(rack for zone in site.zones.values() for rack in zone.racks)
    rack_zone = tuple(index for index, zone in enumerate(site.zones.values()) for _ in zone.racks)
    devices = tuple(site.devices)
    return Layout(
        site, blocks, first, n_points, max_age_ms, zones, racks, rack_zone,
        tuple(_head(i, name, site, first, zones, racks) for i, name in enumerate(site.heads)),
        tuple(_output(i, name, site, first, zones, racks) for i, name in enumerate(site.outputs)),
        tuple(site.links),
        devices,
        tuple(_points_of(device, blocks, first) for device in devices),
    )  # fmt: skip


def _points_of(device: str, blocks: tuple[DriverBlock, ...], first: dict[str, int]) -> npt.NDArray[np.int32]:
    parts = [np.arange(first[b.name], first[b.name] + b.count, dtype=np.int32) for b in blocks if b.device == device]
    return np.concatenate([np.empty(0, np.int32), *parts])


def _head(
    index: int, name: str, site: Site, first: dict[str, int], zones: tuple[str, ...], racks: tuple[str, ...]
) -> HeadLayout:
    head = _with_settings(site.heads[name], site)
    points = np.concatenate([resolve(reference, site, first) for reference in head.points])
    device = site.blocks[parse_reference(head.points[0])[0]].device
    link = site.devices[device].link
    rack = racks.index(head.rack) if head.rack else -1
    on_mqtt = bool(site.blocks[parse_reference(head.points[0])[0]].topics)
    return HeadLayout(
        name, index, head, PHYSICS[Family(head.family)], zones.index(head.zone), rack, points, device, link, on_mqtt
    )


def _with_settings(head: Head, site: Site) -> Head:
    """The head, what its limits leave open taken from the site's settings of its type: nobody below has to ask for them again."""
    settings = site.settings.get(Family(head.family))
    limits = head.limits if settings is None else limits_within(settings, head.limits)
    if limits.resolution is None:
        limits = msgspec.structs.replace(limits, resolution=_count_of(head, site))
    return msgspec.structs.replace(head, limits=limits)


def _count_of(head: Head, site: Site) -> float | None:
    """What one count of the coarsest register of a head is worth; None where values are no whole numbers of counts, or no cells."""
    if head.family not in {Family.CELL_TEMPERATURE, Family.CELL_VOLTAGE}:
        return None
    blocks = [site.blocks[parse_reference(reference)[0]] for reference in head.points]
    whole = {DataType.UINT16, DataType.INT16, DataType.UINT32, DataType.INT32}
    return max((abs(b.factor) for b in blocks if not b.topics and b.type in whole), default=None)


def _output(
    index: int, name: str, site: Site, first: dict[str, int], zones: tuple[str, ...], racks: tuple[str, ...]
) -> OutputLayout:
    output = site.outputs[name]
    channels = tuple(int(resolve(channel, site, first)[0]) for channel in output.channels)
    feedback = int(resolve(output.feedback.point, site, first)[0]) if output.feedback else -1
    rack = racks.index(output.rack) if output.rack else -1
    return OutputLayout(name, index, output, zones.index(output.zone), rack, channels, feedback)
