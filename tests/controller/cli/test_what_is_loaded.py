"""What a start loads, and what it must not: everything here costs time before a site is protected."""

import subprocess
import sys

_SAY = "\nimport sys\nprint(' '.join(sys.modules))"


def _loaded(code: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", code + _SAY], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_the_command_line_alone_loads_nothing_that_one_command_needs() -> None:
    assert not _loaded("import controller.cli.main") & {"numpy", "msgspec", "asyncio", "controller.protocol"}


def test_the_daemon_loads_none_of_what_it_does_not_use() -> None:
    loaded = _loaded("import controller.cli.main, controller.cli.running, controller.runtime.daemon")
    unused = {"numba", "rich", "email", "numpy.ma", "paho", "drivers.tables", "drivers.compiled.build"}
    assert "controller.core.scan" in loaded
    assert loaded & unused == set()
