"""Wired contacts of a point list: which way round each is has to be said, and is kept."""

import pytest

from controller.core.inputs import wired_state
from controller.core.state import Tri
from controller.site.model import ANTIVALENT, ON_AT_REST, PHYSICS, Family, Physics
from controller.tools.points.build import build
from controller.tools.points.contacts import WORDS
from controller.tools.points.listing import read_lines

HEAD = ["point", "device", "table", "address", "head", "family", "zone", "접점", "active"]
SINGLE = sorted({f for f, physics in PHYSICS.items() if physics is Physics.WIRED} - ANTIVALENT - ON_AT_REST)


def contact(family: str, said: str = "", active: str = "", *, module: str = "di-1", head: str = "it") -> list[str]:
    return [f"{head}-{said}", module, "discrete", "20", head, family, "hall", said, active]


def found(*lines: list[str]) -> list[str]:
    read, problems = read_lines([HEAD, *lines])
    problems += build(read)[2]
    assert all(problem.remedy for problem in problems)
    return [problem.path for problem in problems]


@pytest.mark.parametrize("family", [*SINGLE, *sorted(ANTIVALENT)])
def test_a_wired_contact_says_which_way_round_it_is(family: Family) -> None:
    assert found(contact(family)) == ["line 2, column contact"]


@pytest.mark.parametrize("family", sorted(ON_AT_REST))
def test_of_what_is_on_at_rest_the_level_itself_is_asked(family: Family) -> None:
    assert found(contact(family, "NC")) == ["line 2, column active"]
    assert found(contact(family, "", "1")) == []


@pytest.mark.parametrize(
    ("said", "active", "level"),
    [
        ("NO", "", 1),
        ("n.c.", "", 0),
        ("b 접점", "", 0),
        ("Normally Open", "", 1),
        ("", "0", 0),
        ("", "open", 0),
        ("NC", "0", 0),
    ],
)
def test_the_level_of_a_contact_is_kept(said: str, active: str, level: int) -> None:
    lines, problems = read_lines([HEAD, contact("abort", said, active)])
    _, heads, more = build(lines)
    assert (problems, more) == ([], [])
    assert heads["it"].active == level


def test_what_is_said_twice_and_differently_is_a_problem() -> None:
    assert found(contact("abort", "NC", "1")) == ["line 2, column active"]


@pytest.mark.parametrize("column", WORDS)
def test_a_word_that_nobody_knows_is_a_problem(column: str) -> None:
    line = contact("abort", *(("yes", "") if column == "contact" else ("", "yes")))
    assert found(line) == [f"line 2, column {column}"]


@pytest.mark.parametrize("closed_first", [True, False])
def test_a_call_point_is_at_rest_whichever_contact_stands_first(closed_first: bool) -> None:
    pair = [contact("call-point", "NC", module="di-2"), contact("call-point", "NO", module="di-1")]
    lines, problems = read_lines([HEAD, *(pair if closed_first else pair[::-1])])
    _, heads, more = build(lines)
    assert (problems, more) == ([], [])
    points = heads["it"].points
    assert points == ("di-1-call-point", "di-2-call-point")
    at_rest = tuple(1 if point.startswith("di-2") else 0 for point in points)
    assert wired_state(Family.CALL_POINT, heads["it"].active, at_rest) == Tri.NO


def test_a_pair_has_one_contact_of_each_kind() -> None:
    both = contact("call-point", "NO", module="di-1"), contact("call-point", "NO", module="di-2")
    assert found(*both) == ["line 3, column contact"]
    assert found(contact("call-point", "NC")) == ["line 2, column head"]


def test_two_lines_of_one_contact_say_the_same() -> None:
    assert found(contact("abort", "NO"), contact("abort", "NC", module="di-2")) == ["line 3, column contact"]
