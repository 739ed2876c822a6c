"""Trigger and highest temperatures of runaway that papers report, cleaned, beside the plant's whole cells: a sanity check."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.kinetics import CHEMISTRIES
from tests.validation.abuse import CELL_M3, OneCell
from tests.validation.chapter import Row
from tests.validation.graph import Graph, Series

FAMILIES = {"lco": ("LCO",), "nmc": ("NCM",), "lfp": ("LFP",)}
"""Our chemistry and how the cathodes begin that count to it."""
CLEAN_DEGC = {"trigger": (80.0, 350.0), "max": (150.0, 1300.0)}
"""Outside lie slips of the mining (room temperatures, times, other units)."""
J_PER_M3 = {"lco": 1.92e9, "nmc": 1.92e9, "lfp": 1.25e9}
"""Electrical energy stored in the cell's volume: that of the battery room's cell, and of a prismatic LFP cell."""
HEATER_W, FOLLOW_S = 4.0, 600.0


@dataclass(frozen=True, slots=True)
class Papers:
    """What papers say of one family and kind of temperature, after cleaning."""

    degc: Floats
    dropped: int

    def percentile(self, share: float) -> float:
        """A percentile of it."""
        return float(np.percentile(self.degc, share))


def read(data: Path, what: str) -> dict[str, Papers]:
    """Temperatures of the families; `what` is "trigger" or "max". Raises FileNotFoundError."""
    low, high = CLEAN_DEGC[what]
    with (data / "battery_cell" / f"literature_{what}_temperature_degc.csv").open(
        encoding="utf-8", newline=""
    ) as stream:
        told = [(row["cathode"], float(row[f"{what}_temperature_degc"])) for row in csv.DictReader(stream)]
    found = {}
    for name, beginnings in FAMILIES.items():
        degc = np.array([value for cathode, value in told if cathode.startswith(beginnings)])
        clean = degc[(degc >= low) & (degc <= high)]
        found[name] = Papers(clean, degc.size - clean.size)
    return found


def plant() -> dict[str, tuple[float, float]]:
    """Temperature at 1 K/s and the highest of whole charged cells, warmed slowly without loss."""
    found = {}
    for name, j_per_m3 in J_PER_M3.items():
        one = OneCell(CHEMISTRIES[name], 25.0, full_j=j_per_m3 * CELL_M3)
        while not one.runaway[0]:
            one.advance(HEATER_W, 0.5)
        trigger, highest, until_s = one.temp_degc, one.temp_degc, one.time_s + FOLLOW_S
        while one.time_s < until_s:
            one.advance(0.0, 0.5)
            highest = max(highest, one.temp_degc)
        found[name] = (trigger, highest)
    return found


def rows_and_plot(data: Path) -> tuple[list[Row], str]:
    """Each figure of the plant beside the middle four fifths of the papers. Raises FileNotFoundError."""
    papers, ours = {what: read(data, what) for what in CLEAN_DEGC}, plant()
    rows = []
    for name, seen in ours.items():
        for what, degc in zip(("trigger", "max"), seen, strict=True):
            told = papers[what][name]
            low, middle, high = (told.percentile(share) for share in (10.0, 50.0, 90.0))
            target = f"{low:.0f} to {high:.0f} °C (median {middle:.0f}, n {told.degc.size}, {told.dropped} dropped)"
            rows.append(Row(f"{name} in papers, {what}", target, f"{degc:.0f} °C", low <= degc <= high))
    return rows, _plot(papers, ours)


def _plot(papers: Mapping[str, Mapping[str, Papers]], ours: Mapping[str, tuple[float, float]]) -> str:
    middle = {what: np.array([papers[what][name].percentile(50.0) for name in ours]) for what in papers}
    spread = {
        what: np.array([papers[what][name].percentile(75.0) - papers[what][name].percentile(25.0) for name in ours]) / 2
        for what in papers
    }
    seen = np.array(list(ours.values()))
    told = Series("papers (middle half)", middle["trigger"], middle["max"], 2, True, spread["max"], spread["trigger"])
    plant_series = Series("plant", seen[:, 0], seen[:, 1], 1, dots=True)
    notes = [(float(x) + 3.0, float(y) + 8.0, name) for name, (x, y) in ours.items()]
    notes += [
        (float(x) + 3.0, float(y) + 8.0, n) for n, x, y in zip(ours, middle["trigger"], middle["max"], strict=True)
    ]
    title = "Runaway: temperature at which it starts, and the highest"
    return Graph(title, "trigger °C", "highest °C", [told, plant_series], x_low=100.0, notes=notes).svg()
