"""A door that stands open where agent must stay: a trouble, at once when agent comes or holds; a cause for rows; never a reason to wait."""

import pytest

from controller.core import trips
from controller.core.events import Kind
from controller.core.state import PEOPLE_OUT, Stage, Tri
from controller.core.troubles import TRIPS, Severity
from controller.core.zone import conditions
from controller.core.zone.contacts import wired
from controller.site.model import Family
from tests.controller.core.field import Field, play, site
from tests.controller.core.random_room import NO_AGENT, QUICK
from tests.controller.site.hall import edited, problems_of
from tests.rules.breaking import Check, Mutant, notices

DOOR = '[heads.door]\nfamily = "door"\nzone = "hall"\npoints = ["di-1-inputs[9]"]\n'
LAMP = '[matrix.door]\nwhen = ["hall.door-open"]\nthen = ["beacon"]\n'
ROOM = (
    *(change for change in QUICK if "[heads.reserve-key]" not in change),
    ("[heads.reserve-key]", f"{DOOR}[heads.reserve-key]"),
    ("[matrix.fault-relay]", f"{LAMP}[matrix.fault-relay]"),
)
FIRE = "0 | smoke-1 alarm, heat-1 alarm | activated |"
OPEN, IN_RELEASE = "door_open:hall", "door_open_in_release:hall"


def with_a_door() -> Field:
    """The hall with the contact of its door, times short, and a lamp for it."""
    return Field(site(*ROOM))


def a_door_that_stands_open_is_told_after_its_time() -> None:
    field = with_a_door()
    play(field, "0 | door on | quiescent |")
    field.run(89)
    assert field.troubles() == set()
    field.run(2)
    assert field.troubles() == {OPEN}
    assert field.zone().availability == "full"
    play(field, "0 | door off | |")
    assert field.troubles() == set()


def a_door_that_people_pass_is_no_trouble() -> None:
    field = with_a_door()
    play(field, "0 | door on | |\n 30 | door off | |\n 1 | door on | |\n 80 | door off | |")
    assert field.told(Kind.TROUBLE) == []


def an_open_door_is_told_at_once_in_every_stage_of_a_release() -> None:
    field = with_a_door()
    seen = set()
    play(field, f"0 | door on | |\n{FIRE}")
    while field.zone().stage is not Stage.DISCHARGED:
        told = {trouble for trouble in field.troubles() if trouble.startswith("door")}
        assert told == {IN_RELEASE}, field.zone().stage
        seen.add(field.zone().stage)
        field.scan()
    assert seen > {Stage.ACTIVATED, Stage.RELEASED, Stage.HOLD_TIME}
    assert seen <= PEOPLE_OUT
    field.run(1)
    assert IN_RELEASE not in field.troubles()


def a_door_that_opens_in_the_hold_time_is_told_in_that_scan() -> None:
    field = with_a_door()
    play(field, FIRE)
    while field.zone().stage is not Stage.HOLD_TIME:
        field.scan()
    assert IN_RELEASE not in field.troubles()
    play(field, "0 | door on | hold-time |")
    assert IN_RELEASE in field.troubles()


def a_row_may_ask_for_it() -> None:
    play(with_a_door(), "1 | | | -beacon\n 0 | door on | |\n 0.5 | | | +beacon\n 0 | door off | |\n 0.5 | | | -beacon")


def no_door_holds_a_release_back() -> None:
    for said in ("door on", "door fault"):
        field = with_a_door()
        play(field, f"0 | {said} | |\n{FIRE}\n 3.8 | | activated |\n 0.2 | | releasing |\n 1 | | | +agent")
        assert field.zone().inhibits == ()


def nobody_looks_at_the_door(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(trips, "_door_causes", lambda draft, rules: ())


def a_door_is_a_trouble_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(TRIPS, "door_open", TRIPS["door_open"]._replace(delay_s=0.0))


def the_hold_time_is_not_watched(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(trips, "PEOPLE_OUT", frozenset({Stage.ACTIVATED}))


def no_row_knows_of_doors(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(conditions, "wired", lambda d, z, family: Tri.NO if family is Family.DOOR else wired(d, z, family))


CHECKS = [
    a_door_that_stands_open_is_told_after_its_time,
    a_door_that_people_pass_is_no_trouble,
    an_open_door_is_told_at_once_in_every_stage_of_a_release,
    a_door_that_opens_in_the_hold_time_is_told_in_that_scan,
    a_row_may_ask_for_it,
    no_door_holds_a_release_back,
]
MUTANTS: list[tuple[Mutant, Check]] = [
    (nobody_looks_at_the_door, a_door_that_stands_open_is_told_after_its_time),
    (a_door_is_a_trouble_at_once, a_door_that_people_pass_is_no_trouble),
    (nobody_looks_at_the_door, an_open_door_is_told_at_once_in_every_stage_of_a_release),
    (the_hold_time_is_not_watched, an_open_door_is_told_at_once_in_every_stage_of_a_release),
    (the_hold_time_is_not_watched, a_door_that_opens_in_the_hold_time_is_told_in_that_scan),
    (no_row_knows_of_doors, a_row_may_ask_for_it),
]


@pytest.mark.parametrize("check", CHECKS)
def test_a_door(check: Check) -> None:
    check()


@pytest.mark.parametrize(("mutant", "check"), MUTANTS)
def test_is_noticed_when_broken(mutant: Mutant, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    notices(check)


def test_it_is_urgent_when_agent_would_escape() -> None:
    assert TRIPS["door_open"].severity is Severity.TROUBLE
    assert TRIPS["door_open_in_release"].severity is Severity.URGENT


def test_a_door_of_a_room_without_agent_is_no_trouble() -> None:
    server = ROOM[-2][1].replace(
        'zone = "hall"\npoints = ["di-1-inputs[9]"]', 'zone = "server"\npoints = ["di-1-inputs[9]"]'
    )
    field = Field(site(*ROOM[:-2], ("[heads.reserve-key]", server), *NO_AGENT))
    play(field, "0 | door on | |\n 120 | | |")
    assert field.troubles() == set()


def test_a_row_on_a_door_that_is_not_there_is_refused() -> None:
    text = edited(('family = "door"\nzone = "hall"', 'family = "obstruction"\nzone = "hall"'))
    row = '[matrix.door]\nwhen = ["hall.door-open"]\nthen = ["beacon"]\n'
    told = [p.what for p in problems_of(f"{text}\n{row}") if "door-open" in p.what]
    assert told == ["unreachable row: 'hall.door-open' can never be true, there is no input of family door"]
