"""Logs: one JSON object a line on stderr, from a thread of its own, because a pipe that nobody reads must not stop a scan."""

import logging
import sys
import threading
from collections import deque
from typing import TextIO

import structlog

MAX_WAITING = 1000


class LogWriter:
    """A stream for structlog's logger. When the reader does not keep up, the oldest lines are lost and counted."""

    def __init__(self, stream: TextIO, max_waiting: int = MAX_WAITING) -> None:
        self._stream = stream
        self._waiting: deque[str] = deque(maxlen=max_waiting)
        self._changed = threading.Condition()
        self._writing = False
        self.lost = 0
        threading.Thread(target=self._work, name="log", daemon=True).start()

    def write(self, text: str) -> None:
        """Take a line; never waits for the stream."""
        with self._changed:
            self.lost += len(self._waiting) == self._waiting.maxlen
            self._waiting.append(text)
            self._changed.notify_all()

    def flush(self) -> None:
        """Nothing: the thread flushes every line."""

    def drain(self, timeout_s: float = 1.0) -> bool:
        """Wait until every line is out; False if the reader does not let it."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._writing, timeout_s)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._writing = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: bool(self._waiting))
                text = self._waiting.popleft()
                self._writing = True
            try:
                self._stream.write(text)
                self._stream.flush()
            except (OSError, ValueError):
                self.lost += 1


def configure_log() -> LogWriter:
    """Send all logs of this process through one writer."""
    writer = LogWriter(sys.stderr)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(writer),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )
    return writer
