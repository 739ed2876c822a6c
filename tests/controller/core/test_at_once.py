"""How soon the core acts, in scans; and what may be true at the same time."""

import pytest

from controller.core.commands import Disable, Work
from controller.core.events import Kind, Level
from controller.core.state import Stage
from controller.core.status import CoreStatus
from controller.core.survey import core_status
from controller.core.troubles import TRIPS, delay_s
from tests.controller.core.field import Field, play, site


def written(field: Field) -> set[str]:
    """Outputs written in the last scan."""
    return {write.output for tick_ms, write in field.writes if tick_ms == field.tick_ms}


@pytest.mark.feature("F1", "F2", "F12")
def test_the_scan_that_reads_a_fire_alarm_tells_it_and_writes_the_sounder() -> None:
    field = Field()
    field.level("smoke-1", Level.ALARM)
    result = field.scan()
    assert [(e.kind, e.subject) for e in result.events if e.kind is Kind.LEVEL] == [(Kind.LEVEL, "smoke-1")]
    assert field.zone().stage is Stage.PRE_ACTIVATED
    assert "sounder" in written(field)


@pytest.mark.feature("F12")
@pytest.mark.parametrize("by_hand", [False, True])
def test_the_scan_that_reads_the_trigger_activates_and_writes_the_first_outputs(by_hand: bool) -> None:
    field = Field()
    field.level("smoke-1", Level.ALARM)
    field.scan()
    if by_hand:
        field.contact("call-point", on=True)
    else:
        field.level("heat-1", Level.ALARM)
    field.scan()
    assert field.zone().stage is Stage.ACTIVATED
    assert "damper" in written(field)


@pytest.mark.feature("F2")
def test_a_call_point_sounds_in_the_scan_that_reads_it() -> None:
    field = Field()
    field.contact("call-point", on=True)
    field.scan()
    assert "sounder" in written(field)


@pytest.mark.feature("F4")
def test_fire_fault_disablement_and_work_are_shown_together() -> None:
    field = Field()
    field.lose("gas")
    field.say(Disable(operator="kim", subject="heat-2"))
    field.say(Work(operator="kim", zone="server", work="walk test", minutes=10))
    field.run(15)
    play(field, "0 | smoke-1 alarm | pre-activated |\n 1 | | | +sounder")
    status: CoreStatus = core_status(field.controller, field.image)
    assert {trouble.trip for trouble in status.troubles} >= {"device_lost", "disabled", "work"}
    assert status.zones[0].stage is Stage.PRE_ACTIVATED
    assert [head.name for head in status.zones[0].heads if head.level == "alarm"] == ["smoke-1"]


@pytest.mark.feature("F3")
def test_every_trouble_is_shown_within_a_hundred_seconds_of_its_cause() -> None:
    """But for an alarm that nobody acknowledges: that is waited for (F34)."""
    delays_s = {name: delay_s(trip, site().site) for name, trip in TRIPS.items()}
    assert delays_s.pop("routing_not_acknowledged") == 100
    assert max(delays_s.values()) < 100
