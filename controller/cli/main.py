"""The command line, `haechi`."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from controller.cli.common import FAILED, OK, ClientError
from controller.cli.families import kernels, reading, records, sheets, sites, writing

_FAMILIES = (sites, sheets, records, kernels, reading, writing)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code (0 done, 1 not done, 2 wrong use or a site file with problems)."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except ClientError as error:
        print(f"haechi: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return OK
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def _parser() -> argparse.ArgumentParser:
    description = "Fire detection and suppression controller. No command releases agent: that takes wired contacts."
    parser = argparse.ArgumentParser(prog="haechi", description=description)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for family in _FAMILIES:
        family.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
