"""A table read block by block: numbers by row and column, in bounded memory however long the file is, packed or not."""

import bz2
import codecs
import gzip
import lzma
import zlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Self

import numpy as np
import numpy.typing as npt

from drivers.tables import cells
from drivers.tables.look import Look, decoded, look_at

BLOCK_BYTES = 1 << 21
"""Read at once: long enough for the kernel to be at its speed, short enough to stay in bounded memory."""
_LOOK_BYTES = 1 << 18
_BLOCK_ROWS = 1 << 14
_BLOCK_CELLS = 1 << 20
_LONGEST_LINE = 1 << 26
_MARKS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class TableError(Exception):
    """A table that cannot be read. The text names file, place and remedy."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of some columns.

    `values` float64 (rows, columns), NaN for none; `states` uint8 (rows, columns), what each cell is (see `cells`); `lines` int64 (rows,),
    places in the file, from 1; `starts` and `stops` int32 (rows, columns), the cells' bytes in `text`.
    """

    values: npt.NDArray[np.float64]
    states: npt.NDArray[np.uint8]
    lines: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int32]
    stops: npt.NDArray[np.int32]
    text: npt.NDArray[np.uint8]

    def parts(self, most: int) -> "Iterator[Rows]":
        """The same in parts of at most so many rows."""
        for first in range(0, len(self.lines), most):
            part = slice(first, first + most)
            values, states, lines = self.values[part], self.states[part], self.lines[part]
            yield Rows(values, states, lines, self.starts[part], self.stops[part], self.text)

    def cell(self, row: int, column: int) -> str:
        """The text of one cell."""
        return decoded(self.text[self.starts[row, column] : self.stops[row, column]].tobytes())[0]


class Table:
    """A file and what it looks like. `read` may be called again and again."""

    def __init__(self, path: Path) -> None:
        """Look at the file. Raises TableError."""
        self.path = path
        try:
            self.size = path.stat().st_size
            with _Opened(path) as file:
                head = file.read(_LOOK_BYTES)
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            raise TableError(
                f"{path}: cannot be read: {error}; remedy: name a text table, packed with gzip or not"
            ) from error
        if head[:4] == b"PK\x03\x04":
            raise TableError(f"{path}: a zip archive or a spreadsheet; remedy: unpack it, or save its sheet as CSV")
        if head.count(0) > len(head) // 100:
            raise TableError(f"{path}: not a text; remedy: name a table as text (CSV, TSV), packed with gzip or not")
        self._head, self.doubt = decoded(head[: head.rfind(b"\n") + 1] or head)
        self.look: Look = look_at(self._head)
        if not self.look.rows:
            raise TableError(f"{path}: no row of numbers in its first lines; remedy: name a table of measurements")

    def with_look(self, **said: object) -> "Table":
        """The same file, looked at otherwise where a map says so."""
        return self._seen(replace(self.look, **said))  # type: ignore[arg-type]

    def looked_at(self, delimiter: str, decimal: str) -> "Table":
        """The same file, looked at with this delimiter and this decimal sign."""
        return self._seen(look_at(self._head, (delimiter, decimal)))

    def _seen(self, look: Look) -> "Table":
        other = object.__new__(Table)
        other.path, other.size, other._head, other.look = self.path, self.size, self._head, look
        other.doubt = self.doubt
        return other

    def read(self, columns: Sequence[int], progress: "Progress | None" = None) -> Iterator[Rows]:
        """The rows of the columns (places from 0) to the end of the file, from the first row of numbers. Raises TableError."""
        with _Opened(self.path) as file:
            yield from _Reading(self, tuple(columns)).rows(file, progress)


class Progress:
    """Told how far a reading has come; the default says nothing."""

    def at(self, done: int, size: int) -> None:
        """`done` of `size` bytes of the file are read."""


class _Opened:
    """A file, unpacked while it is read, its text as UTF-8."""

    def __init__(self, path: Path) -> None:
        self._raw = path.open("rb")
        self._stream: IO[bytes] = self._raw
        try:
            mark = self._raw.read(6)
            self._raw.seek(0)
            self._stream = _unpacked(mark, self._raw)
            start = self._stream.read(2)
            self._stream.seek(0)
        except BaseException:
            self.close()
            raise
        names = [name for bom, name in _MARKS if start == bom]
        self._decoder = codecs.getincrementaldecoder(names[0])(errors="replace") if names else None

    def close(self) -> None:
        self._stream.close()
        self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, size: int) -> bytes:
        raw = self._stream.read(size)
        if self._decoder is None:
            return raw
        return self._decoder.decode(raw, final=not raw).encode() if raw else b""

    def tell(self) -> int:
        return self._raw.tell()


def _unpacked(mark: bytes, raw: IO[bytes]) -> IO[bytes]:
    """The file's bytes, by what the first of them say of how it is packed."""
    if mark[:2] == b"\x1f\x8b":
        return gzip.GzipFile(fileobj=raw)  # type: ignore[return-value]
    if mark[:3] == b"BZh":
        return bz2.BZ2File(raw)
    return lzma.LZMAFile(raw) if mark == b"\xfd7zXZ\x00" else raw


class _Reading:
    """One way through a file."""

    def __init__(self, table: Table, columns: tuple[int, ...]) -> None:
        self._table = table
        look = table.look
        self._slot_of = np.full(max(columns, default=0) + 1, -1, np.int32)
        for slot, column in enumerate(columns):
            self._slot_of[column] = slot
        self._n_slots = len(columns)
        self._n_rows = max(256, min(_BLOCK_ROWS, _BLOCK_CELLS // max(1, self._n_slots)))
        self._form = (
            ord(look.delimiter), look.delimiter == " ", ord(look.decimal), ord(look.comment) if look.comment else -1
        )  # fmt: skip
        self._lines = 0

    def rows(self, file: _Opened, progress: Progress | None) -> Iterator[Rows]:
        kept = b""
        last = False
        while not last:
            try:
                more = file.read(BLOCK_BYTES)
            except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
                what = f"{self._table.path}:{self._lines + 1}: cannot be read on: {error}"
                raise TableError(f"{what}; remedy: fetch the file anew, it is cut off or damaged") from error
            last = not more
            raw = kept + more
            taken = yield from self._block(np.frombuffer(raw, np.uint8), last=last)
            kept = raw[taken:]
            if len(kept) > _LONGEST_LINE:
                raise TableError(f"{self._table.path}:{self._lines + 1}: a line without end; remedy: name a text table")
            if progress is not None:
                progress.at(file.tell(), self._table.size)

    def _block(self, text: npt.NDArray[np.uint8], *, last: bool) -> Generator[Rows, None, int]:
        taken = 0
        while taken < text.size:
            n, k = self._n_rows, self._n_slots
            values, states = np.empty((n, k)), np.empty((n, k), np.uint8)
            starts, stops = np.empty((n, k), np.int32), np.empty((n, k), np.int32)
            n_cells, ends = np.empty(n, np.int32), np.empty(n, np.int64)
            rest = text[taken:]
            delimiter, merge, decimal, comment = self._form
            rows, used, lines = cells.take_apart(
                rest, rest.size, last, delimiter, merge, decimal, comment, self._slot_of,
                values, states, starts, stops, n_cells, ends,
            )  # fmt: skip
            if used == 0:
                break
            first = int(np.searchsorted(ends[:rows] + self._lines, self._table.look.first_line))
            lines_at = ends[first:rows] + self._lines + 1
            part = slice(first, rows)
            block = Rows(values[part], states[part], lines_at, starts[part], stops[part], rest)
            self._settle(block)
            taken += used
            self._lines += lines
            if rows > first:
                yield block
        return taken

    def _settle(self, block: Rows) -> None:
        """Read the numbers that the kernel leaves to Python: more digits, or greater powers, than it can read exactly."""
        for row, column in np.argwhere(block.states == cells.HARD):
            text = block.cell(int(row), int(column)).replace(self._table.look.decimal, ".")
            block.values[row, column] = value = float(text)
            good = np.isfinite(value)
            block.states[row, column] = cells.NUMBER if good else cells.TEXT
            if not good:
                block.values[row, column] = np.nan
