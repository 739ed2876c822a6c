"""Register memory: what a device of the plant holds behind its wire, and which addresses it knows."""

from bisect import bisect_right
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from drivers.modbus.decode import WIRE
from drivers.points import RegisterBlock, Table

OnWrite = Callable[[Table, int, int], None]
"""Called after a write from the wire with table, address and count."""


class AddressError(Exception):
    """The device has no such register, or it must not be written. On the wire: exception 2."""


class DeviceMemory:
    """Four tables of one device. Registers are uint16; coils and discrete inputs too, as 0 or 1.

    An address outside the device's blocks does not exist, but for gaps of at most `max_gap` registers, which the site says the device
    bears in a read (they hold 0). The wire writes only blocks that the site calls writable. Identity registers hold their value from the
    start, for ever.

    Words are kept in the order of bytes of the wire, so that a read on the wire is a slice of bytes: in `words`, which it may share with
    other devices (`share_words`). `written` counts the calls of `write`
    and `store`: the one way in which writable blocks change.
    """

    def __init__(self, name: str, blocks: Iterable[RegisterBlock], writable: frozenset[str], max_gap: int) -> None:
        self.name = name
        self.on_write: OnWrite | None = None
        self.written = 0
        held = list(blocks)
        spans = [span for block in held for span in _spans(block, writable)]
        self._first: dict[Table, int] = {}
        self._words: dict[Table, npt.NDArray[np.uint16]] = {}
        self._bytes: dict[Table, memoryview] = {}
        self._known: dict[Table, _Runs] = {}
        self._writable: dict[Table, _Runs] = {}
        for table in Table:
            mine = [(first, last, may_write) for kind, first, last, may_write in spans if kind is table]
            self._words[table] = np.zeros(max((last for _, last, _ in mine), default=0), WIRE)
            self._known[table] = _Runs(((first, last) for first, last, _ in mine), max_gap)
            self._writable[table] = _Runs(((first, last) for first, last, may_write in mine if may_write), 0)
        for block in held:
            if block.identity is not None:
                self._words[block.table][block.identity.address] = block.identity.value
        self.live_in(np.zeros(self.size, WIRE), 0)

    @property
    def size(self) -> int:
        """Words of all its tables."""
        return sum(words.size for words in self._words.values())

    def live_in(self, store: npt.NDArray[np.uint16], first: int) -> None:
        """From now on keep all words in `store`, from `first` on; views that were given before no longer follow."""
        self.words = store
        for table, words in self._words.items():
            mine = store[first : first + words.size]
            mine[:] = words
            self._first[table], self._words[table], self._bytes[table] = first, mine, mine.view(np.uint8).data
            first += words.size

    def place(self, table: Table, address: int) -> int:
        """Where in `words` a word of a table stands."""
        return self._first[table] + address

    def read(self, table: Table, address: int, count: int) -> npt.NDArray[np.uint16]:
        """`count` words or bits from `address`, a copy in this machine's order of bytes. Raises AddressError."""
        return self.view(table, address, count).astype(np.uint16)

    def view(self, table: Table, address: int, count: int) -> npt.NDArray[np.uint16]:
        """The same without a copy, in the wire's order of bytes: it changes as the device does. Raises AddressError."""
        self._check(self._known[table], table, address, count)
        return self._words[table][address : address + count]

    def big_endian(self, table: Table, address: int, count: int) -> bytes:
        """`count` registers from `address` as they stand on the wire. Raises AddressError."""
        self._check(self._known[table], table, address, count)
        return self._bytes[table][2 * address : 2 * (address + count)].tobytes()

    def write(self, table: Table, address: int, values: npt.ArrayLike) -> None:
        """A write from the wire. Raises AddressError where the device does not take it."""
        words = np.asarray(values).astype(np.uint16)
        self._check(self._writable[table], table, address, len(words))
        self._words[table][address : address + len(words)] = words
        self.written += 1
        if self.on_write is not None:
            self.on_write(table, address, len(words))

    def store(self, table: Table, address: int, words: npt.ArrayLike) -> None:
        """The device itself puts `words` into its memory. Raises AddressError."""
        array = np.asarray(words, np.uint16)
        self._check(self._known[table], table, address, len(array))
        self._words[table][address : address + len(array)] = array
        self.written += 1

    def _check(self, runs: "_Runs", table: Table, address: int, count: int) -> None:
        if not runs.hold(address, count):
            raise AddressError(
                f"{self.name}: {table} {address}..{address + count - 1} is not there or not to be written"
            )


def share_words(memories: Iterable[DeviceMemory]) -> None:
    """Let these memories keep their words in one array, one device behind the other, for those who fill or read many at once."""
    held = list(memories)
    store, first = np.zeros(sum(memory.size for memory in held), WIRE), 0
    for memory in held:
        memory.live_in(store, first)
        first += memory.size


class _Runs:
    """Addresses, as runs without gaps: asking them costs a tenth of asking an array of flags, and every read on the wire asks."""

    def __init__(self, spans: Iterable[tuple[int, int]], max_gap: int) -> None:
        """Half-open `spans` in any order; those at most `max_gap` apart become one run."""
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in sorted(spans):
            if self._lasts and first <= self._lasts[-1] + max_gap:
                self._lasts[-1] = max(self._lasts[-1], last)
            else:
                self._firsts.append(first)
                self._lasts.append(last)

    def hold(self, address: int, count: int) -> bool:
        """Whether all of `count` addresses (at least one) from `address` on are among them."""
        place = bisect_right(self._firsts, address) - 1
        return place >= 0 and count >= 1 and address + count <= self._lasts[place]


def _spans(block: RegisterBlock, writable: frozenset[str]) -> list[tuple[Table, int, int, bool]]:
    last = block.address + block.count * block.data_type.registers
    spans = [(block.table, block.address, last, block.name in writable)]
    alone = [block.counter, block.identity.address if block.identity else None]
    spans += [(block.table, address, address + 1, False) for address in alone if address is not None]
    return spans
