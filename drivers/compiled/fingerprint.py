"""Which source a kernel's machine code is of: its own code, all kernels that it calls, and every constant that they take from anywhere.

numba's own cache looks at the file of the outermost kernel only, so that a change in a callee or in an imported constant would go unseen.
"""

import enum
import hashlib
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from drivers.compiled.door import Kernel, Late

HOUSE = ("drivers", "controller", "sim_hardware", "tests")
"""Packages whose constants are looked into; other modules are named, their versions are part of what a library is checked for."""


def fingerprint(kernel: Kernel) -> str:
    """A digest (hex) that changes with everything of the source that the kernel's machine code depends on."""
    digest = hashlib.sha256()
    for word in _of_kernel(kernel, set()):
        digest.update(word.encode() + b"\0")
    return digest.hexdigest()


def _of_kernel(kernel: Kernel, seen: set[str]) -> Iterator[str]:
    yield kernel.name
    if kernel.name in seen:
        return
    seen.add(kernel.name)
    yield repr(sorted(kernel.options.items()))
    yield from _of_function(kernel.py_func, seen)


def _of_function(function: Any, seen: set[str]) -> Iterator[str]:
    code = function.__code__
    yield from _of_code(code)
    names = sorted(set(_names(code)))
    for name in names:
        if name in function.__globals__:
            yield name
            yield from _of_value(function.__globals__[name], names, seen)
    for cell in function.__closure__ or ():
        yield from _of_value(cell.cell_contents, names, seen)
    yield repr(function.__defaults__)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _of_code(code: CodeType) -> Iterator[str]:
    yield code.co_code.hex()
    yield repr((code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_flags))
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _of_code(constant)
        else:
            yield f"{type(constant).__name__} {constant!r}"


def _of_value(value: Any, names: list[str], seen: set[str]) -> Iterator[str]:
    """What a kernel may take from a global: of a module of the house every name that the kernel's code mentions."""
    yield type(value).__qualname__
    if isinstance(value, Kernel):
        yield from _of_kernel(value, seen)
    elif isinstance(value, ModuleType):
        yield from _of_module(value, names, seen)
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _of_value(each, names, seen)
    elif isinstance(value, FunctionType) and _is_ours(value.__module__):
        yield from _of_code(value.__code__)
    else:
        yield _of_constant(value)


def _of_module(module: ModuleType, names: list[str], seen: set[str]) -> Iterator[str]:
    yield module.__name__
    for name in names if _is_ours(module.__name__) else ():
        if name in module.__dict__:
            yield name
            yield from _of_value(module.__dict__[name], [], seen)


def _of_constant(value: Any) -> str:
    if isinstance(value, Late):
        return value.key
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape} {value.tobytes().hex()}"
    if isinstance(value, type) and issubclass(value, enum.Enum):
        return repr([(member.name, member.value) for member in value])
    if callable(value):
        return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', value)}"
    return repr(value)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in HOUSE
