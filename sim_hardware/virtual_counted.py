"""Blocks whose device counts its samples, polled in virtual time: the words of many devices are gathered and decoded in one compiled loop.

They are most of a site's points (every cell of every battery management system). What comes out is, bit by bit, what the links' own intake
(`drivers.modbus.intake`) makes of the same words; a test holds the two side by side.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from numba import njit

from drivers.modbus.decode import WIRE, mark_bad
from drivers.points import BlockBuffer, DataType, Order, Quality, RegisterBlock, Table
from sim_hardware.devices.memory import DeviceMemory

BLOCK = np.dtype(
    [
        ("word", "i8"),  # its first word among the gathered ones
        ("counter", "i8"),  # the word of its sample counter
        ("first", "i8"),  # its first point in the buffer
        ("count", "i8"),
        ("factor", "f8"),
        ("offset", "f8"),
        ("code", "i8"),  # the word that means "no value"; -1: none
        ("signed", "u1"),
        ("said", "i8"),  # what its counter last said; -1: nothing yet
        ("sample", "i8"),  # number of its last sample
    ],
    align=True,
)
GOOD, BAD = int(Quality.GOOD), int(Quality.BAD)
_WORDS = frozenset({DataType.UINT16, DataType.INT16})
_CODES = 1
"""Codes for "no value" that the loop looks for."""


def is_counted(block: RegisterBlock) -> bool:
    """Whether the loop decodes blocks of this kind: numbers of one register with a sample counter, as most devices send them."""
    is_plain = block.data_type in _WORDS and block.order in {Order.ABCD, Order.CDAB}
    return is_plain and block.counter is not None and block.identity is None and len(block.scaling.invalid) <= _CODES


class CountedBlocks:
    """The counted blocks of devices that are polled together; `due_ms` is when they are polled next."""

    def __init__(self, blocks: Iterable[RegisterBlock], first: dict[str, int], buffer: BlockBuffer) -> None:
        """All `blocks` have one period; `first` are their places in `buffer`."""
        self._blocks = list(blocks)
        self.period_ms = round(self._blocks[0].period_s * 1000)
        self.due_ms = 0
        self.devices = list(dict.fromkeys(block.device for block in self._blocks))
        self._buffer = buffer
        self._records = np.zeros(len(self._blocks), BLOCK)
        self._of_device = {d: np.array([b.device == d for b in self._blocks]) for d in self.devices}
        self._parts = {
            d: [buffer.part(first[b.name], b.count) for b in self._blocks if b.device == d] for d in self.devices
        }
        self._spans: dict[str, list[tuple[Table, int, slice]]] = {device: [] for device in self.devices}
        at = 0
        for block, record in zip(self._blocks, self._records, strict=True):
            at = self._lay_out(block, record, first[block.name], at)
        self._words = np.zeros(at, WIRE)
        self._octets = self._words.view(np.uint8)

    def _lay_out(self, block: RegisterBlock, record: np.void, first: int, at: int) -> int:
        """Give the words of a block, and its counter behind them, their place from `at` on; returns the next free one."""
        code = block.scaling.invalid[0] & 0xFFFF if block.scaling.invalid else -1
        numbers = (at, at + block.count, first, block.count, block.scaling.factor, block.scaling.offset, code)
        for name, number in zip(BLOCK.names or (), (*numbers, block.data_type is DataType.INT16, -1, 0), strict=True):
            record[name] = number
        spans = self._spans[block.device]
        spans.append((block.table, block.address, slice(at, at + block.count)))
        spans.append((block.table, block.counter or 0, slice(at + block.count, at + block.count + 1)))
        return at + block.count + 1

    def attach(self, memories: dict[str, DeviceMemory]) -> None:
        """From now on the words come from these memories."""
        self._views = {
            device: [
                (memories[device].view(table, address, place.stop - place.start), place)
                for table, address, place in spans
            ]
            for device, spans in self._spans.items()
        }

    def take(self, answering: Iterable[str], tick_ms: int) -> None:
        """Take in what the devices show that answer; the others are BAD from now on."""
        alive = np.zeros(len(self._blocks), np.bool_)
        for device in answering:
            alive |= self._of_device[device]
            for view, place in self._views[device]:
                self._words[place] = view
        buffer = self._buffer
        _decode(
            self._octets, self._records, alive, tick_ms, buffer.value, buffer.quality, buffer.sample, buffer.received_ms
        )

    def fail(self, device: str) -> None:
        """Make the points of a device BAD at once."""
        for part in self._parts.get(device, ()):
            mark_bad(part)


@njit(cache=True, nogil=True, error_model="numpy")
def _decode(
    octets: npt.NDArray[np.uint8],
    blocks: npt.NDArray[np.void],
    alive: npt.NDArray[np.bool_],
    tick_ms: int,
    value: npt.NDArray[np.float64],
    quality: npt.NDArray[np.uint8],
    sample: npt.NDArray[np.int64],
    received_ms: npt.NDArray[np.int64],
) -> None:
    for b in range(blocks.shape[0]):
        if not alive[b]:
            continue
        block = blocks[b]
        counter = np.int64(octets[2 * block.counter]) << 8 | octets[2 * block.counter + 1]
        if block.said >= 0:
            block.sample += (counter - block.said) & 0xFFFF
        block.said = counter
        is_new = sample[block.first] != block.sample
        for k in range(block.count):
            word = np.int64(octets[2 * (block.word + k)]) << 8 | octets[2 * (block.word + k) + 1]
            i = block.first + k
            if word == block.code:
                value[i] = np.nan
                quality[i] = BAD
            else:
                raw = word - (word >> 15 << 16) if block.signed else word
                scaled = raw * block.factor
                value[i] = scaled + block.offset if block.offset != 0.0 else scaled
                quality[i] = GOOD
            if is_new:
                sample[i] = block.sample
                received_ms[i] = tick_ms
