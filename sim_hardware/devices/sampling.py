"""Which sensors sample when: a calendar, so that a step asks only those whose time has come."""

import heapq
from collections.abc import Sequence

from sim_hardware.devices.sensors import Sensor


class Sampling:
    """Sensors by their devices' own clocks; contacts are looked at when something has moved that they may show."""

    def __init__(self, sensors: Sequence[Sensor]) -> None:
        self._place = {id(sensor): place for place, sensor in enumerate(sensors)}
        self._contacts = [sensor for sensor in sensors if sensor.is_contact]
        groups: dict[tuple[int, int], list[Sensor]] = {}
        for sensor in sensors:
            if not sensor.is_contact:
                groups.setdefault(sensor.clock, []).append(sensor)
        self._due = [(0, period_ms, phase_ms) for period_ms, phase_ms in groups]
        heapq.heapify(self._due)
        self._groups = groups

    def due(self, tick_ms: int, *, contacts_moved: bool) -> list[Sensor]:
        """Those that sample at `tick_ms`, in the order of the site; each sample once, those that were passed over are left out.

        A contact with a fault is looked at in every step, as its fault may come and go. The order matters between topics only.
        """
        found = [sensor for sensor in self._contacts if contacts_moved or sensor.faults]
        groups = 0
        while self._due[0][0] <= tick_ms if self._due else False:
            groups += 1
            _, period_ms, phase_ms = self._due[0]
            found += self._groups[period_ms, phase_ms]
            next_ms = phase_ms + period_ms * ((tick_ms - phase_ms) // period_ms + 1)
            heapq.heapreplace(self._due, (next_ms, period_ms, phase_ms))
        if groups > 1:
            found.sort(key=lambda sensor: self._place[id(sensor)])
        return found
