"""The same images give the same bits, on generic x86-64 code and through the library compiled ahead; `make soak` plays a day on every kind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from drivers.compiled.library import FOLDER

ROOT = Path(__file__).resolve().parents[1]
SCANS = 300
"""A short stream stands for the day here."""
GENERIC = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}


def played(*arguments: str, **environment: str) -> tuple[str, str]:
    """Digest after the stream in a process of its own, and how the kernels came."""
    command = (sys.executable, "-m", "tests.day", *arguments)
    done = subprocess.run(command, env=os.environ | environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stderr}; remedy where the library is old: haechi kernels build"
    digest, how = done.stdout.split()
    return digest, how


@pytest.mark.timeout(600)  # all kernels are compiled for a processor that nobody has
@pytest.mark.needs("gcc")
def test_the_state_after_a_stream_has_one_digest_on_generic_code_and_compiled_ahead() -> None:
    ahead, how = played(str(SCANS), str(FOLDER))
    assert how == "ahead"
    assert played(str(SCANS), **GENERIC) == (ahead, "numba")
    assert played(str(SCANS - 1), str(FOLDER))[0] != ahead
