"""The bank that foresees runaway from all cell temperatures, of which it follows the hot ones. Shown to people; steers nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from controller.core.detect import runaway_time as rt
from controller.core.detect.readings import Readings
from controller.core.image import Image
from controller.core.layout import Layout
from controller.site.model import Family


@dataclass(frozen=True, slots=True)
class RunawayBank:
    """The memory of the kernel, by cell (n,) as `runaway_time.advance` has it; `by_rack` float64 (3, racks)."""

    index: npt.NDArray[np.int32]
    rack: npt.NDArray[np.int32]
    step_k: npt.NDArray[np.float32]
    hot: npt.NDArray[np.uint8]
    seen_sample: npt.NDArray[np.int64]
    seen_ms: npt.NDArray[np.int64]
    since_ms: npt.NDArray[np.int64]
    state: npt.NDArray[np.float32]
    answer: npt.NDArray[np.float32]
    by_rack: npt.NDArray[np.float64]

    @classmethod
    def of(
        cls, index: npt.NDArray[np.int32], rack: npt.NDArray[np.int32], step_k: npt.NDArray[np.float32], n_racks: int
    ) -> "RunawayBank":
        """Cells at these places in the image, none seen yet."""
        n = index.size
        times = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
        answer = np.full((n, 3), np.nan, np.float32)
        return cls(
            index, rack, step_k, np.zeros(n, np.uint8), *times, rt.new_state(n), answer, np.full((3, n_racks), np.nan)
        )

    @property
    def families(self) -> tuple[Family, ...]:
        """What its heads sense."""
        return (Family.CELL_TEMPERATURE,)

    def advance(self, image: Image) -> bool:
        """Take in an image; returns whether anything was new."""
        return self.take(image.value, image.quality, image.sample, image.received_ms)

    def take(
        self,
        value: npt.NDArray[np.float64],
        quality: npt.NDArray[np.uint8],
        sample: npt.NDArray[np.int64],
        received_ms: npt.NDArray[np.int64],
    ) -> bool:
        """Take in the arrays of an image; returns whether anything was new."""
        return bool(
            rt.advance(
                value, quality, sample, received_ms, self.index, self.rack, self.step_k, self.hot, self.seen_sample,
                self.seen_ms, self.since_ms, self.state, self.answer, self.by_rack,
            )
        )  # fmt: skip

    def reduce(self, readings: Readings) -> None:
        """Write what is foreseen by rack; of heads it says nothing."""
        readings.rack_runaway_s[:], readings.rack_runaway_low_s[:], readings.rack_runaway_high_s[:] = self.by_rack

    def forget(self, head_index: int) -> None:
        """Nothing is kept as evidence of the past."""

    def arrays(self) -> Iterator[npt.NDArray[Any]]:
        """All its memory in a fixed order."""
        yield from (self.hot, self.seen_sample, self.seen_ms, self.since_ms, self.state, self.answer, self.by_rack)


def lay_out_runaway(layout: Layout) -> tuple[RunawayBank, ...]:
    """The bank of all cell temperatures; none without such heads. Heads without modules (`group` 0) tell whole kelvins."""
    heads = [head for head in layout.heads if head.head.family == Family.CELL_TEMPERATURE]
    if not heads:
        return ()
    counts = [len(head.points) for head in heads]
    steps_k = [rt.STEP_K if head.head.group else rt.COARSE_STEP_K for head in heads]
    index = np.concatenate([head.points for head in heads]).astype(np.int32)
    rack = np.repeat(np.array([head.rack for head in heads], np.int32), counts)
    return (RunawayBank.of(index, rack, np.repeat(np.array(steps_k, np.float32), counts), len(layout.racks)),)
