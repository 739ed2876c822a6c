"""`haechi-sim`: the simulated plant on its wires, drills, and what there is to drill."""

import argparse
import asyncio
import functools
import importlib
import ssl
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from controller.site.loader import load as load_site
from controller.site.problem import SiteError
from drivers.link import LinkError
from drivers.recording import read_recording
from sim_hardware.cli.wishes import check_positive, check_seed
from sim_hardware.devices.plant import Plant
from sim_hardware.devices.playback import Playback
from sim_hardware.faults.kinds import FAULTS
from sim_hardware.faults.spec import FaultError, parse_fault
from sim_hardware.rehost import rehost
from sim_hardware.scenarios import loader as scenarios
from sim_hardware.scenarios.check import refuse
from sim_hardware.serve import Ends, PlantClock, serve
from sim_hardware.wires.served import Served
from sim_hardware.wires.servers import OWN, SERVERS, server_tls

LAZY = {"drill": "sim_hardware.drill", "campaign": "sim_hardware.campaign", "kernels": "sim_hardware.cli.kernels"}
"""Commands with a module of their own, whose `main(arguments)` is called: they need more than a plant does."""
USAGE_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code (2: what was asked for cannot be)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0] in LAZY:
        code: int = importlib.import_module(LAZY[words[0]]).main(words[1:])
        return code
    parsed = _parser().parse_args(words)
    try:
        return int(parsed.run(parsed))
    except SiteError as error:
        for problem in error.problems:
            print(f"{parsed.site}: {problem}", file=sys.stderr)
    except (FaultError, scenarios.ScenarioError, LinkError, ValueError, KeyError, OSError, RuntimeError) as error:
        print(f"haechi-sim: {error}", file=sys.stderr)
    return USAGE_ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="haechi-sim", description="The plant that does not exist.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_serve(commands.add_parser("serve", help="the plant of a site on real Modbus and MQTT"))
    listing = commands.add_parser("scenarios", help="list the scenarios that ship with Haechi")
    listing.set_defaults(run=_list_scenarios)
    faults = commands.add_parser("faults", help="list the kinds of faults")
    faults.set_defaults(run=_list_faults)
    commands.add_parser("drill", help="plant and controller together, with a report")
    commands.add_parser("campaign", help="many drills in virtual time, and the distribution of what they came to")
    commands.add_parser("kernels", help="compile the simulator's kernels ahead")
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("site", metavar="SITE.toml")
    parser.add_argument("--epoch-ns", type=int, help="CLOCK_MONOTONIC at plant time 0 (default: now)")
    parser.add_argument("--speed", type=float, default=1.0, help="plant seconds a second")
    parser.add_argument("--seed", type=int, help="of cells and noise (default: the scenario's, or 1)")
    parser.add_argument("--scenario", metavar="NAME", help="what happens: a name, or a path to a .toml file")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="KIND:TARGET[:PARAM][@FROM[-UNTIL]]",
        help="may be given many times",
    )
    parser.add_argument(
        "--broker",
        default="",
        metavar="HOST:PORT",
        help="the real broker, where a faulty one stands at the site's endpoint",
    )
    parser.add_argument(
        "--serial",
        action="append",
        default=[],
        metavar="LINK=TTY",
        help="the plant's end of a serial link's line; once for each of them",
    )
    for of, what in (
        ("certificate", "certificate with its chain"),
        ("key", "key"),
        ("ca", "CA that signs its clients'"),
    ):
        parser.add_argument(
            f"--tls-{of}", type=Path, metavar="FILE", help=f"the plant's {what} (PEM), for links with tls"
        )
    parser.add_argument("--port-offset", type=int, default=0, metavar="N", help="add N to every port of the site")
    parser.add_argument("--recording", type=Path, metavar="CSV", help="a recording takes the place of the physics")
    parser.add_argument("--mapping", type=Path, metavar="MAP", help="which columns of the recording are which points")
    parser.add_argument(
        "--truth", type=Path, metavar="FILE", help="append what really is, a JSON line each plant second"
    )
    parser.add_argument(
        "--server", choices=tuple(SERVERS), default=OWN, help="which implementation of a Modbus server (default: own)"
    )
    parser.set_defaults(run=_serve)


def _serve(arguments: argparse.Namespace) -> int:
    check_positive("--speed", arguments.speed)
    if (arguments.recording is None) != (arguments.mapping is None):
        raise ValueError("--recording and --mapping belong together; remedy: give both")
    epoch_ns = time.monotonic_ns() if arguments.epoch_ns is None else arguments.epoch_ns
    clock = PlantClock(epoch_ns, arguments.speed)
    plant = _plant(arguments)
    said = functools.partial(print, flush=True)
    ends = Ends(Path(arguments.site).parent, _ttys(arguments.serial), _tls(arguments))
    asyncio.run(serve(plant, clock, arguments.truth, said, arguments.server, arguments.broker, ends))
    return 0


def _ttys(words: Sequence[str]) -> dict[str, str]:
    ttys: dict[str, str] = {}
    for word in words:
        link, _, tty = word.partition("=")
        if not link or not tty or link in ttys:
            raise ValueError(f"--serial {word}: not understood; remedy: LINK=TTY, once for each serial link")
        ttys[link] = tty
    return ttys


def _tls(arguments: argparse.Namespace) -> ssl.SSLContext | None:
    files = (arguments.tls_certificate, arguments.tls_key, arguments.tls_ca)
    if not any(files):
        return None
    if not all(files):
        raise ValueError("--tls-certificate, --tls-key and --tls-ca belong together; remedy: give all three")
    return server_tls(*files)


def _plant(arguments: argparse.Namespace) -> Served:
    site = rehost(load_site(arguments.site), arguments.port_offset)
    scenario = scenarios.load(arguments.scenario) if arguments.scenario else None
    if scenario:
        refuse(scenario, site)
    seed = check_seed(arguments.seed) if arguments.seed is not None else (scenario.seed if scenario else 1)
    faults = [parse_fault(text) for text in arguments.fault]
    playback = Playback(read_recording(arguments.recording, arguments.mapping)) if arguments.recording else None
    return Plant(site, seed, scenario, faults, playback)


def _list_scenarios(_arguments: argparse.Namespace) -> int:
    for name in scenarios.names():
        print(f"{name:28} {scenarios.load(name).title}")
    return 0


def _list_faults(_arguments: argparse.Namespace) -> int:
    for name, kind in FAULTS.items():
        param = f" (PARAM: {kind.default:g})" if "PARAM" in kind.says and "without it" not in kind.says else ""
        framing = f"; framing {kind.framing} only" if kind.framing else ""
        print(f"{name:24} {kind.reach.value:8} {kind.says}{param}{framing}")
    print("Seconds of faults of reach wire and broker are wall time, as is what a master waits for a reply.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
