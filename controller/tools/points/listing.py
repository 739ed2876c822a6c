"""Read a point list: one line a point, columns by their names in any order; every problem with line and column.

Known columns are those of `Line`; `SYNONYMS` are what installers call them. Columns that nobody knows are for people.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from controller.site.model import Family
from controller.site.problem import Problem
from controller.tools.points.contacts import REMEDIES, WORDS, Contact, Level, faults, read_word
from controller.tools.sheets import Grid, head_line
from drivers.points import DataType, Order, Table


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One point: where it lies, how it is read, and which head it belongs to (`head` empty: none)."""

    device: str
    table: Table
    address: int
    point: str = ""
    type: DataType = DataType.UINT16
    order: Order = Order.ABCD
    factor: float = 1.0
    offset: float = 0.0
    unit: str = ""
    invalid: int | None = None
    period_s: float = 1.0
    max_age_s: float = 5.0
    writable: bool = False
    head: str = ""
    family: Family | None = None
    zone: str = ""
    rack: str = ""
    group: int = 0
    reference: bool = False
    contact: Contact | None = None
    active: Level | None = None


SYNONYMS = {
    "tag": "point", "name": "point", "포인트": "point", "태그": "point", "장치": "device", "slave": "device",
    "function": "table", "테이블": "table", "register": "address", "주소": "address", "레지스터": "address",
    "datatype": "type", "data type": "type", "형식": "type", "byte order": "order", "scale": "factor", "scaling": "factor",
    "배율": "factor", "단위": "unit", "units": "unit", "write": "writable", "detector": "head", "감지기": "head",
    "kind": "family", "종류": "family", "area": "zone", "구역": "zone", "랙": "rack",
    "데이터 형식": "type", "데이터형식": "type", "이름": "point", "modbus address": "address", "modbus_address": "address",
    "no/nc": "contact", "nc/no": "contact", "contact type": "contact", "contact_type": "contact", "접점": "contact", "접점 형식": "contact",
    "접점형식": "contact", "접점 종류": "contact", "접점종류": "contact", "a/b": "contact", "a/b 접점": "contact", "a/b접점": "contact",
    "active state": "active", "active level": "active", "동작 값": "active", "동작값": "active", "동작 상태": "active", "동작상태": "active",
}  # fmt: skip
"""What else a column may be called, in small letters."""

MODICON = {1: Table.DISCRETE, 3: Table.INPUT, 4: Table.HOLDING}
"""Leading digit of a five- or six-digit register number: 30001 is address 0 of the input registers (coils: 00001)."""
_LEAST_DIGITS = 5
_SHOWN = 8
"""Lines that are named one by one."""
_NOT_IN_NAMES = re.compile(r"[\s.\[\]:{}]+")
_YES_NO = {
    "yes": True,
    "y": True,
    "x": True,
    "1": True,
    "true": True,
    "no": False,
    "n": False,
    "0": False,
    "false": False,
}


def read_lines(grid: Grid) -> tuple[list[tuple[int, Line]], list[Problem]]:
    """The lines of a list with their numbers as a person counts them (the first is 1), and what is wrong with others."""
    if not grid:
        return [], [Problem("line 1", "the list is empty", "begin with a line of column names: device, table, address")]
    top = _top(grid)
    if top is None:
        missing = [name for name in _NEEDED if name not in map(_name, grid[0])]
        remedy = "let one line name the columns; what stands above it is passed over"
        return [], [Problem("line 1", f"no column {' and '.join(missing)}, nor in a line below", remedy)]
    names = [_name(cell) for cell in grid[top]]
    lines: list[tuple[int, Line]] = []
    problems: list[Problem] = []
    for number, cells in enumerate(grid[top + 1 :], start=top + 2):
        said = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}
        if said:
            found = _line(number, said, problems)
            lines += [] if found is None else [(number, found)]
    return lines, problems


_NEEDED = ("device", "address")


def _top(grid: Grid) -> int | None:
    """The line of the column names."""
    return head_line(grid, lambda cells: set(_NEEDED) <= {_name(cell) for cell in cells})


STATION = frozenset({"국번", "station", "unit id", "unit_id", "slave id", "slave_id"})
"""What the number of a device on its line is called: a site file states it once, in the device."""


def passed_over(grid: Grid, lines: Sequence[tuple[int, Line]]) -> Iterator[str]:
    """What of a list comes to nothing: columns that are not known, and lines of which no head was made."""
    known = {field.name for field in msgspec.structs.fields(Line)}
    for cell in grid[_top(grid) or 0] if grid else ():
        if not cell.strip() or _name(cell) in known:
            continue
        if cell.strip().lower() in STATION:
            yield f"column {cell.strip()!r} is passed over: a list knows no unit; state it as `unit` of each device in the site file"
        else:
            yield f"column {cell.strip()!r} is passed over: no such column is known"
    if bare := [number for number, line in lines if not line.head]:
        more = f" and {len(bare) - _SHOWN} more" if len(bare) > _SHOWN else ""
        places = ", ".join(map(str, bare[:_SHOWN])) + more
        yield f"line {places}: points, but no head: there is neither a head nor a family; fill the columns family and zone if they detect"


def _name(cell: str) -> str:
    name = cell.strip().lower()
    return SYNONYMS.get(name, name.replace(" ", "_"))


def _line(number: int, said: Mapping[str, str], problems: list[Problem]) -> Line | None:
    before = len(problems)
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(Line):
        if field.name in said:
            cell = said[field.name]
            value = read_word(field.name, cell) if field.name in WORDS else _read(field.type, cell)
            if value is None:
                remedy = REMEDIES.get(field.name) or _remedy(field.type)
                problems.append(Problem(f"line {number}, column {field.name}", f"{cell!r} cannot be read", remedy))
            fields[field.name] = value
    if "table" not in said and "address" in said:
        fields |= _modicon(number, said["address"], problems)
    empty = [name for name in ("device", "address") if name not in said]
    if fields.get("table") in {Table.COIL, Table.DISCRETE}:
        fields.setdefault("type", DataType.BIT)
    if fields.get("family") is not None and "head" not in said:
        fields["head"] = said.get("point", "")
        empty += [] if fields["head"] else ["head"]
    fields["head"] = _NOT_IN_NAMES.sub("-", fields.get("head", ""))
    remedy = "fill it, or empty the whole line"
    problems += [Problem(f"line {number}, column {name}", "it is empty", remedy) for name in empty]
    if len(problems) > before:
        return None
    line = Line(**fields)
    problems += faults(number, line)
    return line if len(problems) == before else None


def _modicon(number: int, cell: str, problems: list[Problem]) -> dict[str, Any]:
    """Table and address of a register number that says both."""
    digits = cell.strip()
    if digits.isdecimal() and len(digits) >= _LEAST_DIGITS and int(digits[1:]) > 0:
        table = Table.COIL if digits[0] == "0" else MODICON.get(int(digits[0]))
        if table is not None:
            return {"table": table, "address": int(digits[1:]) - 1}
    remedy = "add a column table (input, holding, coil, discrete), or write register numbers such as 30001"
    problems.append(Problem(f"line {number}, column address", f"{cell!r} does not say which table it lies in", remedy))
    return {}


def _read(kind: Any, cell: str) -> Any:
    """The value of a cell, None for one that cannot be read."""
    if kind is bool:
        return _YES_NO.get(cell.lower())
    try:
        if kind is int:
            return int(cell)  # also with zeros before it
        return msgspec.convert(cell.lower() if kind in {Table, DataType} else cell, kind, strict=False)
    except (ValueError, msgspec.ValidationError):
        return None


def _remedy(kind: Any) -> str:
    if kind is bool:
        return "write yes or no"
    choices = [str(choice) for choice in kind] if kind in {Table, DataType, Order} else []
    choices = [str(family) for family in Family] if kind == Family | None else choices
    return f"use one of {', '.join(choices)}" if choices else "write a number"
