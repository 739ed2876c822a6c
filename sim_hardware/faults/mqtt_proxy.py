"""A byte-level proxy in front of a real MQTT broker: what it delivers comes as faults make it.

Faults are set and taken away while it runs, device by device. Equal traffic with an equal `seed` is spoiled equally.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sim_hardware.faults import mqtt_bytes
from sim_hardware.faults.kinds import ActiveFault, Reach, check_active
from sim_hardware.faults.relay import Pair, Relay
from sim_hardware.faults.spec import FaultError

EVERYTHING = ""
"""In place of a device: all messages of the broker."""


class MqttProxy(Relay):
    """In front of an MQTT broker: what it delivers passes through the faults of the device that the topic belongs to (`topics`)."""

    def __init__(
        self,
        upstream_host: str,
        upstream_port: int,
        host: str = "127.0.0.1",
        port: int = 0,
        topics: Mapping[str, Collection[str]] | None = None,
        *,
        seed: int = 1,
    ) -> None:
        super().__init__(upstream_host, upstream_port, host, port, seed)
        self.messages = 0
        """Messages that the broker has delivered, whatever became of them."""
        self.oldest: dict[str, bytes] = {}
        """The first payload that was seen of each topic."""
        self.is_frozen = False
        self.refusal: int | None = None
        self._topics = topics or {}
        self._faults: dict[str, tuple[ActiveFault, ...]] = {}
        self._by_topic: dict[str, tuple[ActiveFault, ...]] = {}
        self._stale: dict[str, float] = {}

    def set_faults(self, device: str, faults: Sequence[ActiveFault]) -> None:
        """From now on messages of `device` (`EVERYTHING`: all) have exactly these faults. Raises FaultError."""
        for fault in faults:
            check_active(fault, Reach.BROKER)
        if device != EVERYTHING and device not in self._topics:
            raise FaultError(f"no device {device!r} on this broker; remedy: one of {', '.join(self._topics)}")
        self._faults[device] = tuple(faults)
        names = {topic for device in self._faults for topic in self._topics.get(device, ())}
        self._by_topic = {name: mqtt_bytes.in_order(self._of(name)) for name in names | {EVERYTHING}}
        self._stale = {d: f.value for d, those in self._faults.items() for f in those if f.kind == "retained-stale"}
        self._set_link([fault for those in self._faults.values() for fault in those])

    def faults_of(self, topic: str) -> tuple[ActiveFault, ...]:
        """The faults of a topic's messages, in the order in which they work."""
        found = self._by_topic.get(topic)
        return self._by_topic.get(EVERYTHING, ()) if found is None else found

    def stale_s(self, topic: str) -> float | None:
        """How many seconds too old a retained message of `topic` is; None: none is made up."""
        return next((s for d, s in self._stale.items() if d == EVERYTHING or topic in self._topics[d]), None)

    def make_pair(self) -> Pair:
        """What handles a new connection."""
        return _MqttPair(self)

    def _of(self, topic: str) -> list[ActiveFault]:
        devices = [d for d in self._faults if d == EVERYTHING or topic in self._topics[d]]
        return [fault for device in devices for fault in self._faults[device]]

    def _set_link(self, faults: list[ActiveFault]) -> None:
        refusal = next((int(fault.value) for fault in faults if fault.kind == "broker-refuses"), None)
        if refusal is not None and self.refusal is None:
            self.drop()
        self.refusal = refusal
        frozen = any(fault.kind == "broker-frozen" for fault in faults)
        if frozen != self.is_frozen:
            self.is_frozen = frozen
            self.applied["broker-frozen"] += len(self.pairs) if frozen else 0
            for pair in self.pairs:
                pair.hold(frozen)


class _MqttPair(Pair):
    def __init__(self, proxy: MqttProxy) -> None:
        super().__init__(proxy)
        self._proxy = proxy
        self._from_client = bytearray()
        self._from_server = bytearray()
        self._version = 4
        self._filters: list[str] = []
        self._handed: set[str] = set()
        """Topics of which a retained message was made up."""
        self._stream = mqtt_bytes.Stream(proxy.chance)

    def admits(self) -> bool:
        if self._proxy.is_frozen:
            self._proxy.applied["broker-frozen"] += 1
            self.hold(held=True)
        return True

    def client_said(self, octets: bytes) -> None:
        self._from_client += octets
        try:
            for packet in mqtt_bytes.take_packets(self._from_client):
                if not self._take_from_client(packet):
                    return
                self.to_server(packet)
        except mqtt_bytes.PacketError:
            self.close()

    def _take_from_client(self, packet: bytes) -> bool:
        """Learn what a packet of the client tells; whether it is passed on."""
        kind = packet[0] >> 4
        if kind == mqtt_bytes.CONNECT:
            self._version = mqtt_bytes.version_of(packet)
            if self._proxy.refusal is not None:
                self._proxy.applied["broker-refuses"] += 1
                refusal = mqtt_bytes.refusal(self._version, self._proxy.refusal)
                self.outlet.send([(refusal, None)], close=True)
                return False
        elif kind == mqtt_bytes.SUBSCRIBE:
            self._filters += mqtt_bytes.filters_of(packet, self._version)
        return True

    def server_said(self, octets: bytes) -> None:
        self._from_server += octets
        try:
            for packet in mqtt_bytes.take_packets(self._from_server):
                kind = packet[0] >> 4
                if kind == mqtt_bytes.PUBLISH:
                    self._deliver(mqtt_bytes.parse_publish(packet, self._version))
                    continue
                self.outlet.write(packet)
                if kind == mqtt_bytes.SUBACK:
                    self._hand_out_stale()
        except mqtt_bytes.PacketError:
            self.close()

    def _deliver(self, publish: mqtt_bytes.Publish) -> None:
        proxy = self._proxy
        proxy.messages += 1
        proxy.oldest.setdefault(publish.topic, publish.payload)
        if publish.retain and (by_s := proxy.stale_s(publish.topic)) is not None:
            proxy.applied["retained-stale"] += 1
            self._handed.add(publish.topic)
            publish = replace(publish, payload=mqtt_bytes.skewed(proxy.oldest[publish.topic], -by_s))
        self._hand_out(publish.topic)
        messages, kinds = mqtt_bytes.apply(self._stream, publish, proxy.faults_of(publish.topic))
        proxy.applied.update(kinds)
        for lost in self._stream.lost:
            if lost.qos:
                self.to_server(mqtt_bytes.acknowledgement(lost))
        self._stream.lost.clear()
        for message in messages:
            self.outlet.write(message.packet())

    def _hand_out_stale(self) -> None:
        """After a subscription: retained messages of old, of the topics that are known."""
        for topic in tuple(self._proxy.oldest):
            self._hand_out(topic)

    def _hand_out(self, topic: str) -> None:
        """A stale retained message of `topic`, once in a connection; of a topic not known before it, before its first message."""
        by_s = self._proxy.stale_s(topic)
        if by_s is None or topic in self._handed or not mqtt_bytes.matches(topic, self._filters):
            return
        self._handed.add(topic)
        self._proxy.applied["retained-stale"] += 1
        payload = mqtt_bytes.skewed(self._proxy.oldest[topic], -by_s)
        properties = b"\0" if self._version == mqtt_bytes.V5 else b""
        self.outlet.write(mqtt_bytes.Publish(topic, payload, retain=True, properties=properties).packet())
