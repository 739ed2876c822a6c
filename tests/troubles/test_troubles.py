"""Each of these becomes a trouble within ten seconds of the wall while all else goes on: scans, other devices, alarms, outputs."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from controller.protocol import StatusReply
from controller.site.model import PHYSICS, Physics
from tests.stand.stand import Daemon, Nursery, Stand, stand

LIMIT_S = 10.0
CALM_S = 90.0
Trouble = tuple[str, str]


def shown(status: StatusReply) -> set[Trouble]:
    return {(trouble.trip, trouble.subject) for trouble in status.core.troubles}


def calm(daemon: Daemon) -> StatusReply:
    """All devices have been heard, nothing is wrong; a slow machine's late scans at the start have left the last minute."""
    return daemon.until(lambda status: not shown(status) and up(status) == set(links(status)), CALM_S)


def links(status: StatusReply) -> dict[str, str]:
    return {link.name: link.state for link in status.links}


def up(status: StatusReply) -> set[str]:
    return {name for name, state in links(status).items() if state == "up"}


def detect(daemon: Daemon, trouble: Trouble, began_s: float) -> StatusReply:
    """Wait for a trouble and tell its time (pytest -rP shows it), in wall seconds since the fault."""
    status = daemon.until(lambda status: trouble in shown(status), LIMIT_S + 5.0)
    took_s = time.monotonic() - began_s
    print(f"{trouble[0]} {trouble[1]}: after {took_s:.2f} s")
    assert took_s < LIMIT_S
    return status


def goes_on(here: Stand, daemon: Daemon, sick: set[str]) -> None:
    """With the trouble standing: scans move in time, every other device is there, and a fire still raises alarm and output."""
    before = daemon.status()
    time.sleep(1.0)
    after = daemon.status()
    assert after.scans.scan - before.scans.scan >= 8  # ten a second, on a busy machine
    assert after.late == ()
    assert {subject for trip, subject in shown(after) if trip == "device_lost"} == sick
    blind = {head.name for zone in after.core.zones for head in zone.heads if head.fault}
    sensing = {name: head for name, head in here.model.heads.items() if PHYSICS[head.family] is not Physics.WIRED}
    assert blind == {name for name, head in sensing.items() if device_of(here, head.points[0]) in sick}
    here.plant("fault", fault="ramp:heat-1:20")
    status = daemon.until(lambda status: hall_alarm(status, "heat-1"), 12.0)
    assert status.core.zones[0].stage == "pre-activated"
    here.until_plant(lambda seen: seen["positions"]["sounder"] == seen["positions"]["exhaust"] == 1.0)


def device_of(here: Stand, point: str) -> str:
    return here.model.blocks[point.partition("[")[0]].device


def hall_alarm(status: StatusReply, head: str) -> bool:
    return any(one.name == head and one.latched == "alarm" for one in status.core.zones[0].heads)


# --- devices --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "device"),
    [
        ("device-dead:bms-1", "bms-1"),  # bms-2 stands on the same connection
        ("device-late:di-1:1.0", "di-1"),  # and so does do-1, whose outputs are to move
    ],
)
@pytest.mark.feature("F3")
def test_a_device_that_dies_or_answers_late(nursery: Nursery, folder: Path, fault: str, device: str) -> None:
    with stand(nursery, folder, speed=1.0) as here:
        daemon = here.daemon()
        calm(daemon)
        began_s = time.monotonic()
        here.plant("fault", fault=fault)
        detect(daemon, ("device_lost", device), began_s)
        goes_on(here, daemon, {device})
        assert daemon.stop() == 0


# --- the broker -----------------------------------------------------------------------------------------------------


@contextmanager
def broker(command: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A broker that answers; frozen or not, it is ended."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline_s = time.monotonic() + 20.0
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
            assert time.monotonic() < deadline_s
            time.sleep(0.05)
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(10)


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["mosquitto", "-p", "{port}"], marks=pytest.mark.needs("mosquitto"), id="mosquitto"),
        pytest.param([sys.executable, "-m", "sim_hardware.drill.broker", "127.0.0.1:{port}"], id="amqtt"),
    ],
)
@pytest.mark.feature("F3")
def test_a_frozen_broker(nursery: Nursery, folder: Path, command: list[str]) -> None:
    port = free_port()
    with (
        broker([word.format(port=port) for word in command], port) as process,
        stand(nursery, folder, speed=1.0, broker=str(port)) as here,
    ):
        daemon = here.daemon()
        calm(daemon)
        process.send_signal(signal.SIGSTOP)
        began_s = time.monotonic()
        detect(daemon, ("device_lost", "climate"), began_s)
        goes_on(here, daemon, {"climate"})
        process.send_signal(signal.SIGCONT)
        daemon.until(lambda status: ("device_lost", "climate") not in shown(status), 20.0)
        assert daemon.stop() == 0


# --- the disk -------------------------------------------------------------------------------------------------------


def test_a_hung_disk_in_a_quiet_site(nursery: Nursery, folder: Path) -> None:
    flag = folder / "hung"
    with stand(nursery, folder, speed=1.0) as here:
        daemon = here.daemon(f"hung-disk:{flag}")
        calm(daemon)
        flag.touch()
        began_s = time.monotonic()
        status = detect(daemon, ("journal_late", "controller"), began_s)
        durable = status.storage.durable_seq
        goes_on(here, daemon, set())
        # Agent waits for its intent a scan at most, then goes all the same (rule 11), in sight.
        here.plant("input", head="call-point", value=True)
        daemon.until(lambda status: status.core.zones[0].stage == "released", 15.0)
        status = daemon.until(lambda status: ("intent_not_durable", "controller") in shown(status))
        assert status.storage.durable_seq == durable
        assert status.late == ()
        flag.unlink()
        daemon.until(lambda status: status.storage.durable_seq == status.last_seq)
        daemon.until(lambda status: ("journal_late", "controller") not in shown(status))
        assert daemon.stop() == 0
        what = [event.what for event in here.events()]
        assert what.index("releasing") < what.index("released")
