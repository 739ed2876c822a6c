"""The simulator's library holds all that a drill in virtual time calls: none compiles, and none waits for numba."""

import subprocess
import sys
from pathlib import Path

import pytest

from drivers.compiled.build import BuildError
from sim_hardware.cli import kernels

ROOT = Path(__file__).parents[2]
DRILL = """
import sys
from controller.site.loader import load
from sim_hardware.lockstep import run
from sim_hardware.own_process import settle
from sim_hardware.scenarios import loader
settle()
run(load("deploy/sites/hall.toml"), loader.load("runaway"), duration_s=20.0)
run(load("deploy/sites/hall.toml"), loader.load("server-cable-fire"), duration_s=20.0)
print("numba" in sys.modules)
"""


@pytest.mark.needs("gcc")
def test_a_drill_needs_no_compiler() -> None:
    done = subprocess.run([sys.executable, "-c", DRILL], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "False", "remedy where the library is old: haechi-sim kernels"


def test_a_library_that_is_current_is_not_built_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    built: list[str] = []
    monkeypatch.setattr(kernels, "build_here", lambda: built.append("built"))
    monkeypatch.setattr(kernels, "is_current", lambda: True)
    assert kernels.main(["--if-needed"]) == 0
    assert not built
    monkeypatch.setattr(kernels, "is_current", lambda: False)
    assert kernels.main(["--if-needed"]) == 0
    assert kernels.main([]) == 0
    assert built == ["built", "built"]
    assert "compiling the kernels" in capsys.readouterr().err


def test_without_a_compiler_only_a_plain_build_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise BuildError("no C compiler")

    monkeypatch.setattr(kernels, "build_here", fail)
    monkeypatch.setattr(kernels, "is_current", lambda: False)
    assert kernels.main(["--if-needed"]) == 0
    assert kernels.main([]) == 1
