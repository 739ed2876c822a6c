"""Sensors: what the points of a block look at, the module's own sampling, noise, faults, and the words that end up in its memory."""

import numpy as np

from controller.site.model import Family
from drivers.points import Block, RegisterBlock, Table
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
        self._probes: list[tuple[slice, Probe]] = []
        self._sigma = np.zeros(block.count)
        self._low = np.full(block.count, -np.inf)
        self.high = np.full(block.count, np.inf)
        self._dies_degc = np.full(block.count, np.inf)
        self._burnt = np.zeros(block.count, np.bool_)
        self._encode: Encoder | None = None
        self._counter = np.zeros(0, np.uint16)

    def look_at(self, place: int, count: int, probe: Probe, family: Family | None = None) -> None:
        """Points `place` to `place + count` show what `probe` sees, with the noise of `family` (None: a contact, no noise)."""
        points = slice(place, place + count)
        self._probes.append((points, probe))
        if family is None:
            return
        self._sigma[points] = SIGMA.get(family, 0.0)
        self._low[points], self.high[points] = RANGE.get(family, (-np.inf, np.inf))
        if family is Family.CELL_TEMPERATURE and count > MIN_MAX_MEAN:
            spread = [uniform(self._seed, self.first + place + i, 0) for i in range(count)]
            self._dies_degc[points] = SENSOR_DIES_DEGC + SENSOR_DIES_SPREAD_K * np.array(spread)

    @property
    def clock(self) -> tuple[int, int]:
        """Period and phase of its device's own sampling, in ms."""
        return self._period_ms, self._phase_ms

    def take(self, tick_ms: int) -> None:
        """Look at the truth, and measure it: the sample whose number belongs to `tick_ms`."""
        self.sample = (tick_ms + self._period_ms - self._phase_ms) // self._period_ms
        for points, probe in self._probes:
            self.truth[points] = probe()
        ends = self._low, self.high, self._dies_degc, self._burnt
        measure(self._seed, self.first, self.sample, self._sigma, *ends, self.truth, self.measured)
        for fault in self.faults:
            fault.apply(self.measured, tick_ms / 1000, self.sample)

    def attach(self, memory: DeviceMemory) -> None:
        """From now on `store` fills these registers."""
        block = self.block
        if isinstance(block, RegisterBlock):
            registers = memory.view(block.table, block.address, block.count * block.data_type.registers)
            self._encode = encoder_of(block, registers)
            if block.counter is not None:
                self._counter = memory.view(block.table, block.counter, 1)

    def store(self) -> None:
        """Put the measured values into the device's registers, at their resolution, and then the sample counter."""
        if self._encode is not None:
            self._encode(self.measured)
            self._counter[:] = self.sample & 0xFFFF
