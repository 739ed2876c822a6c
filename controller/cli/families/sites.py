"""A site: check it, verify it, protect it."""

import argparse
from pathlib import Path

from controller.cli.common import positive, priority


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the family."""
    _add_check(commands)
    _add_verify(commands)
    _add_run(commands)
    _add_probe(commands)


def _add_check(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    check = commands.add_parser("check", help="name every problem of a site file, or sum it up")
    check.add_argument("site", type=Path)
    check.set_defaults(run=_check)


def _add_verify(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    proof = commands.add_parser(
        "verify", help="explore the release logic of a site; writes SITE.verified if all of it holds"
    )
    proof.add_argument("site", type=Path)
    proof.add_argument("--html", type=Path, metavar="FILE", help="draw the counter-examples")
    proof.add_argument("--jobs", type=int, default=0, help="processes that share the parts (one a core)")
    proof.add_argument("--states", type=int, default=50_000, help="states of one part before it is given up (50000)")
    proof.add_argument("--seconds", type=positive, default=1200.0, help="time of one part before it is given up (1200)")
    proof.set_defaults(run=_verify_site)


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = commands.add_parser("run", help="protect a site: the daemon")
    run.add_argument("site", type=Path)
    run.add_argument("--data", type=Path, default=Path("haechi-data"), help="journal and recording (haechi-data)")
    run.add_argument("--socket", type=Path, help="control socket (DATA/haechi.sock)")
    run.add_argument(
        "--epoch-ns", type=int, help="CLOCK_MONOTONIC at plant time 0, in nanoseconds (drills and benches)"
    )
    run.add_argument("--speed", type=positive, default=1.0, help="plant seconds in a second (drills and benches)")
    run.add_argument("--recording-mib", type=int, default=512, help="size limit of the recording (512)")
    run.add_argument("--fifo", type=priority, metavar="PRIORITY", help="SCHED_FIFO priority of the scan, 1 to 99")
    run.add_argument("--core", type=int, metavar="N", help="core that the scan stays on")
    run.add_argument("--lock-memory", action="store_true", help="keep all memory out of the swap")
    run.add_argument(
        "--unverified",
        action="store_true",
        help="direct mode without SITE.toml.verified: benches and drills, whose plant is simulated",
    )
    run.set_defaults(run=_run)


def _add_probe(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    probe = commands.add_parser("probe", help="how many requests in flight a device bears; reads only, daemon stopped")
    probe.add_argument("site", type=Path)
    probe.add_argument("device")
    probe.add_argument("--language", choices=("en", "ko"))
    probe.set_defaults(run=_probe)


def _check(options: argparse.Namespace) -> int:
    from controller.tools import check  # noqa: PLC0415 (numpy and the drivers are loaded by those who need them)

    return check.main(options.site)


def _verify_site(options: argparse.Namespace) -> int:
    from controller.cli.verifying import verify_file  # noqa: PLC0415 (numba is loaded by those who need it)

    return verify_file(options)


def _run(options: argparse.Namespace) -> int:
    from controller.cli.running import run_site  # noqa: PLC0415 (numba is loaded by those who need it)

    return run_site(options)


def _probe(options: argparse.Namespace) -> int:
    from controller.cli.probing import probe_device  # noqa: PLC0415 (the drivers are loaded by those who need them)

    return probe_device(options.site, options.device, options.language)
