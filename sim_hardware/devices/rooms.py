"""The rooms of a site: physics on one side, what its heads measure and what its actuators do on the other."""

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from controller.core.layout import HeadLayout, Layout
from controller.site.model import Family, Role
from controller.site.power import Power
from sim_hardware.devices.actuators import AT_END, Actuators
from sim_hardware.devices.head_probes import GasHeads
from sim_hardware.devices.room_geometry import battery_geometry, server_geometry
from sim_hardware.physics.battery_geometry import BatteryRoomInputs
from sim_hardware.physics.battery_room import BatteryRoom
from sim_hardware.physics.falling_water import WATERS
from sim_hardware.physics.gas import PPM
from sim_hardware.physics.server_room import ServerRoom, ServerRoomInputs
from sim_hardware.scenarios.model import PlantSettings

Probe = Callable[[], npt.ArrayLike]
"""Looks at the truth: one value, or one a point."""


class Shown:
    """A probe whose truth always stands in one array, which the physics reuses: who looks often may copy from there."""

    def __init__(self, array: npt.NDArray[np.float64]) -> None:
        self.array = array

    def __call__(self) -> npt.NDArray[np.float64]:
        """The truth (count,)."""
        return self.array


PUMP_LPM = 240.0
"""What the pump delivers at most (assumed)."""
DISCHARGED_BAR = 3.0
"""Manifold pressure at which the pressure switch makes (assumed)."""
LOW_AGENT = 0.9
"""Share of the full pressure below which a bank is low (the usual limit of 10 % loss)."""
CALM_DEGC = 45.0
"""While no cell is hotter and nothing has vented, physics goes in long steps."""


class Room(Protocol):
    """What the plant asks of a room."""

    @property
    def room(self) -> BatteryRoom | ServerRoom:
        """The physics."""
        ...

    def apply(self, actuators: Actuators, *, door_open: bool) -> None:
        """Take over the actuators' positions (their meaning: `ROLE_MEANING`) and the door's."""
        ...

    def fail_hvac(self, *, failed: bool) -> None:
        """Let the air conditioning fail, or work again; it takes effect with the next `apply`."""
        ...

    def probe(self, head: HeadLayout, ordinal: int) -> Probe | None:
        """What `head`, whose first point is the `ordinal`-th of its family in the zone, looks at; None for what is not here."""
        ...

    @property
    def calm(self) -> bool:
        """Whether long steps will do."""
        ...

    @property
    def low_agent(self) -> bool:
        """Whether the main bank has lost its pressure."""
        ...

    @property
    def discharged(self) -> bool:
        """Whether the manifold's pressure switch makes."""
        ...

    @property
    def contacts(self) -> tuple[bool, ...]:
        """All contacts that the physics itself moves."""
        ...


class _Air:
    """The actuators of a zone that act on its air and agent, whatever stands in the room."""

    def __init__(self, zone: int, actuators: Actuators) -> None:
        self.by_role = {role: actuators.of(role, zone) for role in Role}
        self.hvac_failed = False

    def most(self, position: npt.NDArray[np.float64], role: Role) -> float:
        """The furthest position among the outputs of a role; 0 without any."""
        return float(position[self.by_role[role]].max(initial=0.0))

    def apply(self, inputs: BatteryRoomInputs | ServerRoomInputs, position: npt.NDArray[np.float64]) -> None:
        """Set what both kinds of room have."""
        dampers = self.by_role[Role.DAMPER]
        inputs.damper_open_fraction[: len(dampers)] = 1.0 - position[dampers]
        inputs.exhaust_fraction = self.most(position, Role.EXHAUST)
        inputs.relief_open = self.most(position, Role.RELIEF)
        inputs.hvac_on = self.most(position, Role.HVAC_STOP) < AT_END and not self.hvac_failed
        led_here = not len(self.by_role[Role.SELECTOR]) or self.most(position, Role.SELECTOR) >= AT_END
        inputs.agent_valve_open = led_here and self.most(position, Role.AGENT) >= AT_END
        inputs.reserve_valve_open = led_here and self.most(position, Role.AGENT_RESERVE) >= AT_END
        inputs.extended_valve_open = led_here and self.most(position, Role.AGENT_EXTENDED) >= AT_END


class BatteryZone:
    """A battery room with its racks, which the layout knows by their indices over the whole site."""

    def __init__(
        self, layout: Layout, zone: int, actuators: Actuators, seed: int, settings: PlantSettings | None = None
    ) -> None:
        self._racks = [k for k, of_zone in enumerate(layout.rack_zone) if of_zone == zone]
        self._names = [layout.racks[k] for k in self._racks]
        self._air = _Air(zone, actuators)
        dampers = len(self._air.by_role[Role.DAMPER])
        self.geometry = battery_geometry(layout, zone, len(self._racks), dampers, settings)
        self.room = BatteryRoom(self.geometry, seed)
        self._gas_heads = GasHeads(self.room, seed)
        self._in_racks = self._gas_heads.air(lambda: self.room.rack_ppm)
        self._below_ceiling = self._gas_heads.air(lambda: self.room.room_ppm)
        self._outputs = layout.outputs
        self._power = Power(layout.site)
        self._breakers = [o.index for o in layout.outputs if o.output.role is Role.BREAKER]
        self._opened: list[bool] = [False] * len(self._breakers)
        self._dead = [self._power.is_dead(name, ()) for name in self._names]

    def rack_index(self, name: str) -> int:
        """Place of a rack in the room, from its name. Raises ValueError for one that is not here."""
        return self._names.index(name)

    def apply(self, actuators: Actuators, *, door_open: bool) -> None:
        """Take over the actuators' positions and the door's."""
        position = actuators.position
        inputs = self.room.inputs
        self._air.apply(inputs, position)
        inputs.door_open = door_open
        for index in self._air.by_role[Role.CHARGER_STOP]:
            inputs.charger_stopped[self._rack(index)] = position[index] >= AT_END
        inputs.breaker_open[:] = self._cut_off(position)
        inputs.curtain_fraction = self._air.most(position, Role.CURTAIN)
        inputs.water_barrier_fraction = self._air.most(position, Role.WATER_BARRIER)
        self._set_coolant(position)

    def _cut_off(self, position: npt.NDArray[np.float64]) -> list[bool]:
        """Which racks no feed reaches through the breakers that are closed."""
        at_end = (position[self._breakers] >= AT_END).tolist()
        if at_end != self._opened:
            opened = {
                self._outputs[index].name for index, is_open in zip(self._breakers, at_end, strict=True) if is_open
            }
            self._opened, self._dead = at_end, [self._power.is_dead(name, opened) for name in self._names]
        return self._dead

    def fail_hvac(self, *, failed: bool) -> None:
        """Let the air conditioning fail, or work again."""
        self._air.hvac_failed = failed

    def _set_coolant(self, position: npt.NDArray[np.float64]) -> None:
        flow = self.room.inputs.coolant_flow_lpm
        flow[:] = 0.0
        pump = self._air.most(position, Role.PUMP)
        for index in self._air.by_role[Role.COOLANT]:
            flow[self._rack(index)] = WATERS[self.geometry.water].lpm * pump * position[index]
        if flow.sum() > PUMP_LPM:
            flow *= PUMP_LPM / flow.sum()

    def _rack(self, output: int) -> int:
        return self._racks.index(self._outputs[output].rack)

    @property
    def calm(self) -> bool:
        """No cell warm, nothing vented."""
        room = self.room
        if room.any_vented:
            return False
        return float(room.cell_temp_degc.max()) < CALM_DEGC and not room.vented.any()

    @property
    def low_agent(self) -> bool:
        """Whether the main bank has lost its pressure."""
        return self.room.agent_pressure_bar < LOW_AGENT * self.geometry.agent_bar

    @property
    def discharged(self) -> bool:
        """Whether the manifold's pressure switch makes."""
        return self.room.discharge_pressure_bar >= DISCHARGED_BAR

    @property
    def contacts(self) -> tuple[bool, ...]:
        """All contacts that the physics itself moves."""
        return (self.low_agent, self.discharged, self.discharging)

    def rack_flow(self, rack: int) -> Probe:
        """Coolant on a rack (layout index), litres per minute."""
        place = self._racks.index(rack)
        return lambda: self.room.inputs.coolant_flow_lpm[place]

    @property
    def discharging(self) -> bool:
        """Whether the strings carry the load."""
        return math.fsum(self.room.inputs.string_current_a.tolist()) < 0.0

    def flow(self) -> float:
        """Coolant in all, litres per minute."""
        return float(self.room.inputs.coolant_flow_lpm.sum())

    def probe(self, head: HeadLayout, ordinal: int) -> Probe | None:
        """What a head looks at."""
        family = Family(head.head.family)
        if family is Family.CELL_TEMPERATURE:
            return self._cells(head, self.room.cell_temp_degc)
        if family is Family.CELL_VOLTAGE:
            return self._cells(head, self.room.cell_voltage_v)
        return self._in_rack(head, ordinal) if head.rack >= 0 else self._in_room(head, ordinal)

    def _in_rack(self, head: HeadLayout, ordinal: int) -> Probe | None:
        room, rack = self.room, self._racks.index(head.rack)
        if Family(head.head.family) is Family.CLIMATE_TEMPERATURE:
            return Shown(room.rack_air_degc[rack : rack + 1])
        return self._gas_heads.head(head, ordinal, self._in_racks, rack)

    def _in_room(self, head: HeadLayout, ordinal: int) -> Probe | None:
        room = self.room
        smoke, heat = ordinal % len(room.smoke_pct_per_m), ordinal % len(room.heat_head_degc)
        probes: dict[Family, Probe] = {
            Family.SMOKE: Shown(room.smoke_pct_per_m[smoke : smoke + 1]),
            Family.HEAT: Shown(room.heat_head_degc[heat : heat + 1]),
            Family.CLIMATE_TEMPERATURE: lambda: room.room_temp_degc,
        }
        probe = probes.get(Family(head.head.family))
        return probe or self._gas_heads.head(head, ordinal, self._below_ceiling)

    def _cells(self, head: HeadLayout, truth: npt.NDArray[np.float64]) -> Probe:
        """All cells of a rack, or, of a poor BMS with three points, their minimum, maximum and mean."""
        cells = truth[self._racks.index(head.rack)]
        if len(head.points) == cells.size:
            return Shown(cells.ravel())
        if len(head.points) == 3:  # noqa: PLR2004 - minimum, maximum, mean
            return lambda: (cells.min(), cells.max(), cells.mean())
        raise ValueError(
            f"heads.{head.name}: {len(head.points)} points for {cells.size} cells; remedy: all cells, or three points "
            "(minimum, maximum, mean)"
        )


class ServerZone:
    """A room without racks of cells: cabinets with climate sensors, aspirating detectors, agent."""

    def __init__(
        self, layout: Layout, zone: int, actuators: Actuators, seed: int, settings: PlantSettings | None = None
    ) -> None:
        self._air = _Air(zone, actuators)
        dampers = len(self._air.by_role[Role.DAMPER])
        self.geometry = server_geometry(layout, zone, dampers, settings)
        self.room = ServerRoom(self.geometry, seed)
        self._gas_heads = GasHeads(self.room, seed)
        self._in_room = self._gas_heads.air(lambda: self.room.room.gas * PPM)

    def apply(self, actuators: Actuators, *, door_open: bool) -> None:
        """Take over the actuators' positions and the door's."""
        self._air.apply(self.room.inputs, actuators.position)
        self.room.inputs.door_open = door_open

    def fail_hvac(self, *, failed: bool) -> None:
        """Let the air conditioning fail, or work again."""
        self._air.hvac_failed = failed

    @property
    def calm(self) -> bool:
        """No agent flows."""
        inputs = self.room.inputs
        return not (inputs.agent_valve_open or inputs.reserve_valve_open or inputs.extended_valve_open)

    @property
    def low_agent(self) -> bool:
        """Whether the main bank has lost its pressure."""
        return self.room.agent_pressure_bar < LOW_AGENT * self.geometry.agent_bar

    @property
    def discharged(self) -> bool:
        """Whether the manifold's pressure switch makes."""
        return self.room.discharge_pressure_bar >= DISCHARGED_BAR

    @property
    def contacts(self) -> tuple[bool, ...]:
        """All contacts that the physics itself moves."""
        return (self.low_agent, self.discharged)

    def probe(self, head: HeadLayout, ordinal: int) -> Probe | None:
        """What a head looks at."""
        room = self.room
        smoke = ordinal % len(room.smoke_pct_per_m)
        probes: dict[Family, Probe] = {
            Family.CLIMATE_TEMPERATURE: Shown(room.temps_degc[ordinal : ordinal + 1]),
            Family.CLIMATE_HUMIDITY: Shown(room.rh_pct[ordinal : ordinal + 1]),
            Family.SMOKE: Shown(room.smoke_pct_per_m[smoke : smoke + 1]),
            Family.HEAT: lambda: room.room_temp_degc,
        }
        probe = probes.get(Family(head.head.family))
        return probe or self._gas_heads.head(head, ordinal, self._in_room)
