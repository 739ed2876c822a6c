"""The table of the daemon's own tasks: how often each shows a sign of life, how old that may get, and what follows.

Links are not in it, only the tasks that own them: a dead link is a trouble, never a reboot (rule 10).
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Consequence(StrEnum):
    """What follows when a task is late."""

    RESTART = "restart"
    """The watchdog is not fed any more: the service manager starts the daemon anew."""
    TROUBLE = "trouble"
    """Shown, and reported to the core as a host fact: a new start would not help (a hung disk)."""


@dataclass(frozen=True, slots=True)
class Duty:
    """One supervised task: it beats every `period_s` and is late after `max_age_s` (wall seconds)."""

    name: str
    period_s: float
    max_age_s: float
    consequence: Consequence


class Supervision:
    """Who beat when. `beat` is a dictionary store, so that a scan can afford it."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._duties: dict[str, Duty] = {}
        self._beat_s: dict[str, float] = {}
        self._owners: dict[str, asyncio.Task[None]] = {}

    def add(self, duty: Duty) -> None:
        """Supervise one more task, from now on."""
        self._duties[duty.name] = duty
        self.beat(duty.name)

    def own(self, name: str, task: asyncio.Task[None]) -> None:
        """Supervise that a task without a beat of its own (the owner of a link) is alive."""
        self._owners[name] = task

    def beat(self, name: str) -> None:
        """A sign of life."""
        self._beat_s[name] = self._now_s()

    def ages_s(self) -> dict[str, float]:
        """Seconds since each task's last sign of life."""
        now_s = self._now_s()
        return {name: now_s - beat_s for name, beat_s in self._beat_s.items()}

    def late(self, consequence: Consequence | None = None) -> tuple[str, ...]:
        """Names of the tasks that are late or have ended; only those with the given consequence, if one is given."""
        ages_s = self.ages_s()
        late = [
            duty.name
            for duty in self._duties.values()
            if ages_s[duty.name] > duty.max_age_s and consequence in {None, duty.consequence}
        ]
        if consequence is not Consequence.TROUBLE:
            late += [name for name, task in self._owners.items() if task.done()]
        return tuple(late)

    @property
    def duties(self) -> tuple[Duty, ...]:
        """The table, for people."""
        return tuple(self._duties.values())
