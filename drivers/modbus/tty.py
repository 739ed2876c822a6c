"""A tty for Modbus: raw, of this process alone, never blocking."""

import contextlib
import fcntl
import os
import termios

from drivers.link import NotConnectedError

_PARITY = {"none": 0, "even": termios.PARENB, "odd": termios.PARENB | termios.PARODD}
_TWO = 2
_PSEUDO_TERMINALS = range(136, 144)
"""Major numbers of ttys without a line, which refuse parity (devices.txt of Linux); benches are made of them."""


def open_tty(name: str, port: str, baud: int, parity: str, stop_bits: int) -> int:
    """The descriptor of `port`, set up for link `name`. Raises `NotConnectedError`."""
    try:
        descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        what = (
            f"{port} cannot be opened ({error.strerror}); plug the adapter in, check the path and the group of the tty"
        )
        raise NotConnectedError(name, what) from error
    try:
        fcntl.ioctl(descriptor, termios.TIOCEXCL)
        _set(descriptor, baud, parity, stop_bits)
    except (OSError, termios.error) as error:
        close_tty(descriptor)
        raise NotConnectedError(
            name, f"{port} is no tty with {baud} baud ({error.args[-1]}); check the path"
        ) from error
    return descriptor


def _set(descriptor: int, baud: int, parity: str, stop_bits: int) -> None:
    """Eight data bits, no flow control, no translation; a byte with wrong parity comes as 0, which no checksum passes."""
    speed: int = getattr(termios, f"B{baud}")
    control = termios.CREAD | termios.CLOCAL | termios.CS8
    if os.major(os.fstat(descriptor).st_rdev) not in _PSEUDO_TERMINALS:
        control |= _PARITY[parity]
    control |= termios.CSTOPB if stop_bits == _TWO else 0
    characters = termios.tcgetattr(descriptor)[6]
    characters[termios.VMIN], characters[termios.VTIME] = 1, 0
    arrives = termios.INPCK if parity != "none" else 0
    termios.tcsetattr(descriptor, termios.TCSANOW, [arrives, 0, control, 0, speed, speed, characters])
    termios.tcflush(descriptor, termios.TCIOFLUSH)


def flush_input(descriptor: int) -> None:
    """Drop what has come and was not read."""
    with contextlib.suppress(termios.error):  # a tty that is gone tells so when it is read
        termios.tcflush(descriptor, termios.TCIFLUSH)


def close_tty(descriptor: int) -> None:
    """Close it without waiting for what is not sent yet; the next to open it may be someone else."""
    with contextlib.suppress(OSError, termios.error):
        termios.tcflush(descriptor, termios.TCIOFLUSH)
        fcntl.ioctl(descriptor, termios.TIOCNXCL)
    os.close(descriptor)
