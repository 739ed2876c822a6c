"""What lies in registers: check a reply, decode it into a buffer, encode a value. No I/O and no wire library.

Words are plain numpy arrays of uint16, one register each (or one bit each, 0 or 1, for coils and discrete inputs), so
that the simulated plant uses the same functions in the other direction.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from drivers.link import WrongReplyError
from drivers.modbus.plan import BIT_TABLES, Request
from drivers.points import BlockBuffer, DataType, Quality, RegisterBlock, Table

Words = npt.NDArray[np.uint16]
Raw = npt.NDArray[np.integer[Any] | np.floating[Any]]

READ_FUNCTION = {Table.COIL: 1, Table.DISCRETE: 2, Table.HOLDING: 3, Table.INPUT: 4}
"""Function code that reads a table (Modbus Application Protocol 1.1b3, 6)."""

WRITE_COIL = 5
WRITE_REGISTER = 6
WRITE_REGISTERS = 16
WRITE_FUNCTIONS = frozenset({WRITE_COIL, WRITE_REGISTER, 15, WRITE_REGISTERS, 22, 23})
"""Every public function code that can change a device."""

_RAW_RANGE = {
    DataType.UINT16: (0, 0xFFFF),
    DataType.INT16: (-0x8000, 0x7FFF),
    DataType.UINT32: (0, 0xFFFF_FFFF),
    DataType.INT32: (-0x8000_0000, 0x7FFF_FFFF),
    DataType.BIT: (0, 1),
}
_UNSIGNED_MASK = {1: 0xFFFF, 2: 0xFFFF_FFFF}
_FLOAT32_MAX = float(np.finfo(np.float32).max)


def check_reply(request: Request, place: str, *, unit: int, function: int, count: int) -> None:
    """Raise `WrongReplyError` unless a reply has the unit, the function and the count that were asked for.

    `count` is what the reply carries: registers, or bits (which come in whole bytes).
    """
    expected = (request.count + 7) // 8 * 8 if request.table in BIT_TABLES else request.count
    for what, got, asked in (
        ("unit", unit, request.unit),
        ("function", function, READ_FUNCTION[request.table]),
        ("count", count, expected),
    ):
        if got != asked:
            raise WrongReplyError(
                place, f"reply has {what} {got}, asked for {asked}; look for another master or a bad gateway"
            )


def decode(
    block: RegisterBlock, words: Words, buffer: BlockBuffer, sample: int, received_ms: int, first: int = 0
) -> None:
    """Decode `words` into the points of `buffer` from `first` on.

    Invalid codes, NaN and infinities become NaN and BAD, all else GOOD. `sample` is the number of the sample that the
    words belong to: the receive time moves only when it does, so that a device whose counter stands still grows stale.
    """
    raw = _raw(block.data_type, words)
    points = slice(first, first + len(raw))
    scaling = block.scaling
    values = raw * scaling.factor
    if scaling.offset:
        values += scaling.offset
    buffer.value[points] = values
    buffer.quality[points] = Quality.GOOD
    bad = _invalid(block, raw)
    if bad is not None and bad.any():
        buffer.value[points][bad] = np.nan
        buffer.quality[points][bad] = Quality.BAD
    if buffer.sample[first] != sample:
        buffer.sample[points] = sample
        buffer.received_ms[points] = received_ms


def mark_bad(buffer: BlockBuffer) -> None:
    """Make every point of a block BAD, with no value; sample and receive time stay those of the last sample."""
    buffer.value.fill(np.nan)
    buffer.quality.fill(Quality.BAD)


def encode(block: RegisterBlock, value: float) -> tuple[int, ...]:
    """Words (or the bit) that say `value` in engineering units; never clamps.

    Raises `ValueError` for what the block's type cannot say.
    """
    raw = (value - block.scaling.offset) / block.scaling.factor
    if block.data_type is DataType.FLOAT32:
        if not abs(raw) <= _FLOAT32_MAX:
            raise ValueError(f"block {block.name}: {value} is no float32")
        return tuple(int(word) for word in encode_array(block, np.array([value])))
    low, high = _RAW_RANGE[block.data_type]
    if not (math.isfinite(raw) and low <= round(raw) <= high):
        raise ValueError(
            f"block {block.name}: {value} is raw {raw}, outside {low} to {high}; check factor, offset and type"
        )
    return tuple(int(word) for word in encode_array(block, np.array([value])))


def encode_array(block: RegisterBlock, values: npt.NDArray[np.float64]) -> Words:
    """Words of a run of values in engineering units: what a device would show.

    Values are rounded to the block's resolution and clamped to what the type can say. NaN becomes the first invalid
    code; a block without one shows what a torn wire shows: the end of the range (bits: 0, float32: NaN).
    """
    raw = (values - block.scaling.offset) / block.scaling.factor
    missing = np.isnan(raw)
    if block.data_type is DataType.FLOAT32:
        raw = np.clip(raw, -_FLOAT32_MAX, _FLOAT32_MAX)
        if block.scaling.invalid:
            raw[missing] = block.scaling.invalid[0]
        return _split_words(raw.astype(np.float32).view(np.uint32))
    low, high = _RAW_RANGE[block.data_type]
    raw = np.clip(np.rint(raw), low, high)
    if block.scaling.invalid:
        raw[missing] = block.scaling.invalid[0]
    else:
        raw[missing] = 0 if block.data_type is DataType.BIT else high
    bits = raw.astype(np.int64) & _UNSIGNED_MASK[block.data_type.registers]
    return bits.astype(np.uint16) if block.data_type.registers == 1 else _split_words(bits.astype(np.uint32))


def _raw(data_type: DataType, words: Words) -> Raw:
    """Words as raw numbers of the block's type; the high word comes first."""
    if data_type in {DataType.UINT16, DataType.BIT}:
        return words
    if data_type is DataType.INT16:
        return words.view(np.int16)
    pairs = (words[0::2].astype(np.uint32) << np.uint32(16)) | words[1::2]
    match data_type:
        case DataType.INT32:
            return pairs.view(np.int32)
        case DataType.FLOAT32:
            return pairs.view(np.float32)
        case _:
            return pairs


def _invalid(block: RegisterBlock, raw: Raw) -> npt.NDArray[np.bool_] | None:
    """Which raw values say "no value". Codes of integers may be given signed or as the bare bit pattern."""
    codes = block.scaling.invalid
    if block.data_type is DataType.FLOAT32:
        bad: npt.NDArray[np.bool_] = ~np.isfinite(raw)
        for code in codes:
            bad |= raw == np.float32(code)
        return bad
    if not codes:
        return None
    mask = _UNSIGNED_MASK[block.data_type.registers]
    unsigned = raw.view(f"u{raw.itemsize}")
    bad = unsigned == (codes[0] & mask)
    for code in codes[1:]:
        bad |= unsigned == (code & mask)
    return bad


def _split_words(pairs: npt.NDArray[np.uint32]) -> Words:
    words = np.empty(2 * len(pairs), np.uint16)
    words[0::2] = pairs >> np.uint32(16)
    words[1::2] = pairs & np.uint32(0xFFFF)
    return words
