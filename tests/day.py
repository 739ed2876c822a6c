"""A stream through the detector of the demo site, and the digest of all that it has come to: `python -m tests.day SCANS [FOLDER]`.

With a folder the library of kernels in it is used, and numba must not be needed. Every process given the same number must print the same line.
"""

import dataclasses
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from controller.core.detect.detector import Detector
from controller.core.detect.readings import Readings
from controller.core.image import Image, freeze
from controller.core.layout import Layout, lay_out
from controller.core.trips import HOST_FACTS
from controller.site.loader import load
from drivers.compiled import library
from drivers.points import BlockBuffer, Quality

SITE = Path(__file__).resolve().parents[1] / "deploy" / "sites" / "hall.toml"
SCAN_MS = 1000
DAY_SCANS = 86_400
_EVENTS = 97
"""Every so many scans something happens to some points: they ramp, freeze, vanish or turn absurd."""


def images(layout: Layout, scans: int) -> Iterator[Image]:
    """Noise around each block's rest, with events; made by whole numbers, so that it is the same everywhere."""
    buffer = BlockBuffer.empty(layout.n_points)
    random = np.random.Generator(np.random.PCG64(5))
    rest = random.integers(0, 400, layout.n_points) / 10
    slope = np.zeros(layout.n_points)
    for scan in range(scans):
        if scan % _EVENTS == 0:
            slope = np.where(
                random.integers(0, 40, layout.n_points) == 0, random.integers(-10, 30, layout.n_points) / 10, 0
            )
            rest = np.where(random.integers(0, 300, layout.n_points) == 0, np.nan, rest)
            rest = np.where(random.integers(0, 100, layout.n_points) == 0, 25.0, rest)
        fresh = random.integers(0, 5, layout.n_points) > 0
        value = rest + slope * (scan % _EVENTS) + random.integers(-3, 4, layout.n_points) / 10
        np.copyto(buffer.value, value, where=fresh)
        np.copyto(buffer.quality, np.where(np.isnan(value), Quality.BAD, Quality.GOOD).astype(np.uint8), where=fresh)
        np.copyto(buffer.received_ms, scan * SCAN_MS, where=fresh)
        buffer.sample[fresh] += 1
        yield freeze(scan, scan * SCAN_MS, [buffer], layout.max_age_ms, (0,) * len(HOST_FACTS))


def digest(scans: int) -> str:
    """SHA-256 of all the detector's memory and readings after so many scans."""
    layout = lay_out(load(SITE))
    detector, readings = Detector(layout), Readings.empty(layout)
    for image in images(layout, scans):
        readings = detector.advance(image)
    found = hashlib.sha256()
    for bank in detector._banks:
        for array in bank.arrays():
            found.update(np.ascontiguousarray(array).tobytes())
    for field in dataclasses.fields(readings):
        found.update(getattr(readings, field.name).tobytes())
    found.update(repr(detector.weighed).encode())
    return found.hexdigest()


def main(arguments: list[str]) -> int:
    """Print the digest, and whether numba was needed."""
    if len(arguments) > 1:
        loaded = library.load(Path(arguments[1]))
        if not loaded.cpu or loaded.missing:
            print(f"haechi: {loaded}", file=sys.stderr)
            return 1
    print(digest(int(arguments[0])), "numba" if "numba" in sys.modules else "ahead")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
