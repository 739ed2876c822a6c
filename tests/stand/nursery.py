"""Starts plants and daemons by forking, so that Python, numba and the compiled kernels are loaded once for many starts.

`python -m tests.stand.nursery SITE` reads one JSON order a line and answers each with one line. What it forks shares no state with an
earlier start: every daemon begins at its command line and finds only what stands in its data directory and in the field.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from controller.cli.main import main as haechi
from controller.core.detect.detector import warm_up
from controller.core.layout import lay_out
from controller.runtime import daemon
from controller.site.loader import load
from sim_hardware.devices.plant import Plant
from tests.stand import launcher
from tests.stand.plant import serve_plant


def main() -> None:
    """Warm up, say "ready", obey until stdin ends, and end what is still running."""
    site = load(Path(sys.argv[1]))
    warm_up(lay_out(site))
    assert daemon.REFUSED == 2  # loaded here, so that no start has to
    Plant(site, 1).advance_to(1000)
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    running: set[int] = set()
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(_obey(order, running)), flush=True)
    for pid in running:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _obey(order: dict[str, Any], running: set[int]) -> dict[str, Any]:
    match order["do"]:
        case "daemon":
            pid = _fork(Path(order["log"]), lambda: _daemon(order))
        case "plant":
            pid = _fork(Path(order["log"]), lambda: _plant(order))
        case _:
            return _wait(order["pid"], order["limit_s"], running)
    running.add(pid)
    return {"pid": pid}


def _fork(log: Path, work: Callable[[], int]) -> int:
    """The pid of a process that does `work`; what it says goes to `log`."""
    pid = os.fork()
    if pid:
        return pid
    code = 99
    try:
        stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        null = os.open(os.devnull, os.O_RDONLY)
        for here, there in ((null, 0), (stream, 1), (stream, 2)):
            os.dup2(here, there)
        code = work()
    except BaseException:  # noqa: BLE001 (a forked process must never go on as the nursery)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def _daemon(order: dict[str, Any]) -> int:
    launcher.arm(order["point"])
    return haechi(order["argv"])


def _plant(order: dict[str, Any]) -> int:
    serve_plant(Path(order["site"]), Path(order["control"]), order["epoch_ns"], order["speed"])
    return 0


def _wait(pid: int, limit_s: float, running: set[int]) -> dict[str, Any]:
    """How a process ended: its exit code, or minus the signal; None if it has not within the limit."""
    deadline_s = time.monotonic() + limit_s
    while time.monotonic() < deadline_s:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            running.discard(pid)
            return {"code": os.waitstatus_to_exitcode(status)}
        time.sleep(0.005)
    return {"code": None}


if __name__ == "__main__":
    main()
