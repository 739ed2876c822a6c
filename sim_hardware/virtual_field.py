"""The field as the controller's links see it, in virtual time: the same plan, decoding and encoding as on sockets, without sockets."""

from dataclasses import dataclass

from controller.core.events import Write
from controller.core.layout import Layout
from controller.site.model import ModbusRtu, ModbusTcp, has_transaction_ids
from drivers.modbus.decode import WIRE, Words, encode
from drivers.modbus.intake import Intakes
from drivers.modbus.plan import Part, Request, plan_link
from drivers.mqtt.intake import Intake as TopicIntake
from drivers.points import BlockBuffer, RegisterBlock, Table, TopicBlock
from sim_hardware.devices.plant import Plant

KICKS_PER_TIMEOUT = 4
"""The controller writes a module's watchdog register so many times within its timeout."""


@dataclass(slots=True)
class _Poll:
    """One request of a device, and when it is due next."""

    device: str
    request: Request
    period_ms: int
    due_ms: int = 0
    last: bytes = b""
    """What the last good read brought; empty after a failure."""


@dataclass(slots=True)
class _Kick:
    """A module's watchdog register."""

    block: RegisterBlock
    index: int
    period_ms: int
    due_ms: int = 0
    number: int = 0


class VirtualField:
    """Polls a plant's memories at the blocks' periods and hears its messages; `buffers` are in the layout's order."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        layout = plant.layout
        registers = {block.name: block for block in layout.blocks if isinstance(block, RegisterBlock)}
        self._registers = registers
        self._intakes = Intakes(registers.values())
        heartbeats = {name: device.heartbeat for name, device in layout.site.devices.items()}
        self._topics = TopicIntake((block for block in layout.blocks if isinstance(block, TopicBlock)), heartbeats)
        self._topics.connected(plant.tick_ms)
        self._polls = [poll for device in layout.devices for poll in _polls(layout, device, registers)]
        self._members = {d: [b.name for b in registers.values() if b.device == d] for d in layout.devices}
        self._timeout_s = {d: _timeout_s(layout, d) for d in layout.devices}
        self._kicks = _kicks(layout, registers)
        by_name = {**self._intakes.buffers, **self._topics.buffers}
        self.buffers: tuple[BlockBuffer, ...] = tuple(by_name[block.name] for block in layout.blocks)

    def poll(self, tick_ms: int) -> None:
        """Read what is due at `tick_ms`; a device that does not answer in time has no good value any more."""
        for poll in self._polls:
            if poll.due_ms > tick_ms:
                continue
            poll.due_ms += poll.period_ms * (1 + (tick_ms - poll.due_ms) // poll.period_ms)
            if self._answers(poll.device):
                request = poll.request
                words = self._read(poll.device, request.table, request.address, request.count)
                self._take(poll, words, tick_ms)
            else:
                self._fail(poll.device)
        for message in self._plant.drain():
            self._topics.take(message.topic, message.payload, tick_ms, retained=False)
        self._topics.check(tick_ms)

    def _take(self, poll: _Poll, words: Words, tick_ms: int) -> None:
        """Take in a reply. One that says what the last one said is a new sample of the same values: no need to decode it again."""
        content = words.tobytes()
        if content != poll.last or poll.request.counters:
            poll.last = content
            self._intakes.take(poll.request, words, tick_ms)
            return
        for part in poll.request.parts:
            buffer = self._intakes.buffers[part.block.name]
            points = slice(part.first, part.first + part.count)
            buffer.sample[points] = buffer.sample[part.first] + 1
            buffer.received_ms[points] = tick_ms

    def _read(self, device: str, table: Table, address: int, count: int) -> Words:
        """What the device's memory holds, as the wire would bring it."""
        return self._plant.memories[device].read(table, address, count).astype(WIRE)

    def _fail(self, device: str) -> None:
        self._intakes.fail(self._members[device])
        for poll in self._polls:
            if poll.device == device:
                poll.last = b""

    def write(self, write: Write, tick_ms: int) -> bool:
        """Write one level and read it back; whether the device took it."""
        name, index = self._plant.layout.place_of(write.point)
        return self._put(self._registers[name], index, write.value, tick_ms)

    def kick(self, tick_ms: int) -> None:
        """Write a new number to every watchdog register that is due."""
        for kick in self._kicks:
            if kick.due_ms <= tick_ms:
                kick.due_ms = tick_ms + kick.period_ms
                kick.number = kick.number % 0xFFFF + 1
                self._put(kick.block, kick.index, kick.number, tick_ms)

    def _put(self, block: RegisterBlock, index: int, value: float, tick_ms: int) -> bool:
        if not self._answers(block.device):
            self._fail(block.device)
            return False
        memory = self._plant.memories[block.device]
        words = encode(block, value)
        address = block.address + index * block.data_type.registers
        memory.write(block.table, address, words)
        back = Request(block.unit, block.table, address, len(words), block.period_s, (Part(block, index, 1, 0),), ())
        self._intakes.take(back, self._read(block.device, block.table, address, len(words)), tick_ms)
        return True

    def _answers(self, device: str) -> bool:
        late_s = self._plant.answers(device)
        return late_s is not None and late_s < self._timeout_s[device]


def _polls(layout: Layout, device: str, registers: dict[str, RegisterBlock]) -> list[_Poll]:
    limits = layout.site.devices[device]
    blocks = [block for block in registers.values() if block.device == device]
    has_transactions = has_transaction_ids(layout.site.links[limits.link])
    requests = plan_link(blocks, limits.max_registers, limits.max_gap, has_transactions=has_transactions)
    return [_Poll(device, request, round(request.period_s * 1000)) for request in requests]


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
