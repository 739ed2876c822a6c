"""A whole cell with vent, collapse and ejecta by scipy, stopped and started anew at each of these events.

The state is that of ``kinetics`` with charge, latent heat left (J), heat made and heat thrown out (J) behind it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.integrate import solve_ivp

from sim_hardware.physics.chemistry import Chemistry
from tests.naive.kinetics import State, fresh, slopes

Heater = Callable[[float, bool], float]
"""Power (W) from outside at a temperature (degC), and whether the cell has run away."""
TEMP, CHARGE, LATENT, HEAT, EJECTED = 7, 8, 9, 10, 11


def at_charge(charge: float, empty: float, full: float, power: float = 1.0) -> float:
    missing: float = (1.0 - charge) ** power
    return full + (empty - full) * missing


@dataclass
class Whole:
    """A cell of 25 degC and what happened to it: NaN until it did."""

    kind: Chemistry
    soc: float
    volume_m3: float
    full_j: float
    heater: Heater
    vent_s: float = math.nan
    collapse_s: float = math.nan
    runaway_s: float = math.nan
    peak_s: float = 0.0
    peak_degc: float = 0.0

    def heat_w(self, y: State) -> tuple[list[float], float]:
        progress, heat = slopes(self.kind, y[: TEMP + 1], self.soc)
        electric = 0.0 if math.isnan(self.collapse_s) else y[CHARGE] / self.kind.collapse_tau_s * self.full_j
        return progress, heat * self.volume_m3 + self.kind.isc_efficiency * electric

    def slope(self, _: float, y: State) -> list[float]:
        progress, heat = self.heat_w(y)
        runs, open_ = not math.isnan(self.runaway_s), not math.isnan(self.collapse_s)
        thrown = (1.0 - self.kind.body_share) * heat if runs and open_ else 0.0
        boiled = 0.0 if math.isnan(self.vent_s) else y[LATENT] / self.kind.vent_tau_s
        drained = y[CHARGE] / self.kind.collapse_tau_s if open_ else 0.0
        warmed = (heat - thrown - boiled + self.heater(float(y[TEMP]), runs)) / self.capacity_j_per_k
        return [*progress, warmed, -drained, -boiled, heat, thrown]

    @property
    def capacity_j_per_k(self) -> float:
        return self.kind.j_per_m3_k * self.volume_m3

    def events(self) -> dict[str, Callable[[float, State], float]]:
        """What may happen next: names of the times, and functions that pass zero upwards then."""
        kind = self.kind
        vent_degc = at_charge(self.soc, kind.vent_empty_degc, kind.vent_degc)
        collapse_degc = at_charge(self.soc, kind.collapse_empty_degc, kind.collapse_degc, kind.collapse_power)

        def runaway(_: float, y: State) -> float:
            return min(self.heat_w(y)[1] / self.capacity_j_per_k - 1.0, float(y[TEMP]) - kind.runaway_degc)

        known = {
            "vent_s": lambda _, y: float(y[TEMP]) - vent_degc,
            "collapse_s": lambda _, y: float(y[TEMP]) - collapse_degc,
            "runaway_s": runaway,
        }
        return {name: event for name, event in known.items() if math.isnan(getattr(self, name))}

    def follow(self, until_s: float) -> State:
        """Its state in the end."""
        latent_j = self.kind.vent_latent_j_per_m3 * self.volume_m3
        y, time_s = np.array([*fresh(self.kind, 25.0), self.soc, latent_j, 0.0, 0.0]), 0.0
        while time_s < until_s:
            due = self.events()
            for name, event in due.items():
                if event(time_s, y) >= 0.0:
                    setattr(self, name, time_s)
            due = self.events()
            for event in due.values():
                event.terminal, event.direction = True, 1.0  # type: ignore[attr-defined]
            out = solve_ivp(
                self.slope,
                (time_s, until_s),
                y,
                "LSODA",
                events=list(due.values()),
                rtol=1e-8,
                atol=1e-10,
                max_step=2.0,
            )
            top = int(out.y[TEMP].argmax())
            if out.y[TEMP][top] > self.peak_degc:
                self.peak_degc, self.peak_s = float(out.y[TEMP][top]), float(out.t[top])
            y, time_s = out.y[:, -1].copy(), float(out.t[-1])
            for name, times in zip(due, out.t_events, strict=True):
                if len(times):
                    setattr(self, name, time_s)
        return np.asarray(y)
