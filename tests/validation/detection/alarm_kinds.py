"""Alarms of single heads in nuisances, told apart by what was really there, and what they come to in a year."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from controller.site.model import Physics
from tests.validation.chapter import Row
from tests.validation.detection.bounds import weighted_rate
from tests.validation.detection.nuisance import BATTERY, SERVER
from tests.validation.detection.results import ALARM, Arrays, Results
from tests.validation.detection.rooms import lay_out_rooms

ALARMS_PER_YEAR = 0.01
PER_YEAR = {
    "charge-cycle": 52.0, "ambient-swing": 26.0, "door-openings": 1000.0, "hvac-failure": 1.0, "generator-co": 12.0, "forklift-exhaust": 12.0,
    "solvent-spray": 12.0, "spray-can": 4.0, "steam-leak": 0.2, "soldering": 4.0, "sensor-drift": 1.0, "lightning": 2.0, "maintenance": 4.0,
    "cable-pull": 4.0,
}  # fmt: skip
"""Episodes of each class in a year of a room where it can happen (all assumed)."""
ROOM_KINDS = (BATTERY, SERVER)
Hits = npt.NDArray[np.bool_]
"""[episode] or [episode, head]."""
Strata = list[tuple[float, int]]
"""Of one head: what one hit of a class or pair counts in a year, and how many there were."""


@dataclass(frozen=True, slots=True)
class AlarmKind:
    """A column of the table. `pooled`: meetings of two classes count as episodes of both."""

    title: str
    hits: Callable[[Arrays, int], Hits]
    pooled: bool = False


def _false(found: Arrays, room: int) -> Hits:
    return np.asarray(found[f"seen_{room}"][:, ALARM] & ~found[f"there_{room}"])


def _there(found: Arrays, room: int, *, gas: bool) -> Hits:
    is_gas = np.array([head.physics is Physics.GAS for head in lay_out_rooms(ROOM_KINDS[room], 1).heads])
    return np.asarray(found[f"seen_{room}"][:, ALARM] & found[f"there_{room}"] & (is_gas == gas))


def _any(found: Arrays, room: int) -> Hits:
    return np.asarray(found[f"seen_{room}"][:, ALARM])


FALSE = AlarmKind("(a) false: what the head tells of is not there", _false, pooled=True)
UNWANTED = AlarmKind("(b) unwanted fire alarm over what is there", partial(_there, gas=False))
GAS_THERE = AlarmKind("(c) gas alarm over gas that is there", partial(_there, gas=True))
ANY = AlarmKind("all of them", _any)
KINDS = (FALSE, UNWANTED, GAS_THERE, ANY)

TEXT = """
Alarms of single heads, told apart: (a) the head's own truth (its place in the room, without noise, drift, cross-sensitivity and faults)
never came to its alarm less its hysteresis, or to its rate of rise, before it alarmed; (b) it did, and what is there is no fire: dust and
flux in the beam, heat from a ceiling that an engine or a failed air conditioning warms: a fire alarm that nobody wants, and that rule 3
keeps from releasing alone; (c) it did, and it is gas: a gas head alarms over gas that is there, isolates and ventilates, and raises no fire
alarm (rule 2). The target of 0.01 a detector-year is one for (a); its strict reading, any alarm whatever the cause, is a row of its own.
Rates are those of the worst head of each type, by the assumed episodes a year. The 95 % bound holds for all classes together, those without
a hit included: the gamma interval of Fay and Feuer (Statistics in Medicine 16, 1997), 3.00 times the largest (episodes a year / episodes
watched) where nothing was seen at all. For (a) a meeting of two classes counts as an episode of both, and its hits against both: two at
once alarm no less than one. (b) and (c) are from classes alone."""


def strata(results: Results, room: int, kind: AlarmKind) -> list[Strata]:
    """For each head of a kind of room, all classes (and pairs, where they count) with what a hit is worth."""
    met = {pair: _in_room(found, room) for pair, found in results.pairs.items()} if kind.pooled else {}
    alone = {name: _in_room(found, room) for name, found in results.alone.items()}
    lived = {
        name: len(found["room"]) + sum(len(f["room"]) for p, f in met.items() if name in p)
        for name, found in alone.items()
    }
    worth = {name: PER_YEAR[name] / count for name, count in lived.items() if count}
    found_in = [(worth[name], found) for name, found in alone.items() if len(found["room"])]
    found_in += [(worth[a] + worth[b], found) for (a, b), found in met.items() if len(found["room"])]
    hits = [(weight, kind.hits(found, room).sum(axis=0).tolist()) for weight, found in found_in]
    heads = len(lay_out_rooms(ROOM_KINDS[room], 1).heads)
    return [[(weight, int(counts[head])) for weight, counts in hits] for head in range(heads)]


def _in_room(found: Arrays, room: int) -> Arrays:
    """The episodes of a kind of room."""
    mine = found["room"] == room
    names = ("room", "zone", f"seen_{room}", f"there_{room}")
    return {name: found[name][mine] for name in names}


def worst_by_type(results: Results, room: int, kind: AlarmKind) -> Mapping[str, tuple[float, float]]:
    """By head type the rate that was seen and its bound, of the head with the highest bound."""
    found: dict[str, tuple[float, float]] = {}
    for head, some in zip(lay_out_rooms(ROOM_KINDS[room], 1).heads, strata(results, room, kind), strict=True):
        rate, family = weighted_rate(some), head.head.family.value
        found[family] = max(found.get(family, (0.0, 0.0)), rate, key=lambda pair: (pair[1], pair[0]))
    return found


def head_lines(results: Results) -> Iterator[str]:
    """The table."""
    yield TEXT
    yield ""
    yield f"| room | head type | {' | '.join(f'{kind.title}, a detector-year (seen, bound)' for kind in KINDS)} |"
    yield f"|---|---|{'---|' * len(KINDS)}"
    for room, where in enumerate(ROOM_KINDS):
        by_kind = [worst_by_type(results, room, kind) for kind in KINDS]
        for family in by_kind[0]:
            cells = " | ".join(told(found[family]) for found in by_kind)
            yield f"| {where.name.split(',')[0]} room | {family} | {cells} |"


def room_lines(results: Results) -> Iterator[str]:
    """What rooms would hear in a year, by what their heads say together."""
    yield "What a room's heads say together, by the assumed episodes a year (sum over classes of episodes times share, and its joint bound):"
    yield ""
    yield "| room | advisories a room-year | pre-alarms | fire alarms |"
    yield "|---|---|---|---|"
    for room, kind in enumerate(ROOM_KINDS):
        some = {name: _in_room(found, room) for name, found in results.alone.items()}
        said = [
            [(PER_YEAR[k] / len(f["room"]), int(f["zone"][:, level].sum())) for k, f in some.items() if len(f["room"])]
            for level in range(3)
        ]
        yield f"| {kind.name.split(',')[0]} room | {' | '.join(told(weighted_rate(level)) for level in said)} |"


def told(rate: tuple[float, float]) -> str:
    """A rate and its bound."""
    return f"{rate[0]:.2g}, <= {rate[1]:.2g}"


def head_rows(results: Results) -> Iterator[Row]:
    """The target of false alarms, and its strict reading."""
    for room, where in enumerate(ROOM_KINDS):
        for kind, words in ((FALSE, "false alarms"), (ANY, "strict reading: alarms over anything, there or not,")):
            found = worst_by_type(results, room, kind)
            family, rate = max(found.items(), key=lambda item: item[1][1])
            above = sum(bound > ALARMS_PER_YEAR for _, bound in found.values())
            what = f"{words} per detector-year with nuisances at the assumed rates, {where.name.split(',')[0]} room, 95 % bound"
            seen = f"worst {family}: {rate[1]:.2g} (seen {rate[0]:.2g}); {above} of {len(found)} head types above"
            yield Row(what, f"<= {ALARMS_PER_YEAR}", seen, rate[1] <= ALARMS_PER_YEAR)
