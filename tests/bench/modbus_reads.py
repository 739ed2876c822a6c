"""Reads of 125 registers per second and processor time per read: every Modbus client against the same server, in one run.

The server is `c/server.c`: it answers everything that is in flight in order and takes so little of a core that the figures are the
clients'. Every client is a process of its own and measures its own processor time. What is compared is processor time per read,
that is, reads per core; ratios are taken within a round and then their median, so that a slow minute of the machine cancels out.
"""

import importlib.util
import statistics
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench.meter import Measured
from tests.bench.processes import BenchError, compile_c, field_server, module, run_client
from tests.bench.tables import Progress, left_out, spread

ROUNDS = 5
SECONDS = 0.6
TIMEOUT_S = 20.0
CONNECTIONS = (1, 8, 32)
DEPTHS = (1, 4, 16)
TARGETS = {1: 6.0, 4: 15.0, 16: 40.0}
"""Depth to the least ratio, per core and at 32 connections, against pymodbus async."""

REFERENCE, OURS = "pymodbus async", "haechi"
PYTHON_PEERS = {
    REFERENCE: ("pymodbus", "pymodbus"),
    "pymodbus async, uvloop": ("pymodbus-uvloop", "uvloop"),
    "pyModbusTCP": ("pymodbustcp", "pyModbusTCP"),
    "umodbus": ("umodbus", "umodbus"),
}
"""Label to name in `modbus_peers` and the package that it needs."""

Command = Callable[[int, int, int], list[str]]
"""Port, connections and depth to a command line."""


@dataclass(frozen=True, slots=True)
class Row:
    """One client at so many connections, with so many requests in flight on each."""

    label: str
    connections: int
    depth: int
    command: Command

    def __str__(self) -> str:
        return f"{self.label}, {self.connections} connections, {self.depth} in flight"


Found = Mapping[Row, list[Measured]]


def main() -> None:
    """Measure all clients that are here and print the table with the targets."""
    with tempfile.TemporaryDirectory(prefix="haechi-bench-") as name:
        folder = Path(name)
        try:
            server = compile_c("server", folder)
        except BenchError as error:
            left_out("all of the Modbus clients", error)
            return
        with field_server(server) as port:
            found = _measure(_rows(folder), port)
    _print_table(found)
    _print_targets(found)


def _rows(folder: Path) -> list[Row]:
    peers: list[tuple[str, Command, tuple[int, ...]]] = []
    for label, (name, package) in PYTHON_PEERS.items():
        if importlib.util.find_spec(package) is None:
            left_out(label, f"no {package}; remedy: make setup-bench")
        else:
            peers.append((label, _python_peer(name), (1,)))
    for label, name, depths in (("libmodbus, C", "libmodbus_client", (1,)), ("epoll loop, C", "epoll_client", DEPTHS)):
        try:
            peers.append((label, _c_peer(compile_c(name, folder)), depths))
        except BenchError as error:
            left_out(label, error)
    peers.append((OURS, _ours, DEPTHS))
    return [
        Row(label, connections, depth, command)
        for label, command, depths in peers
        for depth in depths
        for connections in CONNECTIONS
    ]


def _python_peer(name: str) -> Command:
    return lambda port, connections, _: module("modbus_peers", name, port, connections, SECONDS)


def _c_peer(program: Path) -> Command:
    return lambda port, connections, depth: [str(program), *map(str, (port, connections, depth, SECONDS))]


def _ours(port: int, connections: int, depth: int) -> list[str]:
    return module("modbus_ours", port, connections, depth, SECONDS)


def _measure(rows: list[Row], port: int) -> Found:
    """Interleaved rounds; a client that fails once is left out for good, in one line."""
    found: dict[Row, list[Measured]] = {row: [] for row in rows}
    progress = Progress("modbus", len(rows) * ROUNDS)
    for _ in range(ROUNDS):
        for row in list(found):
            progress.step(str(row))
            command = row.command(port, row.connections, row.depth)
            try:
                found[row].append(run_client(command, Measured, TIMEOUT_S))
            except BenchError as error:
                del found[row]
                progress.end()
                left_out(str(row), error)
    progress.end()
    return found


def _ratios(found: Found, row: Row, connections: int) -> list[float]:
    """How many times the reads of pymodbus at so many connections one core does, round by round."""
    reference = next((r for r in found if (r.label, r.connections) == (REFERENCE, connections)), None)
    if reference is None:
        return []
    return [peer.cpu_us / own.cpu_us for peer, own in zip(found[reference], found[row], strict=True)]


def _times(ratios: list[float]) -> str:
    return spread(ratios, 1) if ratios else "-"


def _print_table(found: Found) -> None:
    print(f"\nModbus TCP, reads of 125 registers: median [least .. most] of {ROUNDS} rounds of {SECONDS} s")
    print(
        f"  {'client':<23}{'conn':>5}{'depth':>6}  {'reads/s':>28}  {'processor us/read':>25}{'kernel':>8}"
        f"  {'x pymodbus, 1 conn':>21}  {'x same conn':>21}"
    )
    for row, measured in found.items():
        print(
            f"  {row.label:<23}{row.connections:>5}{row.depth:>6}  {spread([m.per_s for m in measured], 0):>28}"
            f"  {spread([m.cpu_us for m in measured], 1):>25}"
            f"{statistics.median(m.system_us for m in measured):>8.1f}  {_times(_ratios(found, row, 1)):>21}"
            f"  {_times(_ratios(found, row, row.connections)):>21}"
        )


def _print_targets(found: Found) -> None:
    most = max(CONNECTIONS)
    print(f"\ntargets: {OURS} at {most} connections, reads per core against {REFERENCE}")
    for depth, target in TARGETS.items():
        row = next((r for r in found if (r.label, r.connections, r.depth) == (OURS, most, depth)), None)
        for connections in (1, most):
            ratios = [] if row is None else _ratios(found, row, connections)
            verdict = "not measured" if not ratios else "met" if statistics.median(ratios) >= target else "MISSED"
            print(
                f"  depth {depth:>2}, against its {connections:>2} connections: "
                f">= {target:.0f} x   {_times(ratios):>21} x   {verdict}"
            )
