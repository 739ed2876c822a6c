"""What broker faults do to MQTT messages: packets of a byte stream (3.1.1 and 5), and pure functions on PUBLISH. Chance comes from outside."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from sim_hardware.faults.kinds import ActiveFault

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, SUBSCRIBE, SUBACK = 1, 2, 3, 4, 5, 8, 9
"""Types of packets (MQTT 3.1.1, 2.2.1)."""
V5 = 5
"""Protocol level of MQTT 5."""
REASON_OF_RETURN_CODE = {1: 0x84, 2: 0x85, 3: 0x88, 4: 0x86, 5: 0x87}
"""The reason code of MQTT 5 that says what a return code of 3.1.1 says."""
OFFLINE = b"offline"
"""What a device's will says."""
_LENGTH_OCTETS = 4


class PacketError(ValueError):
    """Bytes that are no MQTT."""


@dataclass(frozen=True, slots=True)
class Publish:
    """A PUBLISH: `packet_id` is 0 at QoS 0, `properties` (MQTT 5) come with their length."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    duplicate: bool = False
    packet_id: int = 0
    properties: bytes = b""

    def packet(self) -> bytes:
        """Its octets."""
        topic = self.topic.encode()
        packet_id = self.packet_id.to_bytes(2, "big") if self.qos else b""
        body = len(topic).to_bytes(2, "big") + topic + packet_id + self.properties + self.payload
        flags = self.duplicate << 3 | self.qos << 1 | self.retain
        return bytes((PUBLISH << 4 | flags,)) + encode_length(len(body)) + body


# --- packets --------------------------------------------------------------------------------------------------------


def encode_length(length: int) -> bytes:
    """A remaining length, seven bits an octet, lowest first."""
    octets = bytearray()
    while length > 0x7F:  # noqa: PLR2004 - seven bits
        octets.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes((*octets, length))


def decode_length(octets: Sequence[int], at: int) -> tuple[int, int] | None:
    """A length and the place behind it; None while octets are missing. Raises PacketError."""
    length = 0
    for place in range(_LENGTH_OCTETS):
        if at + place >= len(octets):
            return None
        octet = octets[at + place]
        length |= (octet & 0x7F) << 7 * place
        if not octet & 0x80:
            return length, at + place + 1
    raise PacketError("a remaining length of more than four octets")


def take_packets(buffer: bytearray) -> list[bytes]:
    """Take the whole packets off the front of `buffer`. Raises PacketError."""
    packets: list[bytes] = []
    at = 0
    while (found := decode_length(buffer, at + 1)) and sum(found) <= len(buffer):
        end = sum(found)
        packets.append(bytes(buffer[at:end]))
        at = end
    del buffer[:at]
    return packets


def _body(packet: bytes) -> int:
    """Place behind the fixed header of a packet that was taken whole."""
    return next(at for at in range(2, 2 + _LENGTH_OCTETS) if not packet[at - 1] & 0x80)


def _text(packet: bytes, at: int) -> tuple[str, int]:
    end = at + 2 + int.from_bytes(packet[at : at + 2], "big")
    if end > len(packet):
        raise PacketError("a text that is longer than its packet")
    try:
        return packet[at + 2 : end].decode(), end
    except UnicodeDecodeError as error:
        raise PacketError(f"a text that is no UTF-8: {error}") from error


def _properties_end(packet: bytes, at: int, version: int) -> int:
    if version < V5:
        return at
    found = decode_length(packet, at)
    if found is None or sum(found) > len(packet):
        raise PacketError("properties that are longer than their packet")
    return sum(found)


def version_of(connect: bytes) -> int:
    """The protocol level that a CONNECT asks for. Raises PacketError."""
    _, at = _text(connect, _body(connect))
    if at >= len(connect):
        raise PacketError("a CONNECT without a protocol level")
    return connect[at]


def filters_of(subscribe: bytes, version: int) -> list[str]:
    """The topic filters of a SUBSCRIBE. Raises PacketError."""
    at = _properties_end(subscribe, _body(subscribe) + 2, version)
    filters = []
    while at < len(subscribe):
        text, at = _text(subscribe, at)
        filters.append(text)
        at += 1  # options
    return filters


def parse_publish(packet: bytes, version: int) -> Publish:
    """A PUBLISH from its octets. Raises PacketError."""
    flags = packet[0]
    qos = flags >> 1 & 3
    topic, at = _text(packet, _body(packet))
    packet_id = int.from_bytes(packet[at : at + 2], "big") if qos else 0
    begin = at + (2 if qos else 0)
    end = _properties_end(packet, begin, version)
    return Publish(topic, packet[end:], qos, bool(flags & 1), bool(flags & 8), packet_id, packet[begin:end])


def refusal(version: int, return_code: int) -> bytes:
    """A CONNACK that refuses."""
    if version < V5:
        return bytes((CONNACK << 4, 2, 0, return_code))
    return bytes((CONNACK << 4, 3, 0, REASON_OF_RETURN_CODE[return_code], 0))


def acknowledgement(publish: Publish) -> bytes:
    """What a client says to the broker about a message of QoS 1 or 2."""
    kind = PUBACK if publish.qos == 1 else PUBREC
    return bytes((kind << 4, 2)) + publish.packet_id.to_bytes(2, "big")


def matches(topic: str, filters: Iterable[str]) -> bool:
    """Whether one of the filters asks for `topic` (MQTT 3.1.1, 4.7)."""
    return any(_matches(topic.split("/"), asked.split("/")) for asked in filters)


def _matches(levels: list[str], asked: list[str]) -> bool:
    for place, level in enumerate(asked):
        if level == "#":
            return True
        if place >= len(levels) or level not in {"+", levels[place]}:
            return False
    return len(levels) == len(asked)


# --- the kinds ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Stream:
    """What the faults of one connection remember, by topic."""

    chance: random.Random
    held: dict[str, Publish] = field(default_factory=dict)
    wills: dict[str, Publish] = field(default_factory=dict)
    raced: set[str] = field(default_factory=set)
    seen: dict[str, int] = field(default_factory=dict)
    lost: list[Publish] = field(default_factory=list)
    """Messages that the client will never see; the caller acknowledges and clears them."""


Change = Callable[[Stream, Publish, float], list[Publish]]


def apply(stream: Stream, publish: Publish, faults: Sequence[ActiveFault]) -> tuple[list[Publish], list[str]]:
    """Let `faults` (see `in_order`) work on a message: what is delivered now, and the kinds that altered something."""
    delivered, kinds = [publish], []
    for fault in faults:
        before = delivered
        delivered = [after for message in before for after in CHANGES[fault.kind](stream, message, fault.value)]
        if delivered != before:
            kinds.append(fault.kind)
    return delivered, kinds


def in_order(faults: Sequence[ActiveFault]) -> tuple[ActiveFault, ...]:
    """Those of `faults` that work on messages, in the order in which they do."""
    order = list(CHANGES)
    return tuple(sorted((f for f in faults if f.kind in CHANGES), key=lambda fault: order.index(fault.kind)))


def skewed(payload: bytes, by_s: float) -> bytes:
    """A JSON payload whose source time `t` (ms) is `by_s` later; what is none stays as it is."""
    try:
        values = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return payload
    if not isinstance(values, dict) or not isinstance(values.get("t"), int):
        return payload
    return msgspec.json.encode(values | {"t": values["t"] + round(by_s * 1000)})


def _gap(stream: Stream, publish: Publish, param: float) -> list[Publish]:
    number = stream.seen.get(publish.topic, 0)
    stream.seen[publish.topic] = number + 1
    if number // max(int(param), 1) % 2:
        return [publish]
    stream.lost.append(publish)
    return []


def _drop(stream: Stream, publish: Publish, param: float) -> list[Publish]:
    if stream.chance.random() >= param:
        return [publish]
    stream.lost.append(publish)
    return []


def _reorder(stream: Stream, publish: Publish, _param: float) -> list[Publish]:
    held = stream.held.pop(publish.topic, None)
    if held is not None:
        return [publish, held]
    stream.held[publish.topic] = publish
    return []


def _race(stream: Stream, publish: Publish, _param: float) -> list[Publish]:
    """A will is held back behind the next message of its topic; where none has come in this connection, one is made up."""
    topic = publish.topic
    if publish.payload == OFFLINE:
        stream.wills[topic] = publish
        return []
    will = stream.wills.pop(topic, None)
    if will is None and topic not in stream.raced:
        will = replace(publish, payload=OFFLINE, qos=0, packet_id=0, retain=False, duplicate=False)
    stream.raced.add(topic)
    return [publish] if will is None else [publish, will]


def _skew(_stream: Stream, publish: Publish, param: float) -> list[Publish]:
    return [replace(publish, payload=skewed(publish.payload, param))]


def _huge(_stream: Stream, publish: Publish, param: float) -> list[Publish]:
    """Spaces behind JSON are JSON still: what refuses it does so for its size."""
    return [replace(publish, payload=publish.payload.ljust(int(param)))]


def _garbage(stream: Stream, publish: Publish, _param: float) -> list[Publish]:
    return [replace(publish, payload=stream.chance.randbytes(max(len(publish.payload), 1)))]


def _duplicate(_stream: Stream, publish: Publish, _param: float) -> list[Publish]:
    return [publish, replace(publish, duplicate=publish.qos > 0)]


CHANGES: dict[str, Change] = {
    "message-gap": _gap,
    "message-drop": _drop,
    "message-reorder": _reorder,
    "will-race": _race,
    "clock-skew": _skew,
    "huge-payload": _huge,
    "garbage-payload": _garbage,
    "message-duplicate": _duplicate,
}
"""What each kind does to messages, in the order in which they work together."""
