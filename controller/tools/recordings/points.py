"""What stays from row to row: the last value of every point, when it came, and how old it may become."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from controller.core.layout import Layout
from drivers.points import NEVER, Quality
from drivers.tables.cells import BLANK, NUMBER

_UNKNOWN, _GOOD, _STALE, _BAD = (int(q) for q in (Quality.UNKNOWN, Quality.GOOD, Quality.STALE, Quality.BAD))

Arrays = tuple[
    npt.NDArray[np.float64], npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64]
]  # fmt: skip
"""Value, quality, sample and time of receipt of every point."""


class Points:
    """What stays from row to row: the last value of every point, when it came, and which sample it was."""

    def __init__(self, layout: Layout) -> None:
        n = layout.n_points
        self._max_age_ms = layout.max_age_ms
        self._run = -1
        self.origin_s = 0.0
        self._value = np.full(n, np.nan)
        self._quality = np.full(n, _UNKNOWN, np.uint8)
        self._sample = np.full(n, NEVER, np.int64)
        self._received_ms = np.full(n, NEVER, np.int64)
        self._row = 0
        self._last_ms = 0
        self._least_age_ms = int(self._max_age_ms.min())

    def origin_of(self, run: int, first_s: float) -> float:
        """Second of the course at which the run's ticks begin."""
        return self.origin_s if run == self._run else first_s

    def begin(self, run: int, first_s: float) -> bool:
        """Begin a run if it is another one than the last; whether it is."""
        if run == self._run:
            return False
        self._run, self.origin_s = run, first_s
        self._value[:], self._quality[:] = np.nan, _UNKNOWN
        self._sample[:], self._received_ms[:] = NEVER, NEVER
        self._last_ms = 0
        return True

    def advance(
        self,
        values: npt.NDArray[np.float64],
        what: npt.NDArray[np.uint8],
        ticks: npt.NDArray[np.int64],
        ends: npt.NDArray[np.intp],
    ) -> Iterator[tuple[int, int, Arrays]]:
        """Tick, row and arrays of every image: of the rows `ends`, and before them where values have become too old."""
        rows = np.arange(len(ticks))
        last = np.maximum.accumulate(np.where(what != BLANK, rows[:, None], -1), axis=0)[ends]
        new = last >= 0
        at = np.maximum(last, 0)
        columns = np.arange(values.shape[1])
        value = np.where(new, values[at, columns], self._value)
        given = np.where(what[at, columns] == NUMBER, _GOOD, _BAD).astype(np.uint8)
        fresh = np.where(new, given, self._quality)
        sample = np.where(new, at + self._row, self._sample)
        received_ms = np.where(new, ticks[at], self._received_ms)
        quality = _aged(fresh, received_ms, ticks[ends][:, None], self._max_age_ms)
        self._row += len(ticks)
        before: Arrays = (self._value, self._quality, self._sample, self._received_ms)
        previous_ms = self._last_ms
        for i, row in enumerate(ends):
            tick = int(ticks[row])
            if tick - previous_ms > self._least_age_ms:
                yield from self._gap(before, previous_ms, tick, int(row))
            arrays = (value[i], quality[i], sample[i], received_ms[i])
            yield tick, int(row), arrays
            before = (value[i], fresh[i], sample[i], received_ms[i])
            previous_ms = tick
        self._value, self._quality = before[0].copy(), before[1].copy()
        self._sample, self._received_ms = before[2].copy(), before[3].copy()
        self._last_ms = previous_ms

    def _gap(self, before: Arrays, since_ms: int, until_ms: int, row: int) -> Iterator[tuple[int, int, Arrays]]:
        """What is seen between two rows: values becoming too old, one after the other."""
        value, quality, sample, received_ms = before
        due = (
            received_ms[(quality == _GOOD) & (received_ms != NEVER)]
            + self._max_age_ms[(quality == _GOOD) & (received_ms != NEVER)]
            + 1
        )
        for tick in np.unique(due[(due > since_ms) & (due < until_ms)]):
            yield (
                int(tick),
                row,
                (value, _aged(quality, received_ms, int(tick), self._max_age_ms), sample.copy(), received_ms),
            )


def _aged(
    quality: npt.NDArray[np.uint8],
    received_ms: npt.NDArray[np.int64],
    tick_ms: int | npt.NDArray[np.int64],
    max_age_ms: npt.NDArray[np.int64],
) -> npt.NDArray[np.uint8]:
    """The qualities at a tick: what was GOOD and is older than it may be is STALE."""
    old = (quality == _GOOD) & (received_ms != NEVER) & (tick_ms - received_ms > max_age_ms)
    return np.where(old, np.uint8(_STALE), quality)
