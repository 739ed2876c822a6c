"""Which site is this: a digest that a journal and a recording carry.

Only what a site says otherwise than by default counts (0031): an upgrade that brings a new setting leaves every site what it was, so that the
latched state goes on.
"""

import hashlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec

from controller.site.model import Site

FORMER: dict[tuple[str, str], Any] = {}
"""Defaults that an upgrade changed, by struct and field: what they were when the field came.

A site that says nothing then means something else, and this makes it another one. `tests/controller/site/test_digest.py` asks for it.
"""


def site_digest(site: Site) -> bytes:
    """SHA-256 of what the site says: comments, the spelling of ranges and defaults written out in its file do not count."""
    return hashlib.sha256(msgspec.json.encode(meaning(site))).digest()


def meaning(value: Any) -> Any:
    """A part of a site as plain data: of a table its kind and what is not by default, in the order of the model; entries in their order."""
    if isinstance(value, msgspec.Struct):
        return dict(_said(value))
    if isinstance(value, dict):
        return {name: meaning(entry) for name, entry in value.items()}
    if isinstance(value, tuple | list):
        return [meaning(entry) for entry in value]
    return value


def _said(table: msgspec.Struct) -> Iterator[tuple[str, Any]]:
    """A table that is there by default counts by what it says itself, for one of its own defaults may be another than it was."""
    config = table.__struct_config__
    if config.tag is not None:
        yield config.tag_field or "type", config.tag
    for name, encode_name, usual in neutral(type(table)):
        value = getattr(table, name)
        said = meaning(value)
        counts = said != {} if isinstance(usual, msgspec.Struct) else value != usual
        if counts:
            yield encode_name, said


@cache
def neutral(struct: type[msgspec.Struct]) -> tuple[tuple[str, str, Any], ...]:
    """Each field of a table, its name in the file, and the value that does not count (NODEFAULT: every value does)."""
    return tuple(
        (field.name, field.encode_name, FORMER.get((struct.__name__, field.name), _default(field)))
        for field in msgspec.structs.fields(struct)
    )


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
