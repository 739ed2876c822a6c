"""What `haechi-sim campaign` is asked for, and what that comes to: cases and seeds."""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from controller.site.loader import load as load_site
from sim_hardware.campaign.errors import CampaignError
from sim_hardware.campaign.local import cores
from sim_hardware.campaign.model import Case, Order, cases_of
from sim_hardware.campaign.tables import WRITERS
from sim_hardware.cli.wishes import add_coarse, check_coarse, check_folder, check_positive
from sim_hardware.scenarios import loader
from sim_hardware.scenarios.check import refuse
from sim_hardware.scenarios.model import MOST_SEED

AUTO = "auto"
TRIES = 3
SEEDS = "0:100"
OUT = Path("out/campaign")
MOST_RUNS = 10_000_000
"""A slip of the finger must not fill the memory."""

EPILOG = """
Seeds are numbers and ranges without their end, with commas: 0:1000 is 0 to 999; 7,20:25 is 7 and 20 to 24. A scenario with a table of
runs becomes one case a row. Comparisons (runs with fewer responses) are left out, and so are criteria about them.

A campaign can be ended (Ctrl-C) and called again with the same words: runs that are in FOLDER/results.ndjson are not done again, but those
that failed are. It refuses a folder whose runs were made by other code, libraries, sites or scenarios.

Exit code: 0 every run met every criterion, 1 some missed one or failed, 2 it cannot be, 130 ended by hand.
"""


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign that can be run. `workers` are processes here; with `scheduler` those of a cluster take their place."""

    cases: tuple[Case, ...]
    seeds: tuple[int, ...]
    workers: int
    scheduler: str
    out: Path
    format: str
    tries: int

    @property
    def orders(self) -> tuple[Order, ...]:
        """All runs: every case with a seed, then with the next."""
        return tuple(Order(case.name, seed) for seed in self.seeds for case in self.cases)


def parse(arguments: Sequence[str]) -> Campaign:
    """Read the command line. Raises CampaignError, ScenarioError, SiteError, FaultError or OSError for what cannot be."""
    said = _parser().parse_args(arguments)
    try:
        step_s = check_coarse(said.coarse)
        duration_s = None if said.duration is None else check_positive("--duration", said.duration)
    except ValueError as error:
        raise CampaignError(str(error)) from error
    cases = tuple(case for words in dict.fromkeys(said.scenario) for case in _cases(words, duration_s, step_s))
    twice = [name for name, count in Counter(case.name for case in cases).items() if count > 1]
    if twice:
        raise CampaignError(f"two cases are called {twice[0]}; remedy: give the scenarios names of their own")
    if said.tries < 1:
        raise CampaignError(f"--tries {said.tries}: a run is tried at least once; remedy: 1 or more")
    if said.scheduler and said.workers != AUTO:
        raise CampaignError("--workers and --scheduler: a cluster has its own workers; remedy: leave one out")
    seeds = parse_seeds(said.seeds)
    return Campaign(cases, seeds, _workers(said.workers), said.scheduler, _out(said.out), said.format, said.tries)


def parse_seeds(text: str) -> tuple[int, ...]:
    """The seeds of `FIRST:END,SEED,...`, each once, in their order. Raises CampaignError."""
    seeds: dict[int, None] = {}
    for part in text.split(","):
        first, colon, end = part.partition(":")
        try:
            begin = int(first)
            stop = int(end) if colon else begin + 1
        except ValueError as error:
            raise CampaignError(
                f"--seeds {text}: {part!r} is no seed; remedy: for example 0:1000, or 7,20:25"
            ) from error
        if not 0 <= begin < stop <= MOST_SEED + 1 or stop - begin + len(seeds) > MOST_RUNS:
            raise CampaignError(
                f"--seeds {text}: {part!r} is empty, below 0 or too many; remedy: from the first to one after the last, "
                f"{MOST_RUNS} at most, none above {MOST_SEED}"
            )
        seeds.update(dict.fromkeys(range(begin, stop)))
    return tuple(seeds)


def _cases(words: str, duration_s: float | None, step_s: float | None) -> tuple[Case, ...]:
    scenario = loader.load(words)
    if duration_s is not None:
        scenario = replace(scenario, duration_s=duration_s)
    site = load_site(loader.site_path(scenario, loader.find(words).parent))
    refuse(scenario, site)
    return cases_of(words, scenario, site, step_s)


def _out(folder: Path) -> Path:
    try:
        return check_folder("--out", folder)
    except ValueError as error:
        raise CampaignError(str(error)) from error


def _workers(text: str) -> int:
    if text == AUTO:
        return cores()
    if not text.isdecimal() or int(text) < 1:
        raise CampaignError(f"--workers {text}: not understood; remedy: a number from 1, or {AUTO}")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="haechi-sim campaign",
        description="Many drills in virtual time, each scenario with many seeds, and the distribution of what they came to.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "scenario", nargs="+", metavar="NAME", help="a scenario (`haechi-sim scenarios`), or a .toml file"
    )
    parser.add_argument("--seeds", default=SEEDS, metavar="FIRST:END", help=f"of cells and noise ({SEEDS})")
    parser.add_argument("--duration", type=float, metavar="S", help="plant seconds of each run (the scenario's)")
    add_coarse(parser)
    parser.add_argument("--workers", default=AUTO, metavar="N", help=f"processes here ({AUTO}: one for each processor)")
    parser.add_argument(
        "--scheduler", default="", metavar="tcp://HOST:PORT", help="a Dask scheduler, whose workers run the drills"
    )
    parser.add_argument("--out", type=Path, default=OUT, metavar="FOLDER", help=f"results, tables and report ({OUT})")
    parser.add_argument("--format", choices=tuple(WRITERS), default="csv", help="of the tables (csv)")
    parser.add_argument(
        "--tries", type=int, default=TRIES, metavar="N", help=f"so often a run is tried whose worker dies ({TRIES})"
    )
    return parser
