"""Alarm policies of a zone: each bound of domain.md is refused beyond it, with its place and its remedy."""

import pytest

from controller.site.loader import loads
from controller.site.model import Dependency
from controller.site.summary import summary
from tests.controller.site.hall import edited, problems_of

HALL, OFFICE = "[zones.hall.cooling]", '[zones.office]\ntitle = "Office"\n'


def with_policy(table: str, *lines: str, before: str = HALL) -> str:
    """The example hall with a table of its zone."""
    return edited((before, "\n".join((f"[zones.hall.{table}]", *lines, "", before))))


REFUSED = {
    "A looks again too late": ("coincidence", ('type = "A"', "look_again_s = 61.0"), "look_again_s", "at most 60 s"),
    "A never looks again": ("coincidence", ('type = "A"', "look_again_s = 0.0"), "look_again_s", "above 0"),
    "A is not over within half an hour": (
        "coincidence",
        ('type = "A"', "cancel_s = 1741.0"),
        "cancel_s",
        "1800 s at most",
    ),
    "A is over at once": ("coincidence", ('type = "A"', "cancel_s = 0.0"), "cancel_s", "above 0"),
    "B is over too soon": ("coincidence", ('type = "B"', "cancel_s = 299.0"), "cancel_s", "300 s at least"),
    "C is over too soon": ("coincidence", ('type = "C"', "cancel_s = 299.0"), "cancel_s", "300 s at least"),
}
TAKEN = {
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
