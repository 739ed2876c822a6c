"""What a battery room and a server room have in common: air, ventilation, agent, aspirating detectors, nuisances."""

from typing import Protocol

from sim_hardware.physics import gas
from sim_hardware.physics.agent import AgentBank
from sim_hardware.physics.agents import AGENTS
from sim_hardware.physics.arrays import Floats
from sim_hardware.physics.injections import Source, Window, total_rate
from sim_hardware.physics.room import Room, Ventilation
from sim_hardware.physics.smoke import AspiratingPipe

RELIEF_M2 = 0.15
"""Area of the open pressure-relief vent (assumed)."""
FILLED_AT_DEGC = 20.0


class AirInputs(Protocol):
    """Positions that act on a room's air."""

    exhaust_fraction: float
    damper_open_fraction: Floats
    relief_open: float
    hvac_on: bool
    agent_valve_open: bool
    reserve_valve_open: bool
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
        self._main = AgentBank(charge_kg, agent_bar, self.agent)
        self._reserve = AgentBank(charge_kg, agent_bar, self.agent)
        self._pipes = [AspiratingPipe(delay, pipe_lag_s) for delay in pipe_delays_s]
        self._smoke_sources: list[Source] = []
        self._heat_sources: list[Source] = []

    def inject_smoke(self, rate_g_per_s: float, start_s: float, duration_s: float) -> None:
        """Bring smoke of another origin into the room (a nuisance)."""
        self._smoke_sources.append(Source(rate_g_per_s * 1e-3, Window(start_s, duration_s)))

    def inject_heat(self, power_w: float, start_s: float, duration_s: float) -> None:
        """Bring convective heat of another origin below the ceiling."""
        self._heat_sources.append(Source(power_w, Window(start_s, duration_s)))

    def _foreign_heat_w(self) -> float:
        return total_rate(self._heat_sources, self.time_s)

    def _advance_air(
        self, inputs: AirInputs, heat_w: float, gas_m3: Floats, smoke_kg: float, burnt_j: float, dt_s: float
    ) -> None:
        """Mix what the step set free into the air, discharge agent, ventilate, warm."""
        room = self.room
        smoke_kg += total_rate(self._smoke_sources, self.time_s) * dt_s
        room.mix(gas_m3, smoke_kg, burnt_j)
        out_kg = self._main.advance(dt_s, flowing=inputs.agent_available and inputs.agent_valve_open)
        out_kg += self._reserve.advance(dt_s, flowing=inputs.reserve_valve_open)
        room.discharge(out_kg, self.agent, RELIEF_M2 * inputs.relief_open, dt_s)
        dampers = float(inputs.damper_open_fraction.sum()) / inputs.damper_open_fraction.size
        flow = self._ventilation.fresh_m3_per_s(
            inputs.exhaust_fraction, dampers, inputs.relief_open, hvac_on=inputs.hvac_on, door_open=inputs.door_open
        )
        room.ventilate(flow, inputs.ambient_degc, dt_s)
        room.heat(heat_w, inputs.ambient_degc, dt_s, hvac_on=inputs.hvac_on)

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
    def overpressure_pa(self) -> float:
        """Pressure on the walls during a discharge, quasi-steady through leaks and relief."""
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


def ppm_of(fractions: Floats, species: int) -> float:
    """One species of ``fractions[species]`` in ppm."""
    return float(fractions[species]) * gas.PPM
