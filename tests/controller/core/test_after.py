"""After the discharge: the extended one that holds the concentration, and the extract that clears the room."""

from collections.abc import Callable

import msgspec
import pytest

from controller.core.commands import Disable, Extract, Reset
from controller.core.events import Event, Kind
from controller.core.matrix import may_exhaust
from controller.core.state import NEVER, Stage, ZoneState
from controller.core.zone.after import run_after
from controller.core.zone.coincidence import FIRE_PHYSICS
from controller.site.check import check
from drivers.points import Quality
from tests.controller.core.drafts import draft_of, rules_of
from tests.controller.core.field import Field, play, site, writes_of
from tests.controller.core.holding import GAS_LOW, HOLDING, holding

HALL = "smoke-1 alarm, heat-1 alarm"
ALL_NORMAL = "smoke-1 normal, heat-1 normal, cells-1 normal"
BLOCK = (
    "[heads.reserve-key]",
    (
        '[heads.block]\nfamily = "mechanical-block"\nzone = "hall"\npoints = ["di-1-inputs[8]", "di-2-inputs[8]"]\n'
        "[heads.reserve-key]"
    ),
)
FIRE = "0 | smoke-1 alarm, heat-1 alarm | activated |"
FLOODED = f"{FIRE}\n 33 | | released |"
DISCHARGED = f"{FLOODED}\n 185 | heat-1 normal | discharged | -exhaust"
HYDROGEN = 20_000.0


def say(field: Field, *, on: bool = True) -> Event:
    return field.say(Extract(operator="kim", zone="hall", on=on))


def ended(field: Field, what: str) -> list[str]:
    return [e.text for e in field.events if e.what == what]


def test_the_site_is_sound() -> None:
    assert check(holding()) == ()
    assert check(holding(GAS_LOW)) == ()


# --- extended discharge


@pytest.mark.feature("F16")
def test_it_follows_the_proven_one_arm_before_fire_and_ends_by_itself() -> None:
    field = Field(holding())
    play(field, f"{FIRE}\n 29 | | activated | -agent-extended\n 4 | | released | +agent-extended")
    first = [place for _, place, value in writes_of(field, "agent-extended") if value == 1]
    assert first[0] == 0
    play(field, "95 | | | +agent-extended\n 5 | | hold-time | -agent-extended")
    assert ended(field, "extended-ended") == ["its time is over"]


def test_nothing_extends_a_release_that_the_field_has_not_proven() -> None:
    field = Field(holding())
    field.agent_flows = False
    play(field, f"{FIRE}\n 200 | | | -agent-extended")
    assert not writes_of(field, "agent-extended")


def test_it_ends_with_the_hold_time_and_behind_a_closed_block() -> None:
    field = Field(holding(("extended_s = 100.0", "extended_s = 900.0")))
    play(field, f"{FLOODED}\n 170 | | hold-time | +agent-extended\n 15 | | discharged | -agent-extended")
    assert ended(field, "extended-ended") == ["the hold time is over"]
    field = Field(holding(BLOCK))
    play(
        field,
        f"{FLOODED}\n 2 | | | +agent-extended\n 1 | block on | |\n 1 | | | -agent-extended\n 1 | block off | |\n 5 | | | -agent-extended",
    )


def test_a_restart_goes_on_with_it_and_fires_nothing_anew() -> None:
    field = Field(holding())
    play(field, f"{FLOODED}\n 2 | | | +agent-extended")
    field.restart()
    play(field, "5 | | released | +agent-extended")
    field.point("do-2-coils[10]", 0.0)
    field.point("do-1-extra[0]", 0.0)
    field.clear()
    field.restart()
    play(field, "5 | | | -agent-extended")
    assert not writes_of(field, "agent-extended")


# --- extract


@pytest.mark.feature("F41")
def test_a_person_clears_the_room_for_its_time() -> None:
    field = Field(holding())
    play(field, DISCHARGED)
    field.run(60)
    assert not field.on("exhaust")
    assert say(field).kind is Kind.COMMAND
    play(field, "1 | | discharged | +exhaust\n 295 | | | +exhaust\n 5 | | discharged | -exhaust")
    assert ended(field, "extract-ended") == ["its time is over"]
    assert say(field).kind is Kind.COMMAND  # again
    assert say(field, on=False).kind is Kind.COMMAND
    play(field, "1 | | | -exhaust")


@pytest.mark.parametrize("story", [FIRE, FLOODED, f"{FLOODED}\n 120 | | hold-time |"])
def test_no_word_starts_it_while_agent_must_hold(story: str) -> None:
    field = Field(holding())
    play(field, story)
    answer = say(field)
    assert answer.kind is Kind.REFUSED
    assert "rule 6" in answer.text
    play(field, "2 | | | -exhaust")


def test_fire_again_ends_it_and_smoke_that_was_there_does_not() -> None:
    field = Field(holding())
    play(field, DISCHARGED)
    say(field)
    play(field, "10 | | | +exhaust\n 1 | heat-1 alarm | | \n 1 | | | -exhaust")
    assert ended(field, "extract-ended") == ["fire again"]
    assert not field.zone().acknowledged
    play(field, "1 | heat-1 normal | |")
    say(field)
    play(field, "10 | smoke-1 normal | | +exhaust\n 10 | smoke-1 alarm | | \n 1 | | | -exhaust")


def test_a_person_s_further_release_ends_it() -> None:
    field = Field(holding())
    play(field, DISCHARGED)
    say(field)
    play(field, "5 | | | +exhaust\n 1 | reserve-key on, call-point on | activated |\n 1 | | | -exhaust")


def test_gas_that_stays_low_clears_the_room_once() -> None:
    field = Field(holding(GAS_LOW))
    play(field, f"{DISCHARGED}\n 40 | | | -exhaust")  # smoke-1 still reads fire: a person may, the site does not
    play(field, "0 | smoke-1 normal | |\n 1 | | | +exhaust\n 310 | | discharged | -exhaust\n 60 | | | -exhaust")
    assert ended(field, "extract-started") == ["gas has been low for 20 s, for 300 s"]


def test_gas_that_is_high_or_not_known_does_not() -> None:
    field = Field(holding(GAS_LOW))
    for i in range(3):
        field.point(f"gas-h2[{i}]", HYDROGEN)
    play(field, f"{FIRE}\n 300 | heat-1 normal, smoke-1 normal | discharged |\n 60 | | | -exhaust")
    for i in range(3):
        field.point(f"gas-h2[{i}]", 0.0)
        field.fault(f"h2-{i + 1}")
    play(field, "60 | | | -exhaust")
    for i in range(3):
        field.fault(f"h2-{i + 1}", 0)
    play(field, "15 | | | -exhaust\n 10 | | | +exhaust")
    field.point("gas-h2[1]", HYDROGEN)
    play(field, "1 | | | \n 1 | | | -exhaust")
    assert ended(field, "extract-ended") == ["gas above the limit"]


CLEARED = f"{FLOODED}\n 185 | heat-1 normal, smoke-1 normal | discharged | -exhaust"


def dead_heads(field: Field) -> None:
    for head in field.layout.heads:
        if head.zone == 0 and head.physics in FIRE_PHYSICS:
            field.fault(head.name)


def one_disabled(field: Field) -> None:
    field.say(Disable(operator="kim", subject="smoke-2"))


def a_hot_rack(field: Field) -> None:
    field.script.readings.rack_hottest_degc[0] = 300.0


def a_blind_rack(field: Field) -> None:
    field.script.readings.rack_live_fraction[0] = 0.0


@pytest.mark.parametrize("blind", [dead_heads, one_disabled, a_hot_rack, a_blind_rack])
def test_the_site_clears_no_room_that_is_not_seen_to_be_calm(blind: Callable[[Field], None]) -> None:
    field = Field(holding(GAS_LOW))
    play(field, CLEARED)
    blind(field)
    field.run(120)
    assert not field.on("exhaust")
    assert not ended(field, "extract-started")


def test_the_site_clears_no_room_while_a_rack_is_cooled() -> None:
    field = Field(holding(GAS_LOW))
    play(
        field,
        f"0 | {HALL}, cells-1 runaway | activated |\n 33 | | released |\n 185 | {ALL_NORMAL} | discharged | +coolant-1",
    )
    play(field, "30 | | | +coolant-1 -exhaust")


def test_a_head_that_is_lost_ends_it_and_one_that_was_does_not() -> None:
    for lose in ("fault", "disable"):
        field = Field(holding())
        play(field, DISCHARGED)
        field.fault("smoke-2")
        say(field)
        play(field, "10 | | | +exhaust")
        if lose == "fault":
            field.fault("heat-1")
        else:
            field.say(Disable(operator="kim", subject="heat-1"))
        play(field, "1 | | | -exhaust")
        assert ended(field, "extract-ended") == ["nobody looks: heat-1"]


def test_time_in_which_nobody_looked_is_not_low_gas() -> None:
    field = Field(holding(GAS_LOW, ("extract_gas_low_s = 20.0", "extract_gas_low_s = 600.0")))
    play(field, f"{CLEARED}\n 5 | | | -exhaust")
    field.restart()
    field.tick_ms += 3_600_000
    play(field, "590 | | | -exhaust\n 15 | | | +exhaust")


def test_the_call_point_stands_against_it_and_ends_it() -> None:
    field = Field(holding())
    play(field, DISCHARGED)
    field.contact("call-point", on=True)
    field.scan()
    answer = say(field)
    assert answer.kind is Kind.REFUSED
    assert "call point" in answer.text
    play(field, "1 | call-point off | | -exhaust")
    assert say(field).kind is Kind.COMMAND
    play(field, "2 | | | +exhaust\n 1 | call-point on | discharged |\n 1 | | discharged | -exhaust")
    assert ended(field, "extract-ended") == ["a release is asked for"]


def test_nothing_extends_a_release_behind_a_block_that_is_closed_already() -> None:
    field = Field(holding(BLOCK))
    field.agent_flows = False
    play(field, f"{FIRE}\n 35 | | releasing | +agent")
    field.contact("block", on=True)
    field.point("fb-inputs[8]", 1.0)
    play(field, "0 | | released |\n 3 | block off | | -agent-extended\n 5 | | | -agent-extended")
    assert not ended(field, "extended-started")


@pytest.mark.parametrize("stage", Stage)
def test_exhaust_runs_for_an_extract_after_the_hold_time_alone(stage: Stage) -> None:
    assert may_exhaust(ZoneState(stage=stage, extract_due_ms=1)) == (stage is Stage.DISCHARGED)


def test_a_reset_ends_it() -> None:
    field = Field(holding())
    play(field, DISCHARGED)
    say(field)
    play(field, "5 | smoke-1 normal | | +exhaust")
    field.point("fb-inputs[8]", 0.0)
    assert field.say(Reset(operator="kim", zone="hall")).kind is Kind.COMMAND
    play(field, "2 | | quiescent | -exhaust")


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("extended_s = 100.0", "extended_s = 181.0", "zones.hall.release.extended_s"),
        ("extract_s = 300.0", "extract_s = 9000.0", "zones.hall.release.extract_s"),
        ("extract_s = 300.0", 'extract = "gas-low"', "zones.hall.release.extract"),
        ('when = ["hall.release-extended"]', 'when = ["hall.release"]', "matrix.extended.when"),
        ('channels = ["do-2-coils[10]", "do-1-extra[0]"]', 'channels = ["do-2-coils[10]"]', "outputs.agent-extended.channels"),
        ("same_family = true", "same_family = true\nextract_s = 60.0", "zones.server.release.extract_s"),
    ],
)  # fmt: skip
def test_the_checker_names_the_place(old: str, new: str, path: str) -> None:
    assert path in [problem.path for problem in check(site(*HOLDING, (old, new)))]


@pytest.mark.parametrize("again", [True, False])
def test_agent_that_flows_anew_ends_the_extract_and_calls_people_out(again: bool) -> None:
    field = Field(holding())
    play(field, DISCHARGED)
    if again:
        field.point("fb-inputs[8]", 0.0)
        field.run(1)
    say(field)
    play(field, "3 | | | +exhaust")
    field.point("fb-inputs[8]", 1.0)  # the same switch, never opened, says nothing new
    play(field, f"2 | | discharged | {'-' if again else '+'}exhaust")
    assert field.zone().strayed is again
    assert (field.zone().extract_due_ms == NEVER) is again
    if again:
        assert ended(field, "extract-ended") == ["agent flows anew"]
        assert not field.zone().acknowledged
        assert say(field).kind is Kind.REFUSED


def test_no_extract_under_an_operated_call_point_and_such_a_one_ends_it() -> None:
    field = Field(holding())
    play(field, DISCHARGED)
    say(field)
    play(field, "3 | call-point on | discharged | +exhaust\n 1 | | discharged | -exhaust")
    assert ended(field, "extract-ended") == ["a release is asked for"]
    assert say(field).kind is Kind.REFUSED


def test_no_exhaust_beside_agent_that_flows_anew() -> None:
    assert not may_exhaust(ZoneState(stage=Stage.DISCHARGED, extract_due_ms=1, strayed=True))


def test_a_closed_block_begins_no_extended_discharge() -> None:
    block = '[heads.block]\nfamily = "mechanical-block"\nzone = "hall"\npoints = ["di-1-inputs[8]", "di-2-inputs[8]"]\n'
    field = Field(holding(("[heads.reserve-key]", f"{block}[heads.reserve-key]")))
    field.agent_flows = False
    play(field, f"{FIRE}\n 31 | block on | releasing |")
    field.agent_flows = True
    play(field, "2 | | released | -agent-extended\n 1 | block off | |\n 5 | | | -agent-extended")
    assert not ended(field, "extended-started")


def released_just_now() -> Field:
    field = Field(holding())
    play(field, f"{FIRE}\n 29 | | |")
    while field.zone().stage != "released":
        field.scan()
    return field


def test_a_restart_before_the_first_channel_reads_back_loses_no_extended_discharge() -> None:
    field = released_just_now()
    field.restart()
    play(field, "5 | | released | +agent-extended")


def test_channels_that_are_not_read_after_a_restart_end_no_extended_discharge() -> None:
    field = Field(holding())
    play(field, f"{FLOODED}\n 2 | | | +agent-extended")
    field.point("do-2-coils[10]", 1.0, Quality.BAD)
    field.restart()
    field.run(3)
    field.point("do-2-coils[10]", 1.0)
    play(field, "5 | | released | +agent-extended")


def test_an_extended_discharge_of_which_one_channel_has_dropped_is_told_to_be_over() -> None:
    field = Field(holding())
    play(field, f"{FLOODED}\n 2 | | | +agent-extended")
    field.point("do-1-extra[0]", 0.0)
    field.clear()
    field.restart()
    play(field, "5 | | | -agent-extended")
    assert ended(field, "extended-ended") == ["found dropped after a restart"]
    assert not [write for write in writes_of(field, "agent-extended") if write[2] == 1]


def test_a_second_extended_discharge_has_not_run_yet() -> None:
    """By a person's hand, without a reset between: found not energised after a restart it is still due."""
    field = Field(holding())
    draft = draft_of(field, zones={"hall": {"stage": Stage.RELEASED, "extended_ran": True}})
    state = draft.zone(0, since_ms=draft.tick_ms)
    rules = rules_of(draft)
    assert rules.zone.release is not None
    run_after(draft, rules, rules.zone.release, blocked=False)
    assert draft.zones[0] == msgspec.structs.replace(state, extended_due_ms=draft.tick_ms + 100_000, extended_ran=False)
