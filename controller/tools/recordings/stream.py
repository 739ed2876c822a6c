"""From rows to images: values as heads have them, ages, gaps, runs; block by block, whole arrays at a time.

An empty cell brings nothing new: its point keeps the last value until that is too old, as a sensor that does not answer does. A cell with
anything that is no number is a value that is not there: BAD at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from controller.core.image import Image
from controller.tools.recordings.plan import Plan, seconds_of
from controller.tools.recordings.points import Points
from controller.tools.recordings.standing import Times
from drivers.tables import course
from drivers.tables.cells import BLANK, NUMBER, TEXT
from drivers.tables.reader import Progress, Rows, TableError

_LATE_STEPS, _LATE_LEAST_S = 10.0, 2.0
_MODES = {"auto": course.AUTO, "sort": course.AUTO, "restart": course.RESTART, "skip": course.SKIP}
_MOST_SORTED_CELLS = 1 << 25
"""Numbers that are put in order in memory: a quarter of a gigabyte."""
_BLOCK_CELLS = 1 << 20
"""Numbers of all points that are worked on at once."""
_DAY_S, _HALF_DAY_S = 86400.0, 43200.0
_FAR_S = 1e12
"""Thirty thousand years: beyond it a time is taken to be this far."""
_LEAP_S, _LEAP_STEPS = 86400.0, 1e4
"""One row this far, in seconds and in steps, from the rows before and behind it, which are near each other, has a time that cannot be."""
_NEAR = 0.01
"""How near they are, as a share of that."""


@dataclass(slots=True)
class Noticed:
    """What was not as it should be: how often, and the first line of each."""

    count: dict[str, int] = field(default_factory=dict)
    first_line: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    numbers: int = 0

    def tell(self, what: str, lines: npt.NDArray[np.int64]) -> None:
        """`what` was seen on these lines."""
        if lines.size:
            self.count[what] = self.count.get(what, 0) + int(lines.size)
            self.first_line.setdefault(what, int(lines[0]))

    def sentences(self) -> Iterator[str]:
        """One sentence a kind."""
        for what, count in self.count.items():
            yield f"line {self.first_line[what]}: {what}" + (f" ({count} times in all)" if count > 1 else "")


@dataclass(frozen=True, slots=True)
class Moment:
    """One image and where it is from: line of the file, recorded seconds, number of the run (from 1), whether it begins one."""

    image: Image
    line: int
    said_s: float
    run: int
    begins: bool


@dataclass(slots=True)
class _Block:
    """Rows as points: `said_s`, `course_s` (n,), `lines`, `run` (n,), `values` (n, points), `what` uint8 (n, points): see `cells`."""

    said_s: npt.NDArray[np.float64]
    course_s: npt.NDArray[np.float64]
    run: npt.NDArray[np.int32]
    lines: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    what: npt.NDArray[np.uint8]

    def take(self, rows: object) -> "_Block":
        return _Block(*(getattr(self, name)[rows] for name in self.__slots__))


def join(blocks: list[_Block]) -> _Block:
    """One block of several."""
    return _Block(*(np.concatenate([getattr(block, name) for block in blocks]) for name in _Block.__slots__))


class Stream:
    """The images of a recording, in order. `noticed` fills while they are taken."""

    def __init__(self, plan: Plan, progress: Progress | None = None) -> None:
        self.noticed = Noticed()
        self.times = Times()
        self.doubt = plan.table.doubt
        self._plan = plan
        self._progress = progress
        self._split = {value: index for index, value in enumerate(plan.split)}
        self._late_s = max(_LATE_STEPS * plan.step_s, _LATE_LEAST_S)
        self._state = np.array([np.nan, np.nan, 0.0, 0.0])
        self._rows = 0
        self._clock_s = np.array([np.nan, 0.0])
        self._before_s = np.nan
        self._scan = 0
        self._points = Points(plan.layout)

    def moments(self) -> Iterator[Moment]:
        """Every image. Raises TableError."""
        kept: _Block | None = None
        for block in self._in_order():
            self._follow(block)
            good = block.run >= 0
            block = block if good.all() else block.take(good)  # noqa: PLW2901 (the same rows without those of no use)
            if kept is not None:
                block = join([kept, block])  # noqa: PLW2901
            if not len(block.lines):
                kept = block
                continue
            split = np.flatnonzero(np.diff(block.run)) + 1
            parts = [block.take(slice(a, b)) for a, b in zip([0, *split], [*split, len(block.lines)], strict=True)]
            for part in parts[:-1]:
                yield from self._images(part, len(part.lines))
            last = parts[-1]
            scans = self._scans(last)
            whole = int(np.searchsorted(scans, scans[-1]))  # the last scan may go on in the next block
            yield from self._images(last, whole)
            kept = last.take(slice(whole, None))
        if kept is not None and len(kept.lines):
            yield from self._images(kept, len(kept.lines))

    def _in_order(self) -> Iterator[_Block]:
        most = max(64, _BLOCK_CELLS // self._plan.layout.n_points)
        table = self._plan.table.read(self._plan.columns, self._progress)
        blocks = (self._block(part) for rows in table for part in rows.parts(most))
        if self._plan.said.time.order != "sort" and not (self._plan.descends and self._plan.said.time.order == "auto"):
            yield from blocks
            return
        everything, cells = [], 0
        for block in blocks:
            everything.append(block)
            cells += block.values.size
            if cells > _MOST_SORTED_CELLS:
                place = f"{self._plan.table.path}:{block.lines[-1]}"
                raise TableError(
                    f"{place}: too long to be put in order in memory; remedy: sort the file by its time first"
                )
        if everything:
            whole = join(everything)
            order = np.argsort(whole.said_s, kind="stable")
            self.noticed.tell("rows were not in order of time and have been sorted", whole.lines[:1])
            for first in range(0, len(order), most):
                yield whole.take(order[first : first + most])

    def _block(self, rows: Rows) -> _Block:
        plan = self._plan
        n = len(rows.lines)
        self.noticed.rows += n
        if plan.n_time:
            said_s = self._possible(self._unwrapped(seconds_of(rows, plan.said, plan.n_time)))
        else:
            said_s = (self._rows + np.arange(n, dtype=np.float64)) * plan.said.time.step_s
        self._rows += n
        self.times.take(said_s)
        values = np.full((n, plan.layout.n_points), np.nan)
        what = np.full((n, plan.layout.n_points), BLANK, np.uint8)
        which = self._which(rows) if plan.has_split else np.zeros(n, np.intp)
        known = np.flatnonzero(which >= 0)
        for column, points in zip(plan.measured, plan.points, strict=True):
            numbers = rows.values[:, column.slot]
            states = np.where(rows.states[:, column.slot] == BLANK, BLANK, np.where(np.isfinite(numbers), NUMBER, TEXT))
            for none in column.invalid:
                states[numbers == none] = TEXT
            with np.errstate(over="ignore", invalid="ignore"):
                numbers = column.conversion(numbers * column.factor + column.offset)
            states[(states == NUMBER) & ~np.isfinite(numbers)] = TEXT
            at = np.asarray(points)[which[known]]
            values[known, at] = np.where(states == NUMBER, numbers, np.nan)[known]
            what[known, at] = states[known]
            self.noticed.numbers += int((states == NUMBER).sum())
            if (texts := states == TEXT).any():
                self.noticed.tell(f"column {column.label!r} has what is no number", rows.lines[texts])
        return _Block(said_s, said_s.copy(), np.zeros(n, np.int32), rows.lines, values, what)

    def _which(self, rows: Rows) -> npt.NDArray[np.intp]:
        """Which sensor a row is from; -1 for one that the first rows did not have."""
        slot = self._plan.n_time
        which = np.array([self._split.get(rows.cell(row, slot), -1) for row in range(len(rows.lines))], np.intp)
        self.noticed.tell(
            "a value of the split that the first rows did not have; its row is passed over", rows.lines[which < 0]
        )
        return which

    def _unwrapped(self, said_s: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Clock times without a date go on over midnight."""
        if self._plan.said.time.unit not in ("h:m:s", "h:m"):
            return said_s
        good = np.flatnonzero(np.isfinite(said_s))
        if good.size:
            steps = np.diff(said_s[good], prepend=self._clock_s[0])
            days = self._clock_s[1] + np.cumsum(steps < -_HALF_DAY_S)
            self._clock_s[:] = said_s[good[-1]], days[-1]
            said_s[good] += days * _DAY_S
        return said_s

    def _possible(self, said_s: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The times without those of single rows that leap away and back."""
        if self._plan.has_split or self._plan.said.time.order == "sort":
            return said_s
        known = np.flatnonzero(np.isfinite(said_s))
        if known.size == 0:
            return said_s
        times = np.concatenate([[self._before_s], said_s[known]])
        far_s = max(_LEAP_S, _LEAP_STEPS * self._plan.step_s)
        before, here, behind = times[:-2], times[1:-1], times[2:]
        leaps = (np.abs(here - before) > far_s) & (np.abs(here - behind) > far_s)
        leaps &= np.abs(behind - before) <= _NEAR * far_s
        said_s[known[:-1][leaps]] = np.nan
        self._before_s = times[-1]
        return said_s

    def _follow(self, block: _Block) -> None:
        kind = np.empty(len(block.lines), np.uint8)
        mode = _MODES[self._plan.said.time.order]
        course.follow(
            block.said_s, self._state, mode, self._late_s, self._plan.step_s, block.course_s, block.run, kind
        )  # fmt: skip
        tell = self.noticed.tell
        tell("no time can be read, or an impossible one, the row is passed over", block.lines[kind == course.UNREAD])
        tell("a row came late and counts as of the row before", block.lines[kind == course.LATE])
        tell("time falls, the row is passed over", block.lines[kind == course.SKIPPED])
        tell("time begins anew, a new run", block.lines[kind == course.NEW_RUN])
        tell("the clock was set back, the recording goes on", block.lines[kind == course.SET_BACK])
        block.run[(kind == course.UNREAD) | (kind == course.SKIPPED)] = -1

    def _scans(self, block: _Block) -> npt.NDArray[np.int64]:
        since_s = np.clip(block.course_s - self._points.origin_of(block.run[0], block.course_s[0]), 0.0, _FAR_S)
        return np.floor(since_s / self._plan.said.time.scan_s + 1e-6).astype(np.int64)

    def _images(self, block: _Block, n: int) -> Iterator[Moment]:
        """The images of the first `n` rows of a block of one run: one a scan, and one where a value comes of age in a gap."""
        if n == 0:
            return
        block = block.take(slice(0, n))
        begins = self._points.begin(int(block.run[0]), float(block.course_s[0]))
        scans = self._scans(block)
        since_s = np.clip(block.course_s - self._points.origin_s, 0.0, _FAR_S)
        ticks = np.round(since_s * 1000).astype(np.int64)
        ends = np.flatnonzero(np.diff(scans, append=scans[-1] + 1))
        for tick, row, arrays in self._points.advance(block.values, block.what, ticks, ends):
            self._scan += 1
            image = Image(self._scan, tick, *arrays)
            yield Moment(image, int(block.lines[row]), float(block.said_s[row]), int(block.run[row]) + 1, begins)
            begins = False
