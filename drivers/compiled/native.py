"""Machine code of kernels for a library: what numba made of them for the arguments that they were called with, position-independent."""

from dataclasses import dataclass
from typing import Any

import llvmlite.binding as llvm  # type: ignore[import-untyped]
import numba
import numpy as np
from numba.core import types
from numba.np.numpy_support import as_dtype

from drivers.compiled.cpu import CpuKind
from drivers.compiled.door import Kernel
from drivers.compiled.wrappers import Argument, ArrayKind, Form


@dataclass(frozen=True, slots=True)
class Made:
    """What is linked: the forms, an object file for each, and the item types that the forms count."""

    forms: list[Form]
    objects: list[bytes]
    dtypes: list[np.dtype[Any]]


def make(kernels: list[Kernel], kind: CpuKind) -> Made:
    """Compile every form of every kernel that was called. Raises TypeError for what a library cannot take."""
    target: Any = llvm.Target.from_default_triple()
    machine = target.create_target_machine(
        cpu=kind.llvm_cpu, features=kind.features, opt=3, reloc="pic", codemodel="default"
    )
    made = Made([], [], [])
    for kernel in kernels:
        for signature in kernel.dispatcher.signatures:
            result = _compile(kernel, signature)
            arguments = tuple(_argument(kernel, each, made.dtypes) for each in signature)
            results, is_tuple = _results(kernel, result.signature.return_type)
            symbol = result.fndesc.llvm_func_name
            form = Form(kernel.name, symbol, arguments, results, is_tuple, bool(kernel.options["nogil"]))
            made.forms.append(form)
            made.objects.append(_object(machine, _text(kernel, result)))
    return made


def _compile(kernel: Kernel, signature: Any) -> Any:
    """Numba's result for one form, without its own ways in from Python and C, which need numba's library."""
    njit: Any = numba.njit
    alone = njit(**kernel.options, no_cpython_wrapper=True, no_cfunc_wrapper=True)(kernel.py_func)
    return alone._compiler.compile(tuple(signature), None)  # noqa: SLF001 (numba offers no other way to the code of a function)


def _text(kernel: Kernel, result: Any) -> str:
    text: str = result.library.get_llvm_str()
    if "NRT_MemInfo_alloc" in text:
        raise TypeError(f"{kernel.name}: kernels of a library allocate nothing")
    return text


def _object(machine: Any, text: str) -> bytes:
    return bytes(machine.emit_object(llvm.parse_assembly(text)))


def _argument(kernel: Kernel, kind: Any, dtypes: list[np.dtype[Any]]) -> Argument:
    if isinstance(kind, types.BaseTuple):
        parts: Any = kind
        return tuple(_array(kernel, each, dtypes) for each in parts)
    return _array(kernel, kind, dtypes) if isinstance(kind, types.Array) else _scalar(kernel, kind)


def _array(kernel: Kernel, kind: Any, dtypes: list[np.dtype[Any]]) -> ArrayKind:
    if isinstance(kind, types.Array) and kind.aligned:
        dtype = np.dtype(as_dtype(kind.dtype))
        if dtype not in dtypes:
            dtypes.append(dtype)
        return ArrayKind(dtypes.index(dtype), dtype.itemsize, kind.ndim, kind.layout, bool(kind.mutable))
    raise _strange(kernel, kind)


def _results(kernel: Kernel, kind: Any) -> tuple[tuple[str, ...], bool]:
    if isinstance(kind, types.BaseTuple):
        parts: Any = kind
        return tuple(_scalar(kernel, each) for each in parts), True
    return ((), False) if isinstance(kind, types.NoneType) else ((_scalar(kernel, kind),), False)


def _scalar(kernel: Kernel, kind: Any) -> str:
    unliteral: Any = types.unliteral
    kind = unliteral(kind)
    if isinstance(kind, types.Boolean):
        return "bool"
    if isinstance(kind, types.Integer | types.Float):
        return str(kind)
    raise _strange(kernel, kind)


def _strange(kernel: Kernel, kind: Any) -> TypeError:
    return TypeError(f"{kernel.name}: a library takes packed arrays, tuples of them and plain numbers, not {kind}")
