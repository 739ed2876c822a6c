"""The kernels of the daemon: loaded from the library that was compiled ahead, and checked against the golden vectors."""

import time
from dataclasses import dataclass
from pathlib import Path

from controller.runtime.golden import play
from controller.runtime.golden.check import VECTORS, GoldenError, check
from drivers.compiled import library
from drivers.compiled.door import KERNELS
from drivers.compiled.library import FOLDER, REMEDY, LibraryError, Loaded

__all__ = ["GoldenError", "LibraryError", "Ready", "is_current", "make_ready"]


@dataclass(frozen=True, slots=True)
class Ready:
    """Kernels that have proven themselves, against so many golden lines `compared` in `took_s`.

    `cpu` is the kind of processor of the library ("" without one); `note` is what is to be told (empty: all is as it should be).
    """

    cpu: str
    compared: int
    took_s: float
    note: str


def make_ready(folder: Path = FOLDER, vectors: Path = VECTORS) -> Ready:
    """Load the library if there is a right one, and check all kernels. Raises LibraryError, GoldenError, OSError without vectors."""
    loaded = library.load(folder)
    began_s = time.monotonic()
    compared = check(vectors)
    return Ready(loaded.cpu, compared, time.monotonic() - began_s, _note(loaded))


def is_current(folder: Path = FOLDER) -> bool:
    """Whether the library holds every kernel that the daemon uses, of the source that is here."""
    loaded = library.load(folder)
    if not loaded.cpu or loaded.missing:
        return False
    play.everything()
    return not any(kernel.is_called for kernel in KERNELS.values())


def _note(loaded: Loaded) -> str:
    if not loaded.cpu:
        return f"{loaded.why}; compiled at start instead"
    if loaded.missing:
        return f"compiled at start, for their source has changed: {', '.join(loaded.missing)}; remedy: {REMEDY}"
    jitted = [kernel.name for kernel in KERNELS.values() if kernel.is_called]
    return (
        f"compiled at start, for the library knows them not so: {', '.join(jitted)}; remedy: {REMEDY}" if jitted else ""
    )
