"""What the pieces found, put together: lead times, false alarms, and the others' thresholds at the same budget of false alarms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.validation.detection import failures, forests, nuisance
from tests.validation.detection.peers import EVERY_S, GRID
from tests.validation.detection.plan import Plan
from tests.validation.detection.rooms import lay_out_rooms
from tests.validation.detection.store import gather

Arrays = dict[str, npt.NDArray[Any]]
Floats = npt.NDArray[np.float64]
ADVISORY, PRE_ALARM, ALARM = range(3)
PHYSICS = ("bms", "gas", "smoke", "heat", "climate")


def joined(pieces: Sequence[Arrays]) -> Arrays:
    """Arrays of pieces of one kind, one behind the other; what counts by room of a piece is left out."""
    names = [name for name in pieces[0] if name not in {"features", "owner", "tick"}]
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in names}


@dataclass(frozen=True, slots=True)
class Say:
    """A word of ours: a level, said by a head of some physics, or by the heads of a room together."""

    name: str
    level: int
    physics: Sequence[str] = PHYSICS
    together: bool = False

    def of_nuisance(self, found: Arrays) -> npt.NDArray[np.bool_]:
        """By episode, whether it was said."""
        if self.together:
            return np.asarray(found["zone"][:, self.level])
        said = np.zeros(len(found["room"]), np.bool_)
        for room, kind in enumerate((nuisance.BATTERY, nuisance.SERVER)):
            mine = [head.physics.value in self.physics for head in lay_out_rooms(kind, 1).heads]
            said |= found[f"seen_{room}"][:, self.level][:, mine].any(axis=1)
        return said

    def first_s(self, found: Arrays) -> Floats:
        """By failure, when it was said after the onset (infinite: never)."""
        if self.together:
            return np.where(np.isnan(found["zone_s"][:, self.level]), np.inf, found["zone_s"][:, self.level])
        return first_s(found, self.level, self.physics)

    def too_early(self, found: Arrays) -> npt.NDArray[np.bool_]:
        """By failure, whether it was said before there was one."""
        if self.together:
            return np.asarray(found["zone_early"][:, self.level])
        columns = [PHYSICS.index(name) for name in self.physics]
        return np.asarray(found["early"][:, self.level, columns].any(axis=1))


ANY_ADVISORY = Say("advisory of any head", ADVISORY)
ANY_PRE_ALARM = Say("pre-alarm of any head", PRE_ALARM)
ZONE_PRE_ALARM = Say("pre-alarm of the room, heads together", PRE_ALARM, together=True)
CELLS_ADVISORY = Say("advisory by cells alone", ADVISORY, ("bms",))
CELLS_PRE_ALARM = Say("pre-alarm by cells alone", PRE_ALARM, ("bms",))


@dataclass(frozen=True)
class Results:
    """All results of a plan, as they lie in its folder."""

    plan: Plan
    folder: Path

    @cached_property
    def failures(self) -> Mapping[str, Arrays]:
        """By kind."""
        return {kind: joined(gather(some, self.folder)) for kind, some in self.plan.failures.items()}

    @cached_property
    def scenarios(self) -> Mapping[str, Arrays]:
        """By name."""
        return {name: gather([piece], self.folder)[0] for name, piece in self.plan.scenarios.items()}

    @cached_property
    def calm_drills(self) -> Mapping[str, Arrays]:
        """Scenarios in which nothing burns, by name."""
        return {name: gather([piece], self.folder)[0] for name, piece in self.plan.calm_drills.items()}

    @cached_property
    def alone(self) -> Mapping[str, Arrays]:
        """Nuisances, by class."""
        return {kind: gather([piece], self.folder)[0] for kind, piece in self.plan.alone.items()}

    @cached_property
    def pairs(self) -> Mapping[tuple[str, str], Arrays]:
        """Meetings of two classes."""
        return {pair: gather([piece], self.folder)[0] for pair, piece in self.plan.pairs.items()}

    @cached_property
    def faults(self) -> Sequence[Arrays]:
        """Single faults, by kind of room."""
        return gather(self.plan.faults, self.folder)

    @cached_property
    def quiet(self) -> Mapping[int, Sequence[Arrays]]:
        """Quiet life, by kind of room."""
        return {room: gather(some, self.folder) for room, some in self.plan.quiet.items()}

    @cached_property
    def recordings(self) -> Mapping[str, Arrays]:
        """By name."""
        return {name: gather([piece], self.folder)[0] for name, piece in self.plan.recordings.items()}

    @cached_property
    def drill(self) -> Mapping[str, float]:
        """Figures of the drill."""
        return {name: float(value) for name, value in gather([self.plan.drill], self.folder)[0].items()}

    @cached_property
    def calm_best(self) -> Floats:
        """The others' best scores in quiet weeks, by method."""
        best: Floats = gather([self.plan.calm], self.folder)[0]["best"].max(axis=1)
        return best

    # --- the same budget ------------------------------------------------------------------------------------------------

    def called(self, say: Say, *, held_out: bool) -> tuple[int, int]:
        """Nuisance episodes in which ours said it, and all of them, of the tuning or of the held-out classes.

        The quiet beginnings of the failures count as episodes of the tuning classes: their tuning part, rooms without cooling among them.
        """
        mine = [a for kind, a in self.alone.items() if (kind in nuisance.HELD_OUT) == held_out]
        calls, of = sum(int(say.of_nuisance(a).sum()) for a in mine), sum(len(a["room"]) for a in mine)
        if not held_out:
            calls += sum(int(say.too_early(a).sum()) for a in self._beginnings)
            of += sum(len(a["onset_s"]) for a in self._beginnings)
        return calls, of

    @cached_property
    def _beginnings(self) -> Sequence[Arrays]:
        """The tuning part of all failures."""
        kinds = (self.failures[kind] for kind in failures.KINDS)
        return [{name: values[~a["reported"]] for name, values in a.items()} for a in kinds]

    def tuned(self, method: int, budget: int) -> int:
        """The lowest threshold (place in GRID) of a method with at most `budget` false calls of the tuning classes and none in quiet weeks."""
        for place, threshold in enumerate(GRID[method].tolist()):
            if self.false_calls(method, place, held_out=False)[0] <= budget and self.calm_best[method] < threshold:
                return place
        return len(GRID[method]) - 1

    def false_calls(self, method: int, place: int, *, held_out: bool) -> tuple[int, int]:
        """False alarms of a method at a threshold, and of how many episodes."""
        some = [a["best"][method] for kind, a in self.alone.items() if (kind in nuisance.HELD_OUT) == held_out]
        best = np.concatenate(some)
        calls, of = int((best >= GRID[method][place]).sum()), len(best)
        if not held_out:
            calls += sum(int((a[f"crossed_{method}"][:, place] < a["onset_s"]).sum()) for a in self._beginnings)
            of += sum(len(a["onset_s"]) for a in self._beginnings)
        return calls, of

    @cached_property
    def forest(self) -> Mapping[str, Floats]:
        """Delays of both forests on the failures that they saw (s; infinite: missed), `KIND:METHOD`, and their false calls, `budget:METHOD`.

        Empty where nothing was kept for them.
        """
        return _forests(self)


def spoke(found: Arrays, level: int) -> npt.NDArray[np.bool_]:
    """Whether any head of the room came to a level, by episode."""
    return np.asarray(found["seen_0"][:, level].any(axis=1) | found["seen_1"][:, level].any(axis=1))


def first_s(found: Arrays, level: int, physics: Sequence[str] = PHYSICS) -> Floats:
    """When heads of these physics first came to a level (s of the episode; infinite: never), by failure."""
    columns = [PHYSICS.index(name) for name in physics]
    times = found["first_s"][:, level, columns]
    earliest: Floats = np.where(np.isnan(times), np.inf, times).min(axis=1)
    return earliest


def crossed_s(found: Arrays, method: int, place: int) -> Floats:
    """When a method passed a threshold after the onset (infinite: never); what it said before does not count, for it was false."""
    times = found[f"crossed_{method}"][:, place].astype(np.float64)
    good = ~np.isnan(times) & (times >= found["onset_s"])
    kept: Floats = np.where(good, times, np.inf)
    return kept


def lead_s(found: Arrays, at_s: Floats) -> Floats:
    """From a sign to the runaway, of the failures that run away; minus infinity: missed before it."""
    ran = ~np.isnan(found["runaway_s"])
    lead: Floats = found["runaway_s"][ran] - at_s[ran]
    return lead


def quantile(values: Floats, share: float) -> float:
    """A quantile that infinite values stand in the order of."""
    ordered = np.sort(values)
    return float(ordered[min(len(ordered) - 1, int(share * len(ordered)))]) if len(ordered) else float("nan")


def _forests(results: Results) -> Mapping[str, Floats]:
    """Learn and score; thresholds so that on the tuning classes no more episodes are called than ours calls at pre-alarm, by share."""
    if not any("features" in found for found in results.alone.values()):
        return {}
    kinds = [k for k in results.plan.alone if k not in nuisance.HELD_OUT]
    tuning = [results.alone[kind] for kind in kinds]
    failed = [(kind, piece) for kind, some in results.plan.failures.items() for piece in gather(some, results.folder)]
    failed = [(kind, piece) for kind, piece in failed if "features" in piece]
    scored = forests.score_all(tuning, [piece for _, piece in failed])
    called, of = results.called(ANY_PRE_ALARM, held_out=False)
    found: dict[str, Floats] = {}
    for method in ("trees", "ecod"):
        best = _best_by_episode(scored, method, len(tuning))
        threshold = quantile(best, 1.0 - called / max(of, 1)) + 1e-9
        delays: dict[str, list[float]] = {kind: [] for kind in results.plan.failures}
        for number, (kind, piece) in enumerate(failed, start=len(tuning)):
            mine = scored["piece"] == number
            for owner in np.unique(scored["owner"][mine]).tolist():
                at = scored["tick"][mine & (scored["owner"] == owner) & (scored[method] > threshold)] * EVERY_S
                onset_s = float(piece["onset_s"][owner])
                late = at[at >= onset_s]
                delays[kind].append(float(late.min() - onset_s) if late.size else float("inf"))
        found |= {f"{kind}:{method}": np.array(some) for kind, some in delays.items()}
        found[f"budget:{method}"] = np.array([(best > threshold).sum(), len(best)])
    return found


def _best_by_episode(scored: Mapping[str, npt.NDArray[Any]], method: str, pieces: int) -> Floats:
    best = []
    for number in range(pieces):
        mine = scored["piece"] == number
        for owner in np.unique(scored["owner"][mine]).tolist():
            best.append(float(scored[method][mine & (scored["owner"] == owner)].max()))
    return np.array(best)


def reported(results: Results, kind: str) -> Arrays:
    """Failures of a kind, the reporting part of them."""
    found = results.failures[kind]
    return {name: values[found["reported"]] for name, values in found.items()}
