"""The plant's Modbus units on a serial line: RTU on a tty, which may go away and come back."""

import asyncio
import contextlib
import os
from collections.abc import Mapping
from typing import Literal

from controller.site.model import Parity
from drivers.link import NotConnectedError
from drivers.modbus.tty import close_tty, open_tty
from sim_hardware.wires.session import Endpoint, Field, Session

REOPEN_S = 0.2
"""Pause before a tty that went away is tried again (wall time)."""
_READ_BYTES = 4096
_BITS_PER_CHARACTER = 11
_SHORTEST_PAUSE_S = 0.02
"""What an operating system may put between two bytes of one frame (assumed): USB adapters deliver every 16 ms (FTDI AN232B-04)."""

AnyParity = Parity | Literal["even", "odd", "none"]


class SerialServer:
    """All units (number to device name) of one serial line. What they cannot answer, they pass over in silence.

    A tty that goes away is opened again as soon as its path is there again; what was late is then not answered any more.
    """

    def __init__(
        self,
        plant: Field,
        tty_path: str,
        units: Mapping[int, str],
        baud: int = 19200,
        parity: AnyParity = "even",
        stop_bits: int = 1,
    ) -> None:
        self._endpoint = Endpoint(plant, units, "rtu")
        self._path = tty_path
        self._line = (baud, parity, stop_bits)
        self._pause_s = max(_SHORTEST_PAUSE_S, 3.5 * _BITS_PER_CHARACTER / baud)
        self._descriptor = -1
        self._session: Session | None = None
        self._retry: asyncio.TimerHandle | None = None

    @property
    def requests(self) -> int:
        """Requests that came."""
        return self._endpoint.requests

    async def start(self) -> None:
        """Open the tty. Raises RuntimeError if it cannot be had."""
        try:
            self._open()
        except NotConnectedError as error:
            raise RuntimeError(f"{self._path} cannot be served: {error}") from error

    async def stop(self) -> None:
        """Close the tty."""
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        self._close()

    def _open(self) -> None:
        self._descriptor = open_tty("simulator", self._path, *self._line)
        self._session = Session(self._endpoint, self._write, self._pause_s)
        asyncio.get_running_loop().add_reader(self._descriptor, self._read)

    def _close(self) -> None:
        if self._session is not None:
            self._session.end()
            self._session = None
            asyncio.get_running_loop().remove_reader(self._descriptor)
            close_tty(self._descriptor)

    def _reopen(self) -> None:
        try:
            self._open()
        except NotConnectedError:
            self._retry = asyncio.get_running_loop().call_later(REOPEN_S, self._reopen)

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data and self._session is not None:
            self._session.take(data)
        else:  # hung up: the adapter was pulled out, or the other end of the pair is gone
            self._close()
            self._retry = asyncio.get_running_loop().call_later(REOPEN_S, self._reopen)

    def _write(self, data: bytes) -> None:
        """Send; what the line does not take is lost, as bytes on a line are."""
        with contextlib.suppress(OSError):
            os.write(self._descriptor, data)
