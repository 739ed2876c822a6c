"""Chapter: time to runaway as the detector foresees it, against the plant's own runaway of the cell. It needs no recordings."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt

from controller.core.detect import runaway_time as rt
from controller.core.detect.codes import GOOD
from controller.core.detect.runaway_bank import RunawayBank
from sim_hardware.physics.arrays import Bools, Floats
from tests.validation.chapter import Chapter, Row, of_kind
from tests.validation.graph import Graph, Series
from tests.validation.runaway_runs import Case, Course, Kind, Sensing, run

LAST_S = 300.0
"""The minutes that are judged."""
BANDS_S = ((0.0, 30.0), (30.0, 60.0), (60.0, 120.0), (120.0, 180.0), (180.0, 300.0), (300.0, 900.0))
COVERED = (0.70, 0.90)
NOTHING = 1e-3
"""Share of answers in quiet life that is none."""
POWERS: dict[str, dict[Kind, tuple[float, ...]]] = {
    "tuned": {
        "short": (350, 500, 750, 1040, 1500), "heater": (120, 200, 350, 600, 1000), "oven": (20, 40, 80, 160),
        "overcharge": (33, 65, 130),
    },
    "reported": {
        "short": (420, 600, 900, 1250), "heater": (150, 270, 450, 800), "oven": (30, 60, 110), "overcharge": (48, 95),
    },
}  # fmt: skip
AMBIENTS_DEGC = {"tuned": (15.0, 30.0), "reported": (22.0, 38.0)}
CONTACTS = {"tuned": (4e-3, 0.1), "reported": (4e-3, 0.02, 0.1)}
SEEDS = {"tuned": (0, 2), "reported": (1, 3)}
"""No power, ambient or seed of the tuned part is among the reported ones, nor is one contact of three."""
UNTUNED = ("nmc", "lfp", "one-step", "lco-lim1tr")
SENSINGS = {
    "0.1 K, 1 s": Sensing(),
    "0.1 K, 1 s, noise 0.1 K": Sensing(noise_k=0.1),
    "0.1 K, 1 s, lag 5 s": Sensing(lag_s=5.0),
    "1 K, 10 s": Sensing(resolution_k=1.0, period_s=10),
}
COARSE = "1 K, 10 s"


def cases(part: str, chemistry: str) -> list[Case]:
    """The abuses of a part."""
    return [
        Case(kind, power, chemistry, ambient, contact, seed=seed)
        for kind, powers in POWERS[part].items()
        for power, ambient, contact, seed in product(powers, AMBIENTS_DEGC[part], CONTACTS[part], SEEDS[part])
    ]


@dataclass(frozen=True, slots=True)
class Watched:
    """Second by second what one kind of BMS and the estimator made of runs: `left_s` (s, runs) to the runaway of the first cell (NaN:
    it did not, or is over) and `answer` (s, runs, 3) as the kernel gives it; `seen` (s, runs) where there was a sample."""

    left_s: Floats
    answer: npt.NDArray[np.float32]
    seen: Bools

    def within(self, low_s: float, high_s: float) -> Bools:
        """Samples so long before runaway."""
        return self.seen & (self.left_s > low_s) & (self.left_s <= high_s)

    @property
    def answered(self) -> Bools:
        """Samples with an answer."""
        return ~np.isnan(self.answer[:, :, 0])


def watch(courses: Sequence[Course], how: Sensing, step_k: float) -> Watched:
    """The first cell of every course, side by side through the kernel."""
    n, longest = len(courses), max(course.temp_degc.shape[0] for course in courses)
    value, left = np.full((longest, n), np.nan), np.full((longest, n), np.nan)
    for k, course in enumerate(courses):
        at_s, seen = how.see(course.temp_degc[:, course.first], k)
        rows = at_s.astype(int) - 1
        value[rows, k] = seen
        left[:, k] = course.runaway_s[course.first] - np.arange(1.0, longest + 1.0)
    left[left <= 0.0] = np.nan
    places, no_rack = np.arange(n, dtype=np.int32), np.full(n, -1, np.int32)
    bank = RunawayBank.of(places, no_rack, np.full(n, step_k, np.float32), 0)
    fresh, quality = ~np.isnan(value), np.full(n, GOOD, np.uint8)
    answers, sample = np.full((longest, n, 3), np.nan, np.float32), np.zeros(n, np.int64)
    shown = np.zeros(n)
    for s in range(longest):
        sample += fresh[s]
        shown[fresh[s]] = value[s, fresh[s]]
        bank.take(shown, quality, sample, np.full(n, 1000 * (s + 1)))
        told = fresh[s] & (bank.hot > 0)
        answers[s, told] = bank.answer[told]
    return Watched(left, answers, fresh)


@dataclass(frozen=True, slots=True)
class Score:
    """Of runs: with an answer in the span; share of its samples answered; share of runs covered; median width and error, s."""

    runs: int
    with_answer: int
    answered: float
    covered: float
    width_s: float
    error_s: float


def score(all_watched: Sequence[Watched], low_s: float = 0.0, high_s: float = LAST_S) -> Score:
    """Every run counts the same: of its answers in the span, the share whose interval holds the truth."""
    covered, widths, errors, answered, runs = [], [], [], [], 0
    for watched in all_watched:
        within = watched.within(low_s, high_s)
        told = within & watched.answered
        seconds, low, high = np.moveaxis(watched.answer, 2, 0)
        holds = (low <= watched.left_s) & (watched.left_s <= high)
        running = within.any(axis=0)
        runs += int(running.sum())
        answered.append(told.sum(axis=0)[running] / within.sum(axis=0)[running])
        some = told.any(axis=0)
        covered.append((told & holds).sum(axis=0)[some] / told.sum(axis=0)[some])
        widths.append((high - low)[told])
        errors.append(np.abs(seconds - watched.left_s)[told])
    ratios = np.concatenate(covered)
    if not ratios.size:
        return Score(runs, 0, 0.0, float("nan"), float("nan"), float("nan"))
    medians = [float(np.median(np.concatenate(some))) for some in (widths, errors)]
    return Score(runs, ratios.size, float(np.concatenate(answered).mean()), float(ratios.mean()), *medians)


ENDED: tuple[tuple[Kind, float, float, float], ...] = (
    ("heater", 300, 0.1, 330), ("heater", 200, 0.1, 480), ("heater", 450, 0.1, 210), ("oven", 60, 4e-3, 1500), ("oven", 110, 4e-3, 800),
    ("short", 420, 4e-3, np.inf), ("short", 900, 4e-3, np.inf),
)  # fmt: skip
CALM = [
    Case(kind, power, ambient_degc=ambient, contact_m2k_per_w=contact, until_s=until_s, stored=0.2)
    for kind, power, contact, until_s in ENDED
    for ambient in AMBIENTS_DEGC["reported"]
]
"""Heaters that stop at 90 to 120 degC, shorts that run empty: no cell runs away."""
GROWING = [Case("heater", 40.0, "lco", ambient, 0.1, until_s=900.0, grows_s=400.0) for ambient in (22.0, 38.0)]
"""A heater whose power grows by e in 400 s, until the cell has some 130 degC: acceleration that is none of the cell's."""
LIFE = [Case("life", amps, "lco", ambient, soc=0.4) for amps in (20.0, 60.0) for ambient in (22.0, 38.0)]
LIFE_S = 24 * 3600
FINE = tuple(name for name in SENSINGS if name != COARSE)
MOST_IN_CALM = 0.05
LEAST_ANSWERED, MOST_WIDTH_S, MOST_ERROR_S = 0.25, 240.0, 60.0
"""What is asked of the answers beside their coverage (our own wishes)."""


@dataclass(frozen=True, slots=True)
class Part:
    """Runs of one kind of cell that ended in runaway, as every BMS sees them."""

    name: str
    watched: dict[str, Watched]

    @property
    def fine(self) -> list[Watched]:
        """Those with 0.1 K and 1 s."""
        return [self.watched[name] for name in FINE]


def part(name: str, some: Sequence[Case]) -> Part:
    """Run the cases, and keep those that run away."""
    ran = [course for course in map(run, some) if np.isfinite(course.runaway_s).any()]
    steps = {how: rt.COARSE_STEP_K if how == COARSE else rt.STEP_K for how in SENSINGS}
    return Part(name, {how: watch(ran, SENSINGS[how], step_k) for how, step_k in steps.items()})


def answered_share(some: Sequence[Case], longest_s: int = 3 * 3600, over_degc: float = -np.inf) -> float:
    """Share of samples (of those of a true temperature over that) with an answer. Raises ValueError if a cell runs away after all."""
    courses = [run(case, longest_s) for case in some]
    if any(np.isfinite(course.runaway_s).any() for course in courses):
        raise ValueError("a cell runs away where none should: choose weaker cases")
    hot = np.column_stack([course.temp_degc[:, course.first] > over_degc for course in courses])
    views = [watch(courses, SENSINGS[how], rt.STEP_K) for how in FINE]
    return float(np.mean([watched.answered[watched.seen & hot].mean() for watched in views]))


def covered_row(what: str, found: Score) -> Row:
    """Whether the interval covers as often as it promises."""
    met = COVERED[0] <= found.covered <= COVERED[1]
    seen = (
        f"{found.covered:.0%} of {found.with_answer} runs (of {found.runs}); {found.answered:.0%} of the samples answered, "
        f"median width {found.width_s:.0f} s, median error {found.error_s:.0f} s"
    )
    return Row(
        f"{what}: 80 % interval covers the truth in the last 5 min", "70 to 90 % of the runs", seen, met, "self-check"
    )


def quality_rows(found: Score) -> Iterator[Row]:
    """How much the answers are worth on LCO."""
    yield Row(
        "LCO: samples of the last 5 min with an answer",
        f"at least {LEAST_ANSWERED:.0%}",
        f"{found.answered:.0%}",
        found.answered >= LEAST_ANSWERED,
    )
    yield Row(
        "LCO: median width of the interval",
        f"at most {MOST_WIDTH_S:.0f} s",
        f"{found.width_s:.0f} s",
        found.width_s <= MOST_WIDTH_S,
    )
    yield Row(
        "LCO: median error", f"at most {MOST_ERROR_S:.0f} s", f"{found.error_s:.0f} s", found.error_s <= MOST_ERROR_S
    )


def calm_rows() -> Iterator[Row]:
    """How often it speaks where nothing runs away."""
    life = answered_share(LIFE, LIFE_S)
    yield Row(
        "quiet life, a day of charge and discharge: samples with an answer",
        "none (under 0.1 %)",
        f"{life:.3%}",
        life < NOTHING,
    )
    calm = answered_share(CALM)
    yield Row(
        "heaters and shorts that end without runaway: samples with an answer",
        f"at most {MOST_IN_CALM:.0%}",
        f"{calm:.1%}",
        calm <= MOST_IN_CALM,
    )


TEXT = """
The kernel `controller/core/detect/runaway_time.py` over single cells: one module of the battery room's stack, abused by an internal short, a
heater at one cell, heaters at all of them (oven) or an overcharge; its temperatures as four kinds of BMS show them ({sensings}). The truth is
the plant's own flag of runaway of the first cell, which the estimator never sees. Its numbers were tuned on LCO at the powers, ambients and
seeds of one part, and are held fixed; the rows show the other part ({reported} abuses of each kind that end in runaway or not), LCO with a
ceramic separator that holds to 260 °C (the plant's melts at 165 °C), and other chemistries. On these no number was tuned, but that there are
two scales, and the share of the time to the melting, were settled with half of their runs in sight. Runs weigh the same, however long
they answer. A thermistor burns at 200 °C: no NMC cell is answered in its last half minute.

Tuned part, LCO: {tuned}.

Coverage and error by the time that is left (0.1 K and 1 s, the three of them):

| left | {names} |
|---|{rule}|
{bands}

Coverage over the last 5 minutes by BMS:

| BMS | {names} |
|---|{rule}|
{by_bms}

What it cannot do: it knows one kind of acceleration. A heater whose power grows by e in 400 s up to 120 to 150 °C of the cell was taken for
self-heating in {growing:.0%} of the samples above 100 °C. Nor does it know the separator: where one fails early the interval is wide
(LCO), where none fails the cell goes on for longer than it says. Cells that burn because their neighbour does are hit within seconds and
get no countdown worth having.
"""


def chapter(data: Path) -> Chapter:
    """Tuned and reported part, other kinetics, and what happens where nothing does. It needs no recordings."""
    del data
    some = cases("reported", "lco")
    parts = [part("LCO", some), *(part(name, cases("reported", name)) for name in UNTUNED)]
    parts.append(part("LCO, ceramic", [replace(case, ceramic=True) for case in some]))
    found = score(parts[0].fine)
    rows = [covered_row(one.name, score(one.fine)) for one in parts]
    text = TEXT.format(
        sensings="; ".join(SENSINGS), reported=len(cases("reported", "lco")), tuned=_told(score(part("LCO", cases("tuned", "lco")).fine)),
        names=" | ".join(one.name for one in parts), rule="|".join("---" for _ in parts),
        bands="\n".join(_band(parts, low, high) for low, high in BANDS_S), by_bms="\n".join(_by_bms(parts)),
        growing=answered_share(GROWING, 3600, rt.MIN_DEGC),
    )  # fmt: skip
    quality = of_kind("self-check", [*quality_rows(found), *calm_rows()])
    return Chapter("Time to runaway", text, [*rows, *quality], {"runaway-time.svg": _plot(parts)})


def _told(found: Score) -> str:
    if not found.with_answer:
        return "no answer"
    return f"{found.covered:.0%} covered, {found.answered:.0%} answered, ± {found.error_s:.0f} s, width {found.width_s:.0f} s"


def _band(parts: Sequence[Part], low_s: float, high_s: float) -> str:
    told = " | ".join(_told(score(one.fine, low_s, high_s)) for one in parts)
    return f"| {low_s:.0f} to {high_s:.0f} s | {told} |"


def _by_bms(parts: Sequence[Part]) -> Iterator[str]:
    for how in SENSINGS:
        yield f"| {how} | " + " | ".join(_told(score([one.watched[how]])) for one in parts) + " |"


def _plot(parts: Sequence[Part]) -> str:
    """Median error by the time left, and for LCO the tenths on both sides."""
    edges = np.arange(0.0, LAST_S + 1.0, 15.0)
    lines = []
    for colour, one in zip((1, 2, 3, 4), parts[:4], strict=True):
        left, error = _errors(one)
        place = np.digitize(left, edges)
        some = [error[place == k] for k in range(1, edges.size)]
        for share in (0.1, 0.5, 0.9) if colour == 1 else (0.5,):
            y = np.array([np.quantile(errors, share) if errors.size else np.nan for errors in some])
            known = ~np.isnan(y)
            lines.append(Series(one.name, (edges[:-1] + 7.5)[known], y[known], colour))  # type: ignore[arg-type]
    title = "Error of the time to runaway: median; for LCO also the tenths"
    return Graph(title, "s before runaway", "s", lines, y_low=-200.0).svg()


def _errors(one: Part) -> tuple[Floats, Floats]:
    picked = [(watched, watched.within(0.0, LAST_S) & watched.answered) for watched in one.fine]
    left = np.concatenate([watched.left_s[told] for watched, told in picked])
    shown = np.concatenate([watched.answer[told][:, 0] for watched, told in picked])
    return left, shown - left
