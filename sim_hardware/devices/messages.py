"""What the plant's MQTT devices publish: one message a topic with all its fields, and heartbeats."""

import math

import msgspec

from controller.core.layout import Layout
from drivers.mqtt.payload import Payload, encode
from drivers.points import TopicBlock
from sim_hardware.devices.faulting import Faulting
from sim_hardware.devices.sensors import Sensor

HEARTBEAT_MS = 1000
"""Plant time between two signs of life of a device (assumed)."""
DECIMALS = 2
"""Resolution of the numbers in a payload."""


class Message(msgspec.Struct, frozen=True):
    """One publication of a device; of its fields, None is no value."""

    device: str
    topic: str
    said: Payload

    @property
    def payload(self) -> bytes:
        """JSON with source time `t` (plant ms), sequence `seq` and the fields; no value is null."""
        return encode(self.said.t_ms, self.said.seq, self.said.fields)


class Messenger:
    """Gathers what topic sensors measured in a step, and turns it into messages."""

    def __init__(self, layout: Layout) -> None:
        self._heartbeats = {name: device.heartbeat for name, device in layout.site.devices.items() if device.heartbeat}
        self._noted: list[Sensor] = []
        self._queue: list[Message] = []
        self._sequence: dict[str, int] = {}

    def note(self, sensor: Sensor) -> None:
        """A sensor of a topic block has a new sample."""
        self._noted.append(sensor)

    def send(self, tick_ms: int, faulting: Faulting) -> None:
        """Publish what was noted, and heartbeats that are due, of all devices that live."""
        if tick_ms % HEARTBEAT_MS == 0:
            for device, topic in self._heartbeats.items():
                self._publish(device, topic, {}, tick_ms, faulting)
        if not self._noted:
            return
        fields: dict[tuple[str, str], dict[str, float | None]] = {}
        for sensor in self._noted:
            block = sensor.block
            if isinstance(block, TopicBlock):
                for topic, value in zip(block.topics, sensor.measured.tolist(), strict=True):
                    shown = round(value, DECIMALS) if math.isfinite(value) else None
                    fields.setdefault((block.device, topic), {})[block.field] = shown
        self._noted.clear()
        for (device, topic), values in fields.items():
            self._publish(device, topic, values, tick_ms, faulting)

    def _publish(
        self, device: str, topic: str, values: dict[str, float | None], tick_ms: int, faulting: Faulting
    ) -> None:
        if faulting.answers(device, tick_ms) is None:
            return
        sequence = self._sequence.get(topic, 0)
        self._sequence[topic] = sequence + 1
        self._queue.append(Message(device, topic, Payload(tick_ms, sequence, values)))

    def drain(self) -> list[Message]:
        """The messages since the last call."""
        queue, self._queue = self._queue, []
        return queue
