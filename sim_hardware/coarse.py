"""How long the next step of virtual time may be: coarse while life is quiet, fine as soon as anything stirs.

Coarse means: the core scans once a second (or once a period of the quickest sampling device, if that is longer), so that every detector still
gets each of its samples; what people, faults and the weather do comes with the next such scan; and the physics of a calm room goes in steps
of the wished length. What that costs, against fine steps: an alarm comes up to a second later; heads see rooms as they were up to a
step ago; with steps of 10 s the air of a battery room is off by less than 0.05 K, its cells by less than 0.01 K. A server room follows its
machines' heat in steps of at most 2 s, which is off by less than 0.2 K (measured over an hour of discharge at 30 degC outside).

Coarse steps are refused, and fine ones taken by themselves, whenever and as long as a room is not calm (a warm cell, a vent, agent that
flows), a head is at pre-alarm or above, a zone's release is on its way, an actuator moves, or something has just been decided; around
everything that the scenario lets begin or end; and for a minute after all that.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from controller.core.events import Level
from controller.core.scan import Controller, ScanResult
from controller.core.state import Stage, State
from sim_hardware.devices.plant import Plant
from sim_hardware.devices.wiring import STEP_MS

SHORTEST_STEP_S, LONGEST_STEP_S = 1.0, 10.0
SCAN_MS = 1000
SCANS_MS = (100, 200, 500, SCAN_MS)
"""Periods of coarse scans; the longest is the usual second of a battery management system."""
SETTLE_MS = 60_000
"""Fine steps go on for so long after the last stir: the windows of rates and coincidences of samples have passed."""


class Stride:
    """Decides after each scan how far the next one lies."""

    def __init__(self, plant: Plant, scan_ms: int, step_s: float) -> None:
        """Physics of a calm room goes in steps of `step_s` (1 to 10 s). Raises ValueError for any other."""
        if not SHORTEST_STEP_S <= step_s <= LONGEST_STEP_S:
            raise ValueError(f"step_s = {step_s:g}: coarse steps are 1 to 10 s; remedy: leave it out for full detail")
        self._plant = plant
        self._fine_ms = scan_ms
        self._coarse_ms = _coarse_ms(plant, scan_ms)
        self._step_ms = round(step_s * 1000)
        self._stirs = tuple(_windows(plant.stirs_s, self._step_ms))
        self._stirred_ms = 0
        self._next_stir = 0
        self._state: State | None = None

    def after(self, tick_ms: int, result: ScanResult, controller: Controller) -> int:
        """How many ms after the scan at `tick_ms` the next one comes; sets the plant's steps to suit."""
        if self._is_stirring(tick_ms, result, controller):
            self._stirred_ms = tick_ms
        coarse = tick_ms - self._stirred_ms >= SETTLE_MS
        self._plant.go(calm_ms=self._step_ms if coarse else None, step_ms=self._coarse_ms if coarse else STEP_MS)
        if not coarse:
            return self._fine_ms
        return self._coarse_ms - tick_ms % self._coarse_ms

    def _is_stirring(self, tick_ms: int, result: ScanResult, controller: Controller) -> bool:
        while self._next_stir < len(self._stirs) and self._stirs[self._next_stir][1] < tick_ms:
            self._next_stir += 1
        if self._next_stir < len(self._stirs) and self._stirs[self._next_stir][0] <= tick_ms:
            return True
        if (result.state_changed and self._has_moved(result.state)) or not self._plant.is_calm:
            return True
        heads = controller.inputs.heads if controller.inputs else ()
        quiet = all(zone.stage is Stage.QUIESCENT for zone in result.state.zones)
        return not quiet or any(reading.level >= Level.PRE_ALARM for reading in heads)

    def _has_moved(self, state: State) -> bool:
        """Whether more has changed than the time and how often contacts did, which is forgotten a minute after each."""
        before, self._state = self._state, replace(state, tick_ms=0, chatter=())
        return self._state != before


def _coarse_ms(plant: Plant, scan_ms: int) -> int:
    """The longest scan that takes every sample, kicks every module's watchdog in time, and meets every whole second (heartbeats)."""
    bounds = [sensor.clock[0] for sensor in plant.sensors if not sensor.is_contact]
    watchdogs = (device.watchdog for device in plant.site.devices.values() if device.watchdog)
    bounds += [round(watchdog.timeout_s * 1000) // 2 for watchdog in watchdogs]
    longest_ms = min(bounds, default=SCAN_MS)
    return max((ms for ms in SCANS_MS if ms % scan_ms == 0 and ms <= longest_ms), default=scan_ms)


def _windows(stirs_s: Iterable[tuple[float, float]], step_ms: int) -> list[tuple[int, int]]:
    """From a step and a scan before each beginning to a scan after its end, in order; those that touch are one."""
    windows: list[tuple[int, int]] = []
    for begin_s, end_s in sorted(stirs_s):
        begin, end = round(begin_s * 1000) - step_ms - SCAN_MS, round(end_s * 1000) + SCAN_MS
        if windows and begin <= windows[-1][1]:
            windows[-1] = windows[-1][0], max(end, windows[-1][1])
        else:
            windows.append((begin, end))
    return windows
