"""The server room of the simulated plant: cabinets that warm the air, what smoulders, burns and dusts in it, agent.

Truths only. The seed sets how far the sensors' places differ in temperature and nothing else.
"""

import math

import numpy as np

from sim_hardware.physics import aisle, gas
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.injections import FOREVER_S, Window
from sim_hardware.physics.room import Room, Ventilation, relative_humidity_pct
from sim_hardware.physics.room_plant import RoomPlant
from sim_hardware.physics.server_fires import (
    FIRE_CO2_M3_PER_MJ,
    FIRE_CO_M3_PER_MJ,
    FIRE_SMOKE_G_PER_MJ,
    RADIANT_SHARE,
    SMOULDER_J_PER_G,
    Puff,
    ServerFire,
    Smoulder,
)
from sim_hardware.physics.server_geometry import PLACES, ServerRoomGeometry, ServerRoomInputs
from sim_hardware.physics.smoke import FLAMING_M2_PER_KG, SMOULDERING_M2_PER_KG, obscuration_pct_per_m
from sim_hardware.physics.sprinkler import SPRINKLER_EVAPORATES, evaporation_w

__all__ = ["ServerRoom", "ServerRoomGeometry", "ServerRoomInputs"]

MAX_STEP_S = 0.5
SENSOR_TAU_S = 45.0
"""Air from the racks to a sensor in its place (assumed)."""
LOCAL_K_PER_W, LOCAL_MOST_K = 0.01, 300.0
"""Rise of the air at the sensor next to a smouldering cable (assumed: 500 W give 5 K), and next to a flame."""
REACH_SENSORS = 1.5
"""Width of that warm place, in sensors (assumed)."""
BAYS = 6
"""Bays of the hot aisle."""
HEIGHT_M = 3.0
AISLE_SHARE = 0.15
"""Of the room's volume (assumed)."""
SPRAY_VAPOUR_M3_PER_KG = 0.40
"""Vapour of isopropanol at 20 degC: 24.06 l/mol over 60.1 g/mol."""
SPRAY_FLOATS, STEAM_FLOATS = 0.1, 0.5
"""Share of a spray that floats as droplets, and of steam that falls out as fog (assumed)."""
STEAM_DRIES_TAU_S = 900.0
"""Water vapour goes with the air conditioning's cold coil (assumed)."""
FLAMING_OVER_SMOULDERING = FLAMING_M2_PER_KG / SMOULDERING_M2_PER_KG
"""The room's smoke is counted as smouldering smoke that dims as much."""


AT_BAY = {"return": 0, "hot-aisle": BAYS // 2}
"""Bays of the places that lie in the aisle."""


class ServerRoom(RoomPlant):
    """The plant's truth: ``temps_degc`` and ``rh_pct`` ``[sensors]``, ``smoke_pct_per_m`` ``[detectors]``, reused in place."""

    def __init__(self, geometry: ServerRoomGeometry, seed: int) -> None:
        """Build the room in its steady state."""
        g = geometry
        setpoint_degc = g.start_degc - g.it_load_w / g.hvac_w_per_k
        exhaust_m3_per_s = g.exhaust_per_h * g.volume_m3 / 3600.0
        super().__init__(
            Room(g.volume_m3, g.wall_m2, setpoint_degc, g.hvac_w_per_k, g.hvac_max_w, g.start_degc, g.start_degc),
            Ventilation(exhaust_m3_per_s, 0.03, 0.03, 0.15, 0.03),
            g.agent_design_pct,
            g.agent_bar,
            g.smoke_delays_s,
            g.smoke_lag_s,
            g.agent,
        )
        if strange := set(g.smoke_places) - set(PLACES):
            raise ValueError(f"smoke_places: {', '.join(strange)} is nowhere; remedy: one of {', '.join(PLACES)}")
        self.geometry = g
        self.inputs = ServerRoomInputs(damper_open_fraction=np.ones(g.n_dampers))
        rng = np.random.default_rng(seed)
        self._aisle_k: Floats = g.aisle_spread_k * rng.uniform(-1.0, 1.0, g.sensors)
        self._places = np.arange(g.sensors, dtype=np.float64)
        self._exhaust_m3_per_s = exhaust_m3_per_s
        self._smoulders: list[Smoulder] = []
        self._fires: list[ServerFire] = []
        self._puffs: list[Puff] = []
        self._init_air()

    def _init_air(self) -> None:
        g = self.geometry
        self._gas_m3 = np.zeros(gas.SPECIES)
        self._given_off, self._excess = np.zeros((aisle.KINDS, BAYS)), np.zeros((aisle.KINDS, BAYS))
        self._left_aisle, self._floating = np.zeros(aisle.KINDS), np.zeros(aisle.KINDS)
        self._steam_kg_per_m3 = 0.0
        self._near_water: Floats = np.zeros(g.sensors)
        self.temps_degc = g.start_degc + self._aisle_k
        self.rh_pct = relative_humidity_pct(self.room.water_kg_per_m3, self.temps_degc)
        self.smoke_pct_per_m = np.zeros(len(g.smoke_delays_s))

    # --- what a scenario does ---------------------------------------------------------------------------------------

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
        self._check(sensor)
        self._smoulders.append(Smoulder(sensor, peak_g_per_s, growth_s, Window(start_s, duration_s)))

    def inject_server_fire(
        self,
        start_s: float,
        *,
        sensor: int = 7,
        growth_w_per_s2: float = 11.7,
        peak_w: float = 50e3,
        fuel_j: float = 60e6,
        duration_s: float = FOREVER_S,
    ) -> None:
        """Let the cabinet next to ``sensor`` burn: ``a t^2`` (default: medium growth, from memory) to ``peak_w`` till the fuel is burnt."""
        self._check(sensor)
        self._fires.append(ServerFire(sensor, growth_w_per_s2, peak_w, fuel_j, Window(start_s, duration_s)))

    def inject_dust(self, start_s: float, duration_s: float, rate_g_per_s: float, *, sensor: int = -1) -> None:
        """Raise dust next to ``sensor`` (-1: in the room at large), as drilling and the pulling of cables do."""
        self._puff(aisle.DUST, sensor, rate_g_per_s, start_s, duration_s)

    def inject_aerosol(self, start_s: float, duration_s: float, rate_g_per_s: float, *, sensor: int = -1) -> None:
        """Spray from a can next to ``sensor`` (-1: in the room at large)."""
        self._puff(aisle.AEROSOL, sensor, rate_g_per_s, start_s, duration_s)

    def inject_steam(self, start_s: float, duration_s: float, rate_g_per_s: float, *, sensor: int = -1) -> None:
        """Let steam out next to ``sensor`` (-1: in the room at large), as a broken humidifier does."""
        self._puff(aisle.FOG, sensor, rate_g_per_s, start_s, duration_s)

    def _puff(self, kind: int, sensor: int, rate_g_per_s: float, start_s: float, duration_s: float) -> None:
        if sensor >= 0:
            self._check(sensor)
        self._puffs.append(Puff(kind, sensor, rate_g_per_s * 1e-3, Window(start_s, duration_s)))

    def _check(self, sensor: int) -> None:
        if not 0 <= sensor < self.geometry.sensors:
            raise ValueError(f"sensor {sensor} is not in this room: give 0 to {self.geometry.sensors - 1}")

    # --- time -------------------------------------------------------------------------------------------------------

    def advance(self, dt_s: float, longest_s: float = MAX_STEP_S) -> None:
        """Advance the plant by ``dt_s`` of plant time, in equal steps of at most ``longest_s``."""
        steps = max(1, math.ceil(dt_s / longest_s - 1e-9))
        for _ in range(steps):
            self._step(dt_s / steps)

    def _step(self, dt_s: float) -> None:
        near_k = np.zeros(self.geometry.sensors)
        self._gas_m3.fill(0.0)
        self._given_off.fill(0.0)
        smoulder_w = self._smoulder(near_k, dt_s)
        fire_w = self._burn(near_k, dt_s)
        self._blow(dt_s)
        smoke_kg = self._move_air(dt_s) + FIRE_SMOKE_G_PER_MJ * 1e-9 * fire_w * dt_s * FLAMING_OVER_SMOULDERING
        plume_w = self._foreign_heat_w() + smoulder_w + (1.0 - RADIANT_SHARE) * fire_w
        heat_w = self.geometry.it_load_w + self._losses_w() + plume_w - (self._rain_w() if fire_w > 0.0 else 0.0)
        self._advance_air(
            self.inputs,
            heat_w,
            self._gas_m3,
            smoke_kg,
            fire_w * dt_s,
            dt_s,
            plume_w=plume_w,
            radiant_w=RADIANT_SHARE * fire_w,
        )
        self.time_s += dt_s
        part = -math.expm1(-dt_s / SENSOR_TAU_S)
        self.temps_degc += (self.room.temp_degc + self._aisle_k + near_k - self.temps_degc) * part
        water_kg_per_m3 = self.room.water_kg_per_m3 + self._steam_kg_per_m3 + self._near_water
        self.rh_pct[:] = relative_humidity_pct(water_kg_per_m3, self.temps_degc)
        self._advance_detectors(dt_s)

    def _near(self, sensor: int) -> Floats:
        """How much of what happens next to ``sensor`` each sensor gets."""
        near: Floats = np.exp(-(((self._places - sensor) / REACH_SENSORS) ** 2))
        return near

    def _bay(self, sensor: int) -> int:
        return sensor * BAYS // self.geometry.sensors

    def _smoulder(self, near_k: Floats, dt_s: float) -> float:
        """Let cables smoulder; return their heat (W). ``near_k`` gets what the sensors beside them are warmed."""
        heat_w = 0.0
        for smoulder in self._smoulders:
            rate = smoulder.rate_g_per_s(self.time_s, self.agent_strength, dt_s)
            self._given_off[aisle.SMOKE, self._bay(smoulder.sensor)] += rate * 1e-3 * SMOULDERING_M2_PER_KG
            near_k += LOCAL_K_PER_W * SMOULDER_J_PER_G * rate * self._near(smoulder.sensor)
            heat_w += SMOULDER_J_PER_G * rate
        return heat_w

    def _burn(self, near_k: Floats, dt_s: float) -> float:
        """Let cabinets burn; return their heat (W). The plume takes their smoke to the ceiling, past the aisle."""
        heat_w = 0.0
        for fire in self._fires:
            power_w = fire.power_w(
                self.time_s, self.agent_strength, self.room.lower_o2, dt_s, self.inputs.water_mm_per_min / 60.0
            )
            near_k += min(LOCAL_MOST_K, LOCAL_K_PER_W * power_w) * self._near(fire.sensor)
            self._gas_m3[gas.CO] += FIRE_CO_M3_PER_MJ * 1e-6 * power_w * dt_s
            self._gas_m3[gas.CO2] += FIRE_CO2_M3_PER_MJ * 1e-6 * power_w * dt_s
            heat_w += power_w
        return heat_w

    def _falling_lpm(self) -> float:
        """Water of the sprinklers: those above a bay of the aisle have opened."""
        return self.inputs.water_mm_per_min * self.geometry.volume_m3 / HEIGHT_M / BAYS

    def _rain_w(self) -> float:
        """What sprinklers take from the air of a burning room."""
        return float(evaporation_w(self._falling_lpm() / 60.0, self.room.upper_degc, SPRINKLER_EVAPORATES))

    def _blow(self, dt_s: float) -> None:
        """Let dust, spray and steam out, and what was let out dry."""
        if not self._puffs:
            return
        self._near_water *= math.exp(-dt_s / SENSOR_TAU_S)
        if self.inputs.hvac_on:
            self._steam_kg_per_m3 *= math.exp(-dt_s / STEAM_DRIES_TAU_S)
        for puff in self._puffs:
            if puff.window.holds(self.time_s):
                self._let_out(puff, dt_s)

    def _let_out(self, puff: Puff, dt_s: float) -> None:
        g, floats = self.geometry, 1.0
        if puff.kind == aisle.AEROSOL:
            floats = SPRAY_FLOATS
            self._gas_m3[gas.VOC] += SPRAY_VAPOUR_M3_PER_KG * puff.rate_kg_per_s * dt_s
        elif puff.kind == aisle.FOG:
            floats = STEAM_FLOATS
            self._steam_kg_per_m3 += puff.rate_kg_per_s * dt_s / g.volume_m3
            if puff.sensor >= 0:
                here = puff.rate_kg_per_s * BAYS / g.recirculation_m3_per_s
                self._near_water += here * self._near(puff.sensor) * -math.expm1(-dt_s / SENSOR_TAU_S)
        given_off = floats * puff.rate_kg_per_s * aisle.EXTINCTION_M2_PER_KG[puff.kind]
        if puff.sensor >= 0:
            self._given_off[puff.kind, self._bay(puff.sensor)] += given_off
        else:
            self._floating[puff.kind] += given_off * dt_s / g.volume_m3

    def _move_air(self, dt_s: float) -> float:
        """Move what floats through the aisle and the room; return the smoke that left the aisle, kg."""
        g, inputs = self.geometry, self.inputs
        if not (self._smoulders or self._puffs):
            return 0.0
        flow = g.recirculation_m3_per_s * (1.0 if inputs.hvac_on else aisle.FANS_SHARE)
        bay_m3 = AISLE_SHARE * g.volume_m3 / BAYS
        aisle.advance_aisle(self._excess, self._given_off, bay_m3, flow, self._left_aisle, dt_s)
        fresh = self._exhaust_m3_per_s * inputs.exhaust_fraction
        aisle.advance_room(self._floating, self._left_aisle, g.volume_m3, flow, fresh, inputs.hvac_on, dt_s)
        return float(self._left_aisle[aisle.SMOKE]) / SMOULDERING_M2_PER_KG

    def _advance_detectors(self, dt_s: float) -> None:
        """Let each detector draw in the extinction (1/m) at its place."""
        haze = float(self._floating.sum()) if self._puffs else 0.0
        room = SMOULDERING_M2_PER_KG * self.room.smoke_kg_per_m3
        for k, (place, pipe) in enumerate(zip(self.geometry.smoke_places, self._pipes, strict=True)):
            here = SMOULDERING_M2_PER_KG * self.room.upper_smoke_kg_per_m3 if place == "ceiling" else room
            if self._puffs or self._smoulders:
                here += self._over_room(place)
            self.smoke_pct_per_m[k] = obscuration_pct_per_m(pipe.advance(self.time_s, dt_s, haze + here), 1.0)

    def _over_room(self, place: str) -> float:
        """Extinction in the aisle's air at a place over that of the room."""
        bay = AT_BAY.get(place)
        return 0.0 if bay is None else float(self._excess[:, bay].sum())
