"""Rule 13: people first: the pre-warning is never zero, and an occupied room is manual-only."""

import pytest

from controller.core import decide
from controller.core.commands import Occupied, Work
from controller.core.state import Tri
from controller.core.zone import conditions, signals, strategies, works
from controller.site.check import check as check_site
from controller.site.checks import release
from controller.site.model import Strategy
from tests.controller.core.field import Field, play, site
from tests.rules.breaking import Check, Mutant, notices, original

FIRE = "0 | smoke-1 alarm, heat-1 alarm | {stage} |"


def the_pre_warning_runs_whole() -> None:
    play(Field(), f"{FIRE.format(stage='activated')}\n 29 | | activated | -agent +sounder +beacon")
    play(
        Field(),
        f"{FIRE.format(stage='activated')}\n 29 | hold on | held |\n 5 | hold off | activated |\n 29 | | activated | -agent",
    )


def a_pre_warning_of_zero_is_refused() -> None:
    broken = site(("pre_warning_s = 30.0", "pre_warning_s = 0.0"))
    assert "zones.hall.release.pre_warning_s" in {problem.path for problem in check_site(broken)}


def an_occupied_room_is_manual_only() -> None:
    """By contact, by a contact that cannot be read, by an operator; before the alarms and in the middle of the warning."""
    for hand in ("occupied on", "occupied fault"):
        play(Field(), f"0 | {hand} | |\n{FIRE.format(stage='pre-activated')}\n 40 | | pre-activated | -agent")
        play(
            Field(), f"{FIRE.format(stage='activated')}\n 20 | {hand} | pre-activated |\n 40 | | pre-activated | -agent"
        )
    field = Field()
    play(field, FIRE.format(stage="activated"))
    field.say(Occupied(operator="kim", zone="hall", occupied=True))
    play(field, "40 | | pre-activated | -agent")


def a_restart_warns_people_anew() -> None:
    """The controller was away for two hours, in the pre-warning, or while exhaust went first."""
    for gas_ppm, wait_s, stage in ((0.0, 20, "activated"), (20000.0, 40, "waiting")):
        field = Field()
        field.point("gas-h2[0]", gas_ppm)
        play(field, f"{FIRE.format(stage='activated')}\n {wait_s} | | {stage} |")
        field.point("gas-h2[0]", 0.0)
        field.tick_ms += 7_200_000
        field.restart()
        play(field, "0 | | activated | -agent\n 29.7 | | activated | -agent +sounder\n 3 | | released |")
    field = Field()
    play(field, "0 | call-point on | activated |\n 5 | | activated |")
    field.tick_ms += 7_200_000
    field.restart()
    play(field, "9.7 | | activated | -agent\n 3 | | released |")


def an_obstructed_curtain_stays_up() -> None:
    play(Field(), f"0 | obstruction on | |\n{FIRE.format(stage='activated')}\n 33 | | | -curtain")


def work_that_runs_out_is_manual_only_and_told() -> None:
    for work in ("work permit", "walk test"):
        field = Field()
        field.say(Work(operator="kim", zone="hall", work=work, minutes=1))
        field.run(70)
        play(field, "0 | smoke-1 alarm, heat-1 alarm | pre-activated |\n 60 | | pre-activated | -agent")
        assert "work_ran_out:hall" in field.troubles()


CHECKS = (
    work_that_runs_out_is_manual_only_and_told,
    the_pre_warning_runs_whole,
    a_pre_warning_of_zero_is_refused,
    an_occupied_room_is_manual_only,
    a_restart_warns_people_anew,
    an_obstructed_curtain_stays_up,
)


def no_pre_warning(patch: pytest.MonkeyPatch) -> None:
    due_ms = signals._due_ms
    patch.setattr(
        signals, "_due_ms", lambda d, z, stage, t: d.tick_ms + 1000 if stage == "activated" else due_ms(d, z, stage, t)
    )


def a_restart_goes_on_counting(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "_warn_anew", lambda state, *a: state)


def a_hold_does_not_reload(patch: pytest.MonkeyPatch) -> None:
    manner = strategies.MANNERS[Strategy.HOLD_RELOAD]
    patch.setitem(strategies.MANNERS, Strategy.HOLD_RELOAD, manner._replace(leaves_ms=lambda _release, _left_ms: 1000))


def the_checker_lets_zero_pass(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(release, "_times", lambda *a: iter(()))


def nobody_looks_inside(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signals, "blocks", lambda *a: ())


def nobody_looks_under_the_curtain(patch: pytest.MonkeyPatch) -> None:
    wired = original(conditions, "wired")
    patch.setattr(conditions, "wired", lambda d, z, family: Tri.NO if family == "obstruction" else wired(d, z, family))


def work_that_runs_out_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(works, "_run_out", lambda draft, zone, work, why: works.end(draft, zone, work, ""))


def only_running_work_blocks(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signals, "blocks_of_works", lambda state: tuple(work for work, _ in state.works))


MUTANTS = [
    (work_that_runs_out_is_forgotten, work_that_runs_out_is_manual_only_and_told),
    (only_running_work_blocks, work_that_runs_out_is_manual_only_and_told),
    (no_pre_warning, the_pre_warning_runs_whole),
    (a_restart_goes_on_counting, a_restart_warns_people_anew),
    (a_hold_does_not_reload, the_pre_warning_runs_whole),
    (the_checker_lets_zero_pass, a_pre_warning_of_zero_is_refused),
    (nobody_looks_inside, an_occupied_room_is_manual_only),
    (nobody_looks_under_the_curtain, an_obstructed_curtain_stays_up),
]


@pytest.mark.parametrize("check", CHECKS)
def test_holds(check: Check) -> None:
    check()


@pytest.mark.parametrize(("mutant", "check"), MUTANTS)
def test_is_noticed_when_broken(mutant: Mutant, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    notices(check)
