"""The kernels of the daemon, built ahead. Apart from what loads them, because a start needs none of it."""

from collections.abc import Callable, Iterable
from pathlib import Path

from controller.runtime.golden import play
from drivers.compiled.build import BuildError, build
from drivers.compiled.cpu import CpuKind, kind_of, kinds_here
from drivers.compiled.library import FOLDER

__all__ = ["BuildError", "build_here"]

PLAY = f"{play.__name__}:{play.everything.__name__}"
"""What calls every kernel that the daemon uses: a library holds those."""


def build_here(names: Iterable[str], tell: Callable[[str], None], folder: Path = FOLDER) -> None:
    """Build the libraries of the kinds that are named, or of the best one of this machine. Raises BuildError, ValueError, OSError."""
    for kind in _kinds(tuple(names)):
        tell(f"compiling the kernels for {kind.name}, which takes up to a minute ...")
        build(kind, folder, PLAY)


def _kinds(names: tuple[str, ...]) -> tuple[CpuKind, ...]:
    kinds = tuple(kind_of(name) for name in names) or kinds_here()[:1]
    if not kinds:
        raise BuildError("no library is made for machines of this kind; numba compiles at every start")
    return kinds
