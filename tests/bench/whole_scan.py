"""A whole scan: 10,240 registers of 20 devices read, decoded, frozen and judged, one output written and acknowledged.

Ours with five requests and with one in flight per device, beside pymodbus with a loop in Python over the points, against the same
server, in interleaved rounds: with idle cores, with both cores busy, with both busy under SCHED_FIFO, and ten times a second for the
share of a core that it takes. The server stands for devices outside of this machine, so it always has a real-time priority if it may.
"""

import os
import statistics
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench.processes import (
    BenchError,
    compile_c,
    may_be_real_time,
    module,
    remote_field_server,
    run_client,
    spinners,
)
from tests.bench.scan_stacks import DEVICES, READS, REGISTERS, Scans
from tests.bench.tables import Progress, left_out, spread

ROUNDS = 5
SECONDS = 1.5
TIMEOUT_S = 30.0
PEER = "pymodbus"
STACKS = {"pymodbus, Python loop": PEER, "haechi, depth 1": "depth-1", "haechi, depth 5": "depth-5"}
"""Label to name in `scan_stacks`."""

TARGET_STACK, TARGET = "depth-5", 20.0


@dataclass(frozen=True, slots=True)
class Load:
    """What goes on beside the scans."""

    label: str
    busy: bool
    fifo: bool
    period_s: float


IDLE = Load("cores idle", busy=False, fifo=False, period_s=0.0)
TEN_HERTZ = Load("10 Hz, cores idle", busy=False, fifo=False, period_s=0.1)
LOADS = (
    IDLE,
    Load("cores busy", busy=True, fifo=False, period_s=0.0),
    Load("cores busy, SCHED_FIFO", busy=True, fifo=True, period_s=0.0),
    TEN_HERTZ,
)

Found = Mapping[tuple[Load, str], list[Scans]]


def main() -> None:
    """Measure all stacks under all loads and print the tables."""
    loads: tuple[Load, ...] = LOADS
    if not may_be_real_time():
        left_out("SCHED_FIFO", "no right to real-time priority; remedy: run as root or with CAP_SYS_NICE")
        loads = tuple(load for load in LOADS if not load.fifo)
    with tempfile.TemporaryDirectory(prefix="haechi-bench-") as name:
        try:
            with remote_field_server(compile_c("server", Path(name))) as port:
                found = _measure(loads, port)
        except BenchError as error:
            left_out("the whole scan", error)
            return
    _print_latency([load for load in loads if load is not TEN_HERTZ], found)
    _print_share(found)
    _print_target(found)


def _measure(loads: tuple[Load, ...], port: int) -> Found:
    found: dict[tuple[Load, str], list[Scans]] = {(load, stack): [] for load in loads for stack in STACKS.values()}
    progress = Progress("scan", len(found) * ROUNDS)
    for _ in range(ROUNDS):
        for load in loads:
            with spinners((os.cpu_count() or 1) if load.busy else 0):
                for stack in STACKS.values():
                    progress.step(f"{stack}, {load.label}")
                    command = module("scan_stacks", stack, port, SECONDS, load.period_s, int(load.fifo))
                    found[load, stack].append(run_client(command, Scans, TIMEOUT_S))
    progress.end()
    return found


def _p50s(scans: list[Scans]) -> list[float]:
    return [statistics.median(one.scan_ms) for one in scans]


def _ratios(found: Found, load: Load, stack: str) -> list[float]:
    """How many times faster the stack is than the peer at p50, round by round."""
    return [peer / own for peer, own in zip(_p50s(found[load, PEER]), _p50s(found[load, stack]), strict=True)]


def _print_latency(loads: list[Load], found: Found) -> None:
    print(
        f"\na whole scan of {DEVICES * REGISTERS:,} registers, {DEVICES} devices, {len(READS)} reads each, one output "
        f"acknowledged: p50 as median [least .. most] of {ROUNDS} rounds, p99 over all scans"
    )
    print(f"  {'load':<24}{'stack':<23}{'scans':>6}  {'p50 ms':>24}{'p99 ms':>9}{'max ms':>9}  {'x faster, p50':>21}")
    for load in loads:
        for label, stack in STACKS.items():
            scans = found[load, stack]
            every = sorted(ms for one in scans for ms in one.scan_ms)
            p99 = statistics.quantiles(every, n=100, method="inclusive")[98]
            print(
                f"  {load.label:<24}{label:<23}{len(every):>6}  {spread(_p50s(scans), 2):>24}{p99:>9.2f}{every[-1]:>9.2f}"
                f"  {spread(_ratios(found, load, stack), 1):>21}"
            )


def _print_share(found: Found) -> None:
    print("\nten scans a second take of one core, with the rests between them")
    for label, stack in STACKS.items():
        shares = [100.0 * one.cpu_s / one.wall_s for one in found[TEN_HERTZ, stack]]
        print(f"  {label:<23}{spread(shares, 2):>24} %")


def _print_target(found: Found) -> None:
    ratios = _ratios(found, IDLE, TARGET_STACK)
    verdict = "met" if statistics.median(ratios) >= TARGET else "MISSED"
    print(
        f"\ntarget: haechi, depth 5, p50 with idle cores >= {TARGET:.0f} x faster than {PEER}: "
        f"{spread(ratios, 1)} x   {verdict}"
    )
