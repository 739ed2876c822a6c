"""Binds faults to the plant's sensors, devices, actuators and rooms, and makes them come and go in time."""

import numpy as np
import numpy.typing as npt

from controller.core.layout import Layout, resolve
from controller.site.model import Family, Physics
from sim_hardware.devices.actuators import Actuators
from sim_hardware.devices.modules import Module
from sim_hardware.devices.rooms import Room
from sim_hardware.devices.sensors import Sensor
from sim_hardware.faults.bound import bind
from sim_hardware.faults.kinds import FaultKind, Reach, kind_of, value_of
from sim_hardware.faults.spec import FaultError, FaultSpec, no_such
from sim_hardware.faults.targets import check_on_wires

_PerOutput = npt.NDArray[np.bool_] | npt.NDArray[np.float64]


class Faulting:
    """All faults of a plant. Faults of values act inside their sensors; the others are looked at each step.

    `on_wires` are those of wires and brokers, which are the business of the proxies (`sim_hardware.faults.placing`).
    """

    def __init__(
        self,
        layout: Layout,
        sensors: tuple[Sensor, ...],
        actuators: Actuators,
        rooms: dict[str, Room],
        modules: dict[str, Module],
    ) -> None:
        self._layout = layout
        self._sensors = {sensor.block.name: sensor for sensor in sensors}
        self._actuators = actuators
        self._rooms = rooms
        self._modules = modules
        self._devices: list[FaultSpec] = []
        self._outputs: list[tuple[FaultSpec, int]] = []
        self._empty: list[tuple[FaultSpec, Room]] = []
        self._without_power: set[str] = set()
        self.on_wires: list[FaultSpec] = []

    def add(self, spec: FaultSpec) -> None:
        """Bind `spec` to its target. Raises FaultError."""
        kind = kind_of(spec)
        match kind.reach:
            case Reach.POINTS:
                self._add_points(spec, kind)
            case Reach.BMS:
                self._add_bms(spec, kind)
            case Reach.DEVICE:
                if spec.target not in self._layout.devices:
                    raise no_such(spec, "device", self._layout.devices)
                self._devices.append(spec)
            case Reach.OUTPUT:
                self._add_output(spec, kind)
            case Reach.ZONE:
                self._add_zone(spec, kind)
            case Reach.WIRE | Reach.BROKER:
                check_on_wires(spec, kind, self._layout.site)
                self.on_wires.append(spec)

    # --- binding ----------------------------------------------------------------------------------------------------

    def _add_points(self, spec: FaultSpec, kind: FaultKind) -> None:
        name, bracket, rest = spec.target.partition("[")
        head = next((head for head in self._layout.heads if head.name == name), None)
        if head is None:
            try:
                points = resolve(spec.target, self._layout.site, self._layout.first)
            except (KeyError, ValueError) as error:
                raise no_such(spec, "head or block", [head.name for head in self._layout.heads]) from error
        else:
            points = head.points[int(rest[:-1]) : int(rest[:-1]) + 1] if bracket else head.points
        if len(points) == 0:
            raise FaultError(f"fault {spec.kind}: {spec.target} has no such point; remedy: count from 0")
        self._bind(spec, kind, points)

    def _add_bms(self, spec: FaultSpec, kind: FaultKind) -> None:
        heads = [h for h in self._layout.heads if h.device == spec.target and h.physics is Physics.BMS]
        if not heads:
            names = sorted({head.device for head in self._layout.heads if head.physics is Physics.BMS})
            raise no_such(spec, "BMS", names)
        for head in heads:
            self._bind(spec, kind, head.points, Family(head.head.family))

    def _add_output(self, spec: FaultSpec, kind: FaultKind) -> None:
        outputs = [o for o in self._layout.outputs if kind.role is None or o.output.role is kind.role]
        found = next((output for output in outputs if output.name == spec.target), None)
        if found is None:
            raise no_such(spec, kind.role or "output", [output.name for output in outputs])
        self._outputs.append((spec, found.index))

    def _add_zone(self, spec: FaultSpec, kind: FaultKind) -> None:
        zone = self._layout.site.zones.get(spec.target)
        if zone is None or zone.release is None:
            raise no_such(spec, "zone with a release", list(self._layout.site.zones))
        if kind.distort is not None:
            point = resolve(zone.release.discharged, self._layout.site, self._layout.first)
            self._bind(spec, kind, point)
            return
        self._empty.append((spec, self._rooms[spec.target]))

    def _bind(
        self, spec: FaultSpec, kind: FaultKind, points: npt.NDArray[np.int32], family: Family | None = None
    ) -> None:
        by_block: dict[str, list[int]] = {}
        for point in points.tolist():
            name, place = self._layout.place_of(point)
            by_block.setdefault(name, []).append(place)
        for name, places in by_block.items():
            if name not in self._sensors:
                raise FaultError(f"fault {spec.kind}: {name} is written by the controller; remedy: name an output")
            sensor, unit = self._sensors[name], self._layout.site.blocks[name].unit
            sensor.faults.append(bind(spec, kind, family, unit, places, sensor.high))

    # --- time -------------------------------------------------------------------------------------------------------

    def advance(self, tick_ms: int) -> None:
        """Let faults of actuators, rooms and power come and go."""
        now_s = tick_ms / 1000
        if self._outputs:
            self._advance_outputs(now_s)
        for spec, room in self._empty:
            room.room.inputs.agent_available = not spec.holds(now_s)
        for spec in self._devices:
            if spec.kind == "device-restart":
                self._switch(spec.target, off=spec.holds(now_s))

    def _advance_outputs(self, now_s: float) -> None:
        """Of several faults of one kind at one output, one that holds counts."""
        wanted: dict[tuple[int, int], tuple[_PerOutput, float]] = {}
        for spec, index in self._outputs:
            values, healthy, faulty = self._of_actuators(spec)
            if spec.holds(now_s):
                wanted[id(values), index] = values, faulty
            else:
                wanted.setdefault((id(values), index), (values, healthy))
        for (_, index), (values, value) in wanted.items():
            if values[index] != value:
                values[index] = value
                self._actuators.changed = True

    def _of_actuators(self, spec: FaultSpec) -> tuple[_PerOutput, float, float]:
        """What a fault of an output alters, and what stands there without and with it."""
        match spec.kind:
            case "no-feedback":
                return self._actuators.no_feedback, 0, 1
            case "late-feedback":
                return self._actuators.feedback_late_s, 0.0, value_of(spec)
            case "stuck-half-way":
                return self._actuators.limit, 1.0, value_of(spec)
            case _:
                return self._actuators.stuck, 0, 1

    def _switch(self, device: str, *, off: bool) -> None:
        if off == (device in self._without_power):
            return
        module = self._modules.get(device)
        if off:
            self._without_power.add(device)
            if module is not None:
                module.power_off()
        else:
            self._without_power.discard(device)
            if module is not None:
                module.power_up()

    @property
    def has_devices(self) -> bool:
        """Whether any fault is one of a whole device."""
        return bool(self._devices)

    def busy(self, tick_ms: int) -> bool:
        """Whether a device has just come back or gone, so that its contacts are to be looked at."""
        return bool(self._devices) and any(spec.holds(tick_ms / 1000) for spec in self._devices)

    def answers(self, device: str, tick_ms: int) -> float | None:
        """Seconds by which `device` answers late, None if it does not answer."""
        late_s = 0.0
        for spec in self._devices:
            if spec.target != device or not spec.holds(tick_ms / 1000):
                continue
            if spec.kind != "device-late":
                return None
            late_s = max(late_s, value_of(spec))
        return late_s
