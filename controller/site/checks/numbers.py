"""Numbers: TOML knows `nan` and `inf`, a plant does not. No comparison with `nan` is true, so it would slip through every other check."""

import math
from collections.abc import Iterator

import msgspec

from controller.site.look import Look
from controller.site.problem import Problem


def numbers(look: Look) -> Iterator[Problem]:
    """A problem for every number of the site that is not finite."""
    for section in msgspec.structs.fields(look.site):
        yield from _finite(section.encode_name, getattr(look.site, section.name))


def _finite(path: str, value: object) -> Iterator[Problem]:
    match value:
        case float() if not math.isfinite(value):
            yield Problem(path, f"{value} is no number to work with", "state a finite one")
        case msgspec.Struct():
            for field in msgspec.structs.fields(value):
                yield from _finite(f"{path}.{field.encode_name}", getattr(value, field.name))
        case dict():
            for name, entry in value.items():
                yield from _finite(f"{path}.{name}", entry)
