"""What the commands have in common: exit codes, kinds of arguments, the error of a daemon that cannot be asked. Loads nothing of the house."""

import argparse

OK, FAILED, MISUSED = 0, 1, 2
"""Done; not done; wrong use, or a site file with problems."""


class ClientError(Exception):
    """The daemon cannot be asked, or refuses to answer. The text says what to do."""


def positive(given: str) -> float:
    """A number above 0."""
    number = float(given)
    if not number > 0:
        raise argparse.ArgumentTypeError(f"{given} is not above 0")
    return number


def priority(given: str) -> int:
    """A priority of the real-time scheduler."""
    if not given.isdecimal() or not 1 <= int(given) <= 99:  # noqa: PLR2004 (sched(7))
        raise argparse.ArgumentTypeError(f"{given} is not from 1 to 99")
    return int(given)
