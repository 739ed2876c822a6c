"""The process image: one frozen set of arrays a scan. From here on nothing is read from the outside (design, step 2)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drivers.compiled.door import kernel
from drivers.points import NEVER, BlockBuffer, Quality

GOOD, STALE = int(Quality.GOOD), int(Quality.STALE)
FOR_EVER = 2**63 - 1
"""A tick that never comes."""


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
    _judge_ages(tick_ms, received_ms, max_age_ms, quality)
    for array in (value, quality, sample, received_ms):
        array.flags.writeable = False
    return Image(scan, tick_ms, value, quality, sample, received_ms, host)


def again(last: Image, scan: int, tick_ms: int, host: tuple[int, ...] = ()) -> Image:
    """The image of a scan before which nothing was received and no point came of age (`ages_ms`): it shares the arrays of the last one."""
    return Image(scan, tick_ms, last.value, last.quality, last.sample, last.received_ms, host)


def is_again(last: Image, image: Image) -> bool:
    """Whether `image` was made by `again`: nothing about any point has changed."""
    return (
        image.sample is last.sample
        and image.value is last.value
        and image.quality is last.quality
        and image.received_ms is last.received_ms
    )


def ages_ms(image: Image, max_age_ms: npt.NDArray[np.int64]) -> int:
    """The first tick at which a point of the image that is GOOD now will be STALE if nothing more is received."""
    return int(_next_age(image.received_ms, max_age_ms, image.quality))


@kernel
def _judge_ages(
    tick_ms: int,
    received_ms: npt.NDArray[np.int64],
    max_age_ms: npt.NDArray[np.int64],
    quality: npt.NDArray[np.uint8],
) -> None:
    for i in range(quality.shape[0]):
        if quality[i] == GOOD and received_ms[i] != NEVER and tick_ms - received_ms[i] > max_age_ms[i]:
            quality[i] = STALE


@kernel
def _next_age(
    received_ms: npt.NDArray[np.int64], max_age_ms: npt.NDArray[np.int64], quality: npt.NDArray[np.uint8]
) -> int:
    first = FOR_EVER
    for i in range(quality.shape[0]):
        if quality[i] == GOOD and received_ms[i] != NEVER:
            first = min(first, received_ms[i] + max_age_ms[i] + 1)
    return first
