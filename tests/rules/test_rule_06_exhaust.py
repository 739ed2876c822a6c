"""Rule 6: exhaust against agent is settled before release only; then exhaust is off to the end of the hold time."""

import pytest

from controller.core import decide, inputs, operators
from controller.core.commands import Extract
from controller.core.events import Kind
from controller.core.state import AGENT_IN_ROOM
from controller.core.zone import after, signals
from drivers.points import Quality
from tests.controller.core.field import Field, play, site
from tests.controller.core.holding import holding
from tests.rules.breaking import Check, Mutant, notices

FIRE = "0 | smoke-1 alarm, heat-1 alarm | activated |"


def exhaust_goes_first_while_gas_is_high() -> None:
    field = Field()
    field.point("gas-h2[1]", 12000.0)
    play(field, f"{FIRE}\n 30 | | waiting | -agent +exhaust\n 50 | | waiting | -agent +exhaust")


def exhaust_goes_first_while_gas_is_not_known() -> None:
    field = Field()
    for place in range(3):
        field.point(f"gas-h2[{place}]", 0.0, Quality.BAD)
    play(field, f"{FIRE}\n 30 | | waiting | -agent +exhaust")


def the_wait_has_the_sites_bound() -> None:
    field = Field()
    field.point("gas-h2[1]", 12000.0)
    play(field, f"{FIRE}\n 93 | | |\n 1 | | released | +agent")


def exhaust_is_proven_off_before_agent() -> None:
    """It is off while people leave; a fan that still blows is waited for, 15 s at most; a hand does not wait."""
    play(Field(), f"{FIRE}\n 3 | | activated | -exhaust\n 28 | | released |")
    for hand, wait_s, stage in (("", 8, "waiting"), ("", 17, "releasing"), ("call-point on", 8, "releasing")):
        field = Field(site(("pre_warning_s = 30.0", "pre_warning_s = 20.0")))
        field.point("gas-h2[1]", 12000.0)
        play(field, f"{FIRE}\n 22 | | waiting | +exhaust")
        field.stuck.add("exhaust")
        field.point("gas-h2[1]", 0.0)
        play(field, f"1 | | waiting | -exhaust\n {wait_s} | {hand} | |")
        assert stage in field.told(Kind.STAGE, "hall")[-2:]
        assert "exhaust not proven off: exhaust" in field.told(Kind.INHIBIT, "hall")


def a_hand_wins_and_is_in_the_journal() -> None:
    field = Field()
    field.point("gas-h2[1]", 12000.0)
    play(field, f"{FIRE}\n 32 | | waiting |\n 0 | call-point on | releasing |")
    assert [e.text for e in field.events if e.what == "releasing"] == ["manual, manual"]


def exhaust_is_off_from_release_to_the_end_of_hold() -> None:
    """Even when a row of the site, or a level that a cold start found, wants it on."""
    rows = ('when = ["hall.exhaust"]', 'when = ["hall.isolate", "hall.released"]')
    field = Field(site(rows), settle=False)
    field.point("do-1-coils[5]", 1.0)
    play(field, f"3 | | | +exhaust\n{FIRE}\n 32 | | |\n 1 | | | -exhaust")
    for _ in range(17):
        field.run(10)
        assert field.zone().stage not in AGENT_IN_ROOM or not field.on("exhaust")
    assert field.zone().stage == "hold-time"


def the_extract_waits_for_the_end_of_hold_and_stops_for_fire() -> None:
    field = Field(holding())
    word = Extract(operator="kim", zone="hall", on=True)
    for wait in ("0", "33", "120"):
        play(field, f"{wait} | smoke-1 alarm, heat-1 alarm | |")
        assert field.say(word).kind is Kind.REFUSED
        play(field, "2 | | | -exhaust")
    play(field, "60 | heat-1 normal | discharged |")
    assert field.say(word).kind is Kind.COMMAND
    play(field, "5 | | | +exhaust\n 1 | heat-1 alarm | |\n 1 | | | -exhaust")


CHECKS = (
    the_extract_waits_for_the_end_of_hold_and_stops_for_fire,
    exhaust_goes_first_while_gas_is_high,
    exhaust_goes_first_while_gas_is_not_known,
    the_wait_has_the_sites_bound,
    exhaust_is_proven_off_before_agent,
    a_hand_wins_and_is_in_the_journal,
    exhaust_is_off_from_release_to_the_end_of_hold,
)


def gas_holds_nothing_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signals, "inhibits", lambda *a: ())


def not_known_means_none(patch: pytest.MonkeyPatch) -> None:
    gas_high = inputs._gas_high
    patch.setattr(inputs, "_gas_high", lambda *a: gas_high(*a) % 2)


def nobody_asks_the_fan(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signals, "EXHAUST_OFF_MS", 0)


def exhaust_runs_to_the_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signals, "_purge", lambda d, z, r: d.zone(z.index, purged_ms=-1))


def the_wait_has_no_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signals, "inhibits", lambda *a: ("exhaust first",))


def a_hand_waits_as_well(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signals, "_manual", lambda *a: False)


def a_row_overrules_the_interlock(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "interlock", lambda *a: True)


def exhaust_in_the_hold_time(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("controller.core.matrix.NO_EXHAUST", frozenset({"releasing"}))


def a_word_clears_the_room_at_any_time(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(operators, "no_extract", lambda *_: "")


def nothing_burns_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(after, "_reading_fire", lambda *_: [])


MUTANTS = [
    (a_word_clears_the_room_at_any_time, the_extract_waits_for_the_end_of_hold_and_stops_for_fire),
    (nothing_burns_again, the_extract_waits_for_the_end_of_hold_and_stops_for_fire),
    (gas_holds_nothing_back, exhaust_goes_first_while_gas_is_high),
    (not_known_means_none, exhaust_goes_first_while_gas_is_not_known),
    (nobody_asks_the_fan, exhaust_is_proven_off_before_agent),
    (exhaust_runs_to_the_end, exhaust_is_proven_off_before_agent),
    (the_wait_has_no_end, the_wait_has_the_sites_bound),
    (a_hand_waits_as_well, a_hand_wins_and_is_in_the_journal),
    (a_row_overrules_the_interlock, exhaust_is_off_from_release_to_the_end_of_hold),
    (exhaust_in_the_hold_time, exhaust_is_off_from_release_to_the_end_of_hold),
]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.feature("F26", "F41")
def test_holds(check: Check) -> None:
    check()


@pytest.mark.parametrize(("mutant", "check"), MUTANTS)
def test_is_noticed_when_broken(mutant: Mutant, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    notices(check)
