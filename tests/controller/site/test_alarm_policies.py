"""Alarm policies of a zone: each bound of domain.md is refused beyond it, with its place and its remedy."""

import pytest

from controller.site.loader import loads
from controller.site.model import Dependency
from controller.site.summary import summary
from tests.controller.site.hall import edited, problems_of

HALL, OFFICE = "[zones.hall.cooling]", '[zones.office]\ntitle = "Office"\n'

NIGHT = 'night = { from = "22:00", to = "06:00" }'


def with_policy(table: str, *lines: str, before: str = HALL) -> str:
    """The example hall with a table of its zone."""
    night = ("scan_s = 0.1", f"scan_s = 0.1\n{NIGHT}")
    return edited(night, (before, "\n".join((f"[zones.hall.{table}]", *lines, "", before))))


REFUSED = {
    "A looks again too late": ("coincidence", ('type = "A"', "look_again_s = 61.0"), "look_again_s", "at most 60 s"),
    "A never looks again": ("coincidence", ('type = "A"', "look_again_s = 0.0"), "look_again_s", "above 0"),
    "A is not over within half an hour": (
        "coincidence",
        ('type = "A"', "cancel_s = 1741.0"),
        "cancel_s",
        "1800 s at most",
    ),
    "A is over too soon": ("coincidence", ('type = "A"', "cancel_s = 299.0"), "cancel_s", "300 s at least"),
    "B is over too soon": ("coincidence", ('type = "B"', "cancel_s = 299.0"), "cancel_s", "300 s at least"),
    "verified too late": ("verification", ("look_again_s = 8.5",), "look_again_s", "at most 8 s"),
    "verified at once": ("verification", ("look_again_s = 0.0",), "look_again_s", "above 0"),
    "verified within too long": ("verification", ("within_s = 61.0",), "within_s", "at most 60 s"),
    "verified within no time": ("verification", ("within_s = 8.0",), "within_s", "above look_again_s"),
    "acknowledged too late": ("positive_alarm", ("acknowledge_s = 16.0",), "acknowledge_s", "at most 15 s"),
    "never acknowledged": ("positive_alarm", ("acknowledge_s = 0.0",), "acknowledge_s", "above 0"),
    "investigated too long": ("positive_alarm", ("investigate_s = 181.0",), "investigate_s", "at most 180 s"),
    "never investigated": ("positive_alarm", ("investigate_s = 0.0",), "investigate_s", "above 0"),
    "C is over too soon": ("coincidence", ('type = "C"', "cancel_s = 299.0"), "cancel_s", "300 s at least"),
}
TAKEN = {
    "verification": ("verification", ("look_again_s = 8.0", "within_s = 60.0")),
    "positive alarm": ("positive_alarm", ("acknowledge_s = 15.0", "investigate_s = 180.0")),
    "A": ("coincidence", ('type = "A"', "look_again_s = 60.0", "cancel_s = 1740.0")),
    "B": ("coincidence", ('type = "B"', "cancel_s = 300.0")),
    "C": ("coincidence", ('type = "C"', "cancel_s = 300.0", 'faulty_member = "wait"')),
}


@pytest.mark.parametrize(("table", "lines", "field", "remedy"), REFUSED.values(), ids=REFUSED)
def test_is_refused_with_place_and_remedy(table: str, lines: tuple[str, ...], field: str, remedy: str) -> None:
    (problem,) = problems_of(with_policy(table, *lines))
    assert problem.path == f"zones.hall.{table}.{field}"
    assert remedy in problem.remedy


@pytest.mark.parametrize(("table", "lines"), TAKEN.values(), ids=TAKEN)
def test_is_taken_at_its_bound(table: str, lines: tuple[str, ...]) -> None:
    assert problems_of(with_policy(table, *lines)) == ()


def test_what_keeps_an_alarm_back_twice_is_refused() -> None:
    for table, path in (("positive_alarm", "positive_alarm"), ("verification", "verification")):
        text = with_policy("coincidence", 'type = "A"', f"[zones.hall.{table}]")
        (problem,) = problems_of(text)
        assert (problem.path, problem.remedy) == (f"zones.hall.{path}", "choose one of them")


def test_a_positive_alarm_needs_a_night() -> None:
    text = with_policy("positive_alarm").replace(NIGHT, "")
    (problem,) = [p for p in problems_of(text) if p.path == "zones.hall.positive_alarm"]
    assert problem.what == "a positive alarm sequence on a site without night"


def test_a_policy_needs_heads_that_it_is_about() -> None:
    for table, what in (
        ("verification", "zone without smoke heads"),
        ("positive_alarm", "without a head that detects fire"),
    ):
        text = edited((HALL, f"{OFFICE}[zones.office.{table}]\n{HALL}"))
        assert sum(what in p.what for p in problems_of(text) if p.path == f"zones.office.{table}") == 1


def test_a_second_head_must_be_there() -> None:
    """The office has nothing that detects fire."""
    for kind, heads in (("A", 1), ("B", 2), ("C", 2)):
        text = edited((HALL, f'{OFFICE}[zones.office.coincidence]\ntype = "{kind}"\n{HALL}'))
        (problem,) = [p for p in problems_of(text) if p.path.startswith("zones.office.coincidence")]
        assert problem.what == f"type {kind} takes {heads} heads that detect fire, the zone has 0"


def test_the_summary_names_the_type() -> None:
    for kind in Dependency:
        told = " ".join(summary(loads(with_policy("coincidence", f'type = "{kind}"'))).split())
        assert f"coincidence type {kind}, a head that ended counts for 600 s" in told
        assert ("with fewer than two sound heads one alarm is fire" in told) == (kind is not Dependency.A)
