"""Cause and effect: which conditions drive which outputs. Then the interlocks, which no row can overrule."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from controller.core.layout import Layout, OutputLayout
from controller.core.state import NEVER, NO_EXHAUST, Stage, ZoneState
from controller.site.conditions import RACK, SITE, ZONE
from controller.site.model import Role, Row

ZONE_CONDITIONS, RACK_CONDITIONS, SITE_CONDITIONS = tuple(ZONE), tuple(RACK), tuple(SITE)
"""Names of the conditions, in the order of the condition vector."""


@dataclass(frozen=True, slots=True)
class CompiledRow:
    """A row by index into the condition vector and the outputs; `zones` are those whose reset lets go of what it latched."""

    when: tuple[int, ...]
    unless: tuple[int, ...]
    then: tuple[int, ...]
    row: Row
    zones: frozenset[int]
    asks: tuple[tuple[int, int], ...]
    """With `investigate_s`: its causes with their zones."""
    delay_ms: int
    investigate_ms: int
    for_ms: int


@dataclass(frozen=True, slots=True)
class CompiledMatrix:
    """All rows."""

    rows: tuple[CompiledRow, ...]
    delayed: frozenset[int]
    """Zones whose delays an operator may switch on: rows with `investigate_s` ask for them."""


def condition_names(layout: Layout) -> tuple[str, ...]:
    """Full names of the condition vector: zones, then racks, then the site."""
    zones = [f"{zone}.{name}" for zone in layout.zones for name in ZONE_CONDITIONS]
    owned = [f"{layout.zones[layout.rack_zone[index]]}.{rack}" for index, rack in enumerate(layout.racks)]
    racks = [f"{rack}.{name}" for rack in owned for name in RACK_CONDITIONS]
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
            row,
            _zones(layout, row),
            _asks(layout, row, place) if row.investigate_s else (),
            round(row.delay_s * 1000),
            round(row.investigate_s * 1000),
            round(row.for_s * 1000),
        )
        for row in layout.site.matrix.values()
    )
    return CompiledMatrix(rows, frozenset(zone for row in rows for _, zone in row.asks))


def _asks(layout: Layout, row: Row, place: dict[str, int]) -> tuple[tuple[int, int], ...]:
    return tuple((place[cause], layout.zones.index(cause.partition(".")[0])) for cause in row.when)


def _zones(layout: Layout, row: Row) -> frozenset[int]:
    """The zones that the causes of a row name; those of the whole site are every zone's."""
    named = {cause.partition(".")[0] for cause in row.when}
    return frozenset(index for index, zone in enumerate(layout.zones) if zone in named or "site" in named)


class Moment(NamedTuple):
    """When the rows are asked: `reached` is the draft's, `unlatched` are the zones just reset, `undelayed` those without delays now."""

    tick_ms: int
    reached: Callable[[int], bool]
    night: bool
    unlatched: frozenset[int]
    undelayed: frozenset[int] = frozenset()


class RowTimes(NamedTuple):
    """Since when each row's causes hold (NEVER: they do not), and by row since when one with `investigate_s` drives. Both in and out."""

    since_ms: list[int]
    drove_ms: dict[int, int]


def driven(
    matrix: CompiledMatrix, conditions: Sequence[bool], times: RowTimes, moment: Moment, n_outputs: int
) -> list[bool | None]:
    """Which outputs the rows drive (True), hold back (False), or say nothing of (None)."""
    said: list[tuple[int, bool] | None] = [None] * n_outputs
    for index, row in enumerate(matrix.rows):
        since_ms = times.since_ms[index] = _since(index, row, conditions, times, moment)
        if since_ms == NEVER:
            times.drove_ms.pop(index, None)
            continue
        begins_ms = _begins(index, row, conditions, times, moment)
        if row.investigate_ms:
            _remember(index, begins_ms, times.drove_ms, moment)
        if _drives(row, begins_ms, moment):
            word = row.row.priority, row.row.to == "active"
            for output in row.then:
                said[output] = max(said[output] or word, word)
    return [None if word is None else word[1] for word in said]


def _since(index: int, row: CompiledRow, conditions: Sequence[bool], times: RowTimes, moment: Moment) -> int:
    """Since when the row holds, by its causes or because it has latched; NEVER: it does not."""
    since_ms = times.since_ms[index]
    in_its_time = row.row.at == "always" or (row.row.at == "night") == moment.night
    causes = in_its_time and sum(conditions[c] for c in row.when) >= row.row.votes
    may_stay = row.row.latch and since_ms != NEVER and row.zones.isdisjoint(moment.unlatched)
    if any(conditions[c] for c in row.unless) or not (
        causes or (may_stay and moment.reached(_begins(index, row, conditions, times, moment)))
    ):
        return NEVER
    return moment.tick_ms if since_ms == NEVER else since_ms


def _begins(index: int, row: CompiledRow, conditions: Sequence[bool], times: RowTimes, moment: Moment) -> int:
    """When a row that holds begins to drive. One that drives goes on whatever becomes of delays: no output goes off again for them."""
    return times.drove_ms.get(index, times.since_ms[index] + _delay_ms(row, conditions, moment))


def _remember(index: int, begins_ms: int, drove_ms: dict[int, int], moment: Moment) -> None:
    """That a row whose delay may change has begun to drive, for as long as it holds."""
    if index not in drove_ms and moment.reached(begins_ms):
        drove_ms[index] = moment.tick_ms


def _delay_ms(row: CompiledRow, conditions: Sequence[bool], moment: Moment) -> int:
    """Before the row drives: its own delay, and the time to investigate while the delays of all zones that ask now count."""
    if not row.investigate_ms or any(conditions[cause] and zone in moment.undelayed for cause, zone in row.asks):
        return row.delay_ms
    return row.delay_ms + row.investigate_ms


def _drives(row: CompiledRow, begins_ms: int, moment: Moment) -> bool:
    if not moment.reached(begins_ms):
        return False
    return row.for_ms == 0 or not moment.reached(begins_ms + row.for_ms)


def may_exhaust(zone: ZoneState) -> bool:
    """Rule 6: never from release on, nor beside agent that came by another hand, nor once exhaust has had its turn before a release.

    After the hold time the extract alone.
    """
    if zone.strayed:
        return False
    if zone.extract_due_ms != NEVER:
        return zone.stage is Stage.DISCHARGED
    return zone.stage not in NO_EXHAUST and zone.purged_ms == NEVER


def interlock(output: OutputLayout, zone: ZoneState, zone_conditions: Sequence[bool], rack_may_cool: bool) -> bool:
    """Whether an output may be driven at all, whatever the rows say.

    Agent only on the release machine's word (rules 3 to 5); a selector only where the pipe is its room's; exhaust never beside agent
    (rule 6); coolant only on a rack that is proven or vouched isolated (rule 7).
    """
    role = output.output.role
    if role is Role.AGENT:
        return zone_conditions[ZONE_CONDITIONS.index("release")]
    if role is Role.AGENT_RESERVE:
        return zone_conditions[ZONE_CONDITIONS.index("release-reserve")]
    if role is Role.AGENT_EXTENDED:
        return zone_conditions[ZONE_CONDITIONS.index("release-extended")]
    if role is Role.SELECTOR:
        return zone.selected
    if role is Role.EXHAUST:
        return may_exhaust(zone)
    if role is Role.COOLANT:
        return rack_may_cool
    return True
