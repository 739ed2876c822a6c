"""The service manager's watchdog (sd_notify), fed only while every task is in time and the scan counter moves (rule 10)."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Mapping

from controller.runtime.supervision import Supervision

_DEFAULT_PERIOD_S = 1.0


class Notifier:
    """Datagrams to the service manager. Without an address (not started by it) they go nowhere."""

    def __init__(self, address: str = "") -> None:
        # A leading @ means the abstract namespace, whose addresses begin with a zero byte.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) if address else None
        if self._socket is not None:
            self._socket.setblocking(False)

    def notify(self, text: str) -> None:
        """Send one state, `READY=1` or `WATCHDOG=1`. A manager that does not listen is no reason to stop protecting."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.sendto(text.encode(), self._address)

    def close(self) -> None:
        """Give the socket back."""
        if self._socket is not None:
            self._socket.close()


class Watchdog:
    """Feeds the watchdog, or does not: `scan` gives the scan counter."""

    def __init__(self, notifier: Notifier, supervision: Supervision, scan: Callable[[], int]) -> None:
        self._notifier = notifier
        self._supervision = supervision
        self._scan = scan
        self._last_scan = scan()

    def kick(self) -> tuple[str, ...]:
        """Feed the watchdog if nothing speaks against it; else the reasons, with nothing sent."""
        scan = self._scan()
        reasons = self._supervision.late()
        if scan == self._last_scan:
            reasons += ("scan counter",)
        self._last_scan = scan
        if not reasons:
            self._notifier.notify("WATCHDOG=1")
        return reasons

    async def run(self, period_s: float, withheld: Callable[[tuple[str, ...]], None]) -> None:
        """Feed every `period_s` wall seconds, for ever; `withheld` hears the reasons when it is not fed."""
        while True:
            await asyncio.sleep(period_s)
            if reasons := self.kick():
                withheld(reasons)


def notify_address(environ: Mapping[str, str] = os.environ) -> str:
    """Where the service manager listens; empty when there is none."""
    return environ.get("NOTIFY_SOCKET", "")


def kick_period_s(environ: Mapping[str, str] = os.environ) -> float:
    """A third of the manager's watchdog time, so that one late kick does not restart; a second when it has none."""
    watchdog_us = int(environ.get("WATCHDOG_USEC", "0"))
    return watchdog_us / 3e6 if watchdog_us else _DEFAULT_PERIOD_S
