"""What holds for every test: nothing is left behind, and no missing program is passed over in silence."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from sim_hardware import kernels
from tests.features import plugin

GRACE_S = 1.0
"""How long a closing socket, an ending child or a cancelled task may take after the test (a leak waits so long)."""

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
# multiprocessing keeps these for the life of the interpreter, by design.
_LASTING_CHILDREN = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")


def pytest_collection_finish() -> None:
    """Kernels that are imported by now run as in daemon and drill, compiled ahead: no worker compiles for a minute what is there already.

    Without a library, or where its source is older, numba compiles as ever. Raises LibraryError for a damaged one.
    """
    kernels.load()


# --- what a process holds -------------------------------------------------------------------------------------------


def _sockets() -> set[str]:
    """Open sockets of this process, as `socket:[inode]`: an inode is not used again as soon as a descriptor is."""
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except FileNotFoundError:  # the listing's own descriptor
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found


def _command(pid: str) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()


def _children() -> set[str]:
    """Living children of this process, and the orphans that came to it, as `process PID`."""
    found = set()
    for listing in Path("/proc/self/task").glob("*/children"):
        try:
            pids = listing.read_text().split()
        except FileNotFoundError:  # the thread has ended
            continue
        for pid in pids:
            try:
                state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
                lasting = any(name in _command(pid) for name in _LASTING_CHILDREN)
            except (FileNotFoundError, ProcessLookupError):
                continue
            # Z and X have ended; one that nobody waited for warns by itself.
            if state not in "ZX" and not lasting:
                found.add(f"process {pid}")
    return found


def _threads() -> set[str]:
    """Threads that keep the interpreter from ending, but for those of a loop's executor, which end with the loop."""
    return {
        f"thread {thread.name} ({thread.ident})"
        for thread in threading.enumerate()
        if not thread.daemon and not thread.name.startswith("asyncio_")
    }


def _held() -> set[str]:
    return _sockets() | _children() | _threads()


def _report(leaked: set[str]) -> None:
    """Fail with a list of what was leaked; end leaked processes, which would burn the time of others."""
    names = []
    for name in sorted(leaked):
        kind, _, pid = name.partition(" ")
        names.append(f"{name}: {_command(pid)}" if kind == "process" else name)
        if kind == "process":
            os.kill(int(pid), signal.SIGKILL)
    if names:
        pytest.fail("the test leaves behind: " + "; ".join(names), pytrace=False)


# --- the fixture ----------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def leave_nothing_behind(request: pytest.FixtureRequest) -> None:
    """Fail a test that leaves a task, process, non-daemon thread or socket, or whose loop met an unhandled error."""
    is_async = pytest_asyncio.is_async_test(request.node)
    request.getfixturevalue("_clean_loop" if is_async else "_clean_process")


@pytest.fixture
def _clean_process() -> Iterator[None]:
    before = _held()
    yield
    deadline = time.monotonic() + GRACE_S
    while (leaked := _held() - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    _report(leaked)


def _tasks() -> set[str]:
    return {f"task {task!r}" for task in asyncio.all_tasks() if task is not asyncio.current_task()}


@pytest_asyncio.fixture
async def _clean_loop() -> AsyncIterator[None]:
    # The loop that the test gets is running already: its own sockets are not the test's.
    errors: list[str] = []

    def note(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        errors.append(f"{context['message']}: {context.get('exception')!r}")

    asyncio.get_running_loop().set_exception_handler(note)
    before = _held() | _tasks()
    yield
    deadline = time.monotonic() + GRACE_S
    await asyncio.sleep(0)
    while (leaked := (_held() | _tasks()) - before) and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    gc.collect(1)  # a task whose error nobody fetched says so when it goes
    _report(leaked)
    if errors:
        pytest.fail("the loop met an error that nobody handled: " + "; ".join(errors), pytrace=False)


# --- programs of other makers ---------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make features`."""
    parser.addoption("--features", metavar="FILE", help="write the page of features with what their tests gave")


def pytest_configure(config: pytest.Config) -> None:
    """See daemons that Debian keeps in sbin, and adopt the orphans of our children."""
    if config.getoption("--features") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(plugin.Features(Path(config.getoption("--features"))))
    os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    # Without this a grandchild whose parent died belongs to init, and the fixture above would not see it.
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


_MISSING = pytest.StashKey[str]()


def _absent(item: pytest.Item) -> list[str]:
    programs = [program for mark in item.iter_markers("needs") for program in mark.args]
    return [program for program in programs if shutil.which(program) is None]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests whose programs are missing and say so; with CI=true they stay, and fail."""
    plugin.mark(items)
    left_out = [item for item in items if _absent(item)]
    if not left_out or os.environ.get("CI") == "true":
        return
    missing = sorted({program for item in left_out for program in _absent(item)})
    line = f"haechi: {len(left_out)} tests left out, not installed: {' '.join(missing)}; remedy: make test-programs"
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
    config.stash[_MISSING] = line
    # A worker has no summary: one of them says it past the capture. (The environment would tell it to a run inside a test, too.)
    if getattr(config, "workerinput", {}).get("workerid") == "gw0":
        print(line, file=sys.__stderr__)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail, where nothing may be left out, a test whose programs are missing."""
    if absent := _absent(item):
        pytest.fail(f"not installed: {' '.join(absent)}; remedy: make test-programs", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say in one line what was left out."""
    if line := config.stash.get(_MISSING, None):
        terminalreporter.write_line(line, yellow=True)
