"""Whose turn is it on a bus? Cycles of turns by device, fair in time. No I/O; times are seconds of a steady clock.

A device that answers late pays with its own time: turns go to the due device that has used the bus least (start-time
fair queuing). Late cycles are skipped, never piled up. A device that failed rests, twice as long each time, and is then
probed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

FIRST_REST_S = 0.1
LONGEST_REST_S = 2.0
"""Bounds of a failing device's rest: with a timeout of 0.3 s a dead unit takes at most an eighth of its bus (of a serial line, which then
stays silent as long again, a quarter)."""

Turn = TypeVar("Turn")


@dataclass(slots=True)
class Cycle(Generic[Turn]):
    """What one device has to be asked every period, turn by turn; `position` is the next one."""

    device: str
    turns: Sequence[Turn]
    period_s: float
    due_s: float = 0.0
    position: int = 0

    @property
    def turn(self) -> Turn:
        """The next turn of the cycle."""
        return self.turns[self.position]


@dataclass(slots=True)
class _Share(Generic[Turn]):
    """What one device has had of the bus, and how long it rests after its next failure."""

    cycles: list[Cycle[Turn]] = field(default_factory=list)
    used_s: float = 0.0
    rest_s: float = FIRST_REST_S


class Schedule(Generic[Turn]):
    """The cycles of one link, all due at `now_s`. `late_cycles` counts those skipped because their device or the bus was too slow."""

    def __init__(self, cycles: Iterable[Cycle[Turn]], now_s: float) -> None:
        self.late_cycles = 0
        self._used_s = 0.0
        self._shares: dict[str, _Share[Turn]] = {}
        for cycle in cycles:
            cycle.due_s = now_s
            self._shares.setdefault(cycle.device, _Share()).cycles.append(cycle)
        every = [cycle for share in self._shares.values() for cycle in share.cycles]
        # Most sockets have one device with one period: no one to be fair to.
        self._only = every[0] if len(every) == 1 else None
        self._preferred: Cycle[Turn] | None = None

    @property
    def is_alone(self) -> bool:
        """Whether there is but one cycle."""
        return self._only is not None

    def pick(self, now_s: float) -> Cycle[Turn] | None:
        """The cycle whose next turn it is, or None."""
        if self._only is not None:
            return self._only if self._only.due_s <= now_s else None
        if self._preferred is not None:
            preferred, self._preferred = self._preferred, None
            return preferred
        best: Cycle[Turn] | None = None
        least_s = 0.0
        for share in self._shares.values():
            cycle = share.cycles[0] if len(share.cycles) == 1 else min(share.cycles, key=_by_due)
            if cycle.due_s <= now_s and (best is None or share.used_s < least_s):
                best, least_s = cycle, share.used_s
        return best

    def cycles(self, device: str) -> tuple[Cycle[Turn], ...]:
        """What a device is asked."""
        return tuple(self._shares[device].cycles)

    def next_due_s(self) -> float:
        """When the next turn is due; infinity without any."""
        return min((cycle.due_s for share in self._shares.values() for cycle in share.cycles), default=float("inf"))

    def done(self, cycle: Cycle[Turn], started_s: float, now_s: float, turns: int = 1) -> None:
        """Account for turns of a cycle that were answered (be it with a refusal), and move it on."""
        self._account(cycle.device, now_s - started_s).rest_s = FIRST_REST_S
        cycle.position += turns
        if cycle.position < len(cycle.turns):
            return
        cycle.position = 0
        cycle.due_s += cycle.period_s
        missed = int((now_s - cycle.due_s) // cycle.period_s)
        if missed > 0:
            self.late_cycles += missed
            cycle.due_s += missed * cycle.period_s

    def failed(self, device: str, started_s: float, now_s: float) -> None:
        """Account for a turn without a good answer: the device rests, then all of its cycles start afresh."""
        share = self._account(device, now_s - started_s)
        self.restart(device)
        for cycle in share.cycles:
            cycle.due_s = max(cycle.due_s, now_s + share.rest_s)
        share.rest_s = min(2 * share.rest_s, LONGEST_REST_S)

    def prefer(self, cycle: Cycle[Turn]) -> None:
        """Let `cycle` have the next turn, from its beginning, whoever else is due."""
        cycle.position = 0
        self._preferred = cycle if self._only is None else None

    def restart(self, device: str) -> None:
        """Begin the cycles of a device afresh: what was read of them before belongs to another time."""
        for cycle in self._shares[device].cycles:
            cycle.position = 0

    def _account(self, device: str, used_s: float) -> _Share[Turn]:
        share = self._shares[device]
        self._used_s = start_s = max(share.used_s, self._used_s)
        share.used_s = start_s + used_s
        return share


def _by_due(cycle: Cycle[Turn]) -> float:
    return cycle.due_s
