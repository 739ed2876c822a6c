"""The plant's Modbus units on a TCP port, with or without TLS: every request of a connection is answered, however many are in flight."""

import asyncio
import ssl
from collections.abc import Mapping
from typing import cast

from sim_hardware.wires.session import Endpoint, Field, Session
from sim_hardware.wires.streams import AnyFraming

_BUFFER_BYTES = 64 * 1024
_PAUSE_S = 0.5
"""Silence after which RTU over TCP starts a frame anew (assumed: longer than a network delays, shorter than a client waits twice)."""


class ModbusServer:
    """All units (number to device name) of one endpoint. A dead device stays silent; the other units of its endpoint go on.

    A connection lives until its client closes it, or sends what is no Modbus. With `max_connections` a newcomer beyond it is closed at
    once, as by a device that bears one connection only.
    """

    def __init__(
        self,
        plant: Field,
        host: str,
        port: int,
        units: Mapping[int, str],
        framing: AnyFraming = "tcp",
        tls: ssl.SSLContext | None = None,
        max_connections: int | None = None,
    ) -> None:
        self._endpoint = Endpoint(plant, units, framing)
        self._address = (host, port)
        self._tls = tls
        self._max_connections = max_connections
        self._server: asyncio.Server | None = None
        self._is_open = False
        self._connections: set[_Connection] = set()
        self._empty = asyncio.Event()

    @property
    def port(self) -> int:
        """The port that is listened on; before `start`, the one that was asked for."""
        if self._server is None:
            return self._address[1]
        return cast("int", self._server.sockets[0].getsockname()[1])

    @property
    def requests(self) -> int:
        """Requests that came."""
        return self._endpoint.requests

    async def start(self) -> None:
        """Listen. Raises RuntimeError if the port cannot be had."""
        loop = asyncio.get_running_loop()
        host, port = self._address
        self._is_open = True
        try:
            self._server = await loop.create_server(lambda: _Connection(self), host, port, ssl=self._tls)
        except OSError as error:
            raise RuntimeError(
                f"{host}:{port} cannot be served: {error}; remedy: another port, or end its owner"
            ) from error

    async def stop(self) -> None:
        """Close the port and all connections."""
        self._is_open = False
        if self._server is None:
            return
        self._server.close()
        self._server = None
        for connection in tuple(self._connections):
            connection.abort()
        while self._connections:
            self._empty.clear()
            await self._empty.wait()

    def open_session(self, connection: "_Connection", transport: asyncio.Transport) -> Session | None:
        """The session of a newcomer; None if it is one too many, or its handshake lasted longer than the server."""
        if not self._is_open:
            return None
        if self._max_connections is not None and len(self._connections) >= self._max_connections:
            return None
        self._connections.add(connection)
        return Session(self._endpoint, transport.write, _PAUSE_S)

    def forget(self, connection: "_Connection") -> None:
        """A connection is gone."""
        self._connections.discard(connection)
        self._empty.set()


class _Connection(asyncio.BufferedProtocol):
    """One client. While it does not fetch its replies, no more of its requests are read.

    asyncio's own TCP transports set TCP_NODELAY on every socket.
    """

    def __init__(self, server: ModbusServer) -> None:
        self._server = server
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))
        self._transport: asyncio.Transport
        self._session: Session | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._session = self._server.open_session(self, self._transport)
        if self._session is None:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        if self._session is not None:
            self._session.end()
        self._server.forget(self)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's name
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._session is not None and not self._session.take(bytes(self._buffer[:nbytes])):
            self._transport.close()

    def pause_writing(self) -> None:
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._transport.resume_reading()

    def abort(self) -> None:
        """Close without sending what is left."""
        self._transport.abort()
