"""From the start of the process `haechi run` to its first protected scan: compiled ahead, also read-only, beside the naive ways.

A copy of the packages stands for an installation, the demo site's plant and a broker for the field; each way runs in turn, round by round.
A start ends when the daemon tells its service manager READY=1: the first scan has been made, outputs may be written, clients can connect.

Installed means with bytecode, which installers of packages write for all of them: without it a start compiles numpy's source, too, which takes
longer than all the rest. Here it lies in a folder of its own, because the environment that runs the bench may have none.
"""

import ctypes
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from controller.site.loader import load
from controller.site.model import Mqtt
from sim_hardware.rehost import free_endpoints, plain, rehost, write_site
from tests.bench.tables import Progress, spread

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "deploy" / "sites" / "hall.toml"
ROUNDS, COLD_ROUNDS = 6, 1
LIMIT_S = 300.0
BYTECODE = "bytecode"
_CAPBSET_DROP, _CAP_DAC_OVERRIDE, _CAP_FOWNER = 24, 1, 3
"""prctl(2), capabilities(7): root who has lost these is told what anybody is told about files that nobody may write."""


@dataclass(frozen=True, slots=True)
class Way:
    """An installation and how it is used: with the library of kernels or not, may it be written, is numba's cache kept from round to round."""

    name: str
    has_library: bool
    is_read_only: bool
    keeps_cache: bool
    rounds: int


WAYS = (
    Way("compiled ahead, read-only", has_library=True, is_read_only=True, keeps_cache=False, rounds=ROUNDS),
    Way("compiled ahead", has_library=True, is_read_only=False, keeps_cache=True, rounds=ROUNDS),
    Way("njit(cache=True), warm", has_library=False, is_read_only=False, keeps_cache=True, rounds=ROUNDS),
    Way("njit(cache=True), cold", has_library=False, is_read_only=False, keeps_cache=False, rounds=COLD_ROUNDS),
)


@dataclass(frozen=True, slots=True)
class Started:
    """One start: wall and processor seconds to READY=1."""

    wall_s: float
    cpu_s: float


def main() -> None:
    """Print the table."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="haechi-start-")))
        site = stack.enter_context(field(folder))
        places = {way: installation(folder / str(number), way) for number, way in enumerate(WAYS)}
        for way, place in places.items():
            if way.keeps_cache:
                start(site, place, way)  # bytecode of the libraries and numba's caches are written once
        for way, place in places.items():
            set_writable(place, writable=not way.is_read_only)
        set_writable(folder / BYTECODE, writable=False)
        found: dict[Way, list[Started]] = {way: [] for way in WAYS}
        progress = Progress("start", sum(way.rounds for way in WAYS))
        for number in range(ROUNDS):
            for way in WAYS:
                if number < way.rounds:
                    progress.step(way.name)
                    found[way].append(start(site, places[way], way))
        progress.end()
    print_table(found)


def print_table(found: dict[Way, list[Started]]) -> None:
    """Medians, and how many times longer than the first way."""
    first = statistics.median(one.wall_s for one in found[WAYS[0]])
    print("\nstart: haechi run on the demo site, process start to READY=1, way by way in turn\n")
    print(f"{'':28} {'seconds':>24} {'of processor':>24} {'times ours':>11} {'starts':>7}")
    for way, starts in found.items():
        wall, cpu = [one.wall_s for one in starts], [one.cpu_s for one in starts]
        times = statistics.median(wall) / first
        print(f"{way.name:28} {spread(wall, 2):>24} {spread(cpu, 2):>24} {times:>11.1f} {len(starts):>7}")


# --- the field ------------------------------------------------------------------------------------------------------


@contextmanager
def field(folder: Path) -> Iterator[Path]:
    """Broker and plant of the demo site on free ports; gives the site file."""
    site = plain(load(SITE), own_broker=True)
    endpoints = free_endpoints(site)
    broker = next(endpoints[name] for name, link in site.links.items() if isinstance(link, Mqtt))
    path = folder / "site.toml"
    write_site(rehost(site, endpoints), path)
    with (
        _child(folder, "broker ready", sys.executable, "-m", "sim_hardware.drill.broker", broker),
        _child(folder, "ready:", sys.executable, "-m", "sim_hardware.cli.main", "serve", str(path)),
    ):
        yield path


@contextmanager
def _child(folder: Path, ready: str, *command: str) -> Iterator[None]:
    log = folder / f"{command[2]}.log"
    with log.open("wb") as stream:
        child = subprocess.Popen(command, stdout=stream, stderr=stream, cwd=ROOT)
    try:
        deadline_s = time.monotonic() + LIMIT_S
        while ready not in log.read_text():
            if child.poll() is not None or time.monotonic() > deadline_s:
                raise RuntimeError(f"{command[2]} is not ready: {log.read_text()[-500:]}")
            time.sleep(0.05)
        yield
    finally:
        child.terminate()
        child.wait()


# --- the installation -----------------------------------------------------------------------------------------------


def installation(place: Path, way: Way) -> Path:
    """Copy the packages, as a wheel would install them: with their bytecode, and with the library or without."""
    leave = shutil.ignore_patterns("__pycache__", *(() if way.has_library else ("built",)))
    for package in ("controller", "drivers"):
        shutil.copytree(ROOT / package, place / package, ignore=leave)
    if way.has_library and not any((place / "drivers" / "compiled" / "built").glob("*.so")):
        raise RuntimeError("no kernels are compiled ahead here; remedy: haechi kernels build")
    environment = environment_of(place, place)
    subprocess.run([sys.executable, "-m", "compileall", "-q", place], env=environment, check=True)
    return place


def environment_of(place: Path, home: Path) -> dict[str, str]:
    """What a start is given: nobody's numba settings, and bytecode in a folder that all installations share."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_") and k != "PYTHONDONTWRITEBYTECODE"}
    bytecode = {"PYTHONPYCACHEPREFIX": str(place.parent / BYTECODE)}
    return kept | bytecode | {"PYTHONPATH": str(place), "HOME": str(home)}


def set_writable(place: Path, *, writable: bool) -> None:
    """chmod -R a-w, or u+w."""
    for path in (place, *place.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | 0o200 if writable else mode & ~0o222)


def files(place: Path) -> dict[str, int]:
    """Every file of a folder and when it was written."""
    return {str(path.relative_to(place)): path.stat().st_mtime_ns for path in place.rglob("*")}


# --- a start --------------------------------------------------------------------------------------------------------


def start(site: Path, place: Path, way: Way) -> Started:
    """Start the daemon, wait for READY=1, and end it. Raises RuntimeError if it is not ready, or writes where it may not."""
    with tempfile.TemporaryDirectory(prefix="run-", dir=place.parent) as name:
        run = Path(name)
        environment = environment_of(place, run / "home") | {"NOTIFY_SOCKET": str(run / "notify")}
        if not way.is_read_only:
            cache = place / "cache" if way.keeps_cache else run / "cache"
            environment["NUMBA_CACHE_DIR"] = str(cache)
        before = files(place) | files(place.parent / BYTECODE)
        started = _timed(site, place, run, environment, read_only=way.is_read_only)
        if way.is_read_only and files(place) | files(place.parent / BYTECODE) != before:
            raise RuntimeError(f"{way.name}: something was written into the installation")
        return started


def _timed(site: Path, place: Path, run: Path, environment: dict[str, str], *, read_only: bool) -> Started:
    command = (
        sys.executable,
        "-m",
        "controller.cli.main",
        "run",
        str(site),
        "--unverified",
        "--data",
        str(run / "data"),
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, (run / "log").open("wb") as log:
        notify.bind(str(run / "notify"))
        notify.settimeout(0.5)
        began_s = time.monotonic()
        child = subprocess.Popen(
            command,
            env=environment,
            cwd=place,
            stdout=log,
            stderr=log,
            preexec_fn=_humble if read_only else None,  # noqa: PLW1509 (the bench has no threads)
        )
        try:
            while not _is_ready(notify):
                if child.poll() is not None or time.monotonic() > began_s + LIMIT_S:
                    raise RuntimeError(f"not ready: {(run / 'log').read_text()[-500:]}")
            started = Started(time.monotonic() - began_s, _cpu_s(child.pid))
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait()
    return started


def _is_ready(notify: socket.socket) -> bool:
    try:
        return b"READY=1" in notify.recv(4096)
    except TimeoutError:
        return False


def _cpu_s(pid: int) -> float:
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]  # utime and stime, proc(5)
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def _humble() -> None:
    """Root gives up writing what nobody may write; others cannot anyway."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None)
        for capability in (_CAP_DAC_OVERRIDE, _CAP_FOWNER):
            libc.prctl(_CAPBSET_DROP, capability, 0, 0, 0)


if __name__ == "__main__":
    main()
