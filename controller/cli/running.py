"""`haechi run`."""

import argparse
import gc
import sys

from controller.tools.check import REFUSED, load_or_tell
from controller.tools.verify.leave import why_not


def run_site(arguments: argparse.Namespace) -> int:
    """Check the site file and protect the site; the exit code."""
    gc.disable()  # what a start makes, it keeps: looking through it again and again is lost time (until settle_memory)
    try:
        return _run(arguments)
    finally:
        gc.enable()


def _run(arguments: argparse.Namespace) -> int:
    site = load_or_tell(arguments.site)
    if site is None:
        return REFUSED
    stands_against = "" if arguments.unverified else why_not(arguments.site, site)
    if stands_against:
        print(f"haechi: {stands_against}", file=sys.stderr)
        return REFUSED
    from controller.runtime.daemon import Options, run_daemon  # noqa: PLC0415 (a refusal need not load numba)
    from controller.runtime.realtime import RealTime  # noqa: PLC0415 (the same)

    options = Options(
        folder=arguments.site.parent,
        data=arguments.data,
        socket=arguments.socket or arguments.data / "haechi.sock",
        epoch_ns=arguments.epoch_ns,
        speed=arguments.speed,
        recording_mib=arguments.recording_mib,
        realtime=RealTime(arguments.fifo, arguments.core, arguments.lock_memory),
    )
    return run_daemon(options, site)
