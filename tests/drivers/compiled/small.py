"""Small kernels, for what the door and the library do with any."""

from typing import Any, NamedTuple

import numpy as np

from drivers.compiled.door import kernel, raising_kernel

FACTOR = 3


@kernel
def times(x: Any) -> Any:
    return x * FACTOR


@kernel
def fill(values: Any, to: Any, by: Any) -> Any:
    for i in range(values.shape[0]):
        to[i] = times(values[i]) + by
    return values.shape[0]


@kernel
def both(table: Any, share: Any, is_on: Any) -> Any:
    return table[1, 0] * share, is_on


@kernel
def see(points: Any) -> None:
    for i in range(points.shape[0]):
        points[i].seen += 1


@raising_kernel
def divide(a: Any, b: Any) -> Any:
    return a // b


@kernel
def allocate(size: Any) -> Any:
    return np.zeros(size).sum()


class Pair(NamedTuple):
    values: Any
    to: Any


@kernel
def swap(by: Any, pair: Any) -> Any:
    pair.to[0, 0], pair.to[0, 1] = pair.values[1], pair.values[0]
    return pair.values[0] + pair.values[1] + by


@kernel
def corner(table: Any) -> Any:
    return table[1, 0]


POINT = np.dtype([("value", "f8"), ("seen", "i4")], align=True)


def play() -> None:
    read_only = np.arange(4.0)
    read_only.flags.writeable = False
    fill(read_only, np.zeros(4), 1.0)
    both(np.ones((2, 3), np.float32), 0.5, True)
    see(np.zeros(2, POINT))
    divide(7, 2)
    corner(np.ones((2, 3)).T)
    swap(1.0, Pair(np.zeros(2), np.zeros((1, 2), np.int64)))
