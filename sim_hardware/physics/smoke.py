"""Smoke: from mass in the air to obscuration at an aspirating detector, with the time in its pipe."""

import math
from collections import deque

FLAMING_M2_PER_KG, SMOULDERING_M2_PER_KG = 8700.0, 4400.0
"""Specific extinction of smoke (CFAST 8 technical reference)."""
MIXING_TAU_S = 10.0
"""Rise and spreading of smoke below the ceiling before it is at the sampling holes (assumed)."""


def obscuration_pct_per_m(smoke_kg_per_m3: float, extinction_m2_per_kg: float) -> float:
    """Obscuration of light in % per metre: ``O = 100 (1 - 10^-D)``, ``D = Km m / ln 10``."""
    return 100.0 * (1.0 - math.exp(-extinction_m2_per_kg * smoke_kg_per_m3))


class AspiratingPipe:
    """Transport through the pipe of an aspirating detector: a pure delay, then a first-order lag of its chamber.

    Parameters
    ----------
    delay_s
        Transport time from the sampling holes (NFPA 76 allows 60 s).
    lag_s
        Time constant of the chamber.
    """

    __slots__ = ("_arrived", "_delay_s", "_dt_s", "_in_pipe", "_lag_s", "_mixed", "_shares", "value")

    def __init__(self, delay_s: float, lag_s: float) -> None:
        """Start with clean air in the pipe."""
        self._delay_s = delay_s
        self._lag_s = lag_s
        self._dt_s = 0.0
        self._shares = 0.0, 0.0
        self._mixed = 0.0
        self._arrived = 0.0
        self._in_pipe: deque[tuple[float, float]] = deque()
        self.value = 0.0

    def advance(self, now_s: float, dt_s: float, at_ceiling: float) -> float:
        """Draw in air of the value ``at_ceiling`` for ``dt_s`` up to ``now_s``; return the value in the chamber."""
        if dt_s != self._dt_s:
            self._dt_s = dt_s
            self._shares = 1.0 - math.exp(-dt_s / MIXING_TAU_S), 1.0 - math.exp(-dt_s / self._lag_s)
        mixing, lagging = self._shares
        self._mixed += (at_ceiling - self._mixed) * mixing
        pipe = self._in_pipe
        pipe.append((now_s + self._delay_s, self._mixed))
        while pipe and pipe[0][0] <= now_s:
            self._arrived = pipe.popleft()[1]
        self.value += (self._arrived - self.value) * lagging
        return self.value
