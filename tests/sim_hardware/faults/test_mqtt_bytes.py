"""MQTT packets in a stream, and what each kind of broker fault does to messages."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_hardware.faults import mqtt_bytes
from sim_hardware.faults.kinds import FAULTS, LINK_KINDS, ActiveFault, Reach
from sim_hardware.faults.mqtt_bytes import Publish, Stream, apply, in_order, matches, parse_publish, take_packets

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=30)
MESSAGES = st.builds(
    lambda topic, payload, qos, retain, number: Publish(topic, payload, qos, retain, False, number if qos else 0),
    TEXTS, st.binary(max_size=300), st.sampled_from([0, 1, 2]), st.booleans(), st.integers(1, 0xFFFF),
)  # fmt: skip


def _values(number: int, topic: str = "a") -> Publish:
    return Publish(topic, json.dumps({"t": 1000 * number, "seq": number, "x": 1.5}).encode())


def _through(messages: list[Publish], *faults: ActiveFault, seed: int = 1) -> list[Publish]:
    stream = Stream(random.Random(seed))
    return [out for message in messages for out in apply(stream, message, in_order(faults))[0]]


# --- packets --------------------------------------------------------------------------------------------------------


@given(st.lists(MESSAGES, min_size=1, max_size=5), st.integers(1, 60), st.booleans())
def test_messages_are_found_in_any_split_and_come_out_as_they_went_in(
    messages: list[Publish], step: int, is_v5: bool
) -> None:
    if is_v5:
        messages = [Publish(m.topic, m.payload, m.qos, m.retain, False, m.packet_id, b"\2\x0b\7") for m in messages]
    stream, buffer, found = b"".join(message.packet() for message in messages), bytearray(), []
    for at in range(0, len(stream), step):
        buffer += stream[at : at + step]
        found += take_packets(buffer)
    assert [parse_publish(packet, 5 if is_v5 else 4) for packet in found] == messages
    assert not buffer


@pytest.mark.parametrize("length", [0, 127, 128, 16_383, 16_384, 2_097_152, 268_435_455])
def test_lengths_of_one_to_four_octets(length: int) -> None:
    octets = mqtt_bytes.encode_length(length)
    assert mqtt_bytes.decode_length(octets, 0) == (length, len(octets))
    assert mqtt_bytes.decode_length(octets[:-1], 0) is None


def test_what_is_no_mqtt_is_refused() -> None:
    with pytest.raises(mqtt_bytes.PacketError):
        take_packets(bytearray(b"\x30\xff\xff\xff\xff\x01"))
    with pytest.raises(mqtt_bytes.PacketError):
        parse_publish(b"\x30\x03\x00\x09a", 4)


def test_a_connect_tells_its_version_and_a_subscribe_its_filters() -> None:
    assert mqtt_bytes.version_of(bytes.fromhex("100c 0004 4d515454 04 02 0002 0000")) == 4
    assert mqtt_bytes.version_of(bytes.fromhex("100d 0004 4d515454 05 02 0002 00 0000")) == 5
    assert mqtt_bytes.filters_of(bytes.fromhex("820a 0001 0001 61 00 0001 23 01"), 4) == ["a", "#"]
    assert mqtt_bytes.filters_of(bytes.fromhex("8209 0001 020b07 0001 61 00"), 5) == ["a"]


@pytest.mark.parametrize(
    ("asked", "is_meant"),
    [("a/b/c", True), ("a/+/c", True), ("a/#", True), ("#", True), ("a/b", False), ("a/b/c/d", False), ("+/b", False)],
)
def test_filters_choose_topics(asked: str, is_meant: bool) -> None:
    assert matches("a/b/c", [asked]) is is_meant


# --- kinds ----------------------------------------------------------------------------------------------------------


def test_each_kind_of_the_table_is_tried_here_or_in_front_of_a_broker() -> None:
    broker = {name for name, kind in FAULTS.items() if kind.reach is Reach.BROKER}
    assert set(mqtt_bytes.CHANGES) == broker - LINK_KINDS - {"retained-stale"}
    tried = {
        "message-drop", "message-gap", "message-duplicate", "message-reorder", "will-race", "clock-skew", "garbage-payload",
        "huge-payload",
    }  # fmt: skip
    assert tried == set(mqtt_bytes.CHANGES)


def test_a_share_of_messages_is_dropped() -> None:
    messages = [_values(number) for number in range(1000)]
    assert 250 < len(_through(messages, ActiveFault("message-drop", 0.7))) < 350
    assert _through(messages, ActiveFault("message-drop", 1.0)) == []
    assert _through(messages, ActiveFault("message-drop", 0.0)) == messages


def test_a_gap_takes_so_many_of_each_topic_in_a_row() -> None:
    messages = [_values(number, topic) for number in range(9) for topic in ("a", "b")]
    left = _through(messages, ActiveFault("message-gap", 3.0))
    assert [json.loads(m.payload)["seq"] for m in left if m.topic == "a"] == [3, 4, 5]
    assert [json.loads(m.payload)["seq"] for m in left if m.topic == "b"] == [3, 4, 5]


def test_lost_messages_are_told_so_that_they_can_be_acknowledged() -> None:
    stream = Stream(random.Random(1))
    lost = Publish("a", b"x", 1, packet_id=0x0102)
    assert apply(stream, lost, [ActiveFault("message-drop", 1.0)]) == ([], ["message-drop"])
    assert stream.lost == [lost]
    assert mqtt_bytes.acknowledgement(lost) == b"\x40\x02\x01\x02"
    assert mqtt_bytes.acknowledgement(Publish("a", b"x", 2, packet_id=3)) == b"\x50\x02\x00\x03"


def test_duplicates_have_their_flag_where_there_is_one() -> None:
    (first, second) = _through([Publish("a", b"x", 1, packet_id=4)], ActiveFault("message-duplicate"))
    assert (first.duplicate, second.duplicate, second.packet_id) == (False, True, 4)
    assert _through([_values(1)], ActiveFault("message-duplicate")) == [_values(1)] * 2


def test_messages_of_a_topic_change_places() -> None:
    messages = [_values(1), _values(1, "b"), _values(2), _values(3), _values(4)]
    left = _through(messages, ActiveFault("message-reorder"))
    assert left == [_values(2), _values(1), _values(4), _values(3)]


def test_a_will_comes_behind_the_next_sign_of_life() -> None:
    will = Publish("a", b"offline", 1, retain=True, packet_id=9)
    assert _through([_values(1), will, _values(2), _values(3)], ActiveFault("will-race")) == [
        _values(1), Publish("a", b"offline"), _values(2), will, _values(3),
    ]  # fmt: skip


def test_source_times_are_skewed_and_nothing_else() -> None:
    (skewed,) = _through([_values(5)], ActiveFault("clock-skew", -3600.0))
    assert json.loads(skewed.payload) == {"t": 5000 - 3_600_000, "seq": 5, "x": 1.5}
    for payload in (b"21.5", b"[1]", b"\xff", b'{"x": 1}', b'{"t": "now"}'):
        assert _through([Publish("a", payload)], ActiveFault("clock-skew")) == [Publish("a", payload)]


def test_garbage_and_huge_payloads() -> None:
    (garbage,) = _through([_values(5)], ActiveFault("garbage-payload"))
    assert garbage.payload != _values(5).payload
    assert len(garbage.payload) == len(_values(5).payload)
    (huge,) = _through([_values(5)], ActiveFault("huge-payload", 5000.0))
    assert len(huge.payload) == 5000
    assert json.loads(huge.payload) == json.loads(_values(5).payload)


@given(st.lists(st.sampled_from(sorted(mqtt_bytes.CHANGES)), unique=True, min_size=2, max_size=4), st.integers(0, 99))
def test_kinds_go_together_in_any_choice_and_equal_seeds_spoil_equally(kinds: list[str], seed: int) -> None:
    faults = [ActiveFault(kind, 300.0 if kind == "huge-payload" else None) for kind in kinds]
    messages = [_values(number, topic) for number in range(12) for topic in "ab"]
    first = _through(messages, *faults, seed=seed)
    assert first == _through(messages, *faults[::-1], seed=seed)
    assert first != messages
