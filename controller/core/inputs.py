"""What decide sees of an image: small tuples of plain numbers, so that a scan in which nothing changed can be told in one comparison."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from controller.core.detect.detector import Readings
from controller.core.image import Image
from controller.core.layout import Layout
from controller.core.state import Tri
from controller.site.model import Family, Feedback, Physics
from drivers.points import Quality

FLAT_SLOPE_DEGC_PER_S = 0.01
"""A rack whose hottest cell rises slower counts as flat (assumed: 0.6 K a minute, above sensor noise)."""


class HeadReading(NamedTuple):
    """A head now: unlatched level, runaway flag, fault (0 none, 1 some points, 2 whole head)."""

    level: int
    runaway: int
    fault: int


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


@dataclass(frozen=True, slots=True)
class _Contacts:
    """Index arrays of everything that is read as a contact, made once."""

    points: npt.NDArray[np.int32]
    spans: tuple[tuple[int, int], ...]


class InputReader:
    """Turns images into `Inputs`; keeps nothing but index arrays and the last conversion."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._wired = tuple(h for h in layout.heads if h.physics is Physics.WIRED)
        zones = tuple(layout.site.zones.values())
        groups = [list(h.points) for h in self._wired] + [list(o.channels) for o in layout.outputs]
        groups += [[layout.point(z.release.discharged)] if z.release else [] for z in zones]
        self._contacts = _contacts(groups)
        self._feedback = np.array([o.feedback for o in layout.outputs], np.int32)
        self._flow = [(layout.point(z.cooling.flow), z.cooling.flow_min_lpm) if z.cooling else None for z in zones]
        self._hydrogen = tuple(_hydrogen(layout, index) for index in range(len(zones)))
        self._calm_limit = np.array([_guard_limit(layout, rack) for rack in range(len(layout.racks))])
        self._last_contacts: tuple[bytes, tuple[tuple[int, ...], ...]] = (b"", ())

    def read(self, image: Image, readings: Readings) -> Inputs:
        """The image and the detector's readings of it, as decide sees them."""
        groups = self._groups(image)
        n_wired, n_outputs = len(self._wired), len(self._layout.outputs)
        channels = groups[n_wired : n_wired + n_outputs]
        return Inputs(
            heads=tuple(map(HeadReading, readings.level.tolist(), readings.runaway.tolist(), readings.fault.tolist())),
            wired=self._wired_states(groups[:n_wired]),
            channels=channels,
            feedback=self._feedback_states(image),
            devices=tuple(self._device_ok(image, points) for points in self._layout.device_points),
            discharged=tuple(group[0] if group else Tri.NO for group in groups[n_wired + n_outputs :]),
            flowing=tuple(_flowing(image, flow) for flow in self._flow),
            gas_high=tuple(self._gas_high(image, index) for index in range(len(self._hydrogen))),
            calm=self._calm(readings),
            host=image.host,
        )

    def _groups(self, image: Image) -> tuple[tuple[int, ...], ...]:
        points = self._contacts.points
        level = np.where(image.quality[points] == Quality.GOOD, image.value[points] >= 0.5, Tri.UNKNOWN)  # noqa: PLR2004
        key = level.astype(np.uint8).tobytes()
        if key != self._last_contacts[0]:
            self._last_contacts = key, tuple(tuple(key[a:b]) for a, b in self._contacts.spans)
        return self._last_contacts[1]

    def _wired_states(self, groups: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
        states = [int(Tri.NO)] * len(self._layout.heads)
        for head, contacts in zip(self._wired, groups, strict=True):
            states[head.index] = wired_state(head.head.family, head.head.active, contacts)
        return tuple(states)

    def _feedback_states(self, image: Image) -> tuple[int, ...]:
        value, quality = image.value[self._feedback].tolist(), image.quality[self._feedback].tolist()
        return tuple(
            _field_says(output.output.feedback, v, q)
            for output, v, q in zip(self._layout.outputs, value, quality, strict=True)
        )

    @staticmethod
    def _device_ok(image: Image, points: npt.NDArray[np.int32]) -> bool:
        """A device is there while any of its points is fresh; a device without points is not judged."""
        if points.size == 0:
            return True
        quality = image.quality[points]
        return bool(((quality == Quality.GOOD) | (quality == Quality.OUT_OF_SERVICE)).any())

    def _gas_high(self, image: Image, zone: int) -> int:
        points, limit_ppm = self._hydrogen[zone]
        if points.size == 0:
            return Tri.NO
        good = image.quality[points] == Quality.GOOD
        if bool((image.value[points][good] > limit_ppm).any()):
            return Tri.YES
        return Tri.NO if 2 * int(good.sum()) > points.size else Tri.UNKNOWN

    def _calm(self, readings: Readings) -> tuple[bool, ...]:
        hottest, slope = readings.rack_hottest_degc, readings.rack_slope_degc_per_s
        calm = (hottest < self._calm_limit) & (slope < FLAT_SLOPE_DEGC_PER_S) & (readings.rack_live_fraction >= 1.0)
        return tuple(calm.tolist())


def wired_state(family: Family, active: int, contacts: tuple[int, ...]) -> int:
    """A wired head from its contacts: one contact, or an antivalent pair (normally open first) whose disagreement is UNKNOWN (rule 5)."""
    if Tri.UNKNOWN in contacts:
        return Tri.UNKNOWN
    if len(contacts) == 1 and family is not Family.CALL_POINT:
        return Tri.YES if contacts[0] == active else Tri.NO
    if len(contacts) != 2 or contacts[0] == contacts[1]:  # noqa: PLR2004
        return Tri.UNKNOWN
    return Tri(contacts[0])


def _contacts(groups: list[list[int]]) -> _Contacts:
    ends = np.cumsum([len(group) for group in groups]).tolist()
    spans = tuple((end - len(group), end) for end, group in zip(ends, groups, strict=True))
    return _Contacts(np.array([point for group in groups for point in group], np.int32), spans)


def _hydrogen(layout: Layout, zone: int) -> tuple[npt.NDArray[np.int32], float]:
    heads = [h.points for h in layout.heads if h.zone == zone and h.head.family is Family.H2]
    release = tuple(layout.site.zones.values())[zone].release
    points = np.concatenate([np.empty(0, np.int32), *heads])
    return points, release.purge_above_h2_ppm if release else np.inf


def _guard_limit(layout: Layout, rack: int) -> float:
    cooling = tuple(layout.site.zones.values())[layout.rack_zone[rack]].cooling
    return cooling.guard_below_degc if cooling else np.inf


def _field_says(feedback: Feedback | None, value: float, quality: int) -> int:
    if feedback is None or quality != Quality.GOOD:
        return -1
    if feedback.at_least:
        return int(value >= feedback.active)
    if abs(value - feedback.active) <= feedback.tolerance:
        return 1
    return 0 if abs(value - feedback.inactive) <= feedback.tolerance else -1


def _flowing(image: Image, flow: tuple[int, float] | None) -> int:
    if flow is None:
        return Tri.NO
    point, minimum = flow
    if image.quality[point] != Quality.GOOD:
        return Tri.UNKNOWN
    return int(image.value[point] >= minimum)
