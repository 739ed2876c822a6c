"""From one head in alarm to the fire alarm of a zone: coincidence types A, B and C (domain.md F9)."""

from typing import Any

import pytest

from controller.core.commands import Disable, Reset
from controller.core.events import Kind, Level
from controller.core.zone import alarms, coincidence, signals
from controller.site.model import Site
from tests.controller.core.drafts import draft_of, rules_of
from tests.controller.core.field import Field, play, site
from tests.rules.breaking import Check, Mutant, notices, original

COOLING = "[zones.hall.cooling]"
ROW = '[matrix.brigade]\nwhen = ["hall.fire"]\nthen = ["attention"]\n[matrix.station]\nwhen = ["hall.first-alarm"]\nthen = ["beacon"]\n'
ROWS = ("[matrix.fault-relay]", f"{ROW}[matrix.fault-relay]")
QUIET = (
    ('"hall.watch", "hall.request", "hall.hand-over", "hall.guard"', '"server.alert"'),
    ('when = ["hall.gas", "hall.evacuate", "hall.released"]', 'when = ["hall.released"]'),
)
"""Only the rows of these tests drive the two beacons of the hall (and the other room's alert)."""


def of_type(kind: str, more: str = "") -> Site:
    """The hall with a coincidence type; `attention` asks for fire, `beacon` for the first alarm."""
    return site((COOLING, f'[zones.hall.coincidence]\ntype = "{kind}"\n{more}{COOLING}'), ROWS, *QUIET)


def shown(field: Field) -> tuple[str, bool, bool]:
    """What the hall is said to be, whether the first alarm is signalled, and whether the outputs for fire are on."""
    field.run(2)
    return str(field.zone().alarm), field.on("beacon"), field.on("attention")


NONE, FIRST, HELD, FIRE = (
    ("", False, False), ("first-alarm", True, False), ("fire-held", True, False), ("fire", True, True),
)  # fmt: skip


def without_a_type_one_head_is_fire() -> None:
    field = Field(site(ROWS, *QUIET))
    assert shown(field) == NONE
    play(field, "0 | smoke-1 alarm | |")
    assert shown(field) == FIRE
    assert field.told(Kind.ALARM) == []


def a_takes_the_same_head_after_the_second_look() -> None:
    field = Field(of_type("A", "look_again_s = 30.0\n"))
    play(field, "0 | smoke-1 alarm | |")
    assert shown(field) == FIRST
    field.run(25)
    assert shown(field) == FIRST
    assert shown(field) == FIRE
    assert field.told(Kind.ALARM, "hall") == ["coincidence", "first-alarm", "fire"]


def a_takes_a_head_that_comes_again() -> None:
    field = Field(of_type("A", "look_again_s = 30.0\n"))
    play(field, "0 | smoke-1 alarm | |\n 5 | smoke-1 normal | |")
    field.run(40)
    assert shown(field) == FIRST, "what does not read alarm confirms nothing"
    play(field, "0 | smoke-1 alarm | |")
    assert shown(field) == FIRE


def a_begins_anew_after_it_was_cancelled() -> None:
    field = Field(of_type("A", "look_again_s = 30.0\ncancel_s = 100.0\n"))
    play(field, "0 | smoke-1 alarm | |\n 5 | smoke-1 normal | |")
    field.run(102)
    assert shown(field) == NONE
    play(field, "0 | smoke-1 alarm | |")
    assert shown(field) == FIRST
    field.run(31)
    assert shown(field) == FIRE


def b_takes_another_head() -> None:
    field = Field(of_type("B"))
    play(field, "0 | smoke-1 alarm | |\n 400 | | |")
    assert shown(field) == FIRST
    play(field, "0 | heat-1 alarm | |")
    assert shown(field) == FIRE


def b_forgets_a_head_that_ended() -> None:
    field = Field(of_type("B", "cancel_s = 300.0\n"))
    play(field, "0 | smoke-1 alarm | |\n 1 | smoke-1 normal | |\n 296 | | |")
    assert shown(field)[0] == "first-alarm"
    field.run(4)
    assert shown(field) == NONE
    play(field, "0 | heat-1 alarm | |")
    assert shown(field) == FIRST


def c_is_fire_at_once_and_its_outputs_wait() -> None:
    field = Field(of_type("C"))
    play(field, "0 | smoke-1 alarm | |\n 1 | smoke-1 normal | |\n 700 | | |")
    assert shown(field) == HELD, "the fire alarm stays until a reset"
    play(field, "0 | heat-1 alarm | |")
    assert shown(field) == HELD, "the first one has ended too long ago"
    play(field, "0 | smoke-1 alarm | |")
    assert shown(field) == FIRE


def what_is_more_than_one_head_is_fire_at_once() -> None:
    for kind in "ABC":
        for sure in ("smoke-1 fire-2", "cells-1 runaway", "call-point on", "smoke-1 alarm, smoke-2 alarm"):
            field = Field(of_type(kind))
            play(field, f"0 | {sure} | |")
            assert shown(field)[1:] == (True, True), (kind, sure)
        field = Field(of_type(kind))
        field.weigh("cells-1", "h2-1", level=Level.ALARM)
        assert shown(field) == FIRE


def nothing_else_is_held_back() -> None:
    for kind in "ABC":
        field = Field(of_type(kind))
        play(field, "0 | cells-2 alarm | pre-activated |\n 2 | | | +breaker-2 +exhaust +sounder")
        assert "isolate" in field.zone().active
        assert field.zone().first_fire_ms >= 0, "the clocks of hand-over run from the first head"


def two_heads_release_under_every_type() -> None:
    for kind in "ABC":
        play(Field(of_type(kind)), "0 | smoke-1 alarm, heat-1 alarm | activated |\n 31 | | | +agent")


def a_type_shortens_the_window_of_release_only() -> None:
    for release_s, cancel_s, waited_s, stage in (
        (1800, 300, 290, "activated"), (1800, 300, 320, "pre-activated"), (300, 900, 290, "activated"), (300, 900, 320, "pre-activated"),
    ):  # fmt: skip
        policy = f'[zones.hall.coincidence]\ntype = "B"\ncancel_s = {cancel_s}.0\n{COOLING}'
        field = Field(site((COOLING, policy), ("window_s = 300.0", f"window_s = {release_s}.0")))
        play(field, f"0 | smoke-1 alarm | |\n 0 | smoke-1 normal | |\n {waited_s} | heat-1 alarm | {stage} |")


def a_lost_second_head_follows_the_policy() -> None:
    all_but_one = [f"{name} fault" for name in ("cells-1", "cells-2", "cells-3", "smoke-2", "heat-1", "heat-2")]
    for kind in "BC":
        for policy, after in (("single", FIRE), ("wait", FIRST if kind == "B" else HELD)):
            field = Field(of_type(kind, f'faulty_member = "{policy}"\n'))
            assert field.zone().coincidence == f"type {kind}"
            play(field, f"0 | {', '.join(all_but_one[:-1])} | |")
            assert field.zone().coincidence.startswith(f"type {kind}: two of 2, without cells-1")
            field.say(Disable(operator="kim", subject="heat-2"))
            word = "one head is enough" if policy == "single" else "no second head"
            assert field.zone().coincidence.startswith(f"type {kind}: {word}, without cells-1")
            play(field, "0 | smoke-1 alarm | pre-activated |")
            assert shown(field) == after
            play(field, "0 | cells-1 fault | |\n 40 | | pre-activated | -agent")


def a_disabled_head_is_no_second_one() -> None:
    field = Field(of_type("B"))
    play(field, "0 | heat-1 alarm | |")
    field.say(Disable(operator="kim", subject="heat-1"))
    play(field, "0 | smoke-1 alarm | |")
    assert shown(field) == FIRST


def a_reset_shows_what_is_still_true() -> None:
    field = Field(of_type("B"))
    play(field, "0 | smoke-1 alarm, smoke-2 alarm | |\n 1 | smoke-2 normal | |")
    assert field.zone().alarm == "fire"
    field.say(Reset(operator="kim", zone="hall"))
    assert shown(field) == FIRST
    assert field.zone().coincidence == "type B"


CHECKS = (
    without_a_type_one_head_is_fire, a_takes_the_same_head_after_the_second_look, a_takes_a_head_that_comes_again,
    a_begins_anew_after_it_was_cancelled, b_takes_another_head, b_forgets_a_head_that_ended,
    c_is_fire_at_once_and_its_outputs_wait, what_is_more_than_one_head_is_fire_at_once, nothing_else_is_held_back,
    two_heads_release_under_every_type, a_type_shortens_the_window_of_release_only, a_lost_second_head_follows_the_policy,
    a_disabled_head_is_no_second_one, a_reset_shows_what_is_still_true,
)  # fmt: skip


@pytest.mark.feature("F9")
@pytest.mark.parametrize("check", CHECKS)
def test_holds(check: Check) -> None:
    check()


def everything_is_certain(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(alarms, "is_certain", lambda *a: True)


def nothing_is_certain(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(alarms, "is_certain", lambda *a: False)


def one_head_is_never_enough(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(alarms, "_is_enough", lambda *a: False)


def one_head_is_always_enough(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(alarms, "_is_enough", lambda *a: True)


def a_fault_is_an_alarm(patch: pytest.MonkeyPatch) -> None:
    """As one maker's option has it: "alarm and fault" would be two (domain.md 2.3)."""
    real = original(coincidence, "confirmed")

    def forgiving(pairs: Any, latches: Any, *rest: Any) -> Any:
        alarmed = [pair for pair in pairs if any(latches[h.index].level >= Level.ALARM for h in pair)]
        return real(pairs, latches, *rest) or next(iter(alarmed), None)

    patch.setattr(signals, "confirmed", forgiving)


def the_type_decides_the_window(patch: pytest.MonkeyPatch) -> None:
    """A type that asks for less than rule 3."""
    patch.setattr(signals, "release_window_ms", lambda zone: 900_000)


def release_does_not_know_the_type(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signals, "release_window_ms", lambda zone: round(zone.release.coincidence_window_s * 1000))


def the_same_head_is_fire_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        alarms, "standing", lambda draft, zone: [h for h in zone.sensing if draft.heads[h.index].level >= Level.ALARM]
    )


def nobody_is_sick(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(alarms, "_sick", lambda *a: [])


MUTANTS = [
    (everything_is_certain, b_takes_another_head),
    (nothing_is_certain, what_is_more_than_one_head_is_fire_at_once),
    (one_head_is_never_enough, a_takes_the_same_head_after_the_second_look),
    (one_head_is_never_enough, a_lost_second_head_follows_the_policy),
    (one_head_is_always_enough, b_takes_another_head),
    (a_fault_is_an_alarm, a_lost_second_head_follows_the_policy),
    (the_type_decides_the_window, a_type_shortens_the_window_of_release_only),
    (release_does_not_know_the_type, a_type_shortens_the_window_of_release_only),
    (the_same_head_is_fire_for_ever, b_forgets_a_head_that_ended),
    (the_same_head_is_fire_for_ever, a_disabled_head_is_no_second_one),
    (nobody_is_sick, a_lost_second_head_follows_the_policy),
]


@pytest.mark.parametrize(("mutant", "check"), MUTANTS)
def test_is_noticed_when_broken(mutant: Mutant, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    notices(check)


@pytest.mark.parametrize("late_ms", [0, 1])
def test_an_alarm_that_has_ended_counts_to_the_end_of_its_time(late_ms: int) -> None:
    field = Field(of_type("B", "cancel_s = 20.0\n"))
    draft = draft_of(field, heads={"smoke-1": {"level": Level.ALARM, "ended_ms": 1000}})
    draft.tick_ms = 21_000 + late_ms
    assert [head.name for head in alarms.standing(draft, rules_of(draft))] == ([] if late_ms else ["smoke-1"])
