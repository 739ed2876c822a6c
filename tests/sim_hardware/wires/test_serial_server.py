"""RTU on a tty: a pair of pseudo-terminals of socat is the line, mbpoll (libmodbus) and a bare descriptor are the masters."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from drivers.modbus.tty import open_tty
from drivers.points import Table
from sim_hardware.wires.bulk import content
from sim_hardware.wires.serial_server import SerialServer
from tests.sim_hardware.wires.lines import Units, rtu

pytestmark = pytest.mark.needs("socat")


class Line:
    """A null-modem cable: two ttys in a folder, as long as socat lives."""

    def __init__(self, folder: Path) -> None:
        self.device, self.master = folder / "device", folder / "master"
        self._process: subprocess.Popen[bytes] | None = None

    def plug(self) -> None:
        ends = [f"pty,raw,echo=0,link={end}" for end in (self.device, self.master)]
        self._process = subprocess.Popen(["socat", *ends])
        deadline = time.monotonic() + 5.0
        while not (self.device.exists() and self.master.exists()):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def unplug(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(5)
            self._process = None


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    line = Line(tmp_path)
    line.plug()
    try:
        yield line
    finally:
        line.unplug()


@pytest.fixture
def units() -> Units:
    return Units()


@pytest_asyncio.fixture
async def server(line: Line, units: Units) -> AsyncIterator[SerialServer]:
    server = SerialServer(units, str(line.device), units.units, baud=115200, parity="none")
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@contextlib.contextmanager
def _master(line: Line) -> Iterator[int]:
    descriptor = open_tty("master", str(line.master), 115200, "none", 1)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


async def _hear(descriptor: int, size: int, timeout_s: float = 2.0) -> bytes:
    """What comes until `size` bytes are there or the time is over."""
    heard = b""
    deadline = time.monotonic() + timeout_s
    while len(heard) < size and time.monotonic() < deadline:
        with contextlib.suppress(BlockingIOError):
            heard += os.read(descriptor, size - len(heard))
        await asyncio.sleep(0.005)
    return heard


async def _mbpoll(line: Line, *words: str) -> dict[int, int]:
    process = await asyncio.create_subprocess_exec(
        "mbpoll", "-m", "rtu", "-b", "115200", "-P", "none", "-0", "-1", "-t", "4", *words[:-1], str(line.master),
        *words[-1].split(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == 0, output
    lines = [text.split("\t") for text in output.decode().splitlines() if text.startswith("[")]
    return {int(place.strip("[]: ")): int(value.split()[0]) & 0xFFFF for place, value in lines}


@pytest.mark.needs("mbpoll")
async def test_mbpoll_reads_and_writes_over_the_line(line: Line, units: Units, server: SerialServer) -> None:
    shown = await _mbpoll(line, "-a", "2", "-r", "100", "-c", "125", "")
    assert shown == dict(zip(range(100, 225), content(2, 100, 125).tolist(), strict=True))
    await _mbpoll(line, "-a", "3", "-r", "7", "41 42 43")
    assert units.memories["unit-3"].read(Table.HOLDING, 7, 3).tolist() == [41, 42, 43]
    assert server.requests == 2


async def test_who_is_not_there_or_dead_or_misheard_is_silent(line: Line, units: Units, server: SerialServer) -> None:
    units.lateness = {"unit-2": None}
    with _master(line) as master:
        broken = bytearray(rtu("01 03 0000 0001"))
        broken[-1] ^= 1
        for request in (rtu("09 03 0000 0001"), rtu("02 03 0000 0001"), bytes(broken), b"\x01\x03\x00"):
            os.write(master, request)
            assert await _hear(master, 1, 0.1) == b""
        os.write(master, rtu("01 03 0000 0002"))
        assert await _hear(master, 9) == rtu("01 03 04" + content(1, 0, 2).astype(">u2").tobytes().hex())


async def test_a_late_unit_answers_into_the_conversation_of_others(
    line: Line, units: Units, server: SerialServer
) -> None:
    units.lateness = {"unit-1": 0.15}
    with _master(line) as master:
        os.write(master, rtu("01 03 0000 0001"))
        await asyncio.sleep(0.05)
        os.write(master, rtu("02 03 0000 0001"))
        heard = await _hear(master, 14)
    assert (heard[0], heard[7]) == (2, 1)


async def test_a_tty_that_went_away_is_served_again_when_it_is_back(line: Line, server: SerialServer) -> None:
    for _ in range(2):
        line.unplug()
        await asyncio.sleep(0.3)
        line.plug()
        async with asyncio.timeout(5.0):
            while True:
                with _master(line) as master:
                    os.write(master, rtu("01 03 0000 0001"))
                    if await _hear(master, 7, 0.3):
                        break
    assert server.requests >= 2


async def test_a_tty_that_cannot_be_had_is_named(tmp_path: Path, units: Units) -> None:
    with pytest.raises(RuntimeError, match="nowhere cannot be served"):
        await SerialServer(units, str(tmp_path / "nowhere"), units.units).start()
    (tmp_path / "file").touch()
    with pytest.raises(RuntimeError, match="file cannot be served"):
        await SerialServer(units, str(tmp_path / "file"), units.units).start()
