"""Nanoseconds a point and sample of the detector, beside numpy and a loop in Python."""

import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np

from controller.core.image import Image
from controller.site.model import Family
from tests.bench.vectorised import Vectorised
from tests.naive.detect import NaiveDetector
from tests.naive.rig import Rig, Spec

GROUP = 16
ROUNDS = 7
SIZES = (1024, 10240)
LOOP = "python loop"


def images(rig: Rig, count: int) -> list[Image]:
    """So many images of a quiet room, all points new in each."""
    rng = np.random.default_rng(1)
    made = []
    for _ in range(count):
        rig.sample += 1
        rig.tick_ms += 1000
        rig.buffer.value[:] = np.round(25.0 + rng.normal(0.0, 0.1, rig.layout.n_points), 1)
        rig.buffer.sample[:] = rig.sample
        rig.buffer.received_ms[:] = rig.tick_ms
        made.append(rig.image())
    return made


def nanoseconds(act: Callable[[Image], object], sequence: list[Image], points: int) -> float:
    """Median over the images of the time that one point takes."""
    times = []
    for image in sequence:
        start = time.perf_counter_ns()
        act(image)
        times.append(time.perf_counter_ns() - start)
    return statistics.median(times) / points


def measure(points: int) -> None:
    """Interleaved rounds of all three on the same images; medians of the rounds."""
    rig = Rig({"cells": Spec(Family.CELL_TEMPERATURE, points, GROUP, "r1")})
    vectorised = Vectorised(points, GROUP)
    naive = NaiveDetector(rig.layout)
    peers: dict[str, Callable[[Image], object]] = {
        "kernel": rig.detector.advance,
        "numpy": lambda image: vectorised.advance(image.value, image.tick_ms / 1000.0, 1.0),
        LOOP: naive.advance,
    }
    found: dict[str, list[float]] = {name: [] for name in peers}
    idle = []
    with np.errstate(all="ignore"):
        for _ in range(ROUNDS):
            sequence = images(rig, 8)
            for name, act in peers.items():
                # The loop takes a second an image: one a round is enough of it.
                found[name].append(nanoseconds(act, sequence[-1:] if name == LOOP else sequence, points))
            idle.append(nanoseconds(rig.detector.advance, [sequence[-1]] * 8, points))
    kernel = statistics.median(found["kernel"])
    print(
        f"\ndetector, {points} cell temperatures in modules of {GROUP}, ns per point and sample (medians of {ROUNDS} rounds)"
    )
    for name, values in (found | {"kernel, nothing new": idle}).items():
        one = statistics.median(values)
        print(f"  {name:<20} {one:10.1f} ns   {one / kernel:8.2f} x kernel")


def main() -> None:
    """Measure at both sizes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numpy speaks up about modules without a value
        for size in SIZES:
            measure(size)
