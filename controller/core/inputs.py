"""What decide sees of an image: small tuples of plain numbers, so that a scan in which nothing changed can be told in one comparison."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from controller.core.detect.defaults import limits_of
from controller.core.detect.fusion import Weighed
from controller.core.detect.readings import Readings
from controller.core.image import Changes, Image, asked_by
from controller.core.layout import Layout
from controller.core.state import Tri
from controller.site.model import ANTIVALENT, Family, Physics
from drivers.compiled.door import short_kernel
from drivers.points import Quality

FLAT_SLOPE_DEGC_PER_S = 0.01
"""A rack whose hottest cell rises slower counts as flat (assumed: 0.6 K a minute, above sensor noise)."""


class HeadReading(NamedTuple):
    """A head now: unlatched level, runaway flag, fault (0 none, 1 some points, 2 whole head), marks (`Readings.marks`)."""

    level: int
    runaway: int
    fault: int
    marks: int = 0


class Inputs(NamedTuple):
    """One scan as decide sees it; all tuples follow the layout's order."""

    heads: tuple[HeadReading, ...]
    wired: tuple[int, ...]
    """Per head: Tri for wired heads, NO for the others."""
    channels: tuple[tuple[int, ...], ...]
    """Per output: what its channels read back (Tri)."""
    feedback: tuple[int, ...]
    """Per output: 1 the field shows it active, 0 inactive, -1 unknown or in between; outputs without feedback: -1."""
    devices: tuple[bool, ...]
    discharged: tuple[int, ...]
    flowing: tuple[int, ...]
    gas_high: tuple[int, ...]
    """Per zone, voted over its hydrogen heads (rule 6): UNKNOWN when most cannot tell."""
    calm: tuple[bool, ...]
    """Per rack: below its limit, flat, every cell sensor alive."""
    host: tuple[int, ...]
    weighed: tuple[Weighed, ...] = ()
    """Per zone: what its heads say together. Empty: nothing is weighed."""


GOOD = int(Quality.GOOD)
OUT_OF_SERVICE = int(Quality.OUT_OF_SERVICE)
YES, NO, UNKNOWN = int(Tri.YES), int(Tri.NO), int(Tri.UNKNOWN)
WHOLE_HEAD = 2
"""Fault of a head of which nothing is left (`HeadReading.fault`)."""
FIRE_2, DRIFTED = 1, 2
"""Bits of `HeadReading.marks`: smoke at fire 2; smoke whose drift is at the limit of its compensation."""
FLOW_MAX_LPM = 10_000.0
"""A flow above this is absurd, so not known (assumed: several times what a fire pump of a building gives)."""
CLOSED = 0.5
"""A contact whose value is at least this is closed."""


_FIELD, _GAS = 1, 2
"""Bits of what is judged again: contacts, feedback, devices and flows; the vote of the hydrogen heads."""


class InputReader:
    """Turns images into `Inputs`. Everything is first judged in a few array steps; tuples are made only when something changed."""

    def __init__(self, layout: Layout) -> None:
        self._wired = tuple(h for h in layout.heads if h.physics is Physics.WIRED)
        self._n_heads, self._n_outputs = len(layout.heads), len(layout.outputs)
        zones = tuple(layout.site.zones.values())
        groups = [list(h.points) for h in self._wired] + [list(o.channels) for o in layout.outputs]
        groups += [[layout.point(z.release.discharged)] if z.release else [] for z in zones]
        ends = np.cumsum([len(group) for group in groups]).tolist()
        self._spans = tuple((end - len(group), end) for end, group in zip(ends, groups, strict=True))
        self._contacts = np.array([point for group in groups for point in group], np.int32)
        self._feedback = _FeedbackReader(layout)
        self._devices = _DeviceReader(layout)
        self._flow = tuple((layout.point(z.cooling.flow), z.cooling.flow_min_lpm) if z.cooling else None for z in zones)
        self._hydrogen = tuple(_hydrogen(layout, index) for index in range(len(zones)))
        self._detected = _Detected(layout)
        flows = [np.array([flow[0]], np.int32) for flow in self._flow if flow]
        still = np.concatenate([self._contacts, self._feedback.points, *flows])
        self._asks = np.zeros(layout.n_points, np.int32)
        self._asks[still] |= _FIELD
        self._asks[np.concatenate([hydrogen.points for hydrogen in self._hydrogen])] |= _GAS
        self._field: tuple[npt.NDArray[np.generic], ...] = ()
        self._gas_high = np.zeros(0, np.uint8)
        self._key: tuple[bytes, tuple[int, ...], tuple[Weighed, ...]] = (b"", (), ())
        self._inputs: Inputs | None = None

    def read(
        self, image: Image, readings: Readings, weighed: tuple[Weighed, ...] = (), changed: Changes | None = None
    ) -> Inputs:
        """The image and the detector's readings of it, as decide sees them; the very same object while nothing changed.

        `changed` says where the image differs from the one before; None: not known, so everything is judged anew.
        """
        asked, news = self._asked(changed), self._detected.look(readings)
        is_same = not asked and not news and weighed is self._key[2]
        if is_same and self._inputs is not None and image.host == self._inputs.host:
            return self._inputs
        good = image.quality == GOOD
        if asked & _FIELD:
            self._field = self._read_field(image, good)
        if asked & _GAS or news & _FAULTS:
            votes = (_gas_high(image.value, image.quality, readings.fault, *hydrogen) for hydrogen in self._hydrogen)
            self._gas_high = np.array(list(votes), np.uint8)
        parts = (*self._detected.heads, *self._field, self._gas_high, self._detected.calm)
        key = b"".join(part.tobytes() for part in parts), image.host, weighed
        if self._inputs is None or key != self._key:
            self._key = key
            self._inputs = self._make(parts, image.host, weighed)
        return self._inputs

    def _asked(self, changed: Changes | None) -> int:
        """What is to be judged again, for points of it have another value or any point has another quality."""
        if changed is None or changed.requalified:
            return _FIELD | _GAS
        return asked_by(self._asks, changed.moved)

    def _read_field(self, image: Image, good: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.generic], ...]:
        """Contacts, feedback, devices and flows. They stand still for hours."""
        flowing = np.array([_flowing(image, flow) for flow in self._flow], np.uint8)
        feedback, devices = self._feedback.read(image, good), self._devices.read(image, good)
        return self._levels(image, good), feedback, devices, flowing

    def _make(
        self, parts: tuple[npt.NDArray[np.generic], ...], host: tuple[int, ...], weighed: tuple[Weighed, ...]
    ) -> Inputs:
        level, runaway, fault, marks, contacts, feedback, devices, flowing, gas_high, calm = (
            part.tolist() for part in parts
        )
        groups = tuple(tuple(contacts[a:b]) for a, b in self._spans)
        n_wired = len(self._wired)
        wired = [int(Tri.NO)] * self._n_heads
        for head, closed in zip(self._wired, groups[:n_wired], strict=True):
            wired[head.index] = int(wired_state(head.head.family, head.head.active, closed))
        return Inputs(
            heads=tuple(map(HeadReading, level, runaway, fault, marks)),
            wired=tuple(wired),
            channels=groups[n_wired : n_wired + self._n_outputs],
            feedback=tuple(feedback),
            devices=tuple(devices),
            discharged=tuple(group[0] if group else int(Tri.NO) for group in groups[n_wired + self._n_outputs :]),
            flowing=tuple(flowing),
            gas_high=tuple(gas_high),
            calm=tuple(calm),
            host=host,
            weighed=weighed,
        )

    def _levels(self, image: Image, good: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
        """Contacts and channels: 0 or 1, UNKNOWN without a good value (NaN is none)."""
        value = image.value[self._contacts]
        known = good[self._contacts] & ~np.isnan(value)
        return np.where(known, value >= CLOSED, UNKNOWN).astype(np.uint8)


_ANYTHING, _FAULTS = 1, 2
"""Bits of what is new of the detector: anything, and the fault of a head."""


class _Detected:
    """What decide sees of the detector: level, runaway, fault and marks by head (`heads`), and which racks are calm."""

    def __init__(self, layout: Layout) -> None:
        n_heads, n_racks = len(layout.heads), len(layout.racks)
        self.heads = np.zeros((4, n_heads), np.uint8)
        self.calm = np.zeros(n_racks, np.bool_)
        self._limit = np.array([_guard_limit(layout, rack) for rack in range(n_racks)])

    def look(self, readings: Readings) -> int:
        """Take over what the detector reads now, which it overwrites in place; returns what of it is new."""
        r = readings
        racks = r.rack_hottest_degc, r.rack_slope_degc_per_s, r.rack_live_fraction, self._limit
        return _look(r.level, r.runaway, r.fault, r.marks, *racks, self.heads, self.calm)


_Bytes = npt.NDArray[np.uint8]
_Floats = npt.NDArray[np.float64]


@short_kernel
def _look(
    level: _Bytes, runaway: _Bytes, fault: _Bytes, marks: _Bytes,
    hottest_degc: _Floats, slope_degc_per_s: _Floats, live_fraction: _Floats, limit_degc: _Floats,
    heads: _Bytes, calm: npt.NDArray[np.bool_],
) -> int:  # fmt: skip
    news = 0
    for i in range(level.shape[0]):
        if fault[i] != heads[2, i]:
            news |= _ANYTHING | _FAULTS
        if level[i] != heads[0, i] or runaway[i] != heads[1, i] or marks[i] != heads[3, i]:
            news |= _ANYTHING
        heads[0, i], heads[1, i], heads[2, i], heads[3, i] = level[i], runaway[i], fault[i], marks[i]
    for rack in range(calm.shape[0]):
        is_flat = slope_degc_per_s[rack] < FLAT_SLOPE_DEGC_PER_S
        is_calm = hottest_degc[rack] < limit_degc[rack] and is_flat and live_fraction[rack] >= 1.0
        if is_calm != calm[rack]:
            news |= _ANYTHING
        calm[rack] = is_calm
    return news


class _FeedbackReader:
    """What the field says of every output, in array steps: 1 active, 0 inactive, -1 unknown, in between or no feedback."""

    def __init__(self, layout: Layout) -> None:
        feedback = [output.output.feedback for output in layout.outputs]
        self.points = np.array([max(output.feedback, 0) for output in layout.outputs], np.int32)
        self._has = np.array([f is not None for f in feedback], np.bool_)
        self._active = np.array([f.active if f else 0.0 for f in feedback])
        self._inactive = np.array([f.inactive if f else 0.0 for f in feedback])
        self._tolerance = np.array([f.tolerance if f else 0.0 for f in feedback])
        self._at_least = np.array([bool(f and f.at_least) for f in feedback], np.bool_)

    def read(self, image: Image, good: npt.NDArray[np.bool_]) -> npt.NDArray[np.int8]:
        """Shape (n_outputs,)."""
        value = image.value[self.points]
        contact = np.where(np.abs(value - self._inactive) <= self._tolerance, 0, -1)
        contact = np.where(np.abs(value - self._active) <= self._tolerance, 1, contact)
        flow = np.where(np.isnan(value) | (value > FLOW_MAX_LPM), -1, value >= self._active)
        says = np.where(self._at_least, flow, contact)
        return np.where(self._has & good[self.points], says, -1).astype(np.int8)


class _DeviceReader:
    """Whether each device is there: any of its points is fresh or out of service. A device without points is not judged."""

    def __init__(self, layout: Layout) -> None:
        sizes = np.array([points.size for points in layout.device_points])
        self._judged = sizes > 0
        self._points = np.concatenate(layout.device_points)
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        self._starts = starts[self._judged].astype(np.intp)

    def read(self, image: Image, good: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Shape (n_devices,)."""
        fresh = (good | (image.quality == OUT_OF_SERVICE))[self._points]
        result = np.ones(self._judged.size, np.bool_)
        result[self._judged] = np.logical_or.reduceat(fresh, self._starts)
        return result


def wired_state(family: Family, active: int, contacts: tuple[int, ...]) -> int:
    """A wired head from its contacts: one contact, or an antivalent pair (normally open first) whose disagreement is UNKNOWN (rule 5)."""
    if Tri.UNKNOWN in contacts:
        return Tri.UNKNOWN
    if len(contacts) == 1 and family not in ANTIVALENT:
        return Tri.YES if contacts[0] == active else Tri.NO
    if len(contacts) != 2 or contacts[0] == contacts[1]:  # noqa: PLR2004
        return Tri.UNKNOWN
    return Tri(contacts[0])


class _Hydrogen(NamedTuple):
    """The hydrogen points of a zone, arrays of one length: place in the image, head, lowest and highest value to be believed."""

    points: npt.NDArray[np.int32]
    heads: npt.NDArray[np.int32]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    limit_ppm: float


def _hydrogen(layout: Layout, zone: int) -> _Hydrogen:
    heads = [h for h in layout.heads if h.zone == zone and h.head.family is Family.H2]
    sizes = [h.points.size for h in heads]
    limits = [limits_of(h.head) for h in heads]
    release = tuple(layout.site.zones.values())[zone].release
    return _Hydrogen(
        np.concatenate([np.empty(0, np.int32), *(h.points for h in heads)]),
        np.repeat(np.array([h.index for h in heads], np.int32), sizes),
        np.repeat([-np.inf if limit.low is None else limit.low for limit in limits], sizes),
        np.repeat([np.inf if limit.high is None else limit.high for limit in limits], sizes),
        release.purge_above_h2_ppm if release else np.inf,
    )


def _guard_limit(layout: Layout, rack: int) -> float:
    cooling = tuple(layout.site.zones.values())[layout.rack_zone[rack]].cooling
    return cooling.guard_below_degc if cooling else np.inf


def _flowing(image: Image, flow: tuple[int, float] | None) -> int:
    if flow is None:
        return Tri.NO
    point, minimum = flow
    value = float(image.value[point])
    if image.quality[point] != Quality.GOOD or np.isnan(value) or value > FLOW_MAX_LPM:
        return Tri.UNKNOWN
    return int(value >= minimum)


@short_kernel
def _gas_high(
    value: _Floats, quality: _Bytes, fault: _Bytes,
    points: npt.NDArray[np.int32], heads: npt.NDArray[np.int32], low: _Floats, high: _Floats, limit_ppm: float,
) -> int:  # fmt: skip
    """The vote of rule 6 (`Tri`). Only a believable value of a head that its detector trusts has a vote (rule 1); NaN is none."""
    alive = 0
    for k in range(points.shape[0]):
        shown = value[points[k]]
        is_believed = low[k] <= shown <= high[k]
        if quality[points[k]] == GOOD and is_believed and fault[heads[k]] < WHOLE_HEAD:
            alive += 1
            if shown > limit_ppm:
                return YES
    if points.shape[0] == 0 or 2 * alive > points.shape[0]:
        return NO
    return UNKNOWN
