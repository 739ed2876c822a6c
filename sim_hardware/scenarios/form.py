"""The form of a scenario file: names, types and ranges of its fields, every entry read by itself, so that all problems are told."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from controller.site.problem import Problem
from sim_hardware.scenarios.model import Scenario

REMEDY = "correct it; docs/scenarios.md and the scenarios that ship with Haechi show how each field is written"
SECTIONS: Mapping[str, Any] = get_type_hints(Scenario, include_extras=True)
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<within>.*)`)?$", re.DOTALL)


def form_problems(raw: Mapping[str, Any], whole: msgspec.ValidationError) -> tuple[Problem, ...]:
    """The problems of what a scenario file holds; `whole` is told where no entry by itself is at fault."""
    found = [problem for name, value in raw.items() if name in SECTIONS for problem in _section(name, value)]
    first = _problem("", whole)
    return (first, *found) if all(problem.what != first.what for problem in found) else tuple(found)


def _section(name: str, value: object) -> Iterator[Problem]:
    """Entry by entry where a section has entries."""
    kind = SECTIONS[name]
    if get_origin(kind) is tuple and isinstance(value, list):
        places = {f"{name}[{number}]": (entry, get_args(kind)[0]) for number, entry in enumerate(value)}
    elif get_origin(kind) is dict and isinstance(value, dict):
        places = {f"{name}.{key}": (entry, get_args(kind)[1]) for key, entry in value.items()}
    else:
        places = {name: (value, kind)}
    for place, (entry, of) in places.items():
        try:
            msgspec.convert(entry, of, str_keys=True)
        except msgspec.ValidationError as error:
            yield _problem(place, error)


def _problem(place: str, error: msgspec.ValidationError) -> Problem:
    match = _PLACE.match(str(error))
    what, within = (match["what"], match["within"] or "") if match else (str(error), "")
    dot = "." if place and within and not within.startswith("[") else ""
    return Problem(f"{place}{dot}{within}" or "the file", what, REMEDY)
