"""`haechi-sim drill`: run it, judge it, report it."""

import asyncio
import dataclasses
import signal
import sys
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace
from rich.console import Console

from controller.site.problem import SiteError
from drivers.compiled.library import LibraryError
from sim_hardware.drill.errors import DrillError
from sim_hardware.drill.journal import journal_path, keep_journal
from sim_hardware.drill.options import Drill, parse
from sim_hardware.drill.sockets import run_on_sockets
from sim_hardware.drill.virtual import run_comparison, run_rows, run_virtual, without_wires
from sim_hardware.faults.spec import FaultError
from sim_hardware.faults.targets import check_all_on_wires
from sim_hardware.live import Lines, View, view_for
from sim_hardware.own_process import seldom_collected
from sim_hardware.rehost import plain
from sim_hardware.report.judge import MetricError, without_comparisons
from sim_hardware.report.make import make_result
from sim_hardware.report.record import Record
from sim_hardware.report.result import ComparisonResult, DrillResult, RowResult
from sim_hardware.report.write import print_result, write_report, write_timeline
from sim_hardware.scenarios.loader import ScenarioError

LINE_WIDTH = 120
"""Where there is no terminal to ask."""
PASSED, MISSED, REFUSED, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str]) -> int:
    """Run a drill. Exit code: 0 passed, 1 an acceptance missed or the drill broke down, 2 it cannot be, 130 ended by hand."""
    console = Console(stderr="--json" in arguments)
    if not console.is_terminal:
        console.width = LINE_WIDTH
    try:
        drill = parse(arguments)
        result = run(drill, console)
    except SiteError as error:
        for problem in error.problems:
            console.print(f"haechi-sim drill: {problem}", markup=False)
        return REFUSED
    except DrillError as error:
        console.print(f"haechi-sim drill: {error}", markup=False)
        return MISSED
    except (ScenarioError, MetricError, FaultError, LibraryError, ValueError, KeyError, OSError) as error:
        console.print(f"haechi-sim drill: {error}", markup=False)
        return REFUSED
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("haechi-sim drill: ended by hand, every process with it")
        return INTERRUPTED
    html = write_report(result, drill.folder)
    if drill.timeline:
        write_timeline(result, drill.timeline)
    print_result(result, html, console)
    if not drill.scenario.rows:
        console.print(
            f"Why: haechi explain last --journal {journal_path(drill.folder)}", highlight=False, soft_wrap=True
        )
    if drill.as_json:
        sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
    return PASSED if result.passed else MISSED


def run(drill: Drill, console: Console) -> DrillResult:
    """Run a drill to its result."""
    if drill.scenario.rows:
        return _table(drill, console)
    if drill.virtual:
        with seldom_collected():
            record, comparisons = _in_virtual_time(drill, console)
    else:
        record, comparisons = _on_sockets(drill, console)
    return make_result(_judged(record, comparisons), comparisons)


def _in_virtual_time(drill: Drill, console: Console) -> tuple[Record, tuple[ComparisonResult, ...]]:
    view = Lines(console, drill.duration_s)
    record = run_virtual(
        drill.site, drill.scenario, drill.seed, drill.duration_s, step_s=drill.step_s,
        progress=lambda s: view.show(s, None, None, ()),
    )  # fmt: skip
    keep_journal(record.events, drill.folder, round(drill.site.site.scan_s * 1000))
    wanted = drill.scenario.comparisons if drill.compared else ()
    return record, tuple(run_comparison(drill.site, drill.scenario, drill.seed, one) for one in wanted)


def _on_sockets(drill: Drill, console: Console) -> tuple[Record, tuple[ComparisonResult, ...]]:
    """Compile what has to be compiled first, so that it does not cost plant time, then run."""
    check_all_on_wires(drill.scenario.faults, plain(drill.site, own_broker=not drill.broker))
    run_virtual(drill.site, without_wires(drill.scenario), drill.seed, 1.0)
    view = view_for(console, drill.duration_s, live=drill.live)
    try:
        return asyncio.run(_until_ended(drill, view))
    finally:
        view.close()


async def _until_ended(drill: Drill, view: View) -> tuple[Record, tuple[ComparisonResult, ...]]:
    """SIGTERM ends a drill as Ctrl-C does: every process is ended."""
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    if task is not None:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    return await run_on_sockets(drill, view)


def _judged(record: Record, comparisons: Sequence[ComparisonResult]) -> Record:
    """Without comparisons that were not asked for, their criteria do not count."""
    missing = {one.name for one in record.scenario.comparisons} - {one.name for one in comparisons}
    return dataclasses.replace(record, scenario=without_comparisons(record.scenario, missing))


def _table(drill: Drill, console: Console) -> DrillResult:
    """A table of runs, in virtual time; the first row's run stands for the course."""
    rows: list[RowResult] = []
    for row in run_rows(drill.site, drill.scenario, drill.seed, drill.duration_s, drill.step_s):
        rows.append(row)
        verdict = "passed" if row.passed else f"MISSED: {row.first}"
        console.print(f"{row.name}: reached {row.reached}, may reach {row.allowed}: {verdict}", highlight=False)
    bare = make_result(Record(drill.site, replace(drill.scenario, criteria=()), drill.seed, 0.0, (), ()))
    passed = all(row.passed for row in rows)
    return replace(bare, rows=tuple(rows), passed=passed, figures={}, duration_s=drill.duration_s)
