"""Carry out what a campaign lacks: hand runs to the pool, keep what comes back, try again what was lost."""

from collections import Counter, deque
from collections.abc import Iterable
from typing import Protocol

from sim_hardware.campaign.model import Failed, Order, Outcome
from sim_hardware.campaign.pool import Lost, Pool
from sim_hardware.campaign.store import Store

LOOK_S = 0.5
"""Wall time between two looks at the progress when nothing comes."""


class Watcher(Protocol):
    """What follows a campaign."""

    def begun(self, order: Order, pid: int) -> None:
        """A run was given to a process (0: not known which)."""
        ...

    def ended(self, end: Outcome | Failed) -> None:
        """A run came to its end."""
        ...

    def lost(self, lost: Lost) -> None:
        """A run's worker died; it is tried again."""
        ...

    def tick(self) -> None:
        """Time passes."""
        ...


def carry_out(orders: Iterable[Order], pool: Pool, store: Store, tries: int, watcher: Watcher) -> None:
    """Run all `orders` in the pool and keep their ends in the store; a lost run is tried `tries` times in all, then it has failed.

    Raises CampaignError if the pool cannot go on. What has ended by then is kept.
    """
    waiting = deque(orders)
    lost: Counter[Order] = Counter()
    left = len(waiting)
    while left:
        while waiting and pool.has_room():
            order = waiting.popleft()
            watcher.begun(order, pool.submit(order))
        for answer in pool.wait(LOOK_S):
            if isinstance(answer, Lost):
                lost[answer.order] += 1
                if lost[answer.order] < tries:
                    watcher.lost(answer)
                    waiting.append(answer.order)
                    continue
                end: Outcome | Failed = Failed(*answer.order, answer.reason, tries)
            else:
                end = answer
            store.add(end)
            watcher.ended(end)
            left -= 1
        watcher.tick()
