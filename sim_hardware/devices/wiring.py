"""What each point of the site looks at, and which actuator each head and output belongs to: the binding of blocks to rooms."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from controller.core.layout import HeadLayout, Layout
from controller.site.model import ON_AT_REST, Family, Physics, Role
from drivers.points import Block
from sim_hardware.devices.actuators import Actuators
from sim_hardware.devices.rooms import BatteryZone, Probe, Room
from sim_hardware.devices.sensors import Sensor

STEP_MS = 100
"""The plant's step: contacts move on it, devices sample on multiples of it."""


@dataclass(slots=True)
class Inputs:
    """What people and wiring say, by head: `said` by a person, else what `rest` finds out by itself."""

    rest: dict[str, Callable[[], bool]] = field(default_factory=dict)
    said: dict[str, bool] = field(default_factory=dict)

    def says(self, head: str) -> bool:
        """Whether the input says yes."""
        return self.said[head] if head in self.said else self.rest[head]()


def wire_up(
    layout: Layout,
    rooms: tuple[Room, ...],
    actuators: Actuators,
    inputs: Inputs,
    seed: int,
    recorded: Mapping[int, Probe],
) -> tuple[Sensor, ...]:
    """One `Sensor` for each block that the plant fills: all but those that the controller writes. Raises ValueError.

    Points with an entry in `recorded` (by image index) show that, whatever stands in the rooms.
    """
    sensors = {
        block.name: _sensor(layout, block, seed)
        for block in layout.blocks
        if not layout.site.blocks[block.name].writable
    }
    binder = _Binder(layout, sensors)
    for point, probe in recorded.items():
        binder.bind(point, probe)
    for zone, room in enumerate(rooms):
        _bind_zone(binder, zone, room)
    for output in layout.outputs:
        if output.feedback >= 0:
            room = rooms[output.zone]
            is_flow = output.output.role is Role.COOLANT and output.output.feedback and output.output.feedback.at_least
            if is_flow and output.rack >= 0 and isinstance(room, BatteryZone):
                binder.bind(output.feedback, room.rack_flow(output.rack))
            else:
                binder.bind(output.feedback, _contact(actuators, output.index))
    for head in layout.heads:
        if head.physics is Physics.WIRED:
            _bind_input(binder, head, inputs, rooms[head.zone])
    return tuple(sensors.values())


class _Binder:
    """Binds image indices to probes; the first binding of a point holds."""

    def __init__(self, layout: Layout, sensors: dict[str, Sensor]) -> None:
        self.layout = layout
        self._sensors = sensors
        self._bound: set[int] = set()

    def bind(self, point: int, probe: Probe, count: int = 1, family: Family | None = None) -> None:
        """Let `probe` show `count` points from `point` on, with the noise of `family`."""
        if self.is_bound(point):
            return
        self._bound.update(range(point, point + count))
        name, place = self.layout.place_of(point)
        if name not in self._sensors:
            raise ValueError(f"blocks.{name} is written by the controller and measured; remedy: take `writable` out")
        self._sensors[name].look_at(place, count, probe, family)

    def is_bound(self, point: int) -> bool:
        """Whether something shows the point already."""
        return point in self._bound


def _sensor(layout: Layout, block: Block, seed: int) -> Sensor:
    """Contacts are sampled each step; other values with the block's period, devices out of step with each other."""
    sensor = Sensor(block, layout.first[block.name], STEP_MS, 0, seed)
    if sensor.is_contact:
        return sensor
    period_ms = max(STEP_MS, round(block.period_s * 1000 / STEP_MS) * STEP_MS)
    phase_ms = layout.devices.index(block.device) * 7 * STEP_MS % period_ms
    return Sensor(block, layout.first[block.name], period_ms, phase_ms, seed)


def _bind_zone(binder: _Binder, zone: int, room: Room) -> None:
    ordinals: dict[Family, int] = {}
    for head in binder.layout.heads:
        if head.zone != zone or head.physics is Physics.WIRED:
            continue
        family = Family(head.head.family)
        ordinal = ordinals.get(family, 0)
        if len(head.points) > 1 and family not in {Family.CELL_TEMPERATURE, Family.CELL_VOLTAGE}:
            for k, point in enumerate(head.points):
                _bind_head(binder, head, int(point), 1, room.probe(head, ordinal + k))
        else:
            _bind_head(binder, head, int(head.points[0]), len(head.points), room.probe(head, ordinal))
        ordinals[family] = ordinal + len(head.points)
    model = binder.layout.site.zones[binder.layout.zones[zone]]
    if model.release is not None:
        binder.bind(
            binder.layout.point(model.release.discharged),
            lambda: float(room.discharged),
        )
    if model.cooling is not None and isinstance(room, BatteryZone):
        binder.bind(binder.layout.point(model.cooling.flow), room.flow)


def _bind_head(binder: _Binder, head: HeadLayout, point: int, count: int, probe: Probe | None) -> None:
    if all(binder.is_bound(int(k)) for k in range(point, point + count)):
        return
    if probe is None:
        zone = binder.layout.zones[head.zone]
        raise ValueError(f"heads.{head.name}: zone {zone} of the simulated plant has no {head.head.family}")
    if count > 1 and not np.array_equal(head.points, np.arange(point, point + count)):
        raise ValueError(
            f"heads.{head.name}: its points do not lie in one run; remedy: give the plant one block a head"
        )
    binder.bind(point, probe, count, Family(head.head.family))


def _contact(actuators: Actuators, index: int) -> Probe:
    return lambda: actuators.contacts[index]


def _bind_input(binder: _Binder, head: HeadLayout, inputs: Inputs, room: Room) -> None:
    """A wired input: one contact that shows `active` for yes, or an antivalent pair, normally open before normally closed."""
    name = head.name
    family = Family(head.head.family)
    if family is Family.LOW_AGENT:
        inputs.rest[name] = lambda: room.low_agent
    elif family is Family.DISCHARGING and isinstance(room, BatteryZone):
        inputs.rest[name] = lambda: room.discharging
    else:
        inputs.rest[name] = lambda: family in ON_AT_REST
    active = head.head.active
    binder.bind(int(head.points[0]), lambda: float(active if inputs.says(name) else 1 - active))
    if len(head.points) > 1:
        binder.bind(int(head.points[1]), lambda: float(1 - active if inputs.says(name) else active))
