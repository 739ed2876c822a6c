"""The table of the daemon's own tasks and threads: how often each shows a sign of life, and how old that may get.

One that is late or has ended withholds the watchdog: the service manager starts the daemon anew. Links are not in it, only the tasks
that own them: a dead link is a trouble, never a reboot (rule 10). Nor is a hung disk, which a new start would not cure: the journal's
and the recorder's lag show it to the core as host facts.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Duty:
    """One supervised task: it beats every `period_s` and is late after `max_age_s` (wall seconds)."""

    name: str
    period_s: float
    max_age_s: float


class Supervision:
    """Who beat when. `beat` is a dictionary store, so that a scan can afford it."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._duties: dict[str, Duty] = {}
        self._beat_s: dict[str, float] = {}
        self._ended: dict[str, Callable[[], bool]] = {}

    def add(self, duty: Duty) -> None:
        """Supervise one more task, from now on."""
        self._duties[duty.name] = duty
        self.beat(duty.name)

    def own(self, name: str, ended: Callable[[], bool]) -> None:
        """Supervise that a task or thread without a beat of its own (the owner of a link, a disk's thread) has not ended."""
        self._ended[name] = ended

    def beat(self, name: str) -> None:
        """A sign of life."""
        self._beat_s[name] = self._now_s()

    def ages_s(self) -> dict[str, float]:
        """Seconds since each task's last sign of life."""
        now_s = self._now_s()
        return {name: now_s - beat_s for name, beat_s in self._beat_s.items()}

    def late(self) -> tuple[str, ...]:
        """Names of the tasks that are late, and of those that have ended."""
        ages_s = self.ages_s()
        late = [duty.name for duty in self._duties.values() if ages_s[duty.name] > duty.max_age_s]
        return (*late, *(name for name, ended in self._ended.items() if ended()))

    @property
    def duties(self) -> tuple[Duty, ...]:
        """The table, for people."""
        return tuple(self._duties.values())
