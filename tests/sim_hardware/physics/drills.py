"""Runs of the calibrated runaway with one set of responses or another, for the tests beside."""

from dataclasses import dataclass, field

import numpy as np

from sim_hardware.physics.battery_room import BatteryRoom, BatteryRoomGeometry
from sim_hardware.physics.presets import RUNAWAY_DRILL

RACK = RUNAWAY_DRILL.rack
OTHERS = [rack for rack in range(8) if rack != RACK]


@dataclass
class Run:
    """What was seen on the way; times in s of plant time, NaN when it did not happen."""

    room: BatteryRoom
    h2_40_s: float = float("nan")
    smoke_s: list[float] = field(default_factory=lambda: [float("nan")] * 2)
    neighbour_peak_degc: float = 0.0
    heat_alarm_s: float = float("nan")

    @property
    def runaways_s(self) -> list[float]:
        """Times of all runaways, in order."""
        times = self.room.runaway_time_s
        return [float(t) for t in np.sort(times[~np.isnan(times)])]

    @property
    def vent_s(self) -> float:
        """Time of the first vent."""
        return float(np.nanmin(self.room.vent_time_s))


def drill(
    seed: int,
    until_s: float,
    dt_s: float = 0.5,
    *,
    agent: bool = False,
    isolate: bool = False,
    coolant_after_s: float | None = None,
    barrier: bool = False,
    stop_at_neighbour: bool = False,
    current_a: float = 5.0,
) -> Run:
    """Run the preset; agent comes 80 s after the first runaway, coolant ``coolant_after_s`` after it."""
    room = BatteryRoom(BatteryRoomGeometry(), seed)
    RUNAWAY_DRILL.apply(room)
    room.inputs.string_current_a[:] = current_a
    run = Run(room)
    heat: list[float] = []
    while room.time_s < until_s:
        room.advance(dt_s)
        first = run.runaways_s[0] if room.runaway.any() else None
        if isolate and room.vented.any():
            room.inputs.breaker_open[RACK] = True
        if agent and first is not None and room.time_s > first + 80.0:
            room.inputs.agent_valve_open, room.inputs.hvac_on = True, False
            room.inputs.damper_open_fraction[:] = 0.0
        if coolant_after_s is not None and first is not None and room.time_s > first + coolant_after_s:
            room.inputs.coolant_flow_lpm[RACK - 1 : RACK + 2] = 60.0
            room.inputs.water_barrier_fraction = float(barrier)
        _watch(run, heat, dt_s)
        if stop_at_neighbour and room.runaway[OTHERS].any():
            break
    return run


def _watch(run: Run, heat: list[float], dt_s: float) -> None:
    room = run.room
    if np.isnan(run.h2_40_s) and room.rack_h2_ppm[RACK] > 40.5:
        run.h2_40_s = room.time_s
    for k in range(2):
        if np.isnan(run.smoke_s[k]) and room.smoke_pct_per_m[k] > 3.3:
            run.smoke_s[k] = room.time_s
    run.neighbour_peak_degc = max(run.neighbour_peak_degc, float(room.cell_temp_degc[OTHERS].max()))
    heat.append(float(room.heat_head_degc.max()))
    minute = round(60.0 / dt_s)
    fast = len(heat) > minute and heat[-1] - heat[-1 - minute] > 8.0
    if np.isnan(run.heat_alarm_s) and (fast or heat[-1] > 58.0):
        run.heat_alarm_s = room.time_s
