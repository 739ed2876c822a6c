"""One bank and its extended discharge for two rooms: one room at a time, never behind another room's open selector."""

import pytest

from controller.core.commands import Disable, Enable, Reset
from controller.core.events import Kind
from controller.core.state import NEVER
from controller.site.check import check
from tests.controller.core.field import Field, play, writes_of
from tests.controller.core.shared_after import shared_after, shared_after_alone

HALL = "smoke-1 alarm, heat-1 alarm"
SERVER = "server-smoke-3 fire-2, server-smoke-4 fire-2"
FLOODED = f"0 | {HALL} | activated |\n 35 | | released | +extended-hall"


def told_on(field: Field, output: str) -> list[tuple[int, int, int]]:
    return [write for write in writes_of(field, output) if write[2] == 1]


def test_the_sites_are_sound() -> None:
    assert check(shared_after()) == ()
    assert check(shared_after_alone()) == ()


def test_rooms_that_share_the_extended_discharge_alone_go_one_after_the_other() -> None:
    field = Field(shared_after_alone())
    play(field, f"0 | {HALL}, {SERVER} | activated |")
    for _ in range(70):
        field.run(1)
        assert not (field.on("selector-hall") and field.on("selector-server"))
        assert not (field.on("extended-hall") and field.zone("server").selected)
    assert field.zone("server").inhibits == ("pipe in use: hall",
        "selector not proven open: selector-server", "selector of another room not proven closed: selector-hall")  # fmt: skip
    field.run(75)
    assert field.zone("server").stage in {"releasing", "released"}  # its own main bank is full
    assert field.on("server-agent")


def test_the_pipe_is_kept_while_the_extended_discharge_runs() -> None:
    field = Field(shared_after(("flooding_s = 60.0", "flooding_s = 20.0")))
    play(field, f"{FLOODED}\n 40 | | hold-time | +extended-hall +selector-hall")
    field.contact("server-reserve-key", on=True)
    field.contact("server-call-point", on=True)
    play(field, "45 | | waiting | -server-reserve +extended-hall", "server")
    play(field, "30 | | | -selector-hall +server-reserve", "server")


def test_the_extended_discharge_waits_while_another_selector_is_open() -> None:
    field = Field(shared_after())
    play(field, f"0 | {HALL} | activated |\n 29 | | |")
    while field.zone().stage != "releasing":
        field.scan()
    field.stuck.add("selector-server")
    field.point("fb-inputs[4]", 1.0)
    play(field, "5 | | released | +agent -extended-hall")
    assert not told_on(field, "extended-hall")
    field.point("fb-inputs[4]", 0.0)
    play(field, "1 | | | +extended-hall")


def test_a_further_try_waits_while_another_selector_is_open() -> None:
    field = Field(shared_after())
    field.agent_flows = False
    play(field, f"0 | {HALL} | activated |\n 31 | | releasing | +agent")
    field.stuck.add("selector-server")
    field.point("fb-inputs[4]", 1.0)
    field.clear()
    field.run(40)
    assert not told_on(field, "agent")


def test_agent_that_flows_is_not_stopped_by_a_restart_beside_an_open_selector() -> None:
    field = Field(shared_after())
    play(field, FLOODED)
    field.stuck.add("selector-server")
    field.point("fb-inputs[4]", 1.0)
    field.clear()
    field.restart()
    play(field, "5 | | released | +agent +extended-hall")
    assert not writes_of(field, "agent")


# --- what a network's word does not do (rule 5)


def test_the_extended_discharge_out_of_service_is_not_let_go_by_its_enable() -> None:
    field = Field(shared_after())
    assert field.say(Disable(operator="kim", subject="extended-hall")).kind is Kind.COMMAND
    play(field, f"1 | {HALL} | pre-activated |\n 0 | call-point on | activated |")
    play(field, "20 | | released | -extended-hall")
    assert "extended-started" not in field.told(Kind.RESPONSE)
    assert field.zone().extended_due_ms == NEVER
    assert field.say(Enable(operator="kim", subject="extended-hall")).kind is Kind.REFUSED
    play(field, "20 | | | -extended-hall")
    assert not told_on(field, "extended-hall")


def test_no_word_stops_an_extended_discharge_that_runs() -> None:
    field = Field(shared_after())
    play(field, FLOODED)
    assert field.say(Disable(operator="kim", subject="extended-hall")).kind is Kind.REFUSED
    play(field, "2 | | | +extended-hall")


def test_a_selector_out_of_service_is_not_enabled_into_a_fire() -> None:
    field = Field(shared_after())
    field.say(Disable(operator="kim", subject="selector-hall"))
    play(field, f"0 | {HALL} | pre-activated |")
    assert field.say(Enable(operator="kim", subject="selector-hall")).kind is Kind.REFUSED


@pytest.mark.parametrize("stage", ["activated", "waiting"])
def test_no_reset_frees_the_bank_for_a_room_in_need(stage: str) -> None:
    field = Field(shared_after())
    play(field, f"{FLOODED}\n 200 | smoke-1 normal, heat-1 normal | discharged |\n 0 | {SERVER} | |")
    play(field, f"{40 if stage == 'waiting' else 2} | | {stage} |", "server")
    assert field.say(Reset(operator="kim", zone="hall")).kind is Kind.REFUSED


def test_no_reset_frees_the_bank_for_a_room_that_is_held() -> None:
    field = Field(shared_after())
    play(field, f"0 | {SERVER} | |\n 900 | server-smoke-3 normal, server-smoke-4 normal | discharged |", "server")
    play(field, f"0 | {HALL} | activated |\n 2 | hold on | held |")
    assert field.say(Reset(operator="kim", zone="server")).kind is Kind.REFUSED


def test_no_reset_frees_the_reserve_that_a_person_has_asked_for_in_vain() -> None:
    field = Field(shared_after())
    field.contact("reserve-key", on=True)
    play(field, "0 | call-point on | |\n 15 | call-point off | |\n 300 | | discharged |")
    field.agent_flows = False
    field.point("fb-inputs[9]", 0.0)
    play(field, f"0 | {SERVER} | |\n 100 | | unconfirmed |", "server")
    play(field, "0 | server-reserve-key on, server-call-point on | |\n 3 | | unconfirmed | -server-reserve", "server")
    assert field.say(Reset(operator="kim", zone="hall")).kind is Kind.REFUSED
    play(field, "3 | | | -server-reserve", "server")
