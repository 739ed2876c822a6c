"""Recordings of normal life, head by head, through the detector: how often it would have said something.

Cells that were cycled for months (NASA), rooms with people (IoTsec), a healthy pump rig (SKAB) and a machine with its known failures
cut out (NAB). What a recording calls temperature becomes the head that its place would have; a cell alone has no module to be
compared with.
"""

import gzip
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from controller.core.detect.detector import Detector
from controller.core.image import Image
from controller.core.layout import lay_out
from controller.site.model import Block, Device, Family, Head, Link, ModbusTcp, Site, SiteInfo, Zone
from drivers.points import DataType, Quality, Table
from tests.validation.detection import store
from tests.validation.detection.field import HEALTHY
from tests.validation.detection.watch import LEVELS

FOLDER, SUFFIX = "normal", ".csv.gz"
REST_S = 60.0
"""Between two cycles of a cell, whose clock begins anew with each."""
LONGEST_GAP_S = 3600.0
"""After a longer hole the detector begins anew, as after a restart."""
NAB_FAILURES = (
    ("2013-12-10 06:25", "2013-12-12 05:35"),
    ("2013-12-15 17:50", "2013-12-17 17:00"),
    ("2014-01-27 14:20", "2014-01-29 13:30"),
    ("2014-02-07 14:55", "2014-02-09 14:05"),
)
"""Windows of real failures in the machine's temperature (labels of the Numenta Anomaly Benchmark)."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Values by head in the order of time; `time_s` [row], `value` [row, head] (NaN: nothing new)."""

    name: str
    families: tuple[Family, ...]
    time_s: npt.NDArray[np.float64]
    value: npt.NDArray[np.float64]


def names(data: Path) -> list[str]:
    """All recordings of normal life that are known, by name. Raises FileNotFoundError where the folder is not there."""
    folder = data / FOLDER
    if not folder.is_dir():
        raise FileNotFoundError(2, "no recordings of normal life", str(folder))
    found = sorted(path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}"))
    return [name for name in found if name.startswith(tuple(READERS))]


def read(data: Path, name: str) -> Recording:
    """One recording, by its name."""
    reader = next(reader for begin, reader in READERS.items() if name.startswith(begin))
    return reader(data / FOLDER / f"{name}{SUFFIX}", name)


def _cell(path: Path, name: str) -> Recording:
    with gzip.open(path, "rt") as lines:
        rows = np.array(
            [
                [float(row[k] or "nan") for k in (0, 2, 5, 3)]
                for row in (line.rstrip("\n").split(",") for line in lines)
                if row[0] != "cycle"
            ]
        )
    cycle, time_s = rows[:, 0], rows[:, 1]
    ends = np.flatnonzero(np.diff(cycle) != 0)
    shift = np.zeros(len(rows))
    for end in ends.tolist():
        shift[end + 1 :] += max(0.0, time_s[end] - time_s[end + 1]) + REST_S
    return Recording(name, (Family.CELL_TEMPERATURE, Family.CELL_VOLTAGE), time_s + shift, rows[:, 2:])


def _climate(path: Path, name: str) -> Recording:
    with gzip.open(path, "rt") as lines:
        rows = np.array([[float(word) for word in line.split(",")[:6]] for line in lines])
    nodes = sorted(set(rows[:, 3].tolist()))
    value = np.full((len(rows), 2 * len(nodes)), np.nan)
    for k, node in enumerate(nodes):
        mine = rows[:, 3] == node
        value[mine, k], value[mine, len(nodes) + k] = rows[mine, 4], rows[mine, 5]
    families = (Family.CLIMATE_TEMPERATURE,) * len(nodes) + (Family.CLIMATE_HUMIDITY,) * len(nodes)
    return Recording(name, families, (rows[:, 1] - rows[0, 1]) / 1000.0, value)


def _rig(path: Path, name: str) -> Recording:
    with gzip.open(path, "rt") as lines:
        rows = [line.rstrip("\n").split(";") for line in lines][1:]
    time_s = np.array([_second(row[0]) for row in rows])
    value = np.array([[float(row[6])] for row in rows])
    return Recording(name, (Family.HEAT,), time_s - time_s[0], value)


def _machine(path: Path, name: str) -> Recording:
    with gzip.open(path, "rt") as lines:
        rows = [line.rstrip("\n").split(",") for line in lines][1:]
    time_s = np.array([_second(row[0]) for row in rows])
    degc = (np.array([float(row[1]) for row in rows]) - 32.0) / 1.8
    broken = np.zeros(len(rows), np.bool_)
    for begin, end in NAB_FAILURES:
        broken |= (time_s >= _second(begin)) & (time_s <= _second(end))
    return Recording(name, (Family.HEAT,), (time_s - time_s[0])[~broken], degc[~broken][:, np.newaxis])


def _second(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


READERS: Mapping[str, Callable[[Path, str], Recording]] = {
    "NASA": _cell,
    "room_climate": _climate,
    "SKAB": _rig,
    "NAB": _machine,
}
"""Who reads files whose names begin so."""


def judge_recording(data: Path, name: str) -> store.Arrays:
    """Rises to each level by head, hours, and the families, of one recording."""
    recording = read(data, name)
    site, n = _site(recording.families), len(recording.families)
    layout = lay_out(site)
    detector = Detector(layout)
    order = np.argsort(recording.time_s, kind="stable")
    last, times = np.zeros(n, np.uint8), np.zeros((len(LEVELS), n), np.int64)
    value, quality = np.full(n, np.nan), np.full(n, int(Quality.UNKNOWN), np.uint8)
    sample, received_ms = np.zeros(n, np.int64), np.zeros(n, np.int64)
    watched_s, before_s = 0.0, math.nan
    for k, row in enumerate(order.tolist()):
        now_s = float(recording.time_s[row])
        if now_s - before_s > LONGEST_GAP_S:
            detector, last = Detector(layout), np.zeros(n, np.uint8)
        elif not math.isnan(before_s):
            watched_s += now_s - before_s
        before_s = now_s
        tick_ms = round(now_s * 1000)
        new = ~np.isnan(recording.value[row])
        value[new], quality[new], received_ms[new] = recording.value[row][new], int(Quality.GOOD), tick_ms
        sample[new] += 1
        arrays = (value.copy(), quality.copy(), sample.copy(), received_ms.copy())
        level = detector.advance(Image(k, tick_ms, *arrays, host=HEALTHY)).level.copy()
        for place, threshold in enumerate(LEVELS):
            times[place] += (level >= threshold) & (last < threshold)
        last = level
    return {
        "times": times,
        "hours": np.array(watched_s / 3600.0),
        "families": np.array([family.value for family in recording.families]),
        "rows": np.array(len(order)),
    }


def _site(families: tuple[Family, ...]) -> Site:
    heads: dict[str, Head] = {}
    blocks: dict[str, Block] = {}
    links: dict[str, Link] = {}
    devices: dict[str, Device] = {}
    for k, family in enumerate(families):
        name = f"{family.value}-{k}"
        links[name] = ModbusTcp(endpoint=f"127.0.0.1:{1502 + k}")
        devices[name] = Device(link=name)
        blocks[name] = Block(device=name, table=Table.INPUT, address=0, type=DataType.INT16, factor=0.1)
        rack = "rack" if family in {Family.CELL_TEMPERATURE, Family.CELL_VOLTAGE} else ""
        heads[name] = Head(family=family, zone="room", points=(name,), rack=rack)
    zones = {"room": Zone(title="Room", racks=("rack",))}
    info = SiteInfo(name="recording")
    return Site(site=info, links=links, devices=devices, blocks=blocks, zones=zones, heads=heads, outputs={}, matrix={})
