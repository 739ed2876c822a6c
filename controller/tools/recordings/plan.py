"""A map held against a recording: its columns found, its heads laid out as a site, or every problem at once."""

import difflib
import math
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from controller.core.detect.tiles import MAX_GROUP, MIN_GROUP
from controller.core.layout import Layout, lay_out
from controller.site.model import Block, Device, Family, Head, Limits, Recording, Site, SiteInfo, Zone
from controller.site.problem import Problem, SiteError
from controller.tools.limits import limit_problems
from controller.tools.recordings.mapping import NUMERIC_S, Column, Map
from controller.tools.recordings.units import UNITS, Conversion
from drivers.points import Table as Registers
from drivers.tables.cells import BLANK, NUMBER
from drivers.tables.moments import ORDERS, moments
from drivers.tables.reader import Rows, Table

_FIRST_ROWS = 2000
POSSIBLE_S = 253402300799.0
"""The end of the year 9999, since 1970: a time beyond it is none."""
_AGES = 10.0
_LEAST_AGE_S, _MOST_AGE_S = 30.0, 1e9


@dataclass(frozen=True, slots=True)
class Measured:
    """One column of numbers on its way into the image: place among the columns read, how its number becomes the value, its first point.

    With a split there is one point for each value of the split, `stride` apart.
    """

    slot: int
    label: str
    factor: float
    offset: float
    invalid: tuple[float, ...]
    conversion: Conversion


@dataclass(frozen=True, slots=True)
class Plan:
    """What is read of a recording and what becomes of it.

    `columns` are the places of the columns read: those of the time first (`n_time`), then the split's if there is one, then the measured
    ones. `points` gives for each measured column its points in the image, one for each of the `split` values (one if there is no split).
    `labels` are the points' names for people.
    """

    table: Table
    said: Map
    columns: tuple[int, ...]
    n_time: int
    has_split: bool
    split: tuple[str, ...]
    measured: tuple[Measured, ...]
    points: tuple[tuple[int, ...], ...]
    labels: tuple[str, ...]
    layout: Layout
    step_s: float
    descends: bool


def make_plan(table: Table, said: Map) -> Plan:
    """Hold a map against a table. Raises SiteError with every problem, TableError."""
    problems: list[Problem] = []
    table = _as_said(table, said)
    names = table.look.names
    wanted = (said.time.column,) if isinstance(said.time.column, str) else said.time.column
    time = [_find(names, name, "time.column", problems) for name in wanted if name]
    split = [_find(names, said.table.split, "table.split", problems)] if said.table.split else []
    found = dict(_columns(names, said.columns, {*time, *split}, problems))
    if problems:
        raise SiteError(tuple(problems))
    first = _First(table, said, tuple(time), tuple(split), tuple(found))
    problems += first.problems
    if problems:
        raise SiteError(tuple(problems))
    heads = tuple(_heads(names, found, first.split, problems))
    site = _site(table.path, said, heads, first)
    problems += limit_problems(site)
    if problems:
        raise SiteError(tuple(problems))
    layout = lay_out(site)
    return _plan(table, said, (*time, *split), first, found, heads, layout)


def strange_columns(table: Table, plan_map: Path) -> list[Problem]:
    """Columns of a map that is wrong in itself and that the recording does not have, so that all problems are told at once.

    A map that overrules how the table is read is believed only when the rest of it is right.
    """
    try:
        raw = tomllib.loads(plan_map.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError:
        return []
    columns, problems = raw.get("columns"), list[Problem]()
    if isinstance(columns, dict) and "table" not in raw:
        for name in columns:
            if "*" not in name:
                _find(table.look.names, name, f"columns.{name}", problems)
    return problems


def _as_said(table: Table, said: Map) -> Table:
    form = said.table
    if form.delimiter or form.decimal:
        table = table.looked_at(form.delimiter or table.look.delimiter, form.decimal or table.look.decimal)
    if form.first_line:
        table = table.with_look(first_line=form.first_line - 1)
    return table


def _find(names: Sequence[str], name: str, path: str, problems: list[Problem]) -> int:
    """Place of a column by its name, or by its number, `#3`."""
    wanted = " ".join(name.split())
    if wanted in names:
        return names.index(wanted)
    folded = [known.casefold() for known in names]
    if folded.count(wanted.casefold()) == 1:
        return folded.index(wanted.casefold())
    if re.fullmatch(r"#?\d+", wanted) and 1 <= int(wanted.lstrip("#")) <= len(names):
        return int(wanted.lstrip("#")) - 1
    close = difflib.get_close_matches(wanted, names, 1)
    remedy = (
        f"write {close[0]!r} if you mean that"
        if close
        else f"use one of {_some(names)}, or a number, #1 to #{len(names)}"
    )
    problems.append(Problem(path, f"the recording has no column {name!r}", remedy))
    return 0


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")  # noqa: PLR2004


def _columns(
    names: Sequence[str], columns: Mapping[str, Column], other: set[int], problems: list[Problem]
) -> Iterator[tuple[int, Column]]:
    """Places and meanings of the measured columns; a name with `*` stands for all that fit."""
    seen: dict[int, str] = {}
    for name, column in columns.items():
        path = f"columns.{name}"
        if "*" in name and name not in names:
            pattern = re.compile(".*".join(re.escape(part) for part in name.split("*")), re.IGNORECASE)
            places = [place for place, known in enumerate(names) if pattern.fullmatch(known) and place not in other]
            if not places:
                problems.append(Problem(path, "no column fits", f"the columns are {_some(names)}"))
        else:
            before = len(problems)
            places = [_find(names, name, path, problems)]
            places = places if len(problems) == before else []
        for place in places:
            if place in other:
                what = "this column is the time, or says which sensor a row is from"
                problems.append(Problem(path, what, "take it out of [columns]"))
            elif place in seen:
                what = f"column {names[place]!r} is already {seen[place]!r}"
                problems.append(Problem(path, what, "say once what a column is"))
            else:
                seen[place] = name
                yield place, column


class _First:
    """What the first rows tell: how long a row takes, which values the split has, whether time falls from row to row."""

    def __init__(
        self, table: Table, said: Map, time: tuple[int, ...], split: tuple[int, ...], measured: tuple[int, ...]
    ) -> None:
        self.problems: list[Problem] = []
        self.split: tuple[str, ...] = ("",)
        self.step_s = said.time.step_s or 1.0
        self.descends = False
        self._interval_s: dict[int, float] = {}
        columns = (*time, *split, *measured)
        rows = next(table.read(columns), None)
        if rows is None:
            self.problems.append(Problem("table.first_line", "no row follows", "correct it, or leave it out"))
            return
        self._look_at_time(rows, said, table, time, measured)
        if split:
            texts = dict.fromkeys(rows.cell(row, len(time)) for row in range(len(rows.lines)))
            self.split = tuple(text for text in texts if text)
            if not 1 <= len(self.split) <= _MOST_SPLIT:
                what = f"{len(self.split)} values in the first {len(rows.lines)} rows"
                self.problems.append(Problem("table.split", what, f"name a column of 1 to {_MOST_SPLIT} sensors"))

    def _look_at_time(
        self, rows: Rows, said: Map, table: Table, time: tuple[int, ...], measured: tuple[int, ...]
    ) -> None:
        counted = np.arange(len(rows.lines), dtype=np.float64) * self.step_s
        seconds = seconds_of(rows, said, len(time)) if time else counted
        good = np.flatnonzero(np.isfinite(seconds))[:_FIRST_ROWS]
        if good.size == 0:
            cell = rows.cell(0, 0)
            what = f"no time can be read as {said.time.unit!r} ({table.path}:{rows.lines[0]} has {cell!r})"
            self.problems.append(Problem("time.unit", what, f"use one of {', '.join((*NUMERIC_S, *ORDERS))}"))
            return
        steps = np.diff(seconds[good])
        if steps.size:
            self.descends = bool(np.mean(steps < 0) > 0.3)  # noqa: PLR2004 (neither cycles nor late rows are so many)
            moved = np.abs(steps[steps != 0])
            self.step_s = float(np.median(moved)) if moved.size else self.step_s
        for slot, column in enumerate(measured, len(rows.states[0]) - len(measured)):
            there = good[rows.states[good, slot] != BLANK]
            steps = np.abs(np.diff(seconds[there]))
            steps = steps[steps > 0]
            self._interval_s[column] = float(np.median(steps)) if steps.size else self.step_s

    def max_age_s(self, columns: Sequence[int]) -> float:
        """How old a value of these columns may be: several of its usual intervals."""
        usual_s = max((self._interval_s.get(column, self.step_s) for column in columns), default=self.step_s)
        return min(max(_LEAST_AGE_S, _AGES * usual_s * len(self.split)), _MOST_AGE_S)


_MOST_SPLIT = 1000


@dataclass(frozen=True, slots=True)
class _Head:
    name: str
    column: Column
    places: tuple[int, ...]
    split: int


def _heads(
    names: Sequence[str], found: Mapping[int, Column], split: Sequence[str], problems: list[Problem]
) -> Iterator[_Head]:
    """The heads of the columns, one a column or one a group, for each value of the split."""
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, column in found.items():
        alone = "" if column.group else names[place]
        groups[column.family, column.zone, column.rack, column.device, column.group, alone].append(place)
    taken: dict[str, int] = {}
    for key, places in groups.items():
        column = found[places[0]]
        if column.group and not MIN_GROUP <= len(places) <= MAX_GROUP:
            path = f"columns.{names[places[0]]}.group"
            what = f"group {column.group!r} has {len(places)} columns"
            problems.append(Problem(path, what, f"give it {MIN_GROUP} to {MAX_GROUP}, or leave the group out"))
        name = column.name or (
            " ".join(filter(None, (column.family, column.rack, column.group))) if column.group else key[-1]
        )
        for index, value in enumerate(split):
            full = f"{name} @{value}" if value else name
            taken[full] = taken.get(full, 0) + 1
            yield _Head(full if taken[full] == 1 else f"{full} ({taken[full]})", column, tuple(places), index)


def _site(path: Path, said: Map, heads: Sequence[_Head], first: _First) -> Site:
    zones: dict[str, list[str]] = {}
    for head in heads:
        racks = zones.setdefault(head.column.zone, [])
        if head.column.rack and head.column.rack not in racks:
            racks.append(head.column.rack)
    blocks, made, devices = {}, {}, {}
    for n, head in enumerate(heads):
        device = head.column.device or head.name
        devices[device] = Device(link="recording")
        said_s = head.column.max_age_s or said.time.max_age_s
        age_s = min(said_s, _MOST_AGE_S) if said_s else first.max_age_s(head.places)
        blocks[f"b{n}"] = Block(
            device=device, table=Registers.INPUT, address=0, count=len(head.places), max_age_s=age_s
        )
        made[head.name] = Head(
            family=head.column.family, zone=head.column.zone, points=(f"b{n}",), rack=head.column.rack,
            group=len(head.places) if head.column.group else 0, reference=head.column.reference,
            limits=head.column.limits,
        )  # fmt: skip
    return Site(
        site=SiteInfo(name=path.name), links={"recording": Recording(file=str(path), mapping="")}, devices=devices,
        blocks=blocks, zones={name: Zone(title=name, racks=tuple(racks)) for name, racks in zones.items()}, heads=made,
        outputs={}, matrix={}, settings=said.settings,
    )  # fmt: skip


def _plan(
    table: Table, said: Map, before: tuple[int, ...], first: _First, found: Mapping[int, Column],
    heads: Sequence[_Head], layout: Layout,
) -> Plan:  # fmt: skip
    point_of: dict[tuple[int, int], int] = {}
    labels = [""] * layout.n_points
    for head, laid in zip(heads, layout.heads, strict=True):
        for place, point in zip(head.places, laid.points, strict=True):
            point_of[place, head.split] = int(point)
            value = first.split[head.split]
            labels[int(point)] = table.look.names[place] + (f" @{value}" if value else "")
    n_time = len(before) - (1 if said.table.split else 0)
    measured = tuple(
        Measured(
            slot, table.look.names[place], column.factor, column.offset, column.invalid, _conversion(column)
        )
        for slot, (place, column) in enumerate(found.items(), len(before))
    )  # fmt: skip
    points = tuple(tuple(point_of[place, index] for index in range(len(first.split))) for place in found)
    return Plan(
        table, said, (*before, *found), n_time, bool(said.table.split), first.split, measured, points, tuple(labels),
        layout, first.step_s, first.descends,
    )  # fmt: skip


def _conversion(column: Column) -> Conversion:
    units = UNITS[Family(column.family)]
    return units[column.unit.lower()] if column.unit else next(iter(units.values()))


def seconds_of(rows: Rows, said: Map, n_time: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """The times of rows in seconds (n,), NaN where none can be read or none can be; their origin is the recording's own, 1970 for dates."""
    unit = said.time.unit
    if unit in NUMERIC_S:
        with np.errstate(over="ignore"):
            seconds = np.where(rows.states[:, 0] == NUMBER, rows.values[:, 0], math.nan) * NUMERIC_S[unit]
        seconds = seconds - 25569 * 86400.0 if unit == "excel" else seconds
        return np.where(np.abs(seconds) <= POSSIBLE_S, seconds, math.nan)
    seconds = np.empty(len(rows.lines))
    moments(rows.text, rows.starts[:, 0], rows.stops[:, 0], ORDERS[unit], seconds)
    if n_time > 1:
        clock = np.empty(len(rows.lines))
        moments(rows.text, rows.starts[:, 1], rows.stops[:, 1], ORDERS["h:m:s"], clock)
        seconds += clock
    return seconds


def with_settings(layout: Layout, settings: Mapping[Family, Limits]) -> Layout:
    """The same site under other settings. Raises SiteError with every problem."""
    site = msgspec.structs.replace(layout.site, settings=dict(settings))
    if problems := tuple(limit_problems(site)):
        raise SiteError(problems)
    return lay_out(site)
