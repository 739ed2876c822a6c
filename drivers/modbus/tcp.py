"""Modbus over a socket, on asyncio's protocols: TCP, RTU frames over TCP, TLS.

Replies are checked and handed on in the socket's own call-back; a task is woken only when there is nothing more to ask. A time-out, a wrong
reply or a stray byte ends the connection: what still comes on it can answer nothing.
"""

import asyncio
import random
import socket
import ssl
import struct
from collections.abc import Mapping
from typing import cast

from drivers.link import LinkError, NotConnectedError, TimedOutError
from drivers.modbus.frame import Batch, Framing, ReplyChecker, checker_for
from drivers.modbus.wire import Connect, Lost, Turns, Wire
from drivers.tls import explain

CONNECT_TIMEOUT_S = 1.0
LONGEST_PAUSE_S = 60.0
_NO_LINGER = struct.pack("ii", 1, 0)


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
    server_name = (server_name or host) if tls else ""
    transactions = Transactions()

    async def connect(lost: Lost) -> Wire:
        wire = SocketWire(checker_for(framing, name), timeout_s, lost, transactions, spacing_s or {})
        try:
            await _open(wire, name, (host, port), tls, server_name)
            if framing is Framing.RTU:
                # What the serial line behind a converter still had to say to an earlier connection comes now.
                await wire.discard(timeout_s)
        except BaseException:
            wire.close()
            raise
        return wire

    return connect


async def _open(
    wire: "SocketWire", name: str, address: tuple[str, int], tls: ssl.SSLContext | None, server_name: str
) -> None:
    peer = f"{address[0]}:{address[1]}"
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await asyncio.get_running_loop().create_connection(
                lambda: wire, *address, ssl=tls, server_hostname=server_name or None
            )
    except TimeoutError:
        raise NotConnectedError(name, f"{peer} does not answer; check power, cable and address") from None
    except ssl.SSLError as error:
        raise NotConnectedError(name, f"{peer}: {explain(error, server_name)}") from error
    except OSError as error:
        raise NotConnectedError(
            name, f"{peer} refuses ({error.strerror or error}); check that the device runs"
        ) from error
    except (OverflowError, ValueError) as error:  # no such port; a name that no name server could be asked for
        raise NotConnectedError(name, f"{peer} cannot be an address ({error}); check the endpoint") from error


def _why_lost(exc: Exception | None, transport: asyncio.BaseTransport | None) -> str:
    """A peer that refuses our certificate says so behind the handshake, or just hangs up: with TLS 1.3 we are connected by then."""
    if isinstance(exc, ssl.SSLError):
        return explain(exc, "")
    what = "the peer has closed the connection"
    is_tls = transport is not None and transport.get_extra_info("ssl_object") is not None
    return f"{what}; if it wants a certificate, check tls.certificate_file" if is_tls else what


class Transactions:
    """Transaction numbers of one link over all of its connections.

    A gateway may hand a late reply to the connection that its client has opened since: it must not meet its own number there. So the numbers
    go on, and begin anywhere when the process does. None is 0, the number that some gateways give to whatever they send.
    """

    def __init__(self) -> None:
        self._next = random.randrange(1, 0x10000)  # noqa: S311 (a number not used of late, not a secret)

    def take(self, count: int) -> int:
        """The first of `count` numbers in a row."""
        first = self._next if self._next + count <= 0x10000 else 1  # noqa: PLR2004 (16 bits)
        self._next = first + count
        return first


class SocketWire(asyncio.BufferedProtocol):
    """One connection (`drivers.modbus.wire.Wire`)."""

    def __init__(
        self,
        checker: ReplyChecker,
        timeout_s: float,
        on_lost: Lost,
        transactions: Transactions,
        spacing_s: Mapping[int, float],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._checker = checker
        self._timeout_s = timeout_s
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._batch: Batch | None = None
        self._turns: Turns | None = None
        self._done: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._since_s = self._deadline_s = self._longest_s = 0.0
        self._transactions = transactions
        self._spacing_s = spacing_s
        self._pause: asyncio.TimerHandle | None = None
        self._discards = False
        self._lost = False

    async def ready(self) -> bool:
        """Whether the connection is there and trusted."""
        return not self._lost

    async def poll(self, turns: Turns) -> None:
        """See `Wire.poll`."""
        if self._lost:
            raise NotConnectedError(str(self._checker.where), "the peer has closed the connection")
        self._turns = turns
        self._done = self._loop.create_future()
        self._go_on(self._loop.time())
        try:
            await self._done
        except asyncio.CancelledError:
            self.close()
            raise
        finally:
            self._done = self._turns = None

    def wake(self) -> None:
        """See `Wire.wake`."""
        if self._batch is None and self._turns is not None and not self._lost:
            self._end_pause()
            self._go_on(self._loop.time())

    async def discard(self, seconds: float) -> None:
        """Be silent and drop what comes."""
        self._discards = True
        await asyncio.sleep(seconds)
        self._discards = False

    def close(self) -> None:
        """Drop the connection, and what the kernel has not sent yet."""
        self._lost = True
        self._batch = None
        self._end_pause()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        transport, self._transport = self._transport, None
        if transport is not None:
            peer: socket.socket | None = transport.get_extra_info("socket")
            if peer is not None and peer.fileno() >= 0:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
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
            # Every reply has a deadline of its own, from the reply before it on.
            now_s = self._loop.time()
            self._longest_s = max(self._longest_s, now_s - self._since_s)
            self._since_s = now_s
            self._deadline_s = now_s + self._timeout_s
            if done:
                self._hand_on(now_s)
        except LinkError as error:
            self._fail(error)

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer has closed, or asyncio has given up."""
        known, where = self._lost, self._checker.where
        is_asked, broken = self._is_asked, exc is not None and not isinstance(exc, OSError)
        gone, was_asked = NotConnectedError(str(where), _why_lost(exc, self._transport)), self._since_s > 0
        self.close()
        if self._done is not None and not self._done.done() and (is_asked or broken):
            self._done.set_exception(exc if exc is not None and broken else gone)
        elif not known:
            self._on_lost(None if was_asked and not isinstance(exc, ssl.SSLError) else gone)
            self._finish()

    # --- one batch --------------------------------------------------------------------------------------------------

    @property
    def _is_asked(self) -> bool:
        """Whether a batch is in flight; one that waits for its unit's silence is not."""
        return self._batch is not None and self._pause is None

    def _go_on(self, now_s: float) -> None:
        """Send what is due, or wait until something is, or hand the connection back."""
        if self._turns is None:
            return
        turn = self._turns.next(now_s)
        if isinstance(turn, Batch):
            self._batch = turn
            self._send(turn, now_s)
        elif turn is None:
            self._finish()
        else:
            self._pause = self._loop.call_at(min(turn, now_s + LONGEST_PAUSE_S), self._pause_over)

    def _pause_over(self) -> None:
        self._pause = None
        now_s, batch = self._loop.time(), self._batch
        if batch is not None and self._turns is not None and self._turns.is_wanted():
            self._send(batch, now_s)
        else:
            self._batch = None
            self._go_on(now_s)

    def _end_pause(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def _send(self, batch: Batch, now_s: float) -> None:
        if self._transport is None:
            self._fail(NotConnectedError(str(batch.asks[0].where), "the peer has closed the connection"))
            return
        if self._spacing_s and (again_s := self._silence_until(batch.asks[0].unit)) > now_s:
            self._pause = self._loop.call_at(again_s, self._pause_over)
            return
        batch.stamp(self._transactions.take(len(batch.asks)))
        self._checker.expect(batch)
        self._since_s = now_s
        self._longest_s = 0.0
        self._deadline_s = now_s + self._timeout_s
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline_s, self._look)
        self._transport.write(batch.frames)

    def _silence_until(self, unit: int) -> float:
        """When the unit may be asked again (loop's clock)."""
        return self._since_s + self._spacing_s.get(unit, 0.0)

    def _hand_on(self, now_s: float) -> None:
        """The batch is answered."""
        if self._batch is None or self._turns is None:  # cannot be: the checker knows of a batch only from `_send`
            return
        self._turns.answered(self._batch, self._longest_s, now_s)
        self._batch = None
        if self._checker.stray is not None:
            self._end_after(self._checker.stray)
        else:
            self._go_on(now_s)

    def _finish(self) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(None)

    def _end_after(self, stray: LinkError) -> None:
        """The replies were right, what came behind them was not: keep the values, give up the connection."""
        self.close()
        self._on_lost(stray)
        self._finish()

    def _look(self) -> None:
        """The one timer of a connection: it moves on with the deadline, so that an answer costs no timer."""
        self._timer = None
        if not self._is_asked:
            return
        if self._loop.time() < self._deadline_s:
            self._timer = self._loop.call_at(self._deadline_s, self._look)
            return
        self._fail(TimedOutError(str(self._checker.where), f"no answer within {self._timeout_s * 1e3:.0f} ms"))

    def _fail(self, error: LinkError) -> None:
        """Trust the connection no more; tell who waits, or else the owner."""
        known, is_asked = self._lost, self._is_asked
        self.close()
        if self._done is not None and not self._done.done() and is_asked:
            self._done.set_exception(error)
        elif not known:
            self._on_lost(error)
            self._finish()
