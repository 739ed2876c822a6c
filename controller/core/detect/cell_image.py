"""The kernels that take an image into the scratch of a tile of cells: which points have anything new, their values and times.

They work on points that lie together: `count` of them, in the image from `k`, in slots from `i`, in the scratch at `to`. Where all points of
such a run bring the same, as they do when one device was polled, no byte is looked at by itself. The rest is as in `cell_tile`.
"""

from typing import Any

import numpy as np

from controller.core.detect import codes
from controller.core.detect import tiles as at
from controller.core.detect.cell_tile import LONGEST_MS, NEW, NEWS, NOT_GOOD, ONE, ZERO
from controller.core.detect.compile import jit

SAME = np.int64(0)


@jit
def is_old(i: Any, k: Any, count: Any, sample: Any, seen_sample: Any, quality: Any, seen_quality: Any) -> Any:
    """Whether the image brings none of these points anything."""
    news = False
    for n in range(count):
        news |= (sample[k + n] != seen_sample[i + n]) | (quality[k + n] != seen_quality[i + n])
    return not news


@jit
def is_new(i: Any, k: Any, count: Any, sample: Any, seen_sample: Any) -> Any:
    """Whether all of `count` points that lie together, in the image from `k` and in slots from `i`, have a new sample."""
    old = False
    for n in range(count):
        old |= sample[k + n] == seen_sample[i + n]
    return not old


@jit
def is_good(i: Any, k: Any, count: Any, quality: Any, seen_quality: Any, status: Any) -> Any:
    """Whether all of these points live and are good, now and before."""
    odd = False
    for n in range(count):
        odd |= (quality[k + n] != codes.GOOD) | (seen_quality[i + n] != codes.GOOD) | (status[i + n] != codes.LIVE)
    return not odd


@jit
def keep_samples(i: Any, k: Any, count: Any, sample: Any, seen_sample: Any) -> None:
    """Remember which samples of these points have been seen."""
    for n in range(count):
        seen_sample[i + n] = sample[k + n]


@jit
def see_all(w: Any, code: Any, to: Any, i: Any, count: Any, what: Any, fresh: Any) -> None:
    """Note these points, of which all bring the same: in FRESH and as news."""
    for n in range(count):
        code[i + n] = what
        w[at.FRESH + to + n] = fresh


@jit
def see(
    w: Any, code: Any, to: Any, i: Any, k: Any, count: Any, quality: Any, sample: Any, seen_quality: Any, seen_sample: Any,
    status: Any,
) -> None:  # fmt: skip
    """Note what the image brings each of these points, and in FRESH what is a new and good sample of one that lives."""
    for n in range(count):
        now = quality[k + n]
        new = sample[k + n] != seen_sample[i + n]
        news = new | (now != seen_quality[i + n])
        seen_quality[i + n] = now
        seen_sample[i + n] = sample[k + n]
        code[i + n] = news * NEWS + new * NEW + (now != codes.GOOD) * NOT_GOOD
        w[at.FRESH + to + n] = ONE if new & (now == codes.GOOD) & (status[i + n] == codes.LIVE) else ZERO


@jit
def take_values(w: Any, to: Any, k: Any, count: Any, value: Any) -> None:
    """X of these points."""
    for n in range(count):
        w[at.X + to + n] = np.float32(value[k + n])


@jit
def take_times(w: Any, to: Any, i: Any, k: Any, count: Any, received_ms: Any, last_ms: Any) -> None:
    """SINCE_MS of these points."""
    for n in range(count):
        dt = received_ms[k + n] - last_ms[i + n]
        w[at.SINCE_MS + to + n] = np.float32(np.int32(dt if dt < LONGEST_MS else LONGEST_MS))


@jit
def set_times(w: Any, to: Any, i: Any, k: Any, count: Any, received_ms: Any, last_ms: Any) -> None:
    """Keep the times of the fresh values."""
    missed = False
    for n in range(count):
        missed |= w[at.FRESH + to + n] == ZERO
    if missed:
        for n in range(count):
            last = last_ms[i + n]
            last_ms[i + n] = last ^ (received_ms[k + n] ^ last if w[at.FRESH + to + n] != ZERO else SAME)
    else:
        for n in range(count):
            last_ms[i + n] = received_ms[k + n]
