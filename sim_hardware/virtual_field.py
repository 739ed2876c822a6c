"""The field as the controller's links see it, in virtual time: the same plan, decoding and encoding as on sockets, without sockets."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controller.core.events import Write
from controller.core.image import Image, again, ages_ms, freeze
from controller.core.layout import Layout
from controller.site.model import ModbusRtu, ModbusTcp, has_transaction_ids
from drivers.modbus.decode import encode
from drivers.modbus.errors import Where
from drivers.modbus.frame import Framing, ask_read, batches
from drivers.modbus.intake import Intakes, Reading
from drivers.modbus.plan import BIT_TABLES, MOST_IN_FLIGHT, Part, Request, plan_link
from drivers.mqtt.intake import Intake as TopicIntake
from drivers.points import BlockBuffer, RegisterBlock, TopicBlock
from sim_hardware.devices.memory import DeviceMemory
from sim_hardware.devices.plant import Plant
from sim_hardware.virtual_blocks import PlainBlocks, is_plain

KICKS_PER_TIMEOUT = 4
"""The controller writes a module's watchdog register so many times within its timeout."""


class _Visit:
    """All requests of a device with one period: asked together, as their words stand in the device's memory at one moment."""

    def __init__(self, device: str, requests: list[Request], intakes: Intakes, memory: DeviceMemory) -> None:
        self.devices = [device]
        self.period_ms = round(requests[0].period_s * 1000)
        self.due_ms = 0
        asks = [ask_read(Where("", device, ""), r.unit, r.table, r.address, r.count) for r in requests]
        self._readings: list[Reading] = intakes.readings(requests, batches(asks, Framing.TCP, MOST_IN_FLIGHT))
        self._images = [image for reading in self._readings for image in reading.batch.images]
        self._views = [memory.view(r.table, r.address, r.count) for r in requests]
        self._is_bits = [r.table in BIT_TABLES for r in requests]
        self._last: list[bytes] = []

    def take(self, _answering: list[str], tick_ms: int) -> None:
        """Take in what the device shows. What it showed last time as well is a new sample of the same values: no need to decode it."""
        before, self._last = self._last, [view.tobytes() for view in self._views]
        if before == self._last:
            self._readings[0].take_again(tick_ms)
        else:
            self.take_anew(tick_ms)

    def take_anew(self, tick_ms: int) -> None:
        """Take in what the device shows, whatever it showed before."""
        for image, view, is_bits in zip(self._images, self._views, self._is_bits, strict=True):
            image[:] = _packed(view) if is_bits else view.view(np.uint8).data
        for reading in self._readings:
            reading.take(tick_ms)

    def forget(self) -> None:
        """The next reply is decoded, whatever it says."""
        self._last = []


@dataclass(slots=True)
class _Kick:
    """A module's watchdog register."""

    block: RegisterBlock
    index: int
    period_ms: int
    due_ms: int = 0
    number: int = 0


class VirtualField:
    """Polls a plant's memories at the blocks' periods and hears its messages; its buffers lie one behind the other, as in the image."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        layout = plant.layout
        self._layout = layout
        registers = {block.name: block for block in layout.blocks if isinstance(block, RegisterBlock)}
        self._registers = registers
        site = layout.site
        self._is_plain = {name: is_plain(block, site.devices[block.device]) for name, block in registers.items()}
        members = {name: block for name, block in registers.items() if not self._is_plain[name]}
        self._buffer = BlockBuffer.empty(layout.n_points)
        room = {block.name: self._buffer.part(layout.first[block.name], block.count) for block in layout.blocks}
        self._intakes = Intakes(members.values(), room)
        heartbeats = {name: device.heartbeat for name, device in layout.site.devices.items()}
        topics = (block for block in layout.blocks if isinstance(block, TopicBlock))
        self._topics = TopicIntake(topics, heartbeats, room)
        self._topics.connected(plant.tick_ms)
        self._visits = [visit for device in layout.devices for visit in self._visits_of(device)]
        self._plain = self._make_plain()
        self._polled: list[_Visit | PlainBlocks] = [*self._visits, *self._plain]
        self._next_ms = 0
        self._members = {d: [b.name for b in members.values() if b.device == d] for d in layout.devices}
        self._timeout_s = {d: _timeout_s(layout, d) for d in layout.devices}
        self._kicks = _kicks(layout, registers)
        self._backs: dict[tuple[str, int], _Visit] = {}
        self._image: Image | None = None
        self._has_news = True
        self._ages_ms = 0

    def _visits_of(self, device: str) -> list[_Visit]:
        limits = self._layout.site.devices[device]
        blocks = [b for b in self._registers.values() if b.device == device and not self._is_plain[b.name]]
        has_transactions = has_transaction_ids(self._layout.site.links[limits.link])
        requests = plan_link(blocks, limits.max_registers, limits.max_gap, has_transactions=has_transactions)
        of_period: dict[float, list[Request]] = {}
        for request in requests:
            of_period.setdefault(request.period_s, []).append(request)
        return [_Visit(device, some, self._intakes, self._plant.memories[device]) for some in of_period.values()]

    def _make_plain(self) -> list[PlainBlocks]:
        of_period: dict[float, list[RegisterBlock]] = {}
        for block in self._registers.values():
            if self._is_plain[block.name]:
                of_period.setdefault(block.period_s, []).append(block)
        places = self._layout.first, self._buffer, self._plant.memories
        return [PlainBlocks(some, *places) for some in of_period.values()]

    def poll(self, tick_ms: int) -> None:
        """Read what is due at `tick_ms`; a device that does not answer in time has no good value any more."""
        if self._next_ms <= tick_ms:
            for one in self._polled:
                if one.due_ms <= tick_ms:
                    one.due_ms += one.period_ms * (1 + (tick_ms - one.due_ms) // one.period_ms)
                    self._has_news = True
                    self._visit(one, tick_ms)
            self._next_ms = min((one.due_ms for one in self._polled), default=tick_ms + 1)
        for message in self._plant.drain():
            self._topics.hear(message.topic, message.said, tick_ms, retained=False)
            self._has_news = True
        if self._topics.check(tick_ms):
            self._has_news = True

    def _visit(self, one: _Visit | PlainBlocks, tick_ms: int) -> None:
        answering = one.devices
        if not self._plant.all_answer:
            answering = [device for device in one.devices if self._answers(device)]
            for silent in set(one.devices).difference(answering):
                self._fail(silent)
        if answering:
            one.take(answering, tick_ms)

    def freeze(self, scan: int, tick_ms: int, host: tuple[int, ...]) -> Image:
        """The image of a scan. Where nothing was received and nothing came of age since the last one, it shares that one's arrays."""
        if self._image is None or self._has_news or tick_ms >= self._ages_ms:
            self._image = freeze(scan, tick_ms, [self._buffer], self._layout.max_age_ms, host, self._image)
            self._ages_ms = ages_ms(self._image, self._layout.max_age_ms)
            self._has_news = False
        else:
            self._image = again(self._image, scan, tick_ms, host)
        return self._image

    def _fail(self, device: str) -> None:
        self._intakes.fail(self._members[device])
        for plain in self._plain:
            plain.fail(device)
        self._forget(device)

    def _forget(self, device: str) -> None:
        """What the device said last is not what its points show: the next reply is decoded, whatever it says."""
        for visit in self._visits:
            if visit.devices == [device]:
                visit.forget()

    def write(self, write: Write, tick_ms: int) -> bool:
        """Write one level and read it back; whether the device took it."""
        name, index = self._layout.place_of(write.point)
        return self._put(self._registers[name], index, write.value, tick_ms)

    def kick(self, tick_ms: int) -> None:
        """Write a new number to every watchdog register that is due."""
        for kick in self._kicks:
            if kick.due_ms <= tick_ms:
                kick.due_ms = tick_ms + kick.period_ms
                kick.number = kick.number % 0xFFFF + 1
                self._put(kick.block, kick.index, kick.number, tick_ms)

    def _put(self, block: RegisterBlock, index: int, value: float, tick_ms: int) -> bool:
        self._has_news = True
        if not self._answers(block.device):
            self._fail(block.device)
            return False
        memory = self._plant.memories[block.device]
        address = block.address + index * block.data_type.registers
        memory.write(block.table, address, encode(block, value))
        if self._is_plain[block.name]:
            return any(plain.take_point(block, index, tick_ms) for plain in self._plain)
        self._forget(block.device)
        if (block.name, index) not in self._backs:
            part = Part(block, index, 1, 0)
            words = block.data_type.registers
            back = Request(block.unit, block.table, address, words, block.period_s, (part,), ())
            self._backs[block.name, index] = _Visit(block.device, [back], self._intakes, memory)
        self._backs[block.name, index].take_anew(tick_ms)
        return True

    def _answers(self, device: str) -> bool:
        if self._plant.all_answer:
            return True
        late_s = self._plant.answers(device)
        return late_s is not None and late_s < self._timeout_s[device]


def _packed(bits: npt.NDArray[np.uint16]) -> memoryview:
    """Bits as the wire packs them, the first one lowest (Modbus Application Protocol 1.1b3, 6.1)."""
    return np.packbits(bits != 0, bitorder="little").data


def _timeout_s(layout: Layout, device: str) -> float:
    link = layout.site.links[layout.site.devices[device].link]
    return link.timeout_s if isinstance(link, (ModbusTcp, ModbusRtu)) else 1.0


def _kicks(layout: Layout, registers: dict[str, RegisterBlock]) -> list[_Kick]:
    kicks = []
    for device in layout.site.devices.values():
        if device.watchdog is not None:
            name, index = layout.place_of(layout.point(device.watchdog.point))
            period_ms = round(device.watchdog.timeout_s * 1000 / KICKS_PER_TIMEOUT)
            kicks.append(_Kick(registers[name], index, period_ms))
    return kicks
