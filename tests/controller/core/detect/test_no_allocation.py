"""A scan of the detector allocates the same few objects whatever the number of points, and keeps none."""

import tracemalloc

import numpy as np

from controller.core.image import Image
from controller.site.model import Family
from tests.naive.rig import Rig, Spec

MOST_BYTES = 16_384
"""A handful of Python objects; one float64 a point would be 80 kB at the larger size."""


def scans(points: int) -> tuple[int, int]:
    """Median of the most that a scan had at once, and of what it kept, in bytes."""
    rig = Rig({
        "t": Spec(Family.CELL_TEMPERATURE, points, 16, "r1"), "v": Spec(Family.CELL_VOLTAGE, points, 16, "r1"),
        "h2": Spec(Family.H2, 8, rack="r1"), "smoke": Spec(Family.SMOKE, 2), "heat": Spec(Family.HEAT, 2),
    })  # fmt: skip
    rig.run(10)
    made = [_image(rig, points, seed) for seed in range(20)]
    for image in made[:5]:
        rig.detector.advance(image)
    peaks, kept = [], []
    tracemalloc.start()
    try:
        for image in made[5:]:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            rig.detector.advance(image)
            now, peak = tracemalloc.get_traced_memory()
            peaks.append(peak - before)
            kept.append(now - before)
    finally:
        tracemalloc.stop()
    return sorted(peaks)[len(peaks) // 2], sorted(kept)[len(kept) // 2]


def _image(rig: Rig, points: int, seed: int) -> Image:
    rig.sample += 1
    rig.tick_ms += 1000
    rig.set("t", 25.0 + np.random.default_rng(seed).normal(0.0, 0.1, points))
    rig.buffer.sample[:], rig.buffer.received_ms[:] = rig.sample, rig.tick_ms
    return rig.image()


def test_a_scan_allocates_nothing_by_the_point() -> None:
    few, many = scans(1024), scans(10_240)
    assert many[0] <= MOST_BYTES
    assert abs(many[0] - few[0]) <= MOST_BYTES // 8
    assert few[1] == many[1] == 0
