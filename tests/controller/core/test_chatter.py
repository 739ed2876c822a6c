"""A contact that chatters: told up to the limit, a trouble, and told as it stands once it is calm. What it says counts all the while."""

import pytest

from controller.core.chatter import WINDOW_MS
from controller.core.events import Kind
from controller.core.troubles import TRIPS
from tests.controller.core.field import Field, play

LIMIT = TRIPS["contact_chatters"].times
SHOWN = "contact_chatters:hold"


def toggle(field: Field, times: int, name: str = "hold", *, scans: int = 1) -> None:
    """Change the contact so often, beginning from off."""
    for turn in range(times):
        field.contact(name, on=turn % 2 == 0)
        for _ in range(scans):
            field.scan()


def inputs(field: Field, name: str = "hold") -> list[str]:
    return [event.what for event in field.events if event.kind is Kind.INPUT and event.subject == name]


def test_a_contact_that_changes_every_scan_is_one_trouble_and_few_entries() -> None:
    field = Field()
    field.clear()
    toggle(field, 1200)
    assert SHOWN in field.troubles()
    assert inputs(field) == ["on", "off"] * (LIMIT // 2)
    assert [e.what for e in field.events if e.kind is Kind.TROUBLE and e.subject == "hold"] == ["contact_chatters"]


def test_what_follows_from_it_is_told_once_it_is_calm() -> None:
    field = Field()
    field.clear()
    toggle(field, 1200)
    told = [e.what for e in field.events if e.kind is Kind.AVAILABILITY]
    assert len(told) < LIMIT, "neither are its consequences told scan by scan"
    assert field.zone().availability == "full", "what is shown is always so"
    field.contact("mode-key", on=False)
    field.run(0.3)
    assert "manual-only" in field.zone().availability
    assert "manual-only" in [e.what for e in field.events if e.kind is Kind.AVAILABILITY][-1], (
        "what has another cause is told"
    )
    field.clear()
    field.run(WINDOW_MS / 1000 + 1)
    assert [e.what for e in field.events if e.kind is Kind.AVAILABILITY] == [field.zone().availability]


def test_up_to_the_count_it_is_a_hand() -> None:
    field = Field()
    field.clear()
    toggle(field, LIMIT - 1)
    assert SHOWN not in field.troubles()
    toggle(field, 1, scans=2)  # it is on already: no change
    assert SHOWN not in field.troubles()
    field.contact("hold", on=False)
    field.run(0.2)
    assert SHOWN in field.troubles()


def test_the_count_is_that_of_a_minute() -> None:
    field = Field()
    field.clear()
    toggle(field, LIMIT - 2)
    field.run(WINDOW_MS / 1000 + 1)
    toggle(field, LIMIT - 2)
    assert SHOWN not in field.troubles()
    assert len(inputs(field)) == 2 * (LIMIT - 2)
    assert field.controller.state.chatter != ()
    field.run(WINDOW_MS / 1000 + 1)
    assert field.controller.state.chatter == ()


@pytest.mark.parametrize("ends_on", [True, False])
def test_once_calm_the_trouble_clears_and_the_contact_is_told_as_it_stands(ends_on: bool) -> None:
    field = Field()
    toggle(field, LIMIT + 4 + ends_on)
    field.clear()
    field.run(WINDOW_MS / 1000 - 1)
    assert SHOWN in field.troubles()
    assert inputs(field) == []
    field.run(2)
    assert SHOWN not in field.troubles()
    assert inputs(field) == (["on"] if ends_on else []), "it was told to be off last"
    toggle(field, 2 if not ends_on else 1)
    assert inputs(field)[-1:] == (["off"] if not ends_on else inputs(field)[-1:])


def test_a_call_point_that_chatters_releases_all_the_same() -> None:
    field = Field()
    toggle(field, LIMIT + 4, "occupied")
    toggle(field, LIMIT + 2, "hold")
    play(field, "0 | call-point on | activated |\n 11 | | |\n 1 | | released | +agent")
    calling = Field()
    for _ in range(LIMIT):
        calling.contact("call-point", on=False)
        calling.run(0.2)
        calling.contact("call-point", on=True)
        calling.run(0.2)
    assert calling.zone().stage == "activated"
    assert "contact_chatters:call-point" in calling.troubles()


def test_a_restart_counts_anew() -> None:
    field = Field()
    toggle(field, LIMIT + 4)
    field.restart()
    field.run(2)
    assert SHOWN not in field.troubles()
