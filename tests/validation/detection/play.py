"""Plays an episode in the plant's own physics, a room by itself, and writes down what is true at its heads.

Rooms, initiations, cycles, weather and outages are the plant's (`sim_hardware`); only devices and wires are left out, which
`field` stands in for. Steps follow the life in the room: as short as asked while something happens, longer while it is calm.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import cast

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from controller.core.layout import Layout, lay_out
from controller.site.model import Family, Head, Site
from sim_hardware.devices.actuators import Actuators
from sim_hardware.devices.plant import COARSE_STEP_MS, SERVER_STEP_MS, Plant
from sim_hardware.devices.rooms import BatteryZone, ServerZone
from sim_hardware.physics.battery_room import MAX_STEP_S
from sim_hardware.physics.smoke import FLAMING_M2_PER_KG, SMOULDERING_M2_PER_KG
from sim_hardware.scenarios.episode import Item
from sim_hardware.scenarios.model import PlantSettings, Scenario
from sim_hardware.scenarios.nuisances import add
from sim_hardware.scenarios.player import Player
from tests.validation.detection.rooms import ROOM, SERVER_PLACES, RoomKind, site_of

Truth = npt.NDArray[np.float32]
"""[sample, column] of a `RoomKind`."""

HALL = PlantSettings(volume_m3=160.0, wall_m2=216.0)
"""The room around the rack is the plant's default hall."""
DOOR, OCCUPIED = "door", "occupied"
HOT_DEGC = 70.0
"""From here on (the first reactions) a room goes in its shortest steps."""


@lru_cache(maxsize=8)
def script_site(kind: RoomKind) -> Site:
    """One room of a kind with a door and a switch "occupied": what nuisances are drawn for."""
    site = site_of(kind, 1)
    wired = {
        DOOR: Head(family=Family.DOOR, zone=ROOM, points=("air[0]" if kind.cells else "degc[0]",)),
        OCCUPIED: Head(family=Family.OCCUPIED, zone=ROOM, points=("air[0]" if kind.cells else "degc[0]",)),
    }
    return replace(site, heads=site.heads | wired)


@lru_cache(maxsize=8)
def _script_layout(kind: RoomKind) -> Layout:
    return lay_out(script_site(kind))


@dataclass(slots=True)
class Bench:
    """One room without devices: as much of a plant as the plant's own player asks of it."""

    rooms: dict[str, BatteryZone | ServerZone]
    actuators: Actuators
    tick_ms: int = 0
    door_open: bool = False

    def battery(self, zone: str) -> BatteryZone:
        """The battery room."""
        room = self.rooms[zone]
        assert isinstance(room, BatteryZone)
        return room

    def set_input(self, head: str, value: bool) -> None:
        """Somebody opens or closes the door; other contacts move nothing in a room."""
        if head == DOOR:
            self.door_open = value
            self.actuators.changed = True


def bench_for(kind: RoomKind, seed: int, settings: PlantSettings | None = None) -> Bench:
    """A room of a kind at rest."""
    layout = _script_layout(kind)
    actuators = Actuators(layout)
    if kind.cells:
        return Bench({ROOM: BatteryZone(layout, 0, actuators, seed, settings or HALL)}, actuators)
    return Bench({ROOM: ServerZone(layout, 0, actuators, seed, settings)}, actuators)


@dataclass(frozen=True, slots=True)
class Played:
    """An episode: truth every `dt_s`, and when the first cell vented and ran away (s; NaN: never)."""

    truth: Truth
    dt_s: float
    vent_s: float = math.nan
    runaway_s: float = math.nan


@dataclass(slots=True)
class _Pen:
    """Notes the truth at the physics' steps; between them it is linear."""

    look: Callable[[], npt.NDArray[np.float64]]
    times_s: list[float] = field(default_factory=list)
    rows: list[npt.NDArray[np.float64]] = field(default_factory=list)

    def write(self, now_s: float) -> None:
        self.times_s.append(now_s)
        self.rows.append(self.look())

    def at_even_times(self, dt_s: float) -> Truth:
        noted_s, rows = np.array(self.times_s), np.array(self.rows, np.float32)
        even_s = np.arange(0.0, noted_s[-1] + 1e-6, dt_s)
        after = np.clip(np.searchsorted(noted_s, even_s), 1, len(noted_s) - 1)
        share = (even_s - noted_s[after - 1]) / (noted_s[after] - noted_s[after - 1])
        share = np.clip(share, 0.0, 1.0).astype(np.float32)[:, np.newaxis]
        return cast("Truth", rows[after - 1] + share * (rows[after] - rows[after - 1]))


def play(
    kind: RoomKind, items: Iterable[Item], *, seed: int, length_s: float, dt_s: float, settings: PlantSettings | None = None,
    fine_until_s: float = 0.0, after_runaway_s: float = math.inf, shortest_s: float = 2.0 * MAX_STEP_S, calm_s: float = 5.0,
) -> Played:  # fmt: skip
    """Play `items` (times from 0) in a room of `kind` for `length_s`, and tell the truth every `dt_s`.

    Physics goes in steps of `shortest_s` until `fine_until_s` and while the room is hot, else of `calm_s`. It ends `after_runaway_s` after the
    first runaway.
    """
    bench = bench_for(kind, seed, settings)
    scenario = add(Scenario(name="episode", title="", site="", duration_s=length_s), items)
    plant = cast("Plant", bench)
    player = Player(scenario)
    player.begin(plant)
    zone = bench.rooms[ROOM]
    pen = _Pen(_battery_look(zone) if isinstance(zone, BatteryZone) else _server_look(zone))
    calm_s = min(calm_s, (COARSE_STEP_MS if kind.cells else SERVER_STEP_MS) / 1000.0)
    pen.write(0.0)
    end_s = length_s
    while bench.tick_ms < round(end_s * 1000):
        player.play(plant)
        if bench.actuators.changed:
            zone.apply(bench.actuators, door_open=bench.door_open)
            bench.actuators.changed = False
        now_s = bench.tick_ms / 1000
        fine = now_s < fine_until_s or not _is_slow(zone)
        step_s = shortest_s if fine else calm_s
        zone.room.advance(step_s, step_s)
        bench.tick_ms += round(step_s * 1000)
        pen.write(bench.tick_ms / 1000)
        end_s = min(end_s, _first(zone, "runaway_time_s") + after_runaway_s)
    vent_s, runaway_s = _first(zone, "vent_time_s"), _first(zone, "runaway_time_s")
    return Played(
        pen.at_even_times(dt_s), dt_s, *(at_s if math.isfinite(at_s) else math.nan for at_s in (vent_s, runaway_s))
    )


def _is_slow(zone: BatteryZone | ServerZone) -> bool:
    """Whether nothing is near a reaction or venting, so that long steps see the same."""
    if isinstance(zone, BatteryZone):
        return not zone.room.any_vented and float(zone.room.cell_temp_degc.max()) < HOT_DEGC
    return True


def _first(zone: BatteryZone | ServerZone, which: str) -> float:
    if not isinstance(zone, BatteryZone):
        return math.inf
    times_s = getattr(zone.room, which)
    return float(np.nanmin(times_s)) if not np.isnan(times_s).all() else math.inf


def _battery_look(zone: BatteryZone) -> Callable[[], npt.NDArray[np.float64]]:
    room = zone.room

    def look() -> npt.NDArray[np.float64]:
        extinctions = _extinction(room.smoke_pct_per_m)
        return np.concatenate([
            room.cell_temp_degc[0, 0], room.cell_voltage_v[0, 0], room.rack_ppm[0], room.room_ppm, extinctions,
            [_ceiling_extinction(zone)], room.heat_head_degc[[0, 2]], [room.rack_air_degc[0]],
        ])  # fmt: skip

    return look


def _server_look(zone: ServerZone) -> Callable[[], npt.NDArray[np.float64]]:
    room = zone.room
    every = len(room.temps_degc) // SERVER_PLACES

    def look() -> npt.NDArray[np.float64]:
        smoke = _extinction(room.smoke_pct_per_m)
        ceiling = [_ceiling_extinction(zone)]
        return np.concatenate([room.temps_degc[::every], room.rh_pct[::every], smoke, ceiling])

    return look


def _extinction(obscuration_pct_per_m: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """1/m, which adds up where two things smoke; the other way round `physics.smoke`."""
    return -np.log1p(-np.minimum(obscuration_pct_per_m, 99.999) / 100.0)


def _ceiling_extinction(zone: BatteryZone | ServerZone) -> float:
    """Extinction where a spot detector hangs: of the upper layer's smoke, as the plant's detectors count it (its haze left out)."""
    per_kg = FLAMING_M2_PER_KG if isinstance(zone, BatteryZone) else SMOULDERING_M2_PER_KG
    return per_kg * zone.room.room.upper_smoke_kg_per_m3
