"""A worker process on this machine: `python -m sim_hardware.campaign.worker SOCKET CASES`. It stays warm from run to run.

Both are descriptors that its parent left open: a connection, and a file of cases. It reads the cases, makes the kernels ready and says so,
then answers one order after the other, until its parent closes the connection.
"""

import contextlib
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from sim_hardware.campaign.digest import code_digest
from sim_hardware.campaign.model import Order, decode_cases
from sim_hardware.campaign.run import run, warm
from sim_hardware.own_process import settle


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
