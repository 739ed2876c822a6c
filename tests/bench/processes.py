"""Processes of a bench: C programs built for the run, one server for all clients, every client a process of its own.

All listen and connect on loopback alone and are ended by their own process id, the server also by the end of its input.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar

import msgspec

SOURCES = Path(__file__).with_name("c")
LIBRARIES = {"libmodbus_client": ("-lmodbus", "-pthread")}
REMEDY = "remedy: make bench-programs"
FIELD_PRIORITY = 80
"""Real-time priority of a server that no load may slow: above that of the daemon."""

Answer = TypeVar("Answer")


class BenchError(Exception):
    """A bench or one of its rows cannot be run; says why and the remedy."""


def compile_c(name: str, folder: Path) -> Path:
    """Build `c/NAME.c` into `folder`. Raises `BenchError` without a compiler or library."""
    if shutil.which("gcc") is None:
        raise BenchError(f"no gcc; {REMEDY}")
    program = folder / name
    command: list[str | Path] = ["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-o", program, SOURCES / f"{name}.c"]
    made = subprocess.run([*command, *LIBRARIES.get(name, ())], capture_output=True, text=True, check=False)
    if made.returncode:
        complaint = next((line for line in made.stderr.splitlines() if "error" in line), made.stderr)
        raise BenchError(f"{name}.c does not build: {complaint}; {REMEDY}")
    return program


@contextmanager
def field_server(program: Path) -> Iterator[int]:
    """Run the server that stands for the field, on a core that no client uses where there are two; gives its port."""
    with _started([program, "spin"]) as server, _cores_apart(server.pid):
        yield _port(server)


@contextmanager
def remote_field_server(program: Path) -> Iterator[int]:
    """The same with a real-time priority if it may: no load of this machine slows devices outside of it, nor do they its programs.

    On one core with its client such a server pushed it aside at every request.
    """
    with _started([program]) as server, _cores_apart(server.pid):
        if may_be_real_time():
            os.sched_setscheduler(server.pid, os.SCHED_FIFO, os.sched_param(FIELD_PRIORITY))
        yield _port(server)


@contextmanager
def _cores_apart(server: int) -> Iterator[None]:
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(server, cores[-1:])
        os.sched_setaffinity(0, cores[:-1])
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _port(server: "subprocess.Popen[str]") -> int:
    assert server.stdout is not None
    return int(server.stdout.readline())


@contextmanager
def spinners(count: int) -> Iterator[None]:
    """Keep `count` cores busy with processes of normal priority, on whatever core."""
    if count == 0:
        yield
        return
    spin = "import os, signal\nos.sched_setaffinity(0, range(os.cpu_count()))\nsignal.alarm(120)\nwhile True: pass"
    with _started([sys.executable, "-c", spin]), spinners(count - 1):
        yield


def run_client(command: Sequence[str | Path], answer: type[Answer], timeout_s: float) -> Answer:
    """Run one client to its end and decode the last line that it prints."""
    with _started(command, errors=subprocess.PIPE) as client:
        try:
            out, complaint = client.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise BenchError(f"{_name(command)}: not ready within {timeout_s:.0f} s") from None
    if client.returncode:
        raise BenchError(f"{_name(command)}: {(complaint.strip().splitlines() or ['no word'])[-1]}")
    return msgspec.json.decode(out.splitlines()[-1], type=answer)


def module(name: str, *arguments: object) -> list[str]:
    """Command line of a module of this folder."""
    return [sys.executable, "-m", f"tests.bench.{name}", *map(str, arguments)]


def may_be_real_time() -> bool:
    """Whether this process may give itself and its children real-time priority."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    except PermissionError:
        return False
    return True


@contextmanager
def _started(command: Sequence[str | Path], errors: int | None = None) -> "Iterator[subprocess.Popen[str]]":
    pipe = subprocess.PIPE
    child = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=errors, text=True)
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout, child.stderr):
            _close(stream)


def _close(stream: IO[str] | None) -> None:
    if stream is not None:
        stream.close()


def _name(command: Sequence[str | Path]) -> str:
    return " ".join(Path(part).name for part in command if part not in {sys.executable, "-m"})
