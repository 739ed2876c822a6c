"""Real runs: the same seed gives the same journal on any number of workers, in any order, resumed, after deaths, and on a cluster."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from sim_hardware.campaign.carry_out import carry_out
from sim_hardware.campaign.digest import code_digest
from sim_hardware.campaign.local import LocalPool
from sim_hardware.campaign.model import Failed, Order, Outcome
from sim_hardware.campaign.pool import Lost
from sim_hardware.campaign.run import run
from sim_hardware.campaign.store import FILE, Store
from sim_hardware.cli.main import main
from tests.sim_hardware.campaign import samples

pytestmark = pytest.mark.timeout(300)  # on a fresh machine the kernels are compiled first
SEEDS = range(4)
CASE = samples.case()
Found = dict[int, tuple[str, dict[str, float | None], tuple[int, ...]]]
PROGRAM = (sys.executable, "-m", "sim_hardware.cli.main", "campaign", str(samples.SPARK))


class Killer:
    """Ends the worker of a run, as a machine short of memory would, so many times by seed."""

    def __init__(self, times: dict[int, int]) -> None:
        self.times = Counter(times)
        self.lost_runs: list[Lost] = []

    def begun(self, order: Order, pid: int) -> None:
        if self.times[order.seed]:
            self.times[order.seed] -= 1
            os.kill(pid, signal.SIGKILL)

    def ended(self, end: Outcome | Failed) -> None:
        """The store has it."""

    def lost(self, lost: Lost) -> None:
        self.lost_runs.append(lost)

    def tick(self) -> None:
        """Nothing to do."""


def campaign(folder: Path, seeds: Iterable[int], width: int, killer: Killer) -> dict[Order, Failed]:
    with Store(folder, (CASE,), code_digest()) as store, LocalPool((CASE,), width, folder) as pool:
        carry_out([Order(CASE.name, seed) for seed in seeds], pool, store, 2, killer)
        return store.failed


def found(folder: Path) -> Found:
    with Store(folder, (CASE,), code_digest()) as store:
        return {run.seed: (run.journal, run.figures, run.missed) for run in store.done.values()}


@pytest.fixture(scope="module")
def reference() -> Found:
    """Each run in this very process."""
    ends = [run(CASE, seed) for seed in SEEDS]
    assert [end for end in ends if isinstance(end, Failed)] == []
    return {end.seed: (end.journal, end.figures, end.missed) for end in ends if isinstance(end, Outcome)}


def until(holds: Callable[[], bool], limit_s: float = 200.0) -> None:
    deadline_s = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def children(pid: int) -> str:
    """The processes that a process has started, as numbers with spaces."""
    try:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except FileNotFoundError:  # it has ended itself
        return ""


@contextmanager
def started(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program, ended by its own number if it has not ended."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


# --- the same seed, the same journal --------------------------------------------------------------------------------


def test_seeds_differ(reference: Found) -> None:
    assert len({journal for journal, _, _ in reference.values()}) == len(SEEDS)


def test_a_drill_of_its_own_comes_to_the_same_journal(
    tmp_path: Path, reference: Found, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["drill", str(samples.SPARK), "--virtual", "--seed", "2", "--json", "--out", str(tmp_path)])
    assert msgspec.json.decode(capsys.readouterr().out)["journal"] == reference[2][0]


def test_deaths_two_workers_another_order_and_a_resumption_change_nothing(
    tmp_path: Path, reference: Found, capsys: pytest.CaptureFixture[str]
) -> None:
    killer = Killer({2: 1, 9: 2})
    failed = campaign(tmp_path, (9, 3, 2), 2, killer)
    assert failed == {Order("spark", 9): Failed("spark", 9, "its worker ended: signal SIGKILL", 2)}
    assert sorted(lost.order.seed for lost in killer.lost_runs) == [2, 9]
    code = main(["campaign", str(samples.SPARK), "--seeds", "0:4", "--workers", "1", "--out", str(tmp_path)])
    said = capsys.readouterr().out
    assert "2 of 4 runs are there already" in said
    assert "2 drills took" in said
    assert found(tmp_path) == reference
    assert code == any(missed for _, _, missed in reference.values())


@pytest.fixture
def heeds_ctrl_c() -> Iterator[None]:
    """A shell starts what runs in the background with Ctrl-C ignored, and children inherit that; in here they do not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_ctrl_c_ends_it_within_a_second_or_so_and_keeps_what_is_done(tmp_path: Path, reference: Found) -> None:
    results = tmp_path / FILE

    def lines() -> int:
        return results.read_bytes().count(b"\n") if results.exists() else 0

    with started(*PROGRAM, "--seeds", "0:100000", "--workers", "1", "--out", str(tmp_path)) as process:
        until(lambda: lines() > 3)
        process.send_signal(signal.SIGINT)
        began_s = time.monotonic()
        until(lambda: children(process.pid) == "")
        assert time.monotonic() - began_s < 3.0
        assert process.wait(60.0) == 130  # the interpreter takes its time to unload the kernels
    kept = found(tmp_path)
    assert len(kept) >= 3
    assert all(kept[seed] == reference[seed] for seed in SEEDS if seed in kept)


# --- a cluster ------------------------------------------------------------------------------------------------------


@contextmanager
def scheduler(folder: Path) -> Iterator[str]:
    """A Dask scheduler on loopback; its address."""
    file = folder / "scheduler.json"
    words = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
    with started(sys.executable, "-m", "distributed.cli.dask_scheduler", *words):
        until(lambda: file.exists() and file.stat().st_size > 0)
        yield msgspec.json.decode(file.read_bytes())["address"]


def dask_worker(address: str, folder: Path) -> tuple[str, ...]:
    return (
        sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "2", "--no-nanny", "--no-dashboard",
        "--local-directory", str(folder),
    )  # fmt: skip


def test_a_cluster_comes_to_the_same_though_a_worker_dies(tmp_path: Path, reference: Found) -> None:
    out = tmp_path / "out"
    results = out / FILE
    with scheduler(tmp_path) as address, started(*dask_worker(address, tmp_path)) as first:
        command = (*PROGRAM, "--seeds", "0:4,10:14", "--scheduler", address, "--out", str(out))
        with started(*command) as process:
            until(lambda: results.exists() and results.read_bytes().count(b"\n") > 1)
            with started(*dask_worker(address, tmp_path)):
                first.kill()
                assert process.wait(200.0) in {0, 1}
    kept = found(out)
    assert sorted(kept) == [0, 1, 2, 3, 10, 11, 12, 13]
    assert {seed: kept[seed] for seed in SEEDS} == reference
