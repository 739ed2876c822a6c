"""The one door through which every kernel of the project is compiled.

`@kernel` makes no machine code and loads no compiler. A kernel that is called runs from the library that was compiled ahead
(`drivers.compiled.library`), if that was loaded and knows arguments of these kinds, otherwise through numba (`drivers.compiled.jit`), which is
imported then. Nothing here touches files or clocks, so that the pure core may use it.
"""

import functools
import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

_F = TypeVar("_F", bound=Callable[..., Any])

KERNELS: "dict[str, Kernel]" = {}
"""Every kernel by its name, `module.function`."""


class Kernel:
    """A function that is compiled. Called, it does what the function says; other kernels may call it.

    `entries` are its forms in the library, each of which gives NotImplemented for arguments of other kinds than its own; `py_func` is the
    plain function, `options` what numba is told.
    """

    def __init__(self, function: Callable[..., Any], *, nogil: bool, error_model: str) -> None:
        functools.update_wrapper(self, function)
        self.py_func = function
        self.name = f"{function.__module__}.{function.__qualname__}"
        self.options: dict[str, Any] = {"nogil": nogil, "error_model": error_model}
        self.entries: tuple[Callable[..., Any], ...] = ()
        self.is_called = False
        """Whether Python, not only another kernel, has made numba compile it."""
        self._otherwise: Callable[..., Any] = self._compile
        KERNELS[self.name] = self

    def __call__(self, *arguments: Any) -> Any:
        """Run it, from the library if that can."""
        for entry in self.entries:
            result = entry(*arguments)
            if result is not NotImplemented:
                return result
        return self._otherwise(*arguments)

    def prepare(self, *arguments: Any) -> None:
        """Make sure that a call with such arguments will not have to compile; nothing is run."""
        if not self.entries:
            self.is_called = True
            _numba().compile_for(self, arguments)

    @functools.cached_property
    def dispatcher(self) -> Any:
        """What numba makes of it."""
        return _numba().dispatcher_of(self)

    @property
    def _numba_type_(self) -> Any:
        """How numba sees it where another kernel calls it."""
        return self.dispatcher._numba_type_

    def _compile(self, *arguments: Any) -> Any:
        self.is_called = True
        self._otherwise = self.dispatcher
        return self.dispatcher(*arguments)

    def _plain(self, *arguments: Any) -> Any:
        """Run it as plain Python. Records are seen as numba sees them, with their fields as attributes."""
        return self.py_func(*(each.view(np.recarray) if _is_records(each) else each for each in arguments))

    def _plainly(self, *, plainly: bool) -> None:
        self._otherwise = self._plain if plainly else self._compile


class Late:
    """A thing of numba's own that kernels use (an intrinsic, a function of the C library), made when numba is there."""

    def __init__(self, make: Callable[[], Any], key: str) -> None:
        self.make = make
        self.key = key

    @functools.cached_property
    def made(self) -> Any:
        """The thing itself."""
        return self.make()

    @property
    def _numba_type_(self) -> Any:
        return _numba().type_of(self.made)


def kernel(function: _F) -> _F:
    """Compile strictly: IEEE arithmetic without any fastmath flag, division as numpy has it, without the interpreter's lock."""
    return Kernel(function, nogil=True, error_model="numpy")  # type: ignore[return-value]


def short_kernel(function: _F) -> _F:
    """The same for work of microseconds, for which letting go of the interpreter's lock would cost more than it gives."""
    return Kernel(function, nogil=False, error_model="numpy")  # type: ignore[return-value]


def raising_kernel(function: _F) -> _F:
    """`short_kernel` with Python's division, which raises ZeroDivisionError: for models of physics, where a zero divisor is an error."""
    return Kernel(function, nogil=False, error_model="python")  # type: ignore[return-value]


def kernel_of(function: Callable[..., Any]) -> Kernel:
    """The kernel behind a decorated function, whose type says only what it does."""
    if not isinstance(function, Kernel):
        raise TypeError(f"{function!r} is no kernel; remedy: decorate it with drivers.compiled.door.kernel")
    return function


@contextmanager
def interpreted() -> Iterator[None]:
    """Run all kernels as plain Python meanwhile: slow, without any compiler."""
    kept = {each: each.entries for each in KERNELS.values()}
    for each in kept:
        each.entries = ()
        each._plainly(plainly=True)  # noqa: SLF001 (its own module)
    try:
        yield
    finally:
        for each, entries in kept.items():
            each.entries = entries
            each._plainly(plainly=False)  # noqa: SLF001 (its own module)


def _is_records(argument: Any) -> bool:
    return isinstance(argument, np.ndarray) and argument.dtype.names is not None


def _numba() -> Any:
    # By name: importing numba takes ten times as long as all else that the daemon needs, and its cache reads files.
    return importlib.import_module("drivers.compiled.jit")
