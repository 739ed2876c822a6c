"""Small sites made in code, and images of them made by hand, for the tests of the detector."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from controller.core.detect.detector import Detector
from controller.core.detect.readings import Readings
from controller.core.events import Evidence, Feature, Level
from controller.core.image import Image, freeze
from controller.core.layout import Layout, lay_out
from controller.site.model import Block, Device, Family, Head, Limits, Link, ModbusTcp, Site, SiteInfo, Zone
from drivers.points import BlockBuffer, DataType, Quality, Table

REST = {
    Family.CELL_TEMPERATURE: 25.0,
    Family.CELL_VOLTAGE: 3.7,
    Family.HEAT: 24.0,
    Family.CLIMATE_TEMPERATURE: 22.0,
    Family.CLIMATE_HUMIDITY: 45.0,
}
"""What a head shows in a quiet room; 0 for the others."""


@dataclass(frozen=True)
class Spec:
    """A head of the rig: its points, and what the site file says of it."""

    family: Family
    count: int = 1
    group: int = 0
    rack: str = ""
    reference: bool = False
    device: str = "device"
    type: DataType = DataType.FLOAT32
    limits: dict[str, Any] = field(default_factory=dict)


def layout_of(specs: Mapping[str, Spec]) -> Layout:
    """One zone with racks r1 and r2, one block a head."""
    blocks = {
        f"{name}-block": Block(device=spec.device, table=Table.INPUT, address=100 * i, count=spec.count, type=spec.type)
        for i, (name, spec) in enumerate(specs.items())
    }
    heads = {
        name: Head(
            family=spec.family, zone="room", points=(f"{name}-block",), rack=spec.rack, group=spec.group,
            reference=spec.reference, limits=Limits(**spec.limits),
        )
        for name, spec in specs.items()
    }  # fmt: skip
    devices = {spec.device: Device(link="link") for spec in specs.values()}
    zones = {"room": Zone(title="Room", racks=("r1", "r2"))}
    links: dict[str, Link] = {"link": ModbusTcp(endpoint="127.0.0.1:1")}
    site = Site(
        site=SiteInfo(name="Rig"), links=links, devices=devices, blocks=blocks, zones=zones, heads=heads,
        outputs={}, matrix={},
    )  # fmt: skip
    return lay_out(site)


class Rig:
    """A detector and its image: set values, let samples come, look at a head."""

    def __init__(self, specs: Mapping[str, Spec] | Layout) -> None:
        self.layout = specs if isinstance(specs, Layout) else layout_of(specs)
        self.detector = Detector(self.layout)
        self.place = {head.name: head.index for head in self.layout.heads}
        self.buffer = BlockBuffer.empty(self.layout.n_points)
        self.buffer.quality[:] = Quality.GOOD
        self.sample = 0
        self.tick_ms = 0
        for head in self.layout.heads:
            self.buffer.value[head.points] = REST.get(Family(head.head.family), 0.0)
        self.readings: Readings = self.step()

    def points(self, name: str) -> npt.NDArray[np.int32]:
        return self.layout.heads[self.place[name]].points

    def set(self, name: str, value: float | npt.NDArray[np.float64], at: int | slice = slice(None)) -> None:
        self.buffer.value[self.points(name)[at]] = value

    def image(self) -> Image:
        return freeze(self.sample, self.tick_ms, [self.buffer], np.full(self.layout.n_points, 10**9, np.int64))

    def step(self, seconds: float = 1.0) -> Readings:
        """One new sample of every point."""
        self.sample += 1
        self.tick_ms += round(seconds * 1000)
        self.buffer.sample[:] = self.sample
        self.buffer.received_ms[:] = self.tick_ms
        self.readings = self.detector.advance(self.image())
        return self.readings

    def run(self, samples: int, seconds: float = 1.0) -> Level:
        """The highest level of any head over so many samples."""
        highest = 0
        for _ in range(samples):
            highest = max(highest, int(self.step(seconds).level.max()))
        return Level(highest)

    def level(self, name: str) -> Level:
        return Level(int(self.readings.level[self.place[name]]))

    def fault(self, name: str) -> int:
        return int(self.readings.fault[self.place[name]])

    def evidence(self, name: str) -> Evidence:
        return self.detector.evidence(self.place[name])

    def feature(self, name: str) -> Feature:
        return self.evidence(name).feature
