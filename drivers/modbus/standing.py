"""Cycles of one device that a connection asks by itself: all that `cycles` works on, made from what Python would do."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from drivers.link import TickMs
from drivers.modbus.cycles import DUE_AT, LATE, READS, STEP_COLUMNS
from drivers.modbus.exchange import Run
from drivers.modbus.intake import Reading
from drivers.modbus.kernel import AT, ROW_COLUMNS, STEP, STEP_END
from drivers.modbus.learned import Learned
from drivers.modbus.schedule import Cycle

_WORD = 8


class Left(Protocol):
    """Called when Python takes the cycles over."""

    def __call__(self, number: int, place: int, times_s: Sequence[float], since_s: float) -> None:
        """Cycle `number` (-1: none) stands before its batch `place`.

        Those before it were answered at `times_s`, the last answer came or the last request went at `since_s` (loop's clock).
        """
        ...


class Standing:
    """What a connection may ask from now on without a question.

    `runs` holds the rows of each cycle, `address` is where their table stands. The memory that the addresses mean lives as long as this object.
    """

    def __init__(
        self, cycles: Sequence[Cycle[Reading]], learned: Learned, tick_ms: TickMs, speed: float, left: Left
    ) -> None:
        self.learned = learned
        self.tick_ms, self.speed = tick_ms, speed
        self._cycles = cycles
        self._left = left
        self.runs = [Run([reading.batch for reading in cycle.turns]) for cycle in cycles]
        self._steps = [_steps(run, cycle.turns) for run, cycle in zip(self.runs, cycles, strict=True)]
        self._table = np.array(
            [
                (run.address, run.ends[-1], 0, round(cycle.period_s * 1e9), 0, 0, steps.ctypes.data)
                for run, steps, cycle in zip(self.runs, self._steps, cycles, strict=True)
            ],
            np.int64,
        )
        self.address: int = self._table.ctypes.data
        self.cells = self._table.data

    @property
    def reads(self) -> int:
        """Requests answered since Python looked last."""
        return self._sum(READS)

    @property
    def late_cycles(self) -> int:
        """Cycles skipped since then."""
        return self._sum(LATE)

    def _sum(self, column: int) -> int:
        """Over all cycles; a write waits for it, so it is a plain loop."""
        total = 0
        for number in range(len(self.runs)):
            total += self.cells[number, column]
        return total

    def begin(self) -> float:
        """Take over from Python; when the first cycle is due (loop's clock)."""
        for number, cycle in enumerate(self._cycles):
            self.cells[number, DUE_AT] = int(cycle.due_s * 1e9)
        return self.due_s()

    def due_s(self) -> float:
        """When the first cycle is due, or was (loop's clock)."""
        first: int = self.cells[0, DUE_AT]
        for number in range(1, len(self.runs)):
            first = min(first, self.cells[number, DUE_AT])
        return first * 1e-9

    def end(self, number: int, taken: int, since_s: float) -> int:
        """Hand back to Python: cycle `number` (-1: none), of which `taken` rows were answered. Gives the place of its next batch."""
        place, times_s = 0, list[float]()
        if number >= 0:
            run = self.runs[number]
            place = run.ends.index(taken) + 1 if taken else 0
            times_s = [run.cells[end - 1, AT] * 1e-9 for end in run.ends[:place]]
        self._left(number, place, times_s, since_s)
        for row, cycle in enumerate(self._cycles):
            cycle.due_s = self.cells[row, DUE_AT] * 1e-9
            self.cells[row, READS] = self.cells[row, LATE] = 0
        return place


def _steps(run: Run, readings: Sequence[Reading]) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    """The steps of a cycle; each batch's last row says which are its own."""
    begin = 0
    rows: list[tuple[int, ...]] = []
    for place, (reading, end) in enumerate(zip(readings, run.ends, strict=True)):
        first = place - reading.place  # of the stretch

        def came(of: int, first: int = first) -> int:
            return run.address + _WORD * (ROW_COLUMNS * (run.ends[first + of] - 1) + AT)

        rows += reading.steps(came)
        run.cells[end - 1, STEP], run.cells[end - 1, STEP_END] = begin, len(rows)
        begin = len(rows)
    return np.array(rows or [(0,) * STEP_COLUMNS], np.int64).reshape(-1, STEP_COLUMNS)
