"""Brokers for the MQTT tests: amqtt, and Mosquitto where it is installed."""

import asyncio
import getpass
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.drivers.line import Line, plugged

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class BrokerProcess:
    """A broker that a test may freeze, kill and start again on its port."""

    def __init__(self, kind: str, folder: Path, settings: str = "allow_anonymous true") -> None:
        """`settings` are further lines for Mosquitto's configuration of its listener."""
        self.port = free_port()
        self._settings = settings
        self._folder = folder
        self._kind = kind
        self._process: Process | None = None

    async def start(self) -> None:
        if self._kind == "amqtt":
            command = [sys.executable, "-m", "tests.drivers.amqtt_broker", str(self.port)]
        else:
            config = self._folder / "mosquitto.conf"
            # Started by root it becomes another user, who cannot read the files of a test.
            config.write_text(f"user {getpass.getuser()}\nlistener {self.port} 127.0.0.1\n{self._settings}\n")
            command = ["mosquitto", "-c", str(config)]
        self._process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=DEVNULL, stderr=DEVNULL)
        deadline = time.monotonic() + 20
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                assert self._process.returncode is None, "the broker has ended"
                assert time.monotonic() < deadline, "the broker does not listen"
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return

    def signal(self, number: int) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    async def stop(self) -> None:
        if self._process is not None:
            self.signal(signal.SIGCONT)
            self._process.kill()
            await self._process.wait()
            self._process = None


@pytest_asyncio.fixture(params=["amqtt", pytest.param("mosquitto", marks=pytest.mark.needs("mosquitto"))])
async def broker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[BrokerProcess]:
    process = BrokerProcess(request.param, tmp_path)
    await process.start()
    try:
        yield process
    finally:
        await process.stop()


@pytest_asyncio.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    """A serial line whose ends are ttys; needs socat."""
    async with plugged(tmp_path) as line:
        yield line
