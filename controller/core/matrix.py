"""Cause and effect: which conditions drive which outputs. Then the interlocks, which no row can overrule."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from controller.core.layout import Layout, OutputLayout
from controller.core.state import NEVER, NO_EXHAUST, ZoneState
from controller.site.conditions import RACK, SITE, ZONE
from controller.site.model import Role

ZONE_CONDITIONS, RACK_CONDITIONS, SITE_CONDITIONS = tuple(ZONE), tuple(RACK), tuple(SITE)
"""Names of the conditions, in the order of the condition vector."""


@dataclass(frozen=True, slots=True)
class CompiledRow:
    """A row by index into the condition vector and the outputs."""

    when: tuple[int, ...]
    unless: tuple[int, ...]
    then: tuple[int, ...]
    delay_ms: int


@dataclass(frozen=True, slots=True)
class CompiledMatrix:
    """All rows, and where each condition lies in the vector."""

    rows: tuple[CompiledRow, ...]
    place: dict[str, int]


def condition_names(layout: Layout) -> tuple[str, ...]:
    """Full names of the condition vector: zones, then racks, then the site."""
    zones = [f"{zone}.{name}" for zone in layout.zones for name in ZONE_CONDITIONS]
    owners = zip(layout.racks, layout.rack_zone, strict=True)
    racks = [f"{layout.zones[zone]}.{rack}.{name}" for rack, zone in owners for name in RACK_CONDITIONS]
    return (*zones, *racks, *(f"site.{name}" for name in SITE_CONDITIONS))


def compile_matrix(layout: Layout) -> CompiledMatrix:
    """Resolve the rows of the site. Raises KeyError for a row that the checker would have refused."""
    place = {name: index for index, name in enumerate(condition_names(layout))}
    output = {o.name: o.index for o in layout.outputs}
    rows = tuple(
        CompiledRow(
            tuple(place[name] for name in row.when),
            tuple(place[name] for name in row.unless),
            tuple(output[name] for name in row.then),
            round(row.delay_s * 1000),
        )
        for row in layout.site.matrix.values()
    )
    return CompiledMatrix(rows, place)


def driven(
    matrix: CompiledMatrix,
    conditions: Sequence[bool],
    row_since_ms: list[int],
    tick_ms: int,
    reached: Callable[[int], bool],
    n_outputs: int,
) -> list[bool]:
    """Which outputs the rows drive. `row_since_ms` (in and out) remembers since when each row's causes hold; `reached` asks the draft."""
    result = [False] * n_outputs
    for index, row in enumerate(matrix.rows):
        if not any(conditions[c] for c in row.when) or any(conditions[c] for c in row.unless):
            row_since_ms[index] = NEVER
            continue
        if row_since_ms[index] == NEVER:
            row_since_ms[index] = tick_ms
        if reached(row_since_ms[index] + row.delay_ms):
            for output in row.then:
                result[output] = True
    return result


def may_exhaust(zone: ZoneState) -> bool:
    """Rule 6: never from release on, nor beside agent that came by another hand, nor once exhaust has had its turn before a release."""
    return zone.stage not in NO_EXHAUST and not zone.strayed and zone.purged_ms == NEVER


def interlock(output: OutputLayout, zone: ZoneState, zone_conditions: Sequence[bool], rack_may_cool: bool) -> bool:
    """Whether an output may be driven at all, whatever the rows say.

    Agent only on the release machine's word (rules 3 to 5); exhaust never beside agent (rule 6); coolant only on a rack that is proven
    or vouched isolated (rule 7).
    """
    role = output.output.role
    if role is Role.AGENT:
        return zone_conditions[ZONE_CONDITIONS.index("release")]
    if role is Role.AGENT_RESERVE:
        return zone_conditions[ZONE_CONDITIONS.index("release-reserve")]
    if role is Role.EXHAUST:
        return may_exhaust(zone)
    if role is Role.COOLANT:
        return rack_may_cool
    return True
