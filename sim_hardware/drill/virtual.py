"""Runs in virtual time: the drill itself, a table of runs, and the same drill with fewer responses."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from msgspec.structs import replace

from controller.core.rules import ResponseSettings
from controller.site.model import Site
from sim_hardware import lockstep
from sim_hardware.devices.truth import Truth
from sim_hardware.faults.spec import FaultSpec
from sim_hardware.faults.targets import is_on_wires
from sim_hardware.lockstep import Moment
from sim_hardware.own_process import settle
from sim_hardware.report.make import judge_row, make_comparison
from sim_hardware.report.moments import spread_s
from sim_hardware.report.record import Record
from sim_hardware.report.result import ComparisonResult, RowResult
from sim_hardware.scenarios.model import Comparison, Responses, Row, Scenario

LONG_S = 7200.0
"""Runs beyond this keep the truth less often: `MOST_TRUTHS` times at most, in whole `LONG_TRUTH_S`."""
TRUTH_S, LONG_TRUTH_S = 1.0, 10.0
MOST_TRUTHS = 20_000
"""Some 60 MB for the hall; a year in coarse steps keeps one truth in 26 minutes."""
AFTER_SPREAD_S = 60.0
"""A comparison goes on for so long after the next rack has run away, for the curves."""

Progress = Callable[[float], None]


def run_virtual(
    site: Site,
    scenario: Scenario,
    seed: int,
    duration_s: float,
    *,
    responses: Responses | None = None,
    faults: Sequence[FaultSpec] = (),
    progress: Progress = lambda _: None,
    stop: Callable[[Truth], bool] | None = None,
    step_s: float | None = None,
) -> Record:
    """One run in virtual time; `progress` hears the plant's second, `stop` looks at each kept truth; `step_s`: see `sim_hardware.coarse`."""
    began_s = time.perf_counter()
    truths: list[Truth] = []
    every_ms = round(truth_every_s(duration_s) * 1000)
    over = False

    def observe(moment: Moment) -> None:
        nonlocal over
        if moment.image.tick_ms % every_ms == 0:
            truths.append(moment.plant.truth())
            progress(moment.image.tick_ms / 1000)
            over = stop is not None and stop(truths[-1])

    wishes = responses or scenario.responses
    result = lockstep.run(
        site, scenario, duration_s=duration_s, seed=seed, faults=faults,
        settings=ResponseSettings(wishes.isolate, wishes.extinguish, wishes.cool), observer=observe, stop=lambda _: over,
        step_s=step_s,
    )  # fmt: skip
    wall_s = time.perf_counter() - began_s
    return Record(site, scenario, seed, 0.0, result.events, tuple(truths), result.scans, 0, wall_s, result.chain)


def truth_every_s(duration_s: float) -> float:
    """Seconds between the truths that a run of this length keeps."""
    return TRUTH_S if duration_s <= LONG_S else LONG_TRUTH_S * math.ceil(duration_s / (LONG_TRUTH_S * MOST_TRUTHS))


def run_rows(
    site: Site, scenario: Scenario, seed: int, duration_s: float, step_s: float | None = None
) -> Iterator[RowResult]:
    """Each row of a table of runs, in its order, as many at a time as the machine has processors."""
    run = partial(_run_row, site, replace(scenario, rows=()), seed, duration_s, step_s)
    with ProcessPoolExecutor(mp_context=get_context("spawn"), initializer=settle) as pool:
        yield from pool.map(run, scenario.rows)


def _run_row(site: Site, scenario: Scenario, seed: int, duration_s: float, step_s: float | None, row: Row) -> RowResult:
    return judge_row(row, run_virtual(site, scenario, seed, duration_s, faults=row.faults, step_s=step_s))


def without_wires(scenario: Scenario) -> Scenario:
    """The scenario without faults of wires and brokers, of which virtual time has none."""
    return replace(scenario, faults=tuple(fault for fault in scenario.faults if not is_on_wires(fault)))


def run_comparison(site: Site, scenario: Scenario, seed: int, comparison: Comparison) -> ComparisonResult:
    """The same drill with fewer responses, without the faults of its wires; with `until_spread` it ends soon after the next rack burns."""
    scenario = without_wires(scenario)
    bare = Record(site, scenario, seed, 0.0, (), ())

    def over(truth: Truth) -> bool:
        spread = spread_s(Record(site, scenario, seed, 0.0, (), (truth,)))
        return spread is not None and truth.tick_ms / 1000 > spread + AFTER_SPREAD_S

    stop = over if comparison.until_spread and bare.origin_rack >= 0 else None
    record = run_virtual(site, scenario, seed, comparison.duration_s, responses=comparison.responses, stop=stop)
    return make_comparison(comparison, record)
