"""A day of reconnects within a minute: a link whose connection is cut again and again, at any moment, and whose broker is killed at times.

Nothing may be left of a connection that is gone: no task, no descriptor, no memory. And the link must be whole again at the end.
`python -m tests.soak.reconnect_mqtt [COUNT [SEED]]`.
"""

import asyncio
import contextlib
import gc
import math
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from drivers.link import LinkState
from drivers.mqtt.mqtt_link import MqttLink
from drivers.mqtt.payload import encode
from drivers.mqtt.session import Broker, session
from drivers.points import Quality, TopicBlock
from tests.drivers.conftest import BrokerProcess

BLOCK = TopicBlock("temperature", "sensors", ("room/th-0",), "temp_degc", 1.0, 5.0)
MOST_WORDS, LINGER_S, LONGEST_LIFE_S = 6, 0.01, 0.2
"""A connection is cut after so many pieces of data from the broker and so long at most: some before its welcome, some after values came."""
WARM_AFTER = 10
KILL_EACH = 50
"""Connections after which nothing may grow any more; connections from one kill of the broker to the next."""
RECOVERED_WITHIN_S = 5.0
STOPPED_WITHIN_S = 0.1
MOST_OBJECTS, MOST_MEMORY_MB = 3000, 8.0
"""Growth that is allowed, whatever the number of connections: the interpreter's caches breathe."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was done, and what was wrong with it."""

    summary: str
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing was wrong."""
        return not self.failures


@dataclass(frozen=True, slots=True)
class Held:
    """What this process holds once the garbage is gone."""

    tasks: int
    descriptors: int
    objects: int
    memory_mb: float

    @classmethod
    def now(cls) -> "Held":
        """Count it."""
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        memory_mb = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
        return cls(len(asyncio.all_tasks()), len([*Path("/proc/self/fd").iterdir()]), len(gc.get_objects()), memory_mb)


class Cutter:
    """Stands between link and broker, and cuts connections at moments drawn from a seed."""

    def __init__(self, broker_port: int, seed: int) -> None:
        self._broker_port = broker_port
        self._random = random.Random(seed)
        self.cut = 0
        self.peaceful = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry bytes both ways for a while; then both connections are gone without a word."""
        words, linger_s = self._random.randint(0, MOST_WORDS), self._random.uniform(0.0, LINGER_S)
        writers = [writer]
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(None if self.peaceful else LONGEST_LIFE_S):
                there, back = await asyncio.open_connection("127.0.0.1", self._broker_port)
                writers.append(back)
                async with asyncio.TaskGroup() as both:
                    onward = both.create_task(_carry(reader, back, math.inf))
                    await _carry(there, writer, math.inf if self.peaceful else words)
                    await asyncio.sleep(linger_s)
                    onward.cancel()
        for one in writers:
            one.transport.abort()
        self.cut += 1


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, words: float) -> None:
    with contextlib.suppress(ConnectionError):
        while words > 0 and (data := await reader.read(4096)):
            writer.write(data)
            words -= 1


def run(count: int, seed: int) -> Report:
    """Cut `count` connections at moments drawn from `seed`."""
    return asyncio.run(reconnect(count, seed))


async def reconnect(count: int, seed: int) -> Report:
    """The same, within a running event loop."""
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        async with _broker(Path(folder)) as broker:
            cutter = Cutter(broker.port, seed)
            server = await asyncio.start_server(cutter.serve, "127.0.0.1", 0)
            before = Held.now()
            port = int(server.sockets[0].getsockname()[1])
            failures = await _drive(port, broker, cutter, count)
            server.close()
            await asyncio.sleep(0.1)
            after = Held.now()
    if after.tasks > before.tasks or after.descriptors >= before.descriptors:
        failures.append(f"left behind: {after}, before {before} (its listening socket is closed now)")
    took_s = time.monotonic() - began_s
    return Report(f"{cutter.cut} connections cut in {took_s:.0f} s (seed {seed})", tuple(failures))


async def _drive(port: int, broker: BrokerProcess, cutter: Cutter, count: int) -> list[str]:
    link = MqttLink("soak", "127.0.0.1", port, {"temperature": BLOCK}, {}, lambda: time.monotonic_ns() // 1_000_000)
    task = asyncio.create_task(link.run())
    await _until_cut(cutter, WARM_AFTER)
    warm = Held.now()
    for cut in range(WARM_AFTER, count, KILL_EACH):
        await _until_cut(cutter, min(cut + KILL_EACH, count))
        await broker.stop()
        await broker.start()
        await _say(broker, 1, retain=True)
    hot = Held.now()
    cutter.peaceful = True
    failures = [] if await _is_whole(link, broker) else [f"did not recover: {link.health()}"]
    if hot.objects > warm.objects + MOST_OBJECTS or hot.memory_mb > warm.memory_mb + MOST_MEMORY_MB:
        failures.append(f"has grown: {hot}, warm {warm}")
    stopping_s = time.monotonic()
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=RECOVERED_WITHIN_S)
    stopping_s = time.monotonic() - stopping_s
    if not done or not task.cancelled() or stopping_s > STOPPED_WITHIN_S:
        failures.append(f"did not stop: {task!r} after {stopping_s:.2f} s")
    print(f"haechi soak: warm {warm}, hot {hot}, stopped in {1e3 * stopping_s:.1f} ms", flush=True)
    return failures


async def _until_cut(cutter: Cutter, count: int) -> None:
    while cutter.cut < count:
        await asyncio.sleep(0.01)


async def _is_whole(link: MqttLink, broker: BrokerProcess) -> bool:
    """Whether the link comes up and a message makes its point good."""
    deadline_s = time.monotonic() + RECOVERED_WITHIN_S
    seq = 1
    while time.monotonic() < deadline_s:
        if link.health().state is LinkState.UP:
            seq += 1
            await _say(broker, seq)
        if link.buffers["temperature"].quality[0] == Quality.GOOD:
            return True
        await asyncio.sleep(0.02)
    return False


async def _say(broker: BrokerProcess, seq: int, *, retain: bool = False) -> None:
    async with session("plant", Broker("127.0.0.1", broker.port), "plant/state", lambda *_: None) as plant:
        await plant.publish(BLOCK.topics[0], encode(seq, seq, {"temp_degc": 21.0}), retain=retain)


@asynccontextmanager
async def _broker(folder: Path) -> AsyncIterator[BrokerProcess]:
    broker = BrokerProcess("mosquitto", folder)
    await broker.start()
    try:
        await _say(broker, 1, retain=True)
        yield broker
    finally:
        await broker.stop()


if __name__ == "__main__":
    report = run(*(int(argument) for argument in (*sys.argv[1:], *("500", "1")[len(sys.argv) - 1 :])))
    print(report)
    sys.exit(not report.passed)
