"""Cause and effect: rows that can never be true, unknown causes, and outputs that one condition alone may drive."""

import math
from collections.abc import Callable, Iterator
from difflib import get_close_matches

from controller.site.conditions import RACK, SITE, ZONE, Condition, Need
from controller.site.look import Look
from controller.site.model import PHYSICS, Family, Output, Physics, Release, Role, Row, Zone
from controller.site.problem import Problem

ALONE: dict[Role, tuple[str, str]] = {
    Role.AGENT: ("release", "agent goes by the release machine alone (rules 3 to 5)"),
    Role.AGENT_RESERVE: ("release-reserve", "the reserve bank goes by a person alone (rule 8)"),
    Role.AGENT_EXTENDED: ("release-extended", "the extended discharge follows a proven one alone (rule 8)"),
    Role.SELECTOR: ("selected", "agent goes into one room at a time"),
    Role.EXHAUST: ("exhaust", "exhaust against agent is settled by the arbiter (rule 6)"),
    Role.COOLANT: ("cool", "water comes after isolation of its rack (rule 7)"),
    Role.CURTAIN: ("curtain", "a curtain comes down when nobody is under it"),
}
"""Roles that one condition of their own zone (coolant: of their own rack) may drive, and why."""

_ROOM = "the agent must stay in the room"
_PEOPLE = "people are warned by it (rule 13)"
_ISOLATION = "isolation and cooling are not stopped by a row (rules 4 and 7)"
_TIGHT = dict.fromkeys((Role.DAMPER, Role.HVAC_STOP), _ROOM) | {Role.RELIEF: "the room would burst"}
"""Roles that a room needs when its agent comes; elsewhere rows are free to drive them late."""
PLAINLY_DRIVEN: dict[Role, str] = {role: why for role, (_, why) in ALONE.items()} | {
    Role.BREAKER: _ISOLATION,
    Role.CHARGER_STOP: _ISOLATION,
    Role.PUMP: _ISOLATION,
    Role.WATER_BARRIER: _ISOLATION,
    Role.SOUNDER: _PEOPLE,
    Role.FIRE_RELAY: _PEOPLE,
    Role.FAULT_RELAY: _PEOPLE,
}
"""Roles that one row at least drives whenever its cause is there, and why; in a room with agent `_TIGHT` too."""
NOT_HELD_BACK = PLAINLY_DRIVEN | {
    Role.BEACON: _PEOPLE,
    Role.DOOR_HOLDER: _PEOPLE,
    Role.HVAC_STOP: _ROOM,
    Role.RELIEF: _TIGHT[Role.RELIEF],
}
"""Roles that no row may hold back, or end by the clock, and why; dampers of a release neither."""


def matrix(look: Look) -> Iterator[Problem]:
    """Problems of every row, and outputs without a row."""
    for name, row in look.site.matrix.items():
        path = f"matrix.{name}"
        for field, causes in (("when", row.when), ("unless", row.unless)):
            for cause in causes:
                yield from cause_problem(look, f"{path}.{field}", cause)
        yield from _row(path, row)
        if row.at != "always" and look.site.site.night is None:
            yield Problem(f"{path}.at", "the site has no night", "state it in [site]: night, from and to")
        for output in row.then:
            if output in look.site.outputs:
                yield from _alone(look.site.outputs[output], output, path, row)
                yield from _held_back(look, output, path, row)
    yield from _outputs(look)


def _outputs(look: Look) -> Iterator[Problem]:
    """Outputs that no row drives, or none without a condition of its own."""
    driven = {output for row in look.site.matrix.values() for output in row.then}
    plainly = {output for row in look.site.matrix.values() if is_plain(row) for output in row.then}
    for name, output in look.site.outputs.items():
        if name not in driven:
            remedy = "add it to `then` of a row, or take it out"
            yield Problem(f"outputs.{name}", "no row of the matrix drives it", remedy)
        elif name not in plainly and (why := _of(look, output, PLAINLY_DRIVEN)):
            what = f"every row that drives it may be silent: {why}"
            yield Problem(
                f"outputs.{name}", what, "drive it by a row without unless, votes, delay_s, investigate_s, for_s and at"
            )


def _row(path: str, row: Row) -> Iterator[Problem]:
    if not row.when or not row.then:
        yield Problem(path, "a row without cause or effect", "fill `when` and `then`")
    elif set(row.when) <= set(row.unless):
        yield Problem(path, "unreachable row: all of `when` stands in `unless`", "take it out of one of the two")
    for field, value in (("delay_s", row.delay_s), ("for_s", row.for_s)):
        if not 0 <= value < math.inf:
            yield Problem(f"{path}.{field}", f"a time of {value:g} s", "state 0 or more")
    if not 1 <= row.votes <= max(len(row.when), 1):
        remedy = f"state 1 to {len(row.when)}, the number of its causes"
        yield Problem(f"{path}.votes", f"{row.votes} of {len(row.when)} causes", remedy)
    if len(set(row.when)) < len(row.when):
        yield Problem(f"{path}.when", "a cause that comes twice would count as two votes", "name each cause once")
    if row.latch and row.for_s:
        yield Problem(f"{path}.for_s", "a latched row does not end by itself", "take out latch or for_s")


def _alone(output: Output, name: str, path: str, row: Row) -> Iterator[Problem]:
    if output.role not in ALONE:
        return
    condition, why = ALONE[output.role]
    place = f"{output.zone}.{output.rack}" if output.role is Role.COOLANT else output.zone
    allowed = f"{place}.{condition}"
    others = [cause for cause in row.when if cause != allowed]
    if others:
        yield Problem(
            f"{path}.when", f"{others[0]} may not drive {name}: {why}", f"drive it by {allowed!r} in a row of its own"
        )
    if output.role in {Role.AGENT, Role.AGENT_RESERVE, Role.AGENT_EXTENDED} and (row.latch or not is_plain(row)):
        remedy = "take out unless, votes, delay_s, investigate_s, for_s, latch and at; set pre_warning_s"
        yield Problem(path, f"a delay or exception in front of {name}: {why}", remedy)


def _held_back(look: Look, name: str, path: str, row: Row) -> Iterator[Problem]:
    """A row that holds back, or ends by the clock, what must not be."""
    output = look.site.outputs[name]
    why = _of(look, output, NOT_HELD_BACK)
    if why and (row.to == "normal" or row.for_s):
        what = f"{name} ({output.role}) is never held back or ended by a row: {why}"
        yield Problem(f"{path}.{'to' if row.to == 'normal' else 'for_s'}", what, "take it out of `then`")


def _of(look: Look, output: Output, roles: dict[Role, str]) -> str:
    """Why an output is one of the roles, counting what a room with agent needs closed or open; empty: it is none."""
    zone = look.site.zones.get(output.zone)
    if zone is not None and zone.release is not None:
        roles = roles | _TIGHT
    return roles.get(output.role, "")


def is_plain(row: Row) -> bool:
    """Whether a row drives whenever one of its causes is there."""
    waits = row.delay_s or row.investigate_s
    return not (row.unless or waits or row.for_s) and row.votes <= 1 and row.at == "always" and row.to == "active"


def cause_problem(look: Look, path: str, cause: str) -> Iterator[Problem]:
    """What is wrong with one cause, if anything."""
    parts = cause.split(".")
    zone = look.site.zones.get(parts[0])
    if parts[0] == "site" and len(parts) == 2:  # noqa: PLR2004 site.condition
        yield from _known(path, cause, parts[-1], SITE)
    elif zone is None or len(parts) not in {2, 3}:
        remedy = f"write zone.condition, zone.rack.condition or site.condition; zones: {', '.join(look.site.zones)}"
        yield Problem(path, f"{cause!r} names no zone", remedy)
    elif len(parts) == 3 and parts[1] not in zone.racks:  # noqa: PLR2004 zone.rack.condition
        yield Problem(path, f"{cause!r} names no rack of zone {parts[0]}", f"racks: {', '.join(zone.racks) or 'none'}")
    else:
        rack = parts[1] if len(parts) == 3 else ""  # noqa: PLR2004 zone.rack.condition
        table = RACK if rack else ZONE
        yield from _known(path, cause, parts[-1], table)
        if parts[-1] in table:
            yield from _reachable(look, path, cause, (parts[0], rack), table[parts[-1]])


def _known(path: str, cause: str, name: str, table: dict[str, Condition]) -> Iterator[Problem]:
    if name not in table:
        close = get_close_matches(name, table, 1)
        remedy = f"write {close[0]!r} if you mean that" if close else f"use one of {', '.join(table)}"
        yield Problem(path, f"{cause!r} names no condition", remedy)


def _reachable(look: Look, path: str, cause: str, place: tuple[str, str], condition: Condition) -> Iterator[Problem]:
    for need in condition.needs:
        if not _has(look, need, *place):
            missing = need.removeprefix("a ").removeprefix("an ")
            what = f"unreachable row: {cause!r} can never be true, there is no {missing}"
            yield Problem(path, what, "add what is missing, or take the cause out")


_OF_RELEASE: dict[Need, Callable[[Release], object]] = {
    Need.RELEASE: lambda release: release.output,
    Need.RESERVE: lambda release: release.reserve_output,
    Need.EXTENDED: lambda release: release.extended_output,
    Need.SELECTOR: lambda release: release.selector,
    Need.EXTRACT: lambda release: release.extract_s,
}
"""What of a zone's release a condition needs."""


def _has(look: Look, need: Need, name: str, rack: str) -> bool:
    zone = look.site.zones[name]
    heads = look.fire_heads(name)
    if need in _OF_RELEASE:
        return zone.release is not None and bool(_OF_RELEASE[need](zone.release))
    match need:
        case Need.DETECTION:
            return bool(heads or look.heads(name, Family.CALL_POINT))
        case Need.GAS:
            return any(PHYSICS[head.family] is Physics.GAS for head in heads.values())
        case Need.DOOR:
            return bool(look.heads(name, Family.DOOR))
        case Need.ROUTING:
            return bool(look.heads(name, Family.ROUTING_ACKNOWLEDGED))
        case Need.RACK_EVIDENCE:
            return any(head.rack == rack for head in heads.values())
        case Need.RACK_CELLS:
            near = _near(zone, rack)
            return any(h.rack in near for h in look.heads(name, Family.CELL_TEMPERATURE).values())
    return zone.cooling is not None


def _near(zone: Zone, rack: str) -> tuple[str, ...]:
    place = zone.racks.index(rack)
    reach = zone.cooling.neighbours if zone.cooling else 0
    return zone.racks[max(0, place - reach) : place + reach + 1]
