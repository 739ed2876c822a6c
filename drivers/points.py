"""What can be read and written: qualities, scalings and blocks of points. No I/O.

A *point* is one value; a *block* is a run of points that are read together: a run of registers of one device, or one field of a
list of MQTT topics. Hundreds of cell temperatures are one block.
"""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

import numpy as np
import numpy.typing as npt

NEVER = -1
"""Sample counter and receive time of a point that has not been received yet."""


class Quality(IntEnum):
    """The standing of a value. It travels with every value; only GOOD may be taken as a measurement (rule 1)."""

    UNKNOWN = 0
    GOOD = 1
    STALE = 2
    BAD = 3
    OUT_OF_SERVICE = 4


class Table(StrEnum):
    """The four Modbus tables."""

    HOLDING = "holding"
    INPUT = "input"
    COIL = "coil"
    DISCRETE = "discrete"


class DataType(StrEnum):
    """How a value lies in registers; `Order` says in which order. BIT is for coils and discrete inputs."""

    UINT16 = "uint16"
    INT16 = "int16"
    UINT32 = "uint32"
    INT32 = "int32"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    BIT = "bit"

    @property
    def registers(self) -> int:
        """Registers (or bits) that one value takes."""
        if self is DataType.FLOAT64:
            return 4
        return 2 if self in {DataType.UINT32, DataType.INT32, DataType.FLOAT32} else 1


class Order(StrEnum):
    """In which order a device sends the bytes of a value, A the most significant of 32 bits.

    ABCD: high word first, high byte first, as the Modbus specification has it. CDAB: low word first. BADC: the bytes of every word
    swapped. DCBA: both, little-endian throughout. A value of 64 bits has its four words in the same order, or all of them reversed (CDAB,
    DCBA); a value of 16 bits has no order of words.
    """

    ABCD = "abcd"
    CDAB = "cdab"
    BADC = "badc"
    DCBA = "dcba"


@dataclass(frozen=True, slots=True)
class Scaling:
    """Engineering value = raw * factor + offset; a raw value listed in `invalid` means "no value" and becomes NaN and BAD."""

    factor: float = 1.0
    offset: float = 0.0
    invalid: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """A register that always holds `value` (raw, 0 to 65535), at `address` (0-based) of the table of its block.

    It is read in the same request as the block. A reply in which it holds anything else is another request's, so none of its values counts.
    """

    address: int
    value: int


@dataclass(frozen=True, slots=True)
class RegisterBlock:
    """A run of `count` values of one Modbus device.

    `address` is the 0-based protocol address of the first value. `counter` is the address, in the same table, of a 16-bit sample
    counter of the device: while it stands still, the block has no new sample. Without one every successful read is a sample. `order` holds
    for the values, not for the counter or the `identity`, which are words as the specification has them. `identity` is for links without
    transaction ids, where nothing else in a reply tells two requests apart.
    """

    name: str
    device: str
    unit: int
    table: Table
    address: int
    count: int
    data_type: DataType
    period_s: float
    max_age_s: float
    scaling: Scaling = field(default_factory=Scaling)
    counter: int | None = None
    order: Order = Order.ABCD
    identity: Identity | None = None


@dataclass(frozen=True, slots=True)
class TopicBlock:
    """One JSON field of a list of MQTT topics, one point a topic. The payload carries source time and sequence beside the field."""

    name: str
    device: str
    topics: tuple[str, ...]
    field: str
    period_s: float
    max_age_s: float

    @property
    def count(self) -> int:
        """Number of points: one a topic."""
        return len(self.topics)


Block = RegisterBlock | TopicBlock


@dataclass(frozen=True, slots=True)
class BlockBuffer:
    """The next values of one block, all arrays of shape (count,); written in place by the link that owns the block.

    `value` float64 engineering units, NaN where there is none; `quality` uint8 (`Quality`, never STALE: age is judged at the scan);
    `sample` int64, changes when and only when a new sample arrived, NEVER before the first; `received_ms` int64 plant time of
    receipt, NEVER before the first.
    """

    value: npt.NDArray[np.float64]
    quality: npt.NDArray[np.uint8]
    sample: npt.NDArray[np.int64]
    received_ms: npt.NDArray[np.int64]

    @classmethod
    def empty(cls, count: int) -> "BlockBuffer":
        """A buffer of `count` points that were never received."""
        return cls(
            np.full(count, np.nan),
            np.full(count, Quality.UNKNOWN, np.uint8),
            np.full(count, NEVER, np.int64),
            np.full(count, NEVER, np.int64),
        )

    def part(self, first: int, count: int) -> "BlockBuffer":
        """Points `first` to `first + count`: a buffer of views, written through."""
        points = slice(first, first + count)
        return BlockBuffer(self.value[points], self.quality[points], self.sample[points], self.received_ms[points])
