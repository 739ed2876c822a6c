"""The server room of the simulated plant: racks that warm the air, a cable that smoulders, agent.

Truths only. The seed sets how far the sensors' places differ in temperature and nothing else.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from sim_hardware.physics import gas
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.injections import FOREVER_S, Window
from sim_hardware.physics.room import Room, Ventilation, relative_humidity_pct
from sim_hardware.physics.room_plant import RoomPlant
from sim_hardware.physics.smoke import SMOULDERING_M2_PER_KG, obscuration_pct_per_m

MAX_STEP_S = 0.5
SENSOR_TAU_S = 45.0
"""Air from the racks to a sensor in its place (assumed)."""
LOCAL_K_PER_W = 0.01
"""Rise of the air at the sensor next to a smouldering cable (assumed: 500 W give 5 K)."""
REACH_SENSORS = 1.5
"""Width of that warm place, in sensors (assumed)."""
SMOULDER_HEAT_J_PER_G = 15e3
"""Heat set free for each gram of smoke (assumed)."""
QUENCH_PCT, QUENCH_TAU_S = 4.5, 90.0
"""Agent at which a smouldering cable goes out, and how fast (assumed: surface smouldering)."""


@dataclass(frozen=True, slots=True)
class ServerRoomGeometry:
    """What stands in the room; the defaults are an assumed room of 120 m2 with 24 places that are measured."""

    sensors: int = 24
    volume_m3: float = 360.0
    wall_m2: float = 372.0
    start_degc: float = 24.0
    it_load_w: float = 40000.0
    hvac_w_per_k: float = 20000.0
    hvac_max_w: float = 60000.0
    n_dampers: int = 2
    agent: str = "fk-5-1-12"
    """A name of ``agents.AGENTS``."""
    agent_design_pct: float = 5.6
    agent_bar: float = 25.0
    smoke_delays_s: tuple[float, ...] = (40.0, 50.0)
    smoke_lag_s: float = 5.0
    aisle_spread_k: float = 2.5


def _open_dampers() -> Floats:
    return np.ones(2)


@dataclass(slots=True)
class ServerRoomInputs:
    """Positions of the actuators as the field has them; set before each advance."""

    exhaust_fraction: float = 0.0
    damper_open_fraction: Floats = field(default_factory=_open_dampers)
    relief_open: float = 0.0
    hvac_on: bool = True
    agent_valve_open: bool = False
    reserve_valve_open: bool = False
    agent_available: bool = True
    door_open: bool = False
    ambient_degc: float = 22.0


@dataclass(slots=True)
class Smoulder:
    """A cable that begins to smoulder: smoke grows with the square of time to ``peak_g_per_s`` within ``growth_s``."""

    sensor: int
    peak_g_per_s: float
    growth_s: float
    window: Window
    left: float = 1.0

    def rate_g_per_s(self, now_s: float, agent_pct: float, dt_s: float) -> float:
        """Smoke in g/s at ``now_s``; agent puts it out for good."""
        if not self.window.holds(now_s):
            return 0.0
        if agent_pct >= QUENCH_PCT:
            self.left *= math.exp(-dt_s / QUENCH_TAU_S)
        grown = min(1.0, (now_s - self.window.start_s) / self.growth_s)
        return self.left * self.peak_g_per_s * grown * grown


class ServerRoom(RoomPlant):
    """The plant's truth: ``temps_degc`` and ``rh_pct`` ``[24]``, ``smoke_pct_per_m`` ``[2]``, reused in place."""

    def __init__(self, geometry: ServerRoomGeometry, seed: int) -> None:
        """Build the room in its steady state."""
        g = geometry
        setpoint_degc = g.start_degc - g.it_load_w / g.hvac_w_per_k
        super().__init__(
            Room(g.volume_m3, g.wall_m2, setpoint_degc, g.hvac_w_per_k, g.hvac_max_w, g.start_degc, g.start_degc),
            Ventilation(6.0 * g.volume_m3 / 3600.0, 0.03, 0.03, 0.15, 0.03),
            g.agent_design_pct,
            g.agent_bar,
            g.smoke_delays_s,
            g.smoke_lag_s,
            g.agent,
        )
        self.geometry = g
        self.inputs = ServerRoomInputs(damper_open_fraction=np.ones(g.n_dampers))
        rng = np.random.default_rng(seed)
        self._aisle_k: Floats = g.aisle_spread_k * rng.uniform(-1.0, 1.0, g.sensors)
        self._places = np.arange(g.sensors, dtype=np.float64)
        self._smoulders: list[Smoulder] = []
        self._no_gas = np.zeros(gas.SPECIES)
        self.temps_degc = g.start_degc + self._aisle_k
        self.rh_pct = relative_humidity_pct(self.room.water_kg_per_m3, self.temps_degc)
        self.smoke_pct_per_m = np.zeros(len(g.smoke_delays_s))

    def inject_cable_smoulder(
        self,
        start_s: float,
        *,
        sensor: int = 7,
        peak_g_per_s: float = 0.06,
        growth_s: float = 240.0,
        duration_s: float = FOREVER_S,
    ) -> None:
        """Let a cable smoulder next to temperature sensor ``sensor``."""
        if not 0 <= sensor < self.geometry.sensors:
            raise ValueError(f"sensor {sensor} is not in this room: give 0 to {self.geometry.sensors - 1}")
        self._smoulders.append(Smoulder(sensor, peak_g_per_s, growth_s, Window(start_s, duration_s)))

    def advance(self, dt_s: float) -> None:
        """Advance the plant by ``dt_s`` of plant time."""
        steps = max(1, math.ceil(dt_s / MAX_STEP_S - 1e-9))
        for _ in range(steps):
            self._step(dt_s / steps)

    def _step(self, dt_s: float) -> None:
        target = self.room.temp_degc + self._aisle_k
        smoke_g_per_s = 0.0
        for smoulder in self._smoulders:
            rate = smoulder.rate_g_per_s(self.time_s, self.agent_pct, dt_s)
            smoke_g_per_s += rate
            near = np.exp(-(((self._places - smoulder.sensor) / REACH_SENSORS) ** 2))
            target += LOCAL_K_PER_W * SMOULDER_HEAT_J_PER_G * rate * near
        heat_w = self.geometry.it_load_w + self._foreign_heat_w() + SMOULDER_HEAT_J_PER_G * smoke_g_per_s
        self._advance_air(self.inputs, heat_w, self._no_gas, smoke_g_per_s * 1e-3 * dt_s, 0.0, dt_s)
        self.time_s += dt_s
        self.temps_degc += (target - self.temps_degc) * (1.0 - math.exp(-dt_s / SENSOR_TAU_S))
        self.rh_pct[:] = relative_humidity_pct(self.room.water_kg_per_m3, self.temps_degc)
        for k, pipe in enumerate(self._pipes):
            density = pipe.advance(self.time_s, dt_s, self.room.smoke_kg_per_m3)
            self.smoke_pct_per_m[k] = obscuration_pct_per_m(density, SMOULDERING_M2_PER_KG)
