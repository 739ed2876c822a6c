"""How available a zone's release is, as far as its agent's contacts and its heads tell."""

from controller.core.zone.coincidence import availability, releasing_pairs
from controller.site.model import Site
from drivers.points import Quality
from tests.controller.core.field import Field, site


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


def without_groups() -> Site:
    return site(("group = 4", "group = 0"))


def test_cells_without_their_modules_median_are_in_no_pair() -> None:
    whole = {frozenset((a.name, b.name)) for a, b in releasing_pairs(Field(settle=False).layout, 0)}
    assert {"cells-1", "smoke-1"} in whole
    coarse = {frozenset((a.name, b.name)) for a, b in releasing_pairs(Field(without_groups(), settle=False).layout, 0)}
    assert coarse == {frozenset((f"smoke-{s}", f"heat-{h}")) for s in (1, 2) for h in (1, 2)}
