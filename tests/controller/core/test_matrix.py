"""Rows of the cause-and-effect matrix: votes, delays, latches, times, priorities. Outputs as the field shows them, from the whole core."""

import pytest

from controller.core.commands import Reset
from controller.core.events import Kind, Level
from controller.core.trips import HOST_FACTS
from tests.controller.core.field import Field, play, site

BEACON = '[matrix.do-not-enter]\nwhen = ["hall.gas", "hall.evacuate", "hall.released"]\nthen = ["beacon"]'


def field_with(row: str, *others: tuple[str, str]) -> Field:
    """The test site with another row for the beacon."""
    return Field(site((BEACON, row), *others))


def beacon(fields: str, when: str = '"hall.fire"') -> str:
    return f'[matrix.do-not-enter]\nwhen = [{when}]\nthen = ["beacon"]\n{fields}'


def test_so_many_causes_must_hold_together() -> None:
    field = field_with(beacon("votes = 2", '"hall.gas", "hall.fire", "server.fire"'))
    play(
        field,
        """
        0 | h2-2 pre-alarm | | -beacon
        2 |                | | -beacon
        0 | smoke-1 alarm  | |
        1 |                | | +beacon
        """,
    )


def test_a_row_without_latch_follows_its_causes() -> None:
    field = field_with(beacon("", '"hall.trouble"'))
    field.lose("gas")
    field.run(20)
    troubled = field.on("beacon")
    field.lost.clear()
    field.run(20)
    assert (troubled, field.on("beacon")) == (True, False)


def test_a_latched_row_stands_until_its_zone_is_reset() -> None:
    field = field_with(beacon("latch = true", '"hall.trouble"'))
    field.lose("gas")
    field.run(20)
    field.lost.clear()
    field.run(20)
    assert field.on("beacon")
    field.say(Reset(zone="server", operator="kim"))
    field.run(2)
    assert field.on("beacon"), "another zone's reset is not this one's"
    field.say(Reset(zone="hall", operator="kim"))
    field.run(2)
    assert not field.on("beacon")


def test_a_reset_does_not_interrupt_a_latched_row_whose_causes_still_hold() -> None:
    field = field_with(beacon("latch = true\ndelay_s = 5.0", '"hall.trouble"'))
    field.lose("gas")
    field.run(30)
    field.clear()
    field.say(Reset(zone="hall", operator="kim"))
    field.run(10)
    assert field.on("beacon")
    assert "beacon" not in {write.output for _, write in field.writes}


def test_a_latched_row_stays_when_some_of_its_causes_are_gone() -> None:
    field = field_with(beacon("votes = 2\nlatch = true\ninvestigate_s = 5.0", '"hall.gas", "hall.trouble"'))
    play(field, "0 | h2-2 pre-alarm | | -beacon")
    field.lose("heat")
    play(field, "20 | | | +beacon")
    field.lost.clear()
    play(field, "20 | | | +beacon")
    assert field.troubles() == set()


def test_a_row_latched_by_a_rack_is_let_go_by_the_reset_of_its_zone() -> None:
    field = field_with(beacon("latch = true", '"hall.rack-1.isolate"'))
    play(field, "0 | cells-1 pre-alarm | |\n 3 | cells-1 normal | | +beacon\n 3 | | | +beacon")
    assert field.say(Reset(zone="hall", operator="kim")).kind is Kind.COMMAND
    play(field, "2 | | | -beacon")


def test_a_row_latched_by_the_site_is_let_go_by_the_reset_of_any_zone() -> None:
    field = field_with(beacon("latch = true", '"site.trouble"'))
    field.lose("gas")
    field.run(20)
    field.lost.clear()
    field.run(20)
    assert field.on("beacon")
    field.say(Reset(zone="server", operator="kim"))
    field.run(2)
    assert not field.on("beacon")


def test_a_row_that_waits_for_a_person_knows_the_zone_of_its_rack() -> None:
    field = field_with(beacon("investigate_s = 30.0", '"hall.rack-1.isolate"'))
    assert field.controller.rules.matrix.delayed == {field.layout.zones.index("hall")}


def test_a_row_that_has_not_passed_its_delay_latches_nothing() -> None:
    field = field_with(beacon("latch = true\ndelay_s = 60.0", '"hall.trouble"'))
    field.lose("gas")
    field.run(20)
    field.lost.clear()
    field.run(80)
    assert not field.on("beacon")


def test_times_of_a_row_are_kept_to_the_millisecond() -> None:
    field = field_with(beacon("delay_s = 5.0\ninvestigate_s = 30.0\nfor_s = 10.0"))
    (row,) = (row for row in field.controller.rules.matrix.rows if row.asks)
    assert (row.delay_ms, row.investigate_ms, row.for_ms) == (5_000, 30_000, 10_000)


def test_an_exception_ends_a_latched_row() -> None:
    field = field_with(beacon('latch = true\nunless = ["server.fire"]', '"hall.trouble"'))
    field.lose("gas")
    field.run(20)
    field.lost.clear()
    field.run(20)
    assert field.on("beacon")
    field.level("server-smoke-3", Level.ALARM)
    field.run(2)
    assert not field.on("beacon")
    field.level("server-smoke-3", Level.NORMAL)
    field.say(Reset(zone="server", operator="kim"))
    field.run(2)
    assert not field.on("beacon"), "what it had latched is gone"


@pytest.mark.feature("F6")
def test_a_row_with_an_end_drives_once_for_so_long() -> None:
    field = field_with(beacon("delay_s = 5.0\nfor_s = 10.0"))
    play(
        field,
        """
        0  | smoke-1 alarm | |
        3  |               | | -beacon
        3  |               | | +beacon
        8  |               | | +beacon
        3  |               | | -beacon
        60 |               | | -beacon
        """,
    )


def test_a_timed_row_drives_again_after_its_causes_were_gone() -> None:
    field = field_with(beacon("for_s = 10.0"))
    play(field, "0 | smoke-1 alarm | |\n 20 | | | -beacon\n 0 | smoke-1 normal | |")
    field.say(Reset(zone="hall", operator="kim"))
    field.run(2)
    play(field, "0 | smoke-1 alarm | |\n 2 | | | +beacon")


@pytest.mark.parametrize(("priority", "shown"), [(0, True), (1, False), (-1, True)])
def test_of_two_rows_the_higher_priority_counts_and_among_equals_the_active_one(priority: int, shown: bool) -> None:
    back = f'[matrix.held-back]\nwhen = ["server.fire"]\nthen = ["beacon"]\nto = "normal"\npriority = {priority}'
    field = field_with(f"{beacon('')}\n{back}")
    play(field, "0 | smoke-1 alarm, server-smoke-3 alarm | |\n 2 | | |")
    assert field.on("beacon") == shown


def test_a_held_back_output_comes_once_nothing_holds_it() -> None:
    back = '[matrix.held-back]\nwhen = ["server.fire"]\nthen = ["beacon"]\nto = "normal"\npriority = 1'
    field = field_with(f"{beacon('')}\n{back}")
    play(field, "0 | smoke-1 alarm, server-smoke-3 alarm | |\n 2 | server-smoke-3 normal | | -beacon")
    field.say(Reset(zone="server", operator="kim"))
    field.run(2)
    assert field.on("beacon")


def test_a_row_by_night_follows_the_sites_night() -> None:
    field = field_with(beacon('at = "night"'), ('name = "', 'night = { from = "20:00", to = "06:00" }\nname = "'))
    play(field, "0 | smoke-1 alarm | |\n 2 | | | -beacon")
    seen = []
    for night in (1, 0):
        field.host = tuple(night if fact == "night" else 0 for fact in HOST_FACTS)
        field.run(1)
        seen.append(field.on("beacon"))
    assert seen == [True, False]


def test_a_row_that_holds_back_ends_what_a_cold_start_adopted() -> None:
    back = (
        '[matrix.held-back]\nwhen = ["server.fire"]\nthen = ["attention"]\nto = "normal"\npriority = 1\n[matrix.watch]'
    )
    field = Field(site(("[matrix.watch]", back)), settle=False)
    attention = field.layout.output("attention")
    for channel in attention.channels:
        field.buffer.value[channel] = 1.0
    field.run(5)
    assert field.on("attention"), "found so, and kept"
    field.level("server-smoke-3", Level.ALARM)
    field.run(5)
    assert not field.on("attention")
