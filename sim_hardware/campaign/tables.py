"""The tables of a campaign as files: a row a run, a row a figure, a row a criterion; CSV, or Parquet by pyarrow."""

import csv
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from sim_hardware.campaign.errors import CampaignError
from sim_hardware.campaign.model import Failed, Outcome
from sim_hardware.campaign.summary import CaseSummary

Cell = str | int | float | bool | None


class Column(NamedTuple):
    """Values of one kind (str, int, float or bool); None: there is none."""

    kind: type
    values: list[Cell]


Table = Mapping[str, Column]


def tables(summaries: Sequence[CaseSummary]) -> dict[str, Table]:
    """The three tables by name."""
    return {"runs": runs_table(summaries), "figures": figures_table(summaries), "criteria": criteria_table(summaries)}


def runs_table(summaries: Sequence[CaseSummary]) -> Table:
    """A row a run, with its journal's hash and every figure; a failed one has its reason and no figures."""
    ends: list[Outcome | Failed] = []
    for summary in summaries:
        ends += (*summary.runs, *summary.failed)
    runs = [end if isinstance(end, Outcome) else None for end in ends]
    metrics = dict.fromkeys(d.metric for summary in summaries for d in summary.distributions)

    def of_runs(kind: type, value: Callable[[Outcome], Cell]) -> Column:
        return Column(kind, [None if run is None else value(run) for run in runs])

    return {
        "case": Column(str, [end.case for end in ends]),
        "seed": Column(int, [end.seed for end in ends]),
        "journal": of_runs(str, lambda run: run.journal),
        "passed": of_runs(bool, lambda run: not run.missed),
        "failure": Column(str, [None if isinstance(end, Outcome) else end.reason for end in ends]),
        "plant_s": of_runs(float, lambda run: run.plant_s),
        "wall_s": of_runs(float, lambda run: run.wall_s),
        "processor_s": of_runs(float, lambda run: run.cpu_s),
        "peak_mib": of_runs(float, lambda run: run.peak_mib),
        **{
            metric: Column(float, [None if run is None else _figure(run, metric) for run in runs]) for metric in metrics
        },
    }


def figures_table(summaries: Sequence[CaseSummary]) -> Table:
    """A row a case and figure: its distribution."""
    rows = [(summary, found) for summary in summaries for found in summary.distributions]
    intervals = [found.median_interval for _, found in rows]
    return {
        "case": Column(str, [summary.case.name for summary, _ in rows]),
        "figure": Column(str, [found.metric for _, found in rows]),
        "runs": Column(int, [len(summary.runs) for summary, _ in rows]),
        "never": Column(int, [found.never for _, found in rows]),
        "infinite": Column(int, [len(found.values) - len(found.finite) for _, found in rows]),
        "least": Column(float, [found.quantile(0.0) for _, found in rows]),
        "p05": Column(float, [found.quantile(0.05) for _, found in rows]),
        "median": Column(float, [found.quantile(0.5) for _, found in rows]),
        "median_low": Column(float, [interval and interval.low for interval in intervals]),
        "median_high": Column(float, [interval and interval.high for interval in intervals]),
        "p95": Column(float, [found.quantile(0.95) for _, found in rows]),
        "most": Column(float, [found.quantile(1.0) for _, found in rows]),
    }


def criteria_table(summaries: Sequence[CaseSummary]) -> Table:
    """A row a case and criterion: the share of runs that met it, with Wilson's interval, and the seeds that missed it."""
    rows = [(summary, share) for summary in summaries for share in summary.shares]
    return {
        "case": Column(str, [summary.case.name for summary, _ in rows]),
        "criterion": Column(str, [share.standard.title for _, share in rows]),
        "figure": Column(str, [share.standard.metric or None for _, share in rows]),
        "limit": Column(str, [share.standard.limit for _, share in rows]),
        "runs": Column(int, [share.runs for _, share in rows]),
        "met": Column(int, [share.met for _, share in rows]),
        "share": Column(float, [share.met / share.runs if share.runs else None for _, share in rows]),
        "share_low": Column(float, [share.interval.low for _, share in rows]),
        "share_high": Column(float, [share.interval.high for _, share in rows]),
        "missed_seeds": Column(str, [" ".join(map(str, share.missed_seeds)) for _, share in rows]),
    }


def _figure(run: Outcome, metric: str) -> float | None:
    return float("inf") if metric in run.infinite else run.figures.get(metric)


# --- files ------------------------------------------------------------------------------------------------------------


def write_csv(table: Table, path: Path) -> None:
    """Comma-separated, UTF-8, with a head line; no value is an empty cell."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(table)
        writer.writerows(zip(*(column.values for column in table.values()), strict=True))


def write_parquet(table: Table, path: Path) -> None:
    """One row group, with null for no value."""
    import pyarrow as pa  # noqa: PLC0415 - an extra that only this needs
    from pyarrow import parquet  # noqa: PLC0415

    kinds = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    columns = {name: pa.array(column.values, type=kinds[column.kind]) for name, column in table.items()}
    parquet.write_table(pa.table(columns), path)


WRITERS: dict[str, Callable[[Table, Path], None]] = {"csv": write_csv, "parquet": write_parquet}


def check_format(name: str) -> None:
    """Raises CampaignError if the library of a format is not installed: before the runs, not after them."""
    if name == "parquet" and importlib.util.find_spec("pyarrow") is None:
        raise CampaignError(
            "--format parquet needs pyarrow, which is not installed; remedy: pip install 'haechi[sim,campaign]', or --format csv"
        )
