"""A broker as a link: connect, subscribe, take in what comes, reconnect. What the messages mean is the intake's part."""

import asyncio
import random
import ssl
from collections.abc import Mapping

from drivers.link import (
    LinkError,
    LinkHealth,
    LinkState,
    PointWrite,
    ReadOnlyError,
    RefusedError,
    TickMs,
    TimedOutError,
)
from drivers.mqtt.intake import Intake
from drivers.mqtt.latest import LatestByTopic
from drivers.mqtt.session import Broker, Session, Version, session
from drivers.points import BlockBuffer, TopicBlock

LONGEST_KEEPALIVE_S = 2
"""A frozen broker is noticed after two keep-alives and half a second at most; that must be under five seconds whatever the site says."""

FIRST_BACKOFF_S = 0.1
LONGEST_BACKOFF_S = 2.0


class MqttLink:
    """Implements `Link` for one broker.

    A live message makes its points GOOD; a retained one shows a last known value of quality UNKNOWN; without the broker, or without the
    device's heartbeat, points are BAD. `heartbeats` maps devices to topics ("" for none); `speed` is plant time over wall time.
    Our own state ("online", "offline") is retained at `haechi/<name>/state`; a broker that refuses it (MQTT 5 says so) is a counted error
    and no more, since the sensors behind it are worth more than our word. With `tls` the broker's certificate must name `server_name`, or the
    host where that is empty.
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
        keepalive_s: int = 2,
        username: str = "",
        password: str = "",
        version: Version = "3.1.1",
        tls: ssl.SSLContext | None = None,
        server_name: str = "",
        buffers: Mapping[str, BlockBuffer] | None = None,
    ) -> None:
        self._name = name
        keepalive_s = min(keepalive_s, LONGEST_KEEPALIVE_S)
        self._broker = Broker(host, port, version, tls, server_name, username, password, keepalive_s)
        self._tick_ms = tick_ms
        self._speed = speed
        self._intake = Intake(blocks.values(), heartbeats, buffers)
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

    def health(self) -> LinkHealth:
        """A snapshot. There is nothing to ask, so latency is NaN and no cycle is late. Lost messages (`gaps`) are among the errors."""
        return LinkHealth(
            state=self._state,
            generation=self._generation,
            reads=self._reads,
            errors=self._errors + self._intake.errors + self._intake.gaps,
            timeouts=self._timeouts,
            latency_p99_ms=float("nan"),
            late_cycles=0,
            last_error=self._last_error or self._intake.last_error,
            gaps=self._intake.gaps,
        )

    async def write(self, write: PointWrite) -> None:
        """Refuse: no actuation depends on MQTT (rule 3 and lossy delivery)."""
        raise ReadOnlyError(f"{self._name}/{write.block}[{write.index}]", "MQTT is never written; name a Modbus point")

    async def run(self) -> None:
        """Connect, listen, reconnect; for ever, until cancelled."""
        try:
            while True:
                self._failures += 1
                try:
                    await self._listen()
                except LinkError as error:
                    self._count(error)
                self._down()
                await asyncio.sleep(_backoff_s(self._failures))
        finally:
            self._down()

    def _count(self, error: LinkError) -> None:
        self._errors += 1
        self._timeouts += isinstance(error, TimedOutError)
        self._last_error = str(error)

    def _down(self) -> None:
        self._state = LinkState.DOWN
        self._intake.fail_all()

    async def _listen(self) -> None:
        """One generation: subscribe, say "online", and take in what comes. Ends with a LinkError or cancelled."""
        self._state = LinkState.CONNECTING
        latest = LatestByTopic(self._tick_ms)
        async with session(self._name, self._broker, self.state_topic, latest.put) as broker:
            self._generation += 1
            self._intake.connected(self._tick_ms())
            await broker.subscribe(self._intake.topics)
            await self._say_online(broker)
            self._state = LinkState.UP
            check_s = self._intake.shortest_limit_s() / self._speed / 8
            while True:
                await broker.wait(check_s)
                self._take(latest)
                self._intake.check(self._tick_ms())

    async def _say_online(self, broker: Session) -> None:
        try:
            await broker.publish(self.state_topic, b"online", retain=True)
        except RefusedError as error:
            self._count(error)

    def _take(self, latest: LatestByTopic) -> None:
        for arrived in latest.drain():
            self._failures = 0
            self._reads += 1
            self._intake.take(
                arrived.topic,
                arrived.payload,
                arrived.received_ms,
                retained=arrived.retained,
                replaced=arrived.replaced,
            )


def _backoff_s(failures: int) -> float:
    """Jittered, also after a connection that has carried messages (no failure): a broker that kicks us out is never run against at once."""
    longest_s = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(max(failures - 1, 0), 10))
    return random.uniform(0.5, 1.0) * longest_s  # noqa: S311 (jitter, not a secret)
