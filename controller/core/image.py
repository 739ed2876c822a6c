"""The process image: one frozen set of arrays a scan. From here on nothing is read from the outside (design, step 2)."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from drivers.compiled.door import short_kernel
from drivers.points import NEVER, BlockBuffer, Quality

GOOD, STALE = int(Quality.GOOD), int(Quality.STALE)
FOR_EVER = 2**63 - 1
"""A tick that never comes."""


_Places = npt.NDArray[np.int32]
_Floats = npt.NDArray[np.float64]
_Ints = npt.NDArray[np.int64]
_Bytes = npt.NDArray[np.uint8]
Arrays = tuple[npt.NDArray[np.float64], npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""Values, qualities, samples and times of receipt of an image: one that shares them all with another has nothing new."""


class Changes(NamedTuple):
    """Where an image differs from the one before: int32 places in it, ascending.

    `points` are those with anything new, a sample of the same value included; `moved` those among them with another value (bit by bit) or
    quality; `requalified`: any quality is another.
    """

    points: npt.NDArray[np.int32]
    moved: npt.NDArray[np.int32]
    requalified: bool


class News(NamedTuple):
    """What an image brought, known from its making: the changes since the one image whose `arrays` these are."""

    arrays: Arrays
    changes: Changes


_NONE = np.empty(0, np.int32)
NOTHING = Changes(_NONE, _NONE, requalified=False)
"""An image that is, bit by bit, as the one before: this very object."""


class Image(msgspec.Struct, frozen=True):
    """All points at one scan; arrays of shape (n_points,), read-only.

    `value` float64 engineering units, NaN = none; `quality` uint8 (`Quality`); `sample` int64, changes with each new sample;
    `received_ms` int64 plant time of the sample. `scan` counts scans; `tick_ms` is plant time in milliseconds. `host` holds what the
    runtime knows of itself (`controller.core.trips.HOST_FACTS`, in its order), recorded with the image so that replay is exact. `news` spares
    those who ask for its `changes` to look for them; an image without it is as good.
    """

    scan: int
    tick_ms: int
    value: npt.NDArray[np.float64]
    quality: npt.NDArray[np.uint8]
    sample: npt.NDArray[np.int64]
    received_ms: npt.NDArray[np.int64]
    host: tuple[int, ...] = ()
    news: News | None = None

    @property
    def arrays(self) -> Arrays:
        """Its arrays, which tell it from images that are not its like."""
        return self.value, self.quality, self.sample, self.received_ms


def freeze(
    scan: int,
    tick_ms: int,
    buffers: Sequence[BlockBuffer],
    max_age_ms: npt.NDArray[np.int64],
    host: tuple[int, ...] = (),
    last: Image | None = None,
) -> Image:
    """Join the blocks' buffers (in layout order) into one image and judge every point's age.

    A GOOD point whose last sample is older than `max_age_ms` (shape (n_points,)) becomes STALE; its value stays visible. With the image
    before it, `last`, it knows its own news.
    """
    arrays = _join(buffers)
    news = None
    if last is None:
        _judge_ages(tick_ms, arrays[3], max_age_ms, arrays[1])
    else:
        old, places = last.arrays, (np.empty(max_age_ms.size, np.int32), np.empty(max_age_ms.size, np.int32))
        news = News(old, _found(*places, _judge_and_find(tick_ms, max_age_ms, *old, *arrays, *places)))
    for array in arrays:
        array.setflags(write=False)
    return Image(scan, tick_ms, *arrays, host, news)


def _join(buffers: Sequence[BlockBuffer]) -> Arrays:
    if len(buffers) == 1:
        (one,) = buffers
        return one.value.copy(), one.quality.copy(), one.sample.copy(), one.received_ms.copy()
    return (
        np.concatenate([buffer.value for buffer in buffers]),
        np.concatenate([buffer.quality for buffer in buffers]),
        np.concatenate([buffer.sample for buffer in buffers]),
        np.concatenate([buffer.received_ms for buffer in buffers]),
    )


def changes(last: Image | None, image: Image) -> Changes | None:
    """Where `image` differs from `last`, whoever made them; None: nobody can tell, for there was none before."""
    if last is None:
        return None
    if is_again(last, image):
        return NOTHING
    news = image.news
    if news is not None and _are_same(news.arrays, last.arrays):
        return news.changes
    places = np.empty(image.value.size, np.int32), np.empty(image.value.size, np.int32)
    return _found(*places, _find_changes(*last.arrays, *image.arrays, *places))


def _found(points: _Places, moved: _Places, counts: tuple[int, int, int]) -> Changes:
    n_points, n_moved, n_requalified = counts
    return Changes(points[:n_points], moved[:n_moved], n_requalified > 0) if n_points else NOTHING


def again(last: Image, scan: int, tick_ms: int, host: tuple[int, ...] = ()) -> Image:
    """The image of a scan before which nothing was received and no point came of age (`ages_ms`): it shares the arrays of the last one."""
    return Image(scan, tick_ms, last.value, last.quality, last.sample, last.received_ms, host)


def is_again(last: Image, image: Image) -> bool:
    """Whether `image` was made by `again`: nothing about any point has changed."""
    return _are_same(image.arrays, last.arrays)


def _are_same(some: Arrays, others: Arrays) -> bool:
    return some[0] is others[0] and some[1] is others[1] and some[2] is others[2] and some[3] is others[3]


def ages_ms(image: Image, max_age_ms: npt.NDArray[np.int64]) -> int:
    """The first tick at which a point of the image that is GOOD now will be STALE if nothing more is received."""
    return int(_next_age(image.received_ms, max_age_ms, image.quality))


@short_kernel
def asked_by(asks: npt.NDArray[np.int32], points: npt.NDArray[np.int32]) -> int:
    """Who looks at any of these points: the bits of all of them in `asks`, which are by point of the image."""
    bits = 0
    for k in range(points.shape[0]):
        bits |= asks[points[k]]
    return bits


@short_kernel
def _judge_ages(
    tick_ms: int,
    received_ms: npt.NDArray[np.int64],
    max_age_ms: npt.NDArray[np.int64],
    quality: npt.NDArray[np.uint8],
) -> None:
    for i in range(quality.shape[0]):
        old = (quality[i] == GOOD) & (received_ms[i] != NEVER) & (tick_ms - received_ms[i] > max_age_ms[i])
        quality[i] = STALE if old else quality[i]


@short_kernel
def _next_age(
    received_ms: npt.NDArray[np.int64], max_age_ms: npt.NDArray[np.int64], quality: npt.NDArray[np.uint8]
) -> int:
    first = FOR_EVER
    for i in range(quality.shape[0]):
        lives = (quality[i] == GOOD) & (received_ms[i] != NEVER)
        first = min(first, received_ms[i] + max_age_ms[i] + 1 if lives else FOR_EVER)
    return first


_STRETCH = np.uintp(64)
"""Points that are compared at once: most stretches of an image are as they were, which packed code tells."""


@short_kernel
def _find_changes(
    old_value: _Floats, old_quality: _Bytes, old_sample: _Ints, old_received_ms: _Ints,
    value: _Floats, quality: _Bytes, sample: _Ints, received_ms: _Ints,
    points: npt.NDArray[np.int32], moved: npt.NDArray[np.int32],
) -> tuple[int, int, int]:  # fmt: skip
    """Fill `points` and `moved`; returns how many there are of each, and how many have another quality."""
    bits, old_bits = value.view(np.int64), old_value.view(np.int64)
    n = np.uintp(bits.shape[0])  # unsigned, for which no negative index is handled
    n_points = n_moved = n_requalified = 0
    for begin in range(np.uintp(0), n, _STRETCH):
        end = min(begin + _STRETCH, n)
        found = np.int64(0)
        for i in range(begin, end):
            found |= (sample[i] ^ old_sample[i]) | (received_ms[i] ^ old_received_ms[i]) | (bits[i] ^ old_bits[i])
        other = False
        for i in range(begin, end):
            other |= quality[i] != old_quality[i]
        if found == 0 and not other:
            continue
        for i in range(begin, end):
            requalified = quality[i] != old_quality[i]
            is_moved = requalified or bits[i] != old_bits[i]
            if is_moved or sample[i] != old_sample[i] or received_ms[i] != old_received_ms[i]:
                points[n_points] = i
                n_points += 1
                if is_moved:
                    moved[n_moved] = i
                    n_moved += 1
                    n_requalified += requalified
    return n_points, n_moved, n_requalified


@short_kernel
def _judge_and_find(
    tick_ms: int, max_age_ms: _Ints,
    old_value: _Floats, old_quality: _Bytes, old_sample: _Ints, old_received_ms: _Ints,
    value: _Floats, quality: _Bytes, sample: _Ints, received_ms: _Ints,
    points: npt.NDArray[np.int32], moved: npt.NDArray[np.int32],
) -> tuple[int, int, int]:  # fmt: skip
    _judge_ages(tick_ms, received_ms, max_age_ms, quality)
    return _find_changes(
        old_value, old_quality, old_sample, old_received_ms, value, quality, sample, received_ms, points, moved
    )
