"""Scenarios of the library in which nothing burns, as drills of their own sites in virtual time: no head may release there."""

import numpy as np
from msgspec.structs import replace

from controller.site.loader import load as load_site
from sim_hardware.drill.virtual import run_virtual, without_wires
from sim_hardware.report.figures import figures
from sim_hardware.scenarios import loader
from tests.validation.detection.store import Arrays

CALM = ("cooling-loss", "inert-gas-test", "ordinary-day", "quiet", "false-alarm")
"""The cheap ones first. `false-alarm` is a table of runs, a fault or two in each; in `inert-gas-test` a person releases, by hand."""
FIGURES = ("pre_alarms", "alarms", "activations_by_heads")


def drill_calm(name: str, seeds: int, longest_s: float) -> Arrays:
    """`FIGURES` of the scenario with so many seeds, for `longest_s` at most: one number a run, and a run for each row of a table."""
    scenario = loader.load(name)
    site, length_s = load_site(loader.site_path(scenario)), min(scenario.duration_s, longest_s)
    bare = without_wires(replace(scenario, rows=()))
    runs = [(seed, row) for seed in range(1, seeds + 1) for row in ([r.faults for r in scenario.rows] or [()])]
    told = [figures(run_virtual(site, bare, seed, length_s, faults=faults)) for seed, faults in runs]
    found = {name: np.array([run[name] or 0.0 for run in told]) for name in FIGURES}
    return {**found, "hours": np.array(len(runs) * length_s / 3600.0)}
