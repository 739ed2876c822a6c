"""The people of a scenario: what somebody at the panel says, and when, in answer to what the controller tells."""

from collections.abc import Iterable

from controller.core.commands import AnyCommand
from controller.core.events import Event
from sim_hardware.scenarios.model import Act


class People:
    """Waits for what each act answers to, lets its reaction time pass, then gives its command; each act once."""

    def __init__(self, acts: Iterable[Act]) -> None:
        self._waiting = [act for act in acts if act.kind or act.what or act.subject]
        self._due = [
            (round(act.after_s * 1000), act.command) for act in acts if not (act.kind or act.what or act.subject)
        ]

    def hear(self, events: Iterable[Event]) -> None:
        """Take in what the controller tells."""
        for event in events:
            for act in [act for act in self._waiting if _answers(act, event)]:
                self._waiting.remove(act)
                self._due.append((event.tick_ms + round(act.after_s * 1000), act.command))

    def say(self, tick_ms: int) -> tuple[AnyCommand, ...]:
        """The commands that are due at plant time `tick_ms`."""
        if not self._due:
            return ()
        due = tuple(command for when_ms, command in self._due if when_ms <= tick_ms)
        self._due = [entry for entry in self._due if entry[0] > tick_ms]
        return due


def _answers(act: Act, event: Event) -> bool:
    return act.kind in {"", event.kind} and act.what in {"", event.what} and act.subject in {"", event.subject}
