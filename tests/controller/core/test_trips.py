"""Troubles: each from its cause, after its delay, cleared in sight; and the table itself."""

import pytest

from controller.core.decide import first_state
from controller.core.events import Kind
from controller.core.scan import Controller
from controller.core.trips import HOST_FACTS, NIGHT, is_night
from controller.core.troubles import TRIPS, Delay
from drivers.points import Quality
from tests.controller.core.drafts import draft_of
from tests.controller.core.field import Field, play, site


def test_every_row_is_whole() -> None:
    for name, row in TRIPS.items():
        assert row.consequence, name
        assert row.guidance, name
        assert any("가" <= letter <= "힣" for letter in row.guidance_ko), name
        assert isinstance(row.delay_s, Delay) or 0 <= row.delay_s <= 60, name
        assert row.times >= 1, name


def test_every_consequence_of_the_site_is_a_row() -> None:
    assert {output.consequence for output in site().outputs.values()} <= set(TRIPS)
    assert "output_unconfirmed" in TRIPS


@pytest.mark.parametrize(
    ("happens", "trouble", "delay_s"),
    [
        ("smoke-1 fault", "head_fault:smoke-1", 3.0),
        ("call-point fault", "contact_fault:call-point", 1.0),
        ("low-agent on", "low_agent:hall", 1.0),
        ("obstruction on", "obstructed:hall", 0.0),
    ],
)
def test_raised_after_its_delay_and_cleared(happens: str, trouble: str, delay_s: float) -> None:
    field = Field()
    play(field, f"1 | {happens} | quiescent |")
    field.run(delay_s - 0.1)
    assert (trouble in field.troubles()) == (delay_s == 0)
    field.run(0.2)
    assert trouble in field.troubles()
    name = happens.split(maxsplit=1)[0]
    if happens.endswith("on") or name == "call-point":
        field.contact(name, on=False)
    else:
        field.fault(name, 0)
    field.run(0.2)
    assert trouble not in field.troubles()
    trip, _, subject = trouble.partition(":")
    assert field.told(Kind.TROUBLE, subject) == [trip, f"{trip}:cleared"]


def test_a_fault_shorter_than_its_delay_is_not_told() -> None:
    field = Field()
    play(field, "0 | smoke-1 fault | |")
    field.run(2)
    field.fault("smoke-1", 0)
    field.run(5)
    assert field.told(Kind.TROUBLE) == []


def test_a_lost_device_is_told_once_and_within_ten_seconds() -> None:
    field = Field()
    field.lose("asd-1")
    field.fault("smoke-1")
    field.run(9)
    assert field.troubles() == {"device_lost:asd-1"}
    field.run(0.3)
    assert field.buffer.value[field.layout.point("do-1-coils[10]")] == 0  # normally energised, now dropped


def test_missing_points_are_maintenance() -> None:
    field = Field()
    field.fault("cells-1", 1)
    field.run(29)
    assert field.troubles() == set()
    field.run(2)
    assert field.troubles() == {"points_fault:cells-1"}


@pytest.mark.parametrize(
    ("fact", "value", "trip"),
    [
        ("scan_overruns_permille", 11, "scan_overrun"),
        ("journal_lag_ms", 2001, "journal_late"),
        ("recorder_lag_ms", 2001, "recorder_late"),
        ("loop_late_ms", 501, "loop_late"),
        ("wall_clock_step_ms", -5001, "clock_step"),
    ],
)
def test_what_the_runtime_knows_of_itself(fact: str, value: int, trip: str) -> None:
    field = Field()
    place = HOST_FACTS.index(fact)
    field.host = (*field.host[:place], value, *field.host[place + 1 :])
    field.run(0.2)
    assert field.troubles() == {f"{trip}:controller"}
    field.host = (0,) * len(HOST_FACTS)
    field.run(0.2)
    assert field.troubles() == set()


def tell(field: Field, **facts: int) -> None:
    """The runtime knows these facts from now on, and all else is well."""
    field.host = tuple(facts.get(name, 0) for name in HOST_FACTS)


@pytest.mark.parametrize(
    ("fact", "trip", "of_links", "delay_s"),
    [
        ("near_deadline_device", "device_near_deadline", False, 10.0),
        ("unreliable_device", "device_unreliable", False, 0.0),
        ("lossy_link", "messages_lost", True, 0.0),
    ],
)
def test_what_a_link_says_of_its_devices_and_messages(fact: str, trip: str, of_links: bool, delay_s: float) -> None:
    field = Field()
    names = field.layout.links if of_links else field.layout.devices
    assert len(names) > 1
    for number in (1, len(names)):
        tell(field, **{fact: number})
        if delay_s:
            field.run(delay_s - 0.2)
            assert field.troubles() == set()
        field.run(0.4)
        assert field.troubles() == {f"{trip}:{names[number - 1]}"}
        tell(field)
        field.run(0.2)
        assert field.troubles() == set()
        assert field.told(Kind.TROUBLE, names[number - 1]) == [trip, f"{trip}:cleared"]


def test_the_next_device_is_told_when_the_first_is_well_again() -> None:
    field = Field()
    first, second = field.layout.devices[:2]
    tell(field, unreliable_device=1)
    field.run(1)
    tell(field, unreliable_device=2)
    field.run(1)
    assert field.troubles() == {f"device_unreliable:{second}"}
    assert field.told(Kind.TROUBLE, first) == ["device_unreliable", "device_unreliable:cleared"]


def test_a_device_that_nears_its_deadline_for_a_moment_is_not_told() -> None:
    field = Field()
    tell(field, near_deadline_device=1)
    field.run(5)
    tell(field)
    field.run(10)
    assert field.told(Kind.TROUBLE) == []


def test_an_intent_that_was_not_durable_is_shown_for_a_minute() -> None:
    field = Field()
    place = HOST_FACTS.index("intent_timeouts_total")
    field.host = (*field.host[:place], 1, *field.host[place + 1 :])
    field.run(50)
    assert field.troubles() == {"intent_not_durable:controller"}
    field.run(15)
    assert field.troubles() == set()


def test_flow_without_release_is_told() -> None:
    field = Field()
    field.point("fb-inputs[8]", 1.0)
    field.run(1.2)
    assert field.troubles() == {"unexpected_flow:hall"}


def test_a_trouble_speaks_the_language_of_the_site() -> None:
    field = Field(site(('name = "Test"', 'name = "Test"\nlanguage = "ko"')))
    field.point("di-1-inputs[0]", 0.0, Quality.BAD)
    field.run(2)
    text = next(e.text for e in field.events if e.kind is Kind.TROUBLE)
    assert text == TRIPS["contact_fault"].guidance_ko


def test_a_state_that_was_lost_is_a_trouble_of_its_zones() -> None:
    field = Field()
    field.controller = Controller(field.layout, first_state(field.layout, lost=True))
    field.controller.detector = field.script
    field.run(1)
    assert field.troubles() == {"state_lost:hall", "state_lost:server"}


@pytest.mark.parametrize("facts", [(), (1,) * NIGHT, (0,) * (NIGHT + 1)])
def test_without_the_word_of_the_site_it_is_day(facts: tuple[int, ...]) -> None:
    draft = draft_of(Field())
    draft.inputs = draft.inputs._replace(host=facts)
    assert not is_night(draft)
