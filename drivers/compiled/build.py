"""Building a library of kernels: play what calls them all, compile what was called, link it, and write down what it is.

`python -m drivers.compiled.build KIND FOLDER MODULE:FUNCTION` is a process of its own, because numba decides for one kind of processor at its
import (`environment`). The function named is called once; what it calls, in the kinds of arguments that it uses, is what is built.
"""

import hashlib
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
from numpy.lib.format import dtype_to_descr

from drivers.compiled.cpu import CpuKind, kind_of
from drivers.compiled.door import KERNELS
from drivers.compiled.fingerprint import fingerprint
from drivers.compiled.library import FormEntry, Manifest, made_with, paths
from drivers.compiled.wrappers import Source

COMPILERS = ("cc", "gcc", "clang")
NO_COMPILER = "no C compiler, which links the kernels; remedy: apt-get install gcc libc6-dev (without it numba compiles at every start)"


class BuildError(Exception):
    """A library cannot be built here; says why and the remedy."""


def build(kind: CpuKind, folder: Path, play: str) -> None:
    """Build the library of one kind into a folder, in a process of its own. Raises BuildError."""
    compiler()
    command = [sys.executable, "-m", __name__, kind.name, str(folder), play]
    done = subprocess.run(command, env=environment(kind), capture_output=True, text=True, check=False)  # noqa: S603 (ourselves)
    if done.returncode:
        raise BuildError(f"kernels for {kind.name}: {done.stderr.strip().splitlines()[-1:] or ['no word']}")


def environment(kind: CpuKind) -> dict[str, str]:
    """What makes numba compile for a kind, with nothing taken from a cache."""
    chosen = {"NUMBA_CPU_NAME": kind.llvm_cpu, "NUMBA_CPU_FEATURES": kind.features, "HAECHI_NO_KERNEL_CACHE": "1"}
    return os.environ | chosen


def compiler() -> str:
    """The C compiler of this machine. Raises BuildError."""
    for name in COMPILERS:
        found = shutil.which(name)
        if found:
            return found
    raise BuildError(NO_COMPILER)


def main(arguments: Sequence[str]) -> int:
    """Build in this process, whose numba is set for the kind already."""
    from drivers.compiled.native import make  # noqa: PLC0415 (numba, which only this process needs)

    kind, folder = kind_of(arguments[0]), Path(arguments[1])
    module, _, function = arguments[2].partition(":")
    getattr(importlib.import_module(module), function)()
    called = [kernel for kernel in KERNELS.values() if kernel.is_called]
    made = make(called, kind)
    source = Source(len(made.dtypes), made.forms)
    folder.mkdir(parents=True, exist_ok=True)
    library, beside = paths(kind, folder)
    linked = _link(source.text(), made.objects)
    forms = [FormEntry(form.name, fingerprint(KERNELS[form.name])) for form in made.forms]
    dtypes = [dtype_to_descr(dtype) for dtype in made.dtypes]
    manifest = Manifest(hashlib.sha256(linked).hexdigest(), kind.name, made_with(), dtypes, forms)
    beside.unlink(missing_ok=True)  # a library without a manifest is none: never is one beside the other's
    _write(library, linked)
    _write(beside, msgspec.json.format(msgspec.json.encode(manifest)))
    return 0


def _link(text: str, objects: Sequence[bytes]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="haechi-kernels-") as name:
        folder = Path(name)
        (folder / "ways-in.c").write_text(text, encoding="utf-8")
        parts = [folder / f"kernel-{number}.o" for number in range(len(objects))]
        for part, code in zip(parts, objects, strict=True):
            part.write_bytes(code)
        made = folder / "kernels.so"
        options = ("-shared", "-fPIC", "-O2", "-fvisibility=hidden", "-Wl,-z,now", "-Wl,-z,noexecstack", "-s")
        command = [compiler(), *options, "-o", str(made), str(folder / "ways-in.c"), *map(str, parts), "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (the machine's compiler)
        if done.returncode:
            raise BuildError(f"the kernels do not link: {done.stderr.strip()}")
        return made.read_bytes()


def _write(path: Path, content: bytes) -> None:
    """All or nothing, so that a daemon that starts meanwhile sees a whole file."""
    beside = path.with_suffix(".new")
    beside.write_bytes(content)
    beside.replace(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
