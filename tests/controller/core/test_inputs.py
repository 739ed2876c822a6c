"""What decide sees of the field: a value that cannot be believed is not known, never "normal"."""

import math

import pytest

from controller.core.events import Level
from controller.core.image import changes, freeze
from controller.core.inputs import InputReader, Inputs
from controller.core.state import Tri
from drivers.points import Quality
from tests.controller.core.field import Field, site

VALVE = 'feedback = { point = "valve-inputs[{i}]" }'
AT_LEAST = site((VALVE, VALVE.replace(" }", ", active = 10.0, at_least = true }")))


def read(field: Field) -> Inputs:
    """The field as it stands, without a scan that would move it."""
    image = freeze(1, field.tick_ms, [field.buffer], field.layout.max_age_ms)
    return InputReader(field.layout).read(image, field.script.readings)


def gas_high(field: Field) -> int:
    field.scan()
    assert field.controller.inputs is not None
    return field.controller.inputs.gas_high[0]


def test_a_hydrogen_head_in_fault_has_no_vote() -> None:
    field = Field()
    assert gas_high(field) == Tri.NO
    for name in ("h2-1", "h2-2"):
        field.fault(name)
    assert gas_high(field) == Tri.UNKNOWN
    field.fault("h2-2", 1)
    assert gas_high(field) == Tri.NO
    field.point("gas-h2[2]", 12_000.0)
    assert gas_high(field) == Tri.YES


@pytest.mark.parametrize("value", [math.nan, -500.0, 1e6])
def test_an_absurd_hydrogen_value_has_no_vote(value: float) -> None:
    field = Field()
    for place in (0, 1):
        field.point(f"gas-h2[{place}]", value)
    assert gas_high(field) == Tri.UNKNOWN
    field.point("gas-h2[2]", 12_000.0)
    assert gas_high(field) == Tri.YES


def test_exhaust_goes_first_while_most_hydrogen_heads_are_in_fault() -> None:
    field = Field()
    for name in ("h2-1", "h2-2", "h2-3"):
        field.fault(name)
    field.level("smoke-1", Level.ALARM)
    field.level("heat-1", Level.ALARM)
    field.run(35.0)
    assert field.zone().stage == "waiting"
    assert not field.on("agent")


@pytest.mark.parametrize(
    ("value", "quality", "says"),
    [
        (60.0, Quality.GOOD, Tri.YES),
        (0.0, Quality.GOOD, Tri.NO),
        (65_535.0, Quality.GOOD, Tri.UNKNOWN),
        (math.nan, Quality.GOOD, Tri.UNKNOWN),
        (60.0, Quality.STALE, Tri.UNKNOWN),
    ],
)
def test_a_flow_that_cannot_be_is_not_known(value: float, quality: Quality, says: Tri) -> None:
    field = Field(AT_LEAST)
    field.point("flow", value, quality)
    field.point("valve-inputs[0]", value, quality)
    inputs = read(field)
    assert inputs.flowing[0] == says
    assert inputs.feedback[field.layout.output("coolant-1").index] == (-1 if says is Tri.UNKNOWN else says)


def test_a_bms_that_is_lost_alone_is_seen_though_no_contact_of_the_field_has_changed() -> None:
    field = Field()
    field.run(1.0)
    reader, readings = InputReader(field.layout), field.script.readings
    before = freeze(1, field.tick_ms, [field.buffer], field.layout.max_age_ms)
    place = tuple(field.layout.devices).index("bms-2")
    assert reader.read(before, readings).devices[place]
    field.buffer.quality[field.layout.device_points[place]] = Quality.STALE
    after = freeze(2, field.tick_ms + 100, [field.buffer], field.layout.max_age_ms)
    assert not reader.read(after, readings, changed=changes(before, after)).devices[place]
