"""What a bench prints: medians with their spread, and progress while it works."""

import statistics
import sys
import time
from collections.abc import Sequence


def spread(values: Sequence[float], digits: int) -> str:
    """Median [least .. most]."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:,.{digits}f} [{low:,.{digits}f} .. {high:,.{digits}f}]"


def left_out(what: str, why: object) -> None:
    """One line for what cannot be measured here; `why` names the remedy."""
    print(f"haechi bench: left out {what}: {why}", flush=True)


class Progress:
    """Says on standard error how far a bench is: in place on a terminal, else a line for each tenth."""

    def __init__(self, name: str, steps: int) -> None:
        self._name, self._steps, self._done = name, steps, 0
        self._began_s = time.monotonic()

    def step(self, what: str) -> None:
        """The next step begins."""
        tenth = self._done * 10 // self._steps != (self._done - 1) * 10 // self._steps
        self._done += 1
        line = f"haechi bench: {self._name}, {self._done} of {self._steps}, {time.monotonic() - self._began_s:.0f} s: {what}"
        if sys.stderr.isatty():
            print(f"\r{line:<100.100}", end="", file=sys.stderr, flush=True)
        elif tenth:
            print(line, file=sys.stderr, flush=True)

    def end(self) -> None:
        """All is done; the line gives way to the table."""
        if sys.stderr.isatty():
            print(f"\r{'':<100}\r", end="", file=sys.stderr, flush=True)
