"""The library of kernels compiled ahead: where it lies, whether it is of the source that is here, and loading it.

A library that is not of this source, this numba or this Python is left alone and numba compiles instead: slower to start, never old code.
One that is not what was built is refused: somebody or something has changed it.
"""

import hashlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.lib.format import descr_to_dtype

from drivers.compiled.cpu import CpuKind, kinds_here
from drivers.compiled.door import KERNELS, Kernel
from drivers.compiled.fingerprint import fingerprint
from drivers.installed import installed_version

FOLDER = Path(__file__).parent / "built"
REMEDY = "haechi kernels build"
MODULE = "haechi_kernels"


class LibraryError(Exception):
    """A library that must not be used: it is not the one that was built. Says the remedy."""


class FormEntry(msgspec.Struct, frozen=True):
    """One form in the library: its kernel, and what that was made of."""

    kernel: str
    fingerprint: str


class Manifest(msgspec.Struct, frozen=True):
    """What a library is, beside it as JSON: its own digest, what it was made with, its item types and its forms in their order."""

    sha256: str
    cpu: str
    made_with: dict[str, str]
    dtypes: list[Any]
    forms: list[FormEntry]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of loading: the kind of processor, or why there is none, and the kernels that are not in it or of other source."""

    cpu: str
    why: str = ""
    missing: tuple[str, ...] = ()


def made_with() -> dict[str, str]:
    """What a library depends on beside the source. numba need not be installed to use one."""
    version = ".".join(map(str, sys.version_info[:2])) + sys.abiflags
    return {"python": version, "numba": installed_version("numba")}


def paths(kind: CpuKind, folder: Path = FOLDER) -> tuple[Path, Path]:
    """The library of a kind of processor and its manifest."""
    return folder / f"kernels-{kind.name}.so", folder / f"kernels-{kind.name}.json"


def load(folder: Path = FOLDER, kinds: Sequence[CpuKind] | None = None) -> Loaded:
    """Give the kernels that are imported by now their forms in the best library for this machine. Raises LibraryError."""
    reasons = []
    for kind in kinds_here() if kinds is None else kinds:
        library, beside = paths(kind, folder)
        if not library.exists() or not beside.exists():
            continue
        manifest = _manifest(beside)
        _check(library, manifest)
        why = _other_makers(manifest.made_with)
        if not why:
            return _attach(_module(library), manifest, kind)
        reasons.append(why)
    return Loaded("", reasons[0] if reasons else f"no library for this machine; remedy: {REMEDY}")


def unload() -> None:
    """Take the library from all kernels."""
    for kernel in KERNELS.values():
        kernel.entries = ()


def _manifest(path: Path) -> Manifest:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.MsgspecError as error:
        raise LibraryError(f"{path}: {error}; remedy: {REMEDY}") from error


def _check(library: Path, manifest: Manifest) -> None:
    if hashlib.sha256(library.read_bytes()).hexdigest() != manifest.sha256:
        raise LibraryError(f"{library}: not the library that was built; remedy: {REMEDY}, and find out who changed it")


def _other_makers(made: dict[str, str]) -> str:
    for name, here in made_with().items():
        if here and made.get(name) != here:
            return f"the library was made with {name} {made.get(name)}, here is {here}; remedy: {REMEDY}"
    return ""


def _module(library: Path) -> Any:
    loader = importlib.machinery.ExtensionFileLoader(MODULE, str(library))
    spec = importlib.util.spec_from_file_location(MODULE, library, loader=loader)
    if spec is None:
        raise LibraryError(f"{library}: cannot be loaded; remedy: {REMEDY}")
    try:
        module = importlib.util.module_from_spec(spec)
    except ImportError as error:
        raise LibraryError(f"{library}: {error}; remedy: {REMEDY}") from error
    loader.exec_module(module)
    return module


def _attach(module: Any, manifest: Manifest, kind: CpuKind) -> Loaded:
    module.setup(np.ndarray, tuple(descr_to_dtype(_tuples(each)) for each in manifest.dtypes))
    sample = np.zeros((3, 5), np.int16)[:, ::2]
    if module.probe(sample) != (sample.ctypes.data, *sample.shape, *sample.strides, sample.flags.num):
        return Loaded("", f"the library cannot read the arrays of numpy {np.__version__}; remedy: {REMEDY}")
    of_kernel: dict[str, list[Any]] = {}
    for number, form in enumerate(manifest.forms):
        of_kernel.setdefault(form.kernel, []).append((form.fingerprint, getattr(module, f"form{number}")))
    missing = tuple(name for name, forms in of_kernel.items() if name in KERNELS and not _give(KERNELS[name], forms))
    return Loaded(kind.name, missing=missing)


def _give(kernel: Kernel, forms: list[Any]) -> bool:
    """Whether the forms are of the source that is here; then the kernel has them."""
    here = fingerprint(kernel)
    if any(of != here for of, _ in forms):
        return False
    kernel.entries = tuple(entry for _, entry in forms)
    return True


def _tuples(description: Any) -> Any:
    """JSON knows no tuples, which a numpy type description is made of."""
    if isinstance(description, list):
        return [tuple(_field(part) for part in row) for row in description]
    return description


def _field(part: Any) -> Any:
    if isinstance(part, list):
        is_shape = all(isinstance(each, int) for each in part)
        return tuple(part) if is_shape else _tuples(part)
    return part
