"""The result of a drill as structs: what report.json holds and what HTML, SVG and the table are drawn from."""

import msgspec

from controller.core.events import Event


class Check(msgspec.Struct, frozen=True):
    """One line of acceptance: the figure, its limit as text, and whether it passed. `value` None: it never came about (`shown` says it)."""

    metric: str
    title: str
    title_ko: str
    value: float | None
    shown: str
    limit: str
    passed: bool


class Sign(msgspec.Struct, frozen=True):
    """The first sign: when, what said it, and its evidence in words."""

    at_s: float
    head: str
    level: str
    evidence: str


class Bar(msgspec.Struct, frozen=True):
    """Something that lasted, in seconds of plant time. `tone` picks the colour."""

    start_s: float
    end_s: float
    text: str
    tone: str


class Mark(msgspec.Struct, frozen=True):
    """Something that happened, in seconds of plant time."""

    at_s: float
    text: str
    tone: str


class Lane(msgspec.Struct, frozen=True):
    """One lane of the timeline."""

    name: str
    title: str
    title_ko: str
    bars: tuple[Bar, ...] = ()
    marks: tuple[Mark, ...] = ()


class Series(msgspec.Struct, frozen=True):
    """One curve over the `time_s` of its chart."""

    name: str
    values: tuple[float, ...]


class Curves(msgspec.Struct, frozen=True):
    """Curves over plant time, thinned for drawing: temperatures, gas, smoke, agent and water of the zone."""

    time_s: tuple[float, ...]
    temperature_degc: tuple[Series, ...]
    h2_ppm: tuple[Series, ...]
    smoke_pct_per_m: tuple[Series, ...]
    agent_pct: tuple[Series, ...]
    coolant_lpm: tuple[Series, ...]
    cells: tuple[Series, ...]


class Reference(msgspec.Struct, frozen=True):
    """A time of this run beside that of a real fire test; it agrees within a factor of two."""

    title: str
    title_ko: str
    here_s: float | None
    there_s: float
    agrees: bool


class RowResult(msgspec.Struct, frozen=True):
    """One row of a table of runs: the highest stage it reached, and may reach."""

    name: str
    reached: str
    allowed: str
    passed: bool
    first: str
    """What reached it first, or nothing."""


class ComparisonResult(msgspec.Struct, frozen=True):
    """The same drill with fewer responses."""

    name: str
    title: str
    title_ko: str
    duration_s: float
    wall_s: float
    figures: dict[str, float | None]
    curves: Curves


class DrillResult(msgspec.Struct, frozen=True):
    """A whole drill. `speed` 0: virtual time, with the `journal`'s hash. `duration_s` is plant time, `wall_s` what one waited."""

    scenario: str
    title: str
    title_ko: str
    site: str
    zone: str
    seed: int
    speed: float
    duration_s: float
    wall_s: float
    passed: bool
    checks: tuple[Check, ...]
    figures: dict[str, float | None]
    sign: Sign | None
    timeline: tuple[Lane, ...]
    curves: Curves
    references: tuple[Reference, ...]
    comparisons: tuple[ComparisonResult, ...] = ()
    rows: tuple[RowResult, ...] = ()
    events: tuple[Event, ...] = ()
    journal: str = ""
