"""What compiled code needs to work on memory by its address."""

from typing import Any

from numba import types
from numba.extending import intrinsic
from numba.np.numpy_support import carray as _carray

carray: Any = _carray
"""An array of a shape and a dtype at a pointer. Untyped: numba's own declaration knows its use in compiled code not."""


def _pointer(_typing: Any, _address: Any) -> Any:
    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))

    return types.voidptr(types.int64), generate


pointer: Any = intrinsic(_pointer)
"""An address (int64) as a pointer."""


def function(name: str, result: Any, *arguments: Any) -> Any:
    """A function of the C library, called without the interpreter. What it says through errno is not seen."""
    return types.ExternalFunction(name, result(*arguments))
