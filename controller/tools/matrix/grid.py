"""The matrix as a sheet in the shape that fire engineers use: a line a cause, a column an output, a mark where one drives the other.

A row of the site's matrix takes as many lines as it has causes; its name stands on each, its numbers on the first. The line below the head
says what each output is. Lines without a cause are for people and are passed over when a sheet is read.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from controller.site.conditions import RACK, SITE, ZONE, Condition
from controller.site.model import Row, Site
from controller.site.problem import Problem
from controller.tools.sheets import Grid

MARK = "X"
MARKS = frozenset({"x", "1", "yes", "●", "✓", "✔"})
"""What is read as a mark, whatever its case."""

NUMBERS = ("votes", "delay_s", "investigate_s", "latch", "for_s", "at", "to", "priority")
"""Fields of a row that are cells of a sheet, by their names in the site file."""
FIRST = ("row", "cause", "is", "meaning", *NUMBERS)
"""Columns before those of the outputs."""
WHEN, UNLESS = "when", "unless"

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


class Reading:
    """A sheet on its way to rows. `problems` name line and column of the sheet, as a person counts them (from 1)."""

    def __init__(self, grid: Grid) -> None:
        self.problems: list[Problem] = []
        self._fields: dict[str, dict[str, Any]] = {}
        self._head = [cell.strip() for cell in grid[0]] if grid else []
        missing = [name for name in ("row", "cause", "is") if name not in self._head]
        if missing:
            what = f"the head of the sheet lacks {', '.join(missing)}"
            self._tell(1, "", what, "begin with a sheet that `haechi matrix SITE --csv FILE` wrote")
            return
        for number, cells in enumerate(grid[1:], start=2):
            self._line(number, dict(zip(self._head, (cell.strip() for cell in cells), strict=False)))

    def rows(self) -> dict[str, Row]:
        """The rows read, in the order of the sheet; those with problems are left out."""
        rows: dict[str, Row] = {}
        for name, fields in self._fields.items():
            fields["then"] = tuple(output for output in self._head if output in fields["then"])
            rows[name] = msgspec.convert(fields, Row)
        return rows

    def _tell(self, line: int, column: str, what: str, remedy: str) -> None:
        place = f"line {line}" + (f", column {column}" if column else "")
        self.problems.append(Problem(place, what, remedy))

    def _line(self, number: int, cells: dict[str, str]) -> None:
        if not cells.get("cause"):
            if cells.get("row"):
                self._tell(number, "cause", f"row {cells['row']!r} has a line without a cause", "name one, or empty it")
            return
        if not cells["row"]:
            self._tell(number, "row", "a cause without a row", "name the row on every line")
            return
        kind = cells["is"].lower() or WHEN
        if kind not in {WHEN, UNLESS}:
            self._tell(number, "is", f"{cells['is']!r} is neither {WHEN} nor {UNLESS}", "write one of the two")
            return
        fields = self._fields.setdefault(cells["row"], {WHEN: [], UNLESS: [], "then": set()})
        fields[kind].append(cells["cause"])
        for field in NUMBERS:
            self._number(number, field, cells.get(field, ""), fields)
        for output in self._head:
            if output and output not in FIRST:
                self._mark(number, output, cells.get(output, ""), fields)

    def _mark(self, line: int, output: str, cell: str, fields: dict[str, Any]) -> None:
        if cell.lower() in MARKS:
            fields["then"].add(output)
        elif cell:
            self._tell(line, output, f"{cell!r} is no mark", f"write {MARK}, or nothing")

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
