"""Which sensors sample when: a step asks only those whose time has come; those that come together are measured in one compiled loop."""

import heapq
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from drivers.points import RegisterBlock
from sim_hardware.devices.head_gas import GasHead, HeadBank
from sim_hardware.devices.memory import DeviceMemory
from sim_hardware.devices.messages import Messenger
from sim_hardware.devices.rooms import Shown
from sim_hardware.devices.sensors import Heads, Sensor
from sim_hardware.devices.words import WORDS, is_one_word, store_words, words_of


class Sampling:
    """Sensors by their devices' own clocks; contacts are looked at when something has moved that they may show."""

    def __init__(
        self, sensors: Sequence[Sensor], messenger: Messenger, memories: Mapping[str, DeviceMemory], seed: int
    ) -> None:
        """The sensors are attached to their `memories`; what has topics is noted with `messenger`, in the order of the site."""
        self._messenger = messenger
        self._contacts = [sensor for sensor in sensors if sensor.is_contact]
        groups: dict[tuple[int, int], list[Sensor]] = {}
        for sensor in sensors:
            if not sensor.is_contact:
                groups.setdefault(sensor.clock, []).append(sensor)
        plain = {clock: [s for s in group if _is_plain(s)] for clock, group in groups.items()}
        self._together = {clock: _Together(some, memories, seed) for clock, some in plain.items()}
        self._alone = {clock: [s for s in group if not _is_plain(s)] for clock, group in groups.items()}
        self._place = {id(sensor): place for place, sensor in enumerate(sensors)}
        self._due = [(0, period_ms, phase_ms) for period_ms, phase_ms in groups]
        heapq.heapify(self._due)

    def sample(self, tick_ms: int, *, contacts_moved: bool) -> None:
        """Let all that sample at `tick_ms` look, measure and store; samples that were passed over are left out.

        A contact with a fault is looked at in every step, as its fault may come and go.
        """
        alone = [sensor for sensor in self._contacts if sensor.faults] if not contacts_moved else self._contacts[:]
        while self._due and self._due[0][0] <= tick_ms:
            _, period_ms, phase_ms = self._due[0]
            self._together[period_ms, phase_ms].sample(tick_ms)
            alone += self._alone[period_ms, phase_ms]
            next_ms = phase_ms + period_ms * ((tick_ms - phase_ms) // period_ms + 1)
            heapq.heapreplace(self._due, (next_ms, period_ms, phase_ms))
        if not alone:
            return
        for sensor in sorted(alone, key=lambda sensor: self._place[id(sensor)]):
            sensor.take(tick_ms)
            if isinstance(sensor.block, RegisterBlock):
                sensor.store()
            else:
                self._messenger.note(sensor)


def _is_plain(sensor: Sensor) -> bool:
    return isinstance(sensor.block, RegisterBlock) and is_one_word(sensor.block)


class _Together:
    """Sensors of one clock, whose numbers take one register each: measured in one call, and stored in another, for all of them."""

    def __init__(self, sensors: list[Sensor], memories: Mapping[str, DeviceMemory], seed: int) -> None:
        self._sensors = sensors
        self._seed = seed
        blocks = [sensor.block for sensor in sensors if isinstance(sensor.block, RegisterBlock)]
        self._ends = np.cumsum([block.count for block in blocks], dtype=np.int64)
        self._numbers = np.array([words_of(block) for block in blocks], WORDS)
        self._place_words(blocks, memories)
        n = int(self._ends[-1]) if blocks else 0
        self._heads = Heads.of(np.zeros(n, np.int64))
        self._truth, self._measured = np.zeros(n), np.zeros(n)
        self._looks: list[tuple[npt.NDArray[np.float64], Callable[[], npt.ArrayLike]]] = []
        self._shown: list[tuple[npt.NDArray[np.float64], list[npt.NDArray[np.float64]]]] = []
        gas_heads: dict[int, list[tuple[int, GasHead]]] = {}
        for sensor, end in zip(sensors, self._ends.tolist(), strict=True):
            first, count = end - sensor.block.count, sensor.block.count
            points = slice(first, end)
            sensor.share(self._heads.part(first, count), self._truth[points], self._measured[points])
            for place, head in sensor.hand_over_gas_heads():
                gas_heads.setdefault(id(head.air), []).append((first + place, head))
        self._look_for(sensors)
        self._banks = [
            (HeadBank([head for _, head in some]), np.array([point for point, _ in some], np.intp))
            for some in gas_heads.values()
        ]

    def _place_words(self, blocks: list[RegisterBlock], memories: Mapping[str, DeviceMemory]) -> None:
        held = [memories[block.device] for block in blocks]
        places = [memory.place(b.table, b.address) for b, memory in zip(blocks, held, strict=True)]
        counters = [
            -1 if b.counter is None else memory.place(b.table, b.counter)
            for b, memory in zip(blocks, held, strict=True)
        ]
        self._places, self._counters = np.array(places, np.int64), np.array(counters, np.int64)
        self._octets = held[0].words.view(np.uint8) if held else np.zeros(0, np.uint8)

    def _look_for(self, sensors: list[Sensor]) -> None:
        """Arrays that always show the truth are copied from, those that lie behind each other in one go; other probes are asked."""
        runs: list[tuple[int, list[npt.NDArray[np.float64]]]] = []
        end = -1
        for sensor, last in zip(sensors, self._ends.tolist(), strict=True):
            first = last - sensor.block.count
            for points, probe in sensor.looks():
                begins = first + points.start
                if not isinstance(probe, Shown):
                    self._looks.append((sensor.truth[points], probe))
                    continue
                if begins != end:
                    runs.append((begins, []))
                runs[-1][1].append(probe.array)
                end = first + points.stop
        for begins, arrays in runs:
            size = sum(array.size for array in arrays)
            self._shown.append((self._truth[begins : begins + size], arrays))

    def sample(self, tick_ms: int) -> None:
        """Look, measure, and put the words into the devices' memories."""
        if not self._sensors:
            return
        for truth, arrays in self._shown:
            np.concatenate(arrays, out=truth)
        for truth, probe in self._looks:
            truth[:] = probe()
        for bank, points in self._banks:
            self._truth[points] = bank.shown()
        sample = self._sensors[0].sample_at(tick_ms)
        self._heads.measure(self._seed, sample, self._truth, self._measured)
        for sensor in self._sensors:
            sensor.sample = sample
            if sensor.faults:
                sensor.distort(tick_ms)
        store_words(self._measured, self._numbers, self._ends, self._places, self._counters, sample, self._octets)
