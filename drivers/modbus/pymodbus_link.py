"""Modbus TCP over pymodbus: the only file that knows the library, and that trusts it with nothing but framing.

pymodbus returns replies of another function or count as good, takes transaction 0 for any request, skips strangers in
silence and waits for closed connections. So every frame is compared with the request before the library sees it, the
library's retries and reconnection are off, and a connection that failed once is dropped by its owner.
"""

import asyncio
import logging
import socket
import struct
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

from drivers.link import NotConnectedError, TickMs, TimedOutError, WrongReplyError
from drivers.modbus.frame import READ_FUNCTION, WRITE_COIL, WRITE_REGISTER, WRITE_REGISTERS, Words, check_reply
from drivers.modbus.plan import BIT_TABLES, DeviceLimits, Request
from drivers.modbus.poller import CONNECT_TIMEOUT_S, DeviceRefusedError, ModbusLink
from drivers.points import RegisterBlock, Table

# What the library would say at every attempt stands once, with its place, in the link's health.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)

_NO_LINGER = struct.pack("ii", 1, 0)
_SHORTEST = 9
"""Bytes of the shortest reply, an exception: MBAP header, function, code."""

_ECHO_LENGTH = 6
"""Length field of the echo of a write: unit, function, two words."""


class PymodbusLink(ModbusLink):
    """`ModbusLink` over pymodbus: see there. Poll period in wall time is `period_s / speed`."""

    def __init__(
        self,
        name: str,
        host: str,
        port: int,
        blocks: Mapping[str, RegisterBlock],
        devices: Mapping[str, DeviceLimits],
        timeout_s: float,
        tick_ms: TickMs,
        read_only: bool,
        speed: float = 1.0,
    ) -> None:
        connect = partial(_connect, name, host, port, timeout_s)
        super().__init__(name, connect, blocks, devices, timeout_s, tick_ms, read_only, speed)


async def _connect(name: str, host: str, port: int, timeout_s: float, lost: Callable[[], None]) -> "PymodbusWire":
    wire = PymodbusWire(name, host, port, timeout_s, lost)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await wire.connect()
    except TimeoutError:
        wire.close()
        raise NotConnectedError(name, f"{host}:{port} does not answer; check power, cable and address") from None
    except BaseException:
        wire.close()
        raise
    return wire


class PymodbusWire:
    """One connection (`drivers.modbus.poller.Wire`)."""

    def __init__(self, name: str, host: str, port: int, timeout_s: float, on_lost: Callable[[], None]) -> None:
        self._place = name
        self._timeout_s = timeout_s
        self._on_lost = on_lost
        self._lost = False
        self._head = b""
        self._answers: dict[bytes, tuple[int, int | None]] = {}
        # The library's own deadline lies behind ours: it would go on with a connection that timed out.
        self._client = AsyncModbusTcpClient(
            host,
            port=port,
            name=name,
            timeout=CONNECT_TIMEOUT_S + 2 * timeout_s,
            retries=0,
            reconnect_delay=0,
            trace_packet=self._inspect,
            trace_connect=self._connection,
        )
        read = self._client
        self._readers: dict[Table, Callable[..., Any]] = {
            Table.COIL: read.read_coils,
            Table.DISCRETE: read.read_discrete_inputs,
            Table.HOLDING: read.read_holding_registers,
            Table.INPUT: read.read_input_registers,
        }

    async def connect(self) -> None:
        """Open the connection or raise `NotConnectedError`."""
        up = await self._client.connect()
        _heed_cancellation()
        if not up:
            peer = self._client.ctx.comm_params
            raise NotConnectedError(self._place, f"{peer.host}:{peer.port} refuses; check that the device runs")

    @property
    def lost(self) -> bool:
        """Whether the peer has closed the connection."""
        return self._lost

    def close(self) -> None:
        """Drop the connection, and what the kernel has not sent yet: a late write must not reach the field."""
        transport = self._client.ctx.transport
        if transport is not None:
            peer: socket.socket | None = transport.get_extra_info("socket")
            if peer is not None and peer.fileno() >= 0:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._client.close()

    async def read(self, request: Request, place: str) -> Words:
        """Give the words of a read: registers, or bits as 0 and 1."""
        ask = self._readers[request.table]
        bits = request.table in BIT_TABLES
        size = (request.count + 7) // 8 if bits else 2 * request.count
        function = READ_FUNCTION[request.table]
        reply = await self._ask(place, function, request.unit, size, partial(ask, request.address, count=request.count))
        values = reply.bits if bits else reply.registers
        check_reply(request, place, unit=reply.dev_id, function=reply.function_code, count=len(values))
        return np.array(values, np.uint16)

    async def write(self, request: Request, words: tuple[int, ...], place: str) -> None:
        """Write words and check the echo."""
        client, address = self._client, request.address
        if request.table is Table.COIL:
            function, ask = WRITE_COIL, partial(client.write_coil, address, bool(words[0]))
        elif len(words) == 1:
            function, ask = WRITE_REGISTER, partial(client.write_register, address, words[0])
        else:
            function, ask = WRITE_REGISTERS, partial(client.write_registers, address, list(words))
        reply = await self._ask(place, function, request.unit, None, ask)
        echo: tuple[int, ...] = words
        if function == WRITE_COIL:
            said = tuple(int(bit) for bit in reply.bits[:1])
        elif function == WRITE_REGISTER:
            said = tuple(reply.registers)
        else:
            said, echo = (reply.count,), (len(words),)
        if (reply.dev_id, reply.function_code, reply.address, said) != (request.unit, function, address, echo):
            raise WrongReplyError(
                place, f"the echo of the write says {said} at {reply.address}, not {echo} at {address}"
            )

    async def _ask(self, place: str, function: int, unit: int, size: int | None, ask: Callable[..., Any]) -> ModbusPDU:
        """Send one request and await its reply within the deadline; `size` is the byte count of a read."""
        self._place = place
        if self._lost:
            raise NotConnectedError(place, "the peer has closed the connection")
        try:
            async with asyncio.timeout(self._timeout_s):
                self._answers = {
                    bytes((unit, function)): (_ECHO_LENGTH if size is None else 3 + size, size),
                    bytes((unit, function | 0x80)): (3, None),
                }
                reply: ModbusPDU = await ask(device_id=unit)
        except TimeoutError:
            raise TimedOutError(place, f"no answer within {self._timeout_s * 1e3:.0f} ms") from None
        except ModbusException as error:
            raise WrongReplyError(place, str(error)) from error
        finally:
            self._answers = {}
        _heed_cancellation()
        if reply.isError():
            raise DeviceRefusedError(place, reply.exception_code)
        return reply

    def _inspect(self, sending: bool, data: bytes) -> bytes:
        """Library hook on raw bytes: remember the transaction sent, let nothing pass that does not answer it."""
        if sending:
            self._head = data[:4]
            return data
        if not self._answers or len(data) < _SHORTEST or self._client.ctx.response_future.done():
            return b""
        length, size = self._answers.get(data[6:8], (0, None))
        if data[:4] == self._head and int.from_bytes(data[4:6], "big") == length and size in {None, data[8]}:
            return data
        head = data[:_SHORTEST].hex(" ")
        self._end(
            WrongReplyError(self._place, f"the reply starts with {head}; look for a bad gateway or a second master")
        )
        return b""

    def _connection(self, up: bool) -> None:
        """Library hook: the connection is made or lost."""
        if not up:
            self._lost = True
            self._end(NotConnectedError(self._place, "the peer has closed the connection"))
            self._on_lost()

    def _end(self, error: Exception) -> None:
        """End the request in flight now; the library would wait for its deadline."""
        answer = self._client.ctx.response_future
        if self._answers and not answer.done():
            answer.set_exception(error)


def _heed_cancellation() -> None:
    """Raise a cancellation that `asyncio.wait_for` inside the library has swallowed (Python 3.11: when the reply came too)."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
