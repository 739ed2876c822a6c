"""What is handed out, tried again and given up, with a pool made by hand."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Self

import pytest

from sim_hardware.campaign.carry_out import carry_out
from sim_hardware.campaign.errors import CampaignError
from sim_hardware.campaign.model import Failed, Order, Outcome
from sim_hardware.campaign.pool import Answer, Lost
from sim_hardware.campaign.store import Store
from tests.sim_hardware.campaign import samples


class Unreliable:
    """Holds two runs; answers the later one first; loses those of `losses` so many times; breaks down at `breaks`."""

    words = "by hand"

    def __init__(self, losses: dict[int, int], breaks: int = -1) -> None:
        self.losses = Counter(losses)
        self.breaks = breaks
        self.held: list[Order] = []
        self.most = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.held.clear()

    def has_room(self) -> bool:
        return len(self.held) < 2

    def submit(self, order: Order) -> int:
        self.held.append(order)
        self.most = max(self.most, len(self.held))
        return 7

    def wait(self, timeout_s: float) -> list[Answer]:
        order = self.held.pop()
        if order.seed == self.breaks:
            raise CampaignError("broken")
        if self.losses[order.seed] > 0:
            self.losses[order.seed] -= 1
            return [Lost(order, "lightning")]
        return [samples.outcome(order.seed)]


class Notes:
    """What a watcher is told."""

    def __init__(self) -> None:
        self.started: Counter[int] = Counter()
        self.losses: Counter[int] = Counter()
        self.ends: dict[int, Outcome | Failed] = {}

    def begun(self, order: Order, pid: int) -> None:
        assert pid == 7
        self.started[order.seed] += 1

    def ended(self, end: Outcome | Failed) -> None:
        assert end.seed not in self.ends
        self.ends[end.seed] = end

    def lost(self, lost: Lost) -> None:
        self.losses[lost.order.seed] += 1

    def tick(self) -> None:
        """Nothing to note."""


def run(folder: Path, pool: Unreliable, seeds: range) -> Notes:
    notes = Notes()
    with Store(folder, (samples.case(),), "code") as store, pool:
        carry_out([Order("spark", seed) for seed in seeds], pool, store, 3, notes)
        assert {order.seed for order in (*store.done, *store.failed)} == set(seeds)
    return notes


def test_a_lost_run_is_tried_again_and_then_given_up(tmp_path: Path) -> None:
    pool = Unreliable({2: 2, 4: 99})
    notes = run(tmp_path, pool, range(6))
    assert notes.started == {0: 1, 1: 1, 2: 3, 3: 1, 4: 3, 5: 1}
    assert notes.losses == {2: 2, 4: 2}
    assert [seed for seed, end in sorted(notes.ends.items()) if isinstance(end, Outcome)] == [0, 1, 2, 3, 5]
    assert notes.ends[4] == Failed("spark", 4, "lightning", 3)
    assert pool.most == 2


def test_what_was_done_before_a_breakdown_is_kept(tmp_path: Path) -> None:
    with Store(tmp_path, (samples.case(),), "code") as store, pytest.raises(CampaignError, match="broken"):
        carry_out([Order("spark", seed) for seed in range(6)], Unreliable({}, breaks=3), store, 3, Notes())
    with Store(tmp_path, (samples.case(),), "code") as store:
        assert sorted(order.seed for order in store.done) == [1, 2]
