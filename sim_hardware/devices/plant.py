"""The plant of a site: rooms, devices and actuators, advanced in plant time, in front of nothing but register memory and messages."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from controller.core.layout import Layout, lay_out
from controller.site.model import Family, Physics, Role, Site
from drivers.points import RegisterBlock
from sim_hardware.devices.actuators import Actuators
from sim_hardware.devices.faulting import Faulting
from sim_hardware.devices.memory import DeviceMemory, share_words
from sim_hardware.devices.messages import Message, Messenger
from sim_hardware.devices.modules import build_modules
from sim_hardware.devices.playback import Playback
from sim_hardware.devices.rooms import BatteryZone, Room, ServerZone
from sim_hardware.devices.sampling import Sampling
from sim_hardware.devices.sensors import Sensor
from sim_hardware.devices.truth import Truth, battery_truth, server_truth
from sim_hardware.devices.wiring import STEP_MS, Inputs, wire_up
from sim_hardware.faults.spec import FaultSpec
from sim_hardware.scenarios.model import PlantSettings, Scenario
from sim_hardware.scenarios.nuisances import expand
from sim_hardware.scenarios.player import Player

CALM_STEP_MS = 500
"""Step of a calm room's physics, at full detail."""
COARSE_STEP_MS, SERVER_STEP_MS = 10_000, 2_000
"""Longest steps of a calm room in coarse runs: a server room's air follows its machines explicitly (0.14 K off at 2 s, 0.9 K at 10 s)."""


class Plant:
    """Everything that stands in the field. `memories` (by device) are what Modbus units show and take, `drain` gives the MQTT messages.

    Two plants of the same site, seed and scenario that get the same writes at the same ticks are equal bit for bit.
    """

    def __init__(
        self,
        site: Site,
        seed: int,
        scenario: Scenario | None = None,
        faults: Sequence[FaultSpec] = (),
        playback: Playback | None = None,
    ) -> None:
        scenario = expand(scenario, site, seed) if scenario else None
        self.site = site
        self.layout: Layout = lay_out(site)
        self.tick_ms = 0
        self.memories = _memories(self.layout)
        self.modules = build_modules(self.layout, self.memories)
        self.actuators = Actuators(self.layout)
        self.rooms: dict[str, Room] = {
            name: _room(self.layout, zone, self.actuators, seed, scenario.plant.get(name) if scenario else None)
            for zone, name in enumerate(site.zones)
        }
        self.inputs = Inputs()
        rooms = tuple(self.rooms.values())
        self._playback = playback
        recorded = playback.probes(self.layout) if playback else {}
        self.sensors: tuple[Sensor, ...] = wire_up(self.layout, rooms, self.actuators, self.inputs, seed, recorded)
        for sensor in self.sensors:
            sensor.attach(self.memories[sensor.block.device])
        self._doors = {
            name: [h.name for h in self.layout.heads if h.zone == zone and h.head.family is Family.DOOR]
            for zone, name in enumerate(site.zones)
        }
        self._messenger = Messenger(self.layout)
        self._sampling = Sampling(self.sensors, self._messenger, self.memories, seed)
        self._coils = _Coils(self.layout, self.memories)
        self._room_ms = dict.fromkeys(self.rooms, 0)
        self._calm_ms = CALM_STEP_MS
        self._step_ms = self._going_ms = STEP_MS
        self.stirs_s = _stirs_s(scenario, faults)
        """When the scenario lets something begin, and when it is over: (begin, end), in seconds."""
        self._contacts: dict[str, tuple[bool, ...]] = {}
        self._player = Player(scenario) if scenario else None
        self.faulting = Faulting(self.layout, self.sensors, self.actuators, self.rooms, self.modules)
        for fault in (*(scenario.faults if scenario else ()), *faults):
            self.add_fault(fault)
        if self._player:
            self._player.begin(self)
        self._sample()

    # --- what tests, scenarios and people do ------------------------------------------------------------------------

    def add_fault(self, fault: FaultSpec) -> None:
        """Bind a fault to its target. Raises FaultError for one that fits nothing."""
        self.faulting.add(fault)

    def set_input(self, head: str, value: bool) -> None:
        """Somebody operates the wired input `head`. Raises KeyError for a name that is no wired input."""
        if head not in self.inputs.rest:
            raise KeyError(f"{head} is no wired input; remedy: one of {', '.join(self.inputs.rest)}")
        self.inputs.said[head] = value
        self.actuators.changed = True

    def close_breaker(self, name: str) -> None:
        """Somebody closes the breaker of output `name` at the switchgear. Raises KeyError for a name that is no breaker."""
        breakers = {o.name: o.index for o in self.layout.outputs if o.output.role is Role.BREAKER}
        if name not in breakers:
            raise KeyError(f"{name} is no breaker; remedy: one of {', '.join(breakers)}")
        self.actuators.close(breakers[name])

    def battery(self, zone: str) -> BatteryZone:
        """The battery room of `zone`. Raises KeyError if there is none."""
        room = self.rooms[zone]
        if not isinstance(room, BatteryZone):
            raise KeyError(f"zone {zone} has no racks")
        return room

    def answers(self, device: str) -> float | None:
        """Seconds (wall time) by which `device` answers late; None if it answers nothing at all."""
        return self.faulting.answers(device, self.tick_ms)

    @property
    def all_answer(self) -> bool:
        """Whether no device has a fault of its own to come, so that all answer at once for ever."""
        return not self.faulting.has_devices

    # --- time -------------------------------------------------------------------------------------------------------

    def advance_to(self, tick_ms: int) -> None:
        """Advance in steps of 100 ms of plant time, as far as a whole step fits."""
        while self.tick_ms + STEP_MS <= tick_ms:
            self._going_ms = min(self._step_ms, (tick_ms - self.tick_ms) // STEP_MS * STEP_MS)
            self._step()

    def go(self, *, step_ms: int, calm_ms: int | None) -> None:
        """From now on go in steps of `step_ms` (in whole 100 ms), the physics of calm rooms in steps of `calm_ms` (None: as usual)."""
        self._step_ms = step_ms
        self._calm_ms = CALM_STEP_MS if calm_ms is None else calm_ms

    @property
    def is_calm(self) -> bool:
        """Whether every room is calm and no actuator moves."""
        return not self.actuators.moving and all(room.calm for room in self.rooms.values())

    def _step(self) -> None:
        self.tick_ms += self._going_ms
        if self._player:
            self._player.play(self)
        if self._playback and self._playback.advance(self.tick_ms):
            self.actuators.changed = True
        self.faulting.advance(self.tick_ms)
        for module in self.modules.values():
            module.advance(self.tick_ms)
        if self._coils.changed() or self.actuators.changed or self.actuators.moving:
            self.actuators.command(self._coils.commands())
            self.actuators.advance(self._going_ms / 1000)
        for name, room in self.rooms.items():
            self._advance_room(name, room)
        self._sample()

    def _advance_room(self, name: str, room: Room) -> None:
        """Physics goes step by step; in a calm room, whose actuators rest, in longer steps."""
        if self.actuators.changed:
            room.apply(self.actuators, door_open=self._door_open(name))
        behind_ms = self.tick_ms - self._room_ms[name]
        calm = room.calm
        if behind_ms >= self._calm_ms or self.actuators.changed or not calm:
            longest_ms = min(self._calm_ms, _longest_calm_ms(room)) if calm else CALM_STEP_MS
            room.room.advance(behind_ms / 1000, longest_ms / 1000)
            self._room_ms[name] = self.tick_ms
            contacts = room.contacts
            if self._contacts.get(name) != contacts:
                self._contacts[name] = contacts
                self.actuators.changed = True

    def _door_open(self, zone: str) -> bool:
        return any(self.inputs.says(door) for door in self._doors[zone])

    def _sample(self) -> None:
        contacts_moved = self.actuators.changed or self.faulting.busy(self.tick_ms)
        self.actuators.changed = False
        self._sampling.sample(self.tick_ms, contacts_moved=contacts_moved)
        self._messenger.send(self.tick_ms, self.faulting)

    def drain(self) -> list[Message]:
        """The MQTT messages since the last call, in their order."""
        return self._messenger.drain()

    # --- what really is ---------------------------------------------------------------------------------------------

    def measured(self, block: str) -> npt.NDArray[np.float64]:
        """What the sensors of `block` saw at their last sample, before the resolution of their registers."""
        return next(sensor for sensor in self.sensors if sensor.block.name == block).measured

    def truth(self) -> Truth:
        """A snapshot of what really is."""
        batteries = [battery_truth(name, room) for name, room in self.rooms.items() if isinstance(room, BatteryZone)]
        servers = [server_truth(name, room) for name, room in self.rooms.items() if isinstance(room, ServerZone)]
        positions = {o.name: round(float(self.actuators.position[o.index]), 3) for o in self.layout.outputs}
        fallen = [name for name, module in self.modules.items() if module.fallen]
        return Truth(self.tick_ms, batteries, servers, positions, fallen)


class _Coils:
    """The channels of all outputs, seen in the modules' memories. An output is active when none of its channels is normal."""

    def __init__(self, layout: Layout, memories: dict[str, DeviceMemory]) -> None:
        blocks = {block.name: block for block in layout.blocks if isinstance(block, RegisterBlock)}
        pairs = [(output, *layout.place_of(point)) for output in layout.outputs for point in output.channels]
        names = list(dict.fromkeys(name for _, name, _ in pairs))
        first: dict[str, int] = {}
        self._views: list[npt.NDArray[np.uint16]] = [np.zeros(0, np.uint16)]  # a site may have no outputs
        for name in names:
            block = blocks[name]
            first[name] = sum(len(view) for view in self._views)
            size = block.count * block.data_type.registers
            self._views.append(memories[block.device].view(block.table, block.address, size))
        places = [first[name] + index * blocks[name].data_type.registers for _, name, index in pairs]
        self._places = np.array(places, np.intp)
        self._output = np.array([output.index for output, _, _ in pairs], np.intp)
        self._normal = np.array([bool(output.output.normal) for output, _, _ in pairs])
        self._n_outputs = len(layout.outputs)
        self._memories = [memories[device] for device in dict.fromkeys(blocks[name].device for name in names)]
        self._written: list[int] = []
        self._seen = b""

    def changed(self) -> bool:
        """Whether any channel is not as it was at the last call."""
        written = [memory.written for memory in self._memories]
        if written == self._written:
            return False
        self._written = written
        before, self._seen = self._seen, b"".join([view.tobytes() for view in self._views])
        return before != self._seen

    def commands(self) -> npt.NDArray[np.float64]:
        """1.0 for each output that shall be active (n_outputs,)."""
        driven = (np.concatenate(self._views)[self._places] != 0) != self._normal
        active = np.ones(self._n_outputs)
        active[self._output[~driven]] = 0.0
        return active


def _longest_calm_ms(room: Room) -> int:
    return SERVER_STEP_MS if isinstance(room, ServerZone) else COARSE_STEP_MS


def _stirs_s(scenario: Scenario | None, faults: Sequence[FaultSpec]) -> list[tuple[float, float]]:
    """Initiations from beginning to end (those without an end begin only); faults and wired inputs when they come and when they go."""
    initiations = scenario.initiations if scenario else ()
    held = [(i.at_s, i.at_s + i.duration_s if math.isfinite(i.duration_s) else i.at_s) for i in initiations]
    moments = [item.at_s for item in scenario.inputs] if scenario else []
    for fault in (*(scenario.faults if scenario else ()), *faults):
        moments += [at_s for at_s in (fault.at_s, fault.until_s) if math.isfinite(at_s)]
    return held + [(at_s, at_s) for at_s in moments]


def _memories(layout: Layout) -> dict[str, DeviceMemory]:
    memories = {}
    for name, device in layout.site.devices.items():
        blocks = [block for block in layout.blocks if block.device == name and isinstance(block, RegisterBlock)]
        writable = frozenset(block.name for block in blocks if layout.site.blocks[block.name].writable)
        memories[name] = DeviceMemory(name, blocks, writable, device.max_gap)
    share_words(memories.values())
    return memories


def _room(layout: Layout, zone: int, actuators: Actuators, seed: int, settings: PlantSettings | None) -> Room:
    """A battery room for a zone whose racks have cells; a server room for any other."""
    cells = any(head.zone == zone and head.physics is Physics.BMS for head in layout.heads)
    if cells and zone in layout.rack_zone:
        return BatteryZone(layout, zone, actuators, seed, settings)
    return ServerZone(layout, zone, actuators, seed, settings)
