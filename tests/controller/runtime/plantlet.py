"""A plant of two modules in the test's own loop, and the daemon as a process of its own in front of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.cli.client import ClientError, ask
from controller.protocol import AnyReply, AnyRequest, EventEntry, EventsReply, EventsRequest, StatusReply, StatusRequest
from tests.drivers.field import Ask, raw_server

SITE = """
[site]
name = "Small"
mode = "{mode}"
scan_s = 0.05
trouble_delay_s = 0.5
[links.io]
kind = "modbus-tcp"
endpoint = "127.0.0.1:{port}"
[devices.heat]
link = "io"
unit = 1
[devices.do-1]
link = "io"
unit = 2
watchdog = {{ point = "kick", timeout_s = 1.0 }}
[blocks.heat]
device = "heat"
table = "input"
address = 0
count = 2
factor = 0.1
period_s = 0.1
max_age_s = 1.0
[blocks.kick]
device = "do-1"
table = "holding"
address = 10
writable = true
[blocks.coils]
device = "do-1"
table = "coil"
address = 0
count = 2
type = "bit"
period_s = 0.1
max_age_s = 1.0
writable = true
[zones.room]
title = "Room"
[heads.heat-1]
family = "heat"
zone = "room"
points = ["heat[0]"]
[heads.heat-2]
family = "heat"
zone = "room"
points = ["heat[1]"]
[outputs.sounder]
role = "sounder"
zone = "room"
channels = ["coils[0]"]
on_restart = "keep"
on_comm_loss = "hold"
[outputs.beacon]
role = "beacon"
zone = "room"
channels = ["coils[1]"]
on_restart = "keep"
on_comm_loss = "hold"
[matrix.alert]
when = ["room.alert"]
then = ["sounder"]
[matrix.fire]
when = ["room.fire"]
then = ["beacon"]
"""

READY_S = 60.0
"""The first start on a machine compiles the kernels."""
SOUNDER, BEACON = 0, 1
KICK_REGISTER = 10


@dataclass
class Modules:
    """A heat module (unit 1) and an output module (unit 2): registers by (unit, table), and every write they took."""

    heat: list[int] = field(default_factory=lambda: [210, 220])
    coils: list[int] = field(default_factory=lambda: [0, 0])
    registers: dict[int, int] = field(default_factory=dict)
    writes: list[tuple[int, int]] = field(default_factory=list)
    functions: set[int] = field(default_factory=set)
    dead: bool = False

    async def answer(self, ask: Ask) -> bytes | None:
        if self.dead:
            await asyncio.sleep(3600)
        self.functions.add(ask.function)
        match ask.function:
            case 1:
                bits = sum(bit << n for n, bit in enumerate(self.coils[ask.address : ask.address + ask.count]))
                return ask.frame(struct.pack(">BB", 1, bits))
            case 3 | 4:
                known = self.heat if ask.function == 4 else self.registers
                words = [known[n] if ask.function == 4 else self.registers.get(n, 0) for n in self._span(ask)]
                return ask.frame(struct.pack(f">B{len(words)}H", 2 * len(words), *words))
            case 5:
                self.coils[ask.address] = int(ask.body[2] == 0xFF)
            case 6:
                self.registers[ask.address] = ask.count
        self.writes.append((ask.address, ask.count))
        return ask.frame(ask.body)

    @staticmethod
    def _span(ask: Ask) -> range:
        return range(ask.address, ask.address + ask.count)


@dataclass
class Daemon:
    """`haechi run` as a process; `log` is what it has said so far."""

    process: asyncio.subprocess.Process
    data: Path
    log: list[dict[str, Any]] = field(default_factory=list)

    @property
    def socket(self) -> Path:
        return self.data / "haechi.sock"

    async def ask(self, request: AnyRequest) -> AnyReply:
        return await asyncio.to_thread(ask, self.socket, request)

    async def status(self) -> StatusReply:
        reply = await self.ask(StatusRequest())
        assert isinstance(reply, StatusReply)
        return reply

    async def events(self, since: int = 0) -> tuple[EventEntry, ...]:
        reply = await self.ask(EventsRequest(since=since))
        assert isinstance(reply, EventsReply)
        return reply.entries

    async def until_status(self, condition: Callable[[StatusReply], bool], limit_s: float = 10.0) -> StatusReply:
        async with asyncio.timeout(limit_s):
            while True:
                with contextlib.suppress(ClientError):
                    if condition(status := await self.status()):
                        return status
                await asyncio.sleep(0.05)

    async def ready(self) -> None:
        async with asyncio.timeout(READY_S):
            while not any(entry.get("event") == "ready" for entry in self.log):
                assert self.process.returncode is None, self.log
                await asyncio.sleep(0.02)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(15):
            return await self.process.wait()

    async def read_log(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            text = line.decode()
            self.log.append(json.loads(text) if text.startswith("{") else {"text": text})


@dataclass
class Plantlet:
    """Modules on a port, a site file that names it, a data directory."""

    modules: Modules
    site: Path
    data: Path

    @asynccontextmanager
    async def daemon(self, *, before: str = "", **environment: str) -> AsyncIterator[Daemon]:
        """A daemon; `before` is Python that its process runs first, to put a fault into a named function."""
        program = f"{before}\nimport sys\nfrom controller.cli.main import main\nsys.exit(main())"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, "run", str(self.site), "--unverified", "--data", str(self.data),
            stderr=asyncio.subprocess.PIPE, env={**os.environ, **environment},
        )  # fmt: skip
        daemon = Daemon(process, self.data)
        reading = asyncio.create_task(daemon.read_log())
        try:
            yield daemon
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            await reading


@asynccontextmanager
async def plantlet(folder: Path, mode: str = "direct") -> AsyncIterator[Plantlet]:
    """A plant in `folder`."""
    modules = Modules()
    async with raw_server(modules.answer) as raw:
        site = folder / "site.toml"
        site.write_text(SITE.format(port=raw.port, mode=mode))
        yield Plantlet(modules, site, folder / "data")


@contextmanager
def service_manager(folder: Path) -> Iterator[tuple[str, Callable[[], list[bytes]]]]:
    """A socket for sd_notify: its address, and all that it has heard."""
    heard: list[bytes] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(folder / "notify"))
        listener.setblocking(False)

        def all_heard() -> list[bytes]:
            with contextlib.suppress(BlockingIOError):
                while True:
                    heard.append(listener.recv(100))
            return heard

        yield str(folder / "notify"), all_heard


def seconds_since(start_s: float) -> float:
    return time.monotonic() - start_s
