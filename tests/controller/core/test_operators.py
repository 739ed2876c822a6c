"""What operators say: separate acts, refusals with their reason, everything in the journal with a name."""

import msgspec
import pytest

from controller.core.commands import Acknowledge, AnyCommand, Disable, Enable, HandOver, Occupied, Reset, Silence
from controller.core.events import Kind, Level
from tests.controller.core.field import Field, play, site

RELEASED = "0 | smoke-1 alarm, heat-1 alarm | activated |\n 31 | | |\n 1 | | released |"


@pytest.mark.feature("F5")
def test_acknowledge_silence_and_reset_are_separate_acts() -> None:
    field = Field()
    play(field, "0 | smoke-1 pre-alarm | quiescent |\n 1 | | quiescent | +sounder")
    assert not field.zone().acknowledged
    field.say(Acknowledge(operator="kim", zone="hall"))
    assert field.zone().acknowledged
    assert not field.zone().silenced
    play(field, "1 | | quiescent | +sounder")
    field.say(Silence(operator="kim", zone="hall"))
    play(field, "1 | smoke-1 normal | quiescent | -sounder +exhaust")
    field.say(Reset(operator="kim", zone="hall"))
    play(field, "1 | | quiescent | -sounder -exhaust")


def test_a_new_alarm_sounds_again() -> None:
    field = Field()
    play(field, "0 | smoke-1 pre-alarm | quiescent |")
    field.say(Silence(operator="kim", zone="hall"))
    play(field, "1 | | | -sounder\n 0 | heat-1 pre-alarm | |\n 1 | | | +sounder")


@pytest.mark.feature("F2")
def test_evacuation_cannot_be_silenced() -> None:
    field = Field()
    play(field, "0 | smoke-1 alarm, heat-1 alarm | activated |")
    field.say(Silence(operator="kim", zone="hall"))
    play(field, "1 | | activated | +sounder +beacon")


@pytest.mark.feature("F5")
def test_a_reset_shows_what_is_still_true_without_letting_anything_go() -> None:
    field = Field()
    play(field, "0 | smoke-1 alarm, cells-2 pre-alarm | pre-activated |\n 3 | | | +breaker-2 +exhaust")
    field.clear()
    assert field.say(Reset(operator="kim", zone="hall")).kind is Kind.COMMAND
    assert field.told(Kind.LEVEL) == ["pre-alarm", "alarm"]
    assert field.zone().stage == "pre-activated"
    field.run(3)
    assert not field.writes
    assert field.on("breaker-2")


def test_a_reset_drops_evidence_of_the_past_at_once() -> None:
    field = Field()
    play(field, "0 | cells-2 pre-alarm | quiescent |")
    field.script.kept.add(field.head("cells-2"))  # its sensors died after a rise
    field.clear()
    field.say(Reset(operator="kim", zone="hall"))
    assert field.controller.state.heads[field.head("cells-2")].level == Level.NORMAL
    assert field.told(Kind.LEVEL) == []


@pytest.mark.parametrize("wait_s", [0, 40, 100])
def test_no_reset_while_a_release_runs(wait_s: int) -> None:
    field = Field()
    play(field, f"0 | smoke-1 alarm, heat-1 alarm | activated |\n {wait_s} | | |")
    before = field.zone().stage
    answer = field.say(Reset(operator="kim", zone="hall"))
    assert answer.kind is Kind.REFUSED
    assert before in answer.text
    assert field.zone().stage == before


def test_a_reset_with_the_call_point_still_operated_is_refused() -> None:
    field = Field()
    play(field, "0 | call-point on | activated |\n 12 | | |\n 200 | | discharged |")
    answer = field.say(Reset(operator="kim", zone="hall"))
    assert "restore it first" in answer.text
    play(field, "0 | call-point off | discharged |")
    field.say(Reset(operator="kim", zone="hall"))
    play(field, "60 | | quiescent | -agent")


@pytest.mark.parametrize("zone", ["hall", "server"])
def test_zones_are_told_apart(zone: str) -> None:
    field = Field()
    play(field, "0 | smoke-1 alarm, server-smoke-3 alarm, smoke-1 normal, server-smoke-3 normal | |")
    play(field, "0 | smoke-1 alarm, server-smoke-3 alarm | |\n 0 | smoke-1 normal, server-smoke-3 normal | |")
    field.say(Reset(operator="kim", zone=zone))
    other = "server" if zone == "hall" else "hall"
    assert field.zone(zone).stage == "quiescent"
    assert field.zone(other).stage == "pre-activated"


def test_disabled_things_are_shown_and_come_back() -> None:
    field = Field()
    field.say(Disable(operator="kim", subject="smoke-1"))
    play(field, "0 | smoke-1 alarm | quiescent |")
    assert "disabled:smoke-1" in field.troubles()
    field.say(Enable(operator="kim", subject="smoke-1"))
    assert field.zone().stage == "pre-activated"
    assert "disabled:smoke-1" not in field.troubles()


def test_a_disabled_output_goes_to_its_normal_level() -> None:
    field = Field()
    play(field, "0 | smoke-1 pre-alarm | |\n 2 | | | +exhaust")
    field.say(Disable(operator="kim", subject="exhaust"))
    play(field, "2 | | | -exhaust")


@pytest.mark.feature("F15")
def test_a_disabled_zone_is_not_automatic_but_a_hand_is_heard() -> None:
    field = Field()
    field.say(Disable(operator="kim", subject="hall"))
    play(field, "0 | smoke-1 alarm, heat-1 alarm | pre-activated |\n 1 | call-point on | activated |")


@pytest.mark.parametrize("story", [RELEASED, "0 | call-point on | activated |"])
def test_disabling_is_no_way_to_stop_agent(story: str) -> None:
    field = Field()
    play(field, story)
    assert field.say(Disable(operator="kim", subject="agent")).kind is Kind.REFUSED
    play(field, "12 | | released | +agent")


def test_a_damper_that_blocks_comes_back_at_any_time_but_where_a_release_would_go_by_the_word() -> None:
    blocking = site(('damper_unproven = "release"', 'damper_unproven = "block"'))
    disable, enable = Disable(operator="kim", subject="damper"), Enable(operator="kim", subject="damper")
    for story, kind in (
        ("0 | smoke-1 alarm | pre-activated |", Kind.COMMAND),
        ("0 | smoke-1 alarm, heat-1 alarm | activated |", Kind.REFUSED),
        ("0 | smoke-1 alarm, heat-1 alarm | activated |\n 1 | hold on | held |", Kind.REFUSED),
        ("0 | smoke-1 alarm, heat-1 alarm | activated |\n 31 | | waiting |", Kind.REFUSED),
        ("0 | smoke-1 alarm, heat-1 alarm | activated |\n 1 | abort on | aborted |", Kind.COMMAND),
        ("0 | call-point on | activated |", Kind.COMMAND),
        ("0 | call-point on | activated |\n 15 | | released | -damper", Kind.COMMAND),
    ):
        field = Field(blocking)
        field.say(disable)
        play(field, story)
        assert field.say(enable).kind is kind, story
        assert ("damper" in field.controller.state.disabled) == (kind is Kind.REFUSED)
        if field.zone().stage == "released":
            play(field, "1 | | released | +damper")


@pytest.mark.parametrize("subject", ["fault-relay", "sounder"])
def test_what_tells_people_is_not_disabled(subject: str) -> None:
    field = Field()
    assert field.say(Disable(operator="kim", subject=subject)).kind is Kind.REFUSED
    play(field, "0 | smoke-1 pre-alarm | |\n 1 | | | +sounder")


def test_disabling_the_agent_before_it_is_committed_is_manual_only() -> None:
    field = Field()
    play(field, "0 | smoke-1 alarm, heat-1 alarm | activated |")
    assert field.say(Disable(operator="kim", subject="agent")).kind is Kind.COMMAND
    assert field.zone().stage == "pre-activated"
    assert field.zone().availability == "unavailable: disabled"


@pytest.mark.parametrize(
    "command",
    [
        Disable(operator="kim", subject="nothing"),
        Disable(operator="kim", subject="abort"),
        Disable(operator="kim", subject="call-point"),
        Enable(operator="kim", subject="smoke-1"),
        Acknowledge(operator="kim", zone="attic"),
        Reset(operator="kim", zone="attic"),
        Occupied(operator="kim", zone="attic", occupied=True),
        HandOver(operator="kim", zone="attic"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason_and_changes_nothing(command: AnyCommand) -> None:
    field = Field()
    before = field.controller.state
    answer = field.say(command)
    assert answer.kind is Kind.REFUSED
    assert answer.text
    assert answer.operator == "kim"
    assert msgspec.structs.replace(field.controller.state, tick_ms=before.tick_ms) == before


def test_commands_of_one_scan_are_answered_in_their_order() -> None:
    field = Field()
    field.scan(
        Silence(operator="a", zone="hall"), Acknowledge(operator="b", zone="x"), Silence(operator="c", zone="server")
    )
    answers = [(e.kind, e.operator) for e in field.events if e.kind in {Kind.COMMAND, Kind.REFUSED}]
    assert answers == [(Kind.COMMAND, "a"), (Kind.REFUSED, "b"), (Kind.COMMAND, "c")]
