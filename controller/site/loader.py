"""Read a site file: ranges expanded, every entry converted by itself, so that all structural problems come out at once.

A table name with one range, `bms-[1-8]`, stands for one entry a number; `{n}` (the number) and `{i}` (its place)
are put into every text of the entry. A text with a range in a list stands for one text a number.
"""

import re
import tomllib
from collections.abc import Iterator
from difflib import get_close_matches
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec

from controller.site.model import Site
from controller.site.problem import Problem, SiteError, merge

_RANGE = re.compile(r"\[(\d+)-(\d+)\]")
_MAX_RANGE = 1000
"""Entries that one range may make (assumed; a typing error should not fill the memory)."""


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
        raise SiteError(merge(problems))
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
                    problems.append(
                        Problem(f"{section}.{new_name}", "this name comes twice", "give each entry its name")
                    )
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
        problems.append(
            Problem(path, f"{text!r} holds more than one range", "write one range a name, such as bms-[1-8]")
        )
    elif last < first or last - first >= _MAX_RANGE:
        problems.append(
            Problem(path, f"the range of {text!r} is empty or too long", f"1 to {_MAX_RANGE} entries, low first")
        )
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
    sections = {field.name: field.type for field in msgspec.structs.fields(Site)}
    optional = {field.name for field in msgspec.structs.fields(Site) if not field.required}
    remedy = f"use one of {', '.join(sections)}"
    problems += [Problem(section, "unknown section", remedy) for section in raw if section not in sections]
    parts: dict[str, Any] = {}
    for section, hint in sections.items():
        if section not in raw:
            if section in optional:
                continue
            problems.append(Problem(section, "this section is missing", f"add [{section}]"))
        elif section == "site":
            parts[section] = convert(section, raw[section], hint, problems)
        elif not isinstance(raw[section], dict):
            problems.append(Problem(section, "not a table of entries", f"write [{section}.NAME]"))
        else:
            names, kind = get_args(hint)
            parts[section] = {
                _name(f"{section}.{name}", name, names, problems): convert(f"{section}.{name}", entry, kind, problems)
                for name, entry in raw[section].items()
            }
    return None if problems else Site(**parts)


def _name(path: str, name: str, kind: Any, problems: list[Problem]) -> Any:
    """The name of an entry as `kind`: free text, or one of a list."""
    if kind is str or name in _choices(kind):
        return name if kind is str else kind(name)
    close = get_close_matches(name, _choices(kind), 1)
    remedy = f"write {close[0]!r} if you mean that" if close else f"use one of {', '.join(_choices(kind))}"
    problems.append(Problem(path, "there is nothing of this name", remedy))
    return name


def convert(path: str, raw: Any, kind: Any, problems: list[Problem]) -> Any:
    """One value as `kind`, fields of a table one by one; None when it failed (its problems are appended)."""
    before = len(problems)
    structs = [
        part for part in (get_args(kind) or (kind,)) if isinstance(part, type) and issubclass(part, msgspec.Struct)
    ]
    if structs and isinstance(raw, dict):
        struct = _chosen(path, raw, structs, problems)
        if struct is not None:
            _fields(path, raw, struct, problems)
    if len(problems) > before:
        return None
    try:
        return msgspec.convert(raw, kind, strict=True)
    except msgspec.ValidationError as error:
        problems.append(_explain(path, str(error), kind))
        return None


def _chosen(
    path: str, raw: dict[str, Any], structs: list[type[msgspec.Struct]], problems: list[Problem]
) -> type[msgspec.Struct] | None:
    """The one of `structs` whose tag the table carries."""
    if len(structs) == 1:
        return structs[0]
    tags = {struct.__struct_config__.tag: struct for struct in structs}
    name = structs[0].__struct_config__.tag_field or "kind"
    struct = tags.get(raw.get(name))
    if struct is None:
        what = f"{raw[name]!r} is not known" if name in raw else "this value is missing"
        problems.append(Problem(f"{path}.{name}", what, f"write one of {', '.join(map(str, tags))}"))
    return struct


def _fields(path: str, raw: dict[str, Any], struct: type[msgspec.Struct], problems: list[Problem]) -> None:
    """Problems of the fields of one table: unknown, missing, of a wrong type."""
    fields = _fields_of(struct)
    for name in raw.keys() - fields.keys() - {struct.__struct_config__.tag_field}:
        close = get_close_matches(name, fields, 1)
        remedy = f"write {close[0]!r} if you mean that, or take it out" if close else f"use one of {', '.join(fields)}"
        problems.append(Problem(f"{path}.{name}", "unknown field", remedy))
    for name, field in fields.items():
        if name in raw:
            convert(f"{path}.{name}", raw[name], field.type, problems)
        elif field.required:
            problems.append(Problem(f"{path}.{name}", "this value is missing", _missing_remedy(name)))


@cache
def _fields_of(struct: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """The fields of a table by their names in the file; asked once, because it takes a while and a hall has many tables."""
    return {field.encode_name: field for field in msgspec.structs.fields(struct)}


def _missing_remedy(name: str) -> str:
    if name == "on_comm_loss":
        return 'state what the module does when Haechi is silent: 0, 1 or "hold"'
    if name == "on_restart":
        return 'state what Haechi does with it when it starts: "keep", 0 or 1'
    return "state it; it has no default"


def _explain(path: str, message: str, kind: Any) -> Problem:
    """The problem of a msgspec message about a value without fields of its own."""
    what, _, place = message.partition(" - at `$")
    inner = place.rstrip("`")
    what = what.replace("`", "'").replace("Expected", "expected").replace("Invalid", "invalid").replace("|", "or")
    remedy = "give a value of the kind that is asked for"
    if not inner and (choices := _choices(kind)):
        remedy = f"write one of {', '.join(choices)}"
    return Problem(f"{path}{inner}", what, remedy)


def _choices(kind: Any) -> list[str]:
    """What may stand where only certain texts or numbers may; empty for everything else."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [str(member.value) for member in kind]
    return [str(choice) for choice in get_args(kind)] if get_origin(kind) is Literal else []
