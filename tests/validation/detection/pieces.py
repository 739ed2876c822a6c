"""The pieces of the detection report: played nuisances, nuisances alone and in pairs, failures, scenarios, faults, quiet years."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from controller.core.events import Level
from controller.site.loader import load as load_site
from sim_hardware.drill.virtual import run_virtual
from sim_hardware.faults.kinds import FAULTS, Reach
from sim_hardware.faults.spec import FaultSpec
from sim_hardware.report.figures import figures
from sim_hardware.scenarios import loader
from sim_hardware.scenarios.episode import Item
from sim_hardware.scenarios.model import Ambient, Cycle, Load
from tests.validation.detection import failures, nuisance, store
from tests.validation.detection.field import Course, Field, Part, point_of
from tests.validation.detection.nuisance import BATTERY, SERVER, Episode
from tests.validation.detection.peers import GRID, Peers
from tests.validation.detection.play import play
from tests.validation.detection.rooms import (
    BMS,
    ROOM,
    RoomKind,
    Rooms,
    battery_room,
    cells_alone,
    head_names,
    lay_out_rooms,
)
from tests.validation.detection.truths import Truths
from tests.validation.detection.watch import LEVELS, Seen, run

ROOM_KINDS = (BATTERY, SERVER)
QUIET_KINDS = (BATTERY, SERVER, cells_alone(BATTERY))
"""Rooms that live quietly. The last one has nothing but cells, of which a room has one head a family and the other types two."""
SEED = 5
DAY_S, WEEK_S, QUIET_STEP_S = 86400.0, 7.0 * 86400.0, 10.0
MEANS_DEGC = (-2.0, 5.0, 13.0, 19.0, 25.0, 28.0)
"""Monthly means of a year in Seoul, rounded (assumed)."""


# --- nuisances ------------------------------------------------------------------------------------------------------------


def play_library(kind: str, first: int, last: int) -> store.Arrays:
    """Episodes `first` to `last` of a class, played: their truths one behind the other, faults and people as text."""
    episodes = [nuisance.play_episode(kind, seed, nuisance.room_for(kind, seed)) for seed in range(first, last)]
    kinds = [ROOM_KINDS.index(nuisance.room_for(kind, seed)) for seed in range(first, last)]
    truths = [episode.part.truth for episode in episodes]
    return {
        "truth": np.concatenate([truth.ravel() for truth in truths]),
        "rows": np.array([len(truth) for truth in truths]),
        "room": np.array(kinds),
        "dt_s": np.array([episode.dt_s for episode in episodes]),
        "length_s": np.array([episode.length_s for episode in episodes]),
        "faults": np.array([msgspec.json.encode([_plain(f) for f in e.part.faults]).decode() for e in episodes]),
        "off": np.array([msgspec.json.encode([_open_end(off) for off in e.off]).decode() for e in episodes]),
    }


def _plain(fault: FaultSpec) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(fault).items() if value not in {None, math.inf}}


def _open_end(off: tuple[str, float, float]) -> tuple[str, float, float]:
    return off[0], off[1], min(off[2], 1e12)


def read_library(kind: str, places: Sequence[Path]) -> list[tuple[int, Episode]]:
    """The played episodes of a class, each with its kind of room (place in ROOM_KINDS)."""
    found: list[tuple[int, Episode]] = []
    for place in places:
        kept = store.load(place)
        at = 0
        for n in range(len(kept["rows"])):
            columns = ROOM_KINDS[int(kept["room"][n])].columns
            size = int(kept["rows"][n]) * columns
            truth = kept["truth"][at : at + size].reshape(-1, columns)
            at += size
            dt_s = float(kept["dt_s"][n])
            faults = msgspec.json.decode(str(kept["faults"][n]), type=tuple[FaultSpec, ...])
            off = msgspec.json.decode(str(kept["off"][n]), type=tuple[tuple[str, float, float], ...])
            part = Part(truth, dt_s, 0.0, faults)
            found.append((int(kept["room"][n]), Episode(kind, len(found), part, float(kept["length_s"][n]), dt_s, off)))
    return found


@dataclass(frozen=True, slots=True)
class Watched:
    """A course to be watched: which episode it is, in what kind of room, in which steps and for how long."""

    number: int
    room: int
    course: Course
    length_s: float
    dt_s: float


def batches(watched: Sequence[Watched], at_once: int) -> Iterator[list[Watched]]:
    """Those of one kind of room and step together, long ones with long ones."""
    alike: dict[tuple[int, float], list[Watched]] = defaultdict(list)
    for one in watched:
        alike[one.room, one.dt_s].append(one)
    for group in alike.values():
        group.sort(key=lambda one: one.length_s)
        for first in range(0, len(group), at_once):
            yield group[first : first + at_once]


def judge_nuisances(
    watched: Sequence[Watched], at_once: int, *, peers: bool, kept: int = 0
) -> dict[str, npt.NDArray[Any]]:
    """By episode: heads that reached each level `seen_ROOM[episode, level, head]`, release, hours; and with `peers` their best scores.

    `there_ROOM[episode, head]`: what a head's first alarm told of was really there (`truths`).
    """
    n = len(watched)
    heads = [len(lay_out_rooms(kind, 1).heads) for kind in ROOM_KINDS]
    found: dict[str, npt.NDArray[Any]] = {
        "room": np.array([one.room for one in watched]),
        "released": np.zeros(n, np.bool_),
        "zone": np.zeros((n, len(LEVELS)), np.bool_),
        "hours": np.array([one.length_s / 3600.0 for one in watched]),
        "best": np.zeros((len(GRID), n)),
        "feature": np.zeros((n, len(LEVELS)), np.uint8),
    }
    found |= {f"seen_{k}": np.zeros((n, len(LEVELS), heads[k]), np.bool_) for k in range(len(ROOM_KINDS))}
    found |= {f"there_{k}": np.zeros((n, heads[k]), np.bool_) for k in range(len(ROOM_KINDS))}
    pages, owners = [], []
    for batch in batches(watched, at_once):
        numbers = np.array([one.number for one in batch])
        seen, truths, judged = watch_batch(batch, peers=peers, kept=kept)
        happened = ~np.isnan(seen.first_s)
        found[f"seen_{batch[0].room}"][numbers] = happened.transpose(1, 0, 2)
        found[f"there_{batch[0].room}"][numbers] = truths.reached_s <= seen.first_s[Level.ALARM - 1]
        found["zone"][numbers] = ~np.isnan(seen.zone_first_s).T
        found["released"][numbers] = ~np.isnan(seen.released_s)
        for level in range(len(LEVELS)):
            first = np.argmin(np.where(happened[level], seen.first_s[level], np.inf), axis=1)
            found["feature"][numbers, level] = seen.feature[level][np.arange(len(batch)), first]
        if judged is not None:
            found["best"][:, numbers] = judged.best
            features = judged.scores().features
            if features.size:
                pages.append(features.reshape(-1, features.shape[-1]))
                owners.append(np.repeat(numbers[: len(features)], features.shape[1]))
    if pages:
        found["features"], found["owner"] = np.concatenate(pages), np.concatenate(owners)
    return found


def watch_batch(batch: Sequence[Watched], *, peers: bool, kept: int = 0) -> tuple[Seen, Truths, Peers | None]:
    """One batch through the detector, and through the others on the same images; and what was really there."""
    rooms, courses = lay_out_rooms(ROOM_KINDS[batch[0].room], len(batch)), [one.course for one in batch]
    length_s = max(one.length_s for one in batch)
    field = Field(rooms, courses, batch[0].dt_s, SEED + batch[0].number)
    judged, truths = Peers(rooms, field, length_s, kept) if peers else None, Truths(field)
    return run(field, courses, length_s, [truths, judged] if judged else [truths]), truths, judged


def _watch(
    rooms: Rooms, courses: Sequence[Course], length_s: float, dt_s: float, seed: int, *, peers: bool, kept: int = 0
) -> tuple[Seen, Peers | None]:
    field = Field(rooms, courses, dt_s, seed)
    judged = Peers(rooms, field, length_s, kept) if peers else None
    return run(field, courses, length_s, [judged] if judged else []), judged


def nuisances_alone(kind: str, places: Sequence[Path], episodes: int, at_once: int, kept: int) -> store.Arrays:
    """`episodes` episodes of a class, each alone in its room; where more are asked than were played, with other heads and noise."""
    library = read_library(kind, places)
    watched = []
    for number in range(episodes):
        room, episode = library[number % len(library)]
        course, length_s = nuisance.alone(episode)
        watched.append(Watched(number, room, course, length_s, episode.dt_s))
    return judge_nuisances(watched, at_once, peers=True, kept=kept)


def nuisances_in_pairs(
    one: str, other: str, places: tuple[Sequence[Path], Sequence[Path]], episodes: int, at_once: int
) -> store.Arrays:
    """`episodes` meetings of two classes."""
    libraries = [read_library(kind, some) for kind, some in zip((one, other), places, strict=True)]
    rng = np.random.default_rng([SEED, episodes, *map(ord, one + other)])
    fitting = [k for k in range(len(ROOM_KINDS)) if all(any(r == k for r, _ in library) for library in libraries)]
    watched = []
    for number in range(episodes):
        room = fitting[number % len(fitting)]
        first, second = ([e for r, e in library if r == room] for library in libraries)
        a, b = first[int(rng.integers(len(first)))], second[int(rng.integers(len(second)))]
        course, length_s = nuisance.together(a, b, number)
        watched.append(Watched(number, room, course, length_s, max(a.dt_s, b.dt_s)))
    found = judge_nuisances(watched, at_once, peers=False)
    del found["best"]
    return found


# --- failures -------------------------------------------------------------------------------------------------------------


def fail(kind: str, first: int, last: int, kept: int) -> store.Arrays:
    """Failures `first` to `last` of a kind, and when who saw them."""
    played = [failures.play_failure(failures.draw_failure(kind, seed)) for seed in range(first, last)]
    return _judge_failures(played, {bms: battery_room(failures.CELLS, bms) for bms in BMS}, kept)


def fail_scenario(name: str, seeds: int) -> store.Arrays:
    """A scenario of the library with `seeds` seeds."""
    kind, scenario = failures.library()[name]
    played = [failures.play_scenario(kind, scenario, seed) for seed in range(1, seeds + 1)]
    return _judge_failures(played, dict.fromkeys(BMS, kind), 0)


def _judge_failures(played: Sequence[failures.Played], kinds: dict[Any, RoomKind], kept: int) -> store.Arrays:
    n = len(played)
    levels = len(LEVELS)
    names = ("bms", "gas", "smoke", "heat", "climate")
    found: dict[str, npt.NDArray[Any]] = {
        "first_s": np.full((n, levels, len(names)), np.nan),
        "zone_s": np.full((n, levels), np.nan),
        "zone_early": np.zeros((n, levels), np.bool_),
        "early": np.zeros((n, levels, len(names)), np.bool_),
        "runaway_seen_s": np.full(n, np.nan),
        "released_s": np.full(n, np.nan),
        "feature": np.zeros((n, levels), np.uint8),
        "onset_s": np.array([one.onset_s for one in played]),
        "vent_s": np.array([one.vent_s for one in played]),
        "runaway_s": np.array([one.runaway_s for one in played]),
        "gas_s": np.array([one.gas_s for one in played]),
        "reported": np.array([one.failure.is_reported for one in played]),
        "severity": np.array([one.failure.severity for one in played]),
        "soc": np.array([one.failure.soc for one in played]),
        "chemistry": np.array([one.failure.chemistry for one in played]),
        "bms": np.array([BMS.index(one.failure.bms) for one in played]),
        "ohm": np.array([one.failure.figures.get("ohm", math.nan) for one in played]),
    }
    found |= {f"crossed_{k}": np.full((n, grid.size), np.nan, np.float32) for k, grid in enumerate(GRID)}
    pages, owners, ticks = [], [], []
    for bms in BMS:
        mine = [number for number, one in enumerate(played) if one.failure.bms is bms]
        if not mine:
            continue
        courses = [played[number].course for number in mine]
        length_s = max(len(course.parts[0].truth) for course in courses) * failures.DT_S
        rooms = lay_out_rooms(kinds[bms], len(mine))
        seen, peers = _watch(rooms, courses, length_s, failures.DT_S, SEED + mine[0], peers=True, kept=kept)
        assert peers is not None
        for place, number in enumerate(mine):
            _note(found, number, place, seen, rooms, names, played[number].onset_s)
        scores = peers.scores()
        for k in range(len(GRID)):
            found[f"crossed_{k}"][mine] = scores.crossed_s[k]
        if kept:
            few, many = scores.features.shape[:2]
            pages.append(scores.features.reshape(few * many, -1))
            owners.append(np.repeat(mine[:few], many))
            ticks.append(np.tile(np.arange(many), few))
    if kept:
        found |= {"features": np.concatenate(pages), "owner": np.concatenate(owners), "tick": np.concatenate(ticks)}
    return found


def _note(
    found: dict[str, npt.NDArray[Any]], number: int, place: int, seen: Seen, rooms: Rooms, names: Sequence[str], onset_s: float,
) -> None:  # fmt: skip
    """Times of one failure by level and physics; what was said before it began counts as `early`, not as found."""
    physics = [head.physics.value for head in rooms.heads]
    for level in range(len(LEVELS)):
        times_s = seen.first_s[level, place]
        together_s = seen.zone_first_s[level, place]
        found["zone_s"][number, level] = together_s if together_s >= onset_s else math.nan
        found["zone_early"][number, level] = together_s < onset_s
        for k, name in enumerate(names):
            mine = [t for t, p in zip(times_s.tolist(), physics, strict=True) if p == name and t >= onset_s]
            found["first_s"][number, level, k] = min(mine, default=math.nan)
            mine = [t for t, p in zip(times_s.tolist(), physics, strict=True) if p == name]
            found["early"][number, level, k] = any(t < onset_s for t in mine)
        if (times_s >= onset_s).any():
            first = int(np.nanargmin(np.where(times_s >= onset_s, times_s, np.nan)))
            found["feature"][number, level] = seen.feature[level, place, first]
    found["runaway_seen_s"][number] = seen.first_runaway_s[place]
    found["released_s"][number] = seen.released_s[place]


# --- single faults --------------------------------------------------------------------------------------------------------

FAULT_AT_S, FAULT_WATCHED_S = 300.0, 1500.0


def single_faults(room: int, seeds: int) -> store.Arrays:
    """Every head of a room with every fault of values, every device silent, the whole BMS lying; `seeds` times each, in quiet life."""
    kind = ROOM_KINDS[room]
    played = play(kind, [], seed=1, length_s=4.0, dt_s=1.0)
    quiet = played.truth[:1]
    specs = list(_every_fault(kind))
    watched = [
        Watched(number, room, Course([Part(quiet, 1.0, 0.0, (spec,))]), FAULT_WATCHED_S, 1.0)
        for number, spec in enumerate(spec for spec in specs for _ in range(seeds))
    ]
    found = judge_nuisances(watched, 128, peers=False)
    found["kind"] = np.array([f"{spec.kind}:{spec.target}" for spec in specs for _ in range(seeds)])
    return found


def _every_fault(kind: RoomKind) -> Iterator[FaultSpec]:
    values = [name for name, fault in FAULTS.items() if fault.reach is Reach.POINTS and name != "chatter"]
    rooms = lay_out_rooms(kind, 1)
    for block in kind.points:
        for head in head_names(block):
            target = f"{head}[{len(block.ops) // 2}]" if block.group > 0 else head
            _, family = point_of(rooms, target)
            for name in values:
                if name == "unit-swap" and family.value.partition("-")[2] not in {"temperature", "voltage"}:
                    continue
                yield FaultSpec(kind=name, target=target, at_s=FAULT_AT_S)
    for device in dict.fromkeys(block.device for block in kind.points):
        yield FaultSpec(kind="device-dead", target=device, at_s=FAULT_AT_S, until_s=FAULT_AT_S + 600.0)


# --- quiet life -----------------------------------------------------------------------------------------------------------


def play_week(room: int, number: int, days: float) -> store.Arrays:
    """A week (or so many days) of ordinary life in a room: weather of a season, every day a discharge and recharge where there are cells."""
    kind = ROOM_KINDS[room]
    rng = np.random.default_rng([SEED, room, number])
    mean_degc = MEANS_DEGC[number % len(MEANS_DEGC)]
    items: list[Item] = [
        Ambient(at_s=0.0, zone=ROOM, mean_degc=mean_degc, day_swing_k=4.0, weather_k=3.0, seed=int(rng.integers(2**31)))
    ]
    if kind.cells:
        amps, lasts_s = float(rng.uniform(13.0, 65.0)), float(rng.uniform(120.0, 900.0))
        items += [
            Load(at_s=0.0, zone=ROOM, current_a=1.0),
            Cycle(
                at_s=float(rng.uniform(3600.0, 43200.0)), zone=ROOM, every_s=86400.0, discharge_a=amps, discharge_s=lasts_s,
                rest_s=300.0, charge_a=float(rng.uniform(13.0, 32.5)), until_s=WEEK_S,
            ),
        ]  # fmt: skip
    step_s = QUIET_STEP_S if kind.cells else 2.0
    played = play(kind, items, seed=number, length_s=days * DAY_S, dt_s=60.0, calm_s=step_s)
    return {"truth": _closed(played.truth)}


def _closed(truth: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The week without its slow trend, so that it joins its own begin."""
    share = np.linspace(0.0, 1.0, len(truth), dtype=np.float32)[:, np.newaxis]
    closed: npt.NDArray[np.float32] = truth - share * (truth[-1] - truth[0])
    return closed


def quiet_weeks(room: int, number: int, places: Sequence[Path], rooms: int, weeks: float) -> store.Arrays:
    """`rooms` rooms live quietly for `weeks` weeks in one run of the detector: rises to each level by head, and releases."""
    kind = QUIET_KINDS[room]
    truths = [store.load(place)["truth"] for place in places]
    rng = np.random.default_rng([SEED, room, number, 1])
    courses = []
    for _ in range(rooms):
        truth = truths[int(rng.integers(len(truths)))]
        turned = np.roll(truth[:-1], -int(rng.integers(len(truth) - 1)), axis=0)
        times = math.ceil(weeks * WEEK_S / (60.0 * len(turned)))
        courses.append(Course([Part(np.tile(turned, (times, 1)), 60.0)]))
    laid = lay_out_rooms(kind, rooms)
    length_s = weeks * WEEK_S
    seen, _ = _watch(laid, courses, length_s, QUIET_STEP_S, SEED + 1000 * number + room, peers=False)
    return {
        "times": seen.times.sum(axis=1),
        "zone_times": seen.zone_times.sum(axis=1),
        "released": np.array(int((~np.isnan(seen.released_s)).sum())),
        "years": np.array(rooms * length_s / (365.25 * 86400.0)),
    }


def calm_peers(places: Sequence[Path], weeks: float) -> store.Arrays:
    """The best scores of the others in quiet weeks of battery rooms: below them no threshold of theirs can be set."""
    courses = [Course([Part(store.load(place)["truth"], 60.0)]) for place in places]
    rooms = lay_out_rooms(BATTERY, len(courses))
    _, judged = _watch(rooms, courses, weeks * WEEK_S, QUIET_STEP_S, SEED, peers=True)
    assert judged is not None
    return {"best": judged.best}


def drill(name: str, duration_s: float) -> store.Arrays:
    """The figures of a drill of the library, in virtual time on its own site; NaN for one that never came about."""
    scenario = loader.load(name)
    site = load_site(loader.site_path(scenario))
    found = figures(run_virtual(site, scenario, scenario.seed, duration_s))
    return {key: np.array(math.nan if value is None else float(value)) for key, value in found.items()}
