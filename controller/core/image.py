"""The process image: one frozen set of arrays a scan. From here on nothing is read from the outside (design, step 2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from drivers.points import NEVER, BlockBuffer, Quality

_GOOD, _STALE = int(Quality.GOOD), int(Quality.STALE)


@dataclass(frozen=True, slots=True)
class Image:
    """All points at one scan; arrays of shape (n_points,), read-only.

    `value` float64 engineering units, NaN = none; `quality` uint8 (`Quality`); `sample` int64, changes with each new sample;
    `received_ms` int64 plant time of the sample. `scan` counts scans; `tick_ms` is plant time in milliseconds. `host` holds what the
    runtime knows of itself (`controller.core.trips.HOST_FACTS`, in its order), recorded with the image so that replay is exact.
    """

    scan: int
    tick_ms: int
    value: npt.NDArray[np.float64]
    quality: npt.NDArray[np.uint8]
    sample: npt.NDArray[np.int64]
    received_ms: npt.NDArray[np.int64]
    host: tuple[int, ...] = ()


def freeze(
    scan: int,
    tick_ms: int,
    buffers: Sequence[BlockBuffer],
    max_age_ms: npt.NDArray[np.int64],
    host: tuple[int, ...] = (),
) -> Image:
    """Join the blocks' buffers (in layout order) into one image and judge every point's age.

    A GOOD point whose last sample is older than `max_age_ms` (shape (n_points,)) becomes STALE; its value stays visible.
    """
    value = np.concatenate([buffer.value for buffer in buffers])
    quality = np.concatenate([buffer.quality for buffer in buffers])
    sample = np.concatenate([buffer.sample for buffer in buffers])
    received_ms = np.concatenate([buffer.received_ms for buffer in buffers])
    _age(tick_ms, received_ms, max_age_ms, quality)
    for array in (value, quality, sample, received_ms):
        array.flags.writeable = False
    return Image(scan, tick_ms, value, quality, sample, received_ms, host)


@njit("void(int64, int64[::1], int64[::1], uint8[::1])", cache=True)
def _age(tick_ms: Any, received_ms: Any, max_age_ms: Any, quality: Any) -> None:
    for point in range(len(quality)):
        is_old = tick_ms - received_ms[point] > max_age_ms[point] and received_ms[point] != NEVER
        if is_old and quality[point] == _GOOD:
            quality[point] = _STALE
