"""What the answers of a device teach: how long it takes, and whether it can be relied on. No I/O; times are seconds of a steady clock."""

from collections.abc import Sequence

import numpy as np

from drivers.modbus.cycles import (
    BEGAN,
    FAILED,
    FAILED_BEFORE,
    FIRST_WAIT,
    GOOD,
    GOOD_BEFORE,
    LATENCIES,
    WAITS,
    WINDOW_NS,
)

NEAR_DEADLINE = 0.7
"""Share of the time-out above which a learned latency is told (assumed): there is still room before the first time-out."""

FEW = 2
"""Slow answers that a device may give while little is known of it."""

WINDOW_S = WINDOW_NS / 1e9
UNRELIABLE_SHARE = 0.05
UNRELIABLE_FAILURES = 3
"""A device is unreliable when within one to two windows at least so many of its turns failed, and such a share of them (assumed)."""


class Learned:
    """One device. A dead one is not unreliable: it must have answered as well.

    Its memory, `cells` (see `cycles`), is at `address`, for who learns without Python.
    """

    def __init__(self) -> None:
        self._table = np.zeros(FIRST_WAIT + LATENCIES, np.int64)
        self.address: int = self._table.ctypes.data
        self._cells = self._table.data

    def good(self, waits_s: Sequence[float], now_s: float) -> None:
        """So many turns were answered, each after its wait."""
        cells = self._cells
        for wait_s in waits_s:
            cells[FIRST_WAIT + cells[WAITS] % LATENCIES] = round(wait_s * 1e9)
            cells[WAITS] += 1
        self._roll(now_s)
        cells[GOOD] += len(waits_s)

    def failed(self, now_s: float) -> None:
        """A turn brought no right answer."""
        self._roll(now_s)
        self._cells[FAILED] += 1

    def p99_s(self) -> float:
        """The learned latency; NaN before the first answer."""
        waits_ns = sorted(self._waits_ns())  # ten times as fast as numpy's percentile, and a scan waits for it
        return waits_ns[int(0.99 * len(waits_ns))] / 1e9 if waits_ns else float("nan")

    def is_near(self, timeout_s: float) -> bool:
        """Whether the learned latency comes close to the time-out: one wait in a hundred, and not one or two of a few."""
        near_ns, waits_ns = NEAR_DEADLINE * timeout_s * 1e9, self._waits_ns()
        return sum(wait_ns > near_ns for wait_ns in waits_ns) > max(len(waits_ns) // 100, FEW)

    def is_unreliable(self, now_s: float) -> bool:
        """Whether it fails too often though it comes back."""
        self._roll(now_s)
        cells = self._cells
        good, failed = cells[GOOD] + cells[GOOD_BEFORE], cells[FAILED] + cells[FAILED_BEFORE]
        return good > 0 and failed >= UNRELIABLE_FAILURES and failed > UNRELIABLE_SHARE * (good + failed)

    def _waits_ns(self) -> list[int]:
        return self._cells[FIRST_WAIT : FIRST_WAIT + min(self._cells[WAITS], LATENCIES)].tolist()

    def _roll(self, now_s: float) -> None:
        """Begin a new window when the present one is over; after a longer silence both are empty."""
        cells = self._cells
        passed = (int(now_s * 1e9) - cells[BEGAN]) // WINDOW_NS
        if passed >= 1:
            cells[GOOD_BEFORE], cells[FAILED_BEFORE] = (cells[GOOD], cells[FAILED]) if passed == 1 else (0, 0)
            cells[GOOD] = cells[FAILED] = 0
            cells[BEGAN] += passed * WINDOW_NS
