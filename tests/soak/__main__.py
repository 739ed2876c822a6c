"""`python -m tests.soak`: what takes too long for every test run. A day of quiet life, the library of scenarios, the table of
false alarms, every drill on sockets;
a million steps of random rooms, millions of mutated replies and payloads, a day of reconnects, every fault of the wires.

A step is the command that a user would give, or a function that gives a report; the first argument, if any, chooses the steps whose name
contains it. Exit code 1 when a step failed, and which; the report of each lies in out/soak/.
"""

import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from tests.soak import fuzz_modbus, fuzz_mqtt, library, random_rooms, reconnect_modbus, reconnect_mqtt, same_day
from tests.wire_faults import campaign

OUT = Path("out/soak")
SIM = Path(sys.executable).with_name("haechi-sim")


class Report(Protocol):
    """What a function found; printed, it says with what figures."""

    @property
    def passed(self) -> bool:
        """Whether nothing was wrong."""
        ...


STEPS: dict[str, tuple[str, ...] | Callable[[], Report]] = {
    "a day through the detector, on every kind of processor": same_day.run,
    "random rooms": partial(random_rooms.run, 1_000_000, 1),
    "fuzz, Modbus replies": partial(fuzz_modbus.run, 5_000_000, 1),
    "fuzz, MQTT payloads": partial(fuzz_mqtt.run, 5_000_000, 1),
    "reconnects, Modbus": partial(reconnect_modbus.run, 60.0, 1),
    "reconnects, MQTT": partial(reconnect_mqtt.run, 500, 1),
    "faults of the wires, Modbus": partial(campaign.run, 200_000, 1),
    "library of scenarios, virtual": library.run,
    "false alarms, virtual": ("false-alarm", "--virtual"),
    "a quiet day, virtual": ("quiet", "--virtual"),
    "runaway, virtual": ("runaway", "--virtual"),
    "quiet on sockets": ("quiet",),
    "runaway on sockets": ("runaway",),
    "runaway, pressure switch failed, on sockets": ("pressure-switch-failed",),
    "runaway, breaker stuck, on sockets": ("breaker-stuck",),
    "server room on sockets": ("server-room",),
    "runaway through Mosquitto": ("runaway", "--no-compare", "--broker", "mqtt://127.0.0.1:18831"),
}


def main(chosen: str) -> int:
    """Run the steps one after the other; print the time and the verdict of each."""
    failed = []
    for name, step in STEPS.items():
        if chosen not in name:
            continue
        print(f"haechi soak: {name} ...", flush=True)
        began = time.monotonic()
        folder = OUT / name.replace(", ", "-").replace(" ", "-")
        code = run(step, folder) if isinstance(step, tuple) else check(step, folder)
        print(
            f"haechi soak: {name}: {'passed' if code == 0 else 'FAILED'} in {time.monotonic() - began:.0f} s",
            flush=True,
        )
        failed += [name] if code else []
    if failed:
        print(f"haechi soak: failed: {'; '.join(failed)}. The reports lie in {OUT}.")
    return 1 if failed else 0


def run(arguments: tuple[str, ...], folder: Path) -> int:
    """One drill, with a Mosquitto of its own where it names a broker."""
    broker = mosquitto(arguments[-1].rpartition(":")[2]) if "--broker" in arguments else None
    try:
        return subprocess.run([SIM, "drill", *arguments, "--no-live", "--out", folder], check=False).returncode
    finally:
        if broker is not None:
            broker.terminate()
            broker.wait()


def check(step: Callable[[], Report], folder: Path) -> int:
    """One function; whatever it raises is a failure like another."""
    try:
        report = step()
        text, code = str(report), int(not report.passed)
    except Exception:  # noqa: BLE001 (a soak goes on with its next step, and tells)
        text, code = traceback.format_exc(), 1
    print(text, flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.txt").write_text(text + "\n")
    return code


def mosquitto(port: str) -> "subprocess.Popen[bytes]":
    """Debian's Mosquitto on a loopback port, without files."""
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        raise SystemExit("haechi soak: mosquitto is not installed; remedy: make test-programs")
    broker = subprocess.Popen([program, "-p", port], stderr=subprocess.DEVNULL)
    time.sleep(1.0)
    return broker


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
