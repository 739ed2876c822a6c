"""Sensors: what the points of a block look at, the module's own sampling, noise, faults, and the words that end up in its memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from controller.site.model import Family
from drivers.points import Block, RegisterBlock, Table
from sim_hardware.devices.head_gas import GasHead
from sim_hardware.devices.memory import DeviceMemory
from sim_hardware.devices.noise import measure, uniform
from sim_hardware.devices.rooms import Probe
from sim_hardware.devices.words import Encoder, encoder_of
from sim_hardware.faults.bound import BoundFault

SIGMA: dict[Family, float] = {
    Family.CELL_TEMPERATURE: 0.025,
    Family.CELL_VOLTAGE: 0.00025,
    Family.H2: 0.6,
    Family.CO: 0.5,
    Family.VOC: 0.5,
    Family.SMOKE: 0.001,
    Family.HEAT: 0.05,
    Family.CLIMATE_TEMPERATURE: 0.05,
    Family.CLIMATE_HUMIDITY: 0.3,
}
"""Standard deviation of a head's noise in its unit (assumed). That of the cells' values is a quarter of the usual resolution, so
that a value in a register is within one step of the truth."""

RANGE: dict[Family, tuple[float, float]] = {
    Family.CELL_VOLTAGE: (0.0, 5.5),
    Family.H2: (0.0, 40000.0),
    Family.CO: (0.0, 10000.0),
    Family.VOC: (0.0, 10000.0),
    Family.SMOKE: (0.0, 20.0),
    Family.HEAT: (-40.0, 300.0),
    Family.CLIMATE_TEMPERATURE: (-40.0, 85.0),
    Family.CLIMATE_HUMIDITY: (0.0, 100.0),
}
"""Measuring range of a head in its unit (assumed, of catalogue parts): it shows the end of it for everything beyond."""

MIN_MAX_MEAN = 3
"""Points of a poor BMS, which does not tell of single sensors, so that none is seen to die."""
SENSOR_DIES_DEGC = 200.0
SENSOR_DIES_SPREAD_K = 30.0
"""A cell's thermistor and its wire burn off here, and so many kelvins later at most (assumed)."""


@dataclass(frozen=True, slots=True)
class Heads:
    """What makes a value of the truth at each point (all (count,)): noise, ends of the range, and whether a cell's thermistor has burnt."""

    point: npt.NDArray[np.int64]
    sigma: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    dies_degc: npt.NDArray[np.float64]
    burnt: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, point: npt.NDArray[np.int64]) -> Heads:
        """Heads without noise or ends at these points of the image."""
        n = point.size
        sigma, low, high, dies = np.zeros(n), np.full(n, -np.inf), np.full(n, np.inf), np.full(n, np.inf)
        return cls(point, sigma, low, high, dies, np.zeros(n, np.bool_))

    def part(self, first: int, count: int) -> Heads:
        """Views of some of them."""
        points = slice(first, first + count)
        return Heads(*(array[points] for array in self._arrays()))

    def take_over(self, other: Heads) -> None:
        """Become what `other`, of the same points, is."""
        for mine, its in zip(self._arrays(), other._arrays(), strict=True):
            mine[:] = its

    def measure(
        self, seed: int, sample: int, truth: npt.NDArray[np.float64], measured: npt.NDArray[np.float64]
    ) -> None:
        """Write to `measured` what the heads make of `truth` in their sample number `sample`."""
        measure(seed, self.point, sample, self.sigma, self.low, self.high, self.dies_degc, self.burnt, truth, measured)

    def _arrays(self) -> tuple[npt.NDArray[Any], ...]:
        return self.point, self.sigma, self.low, self.high, self.dies_degc, self.burnt


class Sensor:
    """All points of one block, sampled together by their device every `period_ms`, from `phase_ms` on.

    `first` is the image index of the first point. `truth` and `measured` (count,) are what is, and what the sensor sees after noise
    and faults, before the resolution of its registers. `high` (count,) are the upper ends of the measuring ranges.
    """

    def __init__(self, block: Block, first: int, period_ms: int, phase_ms: int, seed: int) -> None:
        self.block = block
        self.first = first
        self.is_contact = isinstance(block, RegisterBlock) and block.table in {Table.COIL, Table.DISCRETE}
        self.truth = np.zeros(block.count)
        self.measured = np.zeros(block.count)
        self.sample = -1
        self.faults: list[BoundFault] = []
        self._period_ms = period_ms
        self._phase_ms = phase_ms
        self._seed = seed
        self._probes: list[tuple[slice, Probe | GasHead]] = []
        self._heads = Heads.of(np.arange(first, first + block.count))
        self._encode: Encoder | None = None
        self._registers = self._counter = np.zeros(0, np.uint16)

    def look_at(self, place: int, count: int, probe: Probe, family: Family | None = None) -> None:
        """Points `place` to `place + count` show what `probe` sees, with the noise of `family` (None: a contact, no noise)."""
        points = slice(place, place + count)
        self._probes.append((points, probe))
        if family is None:
            return
        heads = self._heads
        heads.sigma[points] = SIGMA.get(family, 0.0)
        heads.low[points], heads.high[points] = RANGE.get(family, (-np.inf, np.inf))
        if family is Family.CELL_TEMPERATURE and count > MIN_MAX_MEAN:
            spread = [uniform(self._seed, self.first + place + i, 0) for i in range(count)]
            heads.dies_degc[points] = SENSOR_DIES_DEGC + SENSOR_DIES_SPREAD_K * np.array(spread)

    def hand_over_gas_heads(self) -> list[tuple[int, GasHead]]:
        """Its gas heads with the places of their points: from now on somebody else puts what they show into `truth`."""
        heads = [(points.start, probe) for points, probe in self._probes if isinstance(probe, GasHead)]
        self._probes = [(points, probe) for points, probe in self._probes if not isinstance(probe, GasHead)]
        return heads

    @property
    def clock(self) -> tuple[int, int]:
        """Period and phase of its device's own sampling, in ms."""
        return self._period_ms, self._phase_ms

    @property
    def high(self) -> npt.NDArray[np.float64]:
        """Upper ends of the measuring ranges (count,)."""
        return self._heads.high

    def sample_at(self, tick_ms: int) -> int:
        """The number of its device's sample at `tick_ms`."""
        return (tick_ms + self._period_ms - self._phase_ms) // self._period_ms

    def take(self, tick_ms: int) -> None:
        """Look at the truth, and measure it: the sample whose number belongs to `tick_ms`."""
        for points, probe in self._probes:
            self.truth[points] = probe()
        self.sample = self.sample_at(tick_ms)
        self._heads.measure(self._seed, self.sample, self.truth, self.measured)
        self.distort(tick_ms)

    def looks(self) -> list[tuple[slice, Callable[[], npt.ArrayLike]]]:
        """Where in `truth` goes what, for one who looks in its stead."""
        return list(self._probes)

    def distort(self, tick_ms: int) -> None:
        """Let the faults have their way with what was measured: the last part of `take`."""
        for fault in self.faults:
            fault.apply(self.measured, tick_ms / 1000, self.sample)

    def attach(self, memory: DeviceMemory) -> None:
        """From now on `store` fills these registers."""
        block = self.block
        if isinstance(block, RegisterBlock):
            registers = memory.view(block.table, block.address, block.count * block.data_type.registers)
            self._registers = registers
            self._encode = encoder_of(block, registers)
            if block.counter is not None:
                self._counter = memory.view(block.table, block.counter, 1)

    def store(self) -> None:
        """Put the measured values into the device's registers, at their resolution, and then the sample counter."""
        if self._encode is not None:
            self._encode(self.measured)
            self._counter[:] = self.sample & 0xFFFF

    def share(self, heads: Heads, truth: npt.NDArray[np.float64], measured: npt.NDArray[np.float64]) -> None:
        """From now on live in these views (count,), which take over what is known so far."""
        heads.take_over(self._heads)
        truth[:], measured[:] = self.truth, self.measured
        self._heads, self.truth, self.measured = heads, truth, measured
