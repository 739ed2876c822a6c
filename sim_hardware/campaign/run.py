"""One run of a campaign, wherever it is carried out: in a process here, or in a worker of a cluster."""

import math
import time
from pathlib import Path

from msgspec.structs import replace

from sim_hardware.campaign.digest import code_digest
from sim_hardware.campaign.model import Case, Failed, Outcome
from sim_hardware.drill.virtual import run_virtual
from sim_hardware.report.figures import figures
from sim_hardware.report.judge import judge
from sim_hardware.report.make import finite, judge_row
from sim_hardware.report.record import Record

WARM_S = 1.0
"""Plant seconds of the run that does so."""
KIB = 1024.0


def run(case: Case, seed: int) -> Outcome | Failed:
    """Carry out one run. An error of the run is its result: the same seed would come to the same error again."""
    try:
        return _run(case, seed)
    except Exception as error:  # noqa: BLE001 - one run that breaks down must not end the others
        return Failed(case.name, seed, f"{type(error).__name__}: {error}")


def warm(case: Case) -> None:
    """Make the kernels ready, so that they are compiled by one process and read from the cache by all others."""
    run(replace(case, scenario=replace(case.scenario, duration_s=WARM_S)), case.scenario.seed)


def _run(case: Case, seed: int) -> Outcome:
    began_s, began_cpu_s = time.perf_counter(), time.thread_time()
    faults = case.row.faults if case.row else ()
    record = run_virtual(case.site, case.scenario, seed, case.scenario.duration_s, faults=faults, step_s=case.step_s)
    found = figures(record)
    missed = _missed(case, record, found)
    return Outcome(
        case=case.name, seed=seed, journal=record.journal, missed=missed, figures=finite(found),
        infinite=tuple(name for name, value in found.items() if value is not None and math.isinf(value)),
        plant_s=record.duration_s, wall_s=time.perf_counter() - began_s, cpu_s=time.thread_time() - began_cpu_s,
        peak_mib=peak_mib(), code=code_digest(),
    )  # fmt: skip


def _missed(case: Case, record: Record, found: dict[str, float | None]) -> tuple[int, ...]:
    if case.row:
        return () if judge_row(case.row, record).passed else (0,)
    checks = judge(case.scenario.criteria, found)
    return tuple(place for place, check in enumerate(checks) if not check.passed)


def peak_mib() -> float:
    """The most memory that this process has had resident, in MiB (`VmHWM` of proc(5); getrusage would tell the parent's as well)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmHWM:"):
            return float(line.split()[1]) / KIB
    return math.nan
