"""A rack with two supplies: the whole set is opened and proven, a person is asked where others would go dark, and told what else would do."""

import pytest

from controller.core.commands import ConfirmIsolated, Disable, Reset
from controller.core.events import Kind
from controller.core.state import Isolation
from controller.site.power import Power
from drivers.points import Quality
from tests.controller.core.field import Field, play
from tests.controller.core.two_feeds import BEHIND_THE_MAIN, two_feeds

RUNAWAY = "0 | cells-2 runaway, h2-2 pre-alarm | |"


def texts(field: Field, what: str) -> list[str]:
    return [e.text for e in field.events if e.what == what]


def test_every_breaker_of_the_set_is_commanded_and_proven() -> None:
    field = Field(two_feeds())
    field.stuck.add("breaker-2b")
    play(field, "0 | cells-2 pre-alarm | |\n 5 | | | +breaker-2 +breaker-2b")
    assert field.rack("rack-2").isolation is Isolation.WANTED
    assert texts(field, "isolate-wanted") == ["Open breaker-2 and breaker-2b; nothing else goes dark"]
    field.stuck.clear()
    field.run(2)
    assert field.rack("rack-2").isolation is Isolation.PROVEN


def test_no_water_before_the_last_breaker_of_the_set_says_open() -> None:
    field = Field(two_feeds())
    field.stuck.add("breaker-2b")
    play(field, f"{RUNAWAY}\n 15 | | | -coolant-2 +coolant-1")
    field.stuck.clear()
    play(field, "3 | | | +coolant-2")


def test_another_set_that_a_person_has_opened_proves_it_as_well() -> None:
    field = Field(two_feeds())
    field.stuck.add("breaker-2")
    play(field, f"{RUNAWAY}\n 30 | | | -coolant-2")
    assert any("not proven open: breaker-2" in text and "instead open breaker-2b and main-a" in text
               and "last feed of rack-1, rack-3" in text for text in texts(field, "confirm-isolated"))  # fmt: skip
    field.stuck.add("main-a")
    field.point("fb-inputs[4]", 1.0)  # by hand, at the switchgear
    play(field, "2 | | | +coolant-2")


def test_where_the_whole_set_is_stuck_a_person_is_told_of_one_without_any_of_it() -> None:
    bus_b = 'from = "ups"\nto = "bus-b"\n'
    field = Field(two_feeds((bus_b, f'{bus_b}breakers = ["main-b"]\n')))
    field.stuck |= {"breaker-2", "breaker-2b"}
    play(field, f"{RUNAWAY}\n 30 | | | -coolant-2")
    (text,) = (text for text in texts(field, "confirm-isolated") if text.startswith("rack-2"))
    assert "not proven open: breaker-2, breaker-2b. Open by hand, or instead open main-a and main-b;" in text


def test_water_stops_when_a_breaker_of_the_set_closes_again() -> None:
    field = Field(two_feeds())
    play(field, f"{RUNAWAY}\n 5 | | | +coolant-2")
    field.stuck.add("breaker-2b")
    field.point("fb-inputs[3]", 0.0)
    play(field, "1 | | | -coolant-2")


def test_the_limit_of_openings_counts_breakers() -> None:
    field = Field(two_feeds(("max_automatic_openings = 2", "max_automatic_openings = 1")))
    play(field, "0 | cells-2 pre-alarm | |\n 3 | | | -breaker-2 -breaker-2b")
    assert field.rack("rack-2").isolation is Isolation.ASKED
    assert any(
        "it takes 2 more" in text and "breaker-2 and breaker-2b" in text for text in texts(field, "open-breaker")
    )


def test_where_others_would_go_dark_a_person_decides() -> None:
    field = Field(two_feeds(*BEHIND_THE_MAIN))
    play(field, "0 | cells-1 pre-alarm | |\n 3 | | | -main-a")
    assert field.rack("rack-1").isolation is Isolation.ASKED
    (text,) = texts(field, "open-breaker")
    assert "main-a; this takes the last feed of rack-3" in text
    assert "others would go dark" in text


def test_a_site_may_let_it_open_all_the_same() -> None:
    field = Field(two_feeds(*BEHIND_THE_MAIN, ("trouble_delay_s = 3.0", 'while_others_go_dark = "open"')))
    play(field, "0 | cells-1 pre-alarm | |\n 3 | | | +main-a")


def test_the_burning_rack_is_cut_off_whatever_goes_dark() -> None:
    field = Field(two_feeds(*BEHIND_THE_MAIN))
    play(field, "0 | cells-1 runaway, h2-1 pre-alarm | |\n 5 | | | +main-a +coolant-1")


@pytest.mark.parametrize("command", [Disable(operator="kim", subject="breaker-2b"), Reset(operator="kim", zone="hall")])
def test_no_command_takes_a_breaker_of_the_set_away(command: Disable | Reset) -> None:
    field = Field(two_feeds())
    play(field, f"{RUNAWAY}\n 5 | | | +coolant-2")
    assert field.say(command).kind is Kind.REFUSED


def test_a_person_may_still_vouch() -> None:
    field = Field(two_feeds())
    field.stuck.add("breaker-2")
    play(field, f"{RUNAWAY}\n 21 | | | -coolant-2")
    field.say(ConfirmIsolated(operator="kim", rack="rack-2"))
    play(field, "1 | | | +coolant-2")


@pytest.mark.parametrize("lost", [False, True])
def test_a_breaker_that_was_closed_and_is_not_read_is_not_taken_for_open(lost: bool) -> None:
    field = Field(two_feeds())
    play(field, f"{RUNAWAY}\n 10 | | | +coolant-2")
    if lost:
        field.point("fb-inputs[4]", 0.0, Quality.BAD)  # main-a, closed all along
    field.scan()
    field.stuck.add("breaker-2")
    field.point("fb-inputs[1]", 0.0)
    play(field, "1 | | | -coolant-2")


def test_a_breaker_that_said_open_and_is_not_read_stops_no_water() -> None:
    field = Field(two_feeds())
    play(field, f"{RUNAWAY}\n 10 | | | +coolant-2")
    field.point("fb-inputs[1]", 1.0, Quality.BAD)
    play(field, "3 | | | +coolant-2")


def test_what_an_open_breaker_said_last_counts() -> None:
    field = Field(two_feeds())
    field.stuck |= {"main-a", "breaker-2"}
    field.point("fb-inputs[4]", 1.0)  # by hand, at the switchgear
    play(field, f"{RUNAWAY}\n 10 | | | +coolant-2")
    field.stuck.discard("breaker-2")
    field.run(3)
    field.point("fb-inputs[4]", 0.0)  # closed again: breaker-2 keeps the rack dead
    field.run(1)
    field.point("fb-inputs[4]", 0.0, Quality.BAD)
    play(field, "1 | | | +coolant-2")
    field.stuck.add("breaker-2")
    field.point("fb-inputs[1]", 0.0)
    play(field, "1 | | | -coolant-2")


def test_no_scan_searches_for_a_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search may take long where many feeds cross: all that a scan may ask for is found at the start."""
    field = Field(two_feeds())
    monkeypatch.setattr(Power, "plan", lambda *_, **__: pytest.fail("searched within a scan"))
    field.stuck |= {"breaker-2", "breaker-2b"}
    play(field, f"{RUNAWAY}\n 30 | | | -coolant-2")
    assert any(
        "not proven open: breaker-2, breaker-2b. Open by hand, then" in text
        for text in texts(field, "confirm-isolated")
    )
