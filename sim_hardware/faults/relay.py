"""A byte relay: each client's connection is joined with one of its own to the server behind. What passes is up to subclasses."""

import asyncio
import contextlib
import itertools
import random
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Sequence
from typing import cast

from sim_hardware.faults.modbus_bytes import Piece

REACH_S = 2.0
"""Wall seconds that the server behind may take to accept."""


class Outlet:
    """What is written to a client: pieces at their times. Those of one call stay together, whatever else falls due meanwhile."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._queue: deque[Piece | None] = deque()
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._numbers = itertools.count()
        self._next: asyncio.TimerHandle | None = None

    def write(self, octets: bytes) -> None:
        """Send at once, or behind what is being sent."""
        if self._queue or self._next is not None:
            self._queue.append((octets, None))
        elif not self._transport.is_closing():
            self._transport.write(octets)

    def send(self, pieces: Sequence[Piece], delay_s: float = 0.0, *, close: bool = False) -> None:
        """Send pieces after `delay_s`, and then close the connection if asked."""
        items = (*pieces, None) if close else tuple(pieces)
        if delay_s <= 0.0:
            self._push(items)
            return
        number = next(self._numbers)
        self._timers[number] = self._loop.call_later(delay_s, self._due, number, items)

    def close(self) -> None:
        """Forget what has not been sent."""
        for timer in (*self._timers.values(), *([self._next] if self._next else [])):
            timer.cancel()
        self._timers.clear()
        self._queue.clear()
        self._next = None

    def _due(self, number: int, items: tuple[Piece | None, ...]) -> None:
        del self._timers[number]
        self._push(items)

    def _push(self, items: tuple[Piece | None, ...]) -> None:
        self._queue.extend(items)
        if self._next is None:
            self._drain()

    def _drain(self) -> None:
        self._next = None
        while self._queue and not self._transport.is_closing():
            piece = self._queue.popleft()
            if piece is None:
                self._transport.close()
                return
            octets, pause_s = piece
            self._transport.write(octets)
            if pause_s is not None:
                self._next = self._loop.call_later(pause_s, self._drain)
                return


class Pair(asyncio.Protocol, ABC):
    """A client's connection and the one behind it. Subclasses say what passes, in `client_said` and `server_said`."""

    def __init__(self, relay: "Relay") -> None:
        self.relay = relay
        self._behind: asyncio.Transport | None = None
        self._early = bytearray()
        self._task: asyncio.Task[None] | None = None
        self._is_held = False
        self._is_over = False

    # --- for subclasses ---------------------------------------------------------------------------------------------

    def admits(self) -> bool:
        """Whether the new connection is kept."""
        return True

    @abstractmethod
    def client_said(self, octets: bytes) -> None:
        """Bytes from the client."""

    @abstractmethod
    def server_said(self, octets: bytes) -> None:
        """Bytes from the server behind."""

    def to_server(self, octets: bytes) -> None:
        """Pass bytes on to the server, as soon as it is reached."""
        if self._behind is None:
            self._early += octets
        elif not self._behind.is_closing():
            self._behind.write(octets)

    def hold(self, held: bool) -> None:
        """Take nothing from either side, or go on."""
        if held != self._is_held:
            self._is_held = held
            for transport in (self.client, self._behind):
                if transport is not None and not transport.is_closing():
                    (transport.pause_reading if held else transport.resume_reading)()

    def close(self) -> None:
        """End both connections at once."""
        self._is_over = True
        if self._task is not None:
            self._task.cancel()
        self.outlet.close()
        for transport in (self.client, self._behind):
            if transport is not None:
                transport.abort()

    # --- the client's side ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Reach for the server behind."""
        self.client = cast("asyncio.Transport", transport)
        self.outlet = Outlet(self.client)
        if not self.admits():
            self.client.abort()
            return
        self.relay.pairs.add(self)
        self._task = asyncio.get_running_loop().create_task(self._reach())

    def data_received(self, data: bytes) -> None:
        """The client has said something."""
        self.client_said(data)

    def pause_writing(self) -> None:
        """The client does not take what it gets: the server has to wait."""
        if self._behind is not None and not self._is_held:
            self._behind.pause_reading()

    def resume_writing(self) -> None:
        """The client takes again."""
        if self._behind is not None and not self._is_held:
            self._behind.resume_reading()

    def connection_lost(self, _exc: Exception | None) -> None:
        """The client is gone."""
        self.relay.pairs.discard(self)
        self.close()

    # --- the server's side ------------------------------------------------------------------------------------------

    async def _reach(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(REACH_S):
                await loop.create_connection(lambda: _Behind(self), *self.relay.upstream)
        except (OSError, TimeoutError):
            self.client.abort()

    def reached(self, behind: asyncio.Transport) -> None:
        """The server has accepted."""
        self._behind = behind
        if self._is_over:
            behind.abort()
            return
        if self._is_held:
            behind.pause_reading()
        behind.write(bytes(self._early))
        self._early.clear()

    def server_gone(self) -> None:
        """The server has closed: what is due is not sent any more, what has been sent still arrives."""
        self.outlet.close()
        self.client.close()


class _Behind(asyncio.Protocol):
    def __init__(self, pair: Pair) -> None:
        self._pair = pair

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._pair.reached(cast("asyncio.Transport", transport))

    def data_received(self, data: bytes) -> None:
        self._pair.server_said(data)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._pair.server_gone()


class Relay(ABC):
    """Listens on `host`:`port` (0: any; `port` tells which after `start`) in front of the server at `upstream`."""

    def __init__(self, upstream_host: str, upstream_port: int, host: str, port: int, seed: int) -> None:
        self.upstream = (upstream_host, upstream_port)
        self.host = host
        self.port = port
        self.pairs: set[Pair] = set()
        self.chance = random.Random(seed)
        self.applied: Counter[str] = Counter()
        """How often each kind has spoiled something."""
        self._server: asyncio.Server | None = None

    @abstractmethod
    def make_pair(self) -> Pair:
        """What handles a new connection."""

    async def start(self) -> None:
        """Listen. Raises RuntimeError if the port cannot be had."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self.make_pair, self.host, self.port)
        except OSError as error:
            raise RuntimeError(f"no proxy on {self.host}:{self.port}: {error}; remedy: a free port") from error
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and all connections."""
        if self._server is not None:
            self._server.close()
            tasks = [pair._task for pair in self.pairs if pair._task is not None]  # noqa: SLF001 - its own pairs
            self.drop()
            await asyncio.gather(*tasks, return_exceptions=True)
            with contextlib.suppress(OSError):
                await self._server.wait_closed()
            self._server = None

    def drop(self) -> None:
        """End all connections."""
        for pair in tuple(self.pairs):
            pair.close()
