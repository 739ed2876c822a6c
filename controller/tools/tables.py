"""Entries of a site as tables of a site file: what a tool proposes, and a person pastes."""

import json
import re
from collections.abc import Iterator, Mapping

import msgspec

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def tables(section: str, entries: Mapping[str, msgspec.Struct]) -> str:
    """The `[section.name]` tables of flat entries (texts, numbers, flags and lists of them); what is so anyway is left out."""
    return "".join("\n".join(_table(section, name, entry)) + "\n\n" for name, entry in entries.items())


def _table(section: str, name: str, entry: msgspec.Struct) -> Iterator[str]:
    yield f"[{section}.{name if _BARE.fullmatch(name) else _value(name)}]"
    for field in msgspec.structs.fields(entry):
        value = getattr(entry, field.name)
        if field.required or value != field.default:
            yield f"{field.name} = {_value(value)}"


def _value(value: object) -> str:
    """JSON's texts, numbers, flags and flat lists are TOML's as well."""
    return json.dumps(value, ensure_ascii=False)
