"""The format of a recording: checked frames in a file, from which every image comes back bit for bit. No threads here.

File: `MAGIC`, then frames. Frame: length and CRC-32 of the body (little-endian uint32), one byte of kind, body. Kinds: `start` (msgpack
`Start`, the first frame of every file) and `scan` (msgpack `Scan`, whose points are all points in the first of a file, later the changed
ones). A frame cut off at the end of the file is what a crash leaves; a frame whose check fails is damage.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from controller.core.commands import AnyCommand
from controller.core.image import Image
from controller.core.state import State
from drivers.points import NEVER, Quality

MAGIC = b"haechi-recording 2\n"
START, SCAN, END = 0, 1, 2
_HEAD = struct.Struct("<IIB")
_MAX_FRAME = 1 << 28
_FIELDS = (("index", "<u4"), ("quality", "u1"), ("sample", "<i8"), ("received_ms", "<i8"), ("value", "<u8"))
"""Per changed point; values travel as their bits, so that every NaN stays the NaN it was."""
_POINT_BYTES = sum(np.dtype(kind).itemsize for _, kind in _FIELDS)


class RecordingError(Exception):
    """A recording that cannot be read. The text names the file, the place and the remedy."""


class Start(msgspec.Struct, frozen=True, array_like=True):
    """What a replay begins with: `part` numbers the files of one run of the daemon (`session`), the state is the one before its first scan.

    `site_digest` is the SHA-256 of the site; `state` the encoded latched state ("": fresh, or `lost`); `last_hash` and `seq` the journal's
    before the core's first event (the run's own opening entry is in them).
    """

    session: str
    part: int
    n_points: int
    site_digest: bytes
    state: bytes
    last_hash: bytes
    seq: int
    lost: bool = False


class Scan(msgspec.Struct, frozen=True, array_like=True):
    """One scan: its numbers, host facts, the commands given at it, and the points that changed (compressed arrays)."""

    scan: int
    tick_ms: int
    host: tuple[int, ...]
    commands: tuple[AnyCommand, ...]
    points: bytes


@dataclass(frozen=True, slots=True)
class Recorded:
    """One scan as it was: what `Controller.scan` was given."""

    image: Image
    commands: tuple[AnyCommand, ...]
    state: State | None = None
    """The latched state before it, for the beginning of a part; it does not come back from a file."""


class Differ:
    """Keeps the last image and tells what changed, array by array."""

    def __init__(self, n_points: int) -> None:
        self._value = np.full(n_points, np.nan).view(np.uint64)
        self._quality = np.full(n_points, Quality.UNKNOWN, np.uint8)
        self._sample = np.full(n_points, NEVER, np.int64)
        self._received_ms = np.full(n_points, NEVER, np.int64)
        self._whole = True

    def forget(self) -> None:
        """The next scan holds all points."""
        self._whole = True

    def scan(self, image: Image, commands: tuple[AnyCommand, ...]) -> Scan:
        """One scan's frame against the image before."""
        value = image.value.view(np.uint64)
        changed = (
            (value != self._value)
            | (image.quality != self._quality)
            | (image.sample != self._sample)
            | (image.received_ms != self._received_ms)
        )
        index = np.arange(value.size) if self._whole else np.flatnonzero(changed)
        self._value, self._quality = value, image.quality
        self._sample, self._received_ms = image.sample, image.received_ms
        self._whole = False
        columns: dict[str, npt.NDArray[Any]] = {
            "index": index, "quality": image.quality[index], "sample": image.sample[index],
            "received_ms": image.received_ms[index], "value": value[index],
        }  # fmt: skip
        raw = b"".join(columns[name].astype(kind).tobytes() for name, kind in _FIELDS)
        points = zlib.compress(raw, 1) if index.size else b""
        return Scan(image.scan, image.tick_ms, image.host, commands, points)


class Rebuilder:
    """Makes images of scans again."""

    def __init__(self, n_points: int) -> None:
        self._value = np.full(n_points, np.nan).view(np.uint64)
        self._quality = np.full(n_points, Quality.UNKNOWN, np.uint8)
        self._sample = np.full(n_points, NEVER, np.int64)
        self._received_ms = np.full(n_points, NEVER, np.int64)

    def image(self, scan: Scan) -> Image:
        """The image of this scan, in fresh read-only arrays."""
        if scan.points:
            columns = _columns(zlib.decompress(scan.points))
            index = columns["index"]
            self._value[index] = columns["value"]
            self._quality[index] = columns["quality"]
            self._sample[index] = columns["sample"]
            self._received_ms[index] = columns["received_ms"]
        arrays = (
            self._value.view(np.float64).copy(),
            self._quality.copy(),
            self._sample.copy(),
            self._received_ms.copy(),
        )
        for array in arrays:
            array.flags.writeable = False
        return Image(scan.scan, scan.tick_ms, *arrays, scan.host)


def _columns(raw: bytes) -> dict[str, npt.NDArray[Any]]:
    count, at = len(raw) // _POINT_BYTES, 0
    columns: dict[str, npt.NDArray[Any]] = {}
    for name, kind in _FIELDS:
        columns[name] = np.frombuffer(raw, kind, count, at)
        at += count * np.dtype(kind).itemsize
    return columns


def frame(kind: int, body: bytes) -> bytes:
    """Wrap one body."""
    return _HEAD.pack(len(body), zlib.crc32(body, kind), kind) + body


def read_frames(path: Path) -> Iterator[tuple[int, bytes]]:
    """Kind and body of every whole frame of one file. Raises RecordingError for damage; a cut-off end is the end."""
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise RecordingError(
                f"{path}: not a recording of this version; remedy: name the recording.hrec of a data directory"
            )
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            at = file.tell()
            length, check, kind = _HEAD.unpack(head)
            body = file.read(length) if length <= _MAX_FRAME else b""
            if length <= _MAX_FRAME and len(body) < length:
                return
            if zlib.crc32(body, kind) != check or length > _MAX_FRAME:
                raise RecordingError(
                    f"{path}: damaged at byte {at}; remedy: take a backup, nothing after it can be trusted"
                )
            yield kind, body


def read_start(path: Path) -> Start:
    """The first frame of a file. Raises RecordingError."""
    kind, body = next(read_frames(path), (SCAN, b""))
    if kind != START:
        raise RecordingError(f"{path}: it has no beginning; remedy: take a backup")
    return msgspec.msgpack.decode(body, type=Start)


def parts(path: Path) -> list[Path]:
    """All files of the run that `path` belongs to, oldest first: `recording.hrec.2`, `recording.hrec.1`, `recording.hrec`."""
    stem = path.name.partition(".hrec")[0] + ".hrec"
    session = read_start(path).session
    found = [(read_start(file), file) for file in _ring(path.with_name(stem))]
    return [file for start, file in sorted(found, key=lambda pair: pair[0].part) if start.session == session]


def _ring(newest: Path) -> list[Path]:
    older = (file for file in newest.parent.glob(f"{newest.name}.*") if file.suffix[1:].isdigit())
    return [file for file in (newest, *older) if file.exists()]


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording: where it began, and its scans."""

    start: Start
    files: tuple[Path, ...]

    def scans(self) -> Iterator[Recorded]:
        """Every scan, from the oldest. Raises RecordingError when a file of the run is missing in between."""
        rebuilder = Rebuilder(self.start.n_points)
        expected = self.start.part
        for file in self.files:
            for kind, body in read_frames(file):
                if kind == START:
                    part = msgspec.msgpack.decode(body, type=Start).part
                    if part != expected:
                        raise RecordingError(
                            f"{file}: part {expected} before it is missing; remedy: put it beside this file"
                        )
                    expected += 1
                elif kind == SCAN:
                    scan = msgspec.msgpack.decode(body, type=Scan)
                    yield Recorded(rebuilder.image(scan), scan.commands)

    @property
    def is_closed(self) -> bool:
        """Whether the daemon stopped in an orderly way; if not, the end may be cut off."""
        end = frame(END, b"")
        return self.files[-1].read_bytes()[-len(end) :] == end

    @property
    def is_whole(self) -> bool:
        """Whether it goes back to the daemon's start; only then can the journal be made again from it.

        A later part begins with the latched state, as a restart does: what the detector remembered of the time before it is not there.
        """
        return self.start.part == 0


def open_recording(path: Path) -> Recording:
    """The recording of the run that the file belongs to. Raises RecordingError."""
    if not path.exists():
        raise RecordingError(f"{path}: there is no such file; remedy: name the recording.hrec of a data directory")
    files = parts(path)
    return Recording(read_start(files[0]), tuple(files))


def read_recording(path: Path) -> Iterator[Image]:
    """The images of a recording, bit for bit as they were frozen. Raises RecordingError."""
    return (recorded.image for recorded in open_recording(path).scans())
