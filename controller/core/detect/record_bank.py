"""Banks of records: the heads of related families and their points, as the records that one kernel call works on."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from controller.core.detect import kernels, reduce
from controller.core.detect.defaults import CAP, COLLAPSE_SHARE, MAX_OPERATING_DEGC, limits_of
from controller.core.detect.readings import Readings
from controller.core.detect.records import HEAD, POINT, RING, new_points
from controller.core.events import Level
from controller.core.image import Image
from controller.core.layout import HeadLayout, Layout
from controller.site.model import Family, Limits, Physics

RECORDED: tuple[tuple[Family, ...], ...] = (
    (Family.CELL_VOLTAGE,),  # before the temperatures: runaway looks at a cell's voltage
    (Family.CELL_TEMPERATURE,),
)
MIN_GROUP, MAX_GROUP = 2, 32
"""Points of a module that can be compared with their median."""

_THRESHOLDS = ("advisory", "pre_alarm", "alarm", "rate_pre_alarm", "rate_alarm")
_PLAIN = ("hysteresis", "deviation_advisory", "deviation_pre_alarm")
_LOWEST = {
    "lowest": ("advisory", "pre_alarm", "alarm"),
    "lowest_deviation": ("deviation_advisory", "deviation_pre_alarm"),
    "lowest_rate": ("rate_pre_alarm", "rate_alarm"),
}
_UNSEEN = 255


@dataclass(frozen=True, slots=True)
class RecordBank:
    """The memory of one kernel: `heads` (h,) HEAD and `points` (n,) POINT records.

    `index` int32 (n,) are the points' places in the image, `partners` the voltage bank's points, `seen_quality` uint8
    (n,) and `seen_sample` int64 (n,) what was taken in last.
    """

    families: tuple[Family, ...]
    index: npt.NDArray[np.int32]
    heads: npt.NDArray[np.void]
    points: npt.NDArray[np.void]
    partners: npt.NDArray[np.void]
    seen_quality: npt.NDArray[np.uint8]
    seen_sample: npt.NDArray[np.int64]
    scratch: npt.NDArray[np.float64]

    def advance(self, image: Image) -> bool:
        """Take in an image; returns whether anything was new."""
        return bool(
            kernels.advance(
                self.index, image.value, image.quality, image.sample, image.received_ms, image.tick_ms,
                self.heads, self.points, self.partners, self.seen_quality, self.seen_sample, self.scratch,
            )
        )  # fmt: skip

    def reduce(self, readings: Readings) -> None:
        """Write the readings of the bank's heads, and of the racks if it holds cell temperatures."""
        r = readings
        reduce.reduce_heads(
            self.index, self.heads, self.points, r.level, r.runaway, r.fault, r.point, r.feature, r.value, r.threshold,
            r.weight,
        )  # fmt: skip
        if Family.CELL_TEMPERATURE in self.families:
            racks = (r.rack_hottest_degc, r.rack_slope_degc_per_s, r.rack_live_fraction)
            reduce.reduce_racks(self.heads, self.points, *racks)

    def forget(self, head_index: int) -> None:
        """Let go of what the points of a head, and the head itself, keep after their deaths."""
        for head in self.heads[self.heads["index"] == head_index]:
            points = self.points[head["first"] : head["first"] + head["count"]]
            points["kept_level"] = 0
            points["kept_runaway"] = 0
            points["died_ms"] = -1
        self.heads["dying"][self.heads["index"] == head_index] = 0

    def arrays(self) -> Iterator[npt.NDArray[Any]]:
        """All memory, field by field (padding of the records is no memory)."""
        for name in HEAD.names or ():
            yield self.heads[name]
        for name in POINT.names or ():
            yield self.points[name]
        yield self.seen_quality
        yield self.seen_sample


def lay_out_records(layout: Layout) -> tuple[RecordBank, ...]:
    """The banks of `RECORDED`, none without heads. Raises ValueError for a group that does not divide its head."""
    banks: list[RecordBank] = []
    voltage_heads: list[HeadLayout] = []
    voltages = new_points(0)
    for families in RECORDED:
        heads = [head for head in layout.heads if head.head.family in families]
        heads.sort(key=lambda head: not head.head.reference)  # a reference is taken in before it is subtracted
        if not heads:
            continue
        bank = _bank(families, heads, voltages)
        if Family.CELL_VOLTAGE in families:
            voltage_heads, voltages = heads, bank.points
        if Family.CELL_TEMPERATURE in families:
            _pair(bank, heads, voltage_heads)
        banks.append(bank)
    return tuple(banks)


def _bank(families: tuple[Family, ...], heads: list[HeadLayout], voltages: npt.NDArray[np.void]) -> RecordBank:
    index = np.concatenate([head.points for head in heads]).astype(np.int32)
    records = np.zeros(len(heads), HEAD)
    first = 0
    for place, head in enumerate(heads):
        _check_group(head)
        for name, value in _fields(head, heads, first).items():
            records[name][place] = value
        first += len(head.points)
    n = len(index)
    seen = (np.full(n, _UNSEEN, np.uint8), np.full(n, np.iinfo(np.int64).min))
    return RecordBank(families, index, records, new_points(n), voltages, *seen, np.zeros(MAX_GROUP))


def _check_group(head: HeadLayout) -> None:
    group = head.head.group
    count = len(head.points)
    if group and (not MIN_GROUP <= group <= MAX_GROUP or count % group):
        raise ValueError(f"heads.{head.name}.group: {group} must be 2 to {MAX_GROUP} and divide its {count} points")


def _fields(head: HeadLayout, heads: list[HeadLayout], first: int) -> dict[str, float]:
    """The HEAD record of a head whose points begin at `first` of its bank."""
    limits = limits_of(head.head)
    family = Family(head.head.family)
    sign = -1.0 if family == Family.CELL_VOLTAGE else 1.0
    runaway = family == Family.CELL_TEMPERATURE and head.head.group > 0
    return _numbers(limits, sign) | {
        "sign": sign,
        "collapse": COLLAPSE_SHARE if family == Family.CELL_VOLTAGE else math.nan,
        "max_operating": MAX_OPERATING_DEGC if runaway else math.inf,
        "reference_cap": _or(limits.advisory, math.inf),
        "index": head.index,
        "rack": head.rack,
        "first": first,
        "count": len(head.points),
        "group": head.head.group,
        "reference": _reference(head, heads),
        "dying_point": -1,
        "cap": CAP.get(family, Level.ALARM),
        "judge_dying": head.physics == Physics.BMS,
    }


def _numbers(limits: Limits, sign: float) -> dict[str, float]:
    """The limits as numbers: NaN is never passed, infinite never broken."""
    values = msgspec.structs.asdict(limits)
    numbers = {name: sign * _or(values[name], math.nan) for name in _THRESHOLDS}
    numbers |= {name: _or(values[name], math.nan) for name in _PLAIN}
    for name, members in _LOWEST.items():
        numbers[name] = min(
            (numbers[member] for member in members if not math.isnan(numbers[member])), default=math.nan
        )
    window_ms = round(_or(limits.rate_window_s, 0.0) * 1000)
    return numbers | {
        "low": _or(limits.low, -math.inf),
        "high": _or(limits.high, math.inf),
        "hysteresis": _or(limits.hysteresis, 0.0),
        "rate_floor": _or(limits.rate_floor, -math.inf),
        "slew": _or(limits.slew, math.inf),
        "persistence_ms": round(_or(limits.persistence_s, 0.0) * 1000),
        "window_ms": window_ms,
        "spacing_ms": window_ms // (RING - 2),
        "stuck_ms": round(_or(limits.stuck_s, 0.0) * 1000),
    }


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _reference(head: HeadLayout, heads: list[HeadLayout]) -> int:
    """Point in the bank of the room reference of this head's family and zone; -1: none, or it is one itself."""
    first = 0
    for other in heads:
        same = other.head.family == head.head.family and other.zone == head.zone
        if same and other.head.reference and not head.head.reference:
            return first
        first += len(other.points)
    return -1


def _pair(bank: RecordBank, heads: list[HeadLayout], voltage_heads: list[HeadLayout]) -> None:
    """Give every cell temperature its cell's voltage: the head of the same rack and device with as many points."""
    start = 0
    for head in heads:
        first = 0
        for other in voltage_heads:
            if head.head.group and _key(other) == _key(head):
                bank.points["partner"][start : start + len(head.points)] = np.arange(first, first + len(other.points))
            first += len(other.points)
        start += len(head.points)


def _key(head: HeadLayout) -> tuple[int, int, str, int]:
    return head.zone, head.rack, head.device, len(head.points)
