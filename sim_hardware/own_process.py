"""A process, or a while of one, that is there for virtual time: kernels compiled ahead, and hardly a search for garbage (0027, 0035, 0039).

Python's search for circles of garbage would cost a fifth of a drill's time, and its work hardly makes any. The kernels of controller
and plant run from their libraries, where there are any: to call them costs a third of what it costs through numba.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from controller.runtime.realtime import settle_memory
from drivers.compiled import library
from drivers.compiled.door import KERNELS
from sim_hardware import kernels

COLLECT_AFTER = 20_000
"""Objects made before the youngest are looked through; a drill makes millions that die at once, and hardly a circle of them."""


def settle() -> None:
    """In a process that is ours for good: take what is compiled, look for garbage seldom from now on, and never again in what is alive now.

    Raises LibraryError for a library that is not what was built.
    """
    kernels.load()
    settle_memory()
    gc.set_threshold(COLLECT_AFTER, 20, 20)


@contextmanager
def seldom_collected() -> Iterator[None]:
    """The same for a while, in a process that goes on with other work."""
    thresholds = gc.get_threshold()
    was_compiled = any(kernel.entries for kernel in KERNELS.values())
    settle()
    try:
        yield
    finally:
        if not was_compiled:
            library.unload()
        gc.set_threshold(*thresholds)
        gc.unfreeze()
