"""From registers on the wire to points in a buffer, compiled: one call a run of points. `decode` says what the fields mean.

Strict IEEE arithmetic: the same bits as numpy's.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from drivers.compiled.door import kernel_of, short_kernel
from drivers.modbus.compiled import carray, pointer
from drivers.points import BlockBuffer, DataType, Order, Quality, RegisterBlock

_RAW, _VALUE, _QUALITY, _SAMPLE, _RECEIVED, _COUNT, _REGISTERS, _SWAPPED, _REVERSED, _KIND, _FIRST, _CODES = range(12)
"""Places of a run's numbers: addresses, points, registers of a value; whether the bytes of a word are swapped, whether the words are
reversed; number of the first of bits. Behind them stand the invalid codes, as many as the last one says."""

LAST_NUMBER, HEAD_NUMBERS = _CODES, _CODES + 1

_UNSIGNED, _SIGNED, _BIT, _FLOAT32, _FLOAT64 = range(5)
_KINDS = {
    DataType.BIT: _BIT,
    DataType.INT16: _SIGNED,
    DataType.INT32: _SIGNED,
    DataType.FLOAT32: _FLOAT32,
    DataType.FLOAT64: _FLOAT64,
}
_GOOD, _BAD = int(Quality.GOOD), int(Quality.BAD)


class Unpacker:
    """Decodes the registers or bits of `block` at an address into `points`, as `decode.Decoder` does; made once, called at every read.

    `raw` are the bytes of the registers as they came, or of bits, of which the first is number `first` (the lowest of a byte comes first);
    they and `points` live as long as this object.
    """

    def __init__(self, block: RegisterBlock, raw: npt.NDArray[np.uint8], points: BlockBuffer, first: int = 0) -> None:
        self._kept = (raw, points)
        registers, order, kind = block.data_type.registers, block.order, _KINDS.get(block.data_type, _UNSIGNED)
        codes = block.scaling.invalid
        if kind == _FLOAT32:
            codes = tuple(int(np.float32(code).view(np.uint32)) for code in codes)
        elif kind == _FLOAT64:
            codes = tuple(int(np.float64(code).view(np.int64)) for code in codes)
        else:
            codes = tuple(code & (0x10000**registers - 1) for code in codes)
        arrays: tuple[npt.NDArray[Any], ...] = (raw, points.value, points.quality, points.sample, points.received_ms)
        kinds = (np.uint8, np.float64, np.uint8, np.int64, np.int64)
        if any(not a.flags.c_contiguous or a.dtype != kind for a, kind in zip(arrays, kinds, strict=True)):
            raise ValueError(f"{block.name}: compiled decoding takes packed arrays alone")
        if raw.size != ((first + len(points.value) + 7) // 8 if kind == _BIT else 2 * registers * len(points.value)):
            raise ValueError(f"{block.name}: {raw.size} bytes for {len(points.value)} points of {registers} registers")
        self._numbers = np.array(
            [
                *(array.ctypes.data for array in arrays),
                len(points.value),
                registers,
                order in {Order.BADC, Order.DCBA},
                registers > 1 and order in {Order.CDAB, Order.DCBA},
                kind,
                first,
                len(codes),
                *codes,
            ],
            np.int64,
        )
        self._scaling = (float(block.scaling.factor), float(block.scaling.offset))
        self.row = (self._numbers.ctypes.data, *np.array(self._scaling).view(np.int64).tolist())
        """Where the numbers stand, and the bits of factor and offset: for who unpacks without Python."""
        kernel_of(unpack).prepare(self._numbers, *self._scaling, 0, 0)

    def __call__(self, sample: int, received_ms: int) -> None:
        """Decode what the registers hold now, of sample number `sample`."""
        unpack(self._numbers, *self._scaling, sample, received_ms)


@short_kernel
def _word(octets: Any, place: Any, swapped: Any) -> Any:
    return np.uint64(octets[2 * place + swapped]) << np.uint64(8) | np.uint64(octets[2 * place + 1 - swapped])


@short_kernel
def _bits(octets: Any, place: Any, registers: Any, swapped: Any, is_reversed: Any) -> Any:
    """The bit pattern of a value of one, two or four registers. Written out: a loop over the words takes twice as long."""
    if registers == 1:
        return _word(octets, place, swapped)
    first, step = registers * place, 1
    if is_reversed:
        first, step = first + registers - 1, -1
    bits = _word(octets, first, swapped) << np.uint64(16) | _word(octets, first + step, swapped)
    if registers == 2:  # noqa: PLR2004 (of a 32-bit value)
        return bits
    low = _word(octets, first + 2 * step, swapped) << np.uint64(16) | _word(octets, first + 3 * step, swapped)
    return bits << np.uint64(32) | low


@short_kernel
def _number(bits: Any, kind: Any, registers: Any) -> Any:
    """What a bit pattern says."""
    if kind == _FLOAT32:
        return np.float64(np.uint32(bits).view(np.float32))
    if kind == _FLOAT64:
        return np.uint64(bits).view(np.float64)
    if kind == _SIGNED and registers == 1:
        return np.float64(np.uint16(bits).view(np.int16))
    if kind == _SIGNED:
        return np.float64(np.uint32(bits).view(np.int32))
    return np.float64(bits)


@short_kernel
def _is_code(numbers: Any, bits: Any, kind: Any, registers: Any) -> Any:
    """Whether a bit pattern means "no value". Floats are compared as numbers: minus zero is zero, NaN is no code."""
    for place in range(_CODES + 1, _CODES + 1 + numbers[_CODES]):
        code = np.uint64(numbers[place])
        if kind >= _FLOAT32:
            if _number(bits, kind, registers) == _number(code, kind, registers):
                return True
        elif bits == code:
            return True
    return False


@short_kernel
def unpack(numbers: Any, factor: Any, offset: Any, sample: Any, received_ms: Any) -> None:
    """Decode what the bytes hold now (see `Unpacker`)."""
    count, registers, swapped, kind = numbers[_COUNT], numbers[_REGISTERS], numbers[_SWAPPED], numbers[_KIND]
    octets = carray(pointer(numbers[_RAW]), 2 * registers * count, np.uint8)
    value = carray(pointer(numbers[_VALUE]), count, np.float64)
    quality = carray(pointer(numbers[_QUALITY]), count, np.uint8)
    samples = carray(pointer(numbers[_SAMPLE]), count, np.int64)
    received = carray(pointer(numbers[_RECEIVED]), count, np.int64)
    is_float = kind >= _FLOAT32
    if kind == _UNSIGNED and registers == 1 and swapped == 0 and numbers[_CODES] == 0:
        # What most devices send: the compiler makes vectors of it.
        for place in range(count):
            value[place] = np.float64(octets[2 * place] * 256 + octets[2 * place + 1]) * factor
            quality[place] = _GOOD
        if offset != 0.0:
            for place in range(count):
                value[place] += offset
    else:
        for place in range(count):
            if kind == _BIT:
                bit = numbers[_FIRST] + place
                bits = np.uint64(octets[bit >> 3] >> (bit & 7) & 1)
            else:
                bits = _bits(octets, place, registers, swapped, numbers[_REVERSED] != 0)
            scaled = _number(bits, kind, registers) * factor
            if is_float or offset != 0.0:
                scaled += offset
            is_bad = (is_float and not np.isfinite(scaled)) or _is_code(numbers, bits, kind, registers)
            value[place] = np.nan if is_bad else scaled
            quality[place] = _BAD if is_bad else _GOOD
    if samples[0] != sample:
        samples[:] = sample
        received[:] = received_ms
