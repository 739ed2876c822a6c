"""Numbers: TOML knows `nan` and `inf`, a plant does not. No comparison with `nan` is true, so it would slip through every other check."""

import math
from collections.abc import Iterator

import msgspec

from controller.site.look import Look
from controller.site.problem import Problem


def numbers(look: Look) -> Iterator[Problem]:
    """A problem for every number of the site that is not finite."""
    for field, name in _names(look.site):
        yield from _finite(name, getattr(look.site, field))


def _names(table: msgspec.Struct) -> Iterator[tuple[str, str]]:
    """Each field, and its name in the file."""
    return zip(table.__struct_fields__, table.__struct_encode_fields__, strict=True)


def _finite(path: str, value: object) -> Iterator[Problem]:
    match value:
        case float() if not math.isfinite(value):
            yield Problem(path, f"{value} is no number to work with", "state a finite one")
        case msgspec.Struct():
            for field, name in _names(value):
                yield from _finite(f"{path}.{name}", getattr(value, field))
        case dict():
            for name, entry in value.items():
                yield from _finite(f"{path}.{name}", entry)
