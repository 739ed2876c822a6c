"""What the runtime knows of itself, as integers that travel in the image (and so into the recording).

They are coarse on purpose: a figure that changed every scan would wake `decide` every scan.
"""

import time
from collections import deque
from collections.abc import Callable
from functools import lru_cache

from controller.site.model import Night

STEP_MS = 50
"""Lags are given in whole steps; what is below one step is health."""
WINDOW_SCANS = 600
"""Scan periods over which the share of overruns is taken: a minute at 100 ms."""
_REFERENCE_S = 10.0
_STEP_SEEN_MS = 200
"""A wall clock that is slewed stays below this within the reference time (500 ppm of 10 s is 5 ms)."""


class HostFacts:
    """Shares, counts and lags, what `links` says, and the night; `read` gives them in the order of `controller.core.trips.HOST_FACTS`.

    `overruns` is the total since the start, for people; the core is given its share of the last `WINDOW_SCANS` periods.
    """

    def __init__(
        self,
        journal_lag_ms: Callable[[], int],
        recorder_lag_ms: Callable[[], int],
        intent_timeouts: Callable[[], int],
        links: Callable[[], tuple[int, int, int]],
        night: Callable[[], bool],
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._journal_lag_ms = journal_lag_ms
        self._recorder_lag_ms = recorder_lag_ms
        self._intent_timeouts = intent_timeouts
        self._links = links
        self._night = night
        self._wall_ns = wall_ns
        self._monotonic_ns = monotonic_ns
        self._reference_ns = wall_ns() - monotonic_ns()
        self._referred_ns = monotonic_ns()
        self.overruns = 0
        self.loop_late_ms = 0
        self._missed: deque[bool] = deque(maxlen=WINDOW_SCANS)
        self._recent = 0

    def scanned(self, missed: int = 0) -> None:
        """Count one scan made and the `missed` periods after it."""
        self.overruns += missed
        for period_missed in (False, *(True,) * min(missed, WINDOW_SCANS)):
            self._recent += period_missed - (len(self._missed) == WINDOW_SCANS and self._missed[0])
            self._missed.append(period_missed)

    def read(self) -> tuple[int, ...]:
        """In the order of HOST_FACTS: six of its own, then `links`, then the night."""
        return (
            self._recent * 1000 // WINDOW_SCANS,
            _coarse(self._journal_lag_ms()),
            _coarse(self._recorder_lag_ms()),
            self._intent_timeouts(),
            _coarse(self.loop_late_ms),
            self._wall_clock_step_ms(),
            *self._links(),
            int(self._night()),
        )

    def _wall_clock_step_ms(self) -> int:
        """How far the wall clock jumped against the monotonic one within the last ten seconds; below 200 ms it is none."""
        now_ns = self._monotonic_ns()
        offset_ns = self._wall_ns() - now_ns
        step_ms = abs(offset_ns - self._reference_ns) // 1_000_000
        if now_ns - self._referred_ns > _REFERENCE_S * 1e9:
            self._reference_ns, self._referred_ns = offset_ns, now_ns
        return step_ms // _STEP_SEEN_MS * _STEP_SEEN_MS


def night_watch(night: Night | None, wall_s: Callable[[], float] = time.time) -> Callable[[], bool]:
    """Whether it is night now, by the machine's local time; reckoned once a minute. Without a night it is always day."""
    if night is None:
        return lambda: False
    begins, ends = night.begins, night.ends

    @lru_cache(maxsize=1)
    def in_minute(minute: int) -> bool:
        now = time.strftime("%H:%M", time.localtime(minute * 60))
        return begins <= now < ends if begins <= ends else now >= begins or now < ends

    return lambda: in_minute(int(wall_s() // 60))


def _coarse(lag_ms: int) -> int:
    return lag_ms // STEP_MS * STEP_MS
