"""Processor time that a server spends on a read of 125 registers: the simulator's own server beside pymodbus's, in one run.

Both are `sim_hardware.wires.bulk` with 247 units of 10,000 registers, a process each; a loop over bare sockets asks them, with the same number
of requests in flight all the time. Ratios are taken within a round and then their median, so that a slow minute of the machine cancels out.
"""

import selectors
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.bench.processes import BenchError
from tests.bench.tables import Progress, spread

ROUNDS = 5
SECONDS = 0.6
REGISTERS = 125
REPLY_BYTES = 9 + 2 * REGISTERS
RECEIVE_BYTES = 1 << 16
PATIENCE_S = 2.0


class Row(NamedTuple):
    """One server at so many connections, with so many requests in flight on each."""

    server: str
    connections: int
    depth: int


class Measured(NamedTuple):
    """What the server did between two marks."""

    cpu_us: float
    per_s: float


REFERENCE = Row("pymodbus", 8, 1)
"""pymodbus does not bear more than one request in flight."""
ROWS = (REFERENCE, Row("own", 8, 1), Row("own", 8, 4), Row("own", 8, 16), Row("own", 32, 16))


def main() -> None:
    """Measure all rows in interleaved rounds and print the table."""
    found: dict[Row, list[Measured]] = {row: [] for row in ROWS}
    progress = Progress("modbus servers", ROUNDS * len(ROWS))
    for _ in range(ROUNDS):
        for row in ROWS:
            progress.step(" ".join(map(str, row)))
            found[row].append(_measure(row))
    progress.end()
    _print_table(found)


def _print_table(found: dict[Row, list[Measured]]) -> None:
    print(f"\nModbus TCP servers, reads of {REGISTERS} registers, {ROUNDS} rounds: median [least .. most]")
    print(
        f"{'server':10} {'connections':>11} {'in flight':>9} {'answers/s':>30} {'us of processor':>24} {'per core':>22}"
    )
    for row, measured in found.items():
        ratios = [before.cpu_us / now.cpu_us for before, now in zip(found[REFERENCE], measured, strict=True)]
        per_s = spread([one.per_s for one in measured], 0)
        cpu_us = spread([one.cpu_us for one in measured], 1)
        print(f"{row.server:10} {row.connections:11} {row.depth:9} {per_s:>30} {cpu_us:>24} {spread(ratios, 1):>22}")


def _measure(row: Row) -> Measured:
    with _server(row.server) as (port, pid), ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(row.connections)]
        return _ask(sockets, row.depth, pid)


def _ask(sockets: list[socket.socket], depth: int, pid: int) -> Measured:
    """Keep `depth` requests in flight on every socket; each asks another unit."""
    asked = b"".join(struct.pack(">HHHBBHH", n, 0, 6, 1 + n, 3, REGISTERS * n, REGISTERS) for n in range(depth))
    missing = dict.fromkeys(sockets, 0)
    answers = 0
    with selectors.DefaultSelector() as selector:
        for one in sockets:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(one, selectors.EVENT_READ, one)
            one.sendall(asked)
            missing[one] = depth * REPLY_BYTES
        began_s, spent_ns = time.perf_counter(), _spent_ns(pid)
        while (now_s := time.perf_counter()) < began_s + SECONDS:
            ready = selector.select(PATIENCE_S)
            if not ready:
                raise BenchError(f"the server is silent with {depth} in flight; remedy: see what it prints")
            for key, _ in ready:
                one = key.data
                missing[one] -= len(one.recv(RECEIVE_BYTES))
                if missing[one] <= 0:
                    answers += depth
                    missing[one] += depth * REPLY_BYTES
                    one.sendall(asked)
        return Measured((_spent_ns(pid) - spent_ns) / answers / 1000, answers / (now_s - began_s))


def _spent_ns(pid: int) -> int:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


@contextmanager
def _server(name: str) -> Iterator[tuple[int, int]]:
    """Port and process id."""
    command = [sys.executable, "-m", "sim_hardware.wires.bulk", "--server", name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline()), process.pid
        finally:
            process.terminate()
