"""Outputs: written, read back, confirmed by the field, tried again, told. And what a start finds in the field."""

from itertools import pairwise

import msgspec
import pytest

from controller.core.actuation import act
from controller.core.commands import Reset, Silence
from controller.core.events import Kind, Level
from controller.core.state import Drive
from drivers.points import Quality
from tests.controller.core.drafts import draft_of
from tests.controller.core.field import Field, play, site, writes_of
from tests.controller.core.one_bank import one_bank

PRE_ALARM = "0 | cells-1 pre-alarm | quiescent |"
RELEASE = "0 | smoke-1 alarm, heat-1 alarm | activated |\n 31 | | |\n 1 | | released | +agent"


def drive(field: Field, output: str) -> Drive:
    return field.controller.state.outputs[field.layout.output(output).index].drive


def test_written_once_read_back_and_confirmed_by_the_contact() -> None:
    field = Field()
    field.clear()
    play(field, PRE_ALARM)
    assert drive(field, "breaker-1") is Drive.WRITING
    field.run(0.4)
    assert drive(field, "breaker-1") is Drive.CONFIRMING
    field.run(1.2)
    assert drive(field, "breaker-1") is Drive.SETTLED
    assert field.told(Kind.OUTPUT, "breaker-1") == ["activate", "active"]
    field.run(5)
    assert len(writes_of(field, "breaker-1")) == 1


def test_a_module_that_takes_no_write_is_written_again_within_bounds_and_told() -> None:
    field = Field()
    field.deaf.add("breaker-1")
    play(field, PRE_ALARM)
    field.run(3.5)
    writes = writes_of(field, "breaker-1")
    assert 6 <= len(writes) <= 8
    assert min(b[0] - a[0] for a, b in pairwise(writes)) >= 500
    assert drive(field, "breaker-1") is Drive.FAILED
    assert {"breaker_stuck:breaker-1"} <= field.troubles()
    field.deaf.clear()
    field.run(3)
    assert drive(field, "breaker-1") is Drive.SETTLED
    assert not field.troubles()


def test_a_device_that_does_not_move_is_tried_again_then_told_with_its_consequence() -> None:
    field = Field()
    field.stuck.add("breaker-1")
    play(field, PRE_ALARM)
    field.run(8)
    assert field.told(Kind.OUTPUT, "breaker-1")[-3:] == ["activate", "retry", "unconfirmed"]
    assert "breaker_stuck:breaker-1" in field.troubles()


@pytest.mark.parametrize("late_ms", [0, 1])
@pytest.mark.parametrize("drive_now", [Drive.WRITING, Drive.CONFIRMING])
def test_an_output_has_the_whole_of_its_time(drive_now: Drive, late_ms: int) -> None:
    field = Field()
    field.stuck.add("breaker-1")
    field.point("do-1-coils[0]", float(drive_now is Drive.CONFIRMING))
    field.scan()
    told = {"wanted": 1, "drive": drive_now, "since_ms": 1000, "tries": 1}
    draft = draft_of(field, outputs={"breaker-1": told})
    draft.tick_ms = 4_000 + late_ms
    index = draft.layout.output("breaker-1").index
    act(draft, [int(o.index == index or o.output.normal) for o in draft.layout.outputs])
    assert draft.outputs[index].drive is (Drive.FAILED if late_ms else drive_now)


def test_a_breaker_that_stays_open_has_no_consequence_of_its_use() -> None:
    field = Field()
    play(field, f"{PRE_ALARM}\n 3 | cells-1 normal | |")
    field.stuck.add("breaker-1")
    field.say(Reset(operator="kim", zone="hall"))
    field.run(8)
    assert field.troubles() == {"feedback_disagrees:breaker-1"}


def test_a_level_that_somebody_else_changes_is_put_right_and_told() -> None:
    field = Field()
    play(field, f"{PRE_ALARM}\n 3 | | |")
    field.deaf.add("breaker-1")
    field.point("do-1-coils[0]", 0.0)
    field.run(1.5)
    assert "output_forced:breaker-1" in field.troubles()
    field.deaf.clear()
    field.run(2)
    assert field.on("breaker-1")
    assert not field.troubles()


def test_a_level_that_is_lost_right_after_it_was_written_is_written_at_once() -> None:
    draft = draft_of(Field())
    breaker = draft.layout.output("breaker-1")
    told = {"wanted": 1, "drive": Drive.CONFIRMING, "written_ms": draft.tick_ms - 100}
    draft.outputs[breaker.index] = msgspec.structs.replace(draft.outputs[breaker.index], **told)
    act(draft, [int(o.index == breaker.index or o.output.normal) for o in draft.layout.outputs])
    assert [(write.output, write.value) for write in draft.writes] == [("breaker-1", 1)]


def test_a_device_moved_by_hand_is_told() -> None:
    field = Field()
    field.stuck.add("exhaust")
    field.point("fb-inputs[6]", 1.0)
    field.run(6)
    assert field.troubles() >= {"feedback_disagrees:exhaust"}


# --- release channels


def test_a_forged_release_channel_is_told_and_written_off() -> None:
    field = Field()
    field.point("do-1-coils[3]", 1.0)
    field.run(0.1)
    assert "release_channel:agent" in field.troubles()
    field.run(1)
    assert not field.on("agent")
    assert field.buffer.value[field.layout.point("do-1-coils[3]")] == 0
    assert not field.troubles()


def test_a_stuck_release_channel_stays_told() -> None:
    field = Field()
    field.deaf.add("agent")
    field.point("do-2-coils[3]", 1.0)
    field.run(40)
    assert "release_channel:agent" in field.troubles()
    assert field.told(Kind.TROUBLE, "agent").count("release_channel") == 1


def test_a_forged_release_channel_is_told_whatever_its_normal_level() -> None:
    field = Field(site(('[outputs.agent]\nrole = "agent"\n', '[outputs.agent]\nrole = "agent"\nnormal = 1\n')))
    field.deaf.add("agent")
    field.point("do-1-coils[3]", 0.0)
    field.run(1)
    assert field.troubles() == {"release_channel:agent"}


def test_a_release_that_is_tried_again_says_its_intent_again() -> None:
    proof = '[outputs.agent]\nrole = "agent"\n'
    field = Field(site((proof, f'{proof}feedback = {{ point = "fb-inputs[3]" }}\n')))
    field.stuck.add("agent")
    play(field, "0 | smoke-1 alarm, heat-1 alarm | activated |\n 35 | | |")
    assert "retry" in field.told(Kind.OUTPUT, "agent")
    assert [write.intent for _, write in field.writes if write.output == "agent"] == [True] * 4


def test_an_output_that_speaks_no_more_for_its_channels_is_at_rest() -> None:
    field = Field(one_bank())
    draft = draft_of(field, outputs={"agent": {"wanted": 1, "drive": Drive.WRITING, "channel": 1}})
    server = draft.layout.output("server-agent").index
    act(draft, [int(o.index == server or o.output.normal) for o in draft.layout.outputs])
    mine = draft.outputs[draft.layout.output("agent").index]
    assert (mine.wanted, mine.drive, mine.channel) == (0, Drive.SETTLED, -1)
    assert draft.outputs[server].wanted == 1


def test_a_commanded_end_of_release_is_no_forged_channel() -> None:
    field = Field()
    play(field, f"{RELEASE}\n 61 | | hold-time |\n 1 | | hold-time | -agent")
    assert "release_channel" not in field.told(Kind.TROUBLE)


def ended_while_deaf(field: Field) -> None:
    """The end of a release is commanded, and the controller starts anew before the channels have dropped."""
    play(field, RELEASE)
    field.deaf.add("agent")
    while field.controller.state.outputs[field.layout.output("agent").index].wanted:
        field.scan()
    assert field.zone().stage == "hold-time"
    assert field.on("agent")
    field.clear()
    field.restart()


def test_a_release_that_a_restart_finds_still_to_drop_is_no_forged_channel() -> None:
    field = Field()
    ended_while_deaf(field)
    field.deaf.clear()
    field.run(3)
    assert field.buffer.value[field.layout.point("do-1-coils[3]")] == 0
    assert "release_channel" not in field.told(Kind.TROUBLE)


def test_a_forged_release_channel_is_told_after_a_restart_that_cannot_hear_the_other_one() -> None:
    field = Field()
    play(field, f"{RELEASE}\n 61 | | hold-time |\n 10 | | hold-time | -agent")
    field.point("do-1-coils[3]", 0.0, Quality.BAD)
    field.deaf.add("agent")
    field.point("do-2-coils[3]", 1.0)
    field.clear()
    field.restart()
    field.run(3)
    assert "release_channel:agent" in field.troubles()


def test_a_release_channel_that_does_not_drop_after_a_restart_is_told() -> None:
    field = Field()
    ended_while_deaf(field)
    field.run(40)
    assert "release_channel:agent" in field.troubles()


# --- starts


def test_the_field_is_read_before_the_first_write() -> None:
    field = Field(settle=False)
    field.lose("do-1")
    field.buffer.received_ms[:] = -10_000
    field.level("cells-1", Level.PRE_ALARM)
    field.run(8)
    assert writes_of(field, "breaker-1") == []
    assert drive(field, "breaker-1") is Drive.UNREAD
    field.lost.clear()
    field.run(1)
    assert writes_of(field, "breaker-1")


def test_a_start_without_state_keeps_what_it_finds_until_a_reset_but_never_agent() -> None:
    field = Field(settle=False)
    field.agent_flows = False
    for reference in ("do-1-coils[5]", "do-1-coils[0]", "do-1-coils[3]", "do-2-coils[3]"):
        field.point(reference, 1.0)
    field.run(3)
    assert field.on("exhaust")
    assert field.on("breaker-1")
    assert not field.on("agent")
    assert field.told(Kind.OUTPUT, "exhaust")[0] == "adopted"
    field.say(Reset(operator="kim", zone="hall"))
    field.run(2)
    assert not field.on("exhaust")
    assert not field.on("breaker-1")


def test_what_a_late_look_adopts_has_its_whole_time_to_show() -> None:
    field = Field(settle=False)
    field.lose("do-1")
    field.buffer.received_ms[:] = -10_000
    field.stuck.add("damper")
    field.point("do-1-coils[6]", 1.0)
    field.run(20)
    field.lost.clear()
    field.run(4.5)
    assert field.told(Kind.OUTPUT, "damper") == ["adopted"]
    field.run(1)
    assert field.told(Kind.OUTPUT, "damper") == ["adopted", "retry"]


def test_exhaust_is_not_kept_where_agent_flows() -> None:
    field = Field(settle=False)
    for reference in ("do-1-coils[5]", "do-1-coils[3]", "do-2-coils[3]"):
        field.point(reference, 1.0)
    play(field, "3 | | quiescent | -exhaust -agent")


@pytest.mark.parametrize(("open_1", "kept"), [(1.0, True), (0.0, False)])
def test_water_is_kept_only_where_the_breakers_say_open(open_1: float, *, kept: bool) -> None:
    field = Field(settle=False)
    field.stuck.add("breaker-1")
    field.point("do-2-coils[0]", 1.0)
    field.point("fb-inputs[0]", open_1)
    play(field, f"3 | | quiescent | {'+' if kept else '-'}coolant-1")


def test_what_was_kept_gives_way_to_the_logic() -> None:
    field = Field(settle=False)
    field.point("do-1-coils[7]", 1.0)  # the sounder
    field.run(1)
    play(field, "0 | smoke-1 pre-alarm | |\n 1 | | | +sounder")
    field.say(Silence(operator="kim", zone="hall"))
    play(field, "1 | | | -sounder")


def test_exhaust_that_was_kept_stops_for_the_agent() -> None:
    the_site = site(('when = ["hall.exhaust"]', 'when = ["hall.exhaust"]\nunless = ["hall.isolate"]'))
    field = Field(the_site, settle=False)
    field.point("do-1-coils[5]", 1.0)
    play(field, f"3 | | | +exhaust\n{RELEASE}\n 1 | | | -exhaust")


def test_a_start_that_the_site_gives_a_level() -> None:
    normal = 'consequence = "damper_unproven"\non_restart = "keep"'
    field = Field(site((normal, 'consequence = "damper_unproven"\non_restart = 1')), settle=False)
    play(field, "1 | | | +damper")
    field = Field(site((normal, 'consequence = "damper_unproven"\non_restart = 0')), settle=False)
    field.point("do-1-coils[6]", 1.0)
    play(field, "1 | | | -damper")


@pytest.mark.parametrize(
    ("wait_s", "stage"),
    [(5, "activated"), (33, "releasing"), (40, "released"), (100, "hold-time"), (215, "discharged")],
)
def test_a_restart_in_each_stage_goes_on_where_it_was(wait_s: int, stage: str) -> None:
    field = Field()
    field.agent_flows = stage != "releasing"
    play(field, f"0 | smoke-1 alarm, heat-1 alarm | activated |\n {wait_s} | | {stage} |")
    before, outputs = field.zone(), [field.on(o.name) for o in field.layout.outputs]
    field.clear()
    field.restart()
    field.run(1)
    restarted_ms = field.tick_ms - 900
    due_ms = restarted_ms + 30_000 if stage == "activated" else before.due_ms  # the whole pre-warning anew (rule 13)
    spent = stage == "hold-time"  # channels are off by then anyway
    assert field.zone() == msgspec.structs.replace(before, spent=spent, due_ms=due_ms)
    assert [field.on(o.name) for o in field.layout.outputs] == outputs
    assert field.told(Kind.INTENT) == []
    assert field.writes == []


def test_a_restart_after_the_channels_dropped_fires_nothing_anew() -> None:
    for dropped in (("do-1-coils[3]", "do-2-coils[3]"), ("do-2-coils[3]",)):
        field = Field()
        play(field, RELEASE)
        for reference in dropped:
            field.point(reference, 0.0)
        field.clear()
        field.restart()
        field.run(3)
        assert field.zone().spent
        assert all(value == 0 for _, _, value in writes_of(field, "agent"))
        assert not field.on("agent")


def test_a_restart_before_proof_goes_on_with_its_intent() -> None:
    field = Field()
    field.agent_flows = False
    play(field, "0 | smoke-1 alarm, heat-1 alarm | activated |\n 32 | | releasing | +agent")
    field.point("do-1-coils[3]", 0.0)
    field.point("do-2-coils[3]", 0.0)
    field.restart()
    play(field, "1 | | releasing | +agent")


def test_the_reserve_bank_works_after_a_restart_that_found_the_main_bank_dropped() -> None:
    field = Field()
    field.agent_flows = False
    play(field, "0 | smoke-1 alarm, heat-1 alarm | activated |\n 93 | | unconfirmed | +agent")
    field.point("do-1-coils[3]", 0.0)
    field.point("do-2-coils[3]", 0.0)
    field.restart()
    play(
        field,
        "1 | | unconfirmed | -agent\n 0 | reserve-key on, call-point on | releasing |\n 1 | | | +agent-reserve -agent",
    )


def test_a_restart_waits_for_the_outputs_and_refuses_commands_meanwhile() -> None:
    field = Field()
    field.lose("do-2")
    field.run(6)
    field.restart()
    answer = field.say(Reset(operator="kim", zone="hall"))
    assert answer.kind is Kind.REFUSED
    field.run(2)
    assert field.say(Reset(operator="kim", zone="hall")).kind is Kind.COMMAND


# --- shadow


def test_shadow_mode_decides_and_tells_but_writes_nothing() -> None:
    field = Field(site(('mode = "direct"', 'mode = "shadow"')))
    play(
        field,
        "0 | smoke-1 alarm, heat-1 alarm, cells-2 runaway | activated |\n 31 | | releasing |\n 5 | | releasing | -agent",
    )
    assert field.writes == []
    assert field.told(Kind.INTENT, "agent") == ["would-activate"]
    assert field.told(Kind.OUTPUT, "breaker-2") == ["would-activate"]
    assert msgspec.json.encode(field.controller.state)
