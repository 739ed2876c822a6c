"""Cycles that go on by themselves, compiled: when each is due, what its answers bring, how old that is, and what is learned of the device.

All tables are int64; addresses are those of memory that `drivers.modbus.standing` keeps alive, times nanoseconds of CLOCK_MONOTONIC. The
same is said in Python by `schedule`, `intake` and `learned` for everything that is not plain.
"""

from typing import Any

import numpy as np

from drivers.compiled.door import short_kernel
from drivers.modbus.compiled import carray, pointer
from drivers.modbus.unpack import HEAD_NUMBERS, LAST_NUMBER, unpack

CYCLE_ROWS, CYCLE_COUNT, DUE_AT, PERIOD, LATE, READS, STEPS = range(7)
"""Columns of a cycle: its rows and their number, when it is due and how often, how many times it was skipped, requests answered, its steps."""

CYCLE_COLUMNS = 7

NUMBERS, FACTOR, OFFSET, INTAKE, WHEN = range(5)
"""Columns of a step that a batch's last row names. `NUMBERS`: what `unpack` needs, with `FACTOR` and `OFFSET` as bits of floats; 0 where the
step takes in a device's counter. `INTAKE`: the block's cells. `WHEN`: address of the moment at which the first of the points came, or of
the counter's two bytes."""

STEP_COLUMNS = 5

SAMPLE, KNOWN, RAW, IS_COUNTED = range(4)
"""Cells of a block's intake: its sample number; whether the device's counter is known, what it last said (-1: nothing), and if it has one."""

INTAKE_CELLS = 4

WAITS, BEGAN, GOOD, FAILED, GOOD_BEFORE, FAILED_BEFORE, FIRST_WAIT = range(7)
"""Cells of what is learned of a device: waits so far, then this window's beginning and its turns, those of the one before, and the waits."""

LATENCIES = 256
"""Waits that are remembered: the 99th percentile is the third largest of them."""

WINDOW_NS = 60_000_000_000

FOR_EVER = 2**63 - 1

_WORD = 8


@short_kernel
def _cell(address: Any, place: Any) -> Any:
    """One cell of a table, as an array of one."""
    return carray(pointer(address + place * _WORD), 1, np.int64)


@short_kernel
def take_numbers(address: Any, count: Any) -> Any:
    """The first of so many transaction numbers, as `wire.Transactions.take` gives them."""
    cell = _cell(address, 0)
    first = cell[0] if cell[0] + count <= 0x10000 else 1  # noqa: PLR2004 (16 bits)
    cell[0] = first + count
    return first


@short_kernel
def pick(cycles: Any, count: Any, now: Any) -> Any:
    """The cycle of a device whose turn it is; -1 if none is due."""
    best, earliest = -1, 0
    for number in range(count):
        due = _cell(cycles, number * CYCLE_COLUMNS + DUE_AT)[0]
        if due <= now and (best < 0 or due < earliest):
            best, earliest = number, due
    return best


@short_kernel
def first_due(cycles: Any, count: Any) -> Any:
    """When the first of them is due."""
    due = FOR_EVER
    for number in range(count):
        due = min(due, _cell(cycles, number * CYCLE_COLUMNS + DUE_AT)[0])
    return due


@short_kernel
def move_on(cycle: Any, now: Any) -> None:
    """The whole cycle is answered: when it is due again. Late ones are skipped, never piled up."""
    row = carray(pointer(cycle), CYCLE_COLUMNS, np.int64)
    row[DUE_AT] += row[PERIOD]
    missed = (now - row[DUE_AT]) // row[PERIOD]
    if missed > 0:
        row[LATE] += missed
        row[DUE_AT] += missed * row[PERIOD]


@short_kernel
def learn(learned: Any, wait: Any, now: Any) -> None:
    """One more turn was answered, after its longest wait."""
    cells = carray(pointer(learned), FIRST_WAIT + LATENCIES, np.int64)
    cells[FIRST_WAIT + cells[WAITS] % LATENCIES] = wait
    cells[WAITS] += 1
    passed = (now - cells[BEGAN]) // WINDOW_NS
    if passed >= 1:
        cells[GOOD_BEFORE] = cells[GOOD] if passed == 1 else 0
        cells[FAILED_BEFORE] = cells[FAILED] if passed == 1 else 0
        cells[GOOD] = cells[FAILED] = 0
        cells[BEGAN] += passed * WINDOW_NS
    cells[GOOD] += 1


@short_kernel
def last_wait(learned: Any) -> Any:
    """What the device needed the last time; for ever, if nothing is known of it."""
    if learned == 0:
        return FOR_EVER
    waits = _cell(learned, WAITS)[0]
    return _cell(learned, FIRST_WAIT + (waits - 1) % LATENCIES)[0] if waits > 0 else FOR_EVER


@short_kernel
def take_in(steps: Any, first: Any, end: Any, tick: Any, speed: Any, at: Any) -> None:
    """Steps `first` to `end` of a cycle: its points are decoded. Plant time is `tick` at the moment `at`, and passes at `speed`."""
    for number in range(first, end):
        step = carray(pointer(steps + number * STEP_COLUMNS * _WORD), STEP_COLUMNS, np.int64)
        intake = carray(pointer(step[INTAKE]), INTAKE_CELLS, np.int64)
        if step[NUMBERS] == 0:
            _count(step[WHEN], intake)
            continue
        if intake[IS_COUNTED] == 0:
            intake[SAMPLE] += 1
        elif intake[KNOWN] == 0:
            continue
        size = _cell(step[NUMBERS], LAST_NUMBER)[0]
        received = tick + np.int64(np.floor((_cell(step[WHEN], 0)[0] - at) * speed * 1e-6))
        unpack(
            carray(pointer(step[NUMBERS]), HEAD_NUMBERS + size, np.int64),
            np.int64(step[FACTOR]).view(np.float64),
            np.int64(step[OFFSET]).view(np.float64),
            intake[SAMPLE],
            received,
        )


@short_kernel
def _count(address: Any, intake: Any) -> None:
    """Take in the device's 16-bit counter; samples that were missed count as well."""
    octets = carray(pointer(address), 2, np.uint8)
    raw = np.int64(octets[0]) << 8 | np.int64(octets[1])
    if intake[RAW] >= 0:
        intake[SAMPLE] += (raw - intake[RAW]) & 0xFFFF
    intake[RAW] = raw
    intake[KNOWN] = 1
