"""What kernels need to work on memory by its address. Made when numba is there: a daemon with a library of kernels never loads it."""

import importlib
from typing import Any

from drivers.compiled.door import Late


def _make_pointer() -> Any:
    def pointer_of(_typing: Any, _address: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))

        return types.voidptr(types.int64), generate

    types = importlib.import_module("numba").types
    return importlib.import_module("numba.extending").intrinsic(pointer_of)


carray: Any = Late(lambda: importlib.import_module("numba.np.numpy_support").carray, "numba carray")
"""An array of a shape and a dtype at a pointer."""
pointer: Any = Late(_make_pointer, "int64 to pointer")
"""An address (int64) as a pointer."""


def function(name: str, result: str, *arguments: str) -> Any:
    """A function of the C library, by numba's names of its types, called without the interpreter. What it says through errno is not seen."""

    def make() -> Any:
        types = importlib.import_module("numba").types
        kinds = [getattr(types, kind) for kind in arguments]
        return types.ExternalFunction(name, getattr(types, result)(*kinds))

    return Late(make, f"{result} {name}{arguments}")
