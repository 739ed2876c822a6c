"""The end of a campaign: the page, the tables, and the table in the terminal."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sim_hardware.campaign.page import page
from sim_hardware.campaign.summary import CaseSummary, Distribution, by_scenario
from sim_hardware.campaign.tables import WRITERS, tables
from sim_hardware.report.judge import shown

SEEDS_SHOWN = 6


def write_report(summaries: Sequence[CaseSummary], how: str, folder: Path, form: str) -> Path:
    """Write report.html and the tables; returns the page."""
    for name, table in tables(summaries).items():
        WRITERS[form](table, folder / f"{name}.{form}")
    html = folder / "report.html"
    html.write_text(page(summaries, how), encoding="utf-8")
    return html


def print_summary(summaries: Sequence[CaseSummary], console: Console) -> None:
    """A table of criteria and one of figures for each case, its failures, and the verdict."""
    for group in by_scenario(summaries):
        if any(summary.shares for summary in group):
            console.print(_shares_table(group))
        if not group[0].case.row:
            console.print(_figures_table(group[0]))
        for failed in (failed for summary in group for failed in summary.failed):
            words = f"{failed.case}, seed {failed.seed}: failed after {failed.tries} tries: {failed.reason}"
            console.print(words, style="red", highlight=False, markup=False)
    missed = [summary for summary in summaries if not summary.passed]
    for summary in missed:
        words = f"{len(summary.missed_seeds)} of {len(summary.runs)} missed a criterion, {len(summary.failed)} failed"
        console.print(f"[bold red]MISSED[/]: {summary.case.name}: {words}", highlight=False)
    if not missed:
        console.print("[bold green]PASSED[/]", highlight=False)


def _shares_table(group: Sequence[CaseSummary]) -> Table:
    table = Table(title=f"{group[0].case.scenario.title} ({sum(len(summary.runs) for summary in group)} runs)")
    for name in ("criterion", "limit", "met", "95 % interval", "seeds that missed"):
        table.add_column(name)
    for share in (share for summary in group for share in summary.shares):
        low, high = share.interval
        more = " ..." if len(share.missed_seeds) > SEEDS_SHOWN else ""
        seeds = ", ".join(map(str, share.missed_seeds[:SEEDS_SHOWN])) + more
        span = f"{100 * low:.1f} to {100 * high:.1f} %"
        table.add_row(share.standard.title, share.standard.limit, f"{share.met} of {share.runs}", span, seeds)
    return table


def _figures_table(summary: CaseSummary) -> Table:
    table = Table(title=f"{summary.case.name}: figures that vary")
    for name in ("figure", "never", "5 %", "median", "its 95 % interval", "95 %"):
        table.add_column(name)
    for found in summary.distributions:
        if found.varies or (found.never and found.values):
            table.add_row(*_figure(found))
    return table


def _figure(found: Distribution) -> tuple[str, ...]:
    interval = found.median_interval
    ends = f"{shown(found.metric, interval.low)} to {shown(found.metric, interval.high)}" if interval else ""
    low, middle, high = (shown(found.metric, found.quantile(share)) for share in (0.05, 0.5, 0.95))
    return found.metric, str(found.never or ""), low, middle, ends, high
