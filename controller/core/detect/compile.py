"""The one door through which the detector's kernels are compiled."""

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

_F = TypeVar("_F", bound=Callable[..., Any])


def jit(function: _F) -> _F:
    """Compile strictly: cached on disk, without the interpreter's lock, division as IEEE has it."""
    return njit(cache=True, nogil=True, error_model="numpy")(function)  # type: ignore[return-value]
