"""What `haechi-sim drill` is asked for, and what that comes to: scenario, site, faults."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from controller.site.loader import load as load_site
from controller.site.model import Site
from sim_hardware.cli.wishes import add_coarse, check_coarse, check_folder, check_positive, check_seed
from sim_hardware.faults.spec import parse_fault
from sim_hardware.rehost import split_endpoint
from sim_hardware.scenarios import loader
from sim_hardware.scenarios.check import refuse
from sim_hardware.scenarios.model import Scenario

SPEED = 5.0


@dataclass(frozen=True, slots=True)
class Drill:
    """A drill that can be run. `words` says the scenario as it was named, for the plant's process; so do `fault_words`."""

    words: str
    scenario: Scenario
    site: Site
    seed: int
    speed: float
    virtual: bool
    broker: str
    out: Path
    live: bool
    as_json: bool
    compare: bool
    timeline: Path | None
    duration_s: float
    fault_words: tuple[str, ...]
    step_s: float | None
    """Coarse steps of quiet life (`sim_hardware.coarse`); None: full detail."""

    @property
    def compared(self) -> bool:
        """Whether the scenario's comparisons are run."""
        return self.compare and bool(self.scenario.comparisons)

    @property
    def folder(self) -> Path:
        """Where the report goes."""
        return self.out / self.scenario.name


def parse(arguments: Sequence[str]) -> Drill:
    """Read the command line. Raises ScenarioError, SiteError, FaultError, ValueError or OSError for what cannot be."""
    said = _parser().parse_args(arguments)
    scenario = loader.load(said.scenario)
    site_file = said.site or loader.site_path(scenario, loader.find(said.scenario).parent)
    scenario = replace(scenario, faults=(*scenario.faults, *(parse_fault(text) for text in said.fault)))
    seed = scenario.seed if said.seed is None else check_seed(said.seed)
    virtual = said.virtual or bool(scenario.rows)
    usual_s = scenario.duration_s if virtual else scenario.on_sockets_s or scenario.duration_s
    duration_s = usual_s if said.duration is None else check_positive("--duration", said.duration)
    if said.coarse and not virtual:
        raise ValueError("--coarse: sockets run in full detail; remedy: add --virtual, or leave it out")
    site = load_site(site_file)
    refuse(scenario, site)
    return Drill(
        words=said.scenario, scenario=scenario, site=site, seed=seed, virtual=virtual,
        speed=check_positive("--speed", said.speed), broker=_broker(said.broker), out=check_folder("--out", said.out),
        live=not said.no_live, as_json=said.json, compare=not said.no_compare,
        timeline=said.timeline, duration_s=duration_s, fault_words=tuple(said.fault),
        step_s=check_coarse(said.coarse),
    )  # fmt: skip


def _broker(text: str) -> str:
    """host:port of `mqtt://host:port`, or nothing."""
    if not text:
        return ""
    scheme, _, rest = text.rpartition("://")
    if scheme not in {"", "mqtt"}:
        raise ValueError(f"--broker {text}: {scheme} is not spoken here; remedy: mqtt://host:port")
    endpoint = rest if ":" in rest else f"{rest}:1883"
    split_endpoint(endpoint)
    return endpoint


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="haechi-sim drill",
        description="Plant and controller together, on real sockets or in virtual time, with a report.",
    )
    parser.add_argument("scenario", help=f"a scenario ({', '.join(loader.names())}), or a path to a .toml file")
    parser.add_argument("--speed", type=float, default=SPEED, help=f"plant seconds a second, on sockets ({SPEED:g})")
    parser.add_argument("--virtual", action="store_true", help="in one process, without sockets, as fast as it goes")
    add_coarse(parser)
    parser.add_argument("--seed", type=int, help="of cells and noise (the scenario's)")
    parser.add_argument("--broker", default="", metavar="mqtt://HOST:PORT", help="this broker instead of our own")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder of the reports (out)")
    parser.add_argument("--site", type=Path, metavar="FILE", help="another site file than the scenario's")
    parser.add_argument("--duration", type=float, metavar="S", help="plant seconds (the scenario's)")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="KIND:TARGET[:PARAM][@FROM[-UNTIL]]",
        help="may be given many times",
    )
    parser.add_argument("--no-live", action="store_true", help="lines instead of a live view")
    parser.add_argument("--no-compare", action="store_true", help="without the runs that switch responses off")
    parser.add_argument("--timeline", type=Path, metavar="FILE.svg", help="write the timeline drawing there as well")
    parser.add_argument("--json", action="store_true", help="the result as JSON on stdout")
    return parser
