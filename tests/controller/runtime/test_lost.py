"""A site whose latched state is lost: manual-only and in sight until a person has looked, over restarts too."""

from __future__ import annotations

from controller.core.commands import Occupied
from controller.core.decide import first_state
from controller.core.scan import Controller
from tests.controller.core.field import Field

LOST = "state_lost:hall"


def began_without_state() -> Field:
    field = Field(settle=False)
    field.controller = Controller(field.layout, lost=True)
    field.controller.detector = field.script
    field.run(5)
    return field


def test_it_is_as_if_people_were_inside_until_a_person_says_no() -> None:
    field = began_without_state()
    assert field.controller.state.zones[0].occupied
    assert field.controller.state.zones[0].availability != "full"
    assert LOST in field.troubles()
    field.restart()
    field.run(5)
    assert LOST in field.troubles()  # the next start has a state, and the state knows
    field.scan(Occupied(operator="Kim", zone="hall", occupied=False))
    field.run(1)
    assert LOST not in field.troubles()
    assert field.controller.state.zones[0].availability == "full"
    # Marked as occupied again later, it is no lost state any more.
    field.scan(Occupied(operator="Kim", zone="hall", occupied=True))
    field.run(1)
    assert LOST not in field.troubles()


def test_a_site_that_never_ran_has_lost_nothing() -> None:
    layout = Field().layout
    assert first_state(layout).lost == ()
    assert not first_state(layout).zones[0].occupied
    assert first_state(layout, lost=True).lost == ("hall", "server")
