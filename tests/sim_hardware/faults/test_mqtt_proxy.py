"""The proxy in front of Mosquitto, seen by a subscriber."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiomqtt
import pytest
import pytest_asyncio

from sim_hardware.faults.kinds import FAULTS, ActiveFault, Reach
from sim_hardware.faults.mqtt_proxy import EVERYTHING, MqttProxy
from sim_hardware.faults.spec import FaultError
from tests.drivers.conftest import BrokerProcess

pytestmark = pytest.mark.needs("mosquitto")

TOPICS = {"climate": ("hall/beat", "hall/one"), "other": ("hall/two",)}
VERSIONS = [aiomqtt.ProtocolVersion.V311, aiomqtt.ProtocolVersion.V5]
END = "hall/end"
"""Belongs to no device: what comes before it has come."""

CONNECT = bytes.fromhex("100c 0004 4d515454 04 02 003c 0000")


@dataclass
class Bench:
    """A broker, the proxy in front of it, and somebody who publishes behind its back."""

    proxy: MqttProxy
    device: aiomqtt.Client
    version: aiomqtt.ProtocolVersion

    def subscriber(self, **options: int) -> aiomqtt.Client:
        return aiomqtt.Client("127.0.0.1", self.proxy.port, protocol=self.version, timeout=3.0, **options)  # type: ignore[arg-type]

    async def say(self, topic: str, *numbers: int, qos: int = 0) -> None:
        for number in numbers:
            await self.device.publish(topic, json.dumps({"t": 1000 * number, "seq": number}), qos=qos)

    async def heard_by(self, client: aiomqtt.Client) -> list[tuple[str, bytes]]:
        """What a client hears until the device says that this is all."""
        await self.device.publish(END, b"")
        heard: list[tuple[str, bytes]] = []
        async with asyncio.timeout(5.0):
            async for message in client.messages:
                if message.topic.value == END:
                    break
                assert isinstance(message.payload, bytes)
                heard.append((message.topic.value, message.payload))
        return heard


@pytest_asyncio.fixture(params=VERSIONS, ids=lambda version: version.name)
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    broker = BrokerProcess("mosquitto", tmp_path)
    await broker.start()
    proxy = MqttProxy("127.0.0.1", broker.port, topics=TOPICS)
    await proxy.start()
    try:
        async with aiomqtt.Client("127.0.0.1", broker.port, protocol=request.param) as device:
            yield Bench(proxy, device, request.param)
    finally:
        await proxy.stop()
        await broker.stop()


def _numbers(heard: list[tuple[str, bytes]], topic: str = "hall/one") -> list[int]:
    return [json.loads(payload)["seq"] for where, payload in heard if where == topic]


async def _hear(
    bench: Bench, kind: str, param: float | None = None, device: str = "climate"
) -> list[tuple[str, bytes]]:
    """Six messages of `hall/one`, six of `hall/two`, from a connection that has the fault."""
    bench.proxy.set_faults(device, [ActiveFault(kind, param)])
    async with bench.subscriber() as client:
        await client.subscribe("hall/#", qos=1)
        for number in range(6):
            await bench.say("hall/one", number, qos=number % 2)
            await bench.say("hall/two", number)
        return await bench.heard_by(client)


async def test_nothing_is_altered_without_a_fault(bench: Bench) -> None:
    async with bench.subscriber() as client:
        await client.subscribe("hall/+")
        await bench.say("hall/one", *range(20), qos=2)
        assert _numbers(await bench.heard_by(client)) == list(range(20))
    assert bench.proxy.applied.total() == 0
    assert bench.proxy.messages == 21


EXPECTED: dict[str, tuple[float | None, list[int]]] = {
    "message-drop": (1.0, []),
    "message-gap": (2.0, [2, 3]),
    "message-duplicate": (None, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]),
    "message-reorder": (None, [1, 0, 3, 2, 5, 4]),
    "clock-skew": (-3600.0, [0, 1, 2, 3, 4, 5]),
    "huge-payload": (20_000.0, [0, 1, 2, 3, 4, 5]),
}


@pytest.mark.parametrize("kind", EXPECTED)
async def test_a_kind_spoils_the_messages_of_its_device_alone(bench: Bench, kind: str) -> None:
    param, expected = EXPECTED[kind]
    heard = await _hear(bench, kind, param)
    assert _numbers(heard) == expected
    assert _numbers(heard, "hall/two") == list(range(6))
    assert bench.proxy.applied[kind] > 0
    payloads = [payload for topic, payload in heard if topic == "hall/one"]
    if kind == "clock-skew":
        assert [json.loads(payload)["t"] for payload in payloads] == [1000 * n - 3_600_000 for n in range(6)]
    if kind == "huge-payload":
        assert {len(payload) for payload in payloads} == {20_000}


async def test_garbage_is_heard_as_garbage(bench: Bench) -> None:
    heard = await _hear(bench, "garbage-payload", device=EVERYTHING)
    assert len(heard) == 12
    for _, payload in heard:
        with pytest.raises(ValueError):
            json.loads(payload)


async def test_a_will_arrives_after_the_sign_of_life(bench: Bench) -> None:
    bench.proxy.set_faults("climate", [ActiveFault("will-race")])
    async with bench.subscriber() as client:
        await client.subscribe("hall/#")
        await bench.device.publish("hall/beat", b"offline")
        await bench.say("hall/beat", 1, 2)
        payloads = [payload for topic, payload in await bench.heard_by(client) if topic == "hall/beat"]
    assert payloads == [b'{"t": 1000, "seq": 1}', b"offline", b'{"t": 2000, "seq": 2}']


async def test_a_subscriber_is_handed_what_was_long_ago(bench: Bench) -> None:
    bench.proxy.set_faults("climate", [ActiveFault("retained-stale", 60.0)])
    async with bench.subscriber() as client:
        await client.subscribe("hall/one")
        await client.subscribe(END)
        await bench.say("hall/one", 100, 101)
        assert _numbers(await bench.heard_by(client)) == [100, 100, 101]  # not known before: handed out with its first
    async with bench.subscriber() as client:
        await client.subscribe("hall/#")
        async with asyncio.timeout(3.0):
            message = await anext(aiter(client.messages))
    assert message.retain
    assert isinstance(message.payload, bytes)
    assert json.loads(message.payload) == {"t": 100_000 - 60_000, "seq": 100}
    assert bench.proxy.applied["retained-stale"] == 2


async def test_a_frozen_broker_moves_nothing_and_then_goes_on(bench: Bench) -> None:
    async with bench.subscriber(keepalive=30) as client:
        await client.subscribe("hall/#")
        bench.proxy.set_faults(EVERYTHING, [ActiveFault("broker-frozen")])
        await bench.say("hall/one", 1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await anext(aiter(client.messages))
        reader, writer = await asyncio.open_connection("127.0.0.1", bench.proxy.port)
        writer.write(CONNECT)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await reader.read(1)
        bench.proxy.set_faults(EVERYTHING, [])
        assert await reader.readexactly(4) == b"\x20\x02\x00\x00"
        writer.close()
        assert _numbers(await bench.heard_by(client)) == [1]
    assert bench.proxy.applied["broker-frozen"] == 2


async def test_a_broker_that_refuses_cuts_connections_and_says_why(bench: Bench) -> None:
    async with contextlib.AsyncExitStack() as stack:
        client = await stack.enter_async_context(bench.subscriber())
        await client.subscribe("hall/#")
        bench.proxy.set_faults("climate", [ActiveFault("broker-refuses")])
        with pytest.raises(aiomqtt.MqttError):
            async with asyncio.timeout(3.0):
                await anext(aiter(client.messages))
        with pytest.raises(aiomqtt.MqttError, match=r"(?i)unavailable"):
            async with bench.subscriber():
                pass
        bench.proxy.set_faults("climate", [])
        async with bench.subscriber() as again:
            await again.subscribe("hall/#")
            await bench.say("hall/one", 1)
            assert _numbers(await bench.heard_by(again)) == [1]
        with contextlib.suppress(aiomqtt.MqttError):
            await stack.aclose()


def test_every_kind_of_the_table_is_tried_in_front_of_a_broker() -> None:
    tried = {*EXPECTED, "garbage-payload", "will-race", "retained-stale", "broker-frozen", "broker-refuses"}
    assert tried == {name for name, kind in FAULTS.items() if kind.reach is Reach.BROKER}


@pytest.mark.parametrize(
    ("device", "fault", "says"),
    [
        ("climate", ActiveFault("late-reply"), "reach wire"),
        ("no-such", ActiveFault("message-drop"), "remedy: one of climate, other"),
        ("climate", ActiveFault("message-drop", 2.0), "remedy: from 0 to 1"),
        ("climate", ActiveFault("broker-refuses", 9.0), "remedy: one of 1, 2, 3, 4, 5"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_a_remedy(device: str, fault: ActiveFault, says: str) -> None:
    with pytest.raises(FaultError, match=says):
        MqttProxy("127.0.0.1", 1, topics=TOPICS).set_faults(device, [fault])
