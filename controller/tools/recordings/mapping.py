"""The map of a recording: which column is the time, which are heads and of what kind. One line a column is enough for a first try.

[time]
column = "Time"                       # its name, or its number "#1"; ["Date", "Time"] for two
unit = "s"
[columns]
"TC 2.4 m" = "heat degC"              # family, unit, and what else is to be said as word=value
"Cell *" = "cell-temperature degC rack=rack-1 group=module-1"
"""

import difflib
import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from controller.core.detect.defaults import DEFAULTS
from controller.core.detect.tiles import MAX_GROUP
from controller.site.loader import convert
from controller.site.model import Family, Limits, Strict
from controller.site.problem import Problem, SiteError
from controller.tools.recordings.units import UNITS
from drivers.tables.moments import ORDERS

NUMERIC_S = {
    "ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "excel": 86400.0,
}  # fmt: skip
"""Seconds in the units of a time that is a number; `excel` counts days from 1899-12-30."""
TIME_UNITS = (*NUMERIC_S, *ORDERS)


class Time(Strict, frozen=True, kw_only=True):
    """[time]: where it is and what it counts in."""

    column: str | tuple[str, ...] = ""
    """Name or number of the column; two for date and clock time apart; none: rows are `step_s` apart."""
    unit: str = "s"
    step_s: float = 0.0
    """Without a column: seconds from row to row."""
    order: Literal["auto", "restart", "sort", "skip"] = "auto"
    """Time that falls: `restart` a new run each time, `skip` pass those rows over, `sort` put all rows in order first, `auto` judge it."""
    scan_s: float = 0.1
    """Rows closer than this are one scan, of which the last value counts, as it is in the controller."""
    max_age_s: float = 0.0
    """A value that is not renewed for so long is stale; 0: ten times what the column usually takes, at least 30 s."""


class Form(Strict, frozen=True, kw_only=True):
    """[table]: what the look at the file shall not guess."""

    delimiter: str = ""
    decimal: Literal["", ".", ","] = ""
    first_line: int = 0
    """Line of the first row of numbers, from 1."""
    split: str = ""
    """Column that says which of several sensors a row is from: each of its values makes heads of its own."""


class Column(Strict, frozen=True, kw_only=True):
    """What a column is: a head, or with the columns of the same group one head of several points."""

    family: Family
    unit: str = ""
    factor: float = 1.0
    offset: float = 0.0
    """Value = number * factor + offset, in `unit`."""
    name: str = ""
    zone: str = "room"
    rack: str = ""
    device: str = ""
    group: str = ""
    reference: bool = False
    max_age_s: float = 0.0
    invalid: tuple[float, ...] = ()
    """Numbers that mean "no value"."""
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class Map:
    """A map as it was read."""

    time: Time
    table: Form
    columns: dict[str, Column]
    settings: dict[Family, Limits]


def read_map(path: Path) -> Map:
    """Read a map. Raises SiteError with every problem, OSError, UnicodeDecodeError."""
    return parse_map(path.read_text(encoding="utf-8"))


def parse_map(text: str) -> Map:
    """Read the text of a map. Raises SiteError with every problem."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SiteError((Problem("(map)", f"not TOML: {error}", "correct the line that is named"),)) from error
    problems: list[Problem] = []
    columns = raw.get("columns")
    if not isinstance(columns, dict) or not columns:
        remedy = 'write "NAME" = "heat degC" in [columns]; haechi replay FILE --suggest makes a first map'
        problems.append(Problem("columns", "no column is a head", remedy))
        columns = {}
    raw["columns"] = {
        name: _worded(f"columns.{name}", said, problems) if isinstance(said, str) else said
        for name, said in columns.items()
    }
    known = ("time", "table", "columns", "settings")
    problems += [
        Problem(name, "unknown section", f"use one of {', '.join(known)}") for name in raw if name not in known
    ]
    time = convert("time", raw.get("time", {}), Time, problems)
    form = convert("table", raw.get("table", {}), Form, problems)
    found = {name: convert(f"columns.{name}", said, Column, problems) for name, said in raw["columns"].items()}
    tables = raw.get("settings", {})
    if not isinstance(tables, dict):
        problems.append(Problem("settings", "not a table", "write [settings.heat]"))
        tables = {}
    settings = read_settings(tables, problems)
    _judge(time, form, found, problems)
    if problems:
        raise SiteError(tuple(problems))
    return Map(time, form, found, settings)


def read_settings(raw: dict[str, Any], problems: list[Problem]) -> dict[Family, Limits]:
    """The tables `[settings.TYPE]`; problems are appended."""
    found = {}
    for name, table in raw.items():
        if name not in DEFAULTS:
            remedy = f"use one of {', '.join(DEFAULTS)}"
            problems.append(Problem(f"settings.{name}", "no type of head that is judged by limits", remedy))
        elif limits := convert(f"settings.{name}", table, Limits, problems):
            found[Family(name)] = limits
    return found


_WORDS = ("name", "zone", "rack", "device", "group")
_NUMBERS = ("factor", "offset", "max_age_s")


def _worded(path: str, said: str, problems: list[Problem]) -> dict[str, Any]:
    """`family unit word=value` as the table that it stands for."""
    plain = [word for word in said.split() if "=" not in word]
    table: dict[str, Any] = {"family": plain[0] if plain else ""}
    if len(plain) > 1:
        table["unit"] = plain[1]
    if len(plain) > 2 or not plain:  # noqa: PLR2004 (family and unit)
        what = f"{said!r} is no family and unit"
        problems.append(Problem(path, what, 'write "family unit", such as "heat degC", then word=value'))
    for word in said.split():
        name, equals, value = word.partition("=")
        if not equals:
            continue
        if name in _WORDS:
            table[name] = value
        elif name in _NUMBERS:
            try:
                table[name] = float(value)
            except ValueError:
                problems.append(Problem(f"{path}.{name}", f"{value!r} is no number", "write a number"))
        elif name == "reference":
            table[name] = value in {"true", "yes", "1"}
        else:
            known = (*_WORDS, *_NUMBERS, "reference")
            problems.append(Problem(f"{path}.{name}", "unknown word", f"use one of {', '.join(known)}, or a table"))
    return table


def _judge(time: Time | None, form: Form | None, columns: dict[str, Column | None], problems: list[Problem]) -> None:
    if time is not None:
        _judge_time(time, problems)
    if form is not None and (len(form.delimiter) > 1 or not form.delimiter.isascii()):
        problems.append(Problem("table.delimiter", "not one character", 'write one, such as ";" or "\\t"'))
    for name, column in columns.items():
        if column is not None:
            _judge_column(f"columns.{name}", column, problems)


def _judge_time(time: Time, problems: list[Problem]) -> None:
    if time.unit not in TIME_UNITS:
        close = difflib.get_close_matches(time.unit, TIME_UNITS, 1)
        remedy = f"write {close[0]!r} if you mean that, or one of {', '.join(TIME_UNITS)}" if close else ""
        problems.append(Problem("time.unit", f"{time.unit!r} is not known", remedy or f"use {', '.join(TIME_UNITS)}"))
    if not time.column and not time.step_s > 0:
        remedy = "name the column of the time, or state step_s, the seconds from row to row"
        problems.append(Problem("time.column", "no column has the time", remedy))
    if isinstance(time.column, tuple) and not 1 <= len(time.column) <= 2:  # noqa: PLR2004 (date and clock)
        problems.append(Problem("time.column", "it names no column, or more than two", "name one, or date and clock"))
    if isinstance(time.column, tuple) and len(time.column) > 1 and time.unit not in ("ymd", "dmy", "mdy"):
        problems.append(Problem("time.unit", "date and clock time apart need the date's order", "use ymd, dmy or mdy"))
    for name in ("scan_s", "max_age_s", "step_s"):
        value = getattr(time, name)
        if not 0 <= value < float("inf") or (name == "scan_s" and value == 0):
            problems.append(Problem(f"time.{name}", f"{value:g} cannot be", "state seconds above 0"))


def _judge_column(path: str, column: Column, problems: list[Problem]) -> None:
    family = Family(column.family)
    if family not in UNITS:
        remedy = f"use one of {', '.join(UNITS)}"
        problems.append(Problem(f"{path}.family", f"{family} is a wired input, which no detector judges", remedy))
    elif column.unit and column.unit.lower() not in UNITS[family]:
        remedy = f"use one of {', '.join(UNITS[family])}, with factor and offset where needed"
        problems.append(Problem(f"{path}.unit", f"{column.unit!r} is no unit of {family}", remedy))
    if column.group and family not in (Family.CELL_TEMPERATURE, Family.CELL_VOLTAGE):
        remedy = f"take it out; groups are cells of a module, 2 to {MAX_GROUP} of them"
        problems.append(Problem(f"{path}.group", f"{family} has no modules", remedy))
    for name in ("factor", "offset", "max_age_s"):
        value = getattr(column, name)
        if not math.isfinite(value) or (value == 0 and name == "factor") or (value < 0 and name == "max_age_s"):
            problems.append(Problem(f"{path}.{name}", f"{value:g} cannot be", "state a finite number"))
