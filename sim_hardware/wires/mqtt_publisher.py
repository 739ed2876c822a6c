"""The plant's MQTT devices on a real broker, over aiomqtt."""

import asyncio
import random
import socket
import ssl
import sys
from collections.abc import Mapping
from typing import Any

import aiomqtt

from drivers.mqtt.session import Broker, Version
from sim_hardware.devices.messages import Message

VERSIONS: Mapping[Version, aiomqtt.ProtocolVersion] = {
    "3.1.1": aiomqtt.ProtocolVersion.V311,
    "5": aiomqtt.ProtocolVersion.V5,
}
RECONNECT_S = (0.2, 2.0)
"""First and longest pause before the broker is tried again (wall time)."""
TIMEOUT_S = 2.0
KEEPALIVE_S = 4
"""Longer than the controller's: a plant that catches up with its time is away for a moment."""
AT_ONCE = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)
"""A value and the heartbeat after it are two small packets: without this the second waits 40 ms for the acknowledgement of the first."""


class MqttPublisher:
    """Publishes what is offered, as long as the broker is there; what comes while it is not there is dropped, as by a real device.

    Values go at QoS 0, heartbeats at QoS 1.
    """

    def __init__(self, broker: Broker, name: str, heartbeats: frozenset[str]) -> None:
        self._broker = broker
        self._options = _options(broker)
        self._name = name
        self._heartbeats = heartbeats
        self._queue: asyncio.Queue[Message] = asyncio.Queue(maxsize=2000)
        self.connected = asyncio.Event()
        self.published = 0

    def offer(self, message: Message) -> None:
        """Hand over a message; never waits."""
        if self.connected.is_set() and not self._queue.full():
            self._queue.put_nowait(message)

    async def run(self) -> None:
        """Connect, publish, reconnect; for ever, until cancelled."""
        pause_s = RECONNECT_S[0]
        while True:
            try:
                async with aiomqtt.Client(identifier=self._name, **self._options) as client:
                    _heed_cancellation()
                    self.connected.set()
                    pause_s = RECONNECT_S[0]
                    await self._publish(client)
            except aiomqtt.MqttError as error:
                where = f"{self._broker.host}:{self._broker.port}"
                print(f"haechi-sim: broker {where}: {error}; trying again", file=sys.stderr)  # noqa: T201
            finally:
                self.connected.clear()
            _heed_cancellation()
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
            pause_s = min(2 * pause_s, RECONNECT_S[1])

    async def _publish(self, client: aiomqtt.Client) -> None:
        while True:
            message = await self._queue.get()
            qos = 1 if message.topic in self._heartbeats else 0
            await client.publish(message.topic, message.payload, qos=qos)
            self.published += 1
            _heed_cancellation()


def _options(broker: Broker) -> dict[str, Any]:
    """How aiomqtt is told where the broker is and as whom we come."""
    return {
        "hostname": broker.host,
        "port": broker.port,
        "protocol": VERSIONS[broker.version],
        "tls_context": _naming(broker.tls, broker.server_name) if broker.tls and broker.server_name else broker.tls,
        "username": broker.username or None,
        "password": broker.password or None,
        "keepalive": KEEPALIVE_S,
        "timeout": TIMEOUT_S,
        "socket_options": AT_ONCE,
    }


def _naming(context: ssl.SSLContext, server_name: str) -> ssl.SSLContext:
    """The same context, which asks for a certificate of `server_name`: the library knows no other name than the host."""
    wrap = context.wrap_socket

    def wrap_socket(sock: socket.socket, **options: Any) -> ssl.SSLSocket:
        return wrap(sock, **{**options, "server_hostname": server_name})

    context.wrap_socket = wrap_socket  # type: ignore[method-assign, assignment]
    return context


def _heed_cancellation() -> None:
    """Raise a cancellation that `asyncio.wait_for` inside the library has swallowed (Python 3.11)."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
