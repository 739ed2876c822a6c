"""Register memory: what a device of the plant holds behind its wire, and which addresses it knows."""

from collections.abc import Callable, Iterable
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from drivers.points import RegisterBlock, Table

OnWrite = Callable[[Table, int, int], None]
"""Called after a write from the wire with table, address and count."""


class AddressError(Exception):
    """The device has no such register, or it must not be written. On the wire: exception 2."""


class DeviceMemory:
    """Four tables of one device. Registers are uint16; coils and discrete inputs too, as 0 or 1.

    An address outside the device's blocks does not exist, but for gaps of at most `max_gap` registers, which the site says the device
    bears in a read (they hold 0). The wire writes only blocks that the site calls writable.
    """

    def __init__(self, name: str, blocks: Iterable[RegisterBlock], writable: frozenset[str], max_gap: int) -> None:
        self.name = name
        self.on_write: OnWrite | None = None
        spans = [span for block in blocks for span in _spans(block, writable)]
        self._words: dict[Table, npt.NDArray[np.uint16]] = {}
        self._known: dict[Table, npt.NDArray[np.bool_]] = {}
        self._writable: dict[Table, npt.NDArray[np.bool_]] = {}
        for table in Table:
            size = max((last for kind, _, last, _ in spans if kind is table), default=0)
            self._words[table] = np.zeros(size, np.uint16)
            self._known[table] = np.zeros(size, np.bool_)
            self._writable[table] = np.zeros(size, np.bool_)
        for table, first, last, may_write in spans:
            self._known[table][first:last] = True
            self._writable[table][first:last] |= may_write
        for known in self._known.values():
            _bridge(known, max_gap)

    def read(self, table: Table, address: int, count: int) -> npt.NDArray[np.uint16]:
        """`count` words or bits from `address`, a copy. Raises AddressError."""
        self._check(self._known[table], table, address, count)
        return self._words[table][address : address + count].copy()

    def view(self, table: Table, address: int, count: int) -> npt.NDArray[np.uint16]:
        """The same without a copy: it changes as the device does. Raises AddressError."""
        self._check(self._known[table], table, address, count)
        return self._words[table][address : address + count]

    def write(self, table: Table, address: int, values: npt.ArrayLike) -> None:
        """A write from the wire. Raises AddressError where the device does not take it."""
        words = np.asarray(values).astype(np.uint16)
        self._check(self._writable[table], table, address, len(words))
        self._words[table][address : address + len(words)] = words
        if self.on_write is not None:
            self.on_write(table, address, len(words))

    def store(self, table: Table, address: int, words: npt.ArrayLike) -> None:
        """The device itself puts `words` into its memory. Raises AddressError."""
        array = np.asarray(words, np.uint16)
        self._check(self._known[table], table, address, len(array))
        self._words[table][address : address + len(array)] = array

    def _check(self, mask: npt.NDArray[np.bool_], table: Table, address: int, count: int) -> None:
        if address < 0 or count < 1 or address + count > len(mask) or not mask[address : address + count].all():
            raise AddressError(
                f"{self.name}: {table} {address}..{address + count - 1} is not there or not to be written"
            )


def _spans(block: RegisterBlock, writable: frozenset[str]) -> list[tuple[Table, int, int, bool]]:
    last = block.address + block.count * block.data_type.registers
    spans = [(block.table, block.address, last, block.name in writable)]
    if block.counter is not None:
        spans.append((block.table, block.counter, block.counter + 1, False))
    return spans


def _bridge(known: npt.NDArray[np.bool_], max_gap: int) -> None:
    """Make the short gaps between known addresses known."""
    places = np.flatnonzero(known)
    for left, right in pairwise(places.tolist()):
        if 1 < right - left <= max_gap + 1:
            known[left:right] = True
