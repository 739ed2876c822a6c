"""The known inputs: a small made-up site with heads of every family, and some minutes of its life with everything in it that a kernel judges.

All is whole-number arithmetic and one division, so that it is the same on every machine. It is not meant to be realistic: values ramp, step,
freeze, vanish, turn absurd, come late and come at different periods.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controller.core.image import Image, freeze
from controller.core.layout import Layout, lay_out
from controller.core.trips import HOST_FACTS
from controller.site.model import Block, Device, Family, Head, Limits, Link, ModbusTcp, Site, SiteInfo, Zone
from drivers.points import BlockBuffer, Quality, Table

SCANS = 160
_RACKS = ("r1", "r2")
_MAX_AGE_MS = 9000
_STEPS_MS = (1000, 1000, 400, 1600, 1000, 100, 900, 2000)
"""Plant time from scan to scan, in turn."""


@dataclass(frozen=True, slots=True)
class _Spec:
    """Heads of a family: points of each, group, racks ("" for the room), rest and noise (tenths or hundredths: `unit`)."""

    family: Family
    count: int
    group: int
    places: tuple[str, ...]
    rest: int
    noise: int
    unit: int
    every: int


_SPECS = (
    _Spec(Family.CELL_TEMPERATURE, 16, 8, _RACKS, 250, 2, 10, 1),
    _Spec(Family.CELL_VOLTAGE, 16, 8, _RACKS, 3700, 3, 1000, 1),
    _Spec(Family.H2, 1, 0, ("", *_RACKS), 30, 20, 10, 1),
    _Spec(Family.CO, 1, 0, ("", *_RACKS), 20, 10, 10, 1),
    _Spec(Family.VOC, 1, 0, ("", *_RACKS), 100, 30, 10, 2),
    _Spec(Family.SMOKE, 1, 0, ("", ""), 2, 1, 100, 1),
    _Spec(Family.HEAT, 2, 0, ("",), 240, 2, 10, 1),
    _Spec(Family.CLIMATE_TEMPERATURE, 2, 0, ("",), 220, 2, 10, 3),
    _Spec(Family.CLIMATE_HUMIDITY, 1, 0, ("",), 450, 5, 10, 3),
)


def layout() -> Layout:
    """One zone of two racks; every head has a block of its own, all of one rack's BMS values one device."""
    links: dict[str, Link] = {"link": ModbusTcp(endpoint="127.0.0.1:1")}
    devices: dict[str, Device] = {}
    blocks: dict[str, Block] = {}
    heads: dict[str, Head] = {}
    for spec in _SPECS:
        for number, rack in enumerate(spec.places):
            name = f"{spec.family.value}-{number}"
            cells = spec.family in {Family.CELL_TEMPERATURE, Family.CELL_VOLTAGE}
            device = f"bms-{rack}" if cells else name
            devices[device] = Device(link="link")
            blocks[name] = Block(
                device=device, table=Table.INPUT, address=100 * len(blocks), count=spec.count, factor=1.0 / spec.unit
            )
            is_reference = rack == "" and len(spec.places) > len(_RACKS)
            heads[name] = Head(
                family=spec.family, zone="room", points=(name,), rack=rack, group=spec.group, reference=is_reference,
                limits=Limits(),
            )  # fmt: skip
    zones = {"room": Zone(title="Room", racks=_RACKS)}
    info = SiteInfo(name="Golden")
    return lay_out(
        Site(site=info, links=links, devices=devices, blocks=blocks, zones=zones, heads=heads, outputs={}, matrix={})
    )


def images(of: Layout) -> Iterator[Image]:
    """The images of the stream, made by the very kernels that judge ages."""
    values, bad, fresh = _life(of)
    buffer = BlockBuffer.empty(of.n_points)
    max_age_ms = np.full(of.n_points, _MAX_AGE_MS, np.int64)
    tick_ms, image = 0, None
    for scan in range(SCANS):
        tick_ms += _STEPS_MS[scan % len(_STEPS_MS)]
        new = fresh[scan]
        np.copyto(buffer.value, values[scan], where=new)
        np.copyto(buffer.quality, np.where(bad[scan], Quality.BAD, Quality.GOOD).astype(np.uint8), where=new)
        np.copyto(buffer.received_ms, tick_ms, where=new)
        buffer.sample[new] += 1
        image = freeze(scan, tick_ms, [buffer], max_age_ms, _host(scan), image)
        yield image


def _host(scan: int) -> tuple[int, ...]:
    return tuple(int(fact == "night" and scan >= SCANS // 2) for fact in HOST_FACTS)


def _life(of: Layout) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Values, bad qualities and new samples by scan and point: rest, noise, and what happens at each point."""
    scan = np.arange(SCANS)
    values = np.zeros((SCANS, of.n_points))
    bad, fresh = np.zeros(values.shape, bool), np.zeros(values.shape, bool)
    noise = _noise(scan[:, None], np.arange(of.n_points))
    for head in of.heads:
        spec = next(spec for spec in _SPECS if spec.family == head.head.family)
        number = int(head.name.rpartition("-")[2])
        raw = spec.rest + noise[:, head.points] % (2 * spec.noise + 1) - spec.noise
        for place in range(spec.count):
            raw[:, place] += _episode(spec.family, number, place, scan)
        values[:, head.points] = raw / spec.unit
        is_late = (spec.family is Family.HEAT) & (scan >= 30) & (scan < 50)  # noqa: PLR2004 (long enough to grow stale)
        fresh[:, head.points] = ((scan % spec.every == 0) & ~is_late)[:, None]
    _spoil(values, bad, of.heads[0].points)
    return values, bad, fresh


def _noise(scan: npt.NDArray[np.int64], point: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    mixed = (point * 2654435761 + scan * 40503 + 12345) & 0xFFFFFFFF  # Knuth's multiplicative hashing
    mixed ^= mixed >> 15
    return (mixed * 46021 & 0xFFFFFFFF) >> 13


def _episode(family: Family, number: int, place: int, scan: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """What is added to a value, in its unit: one cell of the first rack goes into runaway, and all else follows it."""
    match family:
        case Family.CELL_TEMPERATURE if (number, place) == (0, 3):
            return _ramp(scan - 60, 3) + _ramp(scan - 100, 14)
        case Family.CELL_TEMPERATURE if number == 1:
            return _ramp(scan - 20, 1) // 2  # a room that warms all of them
        case Family.CELL_VOLTAGE if (number, place) == (0, 3):
            return np.where(scan > 108, -2200, -_ramp(scan - 60, 4))  # noqa: PLR2004 (collapse in the steep part)
        case Family.H2 | Family.CO | Family.VOC:
            solvent = np.where((scan >= 20) & (scan < 26), 80, 0)  # noqa: PLR2004 (a whiff at all heads)
            return _ramp(scan - 70 - 6 * number, 40 if number == 1 else 5) + solvent
        case Family.SMOKE:
            return _ramp(scan - 90 - 20 * number, 2)
        case Family.HEAT:
            return _ramp(scan - 100, 6 if place == 0 else 1)
        case Family.CLIMATE_HUMIDITY:
            return np.where((scan >= 40) & (scan < 60), 200, 0)  # noqa: PLR2004 (a humidity step)
    return np.zeros_like(scan)


def _ramp(since: npt.NDArray[np.int64], slope: int) -> npt.NDArray[np.int64]:
    return np.maximum(since, 0) * slope


def _spoil(values: npt.NDArray[np.float64], bad: npt.NDArray[np.bool_], points: npt.NDArray[np.int32]) -> None:
    """Values that are none: a stuck one, a lone spike, absurd ones, a dead line, a burst of deaths at the end."""
    values[10:, points[5]] = 25.1
    values[40, points[6]] += 55.0
    values[44:47, points[7]] = np.inf, -np.inf, 3276.7
    values[50:58, points[8]], bad[50:58, points[8]] = np.nan, True
    for begin, place in enumerate((3, 2, 4, 1), 130):
        if place % 2:
            values[begin:, points[place]], bad[begin:, points[place]] = np.nan, True
        else:
            values[begin:, points[place]] = -50.0 * place
