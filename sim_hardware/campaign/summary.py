"""What the runs of a campaign come to, case by case: shares of criteria met, and the distribution of every figure."""

import math
from collections.abc import Mapping, Sequence
from itertools import groupby

import msgspec

from sim_hardware.campaign.model import Case, Failed, Order, Outcome, Standard
from sim_hardware.campaign.statistics import Interval, median_interval, quantile, wilson_interval


class Share(msgspec.Struct, frozen=True):
    """One line of acceptance over all runs of a case: how many of them met it, and the seeds of those that did not."""

    standard: Standard
    runs: int
    missed_seeds: tuple[int, ...]

    @property
    def met(self) -> int:
        """Runs that met it."""
        return self.runs - len(self.missed_seeds)

    @property
    def interval(self) -> Interval:
        """Wilson's 95 % interval of the share."""
        return wilson_interval(self.met, self.runs)


class Distribution(msgspec.Struct, frozen=True):
    """One figure over all runs of a case. `values` are in rising order, infinite ones at the end; in `never` runs it did not come about."""

    metric: str
    values: tuple[float, ...]
    never: int

    @property
    def finite(self) -> tuple[float, ...]:
        """Values that can be drawn."""
        return tuple(value for value in self.values if math.isfinite(value))

    @property
    def varies(self) -> bool:
        """Whether there is anything to draw."""
        return len(set(self.finite)) > 1

    def quantile(self, share: float) -> float | None:
        """A quantile of the runs in which it came about; None without any."""
        return quantile(self.values, share) if self.values else None

    @property
    def median_interval(self) -> Interval | None:
        """The 95 % interval of the median; None for fewer than 6 values."""
        return median_interval(self.values)


class CaseSummary(msgspec.Struct, frozen=True):
    """One case: its runs that came to an end, in the order of seeds, and those that failed."""

    case: Case
    runs: tuple[Outcome, ...]
    failed: tuple[Failed, ...]
    shares: tuple[Share, ...]
    distributions: tuple[Distribution, ...]

    @property
    def missed_seeds(self) -> tuple[int, ...]:
        """Runs that missed any criterion."""
        return tuple(run.seed for run in self.runs if run.missed)

    @property
    def passed(self) -> bool:
        """Whether every run came to its end and met every criterion."""
        return not self.failed and not self.missed_seeds


def summarise(
    cases: Sequence[Case], seeds: Sequence[int], done: Mapping[Order, Outcome], failed: Mapping[Order, Failed]
) -> tuple[CaseSummary, ...]:
    """The summary of each case over `seeds`, whatever the order in which its runs were carried out."""
    return tuple(_summarise(case, sorted(seeds), done, failed) for case in cases)


def by_scenario(summaries: Sequence[CaseSummary]) -> list[tuple[CaseSummary, ...]]:
    """The cases of each scenario together: one, or its table of runs."""
    return [tuple(group) for _, group in groupby(summaries, key=lambda summary: summary.case.scenario.name)]


def _summarise(
    case: Case, seeds: Sequence[int], done: Mapping[Order, Outcome], failed: Mapping[Order, Failed]
) -> CaseSummary:
    orders = [Order(case.name, seed) for seed in seeds]
    runs = tuple(done[order] for order in orders if order in done)
    shares = tuple(
        Share(standard, len(runs), tuple(run.seed for run in runs if place in run.missed))
        for place, standard in enumerate(case.standards)
    )
    judged = [standard.metric for standard in case.standards]
    names = dict.fromkeys([*judged, *(name for run in runs for name in run.figures)])
    distributions = tuple(_distribution(name, runs) for name in names if name)
    return CaseSummary(case, runs, tuple(failed[order] for order in orders if order in failed), shares, distributions)


def _distribution(metric: str, runs: Sequence[Outcome]) -> Distribution:
    found = [math.inf if metric in run.infinite else run.figures.get(metric) for run in runs]
    values = tuple(sorted(value for value in found if value is not None))
    return Distribution(metric, values, len(found) - len(values))
