"""What the heads of a zone say together: what it raises, what it never does, and the doubts about a BMS."""

import pytest

from controller.core.commands import Disable, Reset
from controller.core.events import Feature, Kind, Level
from controller.core.state import Isolation, Stage
from controller.core.zone.blind import LEAD_MS, leading_gas
from controller.core.zone.weighing import BY_ITSELF, NOTHING, weighed
from tests.controller.core.drafts import draft_of, rules_of
from tests.controller.core.field import Field, play, site, two_gases


def test_together_a_zone_is_isolated_by_what_no_head_says_alone() -> None:
    field = Field()
    play(field, "0 | cells-2 advisory, h2-2 advisory | quiescent |")
    assert field.told(Kind.RESPONSE, "isolate") == []
    field.weigh("cells-2", "h2-2", level=Level.PRE_ALARM, rack="rack-2")
    play(field, "0 | | quiescent |\n 2 | | quiescent | +breaker-2 -breaker-1 +exhaust +sounder -agent")
    assert field.rack("rack-2").isolation is Isolation.PROVEN
    wanted = next(e for e in field.events if e.what == "isolate-wanted")
    assert [evidence.head for evidence in wanted.evidence] == ["cells-2", "h2-2"]


def test_a_head_that_takes_its_zone_there_by_itself_is_named() -> None:
    field = Field()
    field.weigh("h2-1", level=Level.PRE_ALARM)
    field.script.zones[0] = field.script.zones[0]._replace(alone="h2-1")
    field.scan()
    (told,) = (event for event in field.events if event.kind is Kind.ZONE_LEVEL)
    assert told.text == f"{BY_ITSELF}: h2-1"


def test_together_without_a_rack_opens_nothing() -> None:
    field = Field()
    field.weigh("h2-2", "smoke-1", level=Level.PRE_ALARM)
    play(field, "2 | | quiescent | -breaker-1 -breaker-2 -breaker-3 +exhaust +sounder")


def test_together_an_alarm_is_fire_and_starts_the_clocks_but_no_release() -> None:
    field = Field(site(('when = ["hall.watch", "hall.request",', 'when = ["hall.fire",')))
    field.weigh("cells-1", "h2-1", level=Level.PRE_ALARM, rack="rack-1")
    field.run(2)
    assert not field.on("attention")
    field.weigh("cells-1", "h2-1", level=Level.ALARM, rack="rack-1")
    field.run(60)
    assert field.on("attention")
    assert field.zone().stage is Stage.QUIESCENT
    assert field.zone().first_fire_ms > 0
    assert "isolate" in field.zone().active
    assert not field.on("agent")


def test_the_level_latches_until_a_reset_and_is_told_once() -> None:
    field = Field()
    field.weigh("h2-2", "smoke-1", level=Level.PRE_ALARM)
    field.run(1)
    field.weigh(level=Level.NORMAL)
    field.run(1)
    assert field.told(Kind.ZONE_LEVEL) == ["pre-alarm"]
    assert "isolate" in field.zone().active
    field.say(Reset(operator="kim", zone="hall"))
    field.run(1)
    assert field.zone().weighed == Level.NORMAL
    assert "isolate" not in field.zone().active


def test_a_new_level_wakes_people_who_have_silenced_it() -> None:
    field = Field()
    field.weigh("h2-2", "smoke-1", level=Level.PRE_ALARM)
    field.run(1)
    assert not field.zone().acknowledged


# --- doubts


def test_a_flat_bms_is_a_trouble_and_a_reason_to_watch_and_no_more() -> None:
    field = Field()
    field.doubt("cells-2")
    field.run(1)
    assert field.troubles() == {"bms_flat:cells-2"}
    assert field.zone().active == ("watch",)
    started = next(e for e in field.events if e.what == "started")
    assert [(x.head, x.feature) for x in started.evidence] == [("cells-2", Feature.FLAT)]
    field.run(600)
    assert field.zone().active == ("watch",)
    assert field.on("attention")
    field.doubt()
    field.run(1)
    assert field.zone().active == ()
    assert field.troubles() == set()


def test_a_silent_bms_is_watched_when_its_trouble_is_shown() -> None:
    field = Field()
    field.doubt("cells-2", feature=Feature.NO_VALUE)
    field.fault("cells-2")
    field.run(1)
    assert field.zone().active == ()
    field.run(3)
    assert field.zone().active == ("watch",)
    assert "head_fault:cells-2" in field.troubles()


# --- the burning rack without its BMS

VENT = "0 | h2-2 alarm, co-2 pre-alarm | pre-activated |\n 3 | | | +breaker-2"
FIRE = "0 | smoke-1 alarm, heat-1 alarm | activated |"


def requests(field: Field) -> list[str]:
    return [f"{e.what} {e.subject}" for e in field.events if e.kind is Kind.REQUEST]


def test_gas_and_a_proven_fire_name_the_rack_whose_bms_is_flat_and_water_waits_for_its_breaker() -> None:
    field = Field(two_gases())
    field.doubt("cells-2")
    field.stuck.add("breaker-1")
    play(field, f"{VENT}\n{FIRE}\n 5 | | | +coolant-2 -coolant-1 +coolant-3 +pump")
    wanted = next(e for e in field.events if e.what == "cool-wanted")
    assert {"cells-2", "h2-2", "co-2", "smoke-1", "heat-1"} == {x.head for x in wanted.evidence}
    assert field.rack("rack-2").runaway
    assert requests(field) == []


@pytest.mark.parametrize("late_ms", [0, 1])
def test_gas_leads_clearly_to_the_millisecond(late_ms: int) -> None:
    field = Field(two_gases())
    first = {"level": Level.ALARM, "pre_alarm_ms": 1000, "evidence": field.script.evidence(field.head("h2-1"))}
    rival = {"level": Level.PRE_ALARM, "pre_alarm_ms": 1000 + LEAD_MS - late_ms}
    draft = draft_of(field, heads={"h2-1": first, "co-1": first, "h2-2": rival})
    assert bool(leading_gas(draft, rules_of(draft), 0)) == (not late_ms)


def test_where_nothing_is_weighed_nothing_is_said_together() -> None:
    draft = draft_of(Field())
    draft.inputs = draft.inputs._replace(weighed=())
    assert weighed(draft, rules_of(draft)) == NOTHING


def test_a_person_is_asked_when_gas_names_a_blind_rack_and_fire_is_not_proven() -> None:
    field = Field(two_gases())
    field.doubt("cells-2")
    play(field, f"{VENT}\n 0 | smoke-1 alarm | |\n 19 | | |")
    assert requests(field) == []
    field.run(2)
    assert requests(field) == ["cool-by-hand hall"]
    text = next(e.text for e in field.events if e.what == "cool-by-hand")
    assert "BMS silent or flat: rack-2. Gas came first from: rack-2." in text
    field.run(120)
    assert requests(field) == ["cool-by-hand hall"]
    assert not field.on("coolant-2")


def test_the_question_is_withdrawn_when_the_bms_speaks() -> None:
    field = Field(two_gases())
    field.doubt("cells-2")
    play(field, f"{VENT}\n 0 | smoke-1 alarm | |\n 10 | | |")
    field.doubt()
    play(field, "0 | cells-2 runaway | activated |\n 30 | | | +coolant-2")
    assert requests(field) == []


def test_a_head_out_of_service_is_as_blind_as_a_silent_one() -> None:
    field = Field(two_gases())
    field.say(Disable(operator="kim", subject="cells-2"))
    play(field, f"{VENT}\n{FIRE}\n 5 | | | +coolant-2")


WEEK_S = 7 * 24 * 3600
OLD_GAS = "0 | h2-1 alarm, co-1 alarm | |\n 5 | h2-1 normal, co-1 normal | |"


def a_week_later(field: Field) -> None:
    field.run(2)
    field._scan_after(WEEK_S * 1000)  # a week of quiet scans in one
    field.run(2)


def test_gas_of_last_week_names_no_rack_and_hides_none() -> None:
    field = Field(two_gases())
    play(field, OLD_GAS)
    a_week_later(field)
    field.doubt("cells-1", "cells-2", "cells-3")
    play(field, f"0 | h2-3 alarm, co-3 alarm | |\n 3 | | | +breaker-3\n{FIRE}\n 5 | | | +coolant-3 -coolant-1")
    assert field.rack("rack-3").runaway
    assert not field.rack("rack-1").runaway


def test_gas_that_drifts_back_to_the_rack_of_last_week_begins_anew_there() -> None:
    for again in ("pre-alarm", "alarm"):
        field = Field(two_gases())
        play(field, OLD_GAS)
        a_week_later(field)
        play(field, "0 | h2-1 pre-alarm | |\n 5 | h2-1 normal | |")  # and once between
        a_week_later(field)
        field.doubt("cells-1", "cells-2", "cells-3")
        play(field, f"0 | h2-3 alarm, co-3 alarm | |\n 15 | h2-1 {again}, co-1 {again} | |")
        play(field, f"{FIRE}\n 5 | | | +coolant-3 -coolant-1")


def test_gas_that_comes_again_after_a_restart_begins_anew_as_well() -> None:
    field = Field(two_gases())
    play(field, OLD_GAS)
    field.run(2)
    field.doubt("cells-1", "cells-2", "cells-3")
    for name in ("h2-3", "co-3"):
        field.level(name, Level.ALARM)
    field.tick_ms += WEEK_S * 1000
    field.restart()
    field.level("h2-1", Level.ALARM)
    field.run(12)
    field.level("co-1", Level.ALARM)
    play(field, f"{FIRE}\n 5 | | | -coolant-1")
    assert not field.rack("rack-1").runaway


def test_the_end_of_the_window_opens_no_breaker_by_itself() -> None:
    field = Field()
    play(
        field, "0 | h2-2 pre-alarm | |\n 5 | h2-1 pre-alarm | |\n 3 | h2-2 alarm | |\n 2 | h2-2 normal | |\n 700 | | |"
    )
    assert field.rack("rack-2").isolation is Isolation.PROVEN
    assert field.rack("rack-1").isolation is Isolation.NONE
