import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import aiomqtt
import numpy as np
import pytest

from drivers.link import LinkState, PointWrite, ReadOnlyError
from drivers.mqtt.mqtt_link import MqttLink
from drivers.mqtt.payload import encode
from drivers.points import NEVER, Quality, TopicBlock
from tests.drivers.conftest import BrokerProcess
from tests.drivers.field import running, stalls, tick_ms, until

TOPICS = tuple(f"room/th-{n}" for n in range(3))
TEMPERATURE = TopicBlock("temperature", "sensors", TOPICS, "temp_degc", 1.0, 5.0)
HUMIDITY = TopicBlock("humidity", "sensors", TOPICS, "rh", 1.0, 5.0)
BLOCKS = {block.name: block for block in (TEMPERATURE, HUMIDITY)}


def link_to(broker: BrokerProcess, heartbeat: str = "", speed: float = 1.0) -> MqttLink:
    return MqttLink("hall", "127.0.0.1", broker.port, BLOCKS, {"sensors": heartbeat}, tick_ms, speed)


@asynccontextmanager
async def publisher(broker: BrokerProcess) -> AsyncIterator[aiomqtt.Client]:
    async with aiomqtt.Client("127.0.0.1", broker.port, timeout=2.0) as client:
        yield client


async def say(client: aiomqtt.Client, topic: str, seq: int, retain: bool = False, **fields: float | None) -> None:
    await client.publish(topic, encode(seq * 1000, seq, fields), qos=1, retain=retain)


def quality(link: MqttLink, block: str = "temperature") -> list[int]:
    return [int(q) for q in link.buffers[block].quality]


def is_up(link: MqttLink) -> bool:
    return link.health().state is LinkState.UP


async def test_values_come_in_and_gaps_are_counted(broker: BrokerProcess) -> None:
    link = link_to(broker)
    async with running(link), publisher(broker) as client:
        await until(partial(is_up, link), within_s=5)
        await say(client, TOPICS[0], 1, temp_degc=21.5, rh=40.0)
        await until(lambda: quality(link)[0] == Quality.GOOD)
        assert link.buffers["temperature"].value[0] == 21.5
        assert link.buffers["humidity"].value[0] == 40.0
        assert link.buffers["temperature"].sample.tolist() == [0, NEVER, NEVER]
        assert abs(int(link.buffers["temperature"].received_ms[0]) - tick_ms()) < 1000
        assert quality(link)[1] == Quality.UNKNOWN
        await say(client, TOPICS[0], 5, temp_degc=22.0)
        await until(lambda: link.buffers["temperature"].sample[0] == 1)
        assert link.health().gaps == 3
        assert link.health().errors == 3, "lost messages are errors"
        assert quality(link, "humidity")[0] == Quality.BAD, "the field is missing"
        with pytest.raises(ReadOnlyError):
            await link.write(PointWrite("temperature", 0, 1.0))


async def test_a_retained_value_is_last_known_and_never_good(broker: BrokerProcess) -> None:
    async with publisher(broker) as client:
        await say(client, TOPICS[0], 7, retain=True, temp_degc=19.0)
        link = link_to(broker)
        async with running(link):
            await until(lambda: link.buffers["temperature"].value[0] == 19.0, within_s=5)
            assert quality(link)[0] == Quality.UNKNOWN
            assert link.buffers["temperature"].sample[0] == NEVER
            assert link.buffers["temperature"].received_ms[0] == NEVER
            await say(client, TOPICS[0], 8, temp_degc=20.0)
            await until(lambda: quality(link)[0] == Quality.GOOD)


async def test_a_payload_that_says_nothing_makes_its_points_bad(broker: BrokerProcess) -> None:
    link = link_to(broker)
    async with running(link), publisher(broker) as client:
        await until(partial(is_up, link), within_s=5)
        for seq, data in enumerate((b"", b"{", b'{"t":1,"seq":2,"temp_degc":NaN}', b"x" * 5000, b"[1]")):
            await say(client, TOPICS[0], seq, temp_degc=21.5)
            await until(lambda: quality(link)[0] == Quality.GOOD)
            await client.publish(TOPICS[0], data, qos=1)
            await until(lambda: quality(link)[0] == Quality.BAD)
            assert np.isnan(link.buffers["temperature"].value[0])
            assert link.health().errors == seq + 1
            assert TOPICS[0] in link.health().last_error


async def test_a_heartbeat_that_stands_still_makes_its_device_bad(broker: BrokerProcess) -> None:
    link = link_to(broker, "room/beat", speed=5.0)
    async with running(link), publisher(broker) as client:
        await until(partial(is_up, link), within_s=5)
        await say(client, "room/beat", 1)
        await say(client, TOPICS[0], 1, temp_degc=21.5)
        await until(lambda: quality(link)[0] == Quality.GOOD)
        started = time.monotonic()
        for seq in range(2, 100):
            await say(client, TOPICS[0], seq, temp_degc=21.5)
            await say(client, "room/beat", 1)
            await asyncio.sleep(0.05)
            if quality(link)[0] == Quality.BAD:
                break
        # The test's clock runs in wall time: the limit of three periods is three seconds.
        assert 2.0 < time.monotonic() - started < 4.0
        await say(client, TOPICS[0], 200, temp_degc=21.5)
        await asyncio.sleep(0.1)
        assert quality(link)[0] == Quality.BAD, "values without a heartbeat are not trusted"
        await say(client, "room/beat", 2)
        await say(client, TOPICS[0], 201, temp_degc=21.5)
        await until(lambda: quality(link)[0] == Quality.GOOD)


async def test_a_frozen_broker_is_noticed_within_five_seconds(broker: BrokerProcess) -> None:
    link = link_to(broker)
    async with running(link), stalls() as machine:
        async with publisher(broker) as client:
            await until(partial(is_up, link), within_s=5)
            await say(client, TOPICS[0], 1, temp_degc=21.5)
            await until(lambda: quality(link)[0] == Quality.GOOD)
        broker.signal(signal.SIGSTOP)
        took_s = await until(lambda: quality(link)[0] == Quality.BAD, within_s=10.0)
        print(f"frozen broker noticed after {took_s:.1f} s")
        assert took_s - machine.longest_s < 5.0
        assert "Keep alive timeout" in link.health().last_error
        broker.signal(signal.SIGCONT)
        await until(lambda: is_up(link) and link.health().generation > 1, within_s=8.0)


async def test_a_broker_that_dies_is_bad_at_once_and_comes_back(broker: BrokerProcess) -> None:
    link = link_to(broker)
    async with running(link):
        async with publisher(broker) as client:
            await until(partial(is_up, link), within_s=5)
            await say(client, TOPICS[0], 1, temp_degc=21.5)
            await until(lambda: quality(link)[0] == Quality.GOOD)
        await broker.stop()
        assert await until(lambda: quality(link)[0] == Quality.BAD) < 1.0
        await broker.start()
        await until(partial(is_up, link), within_s=6)
        async with publisher(broker) as client:
            await say(client, TOPICS[0], 2, temp_degc=22.5)
            await until(lambda: quality(link)[0] == Quality.GOOD)


async def test_we_say_offline_on_a_clean_stop(broker: BrokerProcess) -> None:
    link = link_to(broker)
    heard: list[bytes] = []

    async def listen(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            heard.append(bytes(message.payload))

    async with publisher(broker) as client:
        await client.subscribe(link.state_topic, qos=1)
        listener = asyncio.create_task(listen(client))
        async with running(link):
            await until(lambda: b"online" in heard, within_s=5)
            started = time.monotonic()
        assert time.monotonic() - started < 1.0
        await until(lambda: heard[-1] == b"offline")
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)


async def test_a_flood_is_coalesced_without_false_gaps(broker: BrokerProcess) -> None:
    link = link_to(broker)
    async with running(link), publisher(broker) as client:
        await until(partial(is_up, link), within_s=5)
        for seq in range(300):
            await client.publish(TOPICS[seq % 3], encode(seq, seq // 3, {"temp_degc": float(seq)}), qos=0)
        await until(lambda: link.buffers["temperature"].value.tolist() == [297.0, 298.0, 299.0], within_s=5)
        assert link.health().gaps == 0
