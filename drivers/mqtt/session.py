"""One connection to a broker, over paho 2: the only file that knows the library. MQTT 3.1.1 or 5, QoS 1, no thread.

The library's own way of connecting blocks a thread, so it is given a socket that is connected already; everything else goes through its
public callbacks. It is driven by the running event loop alone, so that ending a session at any moment leaves nothing behind.
"""

import asyncio
import secrets
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from paho.mqtt.client import MQTT_ERR_SUCCESS, Client, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from drivers.link import LinkError, NotConnectedError, RefusedError, TimedOutError
from drivers.tls import connect_socket, explain

Version = Literal["3.1.1", "5"]

CONNECT_TIMEOUT_S = 2.0
"""For the connection, its TLS handshake and the broker's word of welcome together."""
OPERATION_TIMEOUT_S = 1.0
FAREWELL_S = 0.05
"""A stop takes no longer than this; a broker that is slower speaks our will instead."""
SERVICE_S = 0.25
"""How often keep-alives are looked after: a frozen broker is noticed after two keep-alives and this."""
MAX_PACKET_BYTES = 1 << 20
"""A larger message ends the connection before it fills our memory (assumed: 250 times what a payload may have). MQTT 5 brokers are told."""
_QOS = 1

OnMessage = Callable[[str, bytes, bool], None]
"""Gets topic, payload, and whether it is a retained message."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and as whom we come; with `tls` its certificate must name `server_name`, or the host where that is empty."""

    host: str
    port: int
    version: Version = "3.1.1"
    tls: ssl.SSLContext | None = None
    server_name: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    keepalive_s: int = 2


class _Paho(Client):
    """The library's client on a socket that is connected already; it keeps what broke the socket, which the library only logs."""

    given: socket.socket | None = None
    trouble: OSError | None = None

    def hold_keepalive(self, longest_s: int) -> None:
        """Ping at least so often, even where an MQTT 5 broker asks for less."""
        if not 0 < self._keepalive <= longest_s:
            self._keepalive = longest_s

    def _create_socket(self) -> Any:
        return self.given

    def _sock_recv(self, bufsize: int) -> bytes:
        try:
            if bufsize > MAX_PACKET_BYTES:  # the library asks for the whole rest of a packet
                what = f"a message of {bufsize} bytes comes in, at most {MAX_PACKET_BYTES} are borne"
                raise ConnectionError(f"{what}; remedy: look who publishes it, and clear it where it is retained")
            return super()._sock_recv(bufsize)
        except BlockingIOError:
            raise
        except OSError as error:
            self.trouble = error
            raise


class Session:
    """One connection. `on_message` is called from within the event loop; any failure shows at the next call or `wait`."""

    def __init__(self, place: str, broker: Broker, state_topic: str, on_message: OnMessage) -> None:
        self._place = place
        self._broker = broker
        self._state_topic = state_topic
        self._on_message = on_message
        self._loop = asyncio.get_running_loop()
        self._welcome: asyncio.Future[ReasonCode] = self._loop.create_future()
        self._pending: dict[int, asyncio.Future[list[ReasonCode]]] = {}
        self._news = asyncio.Event()
        self._lost: LinkError | None = None
        self._service: asyncio.TimerHandle | None = None
        self._paho = self._client()

    async def subscribe(self, topics: Sequence[str]) -> None:
        """Subscribe to all topics at once. Raises LinkError, also when the broker refuses one of them."""
        result, mid = self._paho.subscribe([(topic, _QOS) for topic in topics])
        codes = await self._answer(result, mid, "subscription", OPERATION_TIMEOUT_S)
        refused = [f"{topic} ({code})" for topic, code in zip(topics, codes, strict=True) if code.is_failure]
        if refused:
            what = f"{len(refused)} subscriptions refused, the first {refused[0]}"
            raise RefusedError(self._place, f"{what}; remedy: the broker's access list, for user {self._user}")

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish and await the broker's word. Raises LinkError; that the broker refused only MQTT 5 can say."""
        await self._publish(topic, payload, retain, OPERATION_TIMEOUT_S)

    async def _publish(self, topic: str, payload: bytes, retain: bool, timeout_s: float) -> None:
        info = self._paho.publish(topic, payload, _QOS, retain)
        (code,) = await self._answer(info.rc, info.mid, f"publish to {topic}", timeout_s)
        if code.is_failure:
            what = f"publish to {topic} refused ({code})"
            raise RefusedError(self._place, f"{what}; remedy: the broker's access list, for user {self._user}")

    async def wait(self, within_s: float) -> None:
        """Wait for a message, at most so long. Raises LinkError when the connection is lost."""
        if self._lost is None and not self._news.is_set():
            timer = self._loop.call_later(within_s, self._news.set)
            try:
                await self._news.wait()
            finally:
                timer.cancel()
        self._news.clear()
        self._raise_if_lost()

    # --- life -------------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect and be welcomed. Raises LinkError."""
        place, broker = self._place, self._broker
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                self._paho.given = await connect_socket(broker.host, broker.port, broker.tls, broker.server_name)
                self._paho.connect(broker.host, broker.port, broker.keepalive_s, properties=self._properties())
                await asyncio.wait([self._welcome])
        except TimeoutError as error:
            what = f"broker {broker.host}:{broker.port} does not answer within {CONNECT_TIMEOUT_S:g} s"
            raise TimedOutError(place, f"{what}; remedy: look whether it runs and is not frozen") from error
        except ssl.SSLError as error:
            raise NotConnectedError(place, explain(error, broker.server_name or broker.host)) from error
        except OSError as error:
            what = f"broker {broker.host}:{broker.port}: {error.strerror or error}"
            raise NotConnectedError(place, f"{what}; look at the endpoint, and whether the broker runs") from error
        except (OverflowError, ValueError) as error:  # no such port; a name that no name server could be asked for
            what = f"broker {broker.host}:{broker.port} cannot be an address ({error}); look at the endpoint"
            raise NotConnectedError(place, what) from error
        if self._welcome.cancelled():
            self._raise_if_lost()
        if (code := self._welcome.result()).is_failure:
            raise RefusedError(place, f"broker refuses user {self._user} ({code}); remedy: username and password_file")
        self._keep_alive()

    async def farewell(self) -> None:
        """Say "offline" and part in order; a broker that does not acknowledge it at once speaks our will, which says the same."""
        try:
            await self._publish(self._state_topic, b"offline", retain=True, timeout_s=FAREWELL_S)
        except LinkError:
            return
        self._paho.disconnect()
        self._paho.loop_write()

    def close(self) -> None:
        """Close the socket and all that watches it, at once."""
        if self._service is not None:
            self._service.cancel()
        self._fail("closed")
        if self._paho.given is not None:
            self._paho.given.close()

    @property
    def _user(self) -> str:
        return self._broker.username or "(none)"

    def _keep_alive(self) -> None:
        self._guarded(self._paho.loop_misc)
        if self._lost is None:
            self._service = self._loop.call_later(SERVICE_S, self._keep_alive)

    def _fail(self, what: str) -> None:
        """The connection is of no use any more: nothing watches its socket, and everyone who waits is told."""
        self._lost = self._lost or NotConnectedError(self._place, what)
        sock = self._paho.given
        if sock is not None and sock.fileno() >= 0:
            self._loop.remove_reader(sock.fileno())
            self._loop.remove_writer(sock.fileno())
        self._welcome.cancel()
        for answer in self._pending.values():
            answer.cancel()
        self._news.set()

    def _raise_if_lost(self) -> None:
        if self._lost is not None:
            raise self._lost

    async def _answer(self, result: int, mid: int | None, what: str, timeout_s: float) -> list[ReasonCode]:
        self._raise_if_lost()
        if result != MQTT_ERR_SUCCESS or mid is None:
            raise NotConnectedError(self._place, f"{what} cannot be sent (code {result})")
        answer: asyncio.Future[list[ReasonCode]] = self._loop.create_future()
        self._pending[mid] = answer
        try:
            await asyncio.wait([answer], timeout=timeout_s)
        finally:
            del self._pending[mid]
        if answer.cancelled():
            self._raise_if_lost()
        if not answer.done():
            raise TimedOutError(
                self._place, f"{what} not acknowledged within {timeout_s:g} s; remedy: look at the broker"
            )
        return answer.result()

    # --- the library's callbacks ------------------------------------------------------------------------------------

    def _client(self) -> _Paho:
        broker = self._broker
        five = broker.version == "5"
        client = _Paho(
            CallbackAPIVersion.VERSION2,
            client_id=f"haechi-{self._place}-{secrets.token_hex(4)}",
            clean_session=None if five else True,
            protocol=MQTTv5 if five else MQTTv311,
            reconnect_on_failure=False,
        )
        if broker.username:
            client.username_pw_set(broker.username, broker.password or None)
        client.will_set(self._state_topic, b"offline", _QOS, retain=True)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_arrival
        client.on_socket_open = self._on_socket_open
        client.on_socket_close = self._on_socket_close
        client.on_socket_register_write = self._on_register_write
        client.on_socket_unregister_write = self._on_unregister_write
        return client

    def _properties(self) -> Properties | None:
        if self._broker.version != "5":
            return None
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.MaximumPacketSize = MAX_PACKET_BYTES
        return properties

    def _on_connect(
        self, _client: Client, _data: Any, _flags: Any, code: ReasonCode, _props: Properties | None
    ) -> None:
        self._paho.hold_keepalive(self._broker.keepalive_s)
        if not self._welcome.done():
            self._welcome.set_result(code)

    def _on_disconnect(
        self, _client: Client, _data: Any, flags: Any, code: ReasonCode, _props: Properties | None
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._fail(f"the broker ended the connection ({code})")
        else:
            self._fail(self._loss(self._paho.trouble or code))

    def _on_subscribe(
        self, _client: Client, _data: Any, mid: int, codes: list[ReasonCode], _props: Properties | None
    ) -> None:
        self._acknowledge(mid, codes)

    def _on_publish(self, _client: Client, _data: Any, mid: int, code: ReasonCode, _props: Properties | None) -> None:
        self._acknowledge(mid, [code])

    def _on_arrival(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self._on_message(message.topic, bytes(message.payload), message.retain)
        self._news.set()

    def _acknowledge(self, mid: int, codes: list[ReasonCode]) -> None:
        answer = self._pending.get(mid)
        if answer is not None and not answer.done():
            answer.set_result(codes)

    def _on_socket_open(self, _client: Client, _data: Any, sock: Any) -> None:
        self._loop.add_reader(sock.fileno(), self._read, sock)

    def _on_socket_close(self, _client: Client, _data: Any, sock: Any) -> None:
        if sock.fileno() >= 0:
            self._loop.remove_reader(sock.fileno())

    def _on_register_write(self, _client: Client, _data: Any, sock: Any) -> None:
        self._loop.add_writer(sock.fileno(), self._write)

    def _on_unregister_write(self, _client: Client, _data: Any, sock: Any) -> None:
        if sock.fileno() >= 0:
            self._loop.remove_writer(sock.fileno())

    def _read(self, sock: socket.socket) -> None:
        """Read a packet, and those that TLS has decrypted already and the loop cannot see."""
        pending = getattr(sock, "pending", None)
        while True:
            self._guarded(self._paho.loop_read)
            if pending is None or sock.fileno() < 0 or not pending():
                return

    def _write(self) -> None:
        self._guarded(self._paho.loop_write)

    def _guarded(self, step: Callable[[], Any]) -> None:
        """What a broker sends may break the library in any way: that is the end of this connection, told in its health."""
        try:
            step()
        except Exception as error:  # noqa: BLE001 (nothing is hidden: the session ends with it)
            self._fail(self._loss(error))

    def _loss(self, cause: object) -> str:
        if isinstance(cause, ssl.SSLError):
            return explain(cause, self._broker.server_name or self._broker.host)
        welcomed = "" if self._welcome.done() else " before the broker's welcome; remedy: does this port want TLS?"
        return f"connection lost ({cause}){welcomed}"


@asynccontextmanager
async def session(place: str, broker: Broker, state_topic: str, on_message: OnMessage) -> AsyncIterator[Session]:
    """Open a session; however it ends, its socket is closed. A cancelled one says farewell first. Raises LinkError."""
    one = Session(place, broker, state_topic, on_message)
    try:
        await one.open()
        try:
            yield one
        except asyncio.CancelledError:
            await one.farewell()
            raise
    finally:
        one.close()
