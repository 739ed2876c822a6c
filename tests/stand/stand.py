"""The test's side of the stand: starts plant and daemon, plays people and faults, asks both how they stand."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from controller.cli.client import ClientError, ask
from controller.core.chain import decode
from controller.core.events import Event
from controller.core.state import State
from controller.protocol import StatusReply, StatusRequest
from controller.runtime.journalfile import restore, rows, verify
from controller.site.loader import load
from controller.site.model import ModbusTcp, Mqtt, Site
from sim_hardware.rehost import free_endpoints, rehost, split_endpoint, write_site

SITE = Path(__file__).with_name("site.toml")
SPEED = 5.0
"""Plant seconds a second, where nothing else is said."""
START_S = 60.0
"""A machine whose kernels are not on disk yet compiles them first."""


class Nursery:
    """The process that forks plants and daemons (`tests.stand.nursery`)."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.stand.nursery", str(SITE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            text=True,
        )
        assert self._hear() == "ready"

    def close(self) -> None:
        """End it, with what it has started."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()

    def start(self, do: str, log: Path, **order: Any) -> int:
        """Fork a plant or a daemon; its pid."""
        pid: int = self._say({"do": do, "log": str(log), **order})["pid"]
        return pid

    def wait(self, pid: int, limit_s: float) -> int:
        """The exit code of a process, or minus the signal that killed it. Fails if it goes on."""
        code = self._say({"do": "wait", "pid": pid, "limit_s": limit_s})["code"]
        assert code is not None, f"process {pid} goes on after {limit_s} s"
        return int(code)

    def _say(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._hear())
        return answer

    def _hear(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@dataclass
class Daemon:
    """A daemon under test."""

    nursery: Nursery
    pid: int
    log: Path
    socket: Path
    ended: bool = False

    def status(self) -> StatusReply:
        """How the daemon says that the site stands. Raises ClientError."""
        reply = ask(self.socket, StatusRequest())
        assert isinstance(reply, StatusReply)
        return reply

    def until(self, condition: Callable[[StatusReply], bool], limit_s: float = 15.0) -> StatusReply:
        """Ask until the status fulfils `condition`; fails with the daemon's last words."""
        deadline_s = time.monotonic() + limit_s
        status = None
        while time.monotonic() < deadline_s:
            with contextlib.suppress(ClientError):
                status = self.status()
                if condition(status):
                    return status
            time.sleep(0.02)
        raise AssertionError(f"never came about: {status and status.core}\n{self.last_words()}")

    def ready(self) -> StatusReply:
        """Wait until it answers, with its first scan made."""
        return self.until(lambda _: True, START_S)

    def killed(self, limit_s: float = 30.0) -> None:
        """Wait until the launcher's kill has come."""
        code = self.nursery.wait(self.pid, limit_s)
        self.ended = True
        assert code == -signal.SIGKILL, f"ended with {code}\n{self.last_words()}"

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it; the exit code."""
        if self.ended:
            return 0
        os.kill(self.pid, number)
        self.ended = True
        return self.nursery.wait(self.pid, 20.0)

    def last_words(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text().splitlines()[-15:])


@dataclass
class Stand:
    """A site on ports of its own, a plant that serves it, a data directory for the daemons that come and go."""

    nursery: Nursery
    folder: Path
    site: Path
    model: Site
    epoch_ns: int
    speed: float
    pids: list[int] = field(default_factory=list)
    daemons: list[Daemon] = field(default_factory=list)

    @property
    def data(self) -> Path:
        """The daemons' data directory."""
        return self.folder / "data"

    def plant(self, do: str = "look", **order: Any) -> dict[str, Any]:
        """Play a person or a fault at the plant (`tests.stand.plant`), or just look at it."""
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(10.0)
            peer.connect(str(self.folder / "plant.sock"))
            peer.sendall(json.dumps({"do": do, **order}).encode() + b"\n")
            with peer.makefile("rb") as replies:
                answer: dict[str, Any] = json.loads(replies.readline())
        return answer

    def until_plant(self, condition: Callable[[dict[str, Any]], bool], limit_s: float = 15.0) -> dict[str, Any]:
        """Look until the plant fulfils `condition`."""
        deadline_s = time.monotonic() + limit_s
        while not condition(seen := self.plant()):
            assert time.monotonic() < deadline_s, seen
            time.sleep(0.02)
        return seen

    def daemon(self, point: str = "") -> Daemon:
        """Start a daemon with a fault at `point` (`tests.stand.launcher`)."""
        log, control = self.folder / f"daemon-{len(self.daemons)}.log", self.folder / "haechi.sock"
        words = ["run", str(self.site), "--unverified", "--data", str(self.data), "--socket", str(control)]
        words += ["--epoch-ns", str(self.epoch_ns), "--speed", str(self.speed)]
        daemon = Daemon(self.nursery, self.nursery.start("daemon", log, point=point, argv=words), log, control)
        self.daemons.append(daemon)
        return daemon

    def latched(self) -> State:
        """The state that stands in the journal's file."""
        return msgspec.msgpack.decode(restore(self.data / "journal.sqlite").state, type=State)

    def events(self) -> list[Event]:
        """All entries of the journal's file, whose chain must hold."""
        path = self.data / "journal.sqlite"
        assert verify(path).problems == ()
        return [decode(row.record) for row in rows(path)]

    def port(self, link: str) -> int:
        """Port of a link."""
        model = self.model.links[link]
        assert isinstance(model, (ModbusTcp, Mqtt))
        return split_endpoint(model.endpoint)[1]


@contextmanager
def stand(nursery: Nursery, folder: Path, speed: float = SPEED, **words: str) -> Iterator[Stand]:
    """A stand in `folder` (a short path: sockets lie in it). `broker` names the broker's port, without it there is none on the site.

    `watchdog_s` is the time of the modules' own watchdogs, `flooding_s` that of the hall's flooding.
    """
    site = load(SITE)
    endpoints = free_endpoints(site)
    if "broker" in words:
        endpoints["broker"] = f"127.0.0.1:{words['broker']}"
    else:
        site = _without_broker(site)
    site = rehost(site, endpoints)
    if "watchdog_s" in words:
        site = _with_watchdogs(site, float(words["watchdog_s"]))
    if "flooding_s" in words:
        site = _with_flooding(site, float(words["flooding_s"]))
    write_site(site, folder / "site.toml")
    made = Stand(nursery, folder, folder / "site.toml", site, time.monotonic_ns(), speed)
    control = folder / "plant.sock"
    order = {"site": str(made.site), "control": str(control), "epoch_ns": made.epoch_ns, "speed": speed}
    plant = nursery.start("plant", folder / "plant.log", **order)
    try:
        _until_said(folder / "plant.log", "ready:")
        yield made
    finally:
        for daemon in made.daemons:
            daemon.stop(signal.SIGKILL)
        os.kill(plant, signal.SIGTERM)
        code = nursery.wait(plant, 20.0)
    assert code == 0, (folder / "plant.log").read_text()


def _until_said(log: Path, words: str) -> None:
    deadline_s = time.monotonic() + START_S
    while words not in (said := log.read_text() if log.exists() else ""):
        assert time.monotonic() < deadline_s, said
        time.sleep(0.01)


def _without_broker(site: Site) -> Site:
    links = {name: link for name, link in site.links.items() if not isinstance(link, Mqtt)}
    devices = {name: device for name, device in site.devices.items() if device.link in links}
    blocks = {name: block for name, block in site.blocks.items() if block.device in devices}
    heads = {name: head for name, head in site.heads.items() if head.points[0].partition("[")[0] in blocks}
    return replace(site, links=links, devices=devices, blocks=blocks, heads=heads)


def _with_watchdogs(site: Site, timeout_s: float) -> Site:
    devices = {
        name: replace(device, watchdog=replace(device.watchdog, timeout_s=timeout_s)) if device.watchdog else device
        for name, device in site.devices.items()
    }
    return replace(site, devices=devices)


def _with_flooding(site: Site, flooding_s: float) -> Site:
    hall = site.zones["hall"]
    assert hall.release is not None
    return replace(
        site, zones=site.zones | {"hall": replace(hall, release=replace(hall.release, flooding_s=flooding_s))}
    )


def read_coils(port: int, unit: int, count: int) -> list[int]:
    """The first coils of a unit, as any Modbus client reads them (function 1)."""
    with socket.create_connection(("127.0.0.1", port), 5.0) as peer:
        peer.sendall(struct.pack(">HHHBBHH", 1, 0, 6, unit, 1, 0, count))
        reply = peer.recv(260)
    assert reply[6:8] == bytes((unit, 1)), reply.hex()
    bits = int.from_bytes(reply[9 : 9 + reply[8]], "little")
    return [bits >> place & 1 for place in range(count)]
