"""From measured values to the words of a device's memory: `drivers.modbus.decode.encode_array`, as one compiled loop where it can be."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from drivers.compiled.door import short_kernel
from drivers.modbus.decode import encode_array
from drivers.points import DataType, Order, RegisterBlock

WORDS = np.dtype([("offset", "f8"), ("factor", "f8"), ("low", "f8"), ("high", "f8"), ("missing", "f8")], align=True)
"""How numbers of one register are made: engineering value = raw * factor + offset, ends of the raw range, what NaN becomes."""

Encoder = Callable[[npt.NDArray[np.float64]], None]
"""Puts values in engineering units into the registers that it was made for."""

_RANGE = {DataType.UINT16: (0.0, 65535.0), DataType.INT16: (-32768.0, 32767.0)}


def is_one_word(block: RegisterBlock) -> bool:
    """Whether the compiled loop makes the block's words: numbers of one register, as most devices hold them."""
    return block.data_type in _RANGE and block.order in {Order.ABCD, Order.CDAB}


def words_of(block: RegisterBlock) -> tuple[float, ...]:
    """The WORDS record of such a block."""
    low, high = _RANGE[block.data_type]
    missing = float(block.scaling.invalid[0]) if block.scaling.invalid else high
    return block.scaling.offset, block.scaling.factor, low, high, missing


def encoder_of(block: RegisterBlock, registers: npt.NDArray[np.uint16]) -> Encoder:
    """The encoder of a block whose words are `registers`, in the wire's order of bytes; its values are those of `encode_array`."""
    if not is_one_word(block):

        def encode_any(values: npt.NDArray[np.float64]) -> None:
            registers[:] = encode_array(block, values)

        return encode_any
    octets = registers.view(np.uint8)
    numbers = np.array([words_of(block)], WORDS)
    ends = np.array([block.count], np.int64)

    def encode_registers(values: npt.NDArray[np.float64]) -> None:
        to_octets(values, numbers, ends, octets)

    return encode_registers


@short_kernel
def _write(
    values: npt.NDArray[np.float64], first: int, last: int, numbers: np.record, octets: npt.NDArray[np.uint8], at: int
) -> None:
    """Write the words of values `first` to before `last` from octet `at` on."""
    for i in range(first, last):
        raw = (values[i] - numbers.offset) / numbers.factor
        raw = numbers.missing if np.isnan(raw) else min(max(np.rint(raw), numbers.low), numbers.high)
        word = np.int64(raw) & 0xFFFF
        octets[at] = word >> 8
        octets[at + 1] = word & 0xFF
        at += 2


@short_kernel
def to_octets(
    values: npt.NDArray[np.float64],
    numbers: npt.NDArray[np.void],
    ends: npt.NDArray[np.int64],
    octets: npt.NDArray[np.uint8],
) -> None:
    """Write the words of several blocks, one behind the other: `numbers` (WORDS) of each, and where its `values` end."""
    first = 0
    for block in range(ends.shape[0]):
        _write(values, first, ends[block], numbers[block], octets, 2 * first)
        first = ends[block]


@short_kernel
def store_words(
    values: npt.NDArray[np.float64],
    numbers: npt.NDArray[np.void],
    ends: npt.NDArray[np.int64],
    places: npt.NDArray[np.int64],
    counters: npt.NDArray[np.int64],
    sample: int,
    octets: npt.NDArray[np.uint8],
) -> None:
    """`to_octets`, each block's words to its own place among those of all devices; then its sample counter (-1: none)."""
    first = 0
    for block in range(ends.shape[0]):
        _write(values, first, ends[block], numbers[block], octets, 2 * places[block])
        if counters[block] >= 0:
            octets[2 * counters[block]] = sample >> 8 & 0xFF
            octets[2 * counters[block] + 1] = sample & 0xFF
        first = ends[block]
