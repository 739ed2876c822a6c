"""Rule 5: no command from a network can release; manual release is an antivalent pair; a release has two channels on two modules."""

from collections.abc import Sequence
from itertools import product
from typing import get_args

import msgspec
import pytest
from msgspec.structs import replace

from controller import protocol
from controller.core import commands, decide, inputs, operators, scan
from controller.core import force as forcing
from controller.core.commands import (
    Acknowledge,
    AnyCommand,
    Command,
    Disable,
    Enable,
    Force,
    HandOver,
    Occupied,
    Reset,
    Work,
)
from controller.core.draft import Draft
from controller.core.events import Kind, Level
from controller.core.rules import ZoneRules
from controller.core.state import Stage, Trigger
from controller.site.check import check as check_site
from controller.site.checks import outputs
from tests.controller.core.field import Field, play, site
from tests.controller.core.holding import holding
from tests.controller.core.one_bank import one_bank
from tests.rules.breaking import Check, Mutant, notices, original

MAY_BE_SAID = {
    "ack", "silence", "reset", "disable", "enable", "occupied", "confirm-isolated", "hand-over", "work", "delays", "extract", "force",
}  # fmt: skip
MAY_BE_ASKED = {"status", "events", "subscribe", "command"}


def _all_commands(field: Field) -> list[AnyCommand]:
    """Every command with every name of the site in every text field, and both values of every flag."""
    layout = field.layout
    words = [*layout.zones, *layout.racks, *(o.name for o in layout.outputs), *(h.name for h in layout.heads)]
    made = []
    for kind in get_args(commands.AnyCommand):
        fields = [f for f in msgspec.structs.fields(kind) if f.name != "operator"]
        choices = [_choices(f.type, words) for f in fields]
        for values in product(*choices):
            made.append(kind(operator="kim", **{f.name: v for f, v in zip(fields, values, strict=True)}))
    return made


def _choices(kind: object, words: list[str]) -> Sequence[object]:
    if kind is str:
        return words
    return get_args(kind) or ([0, 1, 60] if kind is int else [False, True])


def no_message_releases() -> None:
    assert {kind.__struct_config__.tag for kind in get_args(commands.AnyCommand)} == MAY_BE_SAID
    assert {kind.__struct_config__.tag for kind in get_args(protocol.AnyRequest)} == MAY_BE_ASKED
    fields = {f.name: f.type for f in msgspec.structs.fields(protocol.CommandRequest)}
    assert fields == {"id": str, "command": commands.AnyCommand}
    for forged in (
        b'{"do":"release","operator":"kim","zone":"hall"}',
        b'{"do":"ack","operator":"kim","zone":"hall","release":true}',
    ):
        line = b'{"type":"command","id":"1","command":' + forged + b"}"
        try:
            protocol.decode_request(line)
        except msgspec.ValidationError:
            continue
        raise AssertionError(f"{line!r} was understood")


def nothing_that_can_be_said_releases() -> None:
    """Every command, one after the other, into a quiet room and into one that would release if it were not manual-only."""
    for story in ("0 | | quiescent |", "0 | mode-key off, smoke-1 alarm, heat-1 alarm | pre-activated |"):
        field = Field()
        play(field, story)
        for command in _all_commands(field):
            field.say(command)
            assert "activated" not in field.told(Kind.STAGE), command
        assert not any(write.intent for _, write in field.writes)


def no_command_lifts_what_keeps_a_fire_from_release() -> None:
    """The room burns and is kept from automatic release by command; the command that would let it go on is refused."""
    fire = "0 | smoke-1 alarm, heat-1 alarm, heat-2 alarm | {stage} |"
    words: list[tuple[AnyCommand, AnyCommand]] = [
        (Occupied(operator="kim", zone="hall", occupied=True), Occupied(operator="kim", zone="hall", occupied=False))
    ]
    words += [
        (Disable(operator="kim", subject=s), Enable(operator="kim", subject=s)) for s in ("hall", "agent", "smoke-1")
    ]
    for kept, lifted in words:
        for burns_first in (False, True):
            field = Field()
            if burns_first:
                play(field, fire.format(stage="activated"))
            field.say(kept)
            play(field, fire.format(stage="") + "\n 5 | | |")
            if field.zone().stage == "activated":
                continue  # a head that is disabled in the countdown does not stop it
            assert field.say(lifted).kind is Kind.REFUSED, lifted
            field.say(Reset(operator="kim", zone="hall"))
            assert field.say(lifted).kind is Kind.REFUSED, lifted
            field.scan(kept, Reset(operator="kim", zone="hall"), lifted)
            play(field, "40 | | pre-activated | -agent")


def heads_that_burn_unseen_are_not_enabled() -> None:
    """Both heads of a pair are disabled and read fire: enabling them in one breath would release."""
    field = Field()
    pair = ("smoke-1", "cells-2")
    field.scan(*(Disable(operator="kim", subject=name) for name in pair))
    play(field, "0 | smoke-1 alarm, cells-2 runaway | quiescent |")
    field.scan(*(Enable(operator="kim", subject=name) for name in pair))
    play(field, "40 | | quiescent | -agent")
    play(field, "0 | smoke-1 normal | quiescent |")
    field.scan(*(Enable(operator="kim", subject=name) for name in pair))
    assert field.controller.state.disabled == ()


def a_reset_releases_nothing() -> None:
    for story in ("1 | abort on | aborted |\n 1 | abort off | aborted |", "32 | | released |\n 200 | | discharged |"):
        field = Field()
        play(field, f"0 | smoke-1 alarm, heat-1 alarm | activated |\n{story}")
        before = field.told(Kind.STAGE).count("activated")
        field.say(Reset(operator="kim", zone="hall"))
        field.run(5)
        assert field.told(Kind.STAGE).count("activated") == before


def a_reset_that_lifts_agent_that_strayed_releases_nothing() -> None:
    field = Field()
    switch = field.layout.site.zones["hall"].release.discharged  # type: ignore[union-attr]
    field.point(switch, 1.0)
    field.run(5)
    field.point(switch, 0.0)
    field.level("smoke-1", Level.ALARM)
    field.level("heat-1", Level.ALARM)
    assert field.say(Reset(operator="kim", zone="hall")).kind is Kind.REFUSED
    field.run(5)
    assert "activated" not in field.told(Kind.STAGE)


def a_hand_is_two_contacts() -> None:
    """One contact alone, stuck or forged, is a trouble and releases nothing."""
    for reference, value in (("di-1-inputs[0]", 1.0), ("di-2-inputs[0]", 0.0)):
        field = Field()
        field.point(reference, value)
        play(field, "15 | | quiescent | -agent")
        assert "contact_fault:call-point" in field.troubles()


def one_forged_point_releases_nothing() -> None:
    field = Field()
    for module, coil in product((1, 2), range(12)):
        field.point(
            f"do-{module}-coils[{coil}]", 1.0 - field.buffer.value[field.layout.point(f"do-{module}-coils[{coil}]")]
        )
        assert not any(field.on(name) for name in ("agent", "agent-reserve", "server-agent"))
        field.run(1)
        assert not any(field.on(name) for name in ("agent", "agent-reserve", "server-agent"))


def arm_comes_before_fire() -> None:
    field = Field()
    field.deaf.add("agent")
    play(field, "0 | call-point on | activated |\n 20 | | releasing |")
    arm, fire = field.layout.output("agent").channels
    assert {write.point for _, write in field.writes if write.output == "agent"} == {arm}
    assert fire not in {write.point for _, write in field.writes}


def one_channel_is_refused() -> None:
    for channels in ('["do-1-coils[3]"]', '["do-1-coils[3]", "do-1-coils[4]"]'):
        broken = site(('channels = ["do-1-coils[3]", "do-2-coils[3]"]', f"channels = {channels}"))
        assert any(problem.path.startswith("outputs.agent") for problem in check_site(broken)), channels


def an_engineer_forces_everything_but_agent_and_nothing_in_an_alarm() -> None:
    field = Field()
    field.say(Work(operator="kim", zone="hall", work="output test", minutes=30))
    for name in ("agent", "agent-reserve"):
        field.say(Force(operator="kim", subject=name, seconds=60))
        play(field, f"3 | | | -{name}")
    field.say(Force(operator="kim", subject="exhaust", seconds=60))
    play(field, "3 | | | +exhaust\n 1 | call-point on | activated | \n 1 | | | -exhaust")


def no_command_lets_the_extended_discharge_go() -> None:
    """It is agent to every word: what was out of service when the room burned is not enabled into a running release, nor stopped in it."""
    field = Field(holding())
    field.say(Disable(operator="kim", subject="agent-extended"))
    play(
        field, "0 | smoke-1 alarm, heat-1 alarm | pre-activated |\n 0 | call-point on | activated |\n 25 | | released |"
    )
    assert field.say(Enable(operator="kim", subject="agent-extended")).kind is Kind.REFUSED
    play(field, "20 | | | -agent-extended")
    running = Field(holding())
    play(running, "0 | smoke-1 alarm, heat-1 alarm | activated |\n 35 | | released | +agent-extended")
    assert running.say(Disable(operator="kim", subject="agent-extended")).kind is Kind.REFUSED
    play(running, "2 | | | +agent-extended")


def no_command_stops_a_persons_release() -> None:
    """Out of service keeps automatic release back alone; the mechanical block is what isolates the agent from a person's hand too."""
    field = Field()
    for subject in ("hall", "agent", "agent-reserve"):
        field.say(Disable(operator="kim", subject=subject))
    play(field, "0 | smoke-1 alarm, heat-1 alarm | pre-activated |\n 40 | | pre-activated | -agent")
    play(field, "0 | call-point on | activated |\n 12 | | released | +agent")
    reserve = Field()
    reserve.agent_flows = False
    reserve.say(Disable(operator="kim", subject="agent-reserve"))
    play(reserve, "0 | call-point on | activated |\n 80 | | unconfirmed |\n 1 | call-point off | unconfirmed |")
    play(reserve, "1 | reserve-key on, call-point on | releasing |\n 2 | | releasing | +agent-reserve")
    shared = Field(one_bank())
    shared.say(Disable(operator="kim", subject="selector-hall"))
    play(shared, "0 | smoke-1 alarm, heat-1 alarm | pre-activated |\n 40 | | pre-activated | -selector-hall")
    play(shared, "0 | call-point on | activated | \n 15 | | | +selector-hall +agent")


def a_call_point_counts_once_it_was_seen_at_rest() -> None:
    """A first start on a pair the wrong way round releases nothing and tells so; a lost or kept state takes it for a person's word."""
    field = Field(settle=False)
    field.contact("call-point", on=True)
    play(field, "2 | | quiescent | -agent\n 30 | | quiescent | -agent")
    assert "call_point_not_rested:hall" in field.troubles()
    play(field, "0 | call-point fault | quiescent |")
    field.say(Reset(operator="kim", zone="hall"))
    play(field, "1 | call-point on | quiescent |\n 1 | call-point off | quiescent |")
    assert "call_point_not_rested:hall" not in field.troubles()
    play(field, "1 | call-point on | activated |\n 12 | | released | +agent")
    for lost in (False, True):
        again = Field()
        again.restart()
        if lost:
            again.controller.state = decide.first_state(again.layout, lost=True)
        play(again, "0 | call-point on | |\n 5 | | activated |\n 12 | | released | +agent")


CHECKS = (
    no_command_stops_a_persons_release,
    a_call_point_counts_once_it_was_seen_at_rest,
    no_command_lets_the_extended_discharge_go,
    an_engineer_forces_everything_but_agent_and_nothing_in_an_alarm,
    no_message_releases,
    nothing_that_can_be_said_releases,
    no_command_lifts_what_keeps_a_fire_from_release,
    heads_that_burn_unseen_are_not_enabled,
    a_reset_releases_nothing,
    a_reset_that_lifts_agent_that_strayed_releases_nothing,
    a_hand_is_two_contacts,
    one_forged_point_releases_nothing,
    arm_comes_before_fire,
    one_channel_is_refused,
)


class ReleaseNow(Command, frozen=True, kw_only=True, tag="release"):
    """What must never exist."""

    zone: str


def a_message_for_release(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(commands, "AnyCommand", AnyCommand | ReleaseNow)


def the_socket_understands_it(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(protocol, "decode_request", msgspec.json.decode)


def a_command_that_releases(patch: pytest.MonkeyPatch) -> None:
    to_zone = operators._to_zone

    def activating(draft: Draft, command: Acknowledge, zone: ZoneRules) -> str:
        if isinstance(command, HandOver):
            draft.zone(zone.index, stage=Stage.ACTIVATED, trigger=Trigger.MANUAL, due_ms=0)
            draft.tell(Kind.STAGE, zone.name, zone.name, Stage.ACTIVATED)
        return to_zone(draft, command, zone)

    patch.setattr(operators, "_to_zone", activating)


def the_extended_discharge_is_no_agent(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(operators, "_keeps_back", lambda *_: set())
    patch.setattr(operators, "_is_committed", lambda *_: False)


def out_of_service_stops_a_hand(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "_goes_by_hand", lambda *_: False)


def a_first_start_counts_as_a_lost_state(patch: pytest.MonkeyPatch) -> None:
    first = decide.first_state
    patch.setattr(scan, "first_state", lambda layout, *, lost: replace(first(layout, lost=True), lost=()))


def a_reset_makes_it_rested(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(operators, "BEFORE_FLOODING", frozenset())


def a_command_lifts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(operators, "_would_release", lambda *a: "")


def only_latches_are_looked_at(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(operators, "_burns", lambda *a, **k: False)


def nobody_looks_what_burns(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(operators, "_burns", lambda *_, **__: False)


def one_contact_is_enough(patch: pytest.MonkeyPatch) -> None:
    one = inputs.wired_state
    patch.setattr(inputs, "wired_state", lambda f, a, c: int(c[0] == 1 or c[1] == 0) if len(c) > 1 else one(f, a, c))


def the_level_follows_the_field(patch: pytest.MonkeyPatch) -> None:
    act = original(decide, "act")

    def following(draft: Draft, wanted: list[int]) -> None:
        act(draft, [max(level, 1 in back) for level, back in zip(wanted, draft.inputs.channels, strict=True)])

    patch.setattr(decide, "act", following)


def both_channels_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("controller.core.layout.OutputLayout.is_release", property(lambda self: False))


def the_checker_counts_no_channels(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(outputs, "_release_channels", lambda *a: iter(()))


def everything_is_forced(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(forcing, "_refused", lambda *_: "")
    patch.setattr(forcing, "_interlocked", lambda *_: "")
    patch.setattr(decide, "interlock", lambda *_: True)


def an_alarm_ends_no_force(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(forcing, "alarm", lambda _: "")
    patch.setattr(forcing, "is_under", lambda *_: True)
    patch.setattr(forcing, "_interlocked", lambda *_: "")
    patch.setattr(decide, "interlock", lambda *_: True)


MUTANTS = [
    (out_of_service_stops_a_hand, no_command_stops_a_persons_release),
    (a_first_start_counts_as_a_lost_state, a_call_point_counts_once_it_was_seen_at_rest),
    (a_reset_makes_it_rested, a_call_point_counts_once_it_was_seen_at_rest),
    (the_extended_discharge_is_no_agent, no_command_lets_the_extended_discharge_go),
    (everything_is_forced, an_engineer_forces_everything_but_agent_and_nothing_in_an_alarm),
    (an_alarm_ends_no_force, an_engineer_forces_everything_but_agent_and_nothing_in_an_alarm),
    (a_message_for_release, no_message_releases),
    (the_socket_understands_it, no_message_releases),
    (a_command_that_releases, nothing_that_can_be_said_releases),
    (a_command_lifts, no_command_lifts_what_keeps_a_fire_from_release),
    (only_latches_are_looked_at, heads_that_burn_unseen_are_not_enabled),
    (only_latches_are_looked_at, a_reset_releases_nothing),
    (nobody_looks_what_burns, a_reset_that_lifts_agent_that_strayed_releases_nothing),
    (one_contact_is_enough, a_hand_is_two_contacts),
    (the_level_follows_the_field, one_forged_point_releases_nothing),
    (both_channels_at_once, arm_comes_before_fire),
    (the_checker_counts_no_channels, one_channel_is_refused),
]


@pytest.mark.parametrize("check", CHECKS)
def test_holds(check: Check) -> None:
    check()


@pytest.mark.parametrize(("mutant", "check"), MUTANTS)
def test_is_noticed_when_broken(mutant: Mutant, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    notices(check)
