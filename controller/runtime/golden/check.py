"""Checking the kernels against the golden vectors."""

from collections.abc import Callable, Iterable
from itertools import zip_longest
from pathlib import Path

from controller.runtime.golden import play

VECTORS = Path(__file__).with_name("vectors.txt")
REMEDY = "haechi kernels build; if it says so again, this machine or its installation cannot be trusted: install anew"
TELL = 60
"""Characters of a wrong line that are told."""


class GoldenError(Exception):
    """A kernel does not say what it must: nothing that it judges can be believed. Says which and the remedy."""


def check(vectors: Path = VECTORS, lines: Callable[[], Iterable[str]] = play.lines) -> int:
    """Play the known inputs; how many lines were compared. Raises GoldenError at the first that differs, OSError without the file."""
    count = 0
    expected = vectors.read_text(encoding="utf-8").splitlines()
    for count, (wanted, said) in enumerate(zip_longest(expected, lines(), fillvalue="(nothing)"), 1):
        if wanted != said:
            raise GoldenError(f"golden vector {count}: {_difference(wanted, said)}; remedy: {REMEDY}")
    return count


def _difference(wanted: str, said: str) -> str:
    ours, theirs = wanted.split(), said.split()
    place = next((i for i, (a, b) in enumerate(zip_longest(ours, theirs)) if a != b), 0)
    name = " ".join(ours[:3])[:TELL]
    return f"{name}: word {place} is {' '.join(theirs[place : place + 1])[:TELL]}, must be {' '.join(ours[place : place + 1])[:TELL]}"
