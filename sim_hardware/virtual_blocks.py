"""Plain blocks in virtual time: the words of all devices that are polled together are decoded in one compiled loop, where they stand.

They are nearly all points of a site: numbers of one register and bits. What comes out is, bit by bit, what the links' own intake
(`drivers.modbus.intake`) makes of the same words; a test holds the two side by side.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from controller.site.model import Device
from drivers.compiled.door import short_kernel
from drivers.modbus.decode import mark_bad
from drivers.modbus.plan import BIT_TABLES, MAX_BITS
from drivers.points import NEVER, BlockBuffer, DataType, Order, Quality, RegisterBlock
from sim_hardware.devices.memory import DeviceMemory

BLOCK = np.dtype(
    [
        ("word", "i8"),  # its first word among those of all devices
        ("counter", "i8"),  # the word of its sample counter; -1: every good read is a sample
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
_WORDS = frozenset({DataType.UINT16, DataType.INT16, DataType.BIT})
_CODES = 1
"""Codes for "no value" that the loop looks for."""


def is_plain(block: RegisterBlock, device: Device) -> bool:
    """Whether the loop decodes blocks of this kind; one without a counter must fit into one request, which is then one sample of it."""
    limit = MAX_BITS if block.table in BIT_TABLES else device.max_registers
    is_word = block.data_type in _WORDS and block.order in {Order.ABCD, Order.CDAB}
    is_whole = block.counter is not None or block.count <= limit
    return is_word and is_whole and block.identity is None and len(block.scaling.invalid) <= _CODES


class PlainBlocks:
    """The plain blocks of one period; `due_ms` is when they are polled next."""

    def __init__(
        self,
        blocks: Sequence[RegisterBlock],
        first: Mapping[str, int],
        buffer: BlockBuffer,
        memories: Mapping[str, DeviceMemory],
    ) -> None:
        """`first` are the blocks' places in `buffer`; their words come from `memories` (by device), which share one array."""
        self.period_ms = round(blocks[0].period_s * 1000)
        self.due_ms = 0
        self.devices = list(dict.fromkeys(block.device for block in blocks))
        self._buffer = buffer
        self._records = np.zeros(len(blocks), BLOCK)
        self._place = {block.name: place for place, block in enumerate(blocks)}
        self._of_device = {d: np.array([b.device == d for b in blocks]) for d in self.devices}
        self._all = np.ones(len(blocks), np.bool_)
        self._parts = {d: [buffer.part(first[b.name], b.count) for b in blocks if b.device == d] for d in self.devices}
        held = [(block, memories[block.device]) for block in blocks]
        for number, (block, memory) in enumerate(held):
            counter = -1 if block.counter is None else memory.place(block.table, block.counter)
            code = block.scaling.invalid[0] & 0xFFFF if block.scaling.invalid else -1
            sample = NEVER if block.counter is None else 0
            scaling = block.scaling.factor, block.scaling.offset
            places = memory.place(block.table, block.address), counter, first[block.name], block.count
            self._records[number] = (*places, *scaling, code, block.data_type is DataType.INT16, NEVER, sample)
        self._octets = held[0][1].words.view(np.uint8)

    def take(self, answering: list[str], tick_ms: int) -> None:
        """Take in what the devices show that answer."""
        alive = self._all
        if len(answering) < len(self.devices):
            alive = np.logical_or.reduce([self._of_device[device] for device in answering])
        buffer = self._buffer
        arrays = buffer.value, buffer.quality, buffer.sample, buffer.received_ms
        _decode(self._octets, self._records, alive, tick_ms, *arrays)

    def take_point(self, block: RegisterBlock, index: int, tick_ms: int) -> bool:
        """Take in what one point reads back: a sample of it alone. False if it is none of these blocks'."""
        place = self._place.get(block.name)
        if place is None:
            return False
        buffer = self._buffer
        arrays = buffer.value, buffer.quality, buffer.sample, buffer.received_ms
        _decode_point(self._octets, self._records, place, index, tick_ms, *arrays)
        return True

    def fail(self, device: str) -> None:
        """Make the points of a device BAD at once."""
        for part in self._parts.get(device, ()):
            mark_bad(part)


@short_kernel
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
        if block.counter < 0:
            block.sample += 1
        else:
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


_ALONE = np.ones(1, np.bool_)


@short_kernel
def _decode_point(
    octets: npt.NDArray[np.uint8],
    blocks: npt.NDArray[np.void],
    place: int,
    index: int,
    tick_ms: int,
    value: npt.NDArray[np.float64],
    quality: npt.NDArray[np.uint8],
    sample: npt.NDArray[np.int64],
    received_ms: npt.NDArray[np.int64],
) -> None:
    """`_decode` of one point of a block: what its counter last said stays with the whole block."""
    block = blocks[place]
    first, word, count, said = block.first, block.word, block.count, block.said
    block.first, block.word, block.count = first + index, word + index, 1
    _decode(octets, blocks[place : place + 1], _ALONE, tick_ms, value, quality, sample, received_ms)
    block.first, block.word, block.count, block.said = first, word, count, said
