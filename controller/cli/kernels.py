"""`haechi kernels`: the machine code of the kernels, built ahead of time, and what it is worth here."""

import argparse
import sys

from controller.runtime.building import BuildError, build_here
from controller.runtime.kernels import GoldenError, LibraryError, is_current, make_ready


def build_kernels(options: argparse.Namespace) -> int:
    """Build the library beside the package; the exit code. Without a compiler nothing is lost but time at every start."""
    try:
        if not (options.if_needed and is_current()):
            build_here(options.cpu, _tell)
    except BuildError as error:
        _tell(str(error))
        return 0 if options.if_needed else 1
    except (LibraryError, OSError, ValueError) as error:
        _tell(str(error))
        return 1
    return 0


def check_kernels(_options: argparse.Namespace) -> int:
    """Check the kernels as every start of the daemon does; the exit code."""
    try:
        ready = make_ready()
    except (GoldenError, LibraryError, OSError) as error:
        _tell(str(error))
        return 1
    how = f"compiled ahead for {ready.cpu}" if ready.cpu else "compiled at start"
    print(f"kernels {how}: {ready.compared} golden vectors agree, in {ready.took_s * 1000:.0f} ms")
    if ready.note:
        _tell(ready.note)
    return 0


def _tell(text: str) -> None:
    print(f"haechi: {text}", file=sys.stderr)
