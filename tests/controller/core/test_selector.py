"""One bank, two rooms: the selector is proven before the agent goes, one room at a time, never the wrong one, the reserve by a person."""

from itertools import pairwise

import pytest

from controller.core.commands import Acknowledge, Disable, Occupied, Reset, Work
from controller.core.events import Kind
from controller.site.check import check
from drivers.points import Quality
from tests.controller.core.field import Field, play, site, writes_of
from tests.controller.core.one_bank import ONE_BANK, one_bank

HALL = "smoke-1 alarm, heat-1 alarm"
SERVER = "server-smoke-3 fire-2, server-smoke-4 fire-2"
REQUEST_ALONE = (
    '["hall.watch", "hall.request", "hall.hand-over", "hall.guard", "server.watch", "server.request"]',
    '["hall.request"]',
)
FLOODED = f"0 | {HALL} | activated |\n 2 | | activated | +selector-hall"


def field_of(*changes: tuple[str, str]) -> Field:
    quick = ("same_family = true", "same_family = true\nsame_family_hold_s = 0.0")
    return Field(one_bank(quick, *changes))


def in_the_way(field: Field, zone: str) -> str:
    return "; ".join(field.zone(zone).inhibits)


def test_the_site_is_sound() -> None:
    assert check(one_bank()) == ()


def test_the_selector_is_proven_before_the_first_channel() -> None:
    field = field_of()
    play(field, f"0 | {HALL} | activated |\n 3 | | activated | +selector-hall -selector-server\n 28 | | | +agent")
    assert field.zone().stage in {"releasing", "released"}
    told = next(tick for tick, _, value in writes_of(field, "agent") if value == 1)
    assert told >= 30_000
    assert not writes_of(field, "server-agent")
    play(field, "5 | | released |", "hall")
    assert field.zone("server").stage == "quiescent"
    assert not field.zone("server").strayed


@pytest.mark.parametrize("by", [HALL, "call-point on"])
def test_a_selector_that_sticks_keeps_the_agent_back_whoever_asks(by: str) -> None:
    field = field_of()
    field.stuck.add("selector-hall")
    play(field, f"0 | {by} | activated |\n 45 | | waiting | -agent")
    assert "selector not proven open: selector-hall" in in_the_way(field, "hall")
    assert "selector_unproven:selector-hall" in field.troubles()
    (request,) = [e for e in field.events if e.kind is Kind.REQUEST and e.what == "way-blocked"]
    assert "by hand" in request.text
    field.stuck.clear()  # a person opens it at the valve
    play(field, "3 | | | +agent")
    assert not writes_of(field, "server-agent")


@pytest.mark.parametrize(("key", "bank"), [("off", "main"), ("on", "reserve")])
def test_the_bank_that_a_room_has_let_go_is_remembered_by_its_name(key: str, bank: str) -> None:
    field = field_of()
    play(field, f"0 | reserve-key {key}, call-point on | activated |\n 15 | | released |")
    assert field.zone().let_go == (bank,)


def test_the_way_into_a_room_is_asked_for_anew_and_an_answer_stands_when_it_is_free() -> None:
    field = field_of(("purge_limit_s = 60.0", "purge_limit_s = 600.0"))
    field.stuck.add("selector-hall")
    field.point("gas-h2[0]", 20000.0)
    play(field, f"0 | {HALL} | activated |")
    field.say(Acknowledge(operator="kim", zone="hall"))
    play(field, "31 | | waiting |")
    assert not field.zone().acknowledged
    field.say(Acknowledge(operator="kim", zone="hall"))
    field.stuck.clear()
    play(field, "3 | | waiting | +selector-hall")
    assert not field.zone().way_blocked
    assert field.zone().acknowledged


@pytest.mark.parametrize("fault", [(1.0, Quality.GOOD), (0.0, Quality.BAD)])
@pytest.mark.parametrize("by", [HALL, "call-point on"])
def test_no_agent_while_the_way_into_another_room_may_be_open(by: str, fault: tuple[float, Quality]) -> None:
    field = field_of()
    field.stuck.add("selector-server")
    field.point("fb-inputs[4]", *fault)
    play(field, f"0 | {by} | activated |\n 45 | | waiting | -agent")
    assert "selector of another room not proven closed: selector-server" in in_the_way(field, "hall")
    field.point("fb-inputs[4]", 0.0)
    play(field, "1 | | | +agent")


def test_a_second_room_in_need_waits_in_sight_and_gets_the_reserve_by_a_person() -> None:
    field = field_of()
    play(field, f"{FLOODED}\n 31 | | | +agent\n 2 | {SERVER} | |")
    play(field, "31 | | waiting | -selector-server", "server")
    assert "main bank used: hall" in in_the_way(field, "server")
    assert "pipe in use: hall" in in_the_way(field, "server")
    play(field, "60 | | waiting | -selector-hall +selector-server -agent -server-agent", "server")
    assert in_the_way(field, "server") == "main bank used: hall"
    assert field.zone("server").availability.startswith("unavailable")
    field.clear()
    play(
        field,
        "0 | server-reserve-key on, server-call-point on | releasing |\n 2 | | released | +server-reserve -server-agent",
        "server",
    )
    assert not writes_of(field, "agent")
    assert not writes_of(field, "server-agent")


def test_a_call_point_without_the_key_does_not_let_the_empty_bank_go() -> None:
    field = field_of()
    play(field, f"{FLOODED}\n 31 | | | +agent\n 2 | server-call-point on | |")
    play(field, "90 | | waiting | -server-agent -server-reserve", "server")


def test_no_reset_of_one_room_releases_into_the_other() -> None:
    field = field_of()
    play(field, f"{FLOODED}\n 31 | | | +agent\n 200 | | discharged |\n 0 | smoke-1 normal, heat-1 normal | |")
    play(field, f"0 | {SERVER} | activated |\n 40 | | waiting |", "server")
    answer = field.say(Reset(operator="kim", zone="hall"))
    assert answer.kind is Kind.REFUSED
    assert "server waits for the bank" in answer.text
    play(field, "5 | | waiting | -server-agent", "server")


def test_the_pipe_goes_to_the_first_and_to_the_next_while_that_is_held() -> None:
    field = field_of()
    play(field, f"0 | {HALL} | activated |\n 2 | {SERVER} | | +selector-hall -selector-server")
    play(field, "1 | hold on | held |\n 5 | | held | -selector-hall +selector-server")
    play(field, "30 | | | +server-agent", "server")
    play(field, "1 | hold off | activated |\n 40 | | waiting | -selector-hall")
    assert "main bank used: server" in in_the_way(field, "hall")


def test_after_a_restart_the_valve_is_not_told_anew_without_the_selector() -> None:
    field = field_of()
    field.agent_flows = False
    play(field, f"{FLOODED}\n 31 | | releasing | +agent")
    for coil in ("do-1-coils[3]", "do-2-coils[3]", "do-2-coils[8]"):
        field.point(coil, 0.0)
    field.point("fb-inputs[3]", 0.0)
    field.stuck.add("selector-hall")
    field.clear()
    field.restart()
    play(field, "10 | | | -agent")
    assert not [write for write in writes_of(field, "agent") if write[2] == 1]


def test_a_stuck_channel_is_told_once_and_drops_by_the_room_that_used_it() -> None:
    field = field_of()
    play(field, f"0 | {SERVER} | |")
    play(field, "31 | | | +server-agent", "server")
    play(field, "150 | | | -server-agent -agent", "server")
    assert not field.troubles() & {"release_channel:agent", "release_channel:server-agent"}
    field.deaf.add("agent")
    field.point("do-1-coils[3]", 1.0)
    field.run(3)
    assert "release_channel:agent" in field.troubles()
    assert "release_channel:server-agent" not in field.troubles()


def test_a_selector_in_use_is_not_disabled_and_one_that_is_disabled_shows() -> None:
    field = field_of()
    assert field.say(Disable(operator="kim", subject="selector-server")).kind is Kind.COMMAND
    field.scan()
    assert field.zone("server").availability.startswith("unavailable: disabled")
    play(field, FLOODED)
    assert field.say(Disable(operator="kim", subject="selector-hall")).kind is Kind.REFUSED


@pytest.mark.parametrize(
    ("old", "new", "path", "says"),
    [
        ('output = "agent"\nselector = "selector-hall"\n', 'output = "agent"\n', "outputs.agent-reserve.channels", "drives server-reserve"),
        ('when = ["hall.selected"]', 'when = ["hall.activated"]', "matrix.select-hall.when", "one room at a time"),
        ('selector = "selector-hall"', 'selector = "selector-server"', "zones.hall.release.selector", "not of role selector"),
        ('discharged = "fb-inputs[9]"', 'discharged = "fb-inputs[8]"', "zones.server.release.discharged", "release of hall already"),
        ('selector = "selector-hall"', 'selector = "selector-hal"', "zones.hall.release.selector", "no output"),
    ],
)  # fmt: skip
def test_the_checker_refuses_what_could_flood_the_wrong_room(old: str, new: str, path: str, says: str) -> None:
    found = check(site(*ONE_BANK, (old, new)))
    assert any(problem.path == path and says in problem.what and problem.remedy for problem in found), found


def test_a_person_is_asked_for_the_way_when_it_closes_later_too() -> None:
    field = field_of(REQUEST_ALONE)
    for i in range(3):
        field.point(f"gas-h2[{i}]", 20_000.0)
    play(field, f"0 | {HALL} | activated |\n 35 | | waiting |")
    assert not [e for e in field.events if e.what == "way-blocked"]
    field.stuck.add("selector-hall")
    field.point("fb-inputs[3]", 0.0)
    field.run(2)
    assert field.told(Kind.REQUEST) == ["way-blocked"]
    assert field.on("attention")
    field.run(5)
    assert field.told(Kind.REQUEST) == ["way-blocked"]
    field.point("fb-inputs[3]", 1.0)
    field.run(1)
    assert not field.on("attention")


# --- the pipe of a room that waits in vain


def test_a_stuck_selector_keeps_no_other_room_from_its_agent() -> None:
    field = field_of()
    field.stuck.add("selector-hall")
    play(field, f"0 | {HALL} | activated |\n 60 | | waiting |")
    play(field, "0 | server-call-point on | activated |\n 40 | | | +server-agent -selector-hall", "server")
    assert field.zone("server").trigger == "manual"
    assert "pipe in use: server" in in_the_way(field, "hall")


def test_two_rooms_that_both_wait_in_vain_have_the_pipe_in_turn() -> None:
    field = field_of()
    field.stuck |= {"selector-hall", "selector-server"}
    play(field, f"0 | {HALL}, {SERVER} | activated |\n 60 | | waiting |")
    had = []
    for _ in range(60):
        field.run(1)
        assert not (field.zone("hall").selected and field.zone("server").selected)
        had.append(field.zone("hall").selected)
    turns = sum(one != other for one, other in pairwise(had))
    assert 4 <= turns <= 12
    field.stuck.discard("selector-hall")  # a person frees it
    play(field, "20 | | | +agent")
    assert not writes_of(field, "server-agent")


def test_a_room_whose_way_is_free_keeps_the_pipe_while_its_exhaust_has_its_turn() -> None:
    field = field_of()
    for i in range(3):
        field.point(f"gas-h2[{i}]", 20_000.0)
    play(field, f"0 | {HALL}, {SERVER} | activated |\n 50 | | waiting | +selector-hall -selector-server")
    assert field.zone("server").stage == "waiting"
    for i in range(3):
        field.point(f"gas-h2[{i}]", 0.0)
    play(field, "25 | | | +agent")
    assert not writes_of(field, "server-agent")


def test_nobody_takes_the_pipe_from_a_room_for_a_bank_that_is_used() -> None:
    field = field_of()
    play(field, f"{FLOODED}\n 31 | | | +agent\n 2 | {SERVER} | |\n 90 | | | +selector-server -server-agent")
    play(field, "200 | reserve-key on, call-point on | |\n 60 | | | -selector-server +selector-hall +agent-reserve")


@pytest.mark.parametrize(
    "word",
    [
        Occupied(operator="kim", zone="hall", occupied=True),
        Disable(operator="kim", subject="hall"),
        Disable(operator="kim", subject="agent"),
        Work(operator="kim", zone="hall", work="work permit", minutes=10),
    ],
)
@pytest.mark.parametrize("after_s", [5, 33])
def test_no_word_frees_the_pipe_for_a_room_in_need(word: Occupied | Disable | Work, after_s: int) -> None:
    field = field_of()
    field.stuck.add("selector-hall")
    play(field, f"0 | {HALL} | activated |\n 1 | {SERVER} | |\n {after_s - 1} | | | +selector-hall")
    answer = field.say(word)
    assert answer.kind is Kind.REFUSED
    assert "server needs the pipe" in answer.text
    assert field.zone("hall").selected


def test_without_another_room_in_need_a_room_is_marked_as_occupied() -> None:
    field = field_of()
    play(field, f"0 | {HALL} | activated |\n 5 | | activated |")
    assert field.say(Occupied(operator="kim", zone="hall", occupied=True)).kind is Kind.COMMAND
    play(field, "1 | | pre-activated | -selector-hall")


def test_a_cold_start_keeps_no_selector_open() -> None:
    field = field_of()
    field.point("do-2-coils[8]", 1.0)
    field.point("fb-inputs[3]", 1.0)
    field.restart(lose_state=True)
    play(field, "3 | | quiescent | -selector-hall")
