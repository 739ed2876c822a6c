"""Acceptance: each criterion of the scenario against the figures, and the rule that holds for every drill."""

import math
from collections.abc import Collection, Iterable, Mapping

from msgspec.structs import replace

from controller.site.model import Family, Site
from sim_hardware.report.figures import OVERRUNS, Figures
from sim_hardware.report.result import Check
from sim_hardware.scenarios.model import Criterion, Scenario

OVERRUN_LIMIT_PCT = 1.0
IN_TIME = Criterion(metric=OVERRUNS, title="Scans that came late", title_ko="지연된 주기", at_most=OVERRUN_LIMIT_PCT)
"""Holds for every drill on sockets."""
UNLIT = Criterion(metric="deflagrations", title="Deflagrations", title_ko="폭연", at_most=0.0)
"""Holds for every room with cells of which the scenario does not say otherwise."""

UNITS = {"_s": "s", "_degc": "°C", "_pct": "%", "_kpa": "kPa"}


class MetricError(ValueError):
    """A criterion that names a figure that does not exist."""


def with_standing(scenario: Scenario, site: Site, zone: str) -> tuple[Criterion, ...]:
    """The criteria of a scenario and what holds for every room with cells; a table is judged by its rows alone."""
    said = any(criterion.metric == UNLIT.metric for criterion in scenario.criteria)
    cells = any(head.zone == zone and head.family is Family.CELL_TEMPERATURE for head in site.heads.values())
    return scenario.criteria if said or scenario.rows or not cells else (*scenario.criteria, UNLIT)


def judge(criteria: Iterable[Criterion], found: Figures) -> tuple[Check, ...]:
    """One check a criterion. Raises MetricError for a metric that is no figure."""
    return tuple(_check(criterion, found) for criterion in criteria)


def shown(metric: str, value: float | None) -> str:
    """A figure for people, with its unit."""
    if value is None or math.isnan(value):
        return "never"
    if math.isinf(value):
        return "nothing came after it"
    unit = next((text for end, text in UNITS.items() if metric.endswith(end)), "")
    number = f"{value:.0f}" if value == int(value) else f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}"
    return f"{number} {unit}".strip()


def without_comparisons(scenario: Scenario, names: Collection[str]) -> Scenario:
    """The scenario without the criteria about the comparisons called `names`, which are not run."""
    return replace(scenario, criteria=tuple(c for c in scenario.criteria if c.metric.split(".")[0] not in names))


def with_prefix(name: str, found: Figures) -> Mapping[str, float | None]:
    """The figures of a comparison as criteria name them."""
    return {f"{name}.{metric}": value for metric, value in found.items()}


def _check(criterion: Criterion, found: Figures) -> Check:
    if criterion.metric not in found:
        raise MetricError(f"criteria: no figure {criterion.metric!r}; remedy: one of {', '.join(sorted(found))}")
    value = found[criterion.metric]
    finite = value if value is not None and math.isfinite(value) else None
    return Check(
        criterion.metric,
        criterion.title,
        criterion.title_ko,
        finite,
        shown(criterion.metric, value),
        limit(criterion),
        criterion.met(value),
    )


def limit(criterion: Criterion) -> str:
    """The limit of a criterion for people."""
    if criterion.at_least is not None and criterion.at_most is not None:
        return f"{shown(criterion.metric, criterion.at_least)} to {shown(criterion.metric, criterion.at_most)}"
    bounds = (("≤", criterion.at_most), ("≥", criterion.at_least), ("=", criterion.equals))
    return " and ".join(f"{sign} {shown(criterion.metric, bound)}" for sign, bound in bounds if bound is not None)
