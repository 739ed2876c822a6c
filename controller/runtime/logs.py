"""Logs: one JSON object a line on stderr, from a thread of its own, because a pipe that nobody reads must not stop a scan.

All of it is the standard library's logging, so what its own parts have to say comes out in the same lines. A logger with pretty printing
cost a third of a second at every start.
"""

import json
import logging
import sys
import threading
from collections import deque
from datetime import UTC, datetime
from typing import TextIO

MAX_WAITING = 1000
_FIELDS = "haechi_fields"


class Log:
    """Says what happened, an event by its name, with fields."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def info(self, event: str, **fields: object) -> None:
        """What people may want to know."""
        self._logger.info(event, extra={_FIELDS: fields})

    def warning(self, event: str, **fields: object) -> None:
        """What is not as it should be."""
        self._logger.warning(event, extra={_FIELDS: fields})

    def error(self, event: str, **fields: object) -> None:
        """What failed."""
        self._logger.error(event, extra={_FIELDS: fields})

    def exception(self, event: str, **fields: object) -> None:
        """What failed, with the traceback of the error that is being handled."""
        self._logger.exception(event, extra={_FIELDS: fields})  # noqa: LOG004 (its caller handles one)


class JsonLines(logging.Formatter):
    """One JSON object a record: its fields, then event, level, timestamp (ISO 8601, UTC) and, of an error, the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, without its end. What JSON does not know stands there as Python shows it."""
        when = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        said = {"event": record.getMessage(), "level": record.levelname.lower(), "timestamp": when}
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(getattr(record, _FIELDS, {}) | said, default=repr)


class LogWriter:
    """A stream for the log's handler. When the reader does not keep up, the oldest lines are lost and counted."""

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
    handler = logging.StreamHandler(writer)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    return writer
