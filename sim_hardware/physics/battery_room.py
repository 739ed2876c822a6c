"""The battery room of the simulated plant: racks of cells in a room with ventilation, agent and coolant.

Truths only: no noise, no quantisation, no device. The seed sets the spread of the cells and nothing else; two runs
with the same seed and the same inputs are equal bit for bit.
"""

import math

import numpy as np

from sim_hardware.physics import battery_step, cell, gas, stack, stack_layout
from sim_hardware.physics import room_layout as at
from sim_hardware.physics.arrays import Bools, Floats
from sim_hardware.physics.battery_geometry import BatteryRoomGeometry, BatteryRoomInputs
from sim_hardware.physics.cell_spread import SPREAD_LIMIT, spread_heat
from sim_hardware.physics.chemistry import Chemistry
from sim_hardware.physics.falling_water import VAPOUR_AS_AIR, WATERS, taken
from sim_hardware.physics.flammable import lower_limit_share
from sim_hardware.physics.injections import (
    FOREVER_S,
    CellPower,
    GasSource,
    Overcharge,
    Window,
    place_cell_power,
    total_rate,
)
from sim_hardware.physics.kinetics import CHEMISTRIES
from sim_hardware.physics.room import Room, Ventilation
from sim_hardware.physics.room_plant import RoomPlant, ppm_of
from sim_hardware.physics.smoke import FLAMING_M2_PER_KG, obscuration_pct_per_m
from sim_hardware.physics.two_zone import SOURCE_M

__all__ = ["BatteryRoom", "BatteryRoomGeometry", "BatteryRoomInputs"]

MAX_STEP_S = 0.5
"""Longer advances are cut into equal steps of at most this; hot cells cut further by themselves."""
EXHAUST_PER_H = 12.0
NAIL_TAU_S = 40.0
"""Time in which a nailed cell would give out its charge at the power it begins with (assumed: some 10 mohm)."""
SPREAD_CAPACITY, SPREAD_RESISTANCE, SPREAD_K = 0.01, 0.05, 0.3
"""Standard deviations from cell to cell (relative, relative, K; assumed)."""


class BatteryRoom(RoomPlant):
    """The plant's truth. Arrays are reused in place and are views for reading; ``inputs`` is for writing.

    ``cell_temp_degc``, ``cell_voltage_v``, ``cell_soc``, ``vented``, ``runaway``, ``vent_time_s``, ``runaway_time_s``
    are ``[racks, modules, cells]`` (times are NaN until it happens); ``rack_h2_ppm``, ``rack_co_ppm``,
    ``rack_voc_ppm``, ``current_a`` and ``rack_air_degc`` are ``[racks]``; ``smoke_pct_per_m`` is ``[2]``,
    ``heat_head_degc`` is ``[4]``; ``ledger_j`` gathers heat by the entries of ``stack``. ``any_vented`` is as of the last step.
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
        self._water = WATERS[g.water]
        self.inputs = BatteryRoomInputs.for_geometry(g)
        self._shape = (g.racks, g.modules, g.cells)
        self._cell_powers: list[CellPower] = []
        self._gas_sources: list[GasSource] = []
        self._overcharges: list[Overcharge] = []
        kind = CHEMISTRIES[g.chemistry]
        self._yields = gas.yields_of(kind)
        self._stack = stack_layout.fresh_stack(g, kind)
        self._spread_cells(np.random.default_rng(seed), kind)
        self._init_views()
        self._init_heads()

    def _spread_cells(self, rng: np.random.Generator, kind: Chemistry) -> None:
        """Make the cells differ: capacity, resistance, place of the sensor, heat in the body, heat of the collapse."""
        count = self._stack.full_j.size

        def spread() -> Floats:
            return rng.standard_normal(count).clip(-SPREAD_LIMIT, SPREAD_LIMIT)

        self._stack.full_j[:] *= 1.0 + SPREAD_CAPACITY * spread()
        self._stack.resistance_ohm[:] *= 1.0 + SPREAD_RESISTANCE * spread()
        self._stack.offset_k[:] = SPREAD_K * spread()
        state = self._stack.state
        state[cell.TEMP] += self._stack.offset_k
        spread_heat(state, kind, rng)
        stack.all_voltages(self._stack)

    def _init_views(self) -> None:
        cells = self._stack
        self.any_vented = False
        self.ledger_j = cells.ledger
        self.rack_air_degc = cells.air_degc
        self.housing_degc = cells.housing_degc
        self.cell_temp_degc: Floats = cells.state[cell.TEMP].reshape(self._shape)
        self.cell_soc: Floats = cells.state[cell.SOC].reshape(self._shape)
        self.cell_voltage_v: Floats = cells.voltage_v.reshape(self._shape)
        self.vented: Bools = cells.vented.reshape(self._shape)
        self.runaway: Bools = cells.runaway.reshape(self._shape)
        self.vent_time_s: Floats = cells.times_s[0].reshape(self._shape)
        self.runaway_time_s: Floats = cells.times_s[1].reshape(self._shape)
        self.current_a = np.zeros(self.geometry.racks)

    def _init_heads(self) -> None:
        g = self.geometry
        self._jet_w = self._coolant_lpm = 0.0
        self._flow = b""
        self._hottest_rack = 0
        racks = np.tile(self.room.gas, (g.racks, 1))
        heads = racks.T.copy()
        ppm = heads * gas.PPM
        into_room_m3 = np.zeros(gas.SPECIES)
        self._air = battery_step.RackAir(np.zeros_like(racks), racks, heads, ppm, self.room.gas.copy(), into_room_m3)
        self.rack_ppm: Floats = ppm.T
        """[rack, species] at the heads in the racks; of the room's reference head: ``room_ppm``."""
        self.rack_h2_ppm: Floats = ppm[gas.H2]
        self.rack_co_ppm: Floats = ppm[gas.CO]
        self.rack_voc_ppm: Floats = ppm[gas.VOC]
        self.smoke_pct_per_m = np.zeros(len(g.smoke_delays_s))
        self.heat_head_degc = np.full(len(g.heat_heads_m), g.start_degc)
        self._heat_heads = battery_step.HeatHeads(self.heat_head_degc, np.array(g.heat_heads_m))
        self._fixed = np.array(
            [g.capacity_ah, self.agent.flame_out_pct, g.rack_pitch_m, g.height_m - SOURCE_M, g.heat_head_rti]
        )
        self._given = np.zeros(battery_step.GIVEN)

    # --- what a scenario does ---------------------------------------------------------------------------------------

    def inject_internal_short(
        self, rack: int, module: int, cell_index: int, start_s: float, power_w: float, stored_fraction: float = 1.0
    ) -> None:
        """Short a cell inside: ``power_w`` from its own stored energy until ``stored_fraction`` of that is used up."""
        index = self._index(rack, module, cell_index)
        budget_j = stored_fraction * self._stack.full_j[index] * self._stack.state[cell.SOC, index]
        self._cell_powers.append(CellPower(index, power_w, Window(start_s), short=True, budget_j=float(budget_j)))

    def inject_heater(
        self, rack: int, module: int, cell_index: int, start_s: float, power_w: float, duration_s: float = FOREVER_S
    ) -> None:
        """Heat one cell from outside with ``power_w``."""
        window = Window(start_s, duration_s)
        self._cell_powers.append(CellPower(self._index(rack, module, cell_index), power_w, window, short=False))

    def inject_nail(self, rack: int, module: int, cell_index: int, start_s: float) -> None:
        """Drive a nail through a cell: an internal short that would empty it in ``NAIL_TAU_S``."""
        index = self._index(rack, module, cell_index)
        power_w = float(self._stack.full_j[index] * self._stack.state[cell.SOC, index]) / NAIL_TAU_S
        self.inject_internal_short(rack, module, cell_index, start_s, power_w)

    def inject_overcharge(self, rack: int, start_s: float, current_a: float, duration_s: float = FOREVER_S) -> None:
        """Let the charger of ``rack`` drive ``current_a`` more than wanted, full or not, until it is stopped or cut off."""
        self._index(rack, 0, 0)
        self._overcharges.append(Overcharge(rack, current_a, Window(start_s, duration_s)))

    def inject_gas(self, rack: int, start_s: float, duration_s: float, rates_l_per_s: tuple[float, ...]) -> None:
        """Bring gas of another origin into the air of ``rack``, or of the room if it is -1.

        ``rates_l_per_s`` follow the species of ``gas``: H2, CO, VOC, CO2, THC; those left out at the end are zero.
        """
        rates = tuple(rate * 1e-3 for rate in rates_l_per_s) + (0.0,) * (gas.SPECIES - len(rates_l_per_s))
        self._gas_sources.append(GasSource(rack, rates, Window(start_s, duration_s)))

    # --- time -------------------------------------------------------------------------------------------------------

    def advance(self, dt_s: float, longest_s: float = MAX_STEP_S) -> None:
        """Advance the plant by ``dt_s`` of plant time, in equal steps of at most ``longest_s``."""
        steps = max(1, math.ceil(dt_s / longest_s - 1e-9))
        for _ in range(steps):
            self._step(dt_s / steps)

    def _step(self, dt_s: float) -> None:
        self._measure_coolant()
        if self._cell_powers:
            place_cell_power(self._cell_powers, self.time_s, self._stack)
        self._discharge(self.inputs, dt_s)
        self._set_openings(self.inputs)
        self._given[:] = (
            self._screen(), self._foreign_heat_w(), self._losses_w(), self._cooled_w(dt_s), self._flash_w(dt_s),
            total_rate(self._smoke_sources, self.time_s), self.time_s, dt_s,
        )  # fmt: skip
        self.any_vented, burnt_j, can_burn, self._hottest_rack, self._jet_w = battery_step.advance(
            self._stack, self._air, self._feed(), self._foreign(dt_s), self.room.zones, self._heat_heads, self._yields, self._fixed,
            self._given, self._hottest_rack, self._jet_w,
        )  # fmt: skip
        self.time_s += dt_s
        self._advance_pipes(dt_s)
        if can_burn and (self.any_vented or self._sparks) and self._flash_j <= 0.0:
            self._light(flame=burnt_j > 0.0, hottest_degc=self._hottest_runaway_degc)

    @property
    def _hottest_runaway_degc(self) -> float:
        cells = self._stack
        return float(cells.state[cell.TEMP].max(initial=-math.inf, where=cells.runaway))

    def _measure_coolant(self) -> None:
        """All coolant; it is added up when it has changed."""
        flow = self.inputs.coolant_flow_lpm.tobytes()
        if flow != self._flow:
            self._flow, self._coolant_lpm = flow, float(np.add.reduce(self.inputs.coolant_flow_lpm))

    def _feed(self) -> battery_step.Feed:
        """What is wanted of the strings, an overcharge with it, and coolant that reaches the modules."""
        inputs = self.inputs
        wanted = inputs.string_current_a
        for one in self._overcharges:
            self._stack.overcharging[one.rack] = one.window.holds(self.time_s)
            if self._stack.overcharging[one.rack]:
                wanted = wanted.copy()
                wanted[one.rack] += one.current_a
        flow = inputs.coolant_flow_lpm
        on_racks_lpm = flow if self._water.on_modules == 1.0 else flow * self._water.on_modules
        return battery_step.Feed(self.current_a, wanted, inputs.charger_stopped, inputs.breaker_open, on_racks_lpm)

    def _foreign(self, dt_s: float) -> battery_step.Foreign:
        """Gas of scenarios in this step."""
        given = [one for one in self._gas_sources if one.window.holds(self.time_s)]
        if not given:
            return battery_step.NO_FOREIGN
        m3 = np.array([one.rates_m3_per_s for one in given]) * dt_s
        return battery_step.Foreign(np.array([one.rack for one in given], np.int64), m3)

    def _screen(self) -> float:
        """What curtain and barrier leave of the heat from rack to rack."""
        inputs = self.inputs
        return (1.0 - stack.CURTAIN_STOPS * inputs.curtain_fraction) * (
            1.0 - stack.BARRIER_STOPS * inputs.water_barrier_fraction
        )

    def _cooled_w(self, dt_s: float) -> float:
        """Heat that falling water takes from the room's air; its vapour goes into the room."""
        room, heat_w, vapour = self.room, 0.0, 0.0
        if self._coolant_lpm > 0.0:
            heat_w, vapour = taken(
                self._water, self._coolant_lpm, room.temp_degc, room.water_kg_per_m3, room.volume_m3, dt_s
            )
        room.inputs[at.WATER_IN] = VAPOUR_AS_AIR * vapour
        return heat_w

    def _falling_lpm(self) -> float:
        """Coolant on the racks falls through the room's air (assumed: all of it)."""
        return 0.0 if self.inputs.hvac_on else self._coolant_lpm

    def _advance_pipes(self, dt_s: float) -> None:
        """Bring smoke to the aspirating detectors."""
        smoke_kg_per_m3 = self.room.upper_smoke_kg_per_m3
        for k, pipe in enumerate(self._pipes):
            density = pipe.advance(self.time_s, dt_s, smoke_kg_per_m3)
            self.smoke_pct_per_m[k] = obscuration_pct_per_m(density, FLAMING_M2_PER_KG)

    def _index(self, rack: int, module: int, cell_index: int) -> int:
        for what, value, count in zip(("rack", "module", "cell"), (rack, module, cell_index), self._shape, strict=True):
            if not 0 <= value < count:
                raise ValueError(f"{what} {value} is not in this room: give 0 to {count - 1}")
        return int(np.ravel_multi_index((rack, module, cell_index), self._shape))

    @property
    def heat_held_j(self) -> float:
        """Heat in cells, housings and casings over 0 degC, with what waits to be taken up: the ledger's balance."""
        return stack_layout.heat_held_j(self._stack)

    @property
    def rack_lower_limit_share(self) -> Floats:
        """How much of the lower flammable limit the air of each rack has, 1 is flammable (racks,)."""
        limits = zip(self._air.racks, self.rack_air_degc, strict=True)
        return np.array([lower_limit_share(air, float(degc)) for air, degc in limits])

    @property
    def room_ppm(self) -> Floats:
        """Every species at the room's reference head."""
        ppm: Floats = self._air.room_head * gas.PPM
        return ppm

    @property
    def room_h2_ppm(self) -> float:
        """H2 at the room's reference head."""
        return ppm_of(self._air.room_head, gas.H2)
