"""Chapter: propagation through three cells against LIM1TR, the finite-volume code of Sandia, by its own public example."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.chemistry import Chemistry
from sim_hardware.physics.kinetics import LCO_LIM1TR, ONE_STEP
from sim_hardware.physics.slab import Layer, Slab
from tests.validation.chapter import Chapter, Row
from tests.validation.graph import Graph, Series

KELVIN = 273.15
REFERENCE_S = (3.5, 22.1, 37.5)
REFERENCE_PEAK_K = (951.0, 998.0, 995.0)
"""LIM1TR's output for its example, computed with it: when the mean of each cell passes 600 K, and its peak."""
IGNITED_K = 600.0
TIME_WITHIN, PEAK_WITHIN = 0.15, 0.05
CONTACT_M2K_PER_W, BLOCK_CONTACT_M2K_PER_W = 4e-3, 2e-3
SIDE_W_PER_M3_K = 10.0 * 2.0 * (0.12 + 0.04) / (0.12 * 0.04)
"""10 W/m2K on the four sides of a cross-section of 120 x 40 mm."""
W_PER_M_K, NO_RESISTANCE_W_PER_M_K = 0.5, 1e9
"""Conductivity of the example's cells, and of a lumped one, whose own resistance stands nowhere."""
NODES, STEP_S, SAMPLE_S, UNTIL_S = 35, 2e-3, 0.1, 100.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A run: time, mean of each cell in K ``[samples, 3]``, and what of the heat the energy balance lost."""

    time_s: Floats
    mean_k: Floats
    lost_share: float

    @property
    def ignited_s(self) -> list[float]:
        """When each cell's mean passed 600 K; NaN if never."""
        over = self.mean_k > IGNITED_K
        return [float(self.time_s[k.argmax()]) if k.any() else float("nan") for k in over.T]

    @property
    def peak_k(self) -> list[float]:
        """Highest mean of each cell."""
        return [float(peak) for peak in self.mean_k.max(axis=0)]


def run(
    contact_m2k_per_w: float = CONTACT_M2K_PER_W,
    *,
    kind: Chemistry = ONE_STEP,
    thickness_m: float = 7e-3,
    nodes: int = NODES,
    step_s: float = STEP_S,
    w_per_m_k: float = W_PER_M_K,
) -> Seen:
    """The hot block and three cells of the example."""
    block = Layer(2e-3, 237.0, 2700.0 * 900.0, 700.0, 2, reacts=False)
    contacts = (BLOCK_CONTACT_M2K_PER_W, contact_m2k_per_w, contact_m2k_per_w)
    cells = [
        Layer(thickness_m, w_per_m_k, kind.j_per_m3_k, 21.0, nodes, contact_m2k_per_w=contact) for contact in contacts
    ]
    slab = Slab([block, *cells], kind, 1.0, SIDE_W_PER_M3_K, 21.0)
    held_j = slab.held_j_per_m2
    samples = round(UNTIL_S / SAMPLE_S)
    means = np.zeros((samples, 3))
    for k in range(samples):
        slab.advance(round(SAMPLE_S / step_s), step_s)
        means[k] = slab.means_degc[1:] + KELVIN
    off_j = slab.held_j_per_m2 - held_j - slab.made_j_per_m2 + slab.lost_j_per_m2
    time_s = np.linspace(SAMPLE_S, UNTIL_S, samples)
    return Seen(time_s, means, abs(off_j) / slab.made_j_per_m2)


def rows(seen: Seen) -> list[Row]:
    """Times and peaks of each cell, and the energy balance."""
    found = []
    for k, (asked, got) in enumerate(zip(REFERENCE_S, seen.ignited_s, strict=True), 1):
        met = abs(got / asked - 1.0) <= TIME_WITHIN
        found.append(Row(f"cell {k}: mean over 600 K", f"{asked:g} s ± 15 %", f"{got:.1f} s", met))
    for k, (asked, got) in enumerate(zip(REFERENCE_PEAK_K, seen.peak_k, strict=True), 1):
        met = abs(got / asked - 1.0) <= PEAK_WITHIN
        found.append(Row(f"cell {k}: peak of the mean", f"{asked:.0f} K ± 5 %", f"{got:.0f} K", met))
    share = seen.lost_share
    lost = Row("heat that the energy balance lost", "under 0.1 %", f"{100.0 * share:.1g} %", share < 1e-3, "self-check")
    return [*found, lost]


def lumped_row(seen: Seen) -> Row:
    """The same stack of cells as the plant has them, one temperature each."""
    off = np.abs(np.array(seen.ignited_s) / REFERENCE_S - 1.0)
    return Row(
        "the plant's lumped cells in the same stack: ignition of cells 1, 2, 3",
        f"{', '.join(f'{at:g}' for at in REFERENCE_S)} s ± 15 %",
        _times(seen),
        bool((off <= TIME_WITHIN).all()),
    )


TEXT = """
The example has a 2 mm aluminium block of 700 °C and three cells of 7 mm (0.5 W/m K, 1800 kg/m3, 800 J/kg K) that start at 21 °C, with
one first-order reaction of 35 % of the mass (1e9 1/s, 110 kJ/mol, 1.44 MJ/kg); contact 2e-3 m2K/W at the block and 4e-3 between cells. The
figures of the reference belong to this one-step reaction, not to the three-reaction set of another of its examples ("lco-lim1tr").
Ours: {nodes} nodes a cell (0.2 mm, as there), the compiled reactions of the plant, implicit conduction.
Nothing was fitted: the contact resistance is the example's own.

Boundary conditions: the input gives adiabatic ends and 10 W/m2K to 21 °C outside; assumed here is only that this acts on the four sides of
the cross-section (120 x 40 mm) along its whole perimeter, and on the block too.

How much depends on what (times in s, peaks in K):

| case | cell 1, 2, 3 over 600 K | peaks |
|---|---|---|
{cases}

**The resolved slab is a reference for the equations; no drill runs it.** The last but one line lumps each cell to one node with the
contact alone between them, as the plant's cells are (a missed row): it never ignites, because the mean of so thin a stack stays too cold where
the face, in truth, burns; and no other contact lights more than the first cell. The plant's contact of 4e-3 m2K/W therefore is no
property of its cells: their own resistance (0.03 to 0.07 through 33 mm) is left out on purpose, and the number stands for face and body
together. It, and the housing's and the flames' shares, are calibrated on times from cell to cell and module to module (chapter on the
container tests), not derived. The last line puts
the three-reaction set into the same stack with 7.4 mm cells; no reference is published for it.
"""


def chapter(data: Path) -> Chapter:
    """The example and its variations. It needs no recordings."""
    del data
    seen = run()
    cases = {
        "the example": seen,
        "contact 10 % better": run(0.9 * CONTACT_M2K_PER_W),
        "contact 10 % worse": run(1.1 * CONTACT_M2K_PER_W),
        "steps four times as fine": run(step_s=STEP_S / 4),
        "nodes twice as fine": run(nodes=2 * NODES),
        "lumped": run(nodes=1, w_per_m_k=NO_RESISTANCE_W_PER_M_K),
        "lco-lim1tr": run(kind=LCO_LIM1TR, thickness_m=7.4e-3),
    }
    text = TEXT.format(nodes=NODES, cases="\n".join(_line(name, one) for name, one in cases.items()))
    return Chapter(
        "Propagation through three cells",
        text,
        [*rows(seen), lumped_row(cases["lumped"])],
        {"propagation.svg": _plot(seen)},
    )


def _times(seen: Seen) -> str:
    return ", ".join("never" if np.isnan(at) else f"{at:.1f}" for at in seen.ignited_s)


def _line(name: str, seen: Seen) -> str:
    return f"| {name} | {_times(seen)} | {', '.join(f'{peak:.0f}' for peak in seen.peak_k)} |"


def _plot(seen: Seen) -> str:
    lines: Sequence[Series] = [
        Series("cell 1", seen.time_s, seen.mean_k[:, 0], 1),
        Series("cell 2", seen.time_s, seen.mean_k[:, 1], 2),
        Series("cell 3", seen.time_s, seen.mean_k[:, 2], 3),
        Series("LIM1TR", np.array(REFERENCE_S), np.full(3, IGNITED_K), 4, dots=True),
    ]
    return Graph("Mean of each cell; dots: LIM1TR at 600 K", "s", "K", lines, y_low=250.0).svg()
