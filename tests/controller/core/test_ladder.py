"""The responses beside the agent: isolate, cool, hand over, guard."""

import numpy as np
import pytest
from msgspec.structs import replace

from controller.core.commands import Acknowledge, ConfirmIsolated, Disable, HandOver, Reset, Silence, Work
from controller.core.events import Kind, Level
from controller.core.rules import ResponseSettings
from controller.core.state import NEVER, Isolation
from controller.core.zone.ladder import run_ladder
from controller.site.model import Principle
from drivers.points import Quality
from tests.controller.core.drafts import draft_of, rules_of
from tests.controller.core.field import Field, play, site, two_gases

RUNAWAY = "0 | cells-2 runaway, h2-2 pre-alarm | pre-activated |"
NO_BREAKER_3 = (
    '[outputs."breaker-[1-3]"]', '[outputs."breaker-[1-2]"]',
    '[matrix."isolate-[1-3]"]', '[matrix."isolate-[1-2]"]',
)  # fmt: skip


NO_COOLING = (
    '[zones.hall.cooling]\nflow = "flow"\nneighbours = 1\nask_after_s = 20.0\nguard_hold_s = 60.0\n', "",
)  # fmt: skip


def requests(field: Field) -> list[str]:
    return [f"{e.what} {e.subject}" for e in field.events if e.kind is Kind.REQUEST]


# --- isolate


@pytest.mark.feature("F29")
def test_evidence_that_names_a_rack_opens_its_breaker_and_the_contact_proves_it() -> None:
    field = Field()
    play(field, "0 | cells-2 pre-alarm | quiescent |\n 2 | | quiescent | +breaker-2 -breaker-1 -breaker-3")
    assert field.rack("rack-2").isolation is Isolation.PROVEN
    wanted = next(e for e in field.events if e.what == "isolate-wanted")
    assert [evidence.head for evidence in wanted.evidence] == ["cells-2"]
    assert field.told(Kind.RESPONSE, "rack-2") == ["isolate-wanted", "isolate-proven"]


def test_an_advisory_and_a_head_without_a_rack_open_nothing() -> None:
    field = Field()
    play(
        field,
        "0 | cells-2 advisory, smoke-1 alarm | pre-activated |\n 2 | | pre-activated | -breaker-1 -breaker-2 -breaker-3",
    )
    assert field.told(Kind.RESPONSE, "isolate") == ["started"]


def test_gas_names_the_rack_that_showed_it_first_only() -> None:
    field = Field()
    play(
        field,
        """
        0 | h2-2 pre-alarm            | quiescent |
        5 | h2-1 alarm, h2-3 pre-alarm | pre-activated |
        5 | h2-2 alarm                | pre-activated |
        2 |                           | pre-activated | +breaker-2 -breaker-1 -breaker-3
        """,
    )


def test_a_gas_that_came_first_elsewhere_hides_no_other_gas_of_the_rack() -> None:
    play(Field(two_gases()), "0 | h2-2 pre-alarm | |\n 1 | h2-1 pre-alarm, co-1 pre-alarm | |\n 3 | | | +breaker-1")


def test_an_advisory_of_the_same_gas_elsewhere_names_no_other_rack() -> None:
    play(Field(), "0 | h2-1 advisory | |\n 1 | h2-2 pre-alarm | |\n 3 | | | +breaker-2 -breaker-1")


@pytest.mark.parametrize(("first_ms", "isolation"), [(NEVER, Isolation.NONE), (100, Isolation.WANTED)])
def test_gas_that_has_not_shown_itself_in_this_event_names_no_rack(first_ms: int, isolation: Isolation) -> None:
    """It was in alarm last week; what a permit has sharpened since is not its own pre-alarm."""
    field = Field()
    said = {"level": Level.ALARM, "pre_alarm_ms": first_ms, "evidence": field.script.evidence(field.head("h2-1"))}
    draft = draft_of(field, heads={"h2-1": said})
    run_ladder(draft, rules_of(draft))
    assert draft.racks[0].isolation is isolation


def test_a_room_that_was_acknowledged_is_asked_to_open_a_breaker() -> None:
    field = Field()
    said = {"level": Level.PRE_ALARM, "pre_alarm_ms": 100, "evidence": field.script.evidence(field.head("cells-1"))}
    draft = draft_of(field, heads={"cells-1": said}, zones={"hall": {"acknowledged": True}})
    draft.disabled = ("breaker-1",)
    run_ladder(draft, rules_of(draft))
    assert draft.racks[0].isolation is Isolation.ASKED
    assert not draft.zones[0].acknowledged


def test_a_room_without_coolant_asks_for_the_proof_in_its_own_time_and_wants_no_water() -> None:
    field = Field(site(NO_COOLING))
    field.stuck.add("breaker-2")
    play(field, f"{RUNAWAY}\n 9 | | |")
    assert requests(field) == []
    field.run(1.2)
    assert requests(field) == ["confirm-isolated rack-2"]
    assert "cool-wanted" not in field.told(Kind.RESPONSE, "rack-2")


def test_with_coolant_switched_off_no_water_is_wanted() -> None:
    field = Field(settings=ResponseSettings(cool=False))
    play(field, f"{RUNAWAY}\n 5 | | | +breaker-2 -pump -coolant-2")
    assert "cool-wanted" not in field.told(Kind.RESPONSE, "rack-2")


def test_the_order_of_gas_is_that_of_pre_alarms_whatever_rises_later() -> None:
    field = Field()
    play(
        field,
        "0 | h2-2 pre-alarm | quiescent |\n 5 | h2-1 pre-alarm | quiescent |\n 5 | h2-2 alarm | pre-activated |\n 2 | | |",
    )
    assert field.rack("rack-1").isolation is Isolation.NONE


def test_beyond_the_limit_of_openings_a_person_is_asked() -> None:
    field = Field()
    play(
        field,
        "0 | cells-1 pre-alarm, cells-2 pre-alarm, cells-3 pre-alarm | |\n 2 | | | +breaker-1 +breaker-2 -breaker-3",
    )
    assert requests(field) == ["open-breaker rack-3"]
    assert field.rack("rack-3").isolation is Isolation.ASKED


def test_a_reset_gives_back_the_openings_that_were_counted_and_no_others() -> None:
    field = Field()
    play(field, "0 | cells-1 pre-alarm, cells-2 pre-alarm, cells-3 pre-alarm | |\n 2 | | |")
    field.point("fb-inputs[2]", 1.0)  # a person opens the third breaker by hand
    field.stuck.add("breaker-3")
    field.run(1)
    assert field.rack("rack-3").isolation is Isolation.PROVEN
    play(field, "0 | cells-1 normal, cells-2 normal, cells-3 normal | |")
    field.say(Reset(operator="kim", zone="hall"))
    assert field.controller.state.openings == 0


def test_while_the_ups_discharges_a_person_is_asked() -> None:
    for contact in ("discharging on", "discharging fault"):
        field = Field()
        play(field, f"0 | {contact}, cells-1 pre-alarm | quiescent |\n 2 | | quiescent | -breaker-1")
        assert requests(field) == ["open-breaker rack-1"]
    field = Field(site(('while_discharging = "ask"', 'while_discharging = "open"')))
    play(field, "0 | discharging on, cells-1 pre-alarm | quiescent |\n 2 | | quiescent | +breaker-1")


def test_a_breaker_that_does_not_open_is_asked_for_in_time() -> None:
    field = Field()
    field.stuck.add("breaker-1")
    play(field, "0 | cells-1 pre-alarm | quiescent |\n 19 | | quiescent |")
    assert requests(field) == []
    field.run(1)
    assert requests(field) == ["confirm-isolated rack-1"]
    assert "breaker_stuck:breaker-1" in field.troubles()


def test_a_breaker_that_closes_again_is_told() -> None:
    field = Field()
    play(field, "0 | cells-1 pre-alarm | quiescent |\n 2 | | quiescent | +breaker-1")
    field.stuck.add("breaker-1")
    field.point("fb-inputs[0]", 0.0)
    field.run(0.1)
    assert field.rack("rack-1").isolation is Isolation.WANTED
    assert "isolate-lost" in field.told(Kind.RESPONSE, "rack-1")


# --- cool


def test_water_waits_for_the_proof_of_each_rack() -> None:
    field = Field()
    field.stuck.add("breaker-3")
    play(
        field, f"{RUNAWAY}\n 0 | | | -coolant-2 -coolant-1\n 5 | | | +breaker-2 +coolant-1 +coolant-2 -coolant-3 +pump"
    )
    assert field.told(Kind.RESPONSE, "hall").count("coolant-flowing") == 1
    for rack in range(3):
        first = {e.what: e.tick_ms for e in field.events if e.subject == f"rack-{rack + 1}"}
        assert first.get("cool-allowed", 10**9) >= first.get("isolate-proven", 10**9)


def test_a_persons_word_lets_water_flow_where_a_breaker_is_stuck() -> None:
    field = Field()
    field.stuck.add("breaker-2")
    play(field, f"{RUNAWAY}\n 21 | | | -coolant-2")
    assert "confirm-isolated rack-2" in requests(field)
    assert field.say(ConfirmIsolated(operator="kim", rack="rack-2")).kind is Kind.COMMAND
    play(field, "1 | | | +coolant-2")


def test_a_word_that_nobody_asked_for_is_refused() -> None:
    field = Field()
    assert field.say(ConfirmIsolated(operator="kim", rack="rack-2")).kind is Kind.REFUSED
    assert field.say(ConfirmIsolated(operator="kim", rack="rack-9")).kind is Kind.REFUSED


def test_a_neighbour_without_a_breaker_is_asked_for() -> None:
    field = Field(site(NO_BREAKER_3[:2], NO_BREAKER_3[2:]))
    play(field, f"{RUNAWAY}\n 3 | | | +coolant-2 -coolant-3")
    assert "open-breaker rack-3" in requests(field)
    assert field.say(ConfirmIsolated(operator="kim", rack="rack-3")).kind is Kind.COMMAND
    play(field, "1 | | | +coolant-3")


def test_one_lying_bms_brings_no_water() -> None:
    play(Field(), "0 | cells-2 runaway | pre-activated |\n 30 | | pre-activated | +breaker-2 -breaker-1 -coolant-2")


def test_cooling_opens_beyond_the_limit_and_needs_no_agent() -> None:
    field = Field()
    play(field, "0 | mode-key off, cells-1 pre-alarm, cells-3 pre-alarm | |\n 1 | cells-1 normal, cells-3 normal | |")
    play(field, f"{RUNAWAY}\n 5 | | | +coolant-1 +coolant-2 +coolant-3 -agent")


def test_while_the_ups_discharges_only_the_burning_rack_is_opened_without_a_person() -> None:
    field = Field()
    play(field, f"0 | discharging on | |\n{RUNAWAY}\n 5 | | | +coolant-2 -breaker-1 -coolant-1 -breaker-3 -coolant-3")
    assert {"open-breaker rack-1", "open-breaker rack-3"} <= set(requests(field))
    play(field, "0 | cells-3 runaway | |\n 5 | | | +coolant-3 -coolant-1")
    field.say(ConfirmIsolated(operator="kim", rack="rack-1"))
    play(field, "1 | | | +coolant-1 -breaker-1")


def test_pump_and_barrier_are_called_before_the_first_valve() -> None:
    field = Field()
    field.stuck |= {"breaker-1", "breaker-2", "breaker-3"}
    play(field, f"{RUNAWAY}\n 1 | | | +pump -coolant-1 -coolant-2 -coolant-3")


def test_a_neighbours_water_is_not_yet_water_on_the_fire() -> None:
    field = Field()
    field.stuck.add("coolant-2")
    play(field, f"{RUNAWAY}\n 10 | | | +coolant-1 +coolant-2")
    assert field.zone().flowing_ms == NEVER
    field.stuck.clear()
    field.run(3)
    assert field.zone().flowing_ms != NEVER


@pytest.mark.parametrize(("pause_s", "water"), [(290, "+"), (310, "-")])
def test_the_second_physics_of_runaway_is_of_the_same_event(pause_s: int, water: str) -> None:
    play(
        Field(),
        f"0 | h2-2 pre-alarm | |\n 5 | h2-2 normal | |\n {pause_s} | cells-2 runaway | |\n 5 | | | {water}coolant-2",
    )


@pytest.mark.parametrize("head", ["h2-2", "smoke-1"])
def test_an_advisory_that_a_permit_has_sharpened_isolates_but_is_no_second_physics(head: str) -> None:
    field = Field()
    permit = Work(operator="kim", zone="hall", work="work permit", minutes=10)
    assert field.say(permit).kind is Kind.COMMAND
    play(field, f"0 | {head} advisory | |\n 2 | cells-2 runaway | | {'+' if head == 'h2-2' else '-'}breaker-2")
    play(field, "5 | | | +breaker-2 -coolant-2")
    field.say(replace(permit, minutes=0))
    play(field, "5 | | | -coolant-2")
    play(field, f"0 | {head} pre-alarm | |\n 5 | | | +coolant-2")


def test_under_a_permit_a_real_pre_alarm_is_the_second_physics_also_when_it_has_fallen_to_an_advisory() -> None:
    field = Field()
    field.say(Work(operator="kim", zone="hall", work="work permit", minutes=10))
    play(field, "0 | h2-2 advisory | |\n 2 | h2-2 pre-alarm | |\n 2 | h2-2 advisory | |\n 2 | cells-2 runaway | |")
    play(field, "5 | | | +coolant-2")


def test_what_a_permit_sharpens_next_week_is_not_the_pre_alarm_of_this_one() -> None:
    field = Field()
    play(field, "0 | h2-2 pre-alarm | |\n 5 | h2-2 normal | |\n 310 | | |")
    field.say(Work(operator="kim", zone="hall", work="work permit", minutes=10))
    play(field, "0 | h2-2 advisory | |\n 2 | cells-2 runaway | |\n 5 | | | -coolant-2")


@pytest.mark.parametrize("head", ["h2-2", "cells-2"])
def test_disabled_heads_bring_no_water(head: str) -> None:
    field = Field()
    play(field, "0 | h2-2 pre-alarm | quiescent |" if head == "h2-2" else "0 | cells-2 runaway | pre-activated |")
    field.say(Disable(operator="kim", subject=head))
    play(field, f"{RUNAWAY}\n 5 | | | -coolant-2")


def test_neighbours_end_where_the_row_of_racks_ends() -> None:
    play(Field(), "0 | cells-1 runaway, h2-1 pre-alarm | |\n 5 | | | +coolant-1 +coolant-2 -coolant-3")


# --- hand over and guard


def test_not_controlled_in_time_hands_over_once() -> None:
    field = Field()
    play(field, f"{RUNAWAY}\n 10 | | |")
    field.script.readings.rack_hottest_degc[1] = 300.0
    field.run(588)
    assert field.zone().hand_over_ms == NEVER
    field.run(4)
    text = next(e.text for e in field.events if e.what == "hand-over")
    assert "Hot or without live sensors: rack-2." in text
    assert requests(field).count("hand-over hall") == 1
    field.say(HandOver(operator="kim", zone="hall"))
    assert field.zone().handed_over


def test_what_never_burned_is_not_handed_over() -> None:
    field = Field(site(("hand_over_after_s = 600.0", "hand_over_after_s = 5.0")))
    play(field, "0 | cells-1 pre-alarm | |\n 20 | | |")
    assert requests(field) == []


def test_the_brigade_is_told_of_every_hot_rack() -> None:
    field = Field()
    field.script.readings.rack_hottest_degc[:2] = 300.0
    play(field, "0 | cells-1 pre-alarm | |\n 3 | | |")
    field.say(HandOver(operator="kim", zone="hall"))
    text = next(e.text for e in field.events if e.what == "hand-over")
    assert "Hot or without live sensors: rack-1, rack-2. Not isolated: rack-2, rack-3 (" in text


def test_a_person_hands_over_at_once() -> None:
    field = Field()
    field.say(HandOver(operator="kim", zone="hall"))
    assert requests(field) == ["hand-over hall"]
    assert field.told(Kind.RESPONSE, "hand-over") == ["started"]


def calm(field: Field) -> None:
    play(field, "0 | cells-2 normal, h2-2 normal | |")


@pytest.mark.feature("F40")
def test_controlled_after_the_sites_time_on_live_sensors() -> None:
    field = Field()
    play(field, f"{RUNAWAY}\n 10 | | |")
    calm(field)
    field.run(59)
    assert field.zone().guard_ms == NEVER
    field.run(2)
    assert field.zone().guard_ms != NEVER
    assert field.told(Kind.RESPONSE, "guard") == ["started"]
    field.run(700)
    assert "hand-over hall" not in requests(field)


def test_a_room_in_which_a_head_reads_fire_is_not_controlled() -> None:
    field = Field()
    play(field, f"{RUNAWAY}\n 10 | smoke-1 alarm | |")
    calm(field)
    field.run(300)
    assert "guard-started" not in field.told(Kind.RESPONSE, "hall")
    field.level("smoke-1", Level.NORMAL)
    field.run(70)
    assert field.told(Kind.RESPONSE, "hall")[-1] == "guard-started"


def test_dead_sensors_mean_not_controlled() -> None:
    for dead in ("cells", "hottest", "gas"):
        field = Field()
        play(field, f"{RUNAWAY}\n 10 | | |")
        calm(field)
        if dead == "cells":
            field.script.readings.rack_live_fraction[1] = 0.75
        elif dead == "hottest":
            field.script.readings.rack_hottest_degc[1] = np.nan
        else:
            field.fault("h2-2")
        field.run(600)
        assert field.zone().guard_ms == NEVER, dead
        assert "hand-over hall" in requests(field)


def catalytic(*heads: str) -> Field:
    """The test site with some of its hydrogen heads on the catalytic principle."""
    the_site = site()
    changed = {name: replace(the_site.heads[name], principle=Principle.CATALYTIC) for name in heads}
    return Field(replace(the_site, heads=the_site.heads | changed))


@pytest.mark.parametrize(
    ("heads", "controlled"), [(("h2-1", "h2-2"), True), (("h2-1", "h2-2", "h2-3", "h2-room"), False)]
)
def test_after_agent_guard_asks_the_gas_heads_that_are_believed(heads: tuple[str, ...], controlled: bool) -> None:
    field = catalytic(*heads)
    play(field, "0 | smoke-1 alarm, heat-1 alarm, cells-2 runaway, h2-2 pre-alarm | activated |\n 45 | | released |")
    assert field.script.agent == (True, False)
    calm(field)
    play(field, "0 | smoke-1 normal, heat-1 normal | |")
    for name in heads:
        field.fault(name)  # not believed after agent
    field.run(300)
    assert (field.zone().guard_ms != NEVER) == controlled


def test_a_dead_catalyst_stands_against_guard_while_no_agent_came() -> None:
    field = catalytic("h2-1")
    play(field, f"0 | mode-key off | |\n{RUNAWAY}\n 10 | | |")
    calm(field)
    field.fault("h2-1")
    field.run(300)
    assert field.zone().guard_ms == NEVER


def test_a_blip_of_the_discharge_switch_blinds_no_gas_head() -> None:
    field = Field()
    field.point("fb-inputs[8]", 1.0)
    field.run(1)
    field.point("fb-inputs[8]", 0.0)
    field.run(1)
    assert field.zone().strayed
    assert field.script.agent == (False, False)
    play(field, "0 | h2-2 pre-alarm | |\n 2 | | | -exhaust +breaker-2")


def test_a_burnt_room_is_reset_only_after_a_person_has_taken_it_over() -> None:
    field = Field()
    play(field, f"{RUNAWAY}\n 10 | | | +coolant-2")
    calm(field)
    field.script.readings.rack_live_fraction[1] = 0.75
    field.run(600)
    assert field.zone().guard_ms == NEVER
    assert field.zone().hand_over_ms != NEVER
    reset = Reset(operator="kim", zone="hall")
    assert field.say(reset).kind is Kind.REFUSED  # asked for is not taken over
    play(field, "1 | | | +coolant-2 +breaker-2")
    field.say(HandOver(operator="kim", zone="hall"))
    assert field.say(reset).kind is Kind.COMMAND
    play(field, "1 | | | -coolant-2")


@pytest.mark.feature("F40")
def test_what_burns_again_during_the_watch_is_told_and_handed_over() -> None:
    field = Field()
    play(field, f"{RUNAWAY}\n 10 | | |")
    calm(field)
    field.run(700)
    assert field.zone().guard_ms != NEVER
    field.fault("h2-1")
    field.run(1)
    assert field.zone().guard_ms != NEVER  # a sensor that dies then is a trouble, not a fire
    field.say(Acknowledge(operator="kim", zone="hall"))
    field.say(Silence(operator="kim", zone="hall"))
    assert (field.zone().acknowledged, field.zone().silenced) == (True, True)
    play(field, "0 | cells-2 pre-alarm | |")
    assert field.told(Kind.RESPONSE, "hall")[-1] == "guard-lost"
    assert (field.zone().acknowledged, field.zone().silenced) == (False, False)
    field.run(0.1)
    assert requests(field).count("hand-over hall") == 1
    assert not field.zone().acknowledged


def test_flow_is_told_by_the_meter_not_by_the_valve() -> None:
    field = Field()
    field.stuck |= {"coolant-1", "coolant-2", "coolant-3"}
    play(field, f"{RUNAWAY}\n 15 | | |")
    assert field.zone().flowing_ms == NEVER
    assert {"coolant_no_flow:coolant-1", "coolant_no_flow:coolant-2"} <= field.troubles()


def test_levels_of_the_ladder_end_with_a_reset_only() -> None:
    field = Field()
    play(
        field,
        "0 | cells-2 pre-alarm | quiescent |\n 2 | cells-2 normal | quiescent |\n 5 | | quiescent | +breaker-2 +exhaust",
    )
    assert field.controller.state.heads[field.head("cells-2")].level == Level.PRE_ALARM
    field.say(Reset(operator="kim", zone="hall"))
    play(field, "1 | | quiescent | -breaker-2 -exhaust")


def test_flow_that_cannot_be_read_is_no_flow() -> None:
    field = Field()
    field.point("flow", 60.0, Quality.BAD)
    play(field, f"{RUNAWAY}\n 1 | | |")
    assert field.zone().flowing_ms == NEVER
