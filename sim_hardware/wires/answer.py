"""What a Modbus unit answers: one request PDU in, one reply PDU out. No I/O.

Modbus Application Protocol 1.1b3, chapter 6; the limits of a request are those of the specification, not of a PDU.
"""

import struct
from collections.abc import Callable
from enum import IntEnum
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from drivers.points import Table
from sim_hardware.devices.memory import AddressError

MAX_READ_BITS = 2000
MAX_READ_REGISTERS = 125
MAX_WRITE_BITS = 1968
MAX_WRITE_REGISTERS = 123
MAX_EXCHANGED_REGISTERS = 121
"""Registers that function 23 writes."""

_ADDRESS_COUNT = struct.Struct(">BHH")
_MASK_WRITE = struct.Struct(">BHHH")
_EXCHANGE = struct.Struct(">BHHHH")
_COIL_VALUES = {0x0000: 0, 0xFF00: 1}
_WRITES = frozenset({5, 6, 15, 16, 22, 23})


class Exc(IntEnum):
    """Exception codes that a unit, or the gateway before it, answers with."""

    ILLEGAL_FUNCTION = 1
    ILLEGAL_ADDRESS = 2
    ILLEGAL_VALUE = 3
    NO_UNIT = 11


class Store(Protocol):
    """The memory of one unit. Each method raises AddressError for what is not there or must not be written."""

    def view(self, table: Table, address: int, count: int) -> npt.NDArray[np.uint16]:
        """`count` words or bits (0 or 1) from `address` on."""
        ...

    def big_endian(self, table: Table, address: int, count: int) -> bytes:
        """`count` registers from `address` on, as they stand in a reply."""
        ...

    def write(self, table: Table, address: int, values: npt.ArrayLike) -> None:
        """A write from the wire."""
        ...


class _ValueError(Exception):
    """A count, a length or a value that the specification does not know. On the wire: exception 3."""


def answer(pdu: bytes, store: Store) -> bytes:
    """The reply PDU to a request PDU of at least one byte; what is wrong with the request comes back as an exception."""
    handler = _HANDLERS.get(pdu[0])
    if handler is None:
        return refusal(pdu, Exc.ILLEGAL_FUNCTION)
    try:
        return handler(pdu, store)
    except AddressError:
        return refusal(pdu, Exc.ILLEGAL_ADDRESS)
    except _ValueError:
        return refusal(pdu, Exc.ILLEGAL_VALUE)


def refusal(pdu: bytes, code: Exc) -> bytes:
    """The exception reply to a request PDU."""
    return bytes((pdu[0] | 0x80, code))


def is_write(pdu: bytes) -> bool:
    """Whether a request changes something: only such a one is meant for all units when it is broadcast."""
    return pdu[0] in _WRITES


# --- one handler a function: the PDU of the request, the memory -> the PDU of the reply -------------------------------


def _read_registers(table: Table, pdu: bytes, store: Store) -> bytes:
    # Nearly all requests are of this kind: each call that is left out here counts.
    if len(pdu) != _ADDRESS_COUNT.size:
        raise _ValueError
    function, address, count = _ADDRESS_COUNT.unpack(pdu)
    if not 1 <= count <= MAX_READ_REGISTERS:
        raise _ValueError
    return bytes((function, 2 * count)) + store.big_endian(table, address, count)


def _read_bits(table: Table, pdu: bytes, store: Store) -> bytes:
    function, address, count = _unpack(_ADDRESS_COUNT, pdu)
    _require(1 <= count <= MAX_READ_BITS)
    packed = np.packbits(store.view(table, address, count) != 0, bitorder="little")
    return bytes((function, len(packed))) + packed.tobytes()


def _write_coil(pdu: bytes, store: Store) -> bytes:
    _, address, value = _unpack(_ADDRESS_COUNT, pdu)
    _require(value in _COIL_VALUES)
    store.write(Table.COIL, address, [_COIL_VALUES[value]])
    return pdu


def _write_register(pdu: bytes, store: Store) -> bytes:
    _, address, value = _unpack(_ADDRESS_COUNT, pdu)
    store.write(Table.HOLDING, address, [value])
    return pdu


def _write_coils(pdu: bytes, store: Store) -> bytes:
    head, data = _with_data(pdu, 6)
    _, address, count = _unpack(_ADDRESS_COUNT, head)
    _require(1 <= count <= MAX_WRITE_BITS and len(data) == (count + 7) // 8)
    bits = np.unpackbits(np.frombuffer(data, np.uint8), count=count, bitorder="little")
    store.write(Table.COIL, address, bits)
    return head


def _write_registers(pdu: bytes, store: Store) -> bytes:
    head, data = _with_data(pdu, 6)
    _, address, count = _unpack(_ADDRESS_COUNT, head)
    _require(1 <= count <= MAX_WRITE_REGISTERS and len(data) == 2 * count)
    store.write(Table.HOLDING, address, np.frombuffer(data, ">u2"))
    return head


def _mask_register(pdu: bytes, store: Store) -> bytes:
    _, address, keep, put = _unpack(_MASK_WRITE, pdu)
    now = int(store.view(Table.HOLDING, address, 1)[0])
    store.write(Table.HOLDING, address, [now & keep | put & ~keep & 0xFFFF])
    return pdu


def _exchange_registers(pdu: bytes, store: Store) -> bytes:
    """Write first, then read (6.17); nothing is written where the read cannot be answered."""
    head, data = _with_data(pdu, 10)
    function, address, count, write_address, write_count = _unpack(_EXCHANGE, head)
    _require(1 <= count <= MAX_READ_REGISTERS and 1 <= write_count <= MAX_EXCHANGED_REGISTERS)
    _require(len(data) == 2 * write_count)
    store.view(Table.HOLDING, address, count)
    store.write(Table.HOLDING, write_address, np.frombuffer(data, ">u2"))
    return bytes((function, 2 * count)) + store.big_endian(Table.HOLDING, address, count)


_HANDLERS: dict[int, Callable[[bytes, Store], bytes]] = {
    1: partial(_read_bits, Table.COIL),
    2: partial(_read_bits, Table.DISCRETE),
    3: partial(_read_registers, Table.HOLDING),
    4: partial(_read_registers, Table.INPUT),
    5: _write_coil,
    6: _write_register,
    15: _write_coils,
    16: _write_registers,
    22: _mask_register,
    23: _exchange_registers,
}


def _require(is_right: bool) -> None:
    if not is_right:
        raise _ValueError


def _unpack(form: struct.Struct, pdu: bytes) -> tuple[int, ...]:
    _require(len(pdu) == form.size)
    return form.unpack(pdu)


def _with_data(pdu: bytes, at: int) -> tuple[bytes, bytes]:
    """The fixed fields of a request (without its byte count), and the data behind the byte count that stands right before `at`."""
    _require(len(pdu) > at - 1 and len(pdu) == at + pdu[at - 1])
    return pdu[: at - 1], pdu[at:]
