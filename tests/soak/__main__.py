"""`python -m tests.soak`: what takes too long for every test run. A day of quiet life, the table of false alarms, every drill on sockets.

Each step is the command that a user would give; the first argument, if any, chooses the steps whose name contains it. Exit code 1 when
a step failed, and which; the report of each lies in out/soak/.
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

OUT = Path("out/soak")
SIM = Path(sys.executable).with_name("haechi-sim")

STEPS: dict[str, tuple[str, ...]] = {
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
    for name, arguments in STEPS.items():
        if chosen not in name:
            continue
        print(f"haechi soak: {name} ...", flush=True)
        began = time.monotonic()
        code = run(arguments, OUT / name.replace(", ", "-").replace(" ", "-"))
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
