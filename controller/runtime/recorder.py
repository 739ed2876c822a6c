"""The recorder: the raw inputs of every scan, on change, in a ring of files with a size limit, apart from the journal.

A thread of its own compares, compresses and writes. When the disk does not keep up, scans are lost and counted; the journal and the
scan go on.
"""

import contextlib
import time
from collections import deque
from pathlib import Path
from typing import BinaryIO

import msgspec

from controller.core.commands import AnyCommand
from controller.core.image import Image
from controller.core.state import State
from controller.runtime.diskthread import DiskThread
from controller.runtime.recording import END, MAGIC, SCAN, START, Differ, Recorded, Start, frame

PARTS = 8
"""Files of the ring; the oldest is dropped when a new one begins, so at least 7/8 of the limit is history."""


class Recorder(DiskThread):
    """Takes images without ever waiting; `cap_bytes` bounds all files of the ring together."""

    def __init__(self, path: Path, start: Start, cap_bytes: int = 512 << 20, max_waiting: int = 600) -> None:
        super().__init__("recorder")
        self.path = path
        self.lost = 0
        self._start = start
        self._part_bytes = cap_bytes // PARTS
        self._max_waiting = max_waiting
        self._waiting: deque[tuple[float, Recorded]] = deque()
        self._differ = Differ(start.n_points)
        self._file: BinaryIO | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def record(self, image: Image, commands: tuple[AnyCommand, ...], state: State | None = None) -> None:
        """Hand over one scan, with the latched state before it; never waits."""
        with self._changed:
            if len(self._waiting) >= self._max_waiting:
                self.lost += 1
                return
            now_s = time.monotonic()
            self._waiting.append((now_s, Recorded(image, commands, state)))
            self._oldest_s = self._oldest_s or now_s
            self._changed.notify()

    def _clean_up(self) -> None:
        self._drop_file()

    def _work(self) -> None:
        while batch := self._next_batch():
            try:
                self._write(batch)
                self.failure = ""
            except OSError as error:
                # What is half written stays a cut-off end; the next scan begins a new file with all points.
                self.failure = str(error)
                self.lost += len(batch)
                self._drop_file()
            with self._changed:
                self._oldest_s = self._waiting[0][0] if self._waiting else None
        if self._file is not None:
            self._file.write(frame(END, b""))
        self._drop_file()

    def _next_batch(self) -> list[Recorded]:
        """Wait for scans; an empty list ends the thread."""
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
            batch = [recorded for _, recorded in self._waiting]
            self._waiting.clear()
            return batch

    def _write(self, batch: list[Recorded]) -> None:
        """Write one batch and hand it to the operating system, so that a crash of the process loses none of it."""
        for recorded in batch:
            if self._file is None or self._file.tell() > self._part_bytes:
                self._file = self._begin_part(recorded)
            else:
                self._file.write(self._frame(recorded))
        if self._file is not None:
            self._file.flush()

    def _frame(self, recorded: Recorded) -> bytes:
        return frame(SCAN, msgspec.msgpack.encode(self._differ.scan(recorded.image, recorded.commands)))

    def _begin_part(self, recorded: Recorded) -> BinaryIO:
        """Begin a new file with a start frame and all points; the ring shifts only once the disk has taken them."""
        self._drop_file()
        self._differ.forget()
        start, fresh = self._start, self.path.with_name(f"{self.path.name}.new")
        if start.part and recorded.state is not None:
            start = msgspec.structs.replace(start, state=msgspec.msgpack.encode(recorded.state), lost=False)
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(fresh.open("wb"))
            file.write(MAGIC + frame(START, msgspec.msgpack.encode(start)) + self._frame(recorded))
            file.flush()
            self._shift()
            fresh.replace(self.path)
            stack.pop_all()
        self._start = msgspec.structs.replace(start, part=start.part + 1)
        return file

    def _shift(self) -> None:
        ring = [self.path, *(self.path.with_name(f"{self.path.name}.{n}") for n in range(1, PARTS))]
        for older, newer in zip(reversed(ring), reversed(ring[:-1]), strict=False):
            if newer.exists():
                newer.replace(older)

    def _drop_file(self) -> None:
        """Close what is open; what a full disk did not take is lost."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()
