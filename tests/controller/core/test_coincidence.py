"""How available a zone's release is, as far as its agent's contacts and its heads tell."""

import pytest
from msgspec import structs

from controller.core.commands import Disable
from controller.core.events import Level
from controller.core.state import HeadLatch
from controller.core.zone.coincidence import availability, confirmed, release_window_ms, releasing_pairs
from controller.site.model import Site
from drivers.points import Quality
from tests.controller.core.field import Field, site
from tests.controller.core.random_room import POLICIES, QUICK
from tests.controller.core.tales.sites import STORE

WINDOW_MS = 300_000


def said_of(field: Field) -> str:
    field.scan()
    assert field.controller.inputs is not None
    pairs = releasing_pairs(field.layout, 0)
    return availability(field.layout, 0, pairs, field.controller.inputs, (), ())


def test_a_low_agent_contact_that_cannot_be_read_degrades() -> None:
    field = Field()
    assert said_of(field) == "full"
    field.contact_fault("low-agent")
    assert said_of(field) == "degraded: low-agent not readable"
    assert field.zone().availability == "degraded: low-agent not readable"


def test_a_discharge_switch_that_cannot_be_read_degrades() -> None:
    field = Field()
    field.point("fb-inputs[8]", 0.0, Quality.BAD)
    assert said_of(field) == "degraded: fb-inputs[8] not readable"
    field.fault("heat-1")
    assert said_of(field) == "degraded: heat-1, fb-inputs[8] not readable"
    assert field.zone("server").availability == "full"


IN_PLACE = '[heads."in-place-[1-2]"]\nfamily = "actuator-in-place"\nzone = "hall"\npoints = ["di-{n}-inputs[8]"]\n'


def test_one_of_two_actuators_away_degrades_and_both_leave_no_way_out() -> None:
    field = Field(site(("[heads.reserve-key]", f"{IN_PLACE}[heads.reserve-key]")))
    assert field.zone().availability == "full"
    field.contact("in-place-1", on=False)
    field.scan()
    assert field.zone().availability == "degraded: actuator not in place: in-place-1"
    field.contact("in-place-2", on=False)
    field.scan()
    assert field.zone().availability == (
        "unavailable: actuator not in place: in-place-1, actuator not in place: in-place-2"
    )
    assert field.zone("server").availability == "full"


def test_a_head_that_is_in_no_pair_takes_nothing_from_the_release() -> None:
    field = Field()
    field.fault("h2-room")
    assert said_of(field) == "full"


def without_groups() -> Site:
    return site(("group = 4", "group = 0"))


def test_cells_without_their_modules_median_are_in_no_pair() -> None:
    whole = {frozenset((a.name, b.name)) for a, b in releasing_pairs(Field(settle=False).layout, 0)}
    assert {"cells-1", "smoke-1"} in whole
    coarse = {frozenset((a.name, b.name)) for a, b in releasing_pairs(Field(without_groups(), settle=False).layout, 0)}
    assert coarse == {frozenset((f"smoke-{s}", f"heat-{h}")) for s in (1, 2) for h in (1, 2)}


def test_a_release_without_two_independent_heads_is_not_available() -> None:
    field = Field()
    field.scan()
    assert field.controller.inputs is not None
    says = availability(field.layout, 0, (), field.controller.inputs, (), ())
    assert says == "unavailable: no two independent heads"


def test_a_zone_without_agent_says_nothing_of_its_release() -> None:
    field = Field(site(*QUICK, *STORE))
    field.scan()
    assert field.controller.inputs is not None
    store = field.layout.zones.index("store")
    assert availability(field.layout, store, (), field.controller.inputs, (), ()) == ""
    assert field.zone("store").availability == ""


def test_the_window_of_release_is_the_zones_or_shorter_by_its_type() -> None:
    zone = site().zones["hall"]
    assert release_window_ms(zone) == WINDOW_MS
    typed = site(("[zones.hall.cooling]", f"{POLICIES['B']}[zones.hall.cooling]"))
    assert release_window_ms(typed.zones["hall"]) == 20_000
    assert release_window_ms(structs.replace(zone, release=None)) == 0


@pytest.mark.parametrize("late_ms", [0, 1])
def test_a_head_that_has_ended_coincides_to_the_end_of_the_window(late_ms: int) -> None:
    layout = Field(settle=False).layout
    (pair,) = (p for p in releasing_pairs(layout, 0) if {h.name for h in p} == {"smoke-1", "heat-1"})
    ended_ms = 1000
    latches = [HeadLatch()] * len(layout.heads)
    latches[pair[0].index] = HeadLatch(level=Level.ALARM, ended_ms=ended_ms)
    latches[pair[1].index] = HeadLatch(level=Level.ALARM)
    now_ms = ended_ms + WINDOW_MS + late_ms
    found = confirmed((pair,), latches, (), lambda due_ms: now_ms >= due_ms, WINDOW_MS)
    assert found == (None if late_ms else pair)


BLOCKING = ('damper_unproven = "release"', 'damper_unproven = "block"')


@pytest.mark.feature("F9")
def test_a_damper_that_can_never_be_proven_leaves_no_automatic_release_where_it_blocks() -> None:
    for changes, says in (((BLOCKING,), "unavailable: {why}"), ((), "full")):
        field = Field(site(*changes))
        field.say(Disable(operator="kim", subject="damper"))
        assert field.zone().availability == says.format(why="damper disabled: damper")
        field = Field(site(*changes))
        field.point("fb-inputs[7]", 0.0, Quality.BAD)
        field.run(0.1)
        assert field.zone().availability == says.format(why="damper not readable")
        field = Field(site(*changes))
        field.point("do-1-coils[6]", 0.0, Quality.BAD)
        field.run(0.1)
        assert field.zone().availability == says.format(why="damper not readable")
