"""How fast virtual time goes: plant alone, plant and controller in a drill of 15 minutes, quiet life in coarse steps.

Processor seconds of this process alone count (`time.process_time`), so that a busy machine, which slows the clock on the wall, shows less
of itself; caches that others empty still cost. Times are plant seconds a processor second.
"""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

from controller.core.scan import Controller
from controller.site.loader import load
from controller.site.model import Site
from sim_hardware.devices.plant import Plant
from sim_hardware.lockstep import LockStep
from sim_hardware.own_process import settle
from sim_hardware.scenarios import loader
from tests.bench.large_hall import HALL, large_hall
from tests.bench.tables import Progress, spread

DRILL_S = 900.0
"""The drill: 15 minutes of the plant."""
PLANT_S = 600.0
COARSE_S = 1200.0
COARSE_STEP_S = 10.0
WARM_S = 2.0
"""Plant time before the measurement, in which kernels are loaded or compiled."""
ROUNDS = 2
CHUNK_SCANS = 500
YEAR_S = 365.25 * 86400.0
TARGET_LOOP, TARGET_PLANT = 300.0, 3000.0
DRILLS, CORES = 1000, 2
"""The campaign that shall take less than 40 minutes."""


@dataclass(frozen=True, slots=True)
class Drilled:
    """One drill: plant seconds a processor second, on the whole and in its best and worst stretch of 50 s; what its plant took; its hash."""

    times_real: float
    best: float
    worst: float
    plant_ms: float
    scan_ms: float
    cpu_s: float
    chain: str


def drill(site: Site, seconds: float = DRILL_S, step: Callable[[str], None] = lambda _: None) -> Drilled:
    """A closed loop of the `runaway` drill on `site`, from its first second to its last, as a campaign's worker runs it."""
    settle()
    _warm(site)
    lockstep = LockStep(site, loader.load("runaway"))
    physics = _Physics(lockstep.plant)
    scan_s = site.site.scan_s
    stretches: list[float] = []
    for chunk in range(round(seconds / scan_s) // CHUNK_SCANS):
        step(f"{chunk * CHUNK_SCANS * scan_s:.0f} s of the drill")
        began_s = time.process_time()
        for _ in range(CHUNK_SCANS):
            lockstep.step()
        stretches.append(time.process_time() - began_s)
    cpu_s, scans = sum(stretches), CHUNK_SCANS * len(stretches)
    rates = [CHUNK_SCANS * scan_s / stretch for stretch in stretches]
    per_scan_ms = 1e3 * physics.cpu_s / scans, 1e3 * cpu_s / scans
    return Drilled(scans * scan_s / cpu_s, max(rates), min(rates), *per_scan_ms, cpu_s, lockstep.chain)


def _warm(site: Site) -> None:
    lockstep = LockStep(site, loader.load("runaway"))
    while lockstep.tick_ms < WARM_S * 1000:
        lockstep.step()


class _Physics:
    """Counts the processor seconds that the physics of a plant's rooms take."""

    def __init__(self, plant: Plant) -> None:
        self.cpu_s = 0.0
        for room in plant.rooms.values():
            vars(room.room)["advance"] = self._timed(room.room.advance)

    def _timed(self, advance: Callable[[float, float], None]) -> Callable[[float, float], None]:
        def timed(dt_s: float, longest_s: float) -> None:
            began_s = time.process_time()
            advance(dt_s, longest_s)
            self.cpu_s += time.process_time() - began_s

        return timed


def plant_alone(site: Site) -> float:
    """Plant seconds a processor second of a quiet battery room's physics."""
    plant = Plant(site, 1)
    room = next(iter(plant.rooms.values())).room
    room.advance(WARM_S)
    began_s = time.process_time()
    for _ in range(round(PLANT_S / 0.5)):
        room.advance(0.5)
    return PLANT_S / (time.process_time() - began_s)


def coarse(site: Site) -> float:
    """Plant seconds a processor second of quiet life in coarse steps."""
    lockstep = LockStep(site, loader.load("quiet"), step_s=COARSE_STEP_S)
    while lockstep.tick_ms < 200_000:  # what the scenario begins with has settled
        lockstep.step()
    began_s, first_ms = time.process_time(), lockstep.tick_ms
    while lockstep.tick_ms < first_ms + COARSE_S * 1000:
        lockstep.step()
    return COARSE_S / (time.process_time() - began_s)


def _rounds(progress: Progress, what: str, measure: Callable[[], float]) -> list[float]:
    measured = []
    for _ in range(ROUNDS):
        progress.step(what)
        measured.append(measure())
    return measured


def main() -> None:
    """Measure and print."""
    hall, large = load(HALL), large_hall()
    points = Controller(Plant(large, 1).layout).layout.n_points
    chunks = round(DRILL_S / large.site.scan_s) // CHUNK_SCANS
    progress = Progress("drill", 2 * chunks + 2 * ROUNDS + 1)
    quiet = _rounds(progress, "plant alone", lambda: plant_alone(hall))
    years = _rounds(progress, "coarse steps", lambda: coarse(hall) * 3600.0 / YEAR_S)
    runs = [drill(large, step=progress.step) for _ in range(2)]
    progress.end()
    best = max(runs, key=lambda run: run.times_real)
    minutes = DRILLS * best.cpu_s / CORES / 60.0
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    loop = f"closed loop, {points:,} points at {large.site.scan_s:g} s, runaway drill of {DRILL_S:g} s, better of 2"
    same = "the same" if runs[0].chain == runs[1].chain else "DIFFERENT"
    print(f"""
Virtual time, plant seconds a processor second on one core
| what | measured | target |
|---|---|---|
| plant alone, quiet, 1,024 cells, {ROUNDS} rounds | {spread(quiet, 0)} | {TARGET_PLANT:,.0f} |
| {loop} | {best.times_real:,.0f} | {TARGET_LOOP:,.0f} |
| - its best and worst 50 s | {best.best:,.0f} and {best.worst:,.0f} | |
| - a scan all in, and of that the physics (ms) | {best.scan_ms:.3f}, {best.plant_ms:.3f} | 0.333 |
| processor seconds a drill | {best.cpu_s:.1f} | 4.8 |
| {DRILLS:,} such drills on {CORES} cores (minutes, from that) | {minutes:.0f} | 40 |
| quiet life in coarse steps of {COARSE_STEP_S:g} s: plant years an hour of one core | {spread(years, 3)} | |
| peak memory of this process (MB) | {peak_mb:.0f} | |
| journal's hash over both drills | {same} ({runs[0].chain[:16]}) | the same |
""")
