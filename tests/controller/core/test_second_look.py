"""Alarm verification of smoke heads (domain.md F8): 8 s, 60 s, and never for what is more than one head at its first stage."""

import pytest

from controller.core.commands import Disable, Reset
from controller.core.draft import Draft
from controller.core.events import Kind, Level
from controller.core.inputs import HeadReading
from controller.core.layout import HeadLayout
from controller.core.rules import ZoneRules
from controller.core.state import NEVER
from controller.core.zone import second_look
from controller.site.model import Site
from tests.controller.core.drafts import draft_of
from tests.controller.core.field import Field, play, site
from tests.rules.breaking import Check, Mutant, notices

COOLING = "[zones.hall.cooling]"
LOOKS = "[zones.hall.verification]\n"


def looking(*changes: tuple[str, str]) -> Site:
    """The hall with alarm verification."""
    return site((COOLING, f"{LOOKS}{COOLING}"), *changes)


def level(field: Field, head: str = "smoke-1") -> Level:
    """What a head has latched."""
    return Level(field.controller.state.heads[field.head(head)].level)


def it_is_off_by_default() -> None:
    field = Field()
    play(field, "0 | smoke-1 alarm | pre-activated |")
    assert level(field) is Level.ALARM


def a_fire_is_told_after_eight_seconds() -> None:
    field = Field(looking())
    play(field, "0 | smoke-1 alarm | quiescent |")
    assert level(field) is Level.PRE_ALARM, "notified and isolated at once"
    assert not field.zone().acknowledged
    play(field, "7.6 | | quiescent |\n 0.2 | | pre-activated |")
    assert level(field) is Level.ALARM
    assert field.told(Kind.LEVEL, "smoke-1") == ["pre-alarm (second look)", "pre-alarm", "alarm"]
    assert all(event.evidence for event in field.events if event.kind is Kind.LEVEL)


def one_that_comes_again_within_a_minute_is_fire() -> None:
    field = Field(looking())
    play(field, "0 | smoke-1 alarm | |\n 3 | smoke-1 normal | |\n 55 | smoke-1 alarm | pre-activated |")


def a_puff_is_forgotten_and_isolation_stays() -> None:
    field = Field(looking())
    play(field, "0 | smoke-1 alarm | |\n 3 | smoke-1 normal | |\n 60 | smoke-1 alarm | quiescent |\n 7 | | quiescent |")
    assert "pre-alarm (second look: no alarm)" in field.told(Kind.LEVEL, "smoke-1")
    assert "isolate" in field.zone().active, "nothing lowers what has been latched"
    play(field, "2 | | pre-activated |")


def a_puff_and_another_fire_much_later_release_nothing() -> None:
    play(
        Field(looking()),
        "0 | smoke-1 alarm | |\n 3 | smoke-1 normal | |\n 70 | heat-1 alarm | pre-activated |\n 40 | | | -agent",
    )


def a_head_that_dies_under_its_second_look_keeps_its_alarm() -> None:
    for dies in ("smoke-1 normal, smoke-1 fault", "smoke-1 fault", "smoke-1 pre-alarm, smoke-1 fault"):
        field = Field(looking())
        play(field, f"0 | smoke-1 alarm | |\n 3 | {dies} | pre-activated |")
        assert level(field) is Level.ALARM
        play(field, "66 | heat-1 alarm | activated |\n 35 | | released |")


def a_fault_alone_is_no_alarm() -> None:
    field = Field(looking())
    play(
        field,
        "0 | smoke-1 fault | quiescent |\n 3 | smoke-1 pre-alarm | quiescent |\n 70 | heat-1 alarm | pre-activated |",
    )
    assert level(field) is Level.PRE_ALARM


def one_that_stays_near_its_alarm_is_not_forgotten_within_the_window_of_release() -> None:
    story = "0 | smoke-1 alarm | |\n 6 | smoke-1 pre-alarm | |"
    field = Field(looking())
    play(field, f"{story}\n 60 | heat-1 alarm | activated |\n 35 | | released |")
    field = Field(looking())
    play(field, f"{story}\n 310 | heat-1 alarm | pre-activated |\n 35 | | | -agent")


def what_is_more_than_one_head_is_not_looked_at_twice() -> None:
    for sure, stage in (
        ("smoke-1 fire-2", "pre-activated"),
        ("smoke-1 alarm, heat-1 alarm", "activated"),
        ("smoke-1 alarm, cells-2 runaway", "activated"),
        ("smoke-1 alarm, smoke-2 alarm", "pre-activated"),
        ("smoke-1 alarm, call-point on", "activated"),
        ("heat-1 alarm", "pre-activated"),
        ("cells-1 runaway", "pre-activated"),
    ):
        field = Field(looking())
        play(field, f"0 | {sure} | {stage} |")
        assert level(field, sure.split()[0]) is Level.ALARM, sure


def a_second_head_within_the_minute_releases_in_its_very_scan() -> None:
    for later in ("smoke-1 normal", "smoke-1 alarm"):
        field = Field(looking())
        play(field, f"0 | smoke-1 alarm | |\n 2 | {later} | |\n 2 | heat-1 alarm | activated |\n 31 | | | +agent")


def the_alarm_of_a_puff_that_a_second_head_confirms_has_ended() -> None:
    field = Field(looking())
    play(field, "0 | smoke-1 alarm | |\n 2 | smoke-1 normal | |\n 2 | smoke-2 alarm | |")
    play(field, "310 | heat-1 alarm | activated |\n")
    ended = field.controller.state.heads[field.head("smoke-1")].ended_ms
    assert 0 < ended < field.tick_ms - 300_000


def a_disabled_head_confirms_nothing() -> None:
    field = Field(looking())
    play(field, "0 | smoke-2 alarm | |")
    field.say(Disable(operator="kim", subject="smoke-2"))
    play(field, "0 | smoke-1 alarm | quiescent |")


def after_a_reset_it_looks_again() -> None:
    field = Field(looking())
    play(field, "0 | smoke-1 alarm | |\n 20 | | pre-activated |")
    field.say(Reset(operator="kim", zone="hall"))
    assert level(field) is Level.PRE_ALARM
    play(field, "9 | | pre-activated |")


def a_restart_goes_on_looking() -> None:
    field = Field(looking())
    play(field, "0 | smoke-1 alarm | |\n 5 | | |")
    field.restart()
    play(field, "5 | | pre-activated |")


CHECKS = (
    it_is_off_by_default, a_fire_is_told_after_eight_seconds, one_that_comes_again_within_a_minute_is_fire,
    a_puff_is_forgotten_and_isolation_stays, a_puff_and_another_fire_much_later_release_nothing,
    a_head_that_dies_under_its_second_look_keeps_its_alarm, a_fault_alone_is_no_alarm,
    one_that_stays_near_its_alarm_is_not_forgotten_within_the_window_of_release,
    what_is_more_than_one_head_is_not_looked_at_twice, a_second_head_within_the_minute_releases_in_its_very_scan,
    the_alarm_of_a_puff_that_a_second_head_confirms_has_ended, a_disabled_head_confirms_nothing,
    after_a_reset_it_looks_again, a_restart_goes_on_looking,
)  # fmt: skip


@pytest.mark.feature("F8")
@pytest.mark.parametrize("check", CHECKS)
def test_holds(check: Check) -> None:
    check()


def nobody_looks_twice(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("controller.core.latch.looked_at", lambda draft, head, reading, level: level)


def the_second_look_is_always_waited_for(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("controller.core.latch.no_second_look", lambda *a: [])


def fire_2_is_looked_at_twice(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(second_look, "FIRE_2", 0)


def every_head_is_looked_at_twice(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("controller.core.latch.looked_at", lambda draft, head, reading, level: min(level, Level.PRE_ALARM))


def a_first_alarm_is_never_forgotten(patch: pytest.MonkeyPatch) -> None:
    real = second_look.no_second_look

    def late(draft: Draft, zone: ZoneRules) -> list[HeadLayout]:
        looked = ((head, draft.heads[head.index].looked_ms) for head in zone.sensing)
        return real(draft, zone) or [head for head, ms in looked if ms >= 0 and draft.reached(ms + 59_000)]

    patch.setattr("controller.core.latch.no_second_look", late)


MUTANTS = [
    (nobody_looks_twice, a_puff_is_forgotten_and_isolation_stays),
    (nobody_looks_twice, a_puff_and_another_fire_much_later_release_nothing),
    (the_second_look_is_always_waited_for, what_is_more_than_one_head_is_not_looked_at_twice),
    (the_second_look_is_always_waited_for, a_second_head_within_the_minute_releases_in_its_very_scan),
    (fire_2_is_looked_at_twice, what_is_more_than_one_head_is_not_looked_at_twice),
    (every_head_is_looked_at_twice, what_is_more_than_one_head_is_not_looked_at_twice),
    (a_first_alarm_is_never_forgotten, a_puff_is_forgotten_and_isolation_stays),
]


@pytest.mark.parametrize(("mutant", "check"), MUTANTS)
def test_is_noticed_when_broken(mutant: Mutant, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    notices(check)


@pytest.mark.parametrize(("reads", "within_ms"), [(Level.NORMAL, 60_000), (Level.PRE_ALARM, 300_000)])
@pytest.mark.parametrize("late_ms", [0, 1])
def test_a_first_alarm_is_remembered_to_the_millisecond(reads: Level, within_ms: int, late_ms: int) -> None:
    field = Field(looking())
    draft = draft_of(field, heads={"smoke-1": {"level": Level.PRE_ALARM, "looked_ms": 1000}})
    draft.tick_ms = 1000 + within_ms + late_ms
    head = draft.layout.heads[field.head("smoke-1")]
    assert second_look.looked_at(draft, head, HeadReading(int(reads), 0, 0), int(reads)) == reads
    assert draft.heads[head.index].looked_ms == (NEVER if late_ms else 1000)
    assert len(draft.events) == late_ms
