"""A simulated day of samples through the detector of the demo site: one digest on every kind of processor and through the library."""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from controller.runtime.building import PLAY
from drivers.compiled.build import build, environment
from drivers.compiled.cpu import kinds_here
from tests.day import DAY_SCANS


@dataclass(frozen=True, slots=True)
class SameDay:
    """Digest by way."""

    digests: dict[str, str]

    @property
    def passed(self) -> bool:
        """Whether all ways came to the same state."""
        return len(set(self.digests.values())) == 1

    def __str__(self) -> str:
        return "\n".join(f"{way:16} {digest}" for way, digest in self.digests.items())


def run(scans: int = DAY_SCANS) -> SameDay:
    """Play the day in one process a way."""
    with tempfile.TemporaryDirectory(prefix="haechi-day-") as folder:
        build(kinds_here()[0], Path(folder), PLAY)
        found = {"compiled ahead": _digest(dict(os.environ), str(scans), folder)}
    found["host"] = _digest(dict(os.environ), str(scans))
    for kind in kinds_here():
        found[kind.name] = _digest(environment(kind), str(scans))
    return SameDay(found)


def _digest(variables: dict[str, str], *arguments: str) -> str:
    command = (sys.executable, "-m", "tests.day", *arguments)
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout.split()[0]
