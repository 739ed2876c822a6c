"""Stories of a release, as rows: seconds waited | what happens | stage one scan later | outputs on (+) and off (-)."""

import pytest

from controller.core.commands import Disable, Occupied, Reset, Silence
from controller.core.events import Kind
from controller.core.rules import ResponseSettings
from controller.core.state import NEVER, Stage, Trigger
from controller.core.zone.signals import run_zone
from drivers.points import Quality
from tests.controller.core.drafts import draft_of, rules_of
from tests.controller.core.field import Field, play, site, writes_of

CONFIRM = "0 | smoke-1 alarm, heat-1 alarm | activated |"


@pytest.mark.feature("F10", "F11", "F16")
def test_a_whole_automatic_release() -> None:
    field = Field()
    play(
        field,
        """
          0 | smoke-1 alarm | pre-activated | -agent
          1 | heat-1 alarm  | activated     | -agent
        0.5 |               | activated     | +sounder +beacon -exhaust
         29 |               | activated     | -agent +damper -curtain
        0.2 |               | releasing     | -agent
          1 |               | released      | +agent -agent-reserve -exhaust +curtain
         60 |               | hold-time     |
          1 |               | hold-time     | -agent -exhaust
        120 |               | discharged    |
        """,
    )
    assert field.told(Kind.STAGE, "hall") == [
        "pre-activated", "activated", "releasing", "released", "hold-time", "discharged",
    ]  # fmt: skip
    assert field.told(Kind.INTENT, "agent") == ["activate"]
    confirmed = next(e for e in field.events if e.kind is Kind.STAGE and e.what == "activated")
    assert {evidence.head for evidence in confirmed.evidence} == {"smoke-1", "heat-1"}


@pytest.mark.parametrize(
    ("heads", "stage"),
    [
        ("smoke-1 alarm, heat-1 alarm", "activated"),
        ("cells-1 runaway, smoke-1 alarm", "activated"),
        ("cells-1 runaway, h2-3 alarm", "activated"),
        ("cells-1 runaway, heat-2 alarm", "activated"),
        ("smoke-1 alarm, smoke-2 alarm", "pre-activated"),
        ("heat-1 alarm, heat-2 alarm", "pre-activated"),
        ("h2-1 alarm, h2-2 alarm", "pre-activated"),
        ("smoke-1 alarm, h2-1 alarm", "pre-activated"),
        ("heat-1 alarm, h2-1 alarm", "pre-activated"),
        ("cells-1 runaway, cells-2 runaway", "pre-activated"),
        ("cells-1 alarm, smoke-1 alarm", "pre-activated"),
        ("cells-1 runaway, h2-room alarm", "pre-activated"),
        ("smoke-1 alarm, heat-1 pre-alarm", "pre-activated"),
        ("smoke-1 alarm, heat-1 fault", "pre-activated"),
        ("smoke-1 pre-alarm, heat-1 pre-alarm", "quiescent"),
        ("smoke-1 fault, heat-1 fault", "quiescent"),
    ],
)
@pytest.mark.feature("F10")
def test_coincidence_of_rule_3(heads: str, stage: str) -> None:
    play(Field(), f"0 | {heads} | {stage} |")


@pytest.mark.parametrize(
    ("pause_s", "stage"),
    [(299, "activated"), (301, "pre-activated")],
)
def test_an_alarm_that_ended_counts_for_the_coincidence_window(pause_s: int, stage: str) -> None:
    play(
        Field(),
        f"""
          0 | smoke-1 alarm | pre-activated |
          5 | smoke-1 normal| pre-activated |
        {pause_s} | heat-1 alarm | {stage} |
        """,
    )


def test_the_server_room_releases_on_one_family_by_its_policy() -> None:
    play(Field(), "0 | server-smoke-3 fire-2, server-smoke-4 fire-2 | pre-activated |\n 20 | | activated |", "server")
    other = Field(site(("same_family = true\n", "")))
    play(other, "0 | server-smoke-3 fire-2, server-smoke-4 fire-2 | pre-activated |\n 40 | | pre-activated |", "server")
    assert other.zone("server").availability == "unavailable: no two independent heads"


def test_one_family_starts_to_stand_at_fire_2_anew_after_every_break() -> None:
    play(
        Field(),
        """
          0 | server-smoke-3 fire-2, server-smoke-4 fire-2 | pre-activated |
         19 | server-smoke-4 alarm  | pre-activated |
          1 | server-smoke-4 fire-2 | pre-activated |
         19 |                       | pre-activated |
          1 |                       | activated     |
        """,
        "server",
    )


@pytest.mark.feature("F13")
def test_hold_loads_the_pre_warning_anew() -> None:
    play(
        Field(),
        f"""
        {CONFIRM}
         25 | hold on  | held      |
         60 |          | held      | -agent
          0 | hold off | activated |
         29 |          | activated | -agent
          1 |          | releasing |
        """,
    )


@pytest.mark.feature("F14")
def test_abort_is_latched_until_a_reset_and_counts_before_the_second_alarm() -> None:
    field = Field()
    play(
        field,
        """
          0 | smoke-1 alarm, abort on | pre-activated |
          0 |                         | aborted   |
          1 | abort off, heat-1 alarm | aborted   |
         60 |                         | aborted   | -agent
        """,
    )
    # Both heads still read alarm: a reset would release again, and no command does that (rule 5).
    assert field.say(Reset(operator="kim", zone="hall")).kind is Kind.REFUSED
    play(field, "0 | mode-key off | aborted |")
    assert field.say(Reset(operator="kim", zone="hall")).kind is Kind.COMMAND
    play(field, "0 | | pre-activated |\n 1 | mode-key on | activated |")  # the key is a hand


def test_latched_abort_strategy_ignores_the_hold_contact() -> None:
    play(
        Field(),
        """
          0 | server-smoke-3 fire-2, server-smoke-4 fire-2 | pre-activated |
         20 |                  | activated |
          1 | server-hold on   | activated |
          1 | server-abort on  | aborted   |
          1 | server-abort off, server-hold off | aborted |
        """,
        "server",
    )


def test_strategy_none_ignores_abort_and_hold() -> None:
    field = Field(site(('strategy = "hold-reload"', 'strategy = "none"')))
    play(field, f"{CONFIRM}\n 1 | abort on, hold on | activated |\n 29 | | releasing |")


@pytest.mark.parametrize("hand", ["abort on", "hold on", "abort on, hold on"])
@pytest.mark.feature("F13", "F14")
def test_abort_and_hold_do_nothing_once_the_valve_was_told(hand: str) -> None:
    field = Field()
    field.agent_flows = False
    play(field, f"{CONFIRM}\n 30 | | releasing |\n 1 | {hand} | releasing | +agent\n 5 | | releasing | +agent")
    assert field.say(Reset(operator="kim", zone="hall")).kind is Kind.REFUSED


@pytest.mark.parametrize("hand", ["abort on", "hold on"])
@pytest.mark.feature("F21")
def test_a_manual_release_beats_abort_and_hold(hand: str) -> None:
    play(
        Field(),
        f"""
        0 | {hand}        | quiescent |
        0 | call-point on | activated |
        9 |               | activated | -agent
        1 |               | releasing |
        """,
    )


@pytest.mark.feature("F21", "F22")
def test_a_hand_takes_over_an_automatic_countdown() -> None:
    field = Field()
    play(
        field,
        f"""
        {CONFIRM}
          5 | call-point on          | activated |
          0 | abort on, mode-key off | activated |
        9.9 |                        | releasing |
        """,
    )
    assert field.zone().trigger is Trigger.MANUAL


@pytest.mark.feature("F22")
def test_a_hand_never_makes_the_countdown_longer() -> None:
    play(Field(), f"{CONFIRM}\n 27 | call-point on | activated |\n 3 | | releasing |")


def test_a_hand_leads_out_of_an_abort() -> None:
    play(Field(), f"{CONFIRM}\n 1 | abort on | aborted |\n 1 | call-point on | activated |\n 10 | | releasing |")


@pytest.mark.parametrize("wrong", ["call-point fault", "hold on"])
def test_a_call_point_whose_contacts_disagree_releases_nothing(wrong: str) -> None:
    play(Field(), f"0 | {wrong} | quiescent |\n 60 | | quiescent | -agent")


@pytest.mark.parametrize(
    ("hand", "why"),
    [
        ("mode-key off", "manual-only by key"),
        ("mode-key fault", "manual-only by key"),
        ("occupied on", "occupied"),
        ("occupied fault", "occupied"),
        ("low-agent on", "low agent"),
    ],
)
@pytest.mark.feature("F15")
def test_not_automatic_by_contact(hand: str, why: str) -> None:
    field = Field()
    play(field, f"0 | {hand}, smoke-1 alarm, heat-1 alarm | pre-activated |\n 60 | | pre-activated | -agent")
    assert why in field.zone().inhibits
    assert field.zone().availability == f"unavailable: {why}"
    assert why in field.told(Kind.INHIBIT, "hall")
    play(field, "0 | call-point on | activated |\n 10 | | releasing |")


def test_a_key_turned_in_the_countdown_stops_it_and_turning_it_back_starts_it_anew() -> None:
    play(
        Field(),
        f"""
        {CONFIRM}
         20 | mode-key off | pre-activated |
         20 |              | pre-activated | -agent
          0 | mode-key on  | activated |
         29 |              | activated |
          1 |              | releasing |
        """,
    )


@pytest.mark.feature("F15")
def test_an_operator_marks_the_room_as_occupied() -> None:
    field = Field()
    play(field, CONFIRM)
    field.say(Occupied(operator="kim", zone="hall", occupied=True))
    assert field.zone().stage == "pre-activated"
    answer = field.say(Occupied(operator="kim", zone="hall", occupied=False))
    assert answer.kind is Kind.REFUSED
    assert "reset first, or use the wired key" in answer.text
    assert field.zone().stage == "pre-activated"


# --- rule 6: exhaust against agent, dampers


@pytest.mark.feature("F26")
def test_exhaust_first_while_gas_is_high_within_the_bound() -> None:
    field = Field()
    field.point("gas-h2[0]", 20000.0)
    play(
        field,
        f"""
        {CONFIRM}
         30 |               | waiting   | -agent +exhaust
         58 |               | waiting   | -agent +exhaust
          2 |               | waiting   |
        1.4 |               |           | -exhaust
          1 |               | released  | +agent -exhaust
        """,
    )
    assert any("exhaust first" in what for what in field.told(Kind.INHIBIT, "hall"))
    assert field.told(Kind.INHIBIT, "hall")[-1] == "none"


@pytest.mark.parametrize(
    ("limit_s", "stage", "wait_ms", "over"),
    [
        (60.0, Stage.WAITING, 59_999, False),
        (60.0, Stage.WAITING, 60_000, True),
        (0.0, Stage.ACTIVATED, 1, True),
        # A bound, however short, begins with the wait.
        (0.001, Stage.ACTIVATED, 1, False),
    ],
)
def test_the_turn_of_the_exhaust_is_over_to_the_millisecond(
    limit_s: float, stage: Stage, wait_ms: int, over: bool
) -> None:
    field = Field(site(("purge_limit_s = 60.0", f"purge_limit_s = {limit_s}")))
    field.point("gas-h2[0]", 20000.0)
    field.scan()
    since = {"stage": stage, "trigger": Trigger.AUTOMATIC, "since_ms": 1000, "due_ms": 90_000}
    draft = draft_of(field, zones={"hall": since})
    draft.tick_ms = 1000 + wait_ms
    run_zone(draft, rules_of(draft))
    assert draft.zones[0].purged_ms == (draft.tick_ms if over else NEVER)


def test_gas_that_falls_ends_the_wait() -> None:
    field = Field()
    field.point("gas-h2[0]", 20000.0)
    play(field, f"{CONFIRM}\n 30 | | waiting |")
    field.point("gas-h2[0]", 50.0)
    play(field, "0 | | waiting |\n 2 | | | -exhaust")  # first the fan stops
    assert field.told(Kind.STAGE, "hall")[-1] in {"releasing", "released"}


@pytest.mark.feature("F26")
def test_gas_heads_that_cannot_tell_make_it_wait_as_well() -> None:
    field = Field()
    for i in range(2):
        field.point(f"gas-h2[{i}]", 0.0, Quality.BAD)
    play(field, f"{CONFIRM}\n 30 | | waiting |\n 59 | | waiting |\n 4 | | released | -exhaust")


def test_a_hand_wins_over_the_exhaust() -> None:
    field = Field()
    field.point("gas-h2[0]", 20000.0)
    play(field, f"{CONFIRM}\n 30 | | waiting |\n 1 | call-point on | releasing |\n 1 | | released | +agent -exhaust")


def test_abort_and_hold_work_while_it_waits() -> None:
    for hand, stage in (("abort on", "aborted"), ("hold on", "held"), ("mode-key off", "pre-activated")):
        field = Field()
        field.point("gas-h2[0]", 20000.0)
        play(field, f"{CONFIRM}\n 30 | | waiting |\n 1 | {hand} | {stage} |")


@pytest.mark.parametrize(("policy", "stage"), [("block", "waiting"), ("release", "releasing")])
def test_an_unproven_damper_blocks_or_not_as_the_site_says(policy: str, stage: str) -> None:
    field = Field(site(('damper_unproven = "release"', f'damper_unproven = "{policy}"')))
    field.stuck.add("damper")
    play(field, f"{CONFIRM}\n 30 | | {stage} |")
    assert "damper_unproven:damper" in field.troubles()
    field.stuck.discard("damper")
    play(field, "3 | | released | +agent")


# --- rule 8: proof, retry, reserve


@pytest.mark.feature("F17", "F19")
def test_silence_is_tried_again_then_told() -> None:
    field = Field()
    field.agent_flows = False
    play(
        field,
        f"""
        {CONFIRM}
         30 |  | releasing   |
          1 |  | releasing   | +agent
        """,
    )
    assert not field.troubles()
    play(field, "29 | | retrying |")
    assert "release_unconfirmed:hall" in field.troubles(), "told from the first silence on, not after the last try"
    play(field, "1 | | retrying | -agent -exhaust\n 1 | | releasing |\n 1 | | releasing | +agent")
    assert "release_unconfirmed:hall" in field.troubles()
    play(field, "29 | | unconfirmed | +agent")
    assert "release_unconfirmed:hall" in field.troubles()
    assert "released" not in field.told(Kind.STAGE, "hall")
    play(field, "60 | | hold-time | -exhaust\n 121 | | discharged | +sounder +beacon")
    assert "release_unconfirmed:hall" in field.troubles()


@pytest.mark.feature("F17")
def test_late_proof_still_counts() -> None:
    field = Field()
    field.agent_flows = False
    play(field, f"{CONFIRM}\n 93 | | unconfirmed |")
    field.agent_flows = True
    play(field, "1 | | released |")
    assert not any(trouble.startswith("release_unconfirmed") for trouble in field.troubles())


def test_a_switch_that_was_closed_before_proves_nothing() -> None:
    field = Field()
    field.point("fb-inputs[8]", 1.0)
    play(field, "2 | call-point on | activated |\n 11 | | releasing |\n 27 | | releasing |\n 40 | | unconfirmed |")
    assert "unexpected_flow:hall" not in field.troubles()  # agent may be in the room: told as unconfirmed now
    assert "unexpected_flow" in field.told(Kind.TROUBLE, "hall")


def test_the_reserve_bank_goes_by_key_and_call_point_only() -> None:
    field = Field()
    field.agent_flows = False
    play(field, f"{CONFIRM}\n 93 | | unconfirmed | +agent -agent-reserve")
    play(
        field, "1 | reserve-key on | unconfirmed |\n 1 | reserve-key off, call-point on | unconfirmed | -agent-reserve"
    )
    play(field, "1 | reserve-key on | releasing |\n 1 | | releasing | +agent-reserve -agent")
    assert field.zone().reserve


def test_the_reserve_bank_never_goes_by_itself() -> None:
    field = Field()
    field.agent_flows = False
    play(
        field,
        f"0 | reserve-key on | quiescent |\n{CONFIRM}\n 30 | | releasing |\n 1 | | releasing | +agent -agent-reserve",
    )


def test_a_key_in_a_room_without_a_reserve_bank_takes_nothing_from_the_call_point() -> None:
    field = Field(site(('reserve_output = "agent-reserve"\n', "")))
    play(field, "0 | reserve-key on, call-point on | activated |\n 11 | | |\n 1 | | released | +agent -agent-reserve")


def test_the_reserve_bank_after_the_hold_time() -> None:
    field = Field()
    play(field, f"{CONFIRM}\n 32 | | released |\n 182 | | discharged |")
    play(field, "1 | call-point on | discharged |\n 0 | reserve-key on | activated |\n 11 | | releasing |")
    field.run(1)
    assert field.on("agent-reserve")


@pytest.mark.parametrize(("stage", "next_stage", "tries"), [
    (Stage.DISCHARGED, Stage.ACTIVATED, 0), (Stage.UNCONFIRMED, Stage.RELEASING, 1),
])  # fmt: skip
def test_what_became_of_the_main_bank_is_not_said_of_the_reserve(stage: Stage, next_stage: Stage, tries: int) -> None:
    field = Field(settle=False)
    for name in ("reserve-key", "call-point"):
        field.contact(name, on=True)
    field.scan()
    main = {"stage": stage, "reserve": False, "attempt": 2, "proven": stage is Stage.DISCHARGED, "spent": True}
    main |= {"call_point_rested": True}
    draft = draft_of(field, zones={"hall": main})
    run_zone(draft, rules_of(draft))
    state = draft.zones[0]
    assert (state.stage, state.reserve, state.attempt) == (next_stage, True, tries)
    assert (state.proven, state.spent) == (False, False)


def test_a_call_point_that_was_never_restored_lets_no_reserve_go() -> None:
    field = Field()
    field.agent_flows = False
    play(
        field,
        "0 | call-point on | activated |\n 75 | | unconfirmed |\n 1 | reserve-key on | unconfirmed | -agent-reserve",
    )
    play(field, "1 | call-point fault | unconfirmed |\n 1 | call-point on | unconfirmed | -agent-reserve")
    play(field, "1 | call-point off | unconfirmed |\n 1 | call-point on | releasing |\n 1 | | | +agent-reserve")


def test_a_hold_contact_that_is_lost_lets_nothing_go() -> None:
    play(Field(), f"{CONFIRM}\n 5 | hold on | held |\n 1 | hold fault | held |\n 60 | | held | -agent")


# --- agent that comes by another hand


def test_agent_that_nobody_commanded_keeps_people_out_and_exhaust_off() -> None:
    field = Field()
    play(field, "0 | smoke-1 pre-alarm | quiescent |\n 2 | | | +exhaust")
    field.point("fb-inputs[8]", 1.0)
    play(field, "1 | | quiescent | -exhaust +sounder +beacon")
    assert field.zone().availability == "unavailable: discharge switch on without release"
    field.say(Silence(operator="kim", zone="hall"))
    play(field, "1 | | quiescent | -sounder")
    play(field, "0 | smoke-1 alarm, heat-1 alarm | pre-activated |\n 40 | | pre-activated | -agent -exhaust")
    field.point("fb-inputs[8]", 0.0)
    play(field, "1 | | pre-activated | -exhaust")  # and a reset as well
    assert "unexpected_flow:hall" in field.troubles()
    assert field.say(Reset(operator="kim", zone="hall")).kind is Kind.REFUSED  # it would release: both still read alarm
    play(field, "0 | call-point on | activated |\n 11 | | |\n 1 | | released | +agent")


def test_agent_that_nobody_commanded_ends_the_silence() -> None:
    field = Field()
    play(field, "0 | smoke-1 pre-alarm | quiescent |\n 1 | | | +sounder")
    field.say(Silence(operator="kim", zone="hall"))
    play(field, "1 | | | -sounder")
    field.point("fb-inputs[8]", 1.0)
    play(field, "1 | | | +sounder")
    assert not field.zone().silenced


def test_a_reset_does_not_forget_agent_that_still_flows() -> None:
    field = Field()
    field.point("fb-inputs[8]", 1.0)
    field.run(1)
    field.say(Reset(operator="kim", zone="hall"))
    assert field.zone().availability.startswith("unavailable")
    field.point("fb-inputs[8]", 0.0)
    field.run(1)
    assert field.zone().availability.startswith("unavailable")
    field.say(Reset(operator="kim", zone="hall"))
    assert field.zone().availability == "full"


def test_silence_lets_nobody_in_where_agent_may_be() -> None:
    field = Field()
    field.agent_flows = False
    play(field, f"{CONFIRM}\n 280 | | discharged | +beacon")
    field.say(Silence(operator="kim", zone="hall"))
    play(field, "2 | | discharged | +beacon")


# --- rule 9: availability


@pytest.mark.parametrize(
    ("happens", "policy", "says"),
    [
        ("heat-1 normal", "degrade", "full"),
        ("heat-1 fault", "degrade", "degraded: heat-1"),
        ("heat-1 fault", "block", "unavailable: faulty member (site policy: block)"),
    ],
)
def test_availability_follows_the_policy(happens: str, policy: str, says: str) -> None:
    field = Field(site(("attempts = 2", f'attempts = 2\nfaulty_member = "{policy}"')))
    play(field, f"0 | {happens} | quiescent |")
    assert field.zone().availability == says


@pytest.mark.feature("F9")
def test_no_pair_left_means_unavailable() -> None:
    field = Field()
    for name in ("smoke-1", "smoke-2", "cells-1", "cells-2", "cells-3"):
        field.fault(name)
    field.run(0.1)
    assert field.zone().availability == "unavailable: cells-1, cells-2, cells-3, smoke-1, smoke-2"


def test_a_lost_release_module_means_unavailable() -> None:
    field = Field()
    field.lose("do-2")
    field.run(10)
    assert field.zone().availability == "unavailable: agent not readable"


def test_a_disabled_member_degrades_and_does_not_count() -> None:
    field = Field()
    field.say(Disable(operator="kim", subject="heat-1"))
    assert field.zone().availability == "degraded: heat-1"
    play(field, f"{CONFIRM.replace('activated', 'pre-activated')}\n 1 | heat-2 alarm | activated |")


def test_with_extinguish_switched_off_nothing_releases() -> None:
    field = Field(settings=ResponseSettings(extinguish=False))
    play(field, "0 | smoke-1 alarm, heat-1 alarm, call-point on | pre-activated |\n 60 | | pre-activated | -agent")


def test_two_channels_one_after_the_other_with_read_back_between() -> None:
    field = Field()
    play(field, f"{CONFIRM}\n 30 | | releasing |\n 1 | | released |")
    writes = writes_of(field, "agent")
    assert [(place, value) for _, place, value in writes] == [(0, 1), (1, 1)]
    assert writes[1][0] - writes[0][0] >= 200  # the arm channel was read back first
    assert all(write.intent for _, write in field.writes if write.output == "agent")


def test_an_arm_channel_that_does_not_take_keeps_the_fire_channel_off() -> None:
    field = Field()
    field.deaf.add("agent")
    play(field, f"{CONFIRM}\n 45 | | releasing | -agent")
    assert {place for _, place, _ in writes_of(field, "agent")} == {0}
