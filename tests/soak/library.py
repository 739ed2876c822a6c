"""The whole library of scenarios in virtual time, each to its end: its criteria, the figures found, the plant time per second waited.

`python -m tests.soak library`, or `python -m tests.soak.library [NAME...]` for some of it. What the controller of today is known to miss
stands in `KNOWN` with its reason: a miss that does not stand there fails the step, and so does one that is no longer missed.
"""

import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context

from controller.site.loader import load as load_site
from sim_hardware.drill.virtual import run_virtual
from sim_hardware.report.figures import figures
from sim_hardware.report.judge import judge, with_standing
from sim_hardware.report.result import Check
from sim_hardware.scenarios import loader

LATE_HEAT = "its BMS is gone, so water waits for rule 3's second physics, and heat comes 265 s after the smoke; a person is asked before"
STEAM = "steam dims the server room beyond fire 1, a fork-lift heats the hall as fast as a fire: nothing lowers the site's thresholds"
SLOW_ROOM = "a room that warms as a whole, over an hour, is below every limit of a head's own, and nothing looks at the room's mean"
KNOWN: Mapping[tuple[str, str], str] = {
    ("nirs-daejeon-2025", "coolant_after_fire_s"): LATE_HEAT,
    ("cooling-loss", "hottest_at_sign_degc"): SLOW_ROOM,
    ("ordinary-day", "alarms"): STEAM,
}
"""(scenario, metric): why it is missed."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One scenario's run: its checks, the plant seconds it lasted, the wall seconds one waited, the journal's hash."""

    name: str
    checks: tuple[Check, ...]
    plant_s: float
    wall_s: float
    journal: str

    def wrong(self) -> tuple[str, ...]:
        """What is missed and not known to be, and what is known to be missed and is not."""
        missed = [c for c in self.checks if not c.passed and (self.name, c.metric) not in KNOWN]
        mended = [c for c in self.checks if c.passed and (self.name, c.metric) in KNOWN]
        return (
            *(f"{self.name}: {c.title}: {c.shown}, wanted {c.limit}" for c in missed),
            *(f"{self.name}: {c.title} is no longer missed: take it out of KNOWN" for c in mended),
        )


@dataclass(frozen=True, slots=True)
class Report:
    """All runs; printed, a table."""

    runs: tuple[Ran, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not any(run.wrong() for run in self.runs)

    def __str__(self) -> str:
        lines = ["| scenario | asked | found | limit | |", "|---|---|---|---|---|"]
        for run in self.runs:
            for c in run.checks:
                known = KNOWN.get((run.name, c.metric), "")
                verdict = "passed" if c.passed else f"missed: {known}" if known else "MISSED"
                lines.append(f"| {run.name} | {c.title} | {c.shown} | {c.limit} | {verdict} |")
        lines += [
            f"{run.name}: {run.plant_s:.0f} s of plant time in {run.wall_s:.0f} s, journal {run.journal}"
            for run in self.runs
        ]
        return "\n".join([*lines, *(text for run in self.runs for text in run.wrong())])


def run(names: Sequence[str] = ()) -> Report:
    """Run the scenarios `names` (all that are no tables, if empty) on two processes, with a line as each is done."""
    chosen = names or tuple(name for name in loader.names() if not loader.load(name).rows)
    done: dict[str, Ran] = {}
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(play, name) for name in chosen]):
            ran = future.result()
            done[ran.name] = ran
            verdict = "; ".join(ran.wrong()) or "as it should be"
            print(f"{len(done)} of {len(chosen)}: {ran.name} in {ran.wall_s:.0f} s: {verdict}", flush=True)
    return Report(tuple(done[name] for name in chosen))


def play(name: str) -> Ran:
    """One scenario to its end, without its comparisons."""
    scenario = loader.load(name)
    record = run_virtual(load_site(loader.site_path(scenario)), scenario, scenario.seed, scenario.duration_s)
    wanted = with_standing(scenario, record.site, record.zone)
    own = [criterion for criterion in wanted if "." not in criterion.metric]
    return Ran(name, judge(own, figures(record)), record.duration_s, record.wall_s, record.journal)


if __name__ == "__main__":
    report = run(sys.argv[1:])
    print(report)
    sys.exit(0 if report.passed else 1)
