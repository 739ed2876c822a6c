"""What holds for scans as such: the same inputs give the same words, a quiet scan skips nothing, state and chain survive."""

import msgspec
import numpy as np
import pytest

from controller.core import scan as scan_module
from controller.core.chain import GENESIS, InputDigest, decode, encode, hash_next
from controller.core.commands import Acknowledge, AnyCommand, Disable, Enable, Reset
from controller.core.decide import decide
from controller.core.events import Event, Kind
from controller.core.image import Image, freeze
from controller.core.scan import ScanResult
from controller.core.state import State
from controller.core.trips import INTENT_TIMEOUTS
from drivers.points import BlockBuffer, Quality
from tests.controller.core.field import Field, play

STORY = """
   0 | smoke-1 advisory                | |
   5 | smoke-1 normal                  | |
   5 | h2-1 fault                      | |
  40 | obstruction on                  | |
   2 | obstruction off, h2-1 normal    | |
   5 | cells-1 pre-alarm               | quiescent |
  30 | smoke-1 alarm, heat-1 alarm     | activated |
  33 |                                 | |
  70 | smoke-1 normal, heat-1 normal, cells-1 normal | |
 130 |                                 | discharged |
"""


def chain(events: list[Event]) -> bytes:
    head = GENESIS
    for event in events:
        head = hash_next(head, encode(event))
    return head


def tell_all(field: Field) -> None:
    field.host = (*field.host[:INTENT_TIMEOUTS], 1, *field.host[INTENT_TIMEOUTS + 1 :])
    field.run(70)
    field.lose("fb")
    field.run(20)
    field.lost.clear()
    field.run(20)
    field.deaf.add("sounder")
    field.point("do-1-coils[7]", 1.0)
    field.run(20)
    field.deaf.clear()
    field.run(5)
    play(field, STORY)
    field.point("fb-inputs[8]", 0.0)
    field.say(Reset(operator="kim", zone="hall"))
    field.say(Disable(operator="kim", subject="h2-2"))
    field.run(10)
    field.say(Enable(operator="kim", subject="h2-2"))
    field.run(700)


def test_skipping_quiet_scans_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = Field()
    skipped = []
    scan = quick.controller.scan

    def counted(image: Image, commands: tuple[AnyCommand, ...] = ()) -> ScanResult:
        result = scan(image, commands)
        skipped.append(not result.state_changed)
        return result

    monkeypatch.setattr(quick.controller, "scan", counted)
    tell_all(quick)
    monkeypatch.setattr(scan_module, "_rests_until", lambda *_: -1)
    full = Field()
    tell_all(full)
    assert sum(skipped) > 100
    assert [e for e in quick.events if e not in full.events] == []
    assert quick.events == full.events
    assert quick.writes == full.writes
    assert quick.controller.state == full.controller.state


def test_the_same_story_gives_the_same_chain() -> None:
    first, second = Field(), Field()
    for field in (first, second):
        play(field, STORY)
    assert chain(first.events) == chain(second.events)
    assert first.controller.state == second.controller.state


def test_decide_is_pure() -> None:
    field = Field()
    play(field, "0 | smoke-1 alarm, heat-1 alarm | activated |\n 29.8 | | activated |")
    controller = field.controller
    assert controller.inputs is not None
    before = msgspec.json.encode(controller.state)
    place = (field.scan_number + 1, field.tick_ms + 1000)
    decisions = [
        decide(controller.rules, controller.state, controller.inputs, (), place, controller.detector.evidence)
        for _ in range(2)
    ]
    assert decisions[0] == decisions[1]
    assert decisions[0].state != controller.state
    assert msgspec.json.encode(controller.state) == before


@pytest.mark.parametrize("seconds", [1, 20, 40, 100, 250])
def test_the_state_survives_its_bytes_and_is_hashable(seconds: int) -> None:
    field = Field()
    play(field, "0 | smoke-1 alarm, heat-1 alarm, cells-2 runaway, call-point fault | activated |")
    field.run(seconds)
    state = field.controller.state
    again = msgspec.json.decode(msgspec.json.encode(state), type=State)
    assert again == state
    assert hash(again) == hash(state)


# --- chain and digest


@pytest.mark.feature("F37")
def test_records_of_the_chain_come_back_and_none_can_be_changed_dropped_or_moved() -> None:
    field = Field()
    play(field, "0 | smoke-1 alarm | pre-activated |")
    events = field.events
    assert [decode(encode(event)) for event in events] == events
    whole = chain(events)
    changed = [msgspec.structs.replace(events[0], what="other"), *events[1:]]
    for tampered in (changed, events[:-1], events[1:], [events[1], events[0], *events[2:]]):
        assert chain(tampered) != whole


def image_of(scan: int, values: list[float]) -> Image:
    n = len(values)
    buffer = BlockBuffer(
        np.array(values), np.full(n, Quality.GOOD, np.uint8), np.full(n, scan, np.int64), np.full(n, scan, np.int64)
    )
    return freeze(scan, 100 * scan, [buffer], np.full(n, 10_000, np.int64), (0,))


def test_one_flipped_bit_of_one_input_changes_the_digest() -> None:
    def digest(flipped: int | None) -> str:
        digest = InputDigest()
        for scan in range(1, 4):
            values = np.array([1.0, np.nan, 0.0])
            if flipped is not None and scan == 2:
                values.view(np.int64)[flipped // 64] ^= np.int64(1) << np.int64(flipped % 64)
            digest.update(image_of(scan, values.tolist()))
        return digest.hexdigest()

    digests = {digest(bit) for bit in [None, 0, 1, 40, 63, 130, 191]}
    assert digest(None) == digest(None)
    assert len(digests) == 7


@pytest.mark.parametrize("field_name", ["quality", "sample", "received_ms"])
def test_quality_counters_and_times_are_in_the_digest(field_name: str) -> None:
    digests = []
    for change in (0, 1):
        digest = InputDigest()
        image = image_of(1, [1.0, 2.0])
        array = getattr(image, field_name).copy()
        array[1] += change
        parts = {name: getattr(image, name) for name in ("value", "quality", "sample", "received_ms")}
        digest.update(Image(1, 100, **{**parts, field_name: array}))
        digests.append(digest.hexdigest())
    assert digests[0] != digests[1]


def test_one_fact_of_the_host_that_flips_alone_changes_the_digest() -> None:
    def digest(*facts: int) -> str:
        digest = InputDigest()
        first = image_of(1, [1.0, 2.0])
        for scan, fact in enumerate(facts, start=1):
            digest.update(
                Image(scan, 100 * scan, first.value, first.quality, first.sample, first.received_ms, (0, fact))
            )
        return digest.hexdigest()

    assert len({digest(0, 0, 0), digest(0, 1, 1), digest(0, 0, 1), digest(0, 1, 0)}) == 4


def test_the_digest_comes_into_the_journal_every_minute_and_at_the_end() -> None:
    field = Field()
    for _ in range(1300):
        field.scan()
    assert len(field.told(Kind.DIGEST)) == 2
    image = freeze(field.scan_number, field.tick_ms, [field.buffer], field.layout.max_age_ms)
    assert field.controller.close(image).kind is Kind.DIGEST


# --- with the real detector


def test_the_whole_way_from_values_to_agent() -> None:
    field = Field(real_detector=True)
    field.run(20)
    assert field.told(Kind.LEVEL) == []
    field.point("asd-1-obscuration", 5.0)
    field.point("heat-temperature[0]", 70.0)
    for _ in range(200):
        field.scan()
    assert field.zone().stage == "activated"
    field.run(35)
    assert field.zone().stage == "released"
    evidence = {e.head: e for event in field.events if event.kind is Kind.LEVEL for e in event.evidence}
    assert evidence["heat-1"].value == 70.0
    assert evidence["smoke-1"].threshold > 0


def test_a_restart_waits_for_the_release_channels_and_for_no_other_output() -> None:
    for coil, answer in ((9, Kind.COMMAND), (3, Kind.REFUSED)):
        field = Field()
        field.point(f"do-1-coils[{coil}]", 0.0, Quality.BAD)
        field.restart()
        assert field.say(Acknowledge(operator="kim", zone="hall")).kind is answer


def test_a_restart_that_sends_a_waiting_zone_back_names_its_evidence() -> None:
    field = Field()
    field.point("gas-h2[1]", 12000.0)
    play(field, "0 | smoke-1 alarm, heat-1 alarm | activated |\n 31 | | waiting |")
    field.clear()
    field.restart()
    told = next(e for e in field.scan().events if e.kind is Kind.STAGE)
    assert (told.what, {evidence.head for evidence in told.evidence}) == ("activated", {"smoke-1", "heat-1"})
