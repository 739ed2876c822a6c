"""The matrix as a sheet in the shape that fire engineers use: a line a cause, a column an output, a mark where one drives the other.

A row of the site's matrix takes as many lines as it has causes; they stand together, its name and its marks stand on each, its numbers on the
first. The line below the head says what each output is. Lines without a cause and lines above the head are for people and are passed over
when a sheet is read.

A cause that drives other outputs than the rest of its row is none of that row: a sheet where the marks of a row differ from line to line is
refused, for a person reads each line alone, and united marks would give the site what the sheet does not say.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from controller.site.conditions import RACK, SITE, ZONE, Condition
from controller.site.model import Row, Site
from controller.site.problem import Problem
from controller.tools.sheets import Grid, head_line

MARK = "X"
MARKS = frozenset({"x", "1", "yes", "●", "✓", "✔"})
"""What is read as a mark, whatever its case."""

NUMBERS = ("votes", "delay_s", "investigate_s", "latch", "for_s", "at", "to", "priority")
"""Fields of a row that are cells of a sheet, by their names in the site file."""
FIRST = ("row", "cause", "is", "meaning", *NUMBERS)
"""Columns before those of the outputs."""
WHEN, UNLESS = "when", "unless"
_NEEDED = ("row", "cause", "is")
_OWN_ROW = "make it a row of its own, with a name of its own"

_PLAIN = Row(when=(), then=())
_TRUE = {"yes": True, "true": True, "x": True, "1": True, "no": False, "false": False, "0": False}


def to_grid(site: Site, language: str = "en") -> Grid:
    """The sheet of a site. `language` is that of the meanings, "en" or "ko"."""
    outputs = list(site.outputs)
    grid = [[*FIRST, *outputs], ["", "", "", "", *("" for _ in NUMBERS), *(str(o.role) for o in site.outputs.values())]]
    for name, row in site.matrix.items():
        grid += list(_lines(name, row, outputs, language))
    return grid


def _lines(name: str, row: Row, outputs: Sequence[str], language: str) -> Iterator[list[str]]:
    causes = [(cause, WHEN) for cause in row.when] + [(cause, UNLESS) for cause in row.unless]
    for place, (cause, kind) in enumerate(causes):
        numbers = [_written(row, field) if place == 0 else "" for field in NUMBERS]
        marks = [MARK if output in row.then and kind == WHEN else "" for output in outputs]
        yield [name, cause, kind, meaning(cause, language), *numbers, *marks]


def _written(row: Row, field: str) -> str:
    """A field of a row as a cell; empty for what is so anyway."""
    value = getattr(row, field)
    if value == getattr(_PLAIN, field):
        return ""
    return "yes" if value is True else f"{value:g}" if isinstance(value, float) else str(value)


def meaning(cause: str, language: str) -> str:
    """What a cause says, for people; empty for one that nobody knows."""
    parts = cause.split(".")
    table = SITE if parts[0] == "site" else RACK if len(parts) > 2 else ZONE  # noqa: PLR2004 zone.rack.condition
    condition: Condition | None = table.get(parts[-1])
    return "" if condition is None else condition.ko if language == "ko" else condition.en


class _Line(msgspec.Struct, frozen=True):
    """A cause of a row, as it stands on a line of the sheet."""

    number: int
    cause: str
    kind: str
    marks: frozenset[str]


class Reading:
    """A sheet on its way to rows. `problems` name line and column of the sheet, as a person counts them (from 1)."""

    def __init__(self, grid: Grid) -> None:
        self.problems: list[Problem] = []
        self._fields: dict[str, dict[str, Any]] = {}
        self._lines: dict[str, list[_Line]] = {}
        top = head_line(grid, lambda cells: all(name in cells for name in _NEEDED))
        self._head = [] if top is None else [cell.strip() for cell in grid[top]]
        if top is None:
            what = f"no line of the sheet is its head, with {', '.join(_NEEDED)} and the outputs"
            remedy = (
                "begin with a sheet that `haechi matrix SITE --sheet FILE` wrote, and leave the names of its columns"
            )
            self._tell(1, "", what, remedy)
            return
        self._columns(top + 1)
        for number, cells in enumerate(grid[top + 1 :], start=top + 2):
            self._line(number, [cell.strip() for cell in cells])
        for name, lines in self._lines.items():
            self._compare(name, lines)

    def rows(self) -> dict[str, Row]:
        """The rows read, in the order of the sheet; those with problems are left out."""
        rows: dict[str, Row] = {}
        for name, fields in self._fields.items():
            lines = self._lines[name]
            causes = {kind: tuple(line.cause for line in lines if line.kind == kind) for kind in (WHEN, UNLESS)}
            driven = next((line.marks for line in lines if line.kind == WHEN), frozenset())
            then = tuple(output for output in self._head if output in driven)
            rows[name] = msgspec.convert({**fields, **causes, "then": then}, Row)
        return rows

    def _tell(self, line: int, column: str, what: str, remedy: str) -> None:
        place = f"line {line}" + (f", column {column}" if column else "")
        self.problems.append(Problem(place, what, remedy))

    def _columns(self, number: int) -> None:
        named = [name for name in self._head if name]
        for name in dict.fromkeys(named):
            if named.count(name) > 1:
                self._tell(number, name, f"there are {named.count(name)} columns of this name", "keep one of them")

    def _line(self, number: int, row: list[str]) -> None:
        cells = dict(zip(self._head, row, strict=False))
        if not cells.get("cause"):
            if cells.get("row"):
                remedy = "name one, or empty it"
                self._tell(number, "cause", f"row {cells['row']!r} has a line without a cause", remedy)
            return
        if not cells["row"]:
            self._tell(number, "row", "a cause without a row", "name the row on every line")
            return
        kind = cells["is"].lower() or WHEN
        if kind not in {WHEN, UNLESS}:
            self._tell(number, "is", f"{cells['is']!r} is neither {WHEN} nor {UNLESS}", "write one of the two")
            return
        self._stands_with_its_row(number, cells["row"])
        fields = self._fields.setdefault(cells["row"], {})
        for field in NUMBERS:
            self._number(number, field, cells.get(field, ""), fields)
        marks = frozenset(self._marks(number, row))
        self._lines.setdefault(cells["row"], []).append(_Line(number, cells["cause"], kind, marks))

    def _stands_with_its_row(self, number: int, name: str) -> None:
        if name in self._lines and name != next(reversed(self._lines)):
            last = self._lines[name][-1].number
            what = f"row {name!r} ended in line {last}, other rows stand between"
            self._tell(number, "row", what, f"move the line below line {last}, or {_OWN_ROW}")

    def _marks(self, number: int, row: Sequence[str]) -> Iterator[str]:
        for place, cell in enumerate(row):
            output = self._head[place] if place < len(self._head) else ""
            is_mark = cell.lower() in MARKS
            if output in FIRST or not cell:
                continue
            if is_mark and output:
                yield output
            elif is_mark:
                self._tell(number, str(place + 1), "a mark in a column without a name", "name the output in the head")
            elif output:
                self._tell(number, output, f"{cell!r} is no mark", f"write {MARK}, or nothing")

    def _compare(self, name: str, lines: Sequence[_Line]) -> None:
        """All causes of a row drive the same outputs; a line `unless` bears their marks, or none."""
        first = next((line for line in lines if line.kind == WHEN), lines[0])
        for line in lines:
            if line.kind == UNLESS and not line.marks:
                continue
            for output in (name for name in self._head if name in line.marks ^ first.marks):
                marked, bare = (line, first) if output in line.marks else (first, line)
                what = (
                    f"row {name!r} drives it by {marked.cause} (line {marked.number}), "
                    f"by {bare.cause} (line {bare.number}) it does not; the marks of a row hold for all its causes"
                )
                self._tell(line.number, output, what, f"mark both lines alike, or {_OWN_ROW}")

    def _number(self, line: int, field: str, cell: str, fields: dict[str, Any]) -> None:
        if not cell:
            return
        value = _read(field, cell)
        if value is None:
            self._tell(line, field, f"{cell!r} cannot be read", _REMEDY[field])
        elif fields.setdefault(field, value) != value:
            self._tell(line, field, f"{cell!r}, where a line above says {fields[field]!r}", "say it once a row")


_REMEDY = {
    "votes": "write a whole number",
    "delay_s": "write seconds",
    "investigate_s": "write seconds",
    "latch": "write yes or no",
    "for_s": "write seconds",
    "at": "write always, day or night",
    "to": "write active or normal",
    "priority": "write a whole number",
}


def _read(field: str, cell: str) -> Any:
    """The value of a cell, None if it is none."""
    kind = type(getattr(_PLAIN, field))
    try:
        value = _TRUE[cell.lower()] if kind is bool else kind(cell)
        msgspec.convert({"when": (), "then": (), field: value}, Row)
    except (KeyError, ValueError, msgspec.ValidationError):
        return None
    return value
