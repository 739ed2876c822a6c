"""The detector: banks of kernels over the image, and what they say of every head and rack."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controller.core.chain import InputDigest
from controller.core.detect import kernels, reduce
from controller.core.detect.banks import Bank, lay_out_banks
from controller.core.events import Evidence, Feature
from controller.core.image import Image, freeze, is_again
from controller.core.layout import Layout
from controller.site.model import Family
from drivers.points import BlockBuffer

_FEATURES = tuple(Feature)


@dataclass(frozen=True, slots=True)
class Readings:
    """What the detector sees now, by head index and by rack index. Owned by the detector, overwritten by `advance`.

    `level` uint8 (`Level`), not latched; `runaway` uint8; `fault` uint8 (0 none, 1 some points, 2 the whole head);
    `point` int32 image index of the strongest evidence, or of the fault; `feature` uint8 (place in `Feature`); `value`
    and `threshold` float64 in the feature's units, NaN for none. Wired heads stay 0. `rack_hottest_degc` and its
    `rack_slope_degc_per_s` (NaN: no live sensor, or not known yet) and `rack_live_fraction` float64.
    """

    level: npt.NDArray[np.uint8]
    runaway: npt.NDArray[np.uint8]
    fault: npt.NDArray[np.uint8]
    point: npt.NDArray[np.int32]
    feature: npt.NDArray[np.uint8]
    value: npt.NDArray[np.float64]
    threshold: npt.NDArray[np.float64]
    rack_hottest_degc: npt.NDArray[np.float64]
    rack_slope_degc_per_s: npt.NDArray[np.float64]
    rack_live_fraction: npt.NDArray[np.float64]

    @classmethod
    def empty(cls, layout: Layout) -> "Readings":
        """Nothing seen yet."""
        n_heads, n_racks = len(layout.heads), len(layout.racks)
        first_points = np.array([head.points[0] for head in layout.heads], np.int32)
        level, runaway, fault, feature = (np.zeros(n_heads, np.uint8) for _ in range(4))
        value, threshold = np.full(n_heads, np.nan), np.full(n_heads, np.nan)
        racks = (np.full(n_racks, np.nan), np.full(n_racks, np.nan), np.zeros(n_racks))
        return cls(level, runaway, fault, first_points, feature, value, threshold, *racks)


class Detector:
    """Judges every head of a site. All its memory is private; the same images give the same readings, bit for bit."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._banks = lay_out_banks(layout)
        self._readings = Readings.empty(layout)
        self._image: Image | None = None

    def advance(self, image: Image) -> Readings:
        """Take in one image: one kernel call a bank, done at once unless it has a new sample or another quality."""
        last, self._image = self._image, image
        if last is not None and is_again(last, image):
            return self._readings
        for bank in self._banks:
            if kernels.advance(
                bank.index, image.value, image.quality, image.sample, image.received_ms, image.tick_ms,
                bank.heads, bank.points, bank.partners, bank.seen_quality, bank.seen_sample, bank.scratch,
            ):  # fmt: skip
                self._reduce(bank)
        return self._readings

    def evidence(self, head_index: int) -> Evidence:
        """Why a head reads as it does. A number that does not exist (no value, no threshold) is 0: JSON has no NaN."""
        readings = self._readings
        return Evidence(
            self._layout.heads[head_index].name,
            _FEATURES[int(readings.feature[head_index])],
            self._layout.point_name(int(readings.point[head_index])),
            _finite(float(readings.value[head_index])),
            _finite(float(readings.threshold[head_index])),
        )

    def reset(self, head_index: int) -> None:
        """Let go of what a head keeps as evidence (died after a rise, dying together); what is still true stays."""
        for bank in self._banks:
            for head in bank.heads[bank.heads["index"] == head_index]:
                bank.forget_evidence(head)
                self._reduce(bank)

    def _reduce(self, bank: Bank) -> None:
        r = self._readings
        reduce.reduce_heads(
            bank.index, bank.heads, bank.points, r.level, r.runaway, r.fault, r.point, r.feature, r.value, r.threshold
        )
        if Family.CELL_TEMPERATURE in bank.families:
            racks = (r.rack_hottest_degc, r.rack_slope_degc_per_s, r.rack_live_fraction)
            reduce.reduce_racks(bank.heads, bank.points, *racks)


def _finite(number: float) -> float:
    return number if math.isfinite(number) else 0.0


def warm_up(layout: Layout) -> None:
    """Compile every kernel, or load it from the cache, with the dtypes of real images."""
    detector, digest = Detector(layout), InputDigest()
    for scan in range(2):  # the digest compares the second image with the first
        image = freeze(scan, 0, [BlockBuffer.empty(layout.n_points)], layout.max_age_ms)
        detector.advance(image)
        digest.update(image)
