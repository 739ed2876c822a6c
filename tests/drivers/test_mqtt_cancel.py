"""Ending a link at any moment takes less than 100 ms and leaves nothing behind; a day of reconnects does not either."""

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from drivers.link import LinkState, NotConnectedError
from drivers.mqtt.mqtt_link import MqttLink
from drivers.mqtt.session import Broker, session
from drivers.points import TopicBlock
from drivers.tls import client_context
from tests.drivers.certificates import Authority
from tests.drivers.conftest import BrokerProcess
from tests.drivers.field import stalls, tick_ms, until
from tests.soak.reconnect_mqtt import Held, reconnect

BLOCK = TopicBlock("temperature", "sensors", ("room/th-0",), "temp_degc", 1.0, 5.0)
STOPPED_WITHIN_S = 0.1
MOMENTS = 40


def link_to(port: int, **options: object) -> MqttLink:
    return MqttLink("hall", "127.0.0.1", port, {"temperature": BLOCK}, {"sensors": "room/beat"}, tick_ms, **options)  # type: ignore[arg-type]


async def stop(task: asyncio.Task[None]) -> float:
    """Cancel, and give the seconds that it took; a task that ends otherwise than cancelled has swallowed it."""
    task.cancel()
    began_s = time.monotonic()
    await asyncio.wait([task], timeout=5)
    took_s = time.monotonic() - began_s
    assert task.cancelled()
    return took_s


async def slowest_stop(make: Callable[[], MqttLink], within_s: float, moments: int = MOMENTS) -> float:
    """Start and cancel links, each at another moment of the first `within_s`; stalls of the machine are not counted."""
    times = random.Random(7)
    before = Held.now()
    took_s = []
    for _ in range(moments):
        task = asyncio.create_task(make().run())
        await asyncio.sleep(times.uniform(0.0, within_s))
        async with stalls() as machine:
            stop_s = await stop(task)
        took_s.append(stop_s - machine.total_s)
    await asyncio.sleep(0.05)
    after = Held.now()
    assert (after.tasks, after.descriptors) == (before.tasks, before.descriptors)
    print(f"slowest of {moments} stops: {1e3 * max(took_s):.1f} ms")
    return max(took_s)


@asynccontextmanager
async def black_hole() -> AsyncIterator[int]:
    """Takes every connection and never says a word."""

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            pass
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await asyncio.sleep(0.05)


async def test_a_link_ends_at_any_moment_of_its_life(broker: BrokerProcess) -> None:
    assert await slowest_stop(lambda: link_to(broker.port), within_s=0.04) < STOPPED_WITHIN_S


async def test_a_link_to_a_frozen_broker_ends_at_once(broker: BrokerProcess) -> None:
    """Both while it connects and while it is connected: the farewell is cut short, the broker will speak our will."""
    up = [link_to(broker.port) for _ in range(3)]
    tasks = [asyncio.create_task(link.run()) for link in up]
    await until(lambda: all(link.health().state is LinkState.UP for link in up), within_s=5)
    broker.signal(signal.SIGSTOP)
    assert await slowest_stop(lambda: link_to(broker.port), within_s=0.1, moments=10) < STOPPED_WITHIN_S
    for task in tasks:
        async with stalls() as machine:
            took_s = await stop(task)
        assert took_s - machine.total_s < STOPPED_WITHIN_S


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("secure", [False, True])
async def test_a_link_to_a_black_hole_ends_at_once(tmp_path: Path, secure: bool) -> None:
    tls = client_context(Authority(tmp_path, "ours").ca_file) if secure else None
    async with black_hole() as port:
        assert await slowest_stop(lambda: link_to(port, tls=tls), within_s=0.05, moments=15) < STOPPED_WITHIN_S
        link = link_to(port, tls=tls)
        task = asyncio.create_task(link.run())
        await until(lambda: link.health().timeouts == 1, within_s=5)
        assert "does not answer within 2 s; remedy: look whether it runs" in link.health().last_error
        await stop(task)


@pytest.mark.needs("mosquitto")
async def test_a_stop_parts_in_order_and_a_crash_does_not(tmp_path: Path) -> None:
    """ "offline" is heard once after a stop: the will stays with the broker. A session that only closes leaves the word to its will."""
    broker = BrokerProcess("mosquitto", tmp_path)
    await broker.start()
    heard: list[bytes] = []
    here = Broker("127.0.0.1", broker.port)
    try:
        async with session("ear", here, "ear/state", lambda _, payload, __: heard.append(payload)) as ear:
            await ear.subscribe(["haechi/hall/state"])
            link = link_to(broker.port)
            task = asyncio.create_task(link.run())
            await until(lambda: heard == [b"online"], within_s=5)
            await stop(task)
            await asyncio.sleep(0.1)
            assert heard == [b"online", b"offline"]
            async with session("hall", here, link.state_topic, lambda *_: None):
                pass
            await until(lambda: heard == [b"online", b"offline", b"offline"])
    finally:
        await broker.stop()


@pytest.mark.needs("mosquitto")
async def test_a_day_of_reconnects_leaves_nothing_behind() -> None:
    report = await reconnect(count=40, seed=3)
    print(report)
    assert report.passed, report.failures


class Scripted:
    """A broker that greets, and then does what the script says with whatever comes."""

    def __init__(self, script: list[bytes]) -> None:
        self._script = script
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionError):
            for data in self._script:
                if not await reader.read(4096):
                    break
                writer.write(data)
        writer.close()


async def test_a_broker_that_asks_for_a_longer_keepalive_is_still_found_frozen_in_time() -> None:
    """CONNACK of MQTT 5 with Server Keep Alive 600 s."""
    scripted = Scripted([b"\x20\x06\x00\x00\x03\x13\x02\x58"])
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
    here = Broker("127.0.0.1", server.sockets[0].getsockname()[1], "5")
    async with session("one", here, "one/state", lambda *_: None) as one:
        assert one._paho.keepalive == 2
    server.close()


async def test_a_library_that_breaks_while_it_keeps_the_connection_alive_ends_the_session() -> None:
    scripted = Scripted([b"\x20\x02\x00\x00", b""])
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)

    def broken() -> None:
        raise ValueError("the library's own mistake")

    here = Broker("127.0.0.1", server.sockets[0].getsockname()[1])
    async with session("one", here, "one/state", lambda *_: None) as one:
        one._paho.loop_misc = broken  # type: ignore[assignment]
        with pytest.raises(NotConnectedError, match="mistake"):
            await one.wait(5.0)
    server.close()


@pytest.mark.parametrize(
    "script",
    [
        [b"HTTP/1.1 400 Bad Request\r\n\r\n"],
        [b"\x20\x02\x00\x00", b"\x90\x01\x00"],
        [b"\x20\x02\x00\x00", b"\x30\x03\x00\x05a"],
        [b"\x20\x02\x00\x00", b"\x30\x04\x00\x02\xff\xfe"],
        [b"\x20\x02\x00\x00", b"\xff\xff\xff\xff\xff\xff"],
        [b"\x20\x00"],
        [b"\x20\x02\x00\x00", b"\x30\xff\xff\xff\x7f" + b"x" * 70_000],
        [b"\x20\x02\x00\x09"],
        [b"\x00\x00\x00\x00"],
    ],
)
async def test_a_broker_that_talks_nonsense_is_an_error_and_is_tried_again(script: list[bytes]) -> None:
    scripted = Scripted(script)
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
    link = link_to(server.sockets[0].getsockname()[1])
    task = asyncio.create_task(link.run())
    await until(lambda: scripted.connections >= 2, within_s=8)
    assert not task.done()
    assert link.health().errors >= 1
    assert link.health().last_error.startswith("hall: ")
    await stop(task)
    server.close()
