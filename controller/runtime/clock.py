"""Plant time: one integer clock in milliseconds, shared by controller and plant, any number of times faster than the wall's."""

import time
from collections.abc import Callable
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class PlantClock:
    """Plant milliseconds = (CLOCK_MONOTONIC - `epoch_ns`) * `speed`, never below `not_before_ms` at the start.

    After a restart `not_before_ms` is the last tick of the journal: when CLOCK_MONOTONIC began anew with the machine, ticks go on
    from there, so that no timer of the latched state runs backwards. An epoch in the future gives tick 0 until it comes.
    """

    def __init__(
        self,
        epoch_ns: int,
        speed: float = 1.0,
        not_before_ms: int = 0,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.epoch_ns = epoch_ns
        self.speed = speed
        self._monotonic_ns = monotonic_ns
        self._shift_ms = 0
        self._shift_ms = max(0, not_before_ms - self.tick_ms())

    def tick_ms(self) -> int:
        """The plant's time now, in milliseconds."""
        elapsed_ns = max(0, self._monotonic_ns() - self.epoch_ns)
        return self._shift_ms + int(elapsed_ns * self.speed) // 1_000_000

    def wall_s(self, plant_s: float) -> float:
        """How many seconds of the wall `plant_s` seconds of the plant take."""
        return plant_s / self.speed


def boot_id() -> str:
    """Name of this run of the kernel: CLOCK_MONOTONIC of two processes can be compared only when it is the same for both."""
    return _BOOT_ID.read_text(encoding="ascii").strip()
