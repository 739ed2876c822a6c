"""The battery room of the simulated plant: racks of cells in a room with ventilation, agent and coolant.

Truths only: no noise, no quantisation, no device. The seed sets the spread of the cells and nothing else; two runs
with the same seed and the same inputs are equal bit for bit.
"""

import math

import numpy as np

from sim_hardware.physics import cell, gas, stack
from sim_hardware.physics.arrays import Bools, Floats
from sim_hardware.physics.battery_geometry import BatteryRoomGeometry, BatteryRoomInputs
from sim_hardware.physics.heat_detector import ceiling_jet, element_step
from sim_hardware.physics.injections import FOREVER_S, CellPower, GasSource, Window, place_cell_power
from sim_hardware.physics.kinetics import CHEMISTRIES
from sim_hardware.physics.room import Room, Ventilation
from sim_hardware.physics.room_plant import RoomPlant, ppm_of
from sim_hardware.physics.smoke import FLAMING_M2_PER_KG, obscuration_pct_per_m
from sim_hardware.physics.voltage import terminal_voltages

__all__ = ["BatteryRoom", "BatteryRoomGeometry", "BatteryRoomInputs"]

MAX_STEP_S = 0.5
"""Longer advances are cut into equal steps of at most this; hot cells cut further by themselves."""
EXHAUST_PER_H = 12.0
RADIANT_SHARE = 0.35
"""Share of the flames' and ejecta's heat that walls take by radiation and the ceiling jet never sees (assumed)."""
RISING = 1.0 - stack.TO_CASING - stack.TO_OWN_MODULE - stack.TO_ABOVE - stack.TO_BELOW - 2.0 * stack.TO_SIDES
"""Share of that heat that rises into the room."""
PLUME_TAU_S = 6.0
"""Rise of the plume to the ceiling (assumed)."""
HEAD_TAU_S = 4.0
"""Air from the rack to its gas head, and mixing at the room's reference head (assumed)."""
SPREAD_CAPACITY, SPREAD_RESISTANCE, SPREAD_K, SPREAD_LIMIT = 0.01, 0.05, 0.3, 3.0
"""Standard deviations from cell to cell (relative, relative, K) and where they are cut (assumed)."""


class BatteryRoom(RoomPlant):
    """The plant's truth. Arrays are reused in place and are views for reading; ``inputs`` is for writing.

    ``cell_temp_degc``, ``cell_voltage_v``, ``cell_soc``, ``vented``, ``runaway``, ``vent_time_s``, ``runaway_time_s``
    are ``[racks, modules, cells]`` (times are NaN until it happens); ``rack_h2_ppm``, ``rack_co_ppm``,
    ``rack_voc_ppm``, ``current_a`` and ``rack_air_degc`` are ``[racks]``; ``smoke_pct_per_m`` is ``[2]``,
    ``heat_head_degc`` is ``[4]``; ``ledger_j`` gathers heat by the entries of ``stack``.
    """

    def __init__(self, geometry: BatteryRoomGeometry, seed: int) -> None:
        """Build the room at rest at its starting temperature."""
        g = geometry
        super().__init__(
            Room(g.volume_m3, g.wall_m2, g.start_degc, g.hvac_w_per_k, g.hvac_max_w, g.start_degc, g.start_degc),
            Ventilation(EXHAUST_PER_H * g.volume_m3 / 3600.0, 0.015, 0.02, 0.15, 0.03),
            g.agent_design_pct,
            g.agent_bar,
            g.smoke_delays_s,
            g.smoke_lag_s,
            g.agent,
        )
        self.geometry = g
        self.inputs = BatteryRoomInputs.for_geometry(g)
        self._shape = (g.racks, g.modules, g.cells)
        self._capacity_j_per_k = g.cell_volume_m3 * g.cell_j_per_m3_k
        self._cell_powers: list[CellPower] = []
        self._gas_sources: list[GasSource] = []
        count = g.racks * g.modules * g.cells
        self._init_cells(np.random.default_rng(seed), count)
        self._init_work(count)
        self._init_heads()

    def _init_cells(self, rng: np.random.Generator, count: int) -> None:
        g = self.geometry

        def spread() -> Floats:
            return rng.standard_normal(count).clip(-SPREAD_LIMIT, SPREAD_LIMIT)

        kind = CHEMISTRIES[g.chemistry]
        self._kin = kind.vector()
        self._full_j = g.capacity_ah * 3600.0 * kind.nominal_v * (1.0 + SPREAD_CAPACITY * spread())
        self._resistance_ohm = g.cell_resistance_ohm * (1.0 + SPREAD_RESISTANCE * spread())
        self._offset_k = SPREAD_K * spread()
        self._state = cell.fresh_cells(count, g.start_degc, g.start_soc, g.cell_volume_m3, kind)
        self._state[cell.TEMP] += self._offset_k
        self._vented, self._runaway = np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_)
        self._any_vented = False
        self._times_s = np.full((2, count), math.nan)
        self._voltage_v = np.zeros(count)
        self.cell_temp_degc: Floats = self._state[cell.TEMP].reshape(self._shape)
        self.cell_soc: Floats = self._state[cell.SOC].reshape(self._shape)
        self.cell_voltage_v: Floats = self._voltage_v.reshape(self._shape)
        self.vented: Bools = self._vented.reshape(self._shape)
        self.runaway: Bools = self._runaway.reshape(self._shape)
        self.vent_time_s: Floats = self._times_s[0].reshape(self._shape)
        self.runaway_time_s: Floats = self._times_s[1].reshape(self._shape)

    def _init_work(self, count: int) -> None:
        racks = self.geometry.racks
        self.current_a = np.zeros(racks)
        self.rack_air_degc = np.full(racks, self.geometry.start_degc)
        self.ledger_j = np.zeros(stack.LEDGER)
        self._wet, self._casing_w = np.zeros(racks), np.zeros(racks)
        self._short_w, self._heater_w, self._flow_w = np.zeros(count), np.zeros(count), np.zeros(count)
        self._plume_w, self._ejecta_j, self._flame_j = np.zeros(count), np.zeros(count), np.zeros(count)
        self._gas_m3 = np.zeros((racks, gas.SPECIES))
        terminal_voltages(self._state, self.current_a, self._short_w, self._resistance_ohm, self._kin, self._voltage_v)

    def _init_heads(self) -> None:
        g = self.geometry
        self._jet_w = 0.0
        self._hottest_rack = 0
        self._rack_gas = np.tile(self.room.gas, (g.racks, 1))
        self._head_gas = self._rack_gas.T.copy()
        self._room_head = self.room.gas.copy()
        self._rack_ppm = self._head_gas * gas.PPM
        self.rack_h2_ppm: Floats = self._rack_ppm[gas.H2]
        self.rack_co_ppm: Floats = self._rack_ppm[gas.CO]
        self.rack_voc_ppm: Floats = self._rack_ppm[gas.VOC]
        self.smoke_pct_per_m = np.zeros(len(g.smoke_delays_s))
        self.heat_head_degc = np.full(len(g.heat_heads_m), g.start_degc)

    # --- what a scenario does ---------------------------------------------------------------------------------------

    def inject_internal_short(
        self, rack: int, module: int, cell_index: int, start_s: float, power_w: float, stored_fraction: float = 1.0
    ) -> None:
        """Short a cell inside: ``power_w`` from its own stored energy until ``stored_fraction`` of that is used up."""
        index = self._index(rack, module, cell_index)
        budget_j = stored_fraction * self._full_j[index] * self._state[cell.SOC, index]
        self._cell_powers.append(CellPower(index, power_w, Window(start_s), short=True, budget_j=float(budget_j)))

    def inject_heater(
        self, rack: int, module: int, cell_index: int, start_s: float, power_w: float, duration_s: float = FOREVER_S
    ) -> None:
        """Heat one cell from outside with ``power_w``."""
        window = Window(start_s, duration_s)
        self._cell_powers.append(CellPower(self._index(rack, module, cell_index), power_w, window, short=False))

    def inject_gas(self, rack: int, start_s: float, duration_s: float, rates_l_per_s: tuple[float, ...]) -> None:
        """Bring gas of another origin into the air of ``rack``, or of the room if it is -1.

        ``rates_l_per_s`` follow the species of ``gas``: H2, CO, VOC, CO2, THC; those left out at the end are zero.
        """
        rates = tuple(rate * 1e-3 for rate in rates_l_per_s) + (0.0,) * (gas.SPECIES - len(rates_l_per_s))
        self._gas_sources.append(GasSource(rack, rates, Window(start_s, duration_s)))

    # --- time -------------------------------------------------------------------------------------------------------

    def advance(self, dt_s: float) -> None:
        """Advance the plant by ``dt_s`` of plant time."""
        steps = max(1, math.ceil(dt_s / MAX_STEP_S - 1e-9))
        for _ in range(steps):
            self._step(dt_s / steps)

    def _step(self, dt_s: float) -> None:
        self._set_currents()
        if self._cell_powers:
            left_j = self._state[cell.SHORT_LEFT]
            place_cell_power(self._cell_powers, self.time_s, self._short_w, self._heater_w, left_j)
        casing_w = self._advance_cells(dt_s) / dt_s
        smoke_kg = self._release_gas(dt_s)
        plume_w = self._take_plume(dt_s) + self._foreign_heat_w()
        self._jet_w += (plume_w - self._jet_w) * (1.0 - math.exp(-dt_s / PLUME_TAU_S))
        burnt_j = float(self._flame_j.sum()) if self._any_vented else 0.0
        self._advance_air(self.inputs, plume_w + casing_w, self._gas_into_room(dt_s), smoke_kg, burnt_j, dt_s)
        self.time_s += dt_s
        self._advance_heads(dt_s)

    def _set_currents(self) -> None:
        inputs = self.inputs
        np.copyto(self.current_a, inputs.string_current_a)
        np.minimum(self.current_a, 0.0, out=self.current_a, where=inputs.charger_stopped)
        np.copyto(self.current_a, 0.0, where=inputs.breaker_open)

    def _advance_cells(self, dt_s: float) -> float:
        """Advance cells and casings; return the heat in J that casings gave to the room."""
        inputs = self.inputs
        screen = (1.0 - stack.CURTAIN_STOPS * inputs.curtain_fraction) * (
            1.0 - stack.BARRIER_STOPS * inputs.water_barrier_fraction
        )
        casing_j: float = stack.advance_stack(
            self._state, self._vented, self._runaway, self._times_s, self._flow_w, self.rack_air_degc, self._offset_k,
            self._resistance_ohm, self._full_j, self.current_a, inputs.coolant_flow_lpm, self._short_w, self._heater_w,
            self._plume_w, self._ejecta_j, self._wet, self._casing_w, self._kin, self.ledger_j, self._shape,
            self.geometry.cell_volume_m3, self._capacity_j_per_k, screen, self.room.temp_degc, self.time_s, dt_s,
        )  # fmt: skip
        terminal_voltages(self._state, self.current_a, self._short_w, self._resistance_ohm, self._kin, self._voltage_v)
        return casing_j

    def _release_gas(self, dt_s: float) -> float:
        """Fill ``_gas_m3`` with what flows from racks into the room; return the smoke in kg."""
        g = self.geometry
        smoke_kg = 0.0
        self._gas_m3.fill(0.0)
        self._any_vented = self._any_vented or bool(self._vented.any())
        if self._any_vented:
            burns = gas.burnt_share(gas.FLAME_OUT_AGENT_PCT * self.agent_strength, self.o2_pct)
            smoke_kg = gas.release(
                self._state, self._vented, self._runaway, g.modules * g.cells, g.capacity_ah, burns, self._gas_m3,
                self._flame_j, dt_s,
            )  # fmt: skip
        for source in self._gas_sources:
            if source.rack >= 0 and source.window.holds(self.time_s):
                self._gas_m3[source.rack] += np.array(source.rates_m3_per_s) * dt_s
        gas.ventilate_racks(self._rack_gas, self._gas_m3, self.room.gas, dt_s)
        return smoke_kg

    def _gas_into_room(self, dt_s: float) -> Floats:
        gas_m3: Floats = self._gas_m3.sum(axis=0)
        for source in self._gas_sources:
            if source.rack < 0 and source.window.holds(self.time_s):
                gas_m3 += np.array(source.rates_m3_per_s) * dt_s
        return gas_m3

    def _take_plume(self, dt_s: float) -> float:
        """Set the next step's plume; return the convective power (W) of this one's that rises into the room."""
        if not self._any_vented:
            return 0.0
        convective_w = (1.0 - RADIANT_SHARE) * RISING * float(self._plume_w.sum())
        np.add(self._ejecta_j, self._flame_j, out=self._plume_w)
        self._plume_w /= dt_s
        if convective_w > 0.0:
            self._hottest_rack = int(self._plume_w.argmax()) // (self.geometry.modules * self.geometry.cells)
        return convective_w

    def _advance_heads(self, dt_s: float) -> None:
        part = 1.0 - math.exp(-dt_s / HEAD_TAU_S)
        self._head_gas += (self._rack_gas.T - self._head_gas) * part
        np.multiply(self._head_gas, gas.PPM, out=self._rack_ppm)
        self._room_head += (self.room.gas - self._room_head) * part
        for k, pipe in enumerate(self._pipes):
            density = pipe.advance(self.time_s, dt_s, self.room.smoke_kg_per_m3)
            self.smoke_pct_per_m[k] = obscuration_pct_per_m(density, FLAMING_M2_PER_KG)
        self._advance_heat_heads(dt_s)

    def _advance_heat_heads(self, dt_s: float) -> None:
        g = self.geometry
        x_rack = (self._hottest_rack - 0.5 * (g.racks - 1)) * g.rack_pitch_m
        for k, (x, y) in enumerate(g.heat_heads_m):
            rise, speed = ceiling_jet(self._jet_w, math.hypot(x - x_rack, y), g.height_m, self.room.temp_degc)
            gas_degc = self.room.temp_degc + rise
            self.heat_head_degc[k] = element_step(self.heat_head_degc[k], gas_degc, speed, g.heat_head_rti, dt_s)

    def _index(self, rack: int, module: int, cell_index: int) -> int:
        for what, value, count in zip(("rack", "module", "cell"), (rack, module, cell_index), self._shape, strict=True):
            if not 0 <= value < count:
                raise ValueError(f"{what} {value} is not in this room: give 0 to {count - 1}")
        return int(np.ravel_multi_index((rack, module, cell_index), self._shape))

    @property
    def room_h2_ppm(self) -> float:
        """H2 at the room's reference head."""
        return ppm_of(self._room_head, gas.H2)

    @property
    def room_co_ppm(self) -> float:
        """CO at the room's reference head."""
        return ppm_of(self._room_head, gas.CO)

    @property
    def room_voc_ppm(self) -> float:
        """VOC at the room's reference head."""
        return ppm_of(self._room_head, gas.VOC)
