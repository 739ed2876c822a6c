"""A worker process on this machine: `python -m sim_hardware.campaign.worker SOCKET CASES`. It stays warm from run to run.

Both are descriptors that its parent left open: a connection, and a file of cases. It reads the cases, makes the kernels ready and says so,
then answers one order after the other, until its parent closes the connection.
"""

import contextlib
import gc
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from controller.runtime.realtime import settle_memory
from sim_hardware.campaign.digest import code_digest
from sim_hardware.campaign.model import Order, decode_cases
from sim_hardware.campaign.run import run, warm

COLLECT_AFTER = 20_000
"""Objects made before the youngest are looked through; a drill makes millions that die at once, and hardly a circle of them."""


def settle() -> None:
    """Look for garbage seldom from now on, and never again in what is alive now: worth about a tenth of a drill's time."""
    settle_memory()
    gc.set_threshold(COLLECT_AFTER, 20, 20)


def main(socket: int, file: int) -> None:
    """Serve the connection at the descriptor `socket` to its end, with the cases of `file`."""
    cases = decode_cases(Path(f"/proc/self/fd/{file}").read_bytes())  # opened anew, to be read from its beginning
    connection = Connection(socket)
    with connection, contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        warm(next(iter(cases.values())))
        settle()
        connection.send_bytes(code_digest().encode())
        while True:
            order = msgspec.msgpack.decode(connection.recv_bytes(), type=Order)
            connection.send_bytes(msgspec.msgpack.encode(run(cases[order.case], order.seed)))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
