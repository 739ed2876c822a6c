"""Writes a result: report.html, report.json and timeline.svg in a folder, and the table at the end of a drill."""

from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from sim_hardware.report import svg
from sim_hardware.report.draw_timeline import draw_timeline
from sim_hardware.report.page import page
from sim_hardware.report.result import DrillResult


def write_report(result: DrillResult, folder: Path) -> Path:
    """Write the three files; returns the page."""
    folder.mkdir(parents=True, exist_ok=True)
    html = folder / "report.html"
    html.write_text(page(result), encoding="utf-8")
    (folder / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1))
    if result.timeline:
        write_timeline(result, folder / "timeline.svg")
    return html


def write_timeline(result: DrillResult, path: Path) -> None:
    """Write the timeline drawing alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(draw_timeline(result) + "\n", encoding="utf-8")


def print_result(result: DrillResult, html: Path, console: Console) -> None:
    """The end of a drill in the terminal: first sign, every criterion, and what was missed."""
    if result.sign:
        sign = result.sign
        console.print(
            f"First sign at {svg.clock(sign.at_s)}: {sign.head} {sign.level} ({sign.evidence})", highlight=False
        )
    console.print(_checks_table(result))
    if result.rows:
        console.print(_rows_table(result))
    missed = [check.title for check in result.checks if not check.passed]
    missed += [f"{row.name}: reached {row.reached}" for row in result.rows if not row.passed]
    for reference in result.references:
        here = "never" if reference.here_s is None else f"{reference.here_s:.0f} s"
        console.print(f"{reference.title}: {here} here, {reference.there_s:.0f} s in FSRI test 2", highlight=False)
    if missed:
        console.print(f"[bold red]MISSED[/]: {'; '.join(missed)}", highlight=False)
    else:
        console.print("[bold green]PASSED[/]", highlight=False)
    if result.journal:
        rate = result.duration_s / result.wall_s if result.wall_s > 0.0 else 0.0
        how = f"{rate:.0f} times real time; journal {result.journal}"
        console.print(f"Seed {result.seed}, {how}", highlight=False, soft_wrap=True)
    console.print(f"Report: {html}", highlight=False, soft_wrap=True)


def _checks_table(result: DrillResult) -> Table:
    table = Table(title=f"{result.title} ({result.wall_s:.0f} s)")
    for name in ("what", "found", "limit", ""):
        table.add_column(name)
    for check in result.checks:
        table.add_row(check.title, check.shown, check.limit, _mark(passed=check.passed))
    return table


def _rows_table(result: DrillResult) -> Table:
    table = Table(title="Table of runs")
    for name in ("run", "reached", "may reach", "first", ""):
        table.add_column(name)
    for row in result.rows:
        table.add_row(row.name, row.reached, row.allowed, row.first, _mark(passed=row.passed))
    return table


def _mark(*, passed: bool) -> str:
    return "[green]passed[/]" if passed else "[bold red]missed[/]"
