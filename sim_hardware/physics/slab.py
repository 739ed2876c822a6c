"""A row of cells and plates face to face, each resolved through its thickness: the reference for the lumped stack.

The plant's cells are lumped (``stack``). In truth a runaway begins at the face that is heated and goes through the cell as
a front, before the cell's mean is hot. Here conduction within cells is solved (implicit Euler, conservative, so any step
is stable and the energy balance closes to rounding), with the same compiled reactions in every node as in the plant.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drivers.compiled.door import raising_kernel
from sim_hardware.physics import cell
from sim_hardware.physics.arrays import Bools, Floats
from sim_hardware.physics.chemistry import Chemistry


@dataclass(frozen=True, slots=True)
class Layer:
    """A cell, or a plate that does not react; ``contact_m2k_per_w`` is to the layer before it."""

    thickness_m: float
    w_per_m_k: float
    j_per_m3_k: float
    start_degc: float
    nodes: int
    reacts: bool = True
    contact_m2k_per_w: float = 0.0


class Slab:
    """Layers in a row with adiabatic ends, that lose heat sideways with ``side_w_per_m3_k`` to ``around_degc``.

    ``side_w_per_m3_k`` is a film coefficient times perimeter over cross-section. All heat is per m2 of cross-section:
    ``made_j_per_m2`` by reactions, ``lost_j_per_m2`` sideways.
    """

    def __init__(
        self, layers: Sequence[Layer], kind: Chemistry, soc: float, side_w_per_m3_k: float, around_degc: float
    ) -> None:
        """Lay the nodes of all layers side by side."""
        parts = [np.full(layer.nodes, layer.thickness_m / layer.nodes) for layer in layers]
        self._dx_m = np.concatenate(parts)
        self._heat_j_per_m2_k = self._dx_m * _by_node(layers, [layer.j_per_m3_k for layer in layers])
        self._side = self._dx_m * side_w_per_m3_k
        half = 0.5 * self._dx_m / _by_node(layers, [layer.w_per_m_k for layer in layers])
        resistance = half[:-1] + half[1:]
        self._ends = np.cumsum([layer.nodes for layer in layers])
        resistance[self._ends[:-1] - 1] += [layer.contact_m2k_per_w for layer in layers[1:]]
        self._between = 1.0 / resistance
        self._reacts = _by_node(layers, [layer.reacts for layer in layers]) > 0.0
        self._kin = kind.vector()
        self._around_degc = around_degc
        self.state = cell.fresh_cells(self._dx_m.size, 0.0, soc, 1.0, kind)
        self.state[cell.TEMP] = _by_node(layers, [layer.start_degc for layer in layers])
        self.made_j_per_m2 = self.lost_j_per_m2 = 0.0

    def advance(self, steps: int, dt_s: float) -> None:
        """Advance by ``steps`` of ``dt_s``."""
        made, lost = advance_nodes(
            self.state, self._reacts, self._dx_m, self._heat_j_per_m2_k, self._between, self._side, self._around_degc,
            self._kin, steps, dt_s,
        )  # fmt: skip
        self.made_j_per_m2 += made
        self.lost_j_per_m2 += lost

    @property
    def means_degc(self) -> Floats:
        """Mean temperature of each layer."""
        weighted = np.add.reduceat(self.state[cell.TEMP] * self._dx_m, self._starts)
        return np.asarray(weighted / np.add.reduceat(self._dx_m, self._starts))

    @property
    def held_j_per_m2(self) -> float:
        """Heat over 0 degC."""
        return float((self.state[cell.TEMP] * self._heat_j_per_m2_k).sum())

    @property
    def _starts(self) -> list[int]:
        return [0, *self._ends[:-1].tolist()]


def _by_node(layers: Sequence[Layer], values: Sequence[float]) -> Floats:
    return np.repeat(np.array(values, dtype=np.float64), [layer.nodes for layer in layers])


@raising_kernel
def advance_nodes(
    state: Floats, reacts: Bools, dx_m: Floats, heat_j_per_m2_k: Floats, between: Floats, side: Floats,
    around_degc: float, kin: Floats, steps: int, dt_s: float,
) -> tuple[float, float]:  # fmt: skip
    """React in every node, then conduct (Thomas' algorithm), ``steps`` times; return J/m2 made and lost sideways."""
    n = dx_m.shape[0]
    temp = state[cell.TEMP]
    upper, right = np.zeros(n), np.zeros(n)
    made = lost = 0.0
    for _ in range(steps):
        for i in range(n):
            if reacts[i]:
                heat = cell.react(state, i, dt_s, 1.0, kin) * dx_m[i]
                temp[i] += heat / heat_j_per_m2_k[i]
                made += heat
        for i in range(n):
            below = between[i - 1] if i > 0 else 0.0
            above = between[i] if i < n - 1 else 0.0
            main = heat_j_per_m2_k[i] / dt_s + below + above + side[i]
            known = heat_j_per_m2_k[i] / dt_s * temp[i] + side[i] * around_degc
            if i > 0:
                main -= below * upper[i - 1]
                known += below * right[i - 1]
            upper[i] = above / main
            right[i] = known / main
        temp[n - 1] = right[n - 1]
        for i in range(n - 2, -1, -1):
            temp[i] = right[i] + upper[i] * temp[i + 1]
        for i in range(n):
            lost += side[i] * (temp[i] - around_degc) * dt_s
    return made, lost
