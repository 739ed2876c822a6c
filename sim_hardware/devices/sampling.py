"""Which sensors sample when: a step asks only those whose time has come; those that come together are measured in one compiled loop."""

import heapq
from collections.abc import Sequence

import numpy as np

from drivers.modbus.decode import WIRE
from drivers.points import RegisterBlock
from sim_hardware.devices.head_gas import GasHead, HeadBank
from sim_hardware.devices.messages import Messenger
from sim_hardware.devices.sensors import Heads, Sensor
from sim_hardware.devices.words import WORDS, is_one_word, to_octets, words_of


class Sampling:
    """Sensors by their devices' own clocks; contacts are looked at when something has moved that they may show."""

    def __init__(self, sensors: Sequence[Sensor], messenger: Messenger, seed: int) -> None:
        """The sensors are attached to their memories; what has topics is noted with `messenger`, in the order of the site."""
        self._messenger = messenger
        self._contacts = [sensor for sensor in sensors if sensor.is_contact]
        groups: dict[tuple[int, int], list[Sensor]] = {}
        for sensor in sensors:
            if not sensor.is_contact:
                groups.setdefault(sensor.clock, []).append(sensor)
        self._together = {clock: _Together([s for s in group if _is_plain(s)], seed) for clock, group in groups.items()}
        self._alone = {clock: [s for s in group if not _is_plain(s)] for clock, group in groups.items()}
        self._place = {id(sensor): place for place, sensor in enumerate(sensors)}
        self._due = [(0, period_ms, phase_ms) for period_ms, phase_ms in groups]
        heapq.heapify(self._due)

    def sample(self, tick_ms: int, *, contacts_moved: bool) -> None:
        """Let all that sample at `tick_ms` look, measure and store; samples that were passed over are left out.

        A contact with a fault is looked at in every step, as its fault may come and go.
        """
        alone = [sensor for sensor in self._contacts if contacts_moved or sensor.faults]
        while self._due and self._due[0][0] <= tick_ms:
            _, period_ms, phase_ms = self._due[0]
            self._together[period_ms, phase_ms].sample(tick_ms)
            alone += self._alone[period_ms, phase_ms]
            next_ms = phase_ms + period_ms * ((tick_ms - phase_ms) // period_ms + 1)
            heapq.heapreplace(self._due, (next_ms, period_ms, phase_ms))
        for sensor in sorted(alone, key=lambda sensor: self._place[id(sensor)]):
            sensor.take(tick_ms)
            if isinstance(sensor.block, RegisterBlock):
                sensor.store()
            else:
                self._messenger.note(sensor)


def _is_plain(sensor: Sensor) -> bool:
    return isinstance(sensor.block, RegisterBlock) and is_one_word(sensor.block)


class _Together:
    """Sensors of one clock, whose numbers take one register each: measured and encoded in two calls for all of them."""

    def __init__(self, sensors: list[Sensor], seed: int) -> None:
        self._sensors = sensors
        self._seed = seed
        blocks = [sensor.block for sensor in sensors if isinstance(sensor.block, RegisterBlock)]
        self._ends = np.cumsum([block.count for block in blocks], dtype=np.int64)
        self._numbers = np.array([words_of(block) for block in blocks], WORDS)
        n = int(self._ends[-1]) if blocks else 0
        self._heads = Heads.of(np.zeros(n, np.int64))
        self._truth, self._measured = np.zeros(n), np.zeros(n)
        self._words = np.zeros(n, WIRE)
        self._octets = self._words.view(np.uint8)
        self._parts = []
        gas_heads: dict[int, list[tuple[int, GasHead]]] = {}
        for sensor, end in zip(sensors, self._ends.tolist(), strict=True):
            first, count = end - sensor.block.count, sensor.block.count
            points = slice(first, end)
            sensor.share(self._heads.part(first, count), self._truth[points], self._measured[points])
            self._parts.append((sensor, self._words[points]))
            for place, head in sensor.hand_over_gas_heads():
                gas_heads.setdefault(id(head.air), []).append((first + place, head))
        self._banks = [
            (HeadBank([head for _, head in some]), np.array([point for point, _ in some], np.intp))
            for some in gas_heads.values()
        ]

    def sample(self, tick_ms: int) -> None:
        """Look, measure, and put the words into the devices' memories."""
        if not self._parts:
            return
        for sensor in self._sensors:
            sensor.look(tick_ms)
        for bank, points in self._banks:
            self._truth[points] = bank.shown()
        self._heads.measure(self._seed, self._sensors[0].sample, self._truth, self._measured)
        for sensor in self._sensors:
            if sensor.faults:
                sensor.distort(tick_ms)
        to_octets(self._measured, self._numbers, self._ends, self._octets)
        for sensor, words in self._parts:
            sensor.put(words)
