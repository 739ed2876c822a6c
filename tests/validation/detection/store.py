"""Work in pieces: each piece is a function of plain arguments that gives arrays, kept in a folder so that a broken run goes on where it was.

What is kept belongs to the code that made it: a piece is made anew when the detector or the plant has changed.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = Mapping[str, npt.NDArray[Any]]
ROOT = Path(__file__).parents[3]
PLANT = ("sim_hardware/physics", "sim_hardware/scenarios", "sim_hardware/devices", "sim_hardware/faults")
"""Code that the played episodes follow from, beside `play`, `nuisance` and `rooms` here."""
JUDGES = ("controller/core", "controller/site", "drivers")


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of work. `code` are the folders and files (from the project's) whose change makes it stale."""

    part: str
    name: str
    make: Callable[..., Arrays]
    arguments: tuple[Any, ...]
    code: tuple[str, ...] = PLANT + JUDGES

    def place(self, folder: Path) -> Path:
        """Where its arrays are kept."""
        words = json.dumps([self.name, repr(self.arguments), digest_of(self.code)])
        return folder / self.part / f"{self.name}-{hashlib.sha256(words.encode()).hexdigest()[:16]}.npz"


_digests: dict[tuple[str, ...], str] = {}


def digest_of(code: tuple[str, ...]) -> str:
    """One hash of all Python files below these places."""
    if code not in _digests:
        found = hashlib.sha256()
        here = sorted(Path(__file__).parent.glob("*.py"))
        mine = [
            path
            for path in here
            if path.stem
            in {"play", "nuisance", "rooms", "field", "watch", "peers", "failures", "pieces", "truths", "calm_drills"}
        ]
        for path in [*mine, *(p for place in code for p in sorted((ROOT / place).rglob("*.py")))]:
            found.update(path.read_bytes())
        _digests[code] = found.hexdigest()
    return _digests[code]


def load(place: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a piece that was made."""
    with np.load(place) as kept:
        return {name: kept[name] for name in kept.files}


def _carry_out(piece: Piece, place: Path) -> tuple[Piece, float]:
    began_s = time.perf_counter()
    arrays = piece.make(*piece.arguments)
    place.parent.mkdir(parents=True, exist_ok=True)
    half = place.with_suffix(f".{os.getpid()}.npz")
    np.savez(half, allow_pickle=False, **arrays)
    half.replace(place)
    return piece, time.perf_counter() - began_s


def carry_out(pieces: Iterable[Piece], folder: Path, workers: int) -> None:
    """Make all pieces that are not there, on `workers` processors (1: in this process); tells how far it is. Raises what a piece raises."""
    missing = [piece for piece in pieces if not piece.place(folder).exists()]
    if not missing:
        return
    began_s = time.perf_counter()
    for done, (piece, took_s) in enumerate(_made(missing, folder, workers), start=1):
        passed_s = time.perf_counter() - began_s
        left_s = passed_s / done * (len(missing) - done)
        print(
            f"detection: {piece.part} {piece.name}: {took_s:.0f} s; {done} of {len(missing)}, about {left_s / 60.0:.1f} min left",
            flush=True,
        )


def _made(missing: list[Piece], folder: Path, workers: int) -> Iterator[tuple[Piece, float]]:
    if workers <= 1:
        for piece in missing:
            yield _carry_out(piece, piece.place(folder))
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(_carry_out, piece, piece.place(folder)) for piece in missing]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)  # what waits is not begun: the fault is told at once
            raise


def gather(pieces: Iterable[Piece], folder: Path) -> list[dict[str, npt.NDArray[Any]]]:
    """The arrays of pieces that were carried out, in their order."""
    return [load(piece.place(folder)) for piece in pieces]
