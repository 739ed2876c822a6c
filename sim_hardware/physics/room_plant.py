"""What a battery room and a server room have in common: air, ventilation, agent, aspirating detectors, nuisances."""

from dataclasses import replace
from typing import Protocol

from sim_hardware.physics import gas, two_zone
from sim_hardware.physics import room_layout as at
from sim_hardware.physics.agent import AgentBank
from sim_hardware.physics.agents import AGENTS, FROM_AIR
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.deflagration import AUTOIGNITION_DEGC, BURNS_S, NOTICED_PA, Deflagration, peak_pa
from sim_hardware.physics.flammable import is_flammable, lower_limit_share
from sim_hardware.physics.hold import spray_mixing_m3_per_s
from sim_hardware.physics.injections import Source, Window, total_rate
from sim_hardware.physics.room import DAMPERS, DOOR, RELIEF, Room, Ventilation
from sim_hardware.physics.smoke import AspiratingPipe

FILLED_AT_DEGC = 20.0
AIR_AT_FILLING_KG_PER_M3 = 1.204
EXTENDED_S, EXTENDED_SHARE = 600.0, 0.5
"""An extended discharge gives half of the main charge within ten minutes (assumed)."""


class AirInputs(Protocol):
    """Positions that act on a room's air."""

    exhaust_fraction: float
    damper_open_fraction: Floats
    relief_open: float
    hvac_on: bool
    agent_valve_open: bool
    reserve_valve_open: bool
    extended_valve_open: bool
    agent_available: bool
    door_open: bool
    ambient_degc: float


class RoomPlant:
    """Air, agent and smoke of one room; the base of ``BatteryRoom`` and ``ServerRoom``."""

    def __init__(
        self,
        room: Room,
        ventilation: Ventilation,
        design_pct: float,
        agent_bar: float,
        pipe_delays_s: tuple[float, ...],
        pipe_lag_s: float,
        agent: str = "fk-5-1-12",
    ) -> None:
        """Fill both banks of ``agent`` (a name of `AGENTS`) for ``design_pct`` of the room's volume and start with clean air."""
        self.agent = AGENTS[agent]
        charge_kg = self.agent.mass_kg(room.volume_m3, design_pct, FILLED_AT_DEGC)
        self.room = room
        self.time_s = 0.0
        self._ventilation = ventilation
        self._door_m2 = ventilation.door_m[0] * ventilation.door_m[1]
        self._agent_over_air = self.agent.density_kg_per_m3(FILLED_AT_DEGC) / AIR_AT_FILLING_KG_PER_M3
        room.inputs[at.STALL_PA] = ventilation.stall_pa
        room.set_agent(self._agent_over_air)
        self._positions: tuple[object, ...] = ()
        self._main = AgentBank(charge_kg, agent_bar, self.agent)
        self._reserve = AgentBank(charge_kg, agent_bar, self.agent)
        slow = replace(self.agent, discharge_s=EXTENDED_S)
        self._extended = AgentBank(EXTENDED_SHARE * charge_kg, agent_bar, slow)
        self._pipes = [AspiratingPipe(delay, pipe_lag_s) for delay in pipe_delays_s]
        self.deflagrations: list[Deflagration] = []
        self._sparks: list[Window] = []
        self._flash_j = self._flash_power_w = 0.0
        self._smoke_sources: list[Source] = []
        self._heat_sources: list[Source] = []
        self._loss_sources: list[Source] = []

    def inject_smoke(self, rate_g_per_s: float, start_s: float, duration_s: float) -> None:
        """Bring smoke of another origin into the room (a nuisance)."""
        self._smoke_sources.append(Source(rate_g_per_s * 1e-3, Window(start_s, duration_s)))

    def inject_heat(self, power_w: float, start_s: float, duration_s: float) -> None:
        """Bring convective heat of another origin below the ceiling, as one plume."""
        self._heat_sources.append(Source(power_w, Window(start_s, duration_s)))

    def inject_losses(self, power_w: float, start_s: float, duration_s: float) -> None:
        """Let machines lose heat to the room, which their own fans mix in: 10 kW at 10 K move a room's air every three minutes."""
        self._loss_sources.append(Source(power_w, Window(start_s, duration_s)))

    def inject_spark(self, start_s: float, duration_s: float) -> None:
        """Let something spark in the room: a switch, a tool, whoever opens the door. It lights what is flammable and does nothing else."""
        self._sparks.append(Window(start_s, duration_s))

    def _light(self, *, flame: bool, hottest_degc: float) -> None:
        """Let what has collected below the ceiling burn if something lights it; its heat comes in the next steps (`_flash_w`)."""
        spark = any(window.holds(self.time_s) for window in self._sparks)
        if not (flame or spark or hottest_degc >= AUTOIGNITION_DEGC):
            return
        room, door_m2 = self.room, self._door_m2
        shut_m2 = 0.0 if room.area_m2(DOOR) > 0.0 else door_m2
        self._flash_j = room.burn_layer()
        self._flash_power_w = self._flash_j / BURNS_S
        peak, blown = peak_pa(self._flash_j, room.volume_m3, room.shape.inside_m2, room.area_m2(), shut_m2)
        if peak >= NOTICED_PA:
            lit_by = "flame" if flame else "spark" if spark else "hot cell"
            self.deflagrations.append(Deflagration(self.time_s, lit_by, self._flash_j, peak, blown))

    def _flash_w(self, dt_s: float) -> float:
        """Take the heat of a deflagration for a step, as power; it is out after `BURNS_S`."""
        given_j = min(self._flash_j, self._flash_power_w * dt_s)
        self._flash_j -= given_j
        return given_j / dt_s

    def _foreign_heat_w(self) -> float:
        return total_rate(self._heat_sources, self.time_s)

    def _advance_air(
        self,
        inputs: AirInputs,
        heat_w: float,
        gas_m3: Floats,
        smoke_kg: float,
        burnt_j: float,
        dt_s: float,
        *,
        plume_w: float,
        radiant_w: float,
    ) -> None:
        """Advance the room with what the step set free, and with what comes from elsewhere (`two_zone.take_in`)."""
        self._discharge(inputs, dt_s)
        self._set_openings(inputs)
        foreign_kg_per_s = total_rate(self._smoke_sources, self.time_s)
        two_zone.take_in(self.room.zones, gas_m3, heat_w, plume_w, radiant_w, smoke_kg, foreign_kg_per_s, burnt_j, dt_s)

    def _losses_w(self) -> float:
        return total_rate(self._loss_sources, self.time_s)

    def _discharge(self, inputs: AirInputs, dt_s: float) -> None:
        out_kg = self._main.advance(dt_s, flowing=inputs.agent_available and inputs.agent_valve_open)
        out_kg += self._reserve.advance(dt_s, flowing=inputs.reserve_valve_open)
        out_kg += self._extended.advance(dt_s, flowing=inputs.extended_valve_open)
        self.room.inputs[at.AGENT_IN] = out_kg / self._agent_over_air / dt_s
        self.room.inputs[at.AGENT_W] = out_kg * self.agent.heat_j_per_kg * FROM_AIR / dt_s

    def _falling_lpm(self) -> float:
        """Water that falls through the room's air and stirs it, litres per minute."""
        return 0.0

    def _set_openings(self, inputs: AirInputs) -> None:
        """Tell the room what stands open and runs; positions change rarely, so it looks whether they did."""
        door_open = inputs.door_open or bool(self.deflagrations and any(one.door_blown for one in self.deflagrations))
        self.room.inputs[at.OUTSIDE_K] = inputs.ambient_degc + at.ZERO_DEGC_K
        dampers, falling_lpm = inputs.damper_open_fraction.tolist(), self._falling_lpm()
        positions = (
            inputs.exhaust_fraction, dampers, inputs.relief_open, inputs.hvac_on, door_open, falling_lpm,
        )  # fmt: skip
        if positions == self._positions:
            return
        self._positions = positions
        room, air, given = self.room, self._ventilation, self.room.inputs
        mean = sum(dampers) / len(dampers)
        room.open_m2(DAMPERS, air.damper_m2 * mean)
        room.open_m2(RELIEF, air.relief_m2 * inputs.relief_open)
        room.open_m2(DOOR, self._door_m2 if door_open else 0.0)
        room.condition(hvac_on=inputs.hvac_on)
        given[at.RECIRCULATED] += spray_mixing_m3_per_s(falling_lpm)
        given[at.EXHAUST] = air.exhaust_m3_per_s * inputs.exhaust_fraction
        given[at.DRAUGHT] = air.draught_m3_per_s(mean, inputs.relief_open, hvac_on=inputs.hvac_on, door_open=door_open)

    @property
    def room_temp_degc(self) -> float:
        """Mean temperature of the air."""
        return self.room.temp_degc

    @property
    def o2_pct(self) -> float:
        """Oxygen, volume %."""
        return 100.0 * self.room.o2

    @property
    def agent_pct(self) -> float:
        """Agent, volume %."""
        return 100.0 * self.room.agent

    @property
    def agent_strength(self) -> float:
        """Agent in the air over what puts out a flame (cup burner): 1 and more is out."""
        return self.agent_pct / self.agent.flame_out_pct

    @property
    def lower_limit_share(self) -> float:
        """How much of its lower flammable limit the air below the ceiling has, where gas collects; 1 is flammable."""
        return float(lower_limit_share(self.room.upper_gas, self.room.upper_degc))

    @property
    def can_deflagrate(self) -> bool:
        """Whether the air below the ceiling would burn if something lit it: gas enough, not too much, and oxygen enough."""
        return bool(is_flammable(self.room.upper_gas, self.room.upper_o2, self.room.upper_degc))

    @property
    def overpressure_pa(self) -> float:
        """Pressure in the room over the outside at the floor: discharge, fire, fans, the column of a heavy mixture."""
        return self.room.overpressure_pa

    @property
    def agent_mass_left_kg(self) -> float:
        """Mass left in the main bank."""
        return self._main.mass_kg

    @property
    def agent_pressure_bar(self) -> float:
        """Pressure of the main bank's cylinders."""
        return self._main.pressure_bar

    @property
    def discharge_pressure_bar(self) -> float:
        """Pressure in the manifold that both banks feed: what the pressure switch sees."""
        return max(self._main.manifold_bar, self._reserve.manifold_bar)


def ppm_of(fractions: Floats, species: int) -> float:
    """One species of ``fractions[species]`` in ppm."""
    return float(fractions[species]) * gas.PPM
