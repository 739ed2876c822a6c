"""A day of reconnects within a minute: Modbus links whose peers close, reset, go mute, stop within a reply or lie, at any moment.

Nothing may be left of a connection that is gone: no task, no descriptor, no timer, no memory. Stopped at any moment a link ends at once, and
left in peace it is whole again. `python -m tests.soak.reconnect_modbus [SECONDS [SEED]]`.
"""

import asyncio
import gc
import random
import socket
import ssl
import struct
import sys
import tempfile
import time
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from drivers.modbus.frame import Framing
from drivers.modbus.plan import DeviceLimits
from drivers.modbus.poller import ModbusLink
from drivers.modbus.tcp import tcp_connector
from drivers.points import DataType, Quality, RegisterBlock, Table
from drivers.tls import client_context
from tests.drivers.certificates import Authority
from tests.drivers.field import stalls, tick_ms
from tests.drivers.oracle import Question, crc

TIMEOUT_S, PERIOD_S = 0.1, 0.1
LINKS = {"tcp": 12, "rtu": 4, "tls": 4}
ENDS = ("close", "close after", "reset", "reset after", "mute", "half", "stray", "lie")
WARM_SHARE = 0.2
"""Share of the time after which nothing may grow any more."""

RECOVERED_WITHIN_S = 5.0
STOPPED_WITHIN_S = 0.1
MOST_OBJECTS, MOST_MEMORY_KB = 3000, 1500.0
"""Growth that is allowed, whatever the number of connections: caches of the interpreter and of OpenSSL. One connection holds 17 kB."""

FEWEST_A_SECOND = 10.0
"""Fewer connections than these would prove nothing."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was done, and what was wrong with it."""

    summary: str
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing was wrong."""
        return not self.failures

    def __str__(self) -> str:
        return "\n".join((self.summary, *(f"WRONG: {failure}" for failure in self.failures)))


@dataclass(frozen=True, slots=True)
class Held:
    """What this process holds while no link runs."""

    tasks: int
    descriptors: int
    timers: int
    objects: int
    memory_kb: float

    @classmethod
    def now(cls) -> "Held":
        """Count it, once the garbage is gone."""
        gc.collect()
        scheduled: list[asyncio.TimerHandle] = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
        return cls(
            len(asyncio.all_tasks()),
            len([*Path("/proc/self/fd").iterdir()]),
            sum(not timer.cancelled() for timer in scheduled),
            len(gc.get_objects()),
            tracemalloc.get_traced_memory()[0] / 1e3,
        )


class Peer:
    """A device behind a socket, which ends its connections in every way there is, at moments drawn from a seed."""

    def __init__(self, kind: str, chance: random.Random) -> None:
        self.framing = "rtu" if kind == "rtu" else "tcp"
        self.port = 0
        self.connections = 0
        self.peaceful = False
        self.chance = chance

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a few requests rightly, then end."""
        self.connections += 1
        answers, how = self.chance.choice((0, 1, 1, 2, 3, 5, 8)), self.chance.choice(ENDS)
        try:
            while self.peaceful or answers > 0:
                writer.write(self._right(await self._heard(reader)))
                answers -= 1
            await self._end(how, reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    async def _heard(self, reader: asyncio.StreamReader) -> bytes:
        return await reader.readexactly(12 if self.framing == "tcp" else 8)

    def _right(self, request: bytes, unit: int = 0) -> bytes:
        """The right reply; with `unit`, that of another one."""
        transaction = int.from_bytes(request[:2], "big")
        asked, function, address, count = struct.unpack(
            ">BBHH", request[6:12] if self.framing == "tcp" else request[:6]
        )
        return Question(asked ^ unit, function, address, count).answer(self.framing, transaction, bytes(2 * count))

    async def _end(self, how: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not how.endswith("after"):
            request = await self._heard(reader)
            right = self._right(request)
            said = {"half": right[: len(right) // 2], "stray": right + right, "lie": self._right(request, unit=5)}
            writer.write(said.get(how, b""))
            if how in {"mute", *said}:
                await reader.read()
        if how.startswith("reset"):
            peer: socket.socket = writer.get_extra_info("socket")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class Site:
    """The peers of all kinds, and the links to them."""

    def __init__(self, peers: dict[str, Peer], tls: ssl.SSLContext) -> None:
        self._peers = peers
        self._tls = tls
        self.links: list[ModbusLink] = []
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def connections(self) -> int:
        """Connections since the beginning."""
        return sum(peer.connections for peer in self._peers.values())

    def start(self, *, peaceful: bool = False) -> None:
        """Links of every kind, to every peer."""
        for peer in self._peers.values():
            peer.peaceful = peaceful
        self.links = [self._link(kind) for kind, many in LINKS.items() for _ in range(many)]
        self._tasks = [asyncio.create_task(link.run()) for link in self.links]

    async def stop(self) -> tuple[float, list[str]]:
        """Stop all links: how long it took beyond what the machine stood still, and what went wrong."""
        async with stalls() as stalled:
            began_s = time.monotonic()
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=RECOVERED_WITHIN_S)
            took_s = time.monotonic() - began_s
            await asyncio.sleep(0.02)  # a stall that has just ended is seen now
        wrong = [f"did not stop as it was told: {task!r}" for task in self._tasks if not task.cancelled()]
        self.links, self._tasks = [], []
        await asyncio.sleep(0.2)  # the peers hear of it
        return max(0.0, took_s - stalled.total_s), wrong

    def _link(self, kind: str) -> ModbusLink:
        peer, framing = self._peers[kind], Framing(self._peers[kind].framing)
        blocks = {
            f"b{unit}": RegisterBlock(
                f"b{unit}", f"d{unit}", unit, Table.HOLDING, 10 * unit, unit + 1, DataType.UINT16, PERIOD_S, 5.0
            )
            for unit in range(4)
        }
        devices = {block.device: DeviceLimits() for block in blocks.values()}
        tls = self._tls if kind == "tls" else None
        connect = tcp_connector(kind, "127.0.0.1", peer.port, framing, TIMEOUT_S, tls)
        return ModbusLink(kind, connect, framing, blocks, devices, TIMEOUT_S, tick_ms, read_only=True)


@asynccontextmanager
async def site(seed: int) -> AsyncIterator[Site]:
    """All peers, listening."""
    chance = random.Random(seed)
    peers = {kind: Peer(kind, chance) for kind in LINKS}
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder), "ca")
        ours, device = authority.issue("client"), authority.issue("server")
        mutual = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        mutual.load_cert_chain(device.certificate_file, device.key_file)
        mutual.load_verify_locations(authority.ca_file)
        mutual.verify_mode = ssl.CERT_REQUIRED
        client = client_context(authority.ca_file, ours.certificate_file, ours.key_file)
    servers = []
    for kind, peer in peers.items():
        server = await asyncio.start_server(peer.serve, "127.0.0.1", 0, ssl=mutual if kind == "tls" else None)
        peer.port = int(server.sockets[0].getsockname()[1])
        servers.append(server)
    try:
        yield Site(peers, client)
    finally:
        for server in servers:
            server.close()


def run(seconds: float, seed: int) -> Report:
    """Reconnect for so long."""
    return asyncio.run(reconnect(seconds, seed))


async def reconnect(seconds: float, seed: int) -> Report:
    """The same, within a running event loop."""
    crc(b"")  # its table is made once, and is no growth
    tracemalloc.start(1)
    try:
        async with site(seed) as field:
            return await _reconnect(field, seconds, seed)
    finally:
        tracemalloc.stop()


async def _reconnect(field: Site, seconds: float, seed: int) -> Report:
    failures: list[str] = []
    held: list[Held] = []
    longest_s = 0.0
    for share in (WARM_SHARE, 1 - WARM_SHARE):
        field.start()
        await asyncio.sleep(seconds * share)
        stopped_s, wrong = await field.stop()
        longest_s = max(longest_s, stopped_s)
        failures += wrong
        held.append(Held.now())
    connections, (warm, hot) = field.connections, held
    failures += _grown(warm, hot)
    if longest_s > STOPPED_WITHIN_S:
        failures.append(f"stopped in {longest_s * 1e3:.0f} ms")
    if connections < FEWEST_A_SECOND * seconds:
        failures.append(f"only {connections} connections in {seconds:.0f} s")
    field.start(peaceful=True)
    began_s = time.monotonic()
    while not _is_whole(field) and time.monotonic() - began_s < RECOVERED_WITHIN_S:
        await asyncio.sleep(0.02)
    failures += [] if _is_whole(field) else [f"not whole after {RECOVERED_WITHIN_S} s: {_health(field)}"]
    failures += (await field.stop())[1]
    stopped = f"{sum(LINKS.values())} links stopped in {longest_s * 1e3:.0f} ms"
    return Report(
        f"{connections} connections in {seconds:.0f} s (seed {seed}), {stopped}; warm {warm}, hot {hot}",
        tuple(failures),
    )


def _grown(warm: Held, hot: Held) -> list[str]:
    same = ("tasks", "descriptors", "timers")
    wrong = [f"{name} left behind: {getattr(hot, name)}" for name in same if getattr(hot, name) > getattr(warm, name)]
    if hot.objects > warm.objects + MOST_OBJECTS or hot.memory_kb > warm.memory_kb + MOST_MEMORY_KB:
        wrong.append("memory has grown")
    return wrong


def _is_whole(field: Site) -> bool:
    return all((b.quality == Quality.GOOD).all() for link in field.links for b in link.buffers.values())


def _health(field: Site) -> list[str]:
    return [
        str(link.health()) for link in field.links if any(b.quality[0] != Quality.GOOD for b in link.buffers.values())
    ]


if __name__ == "__main__":
    found = run(*(float(sys.argv[1]), int(sys.argv[2])) if len(sys.argv) > 2 else (60.0, 1))
    print(found)
    sys.exit(not found.passed)
