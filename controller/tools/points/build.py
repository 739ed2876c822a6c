"""Blocks and heads of a point list: points that lie side by side and are read alike become one block, lines of one head one head."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from controller.site.model import ANTIVALENT, Block, Head
from controller.site.problem import Problem
from controller.tools.points.contacts import Contact, active_of, pair_faults
from controller.tools.points.listing import Line

Numbered = tuple[int, Line]
Place = tuple[str, int]
"""A block's name and a place in it."""

_ALIKE = (
    "device",
    "table",
    "type",
    "order",
    "factor",
    "offset",
    "unit",
    "invalid",
    "period_s",
    "max_age_s",
    "writable",
)
"""What the points of one block have in common."""
_OF_HEAD = ("family", "zone", "rack", "group", "reference")


def build(lines: Sequence[Numbered]) -> tuple[dict[str, Block], dict[str, Head], list[Problem]]:
    """Blocks and heads by name, and the lines that stand against each other."""
    problems: list[Problem] = []
    blocks: dict[str, Block] = {}
    places: dict[int, Place] = {}
    for run in _runs(_once(lines, problems)):
        name = _free(_block_name(run), blocks)
        first = run[0][1]
        invalid = () if first.invalid is None else (first.invalid,)
        blocks[name] = Block(
            device=first.device, table=first.table, address=first.address, count=len(run), type=first.type, order=first.order,
            factor=first.factor, offset=first.offset, unit=first.unit, invalid=invalid, period_s=first.period_s,
            max_age_s=first.max_age_s, writable=first.writable,
        )  # fmt: skip
        places |= {number: (name, place) for place, (number, _) in enumerate(run)}
    heads = dict(_heads(lines, places, blocks, problems))
    return blocks, heads, problems


def _once(lines: Iterable[Numbered], problems: list[Problem]) -> list[Numbered]:
    """The lines by their place on the wire; one that lies on another is a problem."""
    kept: list[Numbered] = []
    for number, line in sorted(lines, key=lambda item: (item[1].device, item[1].table, item[1].address, item[0])):
        last_number, last = kept[-1] if kept else (0, None)
        same = last is not None and (last.device, last.table) == (line.device, line.table)
        if same and last is not None and line.address < last.address + last.type.registers:
            what = f"address {line.address} of {line.device} lies on that of line {last_number}"
            problems.append(
                Problem(f"line {number}, column address", what, "correct address or type of one of the two")
            )
        else:
            kept.append((number, line))
    return kept


def _runs(lines: Sequence[Numbered]) -> Iterator[list[Numbered]]:
    run: list[Numbered] = []
    for item in lines:
        if run and not _follows(run[-1][1], item[1]):
            yield run
            run = []
        run.append(item)
    if run:
        yield run


def _follows(line: Line, following: Line) -> bool:
    """Read alike, side by side, and of the same family, so that a block is one kind of thing for people as well."""
    alike = all(getattr(line, field) == getattr(following, field) for field in (*_ALIKE, "family"))
    return alike and following.address == line.address + line.type.registers


def _block_name(run: Sequence[Numbered]) -> str:
    first = run[0][1]
    return f"{first.device}-{first.family or first.table}"


def _free(name: str, taken: dict[str, Block]) -> str:
    number = 2
    free = name
    while free in taken:
        free = f"{name}-{number}"
        number += 1
    return free


def _heads(
    lines: Sequence[Numbered], places: dict[int, Place], blocks: dict[str, Block], problems: list[Problem]
) -> Iterator[tuple[str, Head]]:
    names = dict.fromkeys(line.head for _, line in lines if line.head)
    for name in names:
        members = [(number, line) for number, line in lines if line.head == name and number in places]
        if not members:
            continue
        number, first = members[0]
        for other_number, other in members[1:]:
            for field in (*_OF_HEAD, *(() if first.family in ANTIVALENT else ("active", "contact"))):
                if getattr(other, field) != getattr(first, field):
                    what = f"head {name} says {getattr(other, field)!r}, and {getattr(first, field)!r} in line {number}"
                    problems.append(Problem(f"line {other_number}, column {field}", what, "make the two the same"))
        if first.family is None or not first.zone:
            column = "zone" if first.family else "family"
            problems.append(Problem(f"line {number}, column {column}", f"head {name} has none", "fill it"))
            continue
        if first.family in ANTIVALENT:
            problems += pair_faults(name, members)
            members.sort(key=lambda item: item[1].contact is not Contact.NO)
        points = tuple(_references([places[number] for number, _ in members], blocks))
        yield name, Head(
            family=first.family, zone=first.zone, points=points, rack=first.rack, group=first.group, reference=first.reference,
            active=1 if first.family in ANTIVALENT else active_of(first),
        )  # fmt: skip


def _references(places: Sequence[Place], blocks: dict[str, Block]) -> Iterator[str]:
    """Point references of places in their order; neighbours are joined."""
    for _, members in groupby(enumerate(places), key=lambda item: (item[1][0], item[1][1] - item[0])):
        run = [place for _, place in members]
        block, first, last = run[0][0], run[0][1], run[-1][1]
        if len(run) == blocks[block].count:
            yield block
        else:
            yield f"{block}[{first}]" if first == last else f"{block}[{first}:{last + 1}]"
