"""`haechi tune`: recordings in, a proposal and its report out. The site file is read and never written."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from controller.core.detect.defaults import DEFAULTS
from controller.core.events import Level
from controller.core.layout import Layout, lay_out
from controller.site.model import Family, Limits, Site
from controller.tools.recordings.mapping import Map
from controller.tools.recordings.plan import make_plan, with_settings
from controller.tools.recordings.stream import Stream
from controller.tools.recordings.whatif import Seen, changes
from controller.tools.tuning.features import Life, gather
from controller.tools.tuning.propose import Budget, Proposal, propose, settings_lines
from controller.tools.tuning.report import page
from drivers.tables.reader import Progress, Table, TableError

__all__ = [
    "Counted",
    "Family",
    "Limits",
    "Source",
    "TableError",
    "Tuned",
    "count",
    "table_source",
    "told",
    "tune",
    "write",
]

_WEEK_H = 7 * 24.0
_YEAR_H = 365.25 * 24.0


@dataclass(frozen=True, slots=True)
class Source:
    """A recording: its layout under given settings, and its images, which can be had again and again."""

    name: str
    layout: Layout
    moments: Callable[[], Iterable[Seen]]


def table_source(file: Path, said: Map, settings: Mapping[Family, Limits], progress: Progress | None = None) -> Source:
    """A table with a map as normal life of a site with these settings. Raises SiteError, TableError."""
    plan = make_plan(Table(file), said)
    return Source(file.name, with_settings(plan.layout, settings), lambda: Stream(plan, progress).moments())


@dataclass(slots=True)
class Counted:
    """What a detector said over all recordings: onsets by type of head and feature, of advisories and of pre-alarms or more."""

    advisories: int = 0
    alarms: int = 0
    why: dict[str, int] = field(default_factory=dict)

    def line(self, name: str, hours: float) -> str:
        """The count as a sentence."""
        why = "; ".join(f"{count} by {what}" for what, count in sorted(self.why.items()))
        weeks, years = hours / _WEEK_H, hours / _YEAR_H
        return (
            f"{name}: {self.advisories} advisories ({self.advisories / weeks:.3g} a week), {self.alarms} pre-alarms or alarms "
            f"({self.alarms / years:.3g} a year)" + (f": {why}" if why else "")
        )


def count(sources: Sequence[Source], settings: Mapping[Family, Limits] | None) -> Counted:
    """Run the detector over every recording; under the sources' own settings when none are given."""
    found = Counted()
    for source in sources:
        layout = (
            source.layout
            if settings is None
            else with_settings(source.layout, {**source.layout.site.settings, **settings})
        )
        for change in changes([layout], source.moments()):
            if change.kind != "level" or change.level <= change.was:
                continue
            if change.was == Level.NORMAL:
                found.advisories += 1
                head = layout.heads[change.head].head
                what = f"{change.evidence[0].feature} of {head.family}"
                found.why[what] = found.why.get(what, 0) + 1
            found.alarms += change.was < Level.PRE_ALARM <= change.level
    return found


@dataclass(frozen=True, slots=True)
class Tuned:
    """What came of it: the proposal, sentences about the run over the recording, whether the budget was kept there."""

    proposal: Proposal
    life: Life
    verdict: tuple[str, ...]
    kept: bool


def tune(site: Site, sources: Sequence[Source], budget: Budget) -> Tuned:
    """Fit, then run the proposal over the recordings again. Raises SiteError, TableError (which also for heads that the site does not have)."""
    life = Life()
    for source in sources:
        _check_types(site, source)
        gather(source.layout, source.moments(), life)
    points: dict[Family, int] = {}
    if site.heads:
        for head in lay_out(site).heads:
            points[Family(head.head.family)] = points.get(Family(head.head.family), 0) + len(head.points)
    before = count(sources, None)
    proposal = propose(life, site.settings, points, budget, _kept(before, budget, life.hours))
    if not proposal.fitted:
        return Tuned(proposal, life, ("nothing was fitted",), kept=False)
    after = count(sources, proposal.settings)
    kept = _kept(after, budget, life.hours) == {"week", "year"}
    word = "the proposal keeps the budget over what was recorded" if kept else (
        "THE PROPOSAL DOES NOT KEEP THE BUDGET over what was recorded: other features than those fitted, or thresholds at their bounds, speak; "
        "see by what"
    )  # fmt: skip
    return Tuned(proposal, life, (before.line("now", life.hours), after.line("proposed", life.hours), word), kept)


def _check_types(site: Site, source: Source) -> None:
    """Settings of a type that the site has no head of would stand there for nothing. Raises TableError."""
    has = {str(head.family) for head in site.heads.values()}
    strange = sorted({str(head.family) for head in source.layout.site.heads.values()} - has)
    if site.heads and strange:
        raise TableError(
            f"{source.name}: its map has heads of type {', '.join(strange)}, of which the site has none; remedy: take those columns out of the "
            f"map, or name what they are here ({', '.join(sorted(has & {str(family) for family in DEFAULTS}))})"
        )


def _kept(found: Counted, budget: Budget, hours: float) -> set[str]:
    """Which budgets hold with these counts: of advisories a week, of pre-alarms and alarms a year."""
    held = {
        "week": _within(found.advisories, budget.advisories_per_week * hours / _WEEK_H),
        "year": _within(found.alarms, budget.alarms_per_year * hours / _YEAR_H),
    }
    return {per for per, is_held in held.items() if is_held}


def _within(found: int, expected: float) -> bool:
    """Whether a count is what a budget lets one expect in this time: at most the next whole number of events."""
    return found <= max(0.0, -(-expected // 1)) if expected >= 1 else found == 0


def write(folder: Path, site: Path, tuned: Tuned, budget: Budget) -> tuple[Path, Path]:
    """Write settings and report into `folder`, new or the last proposal's. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    settings, report = folder / "proposal.toml", folder / "report.html"
    head = [
        f"# A proposal for {site.name}, fitted to {tuned.life.hours:.1f} h of its recorded normal life. Nothing has been applied.",
        f"# Budget: {budget.advisories_per_week:g} advisories a week, {budget.alarms_per_year:g} pre-alarms and alarms a year.",
        *(f"# {line}" for line in tuned.verdict),
        *(f"# {one.loud}" for one in tuned.proposal.fitted if one.loud),
        *(f"# {text}" for text in tuned.proposal.loud),
        *(f"# {text}" for text in tuned.proposal.refused),
        "",
    ]
    settings.write_text(
        "\n".join([*head, *settings_lines(tuned.proposal.settings, tuned.proposal.fitted)]) + "\n", encoding="utf-8"
    )
    title = f"Settings of {site.name}, fitted to its normal life"
    report.write_text(page(title, tuned.proposal, tuned.life, budget, tuned.verdict), encoding="utf-8")
    return settings, report


def told(tuned: Tuned) -> Iterator[str]:
    """The result for a person."""
    yield f"{tuned.life.hours:.1f} h of normal life"
    for one in tuned.proposal.fitted:
        if one.proposed != one.now or one.loud:
            yield f"{one.family} {one.setting}: {one.now:g} -> {one.proposed:g} (the budget needs {one.needed:.4g})"
    yield from (one.loud for one in tuned.proposal.fitted if one.loud)
    yield from tuned.proposal.loud
    yield from tuned.proposal.refused
    yield from tuned.verdict
