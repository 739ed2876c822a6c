"""Gas that comes to two racks in the same scan: the higher value names its rack, equal values name both."""

import pytest

from controller.core.events import Level
from controller.core.state import Isolation
from tests.controller.core.field import Field


@pytest.mark.parametrize(
    ("first", "second", "named"),
    [
        (Level.PRE_ALARM, Level.ALARM, ["rack-2"]),
        (Level.ALARM, Level.PRE_ALARM, ["rack-1"]),
        (Level.PRE_ALARM, Level.PRE_ALARM, ["rack-1", "rack-2"]),
    ],
)
def test_of_gas_in_one_scan_the_higher_value_names_its_rack(first: Level, second: Level, named: list[str]) -> None:
    field = Field()
    field.level("h2-1", first)
    field.level("h2-2", second)
    field.scan()
    racks = ("rack-1", "rack-2", "rack-3")
    assert [rack for rack in racks if field.rack(rack).isolation is not Isolation.NONE] == named
