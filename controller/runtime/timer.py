"""The scan clock: a timer of the kernel (timerfd) with an absolute period, watched by the event loop.

asyncio's own sleep rounds up to a millisecond and is one more timer among all others of the loop; this one is a file descriptor, is
exact to the kernel's high-resolution timers, and counts by itself the periods that nobody came for.
"""

import asyncio
import ctypes
import errno
import os
import sys
import time
from types import TracebackType
from typing import Self

_CLOCK_MONOTONIC = 1  # linux/time.h; time.CLOCK_MONOTONIC on other systems has other numbers
_TFD_TIMER_ABSTIME = 1  # sys/timerfd.h
_COUNT_BYTES = 8


class _TimeSpec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _TimerSpec(ctypes.Structure):
    _fields_ = (("interval", _TimeSpec), ("value", _TimeSpec))


class PeriodTimer:
    """Expires every `period_s` from now on, at absolute times: nothing adds up. A context manager; one task waits at a time.

    `late_s` is how late the loop came for the last expiration that it got: what other work of the loop, the scheduler and the machine
    cost. Periods that were over before anybody waited (a scan that took too long) are missed, not late.
    """

    def __init__(self, period_s: float) -> None:
        self.period_ns = round(period_s * 1e9)
        if self.period_ns <= 0:
            raise ValueError(f"a period of {period_s} s; remedy: give one above 0")
        self.late_s = 0.0
        self._served = 0
        self._began_ns = time.monotonic_ns()
        self._descriptor = _create()
        try:
            _arm(self._descriptor, self._began_ns + self.period_ns, self.period_ns)
        except OSError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the descriptor back; a second time does nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    async def wait(self) -> int:
        """Wait for the next expiration: how many there were since the last wait (above 1: so many less one were missed).

        The loop always gets its turn, also when the period is over already. A cancelled wait loses no expiration: the kernel counts on.
        """
        over = (time.monotonic_ns() - self._began_ns) // self.period_ns
        loop = asyncio.get_running_loop()
        expired = loop.create_future()
        loop.add_reader(self._descriptor, _wake, expired)
        try:
            await expired
        finally:
            loop.remove_reader(self._descriptor)
        count = int.from_bytes(os.read(self._descriptor, _COUNT_BYTES), sys.byteorder)
        due_ns = self._began_ns + max(self._served + 1, over) * self.period_ns
        self._served += count
        self.late_s = (time.monotonic_ns() - due_ns) / 1e9
        return count


def _wake(expired: asyncio.Future[None]) -> None:
    if not expired.done():
        expired.set_result(None)


def _create() -> int:
    """A descriptor that neither blocks nor is inherited. Python has `os.timerfd_create` from 3.13 on only, so the C library is asked."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "timerfd_create"):
        raise OSError(errno.ENOSYS, "the scan clock needs timerfd; remedy: run the daemon on Linux")
    descriptor: int = libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
    if descriptor < 0:
        raise _failure("timerfd_create")
    return descriptor


def _arm(descriptor: int, first_ns: int, period_ns: int) -> None:
    spec = _TimerSpec(_TimeSpec(*divmod(period_ns, 10**9)), _TimeSpec(*divmod(first_ns, 10**9)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.timerfd_settime(descriptor, _TFD_TIMER_ABSTIME, ctypes.byref(spec), None) < 0:
        raise _failure("timerfd_settime")


def _failure(call: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(
        number, f"scan clock: {call}: {os.strerror(number)}; remedy: see the limit of open files (LimitNOFILE)"
    )
