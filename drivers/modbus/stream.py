"""A connection on asyncio's streams: RTU frames over TCP, and TLS.

Replies are checked and handed on in the socket's own call-back; a task is woken only when there is nothing more to ask.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from typing import cast

from drivers.link import LinkError, NotConnectedError
from drivers.modbus.errors import Where
from drivers.modbus.frame import Batch, ReplyChecker
from drivers.modbus.talk import Talk
from drivers.modbus.wire import NO_LINGER, Lost, Transactions
from drivers.tls import explain


class StreamWire(Talk, asyncio.BufferedProtocol):
    """One connection (`drivers.modbus.wire.Wire`)."""

    def __init__(
        self,
        checker: ReplyChecker,
        timeout_s: float,
        on_lost: Lost,
        transactions: Transactions,
        spacing_s: Mapping[int, float],
    ) -> None:
        super().__init__(checker, timeout_s, on_lost, transactions, spacing_s)
        self._transport: asyncio.Transport | None = None
        self._last_s = self._longest_s = 0.0
        self._discards = False

    async def discard(self, seconds: float) -> None:
        """Be silent and drop what comes."""
        self._discards = True
        await asyncio.sleep(seconds)
        self._discards = False

    @property
    def _where(self) -> Where:
        return self._checker.where

    @property
    def _since_s(self) -> float:
        return self._last_s

    def _put(self, batch: Batch, now_s: float) -> None:
        if self._transport is None:
            self._fail(NotConnectedError(str(batch.asks[0].where), "the peer has closed the connection"))
            return
        batch.stamp(self._transactions.take(len(batch.asks)))
        self._checker.expect(batch)
        self._last_s = now_s
        self._longest_s = 0.0
        self._transport.write(batch.frames)

    def _drop(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            peer: socket.socket | None = transport.get_extra_info("socket")
            if peer is not None and peer.fileno() >= 0:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            transport.abort()

    # --- what the loop calls ----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; one that comes after the owner gave up is dropped."""
        self._transport = cast("asyncio.Transport", transport)  # what asyncio gives to the protocol of a stream
        if self._lost:
            self.close()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 (asyncio's signature)
        """Where the next bytes go."""
        return self._checker.space()

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes have come: check them, hand on a batch that is answered, and send what follows."""
        if self._lost or self._discards:
            return
        checker = self._checker
        before = checker.answered
        try:
            done = checker.take(nbytes)
            if not done and checker.answered == before:
                return
            now_s = self._loop.time()
            self._longest_s = max(self._longest_s, now_s - self._last_s)
            self._last_s = now_s
            if done:
                self._hand_on(self._longest_s, now_s)
        except LinkError as error:
            self._fail(error)

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer has closed, or asyncio has given up."""
        self._gone(_why_lost(exc, self._transport), exc, is_quiet=not isinstance(exc, ssl.SSLError))


def _why_lost(exc: Exception | None, transport: asyncio.BaseTransport | None) -> str:
    """A peer that refuses our certificate says so behind the handshake, or just hangs up: with TLS 1.3 we are connected by then."""
    if isinstance(exc, ssl.SSLError):
        return explain(exc, "")
    what = "the peer has closed the connection"
    is_tls = transport is not None and transport.get_extra_info("ssl_object") is not None
    return f"{what}; if it wants a certificate, check tls.certificate_file" if is_tls else what
