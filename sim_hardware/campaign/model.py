"""A campaign's cases, and what its runs came to: structs that go to workers and into the file of results."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from controller.site.model import Site
from sim_hardware.faults.targets import is_on_wires, refuse_on_wires
from sim_hardware.report.judge import limit, with_standing, without_comparisons
from sim_hardware.report.record import Record
from sim_hardware.scenarios.model import Row, Scenario


class Order(NamedTuple):
    """One run: which case, and the seed of its cells and noise."""

    case: str
    seed: int


class Standard(NamedTuple):
    """One line of acceptance of a case. `metric` is empty for a row of a table, which is judged by the stage it reaches."""

    title: str
    title_ko: str
    metric: str
    limit: str


class Case(msgspec.Struct, frozen=True):
    """A scenario on its site, or one `row` of its table of runs; its name is the scenario's, or SCENARIO/ROW.

    `words` say the scenario as it was asked for, by name or path.
    """

    name: str
    words: str
    scenario: Scenario
    site: Site
    row: Row | None = None
    step_s: float | None = None
    """Coarse steps of quiet life (`sim_hardware.coarse`); None: full detail."""

    @property
    def standards(self) -> tuple[Standard, ...]:
        """What a run is judged by, in the order of `Outcome.missed`."""
        if self.row:
            told = f", and told: {self.row.tells}" if self.row.tells else ""
            return (Standard(self.row.name, "", "", f"{self.row.reaches} to {self.row.highest}{told}"),)
        return tuple(Standard(c.title, c.title_ko, c.metric, limit(c)) for c in self.scenario.criteria)


class Outcome(msgspec.Struct, frozen=True, tag="run", tag_field="kind"):
    """A run that came to its end. `journal` is its journal's hash: equal runs have equal ones, wherever they ran.

    `figures` are those of `sim_hardware.report.figures`, those without end in `infinite`; `missed` are places in `Case.standards`. What it
    took: `wall_s`, processor seconds `cpu_s`, and the peak memory of its process so far.
    """

    case: str
    seed: int
    journal: str
    missed: tuple[int, ...]
    figures: dict[str, float | None]
    infinite: tuple[str, ...]
    plant_s: float
    wall_s: float
    cpu_s: float
    peak_mib: float
    code: str

    @property
    def order(self) -> Order:
        """The run that it is the end of."""
        return Order(self.case, self.seed)


class Failed(msgspec.Struct, frozen=True, tag="failed", tag_field="kind"):
    """A run that has no end: it raised an error, or its worker died at every try."""

    case: str
    seed: int
    reason: str
    tries: int = 1

    @property
    def order(self) -> Order:
        """The run that failed."""
        return Order(self.case, self.seed)


def cases_of(words: str, scenario: Scenario, site: Site, step_s: float | None = None) -> tuple[Case, ...]:
    """The cases of a scenario: itself, or one a row. Raises FaultError for faults of wires, which virtual time does not have.

    Comparisons (runs with fewer responses) are no part of a campaign, nor are criteria about them.
    """
    faults = (*scenario.faults, *(fault for row in scenario.rows for fault in row.faults))
    refuse_on_wires([fault for fault in faults if is_on_wires(fault)])
    bare = replace(without_comparisons(scenario, {one.name for one in scenario.comparisons}), comparisons=(), rows=())
    bare = replace(bare, criteria=with_standing(bare, site, Record(site, bare, 0, 0.0, (), ()).zone))
    if not scenario.rows:
        return (Case(scenario.name, words, bare, site, step_s=step_s),)
    return tuple(Case(f"{scenario.name}/{row.name}", words, bare, site, row, step_s) for row in scenario.rows)


def encode_cases(cases: Sequence[Case]) -> bytes:
    """Cases for a worker (MessagePack knows infinity)."""
    return msgspec.msgpack.encode(cases)


def decode_cases(encoded: bytes) -> dict[str, Case]:
    """Cases by name, as a worker needs them."""
    return {case.name: case for case in msgspec.msgpack.decode(encoded, type=tuple[Case, ...])}
