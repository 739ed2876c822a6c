"""What really happens in the plant, for reports and live views; the controller never sees it."""

import math

import msgspec
import numpy as np
import numpy.typing as npt

from sim_hardware.devices.rooms import BatteryZone, ServerZone


class BatteryTruth(msgspec.Struct, frozen=True):
    """A battery room at one moment. Lists are by rack in the zone's order; times are seconds, None until it happens."""

    zone: str
    module_max_degc: list[list[float]]
    """[rack][module]: the hottest cell, for heat maps."""
    vented: list[int]
    runaway: list[int]
    """Cells of each rack so far."""
    modules_in_runaway: int
    first_vent_s: list[float | None]
    first_runaway_s: list[float | None]
    second_runaway_s: float | None
    """When a second cell of the room ran away, which is what isolation is to forestall."""
    h2_ppm: list[float]
    room_h2_ppm: float
    room_lower_limit_share: float
    """Gas below the ceiling over its lower flammable limit."""
    can_deflagrate: bool
    """Whether the air below the ceiling would burn if something lit it."""
    deflagrations: int
    """How often it did so far, hard enough to break a window; when first, and with what overpressure at most."""
    first_deflagration_s: float | None
    deflagration_kpa: float
    room_degc: float
    smoke_pct_per_m: list[float]
    agent_pct: float
    agent_left_kg: float
    coolant_lpm: list[float]
    current_a: list[float]


class ServerTruth(msgspec.Struct, frozen=True):
    """A server room at one moment."""

    zone: str
    hottest_degc: float
    smoke_pct_per_m: list[float]
    agent_pct: float


class Truth(msgspec.Struct, frozen=True):
    """The plant at plant time `tick_ms`. `positions` are the actuators' by output name, 0 normal to 1 active."""

    tick_ms: int
    battery: list[BatteryTruth]
    server: list[ServerTruth]
    positions: dict[str, float]
    fallen_modules: list[str]
    """Modules whose own watchdog holds the outputs."""


def battery_truth(zone: str, plant: BatteryZone) -> BatteryTruth:
    """A snapshot of a battery room."""
    room = plant.room
    runaway_s = np.sort(room.runaway_time_s[~np.isnan(room.runaway_time_s)])
    return BatteryTruth(
        zone=zone,
        module_max_degc=np.round(room.cell_temp_degc.max(axis=2), 1).tolist(),
        vented=room.vented.sum(axis=(1, 2)).tolist(),
        runaway=room.runaway.sum(axis=(1, 2)).tolist(),
        modules_in_runaway=int(room.runaway.any(axis=2).sum()),
        first_vent_s=_earliest(room.vent_time_s),
        first_runaway_s=_earliest(room.runaway_time_s),
        second_runaway_s=float(runaway_s[1]) if len(runaway_s) > 1 else None,
        h2_ppm=np.round(room.rack_h2_ppm, 1).tolist(),
        room_h2_ppm=round(room.room_h2_ppm, 1),
        room_lower_limit_share=round(room.lower_limit_share, 3),
        can_deflagrate=room.can_deflagrate,
        deflagrations=len(room.deflagrations),
        first_deflagration_s=round(room.deflagrations[0].time_s, 1) if room.deflagrations else None,
        deflagration_kpa=round(max((one.peak_pa for one in room.deflagrations), default=0.0) / 1000.0, 1),
        room_degc=round(room.room_temp_degc, 1),
        smoke_pct_per_m=np.round(room.smoke_pct_per_m, 4).tolist(),
        agent_pct=round(room.agent_pct, 2),
        agent_left_kg=round(room.agent_mass_left_kg, 1),
        coolant_lpm=np.round(room.inputs.coolant_flow_lpm, 1).tolist(),
        current_a=np.round(room.current_a, 1).tolist(),
    )


def server_truth(zone: str, plant: ServerZone) -> ServerTruth:
    """A snapshot of a server room."""
    return ServerTruth(
        zone=zone,
        hottest_degc=round(float(np.max(plant.room.temps_degc)), 1),
        smoke_pct_per_m=np.round(plant.room.smoke_pct_per_m, 4).tolist(),
        agent_pct=round(plant.room.agent_pct, 2),
    )


def _earliest(times_s: npt.NDArray[np.float64]) -> list[float | None]:
    """The earliest of each rack; None where all are NaN."""
    first = np.fmin.reduce(times_s.reshape(len(times_s), -1), axis=1)
    return [None if math.isnan(t) else round(t, 1) for t in first.tolist()]
