"""From the record of a run to its result."""

import math
from collections.abc import Sequence

from controller.core.events import Event, Kind
from sim_hardware.report.curves import curves
from sim_hardware.report.figures import HIGHEST, Figures, figures, highest
from sim_hardware.report.judge import IN_TIME, judge, with_prefix, with_standing
from sim_hardware.report.lanes import timeline
from sim_hardware.report.record import Record
from sim_hardware.report.result import ComparisonResult, DrillResult, Reference, RowResult, Sign
from sim_hardware.scenarios.model import Comparison, Row

FSRI_TEST_2 = (
    ("vent_to_runaway_s", "First vent to thermal runaway", "최초 가스 분출에서 열폭주까지", 329.0),
    ("vent_to_smoke_s", "First vent to smoke alarm", "최초 가스 분출에서 연기 경보까지", 376.0),
    ("runaway_to_smoke_s", "Thermal runaway to smoke alarm", "열폭주에서 연기 경보까지", 47.0),
)
"""FSRI test 2 (18650 cells in a container, heated): venting 22:44, runaway 28:13, spot smoke alarm 29:00 after ignition."""
FACTOR = 2.0
"""How far a time may lie from that of the test."""


def make_result(record: Record, comparisons: Sequence[ComparisonResult] = ()) -> DrillResult:
    """Figures, acceptance, timeline and curves of a run. Raises MetricError for a criterion about an unknown figure."""
    found = figures(record)
    compared: dict[str, float | None] = {}
    for other in comparisons:
        compared.update(with_prefix(other.name, other.figures))
    criteria = (*((IN_TIME,) if record.speed else ()), *with_standing(record.scenario, record.site, record.zone))
    checks = judge(criteria, {**found, **compared})
    scenario = record.scenario
    return DrillResult(
        scenario=scenario.name, title=scenario.title, title_ko=scenario.title_ko, site=record.site.site.name,
        zone=record.zone, seed=record.seed, speed=record.speed, duration_s=record.duration_s, wall_s=record.wall_s,
        passed=all(check.passed for check in checks), checks=checks, figures=finite(found), sign=_sign(record),
        timeline=timeline(record), curves=curves(record), references=_references(found),
        comparisons=tuple(comparisons), events=tuple(e for e in record.events if e.kind is not Kind.DIGEST),
        journal=record.journal,
    )  # fmt: skip


def make_comparison(comparison: Comparison, record: Record) -> ComparisonResult:
    """What the same drill came to with fewer responses."""
    return ComparisonResult(
        comparison.name, comparison.title, comparison.title_ko, record.duration_s, record.wall_s,
        finite(figures(record)), curves(record),
    )  # fmt: skip


def judge_row(row: Row, record: Record) -> RowResult:
    """Whether one run of a table stayed below its stage, and its fault showed."""
    reached = highest(record)
    in_bounds = HIGHEST.index(row.reaches) <= HIGHEST.index(reached) <= HIGHEST.index(row.highest)
    told = not row.tells or any(row.tells == f"{event.subject} {event.what}" for event in record.events)
    words = f"never told: {row.tells}" if not told else "" if reached == "normal" else _first_words(record)
    return RowResult(row.name, reached, row.highest, in_bounds and told, words)


def finite(found: Figures) -> dict[str, float | None]:
    """Figures for JSON, which knows no infinity."""
    return {name: value if value is not None and math.isfinite(value) else None for name, value in found.items()}


def in_words(event: Event) -> str:
    """The evidence of an event for people."""
    return "; ".join(
        f"{e.head}: {e.feature} at {e.point}, {_number(e.value)} against {_number(e.threshold)}" for e in event.evidence
    )


def _number(value: float) -> str:
    return "no value" if math.isnan(value) else f"{value:.4g}"


def _first_level(record: Record) -> Event | None:
    return next((e for e in record.events if e.kind is Kind.LEVEL and e.zone == record.zone), None)


def _sign(record: Record) -> Sign | None:
    event = _first_level(record)
    return None if event is None else Sign(event.tick_ms / 1000, event.subject, event.what, in_words(event))


def _first_words(record: Record) -> str:
    event = next((e for e in record.events if e.kind is Kind.LEVEL), None)
    return "" if event is None else f"{event.subject} {event.what} at {event.tick_ms / 1000:.1f} s"


def _references(found: Figures) -> tuple[Reference, ...]:
    """The run beside a real fire test; nothing where nothing vented."""
    if found.get("vent_to_runaway_s") is None:
        return ()
    return tuple(
        Reference(title, title_ko, found[name], there_s, _agrees(found[name], there_s))
        for name, title, title_ko, there_s in FSRI_TEST_2
    )


def _agrees(here_s: float | None, there_s: float) -> bool:
    return here_s is not None and there_s / FACTOR <= here_s <= there_s * FACTOR
