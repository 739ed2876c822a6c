"""What lies in registers: wire words to engineering values in a buffer, and back. No I/O; one vectorised step a block.

*Words* come as the wire has them, big-endian (`>u2`), one register each; bits as 0 and 1. A raw view of them costs nothing for values in
order ABCD and DCBA; the other two swap the bytes of every word first.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from drivers.points import BlockBuffer, DataType, Order, Quality, RegisterBlock

Words = npt.NDArray[np.uint16]
Raw = npt.NDArray[np.integer[Any] | np.floating[Any]]

WIRE = np.dtype(">u2")
"""A register on the wire (Modbus Application Protocol 1.1b3, 4.2)."""

_CODE = {
    DataType.UINT16: "u2",
    DataType.INT16: "i2",
    DataType.UINT32: "u4",
    DataType.INT32: "i4",
    DataType.FLOAT32: "f4",
    DataType.FLOAT64: "f8",
}
_FLOATS = frozenset({DataType.FLOAT32, DataType.FLOAT64})
_LITTLE = frozenset({Order.DCBA, Order.CDAB})
_SWAPPED = frozenset({Order.BADC, Order.CDAB})
_RAW_RANGE = {
    DataType.UINT16: (0, 0xFFFF),
    DataType.INT16: (-0x8000, 0x7FFF),
    DataType.UINT32: (0, 0xFFFF_FFFF),
    DataType.INT32: (-0x8000_0000, 0x7FFF_FFFF),
    DataType.BIT: (0, 1),
}
_UNSIGNED_MASK = {1: 0xFFFF, 2: 0xFFFF_FFFF}
_FLOAT_MAX = {
    DataType.FLOAT32: float(np.finfo(np.float32).max),
    DataType.FLOAT64: float(np.finfo(np.float64).max),
}


def raw_of(block: RegisterBlock, words: Words) -> Raw:
    """Words (dtype `WIRE`; bits of any type) as raw numbers of the block's type and order."""
    if block.data_type is DataType.BIT:
        return words
    code = ("<" if _is_little(block) else ">") + _CODE[block.data_type]
    return (words.byteswap() if _is_swapped(block) else words).view(code)


def _is_little(block: RegisterBlock) -> bool:
    # One register has no order of words: BADC and DCBA both say that its bytes are swapped.
    return block.order in _LITTLE if block.data_type.registers > 1 else block.order in {Order.BADC, Order.DCBA}


def _is_swapped(block: RegisterBlock) -> bool:
    """Whether each word's own bytes lie against the order of the value's bytes."""
    return block.data_type.registers > 1 and block.order in _SWAPPED


_multiply = np.multiply
_GOOD, _BAD = int(Quality.GOOD), int(Quality.BAD)
"""Plain numbers: an array is filled with them twice as fast as with members of an enumeration."""


class Decoder:
    """Decodes raw numbers of `block` into `points`, a buffer (or the part of one) of as many values; made once, called at every read.

    Invalid codes, NaN and infinities, also those that scaling makes, become NaN and BAD, all else GOOD. The receive time moves only with
    the sample number, so that a device whose counter stands still grows stale.
    """

    __slots__ = (
        "_block",
        "_codes",
        "_factor",
        "_is_float",
        "_may_be_invalid",
        "_offset",
        "_points",
        "_quality",
        "_sample",
        "_value",
    )

    def __init__(self, block: RegisterBlock, points: BlockBuffer) -> None:
        self._block = block
        # As an array of no dimension, which numpy need not convert at every call.
        self._factor = np.array(block.scaling.factor)
        self._offset = block.scaling.offset
        self._is_float = block.data_type in _FLOATS
        self._may_be_invalid = self._is_float or bool(block.scaling.invalid)
        self._points = points
        self._value, self._quality, self._sample = points.value, points.quality, points.sample
        self._codes: list[float] | None = None

    def __call__(self, raw: Raw, sample: int, received_ms: int) -> None:
        """Decode `raw`, of sample number `sample`."""
        if self._is_float:
            self._scale_floats(raw)
        else:
            _multiply(raw, self._factor, self._value)
            if self._offset:
                np.add(self._value, self._offset, self._value)
        self._quality.fill(_GOOD)
        if self._may_be_invalid:
            self._mark_invalid(raw)
        if self._sample.item(0) != sample:
            self._sample.fill(sample)
            self._points.received_ms.fill(received_ms)

    def _scale_floats(self, raw: Raw) -> None:
        # What a device sends may be a signalling NaN, or too large once scaled: the quality says so, no warning.
        with np.errstate(invalid="ignore", over="ignore"):
            _multiply(raw, self._factor, self._value)
            np.add(self._value, self._offset, self._value)

    def _mark_invalid(self, raw: Raw) -> None:
        if not self._is_float and not self._may_hold_codes(raw):
            return
        bad = _invalid(self._block, raw, self._value)
        if bad.any():
            self._value[bad] = np.nan
            self._quality[bad] = _BAD

    def _may_hold_codes(self, raw: Raw) -> bool:
        """Whether any value is what an invalid code scales to: asked of native numbers, far quicker than of words in the wire's order."""
        if self._codes is None:
            self._codes = [self._scaled(code, raw.dtype) for code in self._block.scaling.invalid]
        return any(np.count_nonzero(self._value == code) for code in self._codes)

    def _scaled(self, code: int, kind: np.dtype[Any]) -> float:
        """What `code`, given signed or as the bare bit pattern, would show."""
        bits = code & _UNSIGNED_MASK[self._block.data_type.registers]
        raw = np.array([bits], f"u{kind.itemsize}").view(f"{kind.kind}{kind.itemsize}")
        return float((_multiply(raw, self._factor) + self._offset)[0])


def mark_bad(buffer: BlockBuffer) -> None:
    """Make every point of a block BAD, with no value; sample and receive time stay those of the last sample."""
    buffer.value.fill(np.nan)
    buffer.quality.fill(_BAD)


def encode(block: RegisterBlock, value: float) -> tuple[int, ...]:
    """Words (or the bit) that say `value` in engineering units; never clamps.

    Raises `ValueError` for what the block's type cannot say.
    """
    raw = (value - block.scaling.offset) / block.scaling.factor
    if block.data_type in _FLOATS:
        if not abs(raw) <= _FLOAT_MAX[block.data_type]:
            raise ValueError(f"block {block.name}: {value} is no {block.data_type}")
    else:
        low, high = _RAW_RANGE[block.data_type]
        if not (math.isfinite(raw) and low <= round(raw) <= high):
            raise ValueError(
                f"block {block.name}: {value} is raw {raw}, outside {low} to {high}; check factor, offset and type"
            )
        if block.data_type.registers == 1 and not _is_little(block):
            return (round(raw) & 0xFFFF,)  # nearly every write; the same as below
    return tuple(int(word) for word in encode_array(block, np.array([value])))


def encode_array(block: RegisterBlock, values: npt.NDArray[np.float64]) -> Words:
    """Words (native uint16) of a run of values in engineering units: what a device would show.

    Values are rounded to the block's resolution and clamped to what the type can say. NaN becomes the first invalid
    code; a block without one shows what a torn wire shows: the end of the range (bits: 0, floats: NaN).
    """
    raw = (values - block.scaling.offset) / block.scaling.factor
    missing = np.isnan(raw)
    if block.data_type in _FLOATS:
        raw = np.clip(raw, -_FLOAT_MAX[block.data_type], _FLOAT_MAX[block.data_type])
        if block.scaling.invalid:
            raw[missing] = block.scaling.invalid[0]
        return _words_of(block, raw)
    low, high = _RAW_RANGE[block.data_type]
    raw = np.clip(np.rint(raw), low, high)
    if block.scaling.invalid:
        raw[missing] = block.scaling.invalid[0]
    else:
        raw[missing] = 0 if block.data_type is DataType.BIT else high
    bits = raw.astype(np.int64) & _UNSIGNED_MASK[block.data_type.registers]
    return bits.astype(np.uint16) if block.data_type is DataType.BIT else _words_of(block, bits)


def _words_of(block: RegisterBlock, raw: Raw) -> Words:
    """Raw numbers (integers as bit patterns) in the block's order, as native words."""
    code = _CODE[block.data_type].replace("i", "u")
    words = raw.astype(("<" if _is_little(block) else ">") + code).view(WIRE)
    return (words.byteswap() if _is_swapped(block) else words).astype(np.uint16)


def _invalid(block: RegisterBlock, raw: Raw, scaled: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which values are none, by their raw numbers or once scaled. Codes of integers may be given signed or as the bare bit pattern."""
    codes = block.scaling.invalid
    if block.data_type in _FLOATS:
        bad: npt.NDArray[np.bool_] = ~np.isfinite(scaled)
        for code in codes:
            bad |= raw == raw.dtype.type(code)
        return bad
    mask = _UNSIGNED_MASK[block.data_type.registers]
    unsigned = raw.view(f"{raw.dtype.byteorder.replace('|', '=')}u{raw.itemsize}")
    bad = unsigned == (codes[0] & mask)
    for code in codes[1:]:
        bad |= unsigned == (code & mask)
    return bad
