"""What a restart costs where a cell heats: habit is learnt anew from cells of which one is on a ramp (0017, "A restart")."""

import numpy as np
import pytest

from controller.core.events import Level
from controller.site.model import Family
from tests.naive.rig import Rig, Spec

CELLS = 16
LONGEST_S = 1000
SETTLED_S = 600


class Module:
    """A module of which one cell rises, a sample a second, and its detector."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)
        self.rig = Rig({"cells": Spec(Family.CELL_TEMPERATURE, CELLS, CELLS, "r1")})
        self.place_k = self.rng.normal(0.0, 0.2, CELLS)

    def sample(self, extra_k: float) -> Level:
        degc = 25.0 + self.place_k + self.rng.normal(0.0, 0.05, CELLS)
        degc[3] += extra_k
        self.rig.set("cells", np.round(degc, 1))
        self.rig.step()
        return self.rig.level("cells")

    def told_after_s(self, from_k: float, k_per_s: float) -> int:
        """How long the ramp goes on until anything is said."""
        return next(s for s in range(1, LONGEST_S) if self.sample(from_k + k_per_s * s) > Level.NORMAL)


@pytest.mark.parametrize(("k_per_s", "restarted_s", "settled_s"), [
    (0.003, 500, 250), (0.01, 240, 90), (0.03, 170, 40), (0.1, 60, 15),
])  # fmt: skip
def test_a_cell_that_heats_through_a_restart_is_not_learnt_away(
    k_per_s: float, restarted_s: int, settled_s: int
) -> None:
    settled = Module()
    assert max(settled.sample(0.0) for _ in range(SETTLED_S)) == Level.NORMAL
    assert settled.told_after_s(0.0, k_per_s) <= settled_s
    assert Module().told_after_s(0.5, k_per_s) <= restarted_s


@pytest.mark.parametrize("from_k", [2.0, 4.0])
def test_an_offset_that_goes_on_rising_is_told_at_five_kelvins_at_the_latest(from_k: float) -> None:
    assert from_k + 0.01 * Module().told_after_s(from_k, 0.01) < 5.3
