"""Worker processes on this machine, one run at a time each; one that dies is replaced, and its run told as lost."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Self

import msgspec

from sim_hardware.campaign.digest import code_digest
from sim_hardware.campaign.errors import CampaignError
from sim_hardware.campaign.model import Case, Failed, Order, Outcome, encode_cases
from sim_hardware.campaign.pool import Answer, Lost

LOG = "workers.log"
DEAF_LIMIT = 3
"""So many workers in a row that die before they are ready end the campaign."""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""A worker a core: libraries of linear algebra must not start threads of their own."""


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0))


class _Worker:
    """One process and what it is at. It has a session of its own, so that Ctrl-C reaches the campaign alone."""

    def __init__(self, cases: int, log: Path) -> None:
        ours, theirs = socket.socketpair()
        with theirs, log.open("ab") as words:
            self.process = subprocess.Popen(
                (sys.executable, "-m", "sim_hardware.campaign.worker", str(theirs.fileno()), str(cases)),
                stdin=subprocess.DEVNULL, stdout=words, stderr=words, pass_fds=(theirs.fileno(), cases),
                start_new_session=True, env={**os.environ, **ONE_THREAD},
            )  # fmt: skip
        self.connection = Connection(ours.detach())
        self.is_ready = False
        self.order: Order | None = None

    def end(self) -> str:
        """Make sure that it is gone; returns how it ended."""
        self.connection.close()
        self.process.kill()
        code = self.process.wait()
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def why_ended(self) -> str:
        """How a worker that has closed its connection ended."""
        try:
            code = self.process.wait(1.0)
        except subprocess.TimeoutExpired:
            return f"it closed its connection; then {self.end()}"
        self.connection.close()
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


class LocalPool:
    """`width` workers. The first makes the kernels ready alone, so that they are compiled once; then the others start."""

    def __init__(self, cases: Sequence[Case], width: int, folder: Path) -> None:
        self._cases = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the block is left
        self._cases.write(encode_cases(cases))
        self._cases.flush()
        self._width = width
        self._log = folder / LOG
        self._workers: list[_Worker] = []
        self._deaf = 0

    def __enter__(self) -> Self:
        self._workers.append(_Worker(self._cases.fileno(), self._log))
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end()
        self._workers.clear()
        self._cases.close()

    @property
    def words(self) -> str:
        """How many workers."""
        return "1 worker" if self._width == 1 else f"{self._width} workers"

    def has_room(self) -> bool:
        """Whether a worker has nothing to do."""
        return any(worker.order is None for worker in self._workers)

    def submit(self, order: Order) -> int:
        """Give a run to a worker that has none; returns its process number."""
        worker = next(worker for worker in self._workers if worker.order is None)
        worker.order = order
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has just died: `wait` finds that out
            worker.connection.send_bytes(msgspec.msgpack.encode(order))
        return worker.process.pid

    def wait(self, timeout_s: float) -> list[Answer]:
        """Hear the workers that have something to say, and replace those that died."""
        by_connection = {worker.connection: worker for worker in self._workers}
        answers: list[Answer] = []
        for connection in wait(by_connection, timeout_s):
            worker = by_connection[connection]  # type: ignore[index] # only connections were asked for
            try:
                answers += self._hear(worker, worker.connection.recv_bytes())
            except (EOFError, ConnectionResetError):
                answers += self._bury(worker)
        return answers

    def _hear(self, worker: _Worker, message: bytes) -> list[Answer]:
        if worker.is_ready:
            worker.order = None
            return [msgspec.msgpack.decode(message, type=Outcome | Failed)]
        if message.decode() != code_digest():
            raise CampaignError("the code has changed while the campaign ran; remedy: call it again with another --out")
        worker.is_ready = True
        self._deaf = 0
        self._fill()
        return []

    def _fill(self) -> None:
        while len(self._workers) < self._width:
            self._workers.append(_Worker(self._cases.fileno(), self._log))

    def _bury(self, worker: _Worker) -> list[Answer]:
        """Take a dead worker's run back, and start another in its place."""
        self._workers.remove(worker)
        how = worker.why_ended()
        self._deaf += not worker.is_ready
        if self._deaf >= DEAF_LIMIT:
            raise CampaignError(f"workers die before they are ready ({how}); remedy: see {self._log}")
        self._workers.append(_Worker(self._cases.fileno(), self._log))
        return [] if worker.order is None else [Lost(worker.order, f"its worker ended: {how}")]
