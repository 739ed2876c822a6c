"""What a link learns of its devices and messages becomes a trouble, the whole way: wire, health, host fact, core, status."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stand.stand import Daemon, Nursery, stand
from tests.troubles.test_troubles import broker, calm, detect, free_port, shown

DELAY_S = 10.0
"""Of `device_near_deadline`."""
HEARD = 10
"""Messages after which each of the four sensors, and their device's heartbeat, was heard: they come once a second, all together."""


def test_a_device_whose_answers_come_close_to_the_time_out_is_named_and_stays_good(
    nursery: Nursery, folder: Path
) -> None:
    with stand(nursery, folder, speed=1.0) as here:
        daemon = here.daemon()
        calm(daemon)
        here.plant("fault", fault="device-late:asd:0.225")  # the time-out is 0.3 s
        trouble = ("device_near_deadline", "asd")
        status = daemon.until(lambda status: trouble in shown(status), DELAY_S + 15.0)
        assert {trip for trip, subject in shown(status) if subject == "asd"} == {"device_near_deadline"}
        assert {link.name: link.near_deadline for link in status.links if link.near_deadline} == {"asd": ("asd",)}
        assert not any(head.fault for zone in status.core.zones for head in zone.heads)
        assert daemon.stop() == 0


def test_a_device_that_comes_and_goes_is_named_though_it_is_never_lost(nursery: Nursery, folder: Path) -> None:
    with stand(nursery, folder, speed=1.0) as here:
        daemon = here.daemon()
        calm(daemon)
        trouble = ("device_unreliable", "heat")
        lost = _seen_while_it_comes_and_goes(
            daemon, lambda: here.plant("fault", fault="device-dead:heat", for_s=1.2), trouble
        )
        assert ("device_lost", "heat") not in lost
        status = daemon.status()
        assert {link.name: link.unreliable for link in status.links if link.unreliable} == {"heat": ("heat",)}
        assert daemon.stop() == 0


def _seen_while_it_comes_and_goes(
    daemon: Daemon, die: Callable[[], object], trouble: tuple[str, str]
) -> set[tuple[str, str]]:
    """Let the device die for a moment until the trouble is shown; all troubles that were shown on the way."""
    seen: set[tuple[str, str]] = set()
    deadline_s = time.monotonic() + 40.0
    while trouble not in seen:
        assert time.monotonic() < deadline_s, seen
        die()
        until_s = time.monotonic() + 3.0
        while time.monotonic() < until_s:
            seen |= shown(daemon.status())
            time.sleep(0.2)
    return seen


@pytest.mark.needs("mosquitto_pub")
def test_messages_that_never_came_are_a_trouble_of_their_broker(nursery: Nursery, folder: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "sim_hardware.drill.broker", f"127.0.0.1:{port}"]
    with broker(command, port), stand(nursery, folder, speed=1.0, broker=str(port)) as here:
        daemon = here.daemon()
        calm(daemon)
        # A start waits for no topic: a gap is one between two messages, so the plant's own must have come first.
        daemon.until(lambda told: any(link.name == "broker" and link.reads >= HEARD for link in told.links))
        payload = '{"t": 0, "seq": 100000, "temperature": 22.0}'
        began_s = time.monotonic()
        subprocess.run(
            ["mosquitto_pub", "-p", str(port), "-q", "1", "-t", "stand/climate/sensor-1", "-m", payload],
            check=True, timeout=10.0,
        )  # fmt: skip
        status = detect(daemon, ("messages_lost", "broker"), began_s)
        (link,) = [link for link in status.links if link.name == "broker"]
        assert link.gaps > 90_000
        assert ("device_lost", "climate") not in shown(status)
        assert daemon.stop() == 0
