"""A recording in the place of physics: the points that it has show its rows, everything else of the plant is as always."""

import numpy as np

from controller.core.layout import Layout
from drivers.recording import Recording, RecordingError
from sim_hardware.devices.rooms import Probe


class Playback:
    """Plays the rows of a recording; plant time 0 is its first row. After the last one its values stay."""

    def __init__(self, recording: Recording) -> None:
        self._values = recording.values
        self._points = recording.points
        self._at_ms = (recording.times_s - recording.times_s[0]) * 1000.0
        self._row = 0

    def advance(self, tick_ms: int) -> bool:
        """Go to the row of plant time `tick_ms`; whether it is another one."""
        before = self._row
        self._row = max(0, int(np.searchsorted(self._at_ms, tick_ms, side="right")) - 1)
        return self._row != before

    def probes(self, layout: Layout) -> dict[int, Probe]:
        """What shows each recorded point, by image index. Raises RecordingError for a point that the site does not have."""
        found: dict[int, Probe] = {}
        for column, (block, index) in enumerate(self._points):
            if block not in layout.first or index >= next(b.count for b in layout.blocks if b.name == block):
                raise RecordingError(f"{block}[{index}]", "is no point of this site; remedy: correct the mapping")
            found[layout.first[block] + index] = self._probe(column)
        return found

    def _probe(self, column: int) -> Probe:
        return lambda: self._values[self._row, column]
