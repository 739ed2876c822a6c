"""Episodes of ordinary life: the plant's own nuisance classes (`sim_hardware.scenarios.nuisances`), played one by one, or two at a time.

A pair is two episodes of the library in one room, the second begun at some moment of the first; what they do to the air and the cells adds
up (`field`), faults and people come from both. What the two would do to each other through ventilation is left out.
"""

import math
import zlib
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from controller.core.commands import Disable, Enable
from sim_hardware.faults.spec import FaultSpec
from sim_hardware.scenarios.episode import Item
from sim_hardware.scenarios.model import Act, Cycle, Initiation, Input, Outage
from sim_hardware.scenarios.nuisances import NUISANCES, draw, zones_for
from tests.validation.detection.field import Course, Part
from tests.validation.detection.play import play, script_site
from tests.validation.detection.rooms import ROOM, RoomKind, battery_room, server_room

CLASSES = tuple(NUISANCES)
HELD_OUT = ("forklift-exhaust", "hvac-failure", "steam-leak", "lightning")
"""Whole classes on which nothing is tuned."""
CELLS = 8
BATTERY, SERVER = battery_room(CELLS), server_room()
LEAD_S = 60.0
"""Quiet at the begin of each played episode."""
WEATHER_S = 2.0 * 3600.0
"""Of a new weather so long is watched: it begins with a jump of the air outside."""
MEETING_S, LONGEST_PAIR_S = 3600.0, 4.0 * 3600.0
"""The second of a pair begins within so long after the first, and both are watched for so long at most."""
LONGEST_S = 24.0 * 3600.0
"""Longer episodes (drifts of days) are watched for so long, in one of their days."""
STEPS_S = (1.0, 2.0, 5.0, 10.0)
MOST_TICKS = 450
"""An episode is watched in the finest of `STEPS_S` that takes no more ticks than this, if one does."""
QUIET_TICKS = 60
"""Ticks of quiet life before the first episode, at least."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One played episode. `length_s` is how long it is watched, `off` are heads that a person took out of service."""

    kind: str
    seed: int
    part: Part
    length_s: float
    dt_s: float
    off: tuple[tuple[str, float, float], ...] = ()


def room_for(kind: str, seed: int) -> RoomKind:
    """Where the episode happens: battery and server rooms in turn, where a class knows both."""
    fitting = [room for room in (BATTERY, SERVER) if zones_for(kind, script_site(room))]
    return fitting[seed % len(fitting)]


def can_meet(one: str, other: str) -> bool:
    """Whether two classes can happen in one room."""
    return any(zones_for(one, script_site(r)) and zones_for(other, script_site(r)) for r in (BATTERY, SERVER))


def pairs() -> list[tuple[str, str]]:
    """All pairs of different classes that can happen in one room."""
    return [pair for pair in combinations(CLASSES, 2) if can_meet(*pair)]


def play_episode(kind: str, seed: int, room: RoomKind) -> Episode:
    """Draw and play the episode `seed` of a class in a room of a kind."""
    items = draw(kind, seed, script_site(room), ROOM, LEAD_S)
    busy_s, tail_s = _lasts_s(kind, items)
    length_s = min(LEAD_S + busy_s + tail_s, LONGEST_S)
    dt_s = next((step for step in STEPS_S if length_s / step <= MOST_TICKS), STEPS_S[-1])
    faults = tuple(_within(item, length_s, seed) for item in items if isinstance(item, FaultSpec))
    in_air = tuple(item for item in items if not isinstance(item, FaultSpec | Act))
    fine_until_s = LEAD_S + min(busy_s, LEAD_S) if in_air else 0.0
    played = play(
        room, in_air, seed=seed, length_s=length_s if in_air else 2.0 * dt_s, dt_s=dt_s, fine_until_s=fine_until_s,
        calm_s=max(2.0, dt_s),
    )  # fmt: skip
    return Episode(kind, seed, Part(played.truth, dt_s, 0.0, faults), length_s, dt_s, _off(items))


def _lasts_s(kind: str, items: tuple[Item, ...]) -> tuple[float, float]:
    """How long an episode lasts from its begin, and how long it is watched after its end."""
    if kind == "ambient-swing":
        return WEATHER_S, 0.0
    ends = [0.0]
    for item in items:
        match item:
            case Initiation():
                ends.append(item.at_s + item.duration_s)
            case Outage() | FaultSpec():
                ends.append(item.until_s)
            case Input():
                ends.append(item.at_s)
            case Cycle():
                ends.append(item.at_s + item.every_s)
            case _:
                pass
    busy_s = max(ends) - LEAD_S
    return busy_s, min(900.0, max(300.0, 0.25 * busy_s))


def _within(fault: FaultSpec, length_s: float, seed: int) -> FaultSpec:
    """A fault longer than what is watched began some time ago: one of its days is seen."""
    lasts_s = fault.until_s - fault.at_s
    ago_s = max(0.0, lasts_s - length_s) * float(np.random.default_rng([seed, 3]).uniform())
    if ago_s <= 0.0:
        return fault
    return FaultSpec(
        kind=fault.kind, target=fault.target, param=fault.param, at_s=-ago_s, until_s=fault.until_s - ago_s
    )


def _off(items: tuple[Item, ...]) -> tuple[tuple[str, float, float], ...]:
    """Heads that a fitter takes out of service, from when to when."""
    begins = {a.command.subject: a.after_s for a in items if isinstance(a, Act) and isinstance(a.command, Disable)}
    ends = {a.command.subject: a.after_s for a in items if isinstance(a, Act) and isinstance(a.command, Enable)}
    return tuple((head, at_s, ends.get(head, math.inf)) for head, at_s in begins.items())


def alone(episode: Episode) -> tuple[Course, float]:
    """A room in which one episode happens after a while of quiet, and how long it is watched."""
    quiet_s = QUIET_TICKS * episode.dt_s
    return Course([_started(episode, quiet_s)], _shifted(episode, quiet_s)), quiet_s + episode.length_s


def together(one: Episode, other: Episode, place: int) -> tuple[Course, float]:
    """A room in which both happen, the second begun at a moment of the first that `place` draws; and how long that is watched."""
    rng = np.random.default_rng([place, zlib.crc32(f"{one.kind}+{other.kind}".encode())])
    quiet_s = QUIET_TICKS * max(one.dt_s, other.dt_s)
    after_s = quiet_s + float(rng.uniform(0.0, min(one.length_s, MEETING_S)))
    off = (*_shifted(one, quiet_s), *_shifted(other, after_s))
    length_s = min(max(quiet_s + one.length_s, after_s + other.length_s), LONGEST_PAIR_S)
    return Course([_started(one, quiet_s), _started(other, after_s)], off), length_s


def _shifted(episode: Episode, by_s: float) -> tuple[tuple[str, float, float], ...]:
    return tuple((head, a + by_s, b + by_s) for head, a, b in episode.off)


def _started(episode: Episode, at_s: float) -> Part:
    part = episode.part
    return Part(part.truth, part.dt_s, at_s, part.faults)
