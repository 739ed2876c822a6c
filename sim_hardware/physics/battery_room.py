"""The battery room of the simulated plant: racks of cells in a room with ventilation, agent and coolant.

Truths only: no noise, no quantisation, no device. The seed sets the spread of the cells and nothing else; two runs with the
same seed and the same inputs are equal bit for bit.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sim_hardware.physics import cell, gas, stack
from sim_hardware.physics.agent import AgentBank, agent_mass_kg
from sim_hardware.physics.heat_detector import ceiling_jet, element_step
from sim_hardware.physics.injections import (
    FOREVER_S,
    CellPower,
    GasSource,
    Source,
    Window,
    place_cell_power,
    total_rate,
)  # fmt: skip
from sim_hardware.physics.room import Room, Ventilation
from sim_hardware.physics.smoke import FLAMING_M2_PER_KG, AspiratingPipe, obscuration_pct_per_m
from sim_hardware.physics.voltage import NOMINAL_V, terminal_voltages

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MAX_STEP_S = 0.5
"""Longer advances are cut into equal steps of at most this; hot cells cut further by themselves."""
SUPPLY_M3_PER_H_PER_M3 = 12.0
RELIEF_M2 = 0.15
FLAME_RADIANT_SHARE = 0.35
"""Share of the flames' and ejecta's heat that walls take by radiation and the ceiling jet never sees (assumed)."""
PLUME_TAU_S = 6.0
"""Rise of the plume to the ceiling (assumed)."""
HEAD_TAU_S = 4.0
"""Air from the rack to its gas head, and mixing at the room's reference head (assumed)."""


@dataclass(frozen=True, slots=True)
class BatteryRoomGeometry:
    """What stands in the room. The defaults are an assumed UPS room of 8 racks with 1,024 prismatic cells of 65 Ah.

    A cell of 0.45 l (148 x 91 x 33 mm, 1.1 kg) has the energy density of the 18650 for which the reactions are given:
    their heat is 0.64 times the electrical energy stored, both together 1.64 times (databank: 1.42 +- 0.27).
    """

    racks: int = 8
    modules: int = 8
    cells: int = 16
    volume_m3: float = 160.0
    wall_m2: float = 216.0
    height_m: float = 3.0
    rack_pitch_m: float = 0.8
    capacity_ah: float = 65.0
    cell_volume_m3: float = 0.45e-3
    cell_j_per_m3_k: float = 2.14e6
    cell_resistance_ohm: float = 0.6e-3
    start_soc: float = 0.95
    start_degc: float = 24.0
    n_dampers: int = 4
    hvac_w_per_k: float = 6000.0
    hvac_max_w: float = 20000.0
    agent_design_pct: float = 6.2
    agent_bar: float = 25.0
    heat_head_rti: float = 30.0
    heat_heads_m: tuple[tuple[float, float], ...] = ((-2.5, 1.5), (-2.5, -1.5), (2.5, 1.5), (2.5, -1.5))
    """Ceiling positions (x along the row, y across it) from the middle of the row of racks."""
    smoke_delays_s: tuple[float, ...] = (38.0, 46.0)
    smoke_lag_s: float = 5.0
    """Pipes and chamber of the aspirating detectors: calibrated to smoke 24 to 94 s after the first runaway."""


def _zeros(count: int) -> Floats:
    return np.zeros(count)


@dataclass(slots=True)
class BatteryRoomInputs:
    """Positions of the actuators as the field has them; set before each advance. ``for_geometry`` makes the arrays."""

    string_current_a: Floats = field(default_factory=lambda: _zeros(8))
    """Wanted current of each rack's string, + charges."""
    charger_stopped: Bools = field(default_factory=lambda: np.zeros(8, dtype=np.bool_))
    breaker_open: Bools = field(default_factory=lambda: np.zeros(8, dtype=np.bool_))
    exhaust_fraction: float = 0.0
    damper_open_fraction: Floats = field(default_factory=lambda: np.ones(4))
    relief_open: float = 0.0
    hvac_on: bool = True
    curtain_fraction: float = 0.0
    """0 up, 1 down."""
    water_barrier_fraction: float = 0.0
    agent_valve_open: bool = False
    reserve_valve_open: bool = False
    agent_available: bool = True
    """False: the bank's valve opens but nothing comes out."""
    coolant_flow_lpm: Floats = field(default_factory=lambda: _zeros(8))
    door_open: bool = False
    ambient_degc: float = 22.0

    @classmethod
    def for_geometry(cls, geometry: BatteryRoomGeometry) -> "BatteryRoomInputs":
        """Normal positions for a room of this size: no current, HVAC on, dampers open, all else closed."""
        return cls(
            string_current_a=_zeros(geometry.racks),
            charger_stopped=np.zeros(geometry.racks, dtype=np.bool_),
            breaker_open=np.zeros(geometry.racks, dtype=np.bool_),
            damper_open_fraction=np.ones(geometry.n_dampers),
            coolant_flow_lpm=_zeros(geometry.racks),
        )


class BatteryRoom:
    """The plant's truth. Arrays are reused in place and are views for reading; ``inputs`` is for writing.

    ``cell_temp_degc``, ``cell_voltage_v``, ``cell_soc``, ``vented``, ``runaway``, ``vent_time_s`` and ``runaway_time_s`` are
    ``[racks, modules, cells]`` (times are NaN until it happens); ``rack_h2_ppm``, ``rack_co_ppm``, ``rack_voc_ppm``,
    ``current_a`` and ``rack_air_degc`` are ``[racks]``; ``smoke_pct_per_m`` is ``[2]``, ``heat_head_degc`` ``[4]``.
    """

    def __init__(self, geometry: BatteryRoomGeometry, seed: int) -> None:
        """Build the room at rest at its starting temperature."""
        g = geometry
        self.geometry = g
        self.inputs = BatteryRoomInputs.for_geometry(g)
        self.time_s = 0.0
        self._shape = (g.racks, g.modules, g.cells)
        self._capacity_j_per_k = g.cell_volume_m3 * g.cell_j_per_m3_k
        self._init_cells(np.random.default_rng(seed))
        self._init_air()
        self._init_sources()

    def _init_cells(self, rng: np.random.Generator) -> None:
        g = self.geometry
        count = g.racks * g.modules * g.cells
        self._full_j = g.capacity_ah * 3600.0 * NOMINAL_V * (1.0 + 0.01 * rng.standard_normal(count).clip(-3, 3))
        self._resistance_ohm = g.cell_resistance_ohm * (1.0 + 0.05 * rng.standard_normal(count).clip(-3, 3))
        self._offset_k = 0.3 * rng.standard_normal(count).clip(-3, 3)
        self._state = np.zeros((cell.ROWS, count))
        self._state[cell.TEMP] = g.start_degc + self._offset_k
        for row, value in (
            (cell.SEI, cell.SEI_START), (cell.ANODE, cell.ANODE_START), (cell.Z, cell.Z_START),
            (cell.CATHODE, cell.CATHODE_START), (cell.ELECTROLYTE, cell.ELECTROLYTE_START), (cell.SOC, g.start_soc),
            (cell.LATENT, cell.VENT_LATENT_J_PER_M3 * g.cell_volume_m3), (cell.VENT_GAS, 1.0), (cell.RUNAWAY_GAS, 1.0),
        ):  # fmt: skip
            self._state[row] = value
        self._vented = np.zeros(count, dtype=np.bool_)
        self._runaway = np.zeros(count, dtype=np.bool_)
        self._times_s = np.full((2, count), math.nan)
        self._voltage_v = np.zeros(count)
        self.current_a = _zeros(g.racks)
        self.cell_temp_degc: Floats = self._state[cell.TEMP].reshape(self._shape)
        self.cell_soc: Floats = self._state[cell.SOC].reshape(self._shape)
        self.cell_voltage_v: Floats = self._voltage_v.reshape(self._shape)
        self.vented: Bools = self._vented.reshape(self._shape)
        self.runaway: Bools = self._runaway.reshape(self._shape)
        self.vent_time_s: Floats = self._times_s[0].reshape(self._shape)
        self.runaway_time_s: Floats = self._times_s[1].reshape(self._shape)
        self._short_w, self._heater_w, self._flow_w = _zeros(count), _zeros(count), _zeros(count)
        self._ledger_j = _zeros(stack.LEDGER)
        terminal_voltages(self._state, self.current_a, self._short_w, self._resistance_ohm, self._voltage_v)

    def _init_air(self) -> None:
        g = self.geometry
        self.rack_air_degc = np.full(g.racks, g.start_degc)
        self._wet, self._casing_w = _zeros(g.racks), _zeros(g.racks)
        count = g.racks * g.modules * g.cells
        self._plume_w, self._ejecta_j, self._flame_j = _zeros(count), _zeros(count), _zeros(count)
        self._jet_w = 0.0
        self._hottest_rack = 0
        self._any_vented = False
        self.room = Room(g.volume_m3, g.wall_m2, g.start_degc, g.hvac_w_per_k, g.hvac_max_w, g.start_degc, g.start_degc)
        exhaust = SUPPLY_M3_PER_H_PER_M3 * g.volume_m3 / 3600.0
        self._ventilation = Ventilation(exhaust, 0.015, 0.02, 0.15, 0.03)
        self._rack_gas = np.tile(self.room.gas, (g.racks, 1))
        self._head_gas = self._rack_gas.copy()
        self._gas_m3 = np.zeros((g.racks, gas.SPECIES))
        self.rack_h2_ppm, self.rack_co_ppm, self.rack_voc_ppm = _zeros(g.racks), _zeros(g.racks), _zeros(g.racks)
        self._room_head = self.room.gas.copy()
        self._pipes = [AspiratingPipe(delay, g.smoke_lag_s) for delay in g.smoke_delays_s]
        self.smoke_pct_per_m = _zeros(len(self._pipes))
        self.heat_head_degc = np.full(len(g.heat_heads_m), g.start_degc)
        self._publish_gas()

    def _init_sources(self) -> None:
        g = self.geometry
        charge_kg = agent_mass_kg(g.volume_m3, g.agent_design_pct, 20.0)
        self._main, self._reserve = AgentBank(charge_kg, g.agent_bar), AgentBank(charge_kg, g.agent_bar)
        self._cell_powers: list[CellPower] = []
        self._smoke_sources: list[Source] = []
        self._heat_sources: list[Source] = []
        self._gas_sources: list[GasSource] = []

    # --- what a scenario does ---------------------------------------------------------------------------------------

    def inject_internal_short(
        self, rack: int, module: int, cell_index: int, start_s: float, power_w: float, stored_fraction: float = 1.0
    ) -> None:
        """Short one cell inside: ``power_w`` from its own stored energy until ``stored_fraction`` of that is used up."""
        index = self._index(rack, module, cell_index)
        budget_j = stored_fraction * self._full_j[index] * self._state[cell.SOC, index]
        self._cell_powers.append(CellPower(index, power_w, Window(start_s), short=True, budget_j=float(budget_j)))

    def inject_heater(
        self, rack: int, module: int, cell_index: int, start_s: float, power_w: float, duration_s: float = FOREVER_S
    ) -> None:
        """Heat one cell from outside with ``power_w``."""
        window = Window(start_s, duration_s)
        self._cell_powers.append(CellPower(self._index(rack, module, cell_index), power_w, window, short=False))

    def inject_smoke(self, rate_g_per_s: float, start_s: float, duration_s: float) -> None:
        """Bring smoke of another origin into the room (a nuisance)."""
        self._smoke_sources.append(Source(rate_g_per_s * 1e-3, Window(start_s, duration_s)))

    def inject_heat(self, power_w: float, start_s: float, duration_s: float) -> None:
        """Bring convective heat of another origin below the ceiling of the room."""
        self._heat_sources.append(Source(power_w, Window(start_s, duration_s)))

    def inject_gas(
        self,
        rack: int,
        start_s: float,
        duration_s: float,
        *,
        h2_l_per_s: float = 0.0,
        co_l_per_s: float = 0.0,
        voc_l_per_s: float = 0.0,
    ) -> None:
        """Bring gas of another origin into the air of ``rack``, or of the room if ``rack`` is -1."""
        rates = (h2_l_per_s * 1e-3, co_l_per_s * 1e-3, voc_l_per_s * 1e-3)
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
            place_cell_power(
                self._cell_powers, self.time_s, self._short_w, self._heater_w, self._state[cell.SHORT_LEFT]
            )
        casing_j = self._advance_cells(dt_s)
        smoke_kg = self._release_gas(dt_s)
        self.time_s += dt_s
        self._advance_room(casing_j, smoke_kg, dt_s)
        self._advance_heads(dt_s)

    def _set_currents(self) -> None:
        inputs = self.inputs
        np.copyto(self.current_a, inputs.string_current_a)
        self.current_a[inputs.breaker_open] = 0.0
        np.minimum(self.current_a, 0.0, out=self.current_a, where=inputs.charger_stopped)

    def _advance_cells(self, dt_s: float) -> float:
        inputs = self.inputs
        screen = (1.0 - stack.CURTAIN_STOPS * inputs.curtain_fraction) * (
            1.0 - stack.BARRIER_STOPS * inputs.water_barrier_fraction
        )
        casing_j: float = stack.advance_stack(
            self._state, self._vented, self._runaway, self._times_s, self._flow_w, self.rack_air_degc, self._offset_k,
            self._resistance_ohm, self._full_j, self.current_a, inputs.coolant_flow_lpm, self._short_w, self._heater_w,
            self._plume_w, self._ejecta_j, self._wet, self._casing_w, self._ledger_j, self._shape,
            self.geometry.cell_volume_m3, self._capacity_j_per_k, screen, self.room.temp_degc, self.time_s, dt_s,
        )  # fmt: skip
        terminal_voltages(self._state, self.current_a, self._short_w, self._resistance_ohm, self._voltage_v)
        return casing_j

    def _release_gas(self, dt_s: float) -> float:
        g = self.geometry
        smoke_kg = 0.0
        self._any_vented = self._any_vented or bool(self._vented.any())
        if self._any_vented:
            burns = gas.burnt_share(100.0 * self.room.agent, 100.0 * self.room.o2)
            smoke_kg = gas.release(
                self._state, self._vented, self._runaway, g.modules * g.cells, g.capacity_ah, burns, self._gas_m3,
                self._flame_j, dt_s,
            )  # fmt: skip
        else:
            self._gas_m3[:] = 0.0
        for source in self._gas_sources:
            if source.rack >= 0 and source.window.holds(self.time_s):
                self._gas_m3[source.rack] += np.array(source.rates_m3_per_s) * dt_s
        gas.ventilate_racks(self._rack_gas, self._gas_m3, self.room.gas, dt_s)
        return smoke_kg

    def _advance_room(self, casing_j: float, smoke_kg: float, dt_s: float) -> None:
        inputs = self.inputs
        room = self.room
        heat_w = total_rate(self._heat_sources, self.time_s) + self._take_plume(dt_s)
        gas_m3 = self._gas_m3.sum(axis=0)
        for source in self._gas_sources:
            if source.rack < 0 and source.window.holds(self.time_s):
                gas_m3 += np.array(source.rates_m3_per_s) * dt_s
        smoke_kg += total_rate(self._smoke_sources, self.time_s) * dt_s
        room.mix(gas_m3, smoke_kg, float(self._flame_j.sum()) if self._any_vented else 0.0)
        flowing = inputs.agent_available
        out_kg = self._main.advance(dt_s, flowing=flowing and inputs.agent_valve_open)
        out_kg += self._reserve.advance(dt_s, flowing=inputs.reserve_valve_open)
        room.discharge(out_kg, RELIEF_M2 * inputs.relief_open, dt_s)
        dampers = float(inputs.damper_open_fraction.mean())
        flow = self._ventilation.fresh_m3_per_s(
            inputs.exhaust_fraction, dampers, inputs.relief_open, hvac_on=inputs.hvac_on, door_open=inputs.door_open
        )
        room.ventilate(flow, inputs.ambient_degc, dt_s)
        room.heat(heat_w + casing_j / dt_s, inputs.ambient_degc, dt_s, hvac_on=inputs.hvac_on)
        self._jet_w += (heat_w - self._jet_w) * (1.0 - math.exp(-dt_s / PLUME_TAU_S))

    def _take_plume(self, dt_s: float) -> float:
        """Set the next step's plume; return the convective power (W) of this one's that rises into the room."""
        if not self._any_vented:
            return 0.0
        rising = 1.0 - stack.TO_CASING - stack.TO_OWN_MODULE - stack.TO_ABOVE - stack.TO_BELOW - 2 * stack.TO_SIDES
        convective_w = (1.0 - FLAME_RADIANT_SHARE) * rising * float(self._plume_w.sum())
        np.add(self._ejecta_j, self._flame_j, out=self._plume_w)
        self._plume_w /= dt_s
        if convective_w > 0.0:
            self._hottest_rack = int(self._plume_w.argmax()) // (self.geometry.modules * self.geometry.cells)
        return convective_w

    def _advance_heads(self, dt_s: float) -> None:
        g = self.geometry
        part = 1.0 - math.exp(-dt_s / HEAD_TAU_S)
        self._head_gas += (self._rack_gas - self._head_gas) * part
        self._room_head += (self.room.gas - self._room_head) * part
        self._publish_gas()
        for k, pipe in enumerate(self._pipes):
            density = pipe.advance(self.time_s, dt_s, self.room.smoke_kg_per_m3)
            self.smoke_pct_per_m[k] = obscuration_pct_per_m(density, FLAMING_M2_PER_KG)
        x_rack = (self._hottest_rack - 0.5 * (g.racks - 1)) * g.rack_pitch_m
        for k, (x, y) in enumerate(g.heat_heads_m):
            rise, speed = ceiling_jet(self._jet_w, math.hypot(x - x_rack, y), g.height_m, self.room.temp_degc)
            gas_degc = self.room.temp_degc + rise
            self.heat_head_degc[k] = element_step(self.heat_head_degc[k], gas_degc, speed, g.heat_head_rti, dt_s)

    def _publish_gas(self) -> None:
        gas.ppm(self._head_gas, gas.H2, self.rack_h2_ppm)
        gas.ppm(self._head_gas, gas.CO, self.rack_co_ppm)
        gas.ppm(self._head_gas, gas.VOC, self.rack_voc_ppm)

    def _index(self, rack: int, module: int, cell_index: int) -> int:
        for what, value, count in zip(("rack", "module", "cell"), (rack, module, cell_index), self._shape, strict=True):
            if not 0 <= value < count:
                raise ValueError(f"{what} {value} is not in this room: give 0 to {count - 1}")
        return int(np.ravel_multi_index((rack, module, cell_index), self._shape))

    # --- truths of the room -----------------------------------------------------------------------------------------

    @property
    def room_temp_degc(self) -> float:
        """Mean temperature of the air."""
        return self.room.temp_degc

    @property
    def room_h2_ppm(self) -> float:
        """H2 at the room's reference head."""
        return float(self._room_head[gas.H2]) * 1e6

    @property
    def room_co_ppm(self) -> float:
        """CO at the room's reference head."""
        return float(self._room_head[gas.CO]) * 1e6

    @property
    def room_voc_ppm(self) -> float:
        """VOC at the room's reference head."""
        return float(self._room_head[gas.VOC]) * 1e6

    @property
    def o2_pct(self) -> float:
        """Oxygen in the room, volume %."""
        return 100.0 * self.room.o2

    @property
    def agent_pct(self) -> float:
        """Agent in the room, volume %."""
        return 100.0 * self.room.agent

    @property
    def agent_mass_left_kg(self) -> float:
        """Mass left in the main bank."""
        return self._main.mass_kg

    @property
    def agent_pressure_bar(self) -> float:
        """Pressure of the main bank's cylinders."""
        return self._main.pressure_bar

    @property
    def reserve_mass_left_kg(self) -> float:
        """Mass left in the reserve bank."""
        return self._reserve.mass_kg

    @property
    def reserve_pressure_bar(self) -> float:
        """Pressure of the reserve bank's cylinders."""
        return self._reserve.pressure_bar

    @property
    def discharge_pressure_bar(self) -> float:
        """Pressure in the manifold that both banks feed: what the pressure switch sees."""
        return max(self._main.manifold_bar, self._reserve.manifold_bar)
