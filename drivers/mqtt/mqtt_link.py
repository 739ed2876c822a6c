"""MQTT over aiomqtt 2.5: the only file that knows the library. MQTT 3.1.1, QoS 1.

The library never reconnects, leaves its socket behind when a connection fails, and blocks a thread while it connects. So each
generation is a client of its own, entered and left here within deadlines.
"""

import asyncio
import contextlib
import random
import secrets
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

from aiomqtt import Client, Message, MqttError, ProtocolVersion, Will
from paho.mqtt.reasoncodes import ReasonCode

from drivers.link import LinkHealth, LinkState, PointWrite, ReadOnlyError, TickMs
from drivers.mqtt.intake import Intake
from drivers.mqtt.latest import LatestByTopic
from drivers.points import BlockBuffer, TopicBlock

LONGEST_KEEPALIVE_S = 4
"""A frozen broker is noticed after two of these and a second; it must be under ten seconds."""

OPERATION_TIMEOUT_S = 1.0
FIRST_BACKOFF_S = 0.1
LONGEST_BACKOFF_S = 2.0
FAREWELL_S = 0.5
_QOS = 1
_REFUSED = 0x80


class MqttLink:
    """Implements `Link` for one broker.

    A live message makes its points GOOD; a retained one shows a last known value of quality UNKNOWN; without the broker, or without the
    device's heartbeat, points are BAD. `heartbeats` maps devices to topics ("" for none); `speed` is plant time over wall time.
    Our own state ("online", "offline") is retained at `haechi/<name>/state`. `gaps` counts messages lost on the way.
    """

    def __init__(
        self,
        name: str,
        host: str,
        port: int,
        blocks: Mapping[str, TopicBlock],
        heartbeats: Mapping[str, str],
        tick_ms: TickMs,
        speed: float = 1.0,
        keepalive_s: int = LONGEST_KEEPALIVE_S,
        username: str = "",
        password: str = "",
    ) -> None:
        self._name = name
        self._peer = host, port
        self._tick_ms = tick_ms
        self._speed = speed
        self._keepalive_s = min(keepalive_s, LONGEST_KEEPALIVE_S)
        self._username = username
        self._password = password
        self._intake = Intake(blocks.values(), heartbeats)
        self._state = LinkState.DOWN
        self._generation = self._reads = self._errors = self._timeouts = self._failures = 0
        self._last_error = ""

    @property
    def name(self) -> str:
        """The link's name in the site file."""
        return self._name

    @property
    def state_topic(self) -> str:
        """Where our own state is retained."""
        return f"haechi/{self._name}/state"

    @property
    def buffers(self) -> Mapping[str, BlockBuffer]:
        """The buffers that this link fills, by block."""
        return self._intake.buffers

    @property
    def gaps(self) -> int:
        """Messages that their sequence says were lost; they are among the errors of `health`."""
        return self._intake.gaps

    def health(self) -> LinkHealth:
        """A snapshot. There is nothing to ask, so latency is NaN and no cycle is late."""
        return LinkHealth(
            state=self._state,
            generation=self._generation,
            reads=self._reads,
            errors=self._errors + self._intake.errors + self._intake.gaps,
            timeouts=self._timeouts,
            latency_p99_ms=float("nan"),
            late_cycles=0,
            last_error=self._last_error or self._intake.last_error,
        )

    async def write(self, write: PointWrite) -> None:
        """Refuse: no actuation depends on MQTT (rule 3 and lossy delivery)."""
        raise ReadOnlyError(f"{self._name}/{write.block}[{write.index}]", "MQTT is never written; name a Modbus point")

    async def run(self) -> None:
        """Connect, listen, reconnect; for ever, until cancelled."""
        try:
            while True:
                if self._failures:
                    await asyncio.sleep(_backoff_s(self._failures))
                self._failures += 1
                try:
                    await self._listen()
                except (MqttError, TimeoutError) as error:
                    self._errors += 1
                    self._timeouts += isinstance(error, TimeoutError) or "timed out" in str(error)
                    self._last_error = f"{self._name}: {str(error) or 'no answer in time'}"
                self._down()
        finally:
            self._down()

    def _down(self) -> None:
        self._state = LinkState.DOWN
        self._intake.fail_all()

    async def _listen(self) -> None:
        """One generation: subscribe, say "online", and take in what comes."""
        self._state = LinkState.CONNECTING
        queue = LatestByTopic[Message](self._tick_ms)
        async with self._session(queue) as client:
            self._generation += 1
            self._intake.connected(self._tick_ms())
            granted = await client.subscribe([(topic, _QOS) for topic in self._intake.topics])
            if refused := sum(_failed(code) for code in granted):
                raise MqttError(f"{refused} subscriptions refused; look at the broker's access list")
            await client.publish(self.state_topic, "online", qos=_QOS, retain=True)
            _heed_cancellation()
            self._state = LinkState.UP
            watch = asyncio.create_task(self._watch())
            try:
                async for _ in client.messages:
                    self._drain(queue)
            finally:
                watch.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await watch

    def _drain(self, queue: LatestByTopic[Message]) -> None:
        """Take in the message just got, and all others that wait."""
        self._failures = 0
        for arrival in queue.drain():
            message = arrival.message
            self._reads += 1
            self._intake.take(
                str(message.topic),
                message.payload,
                arrival.received_ms,
                retained=message.retain,
                replaced=arrival.replaced,
            )

    async def _watch(self) -> None:
        """Look after the heartbeats, eight times in the strictest limit."""
        while True:
            await asyncio.sleep(self._intake.shortest_limit_s() / self._speed / 8)
            self._intake.check(self._tick_ms())

    # --- the library ------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _session(self, queue: LatestByTopic[Message]) -> AsyncIterator[Client]:
        """A connected client; it is left with "offline" and a closed socket, however it ends."""
        host, port = self._peer
        client = Client(
            host,
            port,
            username=self._username or None,
            password=self._password or None,
            identifier=f"haechi-{self._name}-{secrets.token_hex(4)}",
            protocol=ProtocolVersion.V311,
            will=Will(self.state_topic, "offline", _QOS, retain=True),
            keepalive=self._keepalive_s,
            timeout=OPERATION_TIMEOUT_S,
            clean_session=True,
            queue_type=cast("Any", lambda maxsize: queue),  # noqa: ARG005 (the library's keyword)
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        paho = client._client  # noqa: SLF001 (a failed connection leaves its socket and nothing public closes it)
        paho.connect_timeout = OPERATION_TIMEOUT_S
        entering = asyncio.ensure_future(client.__aenter__())
        try:
            await asyncio.shield(entering)
            try:
                yield client
            except asyncio.CancelledError:
                with contextlib.suppress(MqttError, TimeoutError):
                    async with asyncio.timeout(FAREWELL_S):
                        await client.publish(self.state_topic, "offline", qos=_QOS, retain=True)
                        paho.disconnect()
                raise
        finally:
            # The library connects in a thread that cannot be stopped: wait for it, its deadline is short.
            await asyncio.wait([entering])
            entering.exception()
            paho._sock_close()  # noqa: SLF001 (without DISCONNECT, so that the broker speaks our will)
            misc = client._misc_task  # noqa: SLF001
            if misc is not None:
                misc.cancel()
                await asyncio.wait([misc])
            for outcome in (client._connected, client._disconnected):  # noqa: SLF001
                if outcome.done():
                    outcome.exception()  # fetched: we know


def _failed(code: int | ReasonCode) -> bool:
    return (code if isinstance(code, int) else code.value) >= _REFUSED


def _heed_cancellation() -> None:
    """Raise a cancellation that `asyncio.wait_for` inside the library has swallowed (Python 3.11)."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _backoff_s(failures: int) -> float:
    longest_s = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(failures - 1, 10))
    return random.uniform(0.5, 1.0) * longest_s  # noqa: S311 (jitter, not a secret)
