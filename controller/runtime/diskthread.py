"""A thread that writes to the disk for the scan, which never waits for it: its lag, its end and its faults are in sight."""

import threading
import time

from controller.runtime.logs import Log

log = Log(__name__)


class DiskThread:
    """Base of journal and recorder: hand over under `_changed`, set `_oldest_s` to when the oldest thing waiting came, notify.

    A subclass writes in `_work` until `_closing` is set and nothing waits. What the disk cannot do it expects and tries again; anything else
    ends the thread, in sight as `ended` and `failure`, and as a lag that grows.
    """

    def __init__(self, name: str) -> None:
        self.failure = ""
        self._changed = threading.Condition()
        self._closing = False
        self._ended = False
        self._oldest_s: float | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def lag_ms(self) -> int:
        """Wall milliseconds that the oldest thing not yet written has been waiting."""
        oldest_s = self._oldest_s
        return 0 if oldest_s is None else int((time.monotonic() - oldest_s) * 1000)

    @property
    def ended(self) -> bool:
        """Whether the thread has ended by a fault of the program: nothing is written any more."""
        return self._ended

    def close(self, timeout_s: float = 5.0) -> bool:
        """Write what waits and end; False if the disk did not let it within `timeout_s`."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive() and not self.ended

    def _work(self) -> None:
        """Write until closed; runs in the thread."""
        raise NotImplementedError

    def _clean_up(self) -> None:
        """Let go of what a fault of the program left open."""

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:
            self._clean_up()
            self.failure, self._ended = f"ended: {error!r}", True
            self._oldest_s = self._oldest_s or time.monotonic()
            log.exception("thread_ended", thread=self._thread.name)
