"""The simulated plant's publisher on real brokers."""

import asyncio
import contextlib
import os
import random
import socket
from pathlib import Path

import pytest

from drivers.mqtt.payload import Payload, encode
from drivers.mqtt.session import Broker, session
from sim_hardware.devices.messages import Message
from sim_hardware.wires.mqtt_publisher import MqttPublisher
from tests.drivers.conftest import BrokerProcess
from tests.drivers.field import until


def nodelay_of_sockets_to(port: int) -> list[int]:
    """TCP_NODELAY of each of this process's connections to a port."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if not str(descriptor.readlink()).startswith("socket:"):
                continue
            with socket.socket(fileno=os.dup(int(descriptor.name))) as one:
                if one.family == socket.AF_INET and one.getpeername()[1] == port:
                    found.append(one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
    return found


async def test_values_and_heartbeats_go_out_at_once_and_again_after_the_broker_was_gone(broker: BrokerProcess) -> None:
    publisher = MqttPublisher(Broker("127.0.0.1", broker.port), "plant", frozenset({"room/beat"}))
    task = asyncio.create_task(publisher.run())
    try:
        await until(publisher.connected.is_set, within_s=5)
        assert nodelay_of_sockets_to(broker.port) == [1]
        await broker.stop()
        publisher.offer(
            Message("sensors", "room/th-0", Payload(1, 1, {}))
        )  # as a device it learns of it when it next speaks
        await until(lambda: not publisher.connected.is_set(), within_s=5)
        await broker.start()
        await until(publisher.connected.is_set, within_s=8)
        heard: list[tuple[str, bytes]] = []
        here = Broker("127.0.0.1", broker.port)
        async with session("ear", here, "ear/state", lambda topic, data, _: heard.append((topic, data))) as ear:
            await ear.subscribe(["room/th-0", "room/beat"])
            for topic in ("room/th-0", "room/beat"):
                publisher.offer(Message("sensors", topic, Payload(1, 1, {})))
            await until(lambda: len(heard) == 2)
        assert heard == [("room/th-0", encode(1, 1, {})), ("room/beat", encode(1, 1, {}))]
        assert nodelay_of_sockets_to(broker.port) == [1]
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.needs("mosquitto")
async def test_a_stop_is_heeded_whenever_it_comes(tmp_path: Path) -> None:
    """Also in the moment in which the broker acknowledges: the library's waiting swallows such a cancellation on Python 3.11."""
    broker = BrokerProcess("mosquitto", tmp_path)
    await broker.start()
    try:
        chance = random.Random(11)
        for number in range(25):
            publisher = MqttPublisher(Broker("127.0.0.1", broker.port), f"plant-{number}", frozenset({"room/beat"}))
            task = asyncio.create_task(publisher.run())
            await asyncio.wait([asyncio.create_task(publisher.connected.wait())], timeout=5)
            for seq in range(5):
                publisher.offer(Message("sensors", "room/beat", Payload(seq, seq, {})))
            await asyncio.sleep(chance.uniform(0.0, 0.004))
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=4)
            assert done, f"publisher {number} goes on"
            assert task.cancelled()
    finally:
        await broker.stop()
