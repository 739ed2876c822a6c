"""What the answers of a device teach: how long it takes, and whether it can be relied on. No I/O; times are seconds of a steady clock."""

from collections import deque
from collections.abc import Sequence

LATENCIES = 256
"""Waits that are remembered: the 99th percentile is the third largest of them."""

NEAR_DEADLINE = 0.7
"""Share of the time-out above which a learned latency is told (assumed): there is still room before the first time-out."""

FEW = 2
"""Slow answers that a device may give while little is known of it."""

WINDOW_S = 60.0
UNRELIABLE_SHARE = 0.05
UNRELIABLE_FAILURES = 3
"""A device is unreliable when within one to two windows at least so many of its turns failed, and such a share of them (assumed)."""


class Learned:
    """One device. A dead one is not unreliable: it must have answered as well."""

    def __init__(self) -> None:
        self._waits_s: deque[float] = deque(maxlen=LATENCIES)
        self._began_s = 0.0
        self._now = [0, 0]
        self._before = [0, 0]

    def good(self, waits_s: Sequence[float], now_s: float) -> None:
        """So many turns were answered, each after its wait."""
        self._waits_s.extend(waits_s)
        if now_s - self._began_s >= WINDOW_S:
            self._roll(now_s)
        self._now[0] += len(waits_s)

    def failed(self, now_s: float) -> None:
        """A turn brought no right answer."""
        self._roll(now_s)
        self._now[1] += 1

    def p99_s(self) -> float:
        """The learned latency; NaN before the first answer."""
        waits_s = sorted(self._waits_s)  # ten times as fast as numpy's percentile, and a scan waits for it
        return waits_s[int(0.99 * len(waits_s))] if waits_s else float("nan")

    def is_near(self, timeout_s: float) -> bool:
        """Whether the learned latency comes close to the time-out: one wait in a hundred, and not one or two of a few."""
        near_s = NEAR_DEADLINE * timeout_s
        return sum(wait_s > near_s for wait_s in self._waits_s) > max(len(self._waits_s) // 100, FEW)

    def is_unreliable(self, now_s: float) -> bool:
        """Whether it fails too often though it comes back."""
        self._roll(now_s)
        good, failed = (now + before for now, before in zip(self._now, self._before, strict=True))
        return good > 0 and failed >= UNRELIABLE_FAILURES and failed > UNRELIABLE_SHARE * (good + failed)

    def _roll(self, now_s: float) -> None:
        """Begin a new window when the present one is over; after a longer silence both are empty."""
        passed = (now_s - self._began_s) // WINDOW_S
        if passed >= 1:
            self._before = self._now if passed == 1 else [0, 0]
            self._now = [0, 0]
            self._began_s += passed * WINDOW_S
