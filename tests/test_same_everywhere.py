"""The same images give the same bits: on generic x86-64 code, on AVX2, on what this machine has, and through the library compiled ahead."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from controller.runtime.kernels import PLAY
from drivers.compiled.build import build
from drivers.compiled.cpu import kinds_here

ROOT = Path(__file__).resolve().parents[1]
SCANS = 300
"""A short stream stands for the day here; `make soak` plays the day."""
CPUS = {"host": {}, "generic": {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}} | {
    kind.name: {"NUMBA_CPU_NAME": kind.llvm_cpu, "NUMBA_CPU_FEATURES": kind.features} for kind in kinds_here()[:1]
}


def played(*arguments: str, **environment: str) -> tuple[str, str]:
    """Digest after the stream in a process of its own, and how the kernels came."""
    command = (sys.executable, "-m", "tests.day", *arguments)
    done = subprocess.run(command, env=os.environ | environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    digest, how = done.stdout.split()
    return digest, how


@pytest.mark.timeout(900)  # four times all kernels are compiled, where nothing is cached
@pytest.mark.needs("gcc")
def test_the_state_after_a_stream_has_one_digest_on_every_kind_of_processor_and_compiled_ahead(tmp_path: Path) -> None:
    build(kinds_here()[0], tmp_path, PLAY)
    ahead, how = played(str(SCANS), str(tmp_path))
    assert how == "ahead"
    assert {name: played(str(SCANS), **cpu)[0] for name, cpu in CPUS.items()} == dict.fromkeys(CPUS, ahead)
    assert played(str(SCANS - 1), str(tmp_path))[0] != ahead
