"""From measured values to the words of a device's memory: `drivers.modbus.decode.encode_array`, as one compiled loop where it can be."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from numba import njit

from drivers.modbus.decode import encode_array
from drivers.points import DataType, Order, RegisterBlock

Encoder = Callable[[npt.NDArray[np.float64]], None]
"""Puts values in engineering units into the registers that it was made for."""

_RANGE = {DataType.UINT16: (0.0, 65535.0), DataType.INT16: (-32768.0, 32767.0)}


def encoder_of(block: RegisterBlock, registers: npt.NDArray[np.uint16]) -> Encoder:
    """The encoder of a block whose words are `registers`, in the wire's order of bytes; its values are those of `encode_array`."""
    if block.data_type not in _RANGE or block.order not in {Order.ABCD, Order.CDAB}:

        def encode_any(values: npt.NDArray[np.float64]) -> None:
            registers[:] = encode_array(block, values)

        return encode_any
    low, high = _RANGE[block.data_type]
    missing = float(block.scaling.invalid[0]) if block.scaling.invalid else high
    octets = registers.view(np.uint8)
    numbers = block.scaling.offset, block.scaling.factor, low, high, missing

    def encode_registers(values: npt.NDArray[np.float64]) -> None:
        _to_octets(values, *numbers, octets)

    return encode_registers


@njit(cache=True, nogil=True, error_model="numpy")
def _to_octets(
    values: npt.NDArray[np.float64],
    offset: float,
    factor: float,
    low: float,
    high: float,
    missing: float,
    octets: npt.NDArray[np.uint8],
) -> None:
    for i in range(values.shape[0]):
        raw = (values[i] - offset) / factor
        raw = missing if np.isnan(raw) else min(max(np.rint(raw), low), high)
        word = np.int64(raw) & 0xFFFF
        octets[2 * i] = word >> 8
        octets[2 * i + 1] = word & 0xFF
