"""Cheap runs of the plant towards runaway: one module of the battery room's stack, and what its BMS makes of the temperatures."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numba import njit

from sim_hardware.physics import cell, stack
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.battery_geometry import BatteryRoomGeometry
from sim_hardware.physics.cell_spread import SPREAD_LIMIT, spread_heat
from sim_hardware.physics.kinetics import CHEMISTRIES
from sim_hardware.physics.stack_layout import Stack, fresh_stack

CELLS = 8
"""Of the module; what is done, is done to one in the middle, or to all."""
STEP_S, STEPS_A_SAMPLE = 0.25, 4
LONGEST_S = 3 * 3600
CAPACITY_SPREAD, RESISTANCE_SPREAD, SENSOR_SPREAD_K = 0.01, 0.05, 0.3
"""From cell to cell, as in the battery room."""
SENSOR_DIES_DEGC = 200.0
"""Thermistors of the plant burn off here or later."""

CERAMIC_DEGC = 260.0
"""A ceramic-coated separator holds so long (assumed, as in the plant's NMC)."""
LIFE_HALF_S = 3600
"""Quiet life charges for so long, then discharges."""

Kind = Literal["short", "heater", "oven", "overcharge", "life"]
KINDS: tuple[Kind, ...] = ("short", "heater", "oven", "overcharge")


@dataclass(frozen=True, slots=True)
class Case:
    """What is done: a short or a heater of one cell (W), a heater of every cell (oven, W each), an overcharge (A), or charge and
    discharge in turns (life, A).

    `stored` is the share of its charge that a short may use, `until_s` the time at which heaters and current stop;
    a heater grows by e in every `grows_s`.
    A `ceramic` separator holds to 260 degC whatever the chemistry.
    """

    kind: Kind
    power: float
    chemistry: str = "lco"
    ambient_degc: float = 24.0
    contact_m2k_per_w: float = 4e-3
    soc: float = 0.95
    stored: float = 0.9
    until_s: float = math.inf
    grows_s: float = math.inf
    seed: int = 0
    ceramic: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """Truth: temperatures at every second ``[s, CELLS]``, and when each cell ran away (NaN: it did not)."""

    temp_degc: Floats
    runaway_s: Floats

    @property
    def first(self) -> int:
        """The first cell that ran away; the one in the middle if none did."""
        return int(np.nanargmin(self.runaway_s)) if np.isfinite(self.runaway_s).any() else CELLS // 2


@dataclass(frozen=True, slots=True)
class Sensing:
    """How a BMS sees: lag of the thermistor on the can, noise (K), resolution (K), period (s)."""

    lag_s: float = 0.0
    noise_k: float = 0.025
    resolution_k: float = 0.1
    period_s: int = 1

    def see(self, truth_degc: Floats, seed: int) -> tuple[Floats, Floats]:
        """Times and values of the samples of one cell, NaN from when its sensor is burnt."""
        seen = truth_degc.copy()
        if self.lag_s > 0.0:
            keep = math.exp(-1.0 / self.lag_s)
            for k in range(1, seen.size):
                seen[k] = keep * seen[k - 1] + (1.0 - keep) * truth_degc[k]
        seen += self.noise_k * np.random.default_rng(seed).standard_normal(seen.size)
        seen = np.round(seen / self.resolution_k) * self.resolution_k
        burnt = np.maximum.accumulate(truth_degc) > SENSOR_DIES_DEGC
        seen[burnt] = np.nan
        picked = slice(None, None, self.period_s)
        return np.arange(1.0, seen.size + 1.0)[picked], seen[picked]


def run(case: Case, longest_s: int = LONGEST_S, after_s: int = 300) -> Course:
    """The course of a case, until `after_s` after the first runaway."""
    g = BatteryRoomGeometry(
        racks=1, modules=1, cells=CELLS, chemistry=case.chemistry, start_degc=case.ambient_degc, start_soc=case.soc,
        contact_m2k_per_w=case.contact_m2k_per_w,
    )  # fmt: skip
    kind = CHEMISTRIES[case.chemistry]
    if case.ceramic:
        kind = replace(kind, collapse_degc=CERAMIC_DEGC, collapse_empty_degc=CERAMIC_DEGC)
    whole = fresh_stack(g, kind)
    _spread(whole, case)
    current_a = np.zeros(1)
    _abuse(whole, current_a, case)
    temps = np.zeros((longest_s, CELLS))
    until = int(min(case.until_s, longest_s))
    grown = math.exp(1.0 / case.grows_s)
    count = _advance(whole, current_a, case.ambient_degc, until, after_s, case.kind == "life", grown, temps)
    return Course(temps[:count], whole.times_s[1].copy())


def _spread(whole: Stack, case: Case) -> None:
    rng = np.random.default_rng(case.seed)

    def draw() -> Floats:
        return rng.standard_normal(CELLS).clip(-SPREAD_LIMIT, SPREAD_LIMIT)

    whole.full_j[:] *= 1.0 + CAPACITY_SPREAD * draw()
    whole.resistance_ohm[:] *= 1.0 + RESISTANCE_SPREAD * draw()
    whole.offset_k[:] = SENSOR_SPREAD_K * draw()
    whole.state[cell.TEMP] += whole.offset_k
    spread_heat(whole.state, CHEMISTRIES[case.chemistry], rng)


def _abuse(whole: Stack, current_a: Floats, case: Case) -> None:
    one = CELLS // 2
    whole.powered[:] = True
    if case.kind == "short":
        whole.short_w[one] = case.power
        whole.state[cell.SHORT_LEFT, one] = case.stored * whole.full_j[one] * case.soc
    elif case.kind == "heater":
        whole.heater_w[one] = case.power
    elif case.kind == "oven":
        whole.heater_w[:] = case.power
    else:
        current_a[:] = case.power
        whole.overcharging[:] = case.kind == "overcharge"


@njit(cache=True, nogil=True)
def _advance(
    whole: Stack,
    current_a: Floats,
    room_degc: float,
    until_s: int,
    after_s: int,
    turns: bool,
    grown: float,
    temps: Floats,
) -> int:
    """Fill `temps` second by second; how many. Room and coolant stay as they are."""
    dry = np.zeros(1)
    short_w = whole.short_w.copy()
    end = temps.shape[0]
    k = 0
    while k < min(end, temps.shape[0]):
        if k == until_s:
            whole.heater_w[:] = 0.0
            current_a[:] = 0.0
        whole.heater_w[:] *= grown
        if turns and k % LIFE_HALF_S == 0 and k > 0:
            current_a[:] = -current_a
        for step in range(STEPS_A_SAMPLE):
            whole.short_w[:] = short_w  # the stack writes there what the cell gave
            stack.advance_stack(whole, current_a, dry, 1.0, room_degc, k + step * STEP_S, STEP_S)
        temps[k] = whole.state[cell.TEMP]
        k += 1
        if end == temps.shape[0] and whole.runaway.any():
            end = k + after_s
    return k
