"""Lateness of the scan clock, beside a plain asyncio one: `python -m tests.bench.scan_clock [SECONDS]`.

Every clock is a process of its own, so that this one never becomes a real-time one. All clocks of a run tick at the same time, a
fraction of the period apart: what the machine does to one it does to all. Rounds with idle and with busy cores take turns; busy means one
spinning process a core, at normal priority like the clocks.
"""

import asyncio
import contextlib
import math
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from controller.runtime.realtime import RealTime, ask_machine, settle_memory
from controller.runtime.timer import PeriodTimer

PERIOD_S = 0.01
"""A tenth of a scan, for ten times the samples."""
FIFO = 50
ROUNDS = 2
NICE = -10
"""What the unit file gives without `realtime.conf`."""
CLOCKS = ("asyncio", "timerfd", "timerfd nice", "timerfd fifo", "bare fifo")
GRACE_S = 20.0
_SPIN = "import time\nend_s = time.monotonic() + {seconds}\nwhile time.monotonic() < end_s: pass"


@dataclass(frozen=True, slots=True)
class ClockRow:
    """One clock under one load, lateness in ms over all rounds; `note` says what the machine refused (then there are no figures)."""

    clock: str
    load: str
    samples: int
    p50_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float
    queued_p99_ms: float
    """99 % waited less than this for a core: the part of the lateness that a priority can change."""
    note: str = ""

    def __str__(self) -> str:
        if self.note:
            return f"  {self.load:<5} {self.clock:<13} {self.note}"
        figures = (self.p50_ms, self.p99_ms, self.p999_ms, self.max_ms, self.queued_p99_ms)
        return f"  {self.load:<5} {self.clock:<13} {self.samples:6}" + "".join(f"{value:10.3f}" for value in figures)


class Told(msgspec.Struct, frozen=True):
    """What the process of a clock hands back: what the machine refused (then no figures), and its `Ticks`."""

    note: str
    late_ms: list[float]
    queued_ms: list[float]


# --- in the processes of the clocks ---------------------------------------------------------------------------------


class Ticks:
    """Lateness of every tick, and how long the kernel let the process wait for a core meanwhile, both in ms.

    The second is what a priority can change (proc(5): schedstat, its second figure); the rest of the lateness is the program's own time
    and the time in which the host of a virtual machine runs something else.
    """

    def __init__(self, ticks: int) -> None:
        self.wanted = ticks
        self.late_ms: list[float] = []
        self.queued_ms: list[float] = []
        self._schedstat = os.open("/proc/thread-self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        self._queued_ns = self._read()

    @property
    def missing(self) -> bool:
        return len(self.late_ms) < self.wanted

    def note(self, due_ns: list[int]) -> None:
        """The process is awake, for these ticks."""
        now_ns = time.monotonic_ns()
        before_ns, self._queued_ns = self._queued_ns, self._read()
        self.late_ms += [(now_ns - due) / 1e6 for due in due_ns]
        self.queued_ms += [(self._queued_ns - before_ns) / 1e6] * len(due_ns)

    def _read(self) -> int:
        return int(os.pread(self._schedstat, 100, 0).split()[1])


async def _asyncio_clock(first_s: float, ticks: Ticks) -> None:
    loop = asyncio.get_running_loop()
    while ticks.missing:
        due_s = first_s + len(ticks.late_ms) * PERIOD_S
        await asyncio.sleep(max(0.0, due_s - loop.time()))
        ticks.note([round(due_s * 1e9)])


async def _timerfd_clock(first_s: float, ticks: Ticks) -> None:
    await asyncio.sleep(first_s - PERIOD_S - time.monotonic())
    with PeriodTimer(PERIOD_S) as timer:
        while ticks.missing:
            ticks.note(_due_ns(timer, ticks, await timer.wait()))


def _bare_clock(first_s: float, ticks: Ticks) -> None:
    """No event loop: one blocking read of the timer after the other. What is late here no event loop could mend."""
    time.sleep(first_s - PERIOD_S - time.monotonic())
    with PeriodTimer(PERIOD_S) as timer:
        os.set_blocking(timer._descriptor, True)
        while ticks.missing:
            ticks.note(_due_ns(timer, ticks, int.from_bytes(os.read(timer._descriptor, 8), sys.byteorder)))


def _due_ns(timer: PeriodTimer, ticks: Ticks, count: int) -> list[int]:
    """Every period counts, as it does for plain asyncio, which comes for each one that has gone by."""
    done = len(ticks.late_ms)
    return [timer._began_ns + number * timer.period_ns for number in range(done + 1, done + count + 1)]


def _clock(name: str, wanted: int) -> None:
    """Wait for the time of the first tick on standard input; print the lateness of every tick in ms, or what the machine refused."""
    settle_memory()
    refusal = _take_priority(name)
    print("ready", flush=True)
    first_s, ticks = float(sys.stdin.readline()), Ticks(wanted)
    if not refusal:
        if name == "bare fifo":
            _bare_clock(first_s, ticks)
        else:
            asyncio.run((_asyncio_clock if name == "asyncio" else _timerfd_clock)(first_s, ticks))
    print(msgspec.json.encode(Told(refusal, ticks.late_ms, ticks.queued_ms)).decode())


def _take_priority(name: str) -> str:
    """Why the machine refuses it; empty when it does not."""
    if name.endswith("fifo"):
        _, refused = ask_machine(RealTime(fifo=FIFO, lock_memory=True))
        return "; ".join(
            f"{one.wanted} refused ({one.why}); remedy: {one.remedy}" for one in refused if "fifo" in one.wanted
        )
    if name.endswith("nice"):
        try:
            os.nice(NICE)
        except PermissionError as error:
            return f"nice {NICE} refused ({error}); remedy: run the bench as root"
    return ""


# --- in the process of the bench ------------------------------------------------------------------------------------


def measure(seconds: float = 60.0) -> list[ClockRow]:
    """All clocks under both loads, within about `seconds` altogether; at 60 s some 3,000 ticks a row."""
    slice_s = seconds / (2 * ROUNDS)
    found = {(load, clock): Told("", [], []) for load in ("idle", "busy") for clock in CLOCKS}
    for _ in range(ROUNDS):
        for load in ("idle", "busy"):
            with _busy_cores(slice_s + GRACE_S) if load == "busy" else contextlib.nullcontext():
                for clock, told in _run_clocks(slice_s).items():
                    so_far = found[load, clock]
                    found[load, clock] = Told(
                        told.note, so_far.late_ms + told.late_ms, so_far.queued_ms + told.queued_ms
                    )
    return [_row(clock, load, told) for (load, clock), told in found.items()]


def print_table(seconds: float = 60.0) -> None:
    """Measure and show."""
    before = _processor_ticks()
    rows = measure(seconds)
    total, stolen = (after - first for after, first in zip(_processor_ticks(), before, strict=True))
    show(rows, stolen / total)


def show(rows: list[ClockRow], stolen: float) -> None:
    """Print the table, the ratios to plain asyncio, and the share that a virtual machine did not get (no priority helps there)."""
    print(f"\nscan clock, lateness in ms of a {PERIOD_S * 1000:.0f} ms period, {os.cpu_count()} cores")
    print(f"  {'cores':<5} {'clock':<13} {'ticks':>6}{'p50':>10}{'p99':>10}{'p99.9':>10}{'max':>10}{'queue p99':>10}")
    for row in rows:
        print(row)
    plain, *ours = [row for row in rows if row.load == "busy" and not row.note]
    for row in ours:
        ratios = f"p99 {plain.p99_ms / row.p99_ms:.1f}, p99.9 {plain.p999_ms / row.p999_ms:.1f}"
        print(f"  cores busy, plain asyncio is later than {row.clock}: {ratios} times")
    print(f"  the host of this machine took {stolen:.1%} of its processor time for others meanwhile")


def _processor_ticks() -> tuple[int, int]:
    """All ticks of all cores since the start of the machine, and those that its host gave to others (proc(5), /proc/stat)."""
    ticks = [int(word) for word in Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]]
    return sum(ticks), ticks[7]


def _row(clock: str, load: str, told: Told) -> ClockRow:
    if told.note:
        return ClockRow(clock, load, 0, math.nan, math.nan, math.nan, math.nan, math.nan, told.note)
    cuts = statistics.quantiles(told.late_ms, n=1000, method="inclusive")
    queued_ms = statistics.quantiles(told.queued_ms, n=100, method="inclusive")[98]
    return ClockRow(clock, load, len(told.late_ms), cuts[499], cuts[989], cuts[998], max(told.late_ms), queued_ms)


def _run_clocks(seconds: float) -> dict[str, Told]:
    """Let all clocks tick for so long at the same time."""
    ticks = max(2, int(seconds / PERIOD_S))
    running: dict[str, subprocess.Popen[str]] = {}
    try:
        for name in CLOCKS:
            words = [sys.executable, "-m", "tests.bench.scan_clock", "--clock", name, str(ticks)]
            running[name] = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for process in running.values():
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        begin_s = time.monotonic() + 0.2
        for number, process in enumerate(running.values()):
            assert process.stdin is not None
            process.stdin.write(f"{begin_s + PERIOD_S * number / len(CLOCKS)}\n")
            process.stdin.flush()
        return {
            name: msgspec.json.decode(process.communicate(timeout=seconds + GRACE_S)[0], type=Told)
            for name, process in running.items()
        }
    finally:
        for process in running.values():
            if process.poll() is None:
                process.kill()
                process.communicate()


@contextlib.contextmanager
def _busy_cores(at_most_s: float) -> Iterator[None]:
    """One spinning process a core; each ends by itself should this one be killed."""
    program = _SPIN.format(seconds=at_most_s)
    spinning = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in spinning:
            process.send_signal(signal.SIGKILL)
            process.wait()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--clock"]:
        _clock(sys.argv[2], int(sys.argv[3]))
    else:
        print_table(*map(float, sys.argv[1:2]))
