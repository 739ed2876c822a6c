"""Delays that an operator may switch on: bounded, and before what tells people or the brigade of a fire alarm alone."""

from collections.abc import Iterator

from controller.site.look import Look
from controller.site.model import Role, Row
from controller.site.problem import Problem

_INVESTIGATE_MAX_S = 600.0
"""Delays to outputs are 10 min at most (domain.md F6, after EN 54-2 7.11)."""
_DELAYED = (Role.SOUNDER, Role.BEACON, Role.FIRE_RELAY)
"""Outputs whose signal may wait for whoever investigates: never what isolates, cools, closes the room or lets agent go."""


def delays(look: Look) -> Iterator[Problem]:
    """Problems of every row with `investigate_s`."""
    for name, row in look.site.matrix.items():
        if row.investigate_s:
            yield from _row(look, f"matrix.{name}.investigate_s", row)


def _row(look: Look, path: str, row: Row) -> Iterator[Problem]:
    if not 0 < row.investigate_s <= _INVESTIGATE_MAX_S:
        what = f"{row.investigate_s:g} s to investigate"
        yield Problem(path, what, f"above 0, at most {_INVESTIGATE_MAX_S:g} s")
    asked = {f"{zone}.{name}" for zone in look.site.zones for name in ("fire", "first-alarm")}
    for cause in row.when:
        if cause not in asked:
            what = f"{cause!r} does not wait for whoever investigates"
            yield Problem(path, what, "delay rows whose causes are a zone's fire or first-alarm alone")
    for name in row.then:
        output = look.site.outputs.get(name)
        if output is not None and output.role not in _DELAYED:
            what = f"{name} ({output.role}) does not wait for whoever investigates"
            yield Problem(path, what, f"delay outputs of role {', '.join(_DELAYED)} alone")
