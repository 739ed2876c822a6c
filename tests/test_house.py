"""The house checks themselves: each must catch what it is there for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CONFTEST = ROOT / "tests" / "conftest.py"

LEAKS = {
    "task": ("asyncio.create_task(asyncio.sleep(60), name='forgotten')", "leaves behind: task *forgotten*"),
    "error": ("asyncio.get_running_loop().call_soon(int, 'forgotten')", "nobody handled: *invalid literal*forgotten*"),
    "result": (
        "asyncio.create_task(fail()); await asyncio.sleep(0.01)",
        "nobody handled: *never retrieved*a lost failure*",
    ),
    "process": ("KEPT.append(subprocess.Popen(['sleep', '60']))", "leaves behind: process *sleep 60"),
    "orphan": (
        "subprocess.run(['sh', '-c', 'sleep 61 >/dev/null 2>&1 &'], check=True)",
        "leaves behind: process *sleep 61",
    ),
    "thread": (
        "threading.Thread(target=time.sleep, args=(2,), name='forgotten').start()",
        "leaves behind: thread forgotten*",
    ),
    "socket": ("KEPT.append(socket.create_server(('127.0.0.1', 0)))", "leaves behind: socket:*"),
}
"""What a careless test does, and the complaint that must follow."""
IN_ANY_TEST = ("process", "orphan", "thread", "socket")

HEAD = """
import asyncio, socket, subprocess, threading, time
KEPT = []
async def fail(): raise ValueError("a lost failure")
"""
INI = f"""
[pytest]
asyncio_mode = auto
asyncio_debug = true
asyncio_default_fixture_loop_scope = function
filterwarnings = error
markers = needs(*programs): programs
pythonpath = {ROOT}
"""


def _house(pytester: pytest.Pytester, body: str) -> None:
    """Write a folder with this house's conftest (impatient, because here every leak is meant) and one test file."""
    pytester.makeini(INI)
    pytester.makeconftest(CONFTEST.read_text().replace("GRACE_S = 1.0", "GRACE_S = 0.2"))
    pytester.makepyfile(HEAD + body)


def test_each_leak_is_caught_in_async_and_in_plain_tests(pytester: pytest.Pytester) -> None:
    tests = {f"test_async_{leak}": f"async def test_async_{leak}(): {LEAKS[leak][0]}\n" for leak in LEAKS}
    tests |= {f"test_plain_{leak}": f"def test_plain_{leak}(): {LEAKS[leak][0]}\n" for leak in IN_ANY_TEST}
    _house(pytester, "".join(tests.values()))
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=len(tests), errors=len(tests))
    for name in tests:
        complaint = LEAKS[name.split("_")[2]][1]
        result.stdout.fnmatch_lines([f"*ERROR at teardown of {name} *", f"*{complaint}"], consecutive=False)


def test_a_tidy_test_passes(pytester: pytest.Pytester) -> None:
    _house(
        pytester,
        """
async def test_tidy():
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    assert await reader.read() == b""
    writer.close()  # closes a little later: within the grace
    server.close()
    task = asyncio.create_task(asyncio.sleep(60))
    task.cancel()
    await asyncio.to_thread(subprocess.run, ["true"], check=True)

def test_tidy_too():
    with socket.create_server(("127.0.0.1", 0)), subprocess.Popen(["sleep", "60"]) as child:
        child.kill()
""",
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)


NEEDY = """
import pytest
@pytest.mark.needs("sh", "no-such-program")
def test_needy(): assert False
@pytest.mark.needs("sh")
def test_served(): pass
"""


@pytest.mark.parametrize("workers", [[], ["-n", "1"]], ids=["alone", "workers"])
def test_missing_program_is_said_in_one_line_and_fails_in_ci(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, workers: list[str]
) -> None:
    _house(pytester, NEEDY)
    said = "1 tests left out, not installed: no-such-program"
    monkeypatch.delenv("CI", raising=False)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *workers)
    assert result.parseoutcomes()["passed"] == 1
    assert sum(said in line for line in result.outlines + result.errlines) == 1
    monkeypatch.setenv("CI", "true")
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *workers)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*not installed: no-such-program; remedy: make test-programs"])


def test_requirement_files_hold_hashes_and_no_address() -> None:
    for name in ("demo.txt", "test.txt", "bench.txt"):
        lines = (ROOT / "requirements" / name).read_text().splitlines()
        assert lines
        assert all(line.startswith("    --hash=sha256:") or "==" in line for line in lines)
        assert not any("://" in line or line.startswith("-") for line in lines)


SKELETON = {
    "controller/core/scan.py": "import math\nfrom controller.site import model\nfrom drivers import points\n",
    "controller/site/model.py": "import enum\n",
    "controller/protocol.py": "import enum\n",
    "controller/runtime/scanner.py": "import time\nfrom controller import protocol\nfrom controller.core import scan\n",
    "controller/tools/check.py": "from controller.core import scan\n",
    "controller/cli/main.py": "from controller.runtime import scanner\nfrom controller.tools import check\n",
    "drivers/points.py": "import enum\n",
    "drivers/mqtt/session.py": "import paho\n",
    "sim_hardware/drill.py": "import pymodbus\nfrom controller.runtime import scanner\n",
}
"""The house in small, with every arrow that is drawn so far; panel and gateways do not exist yet."""

WITHOUT_ARROW = {
    "controller/core/clock.py": ("time", "import time\n"),
    "controller/core/reader.py": ("drivers.mqtt.session", "from drivers.mqtt import session\n"),
    "controller/core/store.py": ("sqlite3", "import sqlite3\n"),
    "controller/site/loader.py": ("controller.core.scan", "from controller.core import scan\n"),
    "controller/protocol.py": ("controller.core.scan", "from controller.core import scan\n"),
    "controller/panel/page.py": ("controller.core.scan", "from controller.core import scan\n"),
    "controller/cli/run.py": ("controller.core.scan", "from controller.core import scan\n"),
    "controller/runtime/supervisor.py": ("controller.tools.check", "from controller.tools import check\n"),
    "controller/runtime/link.py": ("pymodbus", "import pymodbus\n"),
    "drivers/modbus/other_link.py": ("pymodbus", "import pymodbus\n"),
    "controller/tools/drill.py": ("sim_hardware.drill", "from sim_hardware import drill\n"),
    "drivers/modbus/frame.py": ("controller.site.model", "from controller.site import model\n"),
}
THROUGH_THE_MODEL = {"controller/site/model.py": ("socket", "import socket\n")}


def _lint_imports(folder: Path, modules: dict[str, str]) -> tuple[int, str]:
    """Run the house's contracts on the modules; give exit code and output."""
    for name, text in modules.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        for part in list(path.relative_to(folder).parents)[:-1]:
            (folder / part / "__init__.py").touch()
    (folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    (folder / "tests").mkdir()
    (folder / "tests" / "__init__.py").touch()
    (folder / "tests" / "arrows.py").write_text((ROOT / "tests" / "arrows.py").read_text())
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def test_drawn_arrows_are_allowed(tmp_path: Path) -> None:
    code, output = _lint_imports(tmp_path, SKELETON)
    assert code == 0, output
    assert "0 broken" in output


def test_each_import_without_an_arrow_is_refused(tmp_path: Path) -> None:
    code, output = _lint_imports(tmp_path, SKELETON | {name: text for name, (_, text) in WITHOUT_ARROW.items()})
    assert code == 1, output
    for name, (imported, _) in WITHOUT_ARROW.items():
        importer = name.removesuffix(".py").replace("/", ".")
        assert f"{importer} -> {imported} " in output, output


def test_core_is_pure_through_the_site_model_too(tmp_path: Path) -> None:
    code, output = _lint_imports(tmp_path, SKELETON | {name: text for name, (_, text) in THROUGH_THE_MODEL.items()})
    assert code == 1
    assert "controller.core is not allowed to import socket" in output, output
