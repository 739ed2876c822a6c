"""What a summary may not keep quiet about: how long a recording is, how its time moves, values that stand beyond a threshold unanswered."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from controller.core.detect.defaults import limits_of
from controller.core.image import Image
from controller.core.layout import Layout
from controller.site.model import Family, Physics

SHORT_S = 90.0
"""A recording that is not longer says little: most thresholds have to be exceeded for seconds, rates for a minute."""
_STANDS = 0.5
"""Share of rows with the time of the row before, from which on time is said to stand still."""
_MINUTE_S, _HOUR_S, _DAY_S = 60.0, 3600.0, 86400.0


def span(seconds: float) -> str:
    """A length of time as people say it."""
    for unit, unit_s in (("days", _DAY_S), ("h", _HOUR_S), ("min", _MINUTE_S)):
        if seconds > 2 * unit_s:
            return f"{seconds / unit_s:.0f} {unit}"
    return f"{seconds:.3g} s"


@dataclass(slots=True)
class Times:
    """How many rows had a time, and how many of these the time of the row before."""

    rows: int = 0
    standing: int = 0
    _last_s: float = np.nan

    def take(self, said_s: npt.NDArray[np.float64]) -> None:
        """Count some rows in; NaN is no time."""
        known = said_s[np.isfinite(said_s)]
        if known.size:
            self.rows += known.size
            self.standing += int((np.diff(known, prepend=self._last_s) == 0).sum())
            self._last_s = float(known[-1])

    def sentences(self, length_s: float) -> Iterator[str]:
        """What is to be said of a recording of this length."""
        if not self.rows:
            yield "no row has a possible time: nothing was judged"
            return
        if self.rows > 1 and self.standing > _STANDS * self.rows:
            yield (
                f"time stands still in {self.standing} of {self.rows} rows: of rows within one scan only the last is judged; "
                "is this the right column and unit of the time?"
            )
        if length_s <= SHORT_S:
            yield f"the recording is only {span(length_s)} long: is the unit of the time right?"


@dataclass(slots=True)
class Beyond:
    """Since when each point's value stands beyond the pre-alarm threshold of its head, in the run that is under way."""

    layout: Layout
    ended: dict[int, tuple[float, float]] = field(default_factory=dict)
    """By point: last value, seconds that it stood beyond at the end of a run; the longest of all runs."""
    _since_ms: npt.NDArray[np.int64] = field(init=False)
    _threshold: npt.NDArray[np.float64] = field(init=False)
    _sign: npt.NDArray[np.float64] = field(init=False)
    _last: tuple[int, npt.NDArray[np.float64]] | None = None

    def __post_init__(self) -> None:
        """Every point's threshold; infinite where its head has none."""
        self._threshold = np.full(self.layout.n_points, np.inf)
        self._sign = np.ones(self.layout.n_points)
        for head in self.layout.heads:
            limit = None if head.physics is Physics.WIRED else limits_of(head.head).pre_alarm
            if limit is None:
                continue
            sign = -1.0 if head.head.family == Family.CELL_VOLTAGE else 1.0
            self._threshold[head.points], self._sign[head.points] = sign * limit, sign
        self._since_ms = np.full(self.layout.n_points, -1, np.int64)

    def take(self, image: Image, *, begins: bool) -> None:
        """The next image; `begins`: the first of a run."""
        if begins:
            self.close()
        value = image.value
        with np.errstate(invalid="ignore"):
            beyond = value * self._sign >= self._threshold
        new = beyond & (self._since_ms < 0)
        self._since_ms[new] = image.tick_ms
        self._since_ms[~beyond] = -1
        self._last = image.tick_ms, value.copy()

    def close(self) -> None:
        """The run is at its end."""
        if self._last is not None:
            tick_ms, value = self._last
            for point in np.flatnonzero(self._since_ms >= 0).tolist():
                stood_s = (tick_ms - int(self._since_ms[point])) / 1000
                if stood_s >= self.ended.get(point, (0.0, 0.0))[1]:
                    self.ended[point] = float(value[point]), stood_s
        self._since_ms[:] = -1
        self._last = None

    def sentences(self, spoken: AbstractSet[int]) -> Iterator[str]:
        """Of every head that never spoke (`spoken` are the heads that did): that it stood beyond, and for how long."""
        for place, head in enumerate(self.layout.heads):
            worst = max(
                (
                    (self.ended[point][1], self.ended[point][0], point)
                    for point in head.points.tolist()
                    if point in self.ended
                ),
                default=None,
            )
            if worst is not None and place not in spoken:
                stood_s, value, point = worst
                yield (
                    f"{head.name}: NO PRE-ALARM, but its last value {value:.4g} stands beyond the pre-alarm threshold "
                    f"{abs(self._threshold[point]):.4g}, for {span(stood_s)}"
                )
