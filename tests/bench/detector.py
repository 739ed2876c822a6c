"""Nanoseconds a point and sample of the bank of cell temperatures, beside its floor and what a user would take instead.

The floor is what the memory allows: the bytes that one call must move, by the copy bandwidth measured in the same run on blocks
as large. Two threads have half of the points each, in banks of their own. Times of the bank alone are processor time of its thread
(best of the rounds), so that other work on the machine does not count. A round is ten images in a row, a second apart, and their mean:
what goes on every five seconds alone (heat balances, slow slopes) is in it. The bank of times to runaway and the reduction to heads run
beside the bank in every scan and are figures of their own. Two threads are measured by the clock on the wall, waking
them included.
"""

import statistics
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from controller.core.detect.cell_bank import CellBank, lay_out_cells
from controller.core.detect.readings import Readings
from controller.core.detect.runaway_bank import lay_out_runaway
from controller.core.image import Image
from controller.site.model import Family
from tests.bench.one_by_one import peers
from tests.bench.vectorised import Vectorised
from tests.naive.rig import Rig, Spec

GROUP = 16
ROUNDS = 9
IN_A_ROW = 10
"""Images of a round, of which every fifth brings the slow work."""
SIZES = (2_048, 10_240, 102_400, 1_024_000)
LARGE = 200_000
"""Points from which on fewer rounds are enough."""
IMAGE_BYTES = 8 + 1 + 8 + 8
"""Of a point in the image: value, quality, sample, time of receipt."""


def images(rig: Rig, count: int) -> list[Image]:
    """So many images of a quiet room, all points new in each."""
    rng = np.random.default_rng(1)
    made = []
    for _ in range(count):
        rig.sample += 1
        rig.tick_ms += 1000
        rig.buffer.value[:] = np.round(25.0 + rng.normal(0.0, 0.1, rig.layout.n_points), 1)
        rig.buffer.sample[:] = rig.sample
        rig.buffer.received_ms[:] = rig.tick_ms
        made.append(rig.image())
    return made


def bank_of(points: int) -> tuple[Rig, CellBank]:
    """A rig of so many cell temperatures, and a bank of its own for them."""
    rig = Rig({"cells": Spec(Family.CELL_TEMPERATURE, points, GROUP, "r1")})
    return rig, lay_out_cells(rig.layout)[0]


def bytes_a_point(bank: CellBank) -> float:
    """Bytes that a call must move for a point: the image and the index are read, the state read and written; records of rare things rest."""
    moved: list[npt.NDArray[Any]] = [bank.state, bank.seen_quality, bank.seen_sample, bank.last_ms, bank.code]
    read: list[npt.NDArray[Any]] = [bank.status, bank.flags]
    n = bank.index.size
    return (sum(2 * array.nbytes for array in moved) + sum(array.nbytes for array in read)) / n + IMAGE_BYTES


def copy_bytes_per_ns(size: int) -> float:
    """Copy bandwidth, read and written bytes together, on a block of `size` bytes."""
    source, target = np.ones(size // 8), np.zeros(size // 8)
    rounds = max(1, 30_000_000 // size)
    best = 0.0
    for _ in range(ROUNDS):
        start = time.thread_time_ns()
        for _ in range(rounds):
            np.copyto(target, source)
        best = max(best, 2.0 * size * rounds / (time.thread_time_ns() - start))
    return best


def nanoseconds(act: Callable[[Image], object], sequence: list[Image], points: int) -> float:
    """Mean over the images, one after the other: processor time that one point takes."""
    start = time.thread_time_ns()
    for image in sequence:
        act(image)
    return (time.thread_time_ns() - start) / len(sequence) / points


def two_threads(points: int) -> float:
    """Time on the wall that one point takes with half of them in each of two threads: mean of ten images in a row, the best of them."""
    pairs = [bank_of(points // 2) for _ in range(2)]
    sequences = [images(rig, ROUNDS * IN_A_ROW if points < LARGE else IN_A_ROW) for rig, _ in pairs]
    meet, done = threading.Barrier(3), threading.Barrier(3)

    def run(which: int) -> None:
        for image in sequences[which]:
            meet.wait()
            pairs[which][1].advance(image)
            done.wait()

    threads = [threading.Thread(target=run, args=(which,)) for which in range(2)]
    times = []
    for thread in threads:
        thread.start()
    for _ in sequences[0]:
        start = time.perf_counter_ns()
        meet.wait()
        done.wait()
        times.append(time.perf_counter_ns() - start)
    for thread in threads:
        thread.join()
    return min(float(np.mean(times[at : at + IN_A_ROW])) for at in range(0, len(times), IN_A_ROW)) / points


def measure(points: int) -> float:
    """One size: the bank, its floor, numpy; returns the bank's nanoseconds."""
    rig, bank = bank_of(points)
    vectorised = Vectorised(points, GROUP)
    found: dict[str, list[float]] = {"bank": [], "runaway": [], "reduce": [], "nothing new": [], "numpy": []}
    readings, others = Readings.empty(rig.layout), lay_out_runaway(rig.layout)
    with np.errstate(all="ignore"):
        for _ in range(3 if points > LARGE else ROUNDS):
            sequence = images(rig, IN_A_ROW)
            found["bank"].append(nanoseconds(bank.advance, sequence, points))
            found["runaway"].append(sum(nanoseconds(other.advance, sequence, points) for other in others))
            found["reduce"].append(nanoseconds(lambda _: bank.reduce(readings), sequence, points))
            found["nothing new"].append(nanoseconds(bank.advance, [sequence[-1]] * 4, points))
            found["numpy"].append(
                nanoseconds(
                    lambda image: vectorised.advance(image.value, image.tick_ms / 1e3, 1.0), sequence[:2], points
                )
            )
    moved = bytes_a_point(bank)
    bandwidth = copy_bytes_per_ns(min(round(moved * points / 2), 256_000_000))
    floor = moved / bandwidth
    one = min(found["bank"])
    print(
        f"  {points:>9,}  {one:7.2f} ns   two threads {two_threads(points):7.2f} ns   floor {floor:5.2f} ns ({moved:.0f} bytes, "
        f"{bandwidth:.0f} GB/s): {one / floor:4.1f} x   numpy {min(found['numpy']):7.1f} ns: {min(found['numpy']) / one:4.1f} x   "
        f"nothing new {min(found['nothing new']):5.2f} ns   times to runaway {min(found['runaway']):5.2f} ns   "
        f"reduce {min(found['reduce']):5.2f} ns   median {statistics.median(found['bank']):.2f} ns"
    )
    return one


def main() -> None:
    """Measure the bank at all sizes, then the detectors of others one by one."""
    print(
        f"\ndetector: cell temperatures in modules of {GROUP}, all features, ns per point and sample (mean of {IN_A_ROW} images in a row, "
        f"best of {ROUNDS} rounds)"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numpy speaks up about modules without a value
        ours = {size: measure(size) for size in SIZES}
    kernel = ours[10_240]
    print(f"detectors of others, one simple test each, against the bank at 10,240 points ({kernel:.2f} ns)")
    for name, nanos in peers():
        print(f"  {name:<44} {nanos:12.1f} ns  {nanos / kernel:10.1f} x")
