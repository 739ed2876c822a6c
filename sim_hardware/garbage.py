"""Python's search for circles of garbage, in processes whose work hardly makes any: it costs a fifth of a drill's time otherwise (0027)."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from controller.runtime.realtime import settle_memory

COLLECT_AFTER = 20_000
"""Objects made before the youngest are looked through; a drill makes millions that die at once, and hardly a circle of them."""


def settle() -> None:
    """In a process that is ours for good: look for garbage seldom from now on, and never again in what is alive now."""
    settle_memory()
    gc.set_threshold(COLLECT_AFTER, 20, 20)


@contextmanager
def seldom_collected() -> Iterator[None]:
    """The same for a while, in a process that goes on with other work."""
    thresholds = gc.get_threshold()
    settle()
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
