"""A recording as a link: a CSV file, gzip or not, and a mapping file that says which column is which point.

    time = "Time"              # column of the time stamps, which must increase
    time_unit = "s"            # s, ms, min or h
    [columns]
    "TC 2.4 m" = "heat[0]"     # column = point

What is no finite number in a cell (text, nothing, NaN) is no value and BAD. A row whose time cannot be read is passed over.
"""

import asyncio
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from drivers.link import LinkError, LinkHealth, LinkState, PointWrite, ReadOnlyError, TickMs
from drivers.points import Block, BlockBuffer, Quality
from drivers.tables.reader import Table, TableError

_SECONDS = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
_POINT = re.compile(r"(?P<block>[^\[\]]+)\[(?P<index>\d+)\]")
_LONGEST_SLEEP_S = 1.0


class RecordingError(LinkError):
    """A recording or its mapping that cannot be used."""


class _Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    time: str
    columns: dict[str, str]
    time_unit: Literal["ms", "s", "min", "h"] = "s"


@dataclass(frozen=True, slots=True)
class Recording:
    """What a recording says: `times_s` (n,), increasing; `points` the (block, index) of each column; `values` (n, m), NaN for none."""

    times_s: npt.NDArray[np.float64]
    points: tuple[tuple[str, int], ...]
    values: npt.NDArray[np.float64]


def read_recording(file: Path, mapping: Path) -> Recording:
    """Read the mapped columns of a CSV file. Raises `RecordingError`, which names the place and the remedy."""
    try:
        said = msgspec.toml.decode(mapping.read_bytes(), type=_Mapping)
    except (OSError, msgspec.MsgspecError) as error:
        raise RecordingError(str(mapping), f"no mapping: {error}") from error
    points = tuple(_point(mapping, name) for name in said.columns.values())
    try:
        times_s, values = _rows(file, said)
    except TableError as error:
        raise RecordingError(str(file), str(error).removeprefix(f"{file}: ")) from error
    if not times_s.size:
        raise RecordingError(str(file), "no row has a time; check `time` in the mapping")
    return Recording(times_s, points, values)


def _point(mapping: Path, name: str) -> tuple[str, int]:
    match = _POINT.fullmatch(name)
    if match is None:
        raise RecordingError(str(mapping), f"{name!r} is no point; write block[index]")
    return match["block"], int(match["index"])


def _rows(file: Path, said: _Mapping) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Times (n,) and values (n, columns) of the rows that have a time."""
    table = Table(file)
    names = table.look.names
    wanted = [" ".join(name.split()) for name in (said.time, *said.columns)]
    for name in wanted:
        if name not in names:
            raise RecordingError(str(file), f"has no column {name!r}; the mapping must use the names of its first line")
    last_s = -math.inf
    times, values = [np.empty(0)], [np.empty((0, len(said.columns)))]
    for rows in table.read([names.index(name) for name in wanted]):
        timed = np.isfinite(rows.values[:, 0])
        times_s = rows.values[timed, 0] * _SECONDS[said.time_unit]
        falls = np.flatnonzero(np.diff(times_s, prepend=last_s) <= 0)
        if falls.size:
            line = rows.lines[timed][falls[0]]
            raise RecordingError(f"{file}:{line}", "time does not increase; cut the recording there")
        last_s = times_s[-1] if times_s.size else last_s
        times.append(times_s)
        values.append(rows.values[timed, 1:])
    return np.concatenate(times), np.concatenate(values)


class RecordingLink:
    """Implements `Link`. Row after row becomes the points' values in its own time, `rate` recorded seconds a plant second.

    `speed` is plant time over wall time. The sample number is that of the row. After the last row the points keep it and grow stale.
    `buffers` by block, if somebody has made room for them.
    """

    def __init__(
        self,
        name: str,
        recording: Recording,
        blocks: Mapping[str, Block],
        tick_ms: TickMs,
        rate: float = 1.0,
        speed: float = 1.0,
        buffers: Mapping[str, BlockBuffer] | None = None,
    ) -> None:
        self._name = name
        self._recording = recording
        self._tick_ms = tick_ms
        self._rate = rate
        self._speed = speed
        self._row = -1
        self._state = LinkState.DOWN
        self._generation = 0
        self._last_error = ""
        given = buffers or {}
        self.buffers: Mapping[str, BlockBuffer] = {
            name: given.get(name) or BlockBuffer.empty(block.count) for name, block in blocks.items()
        }
        for block, index in recording.points:
            if block not in blocks or index >= blocks[block].count:
                raise RecordingError(f"{name}/{block}[{index}]", "is no point of this link; correct the mapping")
        self._columns = tuple(self._by_block())

    @property
    def name(self) -> str:
        """The link's name in the site file."""
        return self._name

    def _by_block(self) -> Iterator[tuple[BlockBuffer, npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
        """Buffer, indices and columns of each block that is in the recording."""
        for name, buffer in self.buffers.items():
            pairs = [(i, column) for column, (block, i) in enumerate(self._recording.points) if block == name]
            if pairs:
                indices, columns = zip(*pairs, strict=True)
                yield buffer, np.array(indices, np.intp), np.array(columns, np.intp)

    def health(self) -> LinkHealth:
        """A snapshot; reads are rows."""
        return LinkHealth(self._state, self._generation, self._row + 1, 0, 0, float("nan"), 0, self._last_error)

    async def write(self, write: PointWrite) -> None:
        """Refuse: the past cannot be written."""
        raise ReadOnlyError(f"{self._name}/{write.block}[{write.index}]", "a recording cannot be written")

    async def run(self) -> None:
        """Play the recording once from its first row, then wait to be cancelled."""
        times_s = self._recording.times_s
        due_ms = (times_s - times_s[0]) * 1e3 / self._rate + self._tick_ms()
        self._row, self._state = -1, LinkState.UP
        self._generation += 1
        try:
            while self._row + 1 < len(times_s):
                now_ms = self._tick_ms()
                latest = int(np.searchsorted(due_ms, now_ms, side="right")) - 1
                if latest > self._row:
                    self._show(latest, now_ms)
                else:
                    wait_s = (float(due_ms[self._row + 1]) - now_ms) / 1e3 / self._speed
                    await asyncio.sleep(min(wait_s, _LONGEST_SLEEP_S))
            self._last_error = f"{self._name}: the recording has ended"
            await asyncio.get_running_loop().create_future()
        finally:
            self._state = LinkState.DOWN

    def _show(self, row: int, now_ms: int) -> None:
        self._row = row
        for buffer, indices, columns in self._columns:
            values = self._recording.values[row, columns]
            buffer.value[indices] = values
            buffer.quality[indices] = np.where(np.isnan(values), Quality.BAD, Quality.GOOD)
            buffer.sample[indices] = row
            buffer.received_ms[indices] = now_ms
