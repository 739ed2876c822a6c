"""Outputs that an engineer forces: under a permit, for a time, shown; never agent, never past an interlock, never in an alarm."""

import pytest

from controller.core.commands import Disable, Force, Work
from controller.core.events import Event, Kind, Level
from controller.core.force import LONGEST_S
from controller.core.survey import core_status
from controller.site.model import Site
from drivers.points import Quality
from tests.controller.core.field import Field, play, writes_of
from tests.controller.core.holding import holding
from tests.controller.core.one_bank import one_bank
from tests.controller.core.two_feeds import two_feeds


def force(field: Field, output: str, seconds: int = 60) -> Event:
    return field.say(Force(operator="kim", subject=output, seconds=seconds))


def permit(field: Field, minutes: int = 30) -> Kind:
    return field.say(Work(operator="kim", zone="hall", work="output test", minutes=minutes)).kind


def under_permit(the_site: Site | None = None) -> Field:
    field = Field(the_site)
    assert permit(field) is Kind.COMMAND
    return field


def ended(field: Field) -> list[str]:
    return [e.text for e in field.events if e.what == "force ended"]


@pytest.mark.parametrize("output", ["exhaust", "sounder", "damper", "curtain", "breaker-1", "pump"])
def test_it_is_driven_for_its_time_shown_and_journalled(output: str) -> None:
    field = under_permit()
    assert force(field, output).kind is Kind.COMMAND
    play(field, f"2 | | | +{output}")
    assert f"output_test:{output}" in field.troubles()
    (status,) = [o for o in core_status(field.controller, field.image).outputs if o.name == output]
    assert status.active
    assert status.forced_until_ms > field.tick_ms
    play(field, f"55 | | | +{output}\n 5 | | | -{output}")
    assert ended(field) == ["its time is over"]
    assert f"output_test:{output}" not in field.troubles()
    assert field.told(Kind.COMMAND, output) == ["force"]


def test_it_takes_the_permit_and_ends_with_it() -> None:
    field = Field()
    refused = force(field, "exhaust")
    assert refused.kind is Kind.REFUSED
    assert "output test" in refused.text
    permit(field)
    force(field, "exhaust")
    play(field, "2 | | | +exhaust")
    permit(field, 0)
    play(field, "1 | | | -exhaust")
    assert ended(field) == ["the output test has ended"]


def test_no_release_is_automatic_meanwhile_and_no_permit_begins_in_an_alarm() -> None:
    field = under_permit()
    assert field.zone().availability.startswith("unavailable: output test")
    field = Field()
    play(field, "0 | smoke-1 alarm | pre-activated |")
    assert permit(field) is Kind.REFUSED


@pytest.mark.parametrize(
    "output", ["agent", "agent-reserve", "agent-extended", "selector-hall", "server-agent", "smoke-1"]
)
def test_agent_is_never_forced(output: str) -> None:
    the_site = one_bank() if output == "selector-hall" else holding()
    field = under_permit(the_site)
    assert field.say(Work(operator="kim", zone="server", work="output test", minutes=30)).kind is Kind.COMMAND
    assert force(field, output).kind is Kind.REFUSED
    if output != "smoke-1":
        field.run(3)
        assert not writes_of(field, output)


@pytest.mark.feature("F44")
@pytest.mark.parametrize("sign", ["smoke-1 alarm", "h2-1 pre-alarm", "call-point on", "server-smoke-3 alarm"])
def test_the_first_sign_of_fire_ends_it_at_once(sign: str) -> None:
    field = under_permit()
    force(field, "curtain")
    play(field, f"3 | | | +curtain\n 0 | {sign} | |\n 0.5 | | | -curtain")
    assert ended(field)[0].startswith("alarm:")
    assert force(field, "curtain").kind is Kind.REFUSED


def test_heads_that_show_fire_together_and_what_was_latched_end_it_and_refuse_it() -> None:
    field = under_permit()
    force(field, "curtain")
    play(field, "3 | | | +curtain")
    field.weigh("h2-room", "smoke-1", level=Level.PRE_ALARM)
    play(field, "0.5 | | | -curtain")
    assert ended(field) == ["alarm: the heads of hall together"]
    field = Field()
    field.weigh("h2-room", "smoke-1", level=Level.PRE_ALARM)
    field.scan()
    assert permit(field) is Kind.REFUSED
    field = under_permit()
    play(field, "0 | server-smoke-3 pre-alarm | |\n 1 | server-smoke-3 normal | |")
    assert force(field, "curtain").kind is Kind.REFUSED


def test_no_breaker_is_forced_while_the_ups_carries_the_load() -> None:
    for contact in ("discharging on", "discharging fault"):
        field = under_permit(two_feeds())
        play(field, f"0 | {contact} | |")
        assert "UPS" in force(field, "breaker-1").text
        play(field, "2 | | | -breaker-1")
    field = under_permit(two_feeds())
    assert force(field, "breaker-1").kind is Kind.COMMAND
    play(field, "2 | | | +breaker-1\n 0 | discharging on | |\n 0.5 | | | -breaker-1")


def test_no_breaker_takes_the_last_feed_of_something_else() -> None:
    field = under_permit(two_feeds())
    for main, dark in (("main-a", "rack-1, rack-3"), ("main-b", "servers")):
        refused = force(field, main)
        assert refused.kind is Kind.REFUSED
        assert dark in refused.text
    assert force(field, "breaker-2").kind is Kind.COMMAND
    play(field, "3 | | | +breaker-2")
    assert force(field, "breaker-1").kind is Kind.COMMAND, "its own rack is what is tested"
    field = under_permit(two_feeds())
    field.point("fb-inputs[3]", 0.0, Quality.BAD)
    assert "rack-2" in force(field, "main-a").text, "whether its other feed is closed is not known"


def test_interlocks_stand_against_it() -> None:
    field = under_permit()
    assert "rule 7" in force(field, "coolant-1").text
    field.contact("obstruction", on=True)
    field.scan()
    assert "curtain" in force(field, "curtain").text
    field.contact("obstruction", on=False)
    field.scan()
    assert force(field, "curtain").kind is Kind.COMMAND
    play(field, "2 | | | +curtain\n 0 | obstruction on | |\n 0.5 | | | -curtain")


def test_a_restart_lets_go() -> None:
    field = under_permit()
    force(field, "exhaust")
    play(field, "2 | | | +exhaust")
    field.restart()
    play(field, "2 | | | -exhaust")


def test_times_names_and_what_is_out_of_service() -> None:
    field = under_permit()
    assert force(field, "exhaust", LONGEST_S + 1).kind is Kind.REFUSED
    assert force(field, "exhaust", -1).kind is Kind.REFUSED
    assert force(field, "exhaust", 0).kind is Kind.REFUSED
    assert force(field, "fan").kind is Kind.REFUSED
    field.say(Disable(operator="kim", subject="exhaust"))
    assert "enable" in force(field, "exhaust").text
    force(field, "sounder")
    play(field, "1 | | | +sounder")
    assert force(field, "sounder", 0).kind is Kind.COMMAND
    play(field, "1 | | | -sounder")
    assert ended(field) == ["let go by a person"]
