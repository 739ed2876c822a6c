"""Read a site file: ranges expanded, every entry converted by itself, so that all structural problems come out at once.

A table name with one range, `bms-[1-8]`, stands for one entry a number; `{n}` (the number) and `{i}` (its place, from 0) are put
into every text of the entry. A text with a range in a list stands for one text a number.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast, get_args, get_type_hints

import msgspec

from controller.site.model import Site
from controller.site.problem import Problem, SiteError

_RANGE = re.compile(r"\[(\d+)-(\d+)\]")
_MAX_RANGE = 1000
"""Entries that one range may make (assumed; a typing error should not fill the memory)."""
_MESSAGE = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"unknown field `(?P<field>[^`]+)`")
_MISSING = re.compile(r"missing required field `(?P<field>[^`]+)`")


def load(path: Path | str) -> Site:
    """Read and convert the site file at `path`. Raises SiteError with every structural problem, or OSError."""
    return loads(Path(path).read_text(encoding="utf-8"))


def loads(text: str) -> Site:
    """Convert the text of a site file. Raises SiteError with every structural problem."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SiteError((Problem("(file)", f"not TOML: {error}", "correct the line that is named"),)) from error
    problems: list[Problem] = []
    expanded = expand(raw, problems)
    site = _convert(expanded, problems)
    if site is None or problems:
        raise SiteError(tuple(problems))
    return site


def expand(raw: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """All ranges of the file written out. Faulty ranges and names that come twice are appended to `problems`."""
    sections: dict[str, Any] = {}
    for section, entries in raw.items():
        if section == "site" or not isinstance(entries, dict):
            sections[section] = entries
            continue
        sections[section] = {}
        for name, entry in entries.items():
            for new_name, new_entry in _instances(f"{section}.{name}", name, entry, problems):
                if new_name in sections[section]:
                    problems.append(Problem(f"{section}.{new_name}", "this name comes twice", "give each entry its name"))
                sections[section][new_name] = new_entry
    return sections


def _instances(path: str, name: str, entry: Any, problems: list[Problem]) -> Iterator[tuple[str, Any]]:
    ranges = _RANGE.findall(name)
    if not ranges:
        yield name, _lists(path, entry, problems)
        return
    numbers = _numbers(path, name, problems)
    for place, number in enumerate(numbers):
        filled = _fill(entry, number, place)
        new_name = _RANGE.sub(str(number), name)
        yield new_name, _lists(f"{path.partition('.')[0]}.{new_name}", filled, problems)


def _numbers(path: str, text: str, problems: list[Problem]) -> range:
    ranges = _RANGE.findall(text)
    first, last = int(ranges[0][0]), int(ranges[0][1])
    if len(ranges) > 1:
        problems.append(Problem(path, f"{text!r} holds more than one range", "write one range a name, such as bms-[1-8]"))
    elif last < first or last - first >= _MAX_RANGE:
        problems.append(Problem(path, f"the range of {text!r} is empty or too long", f"1 to {_MAX_RANGE} entries, low first"))
    else:
        return range(first, last + 1)
    return range(0)


def _fill(value: Any, number: int, place: int) -> Any:
    """`{n}` and `{i}` in every text of `value`, however deep."""
    if isinstance(value, str):
        return value.replace("{n}", str(number)).replace("{i}", str(place))
    if isinstance(value, list):
        return [_fill(item, number, place) for item in value]
    if isinstance(value, dict):
        return {key: _fill(item, number, place) for key, item in value.items()}
    return value


def _lists(path: str, value: Any, problems: list[Problem]) -> Any:
    """Texts with a range, written out in place wherever they stand in a list."""
    if isinstance(value, dict):
        return {key: _lists(f"{path}.{key}", item, problems) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    items: list[Any] = []
    for item in value:
        if isinstance(item, str) and _RANGE.search(item):
            items += [_RANGE.sub(str(number), item) for number in _numbers(path, item, problems)]
        else:
            items.append(_lists(path, item, problems))
    return items


def _convert(raw: dict[str, Any], problems: list[Problem]) -> Site | None:
    """The site, entry by entry; None when any entry failed (its problems are appended)."""
    parts: dict[str, Any] = {}
    hints = get_type_hints(Site)
    for section in raw.keys() - hints.keys():
        problems.append(Problem(section, "unknown section", f"use one of {', '.join(hints)}"))
    for section, hint in hints.items():
        if section not in raw:
            problems.append(Problem(section, "this section is missing", f"add [{section}]"))
        elif section == "site":
            parts[section] = _entry(section, raw[section], hint, problems)
        elif not isinstance(raw[section], dict):
            problems.append(Problem(section, "not a table", f"write [{section}.NAME]"))
        else:
            kind = get_args(hint)[1]
            parts[section] = {
                name: _entry(f"{section}.{name}", entry, kind, problems) for name, entry in raw[section].items()
            }
    return None if problems else Site(**parts)


def _entry(path: str, raw: Any, kind: Any, problems: list[Problem]) -> Any:
    """One entry as `kind`. Every fault of it is noted: the faulty field is taken out (or filled) and the entry tried again."""
    if not isinstance(raw, dict):
        problems.append(Problem(path, f"a table is expected, not {type(raw).__name__}", f"write [{path}] and its fields"))
        return None
    entry = cast("dict[str, Any]", raw)
    missing: set[str] = set()
    for _ in range(len(entry) + 20):
        try:
            return msgspec.convert(entry, kind, strict=True)
        except msgspec.ValidationError as error:
            field, problem = _explain(path, str(error))
            problems.append(problem)
            if field is None or field in missing:
                return None
            missing.add(field)
            remaining = _without(entry, field)
            if remaining is None:
                return None
            entry = remaining
    return None


def _explain(path: str, message: str) -> tuple[str | None, Problem]:
    """The faulty field (dotted, None: cannot be taken out to look further) and the problem, of a msgspec message."""
    match = _MESSAGE.match(message)
    what, place = (match["what"], match["path"] or "") if match else (message, "")
    what = what.replace("Object", "This table").replace("`", "'")
    if unknown := _UNKNOWN.search(message):
        field = ".".join(filter(None, (place, unknown["field"])))
        return field, Problem(f"{path}.{field}", "unknown field", "correct its spelling or take it out")
    if missing := _MISSING.search(message):
        field = ".".join(filter(None, (place, missing["field"])))
        return None, Problem(f"{path}.{field}", "this value is missing", "state it; it has no safe default")
    field = re.sub(r"\[.*", "", place)
    whole = f"{path}.{place}" if place else path
    return field or None, Problem(whole, what, "give a value of the kind that is asked for")


def _without(entry: dict[str, Any], field: str) -> dict[str, Any] | None:
    """A copy of `entry` without the dotted `field`; None when it is not there."""
    head, _, rest = field.partition(".")
    if head not in entry:
        return None
    if not rest:
        return {key: value for key, value in entry.items() if key != head}
    inner = _without(entry[head], rest) if isinstance(entry[head], dict) else None
    return None if inner is None else entry | {head: inner}
