"""A recording, a map and settings put together: what `haechi replay` and `haechi tune` run over a table."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.core.layout import Layout
from controller.site.model import Family, Limits
from controller.site.problem import Problem, SiteError
from controller.tools.recordings.mapping import NUMERIC_S, read_map, read_settings
from controller.tools.recordings.plan import Plan, make_plan, strange_columns, with_settings
from controller.tools.recordings.standing import Beyond, span
from controller.tools.recordings.stream import Moment, Stream
from controller.tools.recordings.told import Clock, Sums, Teller
from controller.tools.recordings.whatif import Change, changes
from drivers.tables.reader import Progress, Table, TableError

__all__ = ["OWN", "Progress", "Run", "Table", "TableError", "open_run", "run_of", "settings_of"]

OWN = "map"
"""Name of the settings that the map itself holds, the defaults among them."""


@dataclass(slots=True)
class Run:
    """A recording that is on its way through one detector, or through two under different settings."""

    teller: Teller
    stream: Stream
    sums: Sums
    layouts: tuple[Layout, ...]
    last_ms: dict[int, int]
    beyond: Beyond

    def changes(self) -> Iterator[Change]:
        """Every change in the order of time. Raises TableError."""
        yield from changes(self.layouts, self._counted())
        self.sums.close(self.last_ms)
        self.beyond.close()

    def _counted(self) -> Iterator[Moment]:
        for moment in self.stream.moments():
            self.last_ms[moment.run] = moment.image.tick_ms
            self.beyond.take(moment.image, begins=moment.begins)
            yield moment

    @property
    def length_s(self) -> float:
        """How long the recording is that was gone through, all runs together."""
        return sum(self.last_ms.values()) / 1000

    def size(self) -> str:
        """Rows and length, for people."""
        return f"{self.stream.noticed.rows} rows, {span(self.length_s)}"

    def weaknesses(self) -> Iterator[str]:
        """What of the recording was not as it should be, and the line where it was first."""
        if self.stream.doubt:
            yield self.stream.doubt
        yield from self.stream.noticed.sentences()
        yield from self.stream.times.sentences(self.length_s)
        if not self.stream.noticed.numbers:
            yield "no mapped column has a single number: is the map that of this recording?"


def open_run(file: Path, plan_map: Path, settings: Path | None, progress: Progress | None = None) -> Run:
    """Hold a map against a recording. Raises SiteError with every problem, TableError, OSError, UnicodeDecodeError."""
    table = Table(file)
    try:
        said = read_map(plan_map)
    except SiteError as error:
        raise SiteError((*error.problems, *strange_columns(table, plan_map))) from error
    plan = make_plan(table, said)
    layouts = [plan.layout]
    names = [OWN]
    if settings is not None:
        layouts.append(with_settings(plan.layout, {**plan.said.settings, **settings_of(settings)}))
        names.append(settings.name)
    return run_of(plan, layouts, names, progress)


def run_of(plan: Plan, layouts: Sequence[Layout], names: Sequence[str], progress: Progress | None = None) -> Run:
    """The run of a plan under the settings of `layouts`."""
    unit = plan.said.time.unit
    clock = Clock(NUMERIC_S.get(unit, 1.0), unit in ("ymd", "dmy", "mdy", "excel"))
    teller = Teller(plan.layout, clock, plan.labels, names)
    return Run(teller, Stream(plan, progress), Sums(), tuple(layouts), {}, Beyond(layouts[0]))


def settings_of(path: Path) -> Mapping[Family, Limits]:
    """The tables `[settings.TYPE]` of a file, be it a site file, a map or nothing else. Raises SiteError, OSError, UnicodeDecodeError."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SiteError((Problem("(settings)", f"not TOML: {error}", "correct the line that is named"),)) from error
    tables = raw.get("settings")
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()) or not tables:
        raise SiteError((Problem("settings", f"{path} has none", "write [settings.heat] and what it shall say"),))
    problems: list[Problem] = []
    found = read_settings(tables, problems)
    if problems:
        raise SiteError(tuple(problems))
    return found
