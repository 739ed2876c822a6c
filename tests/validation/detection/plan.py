"""What is run for the report, in which number, in which order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from tests.validation.detection import failures, nuisance, pieces, recorded
from tests.validation.detection.calm_drills import CALM, drill_calm
from tests.validation.detection.store import JUDGES, PLANT, Piece, carry_out

YEAR_WEEKS = 365.25 / 7.0
SIM = ("sim_hardware",)
FORESTS_SEE = 8
LITTLE = 0.05


@dataclass(frozen=True, slots=True)
class Size:
    """How much is run. `courses` of a class are played, `episodes` of them watched, with other heads and noise each time."""

    failures: int
    others: int
    chunk: int
    courses: int
    episodes: int
    at_once: int
    fault_seeds: int
    weeks: int
    week_days: float
    battery_years: float
    server_years: float
    cell_years: float
    quiet_rooms: int
    kept: int
    drill_s: float
    calm_s: float
    """Drills in which nothing burns last for so long at most (a cycle of the quiet day is 6 h)."""
    recordings: int | None = None
    """The last so many recordings of normal life; None: all."""
    pairs: int | None = None
    scenarios: int | None = None
    """The first so many pairs of classes, and scenarios; None: all."""


FULL = Size(
    failures=1000, others=50, chunk=125, courses=1000, episodes=3000, at_once=128, fault_seeds=30, weeks=12, week_days=7.0,
    battery_years=150.0, server_years=40.0, cell_years=155.0, quiet_rooms=512, kept=4, drill_s=900.0, calm_s=21_600.0,
)  # fmt: skip
"""Every head type lives 300 detector-years and more: a battery room has two of each but its cells, which live on in rooms of their own."""
QUICK = Size(
    failures=2, others=1, chunk=2, courses=2, episodes=4, at_once=8, fault_seeds=1, weeks=1, week_days=0.2,
    battery_years=0.0005, server_years=0.0005, cell_years=0.0005, quiet_rooms=4, kept=1, drill_s=360.0, calm_s=60.0,
    recordings=1, pairs=2, scenarios=2,
)  # fmt: skip


def part_of(share: float) -> Size:
    """The full form with a share of its runs (0 to 1), for a machine that has other things to do; `LITTLE` or less: of the pairs too.

    Above `LITTLE` quiet life stays whole, for its bound is worth its exposure, and pieces are those of the full form, which goes on from there.
    """

    def some(count: int, least: int) -> int:
        return max(least, round(share * count))

    little = share <= LITTLE
    quiet = share if little else 1.0
    return replace(
        FULL, failures=some(FULL.failures, 12), others=some(FULL.others, 1), chunk=some(FULL.chunk, 12) if little else FULL.chunk,
        courses=some(FULL.courses, 8), episodes=some(FULL.episodes, 16), fault_seeds=some(FULL.fault_seeds, 1),
        weeks=some(FULL.weeks, 2) if little else FULL.weeks, week_days=1.0 if little else 7.0,
        battery_years=quiet * FULL.battery_years, server_years=quiet * FULL.server_years, cell_years=quiet * FULL.cell_years,
        pairs=some(83, 8) if little else None,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """All pieces by part; those of a nuisance class or pair, a kind of failure or a scenario by name."""

    library: Mapping[str, Sequence[Piece]]
    weeks: Mapping[int, Sequence[Piece]]
    alone: Mapping[str, Piece]
    pairs: Mapping[tuple[str, str], Piece]
    faults: Sequence[Piece]
    failures: Mapping[str, Sequence[Piece]]
    scenarios: Mapping[str, Piece]
    calm_drills: Mapping[str, Piece]
    quiet: Mapping[int, Sequence[Piece]]
    calm: Piece
    recordings: Mapping[str, Piece]
    drill: Piece

    @property
    def first(self) -> list[Piece]:
        """What others are made of."""
        return [*chain(*self.library.values()), *chain(*self.weeks.values())]

    @property
    def rest(self) -> list[Piece]:
        """All others; the longest kinds first."""
        return [
            *chain(*self.failures.values()), *self.scenarios.values(), *self.calm_drills.values(), *self.alone.values(), *self.faults,
            *self.recordings.values(),
            self.drill, self.calm, *self.pairs.values(), *chain(*self.quiet.values()),
        ]  # fmt: skip


def plan(size: Size, data: Path, folder: Path) -> Plan:
    """The pieces of a run of a size; what they make lies in `folder`. Raises FileNotFoundError without recordings."""
    library = {kind: _library(kind, size) for kind in nuisance.CLASSES}
    places = {kind: tuple(piece.place(folder) for piece in some) for kind, some in library.items()}
    weeks = {
        room: [
            Piece("weeks", f"{room}-{k}", pieces.play_week, (room, k, size.week_days), PLANT) for k in range(size.weeks)
        ]
        for room in (0, 1)
    }
    week_places = {room: tuple(piece.place(folder) for piece in some) for room, some in weeks.items()}
    names = recorded.names(data)[-(size.recordings or 0) :]
    return Plan(
        library=library,
        weeks=weeks,
        alone={
            k: Piece("alone", k, pieces.nuisances_alone, (k, places[k], size.episodes, size.at_once, size.kept))
            for k in nuisance.CLASSES
        },
        pairs={
            (a, b): Piece(
                "pairs",
                f"{a}+{b}",
                pieces.nuisances_in_pairs,
                (a, b, (places[a], places[b]), size.episodes, size.at_once),
            )
            for a, b in nuisance.pairs()[: size.pairs]
        },
        faults=[Piece("faults", str(room), pieces.single_faults, (room, size.fault_seeds)) for room in (0, 1)],
        failures={
            kind: _failures(kind, size.failures if kind in failures.KINDS else size.others, size)
            for kind in (*failures.KINDS, failures.NAIL)
        },
        scenarios={
            name: Piece("scenarios", name, pieces.fail_scenario, (name, size.others)) for name in failures.library()
        },
        calm_drills={
            name: Piece("calm-drills", name, drill_calm, (name, size.others, size.calm_s), (*SIM, *JUDGES))
            for name in CALM[: size.scenarios]
        },
        quiet={
            0: _quiet(0, size.battery_years, size, week_places[0]),
            1: _quiet(1, size.server_years, size, week_places[1]),
            2: _quiet(2, size.cell_years, size, week_places[0]),
        },
        calm=Piece("calm", "0", pieces.calm_peers, (week_places[0], min(1.0, size.battery_years))),
        recordings={name: Piece("recordings", name, recorded.judge_recording, (data, name), JUDGES) for name in names},
        drill=Piece("drill", "pangyo-2022", pieces.drill, ("pangyo-2022", size.drill_s), (*SIM, *JUDGES)),
    )


def _library(kind: str, size: Size) -> list[Piece]:
    step = max(size.chunk, size.courses // 8)
    starts = range(0, size.courses, step)
    return [
        Piece("library", f"{kind}-{at}", pieces.play_library, (kind, at, min(at + step, size.courses)), PLANT)
        for at in starts
    ]


def _failures(kind: str, count: int, size: Size) -> list[Piece]:
    starts = range(0, count, size.chunk)
    return [
        Piece(
            "failures",
            f"{kind.replace(' ', '-')}-{at}",
            pieces.fail,
            (kind, at, min(at + size.chunk, count), _kept(at, size)),
        )
        for at in starts
    ]


def _kept(at: int, size: Size) -> int:
    """Rooms of a piece whose features are kept for the forests: of the first few pieces."""
    return min(2, size.kept) if at < FORESTS_SEE * size.chunk else 0


def _quiet(room: int, years: float, size: Size, places: tuple[Path, ...]) -> list[Piece]:
    """Stints of a week each, of many rooms side by side."""
    weeks = years * YEAR_WEEKS
    stints = max(1, round(weeks / size.quiet_rooms))
    each = weeks / stints / size.quiet_rooms
    return [
        Piece("quiet", f"{room}-{k}", pieces.quiet_weeks, (room, k, places, size.quiet_rooms, each))
        for k in range(stints)
    ]


def carry_out_plan(made: Plan, folder: Path, workers: int) -> None:
    """Everything, in its order. Goes on where a broken run has left off."""
    carry_out(made.first, folder, workers)
    carry_out(made.rest, folder, workers)
