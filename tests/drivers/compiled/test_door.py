"""The door of the kernels: numba is loaded for compiling alone, and never runs what was compiled from older source."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from drivers.compiled.door import interpreted, kernel, kernel_of
from drivers.compiled.fingerprint import fingerprint
from tests.drivers.compiled import small

ROOT = Path(__file__).resolve().parents[3]
CODES = "LIMIT = {limit}\n"
CALLEE = "from drivers.compiled.door import kernel\n@kernel\ndef callee(x):\n    return x + {add}\n"
OUTER = """
from drivers.compiled.door import kernel
from tests import codes
from tests.callee import callee
@kernel
def outer(x):
    return callee(x) if x < codes.LIMIT else -1
print(outer(1), len(outer.dispatcher.stats.cache_hits))
"""


def said(folder: Path) -> list[str]:
    environment = os.environ | {"PYTHONPATH": f"{folder}:{ROOT}", "NUMBA_CACHE_DIR": str(folder / "cache")}
    command = (sys.executable, "-c", "import tests.outer")
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.timeout(300)
def test_a_change_in_a_callee_or_in_an_imported_constant_is_never_passed_over(tmp_path: Path) -> None:
    """The trap of numba's own cache, which looks at the file of the outermost kernel alone."""
    package = tmp_path / "tests"
    package.mkdir()
    for name, text in {
        "__init__": "",
        "codes": CODES.format(limit=5),
        "callee": CALLEE.format(add=1),
        "outer": OUTER,
    }.items():
        (package / f"{name}.py").write_text(text)
    assert said(tmp_path) == ["2", "0"]
    assert said(tmp_path) == ["2", "1"]
    (package / "callee.py").write_text(CALLEE.format(add=10))
    assert said(tmp_path) == ["11", "0"]
    (package / "codes.py").write_text(CODES.format(limit=0))
    assert said(tmp_path) == ["-1", "0"]


def test_the_daemon_is_imported_without_numba() -> None:
    command = (sys.executable, "-c", "import sys, controller.runtime.daemon; print('numba' in sys.modules)")
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip() == "False"


def test_a_fingerprint_follows_what_a_kernel_calls_and_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {name: fingerprint(kernel_of(getattr(small, name))) for name in ("fill", "times", "both")}
    monkeypatch.setattr(small, "FACTOR", 7)
    after = {name: fingerprint(kernel_of(getattr(small, name))) for name in before}
    assert [name for name in before if before[name] != after[name]] == ["fill", "times"]


def test_a_kernel_runs_as_plain_python_too() -> None:
    to = np.zeros(3)
    points = np.zeros(2, small.POINT)
    with interpreted():
        assert small.fill(np.arange(3.0), to, 1.0) == 3
        small.see(points)
    assert to.tolist() == [1.0, 4.0, 7.0]
    assert points["seen"].tolist() == [1, 1]


def test_only_a_kernel_is_a_kernel() -> None:
    with pytest.raises(TypeError, match="remedy"):
        kernel_of(len)
    assert kernel_of(kernel(test_only_a_kernel_is_a_kernel)).name.endswith("test_only_a_kernel_is_a_kernel")
