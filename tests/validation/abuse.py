"""One cell in an oven, in an adiabatic calorimeter, on a heater: the plant's kernel as it stands, called step by step."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from sim_hardware.physics import cell
from sim_hardware.physics.arrays import Bools, Floats
from sim_hardware.physics.chemistry import Chemistry

RADIUS_M, LENGTH_M = 9e-3, 65e-3
CELL_M3 = math.pi * RADIUS_M**2 * LENGTH_M
CELL_M2 = 2 * math.pi * RADIUS_M * LENGTH_M + 2 * math.pi * RADIUS_M**2
"""The 18650 cell of science.md 1a: 18 mm, 65 mm."""
SIGMA_W_PER_M2_K4 = 5.67e-8
CALM_STEP_S, HOT_STEP_S, HOT_K_PER_S = 2.0, 0.03, 0.05
"""Steps of the surroundings; the kernel cuts its own inside them."""
NEVER_DEGC = 1e6


def bare(kind: Chemistry) -> Chemistry:
    """The reactions alone: no vent, no electrical energy, no ejecta."""
    return replace(
        kind,
        vent_degc=NEVER_DEGC,
        vent_empty_degc=NEVER_DEGC,
        collapse_degc=NEVER_DEGC,
        collapse_empty_degc=NEVER_DEGC,
        body_share=1.0,
    )


class OneCell:
    """A cell of the plant, alone. ``full_j`` is its stored energy when charged."""

    def __init__(
        self, kind: Chemistry, start_degc: float, *, soc: float = 1.0, volume_m3: float = CELL_M3, full_j: float = 1.0
    ) -> None:
        """Make it, at rest."""
        self.kind, self.kin = kind, kind.vector()
        self.volume_m3, self.full_j = volume_m3, full_j
        self.capacity_j_per_k = kind.j_per_m3_k * volume_m3
        self.state = cell.fresh_cells(1, start_degc, soc, volume_m3, kind)
        self.vented, self.runaway = np.array([False]), np.array([False])
        self.ledger = np.zeros(3)
        self.ejected_j = 0.0
        self.time_s = 0.0

    @property
    def temp_degc(self) -> float:
        """Its temperature."""
        return float(self.state[cell.TEMP, 0])

    @property
    def rate_k_per_s(self) -> float:
        """Its self-heating."""
        return float(self.state[cell.RATE, 0])

    def advance(self, inflow_w: float, dt_s: float) -> None:
        """Let it go on for a step with that heat from outside."""
        self.ejected_j += cell.advance_hot_cell(
            self.state, 0, self.vented, self.runaway, inflow_w, dt_s, self.volume_m3, self.capacity_j_per_k, self.full_j,
            self.kin, self.ledger,
        )  # fmt: skip
        self.time_s += dt_s


@dataclass(frozen=True, slots=True)
class Course:
    """Temperatures over time."""

    time_s: Floats
    temp_degc: Floats

    @property
    def peak_degc(self) -> float:
        """The highest temperature."""
        return float(self.temp_degc.max())

    @property
    def peak_s(self) -> float:
        """When it was."""
        return float(self.time_s[int(self.temp_degc.argmax())])


@dataclass(frozen=True, slots=True)
class Oven:
    """An oven and how its heat reaches an 18650 cell."""

    degc: float
    h_w_per_m2_k: float = 7.17
    emissivity: float = 0.8

    def inflow_w(self, temp_degc: float) -> float:
        """Heat that the cell takes at that temperature."""
        fourth = (self.degc + cell.KELVIN) ** 4 - (temp_degc + cell.KELVIN) ** 4
        return CELL_M2 * (self.h_w_per_m2_k * (self.degc - temp_degc) + self.emissivity * SIGMA_W_PER_M2_K4 * fourth)


def run(one: OneCell, inflow: Callable[[float], float], until_s: float, *, stop_degc: float = NEVER_DEGC) -> Course:
    """Follow a cell until the time is over or it is hotter than that."""
    times, temps = [0.0], [one.temp_degc]
    while one.time_s < until_s and temps[-1] < stop_degc:
        step = HOT_STEP_S if one.rate_k_per_s > HOT_K_PER_S else CALM_STEP_S
        one.advance(inflow(temps[-1]), step)
        times.append(one.time_s)
        temps.append(one.temp_degc)
    return Course(np.array(times), np.array(temps))


def oven(kind: Chemistry, where: Oven, until_s: float, *, stop_degc: float = NEVER_DEGC) -> Course:
    """A cell of 28 degC put into an oven."""
    return run(OneCell(kind, 28.0), where.inflow_w, until_s, stop_degc=stop_degc)


RUNS_AWAY_DEGC = 300.0
CRITICAL_WITHIN_S = 4 * 3600.0


def critical_oven_degc(
    kind: Chemistry, h_w_per_m2_k: float = 7.17, emissivity: float = 0.8, between: tuple[float, float] = (125.0, 160.0)
) -> float:
    """The lowest oven temperature from which a cell runs away, to 0.05 K, by halving."""
    low, high = between
    while high - low > 0.05:
        middle = 0.5 * (low + high)
        where = Oven(middle, h_w_per_m2_k, emissivity)
        hot = oven(kind, where, CRITICAL_WITHIN_S, stop_degc=RUNS_AWAY_DEGC).peak_degc >= RUNS_AWAY_DEGC
        low, high = (low, middle) if hot else (middle, high)
    return 0.5 * (low + high)


@dataclass(frozen=True, slots=True)
class Arc:
    """What an accelerating-rate calorimeter tells, NaN what did not happen: degC, and s from onset to T2."""

    onset_degc: float
    one_per_minute_degc: float
    t2_degc: float
    t3_degc: float
    onset_to_t2_s: float


ONSET_K_PER_S = 0.02 / 60.0
WAIT_S = 1800.0
ARC_STEP_K = 5.0
T2_K_PER_S = 1.0


def arc(kind: Chemistry, start_degc: float = 50.0, until_s: float = 60 * 3600.0) -> Arc:
    """Heat, wait, search: steps of 5 K, 30 minutes each, until the cell warms itself by 0.02 K/min; then adiabatic."""
    one = OneCell(kind, start_degc)
    while not _warms_itself(one):
        one.state[cell.TEMP, 0] += ARC_STEP_K
        if one.temp_degc > RUNS_AWAY_DEGC:
            return Arc(math.nan, math.nan, math.nan, math.nan, math.nan)
    onset_degc = one.temp_degc
    course = run_adiabatic(one, until_s)
    rate = np.diff(course.temp_degc) / np.diff(course.time_s)
    t2_at = _first(rate >= T2_K_PER_S)
    minute = _first(rate >= 1.0 / 60.0)
    picks = [math.nan if k is None else float(course.temp_degc[k]) for k in (minute, t2_at)]
    after_s = math.nan if t2_at is None else float(course.time_s[t2_at] - course.time_s[0])
    return Arc(onset_degc, picks[0], picks[1], course.peak_degc, after_s)


def _warms_itself(one: OneCell) -> bool:
    """Wait, then search; a quiet cell is put back to where the wait began, which is what the calorimeter holds."""
    began_degc = one.temp_degc
    for _ in range(int(WAIT_S / ADIABATIC_STEP_S)):
        one.advance(0.0, ADIABATIC_STEP_S)
    if one.rate_k_per_s >= ONSET_K_PER_S:
        return True
    one.state[cell.TEMP, 0] = began_degc
    return False


ADIABATIC_STEP_S = 10.0


def run_adiabatic(one: OneCell, until_s: float) -> Course:
    """Follow a cell without any exchange, with steps that shrink as it speeds up.

    The film on the anode lets the last few percent of it react for hours: the highest temperature needs the whole time.
    """
    times, temps = [one.time_s], [one.temp_degc]
    while one.time_s - times[0] < until_s:
        one.advance(0.0, min(ADIABATIC_STEP_S, max(0.005, 0.2 / max(one.rate_k_per_s, 1e-9))))
        times.append(one.time_s)
        temps.append(one.temp_degc)
    return Course(np.array(times), np.array(temps))


def _first(told: Bools) -> int | None:
    found = np.flatnonzero(told)
    return int(found[0]) if found.size else None
