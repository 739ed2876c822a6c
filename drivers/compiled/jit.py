"""Kernels through numba: the fallback of the library, what tests and tools use, and what the library itself is made with.

Compiled code is cached on disk where a place for it can be written, under the fingerprint of everything that it depends on: never is old code
run after an edit, whichever file was edited. Without such a place it is compiled in memory, at every start.
"""

import os
from typing import Any

import numba
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    InTreeCacheLocator,
    UserProvidedCacheLocator,
    UserWideCacheLocator,
)
from numba.core.registry import cpu_target

from drivers.compiled.door import Kernel
from drivers.compiled.fingerprint import fingerprint

NO_CACHE = "HAECHI_NO_KERNEL_CACHE"
"""Environment: set to anything, nothing is kept on disk nor read from it."""


_FINGERPRINTS: dict[Any, str] = {}


class _OfWholeSource:
    """Makes a cache locator of numba ask for the fingerprint of a kernel instead of for one file."""

    def __init__(self, py_func: Any, py_file: Any) -> None:
        super().__init__(py_func, py_file)  # type: ignore[call-arg]
        self._stamp = _FINGERPRINTS[py_func]

    def get_source_stamp(self) -> Any:
        return self._stamp


class _Provided(_OfWholeSource, UserProvidedCacheLocator):
    pass


class _InTree(_OfWholeSource, InTreeCacheLocator):
    pass


class _UserWide(_OfWholeSource, UserWideCacheLocator):
    pass


class _CacheImpl(CompileResultCacheImpl):
    _locator_classes = [_Provided, _InTree, _UserWide]  # noqa: RUF012 (numba's own attribute)


class _Cache(FunctionCache):
    _impl_class = _CacheImpl


def dispatcher_of(kernel: Kernel) -> Any:
    """What numba makes of a kernel; nothing is compiled before it is called or asked for."""
    made: Any = numba.njit(**kernel.options)(kernel.py_func)
    if NO_CACHE not in os.environ:
        _FINGERPRINTS[kernel.py_func] = fingerprint(kernel)
        try:
            made._cache = _Cache(kernel.py_func)  # type: ignore[no-untyped-call] # noqa: SLF001 (what `cache=True` does, with numba's own cache)
        except RuntimeError:
            return made  # no folder can be written: every start compiles, which is slow and right
    return made


def compile_for(kernel: Kernel, arguments: tuple[Any, ...]) -> None:
    """Compile a kernel for arguments of such kinds, if that is not done yet."""
    typeof: Any = numba.typeof
    kernel.dispatcher.compile(tuple(typeof(argument) for argument in arguments))


def type_of(made: Any) -> Any:
    """Numba's type of a thing of its own, as a constant of a kernel."""
    cpu_target.typing_context.refresh()
    return cpu_target.typing_context.resolve_value_type(made)
