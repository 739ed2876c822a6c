"""`haechi-sim kernels`: the simulator's kernels, built ahead of time."""

import argparse
import sys
from collections.abc import Sequence

from drivers.compiled.build import BuildError
from drivers.compiled.library import LibraryError
from sim_hardware.kernels import build_here, is_current


def main(arguments: Sequence[str]) -> int:
    """Build the library beside the package; the exit code. Without a compiler nothing is lost but time."""
    parser = argparse.ArgumentParser(prog="haechi-sim kernels", description="Compile the simulator's kernels ahead.")
    parser.add_argument("--if-needed", action="store_true", help="only if there is none, or its source has changed")
    options = parser.parse_args(arguments)
    try:
        if not (options.if_needed and is_current()):
            _tell("compiling the kernels, which takes a minute or two ...")
            build_here()
    except BuildError as error:
        _tell(str(error))
        return 0 if options.if_needed else 1
    except (LibraryError, OSError) as error:
        _tell(str(error))
        return 1
    return 0


def _tell(text: str) -> None:
    print(f"haechi-sim: {text}", file=sys.stderr)
