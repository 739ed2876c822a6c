"""Modbus over a socket, and how it is opened: plain TCP on the compiled exchange, RTU frames over TCP and TLS on asyncio's streams."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from drivers.link import NotConnectedError
from drivers.modbus.frame import Framing, checker_for
from drivers.modbus.lane import Lane
from drivers.modbus.stream import StreamWire
from drivers.modbus.wire import Connect, Lost, Transactions, Wire
from drivers.tls import explain

CONNECT_TIMEOUT_S = 1.0

_Address = tuple[int, int, int, str, tuple[Any, ...]]
"""What getaddrinfo gives."""

_Opened = TypeVar("_Opened")


def tcp_connector(
    name: str,
    host: str,
    port: int,
    framing: Framing,
    timeout_s: float,
    tls: ssl.SSLContext | None = None,
    server_name: str = "",
    spacing_s: Mapping[int, float] | None = None,
) -> Connect:
    """How to open connections of link `name`; `timeout_s` is the wall time that one request may take.

    With `tls` the peer's certificate must show `server_name`, or the host where that is empty. `spacing_s` is the silence that a unit (by
    number) needs between the last answer on the connection and its request.
    """
    transactions = Transactions()
    spacing_s = spacing_s or {}

    async def connect(lost: Lost) -> Wire:
        checker = checker_for(framing, name)
        opening = _Opening(name, host, port)
        if framing is Framing.TCP and tls is None:
            return await opening.plain(lambda peer: Lane(peer, checker, timeout_s, lost, transactions, spacing_s))
        wire = StreamWire(checker, timeout_s, lost, transactions, spacing_s)
        try:
            await opening.stream(wire, tls, (server_name or host) if tls else "")
            if framing is Framing.RTU:
                # What the serial line behind a converter still had to say to an earlier connection comes now.
                await wire.discard(timeout_s)
        except BaseException:
            wire.close()
            raise
        return wire

    return connect


class _Opening:
    """One attempt to connect link `name`. Whatever it fails by is a `NotConnectedError`."""

    def __init__(self, name: str, host: str, port: int) -> None:
        self._name = name
        self._address = (host, port)
        self._peer = f"{host}:{port}"

    async def plain(self, make: Callable[[socket.socket], Lane]) -> Lane:
        """Make a lane of a connected socket that does not block."""
        return await self._within(self._connect(make), "")

    async def stream(self, wire: StreamWire, tls: ssl.SSLContext | None, server_name: str) -> None:
        """Connect `wire` on asyncio's transports."""
        loop = asyncio.get_running_loop()
        opening = loop.create_connection(lambda: wire, *self._address, ssl=tls, server_hostname=server_name or None)
        await self._within(opening, server_name)

    async def _within(self, opening: Coroutine[Any, Any, _Opened], server_name: str) -> _Opened:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                return await opening
        except TimeoutError:
            why = f"{self._peer} does not answer; check power, cable and address"
            raise NotConnectedError(self._name, why) from None
        except ssl.SSLError as error:
            raise NotConnectedError(self._name, f"{self._peer}: {explain(error, server_name)}") from error
        except OSError as error:
            why = f"{self._peer} refuses ({error.strerror or error}); check that the device runs"
            raise NotConnectedError(self._name, why) from error
        except (OverflowError, ValueError) as error:  # no such port; a name that no name server could be asked for
            why = f"{self._peer} cannot be an address ({error}); check the endpoint"
            raise NotConnectedError(self._name, why) from error

    async def _connect(self, make: Callable[[socket.socket], Lane]) -> Lane:
        loop, failure = asyncio.get_running_loop(), OSError("no address")
        for family, kind, protocol, _, address in await self._addresses():
            peer = socket.socket(family, kind, protocol)
            try:
                peer.setblocking(False)
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                await loop.sock_connect(peer, (address[0], self._address[1], *address[2:]))
                return make(peer)
            except OSError as error:
                peer.close()
                failure = error
            except BaseException:
                peer.close()
                raise
        raise failure

    async def _addresses(self) -> Sequence[_Address]:
        """All addresses of the host, without the port. Only a name needs a name server, and a thread that asks it."""
        host, _ = self._address
        try:
            return socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        except socket.gaierror:
            return await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
