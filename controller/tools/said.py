"""What a tool has to say to whoever called it from a command line: an exit code, and texts for the two outputs."""

from typing import NamedTuple

DONE, FAILED, MISUSED = 0, 1, 2


class Said(NamedTuple):
    """`out` and `err` are whole lines, or empty."""

    code: int
    out: str = ""
    err: str = ""
